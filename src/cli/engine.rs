//! `holdpoint engine`: the process with the models. A server starts one for itself; started by hand with `--listen`
//! it serves the servers of other machines.

use super::exit;
use crate::config::{self, LogFormat};
use crate::engine::{self, EngineArgs};
use crate::telemetry;
use clap::Parser;
use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

/// Run the model engine: on a Unix socket until standard input closes, or on an address for other machines.
#[derive(Debug, Parser)]
#[command(name = "holdpoint engine", version)]
struct Engine {
    /// Unix socket to listen on; the engine ends when standard input closes
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Address to listen on for other machines; the engine runs until it is sent SIGTERM
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// File with the token that requests over the network must carry; needed unless the address is 127.0.0.1
    #[arg(long, value_name = "FILE", requires = "listen")]
    token_file: Option<PathBuf>,
    /// GGUF file of the default chat model
    #[arg(long, value_name = "FILE")]
    chat_model: Option<PathBuf>,
    /// GGUF file of the default embedding model
    #[arg(long, value_name = "FILE")]
    embed_model: Option<PathBuf>,
    /// GGUF file of a further model, loaded when it is first asked for by its name; repeatable
    #[arg(long = "model", value_name = "FILE")]
    models: Vec<PathBuf>,
    /// GGUF file of a LoRA adapter, used with a chat model when asked for by its name; repeatable
    #[arg(long = "lora", value_name = "NAME=FILE", value_parser = named_file)]
    adapters: Vec<(String, PathBuf)>,
    /// What all models together may need, in bytes or as 500MB or 8GB [default: what the machine can give]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory_budget: Option<u64>,
    /// Threads each model computes with [default: one per core]
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZero<u16>>,
    /// Most tokens of one request to a chat model, prompt and answer together [default: 4096]
    #[arg(long = "ctx", value_name = "TOKENS")]
    context: Option<NonZero<u32>>,
    /// Answers that a chat model writes at the same time [default: 8]
    #[arg(long, value_name = "COUNT")]
    slots: Option<NonZero<u16>>,
    /// Tokens of cache beyond one request's, for other answers and for beginnings of prompts [default: as --ctx]
    #[arg(long = "cache", value_name = "TOKENS")]
    cache: Option<u32>,
}

pub(super) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let engine = match Engine::try_parse_from(arguments) {
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
        socket: engine.socket,
        listen: engine.listen,
        token_file: engine.token_file,
        chat_model: engine.chat_model,
        embed_model: engine.embed_model,
        models: engine.models,
        adapters: engine.adapters,
        threads: engine.threads,
        context_tokens: engine.context,
        slots: engine.slots,
        cache_tokens: engine.cache,
        memory_budget_bytes: engine.memory_budget,
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

fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.trim().is_empty() && !file.is_empty() => Ok((name.trim().to_owned(), file.into())),
        _ => Err("write it as NAME=FILE, for instance polite=/models/polite.gguf".to_owned()),
    }
}

fn size(text: &str) -> Result<u64, String> {
    config::size_bytes(text).ok_or_else(|| "write it as a number of bytes, or as 500MB or 8GB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adapter_has_a_name_and_a_file() {
        assert_eq!(
            named_file("polite=/a=b.gguf"),
            Ok(("polite".to_owned(), "/a=b.gguf".into()))
        );
        for wrong in ["polite", "=x", "polite="] {
            assert!(named_file(wrong).is_err(), "{wrong}");
        }
    }
}
