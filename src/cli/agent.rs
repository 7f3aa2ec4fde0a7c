//! `holdpoint agent`: the AI personas of a workspace, their settings and versions; and `holdpoint model try`.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::{Code, Failure};
use super::output::{self, short};
use super::queue::from_standard_input;
use super::show::{joined, list, more, number, text, time};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;

const AGENTS: &str = "/api/v1/agents";
const CANDIDATES: &str = "/api/v1/improve/candidates";

#[derive(Debug, Args)]
#[command(
    after_help = "What can change an answer is tried on questions of the past, and goes live when it is published: holdpoint improve changes."
)]
pub(crate) struct Agent {
    /// The agent, by name or id [default: the only one]
    #[arg(long = "agent", value_name = "AGENT", global = true)]
    wanted: Option<String>,
    /// Member in whose name you act
    #[arg(long = "as", value_name = "EMAIL", global = true)]
    member: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The agents of the workspace
    List,
    /// The settings of an agent, as JSON that can be changed and set again
    Show,
    /// Change the settings: fields that are left out stay as they are
    Set(Set),
    /// The versions of an agent, with who published which and what it changed
    Versions,
}

#[derive(Debug, Args)]
struct Set {
    /// JSON file with the fields to change; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Do not wait until what changes answers was tried: it is live at once, and this is why
    #[arg(long, value_name = "REASON")]
    now: Option<String>,
}

impl Agent {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        context.member.clone_from(&self.member);
        Client::asked(&context, Needs::Database, async |client| {
            self.ask(&context, client).await
        })
        .await
    }

    async fn ask(&self, context: &Context, client: &Client) -> Result<(), Failure> {
        match &self.command {
            Command::List => context.answer(&client.get(AGENTS).await?, listed),
            Command::Show => {
                let agent = find(client, self.wanted.as_deref()).await?;
                context.answer(&agent["settings"], |settings| format!("{settings:#}"))
            }
            Command::Versions => {
                let agent = find(client, self.wanted.as_deref()).await?;
                let path = format!("{AGENTS}/{}/versions", escaped(text(&agent, "/id")));
                context.answer(&client.get(&path).await?, versions)
            }
            Command::Set(wish) => {
                let changes: Value = serde_json::from_str(&wish.read()?)
                    .map_err(|error| Failure::usage(format!("the settings are not JSON ({error})")))?;
                let Value::Object(changes) = changes else {
                    return Err(Failure::usage(
                        "the settings are an object of fields, like {\"name\": \"Juno\"}",
                    ));
                };
                let agent = find(client, self.wanted.as_deref()).await?;
                let mut settings = agent["settings"].clone();
                if let Some(fields) = settings.as_object_mut() {
                    fields.extend(changes);
                }
                let query = wish
                    .now
                    .as_ref()
                    .map_or_else(String::new, |reason| format!("?publish=now&reason={}", escaped(reason)));
                let path = format!("{AGENTS}/{}{query}", escaped(text(&agent, "/id")));
                context.answer(&client.put(&path, &settings).await?, changed)
            }
        }
    }
}

impl Set {
    fn read(&self) -> Result<String, Failure> {
        if self.file.as_os_str() == "-" {
            return from_standard_input();
        }
        std::fs::read_to_string(&self.file)
            .map_err(|error| Failure::usage(format!("{} cannot be read ({error})", self.file.display())))
    }
}

/// The agent of this name or id; the only one if none is named.
pub(super) async fn find(client: &Client, wanted: Option<&str>) -> Result<Value, Failure> {
    let answer = client.get(AGENTS).await?;
    let agents = list(&answer, "/items");
    let is_it =
        |agent: &&Value| wanted.is_none_or(|name| name == text(agent, "/settings/name") || name == text(agent, "/id"));
    let mut found = agents.iter().filter(is_it);
    match (found.next(), found.next()) {
        (Some(agent), None) => Ok(agent.clone()),
        (None, _) => Err(Failure::new(
            Code::NotFound,
            "no agent is called so; look with: holdpoint agent list",
        )),
        (Some(_), Some(_)) => {
            let names: Vec<&str> = agents.iter().map(|agent| text(agent, "/settings/name")).collect();
            Err(Failure::usage(format!(
                "name the agent with --agent, by its name or id: {}",
                names.join(", ")
            )))
        }
    }
}

fn listed(answer: &Value) -> String {
    let rows: Vec<[String; 6]> = list(answer, "/items")
        .iter()
        .map(|agent| {
            let or_default = |text: String| {
                if text.is_empty() {
                    "the default".to_owned()
                } else {
                    text
                }
            };
            [
                text(agent, "/settings/name").to_owned(),
                text(agent, "/id").to_owned(),
                number(agent, "/version").to_string(),
                or_default(joined(agent, "/settings/chat_models")),
                text(agent, "/settings/adapter").to_owned(),
                joined(agent, "/settings/origins"),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is no agent yet; make one with: holdpoint init".to_owned();
    }
    output::table(["AGENT", "ID", "VERSION", "CHAT MODELS", "ADAPTER", "WEB SITES"], &rows)
}

fn versions(answer: &Value) -> String {
    let rows: Vec<[String; 4]> = list(answer, "/items")
        .iter()
        .map(|version| {
            let live = if version["is_live"] == true { ", in force" } else { "" };
            [
                format!("{}{live}", number(version, "/number")),
                time(version, "/at"),
                text(version, "/by").to_owned(),
                joined(version, "/changed"),
            ]
        })
        .collect();
    output::table(["VERSION", "PUBLISHED", "BY", "CHANGED"], &rows) + &more(answer)
}

/// What became of a change of settings.
fn changed(answer: &Value) -> String {
    let version = number(answer, "/version");
    let says = text(answer, "/candidate/in_words");
    let id = text(answer, "/candidate/id");
    match text(answer, "/candidate/state") {
        "" => format!("Version {version} is in force."),
        "published" => {
            format!("Version {version} is in force. {says} To take it back: holdpoint improve changes take-back {id}")
        }
        _ => format!(
            "{says}\n  See what it does:  holdpoint improve changes show {id}\n  Make it live:      holdpoint improve changes publish {id}\n\
             What changes no answer is live, as version {version}."
        ),
    }
}

/// `holdpoint model try`.
#[derive(Debug, Args)]
pub(crate) struct Try {
    /// A chat model, NAME or NAME@ENGINE, or an adapter for the one that writes now
    #[arg(value_name = "NAME")]
    name: String,
    /// The adapter that the chat model is to write with [default: none]
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// The agent that is to write with it, by name or id [default: all]
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Member in whose name you act
    #[arg(long = "as", value_name = "EMAIL")]
    pub(super) member: Option<String>,
}

impl Try {
    /// Makes a candidate for each agent that does not write so already.
    pub(super) async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        let models = client.get("/api/v1/admin/models").await?;
        let known = list(&models, "/items").iter();
        let mut of_name = known.filter(|model| text(model, "/name") == self.name);
        let purpose = of_name.next().map(|model| text(model, "/purpose"));
        let is_adapter = match purpose {
            Some("adapter") if self.adapter.is_some() => {
                return Err(Failure::usage(format!(
                    "{} is an adapter; name the chat model first, and the adapter with --adapter",
                    self.name
                )));
            }
            Some("adapter") => true,
            Some("chat") => false,
            None if self.name.contains('@') => false,
            _ => {
                return Err(Failure::new(
                    Code::NotFound,
                    format!(
                        "there is no chat model or adapter {}; see: holdpoint model list",
                        self.name
                    ),
                ));
            }
        };
        let agents = match &self.agent {
            Some(agent) => vec![find(client, Some(agent)).await?],
            None => list(&client.get(AGENTS).await?, "/items").to_vec(),
        };
        let mut made = Vec::new();
        for agent in agents {
            let mut settings = agent["settings"].clone();
            if is_adapter {
                settings["adapter"] = json!(self.name);
            } else {
                settings["chat_models"] = json!([self.name]);
                settings["adapter"] = json!(self.adapter);
            }
            if settings == agent["settings"] {
                continue;
            }
            let adapted = self
                .adapter
                .as_ref()
                .map_or_else(String::new, |adapter| format!(" with {adapter}"));
            let title = format!("{}: written by {}{adapted}", text(&agent, "/settings/name"), self.name);
            let change = json!({ "kind": "set_agent", "id": agent["id"], "settings": settings });
            let wish = json!({ "title": short(&title, 100), "changes": [change] });
            made.push(client.post(CANDIDATES, &wish).await?);
        }
        context.answer(&json!({ "items": made }), tried)
    }
}

fn tried(answer: &Value) -> String {
    let made = list(answer, "/items");
    if made.is_empty() {
        return "Every agent writes so already; there is nothing to try.".to_owned();
    }
    let lines = made.iter().map(|candidate| {
        let id = text(candidate, "/id");
        format!(
            "{}\n  See what it does:  holdpoint improve changes show {id}\n  Make it live:      holdpoint improve changes publish {id}\n",
            text(candidate, "/title")
        )
    });
    format!(
        "It is tried on questions of the past while the server runs; nothing is live yet.\n{}",
        lines.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_whether_it_is_live_and_where_to_look() {
        let live = json!({ "version": 3 });
        assert_eq!(changed(&live), "Version 3 is in force.");
        let tried = |state| json!({ "version": 3, "candidate": { "id": "c1", "state": state, "in_words": "Said." } });
        assert!(changed(&tried("replaying")).contains("improve changes publish c1"));
        assert!(changed(&tried("published")).contains("take-back c1"));
        assert!(super::tried(&json!({ "items": [] })).starts_with("Every agent"));
    }
}
