//! Reports: made once, sent once, shown to whoever has the link and to nobody else.

use super::app::{Client, OPENING_HOURS, TestApp, eventually};
use http::Method;
use serde_json::{Value, json};

const DAY_MS: i64 = 24 * 60 * 60_000;
const SETTINGS: &str = "/api/v1/reports/settings";

async fn settings(app: &TestApp, wish: Value) -> Value {
    let mut settings = app.owner().get(SETTINGS).await.ok();
    for (field, value) in wish.as_object().unwrap() {
        settings[field] = value.clone();
    }
    app.owner().json(Method::PUT, SETTINGS, settings.to_string()).await.ok()
}

async fn mails(app: &TestApp) -> Vec<Value> {
    let list = app.owner().get("/api/v1/mails").await.ok();
    list["items"].as_array().unwrap().clone()
}

async fn asked(app: &TestApp) {
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await;
}

/// A week and more later, a report of the week in which somebody asked something.
async fn made(app: &TestApp) -> Value {
    asked(app).await;
    app.advance_ms(8 * DAY_MS);
    app.owner()
        .post("/api/v1/reports", &json!({ "kind": "digest" }))
        .await
        .created()
}

async fn shown(client: &Client, path: &str) -> u16 {
    client.get(path).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_made_once_and_stays_as_it_is() {
    let app = TestApp::start().await;
    let first = made(&app).await;
    let again = app
        .owner()
        .post("/api/v1/reports", &json!({ "kind": "digest" }))
        .await
        .created();
    assert_eq!((&first["id"], &first["report"]), (&again["id"], &again["report"]));
    assert_eq!(first["report"]["facts"]["now"]["conversations"], 1, "{first}");
    let id = first["id"].as_str().unwrap();
    let pdf = app.owner().get(&format!("/api/v1/reports/{id}/report.pdf")).await;
    assert_eq!(pdf.status, 200);
    let csv = app
        .owner()
        .get(&format!("/api/v1/reports/{id}/figures?format=csv"))
        .await
        .text();
    assert!(csv.starts_with("figure,label,value,detail,before"), "{csv}");
    let today = json!({ "kind": "month", "day": "2999-01-01" });
    assert_eq!(app.owner().post("/api/v1/reports", &today).await.status, 422);
    assert_eq!(shown(&app.anonymous(), &format!("/api/v1/reports/{id}")).await, 401);
    let stranger = app.other_workspace().await;
    assert_eq!(
        holdpoint::app::report::report(&app.app, &stranger.caller, id.parse().unwrap())
            .await
            .unwrap_err()
            .to_string(),
        "the report was not found; it may have been removed, or the link is incomplete"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_one_report_until_it_is_taken_back_or_expires() {
    let app = TestApp::start().await;
    let id = made(&app).await["id"].as_str().unwrap().to_owned();
    let links = format!("/api/v1/reports/{id}/links");
    let address = async || {
        let link = app.owner().post(&links, &json!({})).await.created();
        let url = link["url"].as_str().unwrap().to_owned();
        let at = url.find("/r/").unwrap();
        (link["id"].as_str().unwrap().to_owned(), url[at..].to_owned())
    };
    let (link, path) = address().await;
    let anonymous = app.anonymous();
    let page = anonymous.get(&path).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(page.text().contains("report-tiles"));
    assert_eq!(shown(&anonymous, &format!("{path}/report.pdf")).await, 200);
    assert_eq!(shown(&anonymous, &format!("{path}/logo")).await, 404, "there is none");
    assert_eq!(shown(&anonymous, "/r/hpw_nobody").await, 404);
    let kept = app.owner().get(&format!("/api/v1/reports/{id}")).await.text();
    assert!(!kept.contains(path.trim_start_matches("/r/")), "the token is told once");

    assert_eq!(
        app.owner()
            .delete(&format!("/api/v1/reports/links/{link}"))
            .await
            .status,
        204
    );
    assert_eq!(shown(&anonymous, &path).await, 404);
    let (_, path) = address().await;
    assert_eq!(shown(&anonymous, &path).await, 200);
    app.advance_ms(91 * DAY_MS);
    assert_eq!(shown(&anonymous, &path).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_weeks_one_digest_goes_out_once_to_each_however_often_it_is_asked_for() {
    let app = TestApp::start().await;
    let recipients = ["vera@example.org", "client@shop.example"];
    settings(&app, json!({ "recipients": recipients, "month": false })).await;
    asked(&app).await;
    assert!(
        mails(&app).await.is_empty(),
        "what was due before it was turned on is not sent"
    );
    app.advance_ms(29 * DAY_MS);
    let sent = eventually("both mails", async || {
        let mails = mails(&app).await;
        (mails.len() >= 2).then_some(mails)
    })
    .await;
    assert_eq!(sent.len(), 2);
    let reports = app.owner().get("/api/v1/reports").await.ok();
    let items = reports["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "one digest, not four: {items:?}");
    assert!(items[0]["sent_at"].is_i64(), "{items:?}");
    // Whoever asks again, and a start that looks again, change nothing.
    let id = items[0]["id"].as_str().unwrap();
    let path = format!("/api/v1/reports/{id}/send");
    let (one, two) = tokio::join!(async { app.owner().post(&path, &json!({})).await.ok() }, async {
        app.owner().post(&path, &json!({})).await.ok()
    });
    for answer in [one, two] {
        assert_eq!(answer["to"], json!([]), "{answer}");
    }
    settings(&app, json!({ "hour": 9 })).await;
    settings(&app, json!({ "hour": 8 })).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(mails(&app).await.len(), 2);
    // One more address gets it, and the others do not get it again.
    let more = json!({ "to": ["New@example.org", "VERA@example.org"] });
    let answer = app.owner().post(&path, &more).await.ok();
    assert_eq!(answer["to"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(mails(&app).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_and_logos_that_cannot_be_used_are_refused_in_words() {
    let app = TestApp::start().await;
    let mut wrong = app.owner().get(SETTINGS).await.ok();
    wrong["currency"] = json!("JPY");
    wrong["hour_costs"] = json!("30.50");
    wrong["recipients"] = json!(["nobody"]);
    let refused = app.owner().json(Method::PUT, SETTINGS, wrong.to_string()).await;
    assert_eq!(refused.status, 422);
    let said = refused.text();
    assert!(said.contains("which has 0") && said.contains("Recipients"), "{said}");

    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let refused = app.owner().send(Method::PUT, "/api/v1/reports/logo", svg.into()).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("<script>"), "{}", refused.text());
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"><path d=\"M0 0h1v1z\"/></svg>";
    let taken = app.owner().send(Method::PUT, "/api/v1/reports/logo", svg.into()).await;
    assert_eq!(taken.ok()["kind"], "svg");
    let shown = app.owner().get("/api/v1/reports/logo").await;
    assert_eq!(shown.header("content-security-policy"), "default-src 'none'; sandbox");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_without_traffic_has_a_preview_and_a_test_goes_to_whoever_asks() {
    let app = TestApp::start().await;
    let preview = app.owner().get("/api/v1/reports/preview?kind=month").await.ok();
    assert!(
        preview["text"].as_str().unwrap().contains("no visitor asked anything"),
        "{preview}"
    );
    let test = app
        .owner()
        .post("/api/v1/reports/test", &json!({ "kind": "digest" }))
        .await
        .created();
    assert!(test["subject"].as_str().unwrap().starts_with("[Test]"), "{test}");
    assert_eq!(mails(&app).await.len(), 1);
    let reports = app.owner().get("/api/v1/reports").await.ok();
    assert_eq!(reports["items"], json!([]), "nothing was made");
}
