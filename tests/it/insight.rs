//! Figures: what conversations were is counted by itself, equals a recount at any time, and opens the conversations behind it.

use super::app::{OPENING_HOURS, QUIET_MS, TestApp, UNANSWERABLE, UNDO_MS, VisitorClient, eventually};
use holdpoint::app::insight::catch_up;
use holdpoint::domain::insight::{Day, Figures, Insight, Mark, Period, marks};
use holdpoint::store::entity::insight;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ANALYSIS: &str = "/api/v1/analysis";
const HOUR_MS: i64 = 60 * 60_000;

/// Everything that has happened is counted.
async fn counted(app: &TestApp) -> Value {
    catch_up(&app.app, app.workspace.caller.workspace_id).await.unwrap();
    app.owner().get(ANALYSIS).await.ok()
}

async fn approved(app: &TestApp, question: &str) -> VisitorClient {
    let visitor = app.visitor().await;
    visitor.says(question).await;
    let item = app.item_of(&visitor).await;
    app.decide_for_good(&item, json!({ "type": "approve" })).await;
    eventually("the answer", async || {
        let seen = visitor.conversation().await;
        let messages = seen["messages"].as_array().unwrap().clone();
        messages.into_iter().find(|message| message["author"] == "ai")
    })
    .await;
    visitor
}

/// All that is known of conversations, read from its rows.
async fn known(app: &TestApp) -> Vec<insight::Model> {
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    rows.insights(ever(), None, None, 1_000).await.unwrap()
}

fn ever() -> Period {
    Period {
        first: Day::from_number(0),
        last: Day::from_number(60_000),
    }
}

/// The sums are those of the rows, and each figure opens as many conversations as carry its mark.
async fn equals_a_recount(app: &TestApp) {
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    let mut recounted: BTreeMap<Mark, i64> = BTreeMap::new();
    let mut carriers: BTreeMap<Mark, u64> = BTreeMap::new();
    for row in known(app).await {
        for (mark, amount) in marks(&row.told.0) {
            *carriers.entry(mark.clone()).or_default() += 1;
            *recounted.entry(mark).or_default() += amount;
        }
    }
    let mut kept: BTreeMap<Mark, i64> = rows.tallies(ever(), None).await.unwrap().into_iter().collect();
    kept.retain(|_, amount| *amount != 0);
    assert_eq!(kept, recounted);
    for (mark, conversations) in carriers {
        assert_eq!(
            rows.count_marked(&mark, ever(), None).await.unwrap(),
            conversations,
            "{mark}"
        );
    }
}

#[tokio::test]
async fn what_conversations_were_is_counted_and_every_figure_opens_its_conversations() {
    let app = TestApp::start().await;
    let good = approved(&app, OPENING_HOURS).await;
    let lost = app.visitor().await;
    lost.says(UNANSWERABLE).await;
    app.item_of(&lost).await;
    let silent = app.visitor().await;
    drop(silent);
    let seen = counted(&app).await;
    let figures = &seen["figures"];
    assert_eq!(figures["conversations"], 2);
    assert_eq!(figures["involvement"], json!({ "part": 1, "of": 2 }));
    assert_eq!(figures["automation"], json!({ "part": 0, "of": 1 }));
    assert_eq!(figures["match_rate"], json!({ "part": 1, "of": 2 }));
    assert_eq!(figures["handoff_reasons"], json!({ "missing_knowledge": 1 }));
    assert_eq!(figures["answers"], json!({ "approved": 1 }));
    let behind = app
        .owner()
        .get(&format!("{ANALYSIS}/marked?mark=handed_off_for:missing_knowledge"))
        .await
        .ok();
    assert_eq!(
        (&behind["all"], &behind["items"][0]["id"]),
        (&json!(1), &json!(lost.conversation_id))
    );
    let behind = app
        .owner()
        .get(&format!("{ANALYSIS}/marked?mark=answers:approved&limit=1"))
        .await
        .ok();
    assert_eq!(behind["items"][0]["id"], json!(good.conversation_id));
    equals_a_recount(&app).await;
}

#[tokio::test]
async fn a_day_later_what_was_answered_is_assumed_to_be_solved_and_what_was_not_tells_where_it_was_left() {
    let app = TestApp::start().await;
    let good = approved(&app, OPENING_HOURS).await;
    good.client
        .post("/widget/v1/acknowledge", &json!({ "seq": 2 }))
        .await
        .done();
    let lost = app.visitor().await;
    lost.says(UNANSWERABLE).await;
    app.item_of(&lost).await;
    let first = counted(&app).await;
    assert_eq!(first["figures"]["resolved"], json!({ "part": 0, "of": 2 }));
    assert_eq!(first["figures"]["left"], json!({}));
    assert_eq!(first["figures"]["first_by_ai"]["conversations"], 1);
    app.advance_ms(25 * HOUR_MS);
    let later = counted(&app).await;
    assert_eq!(later["figures"]["resolutions"], json!({ "assumed": 1 }));
    assert_eq!(later["figures"]["resolved_by"], json!({ "reviewed": 1 }));
    assert_eq!(later["figures"]["left"]["waiting_for_person"], 1);
    equals_a_recount(&app).await;
    // Whoever asks on takes it away again.
    good.says(UNANSWERABLE).await;
    app.item_of(&good).await;
    let again = counted(&app).await;
    assert_eq!(again["figures"]["resolutions"], json!({}));
    assert_eq!(again["figures"]["reopened"], 1);
    equals_a_recount(&app).await;
}

#[tokio::test]
async fn the_job_counts_by_itself_soon_after_something_happened() {
    let app = TestApp::start().await;
    approved(&app, OPENING_HOURS).await;
    eventually("the job has counted", async || {
        app.advance_ms(200);
        let seen = app.owner().get(ANALYSIS).await.ok();
        (seen["figures"]["answers"]["approved"] == 1).then_some(())
    })
    .await;
    equals_a_recount(&app).await;
}

#[tokio::test]
async fn another_time_zone_moves_conversations_to_its_days_and_loses_none() {
    let app = TestApp::start().await;
    approved(&app, OPENING_HOURS).await;
    counted(&app).await;
    let before: Vec<Insight> = known(&app).await.into_iter().map(|row| row.told.0).collect();
    for zone in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let administrator = app.administrator();
        let wish = json!({ "time_zone": zone }).to_string();
        administrator
            .json(Method::PUT, "/api/v1/admin/time-zone", wish)
            .await
            .ok();
        catch_up(&app.app, app.workspace.caller.workspace_id).await.unwrap();
        equals_a_recount(&app).await;
    }
    // Kiritimati is 14 hours before UTC and Pago Pago 11 behind: no moment has the same day in both.
    let after: Vec<Insight> = known(&app).await.into_iter().map(|row| row.told.0).collect();
    assert_eq!(before.len(), after.len());
    let began = after[0].began_at;
    let zone = jiff::tz::TimeZone::get("Pacific/Pago_Pago").unwrap();
    assert_eq!(after[0].day, Day::of(began, &zone));
    assert_eq!(
        Figures::of(after.iter().flat_map(marks)).answers,
        Figures::of(before.iter().flat_map(marks)).answers
    );
}

#[tokio::test]
async fn a_workspace_without_traffic_has_figures_without_numbers() {
    let app = TestApp::start().await;
    let seen = counted(&app).await;
    assert_eq!(seen["figures"]["automation"], json!({ "part": 0, "of": 0 }));
    assert_eq!(seen["figures"]["first_by_ai"]["median_s"], Value::Null);
    assert_eq!(seen["days"].as_array().unwrap().len(), 28);
    for table in [
        "days",
        "versions",
        "handoffs",
        "resolutions",
        "left",
        "hours",
        "languages",
    ] {
        let csv = app.owner().get(&format!("{ANALYSIS}/tables/{table}?format=csv")).await;
        assert_eq!(csv.status, 200, "{table}");
    }
}

#[tokio::test]
async fn what_is_no_period_and_no_mark_is_refused_in_words() {
    let app = TestApp::start().await;
    let owner = app.owner();
    for (query, said) in [
        ("?from=2026-02-30", "“2026-02-30” is no day; write it like 2026-05-01"),
        ("?from=2026-05-02&to=2026-05-01", "exchange them"),
        ("?from=2020-01-01&to=2026-05-01", "at most two years"),
        ("/marked?mark=wishes", "“wishes” is nothing that is counted"),
        ("/marked?mark=spam&after=x", "begin again without `after`"),
    ] {
        let answer = owner.get(&format!("{ANALYSIS}{query}")).await;
        assert_eq!(answer.status, 422, "{query}");
        assert!(
            answer.text().to_lowercase().contains(&said.to_lowercase()),
            "{query}: {}",
            answer.text()
        );
    }
    let foreign = format!("{ANALYSIS}?agent={}", uuid::Uuid::from_u128(9));
    assert_eq!(owner.get(&foreign).await.status, 404);
}

#[tokio::test]
async fn each_conversation_is_one_row_of_a_file() {
    let app = TestApp::start().await;
    approved(&app, OPENING_HOURS).await;
    app.advance_ms(UNDO_MS + QUIET_MS);
    counted(&app).await;
    let csv = app.owner().get(&format!("{ANALYSIS}/conversations?format=csv")).await;
    let text = csv.text();
    let mut lines = text.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("conversation_id,day,began_at,agent_id,version,spam,questions")
    );
    assert_eq!(lines.count(), 1);
}
