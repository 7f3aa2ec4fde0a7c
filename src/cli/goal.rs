//! `holdpoint goal`: what visitors are to reach, and what they reached.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output;
use super::queue::Page;
use super::show::{list, more, number, text, time};
use crate::domain::money::Currency;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

const GOALS: &str = "/api/v1/goals";

#[derive(Debug, Subcommand)]
pub(crate) enum Goal {
    /// All goals, with what was reached in the last thirty days
    List,
    /// Set a goal
    Add {
        /// What people call it
        name: String,
        #[command(flatten)]
        known: Known,
        #[command(flatten)]
        worth: Worth,
    },
    /// Change a goal; what is counted already stays
    Change {
        /// Its id or name
        goal: String,
        /// Another name
        #[arg(long)]
        name: Option<String>,
        /// Another page or event
        #[arg(long)]
        on: Option<String>,
        #[command(flatten)]
        worth: Worth,
        /// It is only counted, and worth nothing
        #[arg(long, conflicts_with_all = ["worth", "up_to"])]
        worthless: bool,
    },
    /// Count a goal no more; what is counted stays
    Retire {
        /// Its id or name
        goal: String,
    },
    /// Count a goal again that was retired
    BringBack {
        /// Its id or name
        goal: String,
    },
    /// What visitors reached, the newest first
    Reached {
        #[command(flatten)]
        page: Page,
        /// Only this goal
        #[arg(long)]
        goal: Option<String>,
    },
    /// Report, as the shop's server does, that somebody reached a goal
    Report {
        /// Its id or name
        goal: String,
        /// Id of the visitor's conversation
        #[arg(long, required_unless_present = "email", conflicts_with = "email")]
        conversation: Option<String>,
        /// Or the address that they left
        #[arg(long)]
        email: Option<String>,
        /// What it is worth, like 12.50
        #[arg(long, value_name = "AMOUNT")]
        value: Option<String>,
        /// The shop's own id of the order: it is counted once
        #[arg(long, value_name = "ID")]
        order: Option<String>,
    },
    /// What the business counts money in, or to say so
    Currency {
        /// Its code, like EUR
        code: Option<String>,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Known {
    /// A visitor opens a page of this path; a * stands for anything, like /thanks*
    #[arg(long, value_name = "PATTERN")]
    page: Option<String>,
    /// A page tells of an event of this name
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// The shop's server reports it
    #[arg(long)]
    server: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Worth {
    /// It is worth this each time, like 12.50
    #[arg(long, value_name = "AMOUNT", conflicts_with = "up_to")]
    worth: Option<String>,
    /// It is worth what is told; of what pages tell, nothing above this counts
    #[arg(long, value_name = "AMOUNT")]
    up_to: Option<String>,
}

async fn currency(client: &Client) -> Result<Currency, Failure> {
    let answer = client.get("/api/v1/currency").await?;
    let code = text(&answer, "/currency");
    code.parse()
        .map_err(|error| Failure::failed(format!("the server's currency is not known here: {error}")))
}

async fn amount(client: &Client, written: &str) -> Result<i64, Failure> {
    let amount = currency(client).await?.amount(written);
    amount.map_err(|error| Failure::usage(error.to_string()))
}

impl Worth {
    async fn put_into(&self, client: &Client, wish: &mut Value) -> Result<(), Failure> {
        let (kind, written) = match (&self.worth, &self.up_to) {
            (Some(worth), _) => ("fixed", worth),
            (None, Some(most)) => ("given", most),
            (None, None) => return Ok(()),
        };
        wish["worth"] = json!(kind);
        wish["value"] = json!(amount(client, written).await?);
        Ok(())
    }
}

async fn find(client: &Client, wanted: &str) -> Result<Value, Failure> {
    let all = client.get(GOALS).await?;
    let is_meant =
        |goal: &&Value| text(goal, "/id") == wanted || text(goal, "/name").to_lowercase() == wanted.to_lowercase();
    let found = list(&all, "/items").iter().find(is_meant).cloned();
    found.ok_or_else(|| Failure::usage(format!("there is no goal “{wanted}”; see: holdpoint goal list")))
}

async fn path(client: &Client, wanted: &str) -> Result<String, Failure> {
    let goal = find(client, wanted).await?;
    Ok(format!("{GOALS}/{}", escaped(text(&goal, "/id"))))
}

impl Goal {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        Client::asked(context, Needs::Database, async |client| self.ask(context, client).await).await
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::List => context.answer(&client.get(GOALS).await?, goals),
            Self::Add { name, known, worth } => {
                let (kind, on) = match (known.page, known.event) {
                    (Some(page), _) => ("url", page),
                    (None, Some(event)) => ("event", event),
                    (None, None) => ("api", String::new()),
                };
                let mut wish = json!({ "name": name, "kind": kind, "on": on });
                worth.put_into(client, &mut wish).await?;
                let answer = client.post(GOALS, &wish).await?;
                context.answer(&answer, |goal| {
                    format!("“{}” is counted from now on.", text(goal, "/name"))
                })
            }
            Self::Change {
                goal,
                name,
                on,
                worth,
                worthless,
            } => {
                let mut wish = json!({ "name": name, "on": on });
                worth.put_into(client, &mut wish).await?;
                if worthless {
                    wish["worth"] = json!("none");
                }
                let answer = client.patch(&path(client, &goal).await?, &wish).await?;
                context.answer(&answer, |goal| format!("“{}” is changed.", text(goal, "/name")))
            }
            Self::Retire { goal } => retire(context, client, &goal, true).await,
            Self::BringBack { goal } => retire(context, client, &goal, false).await,
            Self::Reached { page, goal } => {
                let only = match goal {
                    Some(goal) => format!("&goal={}", escaped(text(&find(client, &goal).await?, "/id"))),
                    None => String::new(),
                };
                let path = format!("/api/v1/conversions{}{only}", page.query());
                context.answer(&client.get(&path).await?, reached)
            }
            Self::Report {
                goal,
                conversation,
                email,
                value,
                order,
            } => {
                let value = match value {
                    Some(written) => Some(amount(client, &written).await?),
                    None => None,
                };
                let wish = json!({
                    "goal": goal, "conversation_id": conversation, "email": email, "value": value, "order_id": order,
                });
                context.answer(&client.post("/api/v1/conversions", &wish).await?, reported)
            }
            Self::Currency { code } => {
                let answer = match code {
                    Some(code) => client.put("/api/v1/currency", &json!({ "currency": code })).await?,
                    None => client.get("/api/v1/currency").await?,
                };
                context.answer(&answer, |answer| text(answer, "/currency").to_owned())
            }
        }
    }
}

async fn retire(context: &Context, client: &Client, goal: &str, retired: bool) -> Result<(), Failure> {
    let wish = json!({ "retired": retired });
    let answer = client.patch(&path(client, goal).await?, &wish).await?;
    let how = if retired {
        "not counted any more"
    } else {
        "counted again"
    };
    context.answer(&answer, |goal| format!("“{}” is {how}.", text(goal, "/name")))
}

fn money(row: &Value, at: &str, currency: &str) -> String {
    let found = text(row, currency).parse::<Currency>();
    found.map_or_else(|_none| "-".to_owned(), |currency| currency.show(number(row, at)))
}

fn goals(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|goal| {
            let reached = list(goal, "/reached");
            let count = |source: &str| -> i64 {
                let of = reached.iter().filter(|sum| text(sum, "/source") == source);
                of.map(|sum| number(sum, "/conversions")).sum()
            };
            let worth = match text(goal, "/worth") {
                "fixed" => money(goal, "/value", "/currency"),
                "given" => format!("up to {}", money(goal, "/value", "/currency")),
                _ => "-".to_owned(),
            };
            [
                text(goal, "/id").to_owned(),
                text(goal, "/name").to_owned(),
                format!("{} {}", text(goal, "/kind"), text(goal, "/on"))
                    .trim()
                    .to_owned(),
                worth,
                count("page").to_string(),
                count("api").to_string(),
                if goal["retired_at"].is_null() {
                    String::new()
                } else {
                    "retired".to_owned()
                },
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There are no goals yet. Set one: holdpoint goal add NAME --page '/thanks*'".to_owned();
    }
    let heading = ["GOAL", "NAME", "KNOWN BY", "WORTH", "PAGES SAY", "CONFIRMED", ""];
    output::table(heading, &rows)
}

fn reached(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|row| {
            [
                time(row, "/at"),
                text(row, "/goal").to_owned(),
                text(row, "/source").to_owned(),
                money(row, "/value", "/currency"),
                text(row, "/order_id").to_owned(),
                text(row, "/conversation_id").to_owned(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "Nothing was reached yet.".to_owned();
    }
    output::table(["AT", "GOAL", "SAYS", "WORTH", "ORDER", "CONVERSATION"], &rows) + &more(answer)
}

fn reported(answer: &Value) -> String {
    if answer["counted"] == json!(true) {
        return format!(
            "It counts for the conversation {}.",
            text(answer, "/conversion/conversation_id")
        );
    }
    if answer["conversion"].is_null() {
        return "It counts for no conversation: the visitor wrote in none in the seven days before.".to_owned();
    }
    "It was counted before.".to_owned()
}
