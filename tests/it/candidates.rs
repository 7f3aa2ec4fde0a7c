//! Candidates over the API: tried on questions of the past, published over a regression only with a reason, taken back in one step.

use crate::app::{Client, OPENING_HOURS, TestApp, eventually};
use holdpoint::domain::ids::CandidateId;
use holdpoint::domain::improve::candidate::CandidateState;
use holdpoint::store::entity::{candidate, candidate_change};
use holdpoint::store::{Change, JobKind, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

const TOWELS: &str = crate::app::UNANSWERABLE;
const PATH: &str = "/api/v1/improve/candidates";

pub(crate) async fn tried(owner: &Client, id: &str) -> Value {
    eventually("a candidate that was tried", async || {
        let whole = owner.get(&format!("{PATH}/{id}")).await.ok();
        let is_tried = whole["candidate"]["state"] != "replaying" && !whole["candidate"]["found"].is_null();
        is_tried.then_some(whole)
    })
    .await
}

fn answer(id: Uuid, question: &str, answer: &str) -> Value {
    json!({ "kind": "add_answer", "id": id, "question": question, "answer": answer })
}

async fn proposed(owner: &Client, changes: Value) -> String {
    let wish = json!({ "title": "Towels", "changes": changes });
    let made = owner.post(PATH, &wish).await.created();
    made["id"].as_str().unwrap().to_owned()
}

async fn verified(owner: &Client) -> Vec<String> {
    let listed = owner.get("/api/v1/verified-answers").await.ok();
    let items = listed["items"].as_array().unwrap().clone();
    let mut questions: Vec<String> = { items.iter() }
        .map(|item| {
            format!(
                "{} {}",
                item["question"].as_str().unwrap(),
                item["answer"].as_str().unwrap()
            )
        })
        .collect();
    questions.sort();
    questions
}

async fn publish(owner: &Client, id: &str, reason: Option<&str>) -> crate::app::Answer {
    owner
        .post(&format!("{PATH}/{id}/publish"), &json!({ "reason": reason }))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_tried_changes_nothing_until_it_is_published_and_is_taken_back_in_one_step() {
    let app = TestApp::start().await;
    let owner = app.owner();
    // A visitor asked what nothing answers.
    let visitor = app.visitor().await;
    visitor.says(TOWELS).await;
    app.item_of(&visitor).await;
    let before = verified(&owner).await;
    let id = proposed(&owner, json!([answer(Uuid::now_v7(), TOWELS, "Yes, in two sizes.")])).await;
    let whole = tried(&owner, &id).await;
    let found = &whole["candidate"]["found"];
    assert_eq!(whole["candidate"]["state"], "waiting");
    assert_eq!(
        (&found["asked"], &found["better"], &found["worse"]),
        (&json!(1), &json!(1), &json!(0)),
        "{whole}"
    );
    assert_eq!(whole["cases"][0]["effect"], "answered");
    assert_eq!(whole["cases"][0]["after"]["text"], "Yes, in two sizes.");
    assert_eq!(verified(&owner).await, before, "nothing is live");

    let live = publish(&owner, &id, None).await.ok();
    assert_eq!(live["candidate"]["state"], "published");
    assert_eq!(verified(&owner).await.len(), before.len() + 1);
    publish(&owner, &id, None).await.refused(409);
    let another = app.visitor().await;
    another.says(TOWELS).await;
    assert_eq!(app.item_of(&another).await["draft"]["text"], "Yes, in two sizes.");

    let back = owner
        .post(&format!("{PATH}/{id}/roll-back"), &json!({ "reason": "Sold out." }))
        .await;
    assert_eq!(back.ok()["candidate"]["state"], "rolled_back");
    assert_eq!(verified(&owner).await, before);
    owner
        .post(&format!("{PATH}/{id}/roll-back"), &json!({}))
        .await
        .refused(409);
    let log = owner.get("/api/v1/log?limit=200").await.ok();
    let kinds: Vec<&str> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["kind"].as_str())
        .collect();
    for kind in [
        "candidate.proposed",
        "candidate.replayed",
        "candidate.published",
        "candidate.rolled_back",
    ] {
        assert!(kinds.contains(&kind), "{kind} is not in the log: {kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_regression_nothing_goes_live_without_a_reason_and_a_correction_waits_for_one() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let second = Uuid::now_v7();
    owner
        .post(
            "/api/v1/verified-answers",
            &json!({ "question": TOWELS, "answer": "Yes." }),
        )
        .await
        .created();
    owner
        .post(
            "/api/v1/improve/questions",
            &json!({ "question": TOWELS, "answer": "yes" }),
        )
        .await
        .created();
    let listed = owner.get("/api/v1/verified-answers").await.ok();
    let kept = listed["items"][0]["id"].as_str().unwrap().to_owned();

    // Retiring it would leave a question of the set without its answer: it waits, with the reason missing.
    let refused = owner
        .delete(&format!("/api/v1/verified-answers/{kept}"))
        .await
        .refused(409);
    assert!(
        refused["detail"].as_str().unwrap().contains("must stay answered"),
        "{refused}"
    );
    let waiting = refused["candidate"].as_str().unwrap().to_owned();
    let whole = tried(&owner, &waiting).await;
    assert_eq!(whole["candidate"]["found"]["worse"], 1, "{whole}");
    assert_eq!(whole["cases"][0]["effect"], "broken");
    let refused = publish(&owner, &waiting, Some("  ")).await.refused(409);
    assert_eq!(refused["worse"], 1);
    assert_eq!(verified(&owner).await.len(), 1);
    publish(&owner, &waiting, Some("We sell none any more.")).await.ok();
    assert_eq!(verified(&owner).await.len(), 0);
    let log = owner.get("/api/v1/log?limit=50").await.ok();
    assert!(
        log.to_string().contains("We sell none any more."),
        "the reason is in the log"
    );

    // Another answer to the very question is what it has to be answered with from then on.
    let id = proposed(&owner, json!([answer(second, TOWELS, "From May on.")])).await;
    let whole = tried(&owner, &id).await;
    assert_eq!(whole["candidate"]["found"]["worse"], 0, "{whole}");
    publish(&owner, &id, None).await.ok();
    let third = proposed(&owner, json!([{ "kind": "retire_answer", "id": second }])).await;
    let whole = tried(&owner, &third).await;
    assert_eq!(whole["candidate"]["found"]["worse"], 1, "{whole}");
    // Where a person has to answer, no answer is right, whoever brings one.
    let by_a_person = "Blorb wibble snark?";
    let kept = json!({ "question": by_a_person });
    owner.post("/api/v1/improve/questions", &kept).await.created();
    let id = proposed(&owner, json!([answer(Uuid::now_v7(), by_a_person, "Nobody.")])).await;
    let whole = tried(&owner, &id).await;
    assert_eq!(whole["candidate"]["found"]["worse"], 1, "{whole}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_candidate_goes_live_in_parts_and_what_was_interrupted_goes_on() {
    let mut app = TestApp::start().await;
    let owner = app.owner();
    let document = |number: usize| {
        let text = json!({ "collection": "shop", "external_id": format!("towel-{number}"), "title": format!("Towel {number}?"),
            "body": format!("Towel {number} is on shelf {number}."), "kind": "faq", "source": "towels", "anchor": "", "position": number });
        json!({ "kind": "put_document", "id": Uuid::now_v7(), "document": text })
    };
    let changes: Vec<Value> = (0..50).map(document).collect();
    let id = proposed(&owner, json!(changes)).await;
    tried(&owner, &id).await;
    publish(&owner, &id, None).await.ok();
    let count = async |app: &TestApp| {
        let rows = app.app.store().rows(app.workspace.caller.workspace_id);
        rows.documents_of_source("shop", "towels")
            .await
            .unwrap()
            .into_iter()
            .filter(|row| row.removed_at.is_none())
            .count()
    };
    assert_eq!(count(&app).await, 50);
    // As if the machine had died after the first part: the job finds what is left.
    let candidate_id: CandidateId = id.parse().unwrap();
    let now = holdpoint::domain::time::Clock::now(&*app.clock);
    let workspace_id = app.workspace.caller.workspace_id;
    app.app
        .store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.candidate(candidate_id).await?.unwrap();
                tx.update(candidate::Model {
                    state: CandidateState::RollingBack,
                    ended_at: Some(now),
                    ..row
                })
                .await?;
                for row in tx.candidate_changes(candidate_id).await? {
                    tx.update(candidate_change::Model { is_live: true, ..row }).await?;
                }
                tx.schedule(JobKind::Publish, candidate_id, now).await?;
                Ok::<_, StoreError>(Change::Unlogged(()))
            })
        })
        .await
        .unwrap();
    app.restart().await;
    eventually("everything to be taken back", async || {
        (count(&app).await == 0).then_some(())
    })
    .await;
    let whole = app.owner().get(&format!("{PATH}/{id}")).await.ok();
    assert_eq!(whole["candidate"]["state"], "rolled_back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_later_change_has_touched_is_not_taken_back_before_that_one() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let first = proposed(&owner, json!([answer(Uuid::now_v7(), TOWELS, "Yes.")])).await;
    tried(&owner, &first).await;
    publish(&owner, &first, None).await.ok();
    app.advance_ms(1_000);
    let second = proposed(&owner, json!([answer(Uuid::now_v7(), TOWELS, "No.")])).await;
    tried(&owner, &second).await;
    publish(&owner, &second, None).await.ok();
    assert_eq!(verified(&owner).await, [format!("{TOWELS} No.")]);
    let refused = owner
        .post(&format!("{PATH}/{first}/roll-back"), &json!({}))
        .await
        .refused(409);
    let number = &owner.get(&format!("{PATH}/{second}")).await.ok()["candidate"]["number"];
    assert_eq!(&refused["number"], number);
    owner.post(&format!("{PATH}/{second}/roll-back"), &json!({})).await.ok();
    assert_eq!(
        verified(&owner).await,
        [format!("{TOWELS} Yes.")],
        "the former one is back"
    );
    owner.post(&format!("{PATH}/{first}/roll-back"), &json!({})).await.ok();
    assert!(verified(&owner).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_is_live_in_seconds_is_compared_afterwards_and_can_be_taken_back() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    app.advance_ms(20_000);
    let path = format!("/api/v1/queue/{}/outcome", item["id"].as_str().unwrap());
    let wish = json!({ "kind": "edit", "text": "From ten to six, every day.", "revision": item["revision"], "remember": true });
    owner.post(&path, &wish).await.ok();
    app.advance_ms(6_000);
    let made = eventually("the correction among what changed", async || {
        let listed = owner.get(PATH).await.ok();
        let first = listed["items"][0].clone();
        (!first["found"].is_null()).then_some(first)
    })
    .await;
    assert_eq!(
        (&made["origin"], &made["state"]),
        (&json!("correction"), &json!("published"))
    );
    assert_eq!(made["author"], "Mia");
    let whole = owner
        .get(&format!("{PATH}/{}", made["id"].as_str().unwrap()))
        .await
        .ok();
    assert_eq!(
        whole["cases"][0]["after"]["text"], "From ten to six, every day.",
        "{whole}"
    );
    assert_ne!(whole["cases"][0]["before"]["text"], whole["cases"][0]["after"]["text"]);
    let back = format!("{PATH}/{}/roll-back", made["id"].as_str().unwrap());
    owner.post(&back, &json!({})).await.ok();
    assert!(verified(&owner).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wishes_that_make_no_candidate_are_refused_in_words_and_other_workspaces_see_nothing() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let refused = owner
        .post(PATH, &json!({ "title": "Nothing", "changes": [] }))
        .await
        .refused(422);
    assert!(refused["detail"].as_str().unwrap().contains("changes something"));
    let id = Uuid::now_v7();
    let twice = json!([answer(id, "a?", "b"), { "kind": "retire_answer", "id": id }]);
    owner
        .post(PATH, &json!({ "title": "Twice", "changes": twice }))
        .await
        .refused(422);
    let candidate = proposed(&owner, json!([answer(id, TOWELS, "Yes.")])).await;
    let other = app.other_workspace().await;
    let stranger = app.member_of(&other);
    for path in [
        format!("{PATH}/{candidate}/publish"),
        format!("{PATH}/{candidate}/roll-back"),
    ] {
        stranger.post(&path, &json!({})).await.refused(404);
    }
    stranger.get(&format!("{PATH}/{candidate}")).await.refused(404);
    let seen = stranger.get(PATH).await.ok().to_string();
    assert!(!seen.contains(&candidate) && !seen.contains("Towels"), "{seen}");
    // How the AI works is for owners.
    let program = app.program(&["read", "knowledge"]).await;
    let agent =
        json!([{ "kind": "set_agent", "id": app.workspace.agent_id, "settings": { "name": "Juno", "business": "x" } }]);
    let wish = json!({ "title": "Other words", "changes": agent });
    program.post(PATH, &wish).await.refused(403);
}
