//! The console and the widget in a real browser: headless Chromium, driven by the scripts of `tests/browser`.
//!
//! Skipped, and said so, where Node, Chromium or playwright-core is missing; `./install.sh test` installs them. Every picture
//! is kept in `target/browser`; `HOLDPOINT_PICTURES=docs/images` also renews those of the README.

mod actions;
mod agency;
mod agents;
mod analyse;
mod answers;
mod checks;
mod comparison;
mod corrections;
mod duty;
mod forms;
mod improve;
mod interrupted;
mod live;
mod node;
mod other_origin;
mod quality;
mod rehearsal;
mod speed;
mod wall;
mod webhooks;

use crate::app::{OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, TestApp, UNDO_MS, VisitorClient, eventually};
use crate::stories::{self, BeforeWidgets};
use holdpoint::app::{accounts, knowledge};
use holdpoint::domain::ids::ItemId;
use holdpoint::store::entity::review_item;
use holdpoint::store::{Change, QueueFilter};
use node::Script;
use other_origin::ShopPage;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// What the ten visitors of the review ask, in the order in which the script expects them.
const QUESTIONS: [&str; 10] = [
    "How much does a tune-up cost?",
    "Are you open on Sundays and bank holidays?",
    "My old chain jumps on every steep hill, is that dangerous, and what will it cost me?",
    "Do you repair e-bikes?",
    "Could you recommend a restaurant for tonight?",
    "How much is it to repair a puncture?",
    "How long does a repair take?",
    "Can I borrow a bike while mine is being repaired?",
    "I would like to talk to a person please",
    "What does a full service cost?",
];
/// What the LLM makes of the third: one figure is in no source.
const COMPOSED: &str = "A chain that jumps under load is usually worn. We measure it for nothing while you wait; a new chain \
                        costs £42 fitted. Until then, please ride gently.";
/// How long after one another they asked, in milliseconds.
const ASKED_EVERY_MS: i64 = 40_000;
const WORKSHOP: &[u8] = include_bytes!("../../examples/demo/repairs.md");
const COLLEAGUE: &str = "jonas@quillhaven.example";

/// Texts that a conversation shows its visitor, with their authors.
async fn said(visitor: &VisitorClient) -> Vec<(String, String)> {
    let conversation = visitor.conversation().await;
    let messages = conversation["messages"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    messages
        .map(|message| (word(&message["author"]), word(&message["text"])))
        .collect()
}

/// The shop with a name, the workshop's handbook, and a second reviewer.
async fn shop() -> TestApp {
    let app = TestApp::start().await;
    let caller = app.workspace.caller.clone();
    let import = knowledge::Import {
        name: "repairs.md".to_owned(),
        collection: "shop".to_owned(),
        format: None,
        bytes: WORKSHOP.to_vec(),
        ..knowledge::Import::default()
    };
    knowledge::import(&app.app, &caller, import).await.unwrap();
    eventually("vectors of the handbook", async || {
        let found = knowledge::search(&app.app, &caller, QUESTIONS[2], None, 1)
            .await
            .unwrap();
        found
            .first()
            .is_some_and(|passage| passage.title.contains("hain"))
            .then_some(())
    })
    .await;
    let renamed = app.app.store().write(caller.workspace_id, |tx| {
        Box::pin(async move {
            let mut row = tx.workspace().await?.unwrap();
            "Quillhaven Cycles".clone_into(&mut row.name);
            tx.update(row).await?;
            Ok::<_, holdpoint::app::AppError>(Change::Unlogged(()))
        })
    });
    renamed.await.unwrap();
    let jonas = json!({ "name": "Jonas", "email": COLLEAGUE, "password": OWNER_PASSWORD, "role": "reviewer" });
    app.owner().post("/api/v1/admin/members", &jonas).await.created();
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_items_are_reviewed_by_keyboard_alone_and_every_page_is_accessible() {
    let Some(script) = Script::find("console-review.mjs") else {
        return;
    };
    let app = shop().await;
    app.engine.answer_next(COMPOSED);
    // They asked one after the other, the last one just now: the browser's clock is the real one.
    app.advance_ms(-ASKED_EVERY_MS * 10);
    let mut visitors = Vec::new();
    for question in QUESTIONS {
        let visitor = app.visitor().await;
        visitor.says(question).await;
        app.advance_ms(ASKED_EVERY_MS);
        app.item_where(|item| item["conversation_id"] == visitor.conversation_id.as_str())
            .await;
        visitors.push(visitor);
    }
    in_the_order_of_asking(&app).await;
    let link = accounts::create_setup_link(&app.app, &app.workspace.caller)
        .await
        .unwrap();

    let script = script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_AGENT", &app.workspace.agent_key)
        .env("HOLDPOINT_SETUP_TOKEN", &link.token)
        .env("HOLDPOINT_COLLEAGUE", COLLEAGUE)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_VISITOR", &visitors[7].token)
        .pictures("console");
    script.run(async |_step| {}).await;
    app.advance_ms(UNDO_MS);

    let answer = async |at: usize| {
        eventually("an answer", async || {
            said(&visitors[at])
                .await
                .into_iter()
                .rfind(|(author, _)| author == "ai" || author == "person")
        })
        .await
    };
    let first = answer(0).await;
    assert!(
        first.0 == "ai" && first.1.starts_with("A standard tune-up costs £65"),
        "approved: {first:?}"
    );
    let second = answer(1).await;
    assert!(
        second.0 == "ai" && second.1.ends_with("Happy riding!"),
        "edited: {second:?}"
    );
    let third = answer(2).await;
    assert!(third.0 == "ai" && third.1.contains("£28"), "corrected: {third:?}");
    assert!(
        said(&visitors[3]).await.iter().all(|(author, _)| author != "ai"),
        "a rejected draft never goes out"
    );
    assert_eq!(
        answer(4).await,
        (
            "person".to_owned(),
            "The tourist office on the quay knows best.".to_owned()
        )
    );
    let sixth = said(&visitors[5]).await;
    assert_eq!(
        sixth.iter().filter(|(author, _)| author == "ai").count(),
        1,
        "undone and approved again is sent once: {sixth:?}"
    );
    let eighth = answer(7).await;
    assert!(
        eighth.1.contains("a helmet comes with it"),
        "what was typed before the visitor wrote again is kept: {eighth:?}"
    );
    assert_eq!(
        answer(9).await,
        ("person".to_owned(), "Hello, this is Ada from the workshop.".to_owned())
    );
    renew_picture("console/queue-light-1280.png", "queue.png").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_reviewers_see_each_other_approve_together_and_lose_no_text() {
    let Some(script) = Script::find("console-team.mjs") else {
        return;
    };
    let app = shop().await;
    let mut items = Vec::new();
    for question in [QUESTIONS[0], QUESTIONS[3]] {
        let visitor = app.visitor().await;
        visitor.says(question).await;
        items.push(app.item_of(&visitor).await);
    }
    let ids: Vec<ItemId> = items
        .iter()
        .map(|item| item["id"].as_str().unwrap().parse().unwrap())
        .collect();
    let first = ids[0];
    let changed = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
        Box::pin(async move {
            let mut row = tx.item(first).await?.unwrap();
            row.terms.0.quorum = 2;
            tx.update(row).await?;
            Ok::<_, holdpoint::app::AppError>(Change::Unlogged(()))
        })
    });
    changed.await.unwrap();
    let jonas = json!({ "name": "Jonas's", "email": COLLEAGUE, "scopes": ["read", "review"] });
    let token = app.owner().post("/api/v1/admin/tokens", &jonas).await.created();
    let jonas = app.anonymous().bearer(token["token"].as_str().unwrap());
    let lease = format!("/api/v1/queue/{}/lease", ids[1]);
    let script = script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_COLLEAGUE", COLLEAGUE)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_FIRST", ids[0].to_string())
        .env("HOLDPOINT_SECOND", ids[1].to_string())
        .pictures("team");
    script
        .run(async |step| match step {
            "look-away" => jonas.delete(&lease).await.done(),
            "typed" => {
                // Her laptop slept for longer than a hold lasts, and a colleague took the item.
                app.owner().delete(&lease).await.done();
                jonas.post(&lease, &json!({})).await.ok();
            }
            _ => {}
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_in_the_widget_on_another_site_is_answered_live() {
    let Some(script) = Script::find("widget-roundtrip.mjs") else {
        return;
    };
    let app = shop().await;
    let base = format!("http://{}", app.address());
    let page = ShopPage::serve(&base, &app.workspace.agent_key).await;
    let agents = app.owner().get("/api/v1/agents").await.ok();
    let mut settings = agents["items"][0]["settings"].clone();
    settings["origins"] = json!([page.origin()]);
    let agent = format!("/api/v1/agents/{}", app.workspace.agent_id);
    app.owner()
        .json(http::Method::PUT, &agent, settings.to_string())
        .await
        .ok();

    let script = script
        .env("HOLDPOINT_BASE", &base)
        .env("HOLDPOINT_AGENT", &app.workspace.agent_key)
        .env("HOLDPOINT_PAGE", page.address())
        .env("HOLDPOINT_QUESTION", QUESTIONS[0])
        .pictures("widget");
    script
        .run(async |step| {
            if step == "checking" {
                let item = app.item_where(|_any| true).await;
                app.decide_for_good(&item, json!({ "kind": "approve" })).await;
            }
        })
        .await;
    renew_picture("widget/widget-answered.png", "widget.png").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_widget_bears_every_fault_of_the_network_and_the_server() {
    let Some(script) = Script::find("widget-faults.mjs") else {
        return;
    };
    script.run(async |_step| {}).await;
}

/// `HOLDPOINT_TEST_SEED=7` plays other stories.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_played_the_widgets_display_what_was_said_in_committed_order() {
    let Some(script) = Script::find("widget-stories.mjs") else {
        return;
    };
    let played = Mutex::new(BeforeWidgets::of(2).await);
    let script = {
        let played = played.lock().await;
        script
            .env("HOLDPOINT_BASE", played.base())
            .env("HOLDPOINT_AGENT", played.agent())
            .env("HOLDPOINT_VISITORS", played.tokens())
            .env("HOLDPOINT_LAST_WORDS", stories::LAST_WORDS)
    };
    script
        .run(async |step| {
            if step == "open" {
                played
                    .lock()
                    .await
                    .play(stories::number("HOLDPOINT_TEST_SEED").unwrap_or(1))
                    .await;
            }
        })
        .await;
}

/// `cargo test --release --test it -- --ignored --nocapture browser::how_soon`: prints the figures of `docs/performance.md`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, for a quiet machine and a release build"]
async fn how_soon_the_next_item_is_painted_with_ten_thousand_waiting() {
    let Some(script) = Script::find("queue-speed.mjs") else {
        return;
    };
    let app = shop().await;
    speed::plant(&app, 10_000).await;
    let figures = script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .run_to_its_last_line()
        .await;
    eprintln!("{figures}");
}

/// The script knows the questions in the order in which they were asked: nobody has a head start.
async fn in_the_order_of_asking(app: &TestApp) {
    let changed = app.app.store().write(app.workspace.caller.workspace_id, |tx| {
        Box::pin(async move {
            for item in tx.queue(&QueueFilter::default(), None, 100).await? {
                tx.update(review_item::Model {
                    rank_at: item.waiting_since,
                    ..item
                })
                .await?;
            }
            Ok::<_, holdpoint::app::AppError>(Change::Unlogged(()))
        })
    });
    changed.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_has_a_person_whenever_they_want_and_the_ai_answers_again_after_the_hand_back() {
    let Some(script) = Script::find("override.mjs") else {
        return;
    };
    let app = shop().await;
    let base = format!("http://{}", app.address());
    let hours = json!({ "shortcut": "hours", "text": "We open at nine, dear visitor." });
    app.owner().post("/api/v1/canned-replies", &hours).await.created();
    let link = super::in_charge::mailed_link(&app, "Your bicycle is ready.").await;
    script
        .env("HOLDPOINT_BASE", &base)
        .env("HOLDPOINT_AGENT", &app.workspace.agent_key)
        .env("HOLDPOINT_COLLEAGUE", COLLEAGUE)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_QUESTION", QUESTIONS[0])
        .env("HOLDPOINT_LINK", &link)
        .pictures("override")
        .run(async |_step| {})
        .await;
    let log = app.owner().get("/api/v1/log?limit=200").await.ok().to_string();
    assert!(log.contains("visitor.returned"), "their way back is noticed");
    for name in ["email", "live", "conversation", "rating"] {
        let taken = format!("override/override-{name}.png");
        renew_picture(&taken, &format!("override-{name}.png")).await;
    }
}

/// Puts a picture among those of the README when it is asked for, small enough to be committed.
async fn renew_picture(taken: &str, name: &str) {
    let Some(directory) = std::env::var_os("HOLDPOINT_PICTURES") else {
        return;
    };
    let directory = node::repository().join(directory);
    std::fs::create_dir_all(&directory).unwrap();
    let script = Script::find("shrink.mjs").unwrap();
    script
        .arg(node::pictures().join(taken))
        .arg(directory.join(name))
        .run(async |_step| {})
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_sets_up_the_escalation_chain_by_keyboard_alone() {
    let Some(script) = Script::find("console-chain.mjs") else {
        return;
    };
    let app = shop().await;
    let link = accounts::create_setup_link(&app.app, &app.workspace.caller)
        .await
        .unwrap();
    let script = script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_SETUP_TOKEN", &link.token)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .env("HOLDPOINT_COLLEAGUE", COLLEAGUE)
        .pictures("chain");
    script.run(async |_step| {}).await;
    let team = app.owner().get("/api/v1/team/settings").await.ok();
    assert_eq!(
        (&team["assign"], &team["most_each"], &team["waiting_per_address"]),
        (&json!(true), &json!(4), &json!(20))
    );
    let chain = json!([
        { "after_ms": 300_000, "to": [], "mail": false },
        { "after_ms": 900_000, "to": [COLLEAGUE], "mail": true, "webhook": "https://hooks.shop.example/holdpoint" },
    ]);
    assert_eq!(team["escalation"], chain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_writes_tries_and_applies_a_policy_by_keyboard_alone() {
    let Some(script) = Script::find("console-policy.mjs") else {
        return;
    };
    let app = shop().await;
    for question in [QUESTIONS[0], OPENING_HOURS] {
        let visitor = app.visitor().await;
        visitor.says(question).await;
        app.item_of(&visitor).await;
    }
    let link = accounts::create_setup_link(&app.app, &app.workspace.caller)
        .await
        .unwrap();
    let script = script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_SETUP_TOKEN", &link.token)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .pictures("policy");
    script.run(async |_step| {}).await;
    let path = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    let policy = app.owner().get(&path).await.ok();
    assert_eq!(
        (policy["version"].as_i64(), policy["by"].as_str()),
        (Some(1), Some("Ada Quill"))
    );
    assert_eq!(policy["document"]["rule"][0]["then"], "hand_off");
    assert_eq!(app.owner().get("/api/v1/gate").await.ok()["state"], "closed");
}
