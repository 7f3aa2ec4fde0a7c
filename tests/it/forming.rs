//! What the AI is writing, while it writes it: members of the workspace see it, and nobody else.

use crate::app::{Client, Event, Events, OPENING_HOURS, QUIET_MS, TestApp, VisitorClient};
use serde_json::{Value, json};
use std::time::Duration;

/// The LLM needs longer for an answer than any of these tests takes.
const PACE: Duration = Duration::from_millis(500);

/// From now on the LLM writes every answer.
pub(crate) async fn composes(app: &TestApp) {
    let agents = app.owner().get("/api/v1/agents").await.ok();
    let mut settings = agents["items"][0]["settings"].clone();
    settings["modes"] = json!(["compose"]);
    let agent = format!("/api/v1/agents/{}", app.workspace.agent_id);
    app.owner()
        .json(http::Method::PUT, &agent, settings.to_string())
        .await
        .ok();
}

/// A visitor asked, and the LLM writes `text` for a long time, word by word.
pub(crate) async fn being_written(app: &TestApp, text: &str) -> VisitorClient {
    let visitor = app.visitor().await;
    app.engine.answer_next(format!("{text} ").repeat(200));
    app.engine.set_pace(PACE);
    visitor.says(OPENING_HOURS).await;
    app.advance_ms(QUIET_MS);
    visitor
}

/// How far a member's log goes.
async fn head(member: &Client) -> i64 {
    member.get("/api/v1/log/verify").await.ok()["entries"].as_i64().unwrap()
}

/// What forms for this conversation next: some text, or none any more.
async fn next_text(events: &mut Events, visitor: &VisitorClient) -> Option<String> {
    let event = events.named("forming").await;
    assert_eq!(event.data["conversation_id"], visitor.conversation_id.as_str());
    event.data["text"].as_str().map(str::to_owned)
}

/// All events up to the first that fits.
async fn until(events: &mut Events, fits: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut heard = Vec::new();
    loop {
        heard.push(events.next().await.unwrap());
        if heard.last().is_some_and(&fits) {
            return heard;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_see_an_answer_form_until_a_person_takes_over_and_nobody_else_sees_it() {
    let app = TestApp::start().await;
    composes(&app).await;
    let bakery = app.other_workspace().await;
    let otto = app.member_of(&bakery);
    let after = head(&app.owner()).await;
    let mut ours = app
        .owner()
        .events(&format!("/api/v1/events?after={after}&drafting=true"))
        .await;
    let mut unasked = app.owner().events(&format!("/api/v1/events?after={after}")).await;
    let after = head(&otto).await;
    let mut theirs = otto
        .events(&format!("/api/v1/events?after={after}&drafting=true"))
        .await;
    let visitor = being_written(&app, "Quokkas").await;
    let mut visitors = visitor.events(0).await;

    let begun = next_text(&mut ours, &visitor).await.unwrap();
    let more = next_text(&mut ours, &visitor).await.unwrap();
    assert!(
        more.starts_with(&begun) && more.len() > begun.len(),
        "{begun:?}, {more:?}"
    );
    // Whoever comes later sees what is there at once.
    let mut late = app.owner().events("/api/v1/events?after=1000&drafting=true").await;
    assert!(next_text(&mut late, &visitor).await.unwrap().starts_with(&begun));

    let path = format!("/api/v1/conversations/{}/take-over", visitor.conversation_id);
    app.owner().post(&path, &json!({})).await.ok();
    while next_text(&mut ours, &visitor).await.is_some() {}

    let is_person = |event: &Event| event.data["owner"] == "person";
    let seen = until(&mut visitors, is_person).await;
    let is_taken = |event: &Event| event.data["kind"] == "conversation.taken_over";
    let log = until(&mut unasked, is_taken).await;
    otto.post("/api/v1/admin/setup-link", &json!({})).await.created();
    let foreign = until(&mut theirs, |event| event.data["kind"] == "setup_link.created").await;
    for event in seen.iter().chain(&log).chain(&foreign) {
        assert!(
            event.name != "forming" && !event.data.to_string().contains("Quokkas"),
            "{event:?}"
        );
    }
    let kept = app.owner().get("/api/v1/log?limit=200").await.ok().to_string();
    assert!(!kept.contains("Quokkas"), "what forms is kept nowhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_forming_is_gone_when_the_engine_dies_over_it() {
    let mut app = TestApp::start().await;
    composes(&app).await;
    let after = head(&app.owner()).await;
    let mut events = app
        .owner()
        .events(&format!("/api/v1/events?after={after}&drafting=true"))
        .await;
    let visitor = being_written(&app, "Quokkas").await;
    assert!(next_text(&mut events, &visitor).await.is_some());
    app.engine.die();
    while next_text(&mut events, &visitor).await.is_some() {}
    let item = app.item_of(&visitor).await;
    assert!(!item.to_string().contains("Quokkas"), "{item}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_says_what_began_to_wait_and_who_owns_what_a_visitor_wrote() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    visitor.says("And on Mondays?").await;
    let path = format!("/api/v1/conversations/{}/take-over", visitor.conversation_id);
    app.owner().post(&path, &json!({})).await.ok();
    visitor.says("Hello?").await;
    let log = app.owner().get("/api/v1/log?limit=200").await.ok();
    let entries = log["items"].as_array().unwrap();
    let opened: Vec<&Value> = entries
        .iter()
        .filter(|entry| entry["refs"]["opened_item"] == item["id"])
        .collect();
    assert_eq!(opened.len(), 1, "{opened:?}");
    assert_eq!(opened[0]["kind"], "review.requested");
    let taken = entries
        .iter()
        .find(|entry| entry["kind"] == "conversation.taken_over")
        .unwrap();
    let owner = taken["actor"].as_str().unwrap().strip_prefix("member:").unwrap();
    let written = |text: &str| entries.iter().find(|entry| entry["content"]["text"] == text).unwrap();
    assert_eq!(written("Hello?")["refs"]["owner"], owner);
    assert_eq!(written("And on Mondays?")["refs"].get("owner"), None);
}
