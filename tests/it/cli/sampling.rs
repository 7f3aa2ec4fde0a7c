//! Certificates, draws and quality checks on the command line, asked of a server whose months have passed.

use super::Holdpoint;
use crate::app::{OWNER_EMAIL, TestApp, eventually};
use crate::checks::{colleague, known, release, sent};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const DAY_MS: i64 = 24 * 60 * 60_000;
/// Nothing on the command line takes so long to read.
const READ_MS: i64 = 20_000;

/// The program, asking the server of this test over its socket.
pub(super) fn run(app: &TestApp, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOLDPOINT_") {
            command.env_remove(name);
        }
    }
    let folder: PathBuf = app.database().parent().unwrap().to_owned();
    command
        .args(arguments)
        .env("HOLDPOINT_DATA_DIR", folder)
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    tokio::task::block_in_place(|| command.output().unwrap())
}

fn done(app: &TestApp, arguments: &[&str]) -> String {
    let output = run(app, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().replace('\u{a0}', " ")
}

pub(super) fn told(app: &TestApp, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(app, &[arguments, &["--json"]].concat())).unwrap()
}

fn code(app: &TestApp, arguments: &[&str]) -> Option<i32> {
    run(app, arguments).status.code()
}

/// Does something to the database behind the server's back.
fn sql(app: &TestApp, statement: &str) {
    let database = app.database().display().to_string();
    let python = format!("import sqlite3; c = sqlite3.connect({database:?}); c.execute({statement:?}); c.commit()");
    let done = Command::new("python3").args(["-c", &python]).status().unwrap();
    assert!(done.success());
}

/// A shop of which so many answers went out in a month that is closed. Returns the month.
async fn a_closed_month(app: &TestApp, answers: usize) -> String {
    release(app).await;
    sent(app, answers).await;
    let month = known(app).await[0].month.clone();
    app.advance_ms(43 * DAY_MS);
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    eventually("the statement", async || {
        let closed = rows.sampling_month(&month).await.unwrap();
        closed.is_some_and(|row| row.closed_at.is_some()).then_some(())
    })
    .await;
    month
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draw_is_rechecked_from_the_log_and_the_exit_code_tells_a_script() {
    let app = TestApp::start().await;
    release(&app).await;
    sent(&app, 1).await;
    let month = known(&app).await[0].month.clone();
    let verify = ["sample", "verify", "--month", &month];
    assert_eq!(code(&app, &verify), Some(4), "its key is still secret");
    assert_eq!(code(&app, &["sample", "verify", "--month", "2019-01"]), Some(3));
    assert_eq!(code(&app, &["sample", "verify", "--month", "May & June"]), Some(1));
    app.advance_ms(43 * DAY_MS);
    let fair = eventually("the statement", async || {
        let output = run(&app, &verify);
        (output.status.code() == Some(0)).then_some(output)
    })
    .await;
    let said = String::from_utf8(fair.stdout).unwrap();
    assert!(
        said.starts_with(&format!("The draw of {month} was fair: 1 answers, 1 of them drawn")),
        "{said}"
    );
    let report = told(&app, &verify);
    assert_eq!(
        (&report["is_fair"], &report["problems"]),
        (&json!(true), &json!([])),
        "{report}"
    );
}

/// What somebody did to the log is found, and named.
async fn is_found(tampering: impl Fn(i64, i64) -> String, problem: &str) {
    let app = TestApp::start().await;
    let month = a_closed_month(&app, 4).await;
    let log = told(&app, &["log", "show", "--limit", "1000"]);
    let of_kind = |kind: &str| {
        let entries = log["items"].as_array().unwrap();
        let found = entries
            .iter()
            .find(|entry| entry["kind"] == kind && !entry["refs"]["month"].is_null());
        found.unwrap()["seq"].as_i64().unwrap()
    };
    sql(
        &app,
        &tampering(of_kind("message.released"), of_kind("statement.published")),
    );
    let output = run(&app, &["sample", "verify", "--month", &month]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("does not check out") && said.contains(problem),
        "{problem}: {said}"
    );
    let output = run(&app, &["sample", "verify", "--month", &month, "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &report["is_fair"]),
        (Some(7), &json!(false)),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_changed_in_the_middle_of_the_log_is_found() {
    let change = |released, _| {
        format!(
            "UPDATE log_entries SET refs = replace(refs, '\"probability\":\"1\"', '\"probability\":\"0.5\"') WHERE seq = {released}"
        )
    };
    is_found(change, "the log is damaged at entry").await;
    is_found(change, "has the probability 0.5, its band was given 1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_than_the_one_committed_to_is_found() {
    let change = |_, published| {
        format!("UPDATE log_entries SET refs = json_set(refs, '$.key', printf('%064d', 7)) WHERE seq = {published}")
    };
    is_found(change, "the key is not the one whose hash was published").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_taken_out_of_the_log_is_found() {
    let removal = |released, _| format!("DELETE FROM log_entries WHERE seq = {released}");
    is_found(removal, "the log is damaged at entry").await;
    is_found(removal, "was drawn, and the log does not say that it sent an answer").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_are_worked_off_on_the_command_line_in_somebodys_name() {
    let app = TestApp::start().await;
    release(&app).await;
    colleague(&app, "Noor").await;
    sent(&app, 2).await;
    assert_eq!(code(&app, &["sample", "next"]), Some(6), "in nobody's name");
    let mia = ["--as", OWNER_EMAIL];
    let next = told(&app, &[&["sample", "next"], mia.as_slice()].concat());
    assert_eq!(next["waiting"], 2, "{next}");
    let id = next["check"]["id"].as_str().unwrap();
    let shown = done(&app, &[&["sample", "next"], mia.as_slice()].concat());
    assert!(
        shown.contains(&format!("Quality check {id} (2 to check; nobody is waiting)")),
        "{shown}"
    );

    app.advance_ms(READ_MS);
    let judge = [
        "sample",
        "judge",
        id,
        "--verdict",
        "bad",
        "--reason",
        "wrong",
        "--note",
        "Closed on Mondays.",
    ];
    let refused = run(&app, &[&judge, ["--as", "noor@quillhaven.example"].as_slice()].concat());
    assert_eq!(refused.status.code(), Some(4), "a colleague looks at it: {refused:?}");
    assert_eq!(done(&app, &[&judge, mia.as_slice()].concat()), "Kept.\n");
    assert_eq!(
        code(&app, &[&judge, mia.as_slice()].concat()),
        Some(4),
        "it was judged already"
    );
    assert_eq!(code(&app, &["sample", "judge", id, "--verdict", "maybe"]), Some(2));
    let unknown = [
        "sample",
        "judge",
        "01981b2e-7c1a-4000-8000-000000000000",
        "--verdict",
        "bad",
    ];
    assert_eq!(code(&app, &[&unknown, mia.as_slice()].concat()), Some(3));

    // Noor reads the words after her own verdict.
    let noor = ["--as", "noor@quillhaven.example"];
    let mut said = String::new();
    while let Some(id) = told(&app, &[&["sample", "next"], noor.as_slice()].concat())["check"]["id"].as_str() {
        app.advance_ms(READ_MS);
        said += &done(
            &app,
            &[&["sample", "judge", id, "--verdict", "bad"], noor.as_slice()].concat(),
        );
    }
    assert!(
        said.contains("A colleague, who judged it before (bad): Closed on Mondays."),
        "{said}"
    );
    assert_eq!(
        done(&app, &[&["sample", "next"], noor.as_slice()].concat()),
        "Nothing to check.\n"
    );

    let reviewers = done(&app, &["sample", "reviewers"]);
    assert!(
        reviewers.contains("All together: two reviewers agree on 100 % of 1 (95 %:"),
        "{reviewers}"
    );
    assert!(
        reviewers.contains("Mia: 1 verdicts; 20 s each (median); 0 % too fast to count"),
        "{reviewers}"
    );
    let view = told(&app, &["sample", "reviewers"]);
    assert_eq!(
        (&view["team"]["doubles"], &view["team"]["ac1"]),
        (&json!(1), &Value::Null),
        "{view}"
    );
}

#[test]
fn what_is_known_and_what_to_expect_is_read() {
    let holdpoint = Holdpoint::set_up();
    let shown = holdpoint.done(&["sample", "show"]);
    assert!(
        shown.starts_with(
            "There is no certificate yet. It takes at least 192 verdicts on the safest answers.\n0 verdicts since"
        ),
        "{shown}"
    );
    assert_eq!(holdpoint.json(&["sample", "show"])["gate"], "closed");
    let plan = [
        "sample",
        "plan",
        "--conversations",
        "20",
        "--limit",
        "0.08",
        "--reviews",
        "20",
    ];
    let said = holdpoint.done(&plan);
    assert!(
        said.starts_with("The gate is likely to open after") && said.contains("Taken for granted:"),
        "{said}"
    );
    assert_eq!(holdpoint.json(&plan)["wish"]["limit"], 0.08);
    assert_eq!(
        holdpoint.run(&["sample", "plan", "--limit", "70%"]).status.code(),
        Some(1)
    );
    assert_eq!(
        holdpoint.run(&["sample", "plan", "--limit", "much"]).status.code(),
        Some(2)
    );
}

#[test]
fn the_limit_is_set_in_percent_or_thousandths_and_loosened_by_an_owner_only() {
    let holdpoint = Holdpoint::set_up();
    let limit = |more: &[&str]| holdpoint.run(&[&["gate", "limit"], more].concat());
    let said = holdpoint.done(&["gate", "limit"]);
    assert!(
        said.starts_with("Of a thousand answers sent without a person at most 40 may be bad, 95 % sure."),
        "{said}"
    );
    let said = holdpoint.done(&["gate", "limit", "--permille", "30", "--reviews", "12"]);
    assert!(
        said.contains("at most 30 may be bad") && said.contains("Your team can judge 12 answers a day."),
        "{said}"
    );
    assert_eq!(holdpoint.json(&["gate", "limit"])["limit_permille"], 30);
    // Looser is an owner's to say.
    assert_eq!(limit(&["--permille", "40"]).status.code(), Some(6));
    assert_eq!(limit(&["--opens", "yes"]).status.code(), Some(6));
    assert_eq!(
        limit(&["--permille", "30", "--as", "mia@bakery.example"]).status.code(),
        Some(6),
        "a reviewer"
    );
    assert_eq!(limit(&["--permille", "0"]).status.code(), Some(1));
    assert_eq!(limit(&["--confidence", "70%"]).status.code(), Some(1));
    assert_eq!(limit(&["--confidence", "100"]).status.code(), Some(2));
    assert_eq!(
        limit(&["--limit", "2.55%"]).status.code(),
        Some(2),
        "finer than it is kept"
    );
    assert_eq!(
        limit(&["--limit", "2.5%", "--confidence", "0.95"]).status.code(),
        Some(0)
    );
    assert_eq!(holdpoint.json(&["gate", "limit"])["limit_permille"], 25);
    assert_eq!(limit(&["--opens", "perhaps"]).status.code(), Some(2));
    let ada = [
        "admin",
        "member",
        "add",
        "ada@bakery.example",
        "--name",
        "Ada",
        "--role",
        "owner",
    ];
    assert_eq!(holdpoint.says(&ada, "a long password\n").status.code(), Some(0));
    let said = holdpoint.done(&[
        "gate",
        "limit",
        "--opens",
        "yes",
        "--permille",
        "50",
        "--as",
        "ada@bakery.example",
    ]);
    assert!(
        said.contains("at most 50 may be bad") && said.contains("A certificate opens the gate"),
        "{said}"
    );
    let said = holdpoint.done(&["gate", "limit", "--together", "yes", "--exact", "yes"]);
    assert!(
        said.contains("95 % sure of all certificates together.") && said.ends_with("their statements are exact.\n"),
        "{said}"
    );
    assert_eq!(
        limit(&["--together", "no"]).status.code(),
        Some(6),
        "looser is an owner's to say"
    );
    assert!(!holdpoint.done(&["gate", "limit", "--exact", "no"]).contains("exact"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exported_log_is_rechecked_by_itself_without_any_server() {
    let app = TestApp::start().await;
    // How risky answers are taken to be stands in it: nobody who judges may have it.
    app.owner().get("/api/v1/log/export").await.refused(403);
    let month = a_closed_month(&app, 3).await;
    let log = done(&app, &["log", "export"]);
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = |log: &str| {
        let file = folder.path().join("log.jsonl");
        std::fs::write(&file, log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
        command
            .args(["sample", "verify", "--month", &month, "--log"])
            .arg(file)
            .env("HOLDPOINT_DATA_DIR", folder.path().join("nothing"))
            .stdin(Stdio::null());
        let output = tokio::task::block_in_place(|| command.output().unwrap());
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), said)
    };
    let (code, said) = elsewhere(&log);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("was fair: 3 answers, 3 of them drawn"), "{said}");
    assert!(!log.contains("content\""), "nothing of what was said");
    // Whoever changes a score, or leaves an entry out, is found.
    let (code, said) = elsewhere(&log.replacen("\"score\":\"", "\"score\":\"1", 1));
    assert_eq!(code, Some(7), "{said}");
    assert!(said.contains("was changed after it was written"), "{said}");
    let shortened: Vec<&str> = log
        .lines()
        .enumerate()
        .filter(|(at, _)| *at != 3)
        .map(|(_, line)| line)
        .collect();
    let (code, said) = elsewhere(&shortened.join("\n"));
    assert_eq!(code, Some(7), "{said}");
    assert_eq!(elsewhere("no log").0, Some(2));
    assert_eq!(elsewhere("").0, Some(4), "nothing was opened in it");
}
