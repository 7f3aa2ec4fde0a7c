//! Two versions compared blind, in a real browser.

use super::node::Script;
use super::shop;
use crate::app::{OWNER_EMAIL, OWNER_PASSWORD};
use crate::candidates::tried;
use crate::comparison::{AFTER, to_be_written};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_are_compared_blind_by_keyboard_alone_and_on_a_phone() {
    let Some(script) = Script::find("console-compare.mjs") else {
        return;
    };
    let app = shop().await;
    let id = to_be_written(&app, 8).await;
    tried(&app.owner(), &id).await;
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_CHANGE", id)
        .env("HOLDPOINT_AFTER", AFTER)
        .pictures("compare")
        .run(async |_step| {})
        .await;
}
