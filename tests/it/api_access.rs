//! Who may ask what: secrets, roles, workspaces, floods.

use crate::app::{Answer, OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, TestApp, redacted};
use http::Method;
use serde_json::{Value, json};

/// Every route of the API with one workspace's ids in it.
async fn routes_with_ids(app: &TestApp) -> Vec<(Method, String, Value)> {
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    let owner = app.owner();
    let documents = owner.get("/api/v1/knowledge/documents").await.ok();
    let answer = json!({ "question": "Is there tea?", "answer": "Always." });
    let verified = owner.post("/api/v1/verified-answers", &answer).await.created();
    let wish = json!({ "name": "p", "email": OWNER_EMAIL, "scopes": ["read"] });
    let token = owner.post("/api/v1/admin/tokens", &wish).await.created();

    let item = format!("/api/v1/queue/{}", item["id"].as_str().unwrap());
    let conversation = format!("/api/v1/conversations/{}", visitor.conversation_id);
    let document = format!(
        "/api/v1/knowledge/documents/{}",
        documents["items"][0]["id"].as_str().unwrap()
    );
    let wish = json!({ "name": "Ordered", "kind": "url", "on": "/thanks" });
    let goal = owner.post("/api/v1/goals", &wish).await.created();
    let goal = format!("/api/v1/goals/{}", goal["id"].as_str().unwrap());
    let none = json!({});
    vec![
        (Method::GET, item.clone(), none.clone()),
        (Method::POST, format!("{item}/lease"), none.clone()),
        (Method::DELETE, format!("{item}/lease"), none.clone()),
        (
            Method::POST,
            format!("{item}/outcome"),
            json!({ "kind": "approve", "revision": 1 }),
        ),
        (
            Method::POST,
            format!("{item}/outcome"),
            json!({ "kind": "take_over", "revision": 1 }),
        ),
        (Method::POST, format!("{item}/undo"), none.clone()),
        (Method::GET, conversation.clone(), none.clone()),
        (Method::POST, format!("{conversation}/take-over"), none.clone()),
        (Method::POST, format!("{conversation}/hand-back"), none.clone()),
        (
            Method::POST,
            format!("{conversation}/messages"),
            json!({ "client_id": "c", "text": "Hi" }),
        ),
        (Method::GET, document.clone(), none.clone()),
        (Method::DELETE, document, none.clone()),
        (
            Method::DELETE,
            format!("/api/v1/verified-answers/{}", verified["id"].as_str().unwrap()),
            none.clone(),
        ),
        (
            Method::DELETE,
            format!("/api/v1/admin/tokens/{}", token["id"].as_str().unwrap()),
            none,
        ),
        (
            Method::PUT,
            format!("/api/v1/agents/{}", app.workspace.agent_id),
            json!({ "name": "Eve" }),
        ),
        (
            Method::GET,
            format!("/api/v1/agents/{}", app.workspace.agent_id),
            json!({}),
        ),
        (
            Method::GET,
            format!("/api/v1/agents/{}/versions", app.workspace.agent_id),
            json!({}),
        ),
        (Method::GET, goal.clone(), json!({})),
        (Method::PATCH, goal, json!({ "retired": true })),
    ]
}

fn without_request_id(answer: Answer) -> Value {
    let mut problem = answer.refused(404);
    problem["request_id"] = Value::Null;
    problem
}

#[tokio::test]
async fn another_workspaces_rows_do_not_exist() {
    let app = TestApp::start().await;
    let other = app.other_workspace().await;
    let stranger = app.member_of(&other);
    let unknown = "01981b2e-7c1a-7000-8000-000000000000";
    let routes = routes_with_ids(&app).await;
    let before = app.owner().get("/api/v1/log/verify").await.ok();
    for (method, path, body) in &routes {
        let theirs = stranger.json(method.clone(), path, body.to_string()).await;
        let id = path.split('/').find(|part| part.len() == 36).unwrap();
        let nobodys = stranger
            .json(method.clone(), &path.replace(id, unknown), body.to_string())
            .await;
        assert_eq!(
            without_request_id(theirs),
            without_request_id(nobodys),
            "{method} {path}"
        );
    }
    assert_eq!(
        app.owner().get("/api/v1/log/verify").await.ok(),
        before,
        "and nothing happened"
    );
    for list in ["queue", "conversations"] {
        assert_eq!(
            stranger.get(&format!("/api/v1/{list}")).await.ok()["items"],
            json!([]),
            "{list}"
        );
    }
    let found = stranger.get("/api/v1/knowledge/search?q=tea").await.ok();
    assert!(!found.to_string().contains("Always."));
}

#[tokio::test]
async fn nothing_of_the_api_answers_without_a_secret() {
    let app = TestApp::start().await;
    for (method, path, body) in routes_with_ids(&app).await {
        app.anonymous().json(method, &path, body.to_string()).await.refused(401);
    }
    for path in [
        "status",
        "me",
        "queue",
        "conversations",
        "knowledge/documents",
        "knowledge/search?q=x",
        "verified-answers",
        "log",
        "log/verify",
        "events",
        "agents",
        "admin/members",
    ] {
        let path = format!("/api/v1/{path}");
        app.anonymous().get(&path).await.refused(401);
        app.anonymous().bearer("hp_wrong").get(&path).await.refused(401);
        app.anonymous()
            .with("Cookie", "holdpoint=wrong")
            .get(&path)
            .await
            .refused(401);
        // A visitor's token is no member's.
        app.visitor().await.client.get(&path).await.refused(401);
    }
    for path in ["/widget/v1/conversation", "/widget/v1/events?after=0"] {
        app.anonymous().get(path).await.refused(401);
        app.anonymous().bearer("hpv_wrong").get(path).await.refused(401);
    }
}

#[tokio::test]
async fn a_token_can_do_what_it_was_made_for_and_no_more() {
    let app = TestApp::start().await;
    let reader = app.program(&["read"]).await;
    let me = reader.get("/api/v1/me").await.ok();
    insta::assert_json_snapshot!(redacted(&me));
    reader.get("/api/v1/queue").await.ok();
    for (method, path, body) in routes_with_ids(&app).await {
        if method != Method::GET {
            reader.json(method, &path, body.to_string()).await.refused(403);
        }
    }
    reader.post("/api/v1/admin/setup-link", &json!({})).await.refused(403);
    reader
        .send(Method::POST, "/api/v1/knowledge/import?name=a.md", "# A".into())
        .await
        .refused(403);
}

#[tokio::test]
async fn a_revoked_token_is_worth_nothing() {
    let app = TestApp::start().await;
    let wish = json!({ "name": "p", "email": OWNER_EMAIL, "scopes": ["read"] });
    let token = app.owner().post("/api/v1/admin/tokens", &wish).await.created();
    let program = app.anonymous().bearer(token["token"].as_str().unwrap());
    program.get("/api/v1/me").await.ok();
    app.owner()
        .delete(&format!("/api/v1/admin/tokens/{}", token["id"].as_str().unwrap()))
        .await
        .done();
    program.get("/api/v1/me").await.refused(401);
}

#[tokio::test]
async fn the_socket_is_the_administrators_and_no_network_address_is() {
    let app = TestApp::start().await;
    let admin = app.administrator();
    assert_eq!(admin.get("/api/v1/me").await.ok()["who"], "admin");
    assert_eq!(
        admin.get("/api/v1/admin/workspaces").await.ok()["items"][0]["slug"],
        "quillhaven"
    );
    let new = json!({ "slug": "corner-bakery", "name": "Corner Bakery" });
    admin.post("/api/v1/admin/workspaces", &new).await.created();
    admin.post("/api/v1/admin/workspaces", &new).await.refused(409);
    // With two workspaces it has to say which.
    admin.get("/api/v1/queue").await.refused(422);
    let bakery = admin.clone().with("Holdpoint-Workspace", "corner-bakery");
    assert_eq!(bakery.get("/api/v1/conversations").await.ok()["items"], json!([]));
    admin
        .clone()
        .with("Holdpoint-Workspace", "nobodys")
        .get("/api/v1/queue")
        .await
        .refused(404);

    let shop = admin.with("Holdpoint-Workspace", "quillhaven");
    let as_mia = shop.clone().with("Holdpoint-Member", OWNER_EMAIL);
    assert_eq!(as_mia.get("/api/v1/me").await.ok()["name"], "Mia");
    shop.with("Holdpoint-Member", "nobody@quillhaven.example")
        .get("/api/v1/me")
        .await
        .refused(404);

    // Over the network these headers are nothing, even for an owner.
    app.anonymous()
        .with("Holdpoint-Workspace", "quillhaven")
        .get("/api/v1/me")
        .await
        .refused(401);
    app.owner().get("/api/v1/admin/workspaces").await.refused(403);
}

#[tokio::test]
async fn signing_in_and_out() {
    let app = TestApp::start().await;
    let wrong = json!({ "email": OWNER_EMAIL, "password": "not the password" });
    let refused = app.anonymous().post("/api/v1/login", &wrong).await.refused(401);
    let nobody = json!({ "email": "nobody@quillhaven.example", "password": OWNER_PASSWORD });
    let unknown = app.anonymous().post("/api/v1/login", &nobody).await.refused(401);
    assert_eq!(
        refused["detail"], unknown["detail"],
        "nobody learns which addresses exist"
    );

    let right = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    let answer = app.anonymous().post("/api/v1/login", &right).await;
    let cookie = answer.header("set-cookie").to_owned();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let csrf_token = answer.ok()["csrf_token"].as_str().unwrap().to_owned();
    let browser = app
        .anonymous()
        .with("Cookie", cookie.split(';').next().unwrap())
        .with("X-CSRF-Token", &csrf_token);
    insta::assert_json_snapshot!(redacted(&browser.get("/api/v1/me").await.ok()));

    browser
        .clone()
        .without("X-CSRF-Token")
        .post("/api/v1/logout", &json!({}))
        .await
        .refused(403);
    let answer = browser.post("/api/v1/logout", &json!({})).await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    answer.done();
    browser.get("/api/v1/me").await.refused(401);
}

#[tokio::test]
async fn behind_https_the_cookie_is_bound_to_host_and_encryption() {
    let app = TestApp::builder()
        .settings(|s| s.public_origin = "https://chat.example".parse().ok())
        .start()
        .await;
    let right = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    let answer = app
        .anonymous()
        .with("Host", "chat.example")
        .post("/api/v1/login", &right)
        .await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-holdpoint=") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
}

#[tokio::test]
async fn a_session_changes_nothing_without_its_csrf_token() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let answer = json!({ "question": "Is there tea?", "answer": "Always." });
    let path = "/api/v1/verified-answers";
    owner
        .clone()
        .without("X-CSRF-Token")
        .post(path, &answer)
        .await
        .refused(403);
    owner
        .clone()
        .with("X-CSRF-Token", "guessed")
        .post(path, &answer)
        .await
        .refused(403);
    owner
        .clone()
        .with("X-CSRF-Token", "")
        .post(path, &answer)
        .await
        .refused(403);
    owner.clone().without("X-CSRF-Token").get(path).await.ok();
    owner.post(path, &answer).await.created();
}

#[tokio::test]
async fn a_flood_has_to_wait_and_is_told_how_long() {
    let app = TestApp::builder()
        .settings(|settings| {
            settings.rates.messages_per_visitor = 3;
            settings.rates.conversations_per_address = 2;
            settings.rates.sign_ins_per_address = 2;
        })
        .start()
        .await;
    let visitor = app.visitor().await;
    for _ in 0..3 {
        visitor.says("Hello?").await;
    }
    let refused = visitor.post("one-too-many", "Hello?").await;
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    refused.refused(429);
    assert_eq!(visitor.conversation().await["seq"], 3);

    app.visitor().await.says("another visitor is not held up").await;
    let path = format!("/widget/v1/agents/{}/conversations", app.workspace.agent_key);
    app.anonymous().post(&path, &json!({})).await.refused(429);

    let wrong = json!({ "email": OWNER_EMAIL, "password": "a guess, not more" });
    for status in [401, 401, 429] {
        app.anonymous()
            .with("X-Forwarded-For", &format!("192.0.2.{status}"))
            .post("/api/v1/login", &wrong)
            .await
            .refused(status);
    }
}
