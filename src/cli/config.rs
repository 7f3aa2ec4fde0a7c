//! `holdpoint config`: what is in force, and where it comes from.

use super::context::Context;
use super::exit::Failure;
use super::output;
use crate::config::{self, KEYS, Key, Shown, closest};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print every setting in force
    Show(Show),
    /// Print an example configuration file with every setting explained
    Example,
    /// Check the configuration file, the environment and the flags
    Check,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Tell where each value comes from: flag, environment variable, file or default
    #[arg(long)]
    origins: bool,
}

impl Config {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Show(show) => context.answer(&as_json(&context.resolved.shown), |_| {
                show.words(&context.resolved.shown)
            }),
            Self::Example => output::print(&config::example()),
            Self::Check => check(context),
        }
    }
}

impl Show {
    fn words(&self, shown: &[Shown]) -> String {
        let value = |shown: &Shown| {
            if shown.value.is_empty() {
                "(none)".to_owned()
            } else {
                shown.value.clone()
            }
        };
        if self.origins {
            let rows: Vec<_> = shown
                .iter()
                .map(|it| [it.key.name.to_owned(), value(it), it.origin.to_string()])
                .collect();
            output::table(["SETTING", "VALUE", "FROM"], &rows)
        } else {
            let rows: Vec<_> = shown.iter().map(|it| [it.key.name.to_owned(), value(it)]).collect();
            output::table(["SETTING", "VALUE"], &rows)
        }
    }
}

fn as_json(shown: &[Shown]) -> Value {
    shown
        .iter()
        .map(|it| {
            (
                it.key.name.to_owned(),
                json!({ "value": it.value, "origin": it.origin.to_string() }),
            )
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Wrong settings never come this far: every command refuses them. What is left are variables nobody reads.
fn check(context: &Context) -> Result<(), Failure> {
    let resolved = &context.resolved;
    let unknown: Vec<Value> = resolved
        .unknown_variables
        .iter()
        .map(|name| unknown_variable(name))
        .collect();
    let answer = json!({ "ok": unknown.is_empty(), "file": resolved.file, "unknown_variables": unknown });
    context.answer(&answer, |_| {
        let file = resolved.file.as_ref().map_or_else(
            || {
                format!(
                    "There is no configuration file; {} would be read.",
                    expected_file(context)
                )
            },
            |file| format!("The settings are right; {} was read.", file.display()),
        );
        let mut lines = vec![file];
        for variable in &unknown {
            let suggestion = variable["suggestion"].as_str();
            let suggestion = suggestion.map_or_else(String::new, |name| format!("; did you mean {name}?"));
            lines.push(format!(
                "Nobody reads the variable {}{suggestion}",
                variable["name"].as_str().unwrap_or_default()
            ));
        }
        lines.join("\n")
    })?;
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(Failure::findings())
    }
}

fn unknown_variable(name: &str) -> Value {
    let written = name.trim_start_matches("HOLDPOINT_");
    let meant = KEYS
        .iter()
        .find(|key| Some(key.name) == closest(written, KEYS.iter().map(|key| key.name)));
    json!({ "name": name, "suggestion": meant.map(Key::variable) })
}

fn expected_file(context: &Context) -> String {
    context
        .settings()
        .data_dir
        .join(config::FILE_NAME)
        .display()
        .to_string()
}
