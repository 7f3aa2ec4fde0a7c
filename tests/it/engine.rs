//! The engine child with the real default models, its supervisor, its client, and the scripted engine.
//!
//! Tests that need a model are skipped, and say so, when `HOLDPOINT_TEST_MODELS` (default: `target/models`) does not
//! hold it.

mod adapters;
mod answers;
mod chat_loop;
mod exactness;
pub(crate) mod files;
mod network;
mod passage_order;
mod raw;
mod schemas;
mod scripted;
mod several;
mod supervision;
mod survival;

use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use holdpoint::engine::{ChatMessage, ChatRequest, EngineClient, Supervisor, SupervisorSettings};
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
        Self { directory, settings }
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
