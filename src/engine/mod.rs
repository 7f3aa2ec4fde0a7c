//! The model runner and everything that speaks with it.
//!
//! Models run in a **child process** of the same binary, because native code may abort or be killed for want of
//! memory, and that must end a child, not the conversations. [`run`] is that child: one owner thread per model
//! behind an OpenAI-compatible surface on a Unix socket. [`Supervisor`] starts and restarts it, [`EngineClient`]
//! asks it. [`scripted`] speaks the same surface without a model, for tests.
//!
//! This is the only module that knows llama.cpp; nothing of it leaves the owner threads.

mod backend;
mod chat;
mod client;
mod embed;
mod error;
pub mod gguf;
mod guard;
mod logprob;
mod memory;
mod owner;
mod prompt;
mod queue;
mod runner;
pub mod scripted;
mod server;
mod supervisor;
pub mod wire;

use std::time::Duration;

pub use client::{ChatAnswer, ChatDelta, ChatRequest, ChatStream, Endpoint, EngineClient, LogprobSummary};
pub use error::{EngineError, RunError};
pub use runner::{DEFAULT_CONTEXT_TOKENS, EngineArgs, run};
pub use supervisor::{EngineState, EngineStatus, FORMAT_FOR_PARENT, Supervisor, SupervisorSettings};
pub use wire::{ChatMessage, Counters, FinishReason, Health, ModelHealth, ModelPurpose, ModelState, Priority, Score};

/// Whole milliseconds of a duration.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
