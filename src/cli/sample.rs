//! `holdpoint sample`: what was drawn to be checked, and whether it was drawn fairly.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::checks::{Judge, next, reviewers};
use super::context::Context;
use super::exit::{Code, Failure};
use super::share;
use super::show::{list, text, time};
use crate::app::evidence::DrawView;
use crate::domain::evidence::MonthName;
use crate::domain::evidence::audit::Audit;
use crate::domain::log::{Entry, Line};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct Sample {
    /// Member in whose name you judge
    #[arg(long = "as", value_name = "EMAIL", global = true)]
    member: Option<String>,
    #[command(subcommand)]
    command: SampleCommand,
}

#[derive(Debug, Subcommand)]
enum SampleCommand {
    /// The certificate, and what can be said of each month
    Show,
    /// What a shop can expect: whether the gate opens, when, how far, and what to turn
    Plan(Plan),
    /// Recheck the whole draw of a month that is closed, from the log alone; exit code 7 if it does not check out
    Verify(Verify),
    /// The next quality check: question, answer and sources; nobody is waiting
    Next,
    /// Say whether the answer of a quality check could have gone out
    Judge(Judge),
    /// How reviewers judge: agreement, known answers, time
    Reviewers,
}

#[derive(Debug, Args)]
struct Plan {
    /// Conversations a day [default: as in the last four weeks]
    #[arg(long, value_name = "NUMBER")]
    conversations: Option<f64>,
    /// The largest share of bad answers among those sent without a person, like 4% [default: as it is set]
    #[arg(long, value_name = "SHARE", value_parser = share::share)]
    limit: Option<f64>,
    /// How sure, like 95% [default: as it is set]
    #[arg(long, value_name = "SHARE", value_parser = share::confidence)]
    confidence: Option<f64>,
    /// Answers that your team can judge a day [default: as it is set]
    #[arg(long, value_name = "NUMBER")]
    reviews: Option<f64>,
}

#[derive(Debug, Args)]
struct Verify {
    /// The month, like 2026-05
    #[arg(long, value_name = "MONTH")]
    month: String,
    /// Recheck an exported log (`log export`) instead of the server's, from this file alone
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

impl Sample {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        context.member = self.member;
        match self.command {
            SampleCommand::Show => {
                let answer = Client::asked(&context, Needs::Database, async |client| {
                    client.get("/api/v1/quality").await
                });
                context.answer(&answer.await?, quality)
            }
            SampleCommand::Plan(wish) => {
                let wished = [
                    ("conversations", wish.conversations),
                    ("limit", wish.limit),
                    ("confidence", wish.confidence),
                    ("reviews", wish.reviews),
                ];
                let wished = wished
                    .into_iter()
                    .filter_map(|(name, value)| Some(format!("{name}={}", value?)));
                let path = format!("/api/v1/planner?{}", wished.collect::<Vec<_>>().join("&"));
                let answer = Client::asked(&context, Needs::Database, async |client| client.get(&path).await);
                context.answer(&answer.await?, plan)
            }
            SampleCommand::Verify(Verify { month, log }) => {
                let answer = if let Some(file) = log {
                    from_file(&month, &file)?
                } else {
                    let path = format!("/api/v1/quality/draw?month={}", escaped(&month));
                    let asked = Client::asked(&context, Needs::Database, async |client| client.get(&path).await);
                    asked.await?
                };
                context.answer(&answer, draw)?;
                // Whoever rechecks in a script reads the exit code.
                if answer["is_fair"].as_bool().unwrap_or_default() {
                    Ok(())
                } else {
                    Err(Failure::findings())
                }
            }
            SampleCommand::Next => {
                Client::asked(&context, Needs::Database, async |client| next(&context, client).await).await
            }
            SampleCommand::Judge(verdict) => {
                Client::asked(&context, Needs::Database, async |client| {
                    verdict.run(&context, client).await
                })
                .await
            }
            SampleCommand::Reviewers => {
                Client::asked(&context, Needs::Database, async |client| {
                    reviewers(&context, client).await
                })
                .await
            }
        }
    }
}

/// Rechecks a month from an exported log. Nothing else is asked: no server, no database.
fn from_file(month: &str, file: &Path) -> Result<Value, Failure> {
    let usage = |sentence: String| Failure::new(Code::Usage, sentence);
    let name = month.parse::<MonthName>().map_err(|wrong| usage(wrong.to_string()))?;
    let shown = file.display();
    let lines = File::open(file)
        .map_err(|error| Failure::new(Code::NotFound, format!("{shown} cannot be opened ({error})")))
        .map(BufReader::new)?
        .lines();
    let mut audit = Audit::of(name);
    for (number, line) in (1_u64..).zip(lines) {
        let line = line.map_err(|error| Failure::failed(format!("{shown} cannot be read ({error})")))?;
        let entry = serde_json::from_str::<Line>(&line)
            .map_err(|error| error.to_string())
            .and_then(|line| Entry::try_from(line).map_err(|wrong| wrong.to_string()));
        let wrong = |why| {
            usage(format!(
                "line {number} of {shown} is no entry of a log as `holdpoint log export` prints them: {why}"
            ))
        };
        audit.hear(&entry.map_err(wrong)?);
    }
    let found = audit
        .finish()
        .map_err(|why| Failure::new(Code::Conflict, format!("{name}: {why}")))?;
    serde_json::to_value(DrawView::of(name, &found))
        .map_err(|error| Failure::failed(format!("the figures cannot be printed ({error})")))
}

fn decimal(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_f64);
    found.map_or_else(|| "–".to_owned(), |found| format!("{found:.3}"))
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

fn quality(answer: &Value) -> String {
    let sentences = list(answer, "/in_words").iter().filter_map(Value::as_str);
    let mut lines: Vec<String> = sentences.map(str::to_owned).collect();
    if answer.pointer("/certificate/expires_at").is_some() {
        lines.push(format!("It ends on {}.", time(answer, "/certificate/expires_at")));
    }
    if let Some(score) = answer.pointer("/epoch/score").filter(|score| !score.is_null()) {
        lines.push(format!(
            "The score, on {} verdicts that it had not seen ({} bad): AUROC {}, Brier {}, calibration error {}.",
            number(score, "/verdicts"),
            number(score, "/bad"),
            decimal(score, "/auroc"),
            decimal(score, "/probabilities/brier"),
            decimal(score, "/probabilities/calibration_error"),
        ));
    }
    for month in list(answer, "/months") {
        lines.push(text(month, "/in_words").to_owned());
    }
    lines.join("\n")
}

fn plan(answer: &Value) -> String {
    let sentences = |pointer: &'static str| list(answer, pointer).iter().filter_map(Value::as_str);
    let mut lines: Vec<String> = sentences("/in_words").map(str::to_owned).collect();
    lines.push("\nWith the same conversations and reviews:".to_owned());
    lines.extend(
        list(answer, "/presets")
            .iter()
            .map(|preset| format!("    {}.\n        {}", text(preset, "/says"), text(preset, "/in_words"))),
    );
    lines.push("\nTaken for granted:".to_owned());
    lines.extend(sentences("/assumptions").map(|sentence| format!("    {sentence}")));
    lines.join("\n")
}

fn draw(answer: &Value) -> String {
    let month = text(answer, "/month");
    let mut lines = vec![if answer.pointer("/is_fair").and_then(Value::as_bool) == Some(true) {
        format!(
            "The draw of {month} was fair: {} answers, {} of them drawn, exactly those that the key draws.",
            number(answer, "/checked"),
            number(answer, "/drawn")
        )
    } else {
        format!("The draw of {month} does not check out:")
    }];
    lines.extend(
        list(answer, "/problems")
            .iter()
            .filter_map(Value::as_str)
            .map(|problem| format!("    {problem}")),
    );
    lines.push(format!(
        "Key's hash, published when the month began: {}",
        text(answer, "/commitment")
    ));
    lines.join("\n")
}
