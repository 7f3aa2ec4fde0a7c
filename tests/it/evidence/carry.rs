//! Something is published while the gate is open: what was earned stays where the answers stay.

use super::*;
use holdpoint::store::JobKind;

/// Another question of the demo's FAQ.
const PARKING: &str = "Can I park a car near the shop, in the yard or in the Quayside car park?";
const FAQ: &str = include_str!("../../../examples/demo/faq.json");
/// Nobody needs longer to read an answer here.
const READ_MS: i64 = 20_000;
/// Longer than it is waited after a publication.
const SETTLED_MS: i64 = 61_000;

/// The FAQ again, with another answer about parking.
async fn parking_costs_more(app: &TestApp) {
    let changed = FAQ.replace("costs £1.80 an hour", "costs £2.40 an hour");
    assert_ne!(changed, FAQ);
    let path = "/api/v1/knowledge/import?name=faq.json&collection=shop";
    let report = owner(app).await.send(Method::POST, path, changed.into()).await.ok();
    assert_eq!(report["changed"], 1, "{report}");
    compared(app).await;
}

/// Vectors are there, and what is known was compared with what is answered now.
async fn compared(app: &TestApp) {
    let waits = async |kind| {
        let jobs = app.app.store().next_jobs(100).await.unwrap();
        jobs.iter().any(|job| job.kind == kind)
    };
    eventually("the vectors", async || (!waits(JobKind::Embed).await).then_some(())).await;
    app.advance_ms(SETTLED_MS);
    eventually("the comparison", async || {
        let waits = waits(JobKind::CarryOver).await || waits(JobKind::FindAnew).await;
        (!waits).then_some(())
    })
    .await;
}

async fn has_answer(visitor: &VisitorClient) -> bool {
    let conversation = visitor.conversation().await;
    let messages = conversation["messages"].as_array().unwrap();
    messages.iter().any(|message| message["author"] == "ai")
}

/// What was decided about the newest draft: went out, and was it fresh.
async fn newest(app: &TestApp) -> (bool, bool) {
    let row = known(app).await.pop().unwrap();
    (row.is_sent, row.is_fresh)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publication_costs_only_what_changed_and_verdicts_bring_it_back() {
    let app = TestApp::start().await;
    set(&app, json!({ "opens": true, "limit_permille": 500 })).await;
    for _ in 0..45 {
        asked_and_approved(&app, OPENING_HOURS).await;
        asked_and_approved(&app, PARKING).await;
    }
    verdicts(&app, 90).await;
    settled_content(&app).await;
    next_month(&app);
    let before = eventually("a certificate", async || match gate(&app).await {
        GateState::Certified(certified) => Some(certified),
        _ => None,
    })
    .await;

    parking_costs_more(&app).await;
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    for row in known(&app).await {
        let question = rows.draft(row.draft_id).await.unwrap().unwrap().question;
        assert_eq!(row.is_changed, question == PARKING, "{question}");
        assert_eq!(row.label, Some(VerdictLabel::Acceptable), "what was said stays said");
    }
    let compared = said(&app, "evidence.carried_over").await.remove(0);
    assert_eq!(compared["content"]["changed"], 45, "{compared}");
    let after = match gate(&app).await {
        GateState::Certified(after) => after,
        other => panic!("the gate closed: {other:?}"),
    };
    assert_eq!(after.reach.min(before.reach), after.reach, "it can only shrink");

    // What did not change goes out by itself as before.
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.advance_ms(QUIET_MS);
    eventually("an answer without a person", async || {
        has_answer(&visitor).await.then_some(())
    })
    .await;

    // What changed waits, and says why; what people say of it brings it back.
    for _ in 0..3 {
        let visitor = app.visitor().await;
        visitor.says(PARKING).await;
        let item = item_of(&app, &visitor).await;
        assert!(item.to_string().contains("£2.40"), "{item}");
        assert!(item["reasons"].to_string().contains("fresh"), "{item}");
        assert_eq!(newest(&app).await, (false, true));
        app.advance_ms(READ_MS);
        decide(&app, &item, json!({ "kind": "approve" })).await;
        app.advance_ms(UNDO_MS);
        eventually("the approved answer", async || has_answer(&visitor).await.then_some(())).await;
    }
    verdicts(&app, 93).await;
    let visitor = app.visitor().await;
    visitor.says(PARKING).await;
    app.advance_ms(QUIET_MS);
    eventually("the new answer without a person", async || {
        has_answer(&visitor).await.then_some(())
    })
    .await;
    assert_eq!(newest(&app).await, (true, false));

    // Back to the old answer: everything that was said of it counts again.
    let path = "/api/v1/knowledge/import?name=faq.json&collection=shop";
    owner(&app).await.send(Method::POST, path, FAQ.into()).await.ok();
    self::compared(&app).await;
    let changed: Vec<bool> = known(&app).await.iter().take(90).map(|row| row.is_changed).collect();
    assert!(changed.iter().all(|changed| !changed), "{changed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_judged_after_a_publication_was_compared_with_it() {
    let app = TestApp::start().await;
    // Held when the answer changes, approved afterwards.
    let visitor = app.visitor().await;
    visitor.says(PARKING).await;
    let item = item_of(&app, &visitor).await;
    settled_content(&app).await;
    parking_costs_more(&app).await;
    app.advance_ms(READ_MS);
    decide(&app, &item, json!({ "kind": "approve" })).await;
    let row = verdicts(&app, 1).await.remove(0);
    assert_eq!((row.label, row.is_changed), (Some(VerdictLabel::Acceptable), true));
}

/// The agent writes every answer with the LLM, told this.
async fn writes(app: &TestApp, instructions: &str, greeting: &str) {
    let settings = json!({
        "name": "Juno",
        "business": "Quillhaven Cycles",
        "allow_unfit": true,
        "modes": ["compose"],
        "origins": ["https://shop.example"],
        "instructions": instructions,
        "greeting": greeting,
    });
    let path = format!("/api/v1/agents/{}?publish=now&reason=Test", app.workspace.agent_id);
    owner(app)
        .await
        .json(Method::PUT, &path, settings.to_string())
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_llm_wrote_is_written_again_and_is_fresh_until_then() {
    let app = TestApp::start().await;
    writes(&app, "Be brief.", "Hello").await;
    compared(&app).await;
    for _ in 0..3 {
        asked_and_approved(&app, OPENING_HOURS).await;
    }
    verdicts(&app, 3).await;
    settled_content(&app).await;
    let marks = async || -> Vec<bool> {
        let known = known(&app).await;
        known.iter().take(3).map(|row| row.is_changed).collect()
    };
    let held = async || {
        let visitor = app.visitor().await;
        visitor.says(OPENING_HOURS).await;
        item_of(&app, &visitor).await;
        newest(&app).await
    };
    assert_eq!(held().await, (false, false), "enough is known of what it rests on");
    let written = app.engine.chats();

    // Another greeting is nothing to the LLM.
    writes(&app, "Be brief.", "Welcome").await;
    compared(&app).await;
    assert_eq!((marks().await, app.engine.chats()), (vec![false; 3], written));

    // Other instructions might be: until that is known nothing it writes goes out. It writes the same again: the four that were not fresh, besides
    // what it is asked now.
    writes(&app, "Be kind.", "Welcome").await;
    assert_eq!(held().await, (false, true));
    compared(&app).await;
    assert_eq!(marks().await, [false; 3]);
    assert!(app.engine.chats() >= written + 5, "what it is tried with comes on top");
    assert_eq!(held().await, (false, false));

    // Another passage, and another answer to everything that is written again.
    // More than are needed: what is tried is written, too.
    for _ in 0..30 {
        app.engine.answer_next("From ten o'clock.");
    }
    let changed = FAQ.replace(
        "from 9:00 to 18:00 and on Saturday",
        "from 10:00 to 18:00 and on Saturday",
    );
    let path = "/api/v1/knowledge/import?name=faq.json&collection=shop";
    owner(&app).await.send(Method::POST, path, changed.into()).await.ok();
    compared(&app).await;
    assert_eq!(marks().await, [true; 3]);
}

/// The agent answers from these collections, as it does with everything else.
async fn answers_from(app: &TestApp, collections: &[&str]) {
    let owner = owner(app).await;
    let path = format!("/api/v1/agents/{}", app.workspace.agent_id);
    let mut settings = owner.get(&path).await.ok()["settings"].clone();
    settings["collections"] = json!(collections);
    let path = format!("{path}?publish=now&reason=Test");
    owner.json(Method::PUT, &path, settings.to_string()).await.ok();
}

/// Whether vectors are being made, as far as jobs know.
async fn vectors_are_made(app: &TestApp, are_made: bool) {
    let (workspace_id, later) = (app.workspace.caller.workspace_id, app.clock.now().plus_ms(HOUR_MS));
    app.app
        .store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                if are_made {
                    tx.schedule(JobKind::Embed, workspace_id, later).await?;
                } else {
                    tx.unschedule(JobKind::Embed, workspace_id).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
        .unwrap();
}

/// What was found anew is compared with what was found before: without the minute that it takes until the LLM is asked.
async fn found_anew(app: &TestApp) {
    eventually("what is found anew", async || {
        app.advance_ms(1_000);
        let jobs = app.app.store().next_jobs(100).await.unwrap();
        (!jobs.iter().any(|job| job.kind == JobKind::FindAnew)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_another_answer_may_be_found_none_goes_out_before_that_was_looked_at() {
    let app = TestApp::start().await;
    let faq = json!([{ "question": OPENING_HOURS, "answer": "We open at ten and close at four, every day." }]);
    let path = "/api/v1/knowledge/import?name=second.json&collection=second";
    let import = async |path: &str, faq: &Value| {
        let owner = owner(&app).await;
        owner.send(Method::POST, path, faq.to_string().into()).await.ok()
    };
    import(path, &faq).await;
    let asks = async || {
        let visitor = app.visitor().await;
        visitor.says(OPENING_HOURS).await;
        app.advance_ms(QUIET_MS);
        visitor
    };
    let goes_out = async |when: &str| {
        let visitor = asks().await;
        eventually(when, async || has_answer(&visitor).await.then_some(())).await;
    };

    // Enough is known of what either of the two says.
    answers_from(&app, &["second"]).await;
    compared(&app).await;
    for _ in 0..3 {
        asked_and_approved(&app, OPENING_HOURS).await;
    }
    verdicts(&app, 3).await;
    answers_from(&app, &["shop"]).await;
    compared(&app).await;
    opened(&app).await;
    goes_out("an answer without a person").await;

    // What is learnt besides costs nothing.
    let third = json!([{ "question": "Do you sell gift cards?", "answer": "Yes, of any amount." }]);
    import("/api/v1/knowledge/import?name=third.json&collection=third", &third).await;
    goes_out("an answer right after an import").await;
    compared(&app).await;

    // The answer stays the same. Nobody knows before it was looked at.
    vectors_are_made(&app, true).await;
    answers_from(&app, &["shop", "third"]).await;
    let visitor = asks().await;
    let item = item_of(&app, &visitor).await;
    assert!(item["reasons"].to_string().contains("fresh"), "{item}");
    assert_eq!(newest(&app).await, (false, true));
    vectors_are_made(&app, false).await;
    found_anew(&app).await;
    goes_out("an answer once it was looked at").await;
    compared(&app).await;

    // Another answer, and nothing but three verdicts speaks for it.
    let before = known(&app).await.len();
    answers_from(&app, &["second"]).await;
    let visitor = asks().await;
    let item = item_of(&app, &visitor).await;
    assert!(item.to_string().contains("close at four"), "{item}");
    found_anew(&app).await;
    assert!(!newest(&app).await.0);
    let changed = known(&app).await;
    let changed = changed.iter().take(before).filter(|row| row.is_changed).count();
    assert!(changed >= 36, "{changed} of {before}");
    assert_eq!(gate(&app).await, GateState::Closed, "three verdicts are no certificate");
    assert!(!has_answer(&visitor).await);
}
