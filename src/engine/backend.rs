//! What stands behind the HTTP surface: the runner with real models, or the scripted engine of the tests.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    owner::Ticket,
    queue::{PriorityQueue, PushError, Waiting},
    wire::{
        ChatCompletionRequest, ChatMessage, ErrorCode, FinishReason, Health, Priority, Score, ScoreRequest, Timings,
        TokenLogprob, Usage,
    },
};

/// Requests of each priority that may wait for one model; beyond, callers are told to come back.
pub(crate) const QUEUE_CAPACITY: usize = 64;

/// Why a request is not served: becomes the body of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn deadline() -> Self {
        Self::new(
            ErrorCode::DeadlineExceeded,
            "The request's deadline passed before the answer was complete.",
        )
    }

    pub(crate) fn failure(what: impl std::fmt::Display) -> Self {
        Self::new(
            ErrorCode::EngineFailure,
            format!("The model could not compute the request: {what}."),
        )
    }

    /// The model asked for is there and cannot be used.
    pub(crate) fn broken_model(why: &str) -> Self {
        Self::new(ErrorCode::NoModel, why)
    }

    pub(crate) fn no_model(kind: &str, option: &str) -> Self {
        Self::new(
            ErrorCode::NoModel,
            format!(
                "No {kind} model is loaded; set one in the configuration or start the engine with `{option} FILE`."
            ),
        )
    }
}

/// Conditions a request comes with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// What it counts as by now.
    pub(crate) priority: Priority,
    /// What it was asked with.
    pub(crate) asked: Priority,
    pub(crate) arrived: Instant,
    pub(crate) deadline: Option<Instant>,
    /// Whose fair share of the engine it is taken from: a digest of the caller's key.
    pub(crate) share: u64,
}

impl Terms {
    pub(crate) fn new(priority: Priority, allowed: Option<Duration>) -> Self {
        let arrived = Instant::now();
        Self {
            priority,
            asked: priority,
            arrived,
            deadline: allowed.and_then(|allowed| arrived.checked_add(allowed)),
            share: 0,
        }
    }

    /// The same terms, taken from the fair share of whoever has this key.
    pub(crate) fn sharing(self, key: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        Self {
            share: hasher.finish(),
            ..self
        }
    }

    pub(crate) fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// The vectors of a request, in the order of its texts.
#[derive(Debug)]
pub(crate) struct Embedded {
    pub(crate) vectors: Vec<Vec<f32>>,
    pub(crate) tokens: u32,
}

/// A request for embeddings on its way to the owner thread.
pub(crate) struct EmbedJob {
    pub(crate) texts: Vec<String>,
    pub(crate) terms: Terms,
    pub(crate) answer: oneshot::Sender<Result<Embedded, Refusal>>,
    /// Keeps the model loaded while the request is open.
    #[expect(dead_code, reason = "it is held, never asked")]
    pub(crate) ticket: Ticket,
}

impl Waiting for EmbedJob {
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed() || self.terms.is_late()
    }

    fn arrived(&self) -> Instant {
        self.terms.arrived
    }

    fn share(&self) -> u64 {
        self.terms.share
    }

    fn cost(&self) -> u64 {
        about_tokens(self.texts.iter().map(String::len).sum())
    }
}

impl Refused for EmbedJob {
    fn refuse(self, refusal: Refusal) {
        let _caller_is_gone = self.answer.send(Err(refusal));
    }
}

/// What happens while an answer is written.
#[derive(Debug)]
pub(crate) enum ChatEvent {
    /// A token; its text may be empty while a character is incomplete.
    Token {
        text: String,
        logprob: Option<TokenLogprob>,
    },
    /// The answer is complete.
    Done {
        finish: FinishReason,
        usage: Usage,
        timings: Timings,
    },
    /// The answer ends here with an error.
    Failed(Refusal),
}

/// Where the events of an answer go. Unbounded, because the owner thread must never wait for a slow reader; the
/// limit of tokens bounds it.
pub(crate) type ChatEvents = mpsc::UnboundedSender<ChatEvent>;

/// Scores of an answer, one per prompt, and the tokens they took.
pub(crate) type Scored = (Vec<Score>, Usage);

/// What a chat model is asked to do.
pub(crate) enum ChatTask {
    /// Write an answer.
    Write {
        request: ChatCompletionRequest,
        events: ChatEvents,
    },
    /// Say how likely a given answer is.
    Score {
        request: ScoreRequest,
        answer: oneshot::Sender<Result<Scored, Refusal>>,
    },
}

/// A request on its way to a chat model's owner thread.
pub(crate) struct ChatJob {
    pub(crate) task: ChatTask,
    pub(crate) terms: Terms,
    /// Keeps the model loaded while the request is open.
    pub(crate) ticket: Ticket,
}

impl Waiting for ChatJob {
    fn is_abandoned(&self) -> bool {
        let is_gone = match &self.task {
            ChatTask::Write { events, .. } => events.is_closed(),
            ChatTask::Score { answer, .. } => answer.is_closed(),
        };
        is_gone || self.terms.is_late()
    }

    fn arrived(&self) -> Instant {
        self.terms.arrived
    }

    fn share(&self) -> u64 {
        self.terms.share
    }

    fn cost(&self) -> u64 {
        let read = |messages: &[ChatMessage]| messages.iter().map(|message| message.content.len()).sum::<usize>();
        match &self.task {
            ChatTask::Write { request, .. } => {
                about_tokens(read(&request.messages)) + u64::from(request.max_tokens.unwrap_or(0))
            }
            ChatTask::Score { request, .. } => {
                let prompts: usize = request.prompts.iter().map(|prompt| read(prompt)).sum();
                about_tokens(prompts + request.answer.len() * request.prompts.len())
            }
        }
    }
}

impl Refused for ChatJob {
    fn refuse(self, refusal: Refusal) {
        let _caller_is_gone = match self.task {
            ChatTask::Write { events, .. } => events.send(ChatEvent::Failed(refusal)).is_ok(),
            ChatTask::Score { answer, .. } => answer.send(Err(refusal)).is_ok(),
        };
    }
}

/// A request that can be told why it is not served.
pub(crate) trait Refused {
    fn refuse(self, refusal: Refusal);
}

/// Tokens of a text of this many bytes, roughly: four bytes a token.
fn about_tokens(bytes: usize) -> u64 {
    u64::try_from(bytes / 4).unwrap_or(u64::MAX)
}

/// Serves the requests of the HTTP surface. Dropping a receiver cancels its request.
pub(crate) trait Backend: Send + Sync + 'static {
    /// Vectors of the texts from the model of this name, or from the default one.
    fn embed(
        &self,
        model: Option<&str>,
        texts: Vec<String>,
        terms: Terms,
    ) -> Result<oneshot::Receiver<Result<Embedded, Refusal>>, Refusal>;

    fn chat(&self, request: ChatCompletionRequest, terms: Terms)
    -> Result<mpsc::UnboundedReceiver<ChatEvent>, Refusal>;

    fn score(&self, request: ScoreRequest, terms: Terms)
    -> Result<oneshot::Receiver<Result<Scored, Refusal>>, Refusal>;

    fn health(&self) -> Health;
}

/// Puts a job into a model's queue, or says why not. Whoever has to make room for it is told.
pub(crate) fn enqueue<J: Waiting + Refused>(
    queue: &PriorityQueue<J>,
    priority: Priority,
    job: J,
) -> Result<(), Refusal> {
    let overloaded = |waiting: usize| {
        Refusal::new(
            ErrorCode::Overloaded,
            format!("{waiting} requests already wait for this model, which is the limit; try again in a moment."),
        )
    };
    let displaced = queue.push(priority, job).map_err(|refused| match refused {
        PushError::Full { waiting } => overloaded(waiting),
        PushError::Closed => Refusal::failure("the model has stopped"),
    })?;
    if let Some(displaced) = displaced {
        displaced.refuse(overloaded(QUEUE_CAPACITY));
    }
    Ok(())
}
