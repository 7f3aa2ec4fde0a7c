//! A reviewer whom the visitor and a colleague get in the way of.

use super::node::Script;
use super::{COLLEAGUE, QUESTIONS, shop};
use crate::app::{OWNER_EMAIL, OWNER_PASSWORD};
use holdpoint::store::Change;
use serde_json::json;

/// Far longer than a busy browser takes to react.
const UNDO_MS: i64 = 120_000;
/// How long a person who has taken over has to answer, and a little.
const HANDOFF_MS: i64 = 15 * 60_000 + 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_decided_waits_again_when_the_visitor_writes_and_no_typed_text_is_lost() {
    let Some(script) = Script::find("console-interrupted.mjs") else {
        return;
    };
    let app = shop().await;
    let changed = app.app.store().write(app.workspace.caller.workspace_id, |tx| {
        Box::pin(async move {
            let mut row = tx.workspace().await?.unwrap();
            row.settings.0.undo_ms = UNDO_MS;
            tx.update(row).await?;
            Ok::<_, holdpoint::app::AppError>(Change::Unlogged(()))
        })
    });
    changed.await.unwrap();
    let jonas = json!({ "name": "Jonas's", "email": COLLEAGUE, "scopes": ["read", "review"] });
    let token = app.owner().post("/api/v1/admin/tokens", &jonas).await.created();
    let jonas = app.anonymous().bearer(token["token"].as_str().unwrap());
    let visitor = app.visitor().await;
    visitor.says(QUESTIONS[0]).await;
    let item = app.item_of(&visitor).await;
    let other = app.visitor().await;
    other.says(QUESTIONS[3]).await;
    let second = app.item_of(&other).await;
    let second = second["id"].as_str().unwrap();
    let conversation = format!("/api/v1/conversations/{}", other.conversation_id);
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_FIRST", item["id"].as_str().unwrap())
        .env("HOLDPOINT_SECOND", second)
        .env("HOLDPOINT_VISITOR", &visitor.token)
        .env("HOLDPOINT_UNDO_MS", UNDO_MS.to_string())
        .run(async |step| match step {
            "typed" => {
                app.owner()
                    .delete(&format!("/api/v1/queue/{second}/lease"))
                    .await
                    .done();
                let approval = json!({ "kind": "approve", "revision": 1 });
                jonas
                    .post(&format!("/api/v1/queue/{second}/outcome"), &approval)
                    .await
                    .ok();
            }
            "owned" => {
                // She has had her time to answer.
                app.advance_ms(HANDOFF_MS);
                jonas.post(&format!("{conversation}/take-over"), &json!({})).await.ok();
            }
            _ => {}
        })
        .await;
}
