//! An agent's settings in a real browser.

use super::node::Script;
use crate::app::{OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, TestApp};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_sees_what_a_change_does_before_it_is_sent_and_goes_back_by_keyboard() {
    let Some(script) = Script::find("console-agents.mjs") else {
        return;
    };
    let app = TestApp::start().await;
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
