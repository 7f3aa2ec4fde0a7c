//! The server itself: listening, files, headers, slow and rude connections.

use crate::app::{AMPLE, OPENING_HOURS, TestApp};
use axum::body::Body;
use holdpoint::web::{Listeners, Pages, ServeError, Web, WebSettings, console, router, server};
use http::{Method, Request, StatusCode};
use serde_json::json;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_a_browser_safe() {
    let app = TestApp::builder().demo().start().await;
    let agent = format!("/widget/v1/agents/{}", app.workspace.agent_key);
    for (path, status) in [
        ("/healthz", 200),
        ("/widget.js", 200),
        ("/static/htmx.min.js", 200),
        ("/demo/", 200),
        ("/demo/shop.css", 200),
        (agent.as_str(), 200),
        ("/api/v1/me", 200),
        ("/api/v1/queue", 200),
        ("/api/v1/nothing", 404),
        ("/nothing", 404),
        ("/static/nothing", 404),
        ("/api/v1/queue/x", 400),
    ] {
        let answer = app.owner().get(path).await;
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self'"),
            "{path}: {policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        let keeps = answer.header("cache-control");
        let is_file = path.starts_with("/static/h") || path == "/widget.js" || path == "/demo/shop.css";
        assert_eq!(keeps.contains("public"), is_file, "{path}: {keeps}");
    }
}

#[tokio::test]
async fn files_have_their_types_and_are_sent_once() {
    let app = TestApp::builder().demo().start().await;
    let anonymous = app.anonymous();
    for (path, content_type) in [
        ("/widget.js", "text/javascript; charset=utf-8"),
        ("/static/htmx.min.js", "text/javascript; charset=utf-8"),
        ("/static/hx-sse.min.js", "text/javascript; charset=utf-8"),
        ("/static/console.css", "text/css; charset=utf-8"),
        ("/static/mark.svg", "image/svg+xml"),
        ("/demo/shop.css", "text/css; charset=utf-8"),
    ] {
        let answer = anonymous.get(path).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (StatusCode::OK, content_type),
            "{path}"
        );
        assert!(answer.body.len() > 100, "{path}");
        let etag = answer.header("etag").to_owned();
        let again = anonymous.clone().with("If-None-Match", &etag).get(path).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path}");
        assert!(again.body.is_empty());
        let gzip = anonymous.clone().with("Accept-Encoding", "gzip").get(path).await;
        assert_eq!(gzip.header("content-encoding"), "gzip", "{path}");
        assert!(gzip.body.len() < answer.body.len());
    }
    assert_eq!(
        anonymous.get("/widget.js").await.header("cross-origin-resource-policy"),
        "cross-origin"
    );
    for climbing in [
        "/static/../../Cargo.toml",
        "/static/%2e%2e/%2e%2e/Cargo.toml",
        "/static/..%2f..%2fCargo.toml",
        "/static//etc/passwd",
    ] {
        anonymous.get(climbing).await.refused(404);
    }
}

#[tokio::test]
async fn the_demo_shop_shows_the_widget_of_this_server() {
    let app = TestApp::builder().demo().start().await;
    let page = app.anonymous().get("/demo/").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let html = page.text();
    assert!(html.contains(&format!("src=\"http://{}/widget.js\"", app.address())));
    assert!(html.contains(&format!("data-agent=\"{}\"", app.workspace.agent_key)));
    assert!(!html.contains("{{"));
    assert_eq!(app.anonymous().get("/demo").await.header("location"), "/demo/");
    // Its own page may talk to the agent, although no agent lists it.
    let own = app.anonymous().with("Origin", &format!("http://{}", app.address()));
    let path = format!("/widget/v1/agents/{}/conversations", app.workspace.agent_key);
    own.post(&path, &json!({})).await.created();
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let app = TestApp::start().await;
    let refused = Listeners::open(app.address(), &app.socket().with_extension("2"))
        .await
        .unwrap_err();
    assert!(matches!(refused, ServeError::PortInUse { .. }));
    let sentence = refused.to_string();
    assert!(
        sentence.contains(&app.address().port().to_string()) && sentence.contains("--listen"),
        "{sentence}"
    );
}

#[tokio::test]
async fn the_socket_is_its_owners_and_a_left_over_one_is_replaced() {
    let mut app = TestApp::start().await;
    let mode = std::fs::metadata(app.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let refused = Listeners::open(any, &app.socket()).await.unwrap_err();
    assert!(matches!(refused, ServeError::AlreadyServing { .. }), "{refused}");
    app.stop_server().await;
    assert!(!app.socket().exists());
    // What a killed server leaves behind.
    drop(std::os::unix::net::UnixListener::bind(app.socket()).unwrap());
    assert!(app.socket().exists());
    app.start_server().await;
    assert_eq!(app.administrator().get("/api/v1/me").await.ok()["who"], "admin");
}

#[tokio::test]
async fn the_command_line_works_without_a_listener() {
    let app = TestApp::start().await;
    let web = Web::new(app.app.clone(), WebSettings::default(), CancellationToken::new());
    let request = Request::get("/api/v1/status").body(Body::empty()).unwrap();
    let answer = server::answer_in_process(router(web, Pages::default()), request).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_defect_is_answered_with_the_requests_id_and_nothing_of_the_inside() {
    let app = TestApp::start().await;
    let web = Web::new(app.app.clone(), WebSettings::default(), CancellationToken::new());
    let defect = axum::routing::get(async || -> &'static str { panic!("a secret of the inside") });
    let pages = Pages {
        routes: axum::Router::new().route("/defect", defect),
        ..console::pages()
    };
    let router = router(web, pages);
    for (accept, content_type) in [
        ("*/*", "application/problem+json"),
        ("text/html", "text/html; charset=utf-8"),
    ] {
        let request = Request::get("/defect")
            .header("accept", accept)
            .body(Body::empty())
            .unwrap();
        let answer = server::answer_in_process(router.clone(), request).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.headers()["content-type"], content_type);
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains(&id) && !body.contains("a secret"), "{body}");
    }
}

#[tokio::test]
async fn the_status_tells_what_doctor_reads() {
    let app = TestApp::start().await;
    let status = crate::app::eventually("every embedding", async || {
        let status = app.owner().get("/api/v1/status").await.ok();
        (status["indexing"] == false).then_some(status)
    });
    insta::assert_json_snapshot!(crate::app::redacted(&status.await));
}

#[tokio::test]
async fn an_idle_connection_does_not_keep_the_server_from_stopping() {
    let mut app = TestApp::start().await;
    let mut silent = TcpStream::connect(app.address()).await.unwrap();
    let mut halfway = TcpStream::connect(app.address()).await.unwrap();
    halfway
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        .await
        .unwrap();
    let began = std::time::Instant::now();
    app.stop_server().await;
    assert!(began.elapsed() < AMPLE / 2);
    let mut rest = Vec::new();
    let _closed = silent.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_server_stops() {
    let mut app = TestApp::start().await;
    let visitor = app.visitor().await;
    let writing = tokio::spawn(async move { visitor.post("c", OPENING_HOURS).await.status });
    tokio::task::yield_now().await;
    let mut slow = TcpStream::connect(app.address()).await.unwrap();
    let head = format!(
        "POST /api/v1/login HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        app.address()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(writing.await.unwrap(), StatusCode::CREATED);
    // The server asks for the body: it has begun with this one.
    let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    slow.read_exact(&mut go_on).await.unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100 "), "{}", go_on.escape_ascii());
    slow.write_all(b"{").await.unwrap();
    let (answer, ()) = tokio::join!(
        async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            slow.write_all(b"}").await.unwrap();
            let mut answer = String::new();
            slow.read_to_string(&mut answer).await.unwrap();
            answer
        },
        app.stop_server(),
    );
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
}

#[tokio::test]
async fn nonsense_instead_of_http_is_turned_away() {
    let app = TestApp::start().await;
    for nonsense in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"HELO\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        &[0; 64],
    ] {
        let mut connection = TcpStream::connect(app.address()).await.unwrap();
        connection.write_all(nonsense).await.unwrap();
        connection.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _reset = connection.read_to_end(&mut answer).await;
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    // A header block without an end.
    let mut connection = TcpStream::connect(app.address()).await.unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
    let _refused = connection.write_all(&vec![b'x'; 2 << 20]).await;
    drop(connection);
    assert_eq!(app.anonymous().get("/healthz").await.ok(), json!({ "status": "ok" }));
    let _head = app
        .anonymous()
        .send(Method::HEAD, "/healthz", bytes::Bytes::new())
        .await;
}
