//! Visitors beside the conversation: who is on the site, what they reach, who is to be called back, and Live's wall.

use crate::app::{Client, OPENING_HOURS, SHOP_ORIGIN, TestApp, VisitorClient, eventually};
use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};

/// Longer than a page that says nothing is remembered.
const GONE_MS: i64 = 76_000;
const DAY_MS: i64 = 24 * 60 * 60_000;

fn page_id(number: u32) -> String {
    format!("0198b2e0-7c1a-7000-8000-{number:012}")
}

fn here_path(app: &TestApp) -> String {
    format!("/widget/v1/agents/{}/here", app.workspace.agent_key)
}

fn claims_path(app: &TestApp) -> String {
    format!("/widget/v1/agents/{}/conversions", app.workspace.agent_key)
}

async fn is_at(app: &TestApp, client: &Client, number: u32, path: &str) {
    let body = json!({ "page": page_id(number), "path": path });
    client.post(&here_path(app), &body).await.done();
}

async fn wall(app: &TestApp) -> Value {
    app.owner().get("/api/v1/wall").await.ok()
}

async fn goal(app: &TestApp, wish: Value) -> Value {
    app.owner().post("/api/v1/goals", &wish).await.created()
}

async fn conversions(app: &TestApp) -> Vec<Value> {
    let found = app.owner().get("/api/v1/conversions").await.ok();
    found["items"].as_array().unwrap().clone()
}

/// What a page says of its visitor.
async fn says(app: &TestApp, visitor: &VisitorClient, claim: Value) -> crate::app::Answer {
    visitor.client.post(&claims_path(app), &claim).await
}

async fn kinds(app: &TestApp) -> Vec<String> {
    let log = app.owner().get("/api/v1/log?limit=200").await.ok();
    let items = log["items"].as_array().unwrap();
    items
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn who_is_on_the_site_is_seen_where_they_are_and_gone_when_they_fall_silent() {
    let app = TestApp::start().await;
    let page = app.anonymous().with("Origin", SHOP_ORIGIN);
    assert_eq!(wall(&app).await["visitors"], 0);
    for (number, path) in [
        (1, "/bikes?mail=ann@example.org"),
        (2, "/bikes#top"),
        (3, "/r%C3%A4der"),
    ] {
        is_at(&app, &page, number, path).await;
    }
    let seen = wall(&app).await;
    assert_eq!(seen["visitors"], 3);
    assert_eq!(seen["agents"], json!(["Juno"]));
    let paths = json!([{ "path": "/bikes", "visitors": 2 }, { "path": "/räder", "visitors": 1 }]);
    assert_eq!(seen["paths"], paths, "neither query nor fragment");
    // One goes elsewhere, one leaves, one falls silent.
    is_at(&app, &page, 1, "/contact").await;
    page.post(&here_path(&app), &json!({ "page": page_id(2), "gone": true }))
        .await
        .done();
    assert_eq!(wall(&app).await["visitors"], 2);
    app.advance_ms(GONE_MS / 2);
    is_at(&app, &page, 1, "/contact").await;
    app.advance_ms(GONE_MS / 2);
    let seen = wall(&app).await;
    assert_eq!(seen["paths"], json!([{ "path": "/contact", "visitors": 1 }]));
    app.advance_ms(GONE_MS);
    assert_eq!(wall(&app).await["agents"], json!([]));
    // Another business sees nothing of it, and nothing of it is in the log.
    is_at(&app, &page, 1, "/contact").await;
    let other = app.other_workspace().await;
    assert_eq!(app.member_of(&other).get("/api/v1/wall").await.ok()["visitors"], 0);
    assert!(
        !app.owner()
            .get("/api/v1/log?limit=200")
            .await
            .ok()
            .to_string()
            .contains("/contact")
    );
}

#[tokio::test]
async fn what_is_no_page_of_the_agents_or_no_path_is_refused_and_an_owner_may_want_to_know_nothing() {
    let app = TestApp::start().await;
    let body = json!({ "page": page_id(1), "path": "/" });
    let elsewhere = app.anonymous().with("Origin", "https://evil.example");
    elsewhere.post(&here_path(&app), &body).await.refused(403);
    app.anonymous()
        .post("/widget/v1/agents/nobody/here", &body)
        .await
        .refused(404);
    for bad in [
        json!({ "page": page_id(1), "path": "bikes" }),
        json!({ "page": page_id(1), "path": "/\u{202e}x" }),
        json!({ "page": page_id(1) }),
        json!({ "page": "me", "path": "/" }),
        json!({ "page": page_id(1), "path": "/", "visitor": "Ann" }),
    ] {
        app.anonymous().post(&here_path(&app), &bad).await.refused(422);
    }
    assert_eq!(wall(&app).await["visitors"], 0);
    let agent = format!("/api/v1/agents/{}", app.workspace.agent_id);
    let mut settings = app.owner().get(&agent).await.ok()["settings"].clone();
    settings["presence"] = json!(false);
    app.owner().json(Method::PUT, &agent, settings.to_string()).await.ok();
    let public = app
        .anonymous()
        .get(&format!("/widget/v1/agents/{}", app.workspace.agent_key))
        .await
        .ok();
    assert_eq!(public["presence"], false);
    is_at(&app, &app.anonymous(), 1, "/").await;
    assert_eq!(wall(&app).await["visitors"], 0);
}

#[tokio::test]
async fn a_flood_of_pages_is_refused_and_never_more_than_its_share() {
    let app = TestApp::builder()
        .settings(|settings| settings.rates.heartbeats_per_address = 40)
        .start()
        .await;
    let mut refused = 0;
    for number in 0..60 {
        let body = json!({ "page": page_id(number), "path": "/" });
        let answer = app.anonymous().post(&here_path(&app), &body).await;
        refused += usize::from(answer.status == 429);
    }
    assert!(refused >= 15, "{refused}");
    assert!(wall(&app).await["visitors"].as_u64() <= Some(45));
}

#[tokio::test]
async fn whoever_looks_at_live_hears_that_visitors_come_and_others_do_not() {
    let app = TestApp::start().await;
    let head = app.owner().get("/api/v1/log?limit=1").await.ok()["items"][0]["seq"].clone();
    let mut live = app
        .owner()
        .events(&format!("/api/v1/events?after={head}&wall=true"))
        .await;
    let mut queue = app.owner().events(&format!("/api/v1/events?after={head}")).await;
    is_at(&app, &app.anonymous(), 1, "/").await;
    live.named("wall").await;
    // The other one hears what is committed, and nothing before it.
    let visitor = app.visitor().await;
    loop {
        let event = queue.read().await.unwrap();
        assert_ne!(event.name, "wall");
        if event.data["refs"]["conversation"] == visitor.conversation_id.as_str() {
            break;
        }
    }
}

#[tokio::test]
async fn a_page_that_is_opened_after_a_conversation_reaches_a_goal_once() {
    let app = TestApp::start().await;
    let thanks = goal(
        &app,
        json!({ "name": "Ordered", "kind": "url", "on": "/order/*/thanks", "worth": "fixed", "value": 500 }),
    )
    .await;
    let visitor = app.visitor().await;
    // Nobody has said anything yet, so there is nothing that it could be owed to.
    is_at(&app, &visitor.client, 1, "/order/16/thanks").await;
    assert_eq!(conversions(&app).await, Vec::<Value>::new());
    visitor.says(OPENING_HOURS).await;
    is_at(&app, &visitor.client, 1, "/bikes").await;
    is_at(&app, &app.anonymous(), 2, "/order/17/thanks").await;
    is_at(&app, &visitor.client, 1, "/order/17/thanks").await;
    is_at(&app, &visitor.client, 1, "/bikes").await;
    is_at(&app, &visitor.client, 1, "/order/18/thanks").await;
    let found = conversions(&app).await;
    assert_eq!(found.len(), 1, "once for a goal and a conversation: {found:?}");
    assert_eq!(found[0]["conversation_id"], visitor.conversation_id.as_str());
    assert_eq!(
        (&found[0]["value"], &found[0]["currency"], &found[0]["source"]),
        (&json!(500), &json!("EUR"), &json!("page"))
    );
    assert_eq!(wall(&app).await["conversions_today"], 1);
    let goals = app.owner().get("/api/v1/goals").await.ok();
    assert_eq!(
        goals["items"][0]["reached"],
        json!([{ "source": "page", "conversions": 1, "value": 500, "currency": "EUR" }])
    );
    // A retired goal counts no more; what was counted stays.
    let path = format!("/api/v1/goals/{}", thanks["id"].as_str().unwrap());
    app.owner()
        .json(Method::PATCH, &path, json!({ "retired": true }).to_string())
        .await
        .ok();
    let other = app.visitor().await;
    other.says(OPENING_HOURS).await;
    is_at(&app, &other.client, 3, "/order/19/thanks").await;
    assert_eq!(conversions(&app).await.len(), 1);
    assert!(
        kinds(&app)
            .await
            .iter()
            .filter(|kind| *kind == "conversion.recorded")
            .count()
            == 1
    );
}

#[tokio::test]
async fn what_a_page_says_counts_within_the_week_up_to_the_limit_and_never_for_another_visitor() {
    let app = TestApp::start().await;
    goal(
        &app,
        json!({ "name": "Bought", "kind": "event", "on": "purchase", "worth": "given", "value": 50_000 }),
    )
    .await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let claim = json!({ "event": "purchase", "value": 12.5, "currency": "EUR", "order_id": "A7" });
    app.anonymous().post(&claims_path(&app), &claim).await.refused(401);
    app.anonymous()
        .bearer("hpv_forged")
        .post(&claims_path(&app), &claim)
        .await
        .refused(401);
    let other = app.other_workspace().await;
    let theirs = format!("/widget/v1/agents/{}/conversions", other.agent_key);
    visitor.client.post(&theirs, &claim).await.refused(404);
    for bad in [
        json!({ "event": "purchase", "value": 500.01 }),
        json!({ "event": "purchase", "value": -1.0 }),
        json!({ "event": "purchase", "value": 1.0, "currency": "USD" }),
        json!({ "event": "purchase", "value": 1.0, "currency": "BTC" }),
        json!({ "event": "purchase", "value": 1.0, "order_id": "two words" }),
        json!({ "event": "purchase" }),
        json!({ "event": "purchase", "value": "12" }),
        json!({ "event": "purchase", "value": 1.0, "conversation_id": visitor.conversation_id }),
    ] {
        says(&app, &visitor, bad.clone()).await.refused(422);
    }
    says(&app, &visitor, json!({ "event": "nothing", "value": 1.0 }))
        .await
        .refused(404);
    assert_eq!(conversions(&app).await.len(), 0);
    assert_eq!(says(&app, &visitor, claim.clone()).await.ok()["counted"], true);
    assert_eq!(says(&app, &visitor, claim.clone()).await.ok()["counted"], false);
    // The same order is not counted for somebody else, too.
    let second = app.visitor().await;
    second.says(OPENING_HOURS).await;
    assert_eq!(says(&app, &second, claim).await.ok()["counted"], false);
    let found = conversions(&app).await;
    assert_eq!(
        (found.len(), &found[0]["value"], &found[0]["order_id"]),
        (1, &json!(1_250), &json!("A7"))
    );
    // Seven days after the last words it is over.
    app.advance_ms(7 * DAY_MS - 60_000);
    let late = json!({ "event": "purchase", "value": 1.0 });
    let third = app.visitor().await;
    third.says(OPENING_HOURS).await;
    assert_eq!(says(&app, &second, late.clone()).await.ok()["counted"], true);
    app.advance_ms(7 * DAY_MS + 60_000);
    assert_eq!(says(&app, &third, late).await.ok()["counted"], false);
}

#[tokio::test]
async fn what_the_shops_server_says_is_confirmed_and_wins_over_what_pages_say() {
    let app = TestApp::start().await;
    goal(
        &app,
        json!({ "name": "Bought", "kind": "event", "on": "purchase", "worth": "given", "value": 50_000 }),
    )
    .await;
    let server = app.program(&["convert"]).await;
    let (forger, buyer) = (app.visitor().await, app.visitor().await);
    forger.says(OPENING_HOURS).await;
    buyer.says(OPENING_HOURS).await;
    // Somebody's page claims an order that is not theirs.
    let order = json!({ "event": "purchase", "value": 500.0, "order_id": "A7" });
    assert_eq!(says(&app, &forger, order).await.ok()["counted"], true);
    let claim =
        json!({ "goal": "bought", "conversation_id": buyer.conversation_id, "value": 99_900, "order_id": "A7" });
    let told = server.post("/api/v1/conversions", &claim).await.created();
    assert_eq!(
        (&told["counted"], &told["conversion"]["source"]),
        (&json!(true), &json!("api"))
    );
    assert_eq!(server.post("/api/v1/conversions", &claim).await.ok()["counted"], false);
    let found = conversions(&app).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["conversation_id"], &found[0]["value"]),
        (&json!(buyer.conversation_id), &json!(99_900))
    );
    // What a page said first is confirmed, not doubled.
    let honest = json!({ "event": "purchase", "value": 10.0, "order_id": "B8" });
    says(&app, &forger, honest).await.ok();
    let confirms = json!({ "goal": "Bought", "conversation_id": forger.conversation_id, "value": 1_100, "currency": "EUR", "order_id": "B8" });
    server.post("/api/v1/conversions", &confirms).await.created();
    let found = conversions(&app).await;
    assert_eq!(found.len(), 2);
    assert!(
        found
            .iter()
            .all(|row| row["source"] == "api" && row["confirmed_at"].is_i64())
    );
    assert!(kinds(&app).await.contains(&"conversion.confirmed".to_owned()));
    // What stands behind the number, for people: with its conversation, on its day and on no other.
    let listed = app.owner().get("/analyse/goals").await.text();
    for words in [
        "order A7",
        "999.00 EUR",
        "11.00 EUR",
        "confirmed by the shop",
        &buyer.conversation_id,
    ] {
        assert!(listed.contains(words), "{words}");
    }
    let earlier = app
        .owner()
        .get("/analyse/goals?from=2020-01-01&to=2020-01-31")
        .await
        .text();
    assert!(earlier.contains("Nothing was reached in these days") && !earlier.contains("order A7"));
    let none = app.owner().get("/api/v1/conversions?to=2020-01-31").await.ok();
    assert_eq!(none["items"], json!([]));

    let bad = |claim: Value| {
        let server = &server;
        async move { server.post("/api/v1/conversions", &claim).await }
    };
    let unknown = "01981b2e-7c1a-7000-8000-000000000000";
    bad(json!({ "goal": "Bought", "conversation_id": unknown, "value": 1 }))
        .await
        .refused(404);
    bad(json!({ "goal": "Sold", "conversation_id": buyer.conversation_id }))
        .await
        .refused(404);
    bad(json!({ "goal": "Bought", "value": 1 })).await.refused(422);
    bad(json!({ "goal": "Bought", "conversation_id": buyer.conversation_id, "value": -1 }))
        .await
        .refused(422);
    bad(json!({ "goal": "Bought", "conversation_id": buyer.conversation_id, "value": 1, "at": 1 }))
        .await
        .refused(422);
    // Its token can do this and nothing else, and no other token can do this.
    server.get("/api/v1/conversions").await.refused(403);
    let reader = app.program(&["read", "admin"]).await;
    reader.post("/api/v1/conversions", &claim).await.refused(403);
    let other = app.other_workspace().await;
    let stranger = app.member_of(&other);
    assert_eq!(stranger.get("/api/v1/conversions").await.ok()["items"], json!([]));
    stranger.post("/api/v1/conversions", &claim).await.refused(403);
}

#[tokio::test]
async fn a_page_that_floods_events_is_refused_and_that_is_noted_once() {
    let app = TestApp::builder()
        .settings(|settings| settings.rates.events_per_visitor = 5)
        .start()
        .await;
    goal(&app, json!({ "name": "Bought", "kind": "event", "on": "purchase" })).await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let mut refused = 0;
    for _ in 0..30 {
        let answer = says(&app, &visitor, json!({ "event": "purchase" })).await;
        refused += usize::from(answer.status == 429);
    }
    assert!(refused >= 20, "{refused}");
    assert_eq!(conversions(&app).await.len(), 1);
    let noted = kinds(&app)
        .await
        .into_iter()
        .filter(|kind| kind == "conversion.flooded")
        .count();
    assert_eq!(noted, 1);
}

#[tokio::test]
async fn goals_are_set_by_admins_and_one_that_makes_no_sense_is_refused() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let reader = app.program(&["read", "review"]).await;
    let wish = json!({ "name": "Ordered", "kind": "url", "on": "https://shop.example/thanks*" });
    reader.post("/api/v1/goals", &wish).await.refused(403);
    let set = owner.post("/api/v1/goals", &wish).await.created();
    assert_eq!(set["on"], "/thanks*");
    owner
        .post("/api/v1/goals", &json!({ "name": "ordered", "kind": "api" }))
        .await
        .refused(409);
    for bad in [
        json!({ "name": "", "kind": "api" }),
        json!({ "name": "A", "kind": "url", "on": "thanks" }),
        json!({ "name": "A", "kind": "event", "on": "" }),
        json!({ "name": "A", "kind": "api", "worth": "fixed" }),
        json!({ "name": "A", "kind": "url", "on": "/a", "worth": "given", "value": 5 }),
        json!({ "name": "A", "kind": "telepathy" }),
    ] {
        owner.post("/api/v1/goals", &bad).await.refused(422);
    }
    // Money without decimals, and with three.
    let set_currency = async |code: &str| {
        owner
            .json(Method::PUT, "/api/v1/currency", json!({ "currency": code }).to_string())
            .await
    };
    assert_eq!(
        set_currency("jpy").await.ok(),
        json!({ "currency": "JPY", "decimals": 0 })
    );
    set_currency("XXX").await.refused(422);
    goal(
        &app,
        json!({ "name": "Bought", "kind": "event", "on": "purchase", "worth": "given", "value": 9_000 }),
    )
    .await;
    set_currency("KWD").await.refused(409);
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    says(
        &app,
        &visitor,
        json!({ "event": "purchase", "value": 1200, "currency": "JPY" }),
    )
    .await
    .ok();
    let found = conversions(&app).await;
    assert_eq!(
        (&found[0]["value"], &found[0]["currency"]),
        (&json!(1_200), &json!("JPY"))
    );
}

async fn lets_call_back(app: &TestApp) {
    let tool: Value = serde_json::from_str(include_str!("../../examples/tools/lead.json")).unwrap();
    let path = "/api/v1/tools/call_back";
    app.owner().json(Method::PUT, path, tool.to_string()).await.ok();
}

async fn leads(app: &TestApp, query: &str) -> Vec<Value> {
    let found = app.owner().get(&format!("/api/v1/leads{query}")).await.ok();
    found["items"].as_array().unwrap().clone()
}

async fn asks(visitor: &VisitorClient, contact: &str, wish: &str, name: &str) {
    let mut args = json!({ "contact": contact, "wish": wish });
    if !name.is_empty() {
        args["name"] = json!(name);
    }
    let body = json!({ "args": args });
    visitor.client.post("/widget/v1/forms/call_back", &body).await.done();
}

async fn asked_times(app: &TestApp, times: i64) -> Value {
    eventually("all of them", async || {
        let found = leads(app, "").await;
        let sum: i64 = found.iter().map(|lead| lead["occurrences"].as_i64().unwrap()).sum();
        (sum == times).then_some(json!(found))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_twice_is_one_lead_and_nothing_they_said_is_lost() {
    let app = TestApp::start().await;
    lets_call_back(&app).await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let form = visitor.client.get("/widget/v1/forms/call_back").await.ok();
    let consent = form["consent"].as_str().unwrap();
    assert!(consent.starts_with("We use what you write here"), "{form}");
    asks(&visitor, "+44 20 7946 0000", "A tandem", "Ann").await;
    asked_times(&app, 1).await;
    let id = leads(&app, "").await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/leads/{id}");
    let change = async |wish: Value| app.owner().json(Method::PATCH, &path, wish.to_string()).await;
    let me = app.owner().get("/api/v1/me").await.ok();
    let me = me["member_id"]
        .as_str()
        .or_else(|| me["id"].as_str())
        .unwrap()
        .to_owned();
    assert_eq!(
        change(json!({ "stage": "won", "owner_id": me })).await.ok()["owner_name"],
        "Mia"
    );
    asks(&visitor, "0044 (20) 7946-0000", "A second tandem", "").await;
    let found = asked_times(&app, 2).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    let lead = app.owner().get(&path).await.ok();
    assert_eq!(
        (&lead["name"], &lead["note"], &lead["stage"]),
        (&json!("Ann"), &json!("A second tandem"), &json!("new"))
    );
    assert_eq!(lead["owner_id"], me.as_str(), "who looked after them does so again");
    let notes: Vec<&Value> = lead["asked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|asked| &asked["note"])
        .collect();
    assert_eq!(notes, [&json!("A second tandem"), &json!("A tandem")]);
    assert!(
        lead["asked"]
            .as_array()
            .unwrap()
            .iter()
            .all(|asked| asked["consent"] == consent)
    );
    // Only who was not known before is new.
    let log = app.owner().get("/api/v1/log?limit=200").await.ok();
    let done: Vec<&Value> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["kind"] == "action.executed")
        .collect();
    let of = |name: &str| done.iter().filter(|entry| entry["refs"][name] == id.as_str()).count();
    assert_eq!((of("lead"), of("lead_again")), (1, 1));
    assert_eq!(wall(&app).await["leads_last_hour"], 1);

    assert_eq!(leads(&app, "?stage=new&owner=me").await.len(), 1);
    assert_eq!(leads(&app, "?stage=lost").await.len(), 0);
    assert_eq!(leads(&app, "?owner=nobody").await.len(), 0);
    assert_eq!(change(json!({ "owner_id": null })).await.ok()["owner_id"], Value::Null);
    change(json!({ "stage": "forgotten" })).await.refused(422);
    change(json!({ "owner_id": "01981b2e-7c1a-7000-8000-000000000000" }))
        .await
        .refused(404);
    app.program(&["read"])
        .await
        .json(Method::PATCH, &path, json!({ "stage": "won" }).to_string())
        .await
        .refused(403);
    let other = app.other_workspace().await;
    let stranger = app.member_of(&other);
    stranger.get(&path).await.refused(404);
    stranger
        .json(Method::PATCH, &path, json!({ "stage": "won" }).to_string())
        .await
        .refused(404);
    assert_eq!(stranger.get("/api/v1/leads").await.ok()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_at_the_same_moment_under_one_address_are_one() {
    let app = TestApp::start().await;
    lets_call_back(&app).await;
    let mut visitors = Vec::new();
    for _ in 0..8 {
        let visitor = app.visitor().await;
        visitor.says(OPENING_HOURS).await;
        visitors.push(visitor);
    }
    let spellings = ["ann@example.org", "Ann@Example.org", " ANN@example.org "];
    let all = visitors.iter().zip(spellings.iter().cycle());
    join_all(all.enumerate().map(|(at, (visitor, contact))| async move {
        asks(visitor, contact, &format!("Wish {at}"), "Ann").await;
    }))
    .await;
    let found = asked_times(&app, 8).await;
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    let path = format!("/api/v1/leads/{}", found[0]["id"].as_str().unwrap());
    assert_eq!(app.owner().get(&path).await.ok()["asked"].as_array().unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leads_leave_as_a_table_that_no_spreadsheet_calculates() {
    let app = TestApp::start().await;
    lets_call_back(&app).await;
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    asks(
        &visitor,
        "ann@example.org",
        "=HYPERLINK(\"http://evil.example\"), \"now\"\nand later",
        "+Ann",
    )
    .await;
    asked_times(&app, 1).await;
    let file = app.owner().get("/api/v1/leads?format=csv&bom=true").await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(&file.body[..3], [0xEF, 0xBB, 0xBF]);
    let text = file.text();
    assert!(
        text.contains("'+Ann") && text.contains("\"'=HYPERLINK(\"\"http"),
        "{text}"
    );
    assert!(text.ends_with("\r\n"));
    let plain = app.owner().get("/api/v1/leads?format=csv&stage=lost").await.text();
    assert_eq!(plain.lines().count(), 1, "{plain}");
    assert!(plain.starts_with("id,name,contact,note,stage"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wall_counts_conversations_by_owner_and_tells_what_happened() {
    let app = TestApp::start().await;
    let (first, second) = (app.visitor().await, app.visitor().await);
    first.says(OPENING_HOURS).await;
    second.says(OPENING_HOURS).await;
    app.advance_ms(60_000);
    let take_over = format!("/api/v1/conversations/{}/take-over", second.conversation_id);
    app.owner().post(&take_over, &json!({})).await.ok();
    let write = format!("/api/v1/conversations/{}/messages", second.conversation_id);
    app.owner()
        .post(&write, &json!({ "client_id": "c1", "text": "Good morning" }))
        .await
        .created();
    let seen = wall(&app).await;
    assert_eq!(seen["conversations"], json!({ "ai": 1, "person": 1, "waiting": 0 }));
    assert_eq!(
        (&seen["first_answer"]["person"], &seen["first_answer"]["ai"]),
        (&json!(1), &json!(0))
    );
    let waited = seen["first_answer"]["person_ms"].as_i64().unwrap();
    assert!((60_000..180_000).contains(&waited), "{waited}");
    let part = app.owner().get("/parts/live/wall").await.text();
    assert!(part.contains("Mia took over the conversation with"), "{part}");
    assert!(part.contains(&format!("href=\"/conversations/{}\"", second.conversation_id)));
    // An hour later nothing of it is new; the person still answers.
    app.advance_ms(61 * 60_000);
    let seen = wall(&app).await;
    assert_eq!(
        seen["first_answer"],
        json!({ "ai_ms": null, "ai": 0, "person_ms": null, "person": 0 })
    );
    assert_eq!(seen["conversations"]["person"], 1);
    for path in ["/live", "/actions/leads", "/settings/goals"] {
        app.owner().get(path).await.text();
    }
    app.anonymous().get("/api/v1/wall").await.refused(401);
}
