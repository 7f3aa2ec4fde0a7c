//! Rehearsals over HTTP: a file becomes drafts, people judge them, the sheet says what came of it, and nothing of it is evidence.

use crate::app::{Answer, Client, OPENING_HOURS, OWNER_PASSWORD, QUIET_MS, TestApp, UNANSWERABLE, eventually};
use bytes::Bytes;
use holdpoint::engine::wire::ErrorCode;
use holdpoint::store::JobKind;
use http::Method;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, Statement};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// A question of the FAQ, one that nothing answers, one for a person, one that is a little like the first, and one that repeats it.
pub(crate) fn mails() -> String {
    let rows = [
        json!({ "id": "m1", "question": OPENING_HOURS, "answer": "Tuesday to Saturday, from nine." }),
        json!({ "id": "m2", "question": UNANSWERABLE, "answer": "I will ask the workshop." }),
        json!({ "id": "m3", "question": "I would like to talk to a person please", "answer": "Here I am." }),
        json!({ "id": "m4", "messages": [
            { "author": "visitor", "text": "Hello" },
            { "author": "person", "text": "Hello, how can I help?" },
            { "author": "visitor", "text": "How much is it to repair a puncture?" },
            { "author": "person", "text": "Fifteen pounds." },
        ] }),
    ];
    let mut lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    lines.push(json!({ "question": OPENING_HOURS.to_uppercase() }).to_string());
    lines.push("{ cut off".to_owned());
    lines.join("\n")
}

async fn begin(client: &Client, file: &str, query: &str) -> Answer {
    let path = format!("/api/v1/rehearsals?name=mails.jsonl{query}");
    let client = client.clone().with("Content-Type", "application/octet-stream");
    client
        .send(Method::POST, &path, Bytes::copy_from_slice(file.as_bytes()))
        .await
}

fn id_of(rehearsal: &Value) -> String {
    rehearsal["id"].as_str().unwrap().to_owned()
}

async fn show(app: &TestApp, id: &str) -> Value {
    app.owner().get(&format!("/api/v1/rehearsals/{id}")).await.ok()
}

async fn in_state(app: &TestApp, id: &str, state: &str) -> Value {
    eventually(state, async || {
        let seen = show(app, id).await;
        (seen["progress"]["state"] == state).then_some(seen)
    })
    .await
}

/// A rehearsal of [`mails`] whose drafts are all there.
pub(crate) async fn drafted(app: &TestApp) -> String {
    let id = id_of(&begin(&app.owner(), &mails(), "").await.created());
    in_state(app, &id, "judging").await;
    id
}

async fn next(client: &Client, id: &str) -> Value {
    client.get(&format!("/api/v1/rehearsals/{id}/next")).await.ok()
}

async fn judge(client: &Client, case: &str, verdict: &Value) -> Answer {
    client
        .post(&format!("/api/v1/rehearsal-cases/{case}/verdict"), verdict)
        .await
}

async fn colleague(app: &TestApp) -> Client {
    let email = "noor@quillhaven.example";
    let new = json!({ "email": email, "name": "Noor", "password": OWNER_PASSWORD, "role": "reviewer" });
    app.owner().post("/api/v1/admin/members", &new).await.created();
    let wish = json!({ "name": "a program", "email": email, "scopes": ["read", "review"] });
    let token = app.owner().post("/api/v1/admin/tokens", &wish).await.created();
    app.anonymous().bearer(token["token"].as_str().unwrap())
}

/// Every row of every table but those that a rehearsal may write, as text.
async fn everything_else(app: &TestApp) -> BTreeMap<String, Vec<String>> {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=ro", app.database().display()));
    options.max_connections(1).sqlx_logging(false);
    let raw = Database::connect(options).await.unwrap();
    let backend = raw.get_database_backend();
    let ask = async |sql: String| raw.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut found = BTreeMap::new();
    for row in ask(tables.to_owned()).await {
        let table: String = row.try_get("", "name").unwrap();
        if ["rehearsals", "rehearsal_cases", "log_entries", "jobs"].contains(&table.as_str())
            || table.starts_with("documents_search")
        {
            continue;
        }
        let columns = ask(format!("SELECT name FROM pragma_table_info('{table}')")).await;
        let columns: Vec<String> = columns
            .iter()
            .map(|row| format!("quote(\"{}\")", row.try_get::<String>("", "name").unwrap()))
            .collect();
        let rows = ask(format!(
            "SELECT {} AS whole FROM {table} ORDER BY 1",
            columns.join(" || ',' || ")
        ))
        .await;
        let rows = rows.iter().map(|row| row.try_get("", "whole").unwrap()).collect();
        found.insert(table, rows);
    }
    raw.close().await.unwrap();
    found
}

#[tokio::test]
async fn past_questions_are_drafted_judged_and_summed_up() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let begun = begin(&owner, &mails(), "").await.created();
    assert_eq!(
        (&begun["progress"]["total"], &begun["reading"]["rows"]),
        (&json!(5), &json!(6))
    );
    assert_eq!(begun["reading"]["repeated"], 1);
    assert_eq!(begun["reading"]["skipped"][0]["row"], 6);
    let id = id_of(&begun);
    let seen = in_state(&app, &id, "judging").await;
    let progress = &seen["progress"];
    assert!(progress["silent"].as_u64().unwrap() >= 2, "{seen}");
    assert!(
        progress["in_words"]
            .as_str()
            .unwrap()
            .starts_with("All 5 questions drafted; 0 of "),
        "{seen}"
    );

    let mut judged = 0;
    while let Some(case) = next(&owner, &id).await["case"].as_object() {
        assert!(
            !case["text"].as_str().unwrap().is_empty() && case["answer"].is_string(),
            "{case:?}"
        );
        let verdict = if case["question"] == OPENING_HOURS {
            assert_eq!(case["answer"], "Tuesday to Saturday, from nine.");
            assert!(!case["sources"].as_array().unwrap().is_empty());
            json!({ "verdict": "right" })
        } else {
            json!({ "verdict": "wrong", "note": "We say the price." })
        };
        let after = judge(&owner, case["id"].as_str().unwrap(), &verdict).await.ok();
        judged += 1;
        assert_eq!(
            after["right"].as_u64().unwrap() + after["wrong"].as_u64().unwrap(),
            judged
        );
    }
    assert!(judged >= 1, "the opening hours are answered");

    let sheet = owner.get(&format!("/api/v1/rehearsals/{id}/sheet")).await.ok();
    assert_eq!(
        (&sheet["counts"]["total"], &sheet["counts"]["right"]),
        (&json!(5), &json!(1))
    );
    assert_eq!(sheet["counts"]["not_judged"], 0);
    let share = &sheet["right_share"];
    assert!(
        share["lower"].as_f64().unwrap() <= share["share"].as_f64().unwrap(),
        "{sheet}"
    );
    let about: Vec<&str> = sheet["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| gap["about"].as_str().unwrap())
        .collect();
    assert!(about.iter().any(|about| about.contains("Xyzzy")), "{about:?}");
    let reasons: Vec<&str> = sheet["silences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[0].as_str().unwrap())
        .collect();
    assert!(
        reasons.contains(&"customer_request") && reasons.contains(&"missing_knowledge"),
        "{reasons:?}"
    );
    let words = sheet["in_words"].to_string();
    assert!(words.contains("None of this counts as evidence"), "{words}");

    let cases = owner.get(&format!("/api/v1/rehearsals/{id}/cases?format=csv")).await;
    assert!(cases.header("content-type").starts_with("text/csv"));
    assert!(cases.text().lines().count() > 5 && cases.text().contains("the visitor asked for a person"));
}

#[tokio::test]
async fn nothing_of_a_rehearsal_reaches_evidence_or_anything_else() {
    let app = TestApp::start().await;
    // Something that could be touched: a visitor's answer that was judged.
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    visitor.answer_above(1).await;
    let wish = json!({ "question": "Is there parking?", "answer": "Behind the house." });
    app.owner().post("/api/v1/verified-answers", &wish).await.created();
    // What that changes is compared by itself, and not by what is rehearsed.
    eventually("the new answer to be compared", async || {
        let newest = app.owner().get("/api/v1/improve/candidates").await.ok()["items"][0].clone();
        (newest["origin"] == "person" && !newest["found"].is_null()).then_some(())
    })
    .await;
    let file = format!("{}\n{}", mails(), json!({ "question": "Is there parking?" }));
    let quality = app.owner().get("/api/v1/quality").await.ok();
    let checks = app.owner().get("/api/v1/checks").await.ok();

    let before = everything_else(&app).await;
    let id = id_of(&begin(&app.owner(), &file, "").await.created());
    in_state(&app, &id, "judging").await;
    while let Some(case) = next(&app.owner(), &id).await["case"].as_object() {
        judge(
            &app.owner(),
            case["id"].as_str().unwrap(),
            &json!({ "verdict": "right" }),
        )
        .await
        .ok();
    }
    app.owner()
        .post(&format!("/api/v1/rehearsals/{id}/end"), &json!({}))
        .await
        .ok();
    let after = everything_else(&app).await;
    assert!(
        before.keys().any(|table| table == "evidence") && before.len() > 30,
        "{:?}",
        before.keys()
    );
    for (table, rows) in &before {
        assert_eq!(rows, &after[table], "{table}");
    }
    assert_eq!(app.owner().get("/api/v1/quality").await.ok(), quality);
    assert_eq!(app.owner().get("/api/v1/checks").await.ok(), checks);
    let used = app.owner().get("/api/v1/verified-answers").await.ok();
    assert_eq!(used["items"][0]["uses"], 0, "a rehearsed verified answer was not used");
}

#[tokio::test]
async fn a_rehearsal_goes_on_after_a_restart_where_it_stopped() {
    let mut app = TestApp::start().await;
    let questions: Vec<String> = (0..40)
        .map(|number| json!({ "question": format!("{OPENING_HOURS} {}", "really ".repeat(number)) }).to_string())
        .collect();
    // Each draft takes its time, so that the end comes in the middle.
    app.engine.set_delay(Duration::from_millis(40));
    let asked_before = app.engine.embedded_texts();
    let id = id_of(&begin(&app.owner(), &questions.join("\n"), "").await.created());
    let not_drafted = |seen: &Value| seen["progress"]["not_drafted"].as_u64().unwrap();
    eventually("the first drafts", async || {
        (not_drafted(&show(&app, &id).await) < 38).then_some(())
    })
    .await;
    app.restart().await;
    let kept = not_drafted(&show(&app, &id).await);
    assert!(kept > 0, "everything was drafted before the restart");
    let seen = in_state(&app, &id, "judging").await;
    assert_eq!((&seen["progress"]["total"], not_drafted(&seen)), (&json!(40), 0));
    let asked = app.engine.embedded_texts() - asked_before;
    assert!((40..=41).contains(&asked), "{asked} questions were read for 40 drafts");
}

#[tokio::test]
async fn without_the_engine_a_rehearsal_waits_and_says_so() {
    let app = TestApp::builder().without_engine().start().await;
    let file = "question\nDo you deliver bicycles?\nDo you sell gift cards?\n";
    let id = id_of(&begin(&app.owner(), file, "").await.created());
    eventually("an attempt", async || {
        let jobs = app.app.store().next_jobs(100).await.unwrap();
        let tried = |job: &holdpoint::store::entity::job::Model| job.kind == JobKind::Rehearse && job.attempts > 0;
        jobs.iter().any(tried).then_some(())
    })
    .await;
    let seen = show(&app, &id).await;
    assert_eq!(
        seen["progress"]["not_drafted"], 2,
        "less than the AI can do is no rehearsal"
    );
    assert!(
        seen["progress"]["in_words"]
            .as_str()
            .unwrap()
            .contains("Drafting waits: "),
        "{seen}"
    );
    let ended = app
        .owner()
        .post(&format!("/api/v1/rehearsals/{id}/end"), &json!({}))
        .await
        .ok();
    assert_eq!(
        ended["progress"]["in_words"],
        "Ended after 0 of 2 questions; 0 of 0 answers judged."
    );
    eventually("the job's end", async || {
        let jobs = app.app.store().next_jobs(100).await.unwrap();
        jobs.iter().all(|job| job.kind != JobKind::Rehearse).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_verdict_counts_once_can_be_taken_back_and_stays_when_the_rehearsal_ends() {
    let app = TestApp::start().await;
    let (owner, noor) = (app.owner(), colleague(&app).await);
    let id = drafted(&app).await;
    let undo = format!("/api/v1/rehearsals/{id}/undo");
    owner.post(&undo, &json!({})).await.refused(409);
    let first = next(&owner, &id).await;
    let case = first["case"]["id"].as_str().unwrap();
    assert_eq!(
        next(&noor, &id).await["case"]["id"],
        first["case"]["id"],
        "nobody is kept waiting"
    );
    judge(&owner, case, &json!({ "verdict": "leave", "note": "They were upset." }))
        .await
        .ok();
    judge(&noor, case, &json!({ "verdict": "right" })).await.refused(409);
    noor.post(&undo, &json!({})).await.refused(409);
    let back = owner.post(&undo, &json!({})).await.ok();
    assert_eq!(
        (&back["case"]["id"], &back["progress"]["leave"]),
        (&first["case"]["id"], &json!(0))
    );
    assert_eq!(next(&owner, &id).await["case"]["id"], first["case"]["id"]);

    judge(&owner, case, &json!({ "verdict": "wrong" })).await.ok();
    owner
        .post(&format!("/api/v1/rehearsals/{id}/end"), &json!({}))
        .await
        .ok();
    owner.post(&undo, &json!({})).await.refused(409);
    assert_eq!(next(&owner, &id).await["case"], Value::Null);
    assert_eq!(show(&app, &id).await["progress"]["wrong"], 1);
    let kinds = app.owner().get("/api/v1/log?limit=200").await.ok();
    let kinds: Vec<&str> = kinds["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect();
    let ours: Vec<&str> = kinds
        .into_iter()
        .filter(|kind| kind.starts_with("rehearsal."))
        .collect();
    assert_eq!(
        ours,
        [
            "rehearsal.started",
            "rehearsal.drafted",
            "rehearsal.judged",
            "rehearsal.undone",
            "rehearsal.judged",
            "rehearsal.ended"
        ]
    );

    owner.delete(&format!("/api/v1/rehearsals/{id}")).await.done();
    owner.get(&format!("/api/v1/rehearsals/{id}")).await.refused(404);
    judge(&owner, case, &json!({ "verdict": "right" })).await.refused(404);
    assert_eq!(owner.get("/api/v1/rehearsals").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn what_the_ai_would_not_have_said_cannot_be_judged() {
    let app = TestApp::start().await;
    let id = drafted(&app).await;
    let cases = app.owner().get(&format!("/api/v1/rehearsals/{id}/cases")).await.ok();
    let silent = cases["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["standing"] == "silent")
        .unwrap();
    judge(
        &app.owner(),
        silent["id"].as_str().unwrap(),
        &json!({ "verdict": "right" }),
    )
    .await
    .refused(404);
}

#[tokio::test]
async fn a_file_or_wish_that_cannot_be_meant_is_refused_in_words_and_begins_nothing() {
    let app = TestApp::start().await;
    let owner = app.owner();
    for (file, query, says) in [
        ("", "", "empty"),
        ("name,price\nBell,7\n", "", "JSON Lines"),
        ("From mia@example.org\nSubject: Hi\n", "", "e-mails"),
        (
            "{\"messages\": [{\"author\": \"visitor\", \"text\": \"Hi\"}]}",
            "",
            "no question that can be rehearsed",
        ),
        ("{\"question\": \"\"}", "", "row 1: it has no question"),
        ("question\nWhy?\n", "&limit=0", "1 to 500"),
        ("question\nWhy?\n", "&limit=501", "1 to 500"),
        ("question\nWhy?\n", "&agent=Nobody", "Juno"),
    ] {
        let problem = begin(&owner, file, query).await.refused(422);
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    assert_eq!(owner.get("/api/v1/rehearsals").await.ok()["items"], json!([]));
    // Sent again under the same key it begins nothing more.
    let keyed = owner.clone().with("Idempotency-Key", "one-afternoon");
    let twice = [
        begin(&keyed, "question\nWhose?\n", "").await.created(),
        begin(&keyed, "question\nWhose?\n", "").await.created(),
    ];
    assert_eq!(twice[0]["id"], twice[1]["id"]);
    let few = begin(&owner, "question\nWhy?\nWhen?\nWho?\n", "&limit=2&agent=Juno")
        .await
        .created();
    assert_eq!(
        (&few["progress"]["total"], &few["reading"]["left_out"]),
        (&json!(2), &json!(1))
    );
}

#[tokio::test]
async fn whoever_reviews_may_judge_and_whoever_manages_knowledge_begins_ends_and_removes() {
    let app = TestApp::start().await;
    let id = drafted(&app).await;
    let noor = colleague(&app).await;
    begin(&noor, &mails(), "").await.refused(403);
    noor.post(&format!("/api/v1/rehearsals/{id}/end"), &json!({}))
        .await
        .refused(403);
    noor.delete(&format!("/api/v1/rehearsals/{id}")).await.refused(403);
    let case = next(&noor, &id).await["case"]["id"].as_str().unwrap().to_owned();
    let administrator = app.administrator().with("Holdpoint-Workspace", "quillhaven");
    judge(&administrator, &case, &json!({ "verdict": "right" }))
        .await
        .refused(403);
    judge(&noor, &case, &json!({ "verdict": "right", "why": 1 }))
        .await
        .refused(422);
    judge(&noor, &case, &json!({ "verdict": "right" })).await.ok();

    let other = app.other_workspace().await;
    let stranger = app.member_of(&other);
    for path in ["", "/sheet", "/cases", "/next"] {
        stranger
            .get(&format!("/api/v1/rehearsals/{id}{path}"))
            .await
            .refused(404);
        app.anonymous()
            .get(&format!("/api/v1/rehearsals/{id}{path}"))
            .await
            .refused(401);
    }
    stranger
        .post(&format!("/api/v1/rehearsals/{id}/undo"), &json!({}))
        .await
        .refused(404);
    stranger.delete(&format!("/api/v1/rehearsals/{id}")).await.refused(404);
    judge(&stranger, &case, &json!({ "verdict": "right" }))
        .await
        .refused(404);
}

#[tokio::test]
async fn a_visitor_is_answered_while_a_rehearsal_goes_on() {
    let app = TestApp::start().await;
    let questions: Vec<String> = (0..60)
        .map(|number| json!({ "question": format!("{OPENING_HOURS} {}", "again ".repeat(number)) }).to_string())
        .collect();
    let id = id_of(&begin(&app.owner(), &questions.join("\n"), "").await.created());
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.advance_ms(QUIET_MS);
    let item = app.item_of(&visitor).await;
    assert_eq!(item["mode"], "quote");
    in_state(&app, &id, "judging").await;
}

#[tokio::test]
async fn an_engine_that_fails_for_a_moment_costs_no_answer() {
    let app = TestApp::start().await;
    app.engine.fail_next(ErrorCode::Overloaded);
    let file = json!({ "question": OPENING_HOURS }).to_string();
    let id = id_of(&begin(&app.owner(), &file, "").await.created());
    in_state(&app, &id, "judging").await;
    let cases = app.owner().get(&format!("/api/v1/rehearsals/{id}/cases")).await.ok();
    assert_eq!(cases["items"][0]["standing"], "not_judged", "{cases}");
    let sheet = app.owner().get(&format!("/api/v1/rehearsals/{id}/sheet")).await.ok();
    assert_eq!(sheet["modes"][0]["name"], "quote", "{sheet}");
}

#[tokio::test]
async fn the_pages_show_a_workspace_its_own_rehearsals_and_offer_what_is_allowed() {
    let app = TestApp::start().await;
    let id = drafted(&app).await;
    let page = async |client: &Client, path: &str| client.clone().with("Accept", "text/html").get(path).await;
    let owner = app.owner();
    let all = page(&owner, "/rehearsal").await.text();
    assert!(all.contains("mails.jsonl") && all.contains("data-begin") && all.contains("data-remove"));
    let one = page(&owner, &format!("/rehearsal/{id}")).await.text();
    assert!(
        one.contains("data-end") && one.contains("Row 6: it cannot be read as JSON"),
        "{one}"
    );
    let sheet = page(&owner, &format!("/rehearsal/{id}/sheet")).await.text();
    assert!(
        sheet.contains("Of 5 questions: Right: 0;") && sheet.contains("Xyzzy"),
        "{sheet}"
    );
    owner
        .post(&format!("/api/v1/rehearsals/{id}/end"), &json!({}))
        .await
        .ok();
    assert!(
        !page(&owner, &format!("/rehearsal/{id}"))
            .await
            .text()
            .contains("data-end")
    );
    let quality = page(&owner, "/quality").await.text();
    assert!(quality.contains("href=\"/rehearsal\""), "the way there");

    let stranger = app.member_of(&app.other_workspace().await);
    assert!(!page(&stranger, "/rehearsal").await.text().contains("mails.jsonl"));
    for path in ["", "/sheet"] {
        assert_eq!(page(&stranger, &format!("/rehearsal/{id}{path}")).await.status, 404);
    }
}
