//! When nobody is there: what a visitor reads in the widget, and what waits for whoever comes back.

use super::node::Script;
use super::{QUESTIONS, shop};
use crate::app::{OWNER_EMAIL, OWNER_PASSWORD};
use crate::duty::{DEADLINE_MS, apply, go_to_monday, policy};
use crate::smtp::SmtpServer;
use serde_json::json;

const REFUNDS: &str = "\n[[topic]]\nname = \"refunds\"\nwords = [\"money back\", \"refund\"]\nsensitive = true\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_nobody_is_there_the_widget_says_when_somebody_is_back_and_asks_for_an_address() {
    let Some(script) = Script::find("duty.mjs") else {
        return;
    };
    let app = shop().await;
    let _server = SmtpServer::of(&app).await;
    apply(&app, &format!("{}{REFUNDS}", policy("take_email"))).await;
    go_to_monday(&app, 20);
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_AGENT", &app.workspace.agent_key)
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_QUESTION", QUESTIONS[0])
        .pictures("duty")
        .run(async |step| match step {
            "closed" => go_to_monday(&app, 10),
            "held" => app.advance_ms(DEADLINE_MS),
            "asked" => {
                let angry = app.visitor().await;
                angry.says("I want my money back, you useless idiots!").await;
                app.item_of(&angry).await;
            }
            _ => {}
        })
        .await;
    let desk = app.owner().get("/api/v1/team/desk").await.ok();
    assert_eq!(
        desk["views"],
        json!([{ "name": "Refund desk", "query": "topic=refunds" }])
    );
}
