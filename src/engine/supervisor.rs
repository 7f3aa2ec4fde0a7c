//! Starts the engine child, keeps it running, and says how it is.

mod child;

use std::{ffi::OsString, num::NonZero, path::PathBuf, time::Duration};

use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    client::{Endpoint, EngineClient},
    gguf::{ModelFileError, read_model},
    models::note,
    wire::{ModelHealth, ModelPurpose},
};
pub use child::FORMAT_FOR_PARENT;
use child::{Ended, EngineChild};

/// Longest that a stopping engine may take to finish its step before it is killed.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// How to start the engine.
#[derive(Debug, Clone)]
pub struct SupervisorSettings {
    /// Program to start with `engine --socket …`; this program itself if `None`.
    pub program: Option<PathBuf>,
    /// The Unix socket the engine is to listen on.
    pub socket: PathBuf,
    /// The chat model, a GGUF file.
    pub chat_model: Option<PathBuf>,
    /// The embedding model, a GGUF file.
    pub embed_model: Option<PathBuf>,
    /// Further models, GGUF files, loaded when they are first asked for.
    pub models: Vec<PathBuf>,
    /// LoRA adapters, GGUF files, by name.
    pub adapters: Vec<(String, PathBuf)>,
    /// What all models together may need, bytes; what the machine can give if `None`.
    pub memory_budget_bytes: Option<u64>,
    /// Threads each model computes with; one per core if `None`.
    pub threads: Option<NonZero<u16>>,
    /// Most tokens of one request to a chat model.
    pub context_tokens: Option<NonZero<u32>>,
    /// Answers that a chat model writes at the same time.
    pub slots: Option<NonZero<u16>>,
    /// Tokens of cache beyond one window.
    pub cache_tokens: Option<u32>,
    /// Wait before the first restart; doubles with every further one in a row.
    pub first_restart_wait: Duration,
    /// Longest wait before a restart.
    pub longest_restart_wait: Duration,
    /// Longest that loading the models may take.
    pub start_limit: Duration,
    /// A running engine is asked so often whether it is there. One that does not answer three times in a row, each time
    /// for as long again, is ended and started anew.
    pub ask_every: Duration,
}

impl SupervisorSettings {
    /// Settings for an engine on `socket`, without models yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            program: None,
            socket: socket.into(),
            chat_model: None,
            embed_model: None,
            models: Vec::new(),
            adapters: Vec::new(),
            memory_budget_bytes: None,
            threads: None,
            context_tokens: None,
            slots: None,
            cache_tokens: None,
            first_restart_wait: Duration::from_millis(200),
            longest_restart_wait: Duration::from_secs(30),
            start_limit: Duration::from_mins(5),
            ask_every: Duration::from_secs(15),
        }
    }

    fn has_model(&self) -> bool {
        self.chat_model.is_some() || self.embed_model.is_some() || !self.models.is_empty()
    }

    /// Looks at the model files without loading them: an error if not a single one can be used.
    fn check_models(&self) -> Result<(), ModelFileError> {
        let chat = self.chat_model.iter().map(|path| (path, Some(ModelPurpose::Chat)));
        let embed = self.embed_model.iter().map(|path| (path, Some(ModelPurpose::Embed)));
        let others = self.models.iter().map(|path| (path, None));
        let mut first_problem = None;
        for (path, purpose) in chat.chain(embed).chain(others) {
            match read_model(path, purpose) {
                Ok(_) => return Ok(()),
                Err(problem) => first_problem = first_problem.or(Some(problem)),
            }
        }
        first_problem.map_or(Ok(()), Err)
    }
}

/// Where the engine stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineState {
    /// No model is configured: nothing is started.
    NotConfigured,
    /// Started for the first time; the models are loading.
    Starting,
    /// It answers.
    Ready,
    /// It ended and is being started again.
    Restarting {
        /// How many restarts in a row, from 1.
        attempt: u32,
        /// Why it ended.
        why: String,
    },
    /// It cannot run as configured; a restart would not help.
    Failed {
        /// Why, with the remedy.
        why: String,
    },
    /// It was stopped on purpose.
    Stopped,
}

/// The engine as `status` and `doctor` show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineStatus {
    /// Where it stands.
    pub state: EngineState,
    /// Process id of the child, while there is one.
    pub pid: Option<u32>,
    /// Restarts since the supervisor started.
    pub restarts: u32,
    /// The models as they were when it became ready, chat first; empty unless ready.
    pub models: Vec<ModelHealth>,
}

impl EngineStatus {
    const fn new(state: EngineState) -> Self {
        Self {
            state,
            pid: None,
            restarts: 0,
            models: Vec::new(),
        }
    }

    /// True when requests can be answered.
    pub const fn is_ready(&self) -> bool {
        matches!(self.state, EngineState::Ready)
    }
}

/// Keeps one engine child running. Dropping it kills the child; [`Supervisor::stop`] lets it end by itself.
#[derive(Debug)]
pub struct Supervisor {
    client: EngineClient,
    status: watch::Receiver<EngineStatus>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Supervisor {
    /// Starts supervising; returns at once, while the models load. Must be called inside a Tokio runtime.
    pub fn start(settings: SupervisorSettings) -> Self {
        let initial = if settings.has_model() {
            EngineState::Starting
        } else {
            EngineState::NotConfigured
        };
        let (report, status) = watch::channel(EngineStatus::new(initial));
        let stop = CancellationToken::new();
        let client = EngineClient::new(Endpoint::Unix(settings.socket.clone()));
        let watchdog = Watchdog {
            settings,
            client: client.clone(),
            report,
            stop: stop.clone(),
        };
        let task = tokio::spawn(watchdog.run());
        Self {
            client,
            status,
            stop,
            task,
        }
    }

    /// A client of the supervised engine; it may be used before the engine is ready and after a restart.
    pub fn client(&self) -> EngineClient {
        self.client.clone()
    }

    /// How the engine is now.
    pub fn status(&self) -> EngineStatus {
        self.status.borrow().clone()
    }

    /// Follows the status.
    pub fn watch(&self) -> watch::Receiver<EngineStatus> {
        self.status.clone()
    }

    /// Waits until requests can be answered, or until it is clear that they cannot; returns what it came to.
    pub async fn settled(&self, limit: Duration) -> EngineStatus {
        let mut status = self.watch();
        let is_settled =
            |status: &EngineStatus| !matches!(status.state, EngineState::Starting | EngineState::Restarting { .. });
        let settled = timeout(limit, status.wait_for(is_settled))
            .await
            .map(|seen| seen.map(|seen| seen.clone()));
        match settled {
            Ok(Ok(status)) => status,
            _ => self.status(),
        }
    }

    /// Lets the engine finish its step and end.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "The engine's supervisor did not end cleanly");
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // The task owns the child, which is killed when the task goes.
        self.task.abort();
    }
}

struct Watchdog {
    settings: SupervisorSettings,
    client: EngineClient,
    report: watch::Sender<EngineStatus>,
    stop: CancellationToken,
}

impl Watchdog {
    async fn run(self) {
        if !self.settings.has_model() {
            return;
        }
        // A new server gives every model a new chance.
        note::forget(&self.settings.socket);
        let mut failures_in_a_row = 0;
        let outcome = loop {
            let Some((why, was_ready)) = self.run_once().await else {
                break EngineState::Stopped;
            };
            let why = match why {
                Ended::ForGood(why) => break EngineState::Failed { why },
                Ended::MayRestart(why) => why,
            };
            failures_in_a_row = if was_ready { 1 } else { failures_in_a_row + 1 };
            let wait = restart_wait(&self.settings, failures_in_a_row);
            tracing::warn!(%why, engine.attempt = failures_in_a_row, engine.wait_ms = super::millis(wait), "The engine ended and is started again");
            self.report.send_modify(|status| {
                status.restarts += 1;
                status.pid = None;
                status.models.clear();
                status.state = EngineState::Restarting {
                    attempt: failures_in_a_row,
                    why,
                };
            });
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stop.cancelled() => break EngineState::Stopped,
            }
        };
        if let EngineState::Failed { why } = &outcome {
            tracing::error!(%why, "The engine cannot run as configured");
        }
        self.report.send_modify(|status| {
            status.pid = None;
            status.models.clear();
            status.state = outcome;
        });
    }

    /// Runs the child once: why it ended and whether it had been ready, or `None` if it was stopped on purpose.
    async fn run_once(&self) -> Option<(Ended, bool)> {
        if let Err(error) = self.settings.check_models() {
            return Some((Ended::ForGood(error.to_string()), false));
        }
        let mut child = match EngineChild::spawn(&self.settings) {
            Ok(child) => child,
            Err(why) => return Some((Ended::MayRestart(why), false)),
        };
        self.report.send_modify(|status| status.pid = child.pid());
        let ready = tokio::select! {
            ready = child.wait_until_ready(&self.client, self.settings.start_limit) => ready,
            () = self.stop.cancelled() => {
                child.stop(STOP_GRACE).await;
                return None;
            }
        };
        let health = match ready {
            Ok(health) => health,
            Err(ended) => return Some((ended, false)),
        };
        self.report.send_modify(|status| {
            status.models = health.models;
            status.state = EngineState::Ready;
        });
        tokio::select! {
            ended = child.wait_while_it_answers(&self.client, self.settings.ask_every) => Some((ended, true)),
            () = self.stop.cancelled() => {
                child.stop(STOP_GRACE).await;
                None
            }
        }
    }
}

/// The first restart comes soon, every further one in a row after twice the wait.
fn restart_wait(settings: &SupervisorSettings, failures_in_a_row: u32) -> Duration {
    let doublings = failures_in_a_row.saturating_sub(1).min(16);
    settings
        .first_restart_wait
        .saturating_mul(1 << doublings)
        .min(settings.longest_restart_wait)
}

/// Options of `holdpoint engine` for the given settings. Takes them apart, so that none can be forgotten.
fn child_arguments(settings: &SupervisorSettings) -> Vec<OsString> {
    let SupervisorSettings {
        program: _,
        socket,
        chat_model,
        embed_model,
        models,
        adapters,
        memory_budget_bytes,
        threads,
        context_tokens,
        slots,
        cache_tokens,
        first_restart_wait: _,
        longest_restart_wait: _,
        start_limit: _,
        ask_every: _,
    } = settings;
    let mut arguments = vec!["engine".into(), "--socket".into(), socket.into()];
    let mut option = |name: &str, value: Option<OsString>| {
        if let Some(value) = value {
            arguments.extend([name.into(), value]);
        }
    };
    option("--chat-model", chat_model.as_ref().map(Into::into));
    option("--embed-model", embed_model.as_ref().map(Into::into));
    option("--threads", written(threads.as_ref()));
    option("--ctx", written(context_tokens.as_ref()));
    option("--slots", written(slots.as_ref()));
    option("--cache", written(cache_tokens.as_ref()));
    option("--memory-budget", written(memory_budget_bytes.as_ref()));
    for model in models {
        option("--model", Some(model.into()));
    }
    for (name, file) in adapters {
        let mut named = OsString::from(name);
        named.push("=");
        named.push(file);
        option("--lora", Some(named));
    }
    arguments
}

fn written(number: Option<&impl ToString>) -> Option<OsString> {
    number.map(|number| number.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_back_off_up_to_a_limit() {
        let mut settings = SupervisorSettings::new("/nowhere");
        settings.first_restart_wait = Duration::from_secs(1);
        settings.longest_restart_wait = Duration::from_secs(10);
        let waits = [1, 2, 3, 4, 5, 60].map(|failures| restart_wait(&settings, failures).as_secs());
        assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
    }

    #[test]
    fn only_what_is_set_is_passed_to_the_child() {
        let mut settings = SupervisorSettings::new("/run/engine.sock");
        settings.embed_model = Some("/models/embed.gguf".into());
        settings.threads = NonZero::new(2);
        settings.slots = NonZero::new(4);
        settings.cache_tokens = Some(0);
        settings.models = vec!["/models/other.gguf".into()];
        settings.adapters = vec![("polite".to_owned(), "/models/polite.gguf".into())];
        assert_eq!(
            child_arguments(&settings),
            [
                "engine",
                "--socket",
                "/run/engine.sock",
                "--embed-model",
                "/models/embed.gguf",
                "--threads",
                "2",
                "--slots",
                "4",
                "--cache",
                "0",
                "--model",
                "/models/other.gguf",
                "--lora",
                "polite=/models/polite.gguf"
            ]
        );
    }
}
