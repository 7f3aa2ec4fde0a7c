//! `holdpoint engine`: the child process with the models. The server starts it; nobody else has to.

use super::exit;
use crate::config::LogFormat;
use crate::engine::{self, EngineArgs};
use crate::telemetry;
use clap::Parser;
use std::ffi::OsString;
use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

/// Run the model engine on a Unix socket until standard input closes.
#[derive(Debug, Parser)]
#[command(name = "holdpoint engine", version)]
struct Engine {
    /// Unix socket to listen on
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
    /// GGUF file of the chat model
    #[arg(long, value_name = "FILE")]
    chat_model: Option<PathBuf>,
    /// GGUF file of the embedding model
    #[arg(long, value_name = "FILE")]
    embed_model: Option<PathBuf>,
    /// Threads each model computes with [default: one per core]
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZero<u16>>,
    /// Most tokens of one request to the chat model, prompt and answer together [default: 4096]
    #[arg(long = "ctx", value_name = "TOKENS")]
    context: Option<NonZero<u32>>,
    /// Answers written at the same time [default: 8]
    #[arg(long, value_name = "COUNT")]
    slots: Option<NonZero<u16>>,
    /// Tokens of cache beyond one request's, for other answers and for beginnings of prompts [default: as --ctx]
    #[arg(long = "cache", value_name = "TOKENS")]
    cache: Option<u32>,
}

pub(super) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Engine {
        socket,
        chat_model,
        embed_model,
        threads,
        context,
        slots,
        cache,
    } = match Engine::try_parse_from(arguments) {
        Ok(engine) => engine,
        Err(message) => return exit::usage(&message),
    };
    let level = std::env::var("HOLDPOINT_LOG_LEVEL").unwrap_or_else(|_| "info".to_owned());
    match std::env::var("HOLDPOINT_LOG_FORMAT").as_deref() {
        Ok(engine::FORMAT_FOR_PARENT) => telemetry::start_for_parent(&level),
        Ok("json") => telemetry::start(LogFormat::Json, &level),
        _ => telemetry::start(LogFormat::Pretty, &level),
    }
    let arguments = EngineArgs {
        socket,
        chat_model,
        embed_model,
        threads,
        context_tokens: context,
        slots,
        cache_tokens: cache,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return stopped(&error, 1),
    };
    match runtime.block_on(engine::run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => stopped(&error, error.exit_code()),
    }
}

/// The supervisor reads the last line and the code.
fn stopped(why: &dyn std::error::Error, code: u8) -> ExitCode {
    let _told = writeln!(std::io::stderr(), "{why}");
    ExitCode::from(code)
}
