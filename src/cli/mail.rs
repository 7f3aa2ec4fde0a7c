//! `holdpoint mail`: what was or is to be sent, send it again, try the mail server.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::queue::Page;
use super::show::{list, more, number, text, time};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Mail {
    /// The latest e-mails, with attempts and the last error
    List(Page),
    /// Send one again that was given up, or of which nobody can tell whether it was accepted
    Retry {
        /// Id of the mail
        mail: String,
    },
    /// Send a mail to an address of yours, to see that the mail server takes it
    Test {
        /// The address
        address: String,
    },
}

impl Mail {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        Client::asked(context, Needs::Database, async |client| self.ask(context, client).await).await
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::List(page) => {
                let answer = client.get(&format!("/api/v1/mails{}", page.query())).await?;
                context.answer(&answer, mails)
            }
            Self::Retry { mail } => {
                let path = format!("/api/v1/mails/{}/retry", escaped(&mail));
                let answer = client.post(&path, &json!({})).await?;
                context.answer(&answer, queued)
            }
            Self::Test { address } => {
                let answer = client
                    .post("/api/v1/admin/mail/test", &json!({ "to": address }))
                    .await?;
                context.answer(&answer, queued)
            }
        }
    }
}

fn queued(answer: &Value) -> String {
    format!(
        "A mail to {} is queued; the running server sends it, and `holdpoint mail list` tells how that went.",
        text(answer, "/to")
    )
}

fn mails(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|mail| {
            [
                text(mail, "/id").to_owned(),
                time(mail, "/created_at"),
                text(mail, "/state").to_owned(),
                number(mail, "/attempts").to_string(),
                text(mail, "/to").to_owned(),
                short(text(mail, "/subject"), 40),
                short(text(mail, "/last_error"), 120),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There are no e-mails yet.".to_owned();
    }
    output::table(
        ["MAIL", "QUEUED", "STATE", "ATTEMPTS", "TO", "SUBJECT", "LAST ERROR"],
        &rows,
    ) + &more(answer)
}
