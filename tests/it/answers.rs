//! Verified answers: other wordings, what they rest on, what newer knowledge says against them, and a second person.

use super::app::{Client, OPENING_HOURS, OWNER_PASSWORD, TestApp, UNANSWERABLE, UNDO_MS, eventually};
use super::candidates::tried;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

pub(crate) const PATH: &str = "/api/v1/verified-answers";
const DAY_MS: i64 = 24 * 60 * 60_000;
/// The job waits for more of what called for it.
const SOON_MS: i64 = 2_100;

pub(crate) async fn import(owner: &Client, rows: Value) {
    let path = "/api/v1/knowledge/import?name=lamps.json&collection=lamps";
    owner.send(Method::POST, path, Bytes::from(rows.to_string())).await.ok();
}

pub(crate) fn faq(id: &str, question: &str, answer: &str) -> Value {
    json!({ "id": id, "question": question, "answer": answer })
}

async fn add(owner: &Client, wish: Value) -> String {
    owner.post(PATH, &wish).await.created()["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn whole(owner: &Client, id: &str) -> Value {
    owner.get(&format!("{PATH}/{id}")).await.ok()
}

async fn document(owner: &Client, title: &str) -> String {
    let page = owner.get("/api/v1/knowledge/documents?limit=200").await.ok();
    let mut items = page["items"].as_array().unwrap().iter();
    let found = items.find(|item| item["title"] == title).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

/// What speaks against an answer, once something does.
pub(crate) async fn doubted(app: &TestApp, id: &str) -> Value {
    let owner = app.owner();
    eventually("something that speaks against the answer", async || {
        app.advance_ms(SOON_MS);
        let found = whole(&owner, id).await["conflicts"].clone();
        (!found.as_array().unwrap().is_empty()).then_some(found)
    })
    .await
}

async fn put(owner: &Client, path: &str, body: Value) -> super::app::Answer {
    owner.json(Method::PUT, path, body.to_string()).await
}

async fn kinds(owner: &Client) -> Vec<String> {
    let log = owner.get("/api/v1/log?limit=200").await.ok();
    let entries = log["items"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["kind"].as_str().unwrap().to_owned())
        .collect()
}

fn count(kinds: &[String], kind: &str) -> usize {
    kinds.iter().filter(|found| *found == kind).count()
}

/// What is drafted for a question.
async fn drafted(app: &TestApp, question: &str) -> (String, String) {
    let visitor = app.visitor().await;
    visitor.says(question).await;
    let item = app.item_of(&visitor).await;
    let text = |name: &str| item["draft"][name].as_str().unwrap_or_default().to_owned();
    (text("mode"), text("text"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wording_leads_to_the_answer_and_the_same_words_twice_are_refused() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let wish = json!({
        "question": UNANSWERABLE, "answer": "Only on Fridays, from ten.",
        "variants": ["Plugh or xyzzy today?", "Grue lamps?"], "owner": "Noor", "expires": "2099-01-31",
    });
    let id = add(&owner, wish).await;
    let said = ("verified".to_owned(), "Only on Fridays, from ten.".to_owned());
    for question in [UNANSWERABLE, "grue LAMPS", "Plugh or xyzzy today?"] {
        assert_eq!(drafted(&app, question).await, said, "{question}");
    }
    let shown = whole(&owner, &id).await;
    assert_eq!(
        (&shown["uses"], &shown["language"], &shown["owner"]),
        (&json!(3), &json!("en"), &json!("Noor"))
    );
    assert_eq!(shown["weeks"].as_array().unwrap().last(), Some(&json!(3)));
    assert!(shown["expires_at"].is_number());
    let found = owner.get("/api/v1/knowledge/search?q=grue%20lamps").await.ok();
    assert_eq!(
        (&found["items"][0]["title"], &found["items"][0]["verified_answer_id"]),
        (&json!(UNANSWERABLE), &json!(id)),
        "found by another wording, it is called by its question"
    );
    for (variants, words) in [
        (json!(["xyzzy PLUGH frobnicate"]), "stands there twice"),
        (json!(["One", "one!"]), "stands there twice"),
        (json!(vec!["x"; 21]), "at most 20"),
        (json!(["?!"]), "no words"),
    ] {
        let wish = json!({ "question": UNANSWERABLE, "answer": "No.", "variants": variants });
        let refused = owner.post(PATH, &wish).await.refused(422);
        assert!(refused["detail"].as_str().unwrap().contains(words), "{refused}");
    }
    let taken = json!({ "question": "Another one?", "answer": "No.", "variants": ["Grue lamps"] });
    let refused = owner.post(PATH, &taken).await.refused(422);
    assert!(
        refused["detail"].as_str().unwrap().contains("another verified answer"),
        "{refused}"
    );
    for (field, value) in [("language", "xx"), ("expires", "tomorrow"), ("expires", "2001-01-01")] {
        let mut wish = json!({ "question": "Another one?", "answer": "No." });
        wish[field] = json!(value);
        owner.post(PATH, &wish).await.refused(422);
    }

    // A newer answer to one of the wordings counts for these words; taken back, the older one does again.
    let newer = add(&owner, json!({ "question": "Grue lamps?", "answer": "Sold out." })).await;
    assert_eq!(drafted(&app, "Grue lamps?").await.1, "Sold out.");
    assert_eq!(drafted(&app, UNANSWERABLE).await.1, said.1);
    owner.delete(&format!("{PATH}/{newer}")).await.done();
    assert_eq!(drafted(&app, "Grue lamps?").await.1, said.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_answer_takes_the_place_of_the_former_one_and_is_taken_back_with_all_its_wordings() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let id = add(
        &owner,
        json!({ "question": UNANSWERABLE, "answer": "Twelve euros.", "variants": ["Grue lamps?"] }),
    )
    .await;
    assert_eq!(drafted(&app, "Grue lamps?").await.1, "Twelve euros.");
    let path = format!("{PATH}/{id}");
    // Who looks after it and its last day are noted; it stays the same answer.
    let noted = put(&owner, &path, json!({ "owner": "Noor", "expires": "2099-01-31" }))
        .await
        .ok();
    assert_eq!(noted, json!({ "id": id }));
    assert_eq!(whole(&owner, &id).await["owner"], "Noor");
    let changed = put(
        &owner,
        &path,
        json!({ "question": "Xyzzy, plugh?", "answer": "Fifteen euros." }),
    )
    .await
    .ok();
    let next = changed["id"].as_str().unwrap().to_owned();
    assert_ne!(next, id);
    assert_eq!(drafted(&app, "Grue lamps?").await.1, "Fifteen euros.");
    let (before, after) = (whole(&owner, &id).await, whole(&owner, &next).await);
    assert!(before["retired_at"].is_number());
    assert_eq!((&before["replaced_by"], &after["replaces"]), (&json!(next), &json!(id)));
    assert_eq!((&after["owner"], &after["uses"]), (&json!("Noor"), &json!(1)));
    assert_eq!(after["history"].as_array().unwrap().len(), 2, "{after}");
    put(&owner, &path, json!({ "answer": "No." })).await.refused(404);
    let candidate = after["history"][0]["candidate_id"].as_str().unwrap().to_owned();
    let back = format!("/api/v1/improve/candidates/{candidate}/roll-back");
    owner.post(&back, &json!({})).await.ok();
    assert_eq!(whole(&owner, &id).await["retired_at"], Value::Null);
    eventually("the former answer's vectors", async || {
        (drafted(&app, "Grue lamps?").await.1 == "Twelve euros.").then_some(())
    })
    .await;
    let list = owner.get(&format!("{PATH}?show=unused")).await.ok();
    assert_eq!(list["items"], json!([]));
    assert_eq!(
        owner.get(&format!("{PATH}?show=expiring")).await.ok()["items"],
        json!([])
    );
    let page = owner.get(&format!("/knowledge/answers/{id}")).await.text();
    assert!(
        page.contains("Grue lamps?") && page.contains("Twelve euros.") && page.contains("looked after by Noor"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_changes_puts_the_answer_up_until_somebody_says_that_it_is_still_right() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let question = "What does a grue lamp cost?";
    import(
        &owner,
        json!([
            faq("1", question, "A grue lamp costs 12 euros."),
            faq("2", "Wicks?", "By the yard.")
        ]),
    )
    .await;
    let source = document(&owner, question).await;
    let wish =
        json!({ "question": "Price of grue lamps?", "answer": "A grue lamp costs 12 euros.", "documents": [source] });
    let id = add(&owner, wish).await;
    app.advance_ms(SOON_MS);
    assert_eq!(whole(&owner, &id).await["conflicts"], json!([]));

    import(
        &owner,
        json!([
            faq("1", question, "A grue lamp costs 15 euros."),
            faq("2", "Wicks?", "By the yard.")
        ]),
    )
    .await;
    let found = doubted(&app, &id).await;
    assert_eq!(found[0]["kind"], "source_changed");
    assert_eq!(
        (&found[0]["before"], &found[0]["after"]),
        (
            &json!("A grue lamp costs 12 euros."),
            &json!("A grue lamp costs 15 euros.")
        )
    );
    assert_eq!(
        found[0]["differs"],
        json!([{ "this": "12 euros", "other": "15 euros" }])
    );
    assert_eq!(
        drafted(&app, "Price of grue lamps?").await.1,
        "A grue lamp costs 12 euros.",
        "it goes on answering"
    );
    let list = owner.get(&format!("{PATH}/to-look-at")).await.ok();
    assert_eq!(
        (&list["items"][0]["id"], &list["items"][0]["conflicts"]),
        (&json!(id), &found)
    );
    let page = owner.get("/knowledge/verified?show=to_look_at").await.text();
    assert!(page.contains("to look at") && page.contains("Price of grue lamps?"));
    let page = owner.get(&format!("/knowledge/answers/{id}")).await.text();
    assert!(page.contains("A grue lamp costs 15 euros.") && page.contains("Still right"));

    // Under the rule its drafts wait for a person, and say why.
    put(&owner, &format!("{PATH}/rules"), json!({ "hold_conflicts": true }))
        .await
        .ok();
    let visitor = app.visitor().await;
    visitor.says("Price of grue lamps?").await;
    let item = app.item_of(&visitor).await;
    assert!(
        item["reasons"].as_array().unwrap().contains(&json!("in_conflict")),
        "{item}"
    );

    let right = format!("{PATH}/{id}/still-right");
    owner.post(&right, &json!({ "conflicts": [] })).await.refused(409);
    let kept = owner.post(&right, &json!({ "conflicts": [found[0]["id"]] })).await.ok();
    assert_eq!(
        (&kept["conflicts"], &kept["sources"][0]["is_same"]),
        (&json!([]), &json!(true))
    );
    assert_eq!(
        (&kept["decided"][0]["decision"], &kept["decided"][0]["by"]),
        (&json!("right"), &json!("Mia"))
    );
    owner.post(&right, &json!({})).await.refused(409);
    let log = kinds(&owner).await;
    for kind in [
        "verified_answer.doubted",
        "verified_answer.confirmed",
        "verified_answer.rules_changed",
    ] {
        assert_eq!(count(&log, kind), 1, "{kind}: {log:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_goes_and_comes_back_settles_by_itself_and_a_changed_answer_ends_what_spoke_against_it() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let question = "What does a grue lamp cost?";
    let rows = |price: &str| {
        let lamp = faq("1", question, &format!("A grue lamp costs {price} euros."));
        json!([lamp, faq("2", "Wicks?", "By the yard.")])
    };
    import(&owner, rows("15")).await;
    let source = document(&owner, question).await;
    let wish =
        json!({ "question": "Price of grue lamps?", "answer": "A grue lamp costs 15 euros.", "documents": [source] });
    let id = add(&owner, wish).await;
    // Gone, and back again with the same words: it settles by itself.
    import(&owner, json!([faq("2", "Wicks?", "By the yard.")])).await;
    assert_eq!(doubted(&app, &id).await[0]["kind"], "source_gone");
    import(&owner, rows("15")).await;
    eventually("nothing against it any more", async || {
        app.advance_ms(SOON_MS);
        (whole(&owner, &id).await["conflicts"] == json!([])).then_some(())
    })
    .await;
    assert_eq!(count(&kinds(&owner).await, "verified_answer.settled"), 1);

    // Changing it ends what speaks against it.
    import(&owner, json!([faq("1", question, "A grue lamp costs 18 euros.")])).await;
    doubted(&app, &id).await;
    put(
        &owner,
        &format!("{PATH}/{id}"),
        json!({ "answer": "A grue lamp costs 18 euros." }),
    )
    .await
    .ok();
    let former = whole(&owner, &id).await;
    assert_eq!(
        (&former["conflicts"], &former["decided"][1]["decision"]),
        (&json!([]), &json!("changed")),
        "{former}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_knowledge_that_says_otherwise_puts_the_answer_up_once_and_what_is_older_does_not() {
    let app = TestApp::start().await;
    let owner = app.owner();
    import(
        &owner,
        json!([faq("1", "Grue lamp price in spring?", "A grue lamp costs 9 euros.")]),
    )
    .await;
    app.advance_ms(SOON_MS);
    let id = add(
        &owner,
        json!({ "question": "What does a grue lamp cost?", "answer": "A grue lamp costs 12 euros." }),
    )
    .await;
    app.advance_ms(SOON_MS);
    eventually("what it rests on", async || {
        app.advance_ms(SOON_MS);
        whole(&owner, &id).await["sources"].is_array().then_some(())
    })
    .await;
    assert_eq!(
        whole(&owner, &id).await["conflicts"],
        json!([]),
        "what was there before is no news"
    );
    let rows = |price: &str| {
        json!([
            faq("1", "Grue lamp price in spring?", "A grue lamp costs 9 euros."),
            faq(
                "2",
                "What does a grue lamp cost in autumn?",
                &format!("A grue lamp costs {price} euros.")
            ),
        ])
    };
    import(&owner, rows("15")).await;
    let found = doubted(&app, &id).await;
    assert_eq!(
        (&found[0]["kind"], &found[0]["title"]),
        (
            &json!("says_otherwise"),
            &json!("What does a grue lamp cost in autumn?")
        )
    );
    owner.post(&format!("{PATH}/{id}/still-right"), &json!({})).await.ok();
    // A newer answer to the same question contradicts it, too; the older one is put up.
    let newer = add(
        &owner,
        json!({ "question": "Cost of what a grue lamp does cost?", "answer": "A grue lamp costs 20 euros." }),
    )
    .await;
    let found = doubted(&app, &id).await;
    assert_eq!(
        (found.as_array().unwrap().len(), &found[0]["other_answer_id"]),
        (1, &json!(newer)),
        "{found}"
    );
    assert_eq!(whole(&owner, &newer).await["conflicts"], json!([]));
    let log = kinds(&owner).await;
    assert_eq!(count(&log, "verified_answer.doubted"), 2, "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_whose_last_day_is_over_is_not_answered_from_and_does_not_come_back() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let today = { owner.get("/api/v1/log?limit=1").await.ok()["items"][0]["at"].as_i64() }.unwrap();
    let day = jiff::Timestamp::from_millisecond(today + 3 * DAY_MS).unwrap();
    let day = day.strftime("%Y-%m-%d").to_string();
    let id = add(
        &owner,
        json!({ "question": UNANSWERABLE, "answer": "Until then.", "expires": day }),
    )
    .await;
    let soon = owner.get(&format!("{PATH}?show=expiring")).await.ok();
    assert_eq!(soon["items"][0]["id"], json!(id));
    assert_eq!(drafted(&app, UNANSWERABLE).await.1, "Until then.");
    app.advance_ms(5 * DAY_MS);
    eventually("the end of its last day", async || {
        whole(&owner, &id).await["retired_at"].is_number().then_some(())
    })
    .await;
    assert_ne!(drafted(&app, UNANSWERABLE).await.0, "verified");
    assert!(count(&kinds(&owner).await, "verified_answer.retired") == 1);
}

/// Another member who may publish.
pub(crate) async fn another_admin(app: &TestApp, name: &str) -> Client {
    let email = format!("{name}@quillhaven.example");
    let new = json!({ "email": email, "name": name, "password": OWNER_PASSWORD, "role": "admin" });
    app.owner().post("/api/v1/admin/members", &new).await.created();
    let scopes = ["read", "review", "knowledge", "admin"];
    let wish = json!({ "name": "a program", "email": email, "scopes": scopes });
    let token = app.owner().post("/api/v1/admin/tokens", &wish).await.created();
    app.anonymous().bearer(token["token"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_second_person_is_asked_for_nothing_goes_live_by_its_author_alone() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let rules = format!("{PATH}/rules");
    put(&owner, &rules, json!({ "second_person": true })).await.ok();
    let written = owner
        .post(PATH, &json!({ "question": UNANSWERABLE, "answer": "Yes." }))
        .await;
    assert_eq!(written.status, 202);
    let candidate = written.json()["candidate_id"].as_str().unwrap().to_owned();
    assert_eq!(owner.get(PATH).await.ok()["items"], json!([]));
    tried(&owner, &candidate).await;
    let publish = format!("/api/v1/improve/candidates/{candidate}/publish");
    let alone = owner.post(&publish, &json!({})).await.refused(409);
    assert!(
        alone["detail"].as_str().unwrap().contains("nobody who may publish"),
        "{alone}"
    );

    let noor = another_admin(&app, "Noor").await;
    let author = owner.post(&publish, &json!({})).await.refused(409);
    assert!(author["detail"].as_str().unwrap().contains("ask Noor"), "{author}");
    noor.post(&publish, &json!({})).await.ok();
    let id = owner.get(PATH).await.ok()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(drafted(&app, UNANSWERABLE).await.1, "Yes.");

    // A change of it waits as well, and stands on its page; what is only noted does not wait.
    put(&owner, &format!("{PATH}/{id}"), json!({ "owner": "Noor" }))
        .await
        .ok();
    let changed = put(&noor, &format!("{PATH}/{id}"), json!({ "answer": "No." })).await;
    assert_eq!(changed.status, 202);
    let waiting = changed.json()["candidate_id"].as_str().unwrap().to_owned();
    let page = owner.get(&format!("/knowledge/answers/{id}")).await.text();
    assert!(page.contains(&format!("/improve/{waiting}")), "{page}");
    tried(&owner, &waiting).await;
    noor.post(&format!("/api/v1/improve/candidates/{waiting}/publish"), &json!({}))
        .await
        .refused(409);
    owner
        .post(&format!("/api/v1/improve/candidates/{waiting}/publish"), &json!({}))
        .await
        .ok();

    // A correction in the queue waits, and its reviewer hears so.
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    app.advance_ms(20_000);
    let said = app
        .decide(
            &item,
            json!({ "kind": "edit", "text": "From ten.", "reasons": ["wrong"] }),
        )
        .await
        .ok();
    assert_eq!(said["waits_for_second"], true);
    app.advance_ms(UNDO_MS);
    visitor.answer_above(1).await;
    let listed = owner.get("/api/v1/improve/candidates").await.ok();
    assert_eq!(
        (&listed["items"][0]["origin"], &listed["items"][0]["author"]),
        (&json!("correction"), &json!("Mia"))
    );
    assert_ne!(listed["items"][0]["state"], "published");

    // Only an owner takes the rule off.
    put(&noor, &rules, json!({ "second_person": false })).await.refused(403);
    put(&owner, &rules, json!({ "second_person": false })).await.ok();
    let candidate = listed["items"][0]["id"].as_str().unwrap().to_owned();
    tried(&owner, &candidate).await;
    owner
        .post(&format!("/api/v1/improve/candidates/{candidate}/publish"), &json!({}))
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_rests_on_what_its_draft_rested_on_and_verdicts_on_it_are_counted() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    app.advance_ms(20_000);
    let text = "The shop is open Tuesday to Friday from 10:00 to 18:00 and on Saturday from 9:00 to 16:00.";
    app.decide_for_good(&item, json!({ "kind": "edit", "text": text, "reasons": ["wrong"] }))
        .await;
    visitor.answer_above(1).await;
    let id = eventually("the correction", async || {
        let items = owner.get(PATH).await.ok()["items"].clone();
        items[0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let shown = whole(&owner, &id).await;
    assert_eq!(shown["sources"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!(shown["sources"][0]["is_same"], true);
    assert_eq!(shown["conflicts"], json!([]));
    assert_eq!(
        shown["record"],
        json!({ "judged": 0, "good": 0, "bad": 0, "last_at": null })
    );
    let next = app.visitor().await;
    next.says(OPENING_HOURS).await;
    let item = app.item_of(&next).await;
    assert_eq!(
        (&item["draft"]["mode"], &item["draft"]["text"]),
        (&json!("verified"), &json!(text))
    );
    app.advance_ms(20_000);
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    next.answer_above(1).await;
    let shown = whole(&owner, &id).await;
    let (record, uses) = (&shown["record"], shown["uses"].as_i64());
    assert_eq!(uses, Some(1));
    // What is kept back from reviewers for a time is not told here either.
    assert!(
        record["judged"].as_i64() <= uses && record["judged"] == record["good"],
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_changes_of_the_same_answer_one_takes_its_place_and_the_other_is_refused() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let wish = |answer: &str| json!({ "question": "Do you rent out tandems?", "answer": answer });
    let first = add(&owner, wish("Yes.")).await;
    let live = async || {
        let listed = owner.get(PATH).await.ok();
        let items = listed["items"].as_array().unwrap().iter();
        items
            .filter(|item| item["question"].as_str().unwrap().contains("tandem"))
            .count()
    };
    // One that is tried first, and one that is not.
    let change = json!({ "kind": "add_answer", "id": uuid::Uuid::now_v7(), "question": "What does a tandem cost?",
        "answer": "20 euros a day.", "details": { "replaces": first } });
    let candidates = "/api/v1/improve/candidates";
    let made = owner
        .post(candidates, &json!({ "title": "Tandems", "changes": [change] }))
        .await
        .created();
    let id = made["id"].as_str().unwrap();
    tried(&owner, id).await;
    let second = put(&owner, &format!("{PATH}/{first}"), wish("Yes, at the weekend."))
        .await
        .ok();
    let refused = owner
        .post(&format!("{candidates}/{id}/publish"), &json!({}))
        .await
        .refused(409);
    assert!(refused.to_string().contains("Do you rent out tandems?"), "{refused}");
    assert_eq!(live().await, 1);

    // Both at the same moment.
    let path = format!("{PATH}/{}", second["id"].as_str().unwrap());
    let price = json!({ "question": "What does a tandem cost?", "answer": "20 euros a day." });
    let (one, other) = tokio::join!(put(&owner, &path, wish("Never.")), put(&owner, &path, price));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert!(statuses[0] == 200 && [404, 409].contains(&statuses[1]), "{statuses:?}");
    assert_eq!(live().await, 1);
}
