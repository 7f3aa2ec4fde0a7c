//! Flags that every command has: the settings, and how to answer.

use crate::config::{Flags, KEYS};
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};
use std::path::PathBuf;
use std::sync::LazyLock;

/// `data-dir` for `data_dir`, and so on: clap wants names that live for ever.
static LONG: LazyLock<Vec<String>> = LazyLock::new(|| KEYS.iter().map(|key| key.name.replace('_', "-")).collect());

/// What every command understands.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Print the answer as JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Which workspace; may be left out when there is only one
    #[arg(long, value_name = "NAME", global = true, env = "HOLDPOINT_WORKSPACE")]
    pub(crate) workspace: Option<String>,
    /// Configuration file to read instead of the one in the data directory
    #[arg(long, value_name = "FILE", global = true, help_heading = "Settings")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
}

/// One flag for each setting, made from the table of settings.
#[derive(Debug)]
pub(crate) struct SettingFlags(pub(crate) Flags);

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |name: &'static str| Some((name, matches.get_one::<String>(name)?.clone()));
        Ok(Self(KEYS.iter().filter_map(|key| given(key.name)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.extend(Self::from_arg_matches(matches)?.0);
        Ok(())
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        KEYS.iter().zip(LONG.iter()).fold(command, |command, (key, long)| {
            let default = if key.default.is_empty() { "none" } else { key.default };
            command.arg(
                Arg::new(key.name)
                    .long(long.as_str())
                    .value_name(key.value_name)
                    .help(format!(
                        "{} [default: {default}; variable {}]",
                        key.help,
                        key.variable()
                    ))
                    .help_heading("Settings")
                    .hide_short_help(key.name != "data_dir")
                    .allow_hyphen_values(false)
                    .global(true),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
