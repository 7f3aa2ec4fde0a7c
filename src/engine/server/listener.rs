//! The Unix socket the engine listens on.

use std::{
    fs, io,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

use axum::Router;

use crate::engine::error::RunError;

/// An open socket, readable and writable by its owner only; its file is removed when dropped.
pub(crate) struct Listener {
    /// Removed before the socket closes: a successor that finds nobody answering must not lose its own file.
    file: SocketFile,
    inner: UnixListener,
}

struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _already_gone = fs::remove_file(&self.0);
    }
}

impl Listener {
    /// Opens the socket. A file left behind by an engine that died is replaced; one that answers is not.
    pub(crate) fn open(path: &Path) -> Result<Self, RunError> {
        let failed = |source: io::Error| RunError::Socket {
            path: path.to_owned(),
            source,
        };
        if UnixStream::connect(path).is_ok() {
            return Err(RunError::SocketInUse(path.to_owned()));
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let inner = UnixListener::bind(path).map_err(failed)?;
        inner.set_nonblocking(true).map_err(failed)?;
        let file = SocketFile(path.to_owned());
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { file, inner })
    }

    /// Serves inside a Tokio runtime until dropped; only a failing socket ends it.
    pub(crate) async fn serve(self, router: Router) -> io::Result<()> {
        let Self { file, inner } = self;
        let served = axum::serve(tokio::net::UnixListener::from_std(inner)?, router);
        // Declared last, dropped first.
        let _file = file;
        served.await
    }
}
