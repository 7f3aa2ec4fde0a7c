//! The quality page and the planner: what owners read, what each figure opens, and what reviewers must not learn before their verdict.

use crate::app::{Client, OPENING_HOURS, OWNER_PASSWORD, QUIET_MS, TestApp, eventually};
use crate::evidence::{asked_and_approved, habits, verdicts as judged};
use crate::evidence_mends::{nothing_kept_back, rewrite};
use holdpoint::app::AppError;
use holdpoint::domain::ids::CertificateId;
use holdpoint::domain::time::{Clock as _, Timestamp};
use holdpoint::stats::statement::{Claim, Counts, Judged, Statement};
use holdpoint::stats::threshold::{Draft, Evidence, Mode, Rules, certify};
use holdpoint::store::entity::{certificate, evidence, gate_epoch, sampling_month};
use holdpoint::store::{Change, Json};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const HOURS: &str = "\n[[topic]]\nname = \"opening hours\"\nwords = [\"open\"]\n";

async fn page(client: &Client, path: &str) -> String {
    let answer = client.clone().with("Accept", "text/html").get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text().replace('\u{a0}', " ")
}

/// A reviewer with a browser.
async fn reviewer(app: &TestApp) -> Client {
    let email = "ruth@quillhaven.example";
    let wish = json!({ "name": "Ruth", "email": email, "password": OWNER_PASSWORD, "role": "reviewer" });
    app.owner().post("/api/v1/admin/members", &wish).await.created();
    let wish = json!({ "email": email, "password": OWNER_PASSWORD });
    let signed_in = app.anonymous().post("/api/v1/login", &wish).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let csrf = signed_in.ok()["csrf_token"].as_str().unwrap().to_owned();
    app.anonymous().with("Cookie", &cookie).with("X-CSRF-Token", &csrf)
}

/// Six hundred verdicts; bad ones are among the risky quotes.
fn verdicts() -> Vec<Draft> {
    (0..600_u32)
        .map(|number| Draft {
            mode: if number % 3 == 0 { Mode::Verified } else { Mode::Quote },
            risk: f64::from(number),
            epoch: 1,
            group: 0,
            topic: 0,
            is_sensitive: false,
            is_fresh: false,
            evidence: if number > 400 && number % 5 == 1 && number % 3 != 0 {
                Evidence::Bad
            } else {
                Evidence::Acceptable
            },
            stands_for: 1.0,
        })
        .collect()
}

/// A certificate in force with its test, and May, closed with a claim.
pub(crate) async fn plant(app: &TestApp) {
    let rules = Rules {
        limit: 0.04,
        risk: 0.05,
        score_version: 0,
        is_corrected: false,
    };
    let certification = certify(&verdicts(), &[], &rules);
    let certified = certification.outcome.unwrap();
    let claim = Claim {
        counts: Counts {
            sent: 2_412,
            drawn: 190,
            reviewed: 180,
            bad: 3,
            unjudged: 0,
        },
        estimate: 0.017,
        upper: 0.0301,
        interval: (0.004, 0.036),
        confidence: 0.95,
        effective: 180.0,
        judged: Judged::ByReviewers,
    };
    let (now, workspace_id) = (app.clock.now(), app.workspace.caller.workspace_id);
    let statement = serde_json::to_value(Statement::Claim(claim)).unwrap();
    let planted = app.app.store().write(workspace_id, move |tx| {
        let (certification, statement) = (certification.clone(), statement.clone());
        Box::pin(async move {
            tx.insert(gate_epoch::Model {
                workspace_id,
                number: 1,
                month: "2026-05".to_owned(),
                began_at: now,
                certification: Json(certification),
                closed_topics: Json(vec!["refunds".to_owned()]),
                evidence_from: Timestamp(0),
                score_quality: None,
            })
            .await?;
            tx.insert(certificate::Model {
                id: CertificateId::from(Uuid::from_u128(5)),
                workspace_id,
                epoch: 1,
                certificate: Json(certified),
                closed_topics: Json(vec!["refunds".to_owned()]),
                issued_at: now,
                expires_at: now.plus_ms(30 * 24 * 60 * 60_000),
                ended_at: None,
                ended_because: None,
            })
            .await?;
            tx.insert(sampling_month::Model {
                workspace_id,
                month: "2026-05".to_owned(),
                draw_key: Some(vec![7; 32]),
                commitment: vec![0; 32],
                cuts: Json(Vec::new()),
                probabilities: Json(vec![0.1]),
                requeue_probability: 1.0,
                requeue_far: None,
                requeue_middle: None,
                confidence_percent: None,
                is_exact: None,
                drawn_through: 0,
                sent: Json(vec![2_412]),
                opened_at: now,
                closed_at: Some(now),
                statement: Some(Json(statement)),
            })
            .await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    planted.await.unwrap();
}

/// Answers about opening hours go out by themselves from now on, and one does.
async fn sends_by_itself(app: &TestApp) {
    let body = json!({ "toml": HOURS }).to_string();
    let policy = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    app.owner().json(Method::PUT, &policy, body).await.ok();
    let release = json!({ "release": ["opening hours"] });
    app.owner().post("/api/v1/gate", &release).await.ok();
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.advance_ms(QUIET_MS);
    eventually("an answer by itself", async || {
        let said = visitor.conversation().await;
        let messages = said["messages"].as_array().unwrap();
        messages.iter().any(|message| message["author"] == "ai").then_some(())
    })
    .await;
}

async fn released(client: &Client) -> Value {
    let log = client.get("/api/v1/log?after=0&limit=200").await.ok();
    let entries = log["items"].as_array().unwrap();
    let found = entries.iter().find(|entry| entry["kind"] == "message.released");
    found.unwrap()["refs"].clone()
}

#[tokio::test]
async fn a_shop_without_evidence_reads_what_is_missing_and_what_to_expect() {
    let app = TestApp::start().await;
    let shown = page(
        &app.owner(),
        "/quality?conversations=20&limit=8&confidence=95&reviews=20",
    )
    .await;
    for words in [
        "<h1>Quality</h1>",
        "There is no certificate yet. It takes at least 192 verdicts",
        "The curve is drawn with the first test",
        "Nothing to watch yet",
        "The gate is likely to open after",
        "Careful:",
        "Let certificates open the gate",
        "you answer for those as for a colleague",
    ] {
        assert!(shown.contains(words), "{words} is missing: {shown}");
    }
    let refused = page(&app.owner(), "/quality?limit=70").await;
    assert!(
        refused.contains(r#"role="alert">The limit has to lie between"#),
        "{refused}"
    );
}

#[tokio::test]
async fn the_certificate_the_curve_and_each_month_stand_there_in_words() {
    let app = TestApp::start().await;
    plant(&app).await;
    let shown = page(&app.owner(), "/quality").await;
    for words in [
        "At most 3.1 % of the 2 412 answers sent unreviewed in May 2026 were bad (95 % confidence; 180 reviewed, as judged by your reviewers).",
        "of the answers within this certificate are bad as judged by your reviewers, 95 % sure; your limit is 4 %.",
        "It does not open the gate: an owner has to allow that.",
        "Always held, because they are above the limit by themselves: refunds.",
        "Twice the verdicts, if they say the same, would let",
        "class=\"picture-today\"",
        "The alarm counter stands at 0; at 3 000 the gate closes by itself.",
        "/quality/answers?month=2026-05&amp;what=bad_reviewed",
    ] {
        assert!(shown.contains(words), "{words} is missing: {shown}");
    }
    assert!(!shown.contains("style="), "the content policy forbids inline styles");
    let csv = app.owner().get("/api/v1/quality/tables/months?format=csv").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(
        csv.text().contains("2026-05,true,2412,190,180,3,0,0.017,0.0301,0.95,"),
        "{}",
        csv.text()
    );
    let curve = app.owner().get("/api/v1/quality/tables/curve").await.ok();
    let points = curve["items"].as_array().unwrap();
    assert!(points.iter().any(|point| point["is_certified"] == true), "{curve}");
    assert!(
        points
            .iter()
            .all(|point| point["upper_with_twice_the_verdicts"].as_f64() <= point["upper"].as_f64()),
        "{curve}"
    );
    app.owner().get("/api/v1/quality/tables/moon").await.refused(400);
}

#[tokio::test]
async fn every_figure_opens_the_answers_it_counts_for_those_who_manage() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    // Who approves faster than anybody reads has judged nothing.
    app.advance_ms(20_000);
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    eventually("a verdict", async || {
        let known = app.administrator().get("/api/v1/quality/accuracy").await.ok();
        (known["topics"][0]["judged"] == 1).then_some(())
    })
    .await;
    nothing_kept_back(&app).await;
    // What is judged today is counted from tomorrow on.
    app.advance_ms(24 * 60 * 60_000);
    let accuracy = app.owner().get("/api/v1/quality/accuracy").await.ok();
    assert_eq!(accuracy["topics"][0]["key"], "other");
    assert_eq!(accuracy["topics"][0]["accuracy"], 1.0);
    let [low, high] = [0, 1].map(|end| accuracy["topics"][0]["interval"][end].as_f64().unwrap());
    assert!(low < 0.1 && high >= 1.0, "one verdict says little: {accuracy}");
    assert_eq!(accuracy["versions"][0]["name"], "Juno, version 1");

    let shown = page(&app.owner(), "/quality").await;
    assert!(
        shown.contains("/quality/answers?what=judged&amp;topic=other"),
        "{shown}"
    );
    let list = page(&app.owner(), "/quality/answers?what=judged&topic=other").await;
    assert!(
        list.contains(OPENING_HOURS) && list.contains("<b>Acceptable</b>"),
        "{list}"
    );
    assert!(
        list.contains(&format!("/conversations/{}", visitor.conversation_id)),
        "{list}"
    );
    let none = page(&app.owner(), "/quality/answers?what=bad").await;
    assert!(none.contains("There are none."), "{none}");
    let csv = app
        .owner()
        .get("/api/v1/quality/answers?what=judged&format=csv")
        .await
        .text();
    assert!(
        csv.starts_with("draft_id,conversation_id,at,mode,topic,") && csv.lines().count() == 2,
        "{csv}"
    );

    let reviewer = reviewer(&app).await;
    let shown = page(&reviewer, "/quality").await;
    assert!(
        !shown.contains("/quality/answers") && !shown.contains("data-autonomy"),
        "{shown}"
    );
    reviewer.get("/api/v1/quality/answers").await.refused(403);
}

#[tokio::test]
async fn what_a_reviewer_judged_is_listed_for_a_year_and_a_day_of_the_watch_however_old() {
    const DAY_MS: i64 = 24 * 60 * 60_000;
    let app = TestApp::start().await;
    asked_and_approved(&app, OPENING_HOURS).await;
    judged(&app, 1).await;
    nothing_kept_back(&app).await;
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    let (member, user) = rows.members().await.unwrap().remove(0);
    habits(&app, member.id, 1, 0).await;
    let days_ago = async |days: i64| {
        let then = app.clock.now().plus_ms(-days * DAY_MS);
        rewrite(&app, move |_, row| evidence::Model {
            created_at: then,
            judged_at: Some(then),
            ..row
        })
        .await;
        let instant = jiff::Timestamp::from_millisecond(then.0).unwrap();
        instant.to_zoned(jiff::tz::TimeZone::UTC).date()
    };
    let by = format!("/quality/answers?what=judged&by={}", member.id);

    let day = days_ago(200).await;
    let list = page(&app.owner(), &by).await;
    let title = format!("<h1>Answers judged by {} in the last year</h1>", user.name);
    assert!(list.contains(&title) && list.contains(OPENING_HOURS), "{list}");
    let list = page(&app.owner(), "/quality/answers?what=judged").await;
    assert!(
        list.contains("<h1>Answers judged in the last three months</h1>") && list.contains("There are none."),
        "{list}"
    );
    let list = page(&app.owner(), &format!("/quality/answers?what=judged&day={day}")).await;
    let title = day.strftime("<h1>Answers judged on %-d %B %Y</h1>").to_string();
    assert!(list.contains(&title) && list.contains(OPENING_HOURS), "{list}");

    days_ago(370).await;
    let list = page(&app.owner(), &by).await;
    assert!(list.contains("There are none."), "more than a year ago: {list}");
}

#[tokio::test]
async fn which_answers_were_drawn_is_told_when_their_month_is_closed() {
    let app = TestApp::start().await;
    plant(&app).await;
    let month = "/api/v1/quality/answers?month=2026-05&what=drawn";
    assert_eq!(app.owner().get(month).await.ok()["items"], json!([]));
    for open in ["month=2026-06&what=drawn", "what=drawn", "what=sent&band=0"] {
        let refused = app
            .owner()
            .get(&format!("/api/v1/quality/answers?{open}"))
            .await
            .refused(422);
        assert!(
            refused["detail"]
                .as_str()
                .unwrap()
                .contains("when their month is closed"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn nobody_who_may_still_judge_an_answer_learns_its_score_from_the_log() {
    let app = TestApp::start().await;
    sends_by_itself(&app).await;
    let everything = released(&app.administrator()).await;
    for name in ["score", "band", "probability"] {
        assert!(everything[name].is_string(), "the log has it: {everything}");
    }
    for client in [
        app.owner(),
        reviewer(&app).await,
        app.program(&["read", "review"]).await,
    ] {
        let refs = released(&client).await;
        assert!(refs["draft"].is_string(), "{refs}");
        for name in ["score", "band", "probability"] {
            assert!(refs[name].is_null(), "{name} is told before the verdict: {refs}");
        }
    }
}

#[tokio::test]
async fn a_shop_with_twenty_conversations_a_day_gets_an_honest_plan() {
    let app = TestApp::start().await;
    let plan = async |query: &str| app.owner().get(&format!("/api/v1/planner?{query}")).await.ok();
    let tight = plan("conversations=20&limit=0.02&confidence=0.95&reviews=20").await;
    assert!(tight["opening"].is_null(), "{tight}");
    assert!(
        tight["in_words"][0]
            .as_str()
            .unwrap()
            .starts_with("The gate is not likely to open"),
        "{tight}"
    );
    assert!(
        tight["knobs"]
            .as_array()
            .unwrap()
            .iter()
            .any(|turned| turned["knob"] == "limit"),
        "{tight}"
    );
    let bold = plan("conversations=20&limit=0.08&confidence=0.95&reviews=20").await;
    assert!(
        bold["opening"]["days"].as_f64().unwrap() <= 31.0 && bold["is_feasible"] == true,
        "{bold}"
    );
    assert_eq!(bold["presets"].as_array().unwrap().len(), 3);
    // What is left out is as it is set.
    assert_eq!(plan("").await["wish"]["limit"], 0.04);
    for wrong in [
        "conversations=-1",
        "limit=4",
        "confidence=95",
        "reviews=1e9",
        "limit=nan",
    ] {
        app.owner().get(&format!("/api/v1/planner?{wrong}")).await.refused(422);
    }
}
