//! What a certificate stands on: nothing goes out under one whose ground has moved, or that nobody watches.

use super::*;
use holdpoint::domain::evidence::MonthName;
use holdpoint::domain::ids::AgentId;
use holdpoint::store::entity::{certificate, draft, workspace};
use holdpoint::store::{JobKind, Rows};
use jiff::tz::TimeZone;
use uuid::Uuid;

fn rows(app: &TestApp) -> Rows<'_> {
    app.app.store().rows(app.workspace.caller.workspace_id)
}

async fn is_scheduled(app: &TestApp, kind: JobKind) -> bool {
    let jobs = app.app.store().next_jobs(100).await.unwrap();
    jobs.iter().any(|job| job.kind == kind)
}

async fn policy(app: &TestApp, toml: &str) {
    let path = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    let body = json!({ "toml": toml }).to_string();
    owner(app).await.json(Method::PUT, &path, body).await.ok();
}

/// Why the next draft waits.
async fn reasons(app: &TestApp) -> String {
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    item_of(app, &visitor).await["reasons"].to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_that_somebody_closes_stays_closed_though_a_certificate_is_in_force() {
    let app = TestApp::start().await;
    opened(&app).await;
    // As if a topic had been released first, and a test had issued the certificate then.
    let (workspace_id, now) = (app.workspace.caller.workspace_id, app.clock.now());
    let (member, _) = rows(&app).members().await.unwrap().remove(0);
    let released = GateState::Closed.releasing(&["hours".to_owned()], member.id, now);
    app.app
        .store()
        .write(workspace_id, move |tx| {
            let gate = Json(released.clone());
            Box::pin(async move {
                let row = tx.workspace().await?.unwrap();
                tx.update(workspace::Model { gate, ..row }).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
        .unwrap();
    assert!(rows(&app).certificate_in_force().await.unwrap().is_some());
    let close = json!({ "close": ["hours"] });
    owner(&app).await.post("/api/v1/gate", &close).await.ok();
    for _ in 0..3 {
        app.advance_ms(2 * HOUR_MS);
        assert!(reasons(&app).await.contains("gate_closed"));
        assert_eq!(gate(&app).await, GateState::Closed);
    }
    let autonomy = owner(&app).await.get("/api/v1/autonomy").await.ok();
    assert_eq!(autonomy["opens"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remembered_correction_is_a_publication() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = item_of(&app, &visitor).await;
    // What was imported to begin with is compared.
    app.advance_ms(HOUR_MS / 30);
    eventually("the comparison", async || {
        (!is_scheduled(&app, JobKind::CarryOver).await).then_some(())
    })
    .await;
    let answer = json!({ "kind": "respond", "text": "From ten to six, Tuesday to Saturday.", "remember": true });
    decide(&app, &item, answer).await;
    app.advance_ms(UNDO_MS);
    eventually("the comparison", async || {
        is_scheduled(&app, JobKind::CarryOver).await.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_one_agents_answers_says_nothing_of_anothers() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        asked_and_approved(&app, OPENING_HOURS).await;
    }
    let content = verdicts(&app, 3).await.remove(0).rests_on.unwrap();
    let agent_id: AgentId = app.workspace.agent_id.parse().unwrap();
    let known = async |agent_id| rows(&app).verdicts_on(agent_id, &content, 3).await.unwrap();
    assert_eq!(known(agent_id).await, 3);
    assert_eq!(known(AgentId::from(Uuid::from_u128(7))).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_goes_out_on_a_certificate_in_a_month_without_checks() {
    let app = TestApp::start().await;
    opened(&app).await;
    let workspace_id = app.workspace.caller.workspace_id;
    let month = MonthName::of(app.clock.now(), &TimeZone::UTC).to_string();
    eventually("the month under way", async || {
        rows(&app).sampling_month(&month).await.unwrap()
    })
    .await;
    app.app
        .store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                for row in tx.sampling_months().await? {
                    let none = vec![0.0; row.probabilities.0.len()];
                    let probabilities = Json(none);
                    tx.update(sampling_month::Model { probabilities, ..row }).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
        .unwrap();
    assert!(reasons(&app).await.contains("unsampled"));
    // Nor may anybody but the owner plan for that while certificates may open the gate.
    let none = json!({ "reviews_a_day": 0 }).to_string();
    app.administrator()
        .json(Method::PUT, "/api/v1/autonomy", none)
        .await
        .refused(403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_nobody_renews_runs_out_closes_the_gate_and_says_so() {
    let app = TestApp::start().await;
    opened(&app).await;
    let (workspace_id, now) = (app.workspace.caller.workspace_id, app.clock.now());
    app.app
        .store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                for row in tx.certificates(1).await? {
                    let expires_at = now.plus_ms(HOUR_MS / 2);
                    tx.update(certificate::Model { expires_at, ..row }).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
        .unwrap();
    app.advance_ms(2 * HOUR_MS);
    eventually("the gate closes", async || {
        (gate(&app).await == GateState::Closed).then_some(())
    })
    .await;
    let closed = owner(&app).await.get("/api/v1/gate").await.ok()["closed_by_itself"].clone();
    assert_eq!(closed["because"], "it ran out", "{closed}");
    assert!(closed["in_words"].as_str().unwrap().contains("still count"), "{closed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_test_is_written_while_something_published_was_not_compared_yet() {
    let app = TestApp::start().await;
    asked_and_approved(&app, OPENING_HOURS).await;
    verdicts(&app, 1).await;
    let (workspace_id, now) = (app.workspace.caller.workspace_id, app.clock.now());
    let compared_at = now.plus_ms(2 * MONTH_MS);
    let schedule = app.app.store().write(workspace_id, move |tx| {
        Box::pin(async move {
            tx.schedule(JobKind::CarryOver, workspace_id, compared_at).await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    schedule.await.unwrap();
    next_month(&app);
    eventually("the month that ended is closed", async || {
        let months = rows(&app).sampling_months().await.unwrap();
        months.iter().any(|month| month.closed_at.is_some()).then_some(())
    })
    .await;
    assert!(rows(&app).last_epoch().await.unwrap().is_none());
    app.advance_ms(MONTH_MS);
    eventually("the test", async || rows(&app).last_epoch().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_narrowed_topic_kept_in_is_evidence_for_what_goes_out_now() {
    let app = TestApp::start().await;
    set(&app, json!({ "opens": true, "limit_permille": 500 })).await;
    let money = |words: &str| format!("[[topic]]\nname = \"hours\"\nsensitive = true\nwords = [{words}]\n");
    policy(&app, &money("\"open\", \"refund\"")).await;
    for _ in 0..CERTIFYING {
        asked_and_approved(&app, OPENING_HOURS).await;
    }
    let kept_in = verdicts(&app, CERTIFYING).await;
    assert!(kept_in.iter().all(|row| row.is_sensitive));
    settled_content(&app).await;
    // What asks for hours is sensitive no more: it may go out, and those verdicts are what is known of it.
    policy(&app, &money("\"refund\"")).await;
    next_month(&app);
    eventually("a certificate", async || match gate(&app).await {
        GateState::Certified(certified) => Some(certified),
        _ => None,
    })
    .await;
    let tested = rows(&app).certificate_in_force().await.unwrap().unwrap();
    assert!(tested.certificate.0.reviewed >= 20, "{tested:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_model_than_the_one_that_made_the_last_answers_is_a_publication() {
    let mut app = TestApp::start().await;
    asked_and_approved(&app, OPENING_HOURS).await;
    app.advance_ms(HOUR_MS / 30);
    eventually("the comparison", async || {
        (!is_scheduled(&app, JobKind::CarryOver).await).then_some(())
    })
    .await;
    let made = rows(&app).newest_graded(None).await.unwrap().unwrap();
    assert!(made.signals.0.embedder.is_some());
    app.restart().await;
    app.advance_ms(HOUR_MS / 60);
    assert!(!is_scheduled(&app, JobKind::CarryOver).await, "the same models");
    // As if it had been made with another one.
    let workspace_id = app.workspace.caller.workspace_id;
    let mut signals = made.signals.0.clone();
    signals.embedder = Some("a-former-model".to_owned());
    let made = draft::Model {
        signals: Json(signals),
        ..made
    };
    app.app
        .store()
        .write(workspace_id, move |tx| {
            let made = made.clone();
            Box::pin(async move {
                tx.update(made).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
        .unwrap();
    app.restart().await;
    eventually("a comparison", async || {
        is_scheduled(&app, JobKind::CarryOver).await.then_some(())
    })
    .await;
}
