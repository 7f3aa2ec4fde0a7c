//! The demo: loaded once, left alone afterwards, and checked from question to delivered answer.

use super::{Holdpoint, models};
use serde_json::Value;

const DEMO: [&str; 3] = ["demo", "--port", "0"];

/// The documents of the demo.
fn documents(holdpoint: &Holdpoint) -> Vec<Value> {
    holdpoint.json(&["kb", "list", "--limit", "200"])["items"]
        .as_array()
        .unwrap()
        .clone()
}

fn count(holdpoint: &Holdpoint, kind: &str) -> usize {
    let log = holdpoint.json(&["log", "show", "--limit", "200"]);
    log["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["kind"] == kind)
        .count()
}

#[test]
fn the_demo_prints_a_link_to_sign_up_and_one_to_the_shop() {
    let holdpoint = Holdpoint::new();
    let demo = holdpoint.start(&DEMO);
    let link = |name: &str| demo.answer[name].as_str().unwrap();
    assert!(link("console").contains("/setup?token=hps_"), "{}", demo.answer);
    assert!(link("shop").ends_with("/demo/"), "{}", demo.answer);
    assert!(documents(&holdpoint).len() > 40);
}

#[test]
fn a_second_run_overwrites_nothing_a_person_made() {
    let holdpoint = Holdpoint::new();
    drop(holdpoint.start(&DEMO));
    let before = documents(&holdpoint);
    let changed = holdpoint.file(
        "faq.json",
        r#"[{"question": "What are your opening hours?", "answer": "Always."}]"#,
    );
    holdpoint.done(&["kb", "import", changed.to_str().unwrap(), "--collection", "shop"]);
    let owner = [
        "admin",
        "member",
        "add",
        "owner@shop.example",
        "--name",
        "Ada",
        "--role",
        "owner",
    ];
    assert_eq!(holdpoint.says(&owner, "a long password\n").status.code(), Some(0));
    let by_person = documents(&holdpoint);
    assert_ne!(by_person, before);

    let demo = holdpoint.start(&DEMO);
    assert!(
        demo.answer["console"].as_str().unwrap().ends_with("/login"),
        "an owner signs in: {}",
        demo.answer
    );
    drop(demo);
    assert_eq!(documents(&holdpoint), by_person);
    assert_eq!(count(&holdpoint, "workspace.created"), 1);
}

#[test]
fn every_question_of_the_check_is_answered_in_its_mode_and_delivered() {
    let Some(models) = models() else { return };
    let holdpoint = Holdpoint::new();
    let check = [
        "demo",
        "--check",
        "--port",
        "0",
        "--models-dir",
        models.to_str().unwrap(),
        "--json",
    ];
    let output = holdpoint.run(&check);
    let transcript: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(output.status.code(), Some(0), "{transcript:#}");
    assert_eq!(
        (transcript["asked"].as_u64(), transcript["delivered"].as_u64()),
        (Some(8), Some(8))
    );
    for entry in transcript["questions"].as_array().unwrap() {
        assert_eq!(entry["mode"], entry["expected_mode"], "{entry:#}");
        for step in ["listening", "drafting", "deciding", "delivering"] {
            assert!(
                entry["times_ms"][step].as_i64().is_some_and(|ms| ms >= 0),
                "{step} of {entry:#}"
            );
        }
    }
}
