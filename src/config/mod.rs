//! What an owner can set, where each value comes from, and what it becomes.
//!
//! Flags win over environment variables, these over the configuration file, this over defaults. Every setting is
//! defined once, in [`KEYS`]: the flags, the variables, the file, its example and the help are made from that table.

mod error;
mod example;
mod file;
mod hosts;
mod keys;
mod mail;
mod parse;
mod remote;

pub use crate::domain::suggestion::closest;
pub use error::ConfigError;
pub use example::example;
pub use keys::{KEYS, Key};
pub use mail::{MailSecurity, Smtp};
pub use parse::size_bytes;

use crate::domain::network::Network;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};

/// Name of the configuration file in the data directory.
pub const FILE_NAME: &str = "holdpoint.toml";
/// Environment variable that names another configuration file.
pub const FILE_VARIABLE: &str = "HOLDPOINT_CONFIG";

/// Settings as Holdpoint uses them: complete and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Folder with everything Holdpoint keeps.
    pub data_dir: PathBuf,
    /// Address of the web server.
    pub listen: SocketAddr,
    /// Origin under which people reach the server, like `https://chat.shop.example`.
    pub public_origin: Option<String>,
    /// Reverse proxies that are believed when they say whose request they pass on.
    pub trusted_proxies: Vec<Network>,
    /// Where the database is.
    pub database: Database,
    /// Folder with model files.
    pub models_dir: PathBuf,
    /// The chat model, if one is to be used.
    pub chat_model: Option<Model>,
    /// The embedding model, if one is to be used.
    pub embed_model: Option<Model>,
    /// Threads each model computes with; one per core if `None`.
    pub engine_threads: Option<NonZero<u16>>,
    /// Window of the chat model, tokens.
    pub engine_context: Option<NonZero<u32>>,
    /// Answers that the chat model writes at the same time.
    pub engine_slots: Option<NonZero<u16>>,
    /// Tokens of the chat model's cache beyond one window.
    pub engine_cache: Option<NonZero<u32>>,
    /// Memory that all models together may need, bytes; what the machine can give if `None`.
    pub engine_memory_bytes: Option<u64>,
    /// Other servers that may write answers.
    pub remote_engines: Vec<RemoteEngine>,
    /// The mail server, if e-mail is to be sent.
    pub smtp: Option<Smtp>,
    /// Hosts inside of this machine or its network that webhooks may reach, `HOST` or `HOST:PORT`.
    pub webhook_hosts: Vec<String>,
    /// Shape of log lines.
    pub log_format: LogFormat,
    /// What is logged: a level, or directives like `info,holdpoint::web=debug`.
    pub log_level: String,
}

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL URL. It may hold a password, so it is never shown.
    Postgres(String),
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Postgres(url) => f.debug_tuple("Postgres").field(&parse::without_password(url)).finish(),
        }
    }
}

/// A server elsewhere that may write answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteEngine {
    /// Its name: lower-case letters, digits and hyphens.
    pub name: String,
    /// Scheme, host, port and path before `/v1`.
    pub base_url: String,
}

/// A model file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The GGUF file.
    pub path: PathBuf,
    /// True if the owner named it: then it is an error when it is missing. The default models may be absent.
    pub chosen: bool,
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of this command.
    Flag(String),
    /// An environment variable.
    Environment(String),
    /// The configuration file.
    File(PathBuf),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value as somebody wrote it, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The text; empty means "none".
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// A setting as `config show` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its key.
    pub key: &'static Key,
    /// Its value, without secrets.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// What was given on the command line, by key.
pub type Flags = BTreeMap<&'static str, String>;

/// The settings with their origins.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Ready to use.
    pub settings: Settings,
    /// Each setting as it is shown, in the order of [`KEYS`].
    pub shown: Vec<Shown>,
    /// The configuration file that was read, if there is one.
    pub file: Option<PathBuf>,
    /// Environment variables that look like settings but are none.
    pub unknown_variables: Vec<String>,
}

impl Resolved {
    /// True if somebody set `key`.
    pub fn is_set(&self, key: &str) -> bool {
        self.set_by(key).is_some()
    }

    /// Where `key` was set, if somebody did.
    pub fn set_by(&self, key: &str) -> Option<&Origin> {
        let shown = self.shown.iter().find(|shown| shown.key.name == key)?;
        Some(&shown.origin).filter(|origin| **origin != Origin::Default)
    }
}

/// Brings flags, environment, file and defaults together.
///
/// `variable` looks up an environment variable. `config_flag` is the file named with `--config`; that file must
/// exist, the one in the data directory may be absent.
///
/// # Errors
/// [`ConfigError`], each naming the place to change.
pub fn resolve(
    flags: &Flags,
    config_flag: Option<&Path>,
    environment: &BTreeMap<String, String>,
) -> Result<Resolved, ConfigError> {
    let named = config_flag
        .map(Path::to_owned)
        .or_else(|| environment.get(FILE_VARIABLE).map(PathBuf::from));
    let above = |key: &'static Key| -> Option<Given> {
        let flag = flags.get(key.name).map(|text| (text, Origin::Flag(key.flag())));
        let variable = || {
            environment
                .get(&key.variable())
                .map(|text| (text, Origin::Environment(key.variable())))
        };
        flag.or_else(variable).map(|(text, origin)| Given {
            text: text.clone(),
            origin,
        })
    };

    let in_data_dir = named.is_none();
    let file = match named {
        Some(path) => Some(path),
        None => Some(data_dir_before_file(above(Key::find("data_dir"))).join(FILE_NAME)).filter(|path| path.exists()),
    };
    let from_file = match &file {
        Some(path) => file::read(path, in_data_dir)?,
        None => BTreeMap::new(),
    };

    let given = |key: &'static Key| -> Given {
        above(key)
            .or_else(|| from_file.get(key.name).cloned())
            .unwrap_or_else(|| Given {
                text: key.default.to_owned(),
                origin: Origin::Default,
            })
    };
    let all: Vec<(&'static Key, Given)> = KEYS.iter().map(|key| (key, given(key))).collect();
    let settings = parse::settings(&all)?;
    let shown = all
        .into_iter()
        .map(|(key, given)| Shown {
            key,
            value: parse::shown(key, &given, &settings),
            origin: given.origin,
        })
        .collect();
    Ok(Resolved {
        settings,
        shown,
        file,
        unknown_variables: unknown_variables(environment),
    })
}

fn data_dir_before_file(given: Option<Given>) -> PathBuf {
    given.map_or_else(
        || PathBuf::from(Key::find("data_dir").default),
        |given| PathBuf::from(given.text),
    )
}

/// Variables that only the installer and the tests read.
const OTHER_VARIABLES: [&str; 6] = [
    FILE_VARIABLE,
    "HOLDPOINT_MODELS",
    "HOLDPOINT_PORT",
    "HOLDPOINT_TOKEN",
    "HOLDPOINT_CHROMIUM",
    "HOLDPOINT_WORKSPACE",
];

fn unknown_variables(environment: &BTreeMap<String, String>) -> Vec<String> {
    environment
        .keys()
        .filter(|name| name.starts_with("HOLDPOINT_") && !name.starts_with("HOLDPOINT_TEST_"))
        .filter(|name| !OTHER_VARIABLES.contains(&name.as_str()) && !KEYS.iter().any(|key| key.variable() == **name))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
