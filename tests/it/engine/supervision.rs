//! Starting, ending and restarting the child.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use holdpoint::engine::{ChatDelta, EngineError, EngineState, Supervisor};
use tempfile::TempDir;

use super::*;

#[tokio::test]
async fn an_engine_that_no_longer_answers_is_started_anew() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    bench.settings.ask_every = Duration::from_millis(300);
    let engine = bench.start().await;
    let client = engine.client();
    let pid = engine.status().pid.unwrap();
    let stopped = Command::new("kill").args(["-STOP", &pid.to_string()]).status();
    assert!(stopped.unwrap().success());
    let mut status = engine.watch();
    let is_noticed = |status: &holdpoint::engine::EngineStatus| matches!(&status.state, EngineState::Restarting { why, .. } if why.contains("no longer answered"));
    assert!(status.wait_for(is_noticed).await.is_ok());
    assert!(engine.settled(AMPLE).await.is_ready());
    assert_ne!(engine.status().pid.unwrap(), pid);
    assert!(
        client.chat(question("Hello"), AMPLE).await.is_ok(),
        "the same client goes on"
    );
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
            Ok(delta) => assert!(matches!(delta, ChatDelta::Text(_)), "the answer cannot be complete"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, EngineError::Unavailable { .. }), "{error}");
    assert!(killed.elapsed() < AMPLE / 2, "the caller must not wait for a deadline");

    let mut status = engine.watch();
    let restarting = status
        .wait_for(
            |status| matches!(&status.state, EngineState::Restarting { attempt: 1, why } if why.contains("killed")),
        )
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
    assert_eq!(fs::metadata(socket).unwrap().permissions().mode() & 0o777, 0o600);
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
        matches!(client.health(AMPLE).await, Err(EngineError::Unavailable { .. }))
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

pub(super) fn ended(child: &mut Child) -> ExitStatus {
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
    let mut child = start_by_hand(&["--chat-model", file.to_str().unwrap()], &bench.settings.socket);
    // An engine whose input closes ends without a word: it stays open until this one has ended.
    let input = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(input);
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
    let status = Supervisor::start(bench.settings.clone()).settled(AMPLE).await;
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
    let place = bytes.windows(4).position(|window| window == b"bert").unwrap();
    bytes[place..place + 4].copy_from_slice(b"brrt");
    bench.settings.chat_model = Some(bench.file("strange.gguf", &bytes));
    let status = Supervisor::start(bench.settings.clone()).settled(AMPLE).await;
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
