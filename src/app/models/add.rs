//! A model file of this machine, taken in.

use super::arrival::{self, Arrival, ArrivalState, ArrivalView, Ended};
use super::file::{self, Finished, Place};
use super::{ModelSettings, catalogue, writers};
use crate::app::{App, AppError};
use crate::domain::log::Actor;
use crate::domain::model::{ModelName, Purpose, Sha256Digest};
use crate::store::entity::model;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is to be taken in.
#[derive(Debug, Clone)]
pub struct AddWish {
    /// The file, by its whole path on this machine. It stays where it is.
    pub file: PathBuf,
    /// What the model is to be called; after its file if `None`.
    pub name: Option<ModelName>,
    /// The chat model that an adapter was made for; any of those that are here if `None`.
    pub is_for: Option<ModelName>,
}

/// Begins to take a file into the catalogue: it is linked or copied into the models folder, never moved.
///
/// # Errors
/// [`AppError::Invalid`] for what is no file or names no model, [`AppError::Conflict`] for a name that is taken.
pub async fn add(app: &App, by: Actor, wish: AddWish) -> Result<ArrivalView, AppError> {
    let catalogue = catalogue(app)?;
    if !wish.file.is_absolute() {
        return Err(AppError::Invalid(
            "name the file by its whole path, from / on".to_owned(),
        ));
    }
    let cannot = |error: io::Error| {
        AppError::Invalid(format!(
            "the file {} cannot be read ({error}); check the path and its permissions",
            wish.file.display()
        ))
    };
    let file = fs::canonicalize(&wish.file).map_err(cannot)?;
    // A pipe would be waited for, and a folder is none.
    if !fs::metadata(&file).map_err(cannot)?.is_file() {
        return Err(AppError::Invalid(format!(
            "the path {} is not a file; name the model's .gguf file",
            file.display()
        )));
    }
    let name = match wish.name {
        Some(name) => name,
        None => {
            let called = wish.file.file_name().unwrap_or_default().to_string_lossy();
            ModelName::of_file(&called).map_err(|error| AppError::Invalid(format!("{error}; give one with --name")))?
        }
    };
    let place = file::place(app, &name).await?;
    file::make_folder(&catalogue.settings.folder).map_err(AppError::Invalid)?;
    let source = file.display().to_string();
    let (arrival, is_new) = arrival::begin(app, catalogue, name, source.clone(), format!("add {source}"))?;
    if is_new {
        let (app, arrival) = (app.clone(), arrival.clone());
        app.inner.tasks.clone().spawn(async move {
            let result = take_in(&app, &arrival, by, (file, wish.is_for), place).await;
            arrival::conclude(&arrival, result);
        });
    }
    Ok(arrival.view())
}

async fn take_in(
    app: &App,
    arrival: &Arc<Arrival>,
    by: Actor,
    (file, is_for): (PathBuf, Option<ModelName>),
    place: Place,
) -> Result<(), Ended> {
    let settings = catalogue(app)?.settings.clone();
    let (at, judging, judged_by) = (file.clone(), arrival.clone(), settings.clone());
    let (purpose, bytes) = file::blocking(move || {
        let (found, bytes) = file::inspected(&at)?;
        Ok((file::judge(&found, &judged_by, &judging)?, bytes))
    })
    .await?;
    if purpose == Purpose::Adapter {
        writers::judge_adapter(app, arrival, &file, is_for.as_ref()).await?;
    } else if is_for.is_some() {
        return Err(Ended::Failed(
            "this file is a model by itself, and only an adapter is made for another one; leave --for out".to_owned(),
        ));
    }
    let sha256 = file::hashed(arrival, file.clone(), bytes).await?;
    let repairs = match place {
        Place::Free => match app.store().model_by_content(sha256).await? {
            Some(known) => {
                already_there(arrival, &known);
                return Ok(());
            }
            None => None,
        },
        Place::Repairs(row) => Some(expect_pinned(row, sha256)?),
    };
    let finished = Finished {
        file: copied(arrival, &settings, file, sha256, bytes).await?,
        purpose,
        sha256,
        bytes,
        repairs,
    };
    file::store(app, arrival, &by.to_string(), finished).await
}

/// Says that the content is in the catalogue, perhaps under another name.
pub(super) fn already_there(arrival: &Arrival, known: &model::Model) {
    arrival.note(format!(
        "This very file is in the catalogue already, as {}, since it came from {}; nothing was added.",
        known.name, known.source
    ));
    arrival.tell(|view| {
        view.name = known.name.clone();
        view.purpose = Some(known.purpose);
        view.sha256 = Some(known.sha256);
    });
}

/// A model that has lost its file takes back only the very same content.
pub(super) fn expect_pinned(row: model::Model, sha256: Sha256Digest) -> Result<model::Model, Ended> {
    if row.sha256 == sha256 {
        return Ok(row);
    }
    Err(Ended::Failed(format!(
        "{} was pinned as the file with the SHA-256 {}, and this one has {sha256}; if it is to take its place, remove the old one first: holdpoint model remove {}",
        row.name, row.sha256, row.name
    )))
}

/// The file inside the models folder: itself if it is there already, else a link to it, else a copy.
async fn copied(
    arrival: &Arc<Arrival>,
    settings: &ModelSettings,
    from: PathBuf,
    sha256: Sha256Digest,
    bytes: u64,
) -> Result<PathBuf, Ended> {
    let name = arrival.view().name;
    let place = settings.folder.join(name.file());
    if is_same_file(&from, &place) {
        return Ok(place);
    }
    let copy = file::unfinished(&settings.folder, &name, "adding");
    let (source, target) = (from.clone(), copy.clone());
    let is_linked = file::blocking(move || {
        // Left behind by a crash.
        match fs::remove_file(&target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(file::cannot_write(&target, &error)),
            _ => {}
        }
        Ok(fs::hard_link(&source, &target).is_ok())
    })
    .await?;
    if is_linked {
        return Ok(copy);
    }
    // Another disk, or a file of somebody else's.
    file::check_space(settings, bytes).map_err(Ended::Failed)?;
    arrival.begin(ArrivalState::Fetching, 0, Some(bytes));
    let (target, teller) = (copy.clone(), arrival.clone());
    let copying = file::blocking(move || copy_stoppable(&from, &target, &teller)).await;
    let checked = match copying {
        Ok(()) => file::hashed(arrival, copy.clone(), bytes).await.and_then(|copied| {
            let changed = || Ended::Failed("the file changed while it was copied; try again".to_owned());
            (copied == sha256).then_some(()).ok_or_else(changed)
        }),
        Err(ended) => Err(ended),
    };
    if checked.is_err()
        && let Err(error) = fs::remove_file(&copy)
    {
        tracing::debug!(%error, "An unfinished copy could not be removed");
    }
    checked.map(|()| copy)
}

fn copy_stoppable(from: &Path, to: &Path, arrival: &Arrival) -> Result<(), Ended> {
    use std::io::{Read, Write};
    let mut source = File::open(from)
        .map_err(|error| Ended::Failed(format!("the file {} cannot be read ({error})", from.display())))?;
    let mut target = File::create(to).map_err(|error| file::cannot_write(to, &error))?;
    let mut piece = vec![0; 1 << 20];
    loop {
        if arrival.stop.is_cancelled() {
            return Err(Ended::Stopped);
        }
        let read = source
            .read(&mut piece)
            .map_err(|error| Ended::Failed(format!("the file {} cannot be read ({error})", from.display())))?;
        if read == 0 {
            return Ok(());
        }
        target
            .write_all(piece.get(..read).unwrap_or_default())
            .map_err(|error| file::cannot_write(to, &error))?;
        arrival.tell(|view| view.bytes_done += read as u64);
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
