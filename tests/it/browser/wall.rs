//! Live's wall, goals and leads in a real browser, with visitors on another site than the server's.

use super::node::Script;
use super::other_origin::ShopPage;
use super::shop;
use crate::app::{OWNER_EMAIL, OWNER_PASSWORD};
use http::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wall_moves_without_a_reload_while_visitors_come_write_and_reach_goals() {
    let Some(script) = Script::find("wall.mjs") else {
        return;
    };
    let app = shop().await;
    let base = format!("http://{}", app.address());
    let page = ShopPage::serve(&base, &app.workspace.agent_key).await;
    let agents = app.owner().get("/api/v1/agents").await.ok();
    let mut settings = agents["items"][0]["settings"].clone();
    settings["origins"] = json!([page.origin()]);
    let agent = format!("/api/v1/agents/{}", app.workspace.agent_id);
    app.owner().json(Method::PUT, &agent, settings.to_string()).await.ok();
    let tool: Value = serde_json::from_str(include_str!("../../../examples/tools/lead.json")).unwrap();
    let path = "/api/v1/tools/call_back";
    app.owner().json(Method::PUT, path, tool.to_string()).await.ok();
    script
        .env("HOLDPOINT_BASE", base)
        .env("HOLDPOINT_PAGE", page.address())
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .pictures("wall")
        .run(async |_step| {})
        .await;
}
