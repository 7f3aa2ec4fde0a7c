//! Deaths of the child in every state, models that kill it, and memory that runs out.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use holdpoint::engine::{ChatDelta, ChatRequest, EngineError, EngineStatus, ModelState, Supervisor};

use super::*;

fn kill(pid: u32) {
    let killed = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
    assert!(killed.unwrap().success());
}

/// Waits until another child than `before` is ready.
async fn back(engine: &Supervisor, before: u32) {
    let mut status = engine.watch();
    let ready = status.wait_for(|status| status.is_ready() && status.pid.is_some_and(|pid| pid != before));
    tokio::time::timeout(AMPLE, ready)
        .await
        .unwrap_or_else(|_late| panic!("it never came back"))
        .unwrap();
}

#[tokio::test]
async fn a_child_killed_in_any_state_comes_back_and_answers() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    let other = bench.directory.path().join("other.gguf");
    std::os::unix::fs::symlink(model(CHAT_MODEL).unwrap(), &other).unwrap();
    bench.settings.models = vec![other];
    let engine = Supervisor::start(bench.settings.clone());
    let client = engine.client();

    // While it starts.
    let mut status = engine.watch();
    let pid = status
        .wait_for(|status| status.pid.is_some())
        .await
        .unwrap()
        .pid
        .unwrap();
    kill(pid);
    back(&engine, pid).await;

    // While it is idle.
    let pid = engine.status().pid.unwrap();
    kill(pid);
    back(&engine, pid).await;

    // While it is busy.
    let pid = engine.status().pid.unwrap();
    let mut stream = client.chat_stream(long_answer(), AMPLE).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ChatDelta::Text(_)))));
    kill(pid);
    while let Some(Ok(_)) = stream.next().await {}
    back(&engine, pid).await;

    // While it loads a second model.
    let pid = engine.status().pid.unwrap();
    let to_other = ChatRequest {
        model: Some("other".to_owned()),
        ..question("Hello")
    };
    let asked = tokio::spawn({
        let (client, request) = (client.clone(), to_other.clone());
        async move { client.chat(request, AMPLE).await }
    });
    tokio::time::sleep(Duration::from_millis(30)).await;
    kill(pid);
    let answered = asked.await.unwrap();
    assert!(
        matches!(answered, Ok(_) | Err(EngineError::Unavailable { .. })),
        "it ends at once, whatever it came to: {answered:?}"
    );
    back(&engine, pid).await;

    assert!(client.chat(question("Hello"), AMPLE).await.is_ok());
    assert!(
        client.chat(to_other, AMPLE).await.is_ok(),
        "one death is no reason to leave a model out"
    );
    engine.stop().await;
}

/// A whole file that the library takes, and that breaks an assertion in it when the model computes.
fn deadly_model() -> Option<Vec<u8>> {
    let mut file = fs::read(model(CHAT_MODEL)?).unwrap();
    let key = b"llama.attention.layer_norm_rms_epsilon";
    let place = file.windows(key.len()).position(|window| window == key).unwrap() + key.len() + 4;
    file[place..place + 4].copy_from_slice(&(-1_f32).to_le_bytes());
    Some(file)
}

#[tokio::test]
async fn a_model_that_kills_the_engine_is_left_out_after_two_deaths_and_the_others_serve() {
    let (Some(deadly), Some(mut bench)) = (deadly_model(), Bench::with_embedder()) else {
        return;
    };
    let file = bench.file("deadly.gguf", &deadly);
    bench.settings.chat_model = Some(file.clone());
    let engine = bench.start().await;
    assert_eq!(engine.status().restarts, 2);
    let client = engine.client();
    embed(&client, &["Hello"]).await;
    let health = client.health(AMPLE).await.unwrap();
    let left_out = health.models.iter().find(|model| model.name == "deadly").unwrap();
    assert_eq!(left_out.state, ModelState::Failed);
    let error = client.chat(question("Hello"), AMPLE).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::NoModel { detail } if detail.contains("ended the engine 2 times in a row")),
        "{error}"
    );
    assert_eq!(engine.status().restarts, 2, "it is not tried again");

    // Another file is worth another try.
    fs::remove_file(&file).unwrap();
    fs::copy(model(CHAT_MODEL).unwrap(), &file).unwrap();
    assert!(client.chat(question("Hello"), AMPLE).await.is_ok());
    engine.stop().await;
}

#[tokio::test]
async fn whatever_memory_there_is_every_request_ends_as_answered_or_refused() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    bench.settings.embed_model = model(EMBED_MODEL);
    let mut refused = 0;
    for limit_megabytes in [350, 450, 550, 650, 800, 4000] {
        let limit_kilobytes = limit_megabytes * 1024;
        let script = format!(
            "#!/bin/sh\nulimit -v {limit_kilobytes}\nexec {} \"$@\"\n",
            env!("CARGO_BIN_EXE_holdpoint")
        );
        let program = bench.file("limited.sh", script.as_bytes());
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        bench.settings.program = Some(program);
        let engine = Supervisor::start(bench.settings.clone());
        let client = engine.client();
        let _ready_or_not = tokio::time::timeout(Duration::from_secs(20), async {
            engine.watch().wait_for(EngineStatus::is_ready).await.map(drop)
        })
        .await;
        let chat = client.chat(question("Hello"), AMPLE).await;
        let embedded = client.embed(&["Hello".to_owned()], AMPLE).await;
        for error in [chat.err(), embedded.err()].into_iter().flatten() {
            assert!(
                matches!(
                    error,
                    EngineError::Overloaded { .. } | EngineError::NoModel { .. } | EngineError::Unavailable { .. }
                ),
                "{limit_megabytes} MB: {error}"
            );
            assert!(limit_megabytes < 4000, "there is plenty: {error}");
            refused += 1;
        }
        engine.stop().await;
    }
    assert!(refused > 0, "not even the smallest limit was felt");
}
