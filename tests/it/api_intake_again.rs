//! The same file once more: what was corrected here meanwhile, and what waits of it.

use super::app::{Answer, Client, TestApp, eventually};
use crate::candidates::tried;
use holdpoint::store::JobKind;
use http::Method;
use serde_json::{Value, json};

const CANDIDATES: &str = "/api/v1/improve/candidates";
const COUNTS: [&str; 5] = ["added", "changed", "unchanged", "removed", "kept"];

async fn import(owner: &Client, query: &str, file: String) -> Value {
    let path = format!("/api/v1/knowledge/import?name=prices.json&{query}");
    let answer: Answer = owner.send(Method::POST, &path, file.into()).await;
    answer.ok()
}

/// What was imported can be found by its meaning.
async fn embedded(app: &TestApp) {
    eventually("the vectors", async || {
        let jobs = app.app.store().next_jobs(100).await.unwrap();
        (!jobs.iter().any(|job| job.kind == JobKind::Embed)).then_some(())
    })
    .await;
}

fn counts(report: &Value) -> [i64; 5] {
    COUNTS.map(|count| report[count].as_i64().unwrap())
}

fn file(answers: [&str; 3]) -> String {
    let rows = ["What costs a saddle?", "What costs a bell?", "What costs a chain?"];
    let rows = rows
        .iter()
        .zip(answers)
        .map(|(question, answer)| json!({ "question": question, "answer": answer }));
    Value::from(rows.collect::<Vec<_>>()).to_string()
}

/// The documents of the file that are there, in its order.
async fn there(owner: &Client) -> Vec<Value> {
    let listed = owner.get("/api/v1/knowledge/documents?limit=200").await.ok();
    let mut found = listed["items"].as_array().unwrap().clone();
    found.retain(|document| document["source"] == "prices.json");
    found.sort_by_key(|document| document["title"].as_str().unwrap().to_owned());
    found
}

async fn answers(owner: &Client) -> Vec<String> {
    let found = there(owner).await.into_iter();
    found
        .map(|document| document["body"].as_str().unwrap().to_owned())
        .collect()
}

/// Somebody corrects what a document says.
async fn correct(app: &TestApp, document: &Value, text: &str) -> String {
    let owner = app.owner();
    let id = document["id"].as_str().unwrap();
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    let row = rows.document(id.parse().unwrap()).await.unwrap().unwrap();
    let change = json!({ "kind": "put_document", "id": id, "document": {
        "collection": row.collection, "external_id": row.external_id, "title": row.title, "body": text, "kind": "faq",
        "source": row.source, "anchor": row.anchor, "position": row.position,
    } });
    let made = owner
        .post(CANDIDATES, &json!({ "title": "Prices", "changes": [change] }))
        .await
        .created();
    let id = made["id"].as_str().unwrap().to_owned();
    tried(&owner, &id).await;
    owner.post(&format!("{CANDIDATES}/{id}/publish"), &json!({})).await.ok();
    id
}

async fn roll_back(owner: &Client, id: &str) {
    owner
        .post(&format!("{CANDIDATES}/{id}/roll-back"), &json!({}))
        .await
        .ok();
}

/// What went live last.
async fn newest(owner: &Client) -> String {
    let listed = owner.get(CANDIDATES).await.ok();
    let mut items = listed["items"].as_array().unwrap().iter();
    let last = items.find(|item| item["state"] == "published").unwrap();
    last["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_corrected_here_stays_until_the_file_says_something_new_of_it() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let former = file(["40 euros.", "5 euros.", "20 euros."]);
    assert_eq!(counts(&import(&owner, "", former.clone()).await), [3, 0, 0, 0, 0]);
    // A bell, a chain, a saddle.
    let documents = there(&owner).await;
    correct(&app, &documents[2], "45 euros since May.").await;
    let chain = format!("/api/v1/knowledge/documents/{}", documents[1]["id"].as_str().unwrap());
    assert_eq!(owner.delete(&chain).await.status, 204);

    // The same file changes nothing of that, and says so; so does a try.
    for query in ["dry_run=true", "", "owner=Mia"] {
        let report = import(&owner, query, former.clone()).await;
        assert_eq!(counts(&report), [0, 0, 1, 0, 2], "{query}: {report}");
        let corrections = report["corrections"].as_array().unwrap();
        let said: Vec<_> = corrections
            .iter()
            .map(|it| (&it["title"], &it["removed"], &it["kept"]))
            .collect();
        let (yes, no) = (json!(true), json!(false));
        let (saddle, chain) = (json!("What costs a saddle?"), json!("What costs a chain?"));
        assert_eq!(said, [(&saddle, &no, &yes), (&chain, &yes, &yes)]);
        let diff = corrections[0]["diff"].as_str().unwrap();
        assert!(
            diff.contains("-45 euros since May.") && diff.contains("+40 euros."),
            "{diff}"
        );
        assert!(corrections[0]["at"].as_i64().is_some());
        assert_eq!(answers(&owner).await, ["5 euros.", "45 euros since May."]);
    }
    // What is said about all of a source is said of what stays, too.
    assert!(there(&owner).await.iter().all(|document| document["owner"] == "Mia"));

    // Something new in the file takes the place of a correction, and is told.
    let newer = file(["50 euros.", "5 euros.", "20 euros."]);
    let report = import(&owner, "", newer.clone()).await;
    assert_eq!(counts(&report), [0, 1, 1, 0, 1]);
    assert_eq!(report["corrections"][0]["kept"], false, "{report}");
    assert_eq!(answers(&owner).await, ["5 euros.", "50 euros."]);

    // Whoever says so has what the file says; taken back, the corrections are such again.
    let report = import(&owner, "overwrite_corrections=true", newer.clone()).await;
    assert_eq!(counts(&report), [0, 1, 1 + 1, 0, 0], "{report}");
    assert_eq!(answers(&owner).await, ["5 euros.", "20 euros.", "50 euros."]);
    assert_eq!(counts(&import(&owner, "", newer.clone()).await), [0, 0, 3, 0, 0]);
    roll_back(&owner, &newest(&owner).await).await;
    assert_eq!(answers(&owner).await, ["5 euros.", "50 euros."]);
    assert_eq!(counts(&import(&owner, "", newer.clone()).await), [0, 0, 2, 0, 1]);
    roll_back(&owner, &newest(&owner).await).await;
    assert_eq!(answers(&owner).await, ["5 euros.", "45 euros since May."]);
    assert_eq!(counts(&import(&owner, "", former.clone()).await), [0, 0, 1, 0, 2]);

    // A correction that the file has caught up with is none any more.
    let caught_up = file(["45 euros since May.", "5 euros.", "20 euros."]);
    assert_eq!(counts(&import(&owner, "", caught_up).await), [0, 0, 2, 0, 1]);
    let report = import(&owner, "", former).await;
    assert_eq!(counts(&report), [0, 1, 1, 0, 1]);
    assert_eq!(report["corrections"].as_array().unwrap().len(), 1, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_of_a_file_gives_way_to_what_comes_of_it_later() {
    let app = TestApp::start().await;
    let owner = app.owner();
    import(&owner, "", file(["40 euros.", "5 euros.", "20 euros."])).await;
    embedded(&app).await;
    let kept = json!({ "question": "What costs a saddle?", "answer": "40 euros." });
    owner.post("/api/v1/improve/questions", &kept).await.created();
    let waits = async |query: &str, saddle: &str| {
        let report = import(&owner, query, file([saddle, "5 euros.", "20 euros."])).await;
        assert!(report["candidate"].is_string(), "{report}");
        let id = report["candidate"].as_str().unwrap().to_owned();
        tried(&owner, &id).await;
        (id, report)
    };
    let state = async |id: &str| owner.get(&format!("{CANDIDATES}/{id}")).await.ok()["candidate"]["state"].clone();
    let (first, _) = waits("", "41 euros.").await;
    // Another collection has nothing to do with it, nor has a try.
    let (elsewhere, _) = waits("collection=elsewhere", "49 euros.").await;
    let dry = import(&owner, "dry_run=true", file(["43 euros.", "5 euros.", "20 euros."])).await;
    assert_eq!(dry["changed"], 1);
    assert_eq!(state(&first).await, "waiting");
    let (second, report) = waits("", "42 euros.").await;
    assert!(
        report["remarks"]
            .to_string()
            .contains("was withdrawn: this one takes its place"),
        "{report}"
    );
    assert_eq!(
        (state(&first).await, state(&second).await),
        (json!("withdrawn"), json!("waiting"))
    );
    assert_eq!(state(&elsewhere).await, "waiting");

    // As it was before: what waits would be something that the file says no more.
    let report = import(&owner, "", file(["40 euros.", "5 euros.", "20 euros."])).await;
    assert_eq!(
        (counts(&report), report["candidate"].is_null()),
        ([0, 0, 3, 0, 0], true)
    );
    assert_eq!(state(&second).await, "withdrawn");
    assert_eq!(state(&elsewhere).await, "waiting");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_of_a_file_undoes_no_correction_that_came_later() {
    let app = TestApp::start().await;
    let owner = app.owner();
    import(&owner, "", file(["40 euros.", "5 euros.", "20 euros."])).await;
    embedded(&app).await;
    let kept = json!({ "question": "What costs a saddle?", "answer": "40 euros." });
    owner.post("/api/v1/improve/questions", &kept).await.created();
    let report = import(&owner, "", file(["41 euros.", "6 euros.", "20 euros."])).await;
    let id = report["candidate"].as_str().unwrap().to_owned();
    tried(&owner, &id).await;
    let bell = there(&owner).await.remove(0);
    app.advance_ms(1_000);
    correct(&app, &bell, "7 euros since May.").await;
    let publish = format!("{CANDIDATES}/{id}/publish");
    let refused = owner.post(&publish, &json!({})).await.refused(409);
    assert!(refused.to_string().contains("What costs a bell?"), "{refused}");
    owner
        .post(&publish, &json!({ "reason": "The price list is right." }))
        .await
        .ok();
    eventually("all of it to be live", async || {
        (answers(&owner).await == ["6 euros.", "20 euros.", "41 euros."]).then_some(())
    })
    .await;
}
