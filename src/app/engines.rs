//! All engines that may write answers: the one of this machine and the configured remote ones, asked in an order of
//! preference.

use super::Engine;
use crate::domain::model_ref::ModelRef;
use crate::engine::{
    ChatAnswer, ChatRequest, EngineError, FinishReason, Forming, Priority, RemoteEngine, RemoteStatus,
};
use futures::future::join_all;
use std::time::{Duration, Instant};

/// Least time a model gets to begin its answer while others wait behind it, unless the whole deadline is shorter.
const LEAST_SHARE: Duration = Duration::from_secs(5);
/// Longest wait for a remote engine when somebody asks how it is.
const LOOK_WITHIN: Duration = Duration::from_secs(5);
/// Time between two looks after engines that do not answer.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Longest look in the background: an engine may have to load its model to show what it can do.
const LONG_LOOK: Duration = Duration::from_mins(2);

/// The engines. A cheap clone.
#[derive(Debug, Clone, Default)]
pub struct Engines {
    local: Option<Engine>,
    remote: Vec<RemoteEngine>,
    priority: Priority,
    share: String,
    forming: Option<Forming>,
}

/// A model that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The model.
    pub model: ModelRef,
    /// Why, as a clause.
    pub why: String,
}

/// An answer, and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The answer.
    pub answer: ChatAnswer,
    /// The model that wrote it.
    pub model: ModelRef,
    /// Which of the requests it answers, from 0.
    pub request: usize,
    /// The models preferred to it, and why each did not.
    pub skipped: Vec<Skipped>,
}

/// No model answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.in_words())]
pub struct NoAnswer {
    /// What went wrong last.
    pub error: EngineError,
    /// Every model that was to be asked, and why it did not answer.
    pub skipped: Vec<Skipped>,
}

impl NoAnswer {
    fn in_words(&self) -> String {
        match self.skipped.as_slice() {
            // Of this machine alone nobody needs to be told the name.
            [Skipped { model, .. }] if model.engine.is_none() => self.error.to_string(),
            skipped => skipped
                .iter()
                .map(|skipped| format!("{}: {}", skipped.model, skipped.why))
                .collect::<Vec<_>>()
                .join("; "),
        }
    }
}

impl Engines {
    /// The engine of this machine, if models are set up, and the remote ones.
    pub fn new(local: Option<Engine>, remote: Vec<RemoteEngine>) -> Self {
        Self {
            local,
            remote,
            ..Self::default()
        }
    }

    /// The engine of this machine.
    pub const fn local(&self) -> Option<&Engine> {
        self.local.as_ref()
    }

    /// The remote engines, as configured.
    pub fn remote(&self) -> &[RemoteEngine] {
        &self.remote
    }

    /// The same engines, asked with another priority. Only Holdpoint's own engines know priorities.
    #[must_use]
    pub fn at_priority(&self, priority: Priority) -> Self {
        Self {
            priority,
            ..self.clone()
        }
    }

    /// The same engines, asked from the fair share of whoever has this key: a workspace's id. Only Holdpoint's own
    /// engines are told it.
    #[must_use]
    pub fn sharing(&self, key: &str) -> Self {
        Self {
            share: key.to_owned(),
            ..self.clone()
        }
    }

    /// The same engines, showing here what the one that is asked is writing.
    #[must_use]
    pub fn forming_in(&self, forming: Option<Forming>) -> Self {
        Self {
            forming,
            ..self.clone()
        }
    }

    /// The answer of the first model of the list that gives one; an empty list means this machine's default model. The
    /// request's own `model` does not count.
    ///
    /// One model is asked at a time, and never twice. While others wait behind it, a model must begin within its part of
    /// the time; once it has begun it may use all that is left. One that is given up is told so by closing its
    /// connection, before the next is asked.
    ///
    /// # Errors
    /// [`NoAnswer`] with the reason of each.
    pub async fn chat(
        &self,
        models: &[ModelRef],
        request: ChatRequest,
        deadline: Duration,
    ) -> Result<Answered, Box<NoAnswer>> {
        self.chat_fitting(models, &[request], deadline).await
    }

    /// The same for a request that may be too long: each model is asked the first of `requests`, from the longest to the
    /// shortest, that its window holds.
    ///
    /// # Errors
    /// [`NoAnswer`] with the reason of each.
    pub async fn chat_fitting(
        &self,
        models: &[ModelRef],
        requests: &[ChatRequest],
        deadline: Duration,
    ) -> Result<Answered, Box<NoAnswer>> {
        let started = Instant::now();
        let models = if models.is_empty() {
            &[ModelRef::DEFAULT]
        } else {
            models
        };
        let mut skipped: Vec<Skipped> = Vec::new();
        let mut last = None;
        for (place, model) in models.iter().enumerate() {
            let left = deadline.saturating_sub(started.elapsed());
            if left.is_zero() {
                let error = EngineError::DeadlineExceeded { limit: deadline };
                skipped.push(skip(model, "no time was left for it".to_owned()));
                last.get_or_insert(error);
                continue;
            }
            let begun_within = share_of(left, models.len() - place);
            match self.ask_what_fits(model, requests, begun_within, left).await {
                Ok((answer, request)) => {
                    return Ok(Answered {
                        answer,
                        model: model.clone(),
                        request,
                        skipped,
                    });
                }
                Err((error, why)) => {
                    tracing::info!(llm.model = %model, "A model is passed over: {why}");
                    skipped.push(skip(model, why));
                    last = Some(error);
                }
            }
        }
        let error = last.unwrap_or(EngineError::DeadlineExceeded { limit: deadline });
        Err(Box::new(NoAnswer { error, skipped }))
    }

    /// Asks a model the longest of the requests that fits, and tells which that was. Learning that one does not fit
    /// takes next to no time: it is counted, not computed.
    async fn ask_what_fits(
        &self,
        model: &ModelRef,
        requests: &[ChatRequest],
        begun_within: Duration,
        left: Duration,
    ) -> Result<(ChatAnswer, usize), (EngineError, String)> {
        let started = Instant::now();
        let mut refused = None;
        for (place, request) in requests.iter().enumerate() {
            let of_model = ChatRequest {
                model: model.name.clone(),
                ..request.clone()
            };
            let left = left.saturating_sub(started.elapsed());
            match self.ask(model, of_model, begun_within.min(left), left).await {
                Ok(answer) if place + 1 < requests.len() && leaves_no_room(&answer, request.max_tokens) => {
                    tracing::debug!(llm.model = %model, answer.completion_tokens, "No room for an answer was left.");
                }
                Ok(answer) => return Ok((answer, place)),
                Err((EngineError::ContextExceeded { detail }, why)) => {
                    refused = Some((EngineError::ContextExceeded { detail }, why));
                }
                Err(other) => return Err(other),
            }
        }
        Err(refused.unwrap_or_else(|| {
            let detail = "nothing was asked".to_owned();
            (EngineError::Protocol { detail: detail.clone() }, detail)
        }))
    }

    async fn ask(
        &self,
        model: &ModelRef,
        request: ChatRequest,
        begun_within: Duration,
        left: Duration,
    ) -> Result<ChatAnswer, (EngineError, String)> {
        let no_model = |detail: String| {
            let why = detail.clone();
            (EngineError::NoModel { detail }, why)
        };
        if let Some(name) = &model.engine {
            let Some(remote) = self.remote.iter().find(|remote| remote.name() == name) else {
                return Err(no_model(format!(
                    "there is no remote engine {name}; `remote_engines` in the configuration names them"
                )));
            };
            let remote = remote
                .asking(self.priority, &self.share)
                .forming_in(self.forming.clone());
            return remote.chat(request, begun_within, left).await;
        }
        let Some(local) = &self.local else {
            return Err(no_model("no models are set up on this machine".to_owned()));
        };
        let client = local.client.at_priority(self.priority).sharing(&self.share);
        let client = client.forming_in(self.forming.clone());
        let answer = if begun_within < left {
            client.chat_begun_within(request, begun_within, left).await
        } else {
            // Nobody is behind it: all that is left is its.
            return client.chat(request, left).await.map_err(with_words);
        };
        answer.map_err(|failed| with_words(failed.error))
    }

    /// How the remote engines are. Those that nobody knows yet are asked, for a few seconds at most.
    pub async fn remote_status(&self) -> Vec<RemoteStatus> {
        join_all(self.remote.iter().map(async |remote| {
            // Why it does not answer is part of the status.
            let _why = remote.look(LOOK_WITHIN).await;
            remote.status()
        }))
        .await
    }

    /// Finds out what the remote engines can do, and tries again those that do not answer, for ever: so no visitor
    /// waits for it.
    pub(super) async fn keep_looking(self) {
        if self.remote.is_empty() {
            return;
        }
        loop {
            join_all(self.remote.iter().map(async |remote| {
                if let Err(why) = remote.look(LONG_LOOK).await {
                    tracing::debug!(engine.name = remote.name(), "A remote engine does not answer: {why}");
                }
            }))
            .await;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// The answer was broken off before it was as long as it may be: the window was full.
fn leaves_no_room(answer: &ChatAnswer, most_tokens: Option<u32>) -> bool {
    answer.finish == FinishReason::Length && most_tokens.is_some_and(|most| answer.completion_tokens < most)
}

fn skip(model: &ModelRef, why: String) -> Skipped {
    Skipped {
        model: model.clone(),
        why,
    }
}

fn with_words(error: EngineError) -> (EngineError, String) {
    let why = error.to_string();
    (error, why)
}

/// The time in which the first of `count` models must begin: its equal part of what is left, but not so little that
/// none could; the last one has all of it.
fn share_of(left: Duration, count: usize) -> Duration {
    let count = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    (left / count).max(LEAST_SHARE).min(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_share_the_time_in_which_they_must_begin() {
        let seconds = Duration::from_secs;
        assert_eq!(share_of(seconds(120), 3), seconds(40));
        assert_eq!(share_of(seconds(12), 4), LEAST_SHARE);
        assert_eq!(share_of(seconds(2), 4), seconds(2));
        assert_eq!(share_of(seconds(80), 1), seconds(80));
    }
}
