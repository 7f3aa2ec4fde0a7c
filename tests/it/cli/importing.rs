//! `kb import`: folders, files that cannot be read beside those that can, and an import that is killed.

use super::sampling::{run, told};
use super::{Holdpoint, sentence};
use crate::app::TestApp;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

#[test]
fn a_folder_is_imported_whole_and_what_is_wrong_is_named() {
    let holdpoint = Holdpoint::set_up();
    let folder = holdpoint.folder.path().join("docs");
    fs::create_dir_all(folder.join("de")).unwrap();
    fs::write(folder.join("hours.md"), "# When do you open?\n\nAt eight.\n").unwrap();
    fs::write(folder.join("de/hours.md"), "# Wann ist offen?\n\nAb acht.\n").unwrap();
    fs::write(folder.join("broken.pdf"), "%PDF-1.4 and nothing else").unwrap();
    fs::write(folder.join("logo.png"), "x").unwrap();
    let huge = fs::File::create(folder.join("huge.txt")).unwrap();
    huge.set_len(2 << 30).unwrap();
    let output = holdpoint.run(&["kb", "import", "docs", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["added"], &report["files"]), (&json!(2), &json!(2)));
    let failed = report["failed"].as_array().unwrap();
    assert_eq!(
        (&failed[0]["file"], &failed[1]["file"]),
        (&json!("broken.pdf"), &json!("huge.txt"))
    );
    assert!(
        failed[0]["why"]
            .as_str()
            .unwrap()
            .starts_with("This PDF cannot be read: "),
        "{report}"
    );
    assert!(failed[1]["why"].as_str().unwrap().contains("2048 MB"), "{report}");
    assert_eq!(report["left_out"][0]["file"], "logo.png");
    let again = holdpoint.run(&["kb", "import", "docs"]);
    let why = sentence(&again);
    assert!(
        why.starts_with("holdpoint: 2 of 4 files were not imported; mend"),
        "{why}"
    );
    let told = String::from_utf8(again.stdout).unwrap();
    assert!(
        told.starts_with("2 files: 0 added, 0 changed, 2 unchanged, 0 removed\n"),
        "{told}"
    );
    assert!(
        told.contains("Left out: logo.png: it is of a kind that is not read"),
        "{told}"
    );
    fs::remove_file(folder.join("broken.pdf")).unwrap();
    fs::remove_file(folder.join("huge.txt")).unwrap();
    fs::write(folder.join("de/hours.md"), "# Wann ist offen?\n\nAb neun.\n").unwrap();
    let dry_run = [
        "kb",
        "import",
        "docs",
        "--dry-run",
        "--owner",
        "Mia",
        "--expires",
        "2099-12-31",
    ];
    let told = holdpoint.done(&dry_run);
    assert!(
        told.contains("~ de/hours.md: Wann ist offen?") && told.contains("-Ab acht.") && told.contains("+Ab neun."),
        "{told}"
    );
    assert!(
        !holdpoint
            .done(&["kb", "search", "Wann", "ist", "offen"])
            .contains("Ab neun.")
    );
    assert!(holdpoint.done(&["kb", "list", "--expired"]).contains("no knowledge"));
    // What was deleted from the folder is told, and taken out when that is wished.
    fs::remove_file(folder.join("de/hours.md")).unwrap();
    let told = holdpoint.done(&["kb", "import", "docs"]);
    assert!(
        told.contains("not here any more (--prune takes it out): de/hours.md"),
        "{told}"
    );
    let told = holdpoint.done(&["kb", "import", "docs", "--prune", "--dry-run"]);
    assert!(
        told.contains("1 removed") && told.contains("Would be taken out: de/hours.md"),
        "{told}"
    );
    let report = holdpoint.json(&["kb", "import", "docs", "--prune"]);
    assert_eq!(
        (&report["removed"], &report["gone"], &report["pruned"]),
        (&json!(1), &json!(["de/hours.md"]), &json!(true))
    );
    assert_eq!(holdpoint.json(&["kb", "import", "docs"])["gone"], json!([]));
    let file = folder.join("hours.md");
    let refused = holdpoint.run(&["kb", "import", file.to_str().unwrap(), "--prune"]);
    assert!(sentence(&refused).contains("one folder or one site"), "{refused:?}");
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_stopped() {
    let holdpoint = Holdpoint::set_up();
    let rows: Vec<Value> = (0..6_000)
        .map(|n| json!({ "question": format!("What is {n}?"), "answer": "A number." }))
        .collect();
    let file = holdpoint.file("numbers.json", &Value::from(rows).to_string());
    let import = ["kb", "import", file.to_str().unwrap()];
    let count = |report: &Value, name: &str| report[name].as_i64().unwrap();
    let mut command = holdpoint.command(&import);
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn().unwrap();
    // It has begun to write as soon as the database's log of changes grows.
    let changes = holdpoint.data_dir().join("holdpoint.db-wal");
    while fs::metadata(&changes).map_or(0, |about| about.len()) < 400_000 {
        assert!(child.try_wait().unwrap().is_none(), "it had ended before it was killed");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let there = holdpoint.json(&["kb", "import", "--dry-run", file.to_str().unwrap()]);
    let (added, unchanged) = (count(&there, "added"), count(&there, "unchanged"));
    assert!(unchanged > 0 && added > 0 && added + unchanged == 6_000, "{there}");
    let rest = holdpoint.json(&import);
    assert_eq!(
        (
            count(&rest, "added") + count(&rest, "unchanged"),
            count(&rest, "changed")
        ),
        (6_000, 0)
    );
    assert_eq!(count(&holdpoint.json(&import), "unchanged"), 6_000);
}

#[test]
fn a_real_help_centre_is_imported_in_one_command() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/logingov-help");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let holdpoint = Holdpoint::set_up();
    let report = holdpoint.json(&["kb", "import", folder.to_str().unwrap()]);
    assert_eq!(
        (&report["failed"], &report["files"]),
        (&json!([]), &json!(225)),
        "{report}"
    );
    assert!(report["added"].as_i64().unwrap() > 900, "{report}");
    let again = holdpoint.json(&["kb", "import", folder.to_str().unwrap()]);
    assert_eq!(
        (&again["added"], &again["changed"], &again["unchanged"]),
        (&json!(0), &json!(0), &report["added"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_out_here_is_named_and_comes_back_on_demand() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prices.json");
    fs::write(&file, r#"[{"question": "What costs a bell?", "answer": "5 euros."}]"#).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(told(&app, &["kb", "import", file])["added"], 1);
    let listed = app.owner().get("/api/v1/knowledge/documents?limit=200").await.ok();
    let mut items = listed["items"].as_array().unwrap().iter();
    let bell = items.find(|item| item["title"] == "What costs a bell?").unwrap();
    let path = format!("/api/v1/knowledge/documents/{}", bell["id"].as_str().unwrap());
    app.owner().delete(&path).await.done();
    let words = String::from_utf8(run(&app, &["kb", "import", file]).stdout).unwrap();
    for part in [
        "0 added, 0 changed, 0 unchanged, 0 removed, 1 kept",
        "prices.json: “What costs a bell?” was taken out here on 20",
        "the file still has the old text, so it stays as it is (--overwrite-corrections replaces it)",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let back = told(&app, &["kb", "import", "--overwrite-corrections", file]);
    assert_eq!((&back["changed"], &back["kept"]), (&json!(1), &json!(0)), "{back}");
    app.owner().get(&path).await.ok();
}
