//! `holdpoint queue replies`: the texts that a team writes again and again.

use super::api::{Client, escaped};
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::queue::from_standard_input;
use super::show::{list, text};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

const REPLIES: &str = "/api/v1/canned-replies";

#[derive(Debug, Subcommand)]
pub(crate) enum Replies {
    /// All of them, by short name
    List,
    /// Add one
    Add(Written),
    /// Change one: another text, another short name
    Edit(Edit),
    /// Remove one
    Remove {
        /// Its short name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Written {
    /// Short name: what is typed after `/` to find it
    name: String,
    /// The text; `-` reads it from standard input
    #[arg(long, value_name = "TEXT")]
    text: String,
}

#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// Its short name
    name: String,
    /// The new text; `-` reads it from standard input
    #[arg(long, value_name = "TEXT", required_unless_present = "rename")]
    text: Option<String>,
    /// The new short name
    #[arg(long, value_name = "NAME")]
    rename: Option<String>,
}

impl Replies {
    pub(crate) async fn run(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::List => {
                let answer = client.get(REPLIES).await?;
                context.answer(&answer, replies)
            }
            Self::Add(Written { name, text }) => {
                let wish = json!({ "shortcut": name, "text": read(text)? });
                let answer = client.post(REPLIES, &wish).await?;
                context.answer(&answer, |answer| format!("Added: /{}", self::text(answer, "/shortcut")))
            }
            Self::Edit(Edit { name, text, rename }) => {
                let known = find(client, &name).await?;
                let wish = json!({
                    "shortcut": rename.as_deref().unwrap_or(self::text(&known, "/shortcut")),
                    "text": match text {
                        Some(text) => read(text)?,
                        None => self::text(&known, "/text").to_owned(),
                    },
                });
                let answer = client.put(&path(&known), &wish).await?;
                context.answer(&answer, |answer| {
                    format!("Changed: /{}", self::text(answer, "/shortcut"))
                })
            }
            Self::Remove { name } => {
                let known = find(client, &name).await?;
                let answer = client.delete(&path(&known)).await?;
                context.answer(&answer, |_| format!("Removed: /{}", self::text(&known, "/shortcut")))
            }
        }
    }
}

fn read(text: String) -> Result<String, Failure> {
    if text == "-" { from_standard_input() } else { Ok(text) }
}

fn path(reply: &Value) -> String {
    format!("{REPLIES}/{}", escaped(text(reply, "/id")))
}

async fn find(client: &Client, name: &str) -> Result<Value, Failure> {
    let wanted = name.trim().trim_start_matches('/').to_lowercase();
    let all = client.get(REPLIES).await?;
    let found = list(&all, "/items")
        .iter()
        .find(|reply| text(reply, "/shortcut") == wanted);
    found.cloned().ok_or_else(|| {
        Failure::usage(format!(
            "there is no canned reply /{wanted}; see: holdpoint queue replies list"
        ))
    })
}

fn replies(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|reply| {
            [
                format!("/{}", text(reply, "/shortcut")),
                short(text(reply, "/text"), 100),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There are no canned replies yet. Add one: holdpoint queue replies add NAME --text TEXT".to_owned();
    }
    output::table(["NAME", "TEXT"], &rows)
}
