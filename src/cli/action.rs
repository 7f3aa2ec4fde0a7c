//! `holdpoint action`: what was proposed to be done, and what people decide about it.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::queue::Page;
use super::show::{list, more, text, time};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

const ACTIONS: &str = "/api/v1/actions";

#[derive(Debug, Args)]
pub(crate) struct Action {
    /// Member in whose name to decide
    #[arg(long = "as", value_name = "EMAIL", global = true)]
    member: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The latest, with how they stand
    List {
        /// Those that stand like this
        #[arg(long, value_enum)]
        status: Option<Status>,
        #[command(flatten)]
        page: Page,
    },
    /// One of them, with exactly what is sent
    Show {
        /// Its id
        action: String,
    },
    /// Propose something with a tool
    Propose {
        /// The tool's name
        tool: String,
        /// Its arguments, as JSON
        args: String,
        /// The conversation it is about
        #[arg(long, value_name = "ID")]
        conversation: Option<String>,
    },
    /// Let it happen, as it is
    Approve {
        /// Its id
        action: String,
    },
    /// Let it happen with other arguments
    Edit {
        /// Its id
        action: String,
        /// The arguments, as JSON
        args: String,
    },
    /// Refuse it
    Reject {
        /// Its id
        action: String,
        /// Why, for whoever asked
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// Refuse it, and say what to do or say instead
    Respond {
        /// Its id
        action: String,
        /// What
        message: String,
    },
    /// Take a decision back, while it is not final
    Undo {
        /// Its id
        action: String,
    },
    /// Say whether something was done of which nobody knew
    FoundOut {
        /// Its id
        action: String,
        /// Whether it was done
        #[arg(value_enum)]
        was_done: Answer,
    },
    /// People to be called back
    Leads(Page),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answer {
    /// It was done
    Done,
    /// It was not
    NotDone,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Status {
    /// It waits for people
    Waiting,
    /// It was done
    Executed,
    /// It was not
    Failed,
    /// Nobody knows whether it was done
    Unknown,
    /// A person said no
    Rejected,
    /// Nobody decided, or nobody used the approval, in time
    Expired,
}

impl Status {
    const fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

impl Action {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        context.member = self.member;
        Client::asked(&context, Needs::Database, async |client| {
            self.command.ask(&context, client).await
        })
        .await
    }
}

impl Command {
    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        let answer = match self {
            Self::List { status, page } => {
                let mut path = format!("{ACTIONS}{}", page.query());
                if let Some(status) = status {
                    path.extend([if path.contains('?') { "&" } else { "?" }, "status=", status.code()]);
                }
                return context.answer(&client.get(&path).await?, actions);
            }
            Self::Leads(page) => {
                let answer = client.get(&format!("/api/v1/leads{}", page.query())).await?;
                return context.answer(&answer, leads);
            }
            Self::Show { action } => {
                let answer = client.get(&one(&action)).await?;
                return context.answer(&answer, |answer| format!("{answer:#}"));
            }
            Self::Propose {
                tool,
                args,
                conversation,
            } => {
                let wish = json!({ "tool": tool, "args": parsed(&args)?, "conversation_id": conversation });
                client.post(ACTIONS, &wish).await?
            }
            Self::Approve { action } => decide(client, &action, json!({ "type": "approve" })).await?,
            Self::Edit { action, args } => {
                decide(client, &action, json!({ "type": "edit", "args": parsed(&args)? })).await?
            }
            Self::Reject { action, why } => {
                decide(client, &action, json!({ "type": "reject", "message": why })).await?
            }
            Self::Respond { action, message } => {
                decide(client, &action, json!({ "type": "respond", "message": message })).await?
            }
            Self::Undo { action } => {
                let path = format!("/api/v1/approvals/{}/undo", escaped(&action));
                client.post(&path, &json!({})).await?
            }
            Self::FoundOut { action, was_done } => {
                let path = format!("{}/found-out", one(&action));
                client
                    .post(&path, &json!({ "was_done": was_done == Answer::Done }))
                    .await?
            }
        };
        context.answer(&answer, told)
    }
}

fn one(action: &str) -> String {
    format!("{ACTIONS}/{}", escaped(action))
}

fn parsed(args: &str) -> Result<Value, Failure> {
    serde_json::from_str(args).map_err(|error| {
        Failure::usage(format!(
            "the arguments are no JSON ({error}); write them like '{{\"amount\": 20}}'"
        ))
    })
}

/// Decides about it as it stands now: whoever decides on the command line has just read it there.
async fn decide(client: &Client, action: &str, mut wish: Value) -> Result<Value, Failure> {
    let stands = client.get(&one(action)).await?;
    wish["args_hash"] = stands["args_hash"].clone();
    client
        .post(&format!("/api/v1/approvals/{}/decision", escaped(action)), &wish)
        .await
}

fn told(answer: &Value) -> String {
    let (title, id) = (text(answer, "/title"), text(answer, "/id"));
    match text(answer, "/status") {
        "waiting" => format!("{title} waits for people: holdpoint action approve {id} --as EMAIL"),
        "decided" => format!(
            "Decided; final at {}. Until then: holdpoint action undo {id}",
            time(answer, "/decision/final_at")
        ),
        status => format!("{title}: {status}. {}", text(answer, "/result")),
    }
}

fn actions(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|it| {
            [
                text(it, "/id").to_owned(),
                time(it, "/created_at"),
                text(it, "/status").to_owned(),
                short(text(it, "/asked_by"), 30),
                short(text(it, "/title"), 40),
                short(&it["args"].to_string(), 60),
                short(text(it, "/result"), 60),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There are none.".to_owned();
    }
    output::table(["ID", "ASKED", "STATUS", "BY", "WHAT", "WITH", "RESULT"], &rows) + &more(answer)
}

fn leads(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|it| {
            [
                time(it, "/created_at"),
                text(it, "/name").to_owned(),
                text(it, "/contact").to_owned(),
                short(text(it, "/note"), 80),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is nobody to be called back.".to_owned();
    }
    output::table(["SINCE", "NAME", "CONTACT", "NOTE"], &rows) + &more(answer)
}
