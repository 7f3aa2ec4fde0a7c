//! Verified answers, in a real browser.

use super::node::Script;
use crate::answers::{PATH, doubted, faq, import};
use crate::app::{OWNER_EMAIL, OWNER_PASSWORD, TestApp};
use serde_json::json;

const QUESTION: &str = "What does a grue lamp cost?";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_looked_at_written_and_changed_by_keyboard() {
    let Some(script) = Script::find("console-answers.mjs") else {
        return;
    };
    let app = TestApp::start().await;
    let owner = app.owner();
    let wish = json!({ "question": QUESTION, "answer": "A grue lamp costs 12 euros." });
    let made = owner.post(PATH, &wish).await.created();
    app.advance_ms(1_000);
    import(&owner, json!([faq("1", QUESTION, "A grue lamp costs 15 euros.")])).await;
    doubted(&app, made["id"].as_str().unwrap()).await;
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_QUESTION", QUESTION)
        .pictures("answers")
        .run(async |_step| {})
        .await;
}
