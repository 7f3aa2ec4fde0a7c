//! A rehearsal in a real browser.

use super::node::Script;
use super::shop;
use crate::app::{OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, UNANSWERABLE};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn past_questions_are_rehearsed_by_keyboard_alone_and_on_a_phone() {
    let Some(script) = Script::find("console-rehearsal.mjs") else {
        return;
    };
    let app = shop().await;
    // Four answers and a silence.
    let questions = ["", "please ", "today ", "now "].map(|word| format!("{OPENING_HOURS} {word}"));
    let answered = questions.map(|question| json!({ "question": question, "answer": "From nine." }).to_string());
    let silent = json!({ "question": UNANSWERABLE }).to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mails.jsonl");
    std::fs::write(&file, format!("{}\n{silent}\n{{ cut off\n", answered.join("\n"))).unwrap();
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_FILE", &file)
        .pictures("rehearsal")
        .run(async |_step| {})
        .await;
}
