//! Live, and being told: what the AI is writing, and what is new, on whichever page of the console somebody is.

use super::node::Script;
use super::shop;
use crate::app::{OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, VisitorClient};
use crate::forming::{being_written, composes};
use std::time::Duration;
use tokio::sync::Mutex;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_sees_an_answer_form_and_is_told_of_what_is_new_on_every_page() {
    let Some(script) = Script::find("live.mjs") else {
        return;
    };
    let app = shop().await;
    composes(&app).await;
    let first: Mutex<Option<VisitorClient>> = Mutex::default();
    let writes = async |text: &str| {
        first.lock().await.as_ref().unwrap().says(text).await;
    };
    let asks = async || {
        let visitor = app.visitor().await;
        visitor.says(OPENING_HOURS).await;
        app.item_of(&visitor).await;
    };
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .pictures("live")
        .run(async |step| match step {
            "live" => {
                let visitor = being_written(&app, "Returns are <b>free</b>.").await;
                *first.lock().await = Some(visitor);
            }
            "taken" => app.engine.set_pace(Duration::ZERO),
            "away" | "two pages" => asks().await,
            "elsewhere" => writes("Are you still there?").await,
            "in front" => writes("Hello again.").await,
            "in the background" => writes("One more thing.").await,
            _ => {}
        })
        .await;
}
