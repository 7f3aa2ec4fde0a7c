//! Writes what a chat model does as an OpenAI-shaped answer, whole or streamed, and refusals as errors.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    Json,
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::{Stream, StreamExt, stream};
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

use super::within;
use crate::engine::{
    backend::{ChatEvent, Refusal, Terms},
    wire::{
        ChatChunk, ChatCompletion, ChatMessage, Choice, ChunkChoice, Delta, ErrorBody, ErrorCode, ErrorDetail,
        FinishReason, Logprobs, TokenLogprob,
    },
};

/// Marks the end of a streamed answer.
const DONE: &str = "[DONE]";

type Events = UnboundedReceiver<ChatEvent>;

/// What all parts of one answer share.
pub(super) struct AnswerWriter {
    id: String,
    created: u64,
    model: String,
    logprobs: bool,
}

impl AnswerWriter {
    #[expect(
        clippy::disallowed_methods,
        reason = "id and time of the protocol's envelope; nothing is decided or stored by them"
    )]
    pub(super) fn new(model: String, logprobs: bool) -> Self {
        let created = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        Self {
            id: format!("chatcmpl-{}", Uuid::now_v7().simple()),
            created,
            model,
            logprobs,
        }
    }

    /// The whole answer, once it is complete.
    pub(super) async fn collect(self, mut events: Events) -> Result<ChatCompletion, Refusal> {
        let mut text = String::new();
        let mut content = Vec::new();
        while let Some(event) = events.recv().await {
            match event {
                ChatEvent::Token { text: new, logprob } => {
                    text.push_str(&new);
                    content.extend(logprob);
                }
                ChatEvent::Failed(refusal) => return Err(refusal),
                ChatEvent::Done { finish, usage, timings } => {
                    return Ok(ChatCompletion {
                        id: self.id,
                        object: "chat.completion".to_owned(),
                        created: self.created,
                        model: self.model,
                        choices: vec![Choice {
                            index: 0,
                            message: ChatMessage::assistant(text),
                            logprobs: self.logprobs.then_some(Logprobs { content }),
                            finish_reason: Some(finish),
                        }],
                        usage,
                        timings: Some(timings),
                    });
                }
            }
        }
        Err(Refusal::failure("the model has stopped"))
    }

    /// The answer as server-sent events. What is refused before the first token is an ordinary error; later errors
    /// are an event of their own.
    pub(super) async fn stream(self, mut events: Events, terms: Terms) -> Result<Response, Refusal> {
        let first = match within(terms, events.recv()).await? {
            Some(ChatEvent::Failed(refusal)) => return Err(refusal),
            Some(event) => event,
            None => return Err(Refusal::failure("the model has stopped")),
        };
        let rest = stream::unfold(Some(events), move |events| async move {
            let mut events = events?;
            let event = match within(terms, events.recv()).await {
                Ok(Some(event)) => event,
                Ok(None) => ChatEvent::Failed(Refusal::failure("the model has stopped")),
                Err(refusal) => ChatEvent::Failed(refusal),
            };
            let is_last = !matches!(event, ChatEvent::Token { .. });
            Some((event, (!is_last).then_some(events)))
        });
        let head = self.chunk(
            Delta {
                role: Some("assistant".to_owned()),
                content: None,
            },
            None,
            None,
        );
        let all = stream::once(async { first }).chain(rest);
        let parts = stream::once(async move { head })
            .chain(all.map(move |event| self.part(event)))
            .chain(stream::once(async { Ok(Event::default().data(DONE)) }));
        Ok(Sse::new(end_after_error(parts)).into_response())
    }

    fn part(&self, event: ChatEvent) -> Result<Event, axum::Error> {
        match event {
            ChatEvent::Token { text, logprob } => self.chunk(
                Delta {
                    role: None,
                    content: Some(text),
                },
                logprob,
                None,
            ),
            ChatEvent::Done { finish, usage, timings } => {
                let mut chunk = self.chunk_body(Delta::default(), None, Some(finish));
                chunk.usage = Some(usage);
                chunk.timings = Some(timings);
                Event::default().json_data(chunk)
            }
            ChatEvent::Failed(refusal) => Event::default().json_data(refusal.body()),
        }
    }

    fn chunk(
        &self,
        delta: Delta,
        logprob: Option<TokenLogprob>,
        finish: Option<FinishReason>,
    ) -> Result<Event, axum::Error> {
        Event::default().json_data(self.chunk_body(delta, logprob, finish))
    }

    fn chunk_body(
        &self,
        delta: Delta,
        logprob: Option<TokenLogprob>,
        finish_reason: Option<FinishReason>,
    ) -> ChatChunk {
        ChatChunk {
            id: self.id.clone(),
            object: "chat.completion.chunk".to_owned(),
            created: self.created,
            model: self.model.clone(),
            choices: vec![ChunkChoice {
                index: 0,
                delta,
                logprobs: logprob.map(|logprob| Logprobs { content: vec![logprob] }),
                finish_reason,
            }],
            usage: None,
            timings: None,
        }
    }
}

/// Serialising cannot fail for these bodies; if it ever does, the stream ends there instead of lying.
fn end_after_error(
    parts: impl Stream<Item = Result<Event, axum::Error>>,
) -> impl Stream<Item = Result<Event, axum::Error>> {
    parts.take_while(|part| futures::future::ready(part.is_ok()))
}

impl Refusal {
    fn body(&self) -> ErrorBody {
        let kind = match self.code {
            ErrorCode::InvalidRequest | ErrorCode::ContextExceeded | ErrorCode::NoModel => "invalid_request_error",
            ErrorCode::Overloaded | ErrorCode::DeadlineExceeded | ErrorCode::EngineFailure | ErrorCode::Other => {
                "server_error"
            }
        };
        ErrorBody {
            error: ErrorDetail {
                message: self.message.clone(),
                kind: Some(kind.to_owned()),
                code: Some(self.code),
            },
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.code {
            ErrorCode::InvalidRequest | ErrorCode::ContextExceeded => StatusCode::BAD_REQUEST,
            ErrorCode::NoModel => StatusCode::NOT_FOUND,
            ErrorCode::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
            ErrorCode::EngineFailure | ErrorCode::Other => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(self.body())).into_response()
    }
}
