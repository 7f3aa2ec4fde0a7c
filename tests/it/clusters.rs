//! What visitors ask gathers by itself, people name and merge it, and a change of the traffic is told once.

use super::app::{Answer, TestApp, eventually};
use holdpoint::app::insight::{catch_up, clusters, patterns};
use holdpoint::domain::ids::AgentId;
use holdpoint::domain::insight::{Day, Mark, Period};
use holdpoint::domain::time::Clock;
use holdpoint::store::Change;
use http::Method;
use serde_json::{Value, json};

const TOPICS: &str = "/api/v1/topics";
const PATTERNS: &str = "/api/v1/patterns";
const DAY_MS: i64 = 24 * 60 * 60_000;
/// Three kinds of questions; each is asked in as many wordings as there are fillings.
const KINDS: [&str; 3] = [
    "Frobnicate the xyzzy plugh",
    "Snark wibble blorb grault",
    "Waldo garply corge thud",
];
const FILLINGS: [&str; 12] = [
    "now", "today", "soon", "maybe", "again", "here", "there", "quickly", "slowly", "twice", "once", "later",
];

/// Everything that was asked has its place, and is counted.
pub(crate) async fn placed(app: &TestApp) -> Value {
    let workspace_id = app.workspace.caller.workspace_id;
    catch_up(&app.app, workspace_id).await.unwrap();
    clusters::place(&app.app, workspace_id).await.unwrap();
    catch_up(&app.app, workspace_id).await.unwrap();
    app.owner().get(TOPICS).await.ok()
}

pub(crate) async fn asked(app: &TestApp, questions: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut conversations = Vec::new();
    for question in questions {
        let visitor = app.visitor().await;
        visitor.says(&question).await;
        app.item_of(&visitor).await;
        conversations.push(visitor.conversation_id.clone());
    }
    conversations
}

pub(crate) fn all_kinds() -> Vec<String> {
    let all = FILLINGS
        .iter()
        .flat_map(|filling| KINDS.map(|kind| format!("{kind} {filling}?")));
    all.collect()
}

fn items(seen: &Value) -> Vec<Value> {
    seen["items"].as_array().unwrap().clone()
}

async fn patch(app: &TestApp, id: &Value, change: Value) -> Answer {
    let path = format!("{TOPICS}/{}", id.as_str().unwrap());
    app.owner().json(Method::PATCH, &path, change.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_means_the_same_comes_together_and_people_name_merge_and_part_it() {
    let app = TestApp::start().await;
    let first = asked(&app, all_kinds().into_iter().take(31)).await;
    let seen = placed(&app).await;
    assert_eq!(
        (items(&seen).len(), &seen["other"], &seen["questions"]),
        (0, &json!(31), &json!(31))
    );
    asked(&app, all_kinds().into_iter().skip(31)).await;
    let seen = placed(&app).await;
    let found = items(&seen);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|item| item["questions"].as_u64().unwrap() >= 10));
    // Doing it again changes nothing.
    assert_eq!(placed(&app).await, seen);
    // Each opens its questions.
    let id = &found[0]["id"];
    let one = app
        .owner()
        .get(&format!("{TOPICS}/{}", id.as_str().unwrap()))
        .await
        .ok();
    let examples = one["examples"].as_array().unwrap();
    let kind = KINDS
        .iter()
        .find(|kind| examples[0]["question"].as_str().unwrap().starts_with(*kind))
        .unwrap();
    assert!(
        examples
            .iter()
            .all(|example| example["question"].as_str().unwrap().starts_with(kind))
    );
    assert!(first.len() == 31 && one["name"].as_str().unwrap().starts_with(kind));

    let named = patch(&app, id, json!({ "name": "Frobnication" })).await.ok();
    assert_eq!(
        (&named["name"], &named["is_kept"]),
        (&json!("Frobnication"), &json!(true))
    );
    patch(&app, id, json!({ "name": " " })).await.refused(422);
    // The console shows the same, with its trend and what it can become a part of.
    let analyse = app.owner().get("/analyse").await.text();
    let whole = app.owner().get("/analyse/topics").await.text();
    for page in [&analyse, &whole] {
        assert!(page.contains("Frobnication") && page.contains("new: none in the 28 days before"));
    }
    let page = app
        .owner()
        .get(&format!("/analyse/topics/{}", id.as_str().unwrap()))
        .await
        .text();
    assert!(page.contains("Asked 1") && page.contains(kind) && page.contains(found[1]["id"].as_str().unwrap()));

    let (into, other) = (&found[1]["id"], &found[2]["id"]);
    patch(&app, other, json!({ "merged_into": into })).await.ok();
    patch(&app, other, json!({ "merged_into": into })).await.refused(409);
    patch(&app, into, json!({ "merged_into": other })).await.refused(409);
    let merged = items(&placed(&app).await);
    let whole = merged.iter().find(|item| item["id"] == *into).unwrap();
    let both = found[1]["questions"].as_u64().unwrap() + found[2]["questions"].as_u64().unwrap();
    assert_eq!(
        (merged.len(), &whole["questions"], &whole["merged"][0]["id"]),
        (2, &json!(both), other)
    );
    // A link to what was merged leads on.
    let led = app
        .owner()
        .get(&format!("{TOPICS}/{}", other.as_str().unwrap()))
        .await
        .ok();
    assert_eq!(led["id"], *into);

    patch(&app, other, json!({ "merged_into": null })).await.ok();
    patch(&app, other, json!({ "merged_into": null })).await.refused(409);
    let parted = items(&placed(&app).await);
    let counts = |items: &[Value]| {
        let mut counts: Vec<(String, u64)> = { items.iter() }
            .map(|item| (item["id"].to_string(), item["questions"].as_u64().unwrap()))
            .collect();
        counts.sort_unstable();
        counts
    };
    assert_eq!(counts(&parted), counts(&found));
    // Many conversations came before.
    let told: Vec<String> = {
        app.app
            .store()
            .rows(app.workspace.caller.workspace_id)
            .log_after(0, 10_000)
            .await
    }
    .unwrap()
    .into_iter()
    .map(|entry| entry.header.kind)
    .filter(|kind| kind.starts_with("cluster."))
    .collect();
    assert_eq!(told, ["cluster.renamed", "cluster.merged", "cluster.unmerged"]);
}

/// So many conversations a day with a question of each kind, for a quarter; the first kind is asked about three times as often from a week ago on.
pub(crate) async fn a_quarter(app: &TestApp, last: Day) {
    let workspace_id = app.workspace.caller.workspace_id;
    let agent: AgentId = app.app.store().rows(workspace_id).agents().await.unwrap()[0].id;
    let mut sums = Vec::new();
    for ago in 0..84 {
        let day = last.plus(-ago);
        let mut questions = 0;
        for kind in 0..10_i64 {
            let amount = if kind == 0 && ago < 7 {
                15
            } else {
                4 + (ago * 7 + kind * 3) % 3
            };
            questions += amount;
            sums.push(((day, Mark::Cluster(format!("kind-{kind}")), agent, 1), amount));
        }
        for mark in [Mark::Questions, Mark::Matched, Mark::Conversations] {
            sums.push(((day, mark, agent, 1), if ago < 7 { questions - 10 } else { questions }));
        }
    }
    app.app
        .store()
        .write(workspace_id, move |tx| {
            let sums = sums.clone();
            Box::pin(async move {
                tx.add_to_tallies(sums).await?;
                Ok::<_, holdpoint::app::AppError>(Change::Unlogged(()))
            })
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_traffic_is_told_once_with_what_to_do_and_a_person_dismisses_it() {
    let app = TestApp::start().await;
    let workspace_id = app.workspace.caller.workspace_id;
    asked(&app, ["Frobnicate?".to_owned()]).await;
    placed(&app).await;
    let rows = app.app.store().rows(workspace_id);
    let zone = rows.workspace().await.unwrap().unwrap().time_zone;
    let today = Day::of(Clock::now(&*app.clock), &jiff::tz::TimeZone::get(&zone).unwrap());
    // The job looks when the day is over.
    a_quarter(&app, today).await;
    app.advance_ms(DAY_MS);
    let found = eventually("a change", async || {
        let found = items(&app.owner().get(PATTERNS).await.ok());
        (!found.is_empty()).then_some(found)
    })
    .await;
    assert_eq!(found.len(), 1, "{found:?}");
    let change = &found[0];
    assert_eq!((&change["kind"], &change["key"]), (&json!("cluster"), &json!("kind-0")));
    assert_eq!(change["mark"], "cluster:kind-0");
    assert!(change["sentence"].as_str().unwrap().contains("since"), "{change}");
    assert!(change["factor"].as_f64().unwrap() > 2.0);
    // Looked at once a day.
    patterns::look(&app.app, workspace_id).await.unwrap();
    assert_eq!(items(&app.owner().get(PATTERNS).await.ok()), found);
    let log = app.owner().get("/api/v1/log?limit=100").await.ok().to_string();
    assert_eq!(log.matches("pattern.found").count(), 1);
    let path = format!("{PATTERNS}/{}/dismiss", change["id"].as_str().unwrap());
    let dismissed = app.owner().post(&path, &json!({})).await.ok();
    assert_eq!(dismissed["state"], "dismissed");
    app.owner().post(&path, &json!({})).await.refused(409);
    assert_eq!(items(&app.owner().get(PATTERNS).await.ok()), Vec::<Value>::new());
    // The next day it is brought up to date and not told again.
    app.advance_ms(DAY_MS);
    patterns::look(&app.app, workspace_id).await.unwrap();
    // Of the day that has passed since there are no sums: that nobody writes any more is another change.
    let open = items(&app.owner().get(PATTERNS).await.ok());
    assert!(open.iter().all(|change| change["kind"] == "volume"), "{open:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_traffic_there_is_nothing_to_tell() {
    let app = TestApp::start().await;
    let workspace_id = app.workspace.caller.workspace_id;
    let seen = placed(&app).await;
    assert_eq!(
        (items(&seen).len(), &seen["other"], &seen["questions"]),
        (0, &json!(0), &json!(0))
    );
    patterns::look(&app.app, workspace_id).await.unwrap();
    assert_eq!(items(&app.owner().get(PATTERNS).await.ok()), Vec::<Value>::new());
    app.owner().get(&format!("{TOPICS}/{workspace_id}")).await.refused(404);
    let days = Period::ending(Day::from_number(20_000), 1);
    assert!(
        app.app
            .store()
            .rows(workspace_id)
            .tallies(days, None)
            .await
            .unwrap()
            .is_empty()
    );
}
