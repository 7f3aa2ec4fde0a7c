//! The bodies of the OpenAI-compatible surface, shared by the runner, the scripted engine and the client.
//!
//! Only what Holdpoint uses is modelled; unknown fields of a request are ignored, as other servers do.

mod chat;
mod health;
mod score;

use serde::{Deserialize, Serialize};

pub use chat::{
    ChatChunk, ChatCompletion, ChatCompletionRequest, ChatMessage, Choice, ChunkChoice, Delta, FinishReason,
    JsonSchema, Logprobs, ResponseFormat, TokenLogprob, TopLogprob,
};
pub use health::{Counters, Health, ModelHealth, ModelPurpose, ModelState};
pub use score::{Score, ScoreAnswer, ScoreRequest};

/// Header with the milliseconds a request may take, counted from its arrival.
pub const DEADLINE_HEADER: &str = "x-holdpoint-deadline-ms";
/// Header with the [`Priority`] of a request: `live`, `copilot` or `evaluation`.
pub const PRIORITY_HEADER: &str = "x-holdpoint-priority";

/// Header with an opaque key: requests with the same key share one fair share of a busy engine (the workspace's).
pub const SHARE_HEADER: &str = "x-holdpoint-share";

/// Who waits for the answer; the order in which a busy engine serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// A visitor waits for it.
    #[default]
    Live,
    /// A person who works in the console waits for it.
    Copilot,
    /// Nobody waits: evaluation, import, recalibration.
    Evaluation,
}

impl Priority {
    /// All priorities, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Live, Self::Copilot, Self::Evaluation];

    /// The word used in the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Copilot => "copilot",
            Self::Evaluation => "evaluation",
        }
    }

    /// Reads the header's word; `None` for an unknown one.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == word)
    }
}

/// One or several texts, as `input` of an embeddings request allows both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// A single text.
    One(String),
    /// Several texts, answered in the same order.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The texts as a list.
    pub fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

/// Body of `POST /v1/embeddings`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EmbeddingsRequest {
    /// Name of the model; the default one if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The texts.
    pub input: OneOrMany,
}

/// Answer of `POST /v1/embeddings`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EmbeddingsAnswer {
    /// Always `list`.
    pub object: String,
    /// One entry per input, in order.
    pub data: Vec<Embedding>,
    /// Name of the model.
    pub model: String,
    /// Tokens used.
    #[serde(default)]
    pub usage: Usage,
}

/// One embedding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Embedding {
    /// Always `embedding`.
    pub object: String,
    /// Position of the input it belongs to.
    pub index: usize,
    /// The vector, normalised to length one.
    pub embedding: Vec<f32>,
}

/// Tokens used by a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    #[serde(default)]
    pub prompt_tokens: u32,
    /// Tokens written.
    #[serde(default)]
    pub completion_tokens: u32,
    /// Both.
    #[serde(default)]
    pub total_tokens: u32,
    /// Where the read tokens came from; `None` from servers that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens_details: Option<PromptTokensDetails>,
}

/// Where the tokens of a prompt came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptTokensDetails {
    /// Those that were kept from earlier requests and not computed again.
    #[serde(default)]
    pub cached_tokens: u32,
}

impl Usage {
    /// Adds up what was read and written.
    pub fn new(prompt_tokens: u32, completion_tokens: u32) -> Self {
        Self {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
            prompt_tokens_details: None,
        }
    }

    /// The same, with the part of the prompt that was not computed again.
    #[must_use]
    pub const fn with_cached(self, cached_tokens: u32) -> Self {
        Self {
            prompt_tokens_details: Some(PromptTokensDetails { cached_tokens }),
            ..self
        }
    }

    /// Tokens of the prompt that were not computed again; 0 where the server does not say.
    pub fn cached_tokens(&self) -> u32 {
        self.prompt_tokens_details.map_or(0, |details| details.cached_tokens)
    }
}

/// Where the time of an answer went, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// Waiting for a free place.
    #[serde(default)]
    pub queue_ms: u64,
    /// Reading the prompt, until the first token.
    #[serde(default)]
    pub prefill_ms: u64,
    /// Writing the answer.
    #[serde(default)]
    pub decode_ms: u64,
}

/// Answer of `GET /v1/models`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelList {
    /// Always `list`.
    pub object: String,
    /// The models, loaded or not.
    pub data: Vec<ModelEntry>,
}

/// One model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Its name: the file's name without its ending.
    pub id: String,
    /// Always `model`.
    pub object: String,
    /// Always `holdpoint`.
    pub owned_by: String,
    /// What it is for; only Holdpoint's own engine says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<ModelPurpose>,
    /// Where it stands; only Holdpoint's own engine says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ModelState>,
}

/// Why a request was refused; the `code` of an error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request itself is wrong.
    InvalidRequest,
    /// The prompt does not fit the model's window.
    ContextExceeded,
    /// No model for this kind of request is loaded.
    NoModel,
    /// Too many requests wait.
    Overloaded,
    /// The request's deadline passed.
    DeadlineExceeded,
    /// The model could not compute it.
    EngineFailure,
    /// Another server's code.
    #[serde(other)]
    Other,
}

/// Body of every error.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// One sentence.
    pub message: String,
    /// Class of the error.
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    /// Machine-readable reason.
    #[serde(default)]
    pub code: Option<ErrorCode>,
}
