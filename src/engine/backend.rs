//! What stands behind the HTTP surface: the runner with real models, or the scripted engine of the tests.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    queue::{PriorityQueue, PushError, Waiting},
    wire::{ChatCompletionRequest, ErrorCode, FinishReason, Health, Priority, Timings, TokenLogprob, Usage},
};

/// Requests that may wait for one model; beyond, callers are told to come back.
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
    pub(crate) priority: Priority,
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
}

impl Waiting for EmbedJob {
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed() || self.terms.is_late()
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

/// A request for an answer on its way to the owner thread.
pub(crate) struct ChatJob {
    pub(crate) request: ChatCompletionRequest,
    pub(crate) terms: Terms,
    pub(crate) events: ChatEvents,
}

impl Waiting for ChatJob {
    fn is_abandoned(&self) -> bool {
        self.events.is_closed() || self.terms.is_late()
    }
}

/// Serves the requests of the HTTP surface. Dropping a receiver cancels its request.
pub(crate) trait Backend: Send + Sync + 'static {
    fn embed(&self, texts: Vec<String>, terms: Terms) -> Result<oneshot::Receiver<Result<Embedded, Refusal>>, Refusal>;

    fn chat(&self, request: ChatCompletionRequest, terms: Terms)
    -> Result<mpsc::UnboundedReceiver<ChatEvent>, Refusal>;

    fn health(&self) -> Health;
}

/// Puts a job into a model's queue, or says why not.
pub(crate) fn enqueue<J: Waiting>(queue: &PriorityQueue<J>, priority: Priority, job: J) -> Result<(), Refusal> {
    queue.push(priority, job).map_err(|refused| match refused {
        PushError::Full { waiting } => Refusal::new(
            ErrorCode::Overloaded,
            format!("{waiting} requests already wait for this model, which is the limit; try again in a moment."),
        ),
        PushError::Closed => Refusal::failure("the model has stopped"),
    })
}
