//! Receivers that mean harm or are broken, and addresses that lead where nobody may be led.

use super::super::app::{TestApp, eventually};
use super::subscriptions::{bodies, path, subscribe};
use super::{LIMITS, Plan, Receiver, delivers_to, test, tried};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use holdpoint::app::webhooks::Courier;
use holdpoint::outbound::{Outbound, Proxies, Resolve};
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// It sends its answer one byte at a time, for ever.
async fn drips() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else {
                return;
            };
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let _read = stream.read(&mut request).await;
                for byte in b"HTTP/1.1 200 OK\r\nx: ".iter().chain(std::iter::repeat(&b'y')) {
                    if stream.write_all(&[*byte]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_drips_is_left_and_one_that_talks_too_much_is_not_listened_to() {
    let app = TestApp::start().await;
    let (slow, talks) = (drips().await, Receiver::start(&[Plan::Huge]).await);
    app.app.delivers_through(Courier {
        outbound: Outbound::new(Proxies::none(), LIMITS),
        internal: vec![slow.to_string(), talks.address.to_string()],
    });
    let began = Instant::now();
    let wish = json!({ "url": format!("http://{slow}/") });
    app.owner().post("/api/v1/webhooks/test", &wish).await.created();
    let webhook = tried(&app, 1).await;
    assert_eq!(webhook["state"], "queued");
    assert!(
        webhook["last_error"].as_str().unwrap().contains("sent nothing"),
        "{webhook}"
    );
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    // It accepted: what else it says is nobody's concern.
    let began = Instant::now();
    test(&app, &talks).await;
    let webhook = tried(&app, 1).await;
    assert_eq!(webhook["state"], "delivered");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

/// A name that leads outside whenever it is looked at, and inside afterwards.
#[derive(Debug)]
struct Rebinding {
    asked: AtomicUsize,
    inside: SocketAddr,
}

impl Resolve for Rebinding {
    fn resolve<'a>(&'a self, _host: &'a str, _port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let is_first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
        // An address of the internet that nobody answers at; what is asked for again is inside.
        let outside = SocketAddr::from(([203, 0, 114, 1], 9));
        async move { Ok(vec![if is_first { outside } else { self.inside }]) }.boxed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_elsewhere_after_it_was_checked_leads_nobody_into_the_house() {
    let app = TestApp::start().await;
    let inside = Receiver::start(&[]).await;
    let resolver = Arc::new(Rebinding {
        asked: AtomicUsize::new(0),
        inside: inside.address,
    });
    app.app.delivers_through(Courier {
        outbound: Outbound::with_resolver(Proxies::none(), LIMITS, resolver.clone()),
        internal: Vec::new(),
    });
    let wish = json!({ "url": format!("https://rebinds.example:{}/hooks", inside.address.port()) });
    app.owner()
        .post("/api/v1/webhooks/subscriptions", &wish)
        .await
        .created();
    app.visitor().await;
    let look = async |attempts: i64| tried(&app, attempts).await;
    // The connection goes to the address that was checked, and to no other: nobody asks a second time in between.
    look(1).await;
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 1);
    // The next attempt looks the name up anew, finds it inside, and is refused for good.
    app.advance_ms(5_100);
    let refused = look(2).await;
    assert_eq!(refused["state"], "failed");
    let met = refused["last_error"].as_str().unwrap();
    assert!(
        met.contains("inside this machine") && met.contains("webhook_hosts"),
        "{met}"
    );
    assert_eq!(inside.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_write_an_address_inside_is_refused() {
    let app = TestApp::start().await;
    let receiver = Receiver::start(&[]).await;
    delivers_to(&app, &[&receiver]);
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
        "100.64.0.1",
    ] {
        let wish = json!({ "url": format!("https://{host}/latest/meta-data") });
        let refused = app
            .owner()
            .post("/api/v1/webhooks/subscriptions", &wish)
            .await
            .refused(422);
        assert!(
            refused["detail"].as_str().unwrap().contains("webhook_hosts"),
            "{host}: {refused}"
        );
    }
    let with_password = json!({ "url": "https://ann:hidden@hooks.example/" });
    let refused = app
        .owner()
        .post("/api/v1/webhooks/subscriptions", &with_password)
        .await
        .refused(422);
    assert!(!refused.to_string().contains("hidden"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_receiver_that_hangs_does_not_hold_up_the_others() {
    let app = TestApp::start().await;
    let hangs = Receiver::start(&vec![Plan::Silence; 500]).await;
    let well = Receiver::start(&[]).await;
    delivers_to(&app, &[&hangs, &well]);
    subscribe(&app, &hangs, &["conversation.created"]).await;
    for _ in 0..120 {
        app.visitor().await;
    }
    eventually("requests that hang", async || {
        (hangs.requests().len() >= 4).then_some(())
    })
    .await;
    let subscription = subscribe(&app, &well, &["conversation.created"]).await;
    app.visitor().await;
    let began = Instant::now();
    eventually("the other receiver's webhook", async || {
        (bodies(&well).len() == 1).then_some(())
    })
    .await;
    // One after the other in eight places, each for a second, the others alone would have taken fifteen.
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let list = app
        .owner()
        .get(&format!(
            "/api/v1/webhooks/deliveries?subscription={}&state=delivered",
            subscription["id"].as_str().unwrap()
        ))
        .await
        .ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let one: Value = app.owner().get(&path(&subscription, "")).await.ok();
    assert_eq!(one["state"], "active");
}
