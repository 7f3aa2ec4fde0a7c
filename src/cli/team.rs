//! `holdpoint queue team` and `holdpoint queue spam`: the people at the queue, and what does not belong in it.

use super::api::{Client, escaped};
use super::context::Context;
use super::exit::Failure;
use super::output;
use super::show::{joined, list, number, text};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;

const TEAM: &str = "/api/v1/team";
const SETTINGS: &str = "/api/v1/team/settings";

#[derive(Debug, Args)]
pub(crate) struct Spam {
    /// Id of a conversation; without one, what counts as spam is listed
    conversation: Option<String>,
    /// It is no spam: the AI drafts for what is unanswered
    #[arg(long, requires = "conversation")]
    clear: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Team {
    /// Everybody, with what they know about and what they have
    List,
    /// What a member knows about, and whether they work now
    Member(Member),
    /// Show how the team works together, or set it from a JSON file
    Settings(Settings),
}

#[derive(Debug, Args)]
pub(crate) struct Member {
    /// E-mail address
    email: String,
    /// What they know about, in place of what was set before; may be repeated
    #[arg(long = "skill", value_name = "SKILL")]
    skills: Vec<String>,
    /// They know about nothing in particular
    #[arg(long, conflicts_with = "skills")]
    no_skills: bool,
    /// Give them nothing for now
    #[arg(long)]
    away: bool,
    /// Give them what waits while they are there
    #[arg(long, conflicts_with = "away")]
    back: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// JSON file with the new settings
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Spam {
    pub(crate) async fn run(self, context: &Context, client: &Client) -> Result<(), Failure> {
        let Some(conversation) = self.conversation else {
            let answer = client.get("/api/v1/spam").await?;
            return context.answer(&answer, |answer| {
                let ids: Vec<&str> = list(answer, "/items").iter().filter_map(Value::as_str).collect();
                if ids.is_empty() {
                    "Nothing counts as spam.".to_owned()
                } else {
                    ids.join("\n")
                }
            });
        };
        let path = format!("/api/v1/conversations/{}/spam", escaped(&conversation));
        if self.clear {
            let answer = client.delete(&path).await?;
            return context.answer(&answer, |_| "No spam; the AI drafts for what is unanswered.".to_owned());
        }
        let answer = client.post(&path, &json!({})).await?;
        context.answer(&answer, |_| {
            format!("Marked as spam. To take that back: holdpoint queue spam {conversation} --clear")
        })
    }
}

impl Team {
    pub(crate) async fn run(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::List => {
                let answer = client.get(TEAM).await?;
                context.answer(&answer, team)
            }
            Self::Member(member) => member.run(context, client).await,
            Self::Settings(Settings { file: None }) => {
                let answer = client.get(SETTINGS).await?;
                context.answer(&answer, pretty)
            }
            Self::Settings(Settings { file: Some(file) }) => {
                let text = std::fs::read_to_string(&file)
                    .map_err(|error| Failure::usage(format!("{} cannot be read ({error})", file.display())))?;
                let settings: Value = serde_json::from_str(&text)
                    .map_err(|error| Failure::usage(format!("{} is no JSON ({error})", file.display())))?;
                let answer = client.put(SETTINGS, &settings).await?;
                context.answer(&answer, pretty)
            }
        }
    }
}

impl Member {
    async fn run(self, context: &Context, client: &Client) -> Result<(), Failure> {
        let everybody = client.get(TEAM).await?;
        let email = self.email.trim().to_lowercase();
        let found = list(&everybody, "/items")
            .iter()
            .find(|member| text(member, "/email") == email)
            .ok_or_else(|| Failure::usage(format!("{email} is not a member; see: holdpoint queue team list")))?;
        let mut wish = json!({});
        if self.no_skills || !self.skills.is_empty() {
            wish["skills"] = self.skills.into();
        }
        if self.away || self.back {
            wish["available"] = self.back.into();
        }
        let path = format!("{TEAM}/members/{}", escaped(text(found, "/id")));
        let answer = client.put(&path, &wish).await?;
        context.answer(&answer, |_| "Set.".to_owned())
    }
}

fn pretty(settings: &Value) -> String {
    serde_json::to_string_pretty(settings).unwrap_or_default()
}

fn team(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|member| {
            let there = match (member["available"].as_bool(), member["present"].as_bool()) {
                (Some(false), _) => "away",
                (_, Some(true)) => "there",
                _ => "not there",
            };
            [
                text(member, "/email").to_owned(),
                text(member, "/name").to_owned(),
                there.to_owned(),
                number(member, "/load").to_string(),
                joined(member, "/skills"),
            ]
        })
        .collect();
    output::table(["ADDRESS", "NAME", "NOW", "HAS", "KNOWS ABOUT"], &rows)
}
