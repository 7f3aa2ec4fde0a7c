//! The engine child with the real default models, its supervisor, its client, and the scripted engine.
//!
//! Tests that need a model are skipped, and say so, when `HOLDPOINT_TEST_MODELS` (default: `target/models`) does not
//! hold it.

use std::{
    fs,
    io::Write,
    num::NonZero,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use holdpoint::engine::{
    ChatDelta, ChatMessage, ChatRequest, EngineClient, EngineError, EngineState, FinishReason,
    Priority, Supervisor, SupervisorSettings, scripted::ScriptedEngine, wire::ErrorCode,
};
use tempfile::TempDir;

const CHAT_MODEL: &str = "smollm2-135m-instruct-q4_1.gguf";
const EMBED_MODEL: &str = "all-minilm-l6-v2-f16.gguf";
/// Far more than any of it takes; a loaded test machine must not fail a test.
const AMPLE: Duration = Duration::from_mins(2);

/// The path of a model, or `None` with a message where it is not there.
fn model(name: &str) -> Option<PathBuf> {
    let directory = std::env::var_os("HOLDPOINT_TEST_MODELS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/models"),
        PathBuf::from,
    );
    let path = directory.join(name);
    if !path.exists() {
        eprintln!("skipped: there is no model `{}`", path.display());
        return None;
    }
    Some(path)
}

struct Bench {
    directory: TempDir,
    settings: SupervisorSettings,
}

impl Bench {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let mut settings = SupervisorSettings::new(directory.path().join("engine.sock"));
        settings.program = Some(env!("CARGO_BIN_EXE_holdpoint").into());
        settings.threads = NonZero::new(2);
        settings.context_tokens = NonZero::new(1024);
        settings.first_restart_wait = Duration::from_millis(50);
        Self {
            directory,
            settings,
        }
    }

    fn with_chat() -> Option<Self> {
        let chat_model = Some(model(CHAT_MODEL)?);
        let mut bench = Self::new();
        bench.settings.chat_model = chat_model;
        Some(bench)
    }

    fn with_embedder() -> Option<Self> {
        let embed_model = Some(model(EMBED_MODEL)?);
        let mut bench = Self::new();
        bench.settings.embed_model = embed_model;
        Some(bench)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// A running engine, or the reason why it is none.
    async fn start(&self) -> Supervisor {
        let supervisor = Supervisor::start(self.settings.clone());
        let status = supervisor.settled(AMPLE).await;
        assert!(status.is_ready(), "{status:?}");
        supervisor
    }
}

fn question(text: &str) -> ChatRequest {
    ChatRequest {
        messages: vec![ChatMessage::user(text)],
        max_tokens: Some(24),
        ..ChatRequest::default()
    }
}

fn long_answer() -> ChatRequest {
    ChatRequest {
        max_tokens: Some(900),
        ..question("Count from one to one thousand, in words, without stopping.")
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

async fn embed(client: &EngineClient, texts: &[&str]) -> Vec<Vec<f32>> {
    let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
    client.embed(&texts, AMPLE).await.unwrap()
}

/// Waits until `condition` holds.
async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < AMPLE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn paraphrases_are_closer_than_unrelated_texts() {
    let Some(bench) = Bench::with_embedder() else {
        return;
    };
    let engine = bench.start().await;
    let texts = [
        "How do I return my order?",
        "I want to send back what I bought",
        "Which bus goes to the beach?",
    ];
    let vectors = embed(&engine.client(), &texts).await;
    assert!((dot(&vectors[0], &vectors[0]) - 1.0).abs() < 1e-4);
    let (paraphrase, unrelated) = (dot(&vectors[0], &vectors[1]), dot(&vectors[0], &vectors[2]));
    assert!(paraphrase > unrelated + 0.2, "{paraphrase} and {unrelated}");
    engine.stop().await;
}

#[tokio::test]
async fn a_text_has_the_same_embedding_alone_and_among_many() {
    let Some(bench) = Bench::with_embedder() else {
        return;
    };
    let engine = bench.start().await;
    let many: Vec<String> = (0..150)
        .map(|number| format!("Question {number} about opening hours"))
        .collect();
    let together = engine
        .client()
        .at_priority(Priority::Evaluation)
        .embed(&many, AMPLE)
        .await
        .unwrap();
    assert_eq!(together.len(), many.len());
    for place in [0, 77, 149] {
        let alone = embed(&engine.client(), &[&many[place]]).await;
        let similarity = dot(&alone[0], &together[place]);
        assert!(similarity > 0.999, "text {place}: {similarity}");
    }
    engine.stop().await;
}

#[tokio::test]
async fn inputs_too_long_for_the_embedder_are_cut_and_do_not_kill_it() {
    let Some(bench) = Bench::with_embedder() else {
        return;
    };
    let engine = bench.start().await;
    let long = "return policy ".repeat(20_000);
    let odd = ["", "\0", "🦀🦀🦀", "\u{202e}right to left", long.as_str()];
    let vectors = embed(&engine.client(), &odd).await;
    assert_eq!(vectors.len(), odd.len());
    assert!(vectors.iter().flatten().all(|entry| entry.is_finite()));
    let cut = embed(&engine.client(), &[&long[..long.len() / 2]]).await;
    assert!(
        dot(&vectors[4], &cut[0]) > 0.999,
        "the beginning stands for the whole"
    );
    assert_eq!(engine.status().restarts, 0);
    engine.stop().await;
}

#[tokio::test]
async fn a_streamed_answer_equals_the_whole_one_at_temperature_zero() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let request = ChatRequest {
        logprobs: true,
        ..question("What is the capital of France?")
    };
    let whole = client.chat(request.clone(), AMPLE).await.unwrap();
    assert!(whole.text.contains("Paris"), "{}", whole.text);
    let summary = whole.logprobs.unwrap();
    assert!(
        summary.min <= summary.mean && summary.mean <= 0.0,
        "{summary:?}"
    );
    assert_eq!(
        summary.tokens,
        usize::try_from(whole.completion_tokens).unwrap()
    );

    let mut stream = client.chat_stream(request, AMPLE).await.unwrap();
    let mut text = String::new();
    let streamed = loop {
        match stream.next().await.unwrap().unwrap() {
            ChatDelta::Text(new) => text.push_str(&new),
            ChatDelta::Done(answer) => break answer,
        }
    };
    assert!(stream.next().await.is_none());
    assert_eq!(text, whole.text);
    assert_eq!(streamed.text, whole.text);
    assert_eq!(streamed.logprobs, whole.logprobs);
    assert_eq!(
        (streamed.finish, streamed.prompt_tokens),
        (whole.finish, whole.prompt_tokens)
    );
    engine.stop().await;
}

#[tokio::test]
async fn a_seed_makes_a_drawn_answer_repeatable() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let ask = async |seed| {
        let request = ChatRequest {
            temperature: 1.5,
            seed: Some(seed),
            ..question("Tell me a story.")
        };
        engine.client().chat(request, AMPLE).await.unwrap().text
    };
    let first = ask(7).await;
    assert_eq!(first, ask(7).await);
    assert_ne!(first, ask(8).await);
    engine.stop().await;
}

#[tokio::test]
async fn answers_written_together_are_each_their_own() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let capitals = [("France", "Paris"), ("Italy", "Rome"), ("Japan", "Tokyo")];
    let ask = |country: &str| {
        let request = question(&format!("What is the capital of {country}?"));
        let client = client.clone();
        async move { client.chat(request, AMPLE).await.unwrap().text }
    };
    let answers = tokio::join!(ask("France"), ask("Italy"), ask("Japan"));
    for (answer, (_, capital)) in [answers.0, answers.1, answers.2].iter().zip(capitals) {
        assert!(answer.contains(capital), "{capital}: {answer}");
    }
    engine.stop().await;
}

#[tokio::test]
async fn more_work_than_the_cache_holds_is_done_in_turn() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let ask = || {
        let request = ChatRequest {
            max_tokens: Some(40),
            ..question(&"The shop is open. ".repeat(120))
        };
        client.chat(request, AMPLE)
    };
    for answer in futures::future::join_all((0..5).map(|_| ask())).await {
        let answer = answer.unwrap();
        assert!(
            answer.prompt_tokens > 400 && answer.completion_tokens > 0,
            "{answer:?}"
        );
    }
    engine.stop().await;
}

#[tokio::test]
async fn a_prompt_longer_than_the_window_is_refused_with_both_sizes() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    for long in ["word ".repeat(3000), "x".repeat(1 << 20)] {
        let error = client.chat(question(&long), AMPLE).await.unwrap_err();
        assert!(
            matches!(&error, EngineError::ContextExceeded { detail } if detail.contains("holds 1024 tokens")),
            "{error}"
        );
    }
    assert!(client.chat(question("Hello"), AMPLE).await.is_ok());
    assert_eq!(engine.status().restarts, 0);
    engine.stop().await;
}

#[tokio::test]
async fn a_request_for_a_model_that_is_not_loaded_says_so() {
    let Some(bench) = Bench::with_embedder() else {
        return;
    };
    let engine = bench.start().await;
    let error = engine
        .client()
        .chat(question("Hello"), AMPLE)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, EngineError::NoModel { detail } if detail.contains("--chat-model")),
        "{error}"
    );
    engine.stop().await;
}

#[tokio::test]
async fn a_deadline_ends_an_answer_and_frees_its_place() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let limit = Duration::from_millis(400);
    let error = client.chat(long_answer(), limit).await.unwrap_err();
    assert_eq!(error, EngineError::DeadlineExceeded { limit });
    eventually("the place is free", async || {
        client.health(AMPLE).await.unwrap().chat.unwrap().running == 0
    })
    .await;
    engine.stop().await;
}

#[tokio::test]
async fn a_caller_who_leaves_cancels_the_answer() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let running = async || client.health(AMPLE).await.unwrap().chat.unwrap().running;

    let mut stream = client.chat_stream(long_answer(), AMPLE).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ChatDelta::Text(_)))));
    assert_eq!(running().await, 1);
    drop(stream);
    eventually("a dropped stream is cancelled", async || {
        running().await == 0
    })
    .await;

    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.chat(long_answer(), AMPLE).await }
    });
    eventually("the answer is being written", async || running().await == 1).await;
    asking.abort();
    eventually("a dropped question is cancelled", async || {
        running().await == 0
    })
    .await;
    engine.stop().await;
}

#[tokio::test]
async fn a_killed_engine_fails_open_requests_at_once_and_comes_back() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let mut stream = client.chat_stream(long_answer(), AMPLE).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ChatDelta::Text(_)))));
    let first_pid = engine.status().pid.unwrap();

    let killed = Instant::now();
    assert!(
        Command::new("kill")
            .args(["-KILL", &first_pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
    let error = loop {
        match stream.next().await.unwrap() {
            Ok(delta) => assert!(
                matches!(delta, ChatDelta::Text(_)),
                "the answer cannot be complete"
            ),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, EngineError::Unavailable { .. }), "{error}");
    assert!(
        killed.elapsed() < Duration::from_secs(10),
        "the caller must not wait for a deadline"
    );

    let mut status = engine.watch();
    let restarting = status
        .wait_for(|status| matches!(&status.state, EngineState::Restarting { attempt: 1, why } if why.contains("killed")))
        .await
        .map(|status| status.restarts);
    assert_eq!(restarting.unwrap(), 1);
    assert!(engine.settled(AMPLE).await.is_ready());
    assert_ne!(engine.status().pid.unwrap(), first_pid);
    assert!(
        client.chat(question("Hello"), AMPLE).await.is_ok(),
        "the same client goes on"
    );
    engine.stop().await;
}

#[tokio::test]
async fn stopping_ends_the_child_and_removes_its_socket() {
    let Some(bench) = Bench::with_embedder() else {
        return;
    };
    let engine = bench.start().await;
    let (client, status) = (engine.client(), engine.watch());
    let socket = &bench.settings.socket;
    assert_eq!(
        fs::metadata(socket).unwrap().permissions().mode() & 0o777,
        0o600
    );
    engine.stop().await;
    assert_eq!(status.borrow().state, EngineState::Stopped);
    assert!(!socket.exists());
    let error = client.health(AMPLE).await.unwrap_err();
    assert!(matches!(error, EngineError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_dropped_supervisor_leaves_no_child_behind() {
    let Some(bench) = Bench::with_embedder() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    drop(engine);
    eventually("the child is gone", async || {
        matches!(
            client.health(AMPLE).await,
            Err(EngineError::Unavailable { .. })
        )
    })
    .await;
}

/// An engine started by hand, without a supervisor.
fn start_by_hand(arguments: &[&str], socket: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_holdpoint"))
        .args(["engine", "--socket"])
        .arg(socket)
        .args(arguments)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn ended(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if started.elapsed() > AMPLE {
            child.kill().unwrap();
            panic!("the engine did not end");
        }
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_engine_ends_when_its_standard_input_closes() {
    let Some(embed_model) = model(EMBED_MODEL) else {
        return;
    };
    let directory = TempDir::new().unwrap();
    let socket = directory.path().join("engine.sock");
    let mut child = start_by_hand(&["--embed-model", embed_model.to_str().unwrap()], &socket);
    let started = Instant::now();
    while !socket.exists() {
        assert!(
            started.elapsed() < AMPLE && child.try_wait().unwrap().is_none(),
            "the engine did not start"
        );
        sleep(Duration::from_millis(20));
    }
    drop(child.stdin.take());
    assert!(ended(&mut child).success());
}

#[test]
fn the_engine_says_in_one_sentence_why_a_file_is_no_model() {
    let bench = Bench::new();
    let file = bench.file("page.gguf", b"<!DOCTYPE html><title>404</title>");
    let child = start_by_hand(
        &["--chat-model", file.to_str().unwrap()],
        &bench.settings.socket,
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("is not a GGUF file. Download the model's `.gguf` file"),
        "{said}"
    );
}

#[tokio::test]
async fn a_model_file_that_cannot_work_is_not_tried_again_and_again() {
    let mut bench = Bench::new();
    bench.settings.chat_model = Some(bench.file("page.gguf", b"<!DOCTYPE html><title>404</title>"));
    let engine = Supervisor::start(bench.settings.clone());
    let status = engine.settled(AMPLE).await;
    assert!(
        matches!(&status.state, EngineState::Failed { why } if why.contains("page.gguf` is not a GGUF file")),
        "{status:?}"
    );
    assert_eq!((status.restarts, status.pid), (0, None));
}

#[tokio::test]
async fn a_truncated_model_is_named_with_both_sizes() {
    let Some(whole) = model(EMBED_MODEL) else {
        return;
    };
    let mut bench = Bench::new();
    let whole = fs::read(whole).unwrap();
    bench.settings.embed_model = Some(bench.file("half.gguf", &whole[..whole.len() / 2]));
    let status = Supervisor::start(bench.settings.clone())
        .settled(AMPLE)
        .await;
    let wanted = format!(
        "it has {} bytes and needs at least {} bytes",
        whole.len() / 2,
        whole.len()
    );
    assert!(
        matches!(&status.state, EngineState::Failed { why } if why.contains("incomplete") && why.contains(&(whole.len() / 2).to_string())),
        "{status:?}, wanted: {wanted}"
    );
}

#[tokio::test]
async fn a_model_full_of_wrong_numbers_ends_the_child_at_most() {
    let Some(whole) = model(EMBED_MODEL) else {
        return;
    };
    let mut bench = Bench::new();
    // The architecture's name is changed: the header is whole, the library refuses it.
    let mut bytes = fs::read(whole).unwrap();
    let place = bytes
        .windows(4)
        .position(|window| window == b"bert")
        .unwrap();
    bytes[place..place + 4].copy_from_slice(b"brrt");
    bench.settings.chat_model = Some(bench.file("strange.gguf", &bytes));
    let status = Supervisor::start(bench.settings.clone())
        .settled(AMPLE)
        .await;
    assert!(
        matches!(&status.state, EngineState::Failed { why } if why.contains("strange.gguf")),
        "{status:?}"
    );
}

#[tokio::test]
async fn without_a_model_nothing_is_started() {
    let engine = Supervisor::start(Bench::new().settings);
    assert_eq!(engine.status().state, EngineState::NotConfigured);
    let error = engine.client().health(AMPLE).await.unwrap_err();
    assert!(matches!(error, EngineError::Unavailable { .. }), "{error}");
    engine.stop().await;
}

#[tokio::test]
async fn an_engine_that_keeps_ending_is_restarted_with_growing_waits() {
    let mut bench = Bench::new();
    let Some(embed_model) = model(EMBED_MODEL) else {
        return;
    };
    bench.settings.embed_model = Some(embed_model);
    let program = bench.file("broken.sh", b"#!/bin/sh\necho 'no such luck' >&2\nexit 3\n");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    bench.settings.program = Some(program);
    let engine = Supervisor::start(bench.settings.clone());
    let mut status = engine.watch();
    let third = status
        .wait_for(|status| matches!(&status.state, EngineState::Restarting { attempt: 3, why } if why.contains("no such luck")))
        .await;
    assert_eq!(third.unwrap().restarts, 3);
    engine.stop().await;
}

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
    assert_eq!(
        client.chat(passages, AMPLE).await.unwrap().text,
        "Returns are free."
    );
    assert_eq!(engine.chats(), 3);

    let vectors = embed(
        &client,
        &[
            "How do I return an order?",
            "Returning orders",
            "Opening hours",
        ],
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
    assert!(matches!(
        ask().await,
        Err(EngineError::ContextExceeded { .. })
    ));
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
    let mut stream = client
        .chat_stream(ChatRequest::default(), AMPLE)
        .await
        .unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ChatDelta::Text(_)))));
    engine.die();
    let last = loop {
        match stream.next().await {
            Some(Ok(ChatDelta::Text(_))) => {}
            last => break last,
        }
    };
    assert!(
        matches!(last, Some(Err(EngineError::Unavailable { .. }))),
        "{last:?}"
    );
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
    assert!(
        error.to_string().contains("Another engine already answers"),
        "{error}"
    );
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
        let head = format!(
            "{request} HTTP/1.1\r\nhost: engine\r\nconnection: close\r\ncontent-length: 3\r\n\r\n{{]}}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let answer = std::io::read_to_string(stream).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(words),
            "{answer}"
        );
        assert!(
            answer.contains(r#""type":"invalid_request_error""#),
            "{answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn measure_temporarily() {
    let mut bench = Bench::with_embedder().unwrap();
    bench.settings.chat_model = model(CHAT_MODEL);
    let engine = bench.start().await;
    let client = engine.client();
    for text in [
        "return order?",
        "How do I return my order if it arrived damaged last week?",
    ] {
        let mut times = Vec::new();
        for _ in 0..300 {
            let started = Instant::now();
            embed(&client, &[text]).await;
            times.push(started.elapsed());
        }
        times.sort();
        let mut health = Vec::new();
        for _ in 0..300 {
            let started = Instant::now();
            client.health(AMPLE).await.unwrap();
            health.push(started.elapsed());
        }
        health.sort();
        eprintln!(
            "embed p50 {:?} p95 {:?}; health p50 {:?}",
            times[150], times[285], health[150]
        );
    }
    let many: Vec<String> = (0..512)
        .map(|number| {
            format!(
                "Question {number} about opening hours and how to return an order that came broken"
            )
        })
        .collect();
    let started = Instant::now();
    client.embed(&many, AMPLE).await.unwrap();
    eprintln!("{} texts/s", 512.0 / started.elapsed().as_secs_f64());
    let answer = client
        .chat(
            ChatRequest {
                max_tokens: Some(128),
                ..question(&format!(
                    "{}\nTell me about it.",
                    "The shop is open from nine to five. ".repeat(30)
                ))
            },
            AMPLE,
        )
        .await
        .unwrap();
    eprintln!("{answer:?}");
    let started = Instant::now();
    let answers = futures::future::join_all((0..4).map(|n| {
        client.chat(
            ChatRequest {
                max_tokens: Some(128),
                ..question(&format!("Tell me a story with {n} people."))
            },
            AMPLE,
        )
    }))
    .await;
    let tokens: u32 = answers
        .iter()
        .map(|a| a.as_ref().unwrap().completion_tokens)
        .sum();
    eprintln!(
        "{} tok/s together",
        f64::from(tokens) / started.elapsed().as_secs_f64()
    );
    eprintln!("{:?}", client.health(AMPLE).await);
    engine.stop().await;
}
