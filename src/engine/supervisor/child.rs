//! One run of the engine child.

use std::{
    env,
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, ChildStdin, Command},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tracing::Level;

use super::{SupervisorSettings, child_arguments};
use crate::engine::{client::EngineClient, error::EXIT_CONFIGURATION, wire::Health};

/// How often a starting engine is asked whether it is ready.
const POLL_EVERY: Duration = Duration::from_millis(25);
/// Longest that it may take to say so.
const HEALTH_LIMIT: Duration = Duration::from_secs(1);
/// Longest that the last lines of an ended child are waited for.
const LAST_WORDS_LIMIT: Duration = Duration::from_millis(500);
/// How often in a row a running engine may leave a question unanswered.
const MOST_SILENT: u32 = 3;
/// Longest line kept of what the child says, characters.
const LONGEST_LINE: usize = 2000;

/// The value of `HOLDPOINT_LOG_FORMAT` that makes a child write lines for its parent: the level, then the words.
pub const FORMAT_FOR_PARENT: &str = "parent";

/// Why a child ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// It may work next time.
    MayRestart(String),
    /// It will end the same way until the configuration changes.
    ForGood(String),
}

/// How long a thread of the library spins before it sleeps, in rounds. Spinning on, as is its default, makes it many times
/// slower beside other busy processes; sleeping at once (`OMP_WAIT_POLICY=passive`) costs a third to two thirds of the speed
/// wherever waking up takes a while. Measured in `docs/performance.md`.
const SPIN: (&str, &str) = ("GOMP_SPINCOUNT", "2000");

/// A running child. Its standard input is held open: when this process dies in any way, the pipe closes and the
/// child ends.
pub(super) struct EngineChild {
    process: Child,
    stdin: Option<ChildStdin>,
    last_line: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl EngineChild {
    pub(super) fn spawn(settings: &SupervisorSettings) -> Result<Self, String> {
        let program = match &settings.program {
            Some(program) => program.clone(),
            None => env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?,
        };
        let mut process = Command::new(&program)
            .args(child_arguments(settings))
            .env(SPIN.0, SPIN.1)
            // An assertion of the library must end the child at once, not start a debugger first.
            .env("GGML_NO_BACKTRACE", "1")
            .env("NO_COLOR", "1")
            .env("HOLDPOINT_LOG_FORMAT", FORMAT_FOR_PARENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A Ctrl-C in the terminal is for the server, which then stops the child.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("`{}` cannot be started: {error}", program.display()))?;
        let last_line = Arc::new(Mutex::new(String::new()));
        let reader = process
            .stderr
            .take()
            .map(|stderr| tokio::spawn(forward(stderr, Arc::clone(&last_line))));
        Ok(Self {
            stdin: process.stdin.take(),
            process,
            last_line,
            reader,
        })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// Waits until the engine answers for itself.
    pub(super) async fn wait_until_ready(&mut self, client: &EngineClient, limit: Duration) -> Result<Health, Ended> {
        let pid = self.pid();
        let ready = async {
            loop {
                match client.health(HEALTH_LIMIT).await {
                    // An engine that is about to end with its own parent may still answer here.
                    Ok(health) if Some(health.pid) == pid && health.status == "ok" => return health,
                    _ => sleep(POLL_EVERY).await,
                }
            }
        };
        tokio::select! {
            health = timeout(limit, ready) => health.map_err(|_elapsed| {
                Ended::MayRestart(format!("it was not ready after {} s", limit.as_secs()))
            }),
            status = self.process.wait() => Err(self.why_ended(status).await),
        }
    }

    /// Waits until the child ends. One that is silent for too long is killed: nobody else would notice.
    pub(super) async fn wait_while_it_answers(&mut self, client: &EngineClient, ask_every: Duration) -> Ended {
        let silence = async {
            let mut silent = 0;
            while silent < MOST_SILENT {
                sleep(ask_every).await;
                let answers = client.health(ask_every).await.is_ok();
                silent = if answers { 0 } else { silent + 1 };
            }
        };
        tokio::select! {
            status = self.process.wait() => return self.why_ended(status).await,
            () = silence => {}
        }
        tracing::warn!("The engine no longer answers and is killed");
        if let Err(error) = self.process.kill().await {
            tracing::error!(%error, "The engine could not be killed");
        }
        Ended::MayRestart("it no longer answered".to_owned())
    }

    /// Closes its standard input, which asks it to end, and kills it if it takes too long.
    pub(super) async fn stop(mut self, grace: Duration) {
        drop(self.stdin.take());
        if timeout(grace, self.process.wait()).await.is_err() {
            tracing::warn!("The engine did not end in time and is killed");
            if let Err(error) = self.process.kill().await {
                tracing::error!(%error, "The engine could not be killed");
            }
        }
    }

    async fn why_ended(&mut self, status: std::io::Result<ExitStatus>) -> Ended {
        if let Some(reader) = self.reader.take() {
            // Something it started might keep the pipe open; its words are then lost, which does no harm.
            let _last_words_are_in = timeout(LAST_WORDS_LIMIT, reader).await;
        }
        let last_line = self.last_line.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let status = match status {
            Ok(status) => status,
            Err(error) => {
                return Ended::MayRestart(format!("its end could not be observed: {error}"));
            }
        };
        if status.code() == Some(i32::from(EXIT_CONFIGURATION)) {
            return Ended::ForGood(last_line);
        }
        let how = match (status.signal(), status.code()) {
            // Its last words have nothing to do with it.
            (Some(9), _) => {
                let why = "it was killed, perhaps because the memory ran out";
                return Ended::MayRestart(why.to_owned());
            }
            (Some(4), _) => "this processor lacks an instruction it was built for".to_owned(),
            (Some(signal), _) => format!("it crashed with signal {signal}"),
            (None, code) => format!("it ended with code {}", code.unwrap_or_default()),
        };
        if last_line.is_empty() {
            Ended::MayRestart(how)
        } else {
            Ended::MayRestart(format!("{how}: {last_line}"))
        }
    }
}

/// Forwards what the child says to the log and remembers its last line.
async fn forward(stderr: impl AsyncRead + Unpin, last_line: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line: String = String::from_utf8_lossy(&line).chars().take(LONGEST_LINE).collect();
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        let (level, words) = split_level(line);
        match level {
            Level::ERROR => tracing::error!(target: "holdpoint::engine::child", "{words}"),
            Level::WARN => tracing::warn!(target: "holdpoint::engine::child", "{words}"),
            Level::INFO => tracing::info!(target: "holdpoint::engine::child", "{words}"),
            _ => tracing::debug!(target: "holdpoint::engine::child", "{words}"),
        }
        words.clone_into(&mut last_line.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What the native libraries write has no level.
fn split_level(line: &str) -> (Level, &str) {
    let known = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
    let (first, words) = line.trim_start().split_once(' ').unwrap_or_default();
    let level = known.into_iter().find(|level| level.as_str() == first);
    level.map_or((Level::INFO, line), |level| (level, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_the_level_that_the_child_gave_it() {
        assert_eq!(
            split_level(" WARN the cache is full"),
            (Level::WARN, "the cache is full")
        );
        assert_eq!(split_level("ERROR no"), (Level::ERROR, "no"));
        for line in ["llama_context: n_ctx = 512", "WARNING", ""] {
            assert_eq!(split_level(line), (Level::INFO, line));
        }
    }
}
