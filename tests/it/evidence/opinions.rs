//! Second opinions, from the check to the month's sentence.

use super::*;
use crate::checks::{colleague, release, sent, work_off};
use holdpoint::stats::sampler::{Draw, MonthKey, Purpose};
use std::collections::BTreeSet;

const DAY_MS: i64 = 24 * HOUR_MS;

async fn month(app: &TestApp, name: &str) -> Value {
    let quality = owner(app).await.get("/api/v1/quality").await.ok();
    let months = quality["months"].as_array().unwrap();
    months.iter().find(|row| row["month"] == name).unwrap().clone()
}

async fn closed(app: &TestApp, name: &str) -> Value {
    eventually("the statement", async || {
        let month = month(app, name).await;
        (month["is_closed"] == true).then_some(month)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_opinions_correct_the_months_statement_and_those_asked_were_drawn_by_the_key() {
    let app = TestApp::start().await;
    release(&app).await;
    let noor = colleague(&app, "Noor").await;
    let rechecked = async || {
        let known = known(&app).await;
        known
            .iter()
            .filter(|row| row.label == Some(VerdictLabel::Acceptable) && row.second_label.is_some())
            .count()
    };
    // Mia finds one in ten bad; every fifth of the others is drawn. It takes ten of these to say anything.
    let mut done = 0;
    while rechecked().await < 10 {
        sent(&app, 20).await;
        let mia = owner(&app).await;
        done += work_off(&app, &mia, |n| if n % 10 == 0 { "bad" } else { "acceptable" }).await;
        // Noor shares none of the "bad", and finds one bad that Mia had not.
        let mut met = 0;
        loop {
            let check = noor.post("/api/v1/checks/next", &json!({})).await.ok()["check"].clone();
            let Some(id) = check["id"].as_str() else { break };
            app.advance_ms(20_000);
            let row = app
                .app
                .store()
                .rows(app.workspace.caller.workspace_id)
                .check(id.parse().unwrap())
                .await
                .unwrap();
            let first = known(&app)
                .await
                .into_iter()
                .find(|known| known.draft_id == row.as_ref().unwrap().draft_id);
            let was_good = first.unwrap().label == Some(VerdictLabel::Acceptable);
            let label = if was_good && met == 0 && rechecked().await == 0 {
                "bad"
            } else {
                "acceptable"
            };
            met += usize::from(was_good);
            noor.post(&format!("/api/v1/checks/{id}/verdict"), &json!({ "label": label }))
                .await
                .ok();
        }
        assert!(done < 400, "a fifth of {done} is not drawn");
    }
    let found = known(&app).await;
    let name = found[0].month.clone();
    next_month(&app);
    let month = closed(&app, &name).await;
    let judged = &month["statement"]["claim"]["judged"]["adjudicated"];
    let bad = found.iter().filter(|row| row.label == Some(VerdictLabel::Bad)).count();
    assert_eq!(judged["bad_overturned"], bad, "{month}");
    assert_eq!(judged["acceptable_rechecked"], rechecked().await, "{month}");
    assert_eq!(judged["acceptable_overturned"], 1, "{month}");
    let words = month["in_words"].as_str().unwrap();
    assert!(
        words.contains("a second person looked at all found bad") && !words.contains("as judged by"),
        "{words}"
    );
    // One good of those rechecked was bad: it stands for about five.
    let estimate = month["statement"]["claim"]["estimate"].as_f64().unwrap();
    assert!(estimate > 0.0 && estimate < 0.2, "{month}");

    // Anybody can recheck, with the key that is revealed by now, which of the good ones had to be looked at again.
    let draw = owner(&app)
        .await
        .get(&format!("/api/v1/quality/draw?month={name}"))
        .await
        .ok();
    assert_eq!(draw["is_fair"], true, "{draw}");
    let key = draw["key"].as_str().unwrap();
    let bytes: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let key = MonthKey::new(bytes.try_into().unwrap());
    let workspace = *app.workspace.caller.workspace_id.uuid().as_bytes();
    let draw = Draw::new(&key, workspace, &name, Purpose::Adjudication);
    let of = |fits: &dyn Fn(&evidence::Model) -> bool| -> BTreeSet<i64> {
        let good = found.iter().filter(|row| row.label == Some(VerdictLabel::Acceptable));
        good.filter(|row| fits(row)).filter_map(|row| row.seq).collect()
    };
    let drawn = of(&|row| draw.selects(u64::try_from(row.seq.unwrap()).unwrap(), 0.2));
    assert_eq!(of(&|row| row.second_label.is_some()), drawn);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_waits_for_second_opinions_and_without_them_says_whose_judgement_it_is() {
    let app = TestApp::start().await;
    release(&app).await;
    let _noor = colleague(&app, "Noor").await;
    sent(&app, 6).await;
    let mia = owner(&app).await;
    assert_eq!(
        work_off(&app, &mia, |n| if n == 0 { "bad" } else { "acceptable" }).await,
        6
    );
    let name = known(&app).await[0].month.clone();
    // To the first hours of the next month.
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    while known(&app).await[0].month == name && rows.sampling_months().await.unwrap().len() < 2 {
        app.advance_ms(DAY_MS / 2);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    app.advance_ms(HOUR_MS);
    eventually("the next month", async || {
        (rows.sampling_months().await.unwrap().len() >= 2).then_some(())
    })
    .await;
    assert_eq!(month(&app, &name).await["is_closed"], false, "somebody is still asked");
    app.advance_ms(11 * DAY_MS);
    let month = closed(&app, &name).await;
    assert_eq!(month["statement"]["claim"]["judged"], "by_reviewers", "{month}");
    assert!(
        month["in_words"]
            .as_str()
            .unwrap()
            .contains("6 reviewed, as judged by your reviewers"),
        "{month}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_of_a_colleague_are_read_after_ones_own_verdict_and_nowhere_before() {
    let app = TestApp::start().await;
    release(&app).await;
    let noor = colleague(&app, "Noor").await;
    sent(&app, 1).await;
    let mia = owner(&app).await;
    let words = "On Mondays the shop is closed, the answer leaves that out";
    let judge = async |client: &Client, note: &str| {
        let check = client.post("/api/v1/checks/next", &json!({})).await.ok()["check"].clone();
        assert!(
            !check.to_string().contains("Mondays the shop is closed, the"),
            "{check}"
        );
        app.advance_ms(20_000);
        let path = format!("/api/v1/checks/{}/verdict", check["id"].as_str().unwrap());
        client.post(&path, &json!({ "label": "bad", "note": note })).await.ok()
    };
    assert_eq!(judge(&mia, words).await, json!({ "hasty": false, "notes": [] }));
    // Neither the log nor a list has them.
    let log = noor.get("/api/v1/log?after=0&limit=1000").await.ok().to_string();
    assert!(
        log.contains("check.judged") && !log.contains("leaves that out"),
        "{log}"
    );
    let told = judge(&noor, "").await;
    assert_eq!(
        told,
        json!({ "hasty": false, "notes": [{ "label": "bad", "note": words }] })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_rejected_in_the_queue_gets_a_second_opinion_from_a_colleague_and_what_one_finds_good_counts_by_lot() {
    let app = TestApp::start().await;
    let noor = colleague(&app, "Noor").await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = item_of(&app, &visitor).await;
    app.advance_ms(20_000);
    decide(&app, &item, json!({ "kind": "reject", "reasons": ["wrong"] })).await;
    app.advance_ms(UNDO_MS);
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    eventually("a check", async || {
        (!rows.open_checks().await.unwrap().is_empty()).then_some(())
    })
    .await;
    // Not the one who rejected it, however long they wait: they have a colleague.
    app.advance_ms(8 * DAY_MS);
    let mine = owner(&app).await.post("/api/v1/checks/next", &json!({})).await.ok();
    assert_eq!(mine["check"], Value::Null);
    assert_eq!(work_off(&app, &noor, |_| "acceptable").await, 1);
    let row = known(&app).await.remove(0);
    assert_eq!(
        (row.label, row.judged_by, row.second_label),
        (
            Some(VerdictLabel::Bad),
            Some(JudgedBy::Gate),
            Some(VerdictLabel::Acceptable)
        )
    );
    // Of what is approved the lot takes some, at a fifth each.
    for _ in 0..40 {
        asked_and_approved(&app, OPENING_HOURS).await;
    }
    verdicts(&app, 41).await;
    app.advance_ms(HOUR_MS);
    eventually("all drawn", async || {
        let known = known(&app).await;
        known.iter().all(|row| row.seq.is_some()).then_some(())
    })
    .await;
    let asked = rows.open_checks().await.unwrap().len();
    assert!((1..=20).contains(&asked), "{asked} of 40");
}
