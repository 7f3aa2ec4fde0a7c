//! The server as a process: one to a data directory, asked over its socket, ended without loss.

use super::{AMPLE, Holdpoint, sentence};
use std::time::{Duration, Instant};
use std::{fs, thread};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

#[test]
fn a_second_process_on_the_same_data_directory_is_told_who_has_it() {
    let holdpoint = Holdpoint::set_up();
    let server = holdpoint.start(&SERVE);
    let output = holdpoint.run(&SERVE);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let sentence = sentence(&output);
    assert!(
        sentence.contains(&format!("process {}", server.child.id())),
        "{sentence}"
    );
    assert!(sentence.contains("--data-dir"), "{sentence}");
}

#[test]
fn commands_answer_the_same_over_the_socket_and_in_process() {
    let holdpoint = Holdpoint::set_up();
    let commands: [&[&str]; 6] = [
        &["admin", "workspace", "list"],
        &["queue", "list"],
        &["conversations", "list"],
        &["kb", "list"],
        &["log", "show"],
        &["log", "verify"],
    ];
    let alone = commands.map(|command| holdpoint.json(command));
    let server = holdpoint.start(&SERVE);
    let over_socket = commands.map(|command| holdpoint.json(command));
    drop(server);
    assert_eq!(alone, over_socket);
}

#[test]
fn commands_at_the_same_time_wait_for_one_another() {
    let holdpoint = Holdpoint::set_up();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| holdpoint.json(&["log", "verify"]));
        }
    });
}

#[test]
fn a_server_ends_when_it_is_told_to_and_leaves_nothing_in_the_way() {
    let holdpoint = Holdpoint::set_up();
    for signal in ["TERM", "INT"] {
        let mut server = holdpoint.start(&SERVE);
        server.signal(signal);
        assert_eq!(server.ended(), Some(0), "{signal}");
        assert!(!holdpoint.data_dir().join("holdpoint.sock").exists(), "{signal}");
    }
    assert_eq!(holdpoint.json(&["log", "verify"])["ok"], true);
}

#[test]
fn a_killed_server_leaves_nothing_in_the_way_either() {
    let holdpoint = Holdpoint::set_up();
    let mut server = holdpoint.start(&SERVE);
    server.signal("KILL");
    assert_eq!(server.ended(), None);
    assert!(
        holdpoint.data_dir().join("holdpoint.sock").exists(),
        "a killed process cleans nothing up"
    );
    assert_eq!(holdpoint.json(&["log", "verify"])["ok"], true);
    drop(holdpoint.start(&SERVE));
}

#[test]
fn links_lead_to_the_server_that_runs() {
    let holdpoint = Holdpoint::set_up();
    let server = holdpoint.start(&SERVE);
    let origin = server.answer["origin"].as_str().unwrap();
    let link = holdpoint.json(&["admin", "setup-link"]);
    assert!(
        link["url"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{origin}/setup?token=")),
        "{link} at {origin}"
    );
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    let holdpoint = Holdpoint::new();
    fs::write(holdpoint.data_dir(), "a file is in the way").unwrap();
    let output = holdpoint.run(&SERVE);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(sentence(&output).contains(holdpoint.data_dir().to_str().unwrap()));
}

#[test]
fn a_server_whose_model_file_is_damaged_serves_and_the_doctor_names_the_file() {
    let holdpoint = Holdpoint::set_up();
    let damaged = holdpoint.file("page.gguf", "<!doctype html>");
    let damaged = damaged.to_str().unwrap();
    let server = holdpoint.start(&[&SERVE[..], &["--embed-model", damaged]].concat());
    let begun = Instant::now();
    loop {
        let report = holdpoint.run(&["doctor", "--json", "--embed-model", damaged]);
        assert_eq!(report.status.code(), Some(7), "{report:?}");
        let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let engine = findings.iter().find(|finding| finding["check"] == "engine").unwrap();
        if engine["says"].as_str().unwrap().contains("page.gguf") {
            assert!(engine["remedy"].is_string(), "{engine}");
            break;
        }
        assert!(begun.elapsed() < AMPLE, "{report:#}");
        thread::sleep(Duration::from_millis(50));
    }
    // Everything that needs no model goes on.
    assert_eq!(holdpoint.json(&["queue", "list"])["items"], serde_json::json!([]));
    drop(server);
}
