//! The folder with everything Holdpoint keeps, and the lock that lets one process at a time use it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Folders in the data directory.
const FOLDERS: [&str; 4] = ["models", "files", "backups", "secrets"];
/// Longest path of a Unix socket, bytes.
const LONGEST_SOCKET: usize = 107;

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The system refuses.
    #[error("the data directory {} cannot be used ({why}); check that its parent folder exists, has space and belongs to you, or choose another with --data-dir", path.display())]
    Unusable {
        /// The folder or a file in it.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// Another process has it.
    #[error("the data directory {} is in use by {}; stop that one first, or choose another folder with --data-dir", path.display(), holder(*.pid))]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The other process, if it said.
        pid: Option<u32>,
    },
    /// No room for sockets.
    #[error("the path of the data directory {} is too long for its sockets ({LONGEST_SOCKET} bytes in all); choose a shorter one with --data-dir", path.display())]
    PathTooLong {
        /// The folder.
        path: PathBuf,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another Holdpoint".to_owned(),
        |pid| format!("another Holdpoint (process {pid})"),
    )
}

/// The data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
    path: PathBuf,
}

/// Held as long as this process may use the data directory.
#[derive(Debug)]
pub struct Lock {
    // The system gives the lock back when the file is closed, however the process ends.
    file: File,
}

impl Lock {
    /// Leaves word where browsers find this process.
    ///
    /// # Errors
    /// The system's reason why it cannot be written.
    pub fn leave_word(&mut self, origin: &str) -> io::Result<()> {
        writeln!(self.file, "{origin}")
    }
}

impl DataDir {
    /// The folder at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Socket on which a running server answers the command line.
    pub fn socket(&self) -> PathBuf {
        self.path.join("holdpoint.sock")
    }

    /// Socket of the engine child.
    pub fn engine_socket(&self) -> PathBuf {
        self.path.join("engine.sock")
    }

    /// File with the access token of a remote engine.
    pub fn engine_token(&self, name: &str) -> PathBuf {
        self.path.join("secrets").join(format!("engine-{name}.token"))
    }

    /// File with the password for the mail server.
    pub fn smtp_password(&self) -> PathBuf {
        self.path.join("secrets").join("smtp.password")
    }

    /// True if [`Self::prepare`] has been here. A folder that merely exists may be any folder.
    pub fn is_prepared(&self) -> bool {
        self.path.join("secrets").is_dir()
    }

    /// Makes what is missing; new folders can be read by their owner only.
    ///
    /// # Errors
    /// [`DataDirError::Unusable`], [`DataDirError::PathTooLong`].
    pub fn prepare(&self) -> Result<(), DataDirError> {
        if self.socket().as_os_str().as_bytes().len() > LONGEST_SOCKET {
            return Err(DataDirError::PathTooLong {
                path: self.path.clone(),
            });
        }
        Self::make(&self.path)?;
        for folder in FOLDERS {
            Self::make(&self.path.join(folder))?;
        }
        // Whatever else the owner lets others see, these stay private.
        let secrets = self.path.join("secrets");
        fs::set_permissions(&secrets, fs::Permissions::from_mode(0o700)).map_err(|why| unusable(&secrets, why))
    }

    fn make(folder: &Path) -> Result<(), DataDirError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|why| unusable(folder, why))
    }

    /// Takes the lock and leaves this process's number in it.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] if another process has it, [`DataDirError::Unusable`].
    pub fn lock(&self) -> Result<Lock, DataDirError> {
        let path = self.lock_file();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|why| unusable(&path, why))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DataDirError::InUse {
                    path: self.path.clone(),
                    pid: pid_in(&mut file),
                });
            }
            Err(TryLockError::Error(why)) => return Err(unusable(&path, why)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(|why| unusable(&path, why))?;
        Ok(Lock { file })
    }

    /// Where browsers find the process that has the lock; of use only while one is known to run.
    pub fn origin(&self) -> Option<String> {
        fs::read_to_string(self.lock_file())
            .ok()?
            .lines()
            .nth(1)
            .map(ToOwned::to_owned)
    }

    /// Permission bits of the folder that let others in; 0 if it is private.
    ///
    /// # Errors
    /// The system's reason why it cannot be looked at.
    pub fn open_to_others(&self) -> io::Result<u32> {
        Ok(fs::metadata(&self.path)?.permissions().mode() & 0o077)
    }

    fn lock_file(&self) -> PathBuf {
        self.path.join("holdpoint.lock")
    }
}

fn unusable(path: &Path, why: io::Error) -> DataDirError {
    DataDirError::Unusable {
        path: path.to_owned(),
        why,
    }
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.lines().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (tempfile::TempDir, DataDir) {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(folder.path().join("data"));
        (folder, data_dir)
    }

    #[test]
    fn a_new_data_directory_is_private_and_complete() {
        let (_folder, data_dir) = fresh();
        data_dir.prepare().unwrap();
        assert_eq!(data_dir.open_to_others().unwrap(), 0);
        for folder in FOLDERS {
            assert_eq!(
                fs::metadata(data_dir.path().join(folder)).unwrap().permissions().mode() & 0o777,
                0o700
            );
        }
    }

    #[test]
    fn the_second_to_come_learns_who_was_first() {
        let (_folder, data_dir) = fresh();
        data_dir.prepare().unwrap();
        let mut first = data_dir.lock().unwrap();
        first.leave_word("http://127.0.0.1:8787").unwrap();
        assert_eq!(data_dir.origin().as_deref(), Some("http://127.0.0.1:8787"));
        let refused = data_dir.lock().unwrap_err();
        assert!(
            matches!(refused, DataDirError::InUse { pid: Some(pid), .. } if pid == std::process::id()),
            "{refused}"
        );
        drop(first);
        let _second = data_dir.lock().unwrap();
        assert_eq!(data_dir.origin(), None, "the word of the one before is forgotten");
    }

    #[test]
    fn what_is_there_is_left_alone() {
        let (_folder, data_dir) = fresh();
        data_dir.prepare().unwrap();
        fs::write(data_dir.path().join("models/mine.gguf"), "mine").unwrap();
        data_dir.prepare().unwrap();
        assert_eq!(
            fs::read_to_string(data_dir.path().join("models/mine.gguf")).unwrap(),
            "mine"
        );
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_refused_before_anything_is_made() {
        let (_folder, data_dir) = fresh();
        let long = DataDir::new(data_dir.path().join("x".repeat(120)));
        assert!(matches!(long.prepare(), Err(DataDirError::PathTooLong { .. })));
        assert!(!long.path().exists());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let (folder, data_dir) = fresh();
        fs::write(folder.path().join("data"), "").unwrap();
        let refused = data_dir.prepare().unwrap_err().to_string();
        assert!(refused.contains("data cannot be used"), "{refused}");
    }
}
