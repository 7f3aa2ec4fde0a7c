//! What models there are, whether their files are still what they were, and which are used.

use super::pull::unfinished_downloads;
use super::{Catalogue, ModelSettings, catalogue, file};
use crate::app::{App, AppError};
use crate::domain::model::{MODEL_ENDING, Purpose, Sha256Digest};
use crate::domain::time::Timestamp;
use crate::store::Store;
use crate::store::entity::model;
use serde::Serialize;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// How a file stands against what was pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// It is there, with the size and the time of its last change that it had; or, after [`verify`], with its content.
    Present,
    /// It is not there.
    Missing,
    /// It is another one than the one that was pinned.
    Changed,
}

/// Who says that a model is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// A setting.
    Configuration,
    /// `holdpoint model use`.
    Choice,
    /// Nobody: it is the built-in default, and its file is there.
    Default,
}

/// A file that is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The file.
    pub file: PathBuf,
    /// Who says so.
    pub by: ChosenBy,
}

/// The models that Holdpoint runs when it starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelsToRun {
    /// The chat model.
    pub chat: Option<Running>,
    /// The embedding model.
    pub embed: Option<Running>,
    /// Other models of the catalogue, which agents may name.
    pub others: Vec<PathBuf>,
    /// Adapters of the catalogue, by name.
    pub adapters: Vec<(String, PathBuf)>,
}

impl ModelsToRun {
    fn both(&self) -> impl Iterator<Item = (Purpose, &Running)> {
        let chat = self.chat.iter().map(|running| (Purpose::Chat, running));
        chat.chain(self.embed.iter().map(|running| (Purpose::Embed, running)))
    }

    /// What is run for a purpose.
    pub(super) const fn of(&self, purpose: Purpose) -> Option<&Running> {
        match purpose {
            Purpose::Chat => self.chat.as_ref(),
            Purpose::Embed => self.embed.as_ref(),
            Purpose::Adapter => None,
        }
    }
}

/// A model as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelView {
    /// Its name: the stem of its file.
    pub name: String,
    /// What it is for; `None` for a file in the folder that is no usable model.
    pub purpose: Option<Purpose>,
    /// Size of the file, bytes; what was pinned, if it was.
    pub bytes: u64,
    /// How the file stands.
    pub state: FileState,
    /// Who says that it is used; `None` if it is not.
    pub in_use: Option<ChosenBy>,
    /// Whether it is in the catalogue, with its digest.
    pub pinned: bool,
    /// The digest it was pinned with.
    pub sha256: Option<Sha256Digest>,
    /// The file.
    pub file: String,
    /// Where it came from; empty for a file that nobody has added.
    pub source: String,
    /// Who added it.
    pub added_by: Option<String>,
    /// When it was added.
    pub added_at: Option<Timestamp>,
}

/// A download that has not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// The name that the model will have.
    pub name: String,
    /// Bytes that have come.
    pub bytes_done: u64,
    /// Bytes in all, if the other side has said.
    pub bytes_total: Option<u64>,
    /// Where it comes from, without secrets.
    pub source: String,
}

/// The models of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelsView {
    /// The models folder.
    pub folder: String,
    /// The models, by name.
    pub items: Vec<ModelView>,
    /// Downloads that can be gone on with.
    pub unfinished: Vec<Unfinished>,
}

/// The models that Holdpoint is to run: the configuration's, else those that were chosen, else the defaults that are there.
///
/// # Errors
/// The store's.
pub async fn to_run(store: &Store, settings: &ModelSettings) -> Result<ModelsToRun, AppError> {
    let chosen = store.models_in_use().await?;
    let of = |purpose| {
        let configured = settings.configured(purpose)?;
        let running = |file: PathBuf, by| Some(Running { file, by });
        if configured.named_by.is_some() {
            return running(configured.file.clone()?, ChosenBy::Configuration);
        }
        if let Some(row) = chosen.iter().find(|row| row.purpose == purpose) {
            return running(settings.folder.join(row.name.file()), ChosenBy::Choice);
        }
        running(configured.file.clone().filter(|file| file.exists())?, ChosenBy::Default)
    };
    let mut models = ModelsToRun {
        chat: of(Purpose::Chat),
        embed: of(Purpose::Embed),
        ..ModelsToRun::default()
    };
    for row in store.models().await? {
        let file = settings.folder.join(row.name.file());
        // One name, one file: a setting may name another file of the same name.
        let is_run = models
            .both()
            .any(|(_, running)| running.file.file_stem() == file.file_stem());
        if is_run || state(&settings.folder, &row) != FileState::Present {
            continue;
        }
        match row.purpose {
            Purpose::Adapter => models.adapters.push((row.name.into(), file)),
            Purpose::Chat | Purpose::Embed => models.others.push(file),
        }
    }
    Ok(models)
}

/// How a file stands, by its size and the time of its last change.
pub(super) fn state(folder: &Path, row: &model::Model) -> FileState {
    match fs::metadata(folder.join(row.name.file())) {
        Err(_gone) => FileState::Missing,
        Ok(metadata) => {
            let is_same =
                i64::try_from(metadata.len()) == Ok(row.bytes) && file::modified_at(&metadata) == row.modified_at;
            if is_same {
                FileState::Present
            } else {
                FileState::Changed
            }
        }
    }
}

/// The models of this machine, looked at from outside: quick, however large they are.
///
/// # Errors
/// The store's; [`AppError::Invalid`] if this server keeps no models.
pub async fn list(app: &App) -> Result<ModelsView, AppError> {
    let catalogue = catalogue(app)?;
    let settings = catalogue.settings.clone();
    let rows = app.store().models().await?;
    let running = to_run(app.store(), &settings).await?;
    let looking = tokio::task::spawn_blocking(move || look(&settings, rows, &running));
    let mut view = looking.await.map_err(|error| AppError::Internal(error.to_string()))?;
    view.unfinished
        .retain(|download| !is_running(catalogue, &download.name));
    Ok(view)
}

fn is_running(catalogue: &Catalogue, name: &str) -> bool {
    name.parse().is_ok_and(|name| catalogue.arrivals.is_expected(&name))
}

fn look(settings: &ModelSettings, rows: Vec<model::Model>, running: &ModelsToRun) -> ModelsView {
    let mut seen = HashSet::new();
    let mut items = Vec::new();
    for row in rows {
        let file = settings.folder.join(row.name.file());
        let used = running.of(row.purpose).filter(|running| running.file == file);
        items.push(ModelView {
            name: row.name.to_string(),
            purpose: Some(row.purpose),
            bytes: u64::try_from(row.bytes).unwrap_or_default(),
            state: state(&settings.folder, &row),
            in_use: used.map(|running| running.by),
            pinned: true,
            sha256: Some(row.sha256),
            file: file.display().to_string(),
            source: row.source,
            added_by: Some(row.added_by),
            added_at: Some(row.added_at),
        });
        seen.insert(file);
    }
    for (purpose, running) in running.both() {
        if seen.insert(running.file.clone()) {
            items.push(unpinned(&running.file, Some(purpose), Some(running.by)));
        }
    }
    for file in files_of(&settings.folder) {
        if seen.insert(file.clone()) {
            let purpose = file::inspected(&file).ok().map(|(found, _)| found.purpose);
            items.push(unpinned(&file, purpose, None));
        }
    }
    items.sort_by(|one, other| one.name.cmp(&other.name));
    ModelsView {
        folder: settings.folder.display().to_string(),
        items,
        unfinished: unfinished_downloads(&settings.folder),
    }
}

/// A file that nobody has added.
fn unpinned(file: &Path, purpose: Option<Purpose>, in_use: Option<ChosenBy>) -> ModelView {
    let metadata = fs::metadata(file).ok();
    ModelView {
        name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        purpose,
        bytes: metadata.as_ref().map_or(0, fs::Metadata::len),
        state: metadata.map_or(FileState::Missing, |_| FileState::Present),
        in_use,
        pinned: false,
        sha256: None,
        file: file.display().to_string(),
        source: String::new(),
        added_by: None,
        added_at: None,
    }
}

/// Model files in the folder.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let models = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.to_ascii_lowercase().ends_with(MODEL_ENDING) && path.is_file()
    });
    models.collect()
}

/// The models of this machine, every pinned file read again from its first byte to its last: seconds for each gigabyte.
/// A file that is still what it was is remembered with the time it shows now.
///
/// # Errors
/// As [`list`].
pub async fn verify(app: &App) -> Result<ModelsView, AppError> {
    let settings = &catalogue(app)?.settings;
    // Whoever asked may go away, and Holdpoint may stop: then nobody reads on.
    let stop = app.inner.stopping.child_token();
    let _stops_with_asker = stop.clone().drop_guard();
    let mut changed = HashSet::new();
    for row in app.store().models().await? {
        let path = settings.folder.join(row.name.file());
        match rehash(path, stop.clone()).await? {
            Some(found) if found.sha256 == row.sha256 && found.modified_at == row.modified_at => {}
            Some(found) if found.sha256 == row.sha256 => seen_unchanged(app, row, found.modified_at).await?,
            Some(_other) => {
                tracing::warn!(model.name = %row.name, "A model's file is not the one that was pinned");
                changed.insert(row.name.to_string());
            }
            None => {}
        }
    }
    let mut view = list(app).await?;
    for item in view.items.iter_mut().filter(|item| changed.contains(&item.name)) {
        item.state = FileState::Changed;
    }
    Ok(view)
}

struct Found {
    sha256: Sha256Digest,
    modified_at: Timestamp,
}

/// What a file is now; `None` if it cannot be read, which [`list`] then tells.
async fn rehash(path: PathBuf, stop: CancellationToken) -> Result<Option<Found>, AppError> {
    let stopped = stop.clone();
    let work = tokio::task::spawn_blocking(move || {
        let modified_at = file::modified_at(&fs::metadata(&path).ok()?);
        let sha256 = file::sha256(&path, &stopped, |_done| {}).ok()??;
        Some(Found { sha256, modified_at })
    });
    let found = work.await.map_err(|error| AppError::Internal(error.to_string()))?;
    if stop.is_cancelled() {
        return Err(AppError::Internal("stopped".to_owned()));
    }
    Ok(found)
}

/// A file with the pinned content and another time, for instance after it was restored from a copy.
async fn seen_unchanged(app: &App, row: model::Model, modified_at: Timestamp) -> Result<(), AppError> {
    let _alone = catalogue(app)?.changing.lock().await;
    if app.store().model(&row.name).await?.as_ref() != Some(&row) {
        // It was removed or brought back while it was read.
        return Ok(());
    }
    let row = model::Model { modified_at, ..row };
    app.store()
        .write_for_machine(move |tx| {
            let row = row.clone();
            Box::pin(async move { Ok::<_, AppError>(tx.update(row).await?) })
        })
        .await
}
