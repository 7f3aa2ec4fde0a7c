//! People, the AI and time get in one another's way: what happens at once or too late counts once, and whoever came second
//! reads who did what.

use crate::app::{Client, OPENING_HOURS, OWNER_PASSWORD, QUIET_MS, TestApp, UNDO_MS, VisitorClient, eventually};
use serde_json::{Value, json};

/// How long a draft waits for a decision.
const HOLD_MS: i64 = 15 * 60_000;
/// Longer than anybody's lease.
const NAP_MS: i64 = 3 * 60_000;

/// Otto, a reviewer.
async fn otto(app: &TestApp) -> Client {
    let email = "otto@quillhaven.example";
    let new = json!({ "email": email, "name": "Otto", "password": OWNER_PASSWORD, "role": "reviewer" });
    app.owner().post("/api/v1/admin/members", &new).await.created();
    let wish = json!({ "name": "Otto's", "email": email, "scopes": ["read", "review"] });
    let token = app.owner().post("/api/v1/admin/tokens", &wish).await.created();
    app.anonymous().bearer(token["token"].as_str().unwrap())
}

async fn asked(app: &TestApp) -> (VisitorClient, Value) {
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    (visitor, item)
}

fn path(item: &Value, what: &str) -> String {
    format!("/api/v1/queue/{}{what}", item["id"].as_str().unwrap())
}

fn of(visitor: &VisitorClient, what: &str) -> String {
    format!("/api/v1/conversations/{}{what}", visitor.conversation_id)
}

fn approval(revision: i64) -> Value {
    json!({ "kind": "approve", "revision": revision })
}

async fn authors(visitor: &VisitorClient) -> Vec<String> {
    let conversation = visitor.conversation().await;
    let messages = conversation["messages"].as_array().unwrap().iter();
    messages
        .map(|message| message["author"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_approvals_at_once_one_counts_and_the_other_is_told_who_approved() {
    let app = TestApp::start().await;
    let (mia, otto) = (app.owner(), otto(&app).await);
    let (visitor, item) = asked(&app).await;
    let (path, approval) = (path(&item, "/outcome"), approval(1));
    let (first, second) = tokio::join!(mia.post(&path, &approval), otto.post(&path, &approval));
    let (won, lost, name) = if first.status == 200 {
        (first, second, "Mia")
    } else {
        (second, first, "Otto")
    };
    won.ok();
    let refused = lost.refused(409);
    assert_eq!(
        (&refused["decided_by"], &refused["kind"]),
        (&json!(name), &json!("approve")),
        "{refused}"
    );
    assert!(refused["decided_at"].is_i64(), "{refused}");
    app.advance_ms(UNDO_MS);
    visitor.answer_above(1).await;
    assert_eq!(authors(&visitor).await, ["visitor", "ai"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_after_the_visitor_wrote_again_is_refused_with_the_new_words_and_counts_once_they_were_read() {
    let app = TestApp::start().await;
    let (visitor, item) = asked(&app).await;
    visitor.says("And on Sundays?").await;
    let refused = app.decide(&item, json!({ "kind": "approve" })).await.refused(409);
    assert_eq!(
        (&refused["revision"], &refused["new_messages"]),
        (&json!(2), &json!(["And on Sundays?"])),
        "{refused}"
    );
    app.advance_ms(QUIET_MS);
    let now = eventually("the draft that knows the new words", async || {
        let now = app.owner().get(&path(&item, "")).await.ok();
        (now["may_release"] == true).then_some(now)
    })
    .await;
    assert_eq!(
        (&now["id"], &now["revision"], &now["deadline_at"], &now["waiting_since"]),
        (&item["id"], &json!(2), &item["deadline_at"], &item["waiting_since"]),
        "the same item, no later than before"
    );
    app.decide_for_good(&now, json!({ "kind": "approve" })).await;
    visitor.answer_above(2).await;
    assert_eq!(authors(&visitor).await, ["visitor", "visitor", "ai"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_can_no_longer_be_approved_and_the_refusal_says_so() {
    let app = TestApp::start().await;
    let (visitor, item) = asked(&app).await;
    app.advance_ms(HOLD_MS);
    visitor.answer_above(1).await;
    for kind in ["approve", "reject"] {
        let refused = app.decide(&item, json!({ "kind": kind })).await.refused(409);
        assert_eq!(
            (&refused["kind"], &refused["decided_by"]),
            (&json!("expire"), &json!("Holdpoint")),
            "{refused}"
        );
    }
    app.advance_ms(UNDO_MS);
    assert_eq!(authors(&visitor).await, ["visitor", "system"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_workspaces_item_is_like_one_that_is_not_there() {
    let app = TestApp::start().await;
    let (visitor, item) = asked(&app).await;
    let bakery = app.member_of(&app.other_workspace().await);
    let nowhere = json!({ "id": "01890a5d-ac96-774b-bcce-b302099a8057" });
    for what in ["/outcome", "/lease", "/undo"] {
        let foreign = bakery.post(&path(&item, what), &approval(1)).await.refused(404);
        let none = bakery.post(&path(&nowhere, what), &approval(1)).await.refused(404);
        assert_eq!(foreign["detail"], none["detail"], "{what}");
    }
    for what in ["/take-over", "/hand-back", "/close", "/spam"] {
        bakery.post(&of(&visitor, what), &json!({})).await.refused(404);
    }
    let now = app.owner().get(&path(&item, "")).await.ok();
    assert_eq!((&now["state"], &now["lease"]), (&json!("open"), &Value::Null));
}

/// The answer's undo window ends in the very moment in which somebody takes over, again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_while_the_answer_goes_out_comes_before_it_or_after_it_and_never_in_between() {
    let app = TestApp::start().await;
    for round in 0..12_u64 {
        let (visitor, item) = asked(&app).await;
        app.decide(&item, json!({ "kind": "approve" })).await.ok();
        let (mia, take_over, nothing) = (app.owner(), of(&visitor, "/take-over"), json!({}));
        app.advance_ms(UNDO_MS);
        // From before the answer has begun to go out to after it is there.
        tokio::time::sleep(std::time::Duration::from_millis(round % 6)).await;
        mia.post(&take_over, &nothing).await.ok();
        let before = authors(&visitor).await;
        assert!(
            before == ["visitor"] || before == ["visitor", "ai"],
            "round {round}: {before:?}"
        );
        let hello = json!({ "client_id": "hello", "text": "Hello, this is Mia." });
        mia.post(&of(&visitor, "/messages"), &hello).await.created();
        app.advance_ms(UNDO_MS);
        eventually("everything that was due to be done", async || {
            let jobs = app.app.store().next_jobs(100).await.unwrap();
            let now = holdpoint::domain::time::Clock::now(&*app.clock);
            jobs.iter().all(|job| job.run_at > now).then_some(())
        })
        .await;
        let mut expected = before;
        expected.push("person".to_owned());
        assert_eq!(authors(&visitor).await, expected, "round {round}");
        mia.post(&of(&visitor, "/close"), &nothing).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_types_for_an_hour_is_one_item_and_nothing_goes_out_because_of_it() {
    let app = TestApp::start().await;
    let (visitor, first) = asked(&app).await;
    let every_ms = 20_000;
    for minute in 1..=60 {
        for _ in 0..60_000 / every_ms {
            visitor.says(&format!("{OPENING_HOURS} In minute {minute}.")).await;
            app.advance_ms(every_ms);
        }
        let queue = app.owner().get("/api/v1/queue").await.ok();
        let [item] = queue["items"].as_array().unwrap().as_slice() else {
            panic!("minute {minute}: {queue}");
        };
        assert_eq!(item["waiting_since"], first["waiting_since"], "minute {minute}");
        if i64::from(minute) * 60_000 < HOLD_MS - 60_000 {
            assert_eq!(
                (&item["id"], &item["deadline_at"]),
                (&first["id"], &first["deadline_at"]),
                "minute {minute}"
            );
        }
    }
    let said = authors(&visitor).await;
    assert_eq!(said.iter().filter(|author| *author == "visitor").count(), 181);
    // Whoever writes on is not left alone either: at the deadline a person was called, once.
    assert_eq!(said.iter().filter(|author| *author == "system").count(), 1, "{said:?}");
    assert_eq!(said.len(), 182, "{said:?}");
    let called = app.item_where(|item| item["kind"] == "handoff").await;
    assert_eq!(called["revision"], 181);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_whose_laptop_sleeps_keeps_nobody_waiting_and_is_told_so_on_waking() {
    let app = TestApp::start().await;
    let (mia, otto, nothing) = (app.owner(), otto(&app).await, json!({}));
    otto.post("/api/v1/presence", &nothing).await.ok();
    let (visitor, item) = asked(&app).await;
    eventually("Otto is given it", async || {
        (mia.get(&path(&item, "")).await.ok()["assigned"]["name"] == "Otto").then_some(())
    })
    .await;
    otto.post(&path(&item, "/lease"), &nothing).await.ok();
    let looks = json!({ "conversation_id": visitor.conversation_id });
    otto.post("/api/v1/presence", &looks).await.ok();
    let there = mia.post("/api/v1/presence", &nothing).await.ok();
    let seen = there["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "Otto");
    assert_eq!(
        seen.unwrap()["conversation_id"],
        visitor.conversation_id.as_str(),
        "who is looking at this conversation: {there}"
    );
    mia.post(&path(&item, "/lease"), &nothing).await.refused(409);

    app.advance_ms(NAP_MS);
    let there = mia.post("/api/v1/presence", &nothing).await.ok();
    assert!(!there.to_string().contains("Otto"), "{there}");
    eventually("it is given to who is there", async || {
        (mia.get(&path(&item, "")).await.ok()["assigned"]["name"] == "Mia").then_some(())
    })
    .await;
    mia.post(&path(&item, "/lease"), &nothing).await.ok();
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    visitor.answer_above(1).await;

    // He wakes, and goes on where he was.
    let refused = otto
        .post(&path(&item, "/outcome"), &json!({ "kind": "reject", "revision": 1 }))
        .await
        .refused(409);
    assert_eq!(
        (&refused["decided_by"], &refused["kind"]),
        (&json!("Mia"), &json!("approve"))
    );
    otto.post(&path(&item, "/lease"), &nothing).await.refused(409);
    let there = otto.post("/api/v1/presence", &nothing).await.ok();
    assert!(there.to_string().contains("Otto"), "he is back: {there}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_whose_owner_fell_asleep_can_be_taken_over_by_a_colleague() {
    let app = TestApp::start().await;
    let (mia, otto, nothing) = (app.owner(), otto(&app).await, json!({}));
    let (visitor, _item) = asked(&app).await;
    otto.post(&of(&visitor, "/take-over"), &nothing).await.ok();
    let refused = mia.post(&of(&visitor, "/take-over"), &nothing).await.refused(409);
    assert_eq!(refused["owned_by"], "Otto", "{refused}");
    app.advance_ms(HOLD_MS + NAP_MS);
    app.item_where(|item| item["kind"] == "handoff").await;
    mia.post(&of(&visitor, "/take-over"), &nothing).await.ok();
    let late = json!({ "client_id": "late", "text": "Sorry, I was away." });
    let refused = otto.post(&of(&visitor, "/messages"), &late).await.refused(409);
    assert_eq!(refused["owned_by"], "Mia", "{refused}");
    otto.post(&of(&visitor, "/hand-back"), &nothing).await.refused(409);
    // What the AI drafts afterwards is for the hand-back of the one who has it.
    mia.post(&of(&visitor, "/hand-back"), &nothing).await.ok();
    app.item_of(&visitor).await;
    assert_eq!(authors(&visitor).await, ["visitor", "system"], "that others are called");
}

/// She approves five at once; the visitor of the first one writes while it can still be undone.
#[tokio::test(flavor = "multi_thread")]
async fn one_undo_takes_the_others_back_even_if_the_first_visitor_has_written() {
    let app = TestApp::start().await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(asked(&app).await);
    }
    let first = app.owner().get(&path(&all[0].1, "")).await.ok();
    let together = json!({ "kind": "approve", "alike": true });
    let decided = app.decide(&first, together).await.ok();
    assert_eq!(decided["with"].as_array().unwrap().len(), 2, "{decided}");
    all[0].0.says("And on Sundays?").await;
    app.owner().post(&path(&first, "/undo"), &json!({})).await.ok();
    for (_, item) in &all {
        assert_eq!(app.owner().get(&path(item, "")).await.ok()["state"], "open");
    }
    // What is taken back is taken back.
    app.owner().post(&path(&first, "/undo"), &json!({})).await.refused(409);
    app.advance_ms(UNDO_MS);
    for (visitor, _) in &all {
        assert!(authors(visitor).await.iter().all(|author| author == "visitor"));
    }
}
