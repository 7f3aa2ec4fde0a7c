//! A note beside the socket that names the model being loaded.
//!
//! Native code may end the process while it loads a file, and nothing in the process can say so afterwards. The next
//! one finds the note: a model that ended two processes in a row is left out, and the others go on being served.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

/// Deaths in a row after which a model is left out.
pub(super) const MOST_DEATHS: u32 = 2;

/// The note of an engine on `socket`.
pub(crate) fn beside(socket: &Path) -> PathBuf {
    let mut path = socket.as_os_str().to_owned();
    path.push(".loading");
    path.into()
}

/// Forgets earlier deaths: for a fresh start by a person.
pub(crate) fn forget(socket: &Path) {
    let _there_may_be_none = fs::remove_file(beside(socket));
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Content {
    /// The model being loaded.
    loading: Option<String>,
    /// Engines that ended while they loaded a model, in a row.
    deaths: BTreeMap<String, u32>,
}

/// The note; without a path it is kept nowhere, and a restart knows nothing.
pub(super) struct LoadingNote {
    path: Option<PathBuf>,
    content: Mutex<Content>,
}

impl LoadingNote {
    /// Reads what the engine before left behind. An unreadable note counts as none.
    pub(super) fn open(path: Option<PathBuf>) -> Self {
        let mut content: Content = path
            .as_ref()
            .and_then(|path| fs::read(path).ok())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        if let Some(name) = content.loading.take() {
            *content.deaths.entry(name).or_default() += 1;
        }
        let note = Self {
            path,
            content: Mutex::new(content),
        };
        note.write(&note.lock());
        note
    }

    /// How many engines in a row ended while they loaded this model.
    pub(super) fn deaths(&self, model: &str) -> u32 {
        self.lock().deaths.get(model).copied().unwrap_or(0)
    }

    /// The library gets the model's file now.
    pub(super) fn begin(&self, model: &str) {
        let mut content = self.lock();
        content.loading = Some(model.to_owned());
        self.write(&content);
    }

    /// The library has given it back, loaded or refused: this process survived it.
    pub(super) fn end(&self, model: &str) {
        let mut content = self.lock();
        content.loading = None;
        content.deaths.remove(model);
        self.write(&content);
    }

    fn write(&self, content: &Content) {
        let Some(path) = &self.path else { return };
        let written = if content.loading.is_none() && content.deaths.is_empty() {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        } else {
            serde_json::to_vec(content)
                .map_err(io::Error::other)
                .and_then(|bytes| fs::write(path, bytes))
        };
        if let Err(error) = written {
            tracing::warn!(%error, path = %path.display(), "What is being loaded cannot be noted; a file that ends the engine would be tried again and again");
        }
    }

    /// A panic in between leaves at worst a note that is one step old.
    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_ends_while_loading_leaves_a_death_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = Some(beside(&folder.path().join("engine.sock")));
        let reopened = || LoadingNote::open(path.clone());

        let first = reopened();
        first.begin("good");
        first.end("good");
        assert!(
            !path.as_ref().unwrap().exists(),
            "nothing is left of a model that loaded"
        );
        first.begin("bad");

        let second = reopened();
        assert_eq!((second.deaths("bad"), second.deaths("good")), (1, 0));
        second.begin("bad");
        assert_eq!(reopened().deaths("bad"), MOST_DEATHS);
        assert_eq!(reopened().deaths("bad"), MOST_DEATHS, "reading it changes nothing");

        let survivor = reopened();
        survivor.begin("bad");
        survivor.end("bad");
        assert_eq!(reopened().deaths("bad"), 0, "deaths count in a row");
    }

    #[test]
    fn a_damaged_note_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        fs::write(&path, "{\"loading\": 7").unwrap();
        assert_eq!(LoadingNote::open(Some(path)).deaths("any"), 0);
    }
}
