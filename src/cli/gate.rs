//! `holdpoint gate`: how far the gate is open, and who opened it.

use super::api::Client;
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::share;
use super::show::{joined, list, text, time};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

const GATE: &str = "/api/v1/gate";
const AUTONOMY: &str = "/api/v1/autonomy";

#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// Member in whose name you act
    #[arg(long = "as", value_name = "EMAIL", global = true)]
    member: Option<String>,
    #[command(subcommand)]
    command: GateCommand,
}

#[derive(Debug, Subcommand)]
enum GateCommand {
    /// What goes out without a person, and who let it
    Show,
    /// Let answers about these topics go out without a person, on your own responsibility
    Release(Release),
    /// Hold everything again, or what is about these topics
    Close(Close),
    /// How many bad answers you accept, and whether a certificate opens the gate
    Limit(Limit),
}

#[derive(Debug, Args)]
struct Release {
    /// Names of topics
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
}

#[derive(Debug, Args)]
struct Close {
    /// Names of topics [default: all]
    #[arg(value_name = "TOPIC")]
    topics: Vec<String>,
}

#[derive(Debug, Args)]
struct Limit {
    /// Let certificates open the gate: yes (only an owner, with --as) or no
    #[arg(long, value_name = "YES|NO", value_parser = clap::builder::BoolishValueParser::new())]
    opens: Option<bool>,
    /// The largest share of bad answers among those sent without a person, like 4%
    #[arg(long = "limit", value_name = "SHARE", value_parser = permille_of, conflicts_with = "permille")]
    share: Option<u32>,
    /// The same in thousandths: 40 is 4 %
    #[arg(long, value_name = "NUMBER")]
    permille: Option<u32>,
    /// How sure it has to be, like 95%
    #[arg(long, value_name = "SHARE", value_parser = percent_of)]
    confidence: Option<u32>,
    /// How many answers your team can judge a day
    #[arg(long, value_name = "NUMBER")]
    reviews: Option<u32>,
    /// Be so sure of all certificates together, and not of each alone: yes or no
    #[arg(long, value_name = "YES|NO", value_parser = clap::builder::BoolishValueParser::new())]
    together: Option<bool>,
    /// Sample evenly and count exactly, from next month on: wider, and no approximation: yes or no
    #[arg(long, value_name = "YES|NO", value_parser = clap::builder::BoolishValueParser::new())]
    exact: Option<bool>,
}

/// Thousandths of a share.
fn permille_of(text: &str) -> Result<u32, String> {
    whole(share::share(text)? * 1_000.0).ok_or_else(|| format!("“{text}” is finer than a tenth of a percent"))
}

/// Percent of how sure somebody is.
fn percent_of(text: &str) -> Result<u32, String> {
    whole(share::confidence(text)? * 100.0).ok_or_else(|| format!("“{text}” is no whole number of percent"))
}

fn whole(number: f64) -> Option<u32> {
    let is_whole = (number - number.round()).abs() < 1e-6;
    format!("{number:.0}").parse().ok().filter(|_| is_whole)
}

impl Gate {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        context.member = self.member;
        if let GateCommand::Limit(limit) = self.command {
            let wish: serde_json::Map<String, Value> = [
                ("opens", limit.opens.map(Value::from)),
                ("limit_permille", limit.share.or(limit.permille).map(Value::from)),
                ("confidence_percent", limit.confidence.map(Value::from)),
                ("reviews_a_day", limit.reviews.map(Value::from)),
                ("together", limit.together.map(Value::from)),
                ("exact", limit.exact.map(Value::from)),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
            let answer = Client::asked(&context, Needs::Database, async |client| {
                if wish.is_empty() {
                    client.get(AUTONOMY).await
                } else {
                    client.put(AUTONOMY, &Value::Object(wish.clone())).await
                }
            });
            return context.answer(&answer.await?, autonomy);
        }
        let answer = Client::asked(&context, Needs::Database, async |client| match self.command {
            GateCommand::Limit(_) => client.get(AUTONOMY).await,
            GateCommand::Show => client.get(GATE).await,
            GateCommand::Release(Release { topics }) => client.post(GATE, &json!({ "release": topics })).await,
            GateCommand::Close(Close { topics }) => client.post(GATE, &json!({ "close": topics })).await,
        });
        context.answer(&answer.await?, gate)
    }
}

fn gate(answer: &Value) -> String {
    let mut lines = vec![text(answer, "/in_words").to_owned()];
    lines.extend(list(answer, "/released").iter().map(|released| {
        format!(
            "    “{}”, released by {} on {}",
            text(released, "/topic"),
            text(released, "/by"),
            time(released, "/at")
        )
    }));
    if answer.pointer("/closed_by_itself/at").is_some() {
        lines.push(format!("On {}:", time(answer, "/closed_by_itself/at")));
    }
    for pointer in ["/closed_by_itself/in_words", "/closed_by_itself/load_in_words"] {
        lines.extend(
            Some(text(answer, pointer))
                .filter(|said| !said.is_empty())
                .map(str::to_owned),
        );
    }
    let others = joined(answer, "/can_be_released");
    if !others.is_empty() {
        lines.push(format!("Topics that could be released: {others}"));
    }
    lines.join("\n")
}

fn autonomy(answer: &Value) -> String {
    let number = |pointer| answer.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let is_on = |pointer| answer.pointer(pointer).and_then(Value::as_bool) == Some(true);
    let opens = if is_on("/opens") {
        "A certificate opens the gate as far as it reaches."
    } else {
        "Certificates are tested and shown; they do not open the gate."
    };
    let together = if is_on("/together") {
        " of all certificates together"
    } else {
        ""
    };
    let exact = if is_on("/exact") {
        "\nMonths are sampled evenly, and their statements are exact."
    } else {
        ""
    };
    let permille = number("/limit_permille");
    format!(
        "Of a thousand answers sent without a person at most {permille} may be bad, {} % sure{together}. {opens}\nYour team can judge {} answers a day.{exact}",
        number("/confidence_percent"),
        number("/reviews_a_day")
    )
}
