//! What commands answer, to people and to programs.

use super::{Holdpoint, models};
use serde_json::{Value, json};
use std::fs;

#[test]
fn setting_up_twice_changes_nothing() {
    let holdpoint = Holdpoint::new();
    let first = holdpoint.json(&["init", "--name", "Corner Bakery", "--site", "https://bakery.example"]);
    assert_eq!(first["workspace"], "corner-bakery");
    assert!(
        first["setup_link"]["url"]
            .as_str()
            .unwrap()
            .contains("/setup?token=hps_"),
        "{first}"
    );
    let second = holdpoint.json(&["init", "--name", "Corner Bakery", "--assistant", "Another"]);
    assert_eq!(second["agent"], first["agent"]);
    let log = holdpoint.json(&["log", "show"]);
    let count = |kind: &str| {
        log["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["kind"] == kind)
            .count()
    };
    assert_eq!(
        (count("workspace.created"), count("agent.published")),
        (1, 1),
        "{log:#}"
    );
}

#[test]
fn a_second_run_adds_a_web_site_and_keeps_the_others() {
    let holdpoint = Holdpoint::new();
    let published = |site: &str| {
        holdpoint.done(&["init", "--name", "Corner Bakery", "--site", site]);
        let log = holdpoint.json(&["log", "show"]);
        let entries = log["items"].as_array().unwrap();
        entries
            .iter()
            .filter(|entry| entry["kind"] == "agent.published")
            .count()
    };
    assert_eq!(published("https://bakery.example"), 1);
    assert_eq!(published("https://www.Bakery.example/"), 2);
    // Both are known now, however they are spelled.
    assert_eq!(published("https://www.bakery.example"), 2);
    assert_eq!(published("https://bakery.example/"), 2);
}

#[test]
fn knowledge_is_imported_once_and_found() {
    let holdpoint = Holdpoint::set_up();
    let file = holdpoint.file("hours.md", "# When do you open?\n\nWe open at eight.\n");
    let import = ["kb", "import", file.to_str().unwrap()];
    let counts = |report: &Value| ["added", "changed", "unchanged"].map(|count| report[count].as_i64().unwrap());
    assert_eq!(counts(&holdpoint.json(&import)), [1, 0, 0]);
    assert_eq!(counts(&holdpoint.json(&import)), [0, 0, 1]);
    fs::write(&file, "# When do you open?\n\nWe open at nine.\n").unwrap();
    assert_eq!(counts(&holdpoint.json(&import)), [0, 1, 0]);
    assert!(holdpoint.done(&["kb", "list"]).contains("When do you open?"));
    assert!(
        holdpoint
            .done(&["kb", "search", "when", "do", "you", "open"])
            .contains("We open at nine.")
    );
}

#[test]
fn a_list_can_be_read_page_by_page() {
    let holdpoint = Holdpoint::set_up();
    let rows: Vec<Value> = (1..=5)
        .map(|n| json!({ "question": format!("Question {n}?"), "answer": "Yes." }))
        .collect();
    let file = holdpoint.file("faq.json", &Value::from(rows).to_string());
    holdpoint.done(&["kb", "import", file.to_str().unwrap()]);
    let mut seen = 0;
    let mut after: Option<String> = None;
    loop {
        let cursor: Vec<&str> = after.iter().flat_map(|after| ["--after", after.as_str()]).collect();
        let page = holdpoint.json(&[&["kb", "list", "--limit", "2"], cursor.as_slice()].concat());
        seen += page["items"].as_array().unwrap().len();
        after = page["next"].as_str().map(ToOwned::to_owned);
        assert!(seen <= 5, "{page}");
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, 5);
}

#[test]
fn a_changed_log_is_found_and_the_exit_code_says_so() {
    let holdpoint = Holdpoint::set_up();
    assert_eq!(holdpoint.json(&["log", "verify"])["ok"], true);
    let database = holdpoint.data_dir().join("holdpoint.db");
    let python = format!(
        "import sqlite3; c = sqlite3.connect({database:?}); c.execute(\"UPDATE log_entries SET at = at + 1 WHERE seq = 2\"); c.commit()"
    );
    assert!(
        std::process::Command::new("python3")
            .args(["-c", &python])
            .status()
            .unwrap()
            .success()
    );
    let output = holdpoint.run(&["log", "verify", "--json"]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["ok"], report["first_bad"].as_i64()),
        (&Value::from(false), Some(2)),
        "{report}"
    );
}

#[test]
fn a_log_that_was_cut_off_is_found_by_the_head_noted_before() {
    let holdpoint = Holdpoint::set_up();
    let noted = holdpoint.json(&["log", "verify"])["head"].as_str().unwrap().to_owned();
    holdpoint.done(&["admin", "setup-link"]);
    let later = holdpoint.json(&["log", "verify", "--head", &noted]);
    assert_eq!(later["ok"], true);
    let noted = later["head"].as_str().unwrap();
    let database = holdpoint.data_dir().join("holdpoint.db");
    let python = format!(
        "import sqlite3; c = sqlite3.connect({database:?}); c.execute(\"DELETE FROM log_entries WHERE seq = {}\"); c.commit()",
        later["entries"]
    );
    let cut_off = std::process::Command::new("python3")
        .args(["-c", &python])
        .status()
        .unwrap();
    assert!(cut_off.success());
    // What is left fits together.
    assert_eq!(holdpoint.json(&["log", "verify"])["ok"], true);
    let output = holdpoint.run(&["log", "verify", "--head", noted]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("removed from the end"), "{told}");
    assert_eq!(
        holdpoint.run(&["log", "verify", "--head", "beef"]).status.code(),
        Some(1)
    );
}

#[test]
fn settings_are_shown_with_their_origins_and_without_secrets() {
    let holdpoint = Holdpoint::new();
    let shown = holdpoint.json(&[
        "config",
        "show",
        "--database",
        "postgres://shop:hunter2@db.example/shop",
    ]);
    assert_eq!(shown["database"]["origin"], "flag --database");
    assert_eq!(shown["data_dir"]["origin"], "environment variable HOLDPOINT_DATA_DIR");
    assert_eq!(
        shown["listen"],
        json!({ "value": "127.0.0.1:8787", "origin": "default" })
    );
    assert!(!shown.to_string().contains("hunter2"), "{shown}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let holdpoint = Holdpoint::set_up();
    let mut command = holdpoint.command(&["log", "show"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn the_figures_of_an_evaluation_are_exactly_the_documented_ones() {
    let Some(models) = models() else { return };
    let holdpoint = Holdpoint::set_up();
    let folder = holdpoint.folder.path().join("eval");
    fs::create_dir(&folder).unwrap();
    let documents = [
        ("a", "When do you open?", "At eight."),
        ("b", "Do you bake rye bread?", "Every day but Monday."),
    ];
    let lines = |rows: Vec<Value>| rows.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let documents =
        documents.map(|(id, title, body)| json!({ "collection": "c", "id": id, "title": title, "body": body }));
    fs::write(folder.join("documents.jsonl"), lines(documents.into())).unwrap();
    let question =
        json!({ "collection": "c", "question": "What are your opening hours?", "context": [], "right": ["a"] });
    fs::write(folder.join("questions.jsonl"), lines(vec![question])).unwrap();
    let report = holdpoint.json(&[
        "kb",
        "eval",
        folder.to_str().unwrap(),
        "--models-dir",
        models.to_str().unwrap(),
    ]);
    let mut names: Vec<&String> = report.as_object().unwrap().keys().collect();
    names.sort();
    let mut documented = [
        "n",
        "right_first",
        "right_first_baseline",
        "diff",
        "diff_lower95",
        "mrr",
        "abstain_auroc",
        "abstain_auroc_baseline",
        "abstain_diff_lower95",
        "answered",
        "unanswerable",
        "latency_ms_p50",
        "latency_ms_p95",
    ];
    documented.sort_unstable();
    assert_eq!(names, documented);
    assert_eq!(report["right_first"], 1.0);
}

#[test]
fn the_curves_of_the_tuner_are_drawn_from_questions_by_category() {
    let Some(models) = models() else { return };
    let holdpoint = Holdpoint::set_up();
    let folder = holdpoint.folder.path().join("tune");
    fs::create_dir(&folder).unwrap();
    let categories = ["opening_hours", "rye_bread", "birthday_cake"];
    fs::write(folder.join("categories.json"), json!(categories).to_string()).unwrap();
    let ways = ["when can I come", "do you bake the dark one", "I want one with candles"];
    let rows = (0..130).map(|at| format!("\"{}, number {at}\",{}\n", ways[at % 3], categories[at % 3]));
    fs::write(
        folder.join("train.csv"),
        format!("text,category\n{}", rows.collect::<String>()),
    )
    .unwrap();
    let models = models.to_str().unwrap();
    let command = [
        "kb",
        "tune-eval",
        folder.to_str().unwrap(),
        "--draws",
        "1",
        "--seed",
        "5",
    ];
    let report = holdpoint.json(&[&command[..], &["--models-dir", models]].concat());
    assert_eq!((&report["parted"], &report["n"]), (&json!("question"), &json!(78)));
    assert_eq!(report["plan"], json!({ "seed": 5, "draws": 1 }));
    let mut names: Vec<&String> = report["rows"][0].as_object().unwrap().keys().collect();
    names.sort();
    let documented = [
        "corrected",
        "difference",
        "gain",
        "gain_least",
        "gain_lower95",
        "lower95",
        "right_first_cosine",
        "right_first_tuned",
        "right_first_untuned",
        "seconds",
        "unchanged",
        "verdicts",
    ];
    assert_eq!(names, documented);
    assert!(holdpoint.done(&["tune", "list"]).contains("No version was learned yet"));
}

#[test]
fn canned_replies_are_written_changed_and_removed() {
    let holdpoint = Holdpoint::set_up();
    let replies = |more: &[&str]| holdpoint.done(&[&["queue", "replies"], more].concat());
    assert!(replies(&["list"]).contains("no canned replies yet"));
    replies(&["add", "hours", "--text", "We open at nine."]);
    replies(&["edit", "/hours", "--text", "We open at ten.", "--rename", "opening"]);
    let listed = holdpoint.json(&["queue", "replies", "list"]);
    assert_eq!(
        (&listed["items"][0]["shortcut"], &listed["items"][0]["text"]),
        (&json!("opening"), &json!("We open at ten."))
    );
    replies(&["edit", "opening", "--rename", "hours"]);
    assert!(replies(&["list"]).contains("We open at ten."), "the text stays");
    replies(&["remove", "hours"]);
    assert_eq!(holdpoint.json(&["queue", "replies", "list"])["items"], json!([]));
    assert!(holdpoint.json(&["queue", "list", "--topic", "other"])["items"] == json!([]));
}

#[test]
fn the_secret_of_webhooks_is_printed_and_the_clocks_are_set() {
    let holdpoint = Holdpoint::set_up();
    let secret = holdpoint.done(&["webhook", "secret"]);
    assert!(secret.starts_with("whsec_"), "{secret}");
    assert_eq!(holdpoint.done(&["webhook", "secret"]), secret);
    assert!(
        holdpoint
            .done(&["webhook", "secret", "--renew"])
            .contains("goes on signing")
    );
    assert!(holdpoint.done(&["webhook", "list"]).contains("no webhooks yet"));
    holdpoint.done(&["admin", "workspace", "time-zone", "Europe/Berlin"]);
    assert!(
        holdpoint
            .done(&["admin", "workspace", "list"])
            .contains("Europe/Berlin")
    );
}

#[test]
fn an_address_is_told_what_happens_changed_paused_and_told_no_more() {
    let holdpoint = Holdpoint::set_up();
    assert!(holdpoint.done(&["webhook", "subscriptions"]).contains("Nobody is told"));
    let made = holdpoint.json(&[
        "webhook",
        "subscribe",
        "https://hooks.example/a?key=hidden",
        "--type",
        "message.created",
        "--note",
        "the till",
    ]);
    let id = made["id"].as_str().unwrap();
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let words = holdpoint.done(&["webhook", "subscribe", "https://hooks.example/b"]);
    assert!(words.contains("whsec_") && words.contains("not shown again"), "{words}");
    let list = holdpoint.done(&["webhook", "subscriptions"]);
    assert!(
        list.contains("message.created") && list.contains("the till") && list.contains("everything"),
        "{list}"
    );
    assert!(!list.contains("hidden") && !list.contains("whsec_"), "{list}");
    let changed = holdpoint.done(&["webhook", "change", id, "--type", "lead.created"]);
    assert!(changed.contains("is active; it is told lead.created"), "{changed}");
    assert!(
        holdpoint
            .done(&["webhook", "change", id, "--all"])
            .contains("told everything")
    );
    assert!(
        holdpoint
            .done(&["webhook", "change", id, "--note", "tills"])
            .contains("told everything")
    );
    assert!(holdpoint.done(&["webhook", "pause", id]).contains("is paused"));
    assert!(holdpoint.done(&["webhook", "resume", id]).contains("is active"));
    assert!(holdpoint.done(&["webhook", "renew", id]).contains("goes on signing"));
    assert!(holdpoint.done(&["webhook", "test", id]).contains("is queued"));
    let sent = holdpoint.json(&["webhook", "list", "--subscription", id, "--state", "queued"]);
    let one = holdpoint.done(&["webhook", "show", sent["items"][0]["id"].as_str().unwrap()]);
    assert!(one.contains("webhook.test") && one.contains("not tried yet"), "{one}");
    let at = jiff::Timestamp::from_millisecond(sent["items"][0]["created_at"].as_i64().unwrap());
    let since = at.unwrap().to_string();
    let replayed = holdpoint.done(&["webhook", "replay", id, "--since", &since]);
    assert!(replayed.contains("webhooks are queued"), "{replayed}");
    assert!(holdpoint.done(&["webhook", "unsubscribe", id]).contains("nothing more"));
}
