//! How the server is: what `doctor` and the console's notices read.

use super::mail::MailStatus;
use super::undelivered::{self, WebhookStatus};
use super::{App, AppError, Caller, mail};
use crate::engine::{EngineState, RemoteStatus};
use crate::store::JobKind;
use serde::Serialize;

const DAY_MS: i64 = 24 * 60 * 60_000;

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

/// How the server is. The figures are those of the asker's workspace; of all, for the administrator of the machine.
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
    /// Conversations of the last day that were put aside as a flood from one address.
    pub floods: u64,
    /// Workspaces that the asker sees.
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

/// How the server is for a caller; without one, for the administrator of the machine.
///
/// # Errors
/// The store's.
pub async fn status(app: &App, caller: Option<&Caller>) -> Result<Status, AppError> {
    let workspace_id = caller.map(|caller| caller.workspace_id);
    let sees = |other| workspace_id.is_none_or(|own| own == other);
    let mut jobs = app.store().next_jobs(1_000).await?;
    jobs.retain(|job| sees(job.workspace_id));
    let workspaces = app.store().workspaces().await?;
    let undelivered = undelivered::seen_by(app, workspace_id).await?;
    Ok(Status {
        version: env!("CARGO_PKG_VERSION"),
        database: app.store().database(),
        engine: engine(app),
        remote_engines: app.engines().remote_status().await,
        mail: mail::status(app, workspace_id, undelivered.mails).await?,
        webhooks: undelivered.into(),
        floods: app
            .store()
            .floods_since(app.now().plus_ms(-DAY_MS), workspace_id)
            .await?,
        workspaces: workspaces.iter().filter(|workspace| sees(workspace.id)).count(),
        indexing: jobs.iter().any(|job| job.kind == JobKind::Embed),
        failing_jobs: jobs.iter().filter(|job| job.attempts > 1).count(),
    })
}
