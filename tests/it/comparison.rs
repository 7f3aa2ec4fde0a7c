//! What the LLM would write without a candidate and with it, and pairs of such answers that people read blind.

use crate::app::{Client, TestApp, eventually};
use crate::candidates::tried;
use crate::forming::composes;
use holdpoint::domain::ids::CandidateId;
use holdpoint::domain::improve::comparison::{Comparison, JudgedPair, PairVerdict};
use holdpoint::engine::wire::ErrorCode;
use holdpoint::store::entity::comparison_pair;
use holdpoint::store::{Change, StoreError};
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/api/v1/improve/candidates";
/// What visitors add to one and the same question.
const ADDED: [&str; 8] = [
    "please", "today", "now", "usually", "again", "maybe", "kindly", "exactly",
];
/// What the document says with the candidate.
pub(crate) const AFTER: &str = "Opening hours of this winter";

/// Visitors ask something that the LLM answers from one document.
async fn asked(app: &TestApp, visitors: usize) {
    composes(app).await;
    for added in ADDED.into_iter().take(visitors) {
        let visitor = app.visitor().await;
        visitor
            .says(&format!(
                "Is the shop open Tuesday to Friday and on Saturday, and from when, {added}?"
            ))
            .await;
        let item = app.item_of(&visitor).await;
        assert_eq!(item["mode"], "compose", "{item}");
    }
}

/// Visitors asked, and a candidate gives the document another text; the LLM finds other words for each. Returns the candidate's id.
pub(crate) async fn to_be_written(app: &TestApp, visitors: usize) -> String {
    asked(app, visitors).await;
    finds_words(app, visitors);
    proposed(app).await
}

/// What the LLM writes next to so many questions, without the candidate and with it.
fn finds_words(app: &TestApp, questions: usize) {
    for number in 1..=questions {
        app.engine
            .answer_next(format!("We open at nine, as {number} people know."));
        app.engine
            .answer_next(format!("{AFTER}: from nine to six, as {number} people know."));
    }
}

async fn proposed(app: &TestApp) -> String {
    let owner = app.owner();
    let documents = owner.get("/api/v1/knowledge/documents?limit=200").await.ok();
    let hours = documents["items"].as_array().unwrap().iter();
    let hours = { hours }
        .find(|document| document["title"] == "What are your opening hours?")
        .unwrap();
    let document = json!({ "collection": "shop", "external_id": "What are your opening hours?", "title": format!("{AFTER}: is the shop open Tuesday, Friday, Saturday, from when?"),
        "body": "From nine to six on weekdays.", "kind": "faq", "source": "faq.json", "anchor": "", "position": 1 });
    let changes = json!([{ "kind": "put_document", "id": hours["id"], "document": document }]);
    let wish = json!({ "title": "Shorter hours", "changes": changes });
    let made = owner.post(PATH, &wish).await.created();
    made["id"].as_str().unwrap().to_owned()
}

/// Tries a candidate once more.
async fn replayed(owner: &Client, id: &str) {
    let answer = owner.post(&format!("{PATH}/{id}/replay"), &json!({})).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
}

/// Texts of the side of all cases.
fn side(whole: &Value, name: &str) -> Vec<String> {
    let cases = whole["cases"].as_array().unwrap().iter();
    cases
        .map(|case| case[name]["text"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_llm_would_write_is_written_for_both_sides_and_a_restart_loses_one_text_at_most() {
    let mut app = TestApp::start().await;
    app.engine.set_pace(Duration::from_millis(0));
    let before = {
        let id = to_be_written(&app, 4).await;
        app.engine.set_pace(Duration::from_millis(60));
        let written = |whole: &Value| whole["candidate"]["writing"]["written"].as_u64();
        let owner = app.owner();
        let under_way = eventually("the first of eight texts", async || {
            let whole = owner.get(&format!("{PATH}/{id}")).await.ok();
            assert_eq!(whole["candidate"]["state"], "replaying", "{whole}");
            written(&whole).is_some_and(|written| written >= 1).then_some(whole)
        })
        .await;
        assert_eq!(under_way["candidate"]["writing"]["all"], 8, "{under_way}");
        let says = under_way["candidate"]["in_words"].as_str().unwrap();
        assert!(says.contains("of 8 answers"), "{says}");
        owner
            .post(&format!("{PATH}/{id}/publish"), &json!({ "reason": "now" }))
            .await
            .refused(409);
        id
    };
    let chats = app.engine.chats();
    app.restart().await;
    let kept = app.owner().get(&format!("{PATH}/{before}")).await.ok();
    let kept = kept["candidate"]["writing"]["written"].as_u64().unwrap();
    assert!((1..8).contains(&kept), "{kept}");
    app.engine.set_pace(Duration::from_millis(0));
    let whole = tried(&app.owner(), &before).await;
    let since = app.engine.chats() - chats;
    assert!(since <= 8 - kept, "{since} were written anew, {kept} of 8 were kept");
    assert_eq!(whole["candidate"]["found"]["written"], 4, "{whole}");
    assert_eq!(whole["candidate"]["found"]["unwritten"], 0);
    assert_eq!(whole["candidate"]["writing"], Value::Null);
    assert_eq!(whole["cases"].as_array().unwrap().len(), 4);
    for (old, new) in side(&whole, "before").iter().zip(side(&whole, "after")) {
        assert!(!old.is_empty() && !new.is_empty() && *old != new, "{old} | {new}");
    }
    assert_eq!(whole["cases"][0]["effect"], "other", "nobody has said which is better");

    // What is the same is not written again.
    let chats = app.engine.chats();
    let owner = app.owner();
    replayed(&owner, &before).await;
    let again = tried(&owner, &before).await;
    assert_eq!((app.engine.chats(), &again["cases"]), (chats, &whole["cases"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_llm_that_is_away_is_waited_for() {
    let app = TestApp::start().await;
    asked(&app, 1).await;
    for _ in 0..3 {
        app.engine.fail_next_chat(ErrorCode::Overloaded);
    }
    let id = proposed(&app).await;
    let owner = app.owner();
    let whole = eventually("texts that were tried again", async || {
        app.advance_ms(2_000);
        let whole = owner.get(&format!("{PATH}/{id}")).await.ok();
        (whole["candidate"]["state"] == "waiting").then_some(whole)
    })
    .await;
    assert_eq!(whole["candidate"]["found"]["unwritten"], 0, "{whole}");
}

async fn next(client: &Client, id: &str) -> Value {
    client.get(&format!("{PATH}/{id}/comparison/next")).await.ok()
}

async fn judge(client: &Client, pair: &Value, verdict: &str) -> crate::app::Answer {
    let path = format!(
        "/api/v1/improve/comparison-pairs/{}/verdict",
        pair["id"].as_str().unwrap()
    );
    client.post(&path, &json!({ "verdict": verdict })).await
}

/// What the database has of a candidate's pairs.
async fn pairs(app: &TestApp, id: &str) -> Vec<comparison_pair::Model> {
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    rows.comparison_pairs(id.parse().unwrap()).await.unwrap()
}

/// Exchanges what is hidden: which of the two is the candidate's.
async fn exchange(app: &TestApp, id: &str) {
    let id: CandidateId = id.parse().unwrap();
    let write = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
        Box::pin(async move {
            for row in tx.comparison_pairs(id).await? {
                tx.update(comparison_pair::Model {
                    first_is_after: !row.first_is_after,
                    ..row
                })
                .await?;
            }
            Ok::<_, StoreError>(Change::Unlogged(()))
        })
    });
    write.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_sent_before_a_pair_is_judged_depends_on_which_answer_is_which() {
    let app = TestApp::start().await;
    let id = to_be_written(&app, 3).await;
    let owner = app.owner();
    tried(&owner, &id).await;
    owner.get(&format!("{PATH}/{id}/comparison")).await.ok();
    let begun = owner.post(&format!("{PATH}/{id}/comparison"), &json!({})).await.ok();
    assert_eq!(
        (&begun["begun"], &begun["pairs"], &begun["judged"]),
        (&json!(true), &json!(3), &json!(0))
    );
    let seen = async || {
        let mut seen = Vec::new();
        for path in [
            format!("{PATH}/{id}/comparison/next"),
            format!("{PATH}/{id}/comparison"),
            format!("{PATH}/{id}"),
            "/api/v1/log?limit=200".to_owned(),
        ] {
            seen.push(owner.get(&path).await.text());
        }
        for path in [format!("/improve/{id}/compare"), format!("/improve/{id}")] {
            seen.push(owner.clone().with("Accept", "text/html").get(&path).await.text());
        }
        seen
    };
    let first = seen().await;
    exchange(&app, &id).await;
    assert_eq!(seen().await, first);
    // The same holds after a verdict for those that are left, and beginning once more draws nothing anew.
    let pair = next(&owner, &id).await["pair"].clone();
    judge(&owner, &pair, "both_good").await.ok();
    let drawn = pairs(&app, &id).await;
    owner.post(&format!("{PATH}/{id}/comparison"), &json!({})).await.ok();
    assert_eq!(pairs(&app, &id).await, drawn);
    let second = seen().await;
    assert_ne!(second[0], first[0]);
    let hidden = |rows: &[comparison_pair::Model]| rows.iter().map(|row| row.first_is_after).collect::<Vec<_>>();
    exchange(&app, &id).await;
    assert_ne!(hidden(&pairs(&app, &id).await), hidden(&drawn));
    assert_eq!(seen().await[0], second[0]);
    // Each pair has one answer of each side.
    let shown = next(&owner, &id).await["pair"].clone();
    let mut texts = [shown["first"].as_str().unwrap(), shown["second"].as_str().unwrap()];
    texts.sort_unstable();
    let whole = owner.get(&format!("{PATH}/{id}")).await.ok();
    let case = { whole["cases"].as_array().unwrap().iter() }
        .find(|case| case["question"] == shown["question"])
        .unwrap();
    let mut sides = ["before", "after"].map(|name| case[name]["text"].as_str().unwrap());
    sides.sort_unstable();
    assert_eq!(texts, sides);
}

/// Judges the next pair so that the side without the candidate, or the one with it, is bad.
async fn judged_bad(app: &TestApp, client: &Client, id: &str, after_is_bad: bool) -> (Value, Value) {
    let pair = next(client, id).await["pair"].clone();
    let row = { pairs(app, id).await.into_iter() }
        .find(|row| pair["id"] == row.id.to_string())
        .unwrap();
    let verdict = if row.first_is_after == after_is_bad {
        "first_bad"
    } else {
        "second_bad"
    };
    let stands = judge(client, &pair, verdict).await.ok();
    (pair, stands)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairs_are_judged_once_in_their_order_until_the_evidence_is_enough_and_worse_needs_a_reason() {
    let app = TestApp::start().await;
    let id = to_be_written(&app, 8).await;
    let owner = app.owner();
    tried(&owner, &id).await;
    assert_eq!(next(&owner, &id).await["pair"], Value::Null, "nobody has begun");
    owner.post(&format!("{PATH}/{id}/comparison"), &json!({})).await.ok();
    let last = pairs(&app, &id).await.pop().unwrap();
    let refused = judge(&owner, &json!({ "id": last.id.to_string() }), "both_good")
        .await
        .refused(409);
    assert!(
        refused["detail"].as_str().unwrap().contains("not the next one"),
        "{refused}"
    );

    for number in 1..=7_u64 {
        let (pair, stands) = judged_bad(&app, &owner, &id, true).await;
        assert_eq!(
            (&stands["judged"], &stands["only_after_bad"]),
            (&json!(number), &json!(number))
        );
        let rows = pairs(&app, &id).await;
        let judged = rows.iter().filter_map(|row| {
            Some(JudgedPair {
                verdict: row.verdict?,
                first_is_after: row.first_is_after,
            })
        });
        let pure = Comparison::of(8, judged);
        let told = stands["evidence"].as_f64().unwrap();
        assert!((told - pure.evidence).abs() < 1e-9, "{told} | {pure:?}");
        assert_eq!(stands["finding"], json!(pure.finding));
        let twice = judge(&owner, &pair, "both_good").await.refused(409);
        assert_eq!(twice["decided_by"], "Mia", "{twice}");
    }
    let decided = next(&owner, &id).await;
    assert_eq!(
        (&decided["pair"], &decided["is_decided"], &decided["judged"]),
        (&Value::Null, &json!(true), &json!(7))
    );
    judge(&owner, &json!({ "id": last.id.to_string() }), "both_good")
        .await
        .refused(409);

    let whole = owner.get(&format!("{PATH}/{id}")).await.ok();
    let says = whole["comparison"]["in_words"].as_str().unwrap();
    assert!(says.contains("Read blind, it is worse: after 7 pairs"), "{says}");
    let judged = whole["comparison"]["judged_pairs"].as_array().unwrap();
    assert!(
        judged
            .iter()
            .all(|pair| pair["after_bad"] == true && pair["before_bad"] == false && pair["by"] == "Mia")
    );
    let refused = owner
        .post(&format!("{PATH}/{id}/publish"), &json!({}))
        .await
        .refused(409);
    assert!(
        refused["detail"].as_str().unwrap().contains("found it worse"),
        "{refused}"
    );
    let reason = json!({ "reason": "The law wants it so." });
    owner.post(&format!("{PATH}/{id}/publish"), &reason).await.ok();
    let log = owner.get("/api/v1/log?limit=200").await.ok();
    let entries = log["items"].as_array().unwrap();
    let of_kind = |kind: &str| entries.iter().filter(|entry| entry["kind"] == kind).count();
    assert_eq!((of_kind("comparison.begun"), of_kind("comparison.judged")), (1, 7));
    assert!(entries.iter().any(|entry| entry["refs"]["by_people"] == "worse"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_review_reads_no_pair_and_another_workspace_sees_nothing() {
    let app = TestApp::start().await;
    let id = to_be_written(&app, 2).await;
    let owner = app.owner();
    tried(&owner, &id).await;
    let reads = app.program(&["read", "knowledge"]).await;
    reads
        .post(&format!("{PATH}/{id}/comparison"), &json!({}))
        .await
        .refused(403);
    owner.post(&format!("{PATH}/{id}/comparison"), &json!({})).await.ok();
    reads.get(&format!("{PATH}/{id}/comparison/next")).await.refused(403);
    let pair = next(&owner, &id).await["pair"].clone();
    judge(&reads, &pair, "both_good").await.refused(403);
    assert_eq!(reads.get(&format!("{PATH}/{id}/comparison")).await.ok()["pairs"], 2);

    let other = app.other_workspace().await;
    let stranger = app.member_of(&other);
    for path in ["", "/comparison", "/comparison/next"] {
        stranger.get(&format!("{PATH}/{id}{path}")).await.refused(404);
    }
    stranger
        .post(&format!("{PATH}/{id}/comparison"), &json!({}))
        .await
        .refused(404);
    judge(&stranger, &pair, "both_good").await.refused(404);
    app.anonymous()
        .get(&format!("{PATH}/{id}/comparison/next"))
        .await
        .refused(401);
    judge(&owner, &pair, "first_best").await.refused(422);
    // Those who cannot judge say so; that is no evidence.
    let stands = judge(&owner, &pair, "cannot_judge").await.ok();
    assert_eq!((&stands["cannot_judge"], &stands["evidence"]), (&json!(1), &json!(1.0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairs_whose_answers_changed_drop_out_and_new_ones_come_last() {
    let app = TestApp::start().await;
    let id = to_be_written(&app, 2).await;
    let owner = app.owner();
    tried(&owner, &id).await;
    owner.post(&format!("{PATH}/{id}/comparison"), &json!({})).await.ok();
    judged_bad(&app, &owner, &id, true).await;
    // Another visitor asks, and asks on once they were answered; the candidate is tried once more.
    let visitor = app.visitor().await;
    let asks = async |added: &str| {
        let question = format!("Is the shop open Tuesday to Friday and on Saturday, and from when, {added}?");
        visitor.says(&question).await;
        app.item_of(&visitor).await
    };
    let item = asks("dear people").await;
    app.advance_ms(20_000);
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    visitor.answer_above(1).await;
    asks("once more").await;
    finds_words(&app, 2);
    replayed(&owner, &id).await;
    tried(&owner, &id).await;
    let rows = pairs(&app, &id).await;
    let added = { rows.iter() }.filter(|row| row.place >= 2 && row.verdict.is_none());
    assert_eq!((rows.len(), added.count()), (4, 2));
    judged_bad(&app, &owner, &id, true).await;
    // Whoever judges reads what was said before.
    for _ in 0..2 {
        let (pair, _) = judged_bad(&app, &owner, &id, true).await;
        let said = pair["conversation"].as_array().unwrap().len();
        let is_second = pair["question"].as_str().unwrap().contains("once more");
        assert_eq!(said >= 2, is_second, "{pair}");
    }
    // What is live changes: the former pairs are about answers that nobody gets any more.
    let known = owner.get("/api/v1/knowledge/documents?limit=200").await.ok();
    let hours = { known["items"].as_array().unwrap().iter() }
        .find(|document| document["title"] == "What are your opening hours?")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    owner
        .delete(&format!("/api/v1/knowledge/documents/{hours}"))
        .await
        .done();
    let stands = eventually("pairs that dropped out", async || {
        app.advance_ms(1_000);
        let stands = owner.get(&format!("{PATH}/{id}/comparison")).await.ok();
        (stands["judged"] == 0).then_some(stands)
    })
    .await;
    assert_eq!(stands["evidence"], 1.0, "{stands}");
    let rows = pairs(&app, &id).await;
    assert!(rows.iter().take(4).all(|row| row.is_stale), "{rows:?}");
    assert_eq!(
        rows.iter()
            .filter(|row| row.verdict == Some(PairVerdict::CannotJudge))
            .count(),
        0
    );
}
