//! The console's pages over a whole server: who gets in, what each page shows, when an item leaves it.

mod actions;
mod page;

use crate::app::{
    Client, OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, TestApp, UNANSWERABLE, UNDO_MS, VisitorClient, eventually,
};
use holdpoint::app::accounts;
use page::{Form, main_of, redacted};
use serde_json::{Value, json};

/// A page as a browser asks for it.
async fn page(client: &Client, path: &str) -> String {
    let answer = client.clone().with("Accept", "text/html").get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    answer.text()
}

fn item_id(item: &Value) -> &str {
    item["id"].as_str().unwrap()
}

/// The item of a question that the FAQ answers.
async fn held(app: &TestApp) -> (VisitorClient, Value) {
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let item = app.item_of(&visitor).await;
    (visitor, item)
}

/// Another reviewer with a browser.
async fn colleague(app: &TestApp) -> Client {
    let wish =
        json!({ "name": "Jonas", "email": "jonas@quillhaven.example", "password": OWNER_PASSWORD, "role": "reviewer" });
    app.owner().post("/api/v1/admin/members", &wish).await.created();
    let wish = json!({ "email": "jonas@quillhaven.example", "password": OWNER_PASSWORD });
    let signed_in = app.anonymous().post("/api/v1/login", &wish).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let csrf = signed_in.ok()["csrf_token"].as_str().unwrap().to_owned();
    app.anonymous().with("Cookie", &cookie).with("X-CSRF-Token", &csrf)
}

// ---- who gets in

#[tokio::test]
async fn a_stranger_is_led_to_the_door_and_back_to_where_they_wanted_to_go() {
    let app = TestApp::start().await;
    let stranger = app.anonymous();
    let answer = stranger.get("/log?verify=1").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/login?next=/log%3Fverify%3D1")
    );
    assert_eq!(stranger.get("/").await.header("location"), "/queue");
    // A script must not be redirected: it would put the sign-in page into the page.
    stranger.get("/parts/queue").await.refused(401);
    stranger.get("/parts/knowledge?q=hours").await.refused(401);
}

#[tokio::test]
async fn signing_in_leads_to_the_wanted_page_of_this_server_only() {
    let app = TestApp::start().await;
    let sign_in = async |password: &str, next: &str| {
        let form = Form::new()
            .field("email", OWNER_EMAIL)
            .field("password", password)
            .field("next", next);
        form.post(&app.anonymous(), "/login").await
    };
    let wrong = sign_in("a heron on the roof", "/log").await;
    assert_eq!(wrong.status, 200);
    let shown = wrong.text();
    assert!(
        shown.contains("do not match") && shown.contains(r#"name="next" value="/log""#),
        "{shown}"
    );
    assert!(!shown.contains("a heron on the roof"), "a password is never sent back");

    let right = sign_in(OWNER_PASSWORD, "/log").await;
    assert_eq!((right.status.as_u16(), right.header("location")), (303, "/log"));
    let cookie = right.header("set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let browser = app.anonymous().with("Cookie", cookie.split(';').next().unwrap());
    assert!(page(&browser, "/log").await.contains("<h1>Log</h1>"));
    assert_eq!(
        sign_in(OWNER_PASSWORD, "https://elsewhere.example/")
            .await
            .header("location"),
        "/queue"
    );
}

#[tokio::test]
async fn signing_out_needs_the_sessions_own_page_and_ends_the_session() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let forged = Form::new().field("csrf_token", "guessed").post(&owner, "/logout").await;
    assert_eq!(forged.status, 403);
    let shell = page(&owner, "/queue").await;
    let token = page::between(&shell, r#"name="csrf_token" value=""#, "\"");
    let out = Form::new().field("csrf_token", token).post(&owner, "/logout").await;
    assert_eq!((out.status.as_u16(), out.header("location")), (303, "/login"));
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(owner.get("/queue").await.header("location"), "/login");
}

#[tokio::test]
async fn a_set_up_link_makes_an_account_once() {
    let app = TestApp::start().await;
    let link = accounts::create_setup_link(&app.app, &app.workspace.caller)
        .await
        .unwrap();
    let path = format!("/setup?token={}", link.token);
    let stranger = app.anonymous().with("Accept", "text/html");
    assert!(page(&stranger, &path).await.contains("You will be in charge here."));
    let set_up = async |password: &str| {
        let form = Form::new()
            .field("token", &link.token)
            .field("name", "Ada & Sons")
            .field("email", "ada@quillhaven.example")
            .field("password", password);
        form.post(&stranger, "/setup").await
    };
    let short = set_up("short").await;
    assert_eq!(short.status, 200);
    assert!(short.text().contains(r#"role="alert""#) && short.text().contains("ada@quillhaven.example"));
    let done = set_up("a long enough sentence").await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/queue"));
    let again = stranger.get(&path).await;
    assert_eq!(again.status, 410);
    assert!(again.text().contains("holdpoint admin setup-link"), "{}", again.text());
}

#[tokio::test]
async fn what_cannot_be_shown_is_a_page_with_one_sentence_and_a_way_on() {
    let app = TestApp::start().await;
    let browser = app.owner().with("Accept", "text/html");
    let missing = browser.get("/conversations/01981b2e-7c1a-7000-8000-000000000000").await;
    assert_eq!(missing.status, 404);
    insta::assert_snapshot!("a_page_that_is_not_there", redacted(&missing.text()));
    let nonsense = browser.get("/conversations/nonsense").await;
    assert_eq!(nonsense.status, 400);
    assert!(
        nonsense.text().contains("<h1>This could not be read</h1>"),
        "{}",
        nonsense.text()
    );
}

#[tokio::test]
async fn the_pages_of_another_workspace_do_not_exist() {
    let app = TestApp::start().await;
    let (visitor, item) = held(&app).await;
    let documents = app.owner().get("/api/v1/knowledge/documents").await.ok();
    let document = documents["items"][0]["id"].as_str().unwrap();
    let other = app.other_workspace().await;
    let stranger = app.member_of(&other);
    for path in [
        format!("/queue/{}", item_id(&item)),
        format!("/parts/queue/{}", item_id(&item)),
        format!("/conversations/{}", visitor.conversation_id),
        format!("/parts/conversations/{}", visitor.conversation_id),
        format!("/knowledge/documents/{document}"),
    ] {
        assert_eq!(app.owner().get(&path).await.status, 200, "{path}");
        assert_eq!(stranger.get(&path).await.status, 404, "{path}");
    }
    assert!(!page(&stranger, "/queue").await.contains(item_id(&item)));
    assert!(
        !page(&stranger, "/conversations")
            .await
            .contains(&visitor.conversation_id)
    );
}

// ---- the queue

#[tokio::test]
async fn the_queue_shows_the_oldest_item_with_its_draft_and_sources() {
    let app = TestApp::start().await;
    insta::assert_snapshot!("queue_empty", redacted(&page(&app.owner(), "/queue").await));
    let (_visitor, item) = held(&app).await;
    // Whoever waits for a person has a head start; by now it is used up.
    app.advance_ms(3 * 60_000);
    let later = app.visitor().await;
    later.says(UNANSWERABLE).await;
    app.item_of(&later).await;
    let queue = page(&app.owner(), "/queue").await;
    assert!(
        queue.contains(&format!(r#"data-item="{}""#, item_id(&item))),
        "the oldest comes first"
    );
    insta::assert_snapshot!("queue", redacted(main_of(&queue)));
}

#[tokio::test]
async fn an_item_that_nothing_answers_offers_only_an_own_answer() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(UNANSWERABLE).await;
    let item = app.item_of(&visitor).await;
    let part = page(&app.owner(), &format!("/parts/queue/{}", item_id(&item))).await;
    assert!(!part.contains(r#"data-key="a""#) && part.contains(r#"data-key="s""#));
    insta::assert_snapshot!("item_without_a_draft", redacted(&part));
}

#[tokio::test]
async fn a_decided_item_is_gone_until_it_is_undone_and_its_link_leads_to_the_conversation() {
    let app = TestApp::start().await;
    let (visitor, item) = held(&app).await;
    let (owner, part) = (app.owner(), format!("/parts/queue/{}", item_id(&item)));
    app.decide(&item, json!({ "kind": "approve" })).await.ok();
    owner.get(&part).await.refused(404);
    assert!(!page(&owner, "/parts/queue").await.contains(item_id(&item)));
    let link = owner.get(&format!("/queue/{}", item_id(&item))).await;
    assert_eq!(
        (link.status.as_u16(), link.header("location")),
        (303, format!("/conversations/{}", visitor.conversation_id).as_str())
    );

    owner
        .post(&format!("/api/v1/queue/{}/undo", item_id(&item)), &json!({}))
        .await
        .ok();
    page(&owner, &part).await;
    assert!(page(&owner, "/parts/queue").await.contains(item_id(&item)));
}

#[tokio::test]
async fn what_the_visitor_wrote_since_the_reviewer_looked_stands_above_the_draft() {
    let app = TestApp::start().await;
    let (visitor, item) = held(&app).await;
    let part = |seen: &str| format!("/parts/queue/{}{seen}", item_id(&item));
    visitor.says("And on bank holidays?").await;
    let asked = page(&app.owner(), &part("?seen=1")).await;
    assert!(
        asked.contains("<b>The visitor wrote again:</b> <q dir=\"auto\">And on bank holidays?</q>"),
        "{asked}"
    );
    assert!(asked.contains(r#"data-revision="2""#));
    assert!(!page(&app.owner(), &part("?seen=2")).await.contains("wrote again"));
    assert!(!page(&app.owner(), &part("")).await.contains("wrote again"));
}

#[tokio::test]
async fn a_colleague_sees_who_is_looking_and_gets_another_item_first() {
    let app = TestApp::start().await;
    let (_first, item) = held(&app).await;
    let (_second, other) = held(&app).await;
    let jonas = colleague(&app).await;
    app.owner()
        .post(&format!("/api/v1/queue/{}/lease", item_id(&item)), &json!({}))
        .await
        .ok();
    assert!(
        !page(&app.owner(), &format!("/parts/queue/{}", item_id(&item)))
            .await
            .contains("is looking at this")
    );
    let seen = page(&jonas, &format!("/queue/{}", item_id(&item))).await;
    assert!(seen.contains("<b>Mia is looking at this.</b>") && seen.contains(r#"data-held-by="Mia""#));
    assert!(
        page(&jonas, "/queue")
            .await
            .contains(&format!(r#"data-item="{}""#, item_id(&other)))
    );
}

#[tokio::test]
async fn without_an_engine_every_page_says_so_and_the_draft_says_how_it_was_found() {
    let app = TestApp::builder().without_engine().start().await;
    let (_visitor, item) = held(&app).await;
    let shown = page(&app.owner(), "/conversations").await;
    assert!(
        shown.contains("engine-notice") && shown.contains("drafts are found by keyword and held"),
        "{shown}"
    );
    let part = page(&app.owner(), &format!("/parts/queue/{}", item_id(&item))).await;
    assert!(part.contains("this was found by keyword"), "{part}");
}

#[tokio::test]
async fn a_reviewer_reads_what_the_ai_could_not_do_and_what_it_did_not_see() {
    let app = TestApp::start().await;
    let import = holdpoint::app::knowledge::Import {
        name: "repairs.md".to_owned(),
        collection: "shop".to_owned(),
        format: None,
        bytes: include_bytes!("../../examples/demo/repairs.md").to_vec(),
        ..holdpoint::app::knowledge::Import::default()
    };
    holdpoint::app::knowledge::import(&app.app, &app.workspace.caller, import)
        .await
        .unwrap();
    let question = "My old chain jumps on every steep hill, is that dangerous, and what will it cost me?";
    eventually("the handbook can be found", async || {
        let found = holdpoint::app::knowledge::search(&app.app, &app.workspace.caller, question, None, 1).await;
        found
            .unwrap()
            .first()
            .is_some_and(|passage| passage.title.contains("hain"))
            .then_some(())
    })
    .await;
    let asked = async || {
        let visitor = app.visitor().await;
        visitor.says(question).await;
        let item = app.item_of(&visitor).await;
        page(&app.owner(), &format!("/parts/queue/{}", item_id(&item))).await
    };
    app.engine
        .fail_next_chat(holdpoint::engine::wire::ErrorCode::Overloaded);
    let part = asked().await;
    assert!(
        part.contains("The AI was too busy; this is quoted from the passage that fits best"),
        "{part}"
    );
    let prompt = app.engine.last_prompt().unwrap().messages;
    let words: usize = prompt
        .iter()
        .map(|message| message.content.split_whitespace().count())
        .sum();
    app.engine.set_window(words - 1);
    let part = asked().await;
    assert!(part.contains("The AI did not see: 1 passage"), "{part}");
}

// ---- conversations, knowledge, log

#[tokio::test]
async fn a_conversation_tells_how_each_answer_came_about() {
    let app = TestApp::start().await;
    let (visitor, item) = held(&app).await;
    let text = item["draft"]["text"]
        .as_str()
        .unwrap()
        .replace("9:00", "half past nine");
    let edit = json!({ "kind": "edit", "text": text, "verdict": "bad", "reasons": ["outdated"], "note": "New hours since May" });
    app.decide_for_good(&item, edit).await;
    visitor.answer_above(1).await;
    visitor
        .client
        .post("/widget/v1/acknowledge", &json!({ "seq": 2 }))
        .await
        .done();

    visitor.says(UNANSWERABLE).await;
    let handoff = app.item_of(&visitor).await;
    let take_over = format!("/api/v1/conversations/{}/take-over", visitor.conversation_id);
    app.owner().post(&take_over, &json!({})).await.ok();
    let path = format!("/conversations/{}", visitor.conversation_id);
    let taken = page(&app.owner(), &path).await;
    assert!(taken.contains("Hand back to the AI") && taken.contains(r#"data-mine="true""#));
    assert!(
        !taken.contains(item_id(&handoff)),
        "a conversation that was taken over has nothing to decide"
    );
    app.owner()
        .post(
            &format!("{}/hand-back", path.replace("/conv", "/api/v1/conv")),
            &json!({}),
        )
        .await
        .ok();
    // The AI looks at what is unanswered at once, and hands it off again.
    app.item_of(&visitor).await;
    insta::assert_snapshot!("conversation", redacted(main_of(&page(&app.owner(), &path).await)));
    insta::assert_snapshot!(
        "conversations",
        redacted(main_of(&page(&app.owner(), "/conversations").await))
    );
}

#[tokio::test]
async fn a_correction_stands_among_the_verified_answers_with_where_it_came_from() {
    let app = TestApp::start().await;
    assert!(
        page(&app.owner(), "/knowledge/verified")
            .await
            .contains("No verified answers yet")
    );
    let (visitor, item) = held(&app).await;
    app.decide(
        &item,
        json!({ "kind": "respond", "text": "From half past nine, every day." }),
    )
    .await
    .ok();
    app.advance_ms(UNDO_MS);
    visitor.answer_above(1).await;
    insta::assert_snapshot!(
        "verified_answers",
        redacted(main_of(&page(&app.owner(), "/knowledge/verified").await))
    );
    assert!(
        page(&app.owner(), "/knowledge")
            .await
            .contains(r#"<span class="tab-count">1</span>"#)
    );
}

#[tokio::test]
async fn knowledge_is_listed_by_file_and_found_by_question() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let all = page(&owner, "/knowledge").await;
    assert!(all.contains("<h3>faq.json</h3>") && all.contains("What are your opening hours?"));
    let found = page(&owner, "/parts/knowledge?q=opening+hours+on+Saturday").await;
    insta::assert_snapshot!("knowledge_found", redacted(&found));
    let id = page::between(&found, "/knowledge/documents/", "\"");
    insta::assert_snapshot!(
        "document",
        redacted(main_of(&page(&owner, &format!("/knowledge/documents/{id}")).await))
    );
    owner.delete(&format!("/api/v1/knowledge/documents/{id}")).await.done();
    assert!(
        !page(&owner, "/knowledge").await.contains(id),
        "what was removed is no longer listed"
    );
}

#[tokio::test]
async fn the_log_tells_in_sentences_what_happened_and_verifies_its_chain() {
    let app = TestApp::start().await;
    let (visitor, item) = held(&app).await;
    app.advance_ms(10_000);
    eventually("the draw", async || {
        let log = page(&app.owner(), "/parts/log").await;
        log.contains("sampling.drawn").then_some(())
    })
    .await;
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    visitor.answer_above(1).await;
    eventually("the released entry", async || {
        page(&app.owner(), "/parts/log")
            .await
            .contains("message.released")
            .then_some(())
    })
    .await;
    insta::assert_snapshot!("log", redacted(main_of(&page(&app.owner(), "/log?verify=1").await)));
    let older = page(&app.owner(), "/parts/log?before=3").await;
    assert!(older.contains(r#"id="entry-2""#) && !older.contains(r#"id="entry-3""#));
}
