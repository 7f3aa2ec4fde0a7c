//! The scripted engine, and the client against it.

use std::{io::Write, time::Duration};

use holdpoint::engine::{
    ChatDelta, ChatMessage, ChatRequest, EngineClient, EngineError, FinishReason, scripted::ScriptedEngine,
    wire::ErrorCode,
};
use tempfile::TempDir;

use super::*;

fn scripted() -> (TempDir, ScriptedEngine, EngineClient) {
    let directory = TempDir::new().unwrap();
    let engine = ScriptedEngine::start(directory.path().join("scripted.sock")).unwrap();
    let client = EngineClient::new(engine.endpoint());
    (directory, engine, client)
}

#[tokio::test]
async fn the_scripted_engine_answers_as_told_and_always_the_same() {
    let (_directory, engine, client) = scripted();
    let passages = ChatRequest {
        messages: vec![
            ChatMessage::system("[1] Returns are free. Ask us."),
            ChatMessage::user("Returns?"),
        ],
        logprobs: true,
        ..ChatRequest::default()
    };
    let answer = client.chat(passages.clone(), AMPLE).await.unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.finish),
        ("Returns are free.", FinishReason::Stop)
    );
    assert!(answer.logprobs.unwrap().mean < 0.0);
    engine.answer_next("Ask a colleague.");
    assert_eq!(
        client.chat(passages.clone(), AMPLE).await.unwrap().text,
        "Ask a colleague."
    );
    assert_eq!(client.chat(passages, AMPLE).await.unwrap().text, "Returns are free.");
    assert_eq!(engine.chats(), 3);

    let vectors = embed(
        &client,
        &["How do I return an order?", "Returning orders", "Opening hours"],
    )
    .await;
    assert!(dot(&vectors[0], &vectors[1]) > dot(&vectors[0], &vectors[2]) + 0.5);
}

#[tokio::test]
async fn every_refusal_reaches_the_caller_as_its_own_error() {
    let (_directory, engine, client) = scripted();
    let ask = || client.chat(question("Hello"), AMPLE);
    engine.fail_next(ErrorCode::Overloaded);
    assert!(matches!(ask().await, Err(EngineError::Overloaded { .. })));
    engine.fail_next(ErrorCode::ContextExceeded);
    assert!(matches!(ask().await, Err(EngineError::ContextExceeded { .. })));
    engine.fail_next(ErrorCode::NoModel);
    assert!(matches!(ask().await, Err(EngineError::NoModel { .. })));
    engine.fail_next(ErrorCode::EngineFailure);
    assert!(matches!(ask().await, Err(EngineError::Unavailable { .. })));
    engine.set_delay(Duration::from_secs(30));
    let limit = Duration::from_millis(50);
    assert_eq!(
        client.chat(question("Hello"), limit).await,
        Err(EngineError::DeadlineExceeded { limit })
    );
}

#[tokio::test]
async fn an_engine_that_dies_in_mid_answer_is_unavailable_until_it_is_back() {
    let (_directory, mut engine, client) = scripted();
    engine.set_pace(Duration::from_millis(20));
    engine.answer_next("word ".repeat(500));
    let mut stream = client.chat_stream(ChatRequest::default(), AMPLE).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ChatDelta::Text(_)))));
    engine.die();
    let last = loop {
        match stream.next().await {
            Some(Ok(ChatDelta::Text(_))) => {}
            last => break last,
        }
    };
    assert!(matches!(last, Some(Err(EngineError::Unavailable { .. }))), "{last:?}");
    assert!(matches!(
        client.health(AMPLE).await,
        Err(EngineError::Unavailable { .. })
    ));
    engine.revive().unwrap();
    assert!(client.health(AMPLE).await.is_ok());
}

#[tokio::test]
async fn connections_are_kept_and_replaced_when_the_engine_was_restarted() {
    let (_directory, mut engine, client) = scripted();
    for _ in 0..3 {
        embed(&client, &["Hello"]).await;
    }
    engine.die();
    engine.revive().unwrap();
    embed(&client, &["The old connection is gone, and nobody notices"]).await;
    assert_eq!(engine.embedded_texts(), 4);
}

#[tokio::test]
async fn a_socket_that_answers_is_not_taken_over() {
    let (directory, _engine, client) = scripted();
    let socket = directory.path().join("scripted.sock");
    let error = ScriptedEngine::start(&socket).unwrap_err();
    assert!(error.to_string().contains("Another engine already answers"), "{error}");
    assert!(client.health(AMPLE).await.is_ok());
    let too_long = directory.path().join("x".repeat(200));
    let error = ScriptedEngine::start(too_long).unwrap_err();
    assert!(error.to_string().contains("shorter path"), "{error}");
}

#[tokio::test]
async fn requests_that_make_no_sense_get_one_sentence() {
    let (directory, _engine, _client) = scripted();
    let socket = directory.path().join("scripted.sock");
    for (request, status, words) in [
        ("POST /v1/embeddings", "400", "could not be read"),
        ("GET /nowhere", "400", "There is nothing here"),
        ("GET /v1/embeddings", "400", "There is nothing here"),
    ] {
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
        let head = format!("{request} HTTP/1.1\r\nhost: engine\r\nconnection: close\r\ncontent-length: 3\r\n\r\n{{]}}");
        stream.write_all(head.as_bytes()).unwrap();
        let answer = std::io::read_to_string(stream).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(words),
            "{answer}"
        );
        assert!(answer.contains(r#""type":"invalid_request_error""#), "{answer}");
    }
}
