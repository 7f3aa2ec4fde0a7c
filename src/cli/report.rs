//! `holdpoint report`: weekly digests and monthly reports.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output;
use super::show::{list, more, text, time};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Report {
    /// Reports that were made, the last one first
    List,
    /// Make the report of a period that is over, without sending it
    Make(Period),
    /// Print what a report would say, as text; also of a period that is not over
    Preview(Period),
    /// Send a report to those who get it, or to one address; nobody gets it twice
    Send(Send),
    /// Make a link that shows this report to whoever has it
    Link {
        /// The report's id
        report: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Digest,
    Month,
}

#[derive(Debug, Args)]
pub(crate) struct Period {
    /// Of a week or of a month
    #[arg(value_enum)]
    kind: Kind,
    /// A day within it, like 2026-05-01; otherwise the last one that is over
    #[arg(long, value_name = "DAY")]
    day: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Send {
    /// The report's id
    report: String,
    /// To this address instead of those in the settings
    #[arg(long, value_name = "EMAIL")]
    to: Vec<String>,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Month => "month",
        }
    }
}

impl Report {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        Client::asked(context, Needs::Database, async |client| self.ask(context, client).await).await
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::List => context.answer(&client.get("/api/v1/reports").await?, reports),
            Self::Make(Period { kind, day }) => {
                let wish = json!({ "kind": kind.name(), "day": day });
                context.answer(&client.post("/api/v1/reports", &wish).await?, |made| {
                    format!(
                        "{}\n{}\nid: {}",
                        text(made, "/title"),
                        text(made, "/headline"),
                        text(made, "/id")
                    )
                })
            }
            Self::Preview(Period { kind, day }) => {
                let day = day.map_or_else(String::new, |day| format!("&day={}", escaped(&day)));
                let found = client
                    .get(&format!("/api/v1/reports/preview?kind={}{day}", kind.name()))
                    .await?;
                context.answer(&found, |preview| text(preview, "/text").to_owned())
            }
            Self::Send(Send { report, to }) => {
                let path = format!("/api/v1/reports/{}/send", escaped(&report));
                context.answer(&client.post(&path, &json!({ "to": to })).await?, sent)
            }
            Self::Link { report } => {
                let path = format!("/api/v1/reports/{}/links", escaped(&report));
                context.answer(&client.post(&path, &json!({})).await?, |link| {
                    format!("{}\nIt works until {}.", text(link, "/url"), time(link, "/expires_at"))
                })
            }
        }
    }
}

fn reports(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|report| {
            let sent = if report["sent_at"].is_null() {
                "not sent".to_owned()
            } else {
                time(report, "/sent_at")
            };
            [text(report, "/id").to_owned(), text(report, "/title").to_owned(), sent]
        })
        .collect();
    if rows.is_empty() {
        return "No report was made yet. The settings of reports say when they are; `holdpoint report make month` makes one now.".to_owned();
    }
    output::table(["ID", "REPORT", "SENT"], &rows) + &more(answer)
}

fn sent(answer: &Value) -> String {
    let names = |at: &str| -> Vec<String> {
        let all = list(answer, at).iter();
        all.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let (to, had_it) = (names("/to"), names("/had_it"));
    let mut said = Vec::new();
    if !to.is_empty() {
        said.push(format!("On its way to {}.", to.join(", ")));
    }
    if !had_it.is_empty() {
        said.push(format!("{} got it before.", had_it.join(", ")));
    }
    if said.is_empty() {
        said.push("It was sent before.".to_owned());
    }
    said.join("\n")
}
