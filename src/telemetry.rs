//! The log of the program itself, on standard error. (The log of a workspace is a different thing: see `domain::log`.)
//!
//! A line is a readable sentence and dotted fields with units: `Draft ready draft.mode=quote draft.ready_ms=23`.

use crate::config::LogFormat;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging. A second start in the same process changes nothing.
pub fn start(format: LogFormat, level: &str) {
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(filter(level));
    let started = match format {
        LogFormat::Pretty => builder.with_target(false).finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging runs already");
    }
}

/// Starts logging in a child process whose lines the parent puts into its own log: the level and the words; the parent adds
/// the time.
pub fn start_for_parent(level: &str) {
    let started = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(filter(level))
        .with_target(false)
        .without_time()
        .finish()
        .try_init();
    if started.is_err() {
        tracing::debug!("logging runs already");
    }
}

/// Some libraries are talkative; their lines matter only to somebody who asks for details.
fn filter(level: &str) -> EnvFilter {
    let asks_for_details = level.contains('=') || matches!(level, "debug" | "trace");
    let quiet = if asks_for_details {
        ""
    } else {
        ",llama-cpp-2=warn,sea_orm_migration=warn"
    };
    EnvFilter::new(format!("{level}{quiet}"))
}
