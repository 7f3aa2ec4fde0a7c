//! What a visitor can do: the widget's endpoints.

use crate::app::{OPENING_HOURS, QUIET_MS, TestApp, UNDO_MS, VisitorClient, eventually, redacted};
use serde_json::{Value, json};

async fn phase(visitor: &VisitorClient) -> Value {
    visitor.conversation().await["status"]["phase"].clone()
}

#[tokio::test]
async fn a_page_learns_only_what_it_needs_to_show_the_chat() {
    let app = TestApp::start().await;
    let settings = app
        .anonymous()
        .get(&format!("/widget/v1/agents/{}", app.workspace.agent_key))
        .await
        .ok();
    insta::assert_json_snapshot!(settings);
}

#[tokio::test]
async fn a_question_is_drafted_checked_released_and_delivered() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let message = visitor.says(OPENING_HOURS).await;
    insta::assert_json_snapshot!("message", redacted(&message));
    assert_eq!(phase(&visitor).await, "listening");

    let item = app.item_of(&visitor).await;
    assert_eq!(phase(&visitor).await, "checking");
    let before = visitor.conversation().await;
    assert_eq!(
        before["messages"].as_array().unwrap().len(),
        1,
        "a draft is never visible as such"
    );

    let decided = app.decide(&item, json!({ "kind": "approve" })).await.ok();
    insta::assert_json_snapshot!("decided", redacted(&decided));
    assert_eq!(
        visitor.conversation().await["seq"],
        1,
        "inside the undo window nothing goes out"
    );
    app.advance_ms(UNDO_MS);

    let answer = visitor.answer_above(1).await;
    assert_eq!(answer["author"], "ai");
    assert_eq!(answer["text"], item["draft"]["text"]);
    visitor
        .client
        .post("/widget/v1/acknowledge", &json!({ "seq": 2 }))
        .await
        .done();
    insta::assert_json_snapshot!("conversation", redacted(&visitor.conversation().await));

    let path = format!("/api/v1/conversations/{}", visitor.conversation_id);
    let mut whole = app.owner().get(&path).await.ok();
    assert_eq!(whole["delivered_seq"], 2);
    // A lot keeps the scores of a quarter of all drafts back.
    let confidence = whole["drafts"][0]["decision"]["confidence"].take();
    assert!(confidence.is_null() || confidence.is_f64(), "{confidence}");
    insta::assert_json_snapshot!("whole_conversation", redacted(&whole));
}

#[tokio::test]
async fn the_same_message_sent_twice_is_one_message_with_one_answer() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let (first, second) = tokio::join!(visitor.post("c1", "Hello"), visitor.post("c1", "Hello"));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    assert_eq!(first.json(), second.json());
    let later = visitor.post("c1", "something else").await;
    assert_eq!(later.ok(), first.json());
    assert_eq!(visitor.conversation().await["seq"], 1);
}

#[tokio::test]
async fn messages_get_gapless_sequences_in_committed_order() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let all = (0..20).map(|n| {
        let visitor = &visitor;
        async move { visitor.post(&format!("c{n}"), &format!("message {n}")).await.created() }
    });
    futures::future::join_all(all).await;
    let conversation = visitor.conversation().await;
    let seqs: Vec<_> = conversation["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(seqs, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn two_conversations_do_not_see_each_other() {
    let app = TestApp::start().await;
    let (one, other) = (app.visitor().await, app.visitor().await);
    one.says("for one only").await;
    assert_eq!(other.conversation().await["messages"], json!([]));
    // The client-made id is the visitor's own: the same one elsewhere is another message.
    assert_eq!(one.post("same", "a").await.created()["seq"], 2);
    assert_eq!(other.post("same", "b").await.created()["seq"], 1);
}

#[tokio::test]
async fn without_an_engine_a_person_is_asked_and_nothing_is_lost() {
    let app = TestApp::builder().without_engine().start().await;
    let visitor = app.visitor().await;
    visitor.says("Xyzzy plugh?").await;
    let item = app.item_of(&visitor).await;
    app.decide_for_good(&item, json!({ "kind": "respond", "text": "Hello, this is Mia." }))
        .await;
    let answer = eventually("the person's answer", async || {
        let conversation = visitor.conversation().await;
        conversation["messages"]
            .as_array()
            .unwrap()
            .iter()
            .find(|m| m["author"] == "person")
            .cloned()
    })
    .await;
    assert_eq!(answer["name"], "Mia");
    assert_eq!(answer["text"], "Hello, this is Mia.");
}

#[tokio::test]
async fn a_new_message_while_the_draft_is_held_raises_the_revision() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    visitor.says("And on Sundays?").await;
    let refused = app.decide(&item, json!({ "kind": "approve" })).await.refused(409);
    assert_eq!(refused["revision"], 2);
    assert_eq!(refused["new_messages"], json!(["And on Sundays?"]));
    insta::assert_json_snapshot!(redacted(&refused));

    app.advance_ms(QUIET_MS);
    let path = format!("/api/v1/queue/{}", item["id"].as_str().unwrap());
    let newer = eventually("the draft for the new revision", async || {
        let item = app.owner().get(&path).await.ok();
        (item["may_release"] == true && item["draft"]["revision"] == 2).then_some(item)
    })
    .await;
    assert_eq!(newer["id"], item["id"], "it joins the same item");
    app.decide(&newer, json!({ "kind": "approve" })).await.ok();
}
