//! Earned autonomy, from the first verdict to an answer that goes out by itself, and back: over HTTP, with the real jobs.

mod bad_input;
mod carry;
mod drift;
mod ground;
mod opinions;

pub(crate) use bad_input::habits;

use super::app::{
    Client, OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, QUIET_MS, TestApp, UNDO_MS, VisitorClient, eventually,
};
use holdpoint::app::AppError;
use holdpoint::domain::evidence::JudgedBy;
use holdpoint::domain::policy::{Certified, GateState};
use holdpoint::domain::review::VerdictLabel;
use holdpoint::domain::time::{Clock, Timestamp};
use holdpoint::store::entity::{evidence, sampling_month};
use holdpoint::store::{Change, Json, Made};
use http::Method;
use serde_json::{Value, json};

const MONTH_MS: i64 = 32 * 24 * 60 * 60_000;
const HOUR_MS: i64 = 60 * 60_000;

/// Everything that is known of drafts, in the order in which they were made.
pub(crate) async fn known(app: &TestApp) -> Vec<evidence::Model> {
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    rows.evidence_made(Made::Since(Timestamp(0)), None, 10_000)
        .await
        .unwrap()
}

/// A visitor asks, and a person approves the draft as it is.
pub(crate) async fn asked_and_approved(app: &TestApp, question: &str) -> VisitorClient {
    let visitor = app.visitor().await;
    visitor.says(question).await;
    let item = app.item_of(&visitor).await;
    // Who approves faster than anybody reads has judged nothing.
    app.advance_ms(20_000);
    decide(app, &item, json!({ "kind": "approve" })).await;
    visitor
}

async fn decide(app: &TestApp, item: &Value, wish: Value) {
    let path = format!("/api/v1/queue/{}/outcome", item["id"].as_str().unwrap());
    let mut body = wish;
    body["revision"] = item["revision"].clone();
    let mut answer = app.owner().post(&path, &body).await;
    if answer.status == 401 {
        // Months have passed.
        answer = owner(app).await.post(&path, &body).await;
    }
    answer.ok();
}

/// What waits of a conversation, when sessions of a month ago are over. Lets the turn end.
async fn item_of(app: &TestApp, visitor: &VisitorClient) -> Value {
    app.advance_ms(QUIET_MS);
    let owner = owner(app).await;
    eventually("an item in the queue", async || {
        let queue = owner.get("/api/v1/queue?limit=200").await.ok();
        let ready =
            |item: &&Value| item["conversation_id"] == visitor.conversation_id.as_str() && !item["mode"].is_null();
        let id = queue["items"].as_array().unwrap().iter().find(ready)?["id"]
            .as_str()?
            .to_owned();
        Some(owner.get(&format!("/api/v1/queue/{id}")).await.ok())
    })
    .await
}

pub(crate) async fn verdicts(app: &TestApp, number: usize) -> Vec<evidence::Model> {
    app.advance_ms(UNDO_MS);
    eventually("the verdicts", async || {
        let known = known(app).await;
        (known.iter().filter(|row| row.label.is_some()).count() >= number).then_some(known)
    })
    .await
}

/// The owner, who has signed in just now: sessions do not last as long as the months that pass here.
pub(crate) async fn owner(app: &TestApp) -> Client {
    let wish = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    let answer = app.anonymous().post("/api/v1/login", &wish).await;
    let cookie = answer.header("set-cookie").to_owned();
    let csrf_token = answer.ok()["csrf_token"].as_str().unwrap().to_owned();
    app.anonymous()
        .with("Cookie", cookie.split(';').next().unwrap())
        .with("X-CSRF-Token", &csrf_token)
}

pub(crate) async fn set(app: &TestApp, wish: Value) -> Value {
    let owner = owner(app).await;
    owner.json(Method::PUT, "/api/v1/autonomy", wish.to_string()).await.ok()
}

pub(crate) async fn gate(app: &TestApp) -> GateState {
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    rows.workspace().await.unwrap().unwrap().gate.0
}

/// The month ends, and the job looks.
pub(crate) fn next_month(app: &TestApp) {
    app.advance_ms(MONTH_MS);
}

/// What the log says of a kind of entry, in order.
pub(crate) async fn said(app: &TestApp, kind: &str) -> Vec<Value> {
    // The administrator sees the scores, too.
    let (administrator, mut after, mut found) = (app.administrator(), 0, Vec::new());
    loop {
        let page = administrator
            .get(&format!("/api/v1/log?limit=200&after={after}"))
            .await
            .ok();
        let items = page["items"].as_array().unwrap().clone();
        let Some(last) = items.last() else { return found };
        after = last["seq"].as_i64().unwrap();
        found.extend(items.into_iter().filter(|entry| entry["kind"] == kind));
    }
}

/// The same verdicts again, as if as many others had asked the same: so that a test need not play hundreds of conversations.
pub(crate) async fn settled_content(app: &TestApp) {
    let workspace_id = app.workspace.caller.workspace_id;
    app.app
        .store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                for row in tx.evidence_made(Made::Since(Timestamp(0)), None, 10_000).await? {
                    tx.update(evidence::Model { is_fresh: false, ..row }).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
        .unwrap();
}

/// Verdicts that certify at 40 %: 20 have to be left where a third, by the hash of their conversation, makes the score instead.
pub(crate) const CERTIFYING: usize = 54;

/// Verdicts open the gate.
pub(crate) async fn opened(app: &TestApp) -> Certified {
    set(app, json!({ "opens": true, "limit_permille": 500 })).await;
    for _ in 0..CERTIFYING {
        asked_and_approved(app, OPENING_HOURS).await;
    }
    verdicts(app, CERTIFYING).await;
    settled_content(app).await;
    assert_eq!(gate(app).await, GateState::Closed, "not before it was tested");
    next_month(app);
    eventually("a certificate", async || match gate(app).await {
        GateState::Certified(certified) => Some(certified),
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_graded_when_it_is_decided_about_and_its_verdict_is_kept() {
    let app = TestApp::start().await;
    asked_and_approved(&app, OPENING_HOURS).await;
    let first = verdicts(&app, 1).await.remove(0);
    assert_eq!(
        (first.label, first.judged_by, first.is_sent, first.is_fresh),
        (Some(VerdictLabel::Acceptable), Some(JudgedBy::Gate), false, true),
        "{first:?}"
    );
    assert!(first.score.is_finite() && !first.is_sensitive && first.rests_on.is_some());
    // Three verdicts on the same content, and the fourth draft is not new any more.
    for _ in 0..2 {
        asked_and_approved(&app, OPENING_HOURS).await;
    }
    verdicts(&app, 3).await;
    asked_and_approved(&app, OPENING_HOURS).await;
    let known = verdicts(&app, 4).await;
    assert_eq!(
        known.iter().map(|row| row.is_fresh).collect::<Vec<_>>(),
        [true, true, true, false]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approvals_that_come_faster_than_anybody_reads_are_released_and_no_evidence() {
    let app = TestApp::start().await;
    let mut items = Vec::new();
    for _ in 0..3 {
        let visitor = app.visitor().await;
        visitor.says(OPENING_HOURS).await;
        items.push((app.item_of(&visitor).await, visitor));
    }
    app.advance_ms(60_000);
    for (item, _) in &items {
        decide(&app, item, json!({ "kind": "approve" })).await;
    }
    app.advance_ms(UNDO_MS);
    for (_, visitor) in &items {
        visitor.answer_above(1).await;
    }
    let labels: Vec<_> = known(&app).await.iter().map(|row| row.label).collect();
    assert_eq!(labels, [Some(VerdictLabel::Acceptable), None, None]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_owner_releases_is_drawn_from_a_key_that_was_committed_to_before_and_can_be_rechecked() {
    let app = TestApp::start().await;
    let policy = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    let topic = "[[topic]]\nname = \"hours\"\nwords = [\"open\"]\n";
    let body = json!({ "toml": topic }).to_string();
    app.owner().json(Method::PUT, &policy, body).await.ok();
    app.owner()
        .post("/api/v1/gate", &json!({ "release": ["hours"] }))
        .await
        .ok();
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.advance_ms(QUIET_MS);
    eventually("the answer", async || {
        let conversation = visitor.conversation().await;
        let messages = conversation["messages"].as_array().unwrap().clone();
        messages.iter().any(|message| message["author"] == "ai").then_some(())
    })
    .await;
    let opened = said(&app, "sampling.opened").await.remove(0);
    let released = said(&app, "message.released").await.remove(0);
    assert!(opened["seq"].as_i64() < released["seq"].as_i64(), "committed to first");
    // Nothing is known of a first month, so everything is looked at.
    assert_eq!(
        (&released["refs"]["band"], &released["refs"]["probability"]),
        (&json!("0"), &json!("1")),
        "{released}"
    );
    app.advance_ms(HOUR_MS);
    let drawn = eventually("the draw", async || {
        let row = known(&app).await.pop().unwrap();
        (row.is_drawn == Some(true)).then_some(row)
    })
    .await;
    assert_eq!(
        drawn.seq,
        released["seq"].as_i64(),
        "drawn by the entry that released it"
    );
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    assert_eq!(rows.checks_of(drawn.draft_id).await.unwrap().len(), 1);

    let month = drawn.month.clone();
    let path = format!("/api/v1/quality/draw?month={month}");
    let early = owner(&app).await.get(&path).await.refused(409);
    assert!(early["detail"].as_str().unwrap().contains("secret"), "{early}");
    // Nobody judges it; ten days after its end the month closes all the same.
    next_month(&app);
    app.advance_ms(11 * 24 * HOUR_MS);
    eventually("the statement", async || {
        let months = rows.sampling_months().await.unwrap();
        months
            .iter()
            .any(|row| row.month == month && row.closed_at.is_some())
            .then_some(())
    })
    .await;
    let draw = owner(&app).await.get(&path).await.ok();
    assert_eq!(
        (&draw["is_fair"], &draw["checked"], &draw["drawn"]),
        (&json!(true), &json!(1), &json!(1)),
        "{draw}"
    );
    let quality = owner(&app).await.get("/api/v1/quality").await.ok();
    let of_month = quality["months"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["month"] == month.as_str());
    let statement = &of_month.unwrap()["statement"];
    assert_eq!(statement["withheld"]["because"], "nothing_reviewed", "{statement}");
    assert_eq!(statement["withheld"]["counts"]["sent"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verdicts_open_the_gate_as_far_as_they_certify_and_bad_samples_close_it_again() {
    let app = TestApp::start().await;
    let certified = opened(&app).await;
    assert_eq!(said(&app, "gate.opened").await.len(), 1);
    let quality = owner(&app).await.get("/api/v1/quality").await.ok();
    let certificate = &quality["certificate"];
    assert_eq!(certificate["id"], certified.certificate.to_string());
    assert!(certificate["upper"].as_f64().unwrap() <= 0.5, "{certificate}");
    assert!(
        quality["epoch"]["curve"]
            .as_array()
            .unwrap()
            .iter()
            .any(|step| step["is_certified"] == true)
    );

    // The next one like them goes out by itself.
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.advance_ms(QUIET_MS);
    eventually("an answer without a person", async || {
        let conversation = visitor.conversation().await;
        let messages = conversation["messages"].as_array().unwrap().clone();
        messages.iter().any(|message| message["author"] == "ai").then_some(())
    })
    .await;
    let sent = known(&app).await.into_iter().rfind(|row| row.is_sent).unwrap();
    assert!(sent.probability.is_some_and(|probability| probability > 0.0));

    // A tighter limit holds at once; a looser one does not open before the next test.
    set(&app, json!({ "limit_permille": 1 })).await;
    assert_eq!(gate(&app).await, GateState::Closed);
    set(&app, json!({ "limit_permille": 500 })).await;
    assert_eq!(
        gate(&app).await,
        GateState::Closed,
        "what was lost comes back by a test only"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_that_turn_out_bad_close_the_gate_before_the_month_is_over() {
    let app = TestApp::start().await;
    set(&app, json!({ "opens": true, "limit_permille": 500 })).await;
    for _ in 0..CERTIFYING {
        asked_and_approved(&app, OPENING_HOURS).await;
    }
    verdicts(&app, CERTIFYING).await;
    settled_content(&app).await;
    next_month(&app);
    eventually("a certificate", async || {
        matches!(gate(&app).await, GateState::Certified(_)).then_some(())
    })
    .await;
    // Twenty bad ones in a row, as if checks had found them.
    let workspace_id = app.workspace.caller.workspace_id;
    let now = app.clock.now();
    app.app
        .store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                for row in tx.evidence_made(Made::Since(Timestamp(0)), None, 10_000).await? {
                    tx.update(evidence::Model {
                        is_sent: true,
                        band: Some(0),
                        probability: Some(1.0),
                        is_drawn: Some(true),
                        label: Some(VerdictLabel::Bad),
                        judged_by: Some(JudgedBy::Sample),
                        judged_at: Some(now.plus_ms(1)),
                        ..row
                    })
                    .await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
        .unwrap();
    app.advance_ms(HOUR_MS);
    eventually("the gate closes", async || {
        (gate(&app).await == GateState::Closed).then_some(())
    })
    .await;
    let closed = said(&app, "gate.closed").await.remove(0);
    assert_eq!(closed["content"]["because"], "drift", "{closed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_opens_nothing_while_the_owner_has_not_said_so() {
    let app = TestApp::start().await;
    set(&app, json!({ "limit_permille": 500 })).await;
    for _ in 0..CERTIFYING {
        asked_and_approved(&app, OPENING_HOURS).await;
    }
    verdicts(&app, CERTIFYING).await;
    settled_content(&app).await;
    next_month(&app);
    let quality = eventually("a certificate", async || {
        let quality = owner(&app).await.get("/api/v1/quality").await.ok();
        (!quality["certificate"].is_null()).then_some(quality)
    })
    .await;
    assert_eq!(
        (&quality["gate"], gate(&app).await),
        (&json!("closed"), GateState::Closed)
    );
    set(&app, json!({ "opens": true })).await;
    assert!(
        matches!(gate(&app).await, GateState::Certified(_)),
        "one word of the owner's later"
    );
    set(&app, json!({ "opens": false })).await;
    assert_eq!(gate(&app).await, GateState::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_no_owner_lets_nothing_out_and_what_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let administrator = app.administrator();
    for loosens in [
        json!({ "opens": true }),
        json!({ "limit_permille": 41 }),
        json!({ "confidence_percent": 94 }),
    ] {
        let wish = loosens.to_string();
        administrator
            .json(Method::PUT, "/api/v1/autonomy", wish)
            .await
            .refused(403);
    }
    let tighter = json!({ "limit_permille": 20 }).to_string();
    administrator.json(Method::PUT, "/api/v1/autonomy", tighter).await.ok();
    for wrong in [
        json!({ "limit_permille": 0 }),
        json!({ "limit_permille": 501 }),
        json!({ "confidence_percent": 100 }),
        json!({ "reviews_a_day": 10_001 }),
        json!({ "opens": true, "limit": 4 }),
    ] {
        let refused = app
            .owner()
            .json(Method::PUT, "/api/v1/autonomy", wrong.to_string())
            .await;
        assert!(refused.refused(422)["detail"].as_str().is_some(), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_key_ends_in_no_statement_and_never_in_a_wrong_one() {
    let app = TestApp::start().await;
    asked_and_approved(&app, OPENING_HOURS).await;
    verdicts(&app, 1).await;
    let workspace_id = app.workspace.caller.workspace_id;
    app.app
        .store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                for row in tx.sampling_months().await? {
                    tx.update(sampling_month::Model { draw_key: None, ..row }).await?;
                }
                for row in tx.evidence_made(Made::Since(Timestamp(0)), None, 10_000).await? {
                    tx.update(evidence::Model {
                        is_sent: true,
                        band: Some(0),
                        probability: Some(0.5),
                        ..row
                    })
                    .await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
        .unwrap();
    next_month(&app);
    let rows = app.app.store().rows(workspace_id);
    let closed = eventually("the statement", async || {
        let months = rows.sampling_months().await.unwrap();
        months.into_iter().find(|row| row.closed_at.is_some())
    })
    .await;
    let Some(Json(said)) = closed.statement else {
        panic!("no statement");
    };
    assert_eq!(said["withheld"]["because"], "nothing_reviewed", "{said}");
    let draw = owner(&app)
        .await
        .get(&format!("/api/v1/quality/draw?month={}", closed.month))
        .await
        .ok();
    assert_eq!(draw["is_fair"], false, "{draw}");
}
