//! The engine process: loads the models, listens, and ends with its parent or when it is told to.

use std::{io::Read, net::SocketAddr, num::NonZero, path::PathBuf, sync::Arc, thread};

use llama_cpp_2::{LogOptions, send_logs_to_tracing};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, oneshot},
};

use super::{
    backend::{Backend, ChatEvent, ChatJob, ChatTask, EmbedJob, Embedded, Refusal, Scored, Terms},
    error::RunError,
    memory,
    models::Models,
    owner::join,
    server::{Listener, NetworkListener, router},
    wire::{ChatCompletionRequest, Health, ScoreRequest},
};

/// Window of the chat model where none is asked for, tokens: enough for a few passages and a conversation, and
/// cheap in memory.
pub const DEFAULT_CONTEXT_TOKENS: u32 = 4096;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct EngineArgs {
    /// The Unix socket to listen on, for the process that started this one.
    pub socket: Option<PathBuf>,
    /// The address to listen on, for other machines.
    pub listen: Option<SocketAddr>,
    /// The file with the token that requests to `listen` must carry; needed unless only this machine can reach it.
    pub token_file: Option<PathBuf>,
    /// The default chat model, a GGUF file; loaded at once.
    pub chat_model: Option<PathBuf>,
    /// The default embedding model, a GGUF file; loaded at once.
    pub embed_model: Option<PathBuf>,
    /// Further models, GGUF files; loaded when they are first asked for.
    pub models: Vec<PathBuf>,
    /// LoRA adapters, GGUF files, by name.
    pub adapters: Vec<(String, PathBuf)>,
    /// Threads each model computes with; default is one per core.
    pub threads: Option<NonZero<u16>>,
    /// Most tokens of one request to a chat model; default [`DEFAULT_CONTEXT_TOKENS`], at most what the model was
    /// trained with.
    pub context_tokens: Option<NonZero<u32>>,
    /// Answers that a chat model writes at the same time; default 8.
    pub slots: Option<NonZero<u16>>,
    /// Tokens of cache beyond one window, for the other answers and for beginnings of prompts; default one window.
    pub cache_tokens: Option<u32>,
    /// What all models together may need, bytes; default is what the machine can give.
    pub memory_budget_bytes: Option<u64>,
}

/// Runs the engine until it is told to end: by a signal or, with a socket, by the end of its standard input.
///
/// The parent keeps the other end of that pipe: however it ends, the child ends with it. The parent also has to set
/// `GOMP_SPINCOUNT`, which the library reads before any code of ours runs.
pub async fn run(args: EngineArgs) -> Result<(), RunError> {
    if args.socket.is_none() && args.listen.is_none() {
        return Err(RunError::NowhereToListen);
    }
    let told_to_end = told_to_end(args.socket.is_some());
    // The library writes to stderr by itself otherwise.
    send_logs_to_tracing(LogOptions::default().with_logs_enabled(true));
    let threads = args
        .threads
        .or_else(|| thread::available_parallelism().ok()?.try_into().ok())
        .map_or(1, NonZero::get);
    let on_socket = args.socket.as_deref().map(Listener::open).transpose()?;
    let on_network = match args.listen {
        Some(address) => Some(NetworkListener::open(address, args.token_file.as_deref()).await?),
        None => None,
    };
    let models = Models::new(&args, threads)?;
    let runner = Arc::new(Runner { models, threads });
    runner.models.load_defaults();

    let socket_path = args.socket.unwrap_or_default();
    let served_on_socket = async {
        match on_socket {
            Some(listener) => listener
                .serve(router(Arc::<Runner>::clone(&runner)))
                .await
                .map_err(|source| RunError::Socket {
                    path: socket_path,
                    source,
                }),
            None => std::future::pending().await,
        }
    };
    let served_on_network = async {
        match on_network {
            Some(listener) => listener.serve(router(Arc::<Runner>::clone(&runner))).await,
            None => std::future::pending().await,
        }
    };
    let nothing_works = async {
        match runner.models.started().await {
            Ok(()) => {
                tracing::info!("The engine is ready");
                std::future::pending().await
            }
            Err(error) => Err(error),
        }
    };
    let outcome = tokio::select! {
        served = served_on_socket => served,
        served = served_on_network => served,
        nothing_works = nothing_works => nothing_works,
        () = told_to_end => Ok(()),
    };
    join(runner.models.close());
    outcome
}

/// Resolves when the process is to end.
async fn told_to_end(has_parent: bool) {
    let parent_is_gone = async {
        if has_parent {
            let _however_it_ends = stdin_closed().await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    let signalled = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "A signal cannot be listened to");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = parent_is_gone => {}
        () = signalled(SignalKind::terminate()) => {}
        () = signalled(SignalKind::interrupt()) => {}
    }
}

/// Resolves when standard input has ended. A plain thread, because a runtime would wait for its blocking read.
fn stdin_closed() -> oneshot::Receiver<()> {
    let (closed, is_closed) = oneshot::channel();
    thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut ignored = [0; 64];
        while matches!(stdin.read(&mut ignored), Ok(1..)) {}
        let _engine_is_gone = closed.send(());
    });
    is_closed
}

struct Runner {
    models: Models,
    threads: u16,
}

impl Backend for Runner {
    fn embed(
        &self,
        model: Option<&str>,
        texts: Vec<String>,
        terms: Terms,
    ) -> Result<oneshot::Receiver<Result<Embedded, Refusal>>, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.models.embed(model, terms, |ticket| EmbedJob {
            texts,
            terms,
            answer,
            ticket,
        })?;
        Ok(answered)
    }

    fn chat(
        &self,
        request: ChatCompletionRequest,
        terms: Terms,
    ) -> Result<mpsc::UnboundedReceiver<ChatEvent>, Refusal> {
        let (events, heard) = mpsc::unbounded_channel();
        let (model, adapter) = (request.model.clone(), request.adapter.clone());
        self.models
            .chat(model.as_deref(), adapter.as_deref(), terms, |ticket| ChatJob {
                task: ChatTask::Write { request, events },
                terms,
                ticket,
            })?;
        Ok(heard)
    }

    fn score(
        &self,
        request: ScoreRequest,
        terms: Terms,
    ) -> Result<oneshot::Receiver<Result<Scored, Refusal>>, Refusal> {
        let (answer, answered) = oneshot::channel();
        let (model, adapter) = (request.model.clone(), request.adapter.clone());
        self.models
            .chat(model.as_deref(), adapter.as_deref(), terms, |ticket| ChatJob {
                task: ChatTask::Score { request, answer },
                terms,
                ticket,
            })?;
        Ok(answered)
    }

    fn health(&self) -> Health {
        let models = self.models.health();
        Health {
            status: Models::status(&models).to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            models,
            memory_budget_bytes: self.models.budget_bytes(),
            threads: u32::from(self.threads),
            rss_bytes: memory::resident_bytes(),
        }
    }
}
