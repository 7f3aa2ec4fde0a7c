//! `bench seed`: made-up conversations that keep to the schema, to the log's chain and to what the pages expect.

use super::Holdpoint;
use crate::app::tcp_client;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_up_conversations_make_one_chain_and_open_in_the_console() {
    let holdpoint = Holdpoint::new();
    let report = holdpoint.json(&["bench", "seed", "--conversations", "2000"]);
    assert_eq!(report["conversations"], 2_000);
    let log = holdpoint.json(&["log", "verify"]);
    assert_eq!(log["ok"], true, "{log}");
    assert!(log["entries"].as_u64().unwrap() > 8_000, "{log}");

    let running = holdpoint.start(&["serve", "--listen", "127.0.0.1:0"]);
    let anyone = tcp_client(running.answer["listen"].as_str().unwrap().parse().unwrap());
    let wish = json!({ "email": report["owner"], "password": report["password"] });
    let signed_in = anyone.post("/api/v1/login", &wish).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let owner = anyone.with("Cookie", &cookie).with("Accept", "text/html");
    let listed = owner.get("/api/v1/conversations?limit=100").await.ok();
    let listed = listed["items"].as_array().unwrap();
    assert_eq!(listed.len(), 100);
    for conversation in listed {
        let path = format!("/conversations/{}", conversation["id"].as_str().unwrap());
        let page = owner.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
    }
    for path in [
        "/live",
        "/queue",
        "/conversations",
        "/quality",
        "/quality/answers",
        "/log",
    ] {
        assert_eq!(owner.get(path).await.status, 200, "{path}");
    }
}
