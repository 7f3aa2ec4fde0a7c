//! Bodies of `/health`: what is loaded, and what it has done.

use serde::{Deserialize, Serialize};

/// Answer of `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `loading` until the default models are loaded or known not to be, then `ok`, or `failed` if no model can be used.
    pub status: String,
    /// Version of the program.
    pub version: String,
    /// Process id of the engine.
    pub pid: u32,
    /// Threads each model computes with.
    pub threads: u32,
    /// Resident memory of the engine, bytes.
    pub rss_bytes: u64,
    /// What the loaded models may need together, bytes; `None` without a limit.
    #[serde(default)]
    pub memory_budget_bytes: Option<u64>,
    /// The models it knows, loaded or not.
    pub models: Vec<ModelHealth>,
}

impl Health {
    /// The default model of a purpose, if there is one.
    pub fn default_model(&self, purpose: ModelPurpose) -> Option<&ModelHealth> {
        self.models
            .iter()
            .find(|model| model.purpose == purpose && model.is_default)
    }
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelPurpose {
    /// Writing answers.
    Chat,
    /// Turning texts into vectors.
    Embed,
}

impl ModelPurpose {
    /// With its article, for sentences.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Chat => "a chat model",
            Self::Embed => "an embedding model",
        }
    }
}

/// Where a model stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelState {
    /// Known, not in memory; the first request loads it.
    Unloaded,
    /// Being loaded.
    Loading,
    /// It answers.
    Ready,
    /// It cannot be used; [`ModelHealth::why`] says why.
    Failed,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelHealth {
    /// Its name: the file's name without its ending.
    pub name: String,
    /// What it is for.
    pub purpose: ModelPurpose,
    /// The `LoRA` adapter it is loaded with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// Where it stands.
    pub state: ModelState,
    /// Why it failed, with the remedy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Used where a request names no model.
    pub is_default: bool,
    /// What it needs in memory, bytes, as estimated before it is loaded.
    pub memory_bytes: u64,
    /// Most tokens of one request, prompt and answer together.
    pub context_tokens: u32,
    /// Requests computed at the same time, at most; 1 for an embedding model.
    pub slots: u32,
    /// Length of its embeddings; 0 for a chat model.
    pub dimensions: u32,
    /// Requests that wait for a place.
    pub waiting: u32,
    /// Requests that are being computed.
    pub running: u32,
    /// What it has done since it was loaded.
    pub counters: Counters,
}

/// What a model has done since it was loaded. Everything only grows, but for what the cache holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Requests answered to their end.
    pub answered: u64,
    /// Requests whose caller went, or whose deadline passed, before the end.
    pub cancelled: u64,
    /// Requests refused: they could not be computed as they were asked.
    pub refused: u64,
    /// Requests lost to a failed step.
    pub failed: u64,
    /// Requests that made room for a more urgent one and went on later.
    pub suspended: u64,
    /// Steps computed.
    pub steps: u64,
    /// Tokens computed in them, read and written; divided by `steps` the mean batch.
    pub step_tokens: u64,
    /// Time spent computing, milliseconds.
    pub busy_ms: u64,
    /// Tokens of prompts, computed or kept.
    pub prompt_tokens: u64,
    /// Those of them that were kept from earlier requests and not computed again.
    pub cached_tokens: u64,
    /// Tokens written.
    pub written_tokens: u64,
    /// Beginnings of prompts that are kept now.
    pub cache_entries: u64,
    /// Tokens they hold now.
    pub cache_tokens: u64,
    /// Beginnings given up for want of room.
    pub evictions: u64,
}
