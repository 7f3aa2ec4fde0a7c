//! Engines elsewhere: odd servers, what servers can do, which of several engines answers, and real servers.

mod detection;
mod fake;
mod oddities;
mod order;
mod servers;

use std::time::Duration;

use holdpoint::engine::{ChatMessage, ChatRequest};

/// Far more than any of it takes; a loaded test machine must not fail a test.
const AMPLE: Duration = Duration::from_mins(2);

fn question(text: &str) -> ChatRequest {
    ChatRequest {
        messages: vec![ChatMessage::user(text)],
        max_tokens: Some(24),
        logprobs: true,
        ..ChatRequest::default()
    }
}
