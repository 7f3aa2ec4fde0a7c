//! The loop from a question that nothing answers to an answer, with the real default models.

use super::node::Script;
use crate::app::{OWNER_EMAIL, OWNER_PASSWORD, TestApp, UNDO_MS, eventually};
use crate::fitness::Defaults;
use http::Method;
use serde_json::json;

/// What three visitors ask in other words.
const ASKED: [&str; 3] = [
    "Do you offer guided tours around the lake?",
    "Are there guided tours of the lake with you?",
    "Is there a guided lake tour that one can join?",
];
const REPLY: &str = "Yes, every Saturday at ten from April to October. A tour takes three hours and costs £15.";
/// What another one asks afterwards.
const PARAPHRASE: &str = "Do you do guided tours round the lake?";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_visitors_asked_in_vain_is_answered_once_a_reply_was_approved_tried_and_published() {
    let Some(script) = Script::find("console-improve.mjs") else {
        return;
    };
    let Some(defaults) = Defaults::start(true).await else {
        return;
    };
    let app = TestApp::builder().engine(defaults.engine()).start().await;
    // As an owner finds it: what the models were not found fit for, they are not used for.
    let path = format!("/api/v1/agents/{}", app.workspace.agent_id);
    let mut settings = app.owner().get("/api/v1/agents").await.ok()["items"][0]["settings"].clone();
    settings["allow_unfit"] = json!(false);
    app.owner().json(Method::PUT, &path, settings.to_string()).await.ok();
    let mut first = None;
    for question in ASKED {
        let visitor = app.visitor().await;
        visitor.says(question).await;
        let item = app.item_of(&visitor).await;
        assert_eq!(item["kind"], "handoff", "nothing answers it: {item}");
        first.get_or_insert(item);
    }
    // A person answers one of them, for this visitor alone.
    app.advance_ms(20_000);
    let reply = json!({ "kind": "respond", "text": REPLY, "remember": false });
    app.decide_for_good(&first.unwrap(), reply).await;
    let owner = app.owner();
    eventually("the gap with what is proposed for it", async || {
        app.advance_ms(1_000);
        let gaps = owner.get("/api/v1/improve/gaps").await.ok();
        let gap = gaps["items"].get(0)?.clone();
        (gap["visitors"] == 3 && gap["proposal"]["answer"] == REPLY).then_some(())
    })
    .await;
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_GAP", json!(ASKED).to_string())
        .env("HOLDPOINT_REPLY", REPLY)
        .pictures("improve")
        .run(async |step| {
            if step == "published" {
                let visitor = app.visitor().await;
                visitor.says(PARAPHRASE).await;
                let item = app.item_of(&visitor).await;
                assert_eq!(
                    (&item["draft"]["text"], &item["mode"]),
                    (&json!(REPLY), &json!("verified")),
                    "the paraphrase is answered: {item}"
                );
                let approved = json!({ "kind": "approve" });
                app.advance_ms(20_000);
                app.decide_for_good(&item, approved).await;
            }
        })
        .await;
    app.advance_ms(UNDO_MS);
    defaults.stop().await;
}
