//! Asks an engine, wherever it runs: a cheap handle that keeps its connections.

mod answer;
pub(super) mod breaker;
mod capabilities;
mod embeddings;
mod endpoint;
mod failed;
mod forming;
mod remote;
mod request;
mod sse;
mod stream;
mod transport;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{sleep, timeout};

use super::{
    error::EngineError,
    millis,
    wire::{DEADLINE_HEADER, Health, PRIORITY_HEADER, Priority, SHARE_HEADER, Score, ScoreAnswer, ScoreRequest},
};
use answer::Gathered;
pub use capabilities::{Capabilities, GrammarForm};
pub use endpoint::{Endpoint, InvalidToken, Token};
pub(crate) use failed::Failed;
pub use forming::Forming;
pub use remote::{RemoteEngine, RemoteState, RemoteStatus};
pub use request::{ChatAnswer, ChatRequest, LogprobSummary};
pub use stream::{ChatDelta, ChatStream};
pub use transport::TimeLimits;
use transport::{Body, Transport};

const CHAT: &str = "/v1/chat/completions";
const MODELS: &str = "/v1/models";
/// How soon a server that lives lists its models.
const ALIVE_WITHIN: Duration = Duration::from_secs(5);
/// Time before a request that reached nobody is sent once more.
const RETRY_AFTER: Duration = Duration::from_millis(250);
/// What is said of an answer that is a web page.
const WEB_PAGE: &str = "it is a web page; the address leads to something else than an OpenAI-compatible server";

/// Asks one engine. Cloning is cheap and shares the connections; dropping a future cancels its request.
#[derive(Clone)]
pub struct EngineClient {
    transport: Arc<Transport>,
    priority: Priority,
    share: Arc<str>,
    capabilities: Option<Arc<Capabilities>>,
    forming: Option<Forming>,
}

impl std::fmt::Debug for EngineClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("EngineClient")
            .field("endpoint", self.transport.endpoint())
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

impl EngineClient {
    /// A client of the given engine, asking for visitors who wait. Connects when first used.
    pub fn new(endpoint: Endpoint) -> Self {
        Self::with_limits(endpoint, TimeLimits::default())
    }

    /// The same, with other limits for an engine elsewhere; one on this machine is limited by deadlines alone.
    pub fn with_limits(endpoint: Endpoint, limits: TimeLimits) -> Self {
        Self {
            transport: Arc::new(Transport::new(endpoint, limits)),
            priority: Priority::Live,
            share: Arc::from(""),
            capabilities: None,
            forming: None,
        }
    }

    /// The same client, asking with another priority.
    #[must_use]
    pub fn at_priority(&self, priority: Priority) -> Self {
        Self {
            priority,
            ..self.clone()
        }
    }

    /// The same client, asking from the fair share of whoever has this key: a workspace's id. Must be a header's value
    /// (visible ASCII); another key counts as none.
    #[must_use]
    pub fn sharing(&self, key: &str) -> Self {
        Self {
            share: Arc::from(key),
            ..self.clone()
        }
    }

    /// The same client, leaving out of requests what the server is known not to understand.
    #[must_use]
    pub fn knowing(&self, capabilities: Arc<Capabilities>) -> Self {
        Self {
            capabilities: Some(capabilities),
            ..self.clone()
        }
    }

    /// The same client, showing here what is being written wherever an answer comes as a stream.
    #[must_use]
    pub fn forming_in(&self, forming: Option<Forming>) -> Self {
        Self {
            forming,
            ..self.clone()
        }
    }

    /// How likely an answer is after each of 1 to 4 prompts, in one go.
    pub async fn score(&self, request: ScoreRequest, deadline: Duration) -> Result<Vec<Score>, EngineError> {
        let expected = request.prompts.len();
        let scored: ScoreAnswer = self
            .ask(Method::POST, "/score", Some(&request), deadline)
            .await
            .map_err(|failed| failed.error)?;
        if scored.scores.len() != expected {
            return Err(EngineError::Protocol {
                detail: format!("{} scores came for {expected} prompts", scored.scores.len()),
            });
        }
        Ok(scored.scores)
    }

    /// The chat model's answer, once it is complete.
    pub async fn chat(&self, request: ChatRequest, deadline: Duration) -> Result<ChatAnswer, EngineError> {
        if self.is_elsewhere() || self.forming.is_some() {
            // Only a stream shows what is being written and tells a server that is slow from one that has died, and some
            // notice only then that we went.
            let answer = self.chat_begun_within(request, deadline, deadline).await;
            return answer.map_err(|failed| failed.error);
        }
        self.whole_chat(request, deadline).await.map_err(|failed| failed.error)
    }

    async fn whole_chat(&self, request: ChatRequest, deadline: Duration) -> Result<ChatAnswer, Failed> {
        let started = Instant::now();
        let body = self.chat_body(request, false)?;
        let body = self.ask_bytes(Method::POST, CHAT, body, deadline).await?;
        let mut gathered = Gathered::default();
        gathered.add(&body).map_err(|unusable| unusable.into_error(deadline))?;
        Ok(gathered.into_answer(started.elapsed()))
    }

    fn chat_body(&self, request: ChatRequest, stream: bool) -> Result<Bytes, Failed> {
        if self.is_elsewhere() {
            request::any_body(request, stream, self.capabilities.as_deref())
        } else {
            request::own_body(request, stream)
        }
    }

    /// The chat model's answer, piece by piece. Dropping the stream cancels the request.
    pub async fn chat_stream(&self, request: ChatRequest, deadline: Duration) -> Result<ChatStream, EngineError> {
        self.begin_chat(request, deadline).await.map_err(|failed| failed.error)
    }

    /// The whole answer, if its first piece is there within `begun_within` and all of it within `deadline`.
    pub(crate) async fn chat_begun_within(
        &self,
        request: ChatRequest,
        begun_within: Duration,
        deadline: Duration,
    ) -> Result<ChatAnswer, Failed> {
        let started = Instant::now();
        if let Some(forming) = &self.forming {
            forming.begin();
        }
        let begin = async {
            let mut stream = self.begin_chat(request.clone(), deadline).await?;
            let first = stream.next().await;
            Ok::<_, Failed>((stream, first))
        };
        let (mut stream, mut next) = timeout(begun_within, begin).await.unwrap_or_else(|_elapsed| {
            let limit = begun_within;
            Err(Failed::from(EngineError::DeadlineExceeded { limit }))
        })?;
        loop {
            match next {
                Some(Ok(ChatDelta::Text(piece))) => {
                    if let Some(forming) = &self.forming {
                        forming.add(&piece);
                    }
                    next = stream.next().await;
                }
                Some(Ok(ChatDelta::Done(answer))) => return Ok(*answer),
                // In this way the Python llama.cpp server refuses; why, it says only to whom does not stream. One that
                // died of the request is not asked again.
                Some(Err(error)) if stream.ended_empty() && self.is_elsewhere() => {
                    let left = || deadline.saturating_sub(started.elapsed());
                    if self.is_alive(left().min(ALIVE_WITHIN)).await {
                        return self.whole_chat(request, left()).await;
                    }
                    return Err(Failed::from(error));
                }
                Some(Err(error)) => return Err(Failed::from(error)),
                None => return Err(Failed::protocol("an answer without an end")),
            }
        }
    }

    async fn begin_chat(&self, request: ChatRequest, deadline: Duration) -> Result<ChatStream, Failed> {
        let started = Instant::now();
        let body = self.chat_body(request, true)?;
        let body = self.send(Method::POST, CHAT, body, deadline).await?;
        ChatStream::new(body, started, deadline)
    }

    /// What the engine says of itself; other servers than Holdpoint's say something else.
    pub async fn health(&self, deadline: Duration) -> Result<Health, EngineError> {
        self.ask(Method::GET, "/health", None::<&()>, deadline)
            .await
            .map_err(|failed| failed.error)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        deadline: Duration,
    ) -> Result<T, Failed> {
        let body = body.map(request::encode).transpose()?.unwrap_or_default();
        let answer = self.ask_bytes(method, path, body, deadline).await?;
        serde_json::from_slice(&answer).map_err(|error| Failed::protocol(error.to_string()))
    }

    async fn ask_bytes(&self, method: Method, path: &str, body: Bytes, deadline: Duration) -> Result<Vec<u8>, Failed> {
        let answer = async {
            let mut body = self.send(method, path, body, deadline).await?;
            if body.content_type() == "text/html" {
                return Err(Failed::protocol(WEB_PAGE));
            }
            body.read_to_end().await
        };
        timeout(deadline, answer).await.unwrap_or_else(|_elapsed| {
            let limit = deadline;
            Err(Failed::from(EngineError::DeadlineExceeded { limit }))
        })
    }

    /// Sends a request, a second time if the first one reached nobody elsewhere. (An engine of this machine that does
    /// not listen is being restarted, which takes longer than anybody should wait here.)
    async fn send(&self, method: Method, path: &str, body: Bytes, deadline: Duration) -> Result<Body, Failed> {
        let headers = self.headers(deadline);
        let once = || {
            let (method, headers, body) = (method.clone(), headers.clone(), body.clone());
            self.transport.send(method, path, headers, body, deadline)
        };
        let sent = async {
            match once().await {
                Err(failed) if failed.is_unsent && self.is_elsewhere() => {
                    sleep(RETRY_AFTER).await;
                    once().await
                }
                sent => sent,
            }
        };
        timeout(deadline, sent).await.unwrap_or_else(|_elapsed| {
            let limit = deadline;
            Err(Failed::from(EngineError::DeadlineExceeded { limit }))
        })
    }

    async fn is_alive(&self, within: Duration) -> bool {
        let models = self.ask_bytes(Method::GET, MODELS, Bytes::new(), within).await;
        models.is_ok_and(|body| !body.is_empty())
    }

    /// Where it is, as it may be shown.
    fn address(&self) -> String {
        match self.transport.endpoint() {
            Endpoint::Unix(path) => path.display().to_string(),
            Endpoint::Http { base_url, .. } => base_url.clone(),
        }
    }

    /// True if another server answers, perhaps on another machine.
    fn is_elsewhere(&self) -> bool {
        self.transport.endpoint().is_http()
    }

    /// Only our own engines understand them; nobody else is told which workspace asks.
    fn headers(&self, deadline: Duration) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let is_own = self.capabilities.as_ref().is_some_and(|known| known.is_holdpoint);
        if is_own || !self.is_elsewhere() {
            transport::put(&mut headers, DEADLINE_HEADER, &millis(deadline).to_string());
            transport::put(&mut headers, PRIORITY_HEADER, self.priority.as_str());
            transport::put(&mut headers, SHARE_HEADER, &self.share);
        }
        headers
    }
}
