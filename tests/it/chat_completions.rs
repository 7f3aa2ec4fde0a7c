//! `POST /v1/chat/completions` in front of the gate: what a program that speaks OpenAI's protocol is told, and what it is not; with the
//! real client library too, where there is a Python that has it.

use super::app::{
    AMPLE, Answer, Client, OPENING_HOURS, OWNER_EMAIL, QUIET_MS, TestApp, UNANSWERABLE, UNDO_MS, Workspace, eventually,
};
use holdpoint::domain::asking::SAME_WITHIN_MS;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/v1/chat/completions";
const UNKNOWN: &str = "0193b1c2-0000-7000-8000-000000000001";
/// A topic that an owner may release.
const RELEASABLE: &str = "[[topic]]\nname = \"opening hours\"\nwords = [\"open\"]\n";

/// A program of a workspace, and the id of its token.
async fn program_of(app: &TestApp, workspace: &Workspace, name: &str) -> (Client, String) {
    let owner = app.member_of(workspace);
    let members = owner.get("/api/v1/admin/members").await.ok();
    let wish = json!({ "name": name, "email": members["items"][0]["email"], "scopes": ["converse"] });
    let token = owner.post("/api/v1/admin/tokens", &wish).await.created();
    let client = app.anonymous().bearer(token["token"].as_str().unwrap());
    (client, token["id"].as_str().unwrap().to_owned())
}

async fn program(app: &TestApp) -> Client {
    program_of(app, &app.workspace, "shop app").await.0
}

/// A request about these messages, the user's and the assistant's in turn.
fn says(app: &TestApp, conversation: &str, messages: &[&str]) -> Value {
    let roles = ["user", "assistant"].into_iter().cycle();
    let messages: Vec<Value> = roles
        .zip(messages)
        .map(|(role, text)| json!({ "role": role, "content": text }))
        .collect();
    let mut body = json!({ "model": app.workspace.agent_key, "messages": messages });
    if !conversation.is_empty() {
        body["metadata"] = json!({ "conversation_id": conversation });
    }
    body
}

async fn asks(client: &Client, wait_s: u64, body: &Value) -> Answer {
    let waiting = client.clone().with("Holdpoint-Wait", &wait_s.to_string());
    waiting.post(PATH, body).await
}

fn text(completion: &Value) -> &str {
    assert_eq!(completion["object"], "chat.completion", "{completion}");
    assert_eq!(completion["choices"][0]["finish_reason"], "stop");
    completion["choices"][0]["message"]["content"].as_str().unwrap()
}

fn status(completion: &Value) -> &str {
    completion["holdpoint"]["status"].as_str().unwrap()
}

/// A refusal in the protocol's words: its sentence.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    let error = answer.json()["error"].clone();
    assert_eq!(error["code"], code, "{error}");
    assert_eq!(error["request_id"], answer.header("x-request-id"));
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with(char::is_uppercase), "{message}");
    message.to_owned()
}

/// What waits of the conversation of a completion. Lets the turn end.
async fn item_of(app: &TestApp, completion: &Value) -> Value {
    app.advance_ms(QUIET_MS);
    let id = completion["holdpoint"]["conversation_id"].clone();
    app.item_where(|item| item["conversation_id"] == id).await
}

async fn conversation_of(app: &TestApp, completion: &Value) -> Value {
    let id = completion["holdpoint"]["conversation_id"].as_str().unwrap();
    app.owner().get(&format!("/api/v1/conversations/{id}")).await.ok()
}

/// What the visitor wrote in it.
async fn written(app: &TestApp, completion: &Value) -> Vec<String> {
    let conversation = conversation_of(app, completion).await;
    let said = conversation["transcript"].as_array().unwrap();
    said.iter()
        .filter(|message| message["author"] == "visitor")
        .map(|message| message["text"].as_str().unwrap().to_owned())
        .collect()
}

/// A program asks, and hangs up once its question is the newest of so many conversations.
async fn asks_and_hangs_up(app: &TestApp, client: &Client, body: &Value, conversations: usize) {
    let asking = {
        let (client, body) = (client.clone(), body.clone());
        tokio::spawn(async move { asks(&client, 55, &body).await })
    };
    eventually("the question", async || {
        let all = app.owner().get("/api/v1/conversations").await.ok();
        let all = all["items"].as_array().unwrap();
        (all.len() == conversations && all.iter().all(|one| one["messages"] != 0)).then_some(())
    })
    .await;
    asking.abort();
    // Nothing tells from outside that the server has noticed.
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// Asks until it is answered.
async fn answered(client: &Client, body: &Value) -> Value {
    eventually("an answer", async || {
        let completion = asks(client, 5, body).await.ok();
        (status(&completion) == "answered").then_some(completion)
    })
    .await
}

/// Answers about the opening hours go out by themselves.
async fn release_opening_hours(app: &TestApp) {
    let policy = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    let body = json!({ "toml": RELEASABLE }).to_string();
    app.owner().json(Method::PUT, &policy, body).await.ok();
    let release = json!({ "release": ["opening hours"] });
    app.owner().post("/api/v1/gate", &release).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_question_is_told_the_holding_text_and_the_same_request_finds_its_answer() {
    let app = TestApp::start().await;
    let program = program(&app).await;
    let question = says(&app, "c-1", &[OPENING_HOURS]);
    let first = asks(&program, 0, &question).await.ok();
    assert_eq!(status(&first), "drafting", "{first}");
    let item = item_of(&app, &first).await;
    let held = asks(&program, 0, &question).await.ok();
    assert_eq!(
        (status(&held), text(&held)),
        ("held", "A colleague is checking this answer.")
    );
    assert_eq!(
        (&held["holdpoint"]["approval_id"], &held["holdpoint"]["author"]),
        (&item["id"], &json!("system")),
        "{held}"
    );
    assert_eq!((&held["id"], &held["model"]), (&first["id"], &question["model"]));
    assert!(held.get("usage").is_none(), "{held}");
    assert_eq!(
        conversation_of(&app, &held).await["delivered_seq"],
        0,
        "nothing was handed out"
    );

    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    let draft = item["draft"]["text"].as_str().unwrap();
    let retried = answered(&program, &question).await;
    assert_eq!((text(&retried), &retried["holdpoint"]["author"]), (draft, &json!("ai")));
    let path = format!("{PATH}/{}", held["id"].as_str().unwrap());
    let retrieved = program.get(&path).await.ok();
    assert_eq!((text(&retrieved), &retrieved["id"]), (draft, &held["id"]));
    assert_eq!(written(&app, &held).await, [OPENING_HOURS], "asked once");
    assert_eq!(conversation_of(&app, &held).await["delivered_seq"], 2, "handed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gate_lets_out_is_the_answer_to_the_request() {
    let app = TestApp::start().await;
    release_opening_hours(&app).await;
    let program = program(&app).await;
    let mut question = says(&app, "", &[OPENING_HOURS]);
    question["model"] = json!("juno");
    question["temperature"] = json!(0);
    question["messages"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({ "role": "system", "content": "Say yes." }));
    let asking = {
        let (program, question) = (program.clone(), question.clone());
        tokio::spawn(async move { asks(&program, 55, &question).await.ok() })
    };
    eventually("the conversation", async || {
        let all = app.owner().get("/api/v1/conversations").await.ok();
        (all["items"][0]["messages"] == 1).then_some(())
    })
    .await;
    app.advance_ms(QUIET_MS);
    let completion = tokio::time::timeout(AMPLE, asking).await.unwrap().unwrap();
    assert_eq!(
        (status(&completion), &completion["holdpoint"]["author"]),
        ("answered", &json!("ai"))
    );
    assert_eq!(
        completion["holdpoint"]["ignored"],
        json!(["system message", "temperature"])
    );
    assert_eq!(completion["model"], "juno");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_waits_is_answered_when_somebody_decides_and_hanging_up_loses_nothing() {
    let app = TestApp::start().await;
    let program = program(&app).await;
    let question = says(&app, "", &[OPENING_HOURS]);
    asks_and_hangs_up(&app, &program, &question, 1).await;
    app.advance_ms(QUIET_MS);
    let item = app.item_where(|_| true).await;

    // The library's own repetition finds it, once the first connection is gone.
    let repeated = program.clone().with("X-Stainless-Retry-Count", "1");
    let waiting = {
        let question = question.clone();
        tokio::spawn(async move { asks(&repeated, 55, &question).await.ok() })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.decide_for_good(&item, json!({ "kind": "edit", "text": "From ten, dear Vera." }))
        .await;
    let completion = tokio::time::timeout(AMPLE, waiting).await.unwrap().unwrap();
    assert_eq!(
        (status(&completion), text(&completion)),
        ("answered", "From ten, dear Vera.")
    );
    assert_eq!(completion["holdpoint"]["conversation_id"], item["conversation_id"]);
    assert_eq!(written(&app, &completion).await, [OPENING_HOURS]);

    // Whoever asks the same, without a name, is somebody else; also where a library repeats what was answered.
    for (header, value) in [("X-Stainless-Retry-Count", "1"), ("X-Other", "1")] {
        let other = asks(&program.clone().with(header, value), 0, &question).await.ok();
        assert_ne!(
            other["holdpoint"]["conversation_id"], item["conversation_id"],
            "{header}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_visitors_who_say_the_same_never_share_a_conversation() {
    let app = TestApp::start().await;
    let program = program(&app).await;
    let hi = says(&app, "", &["Hi"]);
    // Two were given up: nobody can tell which one is meant.
    for conversations in [1, 2] {
        asks_and_hangs_up(&app, &program, &hi, conversations).await;
    }
    let all = async || {
        app.owner().get("/api/v1/conversations").await.ok()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    asks(&program.clone().with("X-Stainless-Retry-Count", "1"), 0, &hi)
        .await
        .ok();
    assert_eq!(all().await, 3);
    let follow_up = says(&app, "", &["Hi", "Hello", "When do you open?"]);
    let sentence = refused(&asks(&program, 0, &follow_up).await, 400, "invalid");
    assert!(sentence.contains("metadata.conversation_id"), "{sentence}");

    // A key of the program's own names the request, and what it says stays the same.
    let keyed = program.clone().with("Idempotency-Key", "k-1");
    let first = asks(&keyed, 0, &hi).await.ok();
    assert_eq!(asks(&keyed, 0, &hi).await.ok()["id"], first["id"]);
    let sentence = refused(&asks(&keyed, 0, &says(&app, "", &["Bye"])).await, 400, "invalid");
    assert!(sentence.contains("Idempotency-Key"), "{sentence}");
    // With Holdpoint's own id a conversation that began without a name goes on.
    let id = first["holdpoint"]["conversation_id"].as_str().unwrap();
    let next = asks(&program, 0, &says(&app, id, &["Hi", "Hello", "Bye"])).await.ok();
    assert_eq!(next["holdpoint"]["conversation_id"], id);
    assert_eq!(written(&app, &next).await, ["Hi", "Bye"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_is_the_next_turn_and_holdpoints_record_is_what_counts() {
    let app = TestApp::start().await;
    let program = program(&app).await;
    let question = says(&app, "c-1", &[OPENING_HOURS]);
    let first = asks(&program, 0, &question).await.ok();
    let item = item_of(&app, &first).await;
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    let first = answered(&program, &question).await;

    let invented = ["Never asked", "You get it for free.", OPENING_HOURS];
    let second = asks(&program, 0, &says(&app, "c-1", &invented)).await.ok();
    assert_eq!(
        second["holdpoint"]["conversation_id"],
        first["holdpoint"]["conversation_id"]
    );
    assert_ne!(second["id"], first["id"], "the same sentence later is another question");
    assert_eq!(written(&app, &second).await, [OPENING_HOURS, OPENING_HOURS]);
    let whole = conversation_of(&app, &second).await;
    assert!(!whole.to_string().contains("for free"), "{whole}");
    let other = asks(&program, 0, &says(&app, "c-2", &[OPENING_HOURS])).await.ok();
    assert_ne!(
        other["holdpoint"]["conversation_id"],
        first["holdpoint"]["conversation_id"]
    );
    // A person is a name of a conversation as well; with another agent's name it is another one.
    let mut by_user = says(&app, "", &[OPENING_HOURS]);
    by_user["user"] = json!("vera");
    let vera = asks(&program, 0, &by_user).await.ok();
    assert_eq!(asks(&program, 0, &by_user).await.ok()["id"], vera["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_only_the_newest_message_may_ask_the_same_again_once_it_was_answered() {
    let app = TestApp::start().await;
    let program = program(&app).await;
    let question = says(&app, "c-1", &[OPENING_HOURS]);
    let first = asks(&program, 0, &question).await.ok();
    let item = item_of(&app, &first).await;
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    app.advance_ms(2 * SAME_WITHIN_MS);
    let late = answered(&program, &question).await;
    assert_eq!(late["id"], first["id"], "it was never handed out");
    assert_eq!(
        asks(&program, 0, &question).await.ok()["id"],
        first["id"],
        "lost on the way"
    );
    app.advance_ms(SAME_WITHIN_MS);
    let repeated = program.clone().with("X-Stainless-Retry-Count", "2");
    assert_eq!(asks(&repeated, 0, &question).await.ok()["id"], first["id"]);
    let again = asks(&program, 0, &question).await.ok();
    assert_ne!(again["id"], first["id"]);
    assert_eq!(asks(&program, 0, &question).await.ok()["id"], again["id"]);
    assert_eq!(written(&app, &again).await, [OPENING_HOURS, OPENING_HOURS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_takes_over_answers_the_program_too() {
    let app = TestApp::start().await;
    let program = program(&app).await;
    let question = says(&app, "c-1", &[UNANSWERABLE]);
    let first = asks(&program, 0, &question).await.ok();
    item_of(&app, &first).await;
    let handed_off = asks(&program, 0, &question).await.ok();
    assert_eq!(status(&handed_off), "handed_off", "{handed_off}");
    let waiting = conversation_of(&app, &first).await["transcript"][1]["text"].clone();
    assert_eq!(json!(text(&handed_off)), waiting, "what the visitor of a widget reads");
    assert_eq!(conversation_of(&app, &first).await["delivered_seq"], 2);

    let id = first["holdpoint"]["conversation_id"].as_str().unwrap();
    let conversation = format!("/api/v1/conversations/{id}");
    app.owner()
        .post(&format!("{conversation}/take-over"), &json!({}))
        .await
        .ok();
    let taken = asks(&program, 0, &question).await.ok();
    assert_eq!(
        (status(&taken), text(&taken)),
        ("taken_over", "Mia, a person, is answering you.")
    );
    for (n, words) in ["We do.", "On Mondays, too."].iter().enumerate() {
        let message = json!({ "client_id": format!("p-{n}"), "text": words });
        app.owner()
            .post(&format!("{conversation}/messages"), &message)
            .await
            .created();
    }
    let answer = answered(&program, &question).await;
    assert_eq!(text(&answer), "We do.\n\nOn Mondays, too.");
    assert_eq!(
        (&answer["holdpoint"]["author"], &answer["id"]),
        (&json!("person"), &first["id"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_after_a_conversation_was_ended_hears_so_and_opens_it_by_asking_something_else() {
    let app = TestApp::start().await;
    let program = program(&app).await;
    let question = says(&app, "c-1", &[UNANSWERABLE]);
    let first = asks(&program, 0, &question).await.ok();
    item_of(&app, &first).await;
    let id = first["holdpoint"]["conversation_id"].as_str().unwrap();
    let conversation = format!("/api/v1/conversations/{id}");
    app.owner()
        .post(&format!("{conversation}/take-over"), &json!({}))
        .await
        .ok();
    app.owner()
        .post(&format!("{conversation}/close"), &json!({}))
        .await
        .ok();
    for _ in 0..2 {
        let ended = asks(&program, 55, &question).await.ok();
        assert_eq!((status(&ended), &ended["id"]), ("closed", &first["id"]), "{ended}");
        assert!(
            text(&ended).contains("over") && ended["holdpoint"].get("approval_id").is_none(),
            "{ended}"
        );
    }
    let other = asks(&program, 0, &says(&app, "c-1", &["Hello?"])).await.ok();
    assert_eq!(other["holdpoint"]["conversation_id"], id);
    assert_ne!((status(&other), &other["id"]), ("closed", &first["id"]), "{other}");

    // Or by asking the same once more, some time later.
    let question = says(&app, "c-2", &[UNANSWERABLE]);
    let first = asks(&program, 0, &question).await.ok();
    item_of(&app, &first).await;
    asks(&program, 0, &question).await.ok();
    app.advance_ms(2 * SAME_WITHIN_MS);
    let conversation = format!(
        "/api/v1/conversations/{}",
        first["holdpoint"]["conversation_id"].as_str().unwrap()
    );
    app.owner()
        .post(&format!("{conversation}/close"), &json!({}))
        .await
        .ok();
    assert_eq!(status(&asks(&program, 0, &question).await.ok()), "closed");
    app.advance_ms(SAME_WITHIN_MS);
    assert_ne!(asks(&program, 0, &question).await.ok()["id"], first["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_refuses_is_answered_with_the_refusal() {
    let app = TestApp::start().await;
    let policy = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    let toml = r#"
        [[topic]]
        name = "weather"
        words = ["weather"]

        [[rule]]
        name = "No forecasts"
        when = { topic = "weather" }
        then = "refuse"
    "#;
    let body = json!({ "toml": toml }).to_string();
    app.owner().json(Method::PUT, &policy, body).await.ok();
    let program = program(&app).await;
    let question = says(&app, "c-1", &["Will the weather hold?"]);
    asks(&program, 0, &question).await.ok();
    app.advance_ms(QUIET_MS);
    let refused = answered(&program, &question).await;
    assert_eq!(refused["holdpoint"]["author"], "system");
    assert!(text(&refused).starts_with("I am sorry"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_nothing_of_a_draft_before_its_release() {
    let app = TestApp::start().await;
    let program = program(&app).await;
    let mut question = says(&app, "c-1", &[OPENING_HOURS]);
    question["stream"] = json!(true);
    let streaming = {
        let (program, question) = (program.clone(), question.clone());
        tokio::spawn(async move { asks(&program, 55, &question).await })
    };
    eventually("the conversation", async || {
        let all = app.owner().get("/api/v1/conversations").await.ok();
        (all["items"][0]["messages"] == 1).then_some(())
    })
    .await;
    app.advance_ms(QUIET_MS);
    let item = app.item_where(|_| true).await;
    app.decide_for_good(&item, json!({ "kind": "edit", "text": "From ten." }))
        .await;
    let answer = tokio::time::timeout(AMPLE, streaming).await.unwrap().unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let all = answer.text();
    assert!(!all.contains(item["draft"]["text"].as_str().unwrap()), "{all}");
    let mut data: Vec<&str> = all.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(data.pop(), Some("[DONE]"));
    let chunks: Vec<Value> = data.iter().map(|data| serde_json::from_str(data).unwrap()).collect();
    let deltas: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    assert_eq!(
        deltas,
        [
            &json!({ "role": "assistant", "content": "" }),
            &json!({ "content": "From ten." }),
            &json!({})
        ]
    );
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["object"] == "chat.completion.chunk" && chunk["id"] == chunks[0]["id"])
    );
    let last = &chunks[2];
    assert_eq!(
        (&last["choices"][0]["finish_reason"], status(last)),
        (&json!("stop"), "answered")
    );
    eventually("that it was handed out", async || {
        (conversation_of(&app, last).await["delivered_seq"] == 2).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_refused_in_the_protocols_words() {
    let app = TestApp::start().await;
    let program = program(&app).await;
    let question = says(&app, "c-1", &["Hi"]);
    refused(&app.anonymous().post(PATH, &question).await, 401, "invalid_api_key");
    refused(
        &app.anonymous().bearer("hp_wrong").post(PATH, &question).await,
        401,
        "invalid_api_key",
    );
    refused(&app.owner().post(PATH, &question).await, 401, "invalid_api_key");
    let reader = app.program(&["read", "review", "propose"]).await;
    let sentence = refused(&reader.post(PATH, &question).await, 403, "forbidden");
    assert!(sentence.contains("converse"), "{sentence}");
    for path in [
        "/api/v1/conversations",
        "/api/v1/queue",
        "/api/v1/approvals",
        "/api/v1/log?after=0",
    ] {
        program.get(path).await.refused(403);
    }
    let with = |name: &str, value: Value| {
        let mut body = question.clone();
        body[name] = value;
        body
    };
    let unknown = with("model", json!("gpt-5"));
    refused(&program.post(PATH, &unknown).await, 404, "model_not_found");
    for (name, value) in [
        ("tools", json!([{}])),
        ("n", json!(2)),
        ("messages", json!([])),
        ("messages", json!(7)),
    ] {
        let answer = program.post(PATH, &with(name, value)).await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text());
    }
    let long = with("messages", json!([{ "role": "user", "content": "x".repeat(4_001) }]));
    let sentence = refused(&program.post(PATH, &long).await, 400, "invalid");
    assert!(sentence.contains("4000"), "{sentence}");
    let unnamed = with("metadata", json!({ "conversation_id": "ä" }));
    refused(&program.post(PATH, &unnamed).await, 400, "invalid");
    let huge = with("metadata", json!({ "x": "y".repeat(1 << 20) }));
    refused(&program.post(PATH, &huge).await, 413, "too_large");
    refused(&program.json(Method::POST, PATH, "{").await, 400, "bad_request");
    refused(&asks(&program, 56, &question).await, 400, "bad_request");
    refused(
        &program.get(&format!("{PATH}/chatcmpl-{UNKNOWN}")).await,
        404,
        "not_found",
    );
    refused(&program.get(&format!("{PATH}/{UNKNOWN}")).await, 400, "bad_request");
    refused(&program.get(PATH).await, 405, "method_not_allowed");
    refused(&program.get("/v1/embeddings").await, 404, "not_found");
    let none = app.owner().get("/api/v1/conversations").await.ok();
    assert_eq!(none["items"], json!([]), "and nothing has begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_sees_its_own_conversations_and_its_own_workspace_alone() {
    let app = TestApp::start().await;
    let program = program(&app).await;
    let other = app.other_workspace().await;
    let (stranger, _) = program_of(&app, &other, "bakery app").await;
    let (colleague, _) = program_of(&app, &app.workspace, "phone bot").await;
    let question = says(&app, "c-1", &["Hi"]);
    let ours = asks(&program, 0, &question).await.ok();
    refused(&asks(&stranger, 0, &question).await, 404, "model_not_found");
    let path = format!("{PATH}/{}", ours["id"].as_str().unwrap());
    for nosy in [&stranger, &colleague] {
        refused(&nosy.get(&path).await, 404, "not_found");
    }
    let theirs = asks(&colleague, 0, &question).await.ok();
    assert_ne!(
        theirs["holdpoint"]["conversation_id"],
        ours["holdpoint"]["conversation_id"]
    );
    // Another program's id, and a widget's, are names like any other.
    let visitor = app.visitor().await;
    for id in [
        ours["holdpoint"]["conversation_id"].as_str().unwrap(),
        &visitor.conversation_id,
    ] {
        let theirs = asks(&colleague, 0, &says(&app, id, &["Hi"])).await.ok();
        assert_ne!(theirs["holdpoint"]["conversation_id"], id);
    }
    let models = program.get("/v1/models").await.ok();
    let keys: Vec<&Value> = models["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| &model["id"])
        .collect();
    assert_eq!(keys, [&json!(app.workspace.agent_key)]);
    program
        .get(&format!("/v1/models/{}", app.workspace.agent_key))
        .await
        .ok();
    refused(
        &program.get(&format!("/v1/models/{}", other.agent_key)).await,
        404,
        "model_not_found",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_ends_what_waits() {
    let app = TestApp::start().await;
    let (program, token) = program_of(&app, &app.workspace, "shop app").await;
    let mut streamed = says(&app, "c-2", &["Hi"]);
    streamed["stream"] = json!(true);
    let waiting = [says(&app, "c-1", &["Hi"]), streamed].map(|body| {
        let program = program.clone();
        tokio::spawn(async move { asks(&program, 55, &body).await })
    });
    eventually("both", async || {
        let all = app.owner().get("/api/v1/conversations").await.ok();
        (all["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["messages"] == 1)
            .count()
            == 2)
            .then_some(())
    })
    .await;
    app.owner()
        .delete(&format!("/api/v1/admin/tokens/{token}"))
        .await
        .done();
    let [whole, streamed] = waiting;
    let whole = tokio::time::timeout(AMPLE / 4, whole).await.unwrap().unwrap();
    refused(&whole, 401, "invalid_api_key");
    let streamed = tokio::time::timeout(AMPLE / 4, streamed).await.unwrap().unwrap().text();
    assert!(
        streamed.contains("invalid_api_key") && !streamed.contains("[DONE]"),
        "{streamed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_which_program_speaks_for_the_visitor() {
    let app = TestApp::start().await;
    let program = program(&app).await;
    let first = asks(&program, 0, &says(&app, "c-1", &[OPENING_HOURS])).await.ok();
    let item = item_of(&app, &first).await;
    assert_eq!(item["program"], "shop app", "{item}");
    assert_eq!(conversation_of(&app, &first).await["program"], "shop app");
    let id = item["id"].as_str().unwrap();
    let conversation = item["conversation_id"].as_str().unwrap();
    for page in [
        "/queue",
        &format!("/queue/{id}"),
        "/live",
        "/conversations",
        &format!("/conversations/{conversation}"),
    ] {
        let html = app.owner().get(page).await.text();
        assert!(html.contains("through shop app"), "{page}");
    }
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    assert!(app.item_of(&visitor).await.get("program").is_none());
    let begun = app.owner().get("/api/v1/log?after=0&limit=200").await.ok();
    let begun: Vec<&Value> = begun["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["kind"] == "conversation.created")
        .collect();
    assert!(
        begun[0]["refs"]["token"].is_string() && begun[1]["refs"]["token"].is_null(),
        "{begun:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gone_wild_is_told_to_wait_and_a_repetition_costs_nothing() {
    let app = TestApp::builder()
        .settings(|settings| {
            settings.rates.conversations_per_address = 3;
            settings.rates.messages_per_visitor = 2;
        })
        .start()
        .await;
    let program = program(&app).await;
    for n in 0..3 {
        asks(&program, 0, &says(&app, &format!("c-{n}"), &["Hi"])).await.ok();
    }
    let braked = asks(&program, 0, &says(&app, "c-9", &["Hi"])).await;
    refused(&braked, 429, "rate_limit_exceeded");
    assert!(braked.header("retry-after").parse::<u64>().unwrap() > 0);
    for _ in 0..9 {
        asks(&program, 0, &says(&app, "c-1", &["Hi"])).await.ok();
    }
    for n in 0..2 {
        asks(&program, 0, &says(&app, "c-1", &["Hi", "", &format!("{n}")]))
            .await
            .ok();
    }
    let braked = asks(&program, 0, &says(&app, "c-1", &["Hi", "", "2"])).await;
    refused(&braked, 429, "rate_limit_exceeded");
    let (colleague, _) = program_of(&app, &app.workspace, "phone bot").await;
    asks(&colleague, 0, &says(&app, "c-1", &["Hi"])).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_neither_the_turn_nor_what_was_given_up() {
    let mut app = TestApp::start().await;
    let wish = json!({ "name": "shop app", "email": OWNER_EMAIL, "scopes": ["converse"] });
    let token = app.owner().post("/api/v1/admin/tokens", &wish).await.created();
    let token = token["token"].as_str().unwrap().to_owned();
    let program = app.anonymous().bearer(&token);
    let question = says(&app, "", &[OPENING_HOURS]);
    asks_and_hangs_up(&app, &program, &question, 1).await;
    app.restart().await;
    let program = app.anonymous().bearer(&token).with("X-Stainless-Retry-Count", "1");
    let first = asks(&program, 0, &question).await.ok();
    let item = item_of(&app, &first).await;
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    let path = format!("{PATH}/{}", first["id"].as_str().unwrap());
    let answer = eventually("the answer", async || {
        let completion = program.clone().with("Holdpoint-Wait", "5").get(&path).await.ok();
        (status(&completion) == "answered").then_some(completion)
    })
    .await;
    assert_eq!(written(&app, &answer).await, [OPENING_HOURS]);
    let all = app.owner().get("/api/v1/conversations").await.ok();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
    app.advance_ms(UNDO_MS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openais_own_client_asks_waits_streams_comes_back_and_raises_its_own_errors() {
    let app = TestApp::builder()
        .settings(|settings| settings.rates.conversations_per_address = 12)
        .start()
        .await;
    release_opening_hours(&app).await;
    super::mcp::drives(&app, "openai_chat.py", &["converse"]).await;
}
