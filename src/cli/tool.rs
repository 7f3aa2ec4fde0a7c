//! `holdpoint tool`: what may be proposed to be done, and the secrets that tools show to other machines.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::queue::from_standard_input;
use super::show::{joined, list, number, text};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::PathBuf;

const TOOLS: &str = "/api/v1/tools";
const SECRETS: &str = "/api/v1/secrets";

#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// All of them, by name
    List,
    /// One of them, as it is defined; a file for `tool apply`
    Show {
        /// Its name
        name: String,
    },
    /// Define tools, or other versions of them, from files; see examples/tools
    Apply {
        /// Files with a tool each, as JSON
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Remove a tool: nothing more is proposed with it
    Remove {
        /// Its name
        name: String,
    },
    /// Secrets that tools show to other machines; nobody reads them out again
    #[command(subcommand)]
    Secret(Secret),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Their names
    List,
    /// Set one, read from standard input
    Set {
        /// Its name: a tool's header has it as {secret:NAME}
        name: String,
    },
    /// Remove one
    Remove {
        /// Its name
        name: String,
    },
}

impl Tool {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        Client::asked(context, Needs::Database, async |client| self.ask(context, client).await).await
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::List => context.answer(&client.get(TOOLS).await?, tools),
            Self::Show { name } => {
                let answer = client.get(&one(TOOLS, &name)).await?;
                context.answer(&answer, |answer| format!("{:#}", answer["tool"]))
            }
            Self::Apply { files } => {
                let mut applied = Vec::with_capacity(files.len());
                for file in files {
                    let shown = file.display();
                    let read = std::fs::read_to_string(&file)
                        .map_err(|error| Failure::usage(format!("{shown} cannot be read ({error})")))?;
                    let tool: Value = serde_json::from_str(&read)
                        .map_err(|error| Failure::usage(format!("{shown} is no JSON: {error}")))?;
                    let name = text(&tool, "/name");
                    if name.is_empty() {
                        return Err(Failure::usage(format!(
                            "{shown} has no \"name\"; give the tool one, like refund_order"
                        )));
                    }
                    applied.push(client.put(&one(TOOLS, name), &tool).await?);
                }
                context.answer(&json!({ "items": applied }), told)
            }
            Self::Remove { name } => {
                let answer = client.delete(&one(TOOLS, &name)).await?;
                context.answer(&answer, |_| {
                    format!("Removed: {name}. What waits with it may still be decided.")
                })
            }
            Self::Secret(secret) => secret.ask(context, client).await,
        }
    }
}

impl Secret {
    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::List => context.answer(&client.get(SECRETS).await?, secrets),
            Self::Set { name } => {
                output::hint("The secret, then Enter and Ctrl-D:");
                let wish = json!({ "value": from_standard_input()? });
                let answer = client.put(&one(SECRETS, &name), &wish).await?;
                context.answer(&answer, |_| format!("Set: tools have it as {{secret:{name}}}."))
            }
            Self::Remove { name } => {
                let answer = client.delete(&one(SECRETS, &name)).await?;
                context.answer(&answer, |_| format!("Removed: {name}."))
            }
        }
    }
}

fn one(path: &str, name: &str) -> String {
    format!("{path}/{}", escaped(name))
}

fn told(answer: &Value) -> String {
    let line = |tool: &Value| {
        let line = format!(
            "{}: version {} is in force.",
            text(tool, "/tool/name"),
            number(tool, "/version")
        );
        match joined(tool, "/missing_secrets") {
            missing if missing.is_empty() => line,
            missing => format!("{line} Set its secrets before it is used, with holdpoint tool secret set: {missing}"),
        }
    };
    let lines: Vec<String> = list(answer, "/items").iter().map(line).collect();
    lines.join("\n")
}

fn tools(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|it| {
            [
                text(it, "/tool/name").to_owned(),
                short(text(it, "/tool/title"), 40),
                text(it, "/tool/run/kind").to_owned(),
                text(it, "/tool/risk").to_owned(),
                number(it, "/version").to_string(),
                joined(it, "/missing_secrets"),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There are no tools yet. Define one: holdpoint tool apply FILE (see examples/tools)".to_owned();
    }
    output::table(["NAME", "TITLE", "DOES", "RISK", "VERSION", "SECRETS MISSING"], &rows)
}

fn secrets(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|it| [text(it, "/name").to_owned(), super::show::time(it, "/changed_at")])
        .collect();
    if rows.is_empty() {
        return "There are no secrets yet. Set one: holdpoint tool secret set NAME".to_owned();
    }
    output::table(["NAME", "SET"], &rows)
}
