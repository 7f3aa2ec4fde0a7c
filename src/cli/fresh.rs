//! A database that is built in a folder of its own and only then becomes the data directory's: what is interrupted never looks whole.

use super::assemble::location;
use super::context::Context;
use super::exit::{Code, Failure};
use crate::data_dir::Lock;
use crate::store::Location;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Where it is built, in the data directory.
const BUILDING: &str = "database.building";

/// A database under way. What is left of it is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Fresh {
    folder: PathBuf,
    database: PathBuf,
    _lock: Lock,
}

impl Fresh {
    /// Begins one in a data directory that has none.
    ///
    /// # Errors
    /// [`Code::Conflict`] where there is a database, [`Code::Usage`] where it would be no file, or what the system says.
    pub(super) fn begin(context: &Context) -> Result<Self, Failure> {
        let Location::Sqlite(database) = location(context.settings()) else {
            return Err(Failure::usage(
                "this builds a database as a file; leave `database` out, or choose a file",
            ));
        };
        let data_dir = context.data_dir();
        data_dir.prepare()?;
        let lock = data_dir.lock()?;
        if database.exists() {
            let sentence = format!(
                "there is a database at {} already; choose an empty folder with --data-dir",
                database.display()
            );
            return Err(Failure::new(Code::Conflict, sentence));
        }
        let folder = data_dir.path().join(BUILDING);
        empty(&folder).map_err(|error| unwritable(&folder, &error))?;
        Ok(Self {
            folder,
            database,
            _lock: lock,
        })
    }

    /// Where it is now. To be opened with [`crate::store::Store::open_to_build`].
    pub(super) fn location(&self) -> Location {
        Location::Sqlite(self.file())
    }

    fn file(&self) -> PathBuf {
        self.folder.join("holdpoint.db")
    }

    /// It is whole, and closed: now the disk has all of it, and it gets its name.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn finish(self) -> Result<(), Failure> {
        self.take_over().map_err(|error| unwritable(&self.database, &error))
    }

    fn take_over(&self) -> io::Result<()> {
        File::open(self.file())?.sync_all()?;
        fs::rename(self.file(), &self.database)?;
        match self.database.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, folder = %self.folder.display(), "the folder in which a database was built could not be removed");
        }
    }
}

/// The folder, without what an interrupted build left.
fn empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(folder)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("{} cannot be written ({error})", path.display()))
}
