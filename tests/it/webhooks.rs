//! Webhooks, delivered to real HTTP servers on loopback.

mod bad_input;
mod reference;
mod subscriptions;

use super::app::{OPENING_HOURS, TestApp, eventually};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use holdpoint::app::webhooks::Courier;
use holdpoint::outbound::{Limits, Outbound, Proxies, Resolve};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const HOUR_MS: i64 = 3_600_000;
/// After how long the chain of these tests tells somebody.
const STEP_MS: i64 = 5 * 60_000;

/// How the receiver answers the next request; it accepts what no answer was planned for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Plan {
    Status(u16),
    LeadsTo(String),
    /// It takes the request and says nothing.
    Silence,
    /// It accepts, with a body of 10 MB.
    Huge,
}

#[derive(Debug, Default)]
struct Seen {
    requests: Vec<(HeaderMap, String)>,
    plans: VecDeque<Plan>,
}

struct Receiver {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

async fn receive(State(seen): State<Arc<Mutex<Seen>>>, headers: HeaderMap, body: Bytes) -> Response {
    let plan = {
        let mut seen = seen.lock().unwrap();
        seen.requests.push((headers, String::from_utf8(body.to_vec()).unwrap()));
        seen.plans.pop_front()
    };
    match plan {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(Plan::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Plan::LeadsTo(place)) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place)]).into_response(),
        Some(Plan::Silence) => std::future::pending().await,
        Some(Plan::Huge) => vec![b'x'; 10 << 20].into_response(),
    }
}

impl Receiver {
    async fn start(plans: &[Plan]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen {
            plans: plans.iter().cloned().collect(),
            ..Seen::default()
        }));
        let router = Router::new().fallback(receive).with_state(seen.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, seen }
    }

    fn url(&self) -> String {
        format!("http://{}/hooks?key=hidden", self.address)
    }

    fn requests(&self) -> Vec<(HeaderMap, String)> {
        self.seen.lock().unwrap().requests.clone()
    }
}

const LIMITS: Limits = Limits {
    connect: Duration::from_millis(500),
    answer: Duration::from_millis(500),
    quiet: Duration::from_millis(500),
};

/// Every name leads into the house.
#[derive(Debug)]
struct AllInside;

impl Resolve for AllInside {
    fn resolve<'a>(&'a self, _host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        async move { Ok(vec![SocketAddr::from(([10, 0, 0, 7], port))]) }.boxed()
    }
}

/// Webhooks may reach these hosts of this machine.
fn delivers_to(app: &TestApp, hosts: &[&Receiver]) {
    app.app.delivers_through(Courier {
        outbound: Outbound::new(Proxies::none(), LIMITS),
        internal: hosts.iter().map(|receiver| receiver.address.to_string()).collect(),
    });
}

async fn test(app: &TestApp, receiver: &Receiver) -> Value {
    let wish = json!({ "url": receiver.url() });
    app.owner().post("/api/v1/webhooks/test", &wish).await.created()
}

/// The only webhook after so many attempts.
async fn tried(app: &TestApp, attempts: i64) -> Value {
    eventually(&format!("{attempts} attempts"), async || {
        let list = app.owner().get("/api/v1/webhooks/deliveries").await.ok();
        let webhook = list["items"].as_array().unwrap().first()?.clone();
        (webhook["attempts"] == attempts).then_some(webhook)
    })
    .await
}

async fn secret(app: &TestApp, renew: bool) -> Value {
    let wish = json!({ "renew": renew });
    app.owner().post("/api/v1/webhooks/secret", &wish).await.ok()
}

/// As the specification's own library checks it, which would not take a time of the moved clock.
fn verifies(secret: &str, (headers, body): &(HeaderMap, String)) -> bool {
    let checker = standardwebhooks::Webhook::new(secret).unwrap();
    let header = |name: &str| headers[name].to_str().unwrap();
    let seconds = header("webhook-timestamp").parse().unwrap();
    let expected = checker.sign(header("webhook-id"), seconds, body.as_bytes()).unwrap();
    header("webhook-signature")
        .split(' ')
        .any(|signature| signature == expected)
}

async fn log(app: &TestApp) -> String {
    app.owner().get("/api/v1/log?limit=200").await.ok().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_long_is_told_to_a_program_with_ids_and_a_link_and_nothing_that_was_said() {
    let app = TestApp::start().await;
    let receiver = Receiver::start(&[]).await;
    delivers_to(&app, &[&receiver]);
    let chain = json!({ "escalation": [{ "after_ms": STEP_MS, "webhook": receiver.url() }] });
    app.owner()
        .json(Method::PUT, "/api/v1/team/settings", chain.to_string())
        .await
        .ok();
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    app.advance_ms(STEP_MS);
    let webhook = tried(&app, 1).await;
    assert_eq!(
        (&webhook["state"], &webhook["type"]),
        (&json!("delivered"), &json!("review.escalated"))
    );
    let requests = receiver.requests();
    let [request] = requests.as_slice() else {
        panic!("not one request but {requests:?}")
    };
    let secret = secret(&app, false).await["secret"].as_str().unwrap().to_owned();
    assert!(
        secret.starts_with("whsec_") && verifies(&secret, request),
        "{request:?}"
    );
    let (headers, body) = request;
    assert_eq!(headers["webhook-id"], webhook["id"].as_str().unwrap());
    assert!(!body.contains("shop open"), "{body}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["type"], "review.escalated");
    assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
    let data = &body["data"];
    assert_eq!((&data["item_id"], &data["step"]), (&item["id"], &json!(1)));
    assert_eq!(data["conversation_id"], visitor.conversation_id.as_str());
    assert!(
        data["link"]
            .as_str()
            .unwrap()
            .ends_with(&format!("/queue/{}", item["id"].as_str().unwrap()))
    );

    let log = log(&app).await;
    assert!(
        log.contains("webhook.delivered") && log.contains("review.escalated"),
        "{log}"
    );
    assert!(!log.contains(&secret) && !log.contains(secret.trim_start_matches("whsec_")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_silent_and_then_broken_gets_it_again_under_the_same_id() {
    let app = TestApp::start().await;
    let receiver = Receiver::start(&[Plan::Silence, Plan::Status(500)]).await;
    delivers_to(&app, &[&receiver]);
    test(&app, &receiver).await;
    let silent = tried(&app, 1).await;
    assert_eq!(silent["state"], "queued");
    assert!(
        silent["last_error"].as_str().unwrap().contains("sent nothing"),
        "{silent}"
    );
    assert!(!silent["url"].as_str().unwrap().contains("hidden"), "{silent}");
    app.advance_ms(5_100);
    let broken = tried(&app, 2).await;
    assert!(broken["last_error"].as_str().unwrap().contains("500"), "{broken}");
    app.advance_ms(5 * 60_000 + 100);
    let webhook = tried(&app, 3).await;
    assert_eq!(
        (&webhook["state"], &webhook["last_error"]),
        (&json!("delivered"), &Value::Null)
    );
    let requests = receiver.requests();
    let ids: Vec<_> = requests
        .iter()
        .map(|(headers, _)| headers["webhook-id"].clone())
        .collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(requests.iter().all(|(_, body)| *body == requests[0].1));
    let times: Vec<_> = requests
        .iter()
        .map(|(headers, _)| headers["webhook-timestamp"].clone())
        .collect();
    assert_ne!(times[0], times[2], "each attempt is signed with its own time");

    // By hand it is delivered again, whatever became of it.
    let again = format!("/api/v1/webhooks/deliveries/{}/retry", webhook["id"].as_str().unwrap());
    app.owner().post(&again, &json!({})).await.ok();
    tried(&app, 1).await;
    assert_eq!(receiver.requests().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_not_asked_again_and_one_that_is_down_ten_times() {
    let app = TestApp::start().await;
    let gone = Receiver::start(&[Plan::Status(410)]).await;
    let down = Receiver::start(&vec![Plan::Status(503); 20]).await;
    delivers_to(&app, &[&gone, &down]);
    test(&app, &gone).await;
    let given_up = tried(&app, 1).await;
    assert_eq!(given_up["state"], "failed");
    assert!(given_up["last_error"].as_str().unwrap().contains("gone"), "{given_up}");
    app.advance_ms(24 * HOUR_MS);
    test(&app, &down).await;
    for attempts in 1..10 {
        tried(&app, attempts).await;
        app.advance_ms(24 * HOUR_MS + 100);
    }
    let given_up = tried(&app, 10).await;
    assert_eq!(
        (&given_up["state"], &given_up["next_at"]),
        (&json!("failed"), &Value::Null)
    );
    assert_eq!((gone.requests().len(), down.requests().len()), (1, 10));
    assert_eq!(log(&app).await.matches("webhook.failed").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_keep_failing_are_told_of_until_they_are_taken_or_old_news() {
    let app = TestApp::start().await;
    let receiver = Receiver::start(&[Plan::Status(500), Plan::Status(500)]).await;
    let gone = Receiver::start(&[Plan::Status(410)]).await;
    delivers_to(&app, &[&receiver, &gone]);
    let status = async || app.owner().get("/api/v1/status").await.ok()["webhooks"].clone();
    let told = async || {
        let page = app.owner().get("/log").await.text();
        page.contains("1 webhook keeps failing") && page.contains("holdpoint webhook retry ID")
    };
    let queued = test(&app, &receiver).await;
    tried(&app, 1).await;
    assert_eq!(status().await["well"], true, "the receiver may just be starting");
    app.advance_ms(5_100);
    tried(&app, 2).await;
    let failing = status().await;
    assert_eq!((&failing["well"], &failing["count"]), (&json!(false), &json!(1)));
    assert_eq!(failing["since"], queued["created_at"]);
    let words = failing["in_words"].as_str().unwrap();
    assert!(
        words.starts_with("1 webhook keeps failing, the oldest since 20"),
        "{words}"
    );
    assert!(told().await);
    app.advance_ms(5 * 60_000 + 100);
    tried(&app, 3).await;
    assert_eq!(status().await["well"], true);
    assert!(!told().await);

    test(&app, &gone).await;
    tried(&app, 1).await;
    assert_eq!(status().await["count"], 1, "what was given up counts at once");
    assert!(told().await);
    app.advance_ms(8 * 24 * HOUR_MS);
    assert_eq!(status().await["well"], true, "and not for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_into_the_house() {
    let app = TestApp::start().await;
    let inside = Receiver::start(&[]).await;
    let outside = Receiver::start(&[Plan::LeadsTo(inside.url())]).await;
    delivers_to(&app, &[&outside]);
    // An address inside is refused as soon as it is entered,
    for url in [
        inside.url(),
        "https://169.254.169.254/latest".to_owned(),
        "https://[::1]/".to_owned(),
    ] {
        let refused = app
            .owner()
            .post("/api/v1/webhooks/test", &json!({ "url": url }))
            .await
            .refused(422);
        assert!(
            refused["detail"].as_str().unwrap().contains("webhook_hosts"),
            "{refused}"
        );
        let chain = json!({ "escalation": [{ "after_ms": STEP_MS, "webhook": url }] });
        app.owner()
            .json(Method::PUT, "/api/v1/team/settings", chain.to_string())
            .await
            .refused(422);
    }
    // and where a receiver sends on to, nobody goes, inside or not.
    test(&app, &outside).await;
    let webhook = tried(&app, 1).await;
    assert_eq!(webhook["state"], "queued");
    assert!(
        webhook["last_error"].as_str().unwrap().contains("not followed"),
        "{webhook}"
    );
    assert_eq!((outside.requests().len(), inside.requests().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_leads_nobody_into_the_house_and_stands_before_the_hosts_that_are_listed() {
    let app = TestApp::start().await;
    // It answers whatever it is asked for.
    let proxy = Receiver::start(&[]).await;
    app.app.delivers_through(Courier {
        outbound: Outbound::with_resolver(
            Proxies::of(&format!("http://{}", proxy.address), ""),
            LIMITS,
            Arc::new(AllInside),
        ),
        internal: vec!["listed.example".to_owned()],
    });
    let send = async |url: &str| {
        let wish = json!({ "url": url });
        app.owner().post("/api/v1/webhooks/test", &wish).await.created();
        tried(&app, 1).await
    };
    let webhook = send("https://intranet.example/hooks").await;
    let met = webhook["last_error"].as_str().unwrap();
    assert!(met.contains("webhook_hosts"), "{webhook}");
    assert_eq!(proxy.requests().len(), 0);
    let webhook = send("http://listed.example/hooks").await;
    assert_eq!(webhook["state"], "delivered", "{webhook}");
    assert_eq!(proxy.requests()[0].0["host"], "listed.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tries_a_receiver_or_makes_the_secret_stands_in_the_log() {
    let app = TestApp::start().await;
    let receiver = Receiver::start(&[]).await;
    delivers_to(&app, &[&receiver]);
    let by_member = async |kind: &str| {
        let log = app.owner().get("/api/v1/log?limit=200").await.ok();
        let entries = log["items"].as_array().unwrap().iter();
        let ours = entries.filter(|entry| entry["kind"] == kind);
        ours.filter(|entry| entry["actor"].as_str().unwrap().starts_with("member:"))
            .count()
    };
    secret(&app, false).await;
    secret(&app, false).await;
    assert_eq!(by_member("webhook.secret_changed").await, 1, "made once, then shown");
    secret(&app, true).await;
    assert_eq!(by_member("webhook.secret_changed").await, 2);
    test(&app, &receiver).await;
    tried(&app, 1).await;
    assert_eq!(by_member("webhook.tested").await, 1);
    assert!(!log(&app).await.contains("hidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_exchanged_without_a_gap() {
    let app = TestApp::start().await;
    let receiver = Receiver::start(&[]).await;
    delivers_to(&app, &[&receiver]);
    let old = secret(&app, false).await["secret"].as_str().unwrap().to_owned();
    assert_eq!(secret(&app, false).await["secret"], old.as_str());
    let renewed = secret(&app, true).await;
    let new = renewed["secret"].as_str().unwrap().to_owned();
    assert!(old != new && renewed["both_until"].is_i64());
    test(&app, &receiver).await;
    tried(&app, 1).await;
    app.advance_ms(25 * HOUR_MS);
    test(&app, &receiver).await;
    let requests = eventually("the second webhook", async || {
        let requests = receiver.requests();
        (requests.len() == 2).then_some(requests)
    })
    .await;
    assert!(verifies(&old, &requests[0]) && verifies(&new, &requests[0]));
    let (headers, body) = &requests[0];
    let checker = standardwebhooks::Webhook::new(&new).unwrap();
    assert!(
        checker.verify(body.as_bytes(), headers).is_ok(),
        "sent at the machine's own time"
    );
    assert!(!verifies(&old, &requests[1]) && verifies(&new, &requests[1]));
    let log = log(&app).await;
    assert!(log.contains("webhook.secret_changed") && !log.contains("whsec_"));

    // It is for those who administer the workspace.
    let program = app.program(&["read", "review"]).await;
    program.post("/api/v1/webhooks/secret", &json!({})).await.refused(403);
    program.get("/api/v1/webhooks/deliveries").await.refused(403);
}
