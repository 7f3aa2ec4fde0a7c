//! A streamed answer: server-sent events read piece by piece.

use std::time::{Duration, Instant};

use tokio::time::{timeout, timeout_at};

use super::{ChatAnswer, answer::Gathered, failed::Failed, sse::Events, transport::Body};
use crate::engine::error::EngineError;

/// How long the end of a stream is waited for after the answer is complete; then the connection is given up.
const END_WITHIN: Duration = Duration::from_millis(100);

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
    body: Body,
    is_events: bool,
    events: Events,
    gathered: Gathered,
    started: Instant,
    limit: Duration,
    received: Received,
    has_ended: bool,
}

/// What came of the body so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Received {
    Nothing,
    Something,
    /// Nothing, and nothing will come.
    NothingAtAll,
}

impl std::fmt::Debug for ChatStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ChatStream")
            .field("text", &self.gathered.text)
            .finish_non_exhaustive()
    }
}

impl ChatStream {
    pub(super) fn new(body: Body, started: Instant, limit: Duration) -> Result<Self, Failed> {
        let content_type = body.content_type();
        if content_type == "text/html" {
            return Err(Failed::protocol(super::WEB_PAGE));
        }
        Ok(Self {
            body,
            // A server that does not stream answers in one piece.
            is_events: content_type != "application/json",
            events: Events::default(),
            gathered: Gathered::default(),
            started,
            limit,
            received: Received::Nothing,
            has_ended: false,
        })
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

    /// True if the server accepted the request and ended the stream without a word.
    pub(super) const fn ended_empty(&self) -> bool {
        matches!(self.received, Received::NothingAtAll)
    }

    async fn next_delta(&mut self) -> Result<ChatDelta, EngineError> {
        if !self.is_events {
            return self.whole().await;
        }
        loop {
            while let Some(data) = self.events.next() {
                if data == "[DONE]" {
                    return self.done().await;
                }
                if let Some(text) = self.add(data.as_bytes())? {
                    return Ok(ChatDelta::Text(text));
                }
            }
            let piece = self.body.next_piece().await;
            let is_last = piece.as_ref().map_or_else(|failed| failed.is_cut, Option::is_none);
            if is_last && self.received == Received::Nothing {
                self.received = Received::NothingAtAll;
            }
            match piece.map_err(|failed| failed.error)? {
                Some(piece) => {
                    self.received = Received::Something;
                    self.events.push(&piece).map_err(|_too_large| EngineError::Protocol {
                        detail: "an event of the stream is too large".to_owned(),
                    })?;
                }
                None => return self.last(),
            }
        }
    }

    /// The body has ended without saying so.
    fn last(&mut self) -> Result<ChatDelta, EngineError> {
        if let Some(data) = self.events.rest().filter(|data| data != "[DONE]") {
            self.add(data.as_bytes())?;
        }
        if self.gathered.finish.is_some() {
            return Ok(self.complete());
        }
        Err(EngineError::Unavailable {
            why: "the answer broke off".to_owned(),
        })
    }

    /// A complete answer, whose stream should end now: read to its end, the connection serves the next request.
    async fn done(&mut self) -> Result<ChatDelta, EngineError> {
        if self.gathered.finish.is_none() && self.gathered.text.is_empty() {
            return Err(EngineError::Protocol {
                detail: "it ends without an answer".to_owned(),
            });
        }
        let _not_in_time = timeout(END_WITHIN, self.body.next_piece()).await;
        Ok(self.complete())
    }

    async fn whole(&mut self) -> Result<ChatDelta, EngineError> {
        let body = self.body.read_to_end().await.map_err(|failed| failed.error)?;
        self.add(&body)?;
        Ok(self.complete())
    }

    fn add(&mut self, data: &[u8]) -> Result<Option<String>, EngineError> {
        self.gathered
            .add(data)
            .map_err(|unusable| unusable.into_error(self.limit))
    }

    fn complete(&mut self) -> ChatDelta {
        ChatDelta::Done(Box::new(
            std::mem::take(&mut self.gathered).into_answer(self.started.elapsed()),
        ))
    }
}
