//! Several models in one engine: loaded by use, unloaded for room, and each failing alone.

use std::{fs, os::unix::fs::symlink, path::PathBuf, time::Duration};

use holdpoint::engine::{
    ChatDelta, ChatRequest, EngineClient, EngineError, ModelPurpose, ModelState, wire::ModelHealth,
};

use super::*;

/// The chat model and the same one under the name `other`, which nobody has asked for yet.
fn with_two_chat_models() -> Option<Bench> {
    let mut bench = Bench::with_chat()?;
    bench.settings.models = vec![other_name(&bench, "other.gguf")?];
    Some(bench)
}

fn other_name(bench: &Bench, name: &str) -> Option<PathBuf> {
    let path = bench.directory.path().join(name);
    symlink(model(CHAT_MODEL)?, &path).unwrap();
    Some(path)
}

fn to(model: &str, text: &str) -> ChatRequest {
    ChatRequest {
        model: Some(model.to_owned()),
        ..question(text)
    }
}

async fn health(client: &EngineClient, name: &str) -> ModelHealth {
    let health = client.health(AMPLE).await.unwrap();
    let found = health.models.into_iter().find(|model| model.name == name);
    found.unwrap_or_else(|| panic!("no model `{name}`"))
}

const DEFAULT: &str = "smollm2-135m-instruct-q4_1";

#[tokio::test]
async fn a_further_model_is_loaded_when_it_is_first_asked_for() {
    let Some(bench) = with_two_chat_models() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    assert_eq!(health(&client, DEFAULT).await.state, ModelState::Ready);
    assert_eq!(health(&client, "other").await.state, ModelState::Unloaded);
    assert!(health(&client, DEFAULT).await.is_default && !health(&client, "other").await.is_default);

    // Also those who come while it loads are answered.
    let text = "What is the capital of France?";
    let (first, second) = tokio::join!(
        client.chat(to("other", text), AMPLE),
        client.chat(to("other", text), AMPLE)
    );
    let by_default = client.chat(question(text), AMPLE).await.unwrap();
    assert_eq!(first.unwrap().text, by_default.text);
    assert_eq!(second.unwrap().text, by_default.text);
    assert_eq!(health(&client, "other").await.state, ModelState::Ready);

    let error = client.chat(to("third", text), AMPLE).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::NoModel { detail } if detail.contains("`third`") && detail.contains("`other`")),
        "{error}"
    );
    engine.stop().await;
}

#[tokio::test]
async fn a_deadline_holds_while_the_model_is_still_loading() {
    let Some(bench) = with_two_chat_models() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let limit = Duration::from_millis(2);
    let error = client.chat(to("other", "Hello"), limit).await.unwrap_err();
    assert_eq!(error, EngineError::DeadlineExceeded { limit });
    assert!(client.chat(to("other", "Hello"), AMPLE).await.is_ok());
    engine.stop().await;
}

#[tokio::test]
async fn the_model_unused_for_longest_gives_way_within_the_budget() {
    let Some(mut bench) = with_two_chat_models() else {
        return;
    };
    bench.settings.embed_model = model(EMBED_MODEL);
    // A given size: what else main memory is used for depends on the budget.
    bench.settings.cache_tokens = Some(4096);
    let started = bench.start().await;
    let need = health(&started.client(), "other").await.memory_bytes;
    started.stop().await;

    // Room for one chat model and the embedder.
    bench.settings.memory_budget_bytes = Some(need + need / 2);
    let engine = bench.start().await;
    let client = engine.client();
    embed(&client, &["Hello"]).await;
    client.chat(question("Hello"), AMPLE).await.unwrap();
    // That an answer has ended is noted just after it was given.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    embed(&client, &["Hello"]).await;

    client.chat(to("other", "Hello"), AMPLE).await.unwrap();
    assert_eq!(
        health(&client, DEFAULT).await.state,
        ModelState::Unloaded,
        "it was unused for longest"
    );
    assert_eq!(health(&client, "all-minilm-l6-v2-f16").await.state, ModelState::Ready);
    let told = client.health(AMPLE).await.unwrap();
    assert_eq!(told.memory_budget_bytes, bench.settings.memory_budget_bytes);
    let held = told.models.iter().filter(|model| model.state == ModelState::Ready);
    assert!(held.map(|model| model.memory_bytes).sum::<u64>() <= need + need / 2);

    client.chat(question("Hello"), AMPLE).await.unwrap();
    assert_eq!(
        health(&client, "other").await.state,
        ModelState::Unloaded,
        "and comes back by itself"
    );
    assert_eq!(engine.status().restarts, 0);
    engine.stop().await;
}

#[tokio::test]
async fn a_model_at_work_is_not_unloaded_and_the_newcomer_is_told_both_figures() {
    let Some(mut bench) = with_two_chat_models() else {
        return;
    };
    bench.settings.memory_budget_bytes = Some(400_000_000);
    let engine = bench.start().await;
    let client = engine.client();
    let mut stream = client.chat_stream(long_answer(), AMPLE).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ChatDelta::Text(_)))));
    let error = client.chat(to("other", "Hello"), AMPLE).await.unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, EngineError::Overloaded { .. }), "{said}");
    assert!(
        said.contains("MB of memory and") && said.contains("together may take 400 MB"),
        "{said}"
    );
    assert!(
        matches!(stream.next().await, Some(Ok(ChatDelta::Text(_)))),
        "the answer goes on"
    );
    drop(stream);
    eventually("the idle model gives way", async || {
        client.chat(to("other", "Hello"), AMPLE).await.is_ok()
    })
    .await;
    engine.stop().await;
}

#[tokio::test]
async fn a_broken_chat_model_does_not_keep_the_embedder_from_serving() {
    let Some(mut bench) = Bench::with_embedder() else {
        return;
    };
    let file = bench.file("chat.gguf", b"<!DOCTYPE html><title>404</title>");
    bench.settings.chat_model = Some(file.clone());
    let engine = bench.start().await;
    let client = engine.client();
    embed(&client, &["Hello"]).await;
    let failed = health(&client, "chat").await;
    assert_eq!(failed.state, ModelState::Failed);
    assert!(failed.why.unwrap().contains("is not a GGUF file"));
    let error = client.chat(question("Hello"), AMPLE).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::NoModel { detail } if detail.contains("is not a GGUF file")),
        "{error}"
    );

    // A file that was put right is noticed without a restart.
    fs::remove_file(&file).unwrap();
    symlink(model(CHAT_MODEL).unwrap(), &file).unwrap();
    assert!(client.chat(question("Hello"), AMPLE).await.is_ok());
    assert_eq!(engine.status().restarts, 0);
    engine.stop().await;
}

#[tokio::test]
async fn a_missing_embedder_does_not_keep_the_chat_model_from_serving() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    bench.settings.embed_model = Some("/nowhere/embedder.gguf".into());
    let engine = bench.start().await;
    let client = engine.client();
    assert!(client.chat(question("Hello"), AMPLE).await.is_ok());
    let error = client.embed(&["Hello".to_owned()], AMPLE).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::NoModel { detail } if detail.contains("/nowhere/embedder.gguf")),
        "{error}"
    );
    assert_eq!(health(&client, "embedder").await.purpose, ModelPurpose::Embed);
    engine.stop().await;
}

#[tokio::test]
async fn an_embedder_does_not_write_answers() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    bench.settings.embed_model = model(EMBED_MODEL);
    let engine = bench.start().await;
    let error = engine
        .client()
        .chat(to("all-minilm-l6-v2-f16", "Hello"), AMPLE)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is an embedding model, and this request needs a chat model"),
        "{error}"
    );
    engine.stop().await;
}

#[tokio::test]
async fn models_that_come_and_go_leave_no_memory_behind() {
    let Some(mut bench) = with_two_chat_models() else {
        return;
    };
    bench.settings.memory_budget_bytes = Some(400_000_000);
    let engine = bench.start().await;
    let client = engine.client();
    let one_round = async || {
        for name in ["other", DEFAULT] {
            // The other model may be counted as busy for a moment after its answer.
            eventually("it is let in", async || {
                client.chat(to(name, "Hello"), AMPLE).await.is_ok()
            })
            .await;
            assert_eq!(health(&client, name).await.state, ModelState::Ready);
        }
        client.health(AMPLE).await.unwrap().rss_bytes
    };
    one_round().await;
    let early = one_round().await;
    let mut late = early;
    for _ in 0..8 {
        late = one_round().await;
    }
    // A single cache that stays behind each time would be sixteen times 47 MB.
    assert!(late < early + 150_000_000, "{early} and then {late} bytes");
    engine.stop().await;
}
