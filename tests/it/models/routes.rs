//! The routes, as the command line and programs use them.

use super::gguf::Gguf;
use super::server::{FileServer, Manner, digest};
use crate::app::{TestApp, eventually};
use serde_json::json;

const MODELS: &str = "/api/v1/admin/models";

#[tokio::test]
async fn the_administrator_adds_pulls_chooses_and_removes() {
    let app = TestApp::start().await;
    let admin = app.administrator();
    let file = Gguf::chat().build(1, 4096);
    let server = FileServer::start(file.clone(), Manner::Well).await;
    let wish = json!({
        "url": server.url("tiny.gguf"), "sha256": digest(&file), "allow_http": true, "allow_internal": true
    });
    let begun = admin.post(&format!("{MODELS}/pulls"), &wish).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let path = format!("{MODELS}/pulls/{}", begun.json()["id"].as_str().unwrap());
    let ended = eventually("the download", async || {
        let now = admin.get(&path).await.ok();
        (now["state"] == "done").then_some(now)
    })
    .await;
    assert_eq!(ended["purpose"], "chat");
    assert_eq!(
        admin.get(&format!("{MODELS}/pulls")).await.ok()["items"][0]["id"],
        ended["id"]
    );
    admin.delete(&path).await.refused(409);

    let chosen = admin.post(&format!("{MODELS}/tiny/use"), &json!({})).await.ok();
    assert_eq!(chosen["purpose"], "chat");
    let listed = admin.get(MODELS).await.ok();
    assert_eq!(listed["items"][0]["in_use"], "choice");
    assert_eq!(listed["items"][0]["sha256"], digest(&file));
    admin.delete(&format!("{MODELS}/tiny")).await.refused(409);
    assert_eq!(
        admin.post(&format!("{MODELS}/verify"), &json!({})).await.ok()["items"][0]["state"],
        "present"
    );
}

#[tokio::test]
async fn what_reaches_every_workspace_is_changed_by_the_machines_administrator_alone() {
    let app = TestApp::start().await;
    for client in [
        app.owner(),
        app.program(&["read", "review", "knowledge", "admin"]).await,
    ] {
        assert!(client.get(MODELS).await.ok()["items"].is_array());
        client
            .post(MODELS, &json!({ "file": "/etc/passwd" }))
            .await
            .refused(403);
        client
            .post(
                &format!("{MODELS}/pulls"),
                &json!({ "url": "https://models.example/a.gguf" }),
            )
            .await
            .refused(403);
        client
            .post(&format!("{MODELS}/tiny/use"), &json!({}))
            .await
            .refused(403);
        client.delete(&format!("{MODELS}/tiny")).await.refused(403);
    }
    let reader = app.program(&["read"]).await;
    reader.get(MODELS).await.refused(403);
    reader.get(&format!("{MODELS}/pulls")).await.refused(403);
    app.anonymous().get(MODELS).await.refused(401);
}

#[tokio::test]
async fn refusals_are_problems_with_a_sentence() {
    let app = TestApp::start().await;
    let admin = app.administrator();
    let pull = |url: &str| json!({ "url": url });
    admin
        .post(&format!("{MODELS}/pulls"), &pull("http://models.example/a.gguf"))
        .await
        .refused(422);
    admin
        .post(&format!("{MODELS}/pulls"), &pull("nonsense"))
        .await
        .refused(422);
    admin
        .post(
            &format!("{MODELS}/pulls"),
            &json!({ "url": "https://models.example/a.gguf", "name": "../x" }),
        )
        .await
        .refused(422);
    admin
        .post(
            &format!("{MODELS}/pulls"),
            &json!({ "url": "https://models.example/a.gguf", "sha256": "x" }),
        )
        .await
        .refused(422);
    admin
        .post(MODELS, &json!({ "file": "/nowhere/a.gguf" }))
        .await
        .refused(422);
    admin
        .post(&format!("{MODELS}/unknown/use"), &json!({}))
        .await
        .refused(404);
    admin.delete(&format!("{MODELS}/unknown")).await.refused(404);
    admin.delete(&format!("{MODELS}/..%2fholdpoint.db")).await.refused(400);
    admin
        .get(&format!("{MODELS}/pulls/01981b2e-7c1a-7000-8000-000000000000"))
        .await
        .refused(404);
}
