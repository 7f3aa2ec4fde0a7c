//! Webhooks in a real browser, by keyboard and on a phone, with a real receiver.

use super::node::Script;
use super::shop;
use crate::app::{OWNER_EMAIL, OWNER_PASSWORD};
use axum::Router;
use holdpoint::app::webhooks::Courier;
use holdpoint::outbound::{Limits, Outbound, Proxies};
use http::StatusCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_has_an_address_told_tries_pauses_and_removes_it_by_keyboard() {
    let Some(script) = Script::find("console-webhooks.mjs") else {
        return;
    };
    let app = shop().await;
    let taken = Arc::new(AtomicUsize::new(0));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counted = taken.clone();
    let router = Router::new().fallback(async move || {
        counted.fetch_add(1, Ordering::SeqCst);
        StatusCode::NO_CONTENT
    });
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    app.app.delivers_through(Courier {
        outbound: Outbound::new(Proxies::none(), Limits::default()),
        internal: vec![address.to_string()],
    });
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_RECEIVER", format!("http://{address}/hooks?key=hidden"))
        .pictures("webhooks")
        .run(async |step| {
            if step == "tried" {
                assert!(taken.load(Ordering::SeqCst) >= 1);
            }
        })
        .await;
    let log = app.owner().get("/api/v1/log?limit=200").await.ok().to_string();
    assert!(log.contains("webhook.unsubscribed") && !log.contains("hidden") && !log.contains("whsec_"));
}
