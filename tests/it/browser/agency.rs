//! Two workspaces of one person: the menu by keyboard and on a phone, the page of clients, and a tab that was left behind.

use super::node::Script;
use crate::agency::{asks, two_places};
use crate::app::{OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_with_two_workspaces_goes_about_with_the_keyboard_and_on_a_phone() {
    let Some(script) = Script::find("console-agency.mjs") else {
        return;
    };
    let (app, bakery) = two_places("owner").await;
    asks(&app, &app.workspace, OPENING_HOURS).await;
    asks(&app, &bakery, OPENING_HOURS).await;
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .pictures("agency")
        .run(async |_step| {})
        .await;
}
