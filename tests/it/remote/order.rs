//! Which of several engines answers.

use std::time::Duration;

use holdpoint::app::Engines;
use holdpoint::app::engines::{Answered, NoAnswer};
use holdpoint::domain::model_ref::ModelRef;
use holdpoint::engine::scripted::ScriptedEngine;
use holdpoint::engine::{BreakerSettings, EngineClient, EngineError, RemoteEngine, RemoteState};
use serde_json::json;
use tempfile::TempDir;

use super::fake::{EAGER, Fake, PATIENT, Received, Reply, Step, complete, event};
use super::*;

const CHAT: &str = "/v1/chat/completions";

/// The scripted engine as this machine's.
struct Local {
    _directory: TempDir,
    script: ScriptedEngine,
}

impl Local {
    fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let script = ScriptedEngine::start(directory.path().join("scripted.sock")).unwrap();
        Self {
            _directory: directory,
            script,
        }
    }

    fn engines(&self, remote: &[&Fake]) -> Engines {
        self.with(named(remote, PATIENT))
    }

    fn with(&self, remote: Vec<RemoteEngine>) -> Engines {
        let local = holdpoint::app::Engine {
            client: EngineClient::new(self.script.endpoint()),
            embedder: "scripted".to_owned(),
            chat_model: Some("scripted".to_owned()),
            status: None,
        };
        Engines::new(Some(local), remote)
    }
}

fn named(remote: &[&Fake], breaker: BreakerSettings) -> Vec<RemoteEngine> {
    let named = remote.iter().zip(["office", "lab"]);
    named.map(|(fake, name)| fake.engine(name, breaker)).collect()
}

async fn ask(engines: &Engines, models: &[&str]) -> Result<Answered, Box<NoAnswer>> {
    let models = ModelRef::parse_all(models.iter().copied()).unwrap();
    engines.chat(&models, question("Hello"), AMPLE).await
}

/// Refuses what is asked, but not the search for what it can do.
fn failing(received: &Received) -> Reply {
    if received.path == CHAT && received.body["max_tokens"] == 24 {
        return Reply::json(500, &json!({"error": "out of memory"}));
    }
    complete(received)
}

#[tokio::test]
async fn without_a_list_this_machine_answers_and_nobody_else_hears_of_it() {
    let (local, office) = (Local::start(), Fake::start(complete).await);
    let engines = local.engines(&[&office]);
    let answered = ask(&engines, &[]).await.unwrap();
    assert_eq!((answered.model, local.script.chats()), (ModelRef::DEFAULT, 1));
    assert!(office.received().is_empty());
}

#[tokio::test]
async fn the_first_that_can_answers_and_the_others_are_not_asked() {
    let (local, office, lab) = (Local::start(), Fake::start(complete).await, Fake::start(complete).await);
    let engines = local.engines(&[&office, &lab]);
    let answered = ask(&engines, &["small@lab", "small@office", "scripted"]).await.unwrap();
    assert_eq!(
        (answered.model.to_string(), answered.answer.text),
        ("small@lab".to_owned(), "Hello there".to_owned())
    );
    assert!(answered.skipped.is_empty() && answered.answer.logprobs.is_some());
    assert!(office.received().is_empty());
    assert_eq!(local.script.chats(), 0);
}

#[tokio::test]
async fn what_cannot_answer_is_passed_over_with_its_reason() {
    let (local, office) = (Local::start(), Fake::start(failing).await);
    let engines = local.engines(&[&office]);
    let answered = ask(&engines, &["large@office", "small@cellar", "small@office", "scripted"])
        .await
        .unwrap();
    assert_eq!(answered.model.to_string(), "scripted");
    let why: Vec<&str> = answered.skipped.iter().map(|skipped| skipped.why.as_str()).collect();
    assert!(
        why[0].contains("has no model large; it has nomic-embed, small"),
        "{why:?}"
    );
    assert!(why[1].contains("there is no remote engine cellar"), "{why:?}");
    assert!(why[2].contains("office cannot answer (out of memory)"), "{why:?}");
}

#[tokio::test]
async fn when_nobody_answers_each_reason_is_told() {
    let office = Fake::start(failing).await;
    let engines = Engines::new(None, named(&[&office], PATIENT));
    let nobody = ask(&engines, &["@office", "scripted"]).await.unwrap_err();
    assert!(matches!(nobody.error, EngineError::NoModel { .. }), "{nobody:?}");
    let told = nobody.to_string();
    assert!(told.contains("@office: office cannot answer (out of memory)"), "{told}");
    assert!(
        told.contains("scripted: no models are set up on this machine"),
        "{told}"
    );
}

#[tokio::test]
async fn an_engine_that_fails_is_left_alone() {
    let (local, office) = (Local::start(), Fake::start(failing).await);
    let engines = local.engines(&[&office]);
    for _ in 0..PATIENT.failures {
        ask(&engines, &["small@office", "scripted"]).await.unwrap();
    }
    assert_eq!(engines.remote()[0].status().state, RemoteState::Resting);
    let asked = office.received().len();
    let answered = ask(&engines, &["small@office", "scripted"]).await.unwrap();
    assert!(answered.skipped[0].why.contains("left alone"), "{:?}", answered.skipped);
    assert_eq!(office.received().len(), asked, "it was not asked");
}

#[tokio::test]
async fn an_engine_that_was_left_alone_comes_back_perhaps_as_another_one() {
    let (local, office) = (Local::start(), Fake::start(failing).await);
    let engines = local.with(named(&[&office], EAGER));
    for _ in 0..EAGER.failures {
        ask(&engines, &["small@office", "scripted"]).await.unwrap();
    }
    assert_eq!(office.count("/v1/models"), 1);
    office.answer(complete);
    let answered = ask(&engines, &["small@office", "scripted"]).await.unwrap();
    assert_eq!(answered.model.to_string(), "small@office");
    assert_eq!(engines.remote()[0].status().state, RemoteState::Ready);
    assert_eq!(office.count("/v1/models"), 2, "what it can do is found out anew");
}

#[tokio::test]
async fn an_engine_that_asks_for_a_rest_gets_it() {
    let (local, office) = (Local::start(), Fake::start(complete).await);
    let engines = local.engines(&[&office]);
    ask(&engines, &["small@office"]).await.unwrap();
    office.answer(|_| Reply::json(429, &json!({"error": "slow down"})).header("retry-after", "600"));
    ask(&engines, &["small@office", "scripted"]).await.unwrap();
    assert_eq!(engines.remote()[0].status().state, RemoteState::Resting);
    let asked = office.received().len();
    let answered = ask(&engines, &["small@office", "scripted"]).await.unwrap();
    assert!(answered.skipped[0].why.contains("slow down"), "{:?}", answered.skipped);
    assert_eq!(office.received().len(), asked);
}

#[tokio::test]
async fn a_refusal_with_a_reason_is_no_failure_of_the_engine() {
    let long = |received: &Received| {
        if received.path == CHAT && received.body["max_tokens"] == 24 {
            let error = json!({"message": "too long", "type": "exceed_context_size_error", "code": 400});
            return Reply::json(400, &json!({ "error": error }));
        }
        complete(received)
    };
    let (local, office) = (Local::start(), Fake::start(long).await);
    let engines = local.engines(&[&office]);
    for _ in 0..5 {
        let answered = ask(&engines, &["small@office", "scripted"]).await.unwrap();
        assert!(answered.skipped[0].why.contains("too long"), "{:?}", answered.skipped);
    }
    assert_eq!(engines.remote()[0].status().state, RemoteState::Ready);
}

#[tokio::test]
async fn who_does_not_begin_in_its_part_of_the_time_loses_its_turn_and_is_told_to_stop() {
    let silent = |received: &Received| {
        if received.path == CHAT && received.body["max_tokens"] == 24 {
            let role = event(&json!({"choices": [{"delta": {"role": "assistant"}}]}));
            return Reply::events(vec![role, Step::Silence]);
        }
        complete(received)
    };
    let (local, office) = (Local::start(), Fake::start(silent).await);
    let engines = local.engines(&[&office]);
    engines.remote()[0].look(AMPLE).await.unwrap();
    let models = ModelRef::parse_all(["small@office", "scripted"]).unwrap();
    // Far less than the silence that an engine elsewhere is allowed.
    let deadline = Duration::from_secs(12);
    let answered = engines.chat(&models, question("Hello"), deadline).await.unwrap();
    assert_eq!(answered.model.to_string(), "scripted");
    assert_eq!(
        (office.left(), local.script.chats()),
        (1, 1),
        "one answer, and the other was given up"
    );
}

#[tokio::test]
async fn an_asker_who_goes_stops_the_engine_and_blames_nobody() {
    let silent = |received: &Received| {
        if received.path == CHAT && received.body["max_tokens"] == 24 {
            return Reply::events(vec![]).after(Step::Silence);
        }
        complete(received)
    };
    let office = Fake::start(silent).await;
    let engines = Engines::new(None, named(&[&office], PATIENT));
    engines.remote()[0].look(AMPLE).await.unwrap();
    for _ in 0..=PATIENT.failures {
        let asking = tokio::time::timeout(Duration::from_millis(50), ask(&engines, &["small@office"])).await;
        assert!(asking.is_err());
    }
    assert_eq!(engines.remote()[0].status().state, RemoteState::Ready);
    office.answer(complete);
    assert!(ask(&engines, &["small@office"]).await.is_ok());
}

#[tokio::test]
async fn the_status_tells_how_every_remote_engine_is() {
    let (office, lab) = (
        Fake::start(complete).await,
        Fake::start(|_| Reply::json(401, &json!({}))).await,
    );
    let engines = Engines::new(None, named(&[&office, &lab], PATIENT));
    let status = engines.remote_status().await;
    assert_eq!(
        (status[0].name.as_str(), status[0].state),
        ("office", RemoteState::Ready)
    );
    assert!(status[0].capabilities.as_ref().unwrap().logprobs);
    assert_eq!(
        (status[1].name.as_str(), status[1].state),
        ("lab", RemoteState::Failing)
    );
    assert!(status[1].in_words.contains("engine-lab.token"), "{status:?}");
    let shown = serde_json::to_string(&status).unwrap();
    assert!(!shown.contains(super::fake::TOKEN), "{shown}");
}
