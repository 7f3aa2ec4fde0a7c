//! Asks an engine, wherever it runs: a cheap handle that keeps its connections.

mod connection;
mod stream;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{
    error::EngineError,
    millis,
    wire::{
        ChatCompletion, ChatCompletionRequest, ChatMessage, DEADLINE_HEADER, EmbeddingsAnswer, EmbeddingsRequest,
        ErrorBody, ErrorCode, FinishReason, Health, JsonSchema, Logprobs, OneOrMany, PRIORITY_HEADER, Priority,
        ResponseFormat, SHARE_HEADER, Score, ScoreAnswer, ScoreRequest, Timings,
    },
};
use connection::Connections;
pub use stream::{ChatDelta, ChatStream};

/// Texts sent in one request; more are sent one request after the other, so that a large import cannot hold the
/// engine for long.
const TEXTS_PER_REQUEST: usize = 64;

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// A Unix socket of this machine.
    Unix(PathBuf),
}

/// A conversation to be continued by the chat model.
#[derive(Debug, Clone, Default)]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<ChatMessage>,
    /// Most tokens to write; the engine's default if `None`.
    pub max_tokens: Option<u32>,
    /// 0 always takes the likeliest token, and the same prompt gets the same answer.
    pub temperature: f32,
    /// Makes a temperature above 0 repeatable.
    pub seed: Option<u32>,
    /// Ask for the log-probability of every token.
    pub logprobs: bool,
    /// The chat model by name; the engine's default one if `None`.
    pub model: Option<String>,
    /// `LoRA` adapter by name.
    pub adapter: Option<String>,
    /// Texts at which the answer ends.
    pub stop: Vec<String>,
    /// JSON schema that the answer must follow.
    pub schema: Option<serde_json::Value>,
}

/// What the chat model wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatAnswer {
    /// The text.
    pub text: String,
    /// Why it ended.
    pub finish: FinishReason,
    /// How sure the model was; `None` if not asked for, or if the server does not say.
    pub logprobs: Option<LogprobSummary>,
    /// Tokens read.
    pub prompt_tokens: u32,
    /// Those of them that the engine had kept and did not compute again.
    pub cached_tokens: u32,
    /// Tokens written.
    pub completion_tokens: u32,
    /// Where the engine's time went; `None` from servers that do not say.
    pub timings: Option<Timings>,
    /// Time from asking to the complete answer.
    pub elapsed: Duration,
}

/// Summary of the log-probabilities of an answer's tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogprobSummary {
    /// Mean, at most 0.
    pub mean: f64,
    /// The least likely token's, at most 0.
    pub min: f64,
    /// How many tokens.
    pub tokens: usize,
}

impl LogprobSummary {
    pub(super) fn of(log_probabilities: impl Iterator<Item = f32>) -> Option<Self> {
        let (mut sum, mut min, mut tokens) = (0.0, 0.0_f64, 0_u32);
        for log_probability in log_probabilities {
            sum += f64::from(log_probability);
            min = min.min(f64::from(log_probability));
            tokens += 1;
        }
        (tokens > 0).then(|| Self {
            mean: sum / f64::from(tokens),
            min,
            tokens: usize::try_from(tokens).unwrap_or(usize::MAX),
        })
    }

    pub(super) fn of_wire(logprobs: &Logprobs) -> Option<Self> {
        Self::of(logprobs.content.iter().map(|token| token.logprob))
    }
}

/// Asks one engine. Cloning is cheap and shares the connections; dropping a future cancels its request.
#[derive(Clone)]
pub struct EngineClient {
    connections: Arc<Connections>,
    priority: Priority,
    share: Arc<str>,
}

impl std::fmt::Debug for EngineClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("EngineClient")
            .field("endpoint", self.connections.endpoint())
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

impl EngineClient {
    /// A client of the given engine, asking for visitors who wait. Connects when first used.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            connections: Arc::new(Connections::new(endpoint)),
            priority: Priority::Live,
            share: Arc::from(""),
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

    /// How likely `answer` is after each of 1 to 4 prompts, in one go.
    pub async fn score(
        &self,
        prompts: Vec<Vec<ChatMessage>>,
        answer: String,
        model: Option<String>,
        deadline: Duration,
    ) -> Result<Vec<Score>, EngineError> {
        let expected = prompts.len();
        let request = ScoreRequest {
            model,
            adapter: None,
            prompts,
            answer,
        };
        let scored: ScoreAnswer = self.ask(Method::POST, "/score", Some(&request), deadline).await?;
        if scored.scores.len() != expected {
            return Err(EngineError::Protocol {
                detail: format!("{} scores came for {expected} prompts", scored.scores.len()),
            });
        }
        Ok(scored.scores)
    }

    /// One vector of length one per text, in order. Texts longer than the model's window are cut to it.
    pub async fn embed(&self, texts: &[String], deadline: Duration) -> Result<Vec<Vec<f32>>, EngineError> {
        let started = Instant::now();
        let mut vectors = Vec::with_capacity(texts.len());
        for part in texts.chunks(TEXTS_PER_REQUEST) {
            let left = deadline.saturating_sub(started.elapsed());
            let request = EmbeddingsRequest {
                model: None,
                input: OneOrMany::Many(part.to_vec()),
            };
            let answer: EmbeddingsAnswer = self
                .ask(Method::POST, "/v1/embeddings", Some(&request), left)
                .await
                .map_err(|error| with_limit(error, deadline))?;
            let mut entries = answer.data;
            entries.sort_by_key(|entry| entry.index);
            if entries.len() != part.len() || entries.iter().enumerate().any(|(place, entry)| entry.index != place) {
                return Err(EngineError::Protocol {
                    detail: format!("{} embeddings came for {} texts", entries.len(), part.len()),
                });
            }
            vectors.extend(entries.into_iter().map(|entry| entry.embedding));
        }
        Ok(vectors)
    }

    /// The chat model's answer, once it is complete.
    pub async fn chat(&self, request: ChatRequest, deadline: Duration) -> Result<ChatAnswer, EngineError> {
        let started = Instant::now();
        let body = wire_request(request, false);
        let answer: ChatCompletion = self
            .ask(Method::POST, "/v1/chat/completions", Some(&body), deadline)
            .await?;
        let choice = answer.choices.into_iter().next().ok_or_else(|| EngineError::Protocol {
            detail: "an answer without a choice".to_owned(),
        })?;
        Ok(ChatAnswer {
            text: choice.message.content,
            finish: choice.finish_reason.unwrap_or(FinishReason::Other),
            logprobs: choice.logprobs.as_ref().and_then(LogprobSummary::of_wire),
            prompt_tokens: answer.usage.prompt_tokens,
            cached_tokens: answer.usage.cached_tokens(),
            completion_tokens: answer.usage.completion_tokens,
            timings: answer.timings,
            elapsed: started.elapsed(),
        })
    }

    /// The chat model's answer, piece by piece. Dropping the stream cancels the request.
    pub async fn chat_stream(&self, request: ChatRequest, deadline: Duration) -> Result<ChatStream, EngineError> {
        let started = Instant::now();
        let body = encode(&wire_request(request, true))?;
        let request = self.request(Method::POST, "/v1/chat/completions", body, deadline)?;
        timeout(deadline, async {
            let response = self.connections.send(request).await?;
            if response.status() != StatusCode::OK {
                let status = response.status();
                let body = response.read_to_end().await?;
                return Err(refused(status, &body, deadline));
            }
            Ok(ChatStream::new(response, started, deadline))
        })
        .await
        .unwrap_or(Err(EngineError::DeadlineExceeded { limit: deadline }))
    }

    /// What the engine says of itself.
    pub async fn health(&self, deadline: Duration) -> Result<Health, EngineError> {
        self.ask(Method::GET, "/health", None::<&()>, deadline).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        deadline: Duration,
    ) -> Result<T, EngineError> {
        let body = body.map(encode).transpose()?.unwrap_or_default();
        let request = self.request(method, path, body, deadline)?;
        let answer = async {
            let response = self.connections.send(request).await?;
            let status = response.status();
            let body = response.read_to_end().await?;
            if status != StatusCode::OK {
                return Err(refused(status, &body, deadline));
            }
            serde_json::from_slice(&body).map_err(|error| EngineError::Protocol {
                detail: error.to_string(),
            })
        };
        timeout(deadline, answer)
            .await
            .unwrap_or(Err(EngineError::DeadlineExceeded { limit: deadline }))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        deadline: Duration,
    ) -> Result<http::Request<Bytes>, EngineError> {
        let share =
            http::HeaderValue::from_str(&self.share).unwrap_or_else(|_unprintable| http::HeaderValue::from_static(""));
        http::Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::HOST, "engine")
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(DEADLINE_HEADER, millis(deadline))
            .header(PRIORITY_HEADER, self.priority.as_str())
            .header(SHARE_HEADER, share)
            .body(body)
            .map_err(|error| EngineError::Protocol {
                detail: error.to_string(),
            })
    }
}

fn wire_request(request: ChatRequest, stream: bool) -> ChatCompletionRequest {
    ChatCompletionRequest {
        model: request.model,
        adapter: request.adapter,
        messages: request.messages,
        max_tokens: request.max_tokens,
        temperature: Some(request.temperature),
        seed: request.seed,
        stream,
        logprobs: request.logprobs,
        top_logprobs: None,
        stop: (!request.stop.is_empty()).then_some(OneOrMany::Many(request.stop)),
        response_format: request.schema.map(|schema| ResponseFormat::JsonSchema {
            json_schema: JsonSchema {
                name: "answer".to_owned(),
                schema,
            },
        }),
        cache_prompt: None,
        ignore_eos: false,
    }
}

fn encode(body: &impl Serialize) -> Result<Bytes, EngineError> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(|error| EngineError::Protocol {
            detail: error.to_string(),
        })
}

/// The deadline a caller set counts, not what was left of it for one part.
fn with_limit(error: EngineError, limit: Duration) -> EngineError {
    match error {
        EngineError::DeadlineExceeded { .. } => EngineError::DeadlineExceeded { limit },
        other => other,
    }
}

/// Reads an error answer: by its code where there is one, else by its status.
fn refused(status: StatusCode, body: &[u8], limit: Duration) -> EngineError {
    let detail = serde_json::from_slice::<ErrorBody>(body).ok().map(|body| body.error);
    let code = detail
        .as_ref()
        .and_then(|detail| detail.code)
        .unwrap_or(ErrorCode::Other);
    let message = detail.map_or_else(
        || format!("the status {status} without a reason"),
        |detail| detail.message,
    );
    of_code(code, status, message, limit)
}

pub(super) fn of_code(code: ErrorCode, status: StatusCode, message: String, limit: Duration) -> EngineError {
    match code {
        ErrorCode::ContextExceeded => EngineError::ContextExceeded { detail: message },
        ErrorCode::NoModel => EngineError::NoModel { detail: message },
        ErrorCode::Overloaded => EngineError::Overloaded { why: message },
        ErrorCode::DeadlineExceeded => EngineError::DeadlineExceeded { limit },
        ErrorCode::EngineFailure => EngineError::Unavailable { why: message },
        ErrorCode::InvalidRequest => EngineError::Protocol { detail: message },
        ErrorCode::Other => match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => EngineError::Overloaded { why: message },
            StatusCode::GATEWAY_TIMEOUT => EngineError::DeadlineExceeded { limit },
            status if status.is_server_error() => EngineError::Unavailable { why: message },
            _ => EngineError::Protocol { detail: message },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_another_server_is_read_by_its_status() {
        let limit = Duration::from_secs(1);
        let body = br#"{"error":{"message":"slow down","type":"requests","code":"rate_limit"}}"#;
        assert_eq!(
            refused(StatusCode::TOO_MANY_REQUESTS, body, limit),
            EngineError::Overloaded {
                why: "slow down".to_owned()
            }
        );
        assert!(matches!(
            refused(StatusCode::BAD_GATEWAY, b"<html>", limit),
            EngineError::Unavailable { .. }
        ));
    }

    #[test]
    fn log_probabilities_are_summed_up_by_mean_and_minimum() {
        let summary = LogprobSummary::of([-1.0, -3.0].into_iter());
        assert_eq!(
            summary,
            Some(LogprobSummary {
                mean: -2.0,
                min: -3.0,
                tokens: 2
            })
        );
        assert_eq!(LogprobSummary::of(std::iter::empty()), None);
    }
}
