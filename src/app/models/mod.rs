//! The models of this machine: which files there are, where they came from, whether they are still what they were, and
//! which are used. They belong to no workspace; the rows say who changed what, and when.
//!
//! A file comes in by [`add`] or [`pull`], both as background work that [`arrivals`] tells about: it is checked, hashed,
//! synced and only then given its name, so a file with a model's name is always a whole one.

mod add;
mod arrival;
mod change;
mod file;
mod list;
mod pull;
mod writers;

pub use add::{AddWish, add};
pub use arrival::{ArrivalState, ArrivalView, arrival, arrivals, cancel};
pub use change::{Chosen, Removed, remove, use_model};
pub use list::{ChosenBy, FileState, ModelView, ModelsToRun, ModelsView, Running, Unfinished, list, to_run, verify};
pub use pull::{PullWish, pull};
pub use writers::{Fits, adapters};

pub(super) use writers::check_writers;

use super::{App, AppError};
use crate::domain::model::Purpose;
use crate::outbound::Outbound;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::Mutex;

/// Free space that a model must leave on its disk, so that conversations can still be saved, bytes.
pub const DISK_RESERVE_BYTES: u64 = 1 << 30;

/// What this machine's configuration says about its models.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    /// The folder that model files are kept in; made when the first one comes.
    pub folder: PathBuf,
    /// The chat model.
    pub chat: Configured,
    /// The embedding model.
    pub embed: Configured,
    /// Window of a chat model, tokens: it decides how much memory one needs.
    pub context_tokens: u32,
    /// Free space that a model must leave on its disk, bytes.
    pub disk_reserve_bytes: u64,
    /// Fetches what is pulled.
    pub outbound: Outbound,
    /// Wait before a download that broke off is taken up again; doubles with every further time in a row.
    pub first_retry_wait: Duration,
}

/// A model as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Configured {
    /// Its file; `None` for no model at all.
    pub file: Option<PathBuf>,
    /// The setting that names it, for people, if somebody set it: then it wins over what is chosen here.
    pub named_by: Option<String>,
}

impl ModelSettings {
    fn configured(&self, purpose: Purpose) -> Option<&Configured> {
        match purpose {
            Purpose::Chat => Some(&self.chat),
            Purpose::Embed => Some(&self.embed),
            Purpose::Adapter => None,
        }
    }
}

/// The settings, and what is on its way.
#[derive(Debug)]
pub(crate) struct Catalogue {
    settings: ModelSettings,
    arrivals: arrival::Arrivals,
    /// Held while the catalogue and the folder change together.
    changing: Mutex<()>,
}

impl Catalogue {
    pub(crate) fn new(settings: ModelSettings) -> Self {
        Self {
            settings,
            arrivals: arrival::Arrivals::default(),
            changing: Mutex::default(),
        }
    }
}

fn catalogue(app: &App) -> Result<&Catalogue, AppError> {
    app.inner.models.as_ref().ok_or_else(|| {
        AppError::Invalid("this server has no models folder, so its models cannot be looked after here".to_owned())
    })
}

fn conflict(sentence: impl Into<String>) -> AppError {
    AppError::Conflict {
        sentence: sentence.into(),
        extra: serde_json::json!({}),
    }
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    if bytes >= 1_000_000_000 {
        format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10)
    } else if bytes >= 1_000_000 {
        format!("{} MB", bytes / 1_000_000)
    } else {
        format!("{bytes} bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_told_as_people_read_them() {
        assert_eq!(size(512), "512 bytes");
        assert_eq!(size(98_362_432), "98 MB");
        assert_eq!(size(4_680_000_000), "4.6 GB");
    }
}
