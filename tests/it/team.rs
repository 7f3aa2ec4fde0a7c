//! A team at the queue: several who approve, who may decide, what follows at a deadline, spam, and who is given what.

use crate::app::{Client, OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, TestApp, UNDO_MS, VisitorClient, eventually};
use crate::smtp::SmtpServer;
use holdpoint::app::AppError;
use holdpoint::app::visit::{self, AddressMark};
use holdpoint::domain::ids::ItemId;
use holdpoint::domain::policy::{Fallback, Terms};
use holdpoint::store::entity::review_item;
use holdpoint::store::{Change, JobKind, Json};
use holdpoint::web::WebSettings;
use serde_json::{Value, json};
use std::net::IpAddr;

/// How long a draft waits unless its terms say otherwise.
const HOLD_MS: i64 = 15 * 60_000;

/// A colleague of the owner.
async fn colleague(app: &TestApp, name: &str) -> Client {
    let email = format!("{name}@quillhaven.example");
    let new = json!({ "email": email, "name": name, "password": OWNER_PASSWORD, "role": "reviewer" });
    app.owner().post("/api/v1/admin/members", &new).await.created();
    let wish = json!({ "name": "a program", "email": email, "scopes": ["read", "review"] });
    let token = app.owner().post("/api/v1/admin/tokens", &wish).await.created();
    app.anonymous().bearer(token["token"].as_str().unwrap())
}

async fn member_id(app: &TestApp, email: &str) -> String {
    let team = app.owner().get("/api/v1/team").await.ok();
    let member = team["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|member| member["email"] == email);
    member.unwrap()["id"].as_str().unwrap().to_owned()
}

fn path(item: &Value) -> String {
    format!("/api/v1/queue/{}", item["id"].as_str().unwrap())
}

/// Somebody asked, and what the AI drafted waits under these terms, as a policy would have it.
async fn asked_under(app: &TestApp, terms: Terms) -> (VisitorClient, Value) {
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    let id: ItemId = item["id"].as_str().unwrap().parse().unwrap();
    let workspace_id = app.workspace.caller.workspace_id;
    let changed = app.app.store().write(workspace_id, move |tx| {
        let terms = terms.clone();
        Box::pin(async move {
            let row = tx.item(id).await?.unwrap();
            let kept = Terms {
                deadline_ms: terms.deadline_ms.or(row.terms.0.deadline_ms),
                ..terms
            };
            tx.update(review_item::Model {
                terms: Json(kept),
                ..row
            })
            .await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    changed.await.unwrap();
    let item = app.owner().get(&path(&item)).await.ok();
    (visitor, item)
}

async fn decide(client: &Client, item: &Value, wish: Value) -> crate::app::Answer {
    let mut whole = json!({ "revision": item["revision"], "wording": item["wording"] });
    whole.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
    client.post(&format!("{}/outcome", path(item)), &whole).await
}

fn of_two() -> Terms {
    Terms {
        quorum: 2,
        ..Terms::default()
    }
}

#[tokio::test]
async fn two_people_approve_the_same_text_before_it_goes_out() {
    let app = TestApp::start().await;
    let otto = colleague(&app, "Otto").await;
    let (visitor, item) = asked_under(&app, of_two()).await;
    let first = app.decide(&item, json!({ "kind": "approve" })).await.ok();
    assert_eq!((&first["outcome_id"], &first["missing"]), (&Value::Null, &json!(1)));
    app.decide(&item, json!({ "kind": "approve" })).await.refused(409);
    app.advance_ms(UNDO_MS);
    let now = otto.get(&path(&item)).await.ok();
    assert_eq!((&now["state"], &now["approved_by"]), (&json!("open"), &json!(["Mia"])));
    assert_eq!(visitor.conversation().await["seq"], 1, "one approval sends nothing");

    let second = decide(&otto, &now, json!({ "kind": "approve" })).await.ok();
    assert_eq!(second["missing"], 0);
    app.advance_ms(UNDO_MS);
    let answer = visitor.answer_above(1).await;
    assert_eq!(
        (&answer["author"], &answer["text"]),
        (&json!("ai"), &item["draft"]["text"])
    );
}

#[tokio::test]
async fn an_edit_restarts_the_count_and_the_next_one_sees_it_before_approving() {
    let app = TestApp::start().await;
    let otto = colleague(&app, "Otto").await;
    let (visitor, item) = asked_under(&app, of_two()).await;
    app.decide(&item, json!({ "kind": "approve" })).await.ok();
    let text = "Tuesday to Saturday, from nine.";
    let edited = decide(
        &otto,
        &item,
        json!({ "kind": "edit", "text": text, "reasons": ["tone"] }),
    )
    .await
    .ok();
    assert_eq!(edited["missing"], 1);

    // Mia still has the old text before her eyes.
    let stale = app.decide(&item, json!({ "kind": "approve" })).await.refused(409);
    assert_eq!(
        (&stale["wording"], &stale["text"], &stale["edited_by"]),
        (&json!(1), &json!(text), &json!("Otto"))
    );
    let now = app.owner().get(&path(&item)).await.ok();
    assert_eq!(
        (&now["edited_text"], &now["approved_by"]),
        (&json!(text), &json!(["Otto"]))
    );
    decide(&app.owner(), &now, json!({ "kind": "approve" })).await.ok();
    app.advance_ms(UNDO_MS);
    assert_eq!(visitor.answer_above(1).await["text"], text);
    let whole = app
        .owner()
        .get(&format!("/api/v1/conversations/{}", visitor.conversation_id))
        .await
        .ok();
    let outcome = &whole["items"][0]["outcomes"][0];
    assert_eq!(
        (&outcome["kind"], &outcome["by"], &outcome["verdict"]),
        (&json!("edit"), &json!("Mia"), &json!("acceptable")),
        "what goes out is an edit, judged by whoever wrote it"
    );
}

#[tokio::test]
async fn an_approval_is_taken_back_and_a_rejection_ends_it_for_all() {
    let app = TestApp::start().await;
    let otto = colleague(&app, "Otto").await;
    let (_visitor, item) = asked_under(&app, of_two()).await;
    let undo = format!("{}/undo", path(&item));
    app.decide(&item, json!({ "kind": "approve" })).await.ok();
    otto.post(&undo, &json!({})).await.refused(409);
    app.owner().post(&undo, &json!({})).await.ok();
    assert_eq!(app.owner().get(&path(&item)).await.ok()["approved_by"], json!([]));
    app.decide(&item, json!({ "kind": "approve" })).await.ok();
    let rejected = decide(&otto, &item, json!({ "kind": "reject" })).await.ok();
    assert!(rejected["outcome_id"].is_string());
}

#[tokio::test]
async fn only_those_the_terms_name_decide_and_anybody_takes_over() {
    let app = TestApp::start().await;
    let otto = colleague(&app, "Otto").await;
    let ina = colleague(&app, "Ina").await;
    let terms = Terms {
        approvers: vec!["Refunds".to_owned()],
        ..Terms::default()
    };
    let ina_id = member_id(&app, "ina@quillhaven.example").await;
    let profile = format!("/api/v1/team/members/{ina_id}");
    otto.json(
        http::Method::PUT,
        &profile,
        json!({ "skills": ["refunds"] }).to_string(),
    )
    .await
    .refused(403);
    app.owner()
        .json(
            http::Method::PUT,
            &profile,
            json!({ "skills": [" Refunds "] }).to_string(),
        )
        .await
        .ok();
    let (_visitor, item) = asked_under(&app, terms.clone()).await;
    for kind in ["approve", "reject"] {
        let refused = decide(&otto, &item, json!({ "kind": kind })).await.refused(409);
        assert!(refused["detail"].as_str().unwrap().contains("others"), "{refused}");
    }
    assert_eq!(otto.get(&path(&item)).await.ok()["may_decide"], false);
    assert_eq!(ina.get(&path(&item)).await.ok()["may_decide"], true);
    decide(&ina, &item, json!({ "kind": "approve" })).await.ok();

    let (_visitor, item) = asked_under(&app, terms).await;
    decide(&otto, &item, json!({ "kind": "take_over" })).await.ok();
}

#[tokio::test]
async fn whoever_may_not_decide_keeps_nobody_away_and_ends_nothing() {
    let app = TestApp::start().await;
    let otto = colleague(&app, "Otto").await;
    let ina = colleague(&app, "Ina").await;
    let terms = Terms {
        approvers: vec!["ina@quillhaven.example".to_owned()],
        ..Terms::default()
    };
    let (visitor, item) = asked_under(&app, terms).await;
    let lease = format!("{}/lease", path(&item));
    let refused = otto.post(&lease, &json!({})).await.refused(409);
    assert!(refused["detail"].as_str().unwrap().contains("others"), "{refused}");
    for what in ["close", "spam"] {
        let end = format!("/api/v1/conversations/{}/{what}", visitor.conversation_id);
        otto.post(&end, &json!({})).await.refused(409);
    }
    ina.post(&lease, &json!({})).await.ok();
    for what in ["close", "spam"] {
        let end = format!("/api/v1/conversations/{}/{what}", visitor.conversation_id);
        let refused = app.owner().post(&end, &json!({})).await.refused(409);
        assert!(!refused["detail"].as_str().unwrap().is_empty());
    }
    decide(&ina, &item, json!({ "kind": "approve" })).await.ok();
}

#[tokio::test]
async fn a_conversation_is_not_ended_under_the_eyes_of_a_colleague() {
    let app = TestApp::start().await;
    let ina = colleague(&app, "Ina").await;
    let (visitor, item) = asked_under(&app, Terms::default()).await;
    ina.post(&format!("{}/lease", path(&item)), &json!({})).await.ok();
    for what in ["close", "spam"] {
        let end = format!("/api/v1/conversations/{}/{what}", visitor.conversation_id);
        let refused = app.owner().post(&end, &json!({})).await.refused(409);
        assert_eq!(refused["leased_by"], "Ina", "{refused}");
    }
    let close = format!("/api/v1/conversations/{}/close", visitor.conversation_id);
    ina.post(&close, &json!({})).await.ok();
}

#[tokio::test]
async fn each_fallback_tells_the_visitor_something_else_and_none_approves() {
    let app = TestApp::start().await;
    let _server = SmtpServer::of(&app).await;
    let cases = [
        (Fallback::HandOff, "colleague answer this", "handoff"),
        (Fallback::HoldingMessage, "longer than usual", "gate"),
        (Fallback::TakeEmail, "e-mail address", "handoff"),
        (Fallback::Refuse, "cannot help", ""),
    ];
    for (fallback, words, waits) in cases {
        let terms = Terms {
            fallback,
            ..Terms::default()
        };
        let (visitor, item) = asked_under(&app, terms).await;
        // Somebody is there at the deadline.
        app.advance_ms(HOLD_MS - 30_000);
        app.owner().post("/api/v1/presence", &json!({})).await.ok();
        app.advance_ms(30_000);
        let notice = visitor.answer_above(1).await;
        assert_eq!(notice["author"], "system", "{fallback:?}");
        assert!(
            notice["text"].as_str().unwrap().contains(words),
            "{fallback:?}: {notice}"
        );
        let queue = app.owner().get("/api/v1/queue?limit=200").await.ok();
        let waiting = queue["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|other| other["conversation_id"] == item["conversation_id"]);
        assert_eq!(
            waiting.map_or("", |item| item["kind"].as_str().unwrap()),
            waits,
            "{fallback:?}"
        );
    }
}

#[tokio::test]
async fn a_visitor_is_told_once_that_it_takes_longer_and_the_draft_can_still_go_out() {
    let app = TestApp::start().await;
    let terms = Terms {
        fallback: Fallback::HoldingMessage,
        ..Terms::default()
    };
    let (visitor, item) = asked_under(&app, terms).await;
    app.advance_ms(HOLD_MS);
    visitor.answer_above(1).await;
    let moved = app.owner().get(&path(&item)).await.ok();
    assert!(moved["deadline_at"].as_i64() > item["deadline_at"].as_i64());
    app.advance_ms(HOLD_MS + 60_000);
    eventually("the next deadline", async || {
        let now = app.owner().get(&path(&item)).await.ok();
        (now["deadline_at"].as_i64() > moved["deadline_at"].as_i64()).then_some(())
    })
    .await;
    assert_eq!(visitor.conversation().await["seq"], 2, "said once");
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    assert_eq!(visitor.answer_above(2).await["author"], "ai");
}

#[tokio::test]
async fn a_deadline_survives_a_restart_and_a_clock_that_jumps() {
    let app = TestApp::start().await;
    let (visitor, item) = asked_under(&app, Terms::default()).await;
    // Back by a day: nothing happens, and nobody is kept away by a lease from the future.
    app.owner()
        .post(&format!("{}/lease", path(&item)), &json!({}))
        .await
        .ok();
    app.advance_ms(-24 * 3_600_000);
    let otto = colleague(&app, "Otto").await;
    otto.post(&format!("{}/lease", path(&item)), &json!({})).await.ok();
    assert_eq!(app.owner().get(&path(&item)).await.ok()["state"], "open");
    // A row is all there is: whoever starts next finds it.
    let jobs = app.app.store().next_jobs(100).await.unwrap();
    let deadline = item["deadline_at"].as_i64().unwrap();
    assert!(jobs.iter().any(|job| job.run_at.0 == deadline), "{jobs:?}");
    // Forward by a year: it ends with a handoff, once, and nothing was sent by that.
    app.advance_ms(365 * 24 * 3_600_000);
    visitor.answer_above(1).await;
    let said = visitor.conversation().await;
    let authors: Vec<&str> = said["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["author"].as_str().unwrap())
        .collect();
    assert_eq!(authors, ["visitor", "system"]);
}

#[tokio::test]
async fn spam_leaves_the_queue_the_ai_drafts_nothing_and_it_can_be_taken_back() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    let spam = format!("/api/v1/conversations/{}/spam", visitor.conversation_id);
    app.owner().delete(&spam).await.refused(409);
    app.owner().post(&spam, &json!({})).await.ok();
    app.owner().post(&spam, &json!({})).await.refused(409);
    assert_eq!(app.owner().get("/api/v1/queue").await.ok()["items"], json!([]));
    assert_eq!(
        app.owner().get("/api/v1/spam").await.ok()["items"],
        json!([visitor.conversation_id])
    );
    visitor.says("Hello? Is anybody there?").await;
    app.advance_ms(60_000);
    app.decide(&item, json!({ "kind": "approve" })).await.refused(409);
    let drafts = async || {
        let path = format!("/api/v1/conversations/{}", visitor.conversation_id);
        app.owner().get(&path).await.ok()["drafts"].as_array().unwrap().len()
    };
    assert_eq!(drafts().await, 1, "the AI drafts nothing for spam");

    app.owner().delete(&spam).await.done();
    let again = app.item_of(&visitor).await;
    assert_eq!((&again["revision"], drafts().await), (&json!(2), 2));
}

#[tokio::test]
async fn a_flood_from_one_address_does_not_bury_the_team() {
    let app = TestApp::start().await;
    let settings = json!({ "waiting_per_address": 3 });
    app.owner()
        .json(http::Method::PUT, "/api/v1/team/settings", settings.to_string())
        .await
        .ok();
    let writes = async |address: [u8; 4]| {
        let mark = AddressMark::of(&app.app, IpAddr::from(address));
        let started = visit::start(&app.app, &app.workspace.agent_key, Some(mark))
            .await
            .unwrap();
        let visitor = visit::visitor_of_token(&app.app, &started.token)
            .await
            .unwrap()
            .unwrap();
        visit::post(&app.app, &visitor, "c-1", OPENING_HOURS).await.unwrap();
        visitor
    };
    let mut bots = Vec::new();
    for _ in 0..10 {
        bots.push(writes([192, 0, 2, 1]).await);
    }
    let other = writes([192, 0, 2, 2]).await;
    app.advance_ms(crate::app::QUIET_MS);
    let waiting = eventually("drafts of those who are let in", async || {
        let queue = app.owner().get("/api/v1/queue?limit=200").await.ok();
        let items = queue["items"].as_array().unwrap().clone();
        (items.len() >= 4).then_some(items)
    })
    .await;
    assert_eq!(waiting.len(), 4);
    assert!(
        waiting
            .iter()
            .any(|item| item["conversation_id"] == other.conversation_id.to_string())
    );
    let spam = app.owner().get("/api/v1/spam").await.ok();
    assert_eq!(spam["items"].as_array().unwrap().len(), 7);
    let status = visit::status(&app.app, &bots[9]).await.unwrap();
    assert_eq!(status.phase, visit::Phase::WaitingForPerson);
    // Who waits already may go on writing, and one answered makes room for one more.
    visit::post(&app.app, &bots[0], "c-2", "And on Sundays?").await.unwrap();
    assert_eq!(
        app.owner().get("/api/v1/spam").await.ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        7
    );
}

/// The lines of a page of conversations that counts as spam.
async fn spam_page(app: &TestApp) -> String {
    app.owner().get("/conversations?spam=true").await.text()
}

#[tokio::test]
async fn visitors_behind_the_owners_proxy_are_told_apart_and_what_is_put_aside_is_found_and_taken_back() {
    let proxies = |settings: &mut WebSettings| settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::builder().settings(proxies).start().await;
    let settings = json!({ "waiting_per_address": 2 });
    app.owner()
        .json(http::Method::PUT, "/api/v1/team/settings", settings.to_string())
        .await
        .ok();
    let start = format!("/widget/v1/agents/{}/conversations", app.workspace.agent_key);
    let writes = async |forwarded: &str| {
        let client = app.anonymous().with("X-Forwarded-For", forwarded);
        let started = client.post(&start, &json!({})).await.created();
        let client = client.bearer(started["token"].as_str().unwrap());
        let message = json!({ "client_id": "c-1", "text": OPENING_HOURS });
        client.post("/widget/v1/messages", &message).await.created();
        started["conversation_id"].as_str().unwrap().to_owned()
    };
    for nth in 1..6 {
        writes(&format!("192.0.2.{nth}")).await;
    }
    assert_eq!(app.owner().get("/api/v1/spam").await.ok()["items"], json!([]));
    assert!(spam_page(&app).await.contains("No spam"));
    // What a visitor writes into the header is not believed: only what the proxy added behind it.
    let mut flood = String::new();
    for nth in 1..4 {
        flood = writes(&format!("198.51.100.{nth}, 192.0.2.99")).await;
    }
    assert_eq!(app.owner().get("/api/v1/spam").await.ok()["items"], json!([flood]));
    assert_eq!(app.owner().get("/api/v1/status").await.ok()["floods"], 1);
    let listed = app.owner().get("/api/v1/conversations?spam=true&limit=10").await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&listed["items"][0]["id"], &listed["items"][0]["spam"]),
        (&json!(flood), &json!("flood"))
    );
    let page = spam_page(&app).await;
    assert!(
        page.contains(&flood) && page.contains("too many at once from one address"),
        "{page}"
    );
    assert!(page.contains(&format!("data-no-spam=\"{flood}\"")));
    let clear = format!("/api/v1/conversations/{flood}/spam");
    app.owner().delete(&clear).await.done();
    assert!(!spam_page(&app).await.contains(&flood));
}

#[tokio::test]
async fn what_waits_is_given_to_who_is_there_in_turn_and_given_back_when_they_leave() {
    let app = TestApp::start().await;
    let otto = colleague(&app, "Otto").await;
    app.owner().post("/api/v1/presence", &json!({})).await.ok();
    otto.post("/api/v1/presence", &json!({})).await.ok();
    let mut given: Vec<String> = Vec::new();
    for _ in 0..4 {
        let visitor = app.visitor().await;
        visitor.says(OPENING_HOURS).await;
        let item = app.item_of(&visitor).await;
        let name = eventually("an assignment", async || {
            app.owner().get(&path(&item)).await.ok()["assigned"]["name"]
                .as_str()
                .map(str::to_owned)
        })
        .await;
        given.push(name);
    }
    given.sort();
    assert_eq!(given, ["Mia", "Mia", "Otto", "Otto"]);
    let mine = otto.get("/api/v1/queue?mine=true").await.ok();
    assert_eq!(mine["items"].as_array().unwrap().len(), 2);

    otto.delete("/api/v1/presence").await.done();
    eventually("Otto's items to be Mia's, as far as she has room", async || {
        let team = app.owner().get("/api/v1/team").await.ok();
        let load = |name: &str| {
            team["items"]
                .as_array()
                .unwrap()
                .iter()
                .find(|m| m["name"] == name)
                .unwrap()["load"]
                .as_i64()
        };
        (load("Otto") == Some(0) && load("Mia") == Some(3)).then_some(())
    })
    .await;
    // Whoever does not work now is given nothing, though their page is open.
    let owner_id = member_id(&app, OWNER_EMAIL).await;
    app.owner()
        .json(
            http::Method::PUT,
            &format!("/api/v1/team/members/{owner_id}"),
            json!({ "available": false }).to_string(),
        )
        .await
        .ok();
    eventually("everything to be given back", async || {
        let queue = app.owner().get("/api/v1/queue").await.ok();
        let free = queue["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["assigned"].is_null());
        free.then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_queue_is_filtered_and_whoever_wants_a_person_comes_first() {
    let app = TestApp::start().await;
    let (_first, draft) = asked_under(&app, Terms::default()).await;
    let visitor = app.visitor().await;
    visitor.says("I would like to talk to a person please").await;
    let wanted = app.item_of(&visitor).await;
    let ids = async |query: &str| {
        let queue = app.owner().get(&format!("/api/v1/queue{query}")).await.ok();
        let items = queue["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, [wanted["id"].clone(), draft["id"].clone()]);
    assert_eq!(ids("?kind=gate").await, [draft["id"].clone()]);
    assert_eq!(ids("?kind=handoff").await, [wanted["id"].clone()]);
    assert_eq!(ids("?reason=customer_request").await, [wanted["id"].clone()]);
    assert_eq!(ids("?overdue=true").await, Vec::<Value>::new());
    assert_eq!(ids(&format!("?agent={}", app.workspace.agent_id)).await.len(), 2);
    app.owner().get("/api/v1/queue?kind=nonsense").await.refused(400);
}

#[tokio::test]
async fn the_teams_settings_are_kept_or_refused_in_words() {
    let app = TestApp::start().await;
    let put = async |wish: Value| {
        app.owner()
            .json(http::Method::PUT, "/api/v1/team/settings", wish.to_string())
            .await
    };
    let chain = json!({ "most_each": 5, "escalation": [{ "after_ms": 300_000, "to": ["refunds"] }] });
    put(chain).await.ok();
    let kept = app.owner().get("/api/v1/team/settings").await.ok();
    assert_eq!(
        (&kept["most_each"], &kept["escalation"][0]["to"]),
        (&json!(5), &json!(["refunds"]))
    );
    put(json!({ "most_each": 0 })).await.refused(422);
    put(json!({ "escalation": [{ "after_ms": 5 }] })).await.refused(422);
    let otto = colleague(&app, "Otto").await;
    otto.json(http::Method::PUT, "/api/v1/team/settings", json!({}).to_string())
        .await
        .refused(403);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_chain_is_told_at_once_and_at_its_field() {
    let app = TestApp::start().await;
    let chain = json!({ "most_each": 0, "escalation": [
        { "after_ms": 5 },
        { "after_ms": 300_000, "to": ["gone@quillhaven.example", "refunds"], "webhook": "http://10.0.0.7/hooks" },
        { "after_ms": i64::MAX, "webhook": "not an address" },
    ] });
    let refused = set_chain(&app, &chain).await.refused(422);
    let problems = refused["problems"].as_array().unwrap();
    let paths: Vec<&str> = problems
        .iter()
        .map(|problem| problem["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "most_each",
            "escalation[0].after_ms",
            "escalation[2].after_ms",
            "escalation[1].to",
            "escalation[1].webhook",
            "escalation[2].webhook",
        ],
        "{refused}"
    );
    let says = |nth: usize| problems[nth]["says"].as_str().unwrap();
    assert!(
        says(3).contains("not a member") && says(4).contains("https://"),
        "{refused}"
    );
    let kept = app.owner().get("/api/v1/team/settings").await.ok();
    assert_eq!((&kept["most_each"], &kept["escalation"]), (&json!(3), &json!([])));
}

#[tokio::test]
async fn what_waits_for_long_is_given_to_whom_the_chain_names() {
    let app = TestApp::start().await;
    let otto = colleague(&app, "Otto").await;
    let settings = json!({ "assign": false, "escalation": [{ "after_ms": 300_000, "to": ["otto@quillhaven.example"], "mail": true }] });
    app.owner()
        .json(http::Method::PUT, "/api/v1/team/settings", settings.to_string())
        .await
        .ok();
    let (_visitor, item) = asked_under(&app, Terms::default()).await;
    app.advance_ms(290_000);
    otto.post("/api/v1/presence", &json!({})).await.ok();
    app.advance_ms(11_000);
    let name = eventually("the chain's first step", async || {
        app.owner().get(&path(&item)).await.ok()["assigned"]["name"]
            .as_str()
            .map(str::to_owned)
    })
    .await;
    assert_eq!(name, "Otto");
    let log = app.owner().get("/api/v1/log?limit=200").await.ok();
    let told = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .any(|entry| entry["kind"] == "review.escalated");
    assert!(told, "{log}");
    let mails = app.owner().get("/api/v1/mails").await.ok();
    assert_eq!(mails["items"].as_array().map(Vec::len), Some(1), "{mails}");
    assert_eq!(mails["items"][0]["to"], "otto@quillhaven.example", "{mails}");
}

async fn set_chain(app: &TestApp, settings: &Value) -> crate::app::Answer {
    app.owner()
        .json(http::Method::PUT, "/api/v1/team/settings", settings.to_string())
        .await
}

async fn escalations(app: &TestApp) -> usize {
    let log = app.owner().get("/api/v1/log?limit=200").await.ok();
    let entries = log["items"].as_array().unwrap().iter();
    entries.filter(|entry| entry["kind"] == "review.escalated").count()
}

/// To whom something waiting is given once the chain's only step is due, five minutes after it came.
async fn given_after_five_minutes(app: &TestApp, item: &Value, there: &[&Client]) -> String {
    app.advance_ms(290_000);
    for client in there {
        client.post("/api/v1/presence", &json!({})).await.ok();
    }
    app.advance_ms(11_000);
    eventually("the chain's first step", async || {
        app.owner().get(&path(item)).await.ok()["assigned"]["name"]
            .as_str()
            .map(str::to_owned)
    })
    .await
}

/// Decisions can be undone for this long.
async fn undone_within(app: &TestApp, undo_ms: i64) {
    let changed = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
        Box::pin(async move {
            let mut row = tx.workspace().await?.unwrap();
            row.settings.0.undo_ms = undo_ms;
            tx.update(row).await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    changed.await.unwrap();
}

#[tokio::test]
async fn a_step_that_falls_into_an_undo_window_is_taken_after_the_undo() {
    let app = TestApp::start().await;
    let chain = json!({ "assign": false, "escalation": [{ "after_ms": 300_000, "mail": true }] });
    set_chain(&app, &chain).await.ok();
    undone_within(&app, 120_000).await;
    let (_visitor, item) = asked_under(&app, Terms::default()).await;
    app.advance_ms(240_000);
    app.decide(&item, json!({ "kind": "approve" })).await.ok();
    app.advance_ms(60_000);
    eventually("the step to be put off", async || {
        let now = app.app.store().sources().clock.now();
        let jobs = app.app.store().next_jobs(100).await.unwrap();
        let is_put_off = jobs.iter().any(|job| job.kind == JobKind::Escalate && job.run_at > now);
        is_put_off.then_some(())
    })
    .await;
    assert_eq!(escalations(&app).await, 0, "somebody has decided");
    app.owner()
        .post(&format!("{}/undo", path(&item)), &json!({}))
        .await
        .ok();
    app.advance_ms(61_000);
    eventually("the step after the undo", async || {
        (escalations(&app).await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_chain_that_names_a_stranger_is_refused_and_one_that_fits_nobody_tells_who_manages() {
    let app = TestApp::start().await;
    let _otto = colleague(&app, "Otto").await;
    let chain =
        |name: &str| json!({ "assign": false, "escalation": [{ "after_ms": 300_000, "to": [name], "mail": true }] });
    let refused = set_chain(&app, &chain("gone@quillhaven.example")).await.refused(422);
    assert!(
        refused["detail"].as_str().unwrap().contains("not a member"),
        "{refused}"
    );
    set_chain(&app, &chain(" Otto@quillhaven.example ")).await.ok();
    set_chain(&app, &chain("tax")).await.ok();
    let (_visitor, _item) = asked_under(&app, Terms::default()).await;
    app.advance_ms(301_000);
    let mails = eventually("a mail", async || {
        let mails = app.owner().get("/api/v1/mails").await.ok();
        (mails["items"].as_array().map(Vec::len) == Some(1)).then_some(mails)
    })
    .await;
    assert_eq!(mails["items"][0]["to"], OWNER_EMAIL, "{mails}");
}

#[tokio::test]
async fn the_chain_gives_nothing_to_who_may_not_decide_or_has_approved_already() {
    let app = TestApp::start().await;
    let (owner, otto) = (app.owner(), colleague(&app, "Otto").await);
    let ina = colleague(&app, "Ina").await;
    set_chain(
        &app,
        &json!({ "assign": false, "escalation": [{ "after_ms": 300_000 }] }),
    )
    .await
    .ok();
    // Of equals the one who joined first would be given it: that is Mia.
    let terms = Terms {
        approvers: vec!["ina@quillhaven.example".to_owned()],
        ..Terms::default()
    };
    let (_visitor, item) = asked_under(&app, terms).await;
    assert_eq!(
        given_after_five_minutes(&app, &item, &[&owner, &otto, &ina]).await,
        "Ina"
    );

    let (_visitor, item) = asked_under(&app, of_two()).await;
    app.decide(&item, json!({ "kind": "approve" })).await.ok();
    ina.delete("/api/v1/presence").await.done();
    assert_eq!(given_after_five_minutes(&app, &item, &[&owner, &otto]).await, "Otto");
}

#[tokio::test]
async fn the_secret_in_a_programs_address_is_neither_logged_nor_shown_to_who_does_not_administer() {
    let app = TestApp::start().await;
    let url = "https://hooks.shop.example/holdpoint?key=hidden";
    let chain = json!({ "escalation": [{ "after_ms": 300_000, "webhook": url }] });
    set_chain(&app, &chain).await.ok();
    let of = async |client: &Client| {
        let settings = client.get("/api/v1/team/settings").await.ok();
        settings["escalation"][0]["webhook"].as_str().unwrap().to_owned()
    };
    assert_eq!(of(&app.owner()).await, url);
    assert_eq!(
        of(&app.program(&["read"]).await).await,
        "https://hooks.shop.example/holdpoint"
    );
    let log = app.owner().get("/api/v1/log?limit=200").await.ok().to_string();
    assert!(log.contains("team.changed") && !log.contains("hidden"), "{log}");
}

#[tokio::test]
async fn each_member_keeps_how_they_like_their_queue() {
    let app = TestApp::start().await;
    let otto = colleague(&app, "Otto").await;
    let desk = json!({ "views": [{ "name": "Mine", "query": "mine=true" }], "sound": true });
    assert_eq!(otto.get("/api/v1/team/desk").await.ok(), json!({}));
    otto.json(http::Method::PUT, "/api/v1/team/desk", desk.to_string())
        .await
        .ok();
    assert_eq!(otto.get("/api/v1/team/desk").await.ok(), desk);
    assert_eq!(app.owner().get("/api/v1/team/desk").await.ok(), json!({}));
    otto.json(http::Method::PUT, "/api/v1/team/desk", json!(["no object"]).to_string())
        .await
        .refused(422);
}

#[tokio::test]
async fn identical_drafts_are_released_by_one_decision_and_count_once_as_evidence() {
    let app = TestApp::start().await;
    let otto = colleague(&app, "Otto").await;
    let mut asked = Vec::new();
    for question in [
        OPENING_HOURS,
        OPENING_HOURS,
        &OPENING_HOURS.to_uppercase(),
        OPENING_HOURS,
        OPENING_HOURS,
    ] {
        let visitor = app.visitor().await;
        visitor.says(question).await;
        let item = app.item_of(&visitor).await;
        asked.push((visitor, item));
    }
    // One is open before a colleague, one visitor has written on.
    otto.post(&format!("{}/lease", path(&asked[3].1)), &json!({}))
        .await
        .ok();
    asked[4].0.says("One more thing").await;
    let first = app.owner().get(&path(&asked[0].1)).await.ok();
    assert!(first["alike"].as_u64() >= Some(2), "{first}");
    let decided = decide(&app.owner(), &first, json!({ "kind": "approve", "alike": true }))
        .await
        .ok();
    let ids = |list: &Value, name: &str| -> Vec<String> {
        let mut ids: Vec<String> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                if name.is_empty() { one } else { &one[name] }
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        ids.sort();
        ids
    };
    let id = |nth: usize| asked[nth].1["id"].as_str().unwrap().to_owned();
    assert!(ids(&decided["with"], "").contains(&id(1)), "{decided}");
    let left_out = ids(&decided["left_out"], "item_id");
    assert!(left_out.contains(&id(3)) && left_out.contains(&id(4)), "{decided}");
    let together = decided["with"].as_array().unwrap().len() + 1;

    // One undo takes all of it back.
    app.owner()
        .post(&format!("{}/undo", path(&first)), &json!({}))
        .await
        .ok();
    assert_eq!(app.owner().get(&path(&asked[1].1)).await.ok()["state"], "open");
    decide(&app.owner(), &first, json!({ "kind": "approve", "alike": true }))
        .await
        .ok();
    app.advance_ms(UNDO_MS);
    let mut verdicts = 0;
    for (visitor, _item) in &asked[..2] {
        assert_eq!(visitor.answer_above(1).await["text"], first["draft"]["text"]);
    }
    for (visitor, _item) in &asked {
        let whole = app
            .owner()
            .get(&format!("/api/v1/conversations/{}", visitor.conversation_id))
            .await
            .ok();
        let outcomes = whole["items"][0]["outcomes"].as_array().unwrap().clone();
        verdicts += outcomes
            .iter()
            .filter(|outcome| outcome["state"] != "cancelled" && outcome["verdict"].is_string())
            .count();
    }
    assert!(together >= 2);
    assert_eq!(verdicts, 1, "judging one was judging all");
}
