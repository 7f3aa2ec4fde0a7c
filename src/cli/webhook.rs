//! `holdpoint webhook`: who is told what happens, what was or is to be delivered, deliver it again, what it is signed with.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::queue::Page;
use super::show::{joined, list, more, number, text, time};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Webhook {
    /// The latest webhooks, with attempts and the last error
    List {
        #[command(flatten)]
        page: Page,
        /// Only those of one subscription
        #[arg(long, value_name = "ID")]
        subscription: Option<String>,
        /// Only those that stand like this
        #[arg(long)]
        state: Option<State>,
    },
    /// One webhook: what is sent, and what each attempt came to
    Show {
        /// Id of the webhook
        webhook: String,
    },
    /// Deliver one again, under its own id
    Retry {
        /// Id of the webhook
        webhook: String,
    },
    /// Send a webhook to an address of yours, to see that the receiver takes it
    Test {
        /// The address, or the id of a subscription
        receiver: String,
    },
    /// Print the secret that receivers of escalations and approvals check signatures with
    Secret {
        /// Make a new one; the old one goes on signing beside it for a day
        #[arg(long)]
        renew: bool,
    },
    /// Have an address told what happens, and print the secret that it checks signatures with
    Subscribe {
        /// The address
        url: String,
        #[command(flatten)]
        about: About,
    },
    /// The addresses that are told what happens
    Subscriptions,
    /// Change what an address is told
    Change {
        /// Id of the subscription
        subscription: String,
        /// Another address
        #[arg(long)]
        url: Option<String>,
        #[command(flatten)]
        about: About,
        /// Tell it everything, of whatever type
        #[arg(long, conflicts_with = "types")]
        all: bool,
    },
    /// Tell an address nothing for a while; what happens meanwhile is not sent later
    Pause {
        /// Id of the subscription
        subscription: String,
    },
    /// Tell it again what happens, also after its receiver was gone
    Resume {
        /// Id of the subscription
        subscription: String,
    },
    /// Make a new secret for a subscription; the old one goes on signing beside it for a day
    Renew {
        /// Id of the subscription
        subscription: String,
    },
    /// Send to a subscription again what happened since a time
    Replay {
        /// Id of the subscription
        subscription: String,
        /// Since when, like 2027-01-31T15:00Z or 2027-01-31T15:00+01:00; at most 30 days ago
        #[arg(long, value_name = "TIME")]
        since: jiff::Timestamp,
    },
    /// Tell an address nothing more
    Unsubscribe {
        /// Id of the subscription
        subscription: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct About {
    /// A type of event, like message.created; repeat it for several. All of them if none is named
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// What the subscription is for
    #[arg(long)]
    note: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum State {
    /// Waits for its next attempt
    Queued,
    /// The receiver has taken it
    Delivered,
    /// Not tried any more
    Failed,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

fn subscription_path(id: &str, what: &str) -> String {
    format!("/api/v1/webhooks/subscriptions/{}{what}", escaped(id))
}

impl Webhook {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        Client::asked(context, Needs::Database, async |client| self.ask(context, client).await).await
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::List {
                page,
                subscription,
                state,
            } => {
                let subscription =
                    subscription.map_or_else(String::new, |id| format!("&subscription={}", escaped(&id)));
                let state = state.map_or_else(String::new, |state| format!("&state={}", state.word()));
                let path = format!("/api/v1/webhooks/deliveries{}{subscription}{state}", page.query());
                context.answer(&client.get(&path).await?, webhooks)
            }
            Self::Show { webhook } => {
                let path = format!("/api/v1/webhooks/deliveries/{}", escaped(&webhook));
                context.answer(&client.get(&path).await?, webhook_whole)
            }
            Self::Retry { webhook } => {
                let path = format!("/api/v1/webhooks/deliveries/{}/retry", escaped(&webhook));
                context.answer(&client.post(&path, &json!({})).await?, queued)
            }
            Self::Test { receiver } if receiver.contains("://") => {
                let wish = json!({ "url": receiver });
                context.answer(&client.post("/api/v1/webhooks/test", &wish).await?, queued)
            }
            Self::Test { receiver } => {
                let path = subscription_path(&receiver, "/test");
                context.answer(&client.post(&path, &json!({})).await?, queued)
            }
            Self::Secret { renew } => {
                let wish = json!({ "renew": renew });
                context.answer(&client.post("/api/v1/webhooks/secret", &wish).await?, secret)
            }
            other => other.ask_about_subscriptions(context, client).await,
        }
    }

    async fn ask_about_subscriptions(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Subscribe { url, about } => {
                let wish = json!({ "url": url, "types": about.types, "note": about.note });
                let answer = client.post("/api/v1/webhooks/subscriptions", &wish).await?;
                context.answer(&answer, subscribed)
            }
            Self::Change {
                subscription,
                url,
                about,
                all,
            } => {
                let types = (all || !about.types.is_empty()).then_some(about.types);
                let wish = json!({ "url": url, "types": types, "note": about.note });
                let answer = client.patch(&subscription_path(&subscription, ""), &wish).await?;
                context.answer(&answer, changed)
            }
            Self::Pause { subscription } => {
                let wish = json!({ "paused": true });
                let answer = client.patch(&subscription_path(&subscription, ""), &wish).await?;
                context.answer(&answer, changed)
            }
            Self::Resume { subscription } => {
                let wish = json!({ "paused": false });
                let answer = client.patch(&subscription_path(&subscription, ""), &wish).await?;
                context.answer(&answer, changed)
            }
            Self::Renew { subscription } => {
                let path = subscription_path(&subscription, "/secret");
                context.answer(&client.post(&path, &json!({})).await?, secret)
            }
            Self::Replay { subscription, since } => {
                let wish = json!({ "since": since.as_millisecond() });
                let path = subscription_path(&subscription, "/replay");
                context.answer(&client.post(&path, &wish).await?, replayed)
            }
            Self::Unsubscribe { subscription } => {
                let answer = client.delete(&subscription_path(&subscription, "")).await?;
                context.answer(&answer, |_| "It is told nothing more.".to_owned())
            }
            _ => {
                let answer = client.get("/api/v1/webhooks/subscriptions").await?;
                context.answer(&answer, subscriptions)
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

fn subscribed(answer: &Value) -> String {
    format!(
        "{} is told from now on: subscription {}.\nIts receiver checks signatures with this secret, which is not shown again:\n{}",
        text(answer, "/url"),
        text(answer, "/id"),
        text(answer, "/secret"),
    )
}

fn changed(answer: &Value) -> String {
    format!(
        "{} is {}; it is told {}.",
        text(answer, "/url"),
        text(answer, "/state"),
        told(answer)
    )
}

fn told(answer: &Value) -> String {
    match joined(answer, "/types") {
        types if types.is_empty() => "everything".to_owned(),
        types => types,
    }
}

fn replayed(answer: &Value) -> String {
    let queued = match number(answer, "/queued") {
        1 => "1 webhook is queued.".to_owned(),
        count => format!("{count} webhooks are queued."),
    };
    if answer["more_since"].is_null() {
        return queued;
    }
    let rest = jiff::Timestamp::from_millisecond(number(answer, "/more_since"));
    let rest = rest.map(|at| at.to_string()).unwrap_or_default();
    format!("{queued} There is more: repeat the command with --since {rest}")
}

fn subscriptions(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|row| {
            [
                text(row, "/id").to_owned(),
                text(row, "/state").to_owned(),
                short(text(row, "/url"), 60),
                short(&told(row), 60),
                short(text(row, "/note"), 40),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "Nobody is told what happens; holdpoint webhook subscribe URL changes that.".to_owned();
    }
    output::table(["SUBSCRIPTION", "STATE", "TO", "TYPES", "NOTE"], &rows)
}

fn webhook_whole(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/tries")
        .iter()
        .map(|attempt| {
            let status = attempt["status"].as_i64();
            [
                number(attempt, "/number").to_string(),
                time(attempt, "/at"),
                status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
                format!("{} ms", number(attempt, "/duration_ms")),
                short(text(attempt, "/error"), 120),
            ]
        })
        .collect();
    let head = format!(
        "{} to {}: {}\n{}\n",
        text(answer, "/type"),
        text(answer, "/url"),
        text(answer, "/state"),
        text(answer, "/body"),
    );
    if rows.is_empty() {
        return head + "It was not tried yet.";
    }
    head + "\n" + &output::table(["ATTEMPT", "AT", "ANSWER", "TOOK", "ERROR"], &rows)
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
