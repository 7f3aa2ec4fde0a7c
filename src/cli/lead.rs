//! `holdpoint lead`: people to be called back.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::queue::Page;
use super::show::{list, more, number, text, time};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

const LEADS: &str = "/api/v1/leads";

#[derive(Debug, Subcommand)]
pub(crate) enum Lead {
    /// People to be called back, who asked last first
    List {
        #[command(flatten)]
        page: Page,
        /// Only those at this stage
        #[arg(long)]
        stage: Option<Stage>,
        /// Only those whom this member looks after (an e-mail address), or `nobody`
        #[arg(long, value_name = "EMAIL")]
        owner: Option<String>,
    },
    /// One of them, with each time that they asked
    Show {
        /// Id of the lead
        lead: String,
    },
    /// Say how far it is, or who looks after them
    Set {
        /// Id of the lead
        lead: String,
        /// How far it is
        #[arg(long, required_unless_present = "owner")]
        stage: Option<Stage>,
        /// Who looks after them (an e-mail address), or `nobody`
        #[arg(long, value_name = "EMAIL")]
        owner: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Stage {
    /// Nobody has been in touch yet
    New,
    /// Somebody has
    Contacted,
    /// It became business
    Won,
    /// It did not
    Lost,
}

impl Stage {
    const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Contacted => "contacted",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

/// The id of a member; null for nobody.
async fn member(client: &Client, email: &str) -> Result<Value, Failure> {
    if email == "nobody" {
        return Ok(Value::Null);
    }
    let members = client.get("/api/v1/admin/members").await?;
    let is_meant = |member: &&Value| text(member, "/email") == email.trim().to_lowercase();
    let found = list(&members, "/items").iter().find(is_meant);
    found
        .map(|member| member["id"].clone())
        .ok_or_else(|| Failure::usage(format!("there is no member {email}; see: holdpoint admin member list")))
}

impl Lead {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        Client::asked(context, Needs::Database, async |client| self.ask(context, client).await).await
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::List { page, stage, owner } => {
                let mut path = format!("{LEADS}{}", page.query());
                if let Some(stage) = stage {
                    path.extend(["&stage=", stage.word()]);
                }
                if let Some(owner) = owner {
                    let owner = member(client, &owner).await?;
                    path.extend(["&owner=", owner.as_str().unwrap_or("nobody")]);
                }
                context.answer(&client.get(&path).await?, leads)
            }
            Self::Show { lead } => {
                let answer = client.get(&format!("{LEADS}/{}", escaped(&lead))).await?;
                context.answer(&answer, whole)
            }
            Self::Set { lead, stage, owner } => {
                let mut wish = json!({});
                if let Some(stage) = stage {
                    wish["stage"] = json!(stage.word());
                }
                if let Some(owner) = owner {
                    wish["owner_id"] = member(client, &owner).await?;
                }
                let answer = client.patch(&format!("{LEADS}/{}", escaped(&lead)), &wish).await?;
                context.answer(&answer, |lead| {
                    let owner = text(lead, "/owner_name");
                    let owner = if owner.is_empty() { "nobody yet" } else { owner };
                    format!(
                        "{}: {}, looked after by {owner}.",
                        text(lead, "/contact"),
                        text(lead, "/stage")
                    )
                })
            }
        }
    }
}

fn leads(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|lead| {
            [
                text(lead, "/id").to_owned(),
                time(lead, "/asked_at"),
                number(lead, "/occurrences").to_string(),
                text(lead, "/stage").to_owned(),
                text(lead, "/owner_name").to_owned(),
                short(text(lead, "/name"), 40),
                short(text(lead, "/contact"), 40),
                short(text(lead, "/note"), 80),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is nobody to be called back.".to_owned();
    }
    let heading = [
        "LEAD",
        "ASKED",
        "TIMES",
        "STAGE",
        "LOOKED AFTER BY",
        "NAME",
        "CONTACT",
        "NOTE",
    ];
    output::table(heading, &rows) + &more(answer)
}

fn whole(answer: &Value) -> String {
    let head = format!(
        "{} {}: {}\n",
        text(answer, "/name"),
        text(answer, "/contact"),
        text(answer, "/stage")
    );
    let rows: Vec<_> = list(answer, "/asked")
        .iter()
        .map(|asked| {
            [
                time(asked, "/at"),
                short(text(asked, "/name"), 40),
                short(text(asked, "/contact"), 40),
                short(text(asked, "/note"), 100),
                short(text(asked, "/consent"), 60),
            ]
        })
        .collect();
    head.trim_start().to_owned() + &output::table(["ASKED", "NAME", "CONTACT", "NOTE", "AGREED TO"], &rows)
}
