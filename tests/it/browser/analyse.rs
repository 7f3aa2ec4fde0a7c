//! The page Analyse in a browser.

use super::node::Script;
use super::shop;
use crate::app::{OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, TestApp, UNANSWERABLE, eventually};
use crate::clusters::{a_quarter, all_kinds, asked, placed};
use holdpoint::app::insight::catch_up;
use holdpoint::domain::insight::Day;
use holdpoint::domain::time::Clock;
use serde_json::json;

const HOUR_MS: i64 = 60 * 60_000;

/// A fortnight in which a visitor came every few hours, asked, was answered or not, and said what they thought of it.
async fn a_fortnight(app: &TestApp) {
    for number in 0..24_i64 {
        app.advance_ms((7 + number % 3 * 5) * HOUR_MS);
        let visitor = app.visitor().await;
        match number % 4 {
            0 => {
                visitor.says(UNANSWERABLE).await;
                app.item_of(&visitor).await;
            }
            1 => {
                visitor.says("This is terrible! When do you open on Saturday?!").await;
                let item = app.item_of(&visitor).await;
                let reply = json!({ "kind": "respond", "text": "I am sorry. At nine.", "verdict": "bad" });
                app.decide_for_good(&item, reply).await;
            }
            _ => {
                visitor.says(OPENING_HOURS).await;
                let item = app.item_of(&visitor).await;
                app.decide_for_good(&item, json!({ "kind": "approve" })).await;
                visitor.answer_above(1).await;
                visitor
                    .client
                    .post("/widget/v1/acknowledge", &json!({ "seq": 9 }))
                    .await
                    .done();
            }
        }
    }
    app.visitor().await;
    catch_up(&app.app, app.workspace.caller.workspace_id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_looks_from_a_figure_to_its_conversations_by_keyboard_and_on_a_phone() {
    let Some(script) = Script::find("console-analyse.mjs") else {
        return;
    };
    let app = shop().await;
    a_fortnight(&app).await;
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .pictures("analyse")
        .run(async |_step| {})
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_visitors_ask_is_named_and_merged_and_a_change_is_seen_by_keyboard() {
    let Some(script) = Script::find("console-topics.mjs") else {
        return;
    };
    let app = shop().await;
    asked(&app, all_kinds()).await;
    placed(&app).await;
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    let zone = rows.workspace().await.unwrap().unwrap().time_zone;
    let zone = jiff::tz::TimeZone::get(&zone).unwrap();
    a_quarter(&app, Day::of(Clock::now(&*app.clock), &zone)).await;
    app.advance_ms(24 * 60 * 60_000);
    eventually("a change", async || {
        let found = app.owner().get("/api/v1/patterns").await.ok();
        found["items"]
            .as_array()
            .is_some_and(|items| !items.is_empty())
            .then_some(())
    })
    .await;
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .pictures("topics")
        .run(async |_step| {})
        .await;
}
