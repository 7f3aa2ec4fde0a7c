//! What servers can do is found out, whatever they are.

use holdpoint::engine::{EngineError, GrammarForm, RemoteState};
use serde_json::json;

use super::fake::{Fake, PATIENT, Received, Reply, chat, complete};
use super::*;

#[tokio::test]
async fn a_complete_server_is_known_by_what_it_does() {
    let fake = Fake::start(complete).await;
    let found = fake.client().detect(AMPLE).await.unwrap();
    assert!(found.chat && found.logprobs && found.embeddings, "{found:?}");
    assert_eq!(found.grammar, Some(GrammarForm::JsonSchema));
    assert!(!found.score && !found.is_holdpoint);
    assert_eq!(
        found.chat_model.as_deref(),
        Some("small"),
        "what is called an embedder is tried last"
    );
    assert_eq!(found.embedding_model.as_deref(), Some("nomic-embed"));
    assert_eq!(fake.count("/score"), 0, "only our own engines are asked that");
}

#[tokio::test]
async fn a_server_without_log_probabilities_is_asked_without_them() {
    let refuses = |status: u16| {
        move |received: &Received| match received.path.as_str() {
            "/v1/chat/completions" if received.body.get("logprobs").is_some() => {
                Reply::json(status, &json!({"detail": [{"msg": "logprobs is not supported"}]}))
            }
            "/v1/embeddings" => Reply::json(501, &json!({"error": {"message": "no embeddings here"}})),
            _ => complete(received),
        }
    };
    for status in [400, 422, 500, 501] {
        let fake = Fake::start(refuses(status)).await;
        let engine = fake.engine("office", PATIENT);
        let found = engine.look(AMPLE).await.unwrap();
        assert!(
            found.chat && !found.logprobs && !found.embeddings,
            "{status}: {found:?}"
        );
        let client = fake.client().knowing(found);
        let answer = client.chat(question("Hello"), AMPLE).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.logprobs), ("Hello there", None));
    }
}

#[tokio::test]
async fn a_server_that_ignores_a_schema_does_not_follow_it() {
    let fake = Fake::start(|received| {
        let mut received = received.clone();
        received.body["response_format"] = json!(null);
        complete(&received)
    })
    .await;
    let found = fake.client().detect(AMPLE).await.unwrap();
    assert!(found.chat && found.grammar.is_none(), "{found:?}");
}

#[tokio::test]
async fn the_other_way_to_ask_for_a_schema_is_found() {
    let fake = Fake::start(|received| {
        let mut received = received.clone();
        let format = &received.body["response_format"];
        match format["type"].as_str() {
            Some("json_schema") => return Reply::json(422, &json!({"detail": "unknown type"})),
            Some("json_object") => {
                let schema = format["schema"].clone();
                received.body["response_format"] = json!({"json_schema": {"schema": schema}});
            }
            _ => {}
        }
        complete(&received)
    })
    .await;
    let found = fake.client().detect(AMPLE).await.unwrap();
    assert_eq!(found.grammar, Some(GrammarForm::JsonObject));
}

#[tokio::test]
async fn a_server_for_embeddings_alone_and_one_without_a_list_are_known() {
    let embedder = Fake::start(|received| match received.path.as_str() {
        "/v1/chat/completions" => Reply::json(400, &json!({"error": "this model does not support chat"})),
        _ => complete(received),
    })
    .await;
    let found = embedder.client().detect(AMPLE).await.unwrap();
    assert!(!found.chat && found.embeddings, "{found:?}");
    let unlisted = Fake::start(|received| match received.path.as_str() {
        "/v1/models" => Reply::json(404, &json!({"detail": "Not Found"})),
        _ => complete(received),
    })
    .await;
    let found = unlisted.client().detect(AMPLE).await.unwrap();
    assert!(
        found.chat && found.models.is_empty() && found.chat_model.is_none(),
        "{found:?}"
    );
}

#[tokio::test]
async fn nothing_is_concluded_from_a_server_that_cannot_answer_now() {
    let loading = json!({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}});
    let fake = Fake::start(move |_| Reply::json(503, &loading)).await;
    let engine = fake.engine("office", PATIENT);
    assert_eq!(engine.status().state, RemoteState::Unknown);
    let why = engine.look(AMPLE).await.unwrap_err();
    assert!(why.contains("office is busy (Loading model)"), "{why}");
    assert_eq!(engine.status().state, RemoteState::Failing);
    fake.answer(complete);
    assert!(engine.look(AMPLE).await.unwrap().chat);
    let status = engine.status();
    assert_eq!(status.state, RemoteState::Ready);
    assert!(status.in_words.contains("writes answers"), "{status:?}");
}

#[tokio::test]
async fn a_refused_token_is_told_with_its_file() {
    let fake = Fake::start(|_| Reply::json(401, &json!({"error": {"message": "Invalid API Key"}}))).await;
    let engine = fake.engine("office", PATIENT);
    let why = engine.look(AMPLE).await.unwrap_err();
    assert!(
        why.contains("office refuses the access token") && why.contains("secrets/engine-office.token"),
        "{why}"
    );
    assert!(engine.status().in_words.contains("engine-office.token"));
    let error = fake.client().detect(AMPLE).await.unwrap_err();
    assert!(matches!(error, EngineError::Unauthorized { .. }), "{error}");
}

#[tokio::test]
async fn names_that_are_no_names_are_not_remembered() {
    let fake = Fake::start(|received| match received.path.as_str() {
        "/v1/models" => {
            let mut list: Vec<_> = (0..2_000).map(|number| json!({"id": format!("m{number}")})).collect();
            list.insert(0, json!({"id": "x".repeat(1_000)}));
            list.insert(0, json!({"id": "two\nlines"}));
            list.insert(0, json!({"id": 7}));
            list.insert(0, json!("small"));
            Reply::json(200, &json!({ "data": list }))
        }
        "/v1/chat/completions" => chat(received),
        _ => Reply::json(404, &json!({})),
    })
    .await;
    let found = fake.client().detect(AMPLE).await.unwrap();
    assert_eq!((found.models.len(), found.models[0].as_str()), (256, "m0"));
}
