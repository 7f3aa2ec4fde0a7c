//! `holdpoint tune`: a ranking learned from the workspace's own verdicts.

use super::api::Client;
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::show::{decimal, list, number, text, time};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

const VERSIONS: &str = "/api/v1/retrieval-versions";

#[derive(Debug, Args)]
#[command(after_help = "What is learned is a candidate: it is kept with its figures and changes no answer.")]
pub(crate) struct Tune {
    /// Member in whose name you act
    #[arg(long = "as", value_name = "EMAIL", global = true)]
    member: Option<String>,
    #[command(subcommand)]
    command: Option<TuneCommand>,
}

#[derive(Debug, Subcommand)]
enum TuneCommand {
    /// The versions that were learned, with what they were measured to do
    List,
}

impl Tune {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        context.member = self.member;
        if let Some(TuneCommand::List) = self.command {
            let answer = Client::asked(&context, Needs::Database, async |client| client.get(VERSIONS).await).await?;
            return context.answer(&answer, versions);
        }
        let answer = Client::asked(&context, Needs::Models, async |client| {
            let bar = output::waiting("Learning from verdicts");
            let answer = client.post(VERSIONS, &json!({})).await;
            bar.finish_and_clear();
            answer
        })
        .await?;
        context.answer(&answer, made)
    }
}

fn made(version: &Value) -> String {
    let judged = |name: &str| number(version, &format!("/figures/judged_on/{name}"));
    let change = if version.pointer("/figures/strength").is_none_or(Value::is_null) {
        "Nothing that it could learn was sure to help: it changes nothing.".to_owned()
    } else {
        format!(
            "Of {} questions of other conversations whose right passage is known, it puts {} first; without it, {} are. \
             {} wrong ones are no longer shown.",
            judged("known"),
            judged("right_first_tuned"),
            judged("right_first_untuned"),
            judged("wrong_gone"),
        )
    };
    format!(
        "Version {} was learned from {} verdicts of {} conversations.\n{change}\nIt is a candidate: no answer changes.",
        number(version, "/number"),
        number(version, "/figures/learned_from/verdicts"),
        number(version, "/figures/learned_from/groups"),
    )
}

fn versions(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|it| {
            let judged = |name: &str| number(it, &format!("/figures/judged_on/{name}"));
            let points = |name: &str| {
                let pointer = format!("/figures/judged_on/{name}");
                match it.pointer(&pointer) {
                    Some(Value::Number(_)) => format!("{:+.1}", 100.0 * decimal(it, &pointer)),
                    _ => String::new(),
                }
            };
            [
                number(it, "/number").to_string(),
                text(it, "/state").to_owned(),
                number(it, "/figures/learned_from/verdicts").to_string(),
                judged("known").to_string(),
                points("difference"),
                points("lower95"),
                short(text(it, "/unfit"), 60),
                time(it, "/created_at"),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "No version was learned yet; learn one: holdpoint tune".to_owned();
    }
    let heading = [
        "VERSION",
        "STATE",
        "VERDICTS",
        "JUDGED ON",
        "POINTS",
        "AT LEAST",
        "UNFIT",
        "MADE",
    ];
    output::table(heading, &rows)
}
