//! Actions in a real browser: an agent's approval is edited and granted by keyboard, and a tool is defined, proposed, approved and
//! carried out against a real HTTP server.

use super::node::Script;
use super::{QUESTIONS, said, shop};
use crate::app::{Client, OWNER_EMAIL, OWNER_PASSWORD, TestApp, UNDO_MS, eventually};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use holdpoint::app::webhooks::Courier;
use holdpoint::outbound::{Limits, Outbound, Proxies};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SECRET: &str = "sk-quillhaven-7781";

type Seen = Arc<Mutex<Vec<(String, HeaderMap, String)>>>;

/// The shop's own system: it takes the first request, and fails at every further one.
async fn receive(State(seen): State<Seen>, uri: Uri, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let mut seen = seen.lock().unwrap();
    seen.push((uri.to_string(), headers, String::from_utf8(body.to_vec()).unwrap()));
    match seen.len() {
        1 => (StatusCode::OK, r#"{"refund":"r-1"}"#),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "the till is on fire"),
    }
}

async fn shop_system() -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(receive).with_state(seen.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, seen)
}

fn tool(at: SocketAddr) -> Value {
    json!({
        "name": "refund_order",
        "title": "Refund an order",
        "description": "Gives a customer money back for an order of this shop.",
        "schema": {
            "type": "object",
            "required": ["order", "amount", "reason"],
            "additionalProperties": false,
            "properties": {
                "order": { "type": "string", "title": "Order number", "minLength": 1, "maxLength": 40 },
                "amount": { "type": "number", "title": "Amount in pounds", "minimum": 0.01, "maximum": 500 },
                "reason": { "enum": ["damaged", "late"], "title": "Reason" },
                "to_card": { "type": "boolean", "title": "Back to the card" },
            },
        },
        "run": {
            "kind": "http",
            "url": format!("http://{at}/orders/{{order}}/refunds"),
            "headers": { "authorization": "Bearer {secret:shop_key}" },
        },
        "risk": "high",
        "rules": [{ "arg": "amount", "above": 300, "then": "refuse", "why": "more than 300 pounds are refunded by the owner" }],
        "says": { "asked": "I have asked a colleague about your refund.", "done": "Your refund is on its way." },
    })
}

async fn ask(agent: &Client, call: &str, amount: f64) -> Value {
    let wish = json!({
        "tool_call_id": call,
        "name": "issue_voucher",
        "args": { "customer": "Ines Holm", "amount": amount, "shops": ["quay", "hill"], "by_mail": true },
        "args_schema": {
            "type": "object",
            "required": ["customer", "amount"],
            "properties": {
                "customer": { "type": "string", "title": "Customer" },
                "amount": { "type": "number", "title": "Amount in pounds", "maximum": 100 },
            },
        },
        "description": "Her bicycle was ready three days late.",
        "risk": "medium",
    });
    agent.post("/api/v1/approvals", &wish).await.created()
}

/// The approval as soon as it is decided.
async fn decided(app: &TestApp, agent: &Client, approval: &Value) -> Value {
    app.advance_ms(UNDO_MS);
    let path = format!("/api/v1/approvals/{}", approval["id"].as_str().unwrap());
    eventually("a decision", async || {
        let found = agent.get(&path).await.ok();
        (found["status"] != "pending").then_some(found)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_is_edited_and_approved_by_keyboard_and_exactly_that_is_done_once() {
    let Some(script) = Script::find("console-actions.mjs") else {
        return;
    };
    let app = shop().await;
    let (address, seen) = shop_system().await;
    app.app.delivers_through(Courier {
        outbound: Outbound::new(
            Proxies::none(),
            Limits {
                connect: Duration::from_secs(5),
                answer: Duration::from_secs(5),
                quiet: Duration::from_secs(5),
            },
        ),
        internal: vec![address.to_string()],
    });
    let visitor = app.visitor().await;
    visitor.says(QUESTIONS[0]).await;
    app.item_of(&visitor).await;
    let otto = json!({ "name": "Otto", "email": OWNER_EMAIL, "scopes": ["propose"] });
    let token = app.owner().post("/api/v1/admin/tokens", &otto).await.created();
    let agent = app.anonymous().bearer(token["token"].as_str().unwrap());
    let (first, second) = (ask(&agent, "c1", 50.0).await, ask(&agent, "c2", 70.0).await);
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_FIRST", first["id"].as_str().unwrap())
        .env("HOLDPOINT_CONVERSATION", &visitor.conversation_id)
        .env("HOLDPOINT_TOOL", tool(address).to_string())
        .env("HOLDPOINT_SECRET", SECRET)
        .pictures("actions")
        .run(async |step| match step {
            "edited" => {
                let found = decided(&app, &agent, &first).await;
                assert_eq!(found["status"], "approved");
                assert_eq!(found["decision"]["type"], "edit");
                let args =
                    json!({ "customer": "Ines Holm", "amount": 20.5, "shops": ["quay", "hill"], "by_mail": true });
                assert_eq!(found["decision"]["edited_action"]["args"], args);
                let path = format!("/api/v1/approvals/{}/consume", first["id"].as_str().unwrap());
                let using = json!({ "args_hash": found["decision"]["args_hash"] });
                assert_eq!(agent.post(&path, &using).await.ok()["args"], args);
                agent.post(&path, &using).await.refused(409);
            }
            "rejected" => {
                let found = decided(&app, &agent, &second).await;
                assert_eq!(
                    (&found["status"], &found["decision"]["message"]),
                    (&json!("rejected"), &json!("She has had one already."))
                );
            }
            "approved" | "approved again" => app.advance_ms(UNDO_MS),
            "phone" => {
                ask(&agent, "c3", 90.0).await;
            }
            _ => {}
        })
        .await;

    let requests = seen.lock().unwrap().clone();
    assert_eq!(requests.len(), 2, "each approval was carried out once");
    let (path, headers, body) = &requests[0];
    assert_eq!(path, "/orders/20811/refunds");
    assert_eq!(headers["authorization"], format!("Bearer {SECRET}"));
    assert_eq!(
        serde_json::from_str::<Value>(body).unwrap(),
        json!({ "order": "20811", "amount": 18, "reason": "late" })
    );
    let words = said(&visitor).await;
    for told in [
        "I have asked a colleague about your refund.",
        "Your refund is on its way.",
    ] {
        assert!(words.iter().any(|(_, text)| text == told), "{words:?}");
    }
    let log = app.owner().get("/api/v1/log?limit=500").await.ok().to_string();
    assert!(log.contains("action.executed") && log.contains("action.found_out") && !log.contains(SECRET));
}
