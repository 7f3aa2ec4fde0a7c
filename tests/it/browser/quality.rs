//! The quality page in a browser.

use super::node::Script;
use super::shop;
use crate::app::{OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD};
use crate::quality::plant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_reads_the_curve_plans_and_sets_the_limit_by_keyboard() {
    let Some(script) = Script::find("console-quality.mjs") else {
        return;
    };
    let app = shop().await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await;
    plant(&app).await;
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .pictures("quality")
        .run(async |_step| {})
        .await;
}
