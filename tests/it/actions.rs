//! Approvals for any agent, and tools of one's own, over the real API and real HTTP servers on loopback.

use super::app::{Client, Events, TestApp, UNDO_MS, eventually};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use holdpoint::app::webhooks::Courier;
use holdpoint::outbound::{Limits, Outbound, Proxies};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the other machine answers the next request; it accepts what nothing was planned for.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    Status(u16, &'static str, &'static str),
    LeadsTo(String),
    /// It takes the request and says nothing.
    Silence,
    /// An answer without end.
    Endless,
}

/// What came: method and path, headers, body.
type Came = (String, HeaderMap, String);

#[derive(Debug, Default)]
pub(crate) struct Seen {
    requests: Vec<Came>,
    plans: VecDeque<Plan>,
}

/// Another machine.
pub(crate) struct Machine {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

async fn receive(
    State(seen): State<Arc<Mutex<Seen>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let plan = {
        let mut seen = seen.lock().unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        seen.requests.push((format!("{method} {uri}"), headers, body));
        seen.plans.pop_front()
    };
    let is_json = [(header::CONTENT_TYPE, "application/json")];
    match plan {
        None => (is_json, r#"{"ok":true}"#).into_response(),
        Some(Plan::Status(status, kind, body)) => (
            StatusCode::from_u16(status).unwrap(),
            [(header::CONTENT_TYPE, kind)],
            body,
        )
            .into_response(),
        Some(Plan::LeadsTo(place)) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place)]).into_response(),
        Some(Plan::Silence) => std::future::pending().await,
        Some(Plan::Endless) => {
            let piece = Bytes::from(vec![b'x'; 64 << 10]);
            let pieces = futures::stream::iter((0..160).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
            (is_json, Body::from_stream(pieces)).into_response()
        }
    }
}

impl Machine {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let router = Router::new().fallback(receive).with_state(seen.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, seen }
    }

    pub(crate) fn plans(&self, plan: Plan) {
        self.seen.lock().unwrap().plans.push_back(plan);
    }

    pub(crate) fn requests(&self) -> Vec<Came> {
        self.seen.lock().unwrap().requests.clone()
    }
}

/// What leaves may reach this machine.
pub(crate) fn courier(machine: &Machine) -> Courier {
    let limits = Limits {
        connect: Duration::from_secs(2),
        answer: Duration::from_secs(2),
        quiet: Duration::from_secs(2),
    };
    Courier {
        outbound: Outbound::new(Proxies::none(), limits),
        internal: vec![machine.address.to_string()],
    }
}

async fn agent_of(app: &TestApp) -> Client {
    app.program(&["propose"]).await
}

fn refund(call: &str) -> Value {
    json!({
        "tool_call_id": call,
        "name": "refund_order",
        "args": { "order": "A7", "amount": 20 },
        "args_schema": {
            "type": "object",
            "properties": { "order": { "type": "string" }, "amount": { "type": "number", "maximum": 100 } },
            "required": ["order", "amount"],
            "additionalProperties": false,
        },
        "description": "The bell was broken when it came.",
    })
}

fn path(approval: &Value, part: &str) -> String {
    format!("/api/v1/approvals/{}{part}", approval["id"].as_str().unwrap())
}

/// The reviewer decides about what they see.
async fn decides(app: &TestApp, approval: &Value, wish: Value) -> Value {
    let id = approval["id"].as_str().unwrap();
    let seen = app.owner().get(&format!("/api/v1/actions/{id}")).await.ok();
    let mut whole = json!({ "args_hash": seen["args_hash"] });
    whole.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
    app.owner().post(&path(approval, "/decision"), &whole).await.ok()
}

/// The same, and the undo window passes.
pub(crate) async fn decides_for_good(app: &TestApp, approval: &Value, wish: Value) {
    decides(app, approval, wish).await;
    app.advance_ms(UNDO_MS);
}

/// An approval as its agent sees it once it stands like this.
async fn stands(agent: &Client, approval: &Value, status: &str) -> Value {
    eventually(&format!("an approval that is {status}"), async || {
        let now = agent.get(&path(approval, "")).await.ok();
        (now["status"] == status).then_some(now)
    })
    .await
}

/// A proposal as reviewers see it once it stands like this.
pub(crate) async fn came_to(app: &TestApp, action: &Value, status: &str) -> Value {
    let id = action["id"].as_str().unwrap();
    eventually(&format!("an action that is {status}"), async || {
        let now = app.owner().get(&format!("/api/v1/actions/{id}")).await.ok();
        (now["status"] == status).then_some(now)
    })
    .await
}

async fn kinds(app: &TestApp) -> Vec<String> {
    let log = app.owner().get("/api/v1/log?limit=200").await.ok();
    let kind = |entry: &Value| entry["kind"].as_str().unwrap().to_owned();
    log["items"].as_array().unwrap().iter().map(kind).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_is_asked_waited_for_given_and_used_exactly_once() {
    let app = TestApp::start().await;
    let agent = agent_of(&app).await;
    let asked = agent.post("/api/v1/approvals", &refund("call-1")).await.created();
    assert_eq!(
        (&asked["status"], &asked["agent"]),
        (&json!("pending"), &json!("a program"))
    );
    assert_eq!(asked["decision"], Value::Null);
    // Asking again for the same call finds the same; for something else it is refused.
    let again = agent.post("/api/v1/approvals", &refund("call-1")).await.ok();
    assert_eq!(again["id"], asked["id"]);
    let mut other = refund("call-1");
    other["args"]["amount"] = json!(21);
    let refused = agent.post("/api/v1/approvals", &other).await.refused(409);
    assert_eq!(refused["id"], asked["id"]);
    let hash = json!({ "args_hash": asked["args_hash"] });
    agent.post(&path(&asked, "/consume"), &hash).await.refused(409);
    // Whoever waits hears of it as soon as it is final, and not before.
    let waiting = {
        let (agent, at) = (agent.clone(), path(&asked, "?wait_s=55"));
        tokio::spawn(async move { agent.get(&at).await.ok() })
    };
    let decided = decides(&app, &asked, json!({ "type": "approve" })).await;
    assert_eq!(decided["status"], "decided");
    assert_eq!(agent.get(&path(&asked, "")).await.ok()["status"], "pending");
    app.advance_ms(UNDO_MS);
    let approved = waiting.await.unwrap();
    assert_eq!(
        (&approved["status"], &approved["decision"]["type"]),
        (&json!("approved"), &json!("approve"))
    );
    assert_eq!(approved["decision"]["actor"], "Mia");
    let wrong = json!({ "args_hash": "0".repeat(64) });
    agent.post(&path(&asked, "/consume"), &wrong).await.refused(409);
    // Of two who try at once one succeeds.
    let at = path(&asked, "/consume");
    let (one, two) = tokio::join!(agent.post(&at, &hash), agent.post(&at, &hash));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert!(stands(&agent, &asked, "consumed").await["consumed_at"].is_i64());
    agent.post(&path(&asked, "/cancel"), &json!({})).await.refused(409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_stays_within_the_schema_and_only_what_was_edited_may_be_used() {
    let app = TestApp::start().await;
    let agent = agent_of(&app).await;
    let asked = agent.post("/api/v1/approvals", &refund("call-1")).await.created();
    let edit = |args: Value| json!({ "type": "edit", "args_hash": asked["args_hash"], "args": args });
    let outside = edit(json!({ "order": "A7", "amount": 101 }));
    let refused = app
        .owner()
        .post(&path(&asked, "/decision"), &outside)
        .await
        .refused(422);
    assert!(refused["detail"].as_str().unwrap().contains("amount"), "{refused}");
    // Whoever says “approve” with other arguments meant something else.
    let mut approve = edit(json!({ "order": "A7", "amount": 1 }));
    approve["type"] = json!("approve");
    let refused = app
        .owner()
        .post(&path(&asked, "/decision"), &approve)
        .await
        .refused(422);
    assert!(refused["detail"].as_str().unwrap().contains("`edit`"), "{refused}");
    let inside = edit(json!({ "order": "A7", "amount": 12.5 }));
    app.owner().post(&path(&asked, "/decision"), &inside).await.ok();
    // It is taken back, and stands as it was proposed.
    let undone = app.owner().post(&path(&asked, "/undo"), &json!({})).await.ok();
    assert_eq!(
        (&undone["status"], &undone["args"]["amount"]),
        (&json!("waiting"), &json!(20))
    );
    app.owner().post(&path(&asked, "/decision"), &inside).await.ok();
    app.advance_ms(UNDO_MS);
    let approved = stands(&agent, &asked, "approved").await;
    let decision = &approved["decision"];
    assert_eq!(decision["type"], "edit");
    assert_eq!(
        decision["edited_action"],
        json!({ "name": "refund_order", "args": { "order": "A7", "amount": 12.5 } })
    );
    assert_eq!(approved["args"]["amount"], 20, "what was proposed stays on record");
    let proposed = json!({ "args_hash": asked["args_hash"] });
    agent.post(&path(&asked, "/consume"), &proposed).await.refused(409);
    let edited = json!({ "args_hash": decision["args_hash"] });
    let used = agent.post(&path(&asked, "/consume"), &edited).await.ok();
    assert_eq!(used["args"], json!({ "order": "A7", "amount": 12.5 }));
    assert!(
        app.owner().post(&path(&asked, "/decision"), &inside).await.refused(409)["detail"]
            .as_str()
            .unwrap()
            .contains("Mia has decided this already")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_readers_could_take_differently_or_nobody_sees_is_not_asked() {
    let app = TestApp::start().await;
    let agent = agent_of(&app).await;
    let ask = |call: &str, args: &str| {
        format!(r#"{{ "tool_call_id": "{call}", "name": "pay", "args": {args}, "risk": null, "on_timeout": null }}"#)
    };
    let asks = async |body: String| agent.json(Method::POST, "/api/v1/approvals", body).await;
    for twice in [
        r#"{ "amount": 100000, "amount": 2 }"#,
        r#"{ "a": 1, "\u0061": 2 }"#,
        r#"{ "to": { "x": [{ "y": 1, "y": 2 }] } }"#,
    ] {
        let refused = asks(ask("twice", twice)).await;
        assert!(refused.status.is_client_error(), "{twice}");
        assert!(refused.text().contains("stands twice"), "{}", refused.text());
    }
    let named = asks(ask("named", r#"{ "$serde_json::private::RawValue": "{}" }"#)).await;
    assert!(
        named.status.is_client_error() && named.text().contains("cannot be used"),
        "{}",
        named.text()
    );
    let null = asks(ask("null", r#"{ "amount": 2 }"#)).await.created();
    assert_eq!((&null["risk"], &null["on_timeout"]), (&json!("high"), &json!("reject")));
    let unseen = json!({ "tool_call_id": "unseen", "name": "\u{202e}delete", "args": {} });
    agent.post("/api/v1/approvals", &unseen).await.refused(422);
    // A few references that come to millions.
    let mut defs = serde_json::Map::new();
    defs.insert("x0".to_owned(), json!({ "type": "integer" }));
    for level in 1..=23 {
        let below = json!({ "$ref": format!("#/$defs/x{}", level - 1) });
        defs.insert(format!("x{level}"), json!({ "anyOf": [below, below] }));
    }
    let mut bomb = refund("bomb");
    bomb["args_schema"] =
        json!({ "type": "object", "$defs": defs, "properties": { "order": { "$ref": "#/$defs/x23" } } });
    let refused = agent.post("/api/v1/approvals", &bomb).await.refused(422);
    assert!(
        refused["detail"].as_str().unwrap().contains("too intricate"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_approves_for_themselves_or_sees_what_is_others() {
    let app = TestApp::start().await;
    let agent = agent_of(&app).await;
    let asked = agent.post("/api/v1/approvals", &refund("call-1")).await.created();
    let approve = json!({ "type": "approve", "args_hash": asked["args_hash"] });
    agent.post(&path(&asked, "/decision"), &approve).await.refused(403);
    // Not even a token that may review.
    let both = app.program(&["propose", "review"]).await;
    let own = both.post("/api/v1/approvals", &refund("call-1")).await.created();
    let refused = both.post(&path(&own, "/decision"), &approve).await.refused(409);
    assert!(
        refused["detail"].as_str().unwrap().contains("cannot approve"),
        "{refused}"
    );
    both.get(&path(&asked, "")).await.refused(404);
    both.post(&path(&asked, "/consume"), &json!({ "args_hash": asked["args_hash"] }))
        .await
        .refused(404);
    let other = app.other_workspace().await;
    app.member_of(&other)
        .post(&path(&asked, "/decision"), &approve)
        .await
        .refused(404);
    app.program(&["read", "review"])
        .await
        .post("/api/v1/approvals", &refund("x"))
        .await
        .refused(403);
    app.owner().post("/api/v1/approvals", &refund("x")).await.refused(403);
    assert_eq!(
        agent.get("/api/v1/approvals").await.ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_decides_or_nobody_uses_expires_and_the_agent_is_told() {
    let machine = Machine::start().await;
    let app = TestApp::start().await;
    app.app.delivers_through(courier(&machine));
    let agent = agent_of(&app).await;
    let mut late = refund("late");
    late["expires_in_s"] = json!(60);
    late["callback_url"] = json!(format!("http://{}/told", machine.address));
    let late = agent.post("/api/v1/approvals", &late).await.created();
    let mut quiet = refund("quiet");
    quiet["on_timeout"] = json!("cancel");
    quiet["expires_in_s"] = json!(60);
    let quiet = agent.post("/api/v1/approvals", &quiet).await.created();
    let unused = agent.post("/api/v1/approvals", &refund("unused")).await.created();
    decides_for_good(&app, &unused, json!({ "type": "approve" })).await;
    stands(&agent, &unused, "approved").await;
    app.advance_ms(60_000);
    let expired = stands(&agent, &late, "expired").await;
    assert_eq!(expired["decision"]["type"], "expire");
    stands(&agent, &quiet, "cancelled").await;
    let approve = json!({ "type": "approve", "args_hash": late["args_hash"] });
    app.owner().post(&path(&late, "/decision"), &approve).await.refused(409);
    let told = eventually("a webhook", async || machine.requests().into_iter().next()).await;
    let body: Value = serde_json::from_str(&told.2).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]["approval_id"]),
        (&json!("review.expired"), &late["id"])
    );
    app.advance_ms(3_600_000);
    stands(&agent, &unused, "expired").await;
    let hash = json!({ "args_hash": unused["args_hash"] });
    let refused = agent.post(&path(&unused, "/consume"), &hash).await.refused(409);
    assert!(
        refused["detail"].as_str().unwrap().contains("not used in time"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_gone_wild_is_braked_and_the_owner_told() {
    let app = TestApp::start().await;
    let agent = agent_of(&app).await;
    for n in 0..100 {
        agent
            .post("/api/v1/approvals", &refund(&format!("call-{n}")))
            .await
            .created();
    }
    for n in 100..110 {
        let refused = agent
            .post("/api/v1/approvals", &refund(&format!("call-{n}")))
            .await
            .refused(429);
        assert!(
            refused["detail"]
                .as_str()
                .unwrap()
                .contains("that wait for people already"),
            "{refused}"
        );
    }
    let told = kinds(&app)
        .await
        .into_iter()
        .filter(|kind| kind == "agent.braked")
        .count();
    assert_eq!(told, 1);
    // Another agent is not kept waiting by it.
    app.program(&["propose"])
        .await
        .post("/api/v1/approvals", &refund("call-1"))
        .await
        .created();
    let first = agent.get("/api/v1/approvals?limit=1").await.ok()["items"][0].clone();
    agent.post(&path(&first, "/cancel"), &json!({})).await.ok();
    agent.post("/api/v1/approvals", &refund("call-200")).await.created();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_is_refused_with_what_to_do() {
    let app = TestApp::start().await;
    let agent = agent_of(&app).await;
    let changed = |field: &str, value: Value| {
        let mut ask = refund("call-1");
        ask[field] = value;
        ask
    };
    for (field, value, words) in [
        ("tool_call_id", json!(""), "tool_call_id"),
        ("name", json!("a\nb"), "one line"),
        ("args", json!([1]), "JSON object"),
        ("args", json!({ "order": "A7", "amount": 500 }), "amount"),
        (
            "args",
            json!({ "order": "A7", "amount": 9_007_199_254_740_993_i64 }),
            "digits",
        ),
        (
            "args_schema",
            json!({ "type": "object", "properties": { "x": { "$ref": "https://example.org/" } } }),
            "schema",
        ),
        ("expires_in_s", json!(5), "minute"),
        ("allowed_decisions", json!([]), "at least one"),
        ("allowed_decisions", json!(["dance"]), "dance"),
        ("callback_url", json!("http://127.0.0.1:9/"), "encrypted"),
        (
            "callback_url",
            json!("https://10.0.0.1/"),
            "inside this machine or its network",
        ),
    ] {
        let refused = agent
            .post("/api/v1/approvals", &changed(field, value))
            .await
            .refused(422);
        assert!(
            refused["detail"].as_str().unwrap().contains(words),
            "{field}: {refused}"
        );
    }
    agent
        .post(
            "/api/v1/approvals",
            &changed("args", json!({ "text": "x".repeat(1 << 20) })),
        )
        .await
        .refused(413);
    let unknown = changed("conversation_id", json!("01981b2e-7c1a-7000-8000-000000000000"));
    agent.post("/api/v1/approvals", &unknown).await.refused(404);
    // An agent that deals with yes and no only is answered so.
    let narrow = agent
        .post(
            "/api/v1/approvals",
            &changed("allowed_decisions", json!(["reject", "approve"])),
        )
        .await
        .created();
    let respond = json!({ "type": "respond", "args_hash": narrow["args_hash"], "message": "Ask Tom." });
    let refused = app
        .owner()
        .post(&path(&narrow, "/decision"), &respond)
        .await
        .refused(422);
    assert!(
        refused["detail"].as_str().unwrap().contains("approve, reject"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_listens_hears_of_every_change() {
    let app = TestApp::start().await;
    let agent = agent_of(&app).await;
    let first = agent.post("/api/v1/approvals", &refund("call-1")).await.created();
    let mut events = agent.events("/api/v1/approvals/stream").await;
    let told = events.named("approval").await;
    assert_eq!(
        (&told.data["id"], &told.data["status"]),
        (&first["id"], &json!("pending"))
    );
    decides_for_good(&app, &first, json!({ "type": "reject", "message": "It was a gift." })).await;
    let told = events.named("approval").await;
    assert_eq!(
        (&told.data["status"], &told.data["decision"]["message"]),
        (&json!("rejected"), &json!("It was a gift."))
    );
    // Whoever comes back hears what happened meanwhile.
    let second = agent.post("/api/v1/approvals", &refund("call-2")).await.created();
    let last = events.named("approval").await.id.unwrap();
    drop(events);
    decides_for_good(&app, &second, json!({ "type": "approve" })).await;
    stands(&agent, &second, "approved").await;
    let hash = json!({ "args_hash": second["args_hash"] });
    agent.post(&path(&second, "/consume"), &hash).await.ok();
    let mut events = agent
        .clone()
        .with("Last-Event-ID", &last.to_string())
        .events("/api/v1/approvals/stream")
        .await;
    let told = eventually_told(&mut events, &second).await;
    assert_eq!(told["status"], "consumed");
}

async fn eventually_told(events: &mut Events, approval: &Value) -> Value {
    loop {
        let told = events.named("approval").await.data;
        if told["id"] == approval["id"] {
            return told;
        }
    }
}

// ---- tools of one's own

/// A tool that asks this machine.
pub(crate) fn tool(machine: &Machine) -> Value {
    json!({
        "name": "refund_order",
        "title": "Refund an order",
        "description": "Gives the money back.",
        "schema": {
            "type": "object",
            "properties": { "order": { "type": "string" }, "amount": { "type": "number" } },
            "required": ["order", "amount"],
            "additionalProperties": false,
        },
        "run": {
            "kind": "http",
            "url": format!("http://{}/orders/{{order}}/refunds", machine.address),
            "headers": { "Authorization": "Bearer {secret:shop}" },
            "timeout_s": 2,
        },
        "says": { "done": "{amount} euros for order {order} are on their way.", "failed": "That did not work.", "rejected": "Sorry, no." },
    })
}

/// A server with a tool that asks this machine, and its secret.
pub(crate) async fn equipped(machine: &Machine, change: impl Fn(&mut Value)) -> TestApp {
    let app = TestApp::start().await;
    app.app.delivers_through(courier(machine));
    let mut tool = tool(machine);
    change(&mut tool);
    let defined = app
        .owner()
        .json(Method::PUT, "/api/v1/tools/refund_order", tool.to_string())
        .await
        .ok();
    assert_eq!(defined["missing_secrets"], json!(["shop"]));
    let secret = json!({ "value": "s3cr3t-of-the-shop" }).to_string();
    app.owner().json(Method::PUT, "/api/v1/secrets/shop", secret).await.ok();
    app
}

async fn proposed(app: &TestApp, amount: f64, conversation: Option<&str>) -> Value {
    let wish = json!({
        "tool": "refund_order", "args": { "order": "A/7", "amount": amount }, "conversation_id": conversation
    });
    app.owner().post("/api/v1/actions", &wish).await.created()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_approved_is_sent_once_as_it_was_shown_and_the_visitor_is_told() {
    let machine = Machine::start().await;
    let app = equipped(&machine, |_| {}).await;
    let visitor = app.visitor().await;
    visitor.says("My bell is broken.").await;
    let action = proposed(&app, 20.0, Some(&visitor.conversation_id)).await;
    let shown = &action["request"];
    assert_eq!(shown["url"], format!("http://{}/orders/A%2F7/refunds", machine.address));
    assert!(shown["headers"].to_string().contains("{secret:shop}"), "{shown}");
    decides_for_good(&app, &action, json!({ "type": "approve" })).await;
    let done = came_to(&app, &action, "executed").await;
    assert!(done["result"].as_str().unwrap().contains("200"), "{done}");
    let requests = machine.requests();
    let [(line, headers, body)] = requests.as_slice() else {
        panic!("one request: {requests:?}");
    };
    assert_eq!(line, "POST /orders/A%2F7/refunds");
    assert_eq!(headers["authorization"], "Bearer s3cr3t-of-the-shop");
    assert_eq!(headers["idempotency-key"], action["id"].as_str().unwrap());
    assert_eq!(Some(body.as_str()), shown["body"].as_str());
    let said = visitor.conversation().await["messages"].to_string();
    assert!(
        said.contains("20.0 euros for order A/7 are on their way.")
            || said.contains("20 euros for order A/7 are on their way."),
        "{said}"
    );
    // The secret stands nowhere but in its own place.
    let log = app.owner().get("/api/v1/log?limit=200").await.ok().to_string();
    assert!(!log.contains("s3cr3t"), "{log}");
    let started: Vec<String> = kinds(&app)
        .await
        .into_iter()
        .filter(|kind| kind.starts_with("action."))
        .collect();
    assert!(
        started.contains(&"action.started".to_owned()) && started.contains(&"action.executed".to_owned()),
        "{started:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_is_silent_lies_or_leads_away_is_never_asked_twice_unless_that_is_harmless() {
    let machine = Machine::start().await;
    let app = equipped(&machine, |_| {}).await;
    for (plan, status, words) in [
        (Plan::Silence, "unknown", "no whole answer"),
        (
            Plan::Status(500, "text/plain", "we broke: Bearer s3cr3t-of-the-shop"),
            "unknown",
            "500",
        ),
        (
            Plan::Status(200, "text/html", "<html>Sign in</html>"),
            "unknown",
            "instead of JSON",
        ),
        (Plan::Endless, "unknown", "instead of JSON"),
        (Plan::Status(404, "application/json", "{}"), "failed", "404"),
        (Plan::Status(429, "text/plain", "later"), "failed", "429"),
        (
            Plan::LeadsTo("http://127.0.0.1:1/inside".to_owned()),
            "failed",
            "leads elsewhere",
        ),
    ] {
        let before = machine.requests().len();
        machine.plans(plan.clone());
        let action = proposed(&app, 20.0, None).await;
        decides_for_good(&app, &action, json!({ "type": "approve" })).await;
        let ended = came_to(&app, &action, status).await;
        let result = ended["result"].as_str().unwrap();
        assert!(
            result.contains(words) && !result.contains("s3cr3t"),
            "{plan:?}: {result}"
        );
        assert!(result.len() < 9_000, "{plan:?}");
        assert_eq!(machine.requests().len(), before + 1, "{plan:?}");
        if status == "unknown" {
            let found = format!("/api/v1/actions/{}/found-out", action["id"].as_str().unwrap());
            let settled = app.owner().post(&found, &json!({ "was_done": false })).await.ok();
            assert_eq!(settled["status"], "failed");
            app.owner()
                .post(&found, &json!({ "was_done": true }))
                .await
                .refused(409);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_repeated_is_under_one_key_and_byte_for_byte_the_same() {
    let machine = Machine::start().await;
    let app = equipped(&machine, |tool| tool["idempotent"] = json!(true)).await;
    machine.plans(Plan::Status(500, "text/plain", "we broke"));
    machine.plans(Plan::Status(503, "text/plain", "later"));
    let action = proposed(&app, 20.0, None).await;
    decides_for_good(&app, &action, json!({ "type": "approve" })).await;
    for attempts in 1..=2 {
        eventually("an attempt", async || {
            (machine.requests().len() == attempts).then_some(())
        })
        .await;
        eventually("its end", async || {
            let now = app
                .owner()
                .get(&format!("/api/v1/actions/{}", action["id"].as_str().unwrap()))
                .await
                .ok();
            now["result"]
                .as_str()
                .is_some_and(|it| it.contains(["500", "503"][attempts - 1]))
                .then_some(())
        })
        .await;
        app.advance_ms(10_000);
    }
    let done = came_to(&app, &action, "executed").await;
    assert_eq!(done["attempts"], 3);
    let requests = machine.requests();
    let same = |came: &Came| (came.0.clone(), came.1["idempotency-key"].clone(), came.2.clone());
    assert!(
        requests.len() == 3 && requests.iter().all(|came| same(came) == same(&requests[0])),
        "{requests:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_limits_of_the_day_and_several_people_hold() {
    let machine = Machine::start().await;
    let app = equipped(&machine, |tool| {
        tool["rules"] = json!([
            { "arg": "amount", "above": 100, "then": "wait", "people": 2 },
            { "arg": "amount", "above": 1000, "then": "refuse", "why": "the bank does that" },
        ]);
        tool["daily"] = json!({ "arg": "amount", "sum": 250 });
    })
    .await;
    let wish = json!({ "tool": "refund_order", "args": { "order": "A7", "amount": 1001 } });
    let refused = app.owner().post("/api/v1/actions", &wish).await.refused(422);
    assert_eq!(refused["detail"], "The bank does that.");
    // Two different people, for the very same arguments.
    let large = proposed(&app, 150.0, None).await;
    assert_eq!(large["quorum"], 2);
    let first = decides(&app, &large, json!({ "type": "approve" })).await;
    assert_eq!(
        (&first["status"], &first["approved_by"]),
        (&json!("waiting"), &json!(["Mia"]))
    );
    let hash = json!({ "type": "approve", "args_hash": large["args_hash"] });
    app.owner().post(&path(&large, "/decision"), &hash).await.refused(409);
    let ben =
        json!({ "name": "Ben", "email": "ben@quillhaven.example", "password": "a kite over the bay", "role": "admin" });
    app.owner().post("/api/v1/admin/members", &ben).await.created();
    let ben = app.administrator().with("Holdpoint-Member", "ben@quillhaven.example");
    ben.post(&path(&large, "/decision"), &hash).await.ok();
    app.advance_ms(UNDO_MS);
    came_to(&app, &large, "executed").await;
    // An edit may not slip under the rule that asks for two.
    let small = proposed(&app, 20.0, None).await;
    let edited = decides(
        &app,
        &small,
        json!({ "type": "edit", "args": { "order": "A7", "amount": 101 } }),
    )
    .await;
    assert_eq!((&edited["status"], &edited["quorum"]), (&json!("waiting"), &json!(2)));
    let reject = json!({ "type": "reject" });
    decides_for_good(&app, &small, reject).await;
    came_to(&app, &small, "rejected").await;
    // 150 of 250 are used up today.
    let more = proposed(&app, 100.5, None).await;
    // A rule asks for two here; the limit is looked at when it is decided.
    decides(&app, &more, json!({ "type": "approve" })).await;
    let hash = json!({ "type": "approve", "args_hash": more["args_hash"] });
    let refused = ben.post(&path(&more, "/decision"), &hash).await.refused(422);
    assert!(
        refused["detail"].as_str().unwrap().contains("150 is used up"),
        "{refused}"
    );
    app.advance_ms(24 * 3_600_000 - 60_000);
    assert_eq!(machine.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_leads_inside_or_makes_no_sense_is_refused_and_only_admins_define_one() {
    let machine = Machine::start().await;
    let app = TestApp::start().await;
    let define = async |client: &Client, tool: &Value| {
        let path = format!("/api/v1/tools/{}", tool["name"].as_str().unwrap());
        client.json(Method::PUT, &path, tool.to_string()).await
    };
    let mut it = tool(&machine);
    let refused = define(&app.owner(), &it).await.refused(422);
    assert!(
        refused["detail"].as_str().unwrap().contains("webhook_hosts"),
        "{refused}"
    );
    it["run"]["url"] = json!("https://shop.example/{nothing}");
    define(&app.owner(), &it).await.refused(422);
    it["run"]["url"] = json!("https://shop.example/{order}");
    define(&app.program(&["read", "review"]).await, &it).await.refused(403);
    let first = define(&app.owner(), &it).await.ok();
    assert_eq!(
        define(&app.owner(), &it).await.ok()["id"],
        first["id"],
        "nothing has changed"
    );
    it["title"] = json!("Refund");
    assert_eq!(define(&app.owner(), &it).await.ok()["version"], 2);
    app.owner().delete("/api/v1/tools/refund_order").await.done();
    app.owner().get("/api/v1/tools/refund_order").await.refused(404);
    let wish = json!({ "tool": "refund_order", "args": { "order": "A7", "amount": 1 } });
    app.owner().post("/api/v1/actions", &wish).await.refused(404);
    let secrets = app.owner().get("/api/v1/secrets").await.ok().to_string();
    assert!(!secrets.contains("value"), "{secrets}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_a_calendar_entry_and_what_may_run_alone_are_done_by_holdpoint_itself() {
    let app = TestApp::start().await;
    let lead = json!({
        "name": "call_back", "title": "Call back",
        "schema": { "type": "object", "properties": { "who": { "type": "string" }, "phone": { "type": "string" } }, "required": ["phone"] },
        "run": { "kind": "lead", "name": "{who}", "contact": "{phone}" },
        "risk": "low", "reversible": true, "alone": true,
    });
    app.owner()
        .json(Method::PUT, "/api/v1/tools/call_back", lead.to_string())
        .await
        .ok();
    let entry = json!({
        "name": "fitting", "title": "Fitting",
        "schema": { "type": "object", "properties": { "when": { "type": "string" } }, "required": ["when"] },
        "run": { "kind": "calendar", "title": "Fitting", "starts": "{when}" },
    });
    app.owner()
        .json(Method::PUT, "/api/v1/tools/fitting", entry.to_string())
        .await
        .ok();
    let wish = json!({ "tool": "call_back", "args": { "who": "Ann", "phone": "555 0100" } });
    let alone = app.owner().post("/api/v1/actions", &wish).await.created();
    came_to(&app, &alone, "executed").await;
    let leads = app.owner().get("/api/v1/leads").await.ok();
    assert_eq!(
        (&leads["items"][0]["name"], &leads["items"][0]["contact"]),
        (&json!("Ann"), &json!("555 0100"))
    );
    assert_eq!(leads["items"].as_array().unwrap().len(), 1);
    let no_time = json!({ "tool": "fitting", "args": { "when": "soon" } });
    app.owner().post("/api/v1/actions", &no_time).await.refused(422);
    let wish = json!({ "tool": "fitting", "args": { "when": "2027-01-31T15:00" } });
    let held = app.owner().post("/api/v1/actions", &wish).await.created();
    let file = format!("/api/v1/actions/{}/entry.ics", held["id"].as_str().unwrap());
    app.owner().get(&file).await.refused(404);
    decides_for_good(&app, &held, json!({ "type": "approve" })).await;
    came_to(&app, &held, "executed").await;
    let answer = app.owner().get(&file).await;
    assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8");
    assert!(answer.text().contains("DTSTART:20270131T"), "{}", answer.text());
}

/// Python's own reader of mails; nothing where there is no Python.
async fn read_by_python(mail: &str) -> Option<Value> {
    const READER: &str = "import sys, json, email, email.policy
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
files = [(p.get_filename(), p.get_content_type(), p.get_content_disposition(), p.get_payload(decode=True).decode()) for p in mail.iter_attachments()]
print(json.dumps({'text': mail.get_body(('plain',)).get_content(), 'subject': mail['subject'], 'files': files}))";
    let mut python = tokio::process::Command::new("python3")
        .args(["-c", READER])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = python.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, mail.as_bytes())
        .await
        .unwrap();
    drop(stdin);
    let output = python.wait_with_output().await.unwrap();
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_calendar_entry_is_mailed_as_the_very_file_that_was_approved() {
    let app = TestApp::start().await;
    let smtp = super::smtp::SmtpServer::of(&app).await;
    let entry = json!({
        "name": "fitting", "title": "Fitting",
        "schema": { "type": "object", "properties": { "when": { "type": "string" }, "note": { "type": "string" } }, "required": ["when"] },
        "run": { "kind": "calendar", "title": "Anprobe für Ann", "starts": "{when}", "note": "{note}", "place": "The shop", "to": "ann@example.org" },
    });
    app.owner()
        .json(Method::PUT, "/api/v1/tools/fitting", entry.to_string())
        .await
        .ok();
    let note = format!("Bring the bicycle. {}", "Größe ".repeat(30));
    let wish = json!({ "tool": "fitting", "args": { "when": "2027-01-31T15:00", "note": note } });
    let held = app.owner().post("/api/v1/actions", &wish).await.created();
    // What is shown is what is stored, to the byte.
    let shown = held["request"].clone();
    let (file, text) = (shown["file"].as_str().unwrap(), shown["text"].as_str().unwrap());
    assert!(file.ends_with("END:VCALENDAR\r\n") && text.starts_with("Anprobe für Ann\n2027-01-31 15:00\nThe shop\n"));
    let page = app
        .owner()
        .get(&format!("/actions/{}", held["id"].as_str().unwrap()))
        .await
        .text();
    assert!(page.contains("entry.ics") && page.contains("BEGIN:VCALENDAR"), "{page}");
    decides_for_good(&app, &held, json!({ "type": "approve" })).await;
    came_to(&app, &held, "executed").await;
    let mail = eventually("the mail", async || smtp.received().pop()).await;
    assert_eq!(mail.to, "ann@example.org");
    assert!(
        mail.data.contains("text/calendar") && mail.data.contains("multipart/mixed"),
        "{}",
        mail.data
    );
    let Some(read) = read_by_python(&mail.data).await else {
        eprintln!("skipped: there is no python3 to read the mail with");
        return;
    };
    assert_eq!(
        read["files"],
        json!([["entry.ics", "text/calendar", "attachment", file]])
    );
    assert_eq!(read["text"].as_str().unwrap().replace("\r\n", "\n"), text);
    assert_eq!(read["subject"], "Anprobe für Ann");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_no_the_ai_is_told_that_it_was_not_done() {
    let machine = Machine::start().await;
    let app = equipped(&machine, |_| {}).await;
    let agents = app.owner().get("/api/v1/agents").await.ok();
    let mut settings = agents["items"][0]["settings"].clone();
    settings["modes"] = json!(["compose"]);
    let agent = format!("/api/v1/agents/{}", app.workspace.agent_id);
    app.owner().json(Method::PUT, &agent, settings.to_string()).await.ok();
    let visitor = app.visitor().await;
    visitor.says(super::app::OPENING_HOURS).await;
    app.item_of(&visitor).await;
    let action = proposed(&app, 20.0, Some(&visitor.conversation_id)).await;
    let no = json!({ "type": "reject", "message": "Send the bell back first." });
    decides_for_good(&app, &action, no).await;
    came_to(&app, &action, "rejected").await;
    assert!(
        visitor.conversation().await["messages"]
            .to_string()
            .contains("Sorry, no.")
    );
    visitor.says("And on Saturday, when do you open?").await;
    app.advance_ms(3_000);
    let last = eventually("a prompt for the new message", async || {
        let prompt = app.engine.last_prompt()?;
        let last = prompt.messages.last()?.content.clone();
        last.contains("when do you open?").then_some(last)
    })
    .await;
    assert!(
        last.contains("NOT done, a person declined it") && last.contains("Send the bell back first."),
        "{last}"
    );
    assert!(machine.requests().is_empty());
}
