//! Why the settings cannot be used, and what to change.

use super::Origin;
use std::path::PathBuf;

/// A mistake in the settings.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read ({why}); check the path and its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// The file is not TOML.
    #[error("the configuration file {} is not valid TOML in line {line} ({why}); `holdpoint config example` prints a valid one", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Line of the mistake, from 1.
        line: usize,
        /// The parser's reason.
        why: String,
    },
    /// A key that is no setting.
    #[error("`{key}` in {} is not a setting{}", path.display(), did_you_mean(*.suggestion))]
    UnknownKey {
        /// The key.
        key: String,
        /// The file.
        path: PathBuf,
        /// The setting that was perhaps meant.
        suggestion: Option<&'static str>,
    },
    /// The data directory is set by the file inside it.
    #[error("`data_dir` cannot be set in {}, which is inside the data directory; use --data-dir, HOLDPOINT_DATA_DIR, or a file elsewhere named with --config", path.display())]
    DataDirInside {
        /// The file.
        path: PathBuf,
    },
    /// A value that cannot be.
    #[error("`{key}` is {value:?} ({origin}), but {wanted}")]
    Invalid {
        /// The setting.
        key: &'static str,
        /// What was given, without secrets.
        value: String,
        /// Where.
        origin: Origin,
        /// What would be right, as a clause.
        wanted: String,
    },
    /// Reachable from other machines without a public origin.
    #[error(
        "`listen` is {address} ({origin}), which other machines can reach; set `public_origin` to the https address browsers use, or listen on 127.0.0.1"
    )]
    Exposed {
        /// The address.
        address: String,
        /// Where it was given.
        origin: Origin,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(
        || "; `holdpoint config example` lists them all".to_owned(),
        |suggestion| format!("; did you mean `{suggestion}`?"),
    )
}
