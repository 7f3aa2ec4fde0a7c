//! A streamed answer: server-sent events read piece by piece.

use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::time::timeout_at;

use super::{ChatAnswer, LogprobSummary, connection::Answer, of_code};
use crate::engine::{
    error::EngineError,
    wire::{ChatChunk, ErrorBody, ErrorCode, FinishReason},
};

/// Largest event accepted, bytes; larger ones are not what was asked for.
const LARGEST_EVENT_BYTES: usize = 1 << 20;

/// What a stream yields.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatDelta {
    /// New text.
    Text(String),
    /// The end: the whole answer again, with its figures.
    Done(Box<ChatAnswer>),
}

/// An answer being written. Dropping it cancels the request.
pub struct ChatStream {
    answer: Answer,
    received: Vec<u8>,
    started: Instant,
    limit: Duration,
    text: String,
    log_probabilities: Vec<f32>,
    has_ended: bool,
}

impl std::fmt::Debug for ChatStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ChatStream")
            .field("text", &self.text)
            .finish_non_exhaustive()
    }
}

impl ChatStream {
    pub(super) const fn new(answer: Answer, started: Instant, limit: Duration) -> Self {
        Self {
            answer,
            received: Vec::new(),
            started,
            limit,
            text: String::new(),
            log_probabilities: Vec::new(),
            has_ended: false,
        }
    }

    /// The next piece, or `None` after [`ChatDelta::Done`] or an error.
    pub async fn next(&mut self) -> Option<Result<ChatDelta, EngineError>> {
        if self.has_ended {
            return None;
        }
        let next = match self.started.checked_add(self.limit) {
            Some(deadline) => timeout_at(deadline.into(), self.next_delta())
                .await
                .unwrap_or(Err(EngineError::DeadlineExceeded { limit: self.limit })),
            None => self.next_delta().await,
        };
        self.has_ended = !matches!(next, Ok(ChatDelta::Text(_)));
        Some(next)
    }

    async fn next_delta(&mut self) -> Result<ChatDelta, EngineError> {
        loop {
            while let Some(data) = self.take_event()? {
                if let Some(delta) = self.read_event(&data)? {
                    if matches!(delta, ChatDelta::Done(_)) {
                        // Reads the end of the stream, which frees the connection for the next request.
                        while self.answer.next_piece().await?.is_some() {}
                    }
                    return Ok(delta);
                }
            }
            match self.answer.next_piece().await? {
                Some(piece) => self.received.extend_from_slice(&piece),
                None => {
                    return Err(EngineError::Unavailable {
                        why: "the answer broke off".to_owned(),
                    });
                }
            }
        }
    }

    /// Cuts the next event off what was received and returns its data.
    fn take_event(&mut self) -> Result<Option<String>, EngineError> {
        let Some((end, separator)) = event_end(&self.received) else {
            if self.received.len() > LARGEST_EVENT_BYTES {
                return Err(EngineError::Protocol {
                    detail: "an event of the stream is too large".to_owned(),
                });
            }
            return Ok(None);
        };
        let event: Vec<u8> = self.received.drain(..end + separator).collect();
        let event = String::from_utf8_lossy(&event);
        let data: Vec<&str> = event
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(str::trim_start)
            .collect();
        Ok(Some(data.join("\n")))
    }

    /// Reads an event; `None` if it brings nothing new.
    fn read_event(&mut self, data: &str) -> Result<Option<ChatDelta>, EngineError> {
        if data.is_empty() || data == "[DONE]" {
            return Ok(None);
        }
        if let Ok(ErrorBody { error }) = serde_json::from_str(data) {
            let code = error.code.unwrap_or(ErrorCode::Other);
            return Err(of_code(
                code,
                StatusCode::INTERNAL_SERVER_ERROR,
                error.message,
                self.limit,
            ));
        }
        let chunk: ChatChunk = serde_json::from_str(data).map_err(|error| EngineError::Protocol {
            detail: error.to_string(),
        })?;
        let Some(choice) = chunk.choices.into_iter().next() else {
            return Ok(None);
        };
        if let Some(logprobs) = &choice.logprobs {
            self.log_probabilities
                .extend(logprobs.content.iter().map(|token| token.logprob));
        }
        if let Some(finish) = choice.finish_reason {
            let usage = chunk.usage.unwrap_or_default();
            return Ok(Some(ChatDelta::Done(Box::new(ChatAnswer {
                text: std::mem::take(&mut self.text),
                finish: if finish == FinishReason::Other {
                    FinishReason::Stop
                } else {
                    finish
                },
                logprobs: LogprobSummary::of(self.log_probabilities.iter().copied()),
                prompt_tokens: usage.prompt_tokens,
                cached_tokens: usage.cached_tokens(),
                completion_tokens: usage.completion_tokens,
                timings: chunk.timings,
                elapsed: self.started.elapsed(),
            }))));
        }
        Ok(choice.delta.content.filter(|text| !text.is_empty()).map(|text| {
            self.text.push_str(&text);
            ChatDelta::Text(text)
        }))
    }
}

/// Where the first event ends, and how long the empty line after it is.
fn event_end(received: &[u8]) -> Option<(usize, usize)> {
    let find = |separator: &[u8]| {
        received
            .windows(separator.len())
            .position(|window| window == separator)
            .map(|end| (end, separator.len()))
    };
    match (find(b"\n\n"), find(b"\r\n\r\n")) {
        (Some(plain), Some(carriage)) => Some(plain.min(carriage)),
        (plain, carriage) => plain.or(carriage),
    }
}

#[cfg(test)]
mod tests {
    use super::event_end;

    #[test]
    fn an_event_ends_at_its_empty_line_in_either_spelling() {
        assert_eq!(event_end(b"data: a\n\ndata: b\n\n"), Some((7, 2)));
        assert_eq!(event_end(b"data: a\r\n\r\n"), Some((7, 4)));
        assert_eq!(event_end(b"data: a\n"), None);
    }
}
