//! Whatever is sent: one clear sentence or a clean answer, nothing lost, no stack trace.

use crate::app::{OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, TestApp, redacted};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// Strings that break programs; not part of the repository.
fn naughty_strings() -> Option<Vec<String>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/blns/blns.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("skipped: there is no file `{}`", file.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    })
}

#[tokio::test]
async fn odd_messages_are_accepted_as_they_are_or_refused_in_a_sentence() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    for empty in ["", " ", "\u{0}", "\n\t\u{7f}"] {
        let problem = visitor.post("c", empty).await.refused(422);
        assert_eq!(problem["detail"], "The message is empty; please write something.");
    }
    insta::assert_json_snapshot!(redacted(&visitor.post("c", &"é".repeat(4_001)).await.refused(422)));
    visitor.post("c", &"x".repeat(100 << 10)).await.refused(413);
    visitor.post("c", &"x".repeat(2 << 20)).await.refused(413);

    for text in [
        "مرحبا، متى تفتحون؟",
        "שלום \u{202e}עולם",
        "👩‍🚀 ünïcødé \u{feff}",
        "<script>alert(1)</script>",
        "'; DROP TABLE messages; --",
    ] {
        assert_eq!(visitor.says(text).await["text"], text);
    }
    assert_eq!(visitor.says("null\u{0}byte").await["text"], "nullbyte");
    assert_eq!(visitor.conversation().await["seq"], 6);
}

#[tokio::test]
async fn what_is_no_json_is_refused_in_a_sentence() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let path = "/widget/v1/messages";
    let send = async |body: &[u8]| visitor.client.json(Method::POST, path, body.to_vec()).await;
    for body in [
        &b""[..],
        b"{",
        b"not json",
        b"\x00\xff\xfe\x80",
        b"{\"client_id\":\"c\",\"text\":\"\xff\"}",
    ] {
        send(body).await.refused(400);
    }
    for body in [
        &b"[]"[..],
        b"7",
        b"null",
        b"{}",
        b"{\"client_id\":\"c\"}",
        b"{\"client_id\":\"c\",\"text\":7}",
    ] {
        send(body).await.refused(422);
    }
    // Deep nesting must not overflow a stack.
    send(format!("{{\"x\":{}", "[".repeat(30_000)).as_bytes())
        .await
        .refused(400);
    visitor
        .client
        .send(Method::POST, path, Bytes::from_static(b"{}"))
        .await
        .refused(415);
    let form = visitor
        .client
        .clone()
        .with("Content-Type", "application/x-www-form-urlencoded");
    form.send(Method::POST, path, Bytes::from_static(b"text=x"))
        .await
        .refused(415);
    let long = "c".repeat(65);
    for client_id in ["", "with space", "ünicode", "line\nbreak", long.as_str()] {
        visitor.post(client_id, "Hello").await.refused(422);
    }
    assert_eq!(visitor.conversation().await["seq"], 0);
}

#[tokio::test]
async fn addresses_that_are_none_are_refused_in_a_sentence() {
    let app = TestApp::start().await;
    let owner = app.owner();
    for path in [
        "/api/v1/nothing",
        "/api/v2/queue",
        "/widget/v1/nothing",
        "/static/nothing.js",
        "/static/../Cargo.toml",
        "/nothing",
        "/demo/",
    ] {
        owner.get(path).await.refused(404);
    }
    for id in [
        "1",
        "not-an-id",
        "01981b2e7c1a70008000000000000000",
        "%00",
        "%ff",
        "..%2f..",
        "{01981b2e-7c1a-7000-8000-000000000001}",
    ] {
        let answer = owner.get(&format!("/api/v1/queue/{id}")).await;
        let status = answer.status.as_u16();
        assert!(status == 400 || status == 404, "{id}: {status}");
        answer.refused(status);
    }
    for (method, path) in [
        (Method::DELETE, "/api/v1/queue"),
        (Method::PATCH, "/api/v1/me"),
        (Method::GET, "/api/v1/login"),
        (Method::PUT, "/widget/v1/messages"),
        (Method::POST, "/healthz"),
        (Method::from_bytes(b"NONSENSE").unwrap(), "/api/v1/me"),
    ] {
        let answer = owner.json(method, path, "{}").await;
        assert!(!answer.header("allow").is_empty(), "{path}");
        answer.refused(405);
    }
    insta::assert_json_snapshot!(redacted(&owner.get("/api/v1/nothing").await.refused(404)));
}

#[tokio::test]
async fn a_setup_link_works_once_and_for_a_day() {
    let app = TestApp::start().await;
    let link = async || {
        app.administrator()
            .post("/api/v1/admin/setup-link", &json!({}))
            .await
            .created()["token"]
            .clone()
    };
    let set_up = async |token: &Value, email: &str| {
        let new = json!({ "token": token, "name": "Ada", "email": email, "password": OWNER_PASSWORD });
        app.anonymous().post("/api/v1/setup", &new).await
    };
    let token = link().await;
    // Mistakes do not use it up.
    set_up(&token, "not an address").await.refused(422);
    let short = json!({ "token": token, "name": "Ada", "email": "ada@quillhaven.example", "password": "short" });
    app.anonymous().post("/api/v1/setup", &short).await.refused(422);
    set_up(&token, OWNER_EMAIL).await.refused(409);

    let answer = set_up(&token, "ada@quillhaven.example").await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    answer.created();
    let ada = app.anonymous().with("Cookie", &cookie);
    assert_eq!(ada.get("/api/v1/me").await.ok()["role"], "owner");

    insta::assert_json_snapshot!(
        "used_setup_link",
        redacted(&set_up(&token, "eve@quillhaven.example").await.refused(410))
    );
    let expired = link().await;
    app.advance_ms(24 * 3_600_000 + 1);
    insta::assert_json_snapshot!(
        "expired_setup_link",
        redacted(&set_up(&expired, "eve@quillhaven.example").await.refused(410))
    );
    set_up(&json!("hps_guessed"), "eve@quillhaven.example")
        .await
        .refused(410);
}

#[tokio::test]
async fn two_people_with_one_setup_link_make_one_owner() {
    let app = TestApp::start().await;
    let token = app
        .administrator()
        .post("/api/v1/admin/setup-link", &json!({}))
        .await
        .created()["token"]
        .clone();
    let new = |email: &str| json!({ "token": token, "name": "Ada", "email": email, "password": OWNER_PASSWORD });
    let anonymous = app.anonymous();
    let (one, other) = (new("one@quillhaven.example"), new("other@quillhaven.example"));
    let (one, other) = tokio::join!(
        anonymous.post("/api/v1/setup", &one),
        anonymous.post("/api/v1/setup", &other)
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 410]);
}

#[tokio::test]
async fn naughty_strings_as_messages_come_back_as_they_were() {
    let Some(strings) = naughty_strings() else { return };
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let mut accepted = 0;
    for (n, text) in strings.iter().enumerate() {
        let answer = visitor.post(&format!("n{n}"), text).await;
        if answer.status == 201 {
            accepted += 1;
            let kept: String = text
                .chars()
                .filter(|&c| c == '\n' || c == '\t' || !c.is_control())
                .collect();
            assert_eq!(answer.json()["text"], kept.trim(), "{text:?}");
            assert_eq!(answer.json()["seq"], accepted);
        } else {
            answer.refused(422);
        }
    }
    assert!(accepted > 400);
    assert_eq!(
        visitor.conversation().await["messages"].as_array().unwrap().len(),
        accepted
    );
    // All of them are one question now; what comes of it is a queue item like any other.
    let item = app.item_of(&visitor).await;
    app.decide(&item, json!({ "kind": "respond", "text": "I see." }))
        .await
        .ok();
    assert_eq!(app.owner().get("/api/v1/log/verify").await.ok()["ok"], true);
}

#[tokio::test]
async fn naughty_strings_as_questions_are_drafted_or_handed_to_a_person() {
    let Some(strings) = naughty_strings() else { return };
    let app = TestApp::start().await;
    let mut visitors = Vec::new();
    // Every eighth: each is a whole turn.
    for text in strings.iter().step_by(8).filter(|text| !text.trim().is_empty()) {
        let visitor = app.visitor().await;
        if visitor.post("n", text).await.status == 201 {
            visitors.push(visitor);
        }
    }
    for visitor in &visitors {
        app.item_of(visitor).await;
    }
}

#[tokio::test]
async fn naughty_strings_as_names_and_knowledge_are_kept_or_refused_in_a_sentence() {
    let Some(strings) = naughty_strings() else { return };
    let app = TestApp::start().await;
    let owner = app.owner();
    for (n, text) in strings.iter().enumerate() {
        let new = json!({ "slug": format!("w{n}"), "name": text });
        let answer = app.administrator().post("/api/v1/admin/workspaces", &new).await;
        let status = answer.status.as_u16();
        if status != 201 {
            assert_eq!(status, 422, "{text:?}");
            answer.refused(422);
        }
    }
    let faq: Vec<Value> = strings
        .iter()
        .map(|text| json!({ "question": format!("What is {text}?"), "answer": text }))
        .collect();
    let body = Bytes::from(Value::from(faq).to_string());
    let report = owner
        .send(
            Method::POST,
            "/api/v1/knowledge/import?name=naughty.json&collection=n",
            body,
        )
        .await
        .ok();
    let (added, skipped) = (
        report["added"].as_u64().unwrap(),
        report["skipped"].as_array().unwrap().len(),
    );
    assert!(added > 400, "{report}");
    assert!(skipped > 0, "empty answers are no answers");
    for text in strings.iter().step_by(4) {
        owner
            .get(&format!("/api/v1/knowledge/search?q={}", percent_encoded(text)))
            .await
            .ok();
        let path = format!("/api/v1/agents/{}", app.workspace.agent_id);
        let settings = json!({ "name": text, "business": text, "greeting": text, "instructions": text });
        let answer = owner.json(Method::PUT, &path, settings.to_string()).await;
        let status = answer.status.as_u16();
        if status != 200 {
            assert_eq!(status, 422, "{text:?}");
            answer.refused(422);
        }
        let wish = json!({ "name": text, "email": OWNER_EMAIL, "scopes": ["read"] });
        let answer = owner.post("/api/v1/admin/tokens", &wish).await;
        let status = answer.status.as_u16();
        assert!(status == 201 || status == 422, "{text:?}: {status}");
    }
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await;
}
