//! Gaps: what was not answered gathers by itself, what people replied is proposed, and nothing counts before a person approves it.

mod measure;

use super::app::{OPENING_HOURS, QUIET_MS, TestApp, UNANSWERABLE, VisitorClient, eventually};
use holdpoint::app::AppError;
use holdpoint::domain::improve::gap::GapState;
use holdpoint::domain::review::VerdictLabel;
use holdpoint::domain::time::Timestamp;
use holdpoint::store::Change;
use holdpoint::store::entity::{check, evidence, gap, gap_question};
use holdpoint::store::{JobKind, Made};
use serde_json::{Value, json};

const GAPS: &str = "/api/v1/improve/gaps";
const PROPOSALS: &str = "/api/v1/improve/proposals";
/// The same in other words, none of which the knowledge has.
pub(crate) const OTHER_WORDS: [&str; 3] = [
    UNANSWERABLE,
    "Plugh frobnicate, the xyzzy?",
    "Please frobnicate my xyzzy plugh quux!",
];
pub(crate) const REPLY: &str = "Frobnicating a plugh takes two days; write to mia@quillhaven.example first.";
/// Longer than the job waits for more.
const SOON_MS: i64 = 2_100;
const HOUR_MS: i64 = 61 * 60_000;

pub(crate) async fn asks(app: &TestApp, question: &str) -> (VisitorClient, Value) {
    let visitor = app.visitor().await;
    visitor.says(question).await;
    let item = app.item_of(&visitor).await;
    (visitor, item)
}

/// The job has looked at everything that has happened.
async fn looked(app: &TestApp) {
    app.advance_ms(SOON_MS);
    eventually("the look at what was asked", async || {
        let jobs = app.app.store().next_jobs(200).await.unwrap();
        let now = holdpoint::domain::time::Clock::now(&*app.clock);
        // What else is due, like a decision that becomes final, calls for another look.
        let is_due = { jobs.iter() }.any(|job| {
            let soon = if job.kind == JobKind::Gaps { SOON_MS } else { 0 };
            job.run_at <= now.plus_ms(soon)
        });
        app.advance_ms(10);
        (!is_due).then_some(())
    })
    .await;
}

pub(crate) async fn gaps(app: &TestApp) -> Vec<Value> {
    looked(app).await;
    let found = app.owner().get(GAPS).await.ok();
    found["items"].as_array().unwrap().clone()
}

/// What this author said has reached the visitor.
async fn is_answered(visitor: &VisitorClient, author: &str) {
    eventually("an answer", async || {
        let conversation = visitor.conversation().await;
        let mut said = conversation["messages"].as_array().unwrap().iter();
        said.any(|message| message["author"] == author).then_some(())
    })
    .await;
}

pub(crate) async fn responds(app: &TestApp, item: &Value, text: &str) {
    let answer = json!({ "kind": "respond", "text": text, "remember": false });
    app.decide_for_good(item, answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_three_visitors_ask_in_other_words_is_one_gap_and_what_a_person_replied_is_proposed_for_it() {
    let app = TestApp::start().await;
    let mut waiting = Vec::new();
    for words in OTHER_WORDS {
        waiting.push(asks(&app, words).await);
    }
    asks(&app, "Snark wibble blorb?").await;
    let found = gaps(&app).await;
    assert_eq!(found.len(), 2, "{found:?}");
    let gap = &found[0];
    assert_eq!(
        (&gap["visitors"], &gap["questions"], &gap["state"]),
        (&json!(3), &json!(3), &json!("open"))
    );
    assert!(OTHER_WORDS.contains(&gap["name"].as_str().unwrap()));
    assert_eq!((&gap["proposal"], &found[1]["visitors"]), (&Value::Null, &json!(1)));
    let examples = gap["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 3);
    assert!(examples.iter().all(|example| example["cause"] == "unanswered"));
    assert!(
        waiting
            .iter()
            .all(|(visitor, _)| gap.to_string().contains(&visitor.conversation_id))
    );
    let page = app.owner().get(&format!("{GAPS}?limit=1")).await.ok();
    let next = page["next"].as_str().unwrap();
    let rest = app.owner().get(&format!("{GAPS}?limit=1&after={next}")).await.ok();
    assert_eq!(
        (&page["items"][0]["id"], &rest["items"][0]["id"]),
        (&gap["id"], &found[1]["id"])
    );
    // The same one asks again: it is one more question, and no more visitors.
    responds(&app, &waiting[0].1, REPLY).await;
    is_answered(&waiting[0].0, "person").await;
    waiting[0].0.says(UNANSWERABLE).await;
    app.item_of(&waiting[0].0).await;
    let gap = gaps(&app).await.remove(0);
    assert_eq!((&gap["visitors"], &gap["questions"]), (&json!(3), &json!(4)));
    let proposal = &gap["proposal"];
    assert_eq!(
        (&proposal["author"], &proposal["origin"]),
        (&json!("Mia"), &json!("reply"))
    );
    let answer = proposal["answer"].as_str().unwrap();
    assert!(
        answer.starts_with("Frobnicating a plugh") && !answer.contains("mia@"),
        "{answer}"
    );

    let before = app.owner().get("/api/v1/verified-answers").await.ok();
    let approve = format!("{PROPOSALS}/{}/approve", proposal["id"].as_str().unwrap());
    let wording = json!({ "question": "Do you frobnicate plughs?" });
    let approved = app.owner().post(&approve, &wording).await.ok();
    assert_eq!(
        (&approved["question"], &approved["answer"]),
        (&wording["question"], &proposal["answer"])
    );
    let again = app.owner().post(&approve, &json!({})).await.refused(409);
    assert!(
        again["detail"].as_str().unwrap().contains("Mia approved this already"),
        "{again}"
    );
    assert_eq!(
        app.owner().get("/api/v1/verified-answers").await.ok(),
        before,
        "nothing is published by that"
    );
    assert_eq!(gaps(&app).await.len(), 1);
    let proposed = app.owner().get(&format!("{GAPS}?state=proposed")).await.ok();
    assert_eq!(proposed["items"][0]["id"], gap["id"]);
    let dismiss = format!("{GAPS}/{}/dismiss", gap["id"].as_str().unwrap());
    app.owner().post(&dismiss, &json!({})).await.refused(409);
    let log = app.owner().get("/api/v1/log?limit=200").await.ok();
    let entry = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["kind"] == "proposal.approved");
    assert_eq!(entry.unwrap()["refs"]["gap"], gap["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_in_between_and_a_second_look_change_nothing() {
    let mut app = TestApp::start().await;
    let (_, item) = asks(&app, OTHER_WORDS[0]).await;
    // It ends before the job has looked.
    app.restart().await;
    let first = gaps(&app).await;
    assert_eq!(first.len(), 1, "{first:?}");
    app.restart().await;
    assert_eq!(gaps(&app).await, first);
    asks(&app, OTHER_WORDS[1]).await;
    responds(&app, &item, REPLY).await;
    app.restart().await;
    let then = gaps(&app).await.remove(0);
    assert_eq!((&then["id"], &then["name"]), (&first[0]["id"], &first[0]["name"]));
    assert_eq!(then["visitors"], 2);
    let proposal = then["proposal"]["id"].clone();
    app.restart().await;
    assert_eq!(gaps(&app).await[0]["proposal"]["id"], proposal);
}

#[tokio::test(flavor = "multi_thread")]
async fn ratings_small_talk_wishes_and_spam_are_no_gaps() {
    let app = TestApp::start().await;
    // A good answer with the worst rating.
    let (rater, item) = asks(&app, OPENING_HOURS).await;
    app.advance_ms(20_000);
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    is_answered(&rater, "ai").await;
    rater.client.post("/widget/v1/close", &json!({})).await.done();
    rater
        .client
        .post("/widget/v1/rating", &json!({ "stars": 1, "words": "Bad!" }))
        .await
        .done();
    asks(&app, "Hello, good morning!").await;
    let wish = app.visitor().await;
    let message = json!({ "client_id": "wish", "text": "Xyzzy plugh, a person please", "person": true });
    wish.client.post("/widget/v1/messages", &message).await.created();
    app.advance_ms(QUIET_MS);
    assert_eq!(gaps(&app).await, [Value::Null; 0]);

    let (spammer, _) = asks(&app, UNANSWERABLE).await;
    let (_, _) = asks(&app, OTHER_WORDS[1]).await;
    assert_eq!(gaps(&app).await[0]["visitors"], 2);
    let spam = format!("/api/v1/conversations/{}/spam", spammer.conversation_id);
    app.owner().post(&spam, &json!({})).await;
    let left = gaps(&app).await;
    assert_eq!(
        (left.len(), &left[0]["visitors"], &left[0]["name"]),
        (1, &json!(1), &json!(OTHER_WORDS[1]))
    );
    app.owner().delete(&spam).await;
    // The AI begins anew with it.
    app.item_of(&spammer).await;
    assert_eq!(gaps(&app).await[0]["visitors"], 2, "it was none");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_turned_down_is_not_proposed_again_and_people_write_their_own() {
    let app = TestApp::start().await;
    let (visitor, _) = asks(&app, OTHER_WORDS[0]).await;
    let conversation = format!("/api/v1/conversations/{}", visitor.conversation_id);
    app.owner()
        .post(&format!("{conversation}/take-over"), &json!({}))
        .await
        .ok();
    for (id, text) in [
        ("a", "Hello, Mia here."),
        ("b", "A plugh is frobnicated by the xyzzy on Mondays."),
    ] {
        let message = json!({ "client_id": id, "text": text });
        app.owner()
            .post(&format!("{conversation}/messages"), &message)
            .await
            .created();
    }
    let gap = gaps(&app).await.remove(0);
    let proposal = &gap["proposal"];
    assert!(proposal["answer"].as_str().unwrap().ends_with("on Mondays."), "{gap}");
    let id = gap["id"].as_str().unwrap();
    let dismiss = format!("{PROPOSALS}/{}/dismiss", proposal["id"].as_str().unwrap());
    app.owner().post(&dismiss, &json!({ "reason": " " })).await.refused(422);
    app.owner()
        .post(&dismiss, &json!({ "reason": "It is Tuesdays now." }))
        .await
        .ok();
    app.owner()
        .post(&dismiss, &json!({ "reason": "Again." }))
        .await
        .refused(409);
    assert_eq!(gaps(&app).await[0]["proposal"], Value::Null);

    let (_, item) = asks(&app, OTHER_WORDS[1]).await;
    responds(&app, &item, "Plughs are frobnicated by the xyzzy on Tuesdays.").await;
    assert!(
        gaps(&app).await[0]["proposal"]["answer"]
            .to_string()
            .contains("Tuesdays")
    );
    // A person's own words take its place, and stay.
    let own = json!({ "answer": "On Tuesdays, from ten to twelve." });
    let written = app
        .owner()
        .post(&format!("{GAPS}/{id}/proposals"), &own)
        .await
        .created();
    assert_eq!(
        (&written["origin"], &written["question"]),
        (&json!("written"), &gap["name"])
    );
    let (_, item) = asks(&app, OTHER_WORDS[2]).await;
    responds(&app, &item, "Plughs are frobnicated by the xyzzy on Tuesdays, as ever.").await;
    assert_eq!(gaps(&app).await[0]["proposal"]["id"], written["id"]);
    let refused = json!({ "answer": "" });
    app.owner()
        .post(&format!("{GAPS}/{id}/proposals"), &refused)
        .await
        .refused(422);
    let admin = app.administrator();
    let approve = format!("{PROPOSALS}/{}/approve", written["id"].as_str().unwrap());
    admin.post(&approve, &json!({})).await.refused(403);

    let dismissed = json!({ "reason": "We frobnicate no more." });
    let gone = app.owner().post(&format!("{GAPS}/{id}/dismiss"), &dismissed).await.ok();
    assert_eq!((&gone["state"], &gone["proposal"]), (&json!("dismissed"), &Value::Null));
    app.owner().post(&approve, &json!({})).await.refused(409);
    assert_eq!(gaps(&app).await, [Value::Null; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_verdict_makes_a_gap_once_it_may_be_told_and_what_is_remembered_is_not_proposed() {
    let app = TestApp::start().await;
    let (visitor, item) = asks(&app, OPENING_HOURS).await;
    let edit = json!({
        "kind": "edit", "text": "From ten to six, Tuesday to Saturday, but never in August.", "verdict": "bad", "reasons": ["outdated"],
        "remember": false
    });
    app.decide_for_good(&item, edit).await;
    is_answered(&visitor, "ai").await;
    // Somebody is still asked for a second opinion, and would know.
    let workspace_id = app.workspace.caller.workspace_id;
    let rows = app.app.store().rows(workspace_id);
    let draft = eventually("the second opinion", async || {
        app.advance_ms(500);
        let known = rows.evidence_made(Made::Since(Timestamp(0)), None, 10).await.unwrap();
        let row = known.first()?.clone();
        (row.seq.is_some() && !rows.checks_of(row.draft_id).await.unwrap().is_empty()).then_some(row)
    })
    .await;
    assert_eq!(gaps(&app).await, [Value::Null; 0]);
    let closed = app.app.store().write(workspace_id, move |tx| {
        let draft = draft.clone();
        Box::pin(async move {
            for row in tx.checks_of(draft.draft_id).await? {
                tx.update(check::Model {
                    label: Some(VerdictLabel::Bad),
                    member_id: row.not_for_member,
                    closed_at: Some(row.created_at),
                    ..row
                })
                .await?;
            }
            tx.update(evidence::Model {
                is_kept_back: false,
                ..draft
            })
            .await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    closed.await.unwrap();
    app.advance_ms(HOUR_MS);
    let gap = gaps(&app).await.remove(0);
    assert_eq!(gap["examples"][0]["cause"], "judged_bad");
    assert!(gap["proposal"]["answer"].to_string().contains("August"), "{gap}");

    let (_, item) = asks(&app, UNANSWERABLE).await;
    let kept = json!({ "kind": "respond", "text": REPLY, "remember": true });
    app.decide_for_good(&item, kept).await;
    let found = gaps(&app).await;
    let gap = found.iter().find(|gap| gap["name"] == UNANSWERABLE).unwrap();
    assert_eq!(gap["proposal"], Value::Null, "it is a verified answer already");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_workspace_sees_nothing_of_it_and_readers_decide_nothing() {
    let app = TestApp::start().await;
    let (_, item) = asks(&app, UNANSWERABLE).await;
    responds(&app, &item, REPLY).await;
    let gap = gaps(&app).await.remove(0);
    let (id, proposal) = (gap["id"].as_str().unwrap(), gap["proposal"]["id"].as_str().unwrap());
    let other = app.other_workspace().await;
    let stranger = app.member_of(&other);
    for list in [GAPS, PROPOSALS] {
        assert_eq!(stranger.get(list).await.ok()["items"], json!([]));
        app.anonymous().get(list).await.refused(401);
    }
    let reader = app.program(&["read"]).await;
    reader.get(&format!("{GAPS}/{id}")).await.ok();
    stranger.get(&format!("{GAPS}/{id}")).await.refused(404);
    for (path, body) in [
        (format!("{GAPS}/{id}/dismiss"), json!({})),
        (format!("{GAPS}/{id}/proposals"), json!({ "answer": "We do that." })),
        (format!("{PROPOSALS}/{proposal}/approve"), json!({})),
        (format!("{PROPOSALS}/{proposal}/dismiss"), json!({ "reason": "No." })),
    ] {
        stranger.post(&path, &body).await.refused(404);
        reader.post(&path, &body).await.refused(403);
    }
    assert_eq!(gaps(&app).await, [gap]);
    let odd = app.owner().get(&format!("{GAPS}?after=1_2_x")).await.refused(422);
    assert!(odd["detail"].as_str().unwrap().contains("not an id"), "{odd}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_embedder_is_away_nothing_is_lost_and_another_one_changes_no_gap() {
    let mut app = TestApp::start().await;
    asks(&app, OTHER_WORDS[0]).await;
    asks(&app, OTHER_WORDS[1]).await;
    app.engine.die();
    app.advance_ms(SOON_MS);
    // What was noticed waits for its gap.
    let workspace_id = app.workspace.caller.workspace_id;
    eventually("the look at what was asked", async || {
        let rows = app.app.store().rows(workspace_id);
        let placed = rows.gaps(&[GapState::Open], None, 10).await.unwrap();
        let placed = placed.first().map_or(0, |gap| gap.questions);
        let waiting = rows.gap_questions_to_place(None, 10).await.unwrap().len();
        (placed + i64::try_from(waiting).unwrap() == 2).then_some(())
    })
    .await;
    app.engine.revive().unwrap();
    app.advance_ms(61_000);
    let first = gaps(&app).await;
    assert_eq!((first.len(), &first[0]["visitors"]), (1, &json!(2)));

    // As if all of it had been embedded by another model, with other numbers.
    let former = app.app.store().write(workspace_id, |tx| {
        Box::pin(async move {
            for gap in tx.gaps_of_other_embedders("former").await? {
                for question in tx.gap_questions(gap.id, 10).await? {
                    tx.update(gap_question::Model {
                        embedder: Some("former".to_owned()),
                        vector: Some(vec![0; 16]),
                        ..question
                    })
                    .await?;
                }
                tx.update(gap::Model {
                    embedder: "former".to_owned(),
                    centroid: vec![0; 16],
                    ..gap
                })
                .await?;
            }
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    former.await.unwrap();
    app.restart().await;
    assert_eq!(gaps(&app).await, first);
    asks(&app, OTHER_WORDS[2]).await;
    let then = gaps(&app).await;
    assert_eq!(
        (then.len(), &then[0]["visitors"], &then[0]["id"]),
        (1, &json!(3), &first[0]["id"])
    );
}
