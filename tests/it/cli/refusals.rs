//! Exit codes and the one sentence that goes with them.

use super::{Holdpoint, sentence};
use serde_json::Value;
use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt};

const UNKNOWN: &str = "01981b2e-7c1a-7000-8000-000000000000";

fn code(holdpoint: &Holdpoint, arguments: &[&str]) -> Option<i32> {
    holdpoint.run(arguments).status.code()
}

#[test]
fn every_exit_code_means_what_the_document_says() {
    let holdpoint = Holdpoint::set_up();
    let broken = holdpoint.file("broken.json", "{\"question\":");
    let broken = broken.to_str().unwrap();
    let cases: [(&[&str], i32); 9] = [
        (&["config", "show"], 0),
        (&["kb", "import", broken], 1),
        (&["queue", "approve", UNKNOWN], 2),
        (&["queue", "show", UNKNOWN], 3),
        (&["kb", "import", "nowhere.json"], 3),
        (&["admin", "workspace", "add", "corner-bakery", "--name", "Another"], 4),
        (&["queue", "list", "--data-dir", "elsewhere"], 5),
        (&["queue", "approve", UNKNOWN, "--revision", "1"], 6),
        (&["doctor"], 7),
    ];
    for (arguments, expected) in cases {
        assert_eq!(code(&holdpoint, arguments), Some(expected), "{arguments:?}");
    }
}

#[test]
fn every_failure_is_one_sentence_without_a_stack_trace() {
    let holdpoint = Holdpoint::set_up();
    for arguments in [
        &["queue", "show", "nonsense"] as &[&str],
        &["queue", "show", UNKNOWN],
        &["conversations", "show", UNKNOWN],
        &["conversations", "take-over", UNKNOWN],
        &["queue", "list", "--as", "nobody@bakery.example"],
        &["queue", "list", "--workspace", "another"],
        &["queue", "list", "--workspace", "\u{7}\n"],
        &["queue", "list", "--after", "nonsense"],
        &["admin", "workspace", "add", "Not A Short Name", "--name", "x"],
        &["admin", "workspace", "add", "x", "--name", ""],
        &["admin", "token", "add", "mine", "--as", "nobody@bakery.example"],
        &["kb", "import", "."],
        &["kb", "eval", "."],
        &["serve", "--listen", "0.0.0.0:80"],
        &["serve", "--listen", "nonsense"],
        &["serve", "--data-dir", "/proc/nowhere"],
    ] {
        let output = holdpoint.run(arguments);
        assert_ne!(output.status.code(), Some(0), "{arguments:?}");
        assert!(
            sentence(&output).len() > "holdpoint: ".len() + 10,
            "{arguments:?}: {output:?}"
        );
    }
}

#[test]
fn programs_read_a_refusal_as_a_problem_object() {
    let holdpoint = Holdpoint::set_up();
    let output = holdpoint.run(&["queue", "show", UNKNOWN, "--json"]);
    let problem: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((output.status.code(), problem["status"].as_i64()), (Some(3), Some(404)));
    let output = holdpoint.run(&["queue", "list", "--data-dir", "elsewhere", "--json"]);
    let problem: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(
        problem["detail"].as_str().unwrap().contains("holdpoint init"),
        "{problem}"
    );
}

#[test]
fn a_misspelt_setting_is_refused_by_every_command_with_the_one_that_was_meant() {
    let holdpoint = Holdpoint::set_up();
    fs::write(
        holdpoint.data_dir().join("holdpoint.toml"),
        "lisetn = \"127.0.0.1:1\"\n",
    )
    .unwrap();
    for arguments in [&["config", "check"] as &[&str], &["queue", "list"], &["serve"]] {
        let output = holdpoint.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(sentence(&output).contains("did you mean `listen`?"));
    }
}

#[test]
fn a_port_in_use_is_named() {
    let holdpoint = Holdpoint::set_up();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = holdpoint.run(&["serve", "--listen", &format!("127.0.0.1:{port}")]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(sentence(&output).contains(&port));
    assert_eq!(
        code(&holdpoint, &["queue", "list"]),
        Some(0),
        "nothing is left in the way"
    );
}

#[test]
fn the_doctor_names_a_remedy_for_everything_it_finds() {
    let holdpoint = Holdpoint::set_up();
    fs::set_permissions(holdpoint.data_dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let damaged = holdpoint.file("page.gguf", "<!doctype html>");
    let output = holdpoint.run(&["doctor", "--json", "--chat-model", damaged.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let wrong: Vec<&str> = findings
        .iter()
        .filter(|it| it["ok"] == false)
        .map(|it| it["check"].as_str().unwrap())
        .collect();
    assert_eq!(report["ok"], false);
    for check in ["data", "chat", "embed"] {
        assert!(wrong.contains(&check), "{check} in {report:#}");
    }
    for finding in findings {
        assert_eq!(finding["ok"] == false, finding["remedy"].is_string(), "{finding}");
    }
}

#[test]
fn the_doctor_changes_nothing_where_nothing_is() {
    let holdpoint = Holdpoint::new();
    assert_eq!(code(&holdpoint, &["doctor"]), Some(7));
    assert!(!holdpoint.data_dir().exists());
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let holdpoint = Holdpoint::set_up();
    let database = holdpoint.data_dir().join("holdpoint.db");
    let python = format!(
        "import sqlite3; c = sqlite3.connect({database:?}); c.execute(\"INSERT INTO seaql_migrations VALUES ('m9999_future', 0)\"); c.commit()"
    );
    let made = std::process::Command::new("python3")
        .args(["-c", &python])
        .status()
        .unwrap();
    assert!(made.success());
    for arguments in [&["queue", "list"] as &[&str], &["serve"]] {
        let output = holdpoint.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(sentence(&output).contains("newer version"), "{output:?}");
    }
    let report = holdpoint.run(&["doctor"]);
    assert!(
        String::from_utf8_lossy(&report.stdout).contains("newer version"),
        "{report:?}"
    );
}
