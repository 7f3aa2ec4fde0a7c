//! `holdpoint webhook`: what was or is to be delivered, deliver it again, the secret it is signed with.

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
pub(crate) enum Webhook {
    /// The latest webhooks, with attempts and the last error
    List(Page),
    /// Deliver one again, under its own id
    Retry {
        /// Id of the webhook
        webhook: String,
    },
    /// Send a webhook to an address of yours, to see that the receiver takes it
    Test {
        /// The address
        url: String,
    },
    /// Print the secret that the receiver checks signatures with
    Secret {
        /// Make a new one; the old one goes on signing beside it for a day
        #[arg(long)]
        renew: bool,
    },
}

impl Webhook {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        Client::asked(context, Needs::Database, async |client| self.ask(context, client).await).await
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::List(page) => {
                let answer = client
                    .get(&format!("/api/v1/webhooks/deliveries{}", page.query()))
                    .await?;
                context.answer(&answer, webhooks)
            }
            Self::Retry { webhook } => {
                let path = format!("/api/v1/webhooks/deliveries/{}/retry", escaped(&webhook));
                let answer = client.post(&path, &json!({})).await?;
                context.answer(&answer, queued)
            }
            Self::Test { url } => {
                let answer = client.post("/api/v1/webhooks/test", &json!({ "url": url })).await?;
                context.answer(&answer, queued)
            }
            Self::Secret { renew } => {
                let answer = client
                    .post("/api/v1/webhooks/secret", &json!({ "renew": renew }))
                    .await?;
                context.answer(&answer, secret)
            }
        }
    }
}

fn queued(answer: &Value) -> String {
    format!(
        "A webhook to {} is queued; the running server delivers it, and `holdpoint webhook list` tells how that went.",
        text(answer, "/url")
    )
}

fn secret(answer: &Value) -> String {
    let secret = text(answer, "/secret");
    if answer["both_until"].is_null() {
        secret.to_owned()
    } else {
        let until = time(answer, "/both_until");
        format!("{secret}\nThe one before goes on signing beside it until {until}.")
    }
}

fn webhooks(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|webhook| {
            [
                text(webhook, "/id").to_owned(),
                time(webhook, "/created_at"),
                text(webhook, "/type").to_owned(),
                text(webhook, "/state").to_owned(),
                number(webhook, "/attempts").to_string(),
                short(text(webhook, "/url"), 60),
                short(text(webhook, "/last_error"), 120),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There are no webhooks yet.".to_owned();
    }
    output::table(
        ["WEBHOOK", "QUEUED", "TYPE", "STATE", "ATTEMPTS", "TO", "LAST ERROR"],
        &rows,
    ) + &more(answer)
}
