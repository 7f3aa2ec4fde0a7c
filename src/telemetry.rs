//! The log of the program itself, on standard error. (The log of a workspace is a different thing: see `domain::log`.)
//!
//! A line is a readable sentence and dotted fields with units: `Draft ready draft.mode=quote draft.ready_ms=23`. Personal data that
//! is certain by its shape (e-mail addresses, cards, IBANs, international phone numbers) is masked in every line, whoever wrote it.

use crate::config::LogFormat;
use crate::domain::screening::mask_certain;
use std::io::{self, IsTerminal, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging. A second start in the same process changes nothing.
pub fn start(format: LogFormat, level: &str) {
    let builder = tracing_subscriber::fmt()
        .with_writer(|| Masked(io::stderr()))
        .with_ansi(io::stderr().is_terminal())
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
        .with_writer(|| Masked(io::stderr()))
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
        ",llama-cpp-2=warn,rmcp=warn,sea_orm_migration=warn"
    };
    EnvFilter::new(format!("{level}{quiet}"))
}

/// Masks personal data in what is written through it. The formatter writes a whole line at once.
#[derive(Debug)]
struct Masked<W>(W);

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0
            .write_all(mask_certain(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_program_shows_no_address_and_no_card() {
        let mut written = Masked(Vec::new());
        let line = "2026-11-22T17:00:00.123456Z  WARN mail for mia@example.org refused by 127.0.0.1:25 card=4111111111111111 id=0192f3a4\n";
        written.write_all(line.as_bytes()).unwrap();
        let expected =
            "2026-11-22T17:00:00.123456Z  WARN mail for [email] refused by 127.0.0.1:25 card=[card] id=0192f3a4\n";
        assert_eq!(String::from_utf8_lossy(&written.0), expected);
    }
}
