//! A deterministic engine without a model, for tests and for the demo's history.
//!
//! It speaks the same HTTP surface over a Unix socket as the real child, so the client and everything above it run
//! unchanged. No configuration leads here: a test starts it and gives its socket to an [`EngineClient`].
//!
//! - **Embeddings** are hashed bags of lightly stemmed words: texts that share words are close, others are not.
//! - **Answers** repeat the first sentence of the first passage in the prompt (a line that begins with `[1]`), or,
//!   without one, of the last message of the user. [`ScriptedEngine::answer_next`] replaces the next one.
//! - Delays and faults are set by the test; [`ScriptedEngine::die`] ends it like a crash.
//!
//! [`EngineClient`]: super::EngineClient

mod text;

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    time::sleep,
};

use super::{
    backend::{Backend, ChatEvent, Embedded, Refusal, Scored, Terms},
    client::Endpoint,
    error::RunError,
    memory, millis,
    server::{Listener, router},
    wire::{
        ChatCompletionRequest, Counters, ErrorCode, FinishReason, Health, ModelHealth, ModelPurpose, ModelState, Score,
        ScoreRequest, Timings, TokenLogprob, Usage,
    },
};
pub use text::{DIMENSIONS, embedding};

/// Name of both models, as answers and `/health` tell it.
pub const MODEL_NAME: &str = "scripted";
/// How often an answer that is held up looks whether it may go on.
const HELD_LOOK: Duration = Duration::from_millis(5);
const CONTEXT_TOKENS: u32 = 4096;
/// Every scripted token's log-probability.
const LOG_PROBABILITY: f32 = -0.125;

/// What the tests set and read; survives [`ScriptedEngine::die`] and [`ScriptedEngine::revive`].
#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<String>,
    faults: VecDeque<ErrorCode>,
    chat_faults: VecDeque<ErrorCode>,
    window_words: Option<usize>,
    reads_fenced: bool,
    delay: Duration,
    pace: Duration,
    holds_chats: bool,
    chats: u64,
    cancelled_chats: u64,
    embedded_texts: u64,
    last_prompt: Option<ChatCompletionRequest>,
}

type SharedScript = Arc<Mutex<Script>>;

fn lock(script: &SharedScript) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running scripted engine; ends when dropped.
#[derive(Debug)]
pub struct ScriptedEngine {
    socket: PathBuf,
    script: SharedScript,
    life: Option<Life>,
}

/// One life: a thread with a runtime of its own, so that dying also cuts every open connection.
#[derive(Debug)]
struct Life {
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl ScriptedEngine {
    /// Starts an engine on `socket`; it can be asked as soon as this returns.
    pub fn start(socket: impl Into<PathBuf>) -> Result<Self, RunError> {
        let mut engine = Self {
            socket: socket.into(),
            script: SharedScript::default(),
            life: None,
        };
        engine.revive()?;
        Ok(engine)
    }

    /// Where it listens, or listened.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::Unix(self.socket.clone())
    }

    /// Queues the text of the next answer without one.
    pub fn answer_next(&self, text: impl Into<String>) {
        lock(&self.script).answers.push_back(text.into());
    }

    /// Refuses the next request, whichever it is, with this code.
    pub fn fail_next(&self, code: ErrorCode) {
        lock(&self.script).faults.push_back(code);
    }

    /// Refuses the next chat with this code; embeddings go on.
    pub fn fail_next_chat(&self, code: ErrorCode) {
        lock(&self.script).chat_faults.push_back(code);
    }

    /// From now on prompts of more words than this are refused as too long.
    pub fn set_window(&self, words: usize) {
        lock(&self.script).window_words = Some(words);
    }

    /// From now on answers repeat the first sentence of the first passage as prompts of answers fence it.
    pub fn read_fenced_passages(&self) {
        lock(&self.script).reads_fenced = true;
    }

    /// Waits this long before every answer from now on.
    pub fn set_delay(&self, delay: Duration) {
        lock(&self.script).delay = delay;
    }

    /// Waits this long before every word of an answer from now on.
    pub fn set_pace(&self, pace: Duration) {
        lock(&self.script).pace = pace;
    }

    /// From now on no answer is begun until [`Self::let_chats_go`].
    pub fn hold_chats(&self) {
        lock(&self.script).holds_chats = true;
    }

    /// Writes the answers that were held up.
    pub fn let_chats_go(&self) {
        lock(&self.script).holds_chats = false;
    }

    /// Chat requests so far.
    pub fn chats(&self) -> u64 {
        lock(&self.script).chats
    }

    /// Chat requests whose caller went before the answer was complete.
    pub fn cancelled_chats(&self) -> u64 {
        lock(&self.script).cancelled_chats
    }

    /// Texts embedded so far.
    pub fn embedded_texts(&self) -> u64 {
        lock(&self.script).embedded_texts
    }

    /// The last chat request as it arrived.
    pub fn last_prompt(&self) -> Option<ChatCompletionRequest> {
        lock(&self.script).last_prompt.clone()
    }

    /// Ends like a crash: open answers break off and nothing listens any more.
    pub fn die(&mut self) {
        if let Some(Life { end, thread }) = self.life.take() {
            drop(end);
            if thread.join().is_err() {
                tracing::error!("The scripted engine's thread panicked");
            }
        }
    }

    /// Starts again on the same socket with the same script; does nothing while it runs.
    pub fn revive(&mut self) -> Result<(), RunError> {
        if self.life.is_none() {
            self.life = Some(Life::begin(&self.socket, Arc::clone(&self.script))?);
        }
        Ok(())
    }
}

impl Drop for ScriptedEngine {
    fn drop(&mut self) {
        self.die();
    }
}

impl Life {
    fn begin(socket: &Path, script: SharedScript) -> Result<Self, RunError> {
        let failed = |source: io::Error| RunError::Socket {
            path: socket.to_owned(),
            source,
        };
        let listener = Listener::open(socket)?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let (end, has_ended) = oneshot::channel::<()>();
        let thread = thread::Builder::new()
            .name("scripted-engine".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = listener.serve(router(Arc::new(ScriptedBackend { script }))) => {}
                        _ = has_ended => {}
                    }
                });
            })
            .map_err(failed)?;
        Ok(Self { end, thread })
    }
}

struct ScriptedBackend {
    script: SharedScript,
}

impl ScriptedBackend {
    fn fault(&self) -> Result<(), Refusal> {
        match lock(&self.script).faults.pop_front() {
            None => Ok(()),
            Some(code) => Err(Refusal::new(
                code,
                "The scripted engine was told to refuse this request.",
            )),
        }
    }
}

impl Backend for ScriptedBackend {
    fn embed(
        &self,
        _model: Option<&str>,
        texts: Vec<String>,
        _terms: Terms,
    ) -> Result<oneshot::Receiver<Result<Embedded, Refusal>>, Refusal> {
        self.fault()?;
        let delay = {
            let mut script = lock(&self.script);
            script.embedded_texts += texts.len() as u64;
            script.delay
        };
        let (answer, answered) = oneshot::channel();
        tokio::spawn(async move {
            sleep(delay).await;
            let words: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
            let embedded = Embedded {
                vectors: texts.iter().map(|text| embedding(text)).collect(),
                tokens: u32::try_from(words).unwrap_or(u32::MAX),
            };
            let _caller_is_gone = answer.send(Ok(embedded));
        });
        Ok(answered)
    }

    fn chat(
        &self,
        request: ChatCompletionRequest,
        terms: Terms,
    ) -> Result<mpsc::UnboundedReceiver<ChatEvent>, Refusal> {
        self.fault()?;
        let (delay, pace, text) = {
            let mut script = lock(&self.script);
            script.chats += 1;
            script.last_prompt = Some(request.clone());
            if let Some(code) = script.chat_faults.pop_front() {
                return Err(Refusal::new(code, "The scripted engine was told to refuse this chat."));
            }
            let words = prompt_words(&request);
            if script.window_words.is_some_and(|most| words > most) {
                let sentence = format!("The prompt has {words} words, more than the scripted window.");
                return Err(Refusal::new(ErrorCode::ContextExceeded, sentence));
            }
            let fenced = || text::fenced_answer(&request.messages);
            let fenced = if script.reads_fenced { fenced() } else { None };
            let text = script.answers.pop_front().or(fenced);
            let text = text.unwrap_or_else(|| text::answer(&request.messages));
            (script.delay, script.pace, text)
        };
        let (events, heard) = mpsc::unbounded_channel();
        let script = Arc::clone(&self.script);
        tokio::spawn(async move {
            let answer = Answer {
                request,
                terms,
                text,
                pace,
            };
            let begun = async {
                sleep(delay).await;
                while lock(&script).holds_chats {
                    sleep(HELD_LOOK).await;
                }
            };
            let stayed = tokio::select! {
                () = begun => true,
                () = events.closed() => false,
            };
            if !(stayed && answer.write(&events).await) {
                lock(&script).cancelled_chats += 1;
            }
        });
        Ok(heard)
    }

    fn score(
        &self,
        request: ScoreRequest,
        _terms: Terms,
    ) -> Result<oneshot::Receiver<Result<Scored, Refusal>>, Refusal> {
        self.fault()?;
        let tokens = u32::try_from(request.answer.split_whitespace().count()).unwrap_or(u32::MAX);
        let each = f64::from(LOG_PROBABILITY);
        let score = Score {
            sum: each * f64::from(tokens),
            mean: each,
            min: each,
            tokens,
        };
        let (answer, answered) = oneshot::channel();
        let _heard = answer.send(Ok((vec![score; request.prompts.len()], Usage::new(tokens, 0))));
        Ok(answered)
    }

    fn health(&self) -> Health {
        Health {
            status: "ok".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            models: vec![
                model(ModelPurpose::Chat, 0),
                model(ModelPurpose::Embed, u32::try_from(DIMENSIONS).unwrap_or(u32::MAX)),
            ],
            memory_budget_bytes: None,
            threads: 1,
            rss_bytes: memory::resident_bytes(),
        }
    }
}

fn model(purpose: ModelPurpose, dimensions: u32) -> ModelHealth {
    ModelHealth {
        name: MODEL_NAME.to_owned(),
        purpose,
        adapter: None,
        state: ModelState::Ready,
        why: None,
        is_default: true,
        memory_bytes: 0,
        context_tokens: CONTEXT_TOKENS,
        slots: 1,
        dimensions,
        waiting: 0,
        running: 0,
        counters: Counters::default(),
    }
}

fn prompt_words(request: &ChatCompletionRequest) -> usize {
    let words = |text: &str| text.split_whitespace().count();
    request.messages.iter().map(|message| words(&message.content)).sum()
}

/// One scripted answer: its words are its tokens.
struct Answer {
    request: ChatCompletionRequest,
    terms: Terms,
    text: String,
    pace: Duration,
}

impl Answer {
    /// Writes all events; false if the caller went before the end.
    async fn write(&self, events: &mpsc::UnboundedSender<ChatEvent>) -> bool {
        let started = Instant::now();
        let most = usize::try_from(self.request.max_tokens.unwrap_or(u32::MAX)).unwrap_or(usize::MAX);
        let words: Vec<&str> = self.text.split_inclusive(' ').collect();
        for word in words.iter().take(most) {
            tokio::select! {
                () = sleep(self.pace) => {}
                () = events.closed() => return false,
            }
            let logprob = self.request.logprobs.then(|| TokenLogprob {
                token: (*word).to_owned(),
                logprob: LOG_PROBABILITY,
                bytes: Some(word.as_bytes().to_vec()),
                top_logprobs: Vec::new(),
            });
            if events
                .send(ChatEvent::Token {
                    text: (*word).to_owned(),
                    logprob,
                })
                .is_err()
            {
                return false;
            }
        }
        let count = |words: usize| u32::try_from(words).unwrap_or(u32::MAX);
        let done = ChatEvent::Done {
            finish: if words.len() > most {
                FinishReason::Length
            } else {
                FinishReason::Stop
            },
            usage: Usage::new(count(prompt_words(&self.request)), count(words.len().min(most))),
            timings: Timings {
                queue_ms: millis(started.saturating_duration_since(self.terms.arrived)),
                prefill_ms: 0,
                decode_ms: millis(started.elapsed()),
            },
        };
        events.send(done).is_ok()
    }
}
