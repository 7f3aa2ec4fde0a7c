//! Whether a chat model and an adapter go together: asked when an adapter comes in, and before an agent writes with it.

use super::arrival::{Arrival, Ended};
use super::list::{FileState, ModelsToRun, state, to_run};
use super::{Catalogue, catalogue, conflict};
use crate::app::{App, AppError};
use crate::domain::model::{ModelName, Purpose};
use crate::domain::model_ref::ModelRef;
use crate::domain::settings::AgentSettings;
use crate::engine::gguf::{ModelFileError, check_adapter};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A chat model of this machine, by name.
type ChatFile = (String, PathBuf);

/// Which chat models of this machine an adapter fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fits {
    /// The adapter.
    pub adapter: String,
    /// Its size, bytes.
    pub bytes: u64,
    /// The chat models that it fits, by name.
    pub models: Vec<String>,
}

/// Every whole chat model of this machine.
async fn chat_files(app: &App, catalogue: &Catalogue) -> Result<(Option<ChatFile>, Vec<ChatFile>), AppError> {
    let settings = &catalogue.settings;
    let running: ModelsToRun = to_run(app.store(), settings).await?;
    let named = |file: &Path| file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let default = running.chat.and_then(|chat| Some((named(&chat.file)?, chat.file)));
    let mut files: Vec<ChatFile> = default.iter().cloned().collect();
    for row in app.store().models().await? {
        let name = row.name.to_string();
        let is_there = row.purpose == Purpose::Chat && state(&settings.folder, &row) == FileState::Present;
        if is_there && !files.iter().any(|(known, _)| *known == name) {
            files.push((name, settings.folder.join(row.name.file())));
        }
    }
    Ok((default, files))
}

/// Looks at an adapter's file and a model's, away from whoever answers others.
async fn fit(adapter: PathBuf, model: PathBuf) -> Result<Result<(), ModelFileError>, AppError> {
    let looking = tokio::task::spawn_blocking(move || check_adapter(&adapter, &model).map(|_bytes| ()));
    looking.await.map_err(|error| AppError::Internal(error.to_string()))
}

/// Refuses an adapter that fits none of the chat models that are here, or not the one that it is said to be for.
pub(super) async fn judge_adapter(
    app: &App,
    arrival: &Arrival,
    file: &Path,
    is_for: Option<&ModelName>,
) -> Result<(), Ended> {
    let (_, mut files) = chat_files(app, catalogue(app)?).await?;
    if let Some(wanted) = is_for {
        files.retain(|(name, _)| name == wanted.as_str());
        if files.is_empty() {
            return Err(Ended::Failed(format!(
                "there is no chat model {wanted} here that the adapter could be checked against; see: holdpoint model list"
            )));
        }
    }
    if files.is_empty() {
        arrival.note(
            "There is no chat model here that it could be checked against; that is done before an agent uses it.",
        );
        return Ok(());
    }
    let (mut fitting, mut refusals) = (Vec::new(), Vec::new());
    for (name, model) in files {
        match fit(file.to_owned(), model).await? {
            Ok(()) => fitting.push(name),
            Err(error) => refusals.push(format!("{name}: {}", error.problem)),
        }
    }
    if fitting.is_empty() {
        return Err(Ended::Failed(format!(
            "this adapter fits no chat model that is here ({}); add the model that it was made for first",
            refusals.join("; ")
        )));
    }
    arrival.note(format!("It fits {}.", fitting.join(", ")));
    Ok(())
}

/// Whether the models that an agent's settings name can write with its adapter. Remote engines keep their own.
///
/// # Errors
/// [`AppError::Invalid`] or [`AppError::Conflict`] with what to do instead; or the store's.
pub(in crate::app) async fn check_writers(app: &App, settings: &AgentSettings) -> Result<(), AppError> {
    let (Some(name), Ok(catalogue)) = (&settings.adapter, catalogue(app)) else {
        return Ok(());
    };
    let models = settings
        .chat_models
        .iter()
        .filter_map(|name| name.parse::<ModelRef>().ok());
    let mut wanted: Vec<Option<String>> = models
        .filter(|model| model.engine.is_none())
        .map(|model| model.name)
        .collect();
    if settings.chat_models.is_empty() {
        wanted.push(None);
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let adapter = adapter_file(app, catalogue, name).await?;
    let (default, files) = chat_files(app, catalogue).await?;
    for model in wanted {
        let found = match &model {
            None => default.clone(),
            Some(model) => files.iter().find(|(known, _)| known == model).cloned(),
        };
        let Some((model, file)) = found else {
            let model = model.unwrap_or_else(|| "by default".to_owned());
            return Err(AppError::Invalid(format!(
                "there is no chat model {model} on this machine that the adapter {name} could change; see: holdpoint model list"
            )));
        };
        if let Err(error) = fit(adapter.clone(), file).await? {
            return Err(AppError::Invalid(format!(
                "the adapter {name} does not fit the chat model {model}: {}; use an adapter that was made for this model, or another model",
                error.problem
            )));
        }
    }
    match app.running_models() {
        Some(running) if !running.adapters.iter().any(|(known, _)| known == name) => Err(conflict(format!(
            "the adapter {name} came in after Holdpoint was started; start Holdpoint again, then try it"
        ))),
        _ => Ok(()),
    }
}

/// The whole file of an adapter of the catalogue.
async fn adapter_file(app: &App, catalogue: &Catalogue, name: &str) -> Result<PathBuf, AppError> {
    let row = match ModelName::parse(name) {
        Ok(name) => app.store().model(&name).await?,
        Err(_no_name) => None,
    };
    let row = row.filter(|row| row.purpose == Purpose::Adapter).ok_or_else(|| {
        AppError::Invalid(format!(
            "there is no adapter {name} on this machine; add it first: holdpoint model add FILE"
        ))
    })?;
    match state(&catalogue.settings.folder, &row) {
        FileState::Present => Ok(catalogue.settings.folder.join(row.name.file())),
        FileState::Missing => Err(conflict(format!(
            "the file of the adapter {name} is missing; add it again: holdpoint model add FILE"
        ))),
        FileState::Changed => Err(conflict(format!(
            "the file of the adapter {name} is another one than was added; remove it and add it again, or look at it: holdpoint model list --verify"
        ))),
    }
}

/// The adapters of this machine with the chat models that each fits; none where this server keeps no models.
///
/// # Errors
/// The store's.
pub async fn adapters(app: &App) -> Result<Vec<Fits>, AppError> {
    let Ok(catalogue) = catalogue(app) else {
        return Ok(Vec::new());
    };
    let (_, files) = chat_files(app, catalogue).await?;
    let mut found = Vec::new();
    for row in app.store().models().await? {
        if row.purpose != Purpose::Adapter || state(&catalogue.settings.folder, &row) != FileState::Present {
            continue;
        }
        let file = catalogue.settings.folder.join(row.name.file());
        let mut models = Vec::new();
        for (name, model) in &files {
            if fit(file.clone(), model.clone()).await?.is_ok() {
                models.push(name.clone());
            }
        }
        found.push(Fits {
            adapter: row.name.to_string(),
            bytes: u64::try_from(row.bytes).unwrap_or_default(),
            models,
        });
    }
    Ok(found)
}

/// Refuses to remove an adapter that an agent writes with.
pub(super) async fn refuse_named(app: &App, name: &ModelName) -> Result<(), AppError> {
    for workspace in app.store().workspaces().await? {
        let rows = app.store().rows(workspace.id);
        for agent in rows.agents().await? {
            let Some(version_id) = agent.version_id else { continue };
            let version = rows.agent_version(version_id).await?;
            if version.is_some_and(|version| version.settings.0.adapter.as_deref() == Some(name.as_str())) {
                return Err(conflict(format!(
                    "the agent {} of the workspace {} writes with the adapter {name}; have it write without, then remove the adapter",
                    agent.name, workspace.slug
                )));
            }
        }
    }
    Ok(())
}
