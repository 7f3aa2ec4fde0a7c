//! `holdpoint model`, with and without a server.

use super::{Holdpoint, models, sentence};
use crate::models::gguf::Gguf;
use crate::models::server::{FileServer, Manner, digest};
use std::fs;

fn tiny(holdpoint: &Holdpoint, name: &str, seed: u8) -> String {
    let path = holdpoint.folder.path().join(name);
    fs::write(&path, Gguf::chat().build(seed, 4096)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_file_is_added_listed_chosen_and_removed() {
    let holdpoint = Holdpoint::set_up();
    tiny(&holdpoint, "tiny.gguf", 1);
    // A path beside which one stands is meant from there.
    let added = holdpoint.json(&["model", "add", "tiny.gguf"]);
    assert_eq!((&added["name"], &added["state"]), (&"tiny".into(), &"done".into()));
    let listed = holdpoint.done(&["model", "list"]);
    assert!(
        listed.contains("tiny") && listed.contains("writing") && listed.contains("present"),
        "{listed}"
    );

    let chosen = holdpoint.done(&["model", "use", "tiny"]);
    assert!(chosen.contains("from the next start"), "{chosen}");
    let listed = holdpoint.json(&["model", "list", "--verify"]);
    assert_eq!(listed["items"][0]["in_use"], "choice");
    let refused = holdpoint.run(&["model", "remove", "tiny"]);
    assert_eq!(refused.status.code(), Some(4));
    assert!(sentence(&refused).contains("choose another one first"), "{refused:?}");

    tiny(&holdpoint, "second.gguf", 2);
    holdpoint.done(&["model", "add", "second.gguf"]);
    let removed = holdpoint.done(&["model", "remove", "second"]);
    assert!(removed.contains("gone") && holdpoint.folder.path().join("second.gguf").exists());
}

#[test]
fn what_cannot_come_in_is_told_in_one_sentence_with_its_exit_code() {
    let holdpoint = Holdpoint::set_up();
    holdpoint.file("page.gguf", "<!doctype html>");
    let refusal = |arguments: &[&str], code: i32, words: &str| {
        let output = holdpoint.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        assert!(sentence(&output).contains(words), "{arguments:?}: {output:?}");
    };
    refusal(&["model", "add", "page.gguf"], 1, "is not a GGUF file");
    refusal(&["model", "add", "nothing.gguf"], 1, "cannot be read");
    refusal(&["model", "pull", "http://models.example/a.gguf"], 1, "--allow-http");
    refusal(&["model", "pull", "https://127.0.0.1/a.gguf"], 1, "--allow-internal");
    refusal(&["model", "use", "unknown"], 3, "was not found");
    refusal(&["model", "remove", "unknown"], 3, "was not found");
    refusal(
        &["model", "pull", "https://models.example/a.gguf", "--cancel"],
        3,
        "no download",
    );
}

#[test]
fn a_setting_that_names_a_model_wins_over_a_choice() {
    let holdpoint = Holdpoint::set_up();
    tiny(&holdpoint, "tiny.gguf", 1);
    holdpoint.done(&["model", "add", "tiny.gguf"]);
    let refused = holdpoint.run(&["model", "use", "tiny", "--chat-model", "other.gguf"]);
    assert_eq!(refused.status.code(), Some(4));
    assert!(
        sentence(&refused).contains("`chat_model` (flag --chat-model)"),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_runs_in_the_server_and_goes_on_without_whoever_asked_for_it() {
    let file = Gguf::chat().build(3, 500_000);
    let server = FileServer::start(file.clone(), Manner::FallsSilent { after: 100_000 }).await;
    let url = server.url("tiny.gguf");
    let work = tokio::task::spawn_blocking(move || {
        let holdpoint = Holdpoint::set_up();
        let running = holdpoint.start(&["serve", "--listen", "127.0.0.1:0"]);
        let allowed = ["--allow-http", "--allow-internal"];
        let mut asker = holdpoint
            .command(&[&["model", "pull", &url][..], &allowed].concat())
            .spawn()
            .unwrap();
        wait_for(&holdpoint, |pull| pull["bytes_done"].as_u64() >= Some(100_000));
        asker.kill().unwrap();
        asker.wait().unwrap();
        assert_eq!(pulls(&holdpoint)[0]["state"], "fetching");
        holdpoint.done(&["model", "pull", &url, "--cancel"]);
        wait_for(&holdpoint, |pull| pull["state"] == "cancelled");
        assert!(holdpoint.done(&["model", "list"]).contains("Unfinished: tiny"));
        server.behaves(Manner::Well);
        let pulled = holdpoint.json(&[&["model", "pull", &url, "--sha256", &digest(&file)][..], &allowed].concat());
        assert_eq!(pulled["sha256"], digest(&file));
        assert!(
            server
                .asked()
                .iter()
                .any(|asked| asked.header("range") == Some("bytes=100000-"))
        );
        drop(running);
    });
    work.await.unwrap();
}

/// What the server that runs answers on its socket.
fn ask(holdpoint: &Holdpoint, path: &'static str) -> serde_json::Value {
    let socket = holdpoint.data_dir().join("holdpoint.sock");
    let asked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { crate::app::socket_client(socket).get(path).await.ok() })
    });
    asked.join().unwrap()
}

/// What is on its way in.
fn pulls(holdpoint: &Holdpoint) -> Vec<serde_json::Value> {
    ask(holdpoint, "/api/v1/admin/models/pulls")["items"]
        .as_array()
        .unwrap()
        .clone()
}

fn wait_for(holdpoint: &Holdpoint, fits: impl Fn(&serde_json::Value) -> bool) {
    let begun = std::time::Instant::now();
    while !pulls(holdpoint).first().is_some_and(&fits) {
        assert!(begun.elapsed() < super::AMPLE, "{:?}", pulls(holdpoint));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_chosen_embedder_is_the_one_that_the_next_start_finds_knowledge_with() {
    let Some(folder) = models() else { return };
    let holdpoint = Holdpoint::set_up();
    let file = folder.join("all-minilm-l6-v2-f16.gguf");
    holdpoint.done(&["model", "add", file.to_str().unwrap(), "--name", "finder"]);
    holdpoint.done(&["model", "use", "finder"]);
    holdpoint.file(
        "faq.json",
        r#"[{"id": "1", "question": "When are you open?", "answer": "From nine to five."}]"#,
    );
    holdpoint.done(&["kb", "import", "faq.json"]);
    let running = holdpoint.start(&["serve", "--listen", "127.0.0.1:0"]);
    let engine = eventually_ready(&holdpoint);
    assert_eq!(engine["embedder"], "finder");
    // What was imported without an engine is read now.
    let begun = std::time::Instant::now();
    let mut found = holdpoint.json(&["kb", "search", "opening hours"]);
    while found["items"] == serde_json::json!([]) && begun.elapsed() < super::AMPLE {
        std::thread::sleep(std::time::Duration::from_millis(50));
        found = holdpoint.json(&["kb", "search", "opening hours"]);
    }
    assert_eq!(found["items"][0]["title"], "When are you open?", "{found}");
    let listed = holdpoint.json(&["model", "list"]);
    assert_eq!(listed["items"][0]["in_use"], "choice", "{listed}");
    let looked = holdpoint.run(&["doctor"]);
    let looked = String::from_utf8(looked.stdout).unwrap();
    assert!(looked.contains("finder.gguf is whole"), "{looked}");
    drop(running);
}

/// The engine of the server that runs, once it is ready.
fn eventually_ready(holdpoint: &Holdpoint) -> serde_json::Value {
    let begun = std::time::Instant::now();
    loop {
        let engine = ask(holdpoint, "/api/v1/status")["engine"].clone();
        if engine["ready"] == true {
            return engine;
        }
        assert!(begun.elapsed() < super::AMPLE, "{engine}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
