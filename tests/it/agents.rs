//! An agent's settings: what changes no answer is live at once, what can change one is tried first; and its versions.

use crate::app::{Answer, OPENING_HOURS, TestApp, eventually};
use crate::engine::files::lora;
use crate::fitness::{CHAT_MODEL, Defaults, model};
use holdpoint::app::models::{self, AddWish, ArrivalState, ArrivalView};
use holdpoint::domain::log::Actor;
use holdpoint::domain::model::ModelName;
use http::Method;
use serde_json::{Value, json};
use std::path::PathBuf;

async fn settings(app: &TestApp) -> Value {
    app.owner().get("/api/v1/agents").await.ok()["items"][0]["settings"].clone()
}

/// The settings with these fields changed, put.
async fn put(app: &TestApp, change: Value, query: &str) -> Answer {
    let mut settings = settings(app).await;
    settings
        .as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());
    let path = format!("/api/v1/agents/{}{query}", app.workspace.agent_id);
    app.owner().json(Method::PUT, &path, settings.to_string()).await
}

/// Somebody has asked the agent something.
async fn was_asked(app: &TestApp) {
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await;
}

fn accepted(answer: &Answer) -> Value {
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["candidate"].clone()
}

async fn candidate_when(app: &TestApp, id: &str, state: &str) -> Value {
    eventually("the candidate's state", async || {
        let path = format!("/api/v1/improve/candidates/{id}");
        let answer = app.owner().get(&path).await.ok();
        (answer["candidate"]["state"] == state).then_some(answer)
    })
    .await
}

async fn act(app: &TestApp, id: &str, what: &str) -> Answer {
    let path = format!("/api/v1/improve/candidates/{id}/{what}");
    app.owner().post(&path, &json!({ "reason": "Wanted" })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_to_begin_with_are_live_at_once_another_tone_is_tried_and_what_cannot_be_meant_is_refused() {
    let app = TestApp::start().await;
    was_asked(&app).await;
    let starters = json!(["When do you open?", "Do you deliver?"]);
    let answer = put(
        &app,
        json!({ "starters": starters, "tone": "formal", "tone_words": "Like a butler." }),
        "",
    )
    .await;
    assert_eq!(accepted(&answer)["changes"], json!(["tone", "tone_words"]));
    let live = settings(&app).await;
    assert_eq!((&live["starters"], &live["tone"]), (&starters, &json!("as_instructed")));
    let path = format!("/widget/v1/agents/{}", app.workspace.agent_key);
    let public = app.anonymous().get(&path).await.ok();
    assert_eq!(public["starters"], starters);
    assert!(
        public.get("tone").is_none(),
        "how it is told to speak is nobody else's business"
    );

    for (wrong, word) in [
        (json!({ "starters": ["a", "b", "c", "d", "e"] }), "at most 4"),
        (json!({ "starters": ["a".repeat(81)] }), "80 characters"),
        (json!({ "starters": [""] }), "empty"),
        (json!({ "tone_words": "a".repeat(301) }), "300"),
        (json!({ "tone": "rude" }), "rude"),
    ] {
        let answer = put(&app, wrong, "").await;
        assert!(answer.status == 400 || answer.status == 422, "{}", answer.text());
        assert!(answer.text().contains(word), "{}", answer.text());
    }
    let pages = app.owner();
    let list = pages.get("/agents").await.text();
    assert!(list.contains("2 questions to begin with"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_no_answer_is_live_at_once_and_what_can_is_tried_first() {
    let app = TestApp::start().await;
    was_asked(&app).await;
    let both = json!({ "greeting": "Good day!", "instructions": "Be brief." });
    let answer = put(&app, both.clone(), "").await;
    let tried = accepted(&answer);
    assert_eq!(tried["changes"], json!(["instructions"]));
    assert_eq!(
        (&answer.json()["settings"]["greeting"], &answer.json()["version"]),
        (&json!("Good day!"), &json!(2))
    );
    let live = settings(&app).await;
    assert_ne!(live["instructions"], "Be brief.");

    // Whoever repeats it makes no second one.
    let id = tried["id"].as_str().unwrap().to_owned();
    assert_eq!(accepted(&put(&app, both, "").await)["id"], id.as_str());

    // What is published meanwhile stays, on publishing and on taking back.
    put(&app, json!({ "greeting": "Hello again!" }), "").await.ok();
    candidate_when(&app, &id, "waiting").await;
    act(&app, &id, "publish").await.ok();
    let live = settings(&app).await;
    assert_eq!(
        (&live["instructions"], &live["greeting"]),
        (&json!("Be brief."), &json!("Hello again!"))
    );
    put(&app, json!({ "name": "Nora" }), "").await.ok();
    act(&app, &id, "roll-back").await.ok();
    let live = settings(&app).await;
    assert_ne!(live["instructions"], "Be brief.");
    assert_eq!(live["name"], "Nora");

    let path = format!("/api/v1/agents/{}/versions", app.workspace.agent_id);
    let versions = app.owner().get(&path).await.ok();
    let changed: Vec<&Value> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| &version["changed"])
        .collect();
    assert_eq!(
        changed,
        [
            &json!(["instructions"]),
            &json!(["name"]),
            &json!(["instructions"]),
            &json!(["greeting"]),
            &json!(["greeting"]),
            &json!([])
        ]
    );
    assert_eq!(
        (&versions["items"][0]["by"], &versions["items"][0]["is_live"]),
        (&json!("Mia"), &json!(true))
    );
    let part = app.owner().get(&format!("{path}?limit=2&after=4")).await.ok();
    assert_eq!(
        (&part["items"][0]["number"], &part["items"][1]["changed"], &part["next"]),
        (&json!(3), &json!(["greeting"]), &json!("2"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_nobody_has_asked_yet_changes_at_once_and_can_be_taken_back() {
    let app = TestApp::start().await;
    let before = settings(&app).await;
    let changed = put(&app, json!({ "instructions": "Be brief." }), "").await.ok();
    assert_eq!(changed["settings"]["instructions"], "Be brief.");
    let id = changed["candidate"]["id"].as_str().unwrap();
    assert_eq!(changed["candidate"]["state"], "published");
    act(&app, id, "roll-back").await.ok();
    assert_eq!(settings(&app).await, before);

    // A regression question is a question that it is asked again.
    let question = json!({ "question": OPENING_HOURS, "answer": "" });
    app.owner().post("/api/v1/improve/questions", &question).await.created();
    accepted(&put(&app, json!({ "instructions": "Be brief." }), "").await);
    // Nothing to change is nothing to publish.
    let version = put(&app, json!({}), "").await.ok();
    assert_eq!((&version["version"], version.get("candidate")), (&json!(3), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_in_a_hurry_says_why_and_can_take_it_back() {
    let app = TestApp::start().await;
    was_asked(&app).await;
    let before = settings(&app).await;
    let change = json!({ "modes": ["verified"] });
    let refused = put(&app, change.clone(), "?publish=now").await.refused(422);
    assert!(refused["detail"].as_str().unwrap().contains("Say why"), "{refused}");
    put(&app, change.clone(), "?reason=Recall").await.refused(422);
    let changed = put(&app, change, "?publish=now&reason=A%20recall").await.ok();
    assert_eq!(changed["settings"]["modes"], json!(["verified"]));
    let id = changed["candidate"]["id"].as_str().unwrap();
    // It is compared with what was there before afterwards.
    let compared = eventually("what it does", async || {
        let answer = app.owner().get(&format!("/api/v1/improve/candidates/{id}")).await.ok();
        (!answer["candidate"]["found"].is_null()).then_some(answer)
    })
    .await;
    assert_eq!(
        (&compared["candidate"]["reason"], &compared["candidate"]["state"]),
        (&json!("A recall"), &json!("published"))
    );
    assert_eq!(compared["candidate"]["found"]["worse"], 1, "{compared}");
    act(&app, id, "roll-back").await.ok();
    assert_eq!(settings(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_changes_of_one_agent_do_not_undo_each_other_and_one_of_looks_alone_is_no_candidate() {
    let app = TestApp::start().await;
    was_asked(&app).await;
    let one = accepted(&put(&app, json!({ "instructions": "Be brief." }), "").await);
    let other = accepted(&put(&app, json!({ "collections": ["shop"] }), "").await);
    for tried in [&one, &other] {
        let id = tried["id"].as_str().unwrap();
        candidate_when(&app, id, "waiting").await;
        act(&app, id, "publish").await.ok();
    }
    let live = settings(&app).await;
    assert_eq!(
        (&live["instructions"], &live["collections"]),
        (&json!("Be brief."), &json!(["shop"]))
    );
    // The later one first.
    act(&app, one["id"].as_str().unwrap(), "roll-back").await.refused(409);

    let mut looks = live;
    looks["greeting"] = json!("Hi!");
    let change = json!({ "kind": "set_agent", "id": app.workspace.agent_id, "settings": looks });
    let wish = json!({ "title": "Looks", "changes": [change] });
    let refused = app.owner().post("/api/v1/improve/candidates", &wish).await.refused(422);
    assert!(
        refused["detail"].as_str().unwrap().contains("nothing to try"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_nobody_has_measured_is_measured_before_it_may_write() {
    let app = TestApp::start().await;
    put(&app, json!({ "allow_unfit": false }), "").await.ok();
    was_asked(&app).await;
    let tried = accepted(&put(&app, json!({ "chat_models": ["another"] }), "").await);
    let id = tried["id"].as_str().unwrap();
    let checks = "/api/v1/admin/models/checks";
    eventually("the measurement", async || {
        let found = app.owner().get(checks).await.ok();
        (found["running"].is_null()).then_some(())
    })
    .await;
    candidate_when(&app, id, "waiting").await;
    let found = app.owner().get(checks).await.ok();
    let is_measured = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .any(|check| check["chat_model"] == "another");
    assert!(is_measured, "{found}");
    act(&app, id, "publish").await.ok();
}

/// What comes of adding a file.
async fn added(app: &TestApp, file: PathBuf, name: &str, is_for: Option<&str>) -> ArrivalView {
    let named = |name: &str| ModelName::parse(name).unwrap();
    let wish = AddWish {
        file,
        name: Some(named(name)),
        is_for: is_for.map(named),
    };
    let begun = models::add(&app.app, Actor::Admin, wish).await.unwrap();
    eventually("the file", async || {
        let view = models::arrival(&app.app, begun.id).unwrap();
        matches!(view.state, ArrivalState::Done | ArrivalState::Failed).then_some(view)
    })
    .await
}

/// The draft for a question that somebody asks now.
async fn drafted(app: &TestApp) -> Value {
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await["draft"]["text"].clone()
}

const QUERY: &str = "blk.0.attn_q.weight";
const WIDTH: u64 = 576;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_is_checked_added_tried_published_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let tone = file("tone.gguf", &lora("llama", QUERY, WIDTH, WIDTH, 20.0));
    let adapters = vec![("tone".to_owned(), tone.clone())];
    let (Some(chat), Some(defaults)) = (model(CHAT_MODEL), Defaults::with_adapters(true, adapters).await) else {
        return;
    };
    let app = TestApp::builder().engine(defaults.engine()).start().await;
    let chat = added(&app, chat, CHAT_MODEL, None).await;
    assert_eq!(chat.state, ArrivalState::Done, "{chat:?}");

    // One for another model does not come in; nor half of one.
    let foreign = file("foreign.gguf", &lora("qwen2", QUERY, WIDTH, WIDTH, 1.0));
    let narrow = file("narrow.gguf", &lora("llama", QUERY, 64, WIDTH, 1.0));
    let cut = file("cut.gguf", &lora("llama", QUERY, WIDTH, WIDTH, 1.0)[..4000]);
    for (refused, words) in [
        (foreign, "architecture `qwen2`"),
        (narrow, "another shape"),
        (cut, "incomplete"),
    ] {
        let view = added(&app, refused, "wrong", None).await;
        let problem = view.problem.clone().unwrap_or_default();
        assert!(
            view.state == ArrivalState::Failed && problem.contains(words),
            "{view:?}"
        );
    }
    let for_nobody = added(&app, tone.clone(), "tone", Some("unheard-of")).await;
    assert_eq!(for_nobody.state, ArrivalState::Failed, "{for_nobody:?}");
    let tone = added(&app, tone, "tone", Some(CHAT_MODEL)).await;
    assert_eq!(tone.state, ArrivalState::Done, "{tone:?}");
    assert!(tone.notes.iter().any(|note| note.contains(CHAT_MODEL)), "{tone:?}");
    assert_eq!(models::adapters(&app.app).await.unwrap()[0].models, [CHAT_MODEL]);

    put(&app, json!({ "modes": ["compose"], "chat_models": [CHAT_MODEL] }), "")
        .await
        .ok();
    let before = drafted(&app).await;
    assert!(before.as_str().is_some_and(|text| !text.is_empty()), "{before}");
    let refused = put(&app, json!({ "adapter": "nobody-has-it" }), "").await.refused(422);
    assert!(
        refused["detail"].as_str().unwrap().contains("holdpoint model add"),
        "{refused}"
    );
    let nowhere = put(&app, json!({ "adapter": "tone", "chat_models": [] }), "").await;
    nowhere.refused(422);

    let tried = accepted(&put(&app, json!({ "adapter": "tone" }), "").await);
    let id = tried["id"].as_str().unwrap();
    assert_eq!(tried["changes"], json!(["adapter"]));
    candidate_when(&app, id, "waiting").await;
    assert_eq!(drafted(&app).await, before, "nothing is live yet");
    candidate_when(&app, id, "waiting").await;
    act(&app, id, "publish").await.ok();
    assert_ne!(drafted(&app).await, before, "the adapter writes");
    let name = ModelName::parse("tone").unwrap();
    let refused = models::remove(&app.app, Actor::Admin, name.clone()).await.unwrap_err();
    assert!(
        refused.to_string().contains("writes with the adapter tone"),
        "{refused}"
    );
    act(&app, id, "roll-back").await.ok();
    assert_eq!(drafted(&app).await, before, "as it was");
    models::remove(&app.app, Actor::Admin, name).await.unwrap();
    defaults.stop().await;
}
