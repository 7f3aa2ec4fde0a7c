//! The model runner and everything that speaks with it.
//!
//! Models run in a **child process** of the same binary, because native code may abort or be killed for want of
//! memory, and that must end a child, not the conversations. [`run`] is that child: one owner thread per model
//! behind an OpenAI-compatible surface on a Unix socket. [`Supervisor`] starts and restarts it, [`EngineClient`]
//! asks it. [`scripted`] speaks the same surface without a model, for tests.
//!
//! This is the only module that knows llama.cpp; nothing of it leaves the owner threads.

mod adapter;
mod backend;
mod chat;
mod client;
mod embed;
mod error;
pub mod gguf;
mod guard;
mod logprob;
mod memory;
mod models;
mod owner;
mod prompt;
mod queue;
mod runner;
pub mod scripted;
mod server;
mod supervisor;
mod template;
mod warm_up;
pub mod wire;

pub(crate) use memory::total_bytes as machine_memory_bytes;
use std::time::Duration;

pub use client::{
    Capabilities, ChatAnswer, ChatDelta, ChatRequest, ChatStream, Endpoint, EngineClient, Forming, GrammarForm,
    InvalidToken, LogprobSummary, RemoteEngine, RemoteState, RemoteStatus, TimeLimits, Token,
    breaker::{Breaker, BreakerSettings, Outcome, Permit, Resting},
};
pub use error::{EngineError, RunError};
pub use runner::{DEFAULT_CONTEXT_TOKENS, EngineArgs, run};
pub use supervisor::{EngineState, EngineStatus, FORMAT_FOR_PARENT, Supervisor, SupervisorSettings};
pub use wire::{
    ChatMessage, Counters, FinishReason, Health, ModelHealth, ModelPurpose, ModelState, Priority, Score, ScoreRequest,
};

/// Whole milliseconds of a duration.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
