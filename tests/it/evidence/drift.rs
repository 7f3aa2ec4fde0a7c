//! Answers become worse: the gate closes by itself, and everybody who has to know is told in plain words.

use super::*;
use crate::smtp::SmtpServer;
use holdpoint::app::mail::Post;
use holdpoint::outbound::mail::{MailServer, Mailer, Security, parse_sender};

const SECOND_MS: i64 = 1_000;

/// A shop whose gate a certificate has opened, and who looks at everything that goes out.
async fn an_open_shop() -> TestApp {
    let app = TestApp::start().await;
    set(
        &app,
        json!({ "opens": true, "limit_permille": 500, "reviews_a_day": 1_000 }),
    )
    .await;
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
    app
}

/// So many answers go out by themselves, and all wait to be checked.
async fn sent(app: &TestApp, number: usize) {
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    let mut visitors = Vec::new();
    for _ in 0..number {
        let visitor = app.visitor().await;
        visitor.says(OPENING_HOURS).await;
        visitors.push(visitor);
    }
    app.advance_ms(QUIET_MS);
    for visitor in &visitors {
        visitor.answer_above(1).await;
    }
    app.advance_ms(HOUR_MS);
    eventually("the draw", async || {
        let drawn = known(app)
            .await
            .into_iter()
            .filter(|row| row.is_sent && row.is_drawn.is_some());
        (drawn.count() >= number && !rows.open_checks().await.unwrap().is_empty()).then_some(())
    })
    .await;
}

/// The owner judges what waits, `label` by its number, until nothing waits or the gate has closed.
async fn judged(app: &TestApp, label: impl Fn(usize) -> &'static str) -> usize {
    let owner = owner(app).await;
    let mut done = 0;
    while let Some(check) = owner.post("/api/v1/checks/next", &json!({})).await.ok()["check"].as_object() {
        app.advance_ms(20 * SECOND_MS);
        let path = format!("/api/v1/checks/{}/verdict", check["id"].as_str().unwrap());
        owner.post(&path, &json!({ "label": label(done) })).await.ok();
        done += 1;
    }
    done
}

/// From now on the shop has a mail server.
async fn mailing(app: &TestApp) -> SmtpServer {
    let server = SmtpServer::start().await;
    let from = parse_sender("Quillhaven Cycles <chat@quillhaven.example>").unwrap();
    let mail_server = MailServer {
        host: "localhost".to_owned(),
        port: server.address.port(),
        security: Security::None,
        login: None,
        authority: None,
    };
    app.app.mails_through(Post {
        mailer: Some(Mailer::new(mail_server, from)),
        origin: format!("http://{}", app.address()),
    });
    server
}

async fn mails(app: &TestApp) -> Vec<Value> {
    let mails = owner(app).await.get("/api/v1/mails").await.ok();
    mails["items"].as_array().unwrap().clone()
}

async fn page(app: &TestApp, path: &str) -> String {
    let answer = owner(app).await.with("Accept", "text/html").get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text().replace('\u{a0}', " ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_closes_the_gate_tells_the_owner_and_says_what_load_to_expect() {
    let app = an_open_shop().await;
    let _server = mailing(&app).await;
    sent(&app, 18).await;
    assert!(judged(&app, |_| "bad").await >= 12);
    app.advance_ms(HOUR_MS);
    eventually("the gate closes", async || {
        (gate(&app).await == GateState::Closed).then_some(())
    })
    .await;
    let closed = said(&app, "gate.closed").await.remove(0);
    assert_eq!(closed["content"]["because"], "drift", "{closed}");

    let told = owner(&app).await.get("/api/v1/gate").await.ok()["closed_by_itself"].clone();
    assert_eq!(
        (&told["because"], &told["expected_a_day"]),
        (&json!("drift"), &json!(18)),
        "{told}"
    );
    let shown = page(&app, "/quality").await;
    for words in [
        "Quality checks found more bad answers than your limit allows, so the gate closed by itself.",
        "About 18 answers a day went out by themselves before",
        "that was an alarm",
        ">alarm</text>",
        "checks were judged, ",
    ] {
        assert!(shown.contains(words), "{words} is missing: {shown}");
    }
    let queue = page(&app, "/queue").await;
    assert!(
        queue.contains("The gate closed by itself. About 18 answers a day"),
        "{queue}"
    );
    let log = page(&app, "/log").await;
    assert!(
        log.contains("Quality checks found more bad answers than your limit allows"),
        "{log}"
    );
    let drift = owner(&app).await.get("/api/v1/quality/tables/drift").await.ok();
    let checks: i64 = drift["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["checks"].as_i64().unwrap())
        .sum();
    assert!((12..=18).contains(&checks), "until the alarm: {drift}");
    let day = drift["items"][0]["day"].as_str().unwrap();
    let listed = page(&app, &format!("/quality/answers?what=reviewed&day={day}")).await;
    let date: jiff::civil::Date = day.parse().unwrap();
    let title = date.strftime("<h1>Checks judged on %-d %B %Y</h1>").to_string();
    assert!(listed.contains(&title), "{listed}");
    owner(&app)
        .await
        .get("/api/v1/quality/answers?day=tomorrow")
        .await
        .refused(422);
    let figure = drift["items"].as_array().unwrap().last().unwrap()["figure"]
        .as_f64()
        .unwrap();
    assert!(figure >= 3_000.0, "{drift}");

    // The owner has a mail, and only one however often the job looks.
    let mail = eventually("a mail", async || {
        mails(&app).await.into_iter().find(|mail| mail["state"] == "sent")
    })
    .await;
    assert_eq!(mail["to"], OWNER_EMAIL, "{mail}");
    app.advance_ms(2 * HOUR_MS);
    assert_eq!(mails(&app).await.len(), 1);

    // From now on everything waits.
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = item_of(&app, &visitor).await;
    assert!(item["reasons"].to_string().contains("gate_closed"), "{item}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_owners_let_out_without_a_certificate_is_watched_they_are_told_and_nothing_closes() {
    let app = TestApp::start().await;
    set(&app, json!({ "limit_permille": 500, "reviews_a_day": 1_000 })).await;
    let _server = mailing(&app).await;
    let policy = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    let toml = "[[topic]]\nname = \"hours\"\nwords = [\"open\"]\n";
    let body = json!({ "toml": toml }).to_string();
    app.owner().json(Method::PUT, &policy, body).await.ok();
    owner(&app)
        .await
        .post("/api/v1/gate", &json!({ "release": ["hours"] }))
        .await
        .ok();
    sent(&app, 18).await;
    assert!(judged(&app, |_| "bad").await >= 12);
    app.advance_ms(HOUR_MS);
    let mail = eventually("a mail", async || {
        mails(&app).await.into_iter().find(|mail| mail["state"] == "sent")
    })
    .await;
    assert_eq!(mail["to"], OWNER_EMAIL, "{mail}");
    assert!(
        mail["subject"].as_str().unwrap().contains("without a certificate"),
        "{mail}"
    );
    assert!(
        matches!(gate(&app).await, GateState::Uncertified { .. }),
        "theirs to close"
    );
    app.advance_ms(26 * HOUR_MS);
    let shown = page(&app, "/quality").await;
    assert!(
        shown.contains("That is an alarm: of what was let out without a certificate"),
        "{shown}"
    );
    assert_eq!(mails(&app).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_is_much_worse_than_those_before_closes_the_gate_at_its_end() {
    let app = an_open_shop().await;
    sent(&app, 40).await;
    // Half of them: as many as the limit allows, so that the detector stays calm; but none before was bad.
    assert!(judged(&app, |number| if number % 2 == 0 { "bad" } else { "acceptable" }).await >= 30);
    app.advance_ms(HOUR_MS);
    let quality = owner(&app).await.get("/api/v1/quality").await.ok();
    assert!(quality["drift"][0].as_f64().unwrap() < 3_000.0, "{quality}");
    assert!(
        matches!(gate(&app).await, GateState::Certified(_)),
        "not before the month is over"
    );
    next_month(&app);
    eventually("the gate closes", async || {
        (gate(&app).await == GateState::Closed).then_some(())
    })
    .await;
    let closed = said(&app, "gate.closed").await.remove(0);
    assert_eq!(closed["content"]["because"], "much worse month", "{closed}");
    let shown = page(&app, "/quality").await;
    assert!(
        shown.contains("the month that ended was much worse than those before it"),
        "{shown}"
    );
    assert!(page(&app, "/queue").await.contains("The gate closed by itself."));
}
