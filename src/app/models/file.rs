//! Files of the models folder: looking at them, hashing them, putting them in their place.

use super::arrival::{Arrival, ArrivalState, Ended};
use super::list::{FileState, state};
use super::{ModelSettings, catalogue, conflict, size};
use crate::app::{App, AppError};
use crate::domain::model::{ModelName, Purpose, Sha256Digest};
use crate::domain::time::Timestamp;
use crate::engine::gguf::{Inspected, ModelFileError, ModelFileProblem, inspect};
use crate::engine::machine_memory_bytes;
use crate::store::StoreError;
use crate::store::entity::model;
use sha2::{Digest, Sha256};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Bytes read at once.
const PIECE: usize = 1 << 20;

/// Tells what a file is, and refuses what this machine could never run.
pub(super) fn judge(
    found: &Inspected,
    settings: &ModelSettings,
    arrival: &Arrival,
) -> Result<Purpose, ModelFileProblem> {
    let need_bytes = found.memory_need_bytes(settings.context_tokens);
    match machine_memory_bytes() {
        Some(available_bytes) if need_bytes > available_bytes => {
            return Err(ModelFileProblem::TooLarge {
                need_bytes,
                available_bytes,
            });
        }
        _ => {}
    }
    if found.lacks_chat_template() {
        arrival.note("It brings no chat template, so it may not be able to hold a conversation; visitors are answered by an instruct model.");
    }
    arrival.tell(|view| view.purpose = Some(found.purpose));
    Ok(found.purpose)
}

/// Looks at a whole file on the disk.
pub(super) fn inspected(path: &Path) -> Result<(Inspected, u64), ModelFileError> {
    let look = || {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((inspect(file, length)?, length))
    };
    look().map_err(|problem| ModelFileError {
        path: path.to_owned(),
        problem,
    })
}

/// The digest of a file, told step by step to `progress` (bytes so far); `None` if it was stopped.
pub(super) fn sha256(
    path: &Path,
    stop: &CancellationToken,
    mut progress: impl FnMut(u64),
) -> io::Result<Option<Sha256Digest>> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut done = 0;
    loop {
        let read = match file.read(&mut piece) {
            Ok(0) => return Ok(Some(Sha256Digest(hasher.finalize().into()))),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if stop.is_cancelled() {
            return Ok(None);
        }
        hasher.update(piece.get(..read).unwrap_or_default());
        done += read as u64;
        progress(done);
    }
}

/// The same for somebody who waits for an arrival.
pub(super) async fn hashed(arrival: &Arc<Arrival>, path: PathBuf, bytes: u64) -> Result<Sha256Digest, Ended> {
    arrival.begin(ArrivalState::Hashing, 0, Some(bytes));
    let teller = arrival.clone();
    let digest = blocking(move || {
        let digest = sha256(&path, &teller.stop, |done| teller.tell(|view| view.bytes_done = done));
        digest.map_err(|error| Ended::Failed(format!("the file {} cannot be read ({error})", path.display())))
    })
    .await?
    .ok_or(Ended::Stopped)?;
    arrival.tell(|view| view.sha256 = Some(digest));
    Ok(digest)
}

/// Runs what would hold up everything else on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Ended> + Send + 'static,
) -> Result<T, Ended> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Ended::Failed(format!(
            "something went wrong ({error}); nothing was kept"
        ))),
    }
}

/// Refuses what would fill the disk.
pub(super) fn check_space(settings: &ModelSettings, need_bytes: u64) -> Result<(), String> {
    let folder = &settings.folder;
    // A system that cannot tell is not asked twice: writing will tell.
    let Ok(space) = rustix::fs::statvfs(folder) else {
        return Ok(());
    };
    let free_bytes = space.f_bavail.saturating_mul(space.f_frsize);
    if need_bytes.saturating_add(settings.disk_reserve_bytes) <= free_bytes {
        return Ok(());
    }
    Err(format!(
        "the disk of {} has {} free, and this needs {} besides the {} that Holdpoint leaves free; remove models or other files, or choose a larger disk with --models-dir",
        folder.display(),
        size(free_bytes),
        size(need_bytes),
        size(settings.disk_reserve_bytes),
    ))
}

/// Makes the models folder if it is not there.
pub(super) fn make_folder(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| {
        format!(
            "the models folder {} cannot be made ({error}); check where it is to be, or choose another with --models-dir",
            folder.display()
        )
    })
}

/// When a file was last changed.
pub(super) fn modified_at(metadata: &Metadata) -> Timestamp {
    Timestamp(metadata.mtime().saturating_mul(1_000) + metadata.mtime_nsec() / 1_000_000)
}

/// Where a file stands while it is not yet what its name will promise.
pub(super) fn unfinished(folder: &Path, name: &ModelName, ending: &str) -> PathBuf {
    folder.join(format!("{}.{ending}", name.file()))
}

/// What is to be put in its place.
#[derive(Debug)]
pub(super) struct Finished {
    /// The whole file, somewhere in the models folder.
    pub(super) file: PathBuf,
    pub(super) purpose: Purpose,
    pub(super) sha256: Sha256Digest,
    pub(super) bytes: u64,
    /// The row of the catalogue that has lost its file, if this brings it back.
    pub(super) repairs: Option<model::Model>,
}

/// Makes a file durable under its name and writes it into the catalogue.
pub(super) async fn store(app: &App, arrival: &Arrival, by: &str, finished: Finished) -> Result<(), Ended> {
    let catalogue = catalogue(app)?;
    arrival.begin(ArrivalState::Storing, 0, None);
    let view = arrival.view();
    let name = view.name;
    let _alone = catalogue.changing.lock().await;
    let (from, folder) = (finished.file, catalogue.settings.folder.clone());
    let to = folder.join(name.file());
    let (is_there, replaces) = (from == to, finished.repairs.is_some());
    let place = to.clone();
    let metadata = blocking(move || {
        let put = || -> io::Result<Metadata> {
            File::open(&from)?.sync_all()?;
            if !is_there {
                fs::rename(&from, &place)?;
            }
            File::open(&folder)?.sync_all()?;
            fs::metadata(&place)
        };
        if !is_there && !replaces && place.exists() {
            return Err(Ended::Failed(in_the_way(&place)));
        }
        put().map_err(|error| cannot_write(&place, &error))
    })
    .await?;
    let row = model::Model {
        file: name.file(),
        name,
        purpose: finished.purpose,
        sha256: finished.sha256,
        bytes: i64::try_from(finished.bytes).unwrap_or(i64::MAX),
        modified_at: modified_at(&metadata),
        source: view.source,
        added_by: by.to_owned(),
        added_at: app.now(),
    };
    let kept = app.store().write_for_machine(move |tx| {
        let row = row.clone();
        Box::pin(async move {
            let done = if replaces {
                tx.update(row).await
            } else {
                tx.insert(row).await
            };
            Ok::<_, AppError>(done?)
        })
    });
    let Err(error) = kept.await else { return Ok(()) };
    if !is_there
        && !replaces
        && let Err(error) = fs::remove_file(&to)
    {
        tracing::warn!(%error, file = %to.display(), "A file that is not in the catalogue stays in the models folder");
    }
    Err(match error {
        AppError::Store(StoreError::Duplicate(_)) => Ended::Failed(
            "the catalogue has a model of this name or content already; see: holdpoint model list".to_owned(),
        ),
        other => other.into(),
    })
}

pub(super) fn cannot_write(path: &Path, error: &io::Error) -> Ended {
    Ended::Failed(format!(
        "the file {} cannot be written ({error}); check the space and the permissions of its folder",
        path.display()
    ))
}

/// What to do about a file that nobody has added.
pub(super) fn in_the_way(path: &Path) -> String {
    format!(
        "the file {} is there already and not in the catalogue; take it in with `holdpoint model add`, or move it away",
        path.display()
    )
}

/// What the catalogue says about a name that something is to come in under.
#[derive(Debug)]
pub(super) enum Place {
    /// Nothing.
    Free,
    /// A model whose file is missing or was changed: the very same content brings it back.
    Repairs(model::Model),
}

/// Refuses a name that a model has; its file may come back.
pub(super) async fn place(app: &App, name: &ModelName) -> Result<Place, AppError> {
    let Some(row) = app.store().model(name).await? else {
        return Ok(Place::Free);
    };
    if state(&catalogue(app)?.settings.folder, &row) == FileState::Present {
        return Err(conflict(format!(
            "there is a model {name} already; remove it first, or give this one another name with --name"
        )));
    }
    Ok(Place::Repairs(row))
}
