//! Requests as bytes over the engine's socket, for what its own client does not say or does not let one ask.

use std::path::PathBuf;

use holdpoint::engine::{
    ChatMessage, Priority,
    wire::{ChatCompletion, ChatCompletionRequest, PRIORITY_HEADER},
};
use http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::Bench;

/// Asks the engine of a bench, one connection for each request. Dropping a request's future closes its connection.
#[derive(Clone)]
pub(super) struct Raw {
    socket: PathBuf,
    priority: Priority,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: String,
}

impl Reply {
    /// The body of an answer; anything else fails the test.
    pub(super) fn read<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Raw {
    pub(super) fn of(bench: &Bench) -> Self {
        Self {
            socket: bench.settings.socket.clone(),
            priority: Priority::Live,
        }
    }

    pub(super) fn at(&self, priority: Priority) -> Self {
        Self {
            priority,
            ..self.clone()
        }
    }

    /// Sends a request and leaves the rest to the caller: to read, to wait, or to hang up.
    pub(super) async fn send(&self, path: &str, body: &impl Serialize) -> UnixStream {
        let body = serde_json::to_string(body).unwrap();
        let (priority, bytes) = (self.priority.as_str(), body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: engine\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {bytes}\r\n{PRIORITY_HEADER}: {priority}\r\n\r\n"
        );
        let mut stream = UnixStream::connect(&self.socket).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        stream
    }

    pub(super) async fn post(&self, path: &str, body: &impl Serialize) -> Reply {
        let mut stream = self.send(path, body).await;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        Reply {
            status: status.parse().unwrap(),
            body: body.to_owned(),
        }
    }

    pub(super) async fn chat(&self, request: &ChatCompletionRequest) -> ChatCompletion {
        self.post("/v1/chat/completions", request).await.read()
    }
}

/// A request at temperature 0 for a short answer.
pub(super) fn ask(messages: Vec<ChatMessage>) -> ChatCompletionRequest {
    ChatCompletionRequest {
        messages,
        max_tokens: Some(16),
        temperature: Some(0.0),
        ..ChatCompletionRequest::default()
    }
}
