//! The engine child: loads the models, listens, and ends with its parent.

use std::{io::Read, num::NonZero, path::PathBuf, sync::Arc, thread};

use llama_cpp_2::{LogOptions, llama_backend::LlamaBackend, send_logs_to_tracing};
use tokio::sync::{mpsc, oneshot};

use super::{
    backend::{Backend, ChatEvent, ChatJob, ChatTask, EmbedJob, Embedded, Refusal, Scored, Terms},
    chat::{self, ChatSettings, DEFAULT_SLOTS, MOST_SLOTS},
    embed::{self, EmbedSettings},
    error::RunError,
    gguf::{GgufHeader, check_models},
    memory,
    owner::{Owner, OwnerThread},
    server::{Listener, router},
    wire::{ChatCompletionRequest, Health, ScoreRequest},
};

/// Window of the chat model where none is asked for, tokens: enough for a few passages and a conversation, and
/// cheap in memory.
pub const DEFAULT_CONTEXT_TOKENS: u32 = 4096;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct EngineArgs {
    /// The Unix socket to listen on.
    pub socket: PathBuf,
    /// The chat model, a GGUF file.
    pub chat_model: Option<PathBuf>,
    /// The embedding model, a GGUF file.
    pub embed_model: Option<PathBuf>,
    /// Threads each model computes with; default is one per core.
    pub threads: Option<NonZero<u16>>,
    /// Most tokens of one request to the chat model; default [`DEFAULT_CONTEXT_TOKENS`], at most what the model was
    /// trained with.
    pub context_tokens: Option<NonZero<u32>>,
    /// Answers written at the same time; default 8.
    pub slots: Option<NonZero<u16>>,
    /// Tokens of cache beyond one window, for the other answers and for beginnings of prompts; default one window.
    pub cache_tokens: Option<u32>,
}

/// Tokens of cache that a chat model is given.
pub(crate) fn cells(context_tokens: Option<NonZero<u32>>, cache_tokens: Option<u32>) -> u32 {
    let window = context_tokens.map_or(DEFAULT_CONTEXT_TOKENS, NonZero::get);
    window.saturating_add(cache_tokens.unwrap_or(window))
}

/// Runs the engine until its standard input closes.
///
/// The parent keeps the other end of that pipe: however it ends, the child ends with it. The parent also has to set
/// `OMP_WAIT_POLICY=passive`, which the library reads before any code of ours runs.
pub async fn run(args: EngineArgs) -> Result<(), RunError> {
    if args.chat_model.is_none() && args.embed_model.is_none() {
        return Err(RunError::NothingToRun);
    }
    let parent_is_gone = stdin_closed();
    // The library writes to stderr by itself otherwise.
    send_logs_to_tracing(LogOptions::default().with_logs_enabled(true));
    let (runner, mut threads) = Runner::load(&args)?;
    let runner = Arc::new(runner);
    let listener = Listener::open(&args.socket)?;
    tracing::info!(socket = %args.socket.display(), "The engine listens");
    let outcome = tokio::select! {
        served = listener.serve(router(Arc::<Runner>::clone(&runner))) => {
            served.map_err(|source| RunError::Socket { path: args.socket.clone(), source })
        }
        kind = first_to_end(&mut threads) => Err(RunError::ModelStopped(kind)),
        _ = parent_is_gone => Ok(()),
    };
    runner.close();
    threads.into_iter().for_each(OwnerThread::join);
    outcome
}

async fn first_to_end(threads: &mut [OwnerThread]) -> &'static str {
    let ends = threads.iter_mut().map(|thread| Box::pin(thread.ended()));
    futures::future::select_all(ends).await.0
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
    chat: Option<Owner<ChatJob>>,
    embed: Option<Owner<EmbedJob>>,
    threads: u16,
}

impl Runner {
    /// Checks both files before loading either, then loads one after the other.
    fn load(args: &EngineArgs) -> Result<(Self, Vec<OwnerThread>), RunError> {
        let threads = args
            .threads
            .or_else(|| thread::available_parallelism().ok()?.try_into().ok())
            .map_or(1, NonZero::get);
        let asked = args.context_tokens.map_or(DEFAULT_CONTEXT_TOKENS, NonZero::get);
        let cells = cells(args.context_tokens, args.cache_tokens);
        let checked = check_models(args.embed_model.as_deref(), args.chat_model.as_deref(), cells)?;
        let chat = args
            .chat_model
            .as_ref()
            .zip(checked.chat.as_ref())
            .map(|(path, header)| ChatSettings {
                path: path.clone(),
                threads: i32::from(threads),
                context_tokens: window(asked, header),
                slots: args.slots.map_or(DEFAULT_SLOTS, NonZero::get).min(MOST_SLOTS),
                cache_tokens: args.cache_tokens.unwrap_or_else(|| window(asked, header)),
            });
        let embed = args
            .embed_model
            .as_ref()
            .zip(checked.embed.as_ref())
            .map(|(path, header)| EmbedSettings {
                path: path.clone(),
                threads: i32::from(threads),
                model_pools: header.has_pooling,
            });
        let backend = LlamaBackend::init().map_err(|error| RunError::Load {
            path: args.socket.clone(),
            why: error.to_string(),
        })?;
        let backend = Arc::new(backend);

        let chat = chat
            .map(|settings| {
                let backend = Arc::clone(&backend);
                let path = settings.path.clone();
                Owner::start("chat", &path, move |desk, loaded| {
                    chat::work(&backend, &settings, desk, loaded);
                })
            })
            .transpose()?;
        let embed = embed
            .map(|settings| {
                let path = settings.path.clone();
                Owner::start("embedding", &path, move |desk, loaded| {
                    embed::work(&backend, &settings, desk, loaded);
                })
            })
            .transpose()?;
        let (chat, chat_thread) = chat.unzip();
        let (embed, embed_thread) = embed.unzip();
        let owner_threads = chat_thread.into_iter().chain(embed_thread).collect();
        Ok((Self { chat, embed, threads }, owner_threads))
    }

    fn close(&self) {
        if let Some(chat) = &self.chat {
            chat.close();
        }
        if let Some(embed) = &self.embed {
            embed.close();
        }
    }
}

/// The window asked for, cut to what the model was trained with.
fn window(asked: u32, header: &GgufHeader) -> u32 {
    match header.context_tokens {
        trained if trained > 0 && asked > trained => {
            tracing::warn!(
                asked,
                trained,
                "The window is cut to what the chat model was trained with"
            );
            trained
        }
        _ => asked,
    }
}

impl Backend for Runner {
    fn embed(&self, texts: Vec<String>, terms: Terms) -> Result<oneshot::Receiver<Result<Embedded, Refusal>>, Refusal> {
        let owner = self
            .embed
            .as_ref()
            .ok_or_else(|| Refusal::no_model("embedding", "--embed-model"))?;
        let (answer, answered) = oneshot::channel();
        owner.submit(terms, EmbedJob { texts, terms, answer })?;
        Ok(answered)
    }

    fn chat(
        &self,
        request: ChatCompletionRequest,
        terms: Terms,
    ) -> Result<mpsc::UnboundedReceiver<ChatEvent>, Refusal> {
        let owner = self
            .chat
            .as_ref()
            .ok_or_else(|| Refusal::no_model("chat", "--chat-model"))?;
        let (events, heard) = mpsc::unbounded_channel();
        let task = ChatTask::Write { request, events };
        owner.submit(terms, ChatJob { task, terms })?;
        Ok(heard)
    }

    fn score(
        &self,
        request: ScoreRequest,
        terms: Terms,
    ) -> Result<oneshot::Receiver<Result<Scored, Refusal>>, Refusal> {
        let owner = self
            .chat
            .as_ref()
            .ok_or_else(|| Refusal::no_model("chat", "--chat-model"))?;
        let (answer, answered) = oneshot::channel();
        let task = ChatTask::Score { request, answer };
        owner.submit(terms, ChatJob { task, terms })?;
        Ok(answered)
    }

    fn health(&self) -> Health {
        Health {
            status: "ok".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            models: self
                .chat
                .as_ref()
                .map(Owner::health)
                .into_iter()
                .chain(self.embed.as_ref().map(Owner::health))
                .collect(),
            memory_budget_bytes: None,
            threads: u32::from(self.threads),
            rss_bytes: memory::resident_bytes(),
        }
    }
}
