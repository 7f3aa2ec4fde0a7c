//! A remote engine: asked only for what it can do, and left alone while it fails.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::StatusCode;
use serde::Serialize;

use super::{
    Capabilities, ChatAnswer, ChatRequest, Endpoint, EngineClient, Failed, Forming, TimeLimits,
    breaker::{Breaker, BreakerSettings, Outcome, Permit},
};
use crate::engine::{error::EngineError, wire::Priority};

/// Longest search for what an engine can do; it may have to load its model for it.
const DETECT_WITHIN: Duration = Duration::from_mins(2);
/// An engine that does not list a model is asked again for its list after this.
const LIST_FRESH_FOR: Duration = Duration::from_secs(30);

/// An engine on another machine, or another server on this one. A cheap clone.
#[derive(Clone)]
pub struct RemoteEngine {
    client: EngineClient,
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    state: Mutex<State>,
    /// Held while somebody finds out what it can do, so that one does.
    detecting: tokio::sync::Mutex<()>,
}

struct State {
    breaker: Breaker,
    known: Option<Known>,
    /// What went wrong last, until it works again.
    trouble: Option<String>,
}

#[derive(Clone)]
struct Known {
    capabilities: Arc<Capabilities>,
    since: Instant,
}

impl std::fmt::Debug for RemoteEngine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RemoteEngine")
            .field("name", &self.inner.name)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// How a remote engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RemoteState {
    /// Nobody has asked it yet.
    Unknown,
    /// It answers.
    Ready,
    /// It failed; the next request tries it again.
    Failing,
    /// It failed several times and is left alone for a while.
    Resting,
}

/// How a remote engine is, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemoteStatus {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub base_url: String,
    /// How it is.
    pub state: RemoteState,
    /// The same as a sentence, with the remedy.
    pub in_words: String,
    /// What it can do, as found out last.
    pub capabilities: Option<Capabilities>,
}

impl RemoteEngine {
    /// The engine of this name. Nothing is sent until it is asked.
    pub fn new(name: impl Into<String>, endpoint: Endpoint) -> Self {
        Self::with(name, endpoint, TimeLimits::default(), BreakerSettings::default())
    }

    /// The same with other limits.
    pub fn with(name: impl Into<String>, endpoint: Endpoint, limits: TimeLimits, breaker: BreakerSettings) -> Self {
        Self {
            client: EngineClient::with_limits(endpoint, limits),
            inner: Arc::new(Inner {
                name: name.into(),
                state: Mutex::new(State {
                    breaker: Breaker::new(breaker),
                    known: None,
                    trouble: None,
                }),
                detecting: tokio::sync::Mutex::new(()),
            }),
        }
    }

    /// The same engine, asked with another priority and from another fair share; only Holdpoint's engines know them.
    #[must_use]
    pub fn asking(&self, priority: Priority, share: &str) -> Self {
        Self {
            client: self.client.at_priority(priority).sharing(share),
            ..self.clone()
        }
    }

    /// The same engine, showing here what it is writing.
    #[must_use]
    pub fn forming_in(&self, forming: Option<Forming>) -> Self {
        Self {
            client: self.client.forming_in(forming),
            ..self.clone()
        }
    }

    /// Its name, as models are called: `NAME@ENGINE`.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// How it is now; asks nobody.
    pub fn status(&self) -> RemoteStatus {
        let state = self.state();
        let resting = state.breaker.resting(Instant::now());
        let can = state.known.as_ref().map(|known| known.capabilities.in_words());
        let trouble = state.trouble.as_deref();
        let (word, in_words) = match (resting, trouble, can) {
            (Some(left), trouble, _) => {
                let why = trouble.unwrap_or("it failed");
                let seconds = left.as_secs() + 1;
                (
                    RemoteState::Resting,
                    format!("left alone for another {seconds} s: {why}"),
                )
            }
            (None, Some(why), _) => (RemoteState::Failing, why.to_owned()),
            (None, None, Some(can)) => (RemoteState::Ready, format!("answers; it {can}")),
            (None, None, None) => (RemoteState::Unknown, "nobody has asked it yet".to_owned()),
        };
        RemoteStatus {
            name: self.inner.name.clone(),
            base_url: self.client.address(),
            state: word,
            in_words,
            capabilities: state.known.as_ref().map(|known| (*known.capabilities).clone()),
        }
    }

    /// Makes sure that it is known what the engine can do.
    ///
    /// # Errors
    /// Why that is not known, as a clause.
    pub async fn look(&self, deadline: Duration) -> Result<Arc<Capabilities>, String> {
        if let Some(known) = self.known() {
            return Ok(known.capabilities);
        }
        let attempt = self.begin()?;
        let found = attempt.end(self.capabilities(deadline).await);
        found.map_err(|failed| self.in_words(&failed.error))
    }

    /// The answer of one of its models, if the first piece is there within `begun_within`, all of it within `deadline`.
    ///
    /// # Errors
    /// What went wrong, and the same as a clause that tells what to do.
    pub(crate) async fn chat(
        &self,
        request: ChatRequest,
        begun_within: Duration,
        deadline: Duration,
    ) -> Result<ChatAnswer, (EngineError, String)> {
        let attempt = self
            .begin()
            .map_err(|why| (EngineError::Unavailable { why: why.clone() }, why))?;
        let answer = attempt.end(self.attempt_chat(request, begun_within, deadline).await);
        answer.map_err(|failed| {
            let why = self.in_words(&failed.error);
            (failed.error, why)
        })
    }

    async fn attempt_chat(
        &self,
        mut request: ChatRequest,
        begun_within: Duration,
        deadline: Duration,
    ) -> Result<ChatAnswer, Failed> {
        let started = Instant::now();
        let mut capabilities = self.capabilities(begun_within).await?;
        if let Some(name) = &request.model
            && capabilities.id_of(name).is_none()
            && self.known().is_some_and(|known| known.since.elapsed() > LIST_FRESH_FOR)
        {
            self.state().known = None;
            capabilities = self
                .capabilities(begun_within.saturating_sub(started.elapsed()))
                .await?;
        }
        fits(&capabilities, &request).map_err(|detail| Failed::from(EngineError::NoModel { detail }))?;
        if !capabilities.logprobs {
            request.logprobs = false;
        }
        let spent = started.elapsed();
        self.client
            .knowing(capabilities)
            .chat_begun_within(
                request,
                begun_within.saturating_sub(spent),
                deadline.saturating_sub(spent),
            )
            .await
    }

    /// What it can do: as known, or found out now.
    async fn capabilities(&self, deadline: Duration) -> Result<Arc<Capabilities>, Failed> {
        let limit = deadline.min(DETECT_WITHIN);
        let detect = async {
            let _alone = self.inner.detecting.lock().await;
            if let Some(known) = self.known() {
                return Ok(known.capabilities);
            }
            let found = Arc::new(self.client.detect_or_fail(limit).await?);
            tracing::info!(engine.name = %self.inner.name, engine.models = found.models.len(), "A remote engine answers: it {}", found.in_words());
            self.state().known = Some(Known {
                capabilities: Arc::clone(&found),
                since: Instant::now(),
            });
            Ok(found)
        };
        tokio::time::timeout(limit, detect)
            .await
            .unwrap_or_else(|_elapsed| Err(Failed::from(EngineError::DeadlineExceeded { limit })))
    }

    fn begin(&self) -> Result<Attempt<'_>, String> {
        let mut state = self.state();
        match state.breaker.admit(Instant::now()) {
            Ok(permit) => Ok(Attempt {
                engine: self,
                permit: Some(permit),
            }),
            Err(resting) => {
                let why = state.trouble.clone().unwrap_or_else(|| "it failed".to_owned());
                let seconds = resting.left.as_secs() + 1;
                Err(format!(
                    "{} is left alone for another {seconds} s, because {why}",
                    self.inner.name
                ))
            }
        }
    }

    fn known(&self) -> Option<Known> {
        self.state().known.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What went wrong, as a clause with this engine's name and what to do.
    fn in_words(&self, error: &EngineError) -> String {
        let name = &self.inner.name;
        match error {
            EngineError::Unauthorized { why } => format!(
                "{name} refuses the access token ({why}); write the right one into secrets/engine-{name}.token in the data directory and restart"
            ),
            EngineError::Unavailable { why } => format!("{name} cannot answer ({why})"),
            EngineError::Overloaded { why } => format!("{name} is busy ({why})"),
            EngineError::DeadlineExceeded { limit } => {
                format!("{name} did not begin to answer within {} s", limit.as_secs())
            }
            EngineError::ContextExceeded { detail } | EngineError::NoModel { detail } => format!("{name}: {detail}"),
            EngineError::Protocol { detail } => format!("{name} answers what cannot be used: {detail}"),
        }
    }
}

/// What the request needs that the server lacks, as a clause.
fn fits(capabilities: &Capabilities, request: &ChatRequest) -> Result<(), String> {
    if !capabilities.chat {
        return Err("none of its models holds a conversation".to_owned());
    }
    if let Some(name) = &request.model
        && !capabilities.models.is_empty()
        && capabilities.id_of(name).is_none()
    {
        let some: Vec<&str> = capabilities.models.iter().take(5).map(String::as_str).collect();
        return Err(format!("it has no model {name}; it has {}", some.join(", ")));
    }
    if request.adapter.is_some() && !capabilities.is_holdpoint {
        return Err("it has no adapters".to_owned());
    }
    if request.schema.is_some() && capabilities.grammar.is_none() {
        return Err("it does not follow a schema".to_owned());
    }
    Ok(())
}

/// A request under way. Dropped before its end, it counts as abandoned.
struct Attempt<'a> {
    engine: &'a RemoteEngine,
    permit: Option<Permit>,
}

impl Attempt<'_> {
    fn end<T>(mut self, result: Result<T, Failed>) -> Result<T, Failed> {
        let outcome = match &result {
            Ok(_) => Outcome::Worked,
            Err(failed) => outcome_of(failed),
        };
        let mut state = self.engine.state();
        match &result {
            Ok(_) => state.trouble = None,
            Err(failed) if outcome == Outcome::Worked => {
                tracing::debug!(engine.name = %self.engine.inner.name, error = %failed.error, "A remote engine refused a request");
                state.trouble = None;
            }
            Err(failed) => state.trouble = Some(self.engine.in_words(&failed.error)),
        }
        if let Some(permit) = self.permit.take() {
            let now = Instant::now();
            state.breaker.settle(permit, outcome, now);
            if !state.breaker.is_closed() {
                // It may come back as another one.
                state.known = None;
                tracing::warn!(engine.name = %self.engine.inner.name, "A remote engine is left alone for a while: {}", state.trouble.as_deref().unwrap_or("it failed"));
            }
        }
        drop(state);
        result
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.engine
                .state()
                .breaker
                .settle(permit, Outcome::Abandoned, Instant::now());
        }
    }
}

/// What a failure says about the engine. One that refuses a request with a reason works.
fn outcome_of(failed: &Failed) -> Outcome {
    match (&failed.error, failed.rest) {
        (_, Some(rest)) => Outcome::AskedForRest(rest),
        (EngineError::ContextExceeded { .. } | EngineError::NoModel { .. }, None) => Outcome::Worked,
        (EngineError::Protocol { .. }, None) if failed.status.is_some_and(is_about_the_request) => Outcome::Worked,
        _ => Outcome::Failed,
    }
}

/// Statuses by which a server that works says what is wrong with this one request.
const fn is_about_the_request(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 404 | 413 | 422)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_not_asked_for_what_it_cannot_do() {
        let server = Capabilities {
            chat: true,
            models: vec!["small".to_owned()],
            ..Capabilities::default()
        };
        let ask = |request: ChatRequest| fits(&server, &request);
        assert_eq!(ask(ChatRequest::default()), Ok(()));
        let named = |name: &str| ChatRequest {
            model: Some(name.to_owned()),
            ..ChatRequest::default()
        };
        assert_eq!(ask(named("small")), Ok(()));
        assert_eq!(
            ask(named("large")),
            Err("it has no model large; it has small".to_owned())
        );
        let adapted = ChatRequest {
            adapter: Some("shop".to_owned()),
            ..ChatRequest::default()
        };
        assert!(ask(adapted).is_err());
        let schema = ChatRequest {
            schema: Some(serde_json::json!({})),
            ..ChatRequest::default()
        };
        assert!(ask(schema).is_err());
        assert!(fits(&Capabilities::default(), &ChatRequest::default()).is_err());
    }
}
