//! `holdpoint log`: read the workspace's log and check its chain.

use super::api::{Client, escaped};
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
    /// Print the whole log as JSON lines, without what was said: to verify it elsewhere, like with `sample verify --log`
    Export,
    /// Check that no entry is missing, changed or out of order; exit code 7 if one is
    Verify(Verify),
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

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Check too that the log still has this head, which `log verify` printed earlier
    #[arg(long, value_name = "HEAD")]
    head: Option<String>,
}

impl Log {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        Client::asked(context, Needs::Database, async |client| self.ask(context, client).await).await
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Show(Show { after, limit }) => {
                let answer = client.get(&format!("/api/v1/log?after={after}&limit={limit}")).await?;
                context.answer(&answer, entries)
            }
            Self::Export => {
                let mut after = 0;
                loop {
                    let page = client
                        .get(&format!("/api/v1/log/export?limit=200&after={after}"))
                        .await?;
                    for entry in list(&page, "/items") {
                        after = number(entry, "/seq");
                        output::print(&entry.to_string())?;
                    }
                    if page["next"].is_null() {
                        return Ok(());
                    }
                }
            }
            Self::Verify(Verify { head }) => {
                let question = head.map_or_else(String::new, |head| format!("?head={}", escaped(&head)));
                let answer = client.get(&format!("/api/v1/log/verify{question}")).await?;
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
    let place = answer["first_bad"]
        .as_i64()
        .map_or_else(String::new, |seq| format!(" at entry {seq}"));
    format!(
        "The log is damaged{place}: {}\nKeep a copy of the data directory as it is, then restore the latest backup.",
        text(answer, "/why"),
    )
}
