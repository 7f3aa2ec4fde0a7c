//! An agent's settings in a real browser.

use super::node::Script;
use crate::app::{OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, TestApp, eventually};
use crate::models::gguf::Gguf;
use holdpoint::app::models::{self, AddWish, ArrivalState};
use holdpoint::domain::log::Actor;

async fn added(app: &TestApp, name: &str, file: Gguf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, file.build(1, 4096)).unwrap();
    let wish = AddWish {
        file: path,
        name: None,
        is_for: None,
    };
    let begun = models::add(&app.app, Actor::Admin, wish).await.unwrap();
    eventually("the file", async || {
        let arrival = models::arrival(&app.app, begun.id).unwrap();
        (arrival.state == ArrivalState::Done).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_sees_what_a_change_does_before_it_is_sent_and_goes_back_by_keyboard() {
    let Some(script) = Script::find("console-agents.mjs") else {
        return;
    };
    let app = TestApp::start().await;
    // An adapter that came in before the only model that is here, which it does not fit.
    added(&app, "tone.gguf", Gguf::adapter()).await;
    added(&app, "writer.gguf", Gguf::chat()).await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await;
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .pictures("agents")
        .run(async |_step| {})
        .await;
}
