//! What once went wrong with samples, checks and figures, over HTTP with the real jobs.

use crate::app::{Client, OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, TestApp, UNDO_MS, eventually};
use crate::checks::{colleague, known, release, sent, work_off};
use holdpoint::app::AppError;
use holdpoint::domain::evidence::{CheckPurpose, JudgedBy, MonthName};
use holdpoint::domain::ids::ItemId;
use holdpoint::domain::policy::GateState;
use holdpoint::domain::review::VerdictLabel;
use holdpoint::domain::time::{Clock as _, Timestamp};
use holdpoint::store::entity::{check, evidence, sampling_month};
use holdpoint::store::{Change, JobKind, Made, Rows, StoreError};
use http::Method;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const READ_MS: i64 = 20_000;

fn rows(app: &TestApp) -> Rows<'_> {
    app.app.store().rows(app.workspace.caller.workspace_id)
}

/// The owner, who has signed in just now.
async fn owner(app: &TestApp) -> Client {
    let wish = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    let answer = app.anonymous().post("/api/v1/login", &wish).await;
    let cookie = answer.header("set-cookie").to_owned();
    let csrf_token = answer.ok()["csrf_token"].as_str().unwrap().to_owned();
    app.anonymous()
        .with("Cookie", cookie.split(';').next().unwrap())
        .with("X-CSRF-Token", &csrf_token)
}

/// Changes everything that is known of drafts.
pub(crate) async fn rewrite(
    app: &TestApp,
    change: impl Fn(usize, evidence::Model) -> evidence::Model + Send + Sync + Clone + 'static,
) {
    let written = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
        let change = change.clone();
        Box::pin(async move {
            for (number, row) in tx
                .evidence_made(Made::Since(Timestamp(0)), None, 10_000)
                .await?
                .into_iter()
                .enumerate()
            {
                tx.update(change(number, row)).await?;
            }
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    written.await.unwrap();
}

/// As if the lot, which has fallen on every draft by then, had kept nothing back and had asked nobody for a second opinion.
pub(crate) async fn nothing_kept_back(app: &TestApp) {
    eventually("the lot", async || {
        let known = known(app).await;
        known.iter().all(|row| row.is_drawn.is_some()).then_some(())
    })
    .await;
    rewrite(app, |_, row| evidence::Model {
        is_kept_back: false,
        ..row
    })
    .await;
    let tomorrow = app.clock.now().plus_ms(DAY_MS);
    let written = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
        Box::pin(async move {
            tx.withdraw_checks(tomorrow).await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    written.await.unwrap();
}

async fn next(client: &Client) -> Value {
    client.post("/api/v1/checks/next", &json!({})).await.ok()["check"].clone()
}

async fn judge(client: &Client, check: &Value, label: &str) -> crate::app::Answer {
    let path = format!("/api/v1/checks/{}/verdict", check["id"].as_str().unwrap());
    client.post(&path, &json!({ "label": label })).await
}

async fn month(app: &TestApp, name: &str) -> Option<Value> {
    let quality = owner(app).await.get("/api/v1/quality").await.ok();
    let months = quality["months"].as_array().unwrap();
    months.iter().find(|row| row["month"] == name).cloned()
}

async fn opened(app: &TestApp, month: MonthName) -> Option<sampling_month::Model> {
    rows(app).sampling_month(&month.to_string()).await.unwrap()
}

fn month_of(app: &TestApp) -> MonthName {
    MonthName::of(app.clock.now(), &TimeZone::UTC)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_called_for_again_and_again_is_not_put_off_by_that() {
    let app = TestApp::start().await;
    let workspace_id = app.workspace.caller.workspace_id;
    let subject = Uuid::from_u128(9);
    let at = app.clock.now().plus_ms(DAY_MS);
    let call = async |ms: i64| {
        let written = app.app.store().write(workspace_id, move |tx| {
            Box::pin(async move {
                tx.schedule_no_later(JobKind::Embed, subject, at.plus_ms(ms)).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        });
        written.await.unwrap();
        let jobs = app.app.store().next_jobs(100).await.unwrap();
        jobs.into_iter().find(|job| job.subject_id == subject).unwrap()
    };
    let first = call(2_000).await;
    let again = call(4_000).await;
    assert_eq!(
        again.run_at,
        at.plus_ms(2_000),
        "the deadline is that of the first call"
    );
    assert_ne!(again.id, first.id, "whoever runs the first does not end the second");
    assert_eq!(call(1_000).await.run_at, at.plus_ms(1_000), "an earlier one counts");
    // It failed, and has to wait for half a minute: no call shortens that, and none makes it longer than a pause may be.
    let failed = call(1_000).await.id;
    let written = app.app.store().write(workspace_id, move |tx| {
        Box::pin(async move {
            tx.retry_job(failed, at.plus_ms(30_000), "it failed").await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    written.await.unwrap();
    let waiting = call(2_000).await;
    assert_eq!((waiting.run_at, waiting.attempts), (at.plus_ms(30_000), 1));
    // One that is done runs anew, without its past.
    let done = waiting.id;
    let written = app.app.store().write(workspace_id, move |tx| {
        Box::pin(async move {
            tx.put_off_job(done, at.plus_ms(HOUR_MS)).await?;
            tx.renew_job(done, at.plus_ms(HOUR_MS)).await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    written.await.unwrap();
    let renewed = call(2 * HOUR_MS).await;
    assert_eq!((renewed.run_at, renewed.attempts), (at.plus_ms(HOUR_MS), 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_opened_before_it_begins_shown_when_it_has_and_closed_an_hour_after_its_end() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await;
    app.advance_ms(HOUR_MS);
    eventually("this month", async || opened(&app, month_of(&app)).await).await;
    let this = month_of(&app);
    let next = this.plus(1);
    let begins = next.begins(&TimeZone::UTC);
    app.advance_ms(begins.ms_since(app.clock.now()) - 12 * HOUR_MS);
    app.advance_ms(HOUR_MS);
    assert!(opened(&app, next).await.is_none());
    app.advance_ms(9 * HOUR_MS);
    eventually("the next month", async || opened(&app, next).await).await;
    assert!(app.clock.now() < begins);
    assert!(month(&app, &next.to_string()).await.is_none(), "it has not begun");
    app.advance_ms(2 * HOUR_MS + 10 * MINUTE_MS);
    assert_eq!(month(&app, &next.to_string()).await.unwrap()["is_closed"], false);
    assert_eq!(
        month(&app, &this.to_string()).await.unwrap()["is_closed"],
        false,
        "what was being written is still written in it"
    );
    app.advance_ms(2 * HOUR_MS);
    eventually("the statement", async || {
        let row = opened(&app, this).await.unwrap();
        row.closed_at.map(|_| ())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_figure_moves_with_a_verdict_and_an_open_month_has_no_interval() {
    let app = TestApp::start().await;
    release(&app).await;
    sent(&app, 3).await;
    let figures = async |client: &Client| {
        let quality = client.get("/api/v1/quality").await.ok();
        let accuracy = client.get("/api/v1/quality/accuracy").await.ok();
        (
            quality["months"].clone(),
            quality["verdicts"].clone(),
            quality["drift"].clone(),
            accuracy,
        )
    };
    let mia = owner(&app).await;
    let before = figures(&mia).await;
    let check = next(&mia).await;
    app.advance_ms(READ_MS);
    judge(&mia, &check, "bad").await.ok();
    assert_eq!(
        figures(&mia).await,
        before,
        "that would tell a sample from other checks"
    );
    let open = &before.0[0];
    assert_eq!(open["counts"]["sent"], 3, "{open}");
    assert!(
        open["statement"].is_null() && open["counts"]["drawn"].is_null(),
        "{open}"
    );
    // The next day it counts.
    app.advance_ms(DAY_MS);
    let mia = owner(&app).await;
    let (months, verdicts, _, accuracy) = figures(&mia).await;
    assert_eq!(
        (&months[0]["counts"]["reviewed"], &months[0]["counts"]["bad"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(verdicts[0], 1);
    assert_eq!(accuracy["topics"][0]["judged"], 1, "{accuracy}");
    assert!(
        months[0]["statement"].is_null(),
        "not before the month is closed: {months}"
    );
    assert!(
        months[0]["so_far"].as_f64().is_some(),
        "what may be looked at at any time: {months}"
    );
    assert!(
        months[0]["in_words"]
            .as_str()
            .unwrap()
            .contains("until last night 1 reviewed, 1 of them bad"),
        "{months}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_may_be_asked_about_once_more_is_told_to_nobody_whether_a_check_waits_or_not() {
    let app = TestApp::start().await;
    release(&app).await;
    sent(&app, 4).await;
    let mia = owner(&app).await;
    assert_eq!(work_off(&app, &mia, |_| "acceptable").await, 4);
    // Two are kept back, as if the lot had fallen on them; nobody is asked about any.
    rewrite(&app, |number, row| evidence::Model {
        is_kept_back: number < 2,
        second_label: Some(VerdictLabel::Acceptable),
        ..row
    })
    .await;
    let name = known(&app).await[0].month.clone();
    // Second opinions that are due wait no longer.
    app.advance_ms(8 * DAY_MS);
    work_off(&app, &owner(&app).await, |_| "acceptable").await;
    app.advance_ms(45 * DAY_MS);
    eventually("the statement", async || {
        let row = rows(&app).sampling_month(&name).await.unwrap().unwrap();
        row.closed_at.map(|_| ())
    })
    .await;
    let told = async || {
        let mia = owner(&app).await;
        let judged = mia
            .get(&format!("/api/v1/quality/answers?month={name}&what=judged"))
            .await
            .ok();
        let drafts = mia
            .get(&format!("/api/v1/quality/answers?month={name}&what=drafts"))
            .await
            .ok();
        let verdicts = drafts["items"].as_array().unwrap().iter();
        let log = mia.get("/api/v1/log?after=0&limit=1000").await.ok();
        let scores = log["items"].as_array().unwrap().iter();
        (
            judged["items"].as_array().unwrap().len(),
            verdicts.filter(|row| !row["verdict"].is_null()).count(),
            scores.filter(|entry| !entry["refs"]["score"].is_null()).count(),
        )
    };
    assert_eq!(told().await, (2, 2, 2));
    app.advance_ms(50 * DAY_MS);
    assert_eq!(told().await, (4, 4, 4), "by now nobody is asked about them any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_tells_how_many_were_drawn_or_that_checks_of_the_reviewers_are_among_them() {
    let app = TestApp::start().await;
    release(&app).await;
    sent(&app, 4).await;
    let mia = owner(&app).await;
    work_off(&app, &mia, |_| "acceptable").await;
    rewrite(&app, |_, row| evidence::Model {
        is_kept_back: true,
        second_label: Some(VerdictLabel::Acceptable),
        ..row
    })
    .await;
    app.advance_ms(15 * DAY_MS);
    // Three have to wait before; the next draw brings the check of the reviewer with it. Whether all three came with one draw is chance.
    sent(&app, 3).await;
    let before = rows(&app).log_head().await.unwrap();
    let personal = async || {
        let open = rows(&app).open_checks().await.unwrap();
        open.into_iter().filter(|row| row.for_member.is_some()).count()
    };
    let with_a_draw = personal().await;
    app.advance_ms(3 * HOUR_MS);
    assert_eq!(personal().await, with_a_draw, "none comes by itself");
    sent(&app, 1).await;
    assert_eq!(personal().await, 1);
    let entries = rows(&app).log_after(before, 1_000).await.unwrap();
    let kinds: Vec<&str> = entries.iter().map(|entry| entry.header.kind.as_str()).collect();
    assert!(!kinds.contains(&"checks.mixed"), "{kinds:?}");
    let all = rows(&app).log_after(0, 10_000).await.unwrap();
    for entry in all.iter().filter(|entry| entry.header.kind == "sampling.drawn") {
        let content: Value = serde_json::from_str(&entry.content.as_ref().unwrap().1).unwrap();
        assert!(content.as_object().unwrap().keys().eq(["looked_at"]), "{content}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_a_check_open_loses_it_to_a_colleague_after_a_quarter_of_an_hour() {
    let app = TestApp::start().await;
    release(&app).await;
    let noor = colleague(&app, "Noor").await;
    sent(&app, 1).await;
    let mia = owner(&app).await;
    let check = next(&mia).await;
    assert!(next(&noor).await.is_null());
    for _ in 0..14 {
        app.advance_ms(MINUTE_MS);
        assert_eq!(next(&mia).await["id"], check["id"], "whoever reads for long keeps it");
    }
    assert!(next(&noor).await.is_null());
    for _ in 0..3 {
        app.advance_ms(MINUTE_MS);
        next(&mia).await;
    }
    assert_eq!(
        next(&noor).await["id"],
        check["id"],
        "a page that is open holds nothing"
    );
    judge(&mia, &check, "acceptable").await.refused(409);
    app.advance_ms(READ_MS);
    judge(&noor, &check, "acceptable").await.ok();
    let id: ItemId = check["id"].as_str().unwrap().parse().unwrap();
    let row = rows(&app).check(id).await.unwrap().unwrap();
    assert!(
        row.took_ms.is_some_and(|took| took < 2 * READ_MS),
        "not since a colleague saw it: {row:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_back_after_hours_may_still_judge_and_that_was_no_time_of_decision() {
    let app = TestApp::start().await;
    release(&app).await;
    sent(&app, 1).await;
    let mia = owner(&app).await;
    let check = next(&mia).await;
    app.advance_ms(3 * HOUR_MS);
    assert_eq!(judge(&mia, &check, "acceptable").await.ok()["hasty"], false);
    let id: ItemId = check["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(rows(&app).check(id).await.unwrap().unwrap().took_ms, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_that_nothing_needs_any_more_are_taken_back() {
    let app = TestApp::start().await;
    release(&app).await;
    sent(&app, 2).await;
    assert_eq!(rows(&app).open_checks().await.unwrap().len(), 2);
    app.advance_ms(55 * DAY_MS);
    eventually("the month after the next", async || opened(&app, month_of(&app)).await).await;
    assert_eq!(
        rows(&app).open_checks().await.unwrap().len(),
        2,
        "still evidence for a certificate"
    );
    app.advance_ms(40 * DAY_MS);
    eventually("nothing to check", async || {
        rows(&app).open_checks().await.unwrap().is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_asked_about_a_draft_that_another_one_speaks_for() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    rewrite(&app, |_, row| evidence::Model { left_out: true, ..row }).await;
    let path = format!("/api/v1/queue/{}/outcome", item["id"].as_str().unwrap());
    let wish = json!({ "kind": "respond", "text": "We open at nine.", "revision": item["revision"] });
    app.owner().post(&path, &wish).await.ok();
    app.advance_ms(UNDO_MS);
    app.advance_ms(HOUR_MS);
    let row = eventually("the draw", async || {
        let row = known(&app).await.remove(0);
        row.seq.is_some().then_some(row)
    })
    .await;
    assert_eq!(row.is_drawn, Some(true), "in a first month all are");
    app.advance_ms(HOUR_MS);
    assert!(rows(&app).checks_of(row.draft_id).await.unwrap().is_empty());
    // Nor does a verdict on it say that its content is known.
    let content = row.rests_on.unwrap();
    let now = app.clock.now();
    for (left_out, known) in [(true, 0), (false, 1)] {
        rewrite(&app, move |_, row| evidence::Model {
            left_out,
            label: Some(VerdictLabel::Acceptable),
            judged_by: Some(JudgedBy::Gate),
            judged_at: Some(now),
            ..row
        })
        .await;
        assert_eq!(
            rows(&app)
                .verdicts_on(app.workspace.agent_id.parse().unwrap(), &content, 3)
                .await
                .unwrap(),
            known
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_asked_twice_at_once_about_the_same_draft() {
    let app = TestApp::start().await;
    release(&app).await;
    sent(&app, 1).await;
    let first = rows(&app).open_checks().await.unwrap().remove(0);
    let again = async |row: check::Model| -> Result<(), AppError> {
        let written = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
            let row = row.clone();
            Box::pin(async move {
                tx.insert(row).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        });
        written.await
    };
    let same = check::Model {
        id: Uuid::from_u128(1).into(),
        ..first.clone()
    };
    let refused = again(same.clone()).await.unwrap_err();
    assert!(
        matches!(refused, AppError::Store(StoreError::Duplicate(_))),
        "{refused:?}"
    );
    let purpose = CheckPurpose::Second;
    again(check::Model { purpose, ..same }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_check_weighs_is_fixed_when_it_is_drawn_and_an_alarm_in_between_is_one() {
    let app = TestApp::start().await;
    let wish = json!({ "opens": true, "limit_permille": 500 }).to_string();
    owner(&app).await.json(Method::PUT, "/api/v1/autonomy", wish).await.ok();
    release(&app).await;
    sent(&app, 40).await;
    assert!(
        known(&app).await.iter().all(|row| row.weight == Some(1.0)),
        "one band, one weight"
    );
    let workspace_id = app.workspace.caller.workspace_id;
    let mia = owner(&app).await;
    work_off(&app, &mia, |_| "acceptable").await;
    rewrite(&app, |_, row| evidence::Model {
        is_fresh: false,
        is_sensitive: false,
        ..row
    })
    .await;
    // What the owner released stays theirs; here a certificate is to open the gate.
    let written = app.app.store().write(workspace_id, move |tx| {
        Box::pin(async move {
            let row = tx.workspace().await?.unwrap();
            tx.update(holdpoint::store::entity::workspace::Model {
                gate: holdpoint::store::Json(GateState::Closed),
                ..row
            })
            .await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    written.await.unwrap();
    app.advance_ms(32 * DAY_MS);
    let gate = async || rows(&app).workspace().await.unwrap().unwrap().gate.0;
    eventually("a certificate", async || {
        matches!(gate().await, GateState::Certified(_)).then_some(())
    })
    .await;
    // Fourteen bad ones in a row, and good ones since: between two looks the alarm was on.
    let now = app.clock.now();
    rewrite(&app, move |number, row| evidence::Model {
        label: Some(if number < 14 {
            VerdictLabel::Bad
        } else {
            VerdictLabel::Acceptable
        }),
        second_label: None,
        judged_by: Some(JudgedBy::Sample),
        judged_at: Some(now.plus_ms(1 + i64::try_from(number).unwrap())),
        ..row
    })
    .await;
    app.advance_ms(HOUR_MS);
    eventually("the gate closes", async || {
        (gate().await == GateState::Closed).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_are_read_part_by_part_each_of_them_once_also_where_many_were_made_at_the_same_moment() {
    let app = TestApp::start().await;
    for _ in 0..7 {
        crate::evidence::asked_and_approved(&app, OPENING_HOURS).await;
    }
    crate::evidence::verdicts(&app, 7).await;
    let at = known(&app).await[0].created_at;
    // Two, four and one of a moment.
    rewrite(&app, move |number, row| evidence::Model {
        created_at: at.plus_ms(match number {
            0 | 1 => 0,
            6 => 2,
            _ => 1,
        }),
        ..row
    })
    .await;
    let all = known(&app).await;
    assert_eq!(all.len(), 7);
    let month = all[0].month.clone();
    for limit in 1..=8 {
        for made in [Made::Since(at), Made::In(&month)] {
            let (mut parts, mut after) = (Vec::new(), None);
            loop {
                let part = rows(&app).evidence_made(made, after, limit).await.unwrap();
                let Some(last) = part.last() else { break };
                after = Some((last.created_at, last.draft_id));
                parts.extend(part);
            }
            assert_eq!(parts, all, "{limit} at once, {made:?}");
        }
    }
    let later = rows(&app)
        .evidence_made(Made::Since(at.plus_ms(2)), None, 10)
        .await
        .unwrap();
    assert_eq!(later, all[6..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_is_held_the_riskier_half_is_asked_about_more_rarely_and_each_draft_keeps_its_probability() {
    let app = TestApp::start().await;
    crate::evidence::asked_and_approved(&app, OPENING_HOURS).await;
    let first = crate::evidence::verdicts(&app, 1).await.remove(0);
    let planned = eventually("the month", async || rows(&app).sampling_months().await.unwrap().pop()).await;
    assert_eq!(planned.requeue_middle, None, "of the month before nothing is known");
    assert_eq!(
        (first.band, first.probability),
        (Some(0), Some(planned.requeue_probability))
    );
    for (middle, expected) in [
        (first.score + 1.0, (Some(0), Some(0.5))),
        (first.score - 1.0, (Some(1), Some(0.125))),
    ] {
        let month = planned.month.clone();
        let written = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
            let month = month.clone();
            Box::pin(async move {
                let row = tx.sampling_month(&month).await?.unwrap();
                tx.update(sampling_month::Model {
                    requeue_probability: 0.5,
                    requeue_far: Some(0.125),
                    requeue_middle: Some(middle),
                    ..row
                })
                .await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        });
        written.await.unwrap();
        let before = known(&app).await.len();
        crate::evidence::asked_and_approved(&app, OPENING_HOURS).await;
        let held = crate::evidence::verdicts(&app, before + 1).await.pop().unwrap();
        assert_eq!(
            (held.band, held.probability, held.is_sent),
            (expected.0, expected.1, false)
        );
    }
    // The next month knows the middle of this one.
    app.advance_ms(31 * DAY_MS);
    let next = eventually("the next month", async || {
        let months = rows(&app).sampling_months().await.unwrap();
        months.into_iter().find(|row| row.month > planned.month)
    })
    .await;
    // By the score of then, which may be a newer one than that of the drafts.
    assert!(next.requeue_middle.is_some_and(f64::is_finite));
    assert!(next.requeue_far.is_some_and(|far| far <= next.requeue_probability));
}
