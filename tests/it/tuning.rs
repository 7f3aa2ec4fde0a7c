//! A ranking learned from verdicts: made as a candidate, measured, kept, and ranking nothing.

use super::app::{OPENING_HOURS, TestApp};
use super::evidence::{asked_and_approved, verdicts};
use crate::candidates::tried;
use holdpoint::domain::evidence::CheckPurpose;
use holdpoint::domain::ids::{DraftId, ItemId};
use holdpoint::domain::time::Clock;
use holdpoint::stats::tuner::Adapter;
use holdpoint::store::entity::check;
use holdpoint::store::{Change, Json, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

const VERSIONS: &str = "/api/v1/retrieval-versions";

/// As if a draft were drawn for a check.
async fn checked(app: &TestApp, draft_id: DraftId, purpose: CheckPurpose) {
    let (workspace_id, now) = (app.workspace.caller.workspace_id, app.clock.now());
    let row = check::Model {
        id: ItemId::from(Uuid::now_v7()),
        workspace_id,
        draft_id,
        purpose,
        place: 0.5,
        for_member: None,
        not_for_member: None,
        not_before: now,
        leased_by: None,
        leased_until: None,
        shown_at: None,
        label: None,
        reasons: Json(Vec::new()),
        note: None,
        member_id: None,
        took_ms: None,
        is_hasty: false,
        created_at: now,
        closed_at: None,
    };
    let write = app.app.store().write(workspace_id, move |tx| {
        let row = row.clone();
        Box::pin(async move {
            tx.insert(row).await?;
            Ok::<_, StoreError>(Change::Unlogged(()))
        })
    });
    match write.await {
        // One of that purpose was drawn by lot already.
        Ok(()) | Err(StoreError::Duplicate(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_learned_from_verdicts_is_a_candidate_and_changes_no_answer() {
    let app = TestApp::start().await;
    asked_and_approved(&app, OPENING_HOURS).await;
    let refused = app.owner().post(VERSIONS, &json!({})).await.refused(422);
    assert!(refused.to_string().contains("40 are needed"), "{refused}");
    // Some are drawn to be asked about once more; what is left is enough.
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    let lessons = async || rows.judged_in_the_queue(5_000).await.unwrap().len();
    let mut asked = 1;
    while lessons().await < 46 {
        for _ in 0..10 {
            asked_and_approved(&app, OPENING_HOURS).await;
        }
        asked += 10;
        verdicts(&app, asked).await;
        assert!(asked < 150, "{} of {asked} verdicts teach", lessons().await);
    }
    let known = rows.judged_in_the_queue(5_000).await.unwrap();
    let search = "/api/v1/knowledge/search?q=when%20do%20you%20open";
    let before = app.owner().get(search).await.ok();

    // What is asked about once more as gold or repeat teaches nothing; a second opinion takes no verdict away.
    let all = lessons().await;
    checked(&app, known[0].draft_id, CheckPurpose::Second).await;
    assert_eq!(lessons().await, all);
    checked(&app, known[1].draft_id, CheckPurpose::Gold).await;
    checked(&app, known[2].draft_id, CheckPurpose::Repeat).await;
    assert_eq!(lessons().await, all - 2);

    let made: Value = app.owner().post(VERSIONS, &json!({})).await.created();
    assert_eq!(
        (&made["number"], &made["state"], &made["unfit"]),
        (&json!(1), &json!("candidate"), &Value::Null)
    );
    let (learned, judged) = (&made["figures"]["learned_from"], &made["figures"]["judged_on"]);
    let count = |it: &Value| it.as_u64().unwrap();
    assert_eq!(count(&learned["verdicts"]) + count(&judged["verdicts"]), all as u64 - 2);
    assert_eq!(
        (&learned["right"], &learned["wrong"]),
        (&learned["verdicts"], &json!(0))
    );
    assert_eq!(
        judged["right_first_tuned"], judged["known"],
        "what was right stays first"
    );

    assert_eq!(app.owner().get(search).await.ok(), before);
    let listed = app.owner().get(VERSIONS).await.ok();
    assert_eq!(listed["items"], json!([made]));
    let again = app.owner().post(VERSIONS, &json!({})).await.created();
    assert_eq!(
        (&again["number"], &again["hash"]),
        (&json!(2), &made["hash"]),
        "the same verdicts, the same bytes"
    );

    // It goes live like any other change, and back.
    let wish = json!({ "title": "Version 1", "changes": [{ "kind": "rank_with", "id": made["id"] }] });
    let candidate = app.owner().post("/api/v1/improve/candidates", &wish).await.created();
    let path = format!("/api/v1/improve/candidates/{}", candidate["id"].as_str().unwrap());
    let whole = tried(&app.owner(), candidate["id"].as_str().unwrap()).await;
    assert_eq!(whole["candidate"]["found"]["worse"], 0, "{whole}");
    let state = async || {
        let listed = app.owner().get(VERSIONS).await.ok();
        let items = listed["items"].as_array().unwrap().clone();
        items.into_iter().find(|row| row["number"] == 1).unwrap()["state"].clone()
    };
    app.owner().post(&format!("{path}/publish"), &json!({})).await.ok();
    assert_eq!(state().await, "in_use");
    assert_eq!(
        app.owner().get(search).await.ok()["items"][0],
        before["items"][0],
        "what was right stays first"
    );
    app.owner().post(&format!("{path}/roll-back"), &json!({})).await.ok();
    assert_eq!(state().await, "retired");
    assert_eq!(app.owner().get(search).await.ok(), before);

    // What is kept can be read back, and fits one embedder.
    let id = made["id"].as_str().unwrap().parse().unwrap();
    let row = rows.retrieval_version(id).await.unwrap().unwrap();
    let adapter = Adapter::from_bytes(&row.adapter).unwrap();
    assert_eq!(adapter.hash().to_vec(), row.adapter_hash);
    assert!(adapter.fits(&row.embedder, adapter.dimensions()).is_ok());
    assert!(adapter.fits("another", adapter.dimensions()).is_err());
}

#[tokio::test]
async fn what_verdicts_would_teach_is_measured_on_questions_with_known_answers() {
    let app = TestApp::start().await;
    let documents: Vec<Value> = ["tea", "coffee", "quay", "mill"]
        .iter()
        .map(|word| json!({ "collection": "c", "id": word, "title": format!("Where is the {word}?"), "body": "" }))
        .collect();
    let questions: Vec<Value> = (0..140)
        .map(|at| {
            let word = ["tea", "coffee", "quay", "mill"][at % 4];
            json!({ "collection": "c", "question": format!("{word} number {at} please"), "right": [word] })
        })
        .collect();
    let set = json!({ "documents": documents, "questions": questions, "seed": 4, "draws": 1 });
    let path = "/api/v1/knowledge/evaluate-tuning";
    let curves = app.owner().post(path, &set).await.ok();
    assert_eq!(
        (&curves["parted"], &curves["n"], &curves["plan"]["seed"]),
        (&json!("question"), &json!(84), &json!(4))
    );
    for row in curves["rows"].as_array().unwrap() {
        assert_eq!(row["verdicts"], 50);
        for figure in [
            "right_first_cosine",
            "right_first_tuned",
            "difference",
            "lower95",
            "gain_lower95",
            "seconds",
        ] {
            assert!(row[figure].is_number(), "{figure}: {row}");
        }
    }
    app.owner()
        .post(path, &json!({ "documents": [], "questions": [] }))
        .await
        .refused(422);
}

#[tokio::test]
async fn versions_are_made_by_those_who_may_change_knowledge() {
    let app = TestApp::start().await;
    app.anonymous().get(VERSIONS).await.refused(401);
    app.anonymous().post(VERSIONS, &json!({})).await.refused(401);
}
