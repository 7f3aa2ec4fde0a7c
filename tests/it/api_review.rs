//! The reviewer's work over the API: queue, lease, decisions, corrections, takeover.

use crate::app::{
    Client, OPENING_HOURS, OWNER_PASSWORD, TestApp, UNANSWERABLE, UNDO_MS, VisitorClient, eventually, redacted,
};
use serde_json::{Value, json};

/// A colleague of the owner.
async fn colleague(app: &TestApp) -> Client {
    let email = "otto@quillhaven.example";
    let new = json!({ "email": email, "name": "Otto", "password": OWNER_PASSWORD, "role": "reviewer" });
    app.owner().post("/api/v1/admin/members", &new).await.created();
    let wish = json!({ "name": "Otto's", "email": email, "scopes": ["read", "review"] });
    let token = app.owner().post("/api/v1/admin/tokens", &wish).await.created();
    app.anonymous().bearer(token["token"].as_str().unwrap())
}

async fn asked(app: &TestApp, question: &str) -> (VisitorClient, Value) {
    let visitor = app.visitor().await;
    visitor.says(question).await;
    let item = app.item_of(&visitor).await;
    (visitor, item)
}

fn path(item: &Value) -> String {
    format!("/api/v1/queue/{}", item["id"].as_str().unwrap())
}

#[tokio::test]
async fn the_queue_shows_what_waits_and_on_what_it_rests() {
    let app = TestApp::start().await;
    insta::assert_json_snapshot!("empty_queue", app.owner().get("/api/v1/queue").await.ok());
    let (_visitor, item) = asked(&app, OPENING_HOURS).await;
    insta::assert_json_snapshot!("queue", redacted(&app.owner().get("/api/v1/queue").await.ok()));
    insta::assert_json_snapshot!("item", redacted(&item));
}

#[tokio::test]
async fn the_queue_is_read_page_by_page_the_longest_waiting_first() {
    let app = TestApp::start().await;
    let mut asked_in_order = Vec::new();
    for _ in 0..5 {
        let (visitor, _item) = asked(&app, OPENING_HOURS).await;
        asked_in_order.push(visitor.conversation_id);
    }
    let mut seen = Vec::new();
    let mut next = String::new();
    loop {
        let page = app.owner().get(&format!("/api/v1/queue?limit=2{next}")).await.ok();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(
            items
                .iter()
                .map(|item| item["conversation_id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&after={cursor}");
    }
    assert_eq!(seen, asked_in_order);
    app.owner().get("/api/v1/queue?after=nonsense").await.refused(422);
    app.owner().get("/api/v1/queue?limit=many").await.refused(400);
}

#[tokio::test]
async fn one_colleague_at_a_time_looks_at_an_item() {
    let app = TestApp::start().await;
    let otto = colleague(&app).await;
    let (_visitor, item) = asked(&app, OPENING_HOURS).await;
    let lease = format!("{}/lease", path(&item));
    let until = otto.post(&lease, &json!({})).await.ok()["lease_until"]
        .as_i64()
        .unwrap();
    assert!(until > item["waiting_since"].as_i64().unwrap());
    insta::assert_json_snapshot!(
        "leased_by_a_colleague",
        redacted(&app.owner().post(&lease, &json!({})).await.refused(409))
    );
    app.decide(&item, json!({ "kind": "approve" })).await.refused(409);
    assert_eq!(app.owner().get(&path(&item)).await.ok()["lease"]["yours"], false);

    otto.delete(&lease).await.done();
    app.owner().post(&lease, &json!({})).await.ok();
    // A lease ends by itself.
    app.advance_ms(3 * 60_000);
    otto.post(&lease, &json!({})).await.ok();
}

#[tokio::test]
async fn a_second_decision_is_told_who_decided_what_and_when() {
    let app = TestApp::start().await;
    let otto = colleague(&app).await;
    let (_visitor, item) = asked(&app, OPENING_HOURS).await;
    app.decide(&item, json!({ "kind": "approve" })).await.ok();
    let outcome = format!("{}/outcome", path(&item));
    let again = json!({ "kind": "reject", "revision": 1 });
    insta::assert_json_snapshot!(
        "already_decided",
        redacted(&otto.post(&outcome, &again).await.refused(409))
    );
    app.advance_ms(UNDO_MS);
    eventually("the decision to be final", async || {
        (app.owner().get(&path(&item)).await.ok()["state"] == "closed").then_some(())
    })
    .await;
    otto.post(&outcome, &again).await.refused(409);
}

#[tokio::test]
async fn two_decisions_at_once_leave_one() {
    let app = TestApp::start().await;
    let otto = colleague(&app).await;
    let (visitor, item) = asked(&app, OPENING_HOURS).await;
    let outcome = format!("{}/outcome", path(&item));
    let (approve, reject) = (
        json!({ "kind": "approve", "revision": 1 }),
        json!({ "kind": "reject", "revision": 1 }),
    );
    let owner = app.owner();
    let (first, second) = tokio::join!(owner.post(&outcome, &approve), otto.post(&outcome, &reject));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    app.advance_ms(UNDO_MS);
    visitor.answer_above(1).await;
    let whole = app
        .owner()
        .get(&format!("/api/v1/conversations/{}", visitor.conversation_id))
        .await
        .ok();
    assert_eq!(whole["items"][0]["outcomes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_decision_can_be_undone_until_it_is_final() {
    let app = TestApp::start().await;
    let (visitor, item) = asked(&app, OPENING_HOURS).await;
    let undo = format!("{}/undo", path(&item));
    app.owner().post(&undo, &json!({})).await.refused(409);
    app.decide(&item, json!({ "kind": "approve" })).await.ok();
    app.owner().post(&undo, &json!({})).await.ok();
    app.advance_ms(UNDO_MS);
    assert_eq!(
        visitor.conversation().await["seq"],
        1,
        "what was undone does not go out"
    );

    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    visitor.answer_above(1).await;
    app.owner().post(&undo, &json!({})).await.refused(409);
}

#[tokio::test]
async fn a_decision_has_to_be_one() {
    let app = TestApp::start().await;
    let (_visitor, item) = asked(&app, OPENING_HOURS).await;
    for wish in [
        json!({ "kind": "expire" }),
        json!({ "kind": "supersede" }),
        json!({ "kind": "nonsense" }),
        json!({}),
        json!({ "kind": "edit" }),
        json!({ "kind": "edit", "text": " \u{0} " }),
        json!({ "kind": "respond" }),
        json!({ "kind": "respond", "text": "x".repeat(8_001) }),
        json!({ "kind": "approve", "reasons": ["because"] }),
        json!({ "kind": "approve", "shout": true }),
    ] {
        app.decide(&item, wish).await.refused(422);
    }
    let outcome = format!("{}/outcome", path(&item));
    app.owner()
        .post(&outcome, &json!({ "kind": "approve", "revision": 0 }))
        .await
        .refused(409);
    app.owner()
        .post(&outcome, &json!({ "kind": "approve", "revision": 99 }))
        .await
        .refused(409);
    assert_eq!(app.owner().get(&path(&item)).await.ok()["state"], "open");
}

#[tokio::test]
async fn a_correction_is_the_next_answer_without_the_llm() {
    let app = TestApp::start().await;
    let (visitor, item) = asked(&app, OPENING_HOURS).await;
    let text = "We are open Tuesday to Saturday, from nine.";
    let edit = json!({ "kind": "edit", "text": text, "reasons": ["tone"], "note": "shorter" });
    app.decide_for_good(&item, edit).await;
    let answer = visitor.answer_above(1).await;
    assert_eq!(
        (&answer["author"], &answer["text"]),
        (&Value::from("ai"), &Value::from(text))
    );

    let verified = app.owner().get("/api/v1/verified-answers").await.ok();
    assert_eq!(verified["items"][0]["answer"], text);
    insta::assert_json_snapshot!("verified_answers", redacted(&verified));

    let chats = app.engine.chats();
    let (_visitor, item) = asked(
        &app,
        "Is the shop open from Tuesday to Friday, and on Saturday from when?",
    )
    .await;
    assert_eq!(item["draft"]["mode"], "verified");
    assert_eq!(item["draft"]["text"], text);
    assert_eq!(app.engine.chats(), chats);
}

#[tokio::test]
async fn what_nothing_answers_waits_for_a_person_whose_answer_is_kept() {
    let app = TestApp::start().await;
    let (visitor, item) = asked(&app, UNANSWERABLE).await;
    assert_eq!(
        (&item["kind"], &item["may_release"]),
        (&Value::from("handoff"), &Value::from(false))
    );
    app.decide(&item, json!({ "kind": "approve" })).await.refused(409);
    app.decide_for_good(&item, json!({ "kind": "respond", "text": "Frobnicate twice." }))
        .await;
    let answer = eventually("the person's answer", async || {
        let conversation = visitor.conversation().await;
        conversation["messages"]
            .as_array()?
            .iter()
            .find(|message| message["author"] == "person")
            .cloned()
    })
    .await;
    assert_eq!(
        (&answer["name"], &answer["text"]),
        (&Value::from("Mia"), &Value::from("Frobnicate twice."))
    );
    let (_visitor, item) = asked(&app, UNANSWERABLE).await;
    assert_eq!(item["draft"]["text"], "Frobnicate twice.");
}

#[tokio::test]
async fn a_person_takes_over_writes_and_hands_back() {
    let app = TestApp::start().await;
    let otto = colleague(&app).await;
    let (visitor, item) = asked(&app, OPENING_HOURS).await;
    let conversation = format!("/api/v1/conversations/{}", visitor.conversation_id);
    let write = |id: &str, text: &str| json!({ "client_id": id, "text": text });
    let messages = format!("{conversation}/messages");
    app.owner()
        .post(&messages, &write("p0", "too early"))
        .await
        .refused(409);
    app.owner()
        .post(&format!("{conversation}/hand-back"), &json!({}))
        .await
        .refused(409);

    app.owner()
        .post(&format!("{conversation}/take-over"), &json!({}))
        .await
        .ok();
    otto.post(&format!("{conversation}/take-over"), &json!({}))
        .await
        .refused(409);
    app.decide(&item, json!({ "kind": "approve" })).await.refused(409);
    let status = visitor.conversation().await["status"].clone();
    assert_eq!(
        (&status["owner"], &status["colleague"]),
        (&Value::from("person"), &Value::from("Mia"))
    );

    let first = app
        .owner()
        .post(&messages, &write("p1", "Hello, Mia here."))
        .await
        .created();
    let again = app
        .owner()
        .post(&messages, &write("p1", "Hello, Mia here."))
        .await
        .created();
    assert_eq!(first, again, "sent twice, written once");
    assert_eq!(visitor.conversation().await["seq"], 2);
    otto.post(&messages, &write("p2", "Otto too")).await.refused(409);

    app.owner()
        .post(&format!("{conversation}/hand-back"), &json!({}))
        .await
        .ok();
    assert_eq!(visitor.conversation().await["status"]["owner"], "ai");
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    assert_eq!(
        visitor.answer_above(3).await["author"],
        "ai",
        "the AI is not mute after a hand-back"
    );
}

#[tokio::test]
async fn nobody_deciding_never_approves() {
    let app = TestApp::start().await;
    let (visitor, item) = asked(&app, OPENING_HOURS).await;
    app.advance_ms(16 * 60_000);
    let answer = visitor.answer_above(1).await;
    assert_eq!(answer["author"], "system");
    let closed = app.owner().get(&path(&item)).await.ok();
    assert_eq!(
        (&closed["state"], &closed["outcome"]["kind"]),
        (&Value::from("closed"), &Value::from("expire"))
    );
    let handoff = app.item_where(|item| item["kind"] == "handoff").await;
    assert_eq!(handoff["conversation_id"], item["conversation_id"]);
}

#[tokio::test]
async fn conversations_are_read_page_by_page_the_latest_change_first() {
    let app = TestApp::start().await;
    let mut expected = Vec::new();
    for n in 0..5 {
        let visitor = app.visitor().await;
        visitor.says(&format!("message {n}")).await;
        app.advance_ms(10);
        expected.insert(0, visitor.conversation_id);
    }
    let mut seen: Vec<String> = Vec::new();
    let mut next = String::new();
    loop {
        let page = app
            .owner()
            .get(&format!("/api/v1/conversations?limit=2{next}"))
            .await
            .ok();
        if seen.is_empty() {
            insta::assert_json_snapshot!("conversations", redacted(&page["items"][0]));
        }
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&after={cursor}");
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_log_proves_itself() {
    let app = TestApp::start().await;
    asked(&app, OPENING_HOURS).await;
    let proof = app.owner().get("/api/v1/log/verify").await.ok();
    assert_eq!(proof["ok"], true);
    let mut seen = 0;
    loop {
        let page = app.owner().get(&format!("/api/v1/log?limit=3&after={seen}")).await.ok();
        for entry in page["items"].as_array().unwrap() {
            seen += 1;
            assert_eq!(entry["seq"], seen, "without a gap");
        }
        if page["next"].is_null() {
            break;
        }
    }
    assert_eq!(proof["entries"], seen);
}
