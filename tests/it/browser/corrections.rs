//! What follows from an edit, in a real browser.

use super::node::Script;
use crate::app::{OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, TestApp, eventually};
use crate::smtp::SmtpServer;
use serde_json::json;

const RIGHT: &str = "From ten to six, every day but Monday.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_in_the_queue_leads_to_what_else_follows_from_it_and_to_what_is_tried() {
    let Some(script) = Script::find("console-correction.mjs") else {
        return;
    };
    let app = TestApp::start().await;
    let server = SmtpServer::of(&app).await;
    let before = app.visitor().await;
    before.says(OPENING_HOURS).await;
    let left = json!({ "email": "vera@example.org", "consent": "For this answer." });
    before.client.post("/widget/v1/email", &left).await.done();
    let item = app.item_of(&before).await;
    app.advance_ms(20_000);
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    before.answer_above(1).await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await;
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_RIGHT", RIGHT)
        .pictures("correction")
        .run(async |_step| {})
        .await;
    eventually("the mail to who was told the same", async || {
        let received = server.received();
        let is_it = |mail: &&crate::smtp::Received| mail.to == "vera@example.org" && mail.text().contains(RIGHT);
        received.iter().find(is_it).map(|_| ())
    })
    .await;
    let set = app.owner().get("/api/v1/improve/questions").await.ok();
    assert_eq!(set["items"][0]["answer"], RIGHT);
}
