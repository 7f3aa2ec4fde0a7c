//! What a command knows: the settings, where to print, and which workspace.

use super::exit::Failure;
use super::flags::Common;
use crate::config::{self, Resolved, Settings};
use crate::data_dir::DataDir;
use crate::telemetry;
use std::collections::BTreeMap;

/// Everything the flags, the environment and the file amount to.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) resolved: Resolved,
    /// Answer with JSON.
    pub(crate) json: bool,
    /// The workspace that was named.
    pub(crate) workspace: Option<String>,
    /// E-mail address of the member in whose name the administrator acts.
    pub(crate) member: Option<String>,
}

impl Context {
    pub(crate) fn new(common: Common) -> Result<Self, Failure> {
        // A variable that is not Unicode cannot be one of ours.
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let resolved = config::resolve(&common.settings.0, common.config.as_deref(), &environment)?;
        Ok(Self {
            resolved,
            json: common.json,
            workspace: common.workspace,
            member: None,
        })
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.resolved.settings
    }

    pub(crate) fn data_dir(&self) -> DataDir {
        DataDir::new(&self.settings().data_dir)
    }

    /// A server tells what it does; every other command only tells what is wrong, unless asked for more.
    pub(crate) fn start_logging(&self, is_server: bool) {
        let settings = self.settings();
        let level = if is_server || self.resolved.is_set("log_level") {
            settings.log_level.as_str()
        } else {
            "warn"
        };
        telemetry::start(settings.log_format, level);
    }
}
