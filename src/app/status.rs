//! How the server is: what `doctor` and the console's notices read.

use super::mail::MailStatus;
use super::undelivered::{self, WebhookStatus};
use super::{App, AppError, mail};
use crate::engine::{EngineState, RemoteStatus};
use crate::store::JobKind;
use serde::Serialize;

/// The engine in a word and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EngineView {
    /// It can draft and search by meaning.
    pub ready: bool,
    /// How it is, and what to do about it.
    pub in_words: String,
    /// The embedding model.
    pub embedder: Option<String>,
    /// The chat model.
    pub chat_model: Option<String>,
}

/// How the server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The program's version.
    pub version: &'static str,
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// The engine.
    pub engine: EngineView,
    /// The remote engines.
    pub remote_engines: Vec<RemoteStatus>,
    /// E-mail.
    pub mail: MailStatus,
    /// Webhooks.
    pub webhooks: WebhookStatus,
    /// Workspaces on this machine.
    pub workspaces: usize,
    /// Jobs that are due and have failed at least once.
    pub failing_jobs: usize,
    /// Vectors of new knowledge are still to be made; until then it is found by words alone.
    pub indexing: bool,
}

/// How the engine is right now.
pub fn engine(app: &App) -> EngineView {
    let Some(engine) = app.engine() else {
        let in_words =
            "no models are set up; knowledge is searched by words, and nothing is written by the AI".to_owned();
        return EngineView {
            ready: false,
            in_words,
            embedder: None,
            chat_model: None,
        };
    };
    let status = engine.status.as_ref().map(|status| status.borrow().clone());
    // One model may be broken while the other answers.
    let unusable = status.iter().flat_map(|status| &status.models);
    let unusable: Vec<_> = unusable
        .filter(|model| model.is_default)
        .filter_map(|model| model.why.as_deref())
        .collect();
    let (ready, in_words) = match status.as_ref().map(|status| status.state.clone()) {
        None | Some(EngineState::Ready) if unusable.is_empty() => (true, "the AI engine is ready".to_owned()),
        None | Some(EngineState::Ready) => (true, format!("the AI engine is ready in part: {}", unusable.join(" "))),
        Some(EngineState::NotConfigured | EngineState::Stopped) => (false, "the AI engine is not running".to_owned()),
        Some(EngineState::Starting) => (false, "the AI engine is starting: the models are loading".to_owned()),
        Some(EngineState::Restarting { why, .. }) => (false, format!("the AI engine is being restarted: {why}")),
        Some(EngineState::Failed { why }) => (false, format!("the AI engine cannot run: {why}")),
    };
    EngineView {
        ready,
        in_words,
        embedder: Some(engine.embedder.clone()),
        chat_model: engine.chat_model.clone(),
    }
}

/// How the server is.
///
/// # Errors
/// The store's.
pub async fn status(app: &App) -> Result<Status, AppError> {
    let jobs = app.store().next_jobs(1_000).await?;
    let undelivered = undelivered::of_machine(app).await?;
    Ok(Status {
        version: env!("CARGO_PKG_VERSION"),
        database: app.store().database(),
        engine: engine(app),
        remote_engines: app.engines().remote_status().await,
        mail: mail::status(app, undelivered.mails).await?,
        webhooks: undelivered.webhooks.into(),
        workspaces: app.store().workspaces().await?.len(),
        indexing: jobs.iter().any(|job| job.kind == JobKind::Embed),
        failing_jobs: jobs.iter().filter(|job| job.attempts > 1).count(),
    })
}
