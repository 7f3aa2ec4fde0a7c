//! What other sites' pages may do: an agent's own sites talk to it, all others to nothing.

use crate::app::{Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, SHOP_ORIGIN, TestApp};
use http::Method;
use serde_json::json;

#[tokio::test]
async fn another_sites_page_changes_nothing_in_a_signed_in_browser() {
    let app = TestApp::start().await;
    let page = |client: Client, origin: &str, site: &str| client.with("Origin", origin).with("Sec-Fetch-Site", site);
    let path = "/api/v1/admin/setup-link";
    page(app.owner(), "https://evil.example", "cross-site")
        .post(path, &json!({}))
        .await
        .refused(403);
    page(app.owner(), "null", "cross-site")
        .post(path, &json!({}))
        .await
        .refused(403);
    let own = format!("http://{}", app.address());
    page(app.owner(), &own, "same-origin")
        .post(path, &json!({}))
        .await
        .created();
    // Signing somebody in without their knowing counts too.
    let login = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    page(app.anonymous(), "https://evil.example", "cross-site")
        .post("/api/v1/login", &login)
        .await
        .refused(403);
}

#[tokio::test]
async fn another_name_for_this_machine_is_not_answered() {
    let app = TestApp::start().await;
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""] {
        app.owner().with("Host", host).get("/api/v1/me").await.refused(421);
        app.anonymous().with("Host", host).get("/healthz").await.refused(421);
    }
    for host in ["localhost:1234", "127.0.0.1", "[::1]:80"] {
        app.owner().with("Host", host).get("/api/v1/me").await.ok();
    }
}

fn allowed_origin(answer: &Answer) -> &str {
    assert!(
        answer
            .headers
            .get_all("vary")
            .iter()
            .any(|v| v.to_str().unwrap().contains("Origin")),
        "caches must know"
    );
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn only_pages_that_the_agent_lists_may_talk_to_it() {
    let app = TestApp::start().await;
    let settings = format!("/widget/v1/agents/{}", app.workspace.agent_key);
    let start = format!("{settings}/conversations");
    let shop = app.anonymous().with("Origin", SHOP_ORIGIN);
    assert_eq!(allowed_origin(&shop.get(&settings).await), SHOP_ORIGIN);
    let answer = shop.post(&start, &json!({})).await;
    assert_eq!(allowed_origin(&answer), SHOP_ORIGIN);
    let token = answer.created()["token"].as_str().unwrap().to_owned();
    let shop = shop.bearer(&token);
    assert_eq!(allowed_origin(&shop.get("/widget/v1/conversation").await), SHOP_ORIGIN);
    let message = json!({ "client_id": "c", "text": "Hello" });
    assert_eq!(
        allowed_origin(&shop.post("/widget/v1/messages", &message).await),
        SHOP_ORIGIN
    );
    let unreadable = shop.json(Method::POST, "/widget/v1/messages", "{").await;
    assert_eq!(
        allowed_origin(&unreadable),
        SHOP_ORIGIN,
        "the widget must be able to read a refusal"
    );

    for evil in [
        "https://evil.example",
        "https://shop.example.evil.example",
        "http://shop.example",
        "https://shop.example:444",
        "null",
    ] {
        let evil = app.anonymous().with("Origin", evil);
        for answer in [
            evil.get(&settings).await,
            evil.post(&start, &json!({})).await,
            evil.clone().bearer(&token).get("/widget/v1/conversation").await,
            evil.clone()
                .bearer(&token)
                .post("/widget/v1/messages", &json!({ "client_id": "d", "text": "x" }))
                .await,
        ] {
            assert_eq!(allowed_origin(&answer), "");
            answer.refused(403);
        }
    }
    let conversation = app.anonymous().bearer(&token).get("/widget/v1/conversation").await.ok();
    assert_eq!(conversation["seq"], 1, "a refused page's message was not accepted");
}

#[tokio::test]
async fn browsers_are_told_beforehand_what_a_page_may_do() {
    let app = TestApp::start().await;
    let start = format!("/widget/v1/agents/{}/conversations", app.workspace.agent_key);
    for path in [start.as_str(), "/widget/v1/messages", "/widget/v1/events"] {
        let ask = |origin: &str| {
            app.anonymous()
                .with("Origin", origin)
                .with("Access-Control-Request-Method", "POST")
        };
        let answer = ask(SHOP_ORIGIN).send(Method::OPTIONS, path, bytes::Bytes::new()).await;
        assert_eq!(allowed_origin(&answer), SHOP_ORIGIN);
        assert_eq!(
            answer.header("access-control-allow-headers"),
            "authorization, content-type"
        );
        answer.done();
        let refused = ask("https://evil.example")
            .send(Method::OPTIONS, path, bytes::Bytes::new())
            .await;
        assert_eq!(allowed_origin(&refused), "");
        refused.refused(403);
    }
}

#[tokio::test]
async fn the_widget_may_read_that_an_agent_or_a_conversation_is_gone() {
    let app = TestApp::start().await;
    let shop = app.anonymous().with("Origin", SHOP_ORIGIN);
    let answer = shop.get("/widget/v1/agents/ag_nobody").await;
    assert_eq!(allowed_origin(&answer), SHOP_ORIGIN);
    answer.refused(404);
    let answer = shop.bearer("hpv_erased").get("/widget/v1/conversation").await;
    assert_eq!(allowed_origin(&answer), SHOP_ORIGIN);
    answer.refused(401);
}
