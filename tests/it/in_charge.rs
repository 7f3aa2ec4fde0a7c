//! A person is in charge: asked for by the visitor, reached by mail, taking over, handing back, ending.

use super::app::{AMPLE, QUIET_MS, TestApp, UNANSWERABLE, VisitorClient, eventually};
use super::smtp::{Received, SmtpServer};
use serde_json::{Value, json};

/// A question of the demo's FAQ.
const QUESTION: &str = super::app::OPENING_HOURS;
/// The widget asks so when its button is pressed.
const WISH: &str = "I would like to talk to a person.";
/// Longer than an answer may be seen in the chat before it is mailed.
const MAIL_MS: i64 = 61_000;
const DAY_MS: i64 = 24 * 60 * 60_000;

async fn wishes_for_person(visitor: &VisitorClient) {
    let message = json!({ "client_id": "wish", "text": WISH, "person": true });
    visitor.client.post("/widget/v1/messages", &message).await.created();
}

async fn leaves_email(visitor: &VisitorClient) {
    let left = json!({ "email": "Vera@example.org", "consent": "It is used only to answer this conversation." });
    visitor.client.post("/widget/v1/email", &left).await.done();
}

/// The link of the mail that brings a visitor who left this answer.
pub(crate) async fn mailed_link(app: &TestApp, answer: &str) -> String {
    let server = SmtpServer::of(app).await;
    let visitor = app.visitor().await;
    wishes_for_person(&visitor).await;
    leaves_email(&visitor).await;
    takes_over(app, &visitor).await;
    writes(app, &visitor, answer).await;
    app.advance_ms(MAIL_MS);
    let text = the_mail(&server).await.text();
    let link = text.split_whitespace().find(|word| word.contains("#holdpoint="));
    link.unwrap().to_owned()
}

fn of(visitor: &VisitorClient, what: &str) -> String {
    format!("/api/v1/conversations/{}{what}", visitor.conversation_id)
}

async fn takes_over(app: &TestApp, visitor: &VisitorClient) {
    app.owner().post(&of(visitor, "/take-over"), &json!({})).await.ok();
}

async fn writes(app: &TestApp, visitor: &VisitorClient, text: &str) {
    let message = json!({ "client_id": text.replace(' ', "-"), "text": text });
    app.owner().post(&of(visitor, "/messages"), &message).await.created();
}

async fn kinds(app: &TestApp) -> Vec<String> {
    let log = app.owner().get("/api/v1/log?limit=200").await.ok();
    let entries = log["items"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["kind"].as_str().unwrap().to_owned())
        .collect()
}

async fn the_mail(server: &SmtpServer) -> Received {
    eventually("a mail", async || server.received().first().cloned()).await
}

/// A colleague of the owner's, signed in by a token.
async fn colleague(app: &TestApp) -> super::app::Client {
    let jonas = json!({ "name": "Jonas", "email": "jonas@quillhaven.example", "password": "a gull on the roof", "role": "reviewer" });
    app.owner().post("/api/v1/admin/members", &jonas).await.created();
    let wish = json!({ "name": "jonas", "email": "jonas@quillhaven.example", "scopes": ["read", "review"] });
    let token = app.owner().post("/api/v1/admin/tokens", &wish).await.created();
    app.anonymous().bearer(token["token"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_asks_for_a_person_has_one_called_at_once_whatever_the_ai_drafted() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(QUESTION).await;
    let held = app.item_of(&visitor).await;
    wishes_for_person(&visitor).await;
    let conversation = visitor.conversation().await;
    let said: Vec<(&str, &str)> = conversation["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| (message["author"].as_str().unwrap(), message["text"].as_str().unwrap()))
        .collect();
    assert_eq!(said[1], ("visitor", WISH));
    assert_eq!(said[2].0, "system", "{said:?}");
    assert_eq!(conversation["status"]["owner"], "nobody");
    assert_eq!(conversation["status"]["phase"], "waiting_for_person");
    let item = app.item_where(|item| item["kind"] == "handoff").await;
    assert_eq!(item["reasons"], json!(["customer_request"]));
    app.decide(&held, json!({ "kind": "approve" })).await.refused(409);
    app.advance_ms(QUIET_MS);

    // Asking again calls nobody a second time.
    let again = json!({ "client_id": "again", "text": WISH, "person": true });
    visitor.client.post("/widget/v1/messages", &again).await.created();
    let queue = app.owner().get("/api/v1/queue").await.ok();
    assert_eq!(queue["items"].as_array().unwrap().len(), 1);
    assert_eq!(visitor.conversation().await["messages"].as_array().unwrap().len(), 4);

    takes_over(&app, &visitor).await;
    let status = &visitor.conversation().await["status"];
    assert_eq!(
        (&status["owner"], &status["colleague"]),
        (&json!("person"), &json!("Mia"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_address_is_corrected_and_gets_no_more_mail_and_no_way_in() {
    let app = TestApp::start().await;
    let server = SmtpServer::of(&app).await;
    let visitor = app.visitor().await;
    wishes_for_person(&visitor).await;
    leaves_email(&visitor).await;
    takes_over(&app, &visitor).await;
    writes(&app, &visitor, "It is ready").await;
    app.advance_ms(MAIL_MS);
    let text = the_mail(&server).await.text();
    let stranger = text
        .split("#holdpoint=")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    let stranger = app.anonymous().bearer(stranger.unwrap());
    stranger.get("/widget/v1/conversation").await.ok();

    let right = json!({ "email": "vera@right.example", "consent": "It is used only to answer this conversation." });
    visitor.client.post("/widget/v1/email", &right).await.done();
    stranger.get("/widget/v1/conversation").await.refused(401);
    app.advance_ms(MAIL_MS);
    let again = eventually("the same answer at the right address", async || {
        server
            .received()
            .into_iter()
            .find(|mail| mail.to == "vera@right.example")
    })
    .await;
    assert!(again.text().contains("It is ready"), "{}", again.text());
    assert_eq!(server.received().len(), 2);
    assert_eq!(
        visitor.conversation().await["status"]["email"],
        "vera@right.example",
        "their own key stays good"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_answer_reaches_a_visitor_who_left_and_leads_back_to_this_conversation_alone() {
    let app = TestApp::start().await;
    let server = SmtpServer::of(&app).await;
    let visitor = app.visitor().await;
    visitor.says(UNANSWERABLE).await;
    app.item_of(&visitor).await;
    assert_eq!(visitor.conversation().await["status"]["may_leave_email"], true);
    leaves_email(&visitor).await;
    let status = visitor.conversation().await["status"].clone();
    assert_eq!(
        (&status["email"], &status["may_leave_email"]),
        (&json!("vera@example.org"), &Value::Null)
    );

    takes_over(&app, &visitor).await;
    writes(&app, &visitor, "Your bicycle is ready.").await;
    writes(&app, &visitor, "Bring the ticket, please.").await;
    app.advance_ms(MAIL_MS);
    let mail = the_mail(&server).await;
    app.advance_ms(MAIL_MS);
    assert_eq!(mail.to, "vera@example.org");
    let text = mail.text();
    assert!(
        text.contains("Mia:\r\nYour bicycle is ready.") && text.contains("Bring the ticket"),
        "{text}"
    );

    let mut words = text.split_whitespace();
    let link = words.find(|word| word.contains("#holdpoint=")).unwrap();
    let (page, token) = link.split_once("#holdpoint=").unwrap();
    assert_eq!(
        page,
        format!("http://{}/chat/{}", app.address(), app.workspace.agent_key)
    );
    let html = app
        .anonymous()
        .get(page.split_once(&app.address().to_string()).unwrap().1)
        .await;
    assert!(html.status == 200 && html.text().contains(&app.workspace.agent_key) && !html.text().contains(token));

    // The key leads to this conversation, and to nothing that is not the visitor's.
    let back = app.anonymous().bearer(token);
    let found = back.get("/widget/v1/conversation").await.ok();
    assert_eq!(found["conversation_id"], visitor.conversation_id.as_str());
    back.get("/api/v1/conversations").await.refused(401);
    back.post("/widget/v1/return", &json!({})).await.done();
    back.post("/widget/v1/return", &json!({})).await.done();
    let kinds = kinds(&app).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "visitor.returned").count(), 1);
    assert_eq!(server.received().len(), 1, "one mail for what was said in one go");

    app.advance_ms(31 * DAY_MS);
    back.get("/widget/v1/conversation").await.refused(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_read_in_the_chat_is_not_mailed() {
    let app = TestApp::start().await;
    let server = SmtpServer::of(&app).await;
    let visitor = app.visitor().await;
    wishes_for_person(&visitor).await;
    leaves_email(&visitor).await;
    takes_over(&app, &visitor).await;
    writes(&app, &visitor, "Here I am.").await;
    let seq = visitor.conversation().await["seq"].clone();
    visitor
        .client
        .post("/widget/v1/acknowledge", &json!({ "seq": seq }))
        .await
        .done();
    app.advance_ms(MAIL_MS);
    eventually("the look at what was seen", async || {
        let jobs = app.app.store().next_jobs(50).await.unwrap();
        let waits = jobs.iter().any(|job| job.kind == holdpoint::store::JobKind::Reply);
        (!waits).then_some(())
    })
    .await;
    let mails = app.owner().get("/api/v1/mails").await.ok();
    assert_eq!(mails["items"], json!([]));
    assert!(server.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_consent_or_that_is_none_is_not_kept() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    for (left, words) in [
        (json!({ "email": "vera", "consent": "Yes." }), "e-mail address"),
        (json!({ "email": "vera@example.org", "consent": " " }), "consent"),
        (
            json!({ "email": "a@b.example\r\nBcc: c@d.example", "consent": "Yes." }),
            "e-mail address",
        ),
    ] {
        let refused = visitor.client.post("/widget/v1/email", &left).await.refused(422);
        assert!(refused["detail"].as_str().unwrap().contains(words), "{refused}");
    }
    assert_eq!(visitor.conversation().await["status"]["email"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_hand_back_the_ai_answers_again_and_knows_what_the_person_said_and_noted() {
    let app = TestApp::start().await;
    let agents = app.owner().get("/api/v1/agents").await.ok();
    let mut settings = agents["items"][0]["settings"].clone();
    settings["modes"] = json!(["compose"]);
    let agent = format!("/api/v1/agents/{}", app.workspace.agent_id);
    app.owner()
        .json(http::Method::PUT, &agent, settings.to_string())
        .await
        .ok();
    let visitor = app.visitor().await;
    visitor.says(QUESTION).await;
    app.item_of(&visitor).await;
    takes_over(&app, &visitor).await;
    writes(&app, &visitor, "We agreed on a refund of 20 euros.").await;
    let note = json!({ "note": "Refund 20 euros, order Q-48213, is booked. Do not offer more." });
    app.owner().post(&of(&visitor, "/hand-back"), &note).await.ok();
    visitor.says("And is the shop open on Saturday, and from when?").await;
    let item = app.item_of(&visitor).await;
    assert_eq!(item["mode"], "compose");
    let prompt = app.engine.last_prompt().unwrap();
    let last = &prompt.messages.last().unwrap().content;
    assert!(
        last.contains("colleague Mia, a person") && last.contains("order Q-48213, is booked"),
        "{last}"
    );
    let history: Vec<_> = prompt.messages.iter().map(|message| message.content.as_str()).collect();
    assert!(history.contains(&"We agreed on a refund of 20 euros."), "{history:?}");

    // Colleagues see the note; the visitor does not.
    let page = app
        .owner()
        .get(&format!("/conversations/{}", visitor.conversation_id))
        .await;
    assert!(page.text().contains("Do not offer more") && page.text().contains("to the AI"));
    assert!(!visitor.conversation().await.to_string().contains("Do not offer more"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_is_over_cannot_be_handed_back_and_goes_on_when_the_visitor_writes() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(QUESTION).await;
    app.item_of(&visitor).await;
    takes_over(&app, &visitor).await;
    app.owner().post(&of(&visitor, "/close"), &json!({})).await.ok();
    let refused = app
        .owner()
        .post(&of(&visitor, "/hand-back"), &json!({}))
        .await
        .refused(409);
    let detail = refused["detail"].as_str().unwrap();
    assert!(
        detail.contains("over") && detail.contains("nothing to hand back"),
        "{detail}"
    );
    app.owner().post(&of(&visitor, "/close"), &json!({})).await.refused(409);
    let status = visitor.conversation().await["status"].clone();
    assert_eq!((&status["closed"], &status["owner"]), (&json!(true), &json!("ai")));

    visitor.says(QUESTION).await;
    assert_eq!(visitor.conversation().await["status"]["closed"], Value::Null);
    app.item_of(&visitor).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_takeovers_at_once_one_wins_and_the_other_is_told_who() {
    let app = TestApp::start().await;
    let jonas = colleague(&app).await;
    let visitor = app.visitor().await;
    visitor.says(QUESTION).await;
    let path = of(&visitor, "/take-over");
    let owner = app.owner();
    let nothing = json!({});
    let both = futures::future::join(owner.post(&path, &nothing), jonas.post(&path, &nothing));
    let (mia, jonas) = tokio::time::timeout(AMPLE, both).await.unwrap();
    let (won, lost, name) = if mia.status == 200 {
        (mia, jonas, "Mia")
    } else {
        (jonas, mia, "Jonas")
    };
    won.ok();
    let refused = lost.refused(409);
    assert_eq!(refused["owned_by"], name, "{refused}");
    assert_eq!(visitor.conversation().await["status"]["colleague"], name);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_takeovers_one_wins_even_if_the_visitor_had_waited_for_long_before() {
    let app = TestApp::start().await;
    let jonas = colleague(&app).await;
    let visitor = app.visitor().await;
    wishes_for_person(&visitor).await;
    app.advance_ms(DAY_MS);
    takes_over(&app, &visitor).await;
    let refused = jonas.post(&of(&visitor, "/take-over"), &json!({})).await.refused(409);
    assert_eq!(refused["owned_by"], "Mia", "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_is_gone_is_not_waited_for_for_ever() {
    let app = TestApp::start().await;
    let _server = SmtpServer::of(&app).await;
    let visitor = app.visitor().await;
    wishes_for_person(&visitor).await;
    takes_over(&app, &visitor).await;
    let may_leave = async || visitor.conversation().await["status"]["may_leave_email"].clone();
    assert_eq!(may_leave().await, true, "Mia has no page open");
    app.owner().post("/api/v1/presence", &json!({})).await.ok();
    assert_eq!(may_leave().await, Value::Null, "she is there");

    app.advance_ms(10 * 60_000);
    visitor.says("Hello? Is anybody there?").await;
    app.advance_ms(5 * 60_000);
    let item = app.item_where(|item| item["kind"] == "handoff").await;
    assert_eq!(item["reasons"], json!(["timeout"]));
    let status = visitor.conversation().await["status"].clone();
    assert_eq!(
        (&status["owner"], &status["may_leave_email"]),
        (&json!("nobody"), &json!(true))
    );
    let handed_off = kinds(&app)
        .await
        .iter()
        .filter(|kind| *kind == "conversation.handed_off")
        .count();
    assert_eq!(handed_off, 2, "by the wish, and by the silence");
    takes_over(&app, &visitor).await;
    writes(&app, &visitor, "Here I am again.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spam_that_asks_for_a_person_is_not_logged_as_handed_off() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(QUESTION).await;
    app.owner().post(&of(&visitor, "/spam"), &json!({})).await.ok();
    wishes_for_person(&visitor).await;
    assert_eq!(visitor.conversation().await["status"]["owner"], "ai");
    assert!(
        !kinds(&app).await.contains(&"conversation.handed_off".to_owned()),
        "nobody was called"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_colleagues_whisper_is_in_the_log_and_never_reaches_the_visitor() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(QUESTION).await;
    let mut events = visitor.events(0).await;
    let note = json!({ "text": "Careful, this is the journalist." });
    app.owner().post(&of(&visitor, "/notes"), &note).await.created();
    visitor.says("Hello?").await;
    loop {
        let event = events.named("message").await;
        assert!(!event.data.to_string().contains("journalist"), "{event:?}");
        if event.data["text"] == "Hello?" {
            break;
        }
    }
    assert!(!visitor.conversation().await.to_string().contains("journalist"));
    visitor.client.get(&of(&visitor, "/notes")).await.refused(401);
    let notes = app.owner().get(&of(&visitor, "/notes")).await.ok();
    assert_eq!(notes["items"][0]["name"], "Mia");
    assert!(kinds(&app).await.contains(&"note.added".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn canned_replies_are_found_by_their_short_name_and_two_cannot_share_one() {
    let app = TestApp::start().await;
    let reply = json!({ "shortcut": "/Hours", "text": "We open at nine." });
    let added = app.owner().post("/api/v1/canned-replies", &reply).await.created();
    assert_eq!(added["shortcut"], "hours");
    app.owner().post("/api/v1/canned-replies", &reply).await.refused(409);
    let odd = json!({ "shortcut": "two words", "text": "x" });
    app.owner().post("/api/v1/canned-replies", &odd).await.refused(422);
    let path = format!("/api/v1/canned-replies/{}", added["id"].as_str().unwrap());
    app.owner().delete(&path).await.done();
    assert_eq!(app.owner().get("/api/v1/canned-replies").await.ok()["items"], json!([]));
    app.owner().delete(&path).await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ai_suggests_to_whoever_owns_the_conversation_and_sends_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(QUESTION).await;
    app.item_of(&visitor).await;
    let path = of(&visitor, "/copilot");
    app.owner().post(&path, &json!({})).await.refused(409);
    takes_over(&app, &visitor).await;
    let before = visitor.conversation().await["messages"].clone();
    let log = kinds(&app).await.len();
    let suggestion = app.owner().post(&path, &json!({})).await.ok();
    assert!(!suggestion["text"].as_str().unwrap().is_empty(), "{suggestion}");
    assert!(!suggestion["sources"].as_array().unwrap().is_empty(), "{suggestion}");
    assert_eq!(visitor.conversation().await["messages"], before);
    assert_eq!(kinds(&app).await.len(), log, "a suggestion changes nothing");
    colleague(&app).await.post(&path, &json!({})).await.refused(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_rates_a_conversation_once_and_after_its_end() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says(QUESTION).await;
    let rating = json!({ "stars": 4, "words": "Quick, and kind." });
    visitor.client.post("/widget/v1/rating", &rating).await.refused(409);
    visitor.client.post("/widget/v1/close", &json!({})).await.done();
    let nonsense = json!({ "stars": 6 });
    visitor.client.post("/widget/v1/rating", &nonsense).await.refused(422);
    visitor.client.post("/widget/v1/rating", &rating).await.done();
    visitor.client.post("/widget/v1/rating", &rating).await.refused(409);
    assert_eq!(visitor.conversation().await["status"]["rated"], true);
    let conversation = app.owner().get(&of(&visitor, "")).await.ok();
    assert_eq!(
        (&conversation["rating"]["stars"], &conversation["rating"]["words"]),
        (&json!(4), &json!("Quick, and kind."))
    );
    let page = app
        .owner()
        .get(&format!("/conversations/{}", visitor.conversation_id))
        .await;
    assert!(page.text().contains("Rated 4 of 5"));
    assert!(kinds(&app).await.contains(&"conversation.rated".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_in_which_nothing_is_open_ends_by_itself_and_one_that_waits_does_not() {
    let app = TestApp::start().await;
    let (answered, waiting) = (app.visitor().await, app.visitor().await);
    answered.says(QUESTION).await;
    takes_over(&app, &answered).await;
    writes(&app, &answered, "At nine.").await;
    wishes_for_person(&waiting).await;
    app.advance_ms(DAY_MS + 1_000);
    eventually("the end", async || {
        (answered.conversation().await["status"]["closed"] == true).then_some(())
    })
    .await;
    assert_eq!(waiting.conversation().await["status"]["closed"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_arrives_with_a_brief_of_what_was_said() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor
        .says("My order Q-48213 for 59 euros never arrived, what now?")
        .await;
    wishes_for_person(&visitor).await;
    let conversation = app.owner().get(&of(&visitor, "")).await.ok();
    let brief = &conversation["brief"];
    assert!(
        brief["wants"].as_str().unwrap().starts_with("My order Q-48213"),
        "{brief}"
    );
    assert!(
        brief["next_step"].as_str().unwrap().contains("asked for a person"),
        "{brief}"
    );
    let page = app
        .owner()
        .get(&format!("/conversations/{}", visitor.conversation_id))
        .await
        .text();
    assert!(page.contains("In brief") && page.contains("number Q-48213"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn live_shows_who_owns_what_what_the_ai_is_at_and_since_when_somebody_waits() {
    let app = TestApp::start().await;
    let (asked, wished) = (app.visitor().await, app.visitor().await);
    asked.says(QUESTION).await;
    app.item_of(&asked).await;
    wishes_for_person(&wished).await;
    let live = app.owner().get("/api/v1/live").await.ok();
    let row = |visitor: &VisitorClient| {
        let rows = live["items"].as_array().unwrap().iter();
        let mut found = rows.filter(|row| row["id"] == visitor.conversation_id.as_str());
        found.next().unwrap().clone()
    };
    let (held, called) = (row(&asked), row(&wished));
    assert_eq!((&held["owner"], &held["phase"]), (&json!("ai"), &json!("checking")));
    assert!(held["draft"].as_str().unwrap().contains("open"), "{held}");
    assert_eq!(
        (&called["owner"], &called["phase"]),
        (&json!("nobody"), &json!("waiting_for_person"))
    );
    assert!(called["flags"].to_string().contains("asked for a person"), "{called}");
    assert!(
        held["waiting_since"].as_i64() < called["waiting_since"].as_i64(),
        "who waits longest comes first"
    );
    assert_eq!(live["items"][0]["id"], asked.conversation_id.as_str());

    // A laptop that sleeps does not keep the visitor for ever.
    takes_over(&app, &wished).await;
    let jonas = colleague(&app).await;
    let path = of(&wished, "/take-over");
    jonas.post(&path, &json!({})).await.refused(409);
    app.advance_ms(16 * 60_000);
    jonas.post(&path, &json!({})).await.ok();
    assert_eq!(wished.conversation().await["status"]["colleague"], "Jonas");
    app.owner()
        .post(
            &of(&wished, "/messages"),
            &json!({ "client_id": "late", "text": "Hello?" }),
        )
        .await
        .refused(409);
}
