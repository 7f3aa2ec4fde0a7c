//! Training data: only what was agreed to, without personal data, never a check; in files that trainers read.

use super::sampling::{run, told};
use crate::app::{OPENING_HOURS, TestApp, VisitorClient, eventually};
use crate::evidence_mends::nothing_kept_back;
use holdpoint::app::AppError;
use holdpoint::domain::evidence::CheckPurpose;
use holdpoint::store::Change;
use holdpoint::store::entity::check;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Nobody reads an answer faster.
const READ_MS: i64 = 20_000;

/// A visitor who asks, and has said whether it may train a model; their item.
async fn asked(app: &TestApp, question: &str, agrees: Option<bool>) -> (VisitorClient, Value) {
    let visitor = app.visitor().await;
    if let Some(agrees) = agrees {
        let word = json!({ "agrees": agrees });
        visitor.client.post("/widget/v1/training", &word).await.done();
    }
    visitor.says(question).await;
    let item = app.item_of(&visitor).await;
    app.advance_ms(READ_MS);
    (visitor, item)
}

fn lines(folder: &Path, name: &str) -> Vec<Value> {
    // A part without a row has no file.
    let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of both parts.
fn rows(folder: &Path) -> Vec<Value> {
    ["train.jsonl", "validation.jsonl"]
        .iter()
        .flat_map(|name| lines(folder, name))
        .collect()
}

/// A shop where five visitors were answered: approved, edited, and answered by a person; one did not agree, one was not asked.
async fn decided() -> TestApp {
    let app = TestApp::start().await;
    let (_, item) = asked(&app, OPENING_HOURS, Some(true)).await;
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    let about_me = format!("{OPENING_HOURS} I am jane.doe@example.org");
    let (_, item) = asked(&app, &about_me, Some(true)).await;
    let edit = json!({ "kind": "edit", "text": "From ten. Call +49 30 1234567.", "reasons": ["wrong"] });
    app.decide_for_good(&item, edit).await;
    let (_, item) = asked(&app, OPENING_HOURS, Some(true)).await;
    let respond = json!({ "kind": "respond", "text": "We open at ten.", "verdict": "bad", "reasons": ["wrong"] });
    app.decide_for_good(&item, respond).await;
    for agrees in [Some(false), None] {
        let (_, item) = asked(&app, OPENING_HOURS, agrees).await;
        app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    }
    nothing_kept_back(&app).await;
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_agreed_to_is_exported_masked_with_its_provenance_and_a_manifest_that_proves_it() {
    let app = decided().await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("chat");
    let manifest = told(&app, &["export", "chat", "--out", out.to_str().unwrap()]);
    assert_eq!(
        manifest["left_out"],
        json!({ "not_agreed": 2, "checked": 0, "unjudged": 0, "no_question": 0, "no_pair": 0 })
    );
    let rows = rows(&out);
    assert_eq!(rows.len(), 3, "{rows:?}");
    for row in &rows {
        let messages = row["messages"].as_array().unwrap();
        assert_eq!(
            row.as_object().unwrap().len(),
            1,
            "nothing that a trainer does not know"
        );
        assert_eq!(messages.first().unwrap()["role"], "user");
        assert_eq!(messages.last().unwrap()["role"], "assistant");
    }
    let whole = format!("{rows:?}");
    assert!(
        whole.contains("From ten.") && whole.contains("We open at ten."),
        "{whole}"
    );
    assert!(!whole.contains("jane.doe") && !whole.contains("1234567"), "{whole}");

    // Every row has its provenance, and every file its hash.
    let provenance = lines(&out, "provenance.jsonl");
    assert_eq!(provenance.len(), 3);
    for row in &provenance {
        let text = fs::read_to_string(out.join(row["file"].as_str().unwrap())).unwrap();
        let at = usize::try_from(row["row"].as_u64().unwrap()).unwrap() - 1;
        let hash = format!("{:x}", Hex(&Sha256::digest(text.lines().nth(at).unwrap())));
        assert_eq!(row["sha256"], json!(hash));
        assert!(row["conversation_id"].is_string() && row["outcome_id"].is_string() && row["how"].is_string());
    }
    for file in manifest["files"].as_array().unwrap() {
        let bytes = fs::read(out.join(file["name"].as_str().unwrap())).unwrap();
        assert_eq!(file["sha256"], json!(format!("{:x}", Hex(&Sha256::digest(&bytes)))));
    }
    let written: Value = serde_json::from_str(&fs::read_to_string(out.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(written, manifest);

    // It is on record, and a folder that holds something is not written into.
    let said = crate::evidence::said(&app, "training.exported").await;
    assert_eq!(said.len(), 1, "{said:?}");
    let again = run(&app, &["export", "chat", "--out", out.to_str().unwrap()]);
    let words = String::from_utf8(again.stderr).unwrap();
    assert!(!again.status.success() && words.contains("not empty"), "{words}");
}

/// Bytes in hexadecimal.
struct Hex<'a>(&'a [u8]);

impl std::fmt::LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairs_are_what_a_person_preferred_to_a_draft_in_both_formats_and_a_table_is_for_people() {
    let app = decided().await;
    let folder = tempfile::tempdir().unwrap();
    let export = |format: &str| {
        let out = folder.path().join(format);
        let manifest = told(&app, &["export", format, "--out", out.to_str().unwrap()]);
        (out, manifest)
    };
    let (out, manifest) = export("dpo");
    let pairs = rows(&out);
    assert_eq!(
        (pairs.len(), &manifest["left_out"]["no_pair"]),
        (2, &json!(1)),
        "{pairs:?}"
    );
    for pair in &pairs {
        let keys: BTreeSet<&String> = pair.as_object().unwrap().keys().collect();
        assert_eq!(keys.into_iter().collect::<Vec<_>>(), ["chosen", "prompt", "rejected"]);
        let text = |part: &str| pair[part][0]["content"].as_str().unwrap().to_owned();
        assert!(pair["chosen"][0]["role"] == "assistant" && pair["rejected"][0]["role"] == "assistant");
        assert_ne!(text("chosen"), text("rejected"));
        assert_eq!(pair["prompt"].as_array().unwrap().last().unwrap()["role"], "user");
    }
    let (out, _) = export("dpo-openai");
    for pair in rows(&out) {
        let keys: Vec<&String> = pair.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 3);
        assert_eq!(
            pair["input"]["messages"].as_array().unwrap().last().unwrap()["role"],
            "user"
        );
        for side in ["preferred_output", "non_preferred_output"] {
            assert_eq!(
                (pair[side].as_array().unwrap().len(), &pair[side][0]["role"]),
                (1, &json!("assistant"))
            );
        }
    }
    let (out, _) = export("csv");
    let table: String = ["train.csv", "validation.csv"]
        .map(|name| fs::read_to_string(out.join(name)).unwrap_or_default())
        .concat();
    assert!(table.starts_with("question,answer,how,draft,reasons\n"), "{table}");
    assert!(table.contains("We open at ten.,respond,"), "{table}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_format_loads_in_the_library_that_trainers_read_it_with() {
    let Some(python) = std::env::var_os("HOLDPOINT_TEST_DATASETS") else {
        eprintln!("skipped: HOLDPOINT_TEST_DATASETS names no Python with the packages of tools/check_export.py");
        return;
    };
    let app = decided().await;
    let folder = tempfile::tempdir().unwrap();
    for (format, rows) in [("chat", 3), ("dpo", 2), ("dpo-openai", 2), ("csv", 3)] {
        let out = folder.path().join(format);
        told(&app, &["export", format, "--out", out.to_str().unwrap()]);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/check_export.py");
        let mut command = tokio::process::Command::new(&python);
        let command = command.arg(script).arg(&out).env("HF_HUB_OFFLINE", "1");
        let done = command.output().await.unwrap();
        assert!(
            done.status.success(),
            "{format}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        let loaded: Value = serde_json::from_slice(&done.stdout).unwrap();
        let count = |part: &str| loaded[part].as_u64().unwrap_or(0);
        assert_eq!(count("train") + count("validation"), rows, "{loaded}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_models_are_judged_by_and_what_is_taken_back_trains_none() {
    let app = TestApp::start().await;
    let (visitor, item) = asked(&app, OPENING_HOURS, Some(true)).await;
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    nothing_kept_back(&app).await;
    let left_out = async |name: &str| {
        let wish = json!({ "format": "chat", "after": null });
        let page = app.owner().post("/api/v1/training/export", &wish).await.ok();
        (
            page["items"].as_array().unwrap().len(),
            page["left_out"][name].as_u64().unwrap(),
        )
    };
    assert_eq!(left_out("checked").await, (1, 0));
    let known = crate::evidence::known(&app).await.pop().unwrap();
    let now = known.created_at;
    let gold = check::Model {
        id: holdpoint::domain::ids::ItemId::from(uuid::Uuid::now_v7()),
        workspace_id: app.workspace.caller.workspace_id,
        draft_id: known.draft_id,
        purpose: CheckPurpose::Gold,
        place: 0.5,
        for_member: None,
        not_for_member: None,
        not_before: now,
        leased_by: None,
        leased_until: None,
        shown_at: None,
        label: None,
        reasons: holdpoint::store::Json(Vec::new()),
        note: None,
        member_id: None,
        took_ms: None,
        is_hasty: false,
        created_at: now,
        closed_at: None,
    };
    let planted = gold.clone();
    let write = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
        let planted = planted.clone();
        Box::pin(async move {
            tx.insert(planted).await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    write.await.unwrap();
    assert_eq!(left_out("checked").await, (0, 1));
    // Agreed, and taken back: nothing is exported any more, whatever it was.
    let word = json!({ "agrees": false });
    visitor.client.post("/widget/v1/training", &word).await.done();
    assert_eq!(left_out("not_agreed").await, (0, 1));
    let consents = eventually("both words in the log", async || {
        let said = crate::evidence::said(&app, "training.consent").await;
        (said.len() == 2).then_some(said)
    })
    .await;
    assert_eq!(consents[1]["refs"]["agreed"], "false");
    // Whoever only reviews takes nothing out.
    let reviewer = crate::checks::colleague(&app, "Noor").await;
    let wish = json!({ "format": "chat", "after": null });
    reviewer.post("/api/v1/training/export", &wish).await.refused(403);
}
