//! Actions and tools on the console's pages.

use super::{colleague, held, item_id, page};
use crate::app::{TestApp, UNDO_MS, eventually};
use http::Method;
use serde_json::{Value, json};

async fn asked(app: &TestApp, call: &str) -> Value {
    let wish = json!({
        "tool_call_id": call,
        "name": "issue_voucher",
        "args": { "amount": 20, "to": "<b>Ines</b>" },
        "risk": "high",
    });
    let agent = app.program(&["propose"]).await;
    agent.post("/api/v1/approvals", &wish).await.created()
}

#[tokio::test]
async fn an_action_waits_in_the_queue_in_its_place_and_the_api_of_the_queue_knows_nothing_of_it() {
    let app = TestApp::start().await;
    let (_visitor, before) = held(&app).await;
    app.advance_ms(1_000);
    let action = asked(&app, "c1").await;
    app.advance_ms(1_000);
    let (_visitor, after) = held(&app).await;
    let (owner, id) = (app.owner(), item_id(&action));

    let list = page(&owner, "/parts/queue").await;
    let place = |id: &str| list.find(&format!(r#"data-row="{id}""#)).unwrap();
    assert!(place(item_id(&before)) < place(id) && place(id) < place(item_id(&after)));
    assert!(list.contains(r#"data-total="3""#) && list.contains(&format!(r#"href="/actions/{id}""#)));
    let only = page(&owner, "/parts/queue?actions=true").await;
    assert!(only.contains(r#"data-total="1""#) && only.contains(id));
    for part in ["kind=gate", "mine=true"] {
        assert!(
            !page(&owner, &format!("/parts/queue?{part}")).await.contains(id),
            "{part}"
        );
    }
    let queue = owner.get("/api/v1/queue").await.ok();
    assert_eq!(queue["items"].as_array().unwrap().len(), 2);
    assert!(
        page(&owner, "/log")
            .await
            .contains(r#"<span class="count-number">3</span>"#)
    );

    // In the centre of the queue while it waits; what an agent writes is never markup.
    let shown = page(&owner, &format!("/actions/{id}")).await;
    assert!(shown.contains("data-queue-list") && shown.contains(&format!(r#"data-item="{id}""#)));
    assert!(shown.contains("Asked by the agent a program") && !shown.contains("<b>Ines</b>"));

    // Decided: gone from the queue, and its page tells what became of it.
    let wish = json!({ "type": "reject", "args_hash": action["args_hash"], "message": "Not today." });
    owner
        .post(&format!("/api/v1/approvals/{id}/decision"), &wish)
        .await
        .ok();
    owner.get(&format!("/parts/queue/actions/{id}")).await.refused(404);
    let shown = page(&owner, &format!("/actions/{id}")).await;
    assert!(shown.contains("Mia rejected it.") && shown.contains("Not today.") && shown.contains("data-undo"));
    app.advance_ms(UNDO_MS);
    eventually("final", async || {
        let shown = page(&owner, &format!("/parts/actions/{id}")).await;
        shown.contains(r#"data-state="not-done""#).then_some(())
    })
    .await;
    assert!(page(&owner, "/actions?show=not").await.contains("issue_voucher"));
    assert!(!page(&owner, "/actions?show=done").await.contains("issue_voucher"));
    assert!(page(&owner, "/log").await.contains("Mia rejected “issue_voucher”."));
}

#[tokio::test]
async fn a_conflict_says_who_decided_and_how() {
    let app = TestApp::start().await;
    let action = asked(&app, "c1").await;
    let jonas = colleague(&app).await;
    let path = format!("/api/v1/approvals/{}/decision", item_id(&action));
    let wish = json!({ "type": "approve", "args_hash": action["args_hash"] });
    app.owner().post(&path, &wish).await.ok();
    let refused = jonas.post(&path, &wish).await.refused(409);
    assert_eq!(
        (&refused["by"], &refused["decision"]),
        (&json!("Mia"), &json!("approve"))
    );
    assert_eq!(refused["type"], "urn:holdpoint:problem:conflict");
}

#[tokio::test]
async fn a_lease_of_an_action_says_until_when() {
    let app = TestApp::start().await;
    let action = asked(&app, "c1").await;
    let jonas = colleague(&app).await;
    let path = format!("/api/v1/approvals/{}/lease", item_id(&action));
    let leased = app.owner().post(&path, &json!({})).await.ok();
    assert!(leased["leased_until"].as_i64().unwrap() > leased["created_at"].as_i64().unwrap());
    let seen = page(&jonas, &format!("/parts/queue/actions/{}", item_id(&action))).await;
    assert!(seen.contains("Mia is looking at this.") && seen.contains(r#"data-held-by="Mia""#));
    assert!(page(&jonas, "/parts/queue").await.contains("row-held"));
    app.owner().delete(&path).await.ok();
    assert!(!page(&jonas, "/parts/queue").await.contains("row-held"));
}

#[tokio::test]
async fn tools_are_for_admins_and_nothing_of_another_workspace_exists() {
    let app = TestApp::start().await;
    let tool: Value = serde_json::from_str(include_str!("../../../examples/tools/lead.json")).unwrap();
    app.owner()
        .json(Method::PUT, "/api/v1/tools/call_back", tool.to_string())
        .await
        .ok();
    let (visitor, _item) = held(&app).await;
    let wish = json!({
        "tool": "call_back",
        "args": { "contact": "020 7946 0000", "wish": "A tandem" },
        "conversation_id": visitor.conversation_id,
    });
    let action = app.owner().post("/api/v1/actions", &wish).await.created();
    let leads = eventually("the lead", async || {
        let leads = page(&app.owner(), "/actions/leads").await;
        leads.contains("020 7946 0000").then_some(leads)
    })
    .await;
    assert!(leads.contains("A tandem"));
    let conversation = format!("/conversations/{}", visitor.conversation_id);
    assert!(
        page(&app.owner(), &conversation)
            .await
            .contains("data-conversation-actions")
    );
    assert!(
        page(&app.owner(), "/settings/tools")
            .await
            .contains("Runs without a person")
    );
    let defined = page(&app.owner(), "/settings/tools/call_back").await;
    assert!(defined.contains("Version 1") && defined.contains("What is it about?"));

    let jonas = colleague(&app).await;
    assert!(page(&jonas, &conversation).await.contains("data-propose"));
    for path in ["/settings/tools", "/settings/tools/call_back", "/settings/new-tool"] {
        assert_eq!(jonas.get(path).await.status, 403, "{path}");
    }
    let other = app.other_workspace().await;
    let stranger = app.member_of(&other);
    let id = item_id(&action);
    for path in [
        format!("/actions/{id}"),
        format!("/parts/actions/{id}"),
        format!("/parts/queue/actions/{id}"),
        "/settings/tools/call_back".to_owned(),
    ] {
        assert_eq!(stranger.get(&path).await.status, 404, "{path}");
    }
    for path in ["/actions", "/actions/leads", "/settings/tools"] {
        let shown = page(&stranger, path).await;
        assert!(!shown.contains("7946") && !shown.contains("call_back"), "{path}");
    }
}
