//! `holdpoint log`: read the workspace's log and check its chain.

use super::api::Client;
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output;
use super::show::{list, more, number, text, time};
use clap::{Args, Subcommand};
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// Entries in the order in which they happened
    Show(Show),
    /// Check that no entry is missing, changed or out of order; exit code 7 if one is
    Verify,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Only entries after this number
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: i64,
    /// At most this many
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: u32,
}

impl Log {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let client = Client::connect(context, Needs::Database).await?;
        let result = self.ask(context, &client).await;
        client.close().await;
        result
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Show(Show { after, limit }) => {
                let answer = client.get(&format!("/api/v1/log?after={after}&limit={limit}")).await?;
                context.answer(&answer, entries)
            }
            Self::Verify => {
                let answer = client.get("/api/v1/log/verify").await?;
                let is_intact = answer["ok"].as_bool().unwrap_or_default();
                context.answer(&answer, verification)?;
                if is_intact { Ok(()) } else { Err(Failure::findings()) }
            }
        }
    }
}

fn entries(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|entry| {
            [
                number(entry, "/seq").to_string(),
                time(entry, "/at"),
                text(entry, "/kind").to_owned(),
                text(entry, "/actor").to_owned(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "No further entries.".to_owned();
    }
    output::table(["SEQ", "WHEN", "WHAT", "WHO"], &rows) + &more(answer)
}

fn verification(answer: &Value) -> String {
    let entries = number(answer, "/entries");
    if answer["ok"].as_bool().unwrap_or_default() {
        return format!("The log is whole: {entries} entries, head {}", text(answer, "/head"));
    }
    format!(
        "The log is damaged at entry {}: {}\nKeep a copy of the data directory as it is, then restore the latest backup.",
        number(answer, "/first_bad"),
        text(answer, "/why"),
    )
}
