//! Quality checks over HTTP, with the real draw: who is asked what, what a verdict does, and that nothing tells one check from another.

use crate::app::{Answer, Client, OPENING_HOURS, OWNER_PASSWORD, QUIET_MS, TestApp, eventually};
use holdpoint::app::AppError;
use holdpoint::domain::evidence::CheckPurpose;
use holdpoint::domain::ids::{ItemId, MemberId};
use holdpoint::domain::review::VerdictLabel;
use holdpoint::domain::time::{Clock as _, Timestamp};
use holdpoint::store::entity::{check, evidence};
use holdpoint::store::{Change, Made, Rows};
use http::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const SECOND_MS: i64 = 1_000;
const HOUR_MS: i64 = 3_600 * SECOND_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Longer than anybody needs to read an answer here.
const READ_MS: i64 = 20 * SECOND_MS;

fn rows(app: &TestApp) -> Rows<'_> {
    app.app.store().rows(app.workspace.caller.workspace_id)
}

pub(crate) async fn colleague(app: &TestApp, name: &str) -> Client {
    let email = format!("{name}@quillhaven.example");
    let new = json!({ "email": email, "name": name, "password": OWNER_PASSWORD, "role": "reviewer" });
    app.owner().post("/api/v1/admin/members", &new).await.created();
    let wish = json!({ "name": "a program", "email": email, "scopes": ["read", "review"] });
    let token = app.owner().post("/api/v1/admin/tokens", &wish).await.created();
    app.anonymous().bearer(token["token"].as_str().unwrap())
}

/// The owner lets answers about opening hours out; in a first month all of them are drawn.
pub(crate) async fn release(app: &TestApp) {
    let policy = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    let body = json!({ "toml": "[[topic]]\nname = \"hours\"\nwords = [\"open\"]\n" }).to_string();
    app.owner().json(Method::PUT, &policy, body).await.ok();
    app.owner()
        .post("/api/v1/gate", &json!({ "release": ["hours"] }))
        .await
        .ok();
}

/// So many answers go out without a person, and each is drawn.
pub(crate) async fn sent(app: &TestApp, number: usize) {
    let samples = async || {
        let open = rows(app).open_checks().await.unwrap();
        open.iter().filter(|row| row.purpose == CheckPurpose::Sample).count()
    };
    let before = samples().await;
    let mut visitors = Vec::new();
    for _ in 0..number {
        let visitor = app.visitor().await;
        visitor.says(OPENING_HOURS).await;
        visitors.push(visitor);
    }
    app.advance_ms(QUIET_MS);
    for visitor in visitors {
        visitor.answer_above(1).await;
    }
    app.advance_ms(HOUR_MS);
    eventually("the draw", async || (samples().await == before + number).then_some(())).await;
}

async fn next(client: &Client) -> Value {
    client.post("/api/v1/checks/next", &json!({})).await.ok()
}

fn id_of(check: &Value) -> &str {
    check["id"].as_str().unwrap()
}

async fn judge(client: &Client, id: &str, verdict: Value) -> Answer {
    client.post(&format!("/api/v1/checks/{id}/verdict"), &verdict).await
}

async fn row_of(app: &TestApp, id: &str) -> check::Model {
    let id: ItemId = id.parse().unwrap();
    rows(app).check(id).await.unwrap().unwrap()
}

pub(crate) async fn known(app: &TestApp) -> Vec<evidence::Model> {
    rows(app)
        .evidence_made(Made::Since(Timestamp(0)), None, 10_000)
        .await
        .unwrap()
}

/// Judges everything that waits for somebody, without haste. Returns how much.
pub(crate) async fn work_off(app: &TestApp, client: &Client, label: impl Fn(usize) -> &'static str) -> usize {
    let mut done = 0;
    while let Some(check) = next(client).await["check"].as_object() {
        let id = check["id"].as_str().unwrap().to_owned();
        app.advance_ms(READ_MS);
        let judged = judge(client, &id, json!({ "label": label(done) })).await.ok();
        assert_eq!(judged, json!({ "hasty": false, "notes": [] }));
        done += 1;
    }
    done
}

/// What the log says of a kind of entry, in order.
async fn said(app: &TestApp, kind: &str) -> Vec<Value> {
    let entries = rows(app).log_after(0, 10_000).await.unwrap();
    let of_kind = entries.into_iter().filter(|entry| entry.header.kind == kind);
    let told = of_kind.map(|entry| {
        let content: Value = serde_json::from_str(&entry.content.unwrap().1).unwrap();
        json!({ "refs": entry.header.refs, "content": content })
    });
    told.collect()
}

/// What a value looks like with everything of its own taken out.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
        Value::Array(items) => {
            let shapes: BTreeSet<String> = items.iter().map(|item| shape(item).to_string()).collect();
            json!(shapes)
        }
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        other => other.clone(),
    }
}

/// The headers of an answer, without what differs from request to request.
fn headers(answer: &Answer) -> BTreeMap<String, String> {
    let own = ["date", "x-request-id", "content-length"];
    let named = answer.headers.iter().map(|(name, value)| {
        let is_own = own.contains(&name.as_str());
        (
            name.to_string(),
            if is_own {
                String::new()
            } else {
                value.to_str().unwrap().to_owned()
            },
        )
    });
    named.collect()
}

/// Weeks of a shop with two reviewers: everything that can be a check waits for Mia. Returns her colleague.
async fn a_shop_of_two(app: &TestApp) -> Client {
    release(app).await;
    let noor = colleague(app, "Noor").await;
    sent(app, 6).await;
    assert_eq!(work_off(app, &app.owner(), |_| "acceptable").await, 6);
    work_off(app, &noor, |_| "acceptable").await;
    // As if the lot had fallen on all of them for a second opinion.
    let written = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
        Box::pin(async move {
            for row in tx.evidence_made(Made::Since(Timestamp(0)), None, 10_000).await? {
                let second_label = Some(VerdictLabel::Acceptable);
                // And for being kept back.
                let is_kept_back = true;
                tx.update(evidence::Model {
                    second_label,
                    is_kept_back,
                    ..row
                })
                .await?;
            }
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    written.await.unwrap();
    app.advance_ms(15 * DAY_MS);
    sent(app, 6).await;
    // They come with draws.
    let members = rows(app).members().await.unwrap();
    let mia = members.iter().find(|(_, user)| user.name == "Mia").unwrap().0.id;
    let mixed = async || {
        let open = rows(app).open_checks().await.unwrap();
        open.iter().filter(|row| row.for_member == Some(mia)).count()
    };
    while mixed().await < 3 {
        sent(app, 1).await;
    }
    // Noor finds two of the new answers bad.
    let mut found = 0;
    while found < 2 {
        let check = next(&noor).await["check"].clone();
        app.advance_ms(READ_MS);
        found += usize::from(row_of(app, id_of(&check)).await.purpose == CheckPurpose::Sample);
        judge(&noor, id_of(&check), json!({ "label": "bad" })).await.ok();
    }
    // One of those that are left was decided about without a verdict.
    let written = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
        Box::pin(async move {
            let open = tx.open_checks().await?;
            let row = open
                .into_iter()
                .find(|row| row.purpose == CheckPurpose::Sample)
                .unwrap();
            let purpose = CheckPurpose::Requeue;
            tx.update(check::Model { purpose, ..row }).await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    written.await.unwrap();
    noor
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_tells_one_quality_check_from_another_and_those_of_the_reviewer_are_no_evidence() {
    let app = TestApp::start().await;
    let noor = a_shop_of_two(&app).await;
    let mia = app.owner();
    let judged_before = said(&app, "check.judged").await.len();
    let mut met: BTreeMap<CheckPurpose, usize> = BTreeMap::new();
    let (mut shapes, mut heads, mut answers, mut places) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), Vec::new());
    loop {
        let waiting = mia.get("/api/v1/checks").await.ok();
        let served = mia.post("/api/v1/checks/next", &json!({})).await;
        let asked_at = app.clock.now();
        let body = served.json();
        assert_eq!(
            waiting,
            json!({ "waiting": body["waiting"] }),
            "a count, and nothing else"
        );
        let check = body["check"].clone();
        if check.is_null() {
            break;
        }
        let row = row_of(&app, id_of(&check)).await;
        let left = check["lease_until"].as_i64().unwrap() - asked_at.0;
        assert!((0..=120_000).contains(&left), "{left}");
        assert_eq!(
            check["conversation"],
            json!([]),
            "nothing of what came after the question"
        );
        shapes.insert(shape(&check).to_string());
        // A time in the id would say when the check was made. This kind has none.
        assert_eq!(id_of(&check).as_bytes()[14], b'4', "{check}");
        heads.insert(format!("{:?}", headers(&served)));
        places.push(row.place);

        let before = known(&app).await;
        app.advance_ms(READ_MS);
        let answer = judge(&mia, id_of(&check), json!({ "label": "acceptable" })).await;
        answers.insert(format!("{:?} {}", headers(&answer), answer.text()));
        let concerns_reviewer = matches!(row.purpose, CheckPurpose::Gold | CheckPurpose::Repeat);
        assert_eq!(known(&app).await == before, concerns_reviewer, "{:?}", row.purpose);
        *met.entry(row.purpose).or_default() += 1;
    }
    assert_eq!(met.len(), 5, "all kinds were met: {met:?}");
    assert_eq!(
        (met[&CheckPurpose::Gold], met[&CheckPurpose::Repeat]),
        (2, 1),
        "so many a week"
    );
    assert_eq!(
        (shapes.len(), heads.len(), answers.len()),
        (1, 1, 1),
        "{shapes:?} {heads:?} {answers:?}"
    );
    assert!(
        places.is_sorted(),
        "whatever they are, they come in the order of the draw: {places:?}"
    );
    let fields = shapes.first().unwrap();
    for hidden in [
        "purpose", "score", "mode", "signals", "created", "_at\"", "_id\"", "member",
    ] {
        assert!(!fields.contains(hidden), "{hidden}: {fields}");
    }

    // Nor does the log.
    let judged = said(&app, "check.judged").await;
    assert!(judged.len() > judged_before + 8);
    let told: BTreeSet<String> = judged
        .iter()
        .map(|entry| format!("{} {}", shape(&entry["refs"]), shape(&entry["content"])))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        judged
            .iter()
            .all(|entry| entry["refs"].as_object().unwrap().keys().eq(["check"]))
    );

    // What is known of the reviewers is for those who manage.
    noor.get("/api/v1/reviewers").await.refused(403);
    reviewers_are_known_by_their_verdicts_over_night(&app, &mia).await;
}

/// Figures move over night: who judges must not see from them what kind of check it was.
async fn reviewers_are_known_by_their_verdicts_over_night(app: &TestApp, mia: &Client) {
    let of = async |name: &str| {
        let all = mia.get("/api/v1/reviewers").await.ok();
        let reviewers = all["reviewers"].as_array().unwrap();
        reviewers.iter().find(|one| one["name"] == name).unwrap().clone()
    };
    let at_once = of("Mia").await;
    assert_eq!(at_once["gold"], Value::Null, "{at_once}");
    app.advance_ms(DAY_MS);
    let (mia, noor) = (of("Mia").await, of("Noor").await);
    assert_eq!(mia["gold"]["judged"], 2, "{mia}");
    assert_eq!(
        (&mia["gold"]["right"], &mia["repeats"]),
        (&json!(2), &json!({ "judged": 1, "same": 1 }))
    );
    assert_eq!((&mia["hasty"], &mia["ac1"]), (&json!(0.0), &Value::Null));
    // They disagree about the two that Noor found bad.
    let doubles = mia["doubles"].as_f64().unwrap();
    let agreement = mia["agreement"].as_f64().unwrap();
    assert!((agreement - (doubles - 2.0) / doubles).abs() < 1e-9, "{mia}");
    assert!(mia["median_decision_ms"].as_f64().unwrap() >= 20_000.0, "{mia}");
    assert!(noor["doubles"] == mia["doubles"] && doubles >= 2.0, "{noor}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gives_the_second_opinion_on_their_own_verdict() {
    let app = TestApp::start().await;
    release(&app).await;
    let noor = colleague(&app, "Noor").await;
    sent(&app, 3).await;
    assert_eq!(work_off(&app, &app.owner(), |_| "bad").await, 3);
    assert_eq!(next(&app.owner()).await, json!({ "check": null, "waiting": 0 }));
    app.advance_ms(8 * DAY_MS);
    assert_eq!(next(&app.owner()).await["waiting"], 0, "however long ago it was");
    assert_eq!(
        work_off(&app, &noor, |n| if n == 0 { "acceptable" } else { "bad" }).await,
        3
    );
    let known = known(&app).await;
    assert!(
        known.iter().all(|row| row.label == Some(VerdictLabel::Bad)),
        "the first one stays"
    );
    let overturned = known
        .iter()
        .filter(|row| row.second_label == Some(VerdictLabel::Acceptable));
    assert_eq!(overturned.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lone_owner_judges_again_after_a_week() {
    let app = TestApp::start().await;
    release(&app).await;
    sent(&app, 1).await;
    assert_eq!(work_off(&app, &app.owner(), |_| "bad").await, 1);
    app.advance_ms(6 * DAY_MS);
    assert_eq!(next(&app.owner()).await["waiting"], 0);
    app.advance_ms(DAY_MS);
    assert_eq!(work_off(&app, &app.owner(), |_| "bad").await, 1);
    assert_eq!(known(&app).await[0].second_label, Some(VerdictLabel::Bad));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_faster_than_the_text_can_be_read_counts_for_nothing_and_somebody_else_is_asked() {
    let app = TestApp::start().await;
    release(&app).await;
    let noor = colleague(&app, "Noor").await;
    sent(&app, 1).await;
    let mia = app.owner();
    let check = next(&mia).await["check"].clone();
    let judged = judge(&mia, id_of(&check), json!({ "label": "acceptable" })).await.ok();
    assert_eq!(judged, json!({ "hasty": true, "notes": [] }));
    assert_eq!(known(&app).await[0].label, None);
    assert_eq!(next(&mia).await["check"], Value::Null, "not the one who was hasty");
    assert_eq!(work_off(&app, &noor, |_| "acceptable").await, 1);
    assert_eq!(known(&app).await[0].label, Some(VerdictLabel::Acceptable));
    app.advance_ms(DAY_MS);
    let all = mia.get("/api/v1/reviewers").await.ok();
    let hasty: Vec<&Value> = all["reviewers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["hasty"])
        .collect();
    assert_eq!(hasty, [&json!(1.0), &json!(0.0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_people_cannot_judge_nobody_can() {
    let app = TestApp::start().await;
    release(&app).await;
    let noor = colleague(&app, "Noor").await;
    let third = colleague(&app, "Otto").await;
    sent(&app, 2).await;
    let mia = app.owner();
    assert_eq!(work_off(&app, &mia, |_| "cannot_judge").await, 2);
    assert!(known(&app).await.iter().all(|row| row.label.is_none()));
    let verdict = |n| if n == 0 { "acceptable" } else { "cannot_judge" };
    assert_eq!(work_off(&app, &noor, verdict).await, 2);
    let labels: BTreeSet<String> = known(&app)
        .await
        .iter()
        .map(|row| format!("{:?}", row.label.unwrap()))
        .collect();
    assert_eq!(
        labels,
        BTreeSet::from(["Acceptable".to_owned(), "CannotJudge".to_owned()])
    );
    // A second opinion on the acceptable one may be due; a third attempt at the other is not.
    let open = rows(&app).open_checks().await.unwrap();
    assert!(open.iter().all(|row| row.purpose == CheckPurpose::Second), "{open:?}");
    assert!(work_off(&app, &third, |_| "acceptable").await <= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_cannot_be_skipped_nor_judged_by_anybody_it_was_not_given_to() {
    let app = TestApp::start().await;
    release(&app).await;
    let noor = colleague(&app, "Noor").await;
    let other = app.other_workspace().await;
    let stranger = app.member_of(&other);
    sent(&app, 2).await;
    let mia = app.owner();
    let first = next(&mia).await["check"].clone();
    let path = format!("/api/v1/checks/{}", id_of(&first));
    let good = json!({ "label": "acceptable" });

    // Looking away brings the same one back; a colleague gets another one meanwhile.
    assert_eq!(id_of(&next(&mia).await["check"]), id_of(&first));
    mia.delete(&format!("{path}/lease")).await.done();
    assert_eq!(id_of(&next(&mia).await["check"]), id_of(&first));
    let second = next(&noor).await["check"].clone();
    assert_ne!(id_of(&second), id_of(&first));
    assert_eq!(noor.get("/api/v1/checks").await.ok(), json!({ "waiting": 1 }));
    judge(&noor, id_of(&first), good.clone()).await.refused(409);
    noor.delete(&format!("{path}/lease")).await.done();
    judge(&noor, id_of(&first), good.clone()).await.refused(409);

    // Another workspace's checks do not exist.
    assert_eq!(next(&stranger).await, json!({ "check": null, "waiting": 0 }));
    judge(&stranger, id_of(&first), good.clone()).await.refused(404);
    stranger.delete(&format!("{path}/lease")).await.refused(404);
    let unknown = "01981b2e-7c1a-7000-8000-000000000000";
    judge(&mia, unknown, good.clone()).await.refused(404);

    // Only people judge, and only what a verdict can be.
    app.program(&["read"])
        .await
        .post("/api/v1/checks/next", &json!({}))
        .await
        .refused(403);
    app.program(&["read"]).await.get("/api/v1/checks").await.refused(403);
    app.administrator()
        .with("holdpoint-workspace", "quillhaven")
        .post("/api/v1/checks/next", &json!({}))
        .await
        .refused(403);
    app.advance_ms(READ_MS);
    for wrong in [
        json!({}),
        json!({ "label": "skip" }),
        json!({ "label": "acceptable", "reasons": ["wrong"] }),
        json!({ "label": "bad", "reasons": ["mood"] }),
        json!({ "label": "bad", "purpose": "sample" }),
        json!({ "label": "bad", "note": "x".repeat(30_000) }),
    ] {
        judge(&mia, id_of(&first), wrong.clone()).await.refused(422);
    }
    judge(&mia, id_of(&first), good.clone()).await.ok();
    judge(&mia, id_of(&first), good.clone()).await.refused(409);

    // A lease that ran out is a colleague's to take.
    app.advance_ms(130 * SECOND_MS);
    let taken = next(&mia).await["check"].clone();
    assert_eq!(id_of(&taken), id_of(&second));
    judge(&noor, id_of(&second), good).await.refused(409);
}

/// The purposes' places are those of one and the same draw: otherwise the order would tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_of_the_reviewer_stand_at_any_place_and_ask_each_once() {
    let app = TestApp::start().await;
    a_shop_of_two(&app).await;
    let open = rows(&app).open_checks().await.unwrap();
    assert!(open.iter().all(|row| row.place > 0.0 && row.place < 1.0), "{open:?}");
    let mut asked: Vec<(MemberId, holdpoint::domain::ids::DraftId)> = open
        .iter()
        .filter_map(|row| Some((row.for_member?, row.draft_id)))
        .collect();
    let number = asked.len();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!((asked.len(), number >= 3), (number, true), "{asked:?}");
    let waiting: BTreeSet<_> = open
        .iter()
        .filter(|row| row.for_member.is_none())
        .map(|row| row.draft_id)
        .collect();
    assert!(
        asked.iter().all(|(_, draft)| !waiting.contains(draft)),
        "nobody meets a draft twice in a row"
    );
}
