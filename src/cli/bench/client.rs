//! Asks an OpenAI-compatible server as any client would, and notes when its words arrive.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::engine::wire::PRIORITY_HEADER;
use crate::engine::{ChatMessage, Priority};

/// Longest that one answer may take; a server that hangs must not hang the measurement.
const ANSWER_WITHIN: Duration = Duration::from_mins(10);

/// A server under measurement. Cloning is cheap.
#[derive(Debug, Clone)]
pub(super) struct Server {
    http: reqwest::Client,
    url: String,
    model: Option<String>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) messages: Vec<ChatMessage>,
    /// Tokens of the answer: where the server knows `ignore_eos`, exactly as many.
    pub(super) answer_tokens: u32,
    /// False: the server is to compute the whole prompt.
    pub(super) may_reuse: bool,
    pub(super) priority: Priority,
}

/// An answer with the moments of its parts.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) text: String,
    pub(super) asked: Instant,
    /// When each piece of text arrived, usually one token each.
    pub(super) pieces: Vec<Instant>,
    pub(super) ended: Instant,
    pub(super) prompt_tokens: u32,
    /// Tokens of the prompt that were not computed again; 0 from servers that do not say.
    pub(super) cached_tokens: u32,
    pub(super) written_tokens: u32,
}

impl Answered {
    /// From asking to the first word.
    pub(super) fn first_token(&self) -> Duration {
        let first = self.pieces.first().unwrap_or(&self.ended);
        first.duration_since(self.asked)
    }

    /// From asking to the last word.
    pub(super) fn whole(&self) -> Duration {
        self.ended.duration_since(self.asked)
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("the server refused with {status}: {message}")]
    Refused { status: StatusCode, message: String },
    #[error("the connection failed ({})", root(.0))]
    Connection(#[from] reqwest::Error),
    #[error("the answer is no chat completion: {0}")]
    Unreadable(String),
}

/// reqwest's own words name the URL and leave out why.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// The parts of an event that are of interest here.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    error: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
}

#[derive(Debug, Default, Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u32,
    #[serde(default)]
    completion_tokens: u32,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Debug, Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: u32,
}

#[derive(Debug, Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Debug, Deserialize)]
struct Model {
    id: String,
}

impl Server {
    /// The server at a URL: `http://127.0.0.1:8080`, with or without `/v1`.
    pub(super) fn at(url: &str) -> Result<Self, AskError> {
        let url = url.trim_end_matches('/');
        let url = url.strip_suffix("/v1").unwrap_or(url);
        Self::new(url, |builder| {
            // Loading the system's certificates takes long, and nobody shows one without encryption.
            if url.starts_with("http:") {
                builder.tls_certs_only([])
            } else {
                builder
            }
        })
    }

    /// The server on a Unix socket.
    pub(super) fn on_socket(path: &Path) -> Result<Self, AskError> {
        Self::new("http://engine", |builder| builder.tls_certs_only([]).unix_socket(path))
    }

    fn new(url: &str, with: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Result<Self, AskError> {
        // A second call finds it installed, which is just as well.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .timeout(ANSWER_WITHIN)
            .no_proxy()
            // Some servers close a kept connection at the moment it is used again, which is no failed answer.
            .pool_max_idle_per_host(0);
        Ok(Self {
            http: with(builder).build()?,
            url: url.to_owned(),
            model: None,
        })
    }

    /// Learns the name of the server's model, which some servers insist on hearing.
    pub(super) async fn learn_model(&mut self) -> Result<(), AskError> {
        let response = self.http.get(format!("{}/v1/models", self.url)).send().await?;
        let status = response.status();
        let body = response.bytes().await?;
        if !status.is_success() {
            return Err(refused(status, &body));
        }
        let models: Models = serde_json::from_slice(&body).map_err(|error| AskError::Unreadable(error.to_string()))?;
        self.model = models.data.into_iter().next().map(|model| model.id);
        Ok(())
    }

    /// The model's name, once learned.
    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Asks and listens until the answer has ended.
    pub(super) async fn ask(&self, question: &Question) -> Result<Answered, AskError> {
        let mut body = json!({
            "model": self.model,
            "messages": question.messages,
            "max_tokens": question.answer_tokens,
            "temperature": 0.0,
            "stream": true,
            "stream_options": { "include_usage": true },
            "ignore_eos": true,
        });
        if !question.may_reuse {
            // Only where it is needed: what a server does by itself is what is compared.
            body["cache_prompt"] = false.into();
        }
        let request = self
            .http
            .post(format!("{}/v1/chat/completions", self.url))
            .header(PRIORITY_HEADER, question.priority.as_str())
            .json(&body);
        let asked = Instant::now();
        let mut response = request.send().await?;
        let status = response.status();
        if !status.is_success() {
            return Err(refused(status, &response.bytes().await?));
        }
        let mut heard = Answered {
            text: String::new(),
            asked,
            pieces: Vec::new(),
            ended: asked,
            prompt_tokens: 0,
            cached_tokens: 0,
            written_tokens: 0,
        };
        let mut unread = Vec::new();
        while let Some(bytes) = response.chunk().await? {
            let now = Instant::now();
            unread.extend_from_slice(&bytes);
            while let Some(line) = take_line(&mut unread) {
                heard.read(&line, now)?;
            }
        }
        Ok(heard)
    }
}

impl Answered {
    /// Takes in one line of the event stream.
    fn read(&mut self, line: &[u8], now: Instant) -> Result<(), AskError> {
        let Some(data) = line.strip_prefix(b"data:").map(<[u8]>::trim_ascii) else {
            return Ok(());
        };
        if data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let event: Event = serde_json::from_slice(data).map_err(|error| AskError::Unreadable(error.to_string()))?;
        if let Some(error) = event.error {
            return Err(AskError::Unreadable(error.to_string()));
        }
        for text in event.choices.into_iter().filter_map(|choice| choice.delta.content) {
            if !text.is_empty() {
                self.text.push_str(&text);
                self.pieces.push(now);
                self.ended = now;
            }
        }
        if let Some(usage) = event.usage {
            self.prompt_tokens = usage.prompt_tokens;
            self.written_tokens = usage.completion_tokens;
            self.cached_tokens = usage.prompt_tokens_details.map_or(0, |details| details.cached_tokens);
        }
        Ok(())
    }
}

fn take_line(unread: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = unread.iter().position(|byte| *byte == b'\n')?;
    let line: Vec<u8> = unread.drain(..=end).collect();
    Some(line.trim_ascii().to_vec())
}

fn refused(status: StatusCode, body: &[u8]) -> AskError {
    let message = serde_json::from_slice::<serde_json::Value>(body)
        .ok()
        .and_then(|body| body.pointer("/error/message")?.as_str().map(ToOwned::to_owned))
        .unwrap_or_else(|| String::from_utf8_lossy(body).chars().take(200).collect());
    AskError::Refused { status, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing_yet() -> Answered {
        let now = Instant::now();
        Answered {
            text: String::new(),
            asked: now,
            pieces: Vec::new(),
            ended: now,
            prompt_tokens: 0,
            cached_tokens: 0,
            written_tokens: 0,
        }
    }

    #[test]
    fn a_stream_is_read_as_other_servers_write_it_too() {
        let mut heard = nothing_yet();
        let mut unread = b"data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\r\n\r\n\
            data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata:{\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\
            data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"prompt_tokens_details\":\
            {\"cached_tokens\":4}}}\n\ndata: [DONE]\n\ndata: {\"cho"
            .to_vec();
        while let Some(line) = take_line(&mut unread) {
            heard.read(&line, Instant::now()).unwrap();
        }
        assert_eq!((heard.text.as_str(), heard.pieces.len()), ("Hello", 2));
        assert_eq!(
            (heard.prompt_tokens, heard.cached_tokens, heard.written_tokens),
            (9, 4, 2)
        );
        assert_eq!(unread, b"data: {\"cho", "half a line is waited for");
    }

    #[test]
    fn an_error_inside_a_stream_is_no_answer() {
        let line = b"data: {\"error\":{\"message\":\"out of memory\"}}";
        let error = nothing_yet().read(line, Instant::now()).unwrap_err();
        assert!(error.to_string().contains("out of memory"));
    }
}
