//! Knowledge over the API: importing, reading, finding, measuring; and creating things only once.

use crate::app::{Client, TestApp, eventually, redacted};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

async fn import(owner: &Client, query: &str, file: &'static str) -> crate::app::Answer {
    let path = format!("/api/v1/knowledge/import?{query}");
    owner
        .send(Method::POST, &path, Bytes::from_static(file.as_bytes()))
        .await
}

#[tokio::test]
async fn a_file_is_imported_and_again_only_where_it_changed() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let first = "question,answer\nIs there tea?,Always.\nIs there coffee?,Until noon.\n,no question\n";
    let report = import(&owner, "name=drinks.csv&collection=drinks", first).await.ok();
    insta::assert_json_snapshot!("import", report);
    let second = "question,answer\nIs there tea?,Always.\nIs there coffee?,Until four.\n";
    let report = import(&owner, "name=drinks.csv&collection=drinks", second).await.ok();
    assert_eq!(
        (&report["added"], &report["changed"], &report["unchanged"]),
        (&json!(0), &json!(1), &json!(1))
    );

    let documents = owner.get("/api/v1/knowledge/documents?limit=200").await.ok();
    let coffee = documents["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["title"] == "Is there coffee?")
        .unwrap();
    let path = format!("/api/v1/knowledge/documents/{}", coffee["id"].as_str().unwrap());
    insta::assert_json_snapshot!("document", redacted(&owner.get(&path).await.ok()));
    owner.delete(&path).await.done();
    owner.get(&path).await.refused(404);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_changes_nothing() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let before = owner.get("/api/v1/knowledge/documents?limit=200").await.ok();
    import(&owner, "name=faq.json", "{ not json").await.refused(422);
    import(&owner, "name=faq.json", "").await.refused(422);
    import(&owner, "name=picture.png", "\u{0}\u{1}").await.refused(422);
    import(&owner, "name=notes.txt&format=nonsense", "hello")
        .await
        .refused(422);
    import(&owner, "collection=x", "hello").await.refused(400);
    let binary = Bytes::from_static(b"\xff\xfe\x00\xd8");
    owner
        .send(Method::POST, "/api/v1/knowledge/import?name=a.md", binary)
        .await
        .refused(422);
    let large = Bytes::from(vec![b'x'; (20 << 20) + 1]);
    owner
        .send(Method::POST, "/api/v1/knowledge/import?name=a.md", large)
        .await
        .refused(413);
    assert_eq!(owner.get("/api/v1/knowledge/documents?limit=200").await.ok(), before);
}

#[tokio::test]
async fn a_search_ranks_passages_with_and_without_an_engine() {
    for app in [
        TestApp::builder().start().await,
        TestApp::builder().without_engine().start().await,
    ] {
        let found = app
            .owner()
            .get("/api/v1/knowledge/search?q=repair%20a%20puncture%20new%20inner%20tube")
            .await
            .ok();
        let items = found["items"].as_array().unwrap();
        assert!(
            items
                .iter()
                .take(3)
                .any(|passage| passage["text"].as_str().unwrap().contains("puncture")),
            "{found}"
        );
        assert!(app.owner().get("/api/v1/knowledge/search").await.ok()["items"].is_array());
    }
}

/// Titles of what is found for a question, nearest first.
async fn found(app: &TestApp, question: &str) -> Vec<String> {
    let path = format!("/api/v1/knowledge/search?q={}", question.replace(' ', "%20"));
    let found = app.owner().get(&path).await.ok();
    let items = found["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["title"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_is_added_changed_and_removed_between_two_questions_is_found_as_it_stands_then() {
    let app = TestApp::start().await;
    let import = async |rows: Value| {
        let path = "/api/v1/knowledge/import?name=lamps.json&collection=lamps";
        let file = Bytes::from(rows.to_string());
        app.owner().send(Method::POST, path, file).await.ok()
    };
    let (lamp, oil, wick) = (
        json!({ "id": "1", "question": "Do you sell storm lanterns?", "answer": "Storm lanterns of brass." }),
        json!({ "id": "2", "question": "Which lantern oil do you have?", "answer": "Lantern oil in cans." }),
        json!({ "id": "3", "question": "Do you have lantern wicks?", "answer": "Lantern wicks by the yard." }),
    );
    let first_is = async |question: &str, title: Option<&str>| {
        eventually(question, async || {
            let first = found(&app, question).await.into_iter().next();
            (first.as_deref() == title || (title.is_none() && first.is_none_or(|first| first != question)))
                .then_some(())
        })
        .await;
    };
    import(json!([lamp, oil])).await;
    first_is("Do you sell storm lanterns?", Some("Do you sell storm lanterns?")).await;
    import(json!([lamp, oil, wick])).await;
    first_is("Do you have lantern wicks?", Some("Do you have lantern wicks?")).await;
    let mut other = lamp.clone();
    other["question"] = json!("Are there paper lampions?");
    import(json!([other, oil, wick])).await;
    first_is("Are there paper lampions?", Some("Are there paper lampions?")).await;
    first_is("Do you sell storm lanterns?", None).await;
    // The first and the last of what was read go; what lay between them stays where it is found.
    import(json!([oil])).await;
    first_is("Which lantern oil do you have?", Some("Which lantern oil do you have?")).await;
    for gone in ["Are there paper lampions?", "Do you have lantern wicks?"] {
        first_is(gone, None).await;
    }
    import(json!([wick, oil])).await;
    first_is("Do you have lantern wicks?", Some("Do you have lantern wicks?")).await;
}

#[tokio::test]
async fn what_was_verified_answers_its_very_question_also_while_the_engine_is_away() {
    let app = TestApp::builder().without_engine().start().await;
    let wish = json!({ "question": "Is Bodo in on Tuesdays?", "answer": "He is, from ten." });
    app.owner().post("/api/v1/verified-answers", &wish).await.created();
    let visitor = app.visitor().await;
    visitor.says("is bodo in on tuesdays").await;
    let item = app.item_of(&visitor).await;
    assert_eq!(
        (&item["draft"]["mode"], &item["draft"]["text"]),
        (&json!("verified"), &json!("He is, from ten.")),
        "{item}"
    );
}

#[tokio::test]
async fn retrieval_is_measured_on_questions_with_known_answers() {
    let app = TestApp::start().await;
    let document =
        |id: &str, title: &str, body: &str| json!({ "collection": "c", "id": id, "title": title, "body": body });
    let question = |question: &str, right: &str| json!({ "collection": "c", "question": question, "context": [], "right": [right] });
    let set = json!({
        "documents": [document("1", "Is there tea?", "Always tea."), document("2", "Is there coffee?", "Coffee until noon."),
                      document("3", "Where is the quay?", "Behind the mill.")],
        "questions": [question("tea?", "1"), question("coffee until when?", "2")],
    });
    let report = app
        .owner()
        .json(Method::POST, "/api/v1/knowledge/evaluate", set.to_string())
        .await
        .ok();
    assert_eq!(report["n"], 2);
    for figure in [
        "right_first",
        "right_first_baseline",
        "diff_lower95",
        "mrr",
        "abstain_auroc",
        "latency_ms_p95",
    ] {
        assert!(report[figure].is_number(), "{figure}");
    }
    app.owner()
        .json(Method::POST, "/api/v1/knowledge/evaluate", "{}")
        .await
        .refused(422);
}

#[tokio::test]
async fn a_verified_answer_is_written_down_and_retired() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let new = json!({ "question": "Is there tea?", "answer": "Always." });
    let id = owner.post("/api/v1/verified-answers", &new).await.created()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        owner.get("/api/v1/verified-answers").await.ok()["items"][0]["answer"],
        "Always."
    );
    owner.delete(&format!("/api/v1/verified-answers/{id}")).await.done();
    assert_eq!(owner.get("/api/v1/verified-answers").await.ok()["items"], json!([]));
    owner
        .post("/api/v1/verified-answers", &json!({ "question": "", "answer": "x" }))
        .await
        .refused(422);
}

#[tokio::test]
async fn a_repeated_idempotency_key_creates_nothing_more() {
    let app = TestApp::start().await;
    let keyed = app.owner().with("Idempotency-Key", "k-1");
    let new = json!({ "question": "Is there tea?", "answer": "Always." });
    let path = "/api/v1/verified-answers";
    let (first, second) = tokio::join!(keyed.post(path, &new), keyed.post(path, &new));
    assert_eq!(first.created(), second.created());
    assert_eq!(app.owner().get(path).await.ok()["items"].as_array().unwrap().len(), 1);

    let other_key = app.owner().with("Idempotency-Key", "k-2");
    let another = other_key.post(path, &new).await.created();
    let listed = app.owner().get(path).await.ok()["items"].clone();
    // Another wish: the newer answer to the very question takes the place of the older one.
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["id"]),
        (1, &another["id"])
    );

    // A refusal is not remembered, and nobody gets somebody else's answer.
    app.anonymous()
        .with("Idempotency-Key", "k-1")
        .post(path, &new)
        .await
        .refused(401);
    let other = app.other_workspace().await;
    app.member_of(&other)
        .with("Idempotency-Key", "k-1")
        .post(path, &new)
        .await
        .created();
    assert_eq!(
        app.member_of(&other).get(path).await.ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    app.owner()
        .with("Idempotency-Key", &"k".repeat(256))
        .post(path, &new)
        .await
        .refused(400);
}

#[tokio::test]
async fn a_file_imported_twice_at_once_is_there_once() {
    let app = TestApp::start().await;
    let rows: Vec<_> = (0..50)
        .map(|n| json!({ "question": format!("What is {n}?"), "answer": "A number." }))
        .collect();
    let (owner, file) = (app.owner(), json!(rows));
    let path = "/api/v1/knowledge/import?name=numbers.json&format=faq-json";
    let (first, second) = tokio::join!(owner.post(path, &file), owner.post(path, &file));
    let (first, second) = (first.ok(), second.ok());
    let both = |field: &str| first[field].as_u64().unwrap() + second[field].as_u64().unwrap();
    assert_eq!((both("added"), both("unchanged")), (50, 50));
}

#[tokio::test]
async fn an_answer_too_large_to_remember_still_goes_out() {
    let app = TestApp::start().await;
    let rows: Vec<_> = (0..8_000).map(|_| json!({ "question": "", "answer": "" })).collect();
    let path = "/api/v1/knowledge/import?name=empty.json&format=faq-json";
    let keyed = app.owner().with("Idempotency-Key", "k-1");
    let report = keyed.post(path, &json!(rows)).await.ok();
    assert_eq!(report["skipped"].as_array().unwrap().len(), 8_000);
}

#[tokio::test]
async fn an_agents_next_version_is_in_force_at_once() {
    let app = TestApp::start().await;
    let owner = app.owner();
    insta::assert_json_snapshot!("agents", redacted(&owner.get("/api/v1/agents").await.ok()));
    let path = format!("/api/v1/agents/{}", app.workspace.agent_id);
    let next = json!({
        "name": "Juno",
        "business": "Quillhaven",
        "origins": ["https://Shop.example/"],
        "chat_models": ["big@office", "@office"],
        "adapter": "tone",
    });
    let agent = owner.json(Method::PUT, &path, next.to_string()).await.ok();
    assert_eq!(
        (&agent["version"], &agent["settings"]["origins"]),
        (&json!(2), &json!(["https://shop.example"]))
    );
    let read = &owner.get("/api/v1/agents").await.ok()["items"][0]["settings"];
    assert_eq!(
        (&read["chat_models"], &read["adapter"]),
        (&json!(["big@office", "@office"]), &json!("tone"))
    );
    let public = app
        .anonymous()
        .get(&format!("/widget/v1/agents/{}", app.workspace.agent_key))
        .await
        .ok();
    assert_eq!(public["business"], "Quillhaven");
    for bad in [
        json!({ "name": "J", "origins": ["*"] }),
        json!({ "name": "" }),
        json!({ "name": "J", "colour": "red" }),
        json!({ "name": "J", "chat_models": ["big", "big"] }),
        json!({ "name": "J", "chat_models": ["big@"] }),
        json!({ "name": "J", "adapter": "" }),
        json!({ "name": "J", "adapter": "nobody-has-it" }),
    ] {
        owner.json(Method::PUT, &path, bad.to_string()).await.refused(422);
    }
}
