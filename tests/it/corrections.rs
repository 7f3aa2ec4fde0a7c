//! One edit, six effects: what a person ticks after an edit is tried, kept or sent, once, and by nobody else.

use super::app::{Client, OPENING_HOURS, OWNER_PASSWORD, TestApp, UNANSWERABLE, VisitorClient, eventually};
use super::smtp::SmtpServer;
use serde_json::{Value, json};

const RIGHT: &str = "From ten to six, every day but Monday.";
/// Nobody reads an answer faster.
const READ_MS: i64 = 20_000;

fn path(outcome: &str) -> String {
    format!("/api/v1/improve/corrections/{outcome}")
}

/// A visitor asks, and what is drafted goes out.
async fn told(app: &TestApp, email: Option<&str>) -> VisitorClient {
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    if let Some(email) = email {
        let left = json!({ "email": email, "consent": "For this answer." });
        visitor.client.post("/widget/v1/email", &left).await.done();
    }
    let item = app.item_of(&visitor).await;
    app.advance_ms(READ_MS);
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    visitor.answer_above(1).await;
    visitor
}

/// A visitor asks, and the draft is decided about in this way; the visitor, and the outcome once it is final.
async fn decided(app: &TestApp, question: &str, decision: Value) -> (VisitorClient, String) {
    let visitor = app.visitor().await;
    let word = json!({ "agrees": true });
    visitor.client.post("/widget/v1/training", &word).await.done();
    visitor.says(question).await;
    let item = app.item_of(&visitor).await;
    app.advance_ms(READ_MS);
    let decided = app.decide(&item, decision.clone()).await.ok();
    let outcome = decided["outcome_id"].as_str().unwrap().to_owned();
    app.advance_ms(super::app::UNDO_MS);
    eventually("the answer", async || {
        let said = visitor.conversation().await["messages"].clone();
        let mut said = said.as_array().unwrap().iter().map(|message| &message["text"]);
        said.any(|text| *text == decision["text"]).then_some(())
    })
    .await;
    (visitor, outcome)
}

fn edit() -> Value {
    json!({ "kind": "edit", "text": RIGHT, "reasons": ["wrong"], "remember": false })
}

async fn tried(owner: &Client, id: &str) -> Value {
    eventually("a candidate that was tried", async || {
        let whole = owner.get(&format!("/api/v1/improve/candidates/{id}")).await.ok();
        (whole["candidate"]["state"] == "waiting").then_some(whole)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_ticked_after_an_edit_becomes_one_candidate_and_a_question_that_must_stay_answered() {
    let app = TestApp::start().await;
    let owner = app.owner();
    told(&app, None).await;
    let (visitor, outcome) = decided(&app, OPENING_HOURS, edit()).await;
    let screen = owner.get(&path(&outcome)).await.ok();
    assert_eq!(
        (&screen["question"], &screen["text"]),
        (&json!(OPENING_HOURS), &json!(RIGHT))
    );
    assert_eq!(
        (&screen["is_remembered"], &screen["done"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(screen["causes"], json!(["wrong"]));
    assert_eq!(screen["told"].as_array().unwrap().len(), 1, "somebody else was told so");
    assert_ne!(screen["told"][0]["conversation_id"], visitor.conversation_id.as_str());
    let document = &screen["documents"][0];
    let said = document["text"].as_str().unwrap();
    assert!(said.contains("9:00"), "{screen}");

    let wish = json!({
        "causes": ["outdated", "wrong", "wrong"],
        "verified_answer": true,
        "patches": [{ "document_id": document["document_id"], "text": said.replace("9:00", "10:00") }],
        "instructions": "Never name a time that is in no source.",
        "regression_question": true,
    });
    let done = owner.post(&path(&outcome), &wish).await.created();
    assert_eq!(
        (&done["causes"], &done["by"]),
        (&json!(["wrong", "outdated"]), &json!("Mia"))
    );
    assert_eq!(done["keeps_pair"], true);
    let whole = tried(&owner, done["candidate_id"].as_str().unwrap()).await;
    assert_eq!(
        (&whole["candidate"]["origin"], &whole["candidate"]["author"]),
        (&json!("correction"), &json!("Mia"))
    );
    let kinds: Vec<&str> = { whole["changes"].as_array().unwrap().iter() }
        .map(|change| change["change"]["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["add_answer", "put_document", "set_agent"]);
    assert_eq!(whole["candidate"]["found"]["met_after"], 1, "{whole}");
    let set = owner.get("/api/v1/improve/questions").await.ok();
    assert_eq!(
        (&set["items"][0]["question"], &set["items"][0]["answer"]),
        (&json!(OPENING_HOURS), &json!(RIGHT))
    );
    // Nothing is live before somebody publishes it.
    assert_eq!(owner.get("/api/v1/verified-answers").await.ok()["items"], json!([]));

    let refused = owner.post(&path(&outcome), &wish).await.refused(409);
    assert!(refused["detail"].as_str().unwrap().contains("Mia"), "{refused}");
    assert_eq!(refused["candidate_id"], done["candidate_id"]);
    assert_eq!(owner.get(&path(&outcome)).await.ok()["done"], done);
    let log = owner.get("/api/v1/log?limit=200").await.ok();
    let entries = log["items"].as_array().unwrap().iter();
    let applied: Vec<_> = entries.filter(|entry| entry["kind"] == "correction.applied").collect();
    let [entry] = applied.as_slice() else {
        panic!("{applied:?}")
    };
    assert_eq!(entry["refs"]["candidate"], done["candidate_id"]);
    let page = owner.get("/log").await.text();
    assert!(page.contains("said what follows from an edit"), "a sentence for people");

    let publish = format!(
        "/api/v1/improve/candidates/{}/publish",
        done["candidate_id"].as_str().unwrap()
    );
    owner.post(&publish, &json!({})).await.ok();
    let agents = owner.get("/api/v1/agents").await.ok();
    assert_eq!(
        agents["items"][0]["settings"]["instructions"],
        "Never name a time that is in no source."
    );
    let next = app.visitor().await;
    next.says(OPENING_HOURS).await;
    assert_eq!(app.item_of(&next).await["draft"]["text"], RIGHT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outdated_document_goes_and_an_answer_of_ones_own_can_be_kept() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let (_, outcome) = decided(&app, OPENING_HOURS, edit()).await;
    let screen = owner.get(&path(&outcome)).await.ok();
    let id = &screen["documents"][0]["document_id"];
    let wish = json!({ "patches": [{ "document_id": id }] });
    let done = owner.post(&path(&outcome), &wish).await.created();
    let whole = tried(&owner, done["candidate_id"].as_str().unwrap()).await;
    assert_eq!(whole["changes"][0]["change"]["kind"], "remove_document");

    let respond = json!({ "kind": "respond", "text": "Two days.", "remember": false });
    let (_, outcome) = decided(&app, UNANSWERABLE, respond).await;
    let screen = owner.get(&path(&outcome)).await.ok();
    assert_eq!(
        (&screen["draft"], &screen["causes"]),
        (&Value::Null, &json!(["knowledge_missing"]))
    );
    let wish = json!({ "verified_answer": true, "question": "How long does it take?" });
    let done = owner.post(&path(&outcome), &wish).await.created();
    let whole = tried(&owner, done["candidate_id"].as_str().unwrap()).await;
    assert_eq!(whole["changes"][0]["change"]["question"], "How long does it take?");

    // A second question with the very same words takes the first one's place: they could not both be met.
    for text in ["Two days.", "Three days."] {
        let respond = json!({ "kind": "respond", "text": text, "remember": false });
        let (_, outcome) = decided(&app, UNANSWERABLE, respond).await;
        let wish = json!({ "regression_question": true });
        owner.post(&path(&outcome), &wish).await.created();
    }
    let set = owner.get("/api/v1/improve/questions").await.ok();
    assert_eq!(set["items"].as_array().unwrap().len(), 1, "{set}");
    assert_eq!(set["items"][0]["answer"], "Three days.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_is_refused_in_words_and_nothing_is_written() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let remembered = json!({ "kind": "edit", "text": RIGHT, "remember": true });
    let (_, outcome) = decided(&app, OPENING_HOURS, remembered).await;
    let screen = owner.get(&path(&outcome)).await.ok();
    assert_eq!(screen["is_remembered"], true);
    let (id, said) = (&screen["documents"][0]["document_id"], &screen["documents"][0]["text"]);
    for (wish, words) in [
        (json!({ "verified_answer": true }), "remembered"),
        (
            json!({ "patches": [{ "document_id": id, "text": "  " }] }),
            "say nothing",
        ),
        (
            json!({ "patches": [{ "document_id": id, "text": said }] }),
            "exactly that already",
        ),
        (
            json!({ "patches": [{ "document_id": outcome, "text": "x" }] }),
            "does not rest on",
        ),
        (json!({ "instructions": "x".repeat(4_001) }), "at most 4000"),
    ] {
        let refused = owner.post(&path(&outcome), &wish).await.refused(422);
        assert!(refused["detail"].as_str().unwrap().contains(words), "{refused}");
    }
    assert_eq!(owner.get(&path(&outcome)).await.ok()["done"], Value::Null);

    // How the AI works is for owners, what it knows for those who may change it, and who they are has to be known.
    let program = app.program(&["read", "knowledge"]).await;
    let wish = json!({ "instructions": "Be brief." });
    program.post(&path(&outcome), &wish).await.refused(403);
    assert_eq!(program.get(&path(&outcome)).await.ok()["instructions"], Value::Null);
    let jonas =
        json!({ "name": "Jonas", "email": "jonas@quillhaven.example", "password": OWNER_PASSWORD, "role": "reviewer" });
    owner.post("/api/v1/admin/members", &jonas).await.created();
    let reader = app.program(&["read", "review"]).await;
    reader.get(&path(&outcome)).await.refused(403);
    reader.post(&path(&outcome), &json!({})).await.refused(403);
    let stranger = app.member_of(&app.other_workspace().await);
    stranger.get(&path(&outcome)).await.refused(404);
    stranger.post(&path(&outcome), &json!({})).await.refused(404);
    let letter = json!({ "text": "x" });
    stranger
        .post(&format!("{}/follow-up", path(&outcome)), &letter)
        .await
        .refused(404);

    // An approval corrects nothing, and what can be undone is not built upon.
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    app.advance_ms(READ_MS);
    let pending = app
        .decide(&item, json!({ "kind": "edit", "text": "At ten." }))
        .await
        .ok();
    let pending = path(pending["outcome_id"].as_str().unwrap());
    owner.get(&pending).await.ok();
    let refused = owner.post(&pending, &json!({})).await.refused(409);
    assert!(refused["retry_in_ms"].as_i64().is_some(), "{refused}");
    let undo = format!("/api/v1/queue/{}/undo", item["id"].as_str().unwrap());
    owner.post(&undo, &json!({})).await.ok();
    owner.post(&pending, &json!({})).await.refused(404);
    let item = app.item_of(&visitor).await;
    let approved = app.decide(&item, json!({ "kind": "approve" })).await.ok();
    owner
        .get(&path(approved["outcome_id"].as_str().unwrap()))
        .await
        .refused(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_that_is_not_to_be_kept_leaves_in_no_training_data() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let pairs = async || {
        let wish = json!({ "format": "dpo", "after": null });
        let page = app.owner().post("/api/v1/training/export", &wish).await.ok();
        (
            page["items"].as_array().unwrap().len(),
            page["left_out"]["no_pair"].clone(),
        )
    };
    let (_, outcome) = decided(&app, OPENING_HOURS, edit()).await;
    assert_eq!(pairs().await, (1, json!(0)));
    let done = owner
        .post(
            &path(&outcome),
            &json!({ "preference_pair": false, "causes": ["tone"] }),
        )
        .await;
    assert_eq!(done.created()["candidate_id"], Value::Null);
    assert_eq!(pairs().await, (0, json!(1)));
    // What was answered is an example all the same.
    let wish = json!({ "format": "chat", "after": null });
    let page = owner.post("/api/v1/training/export", &wish).await.ok();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_were_told_the_same_and_left_an_address_are_written_to_once() {
    let app = TestApp::start().await;
    let owner = app.owner();
    told(&app, Some("vera@example.org")).await;
    told(&app, None).await;
    let spam = told(&app, Some("spam@example.org")).await;
    let mark = format!("/api/v1/conversations/{}/spam", spam.conversation_id);
    owner.post(&mark, &json!({})).await.ok();
    let (_, outcome) = decided(&app, OPENING_HOURS, edit()).await;
    let follow_up = format!("{}/follow-up", path(&outcome));
    let letter = json!({ "text": "We open at ten, not at nine." });
    let screen = owner.get(&path(&outcome)).await.ok();
    assert_eq!(
        (screen["told"].as_array().unwrap().len(), &screen["can_mail"]),
        (2, &json!(false))
    );
    let refused = owner.post(&follow_up, &letter).await.refused(422);
    assert!(refused["detail"].as_str().unwrap().contains("smtp_server"), "{refused}");

    let server = SmtpServer::of(&app).await;
    owner.post(&follow_up, &json!({ "text": " " })).await.refused(422);
    let sent = owner.post(&follow_up, &letter).await.ok();
    assert_eq!(sent, json!({ "written": 1, "before": 0, "unreachable": 1 }));
    let mail = eventually("the mail", async || {
        let received = server.received();
        received.into_iter().find(|mail| mail.text().contains("not at nine"))
    })
    .await;
    assert_eq!(mail.to, "vera@example.org");
    assert!(
        mail.text().contains("Mia") && mail.text().contains("#holdpoint="),
        "{}",
        mail.text()
    );
    let sent = owner.post(&follow_up, &letter).await.ok();
    assert_eq!(sent, json!({ "written": 0, "before": 1, "unreachable": 1 }));
    let log = owner.get("/api/v1/log?limit=200").await.ok();
    let entries = log["items"].as_array().unwrap().iter();
    assert_eq!(
        entries
            .filter(|entry| entry["kind"] == "correction.followed_up")
            .count(),
        1
    );
}
