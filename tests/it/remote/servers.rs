//! Real servers: Holdpoint's own engine, llama.cpp's server and the Python llama.cpp server, each with the default
//! models. Those that are not there are skipped, and it is said.
//!
//! `HOLDPOINT_TEST_LLAMA_SERVER` names llama.cpp's `llama-server`, `HOLDPOINT_TEST_LLAMA_PYTHON` a Python that has the
//! package `llama-cpp-python[server]`. `CONTRIBUTING.md` tells how to get them.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use holdpoint::app::Engines;
use holdpoint::domain::model_ref::ModelRef;
use holdpoint::engine::{
    Capabilities, ChatDelta, Endpoint, EngineClient, EngineError, FinishReason, GrammarForm, RemoteEngine, Token,
};
use serde_json::json;

use super::*;

const CHAT_MODEL: &str = "smollm2-135m-instruct-q4_1.gguf";
const EMBED_MODEL: &str = "all-minilm-l6-v2-f16.gguf";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Each server takes the whole machine for itself.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A server of somebody else, stopped when dropped.
struct Server {
    child: Child,
    endpoint: Endpoint,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn program(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.exists());
    if path.is_none() {
        eprintln!("skipped: {variable} names no program");
    }
    path
}

fn model(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("HOLDPOINT_TEST_MODELS").map(PathBuf::from)?;
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: there is no model {}", path.display());
    None
}

impl Server {
    async fn start(mut command: Command) -> Self {
        let port = free_address().port();
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        Self::run(command, format!("http://127.0.0.1:{port}/v1"), None).await
    }

    async fn run(mut command: Command, base_url: String, token: Option<&str>) -> Self {
        let child = command
            // Else its idle threads take the processor from everybody who works.
            .env("OMP_WAIT_POLICY", "passive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let endpoint = Endpoint::Http {
            base_url,
            token: token.map(|token| Token::parse(token).unwrap()),
        };
        let mut server = Self { child, endpoint };
        let started = Instant::now();
        // Some answer before their model is loaded, and any answer will do.
        while let Err(error) = server.client().chat(tiny(), AMPLE).await {
            let is_loading = matches!(error, EngineError::Overloaded { .. });
            if !is_loading && !error.to_string().contains("cannot be reached") {
                break;
            }
            assert!(started.elapsed() < AMPLE, "the server never answered: {error}");
            assert!(
                server.child.try_wait().unwrap().is_none(),
                "the server has ended: {error}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        server
    }

    fn client(&self) -> EngineClient {
        EngineClient::new(self.endpoint.clone())
    }

    async fn llama_server(model: &Path, arguments: &[&str]) -> Option<Self> {
        let mut command = Command::new(program("HOLDPOINT_TEST_LLAMA_SERVER")?);
        command
            .arg("-m")
            .arg(model)
            .args(["-c", "2048", "-np", "1"])
            .args(arguments);
        Some(Self::start(command).await)
    }

    async fn python(model: &Path, arguments: &[&str]) -> Option<Self> {
        let mut command = Command::new(program("HOLDPOINT_TEST_LLAMA_PYTHON")?);
        command.args(["-m", "llama_cpp.server", "--model"]).arg(model);
        command.args(["--n_ctx", "2048"]).args(arguments);
        Some(Self::start(command).await)
    }

    /// An engine of this program, for other machines.
    async fn holdpoint(models: [&Path; 2], token_file: &Path) -> Self {
        let address = free_address().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
        command
            .args(["engine", "--listen", &address, "--ctx", "2048", "--token-file"])
            .arg(token_file);
        for model in models {
            command.arg("--model").arg(model);
        }
        Self::run(command, format!("http://{address}/v1"), Some(TOKEN)).await
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn tiny() -> ChatRequest {
    ChatRequest {
        max_tokens: Some(1),
        logprobs: false,
        ..question("Hi")
    }
}

/// What every server with the chat model must do, whatever it is.
async fn holds_a_conversation(client: &EngineClient, found: Capabilities) {
    assert!(found.chat, "{found:?}");
    let client = client.knowing(Arc::new(found.clone()));
    // What so small a model says is not worth comparing.
    let answer = client
        .chat(question("What is the capital of France?"), AMPLE)
        .await
        .unwrap();
    assert!(!answer.text.trim().is_empty(), "{answer:?}");
    assert_eq!(answer.logprobs.is_some(), found.logprobs, "{answer:?}");
    let asked = question("Tell me about the sea.");
    let mut stream = client.chat_stream(asked, AMPLE).await.unwrap();
    let mut pieces = Vec::new();
    let streamed = loop {
        match stream.next().await.unwrap().unwrap() {
            ChatDelta::Text(piece) => pieces.push(piece),
            ChatDelta::Done(answer) => break answer,
        }
    };
    assert!(pieces.len() > 1, "{pieces:?}");
    assert_eq!(pieces.concat(), streamed.text);
    let cut = ChatRequest {
        max_tokens: Some(3),
        ..question("Tell me a long story.")
    };
    let answer = client.chat(cut, AMPLE).await.unwrap();
    assert_eq!(answer.finish, FinishReason::Length, "{answer:?}");
    if found.grammar.is_some() {
        let schema = ChatRequest {
            schema: Some(json!({
                "type": "object",
                "properties": {"city": {"type": "string", "enum": ["Lyon", "Nice"]}},
                "required": ["city"],
            })),
            max_tokens: Some(48),
            ..question("Where shall we go?")
        };
        let answer = client.chat(schema, AMPLE).await.unwrap();
        let value: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
        assert!(value["city"] == "Lyon" || value["city"] == "Nice", "{value}");
    }
    let long = ChatRequest {
        max_tokens: Some(8),
        ..question(&"one two three ".repeat(3_000))
    };
    let refused = client.chat(long, AMPLE).await.unwrap_err();
    assert!(matches!(refused, EngineError::ContextExceeded { .. }), "{refused:?}");
}

/// It answers through the list of an agent, and nobody waits for one that went.
async fn is_one_of_several(server: &Server) {
    let engine = RemoteEngine::new("office", server.endpoint.clone());
    let engines = Engines::new(None, vec![engine]);
    let name = CHAT_MODEL.trim_end_matches(".gguf");
    let models = ModelRef::parse_all([format!("{name}@office").as_str()]).unwrap();
    let answered = engines
        .chat(&models, question("What is the capital of France?"), AMPLE)
        .await
        .unwrap();
    assert!(
        !answered.answer.text.is_empty() && answered.skipped.is_empty(),
        "{answered:?}"
    );
    let endless = ChatRequest {
        max_tokens: Some(1_500),
        ..question("Count from one to one thousand, in words, without stopping.")
    };
    // Whether it is given up or ends by itself, it is in nobody's way afterwards.
    let _gone = tokio::time::timeout(Duration::from_millis(500), engines.chat(&models, endless, AMPLE)).await;
    let next = engines
        .chat(&models, question("What is the capital of France?"), AMPLE)
        .await
        .unwrap();
    assert!(!next.answer.text.is_empty(), "{next:?}");
}

async fn makes_embeddings(client: &EngineClient, found: Capabilities) {
    assert!(found.embeddings, "{found:?}");
    let client = client.knowing(Arc::new(found));
    let texts = [
        "How do I return my order?",
        "I want to send back what I bought",
        "Which bus goes to the beach?",
    ]
    .map(ToOwned::to_owned);
    let vectors = client.embed(&texts, AMPLE).await.unwrap();
    let dot = |a: usize, b: usize| -> f32 { vectors[a].iter().zip(&vectors[b]).map(|(a, b)| a * b).sum() };
    assert!((dot(0, 0) - 1.0).abs() < 1e-3, "of length one");
    assert!(dot(0, 1) > dot(0, 2) + 0.2, "{} and {}", dot(0, 1), dot(0, 2));
}

#[tokio::test]
async fn llama_cpps_server_is_understood() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let (Some(chat), Some(embedder)) = (model(CHAT_MODEL), model(EMBED_MODEL)) else {
        return;
    };
    let Some(server) = Server::llama_server(&chat, &[]).await else {
        return;
    };
    let found = server.client().detect(AMPLE).await.unwrap();
    assert!(
        found.logprobs && found.grammar == Some(GrammarForm::JsonSchema),
        "{found:?}"
    );
    assert!(!found.is_holdpoint && !found.score, "{found:?}");
    holds_a_conversation(&server.client(), found).await;
    is_one_of_several(&server).await;
    drop(server);

    let server = Server::llama_server(&embedder, &["--embeddings"]).await.unwrap();
    let found = server.client().detect(AMPLE).await.unwrap();
    makes_embeddings(&server.client(), found).await;
}

#[tokio::test]
async fn llama_cpps_server_wants_its_key() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let Some(chat) = model(CHAT_MODEL) else { return };
    let Some(server) = Server::llama_server(&chat, &["--api-key", "hunter2hunter2"]).await else {
        return;
    };
    let engine = RemoteEngine::new("office", server.endpoint.clone());
    let why = engine.look(AMPLE).await.unwrap_err();
    assert!(why.contains("secrets/engine-office.token"), "{why}");
}

#[tokio::test]
async fn the_python_server_is_understood() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let (Some(chat), Some(embedder)) = (model(CHAT_MODEL), model(EMBED_MODEL)) else {
        return;
    };
    let Some(server) = Server::python(&chat, &[]).await else {
        return;
    };
    let found = server.client().detect(AMPLE).await.unwrap();
    assert!(!found.is_holdpoint, "{found:?}");
    holds_a_conversation(&server.client(), found).await;
    is_one_of_several(&server).await;
    drop(server);

    let server = Server::python(&embedder, &["--embedding", "true"]).await.unwrap();
    let found = server.client().detect(AMPLE).await.unwrap();
    makes_embeddings(&server.client(), found).await;
}

#[tokio::test]
async fn an_engine_of_this_program_on_another_machine_is_understood() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let (Some(chat), Some(embedder)) = (model(CHAT_MODEL), model(EMBED_MODEL)) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, TOKEN).unwrap();
    let server = Server::holdpoint([&chat, &embedder], &token_file).await;
    let client = server.client();
    let found = client.detect(AMPLE).await.unwrap();
    assert!(found.is_holdpoint && found.logprobs && found.score, "{found:?}");
    assert_eq!(found.grammar, Some(GrammarForm::JsonSchema));
    assert_eq!(found.models.len(), 2, "{found:?}");
    holds_a_conversation(&client, found.clone()).await;
    makes_embeddings(&client, found).await;
    is_one_of_several(&server).await;

    let Endpoint::Http { base_url, .. } = server.endpoint.clone() else {
        panic!("it is asked over the network")
    };
    let stranger = Endpoint::Http {
        base_url,
        token: Some(Token::parse("another-token-than-its-own").unwrap()),
    };
    let why = RemoteEngine::new("office", stranger).look(AMPLE).await.unwrap_err();
    assert!(why.contains("secrets/engine-office.token"), "{why}");
}
