//! Who is there, and what follows for whoever waits: who left a page open, who comes back after a restart, who is there and
//! does not answer.

use super::app::{OPENING_HOURS, TestApp, VisitorClient, eventually};
use super::smtp::SmtpServer;
use holdpoint::app::visit;
use holdpoint::store::{JobKind, OwnerKind};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;
/// How long a person who has taken over has to answer.
const HANDOFF_MS: i64 = 15 * MINUTE_MS;

/// A visitor waits for Mia, who has taken over.
async fn waits_for_mia(app: &TestApp) -> VisitorClient {
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.owner().post(&of(&visitor, "/take-over"), &json!({})).await.ok();
    visitor
}

fn of(visitor: &VisitorClient, what: &str) -> String {
    format!("/api/v1/conversations/{}{what}", visitor.conversation_id)
}

async fn is_there(app: &TestApp, beat: Value) {
    app.owner().post("/api/v1/presence", &beat).await.ok();
}

async fn there(app: &TestApp) -> Vec<Value> {
    let there = app.administrator().get("/api/v1/presence").await.ok();
    there["items"].as_array().unwrap().clone()
}

/// Whether its owner has answered in time was looked at, and is looked at again later.
async fn looked_at(app: &TestApp) {
    eventually("somebody to look at it", async || {
        let jobs = app.app.store().next_jobs(100).await.unwrap();
        let now = app.app.store().sources().clock.now();
        let recall = jobs.iter().find(|job| job.kind == JobKind::Recall);
        recall.is_none_or(|job| job.run_at > now).then_some(())
    })
    .await;
}

async fn owner(visitor: &VisitorClient) -> Value {
    visitor.conversation().await["status"]["owner"].clone()
}

#[tokio::test]
async fn who_has_left_a_page_open_and_touches_nothing_is_not_there() {
    let app = TestApp::start().await;
    let _server = SmtpServer::of(&app).await;
    let visitor = waits_for_mia(&app).await;
    let may_leave = async || visitor.conversation().await["status"]["may_leave_email"].clone();
    is_there(&app, json!({ "idle_ms": 14 * MINUTE_MS })).await;
    assert_eq!((there(&app).await.len(), may_leave().await), (1, Value::Null));
    app.advance_ms(MINUTE_MS);
    is_there(&app, json!({ "idle_ms": 15 * MINUTE_MS })).await;
    assert_eq!((there(&app).await.len(), may_leave().await), (0, json!(true)));
    // A page in the background speaks once a minute.
    is_there(&app, json!({})).await;
    for _ in 0..3 {
        app.advance_ms(MINUTE_MS);
        assert_eq!(there(&app).await.len(), 1);
        is_there(&app, json!({ "idle_ms": MINUTE_MS })).await;
    }
}

#[tokio::test]
async fn two_pages_of_one_member_show_both_conversations() {
    let app = TestApp::start().await;
    let (first, second) = (app.visitor().await, app.visitor().await);
    let mut shown = Vec::new();
    for (page, visitor) in [(1, &first), (2, &second)] {
        let page = uuid::Uuid::from_u128(page);
        is_there(
            &app,
            json!({ "page": page, "conversation_id": visitor.conversation_id }),
        )
        .await;
        shown.push(visitor.conversation_id.as_str());
    }
    shown.sort_unstable();
    let now = there(&app).await;
    let conversations: Vec<&str> = now.iter().map(|one| one["conversation_id"].as_str().unwrap()).collect();
    assert_eq!(conversations, shown);
}

#[tokio::test]
async fn after_a_restart_nobody_is_called_gone_before_their_page_could_say_that_it_is_open() {
    let mut app = TestApp::start().await;
    let visitor = waits_for_mia(&app).await;
    app.advance_ms(HANDOFF_MS - MINUTE_MS);
    is_there(&app, json!({})).await;
    let other = app.visitor().await;
    other.says(OPENING_HOURS).await;
    let given = app.item_of(&other).await;
    let given = format!("/api/v1/queue/{}", given["id"].as_str().unwrap());
    let is_given = async |app: &TestApp| app.owner().get(&given).await.ok()["assigned"]["name"] == "Mia";
    eventually("it is given to her", async || is_given(&app).await.then_some(())).await;

    app.restart().await;
    let _server = SmtpServer::of(&app).await;
    let (visitor, other) = (visitor.again_at(&app), other.again_at(&app));
    app.advance_ms(2 * MINUTE_MS);
    looked_at(&app).await;
    assert_eq!(
        owner(&visitor).await,
        "person",
        "her page has not had the time to be heard of"
    );
    assert!(is_given(&app).await);
    let status = other.conversation().await["status"].clone();
    assert_eq!(status["may_leave_email"], Value::Null, "nobody is known to be gone");
    let message = json!({ "client_id": "here", "text": "Here I am." });
    app.owner().post(&of(&visitor, "/messages"), &message).await.created();

    // She does not come back.
    visitor.says("Thank you! And tomorrow?").await;
    app.advance_ms(HANDOFF_MS);
    app.item_where(|item| item["conversation_id"] == visitor.conversation_id.as_str())
        .await;
    assert_eq!(owner(&visitor).await, "nobody");
    eventually("it is given back", async || (!is_given(&app).await).then_some(())).await;
}

#[tokio::test]
async fn a_machine_that_slept_takes_nothing_from_who_is_there() {
    let app = TestApp::start().await;
    let visitor = waits_for_mia(&app).await;
    is_there(&app, json!({})).await;
    app.jump_ms(HANDOFF_MS + MINUTE_MS);
    looked_at(&app).await;
    assert_eq!((owner(&visitor).await, there(&app).await.len()), (json!("person"), 1));
}

#[tokio::test]
async fn whoever_is_there_and_does_not_answer_is_late_and_loses_it_after_twice_the_time() {
    let app = TestApp::start().await;
    let visitor = waits_for_mia(&app).await;
    let live = async || app.owner().get("/api/v1/live").await.ok()["items"][0].clone();
    assert_eq!(live().await["late"], false);
    app.advance_ms(HANDOFF_MS - MINUTE_MS);
    is_there(&app, json!({})).await;
    app.advance_ms(MINUTE_MS + 1_000);
    looked_at(&app).await;
    let late = live().await;
    assert_eq!(
        (&late["late"], &late["owner"]),
        (&json!(true), &json!("person")),
        "{late}"
    );

    app.advance_ms(HANDOFF_MS - 2 * MINUTE_MS);
    is_there(&app, json!({})).await;
    app.advance_ms(2 * MINUTE_MS);
    let item = app.item_where(|item| item["kind"] == "handoff").await;
    assert_eq!(item["reasons"], json!(["timeout"]));
    assert_eq!(owner(&visitor).await, "nobody");
}

#[tokio::test]
async fn live_shows_who_waits_longest_however_much_goes_on_besides_and_no_spam() {
    let app = TestApp::start().await;
    let first = waits_for_mia(&app).await;
    let spam = app.visitor().await;
    spam.says(OPENING_HOURS).await;
    app.owner().post(&of(&spam, "/spam"), &json!({})).await.ok();
    app.advance_ms(MINUTE_MS);
    for _ in 0..105 {
        let started = visit::start(&app.app, &app.workspace.agent_key, None).await.unwrap();
        let visitor = visit::visitor_of_token(&app.app, &started.token).await.unwrap();
        visit::post(&app.app, &visitor.unwrap(), "c-1", OPENING_HOURS)
            .await
            .unwrap();
    }
    let live = app.owner().get("/api/v1/live").await.ok();
    let rows = live["items"].as_array().unwrap();
    assert_eq!(
        rows[0]["id"],
        first.conversation_id.as_str(),
        "who waits longest comes first"
    );
    assert_eq!(rows[0]["owner"], json!(OwnerKind::Person));
    assert!(rows.iter().all(|row| row["id"] != spam.conversation_id.as_str()));
}
