//! Gaps and proposals on the command line.

use super::sampling::{run, told};
use crate::app::{OWNER_EMAIL, TestApp};
use crate::gaps::{OTHER_WORDS, REPLY, asks, gaps, responds};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn gaps_are_listed_answered_and_dismissed_and_a_proposal_needs_a_member() {
    let app = TestApp::start().await;
    let (_, item) = asks(&app, OTHER_WORDS[0]).await;
    asks(&app, "Snark wibble blorb?").await;
    responds(&app, &item, REPLY).await;
    gaps(&app).await;
    let words = run(&app, &["improve", "gaps"]);
    let words = String::from_utf8(words.stdout).unwrap();
    for part in ["1 visitors, 1 questions", "Proposed by Mia", "improve gaps answer"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let found = told(&app, &["improve", "gaps"]);
    let with = |name: &str| {
        let mut items = found["items"].as_array().unwrap().iter();
        items.find(|gap| gap["name"] == name).unwrap().clone()
    };
    let (known, unknown) = (with(OTHER_WORDS[0]), with("Snark wibble blorb?"));
    let id = known["proposal"]["id"].as_str().unwrap();
    let listed = told(&app, &["improve", "proposals"]);
    assert_eq!(listed["items"][0]["id"], id);
    let approve = ["improve", "proposals", "approve", id];
    assert_eq!(run(&app, &approve).status.code(), Some(6), "nobody is named");
    let as_mia = [&approve[..], &["--answer", "In two days.", "--as", OWNER_EMAIL]].concat();
    let approved = told(&app, &as_mia);
    assert_eq!(approved["answer"], "In two days.");
    assert_eq!(run(&app, &as_mia).status.code(), Some(4), "a second time");

    // What was approved comes to nothing: the gap is open again, and says what was tried.
    let candidate = approved["candidate_id"].as_str().unwrap();
    let withdrawn = app
        .owner()
        .delete(&format!("/api/v1/improve/candidates/{candidate}"))
        .await;
    assert!(withdrawn.status.is_success(), "{}", withdrawn.status);
    let words = String::from_utf8(run(&app, &["improve", "gaps"]).stdout).unwrap();
    for part in [
        "Approved by Mia, and taken back: In two days.",
        "Nobody has answered it yet",
    ] {
        assert_eq!(words.matches(part).count(), 1, "{part}: {words}");
    }

    let gap = unknown["id"].as_str().unwrap();
    let written = told(
        &app,
        &["improve", "gaps", "answer", gap, "--answer", "We wibble on Fridays."],
    );
    assert_eq!(written["state"], "waiting");
    let unwanted = [
        "improve",
        "proposals",
        "dismiss",
        written["id"].as_str().unwrap(),
        "--reason",
        "We do not.",
    ];
    assert_eq!(told(&app, &unwanted)["reason"], "We do not.");
    let gone = told(&app, &["improve", "gaps", "dismiss", gap]);
    assert_eq!(gone["state"], json!("dismissed"));
    let left = told(&app, &["improve", "gaps"])["items"].clone();
    assert_eq!(left[0]["former"]["answer"], "In two days.", "{left}");
    assert_eq!((left.as_array().unwrap().len(), &left[0]["id"]), (1, &known["id"]));
    assert_eq!(
        told(&app, &["improve", "gaps", "--state", "all"])["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
