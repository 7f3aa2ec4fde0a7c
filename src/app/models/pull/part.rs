//! What has come of a download: the file, and a note about what it is a part of.
//!
//! Only what the note calls synced counts after an interruption: a machine that lost its power may show a longer file
//! whose end was never written.

use crate::app::models::Unfinished;
use crate::domain::model::{MODEL_ENDING, ModelName, Sha256Digest};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

const PART: &str = ".part";
const NOTE: &str = ".part.json";
/// Bytes after which what has come is made durable.
const SYNC_EVERY: u64 = 32 << 20;

/// What a part is a part of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Where it comes from, without secrets.
    pub(super) source: String,
    /// The server's name for this version of the file: a strong one, fit for going on.
    pub(super) etag: Option<String>,
    /// Length of the whole, bytes.
    pub(super) bytes: Option<u64>,
    /// The digest that the other side has told.
    pub(super) sha256: Option<Sha256Digest>,
    /// Bytes that are certainly on the disk.
    synced: u64,
}

impl Note {
    /// Nothing is known but where it comes from.
    pub(super) fn of(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            ..Self::default()
        }
    }
}

/// A download in the models folder.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
    note_path: PathBuf,
    file: Option<File>,
    have: u64,
    pub(super) note: Note,
}

impl Part {
    /// What there is of a model from this source; a part from elsewhere is worth nothing.
    pub(super) fn open(folder: &Path, name: &ModelName, source: &str) -> io::Result<Self> {
        let [path, note_path] = places(folder, name);
        let known = read_note(&note_path).filter(|note| note.source == source);
        let mut part = Self {
            path,
            note_path,
            file: None,
            have: 0,
            note: Note::of(source),
        };
        let length = fs::metadata(&part.path)
            .map(|metadata| metadata.len())
            .unwrap_or_default();
        let Some(note) = known.filter(|note| note.synced > 0 && note.synced <= length) else {
            return Ok(part);
        };
        let file = OpenOptions::new().append(true).open(&part.path)?;
        file.set_len(note.synced)?;
        part.have = note.synced;
        part.note = note;
        part.file = Some(file);
        Ok(part)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that have come.
    pub(super) const fn have(&self) -> u64 {
        self.have
    }

    /// Begins again from nothing, with what is known about the file now.
    pub(super) fn restart(&mut self, note: Note) -> io::Result<()> {
        self.have = 0;
        self.note = Note { synced: 0, ..note };
        self.file = None;
        // A new file, whatever stood there: it may be a link to somewhere.
        remove(&self.path)?;
        let file = OpenOptions::new().append(true).create_new(true).open(&self.path)?;
        self.file = Some(file);
        self.write_note()
    }

    /// Adds what has come.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = self.file.as_mut().ok_or(ErrorKind::NotFound)?;
        file.write_all(bytes)?;
        self.have += bytes.len() as u64;
        if self.have >= self.note.synced.saturating_add(SYNC_EVERY) {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes what has come durable.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        if self.note.synced != self.have {
            file.sync_data()?;
            self.note.synced = self.have;
            self.write_note()?;
        }
        Ok(())
    }

    fn write_note(&self) -> io::Result<()> {
        // Never half a note: without one, the download begins anew.
        let new = self.note_path.with_extension("json.new");
        fs::write(&new, serde_json::to_vec(&self.note)?)?;
        fs::rename(new, &self.note_path)
    }

    /// The file has got its name: there is nothing to go on with any more.
    pub(super) fn forget(&self) {
        if let Err(error) = remove(&self.note_path) {
            tracing::warn!(%error, "The note about a finished download could not be removed");
        }
    }

    /// Removes what has come.
    pub(super) fn discard(&mut self) -> io::Result<()> {
        self.file = None;
        self.have = 0;
        self.note = Note::of(&self.note.source);
        remove(&self.path)?;
        remove(&self.note_path)
    }
}

fn places(folder: &Path, name: &ModelName) -> [PathBuf; 2] {
    [PART, NOTE].map(|ending| folder.join(name.file() + ending))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn read_note(path: &Path) -> Option<Note> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Removes what has come of a model; false if there is nothing.
pub(in crate::app::models) fn discard(folder: &Path, name: &ModelName) -> io::Result<bool> {
    let places = places(folder, name);
    let is_there = places.iter().any(|place| place.exists());
    places.iter().try_for_each(|place| remove(place))?;
    Ok(is_there)
}

/// Downloads in a folder that have not come to their end.
pub(in crate::app::models) fn unfinished_downloads(folder: &Path) -> Vec<Unfinished> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<Unfinished> = entries
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let name = file.strip_suffix(PART)?.strip_suffix(MODEL_ENDING)?;
            let note = read_note(&folder.join(format!("{name}{MODEL_ENDING}{NOTE}"))).unwrap_or_default();
            Some(Unfinished {
                name: name.to_owned(),
                bytes_done: entry.metadata().ok()?.len(),
                bytes_total: note.bytes,
                source: note.source,
            })
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "https://models.example/tiny.gguf";

    fn name() -> ModelName {
        ModelName::parse("tiny").unwrap()
    }

    #[test]
    fn only_what_is_known_to_be_on_the_disk_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = Part::open(folder.path(), &name(), SOURCE).unwrap();
        part.restart(Note {
            source: SOURCE.to_owned(),
            etag: Some("\"1\"".to_owned()),
            ..Note::default()
        })
        .unwrap();
        part.write(b"synced").unwrap();
        part.sync().unwrap();
        part.write(b" and lost").unwrap();
        drop(part);
        let mut part = Part::open(folder.path(), &name(), SOURCE).unwrap();
        assert_eq!((part.have(), part.note.etag.as_deref()), (6, Some("\"1\"")));
        part.write(b"!").unwrap();
        assert_eq!(fs::read(part.path()).unwrap(), b"synced!");
    }

    #[test]
    fn a_part_from_elsewhere_or_without_its_note_is_worth_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = Part::open(folder.path(), &name(), SOURCE).unwrap();
        part.restart(Note {
            source: SOURCE.to_owned(),
            ..Note::default()
        })
        .unwrap();
        part.write(b"bytes").unwrap();
        part.sync().unwrap();
        assert_eq!(
            Part::open(folder.path(), &name(), "https://other.example/tiny.gguf")
                .unwrap()
                .have(),
            0
        );
        assert_eq!(unfinished_downloads(folder.path())[0].bytes_done, 5);
        fs::write(folder.path().join("tiny.gguf.part.json"), "{").unwrap();
        assert_eq!(Part::open(folder.path(), &name(), SOURCE).unwrap().have(), 0);
        assert!(discard(folder.path(), &name()).unwrap());
        assert!(!discard(folder.path(), &name()).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_part_never_writes_through_a_link_that_somebody_has_put_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let treasure = folder.path().join("treasure");
        fs::write(&treasure, "gold").unwrap();
        std::os::unix::fs::symlink(&treasure, folder.path().join("tiny.gguf.part")).unwrap();
        let mut part = Part::open(folder.path(), &name(), SOURCE).unwrap();
        part.restart(Note::default()).unwrap();
        part.write(b"lead").unwrap();
        assert_eq!(fs::read_to_string(treasure).unwrap(), "gold");
    }
}
