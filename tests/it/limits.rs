//! Limits and budgets: what the machine's administrator allows a workspace, and that no visitor is turned away because of it.

use super::app::{Client, OPENING_HOURS, OWNER_EMAIL, QUIET_MS, TestApp, VisitorClient, eventually};
use super::smtp::SmtpServer;
use http::Method;
use serde_json::{Value, json};

const DAY_MS: i64 = 24 * 3_600_000;

async fn allow(app: &TestApp, limits: Value) -> Value {
    let admin = app.administrator();
    admin
        .json(Method::PUT, "/api/v1/admin/limits", limits.to_string())
        .await
        .ok()
}

/// What waits of a conversation that began with this question.
async fn asks(app: &TestApp, agent_key: &str, question: &str) -> Value {
    let visitor = VisitorClient::start(app, agent_key).await;
    visitor.says(question).await;
    app.advance_ms(QUIET_MS);
    app.item_where(|item| item["conversation_id"] == visitor.conversation_id.as_str())
        .await
}

fn has(item: &Value, reason: &str) -> bool {
    item["reasons"].as_array().unwrap().iter().any(|found| found == reason)
}

async fn uses(client: &Client) -> Vec<Value> {
    client.get("/api/v1/limits").await.ok()["uses"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_conversations_of_a_month_everybody_is_answered_by_a_person() {
    let app = TestApp::start().await;
    let server = SmtpServer::of(&app).await;
    app.owner()
        .json(Method::PUT, "/api/v1/admin/limits", "{}")
        .await
        .refused(403);
    let told = allow(&app, json!({ "conversations_a_month": 1 })).await;
    assert_eq!(told["limits"]["conversations_a_month"], 1);
    let key = app.workspace.agent_key.clone();
    let within = asks(&app, &key, OPENING_HOURS).await;
    let beyond = asks(&app, &key, OPENING_HOURS).await;
    assert!(!has(&within, "over_limit") && has(&beyond, "over_limit"), "{beyond}");
    assert!(
        !beyond["draft"].is_null(),
        "what is known is proposed to the person: {beyond}"
    );
    let uses = uses(&app.owner()).await;
    assert_eq!((&uses[0]["used"], &uses[0]["level"]), (&json!(2), &json!("reached")));
    assert!(
        app.owner()
            .get("/settings/limits")
            .await
            .text()
            .contains("2 of 1 conversations this month are used.")
    );
    // The owner is told once, however often that is noticed.
    eventually("a mail to the owner", async || {
        let told = server.received();
        told.iter().any(|mail| mail.to.contains(OWNER_EMAIL)).then_some(())
    })
    .await;
    asks(&app, &key, OPENING_HOURS).await;
    let mails = app.owner().get("/api/v1/mails").await.ok();
    assert_eq!(mails["items"].as_array().unwrap().len(), 1, "{mails}");
    // Without the limit it is as before.
    allow(&app, json!({})).await;
    assert!(!has(&asks(&app, &key, OPENING_HOURS).await, "over_limit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_its_budget_is_spent_the_llm_is_not_asked_and_a_person_answers() {
    let app = TestApp::start().await;
    let writer = json!({ "name": "Ink", "business": "Quillhaven", "allow_unfit": true, "modes": ["compose"], "origins": ["https://shop.example"] });
    let agent = app.owner().post("/api/v1/agents", &writer).await.created();
    let key = agent["public_key"].as_str().unwrap();
    allow(&app, json!({ "written_a_month": 1 })).await;
    let first = asks(&app, key, OPENING_HOURS).await;
    assert_eq!(first["mode"], "compose", "{first}");
    let chats = app.engine.chats();
    let second = asks(&app, key, OPENING_HOURS).await;
    assert!(has(&second, "budget_spent") && second["kind"] == "handoff", "{second}");
    assert_eq!(app.engine.chats(), chats, "the LLM was not asked");
    allow(&app, json!({ "written_a_month": null })).await;
    assert_eq!(asks(&app, key, OPENING_HOURS).await["mode"], "compose");
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_beyond_a_days_limit_leave_on_the_next_and_none_twice() {
    let app = TestApp::start().await;
    let server = SmtpServer::of(&app).await;
    allow(&app, json!({ "mails_a_day": 1 })).await;
    for to in ["ada@example.org", "ben@example.org"] {
        app.owner().post("/api/v1/admin/mail/test", &json!({ "to": to })).await;
    }
    let waiting = eventually("one that waits", async || {
        let mails = app.owner().get("/api/v1/mails").await.ok();
        let items = mails["items"].as_array()?.clone();
        let is_put_off = |mail: &&Value| {
            let why = mail["last_error"].as_str().unwrap_or_default();
            mail["state"] == "queued" && why.contains("leaves tomorrow")
        };
        let sent = items.iter().any(|mail| mail["state"] == "sent");
        items.iter().find(is_put_off).cloned().filter(|_| sent)
    })
    .await;
    assert_eq!(waiting["attempts"], 0, "it is no attempt: {waiting}");
    let to = |address: &str| {
        server
            .received()
            .iter()
            .filter(|mail| mail.to.contains(address))
            .count()
    };
    assert_eq!(to("ada@example.org") + to("ben@example.org"), 1);
    for _ in 0..4 {
        app.advance_ms(DAY_MS);
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    eventually("the other one", async || {
        (to("ada@example.org") == 1 && to("ben@example.org") == 1).then_some(())
    })
    .await;
}
