//! Who is there: business hours, presence, and what a visitor is told when nobody is.

use super::app::{OPENING_HOURS, QUIET_MS, TestApp, UNANSWERABLE, VisitorClient, eventually};
use super::smtp::SmtpServer;
use holdpoint::store::JobKind;
use http::Method;
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How long a draft waits under the policy of these tests.
pub(crate) const DEADLINE_MS: i64 = 15 * 60_000;

/// Open on weekdays from nine to five. Whatever is drafted from knowledge is held for a quarter of an hour.
pub(crate) fn policy(fallback: &str) -> String {
    let days =
        ["monday", "tuesday", "wednesday", "thursday", "friday"].map(|day| format!("{day} = [\"09:00-17:00\"]\n"));
    format!(
        "[hours]\n{}\n[[rule]]\nname = \"Look at it\"\nwhen = {{ mode = [\"verified\", \"quote\", \"compose\"] }}\nthen = \"hold\"\ndeadline_minutes = 15\nfallback = \"{fallback}\"\n",
        days.concat()
    )
}

pub(crate) async fn apply(app: &TestApp, toml: &str) {
    let path = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    let body = json!({ "toml": toml }).to_string();
    app.owner().json(Method::PUT, &path, body).await.ok();
}

fn now(app: &TestApp) -> i64 {
    app.app.store().sources().clock.now().0
}

/// Milliseconds since 1970, a Thursday, of the next Monday at this hour, by UTC's clocks.
fn next_monday(app: &TestApp, hour: i64) -> i64 {
    let monday = 4 * DAY_MS + hour * HOUR_MS;
    let weeks = (now(app) - monday) / (7 * DAY_MS) + 1;
    monday + weeks * 7 * DAY_MS
}

/// Moves the clock to the next Monday at this hour.
pub(crate) fn go_to_monday(app: &TestApp, hour: i64) {
    app.advance_ms(next_monday(app, hour) - now(app));
}

/// The owner has the console open.
async fn is_there(app: &TestApp) {
    app.owner().post("/api/v1/presence", &json!({})).await.ok();
}

async fn said_by_system(visitor: &VisitorClient) -> Vec<String> {
    let conversation = visitor.conversation().await;
    let messages = conversation["messages"].as_array().unwrap().iter();
    let notices = messages.filter(|message| message["author"] == "system");
    notices
        .map(|notice| notice["text"].as_str().unwrap().to_owned())
        .collect()
}

async fn wants_person(visitor: &VisitorClient) {
    let wish = json!({ "client_id": "wish", "text": "I would like to talk to a person.", "person": true });
    visitor.client.post("/widget/v1/messages", &wish).await.created();
}

#[tokio::test]
async fn out_of_hours_a_visitor_is_told_when_somebody_is_back_and_may_leave_an_address_while_a_draft_waits() {
    let app = TestApp::start().await;
    let _server = SmtpServer::of(&app).await;
    apply(&app, &policy("hand_off")).await;
    go_to_monday(&app, 20);
    // Somebody is there all the same: nobody is promised.
    is_there(&app).await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    let until = "We are away right now and back tomorrow (Tuesday) at 9:00.";
    assert_eq!(
        said_by_system(&visitor).await,
        [format!(
            "{until} Leave your e-mail address, and the answer comes there too."
        )]
    );
    let status = visitor.conversation().await["status"].clone();
    assert_eq!(
        (
            &status["phase"],
            &status["away"],
            &status["may_leave_email"],
            &status["estimate_ms"]
        ),
        (&json!("checking"), &json!(until), &json!(true), &Value::Null)
    );
    let opens = next_monday(&app, 9) - 6 * DAY_MS;
    assert_eq!(item["deadline_at"], opens + DEADLINE_MS, "counted in business hours");
    let log = app.owner().get("/api/v1/log?limit=200").await.ok();
    assert!(log.to_string().contains("review.requested"), "{log}");

    // The night passes, and nothing happens by itself.
    app.advance_ms(opens + DEADLINE_MS - 60_000 - now(&app));
    assert_eq!(
        app.owner().get("/api/v1/queue").await.ok()["items"][0]["id"],
        item["id"]
    );
    let status = visitor.conversation().await["status"].clone();
    assert_eq!(
        (&status["away"], &status["may_leave_email"]),
        (&Value::Null, &json!(true)),
        "the business is open, but nobody is there yet"
    );
    is_there(&app).await;
    assert_eq!(
        visitor.conversation().await["status"]["may_leave_email"],
        Value::Null,
        "somebody may still decide in time"
    );
    app.advance_ms(60_000 - 30_000);
    is_there(&app).await;
    app.advance_ms(30_000);
    let handed_off = eventually("the deadline", async || said_by_system(&visitor).await.get(1).cloned()).await;
    assert!(handed_off.contains("They will write to you here"), "{handed_off}");
}

#[tokio::test]
async fn without_a_mail_server_nobody_is_asked_for_an_address() {
    let app = TestApp::start().await;
    apply(&app, &policy("take_email")).await;
    for (hour, words) in [(20, "The answer comes here."), (10, "They will write to you here")] {
        go_to_monday(&app, hour);
        let visitor = app.visitor().await;
        wants_person(&visitor).await;
        let said = said_by_system(&visitor).await;
        assert!(
            said[0].contains(words) && !said[0].contains("e-mail"),
            "{hour}: {said:?}"
        );
        assert_eq!(visitor.conversation().await["status"]["may_leave_email"], Value::Null);
    }
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await;
    app.advance_ms(DEADLINE_MS);
    let handed_off = eventually("the deadline", async || said_by_system(&visitor).await.pop()).await;
    assert!(!handed_off.contains("e-mail"), "{handed_off}");
}

#[tokio::test]
async fn who_asks_for_a_person_is_told_the_truth_about_who_is_there() {
    let app = TestApp::start().await;
    let _server = SmtpServer::of(&app).await;
    apply(&app, &policy("hand_off")).await;
    let cases = [
        (20, true, "We are away right now and back tomorrow (Tuesday) at 9:00."),
        (10, true, "They will write to you here"),
        (10, false, "nobody is free right now. Leave your e-mail address"),
    ];
    for (hour, there, words) in cases {
        go_to_monday(&app, hour);
        if there {
            is_there(&app).await;
        }
        let visitor = app.visitor().await;
        wants_person(&visitor).await;
        let said = said_by_system(&visitor).await;
        assert!(said[0].contains(words), "{hour} {there}: {said:?}");
        assert_eq!(visitor.conversation().await["status"]["may_leave_email"], true);
    }
    // Who does not want to be given anything is not there for this either.
    let team = app.owner().get("/api/v1/team").await.ok();
    let mia = format!("/api/v1/team/members/{}", team["items"][0]["id"].as_str().unwrap());
    let away = json!({ "available": false }).to_string();
    app.owner().json(Method::PUT, &mia, away).await.ok();
    is_there(&app).await;
    let visitor = app.visitor().await;
    visitor.says(UNANSWERABLE).await;
    app.advance_ms(QUIET_MS);
    let said = visitor.answer_above(1).await;
    assert!(said["text"].as_str().unwrap().contains("nobody is free"), "{said}");
}

#[tokio::test]
async fn an_address_that_is_known_is_not_asked_for_again() {
    let app = TestApp::start().await;
    let _server = SmtpServer::of(&app).await;
    apply(&app, &policy("take_email")).await;
    go_to_monday(&app, 10);
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await;
    let left = json!({ "email": "vera@example.org", "consent": "For this answer." });
    visitor.client.post("/widget/v1/email", &left).await.done();
    app.advance_ms(DEADLINE_MS);
    let said = visitor.answer_above(1).await;
    assert!(
        said["text"].as_str().unwrap().contains("They will write to you here"),
        "{said}"
    );
    assert_eq!(visitor.conversation().await["status"]["email"], "vera@example.org");
}

#[tokio::test]
async fn the_clocks_are_the_businesss_and_the_words_the_agents_language() {
    let app = TestApp::start().await;
    let _server = SmtpServer::of(&app).await;
    apply(&app, &policy("hand_off")).await;
    let clocks = "/api/v1/admin/time-zone";
    let set = async |zone: &str| {
        let body = json!({ "time_zone": zone }).to_string();
        app.owner().json(Method::PUT, clocks, body).await
    };
    let refused = set("Mars/Olympus").await.refused(422);
    assert!(
        refused["detail"].as_str().unwrap().contains("Europe/Berlin"),
        "{refused}"
    );
    set("Asia/Tokyo").await.ok();
    let agents = app.owner().get("/api/v1/agents").await.ok();
    let mut settings = agents["items"][0]["settings"].clone();
    settings["language"] = json!("de");
    let agent = format!("/api/v1/agents/{}", app.workspace.agent_id);
    app.owner().json(Method::PUT, &agent, settings.to_string()).await.ok();
    // In Tokyo it is seven in the evening.
    go_to_monday(&app, 10);
    let visitor = app.visitor().await;
    wants_person(&visitor).await;
    let said = said_by_system(&visitor).await;
    assert!(
        said[0]
            .starts_with("Wir sind gerade nicht da und morgen (Dienstag) um 9:00 Uhr wieder zurück. Hinterlassen Sie"),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_business_that_is_never_open_is_refused_and_so_is_a_deadline_beyond_a_year() {
    let app = TestApp::start().await;
    let path = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    let rule = "[[rule]]\nname = \"Slow\"\nwhen = { mode = \"quote\" }\nthen = \"hold\"\ndeadline_minutes = 10000\n";
    for (toml, words) in [
        ("[hours]\nholidays = [\"12-25\"]\n".to_owned(), "is ever there"),
        (
            format!("[hours]\nmonday = [\"09:00-10:00\"]\n{rule}"),
            "more than a year",
        ),
    ] {
        let body = json!({ "toml": toml }).to_string();
        let refused = app.owner().json(Method::PUT, &path, body).await.refused(422);
        assert!(
            refused["problems"][0]["says"].as_str().unwrap().contains(words),
            "{refused}"
        );
    }
}

/// When the time of whoever owns a conversation is over.
async fn answer_due_at(app: &TestApp) -> i64 {
    let jobs = app.app.store().next_jobs(100).await.unwrap();
    let recall = jobs.iter().find(|job| job.kind == JobKind::Recall);
    recall.unwrap().run_at.0
}

#[tokio::test]
async fn whoever_steps_in_shortly_before_closing_has_until_the_next_day_to_answer() {
    let app = TestApp::start().await;
    apply(&app, &policy("hand_off")).await;
    let ten_to_five = 7 * HOUR_MS + 50 * 60_000;
    let five_past_nine = DAY_MS + 5 * 60_000;
    for step_in in ["conversation", "queue"] {
        go_to_monday(&app, 9);
        let nine = now(&app);
        app.advance_ms(ten_to_five);
        let visitor = app.visitor().await;
        let conversation = format!("/api/v1/conversations/{}", visitor.conversation_id);
        wants_person(&visitor).await;
        if step_in == "queue" {
            let item = app.item_of(&visitor).await;
            app.decide(&item, json!({ "kind": "take_over" })).await.ok();
        } else {
            app.owner()
                .post(&format!("{conversation}/take-over"), &json!({}))
                .await
                .ok();
        }
        let due_at = answer_due_at(&app).await - nine;
        assert!(
            (five_past_nine..five_past_nine + 60_000).contains(&due_at),
            "{step_in}: {due_at}"
        );

        let answer = json!({ "client_id": step_in, "text": "Here I am." });
        app.owner()
            .post(&format!("{conversation}/messages"), &answer)
            .await
            .created();
        visitor.says("And tomorrow?").await;
        let due_at = answer_due_at(&app).await - nine;
        assert!(
            (five_past_nine..five_past_nine + 60_000).contains(&due_at),
            "{step_in}: {due_at}"
        );
        app.owner()
            .post(&format!("{conversation}/close"), &json!({}))
            .await
            .ok();
    }
}
