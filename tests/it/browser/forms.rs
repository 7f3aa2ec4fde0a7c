//! A form in the conversation in a real browser, on another site than the server's.

use super::node::Script;
use super::other_origin::ShopPage;
use super::shop;
use http::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_asks_to_be_called_back_with_a_form() {
    let Some(script) = Script::find("widget-form.mjs") else {
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
    let mut tool: Value = serde_json::from_str(include_str!("../../../examples/tools/lead.json")).unwrap();
    tool["alone"] = json!(false);
    tool["says"]["asked"] = json!("We ring you at {contact}.");
    app.owner()
        .json(Method::PUT, "/api/v1/tools/call_back", tool.to_string())
        .await
        .ok();
    let script = script.env("HOLDPOINT_PAGE", page.address()).pictures("widget");
    script.run(async |_step| {}).await;
    let found = app.owner().get("/api/v1/actions").await.ok();
    let [action] = found["items"].as_array().unwrap().as_slice() else {
        panic!("one action: {found}");
    };
    assert_eq!(
        (&action["origin"], &action["status"], &action["args"]),
        (
            &json!("form"),
            &json!("waiting"),
            &json!({ "contact": "0117 496 0011", "wish": "<b>A wheel</b> that wobbles" })
        )
    );
}
