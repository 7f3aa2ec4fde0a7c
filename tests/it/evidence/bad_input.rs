//! What can go wrong with evidence: a defined answer each time, and never a certificate that is not earned.

use super::*;
use crate::checks::{colleague, release, sent, work_off};
use crate::evidence_mends::nothing_kept_back;
use holdpoint::domain::evidence::CheckPurpose;
use holdpoint::domain::ids::{ItemId, MemberId};
use holdpoint::store::entity::check;
use uuid::Uuid;

const DAY_MS: i64 = 24 * HOUR_MS;

async fn closed(app: &TestApp, month: &str) -> Value {
    eventually("the statement", async || {
        let quality = owner(app).await.get("/api/v1/quality").await.ok();
        let months = quality["months"].as_array().unwrap();
        months
            .iter()
            .find(|row| row["month"] == month && row["is_closed"] == true)
            .cloned()
    })
    .await
}

async fn has_no_certificate(app: &TestApp) {
    let quality = owner(app).await.get("/api/v1/quality").await.ok();
    assert!(quality["certificate"].is_null(), "{quality}");
    assert!(!matches!(gate(app).await, GateState::Certified(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_after_the_close_changes_no_statement_and_is_evidence_all_the_same() {
    let app = TestApp::start().await;
    release(&app).await;
    sent(&app, 3).await;
    let mia = owner(&app).await;
    let check = mia.post("/api/v1/checks/next", &json!({})).await.ok()["check"].clone();
    app.advance_ms(20_000);
    let path = format!("/api/v1/checks/{}/verdict", check["id"].as_str().unwrap());
    mia.post(&path, &json!({ "label": "acceptable" })).await.ok();
    let month = known(&app).await[0].month.clone();
    next_month(&app);
    app.advance_ms(11 * DAY_MS);
    let before = closed(&app, &month).await;
    let published = said(&app, "statement.published").await;

    let mia = owner(&app).await;
    assert!(work_off(&app, &mia, |_| "bad").await >= 2);
    app.advance_ms(HOUR_MS);
    assert_eq!(closed(&app, &month).await, before);
    let again = said(&app, "statement.published").await;
    let of_month = |entries: &[Value]| {
        entries
            .iter()
            .filter(|entry| entry["refs"]["month"] == month.as_str())
            .count()
    };
    assert_eq!((of_month(&published), of_month(&again)), (1, 1));
    let draw = owner(&app)
        .await
        .get(&format!("/api/v1/quality/draw?month={month}"))
        .await
        .ok();
    assert_eq!(draw["is_fair"], true, "{draw}");
    let labels: Vec<_> = known(&app).await.iter().filter_map(|row| row.label).collect();
    assert_eq!(labels.len(), 3, "what was learnt late is learnt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_without_traffic_says_so_and_certifies_nothing() {
    let app = TestApp::start().await;
    set(&app, json!({ "opens": true, "limit_permille": 500 })).await;
    asked_and_approved(&app, OPENING_HOURS).await;
    let first = verdicts(&app, 1).await.remove(0).month;
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    // Two months in which nobody asks.
    for months in 2..=3 {
        next_month(&app);
        eventually("the next month", async || {
            (rows.sampling_months().await.unwrap().len() >= months).then_some(())
        })
        .await;
    }
    let silent = rows.sampling_months().await.unwrap()[1].month.clone();
    assert_ne!(silent, first);
    for month in [first, silent] {
        let month = closed(&app, &month).await;
        assert_eq!(month["statement"]["withheld"]["because"], "nothing_sent", "{month}");
        assert!(
            month["in_words"]
                .as_str()
                .unwrap()
                .contains("nothing went out unreviewed"),
            "{month}"
        );
    }
    has_no_certificate(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_anybody_to_review_nothing_is_drawn_nothing_claimed_and_nothing_certified() {
    let app = TestApp::start().await;
    set(
        &app,
        json!({ "opens": true, "limit_permille": 500, "reviews_a_day": 0 }),
    )
    .await;
    asked_and_approved(&app, OPENING_HOURS).await;
    verdicts(&app, 1).await;
    next_month(&app);
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    eventually("a month without capacity", async || {
        (rows.sampling_months().await.unwrap().len() >= 2).then_some(())
    })
    .await;
    let opened = said(&app, "sampling.opened").await.pop().unwrap();
    assert_eq!(opened["refs"]["probabilities"], "[0.0]", "{opened}");
    let body = json!({ "toml": "[[topic]]\nname = \"hours\"\nwords = [\"open\"]\n" }).to_string();
    let policy = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    owner(&app).await.json(Method::PUT, &policy, body).await.ok();
    owner(&app)
        .await
        .post("/api/v1/gate", &json!({ "release": ["hours"] }))
        .await
        .ok();
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.advance_ms(QUIET_MS);
    visitor.answer_above(1).await;
    app.advance_ms(HOUR_MS);
    let row = eventually("the draw", async || {
        let row = known(&app).await.pop().unwrap();
        row.is_drawn.is_some().then_some(row)
    })
    .await;
    assert_eq!(
        (row.is_sent, row.is_drawn, row.probability),
        (true, Some(false), Some(0.0))
    );
    next_month(&app);
    let month = closed(&app, &row.month).await;
    assert_eq!(month["statement"]["withheld"]["because"], "nothing_reviewed", "{month}");
    let draw = owner(&app)
        .await
        .get(&format!("/api/v1/quality/draw?month={}", row.month))
        .await
        .ok();
    assert_eq!((&draw["is_fair"], &draw["drawn"]), (&json!(true), &json!(0)), "{draw}");
    has_no_certificate(&app).await;
    let plan = owner(&app).await.get("/api/v1/planner").await.ok();
    assert_eq!(plan["wish"]["reviews"], 0.0, "{plan}");
}

/// As if a reviewer had judged so many checks of a draft, the first `bad` of them so.
pub(crate) async fn habits(app: &TestApp, member: MemberId, verdicts: usize, bad: usize) {
    let workspace_id = app.workspace.caller.workspace_id;
    let now = app.clock.now();
    let draft_id = known(app).await[0].draft_id;
    app.app
        .store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                for number in 0..verdicts {
                    let label = if number < bad {
                        VerdictLabel::Bad
                    } else {
                        VerdictLabel::Acceptable
                    };
                    tx.insert(check::Model {
                        id: ItemId::from(Uuid::new_v4()),
                        workspace_id,
                        draft_id,
                        purpose: CheckPurpose::Sample,
                        place: 0.5,
                        for_member: None,
                        not_for_member: None,
                        not_before: now,
                        leased_by: None,
                        leased_until: None,
                        shown_at: Some(now),
                        label: Some(label),
                        reasons: Json(Vec::new()),
                        note: None,
                        member_id: Some(member),
                        took_ms: Some(12_000),
                        is_hasty: false,
                        created_at: now,
                        closed_at: Some(now),
                    })
                    .await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reviewer_who_always_says_good_is_noticed_and_the_second_opinion_counts() {
    let app = TestApp::start().await;
    release(&app).await;
    let noor = colleague(&app, "Noor").await;
    // Mia says good to everything; Noor, who is asked again about some of it, does not.
    loop {
        sent(&app, 6).await;
        let mia = owner(&app).await;
        work_off(&app, &mia, |_| "acceptable").await;
        if work_off(&app, &noor, |_| "bad").await > 0 {
            break;
        }
    }
    let corrected = known(&app)
        .await
        .into_iter()
        .filter(|row| row.second_label == Some(VerdictLabel::Bad))
        .count();
    assert!(corrected > 0);
    // Whoever judges reads it tomorrow.
    let accuracy = app.administrator().get("/api/v1/quality/accuracy").await.ok();
    assert_eq!(accuracy["topics"][0]["bad"], corrected, "{accuracy}");

    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    let of = async |name: &str| {
        let members = rows.members().await.unwrap();
        members.into_iter().find(|(_, user)| user.name == name).unwrap().0.id
    };
    habits(&app, of("Mia").await, 120, 0).await;
    habits(&app, of("Noor").await, 120, 20).await;
    // Figures move over night.
    app.advance_ms(24 * HOUR_MS);
    let shown = owner(&app)
        .await
        .with("Accept", "text/html")
        .get("/quality")
        .await
        .text();
    for words in [
        "<h2 id=\"reviewers-title\">Reviewers</h2>",
        "Mia found 0 of ",
        "it is worth talking about what counts as bad",
        "too fast",
    ] {
        assert!(shown.contains(words), "{words} is missing: {shown}");
    }
    let csv = owner(&app)
        .await
        .get("/api/v1/quality/tables/reviewers?format=csv")
        .await
        .text();
    assert!(
        csv.starts_with("member_id,name,verdicts,hasty,") && csv.lines().count() == 3,
        "{csv}"
    );
    nothing_kept_back(&app).await;
    let mine = format!("/api/v1/quality/answers?what=judged&by={}", of("Mia").await);
    let listed = owner(&app).await.get(&mine).await.ok();
    assert!(!listed["items"].as_array().unwrap().is_empty(), "{listed}");
    // Nobody who does not manage reads any of it.
    let shown = noor
        .clone()
        .with("Accept", "text/html")
        .get("/api/v1/quality/tables/reviewers")
        .await;
    assert_eq!(shown.status, 403);
    noor.get(&mine).await.refused(403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_goes_back_loses_no_verdict_and_certifies_nothing() {
    let app = TestApp::start().await;
    set(&app, json!({ "opens": true, "limit_permille": 500 })).await;
    asked_and_approved(&app, OPENING_HOURS).await;
    verdicts(&app, 1).await;
    next_month(&app);
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    eventually("the next month", async || {
        (rows.sampling_months().await.unwrap().len() >= 2).then_some(())
    })
    .await;
    // Somebody set the clock: back in the month before, which may be closed by now.
    app.advance_ms(-MONTH_MS);
    for expected in 2..=3 {
        asked_and_approved(&app, OPENING_HOURS).await;
        verdicts(&app, expected).await;
    }
    let log = owner(&app).await.get("/api/v1/log/verify").await.ok();
    assert_eq!(log["ok"], true, "{log}");
    has_no_certificate(&app).await;
    next_month(&app);
    app.advance_ms(HOUR_MS);
    eventually("both months closed or open as they should be", async || {
        let months = rows.sampling_months().await.unwrap();
        (months.len() == 2 && months[1].closed_at.is_some()).then_some(())
    })
    .await;
    has_no_certificate(&app).await;
}
