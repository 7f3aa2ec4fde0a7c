//! Agents on the command line: settings, versions, and other models tried.

use super::sampling::{run, told};
use crate::app::{OPENING_HOURS, OWNER_EMAIL, TestApp};
use crate::models::gguf::Gguf;
use holdpoint::app::models::{self, AddWish, ArrivalState};
use holdpoint::domain::log::Actor;
use std::fs;

fn words(app: &TestApp, arguments: &[&str]) -> String {
    let output = run(app, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_changed_by_a_file_and_what_can_change_an_answer_says_where_it_is_tried() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |content: &str| {
        let path = folder.path().join("settings.json");
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    assert!(words(&app, &["agent", "list"]).contains("Juno"));
    let looks = file(r#"{"greeting": "Good day!"}"#);
    let said = words(&app, &["agent", "set", &looks, "--as", OWNER_EMAIL]);
    assert_eq!(said.trim(), "Version 2 is in force.");
    assert_eq!(told(&app, &["agent", "show"])["greeting"], "Good day!");

    let more = file(r#"{"instructions": "Be brief."}"#);
    let said = words(&app, &["agent", "set", &more, "--as", OWNER_EMAIL]);
    assert!(
        said.contains("instructions") && said.contains("holdpoint improve changes publish"),
        "{said}"
    );
    let now = ["agent", "set", &more, "--now", "A recall", "--as", OWNER_EMAIL];
    let done = told(&app, &now);
    assert_eq!(done["candidate"]["state"], "published", "{done}");
    let said = words(&app, &["agent", "versions", "--agent", "Juno"]);
    assert!(said.contains("3, in force") && said.contains("Mia"), "{said}");

    let wrong = file("[]");
    assert_eq!(run(&app, &["agent", "set", &wrong]).status.code(), Some(2));
    assert_eq!(
        run(&app, &["agent", "show", "--agent", "Nobody"]).status.code(),
        Some(3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_model_is_tried_and_nothing_is_live_before_it_is_published() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("writer.gguf");
    fs::write(&file, Gguf::chat().build(1, 4096)).unwrap();
    let wish = AddWish {
        file,
        name: None,
        is_for: None,
    };
    let begun = models::add(&app.app, Actor::Admin, wish).await.unwrap();
    crate::app::eventually("the model", async || {
        (models::arrival(&app.app, begun.id).unwrap().state == ArrivalState::Done).then_some(())
    })
    .await;
    let tried = told(&app, &["model", "try", "writer", "--as", OWNER_EMAIL]);
    let made = &tried["items"][0];
    assert_eq!(made["title"], "Juno: written by writer");
    assert_eq!(
        told(&app, &["agent", "show"])["chat_models"],
        serde_json::json!([]),
        "nothing is live"
    );
    let id = made["id"].as_str().unwrap();
    crate::app::eventually("the replay", async || {
        let shown = told(&app, &["improve", "changes", "show", id]);
        (shown["candidate"]["state"] == "waiting").then_some(())
    })
    .await;
    told(&app, &["improve", "changes", "publish", id, "--as", OWNER_EMAIL]);
    assert_eq!(
        told(&app, &["agent", "show"])["chat_models"],
        serde_json::json!(["writer"])
    );
    assert!(words(&app, &["model", "try", "writer"]).contains("nothing to try"));
    assert_eq!(run(&app, &["model", "try", "unheard-of"]).status.code(), Some(3));
    let no_adapter = ["model", "try", "writer", "--adapter", "tone"];
    let refused = run(&app, &no_adapter);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
}
