//! The reference verifier of Standard Webhooks, and the receiver of `examples/`, which uses it.

use super::super::app::{OPENING_HOURS, TestApp, eventually};
use super::subscriptions::{now, path, subscribe, told};
use super::{HOUR_MS, Receiver, delivers_to};
use holdpoint::app::webhooks::Courier;
use holdpoint::outbound::{Outbound, Proxies};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

/// A Python that has the packages; says so where there is none.
fn python() -> Option<std::ffi::OsString> {
    let python = std::env::var_os("HOLDPOINT_TEST_CLIENTS");
    if python.is_none() {
        eprintln!(
            "skipped: HOLDPOINT_TEST_CLIENTS names no Python with the packages of tests/clients/requirements.txt"
        );
    }
    python
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_verifier_accepts_what_is_sent_and_refuses_what_was_touched() {
    let Some(python) = python() else { return };
    let app = TestApp::start().await;
    let receiver = Receiver::start(&[]).await;
    delivers_to(&app, &[&receiver]);
    let subscription = subscribe(&app, &receiver, &[]).await;
    app.visitor().await;
    told(&receiver, "conversation.created").await;
    let renewed = app.owner().post(&path(&subscription, "/secret"), &json!({})).await.ok();
    assert!(renewed["both_until"].as_i64() > Some(now(&app)));
    app.owner()
        .post(&path(&subscription, "/test"), &json!({}))
        .await
        .created();
    told(&receiver, "webhook.test").await;
    let requests = receiver.requests().into_iter();
    let captured: Vec<Value> = requests
        .map(|(headers, body)| {
            let headers = headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()));
            json!({ "headers": headers.collect::<serde_json::Map<_, _>>(), "body": body })
        })
        .collect();
    let asked = json!({ "old": subscription["secret"], "new": renewed["secret"], "before": captured[0], "during": captured[1] });
    let mut script = tokio::process::Command::new(python)
        .arg(file("tests/clients/standard_webhooks.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = script.stdin.take().unwrap();
    stdin.write_all(asked.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let done = script.wait_with_output().await.unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{}\n{}", said(&done.stdout), said(&done.stderr));
    assert!(said(&done.stdout).contains("well"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_of_the_examples_takes_each_webhook_once_and_puts_them_in_order() {
    let Some(python) = python() else { return };
    let app = TestApp::start().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    app.app.delivers_through(Courier {
        outbound: Outbound::new(Proxies::none(), super::LIMITS),
        internal: vec![address.to_string()],
    });
    let wish =
        json!({ "url": format!("http://{address}/hooks"), "types": ["conversation.created", "message.created"] });
    let subscription = app
        .owner()
        .post(super::subscriptions::SUBSCRIPTIONS, &wish)
        .await
        .created();
    let mut receiver = tokio::process::Command::new(python)
        .arg(file("examples/webhook-receiver/receiver.py"))
        .arg(address.port().to_string())
        .env("HOLDPOINT_WEBHOOK_SECRET", subscription["secret"].as_str().unwrap())
        .env("PYTHONUNBUFFERED", "1")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(receiver.stdout.take().unwrap()).lines();
    assert!(lines.next_line().await.unwrap().unwrap().contains("Listening"));
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let mut taken = Vec::new();
    while taken.len() < 2 {
        let line = lines.next_line().await.unwrap().unwrap();
        assert!(line.starts_with("new "), "{line}");
        taken.push(line);
    }
    // The same again, by hand: under the same ids, so it is taken for what it is.
    let since = json!({ "since": now(&app) - HOUR_MS });
    let replayed = app.owner().post(&path(&subscription, "/replay"), &since).await.ok();
    assert_eq!(replayed["queued"], 2);
    for _ in 0..2 {
        let line = lines.next_line().await.unwrap().unwrap();
        assert!(line.starts_with("again "), "{line}");
    }
    eventually("both delivered", async || {
        let list = app
            .owner()
            .get("/api/v1/webhooks/deliveries?state=delivered")
            .await
            .ok();
        (list["items"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    receiver.kill().await.unwrap();
}
