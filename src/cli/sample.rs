//! `holdpoint sample`: what was drawn to be checked, and whether it was drawn fairly.

use super::api::Client;
use super::assemble::Needs;
use super::checks::{Judge, next, reviewers};
use super::context::Context;
use super::exit::Failure;
use super::show::{list, text};
use clap::{Args, Subcommand};
use serde_json::Value;

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
    /// Recheck the whole draw of a month that is closed, from the log alone
    Verify(Verify),
    /// The next quality check: question, answer and sources; nobody is waiting
    Next,
    /// Say whether the answer of a quality check could have gone out
    Judge(Judge),
    /// How reviewers judge: agreement, known answers, time
    Reviewers,
}

#[derive(Debug, Args)]
struct Verify {
    /// The month, like 2026-05
    #[arg(long, value_name = "MONTH")]
    month: String,
}

impl Sample {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        context.member = self.member;
        match self.command {
            SampleCommand::Show => {
                let answer = Client::asked(&context, Needs::Database, async |client| client.get("/api/v1/quality").await);
                context.answer(&answer.await?, quality)
            }
            SampleCommand::Verify(Verify { month }) => {
                let path = format!("/api/v1/quality/draw?month={month}");
                let answer = Client::asked(&context, Needs::Database, async |client| client.get(&path).await);
                context.answer(&answer.await?, draw)
            }
            SampleCommand::Next => Client::asked(&context, Needs::Database, async |client| next(&context, client).await).await,
            SampleCommand::Judge(verdict) => {
                Client::asked(&context, Needs::Database, async |client| verdict.run(&context, client).await).await
            }
            SampleCommand::Reviewers => {
                Client::asked(&context, Needs::Database, async |client| reviewers(&context, client).await).await
            }
        }
    }
}

fn percent(value: &Value, pointer: &str) -> String {
    let share = value.pointer(pointer).and_then(Value::as_f64);
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

fn quality(answer: &Value) -> String {
    let mut lines = vec![match answer.pointer("/certificate") {
        Some(certificate) if !certificate.is_null() => format!(
            "Certified: at most {} bad among the {} of drafts within (limit {}; {} verdicts, {} bad).",
            percent(certificate, "/upper"),
            percent(certificate, "/automation"),
            percent(certificate, "/limit"),
            number(certificate, "/reviewed"),
            number(certificate, "/bad"),
        ),
        _ => format!(
            "No certificate. {} verdicts since the last test; at least {} are needed at this limit.",
            number(answer, "/verdicts/0"),
            number(answer, "/verdicts_needed"),
        ),
    }];
    for month in list(answer, "/months") {
        let name = text(month, "/month");
        let said = match month.pointer("/statement/claim") {
            Some(claim) => format!(
                "at most {} of the {} answers sent unreviewed were bad ({} reviewed)",
                percent(claim, "/upper"),
                number(claim, "/counts/sent"),
                number(claim, "/counts/reviewed"),
            ),
            None => match text(month, "/statement/withheld/because") {
                "nothing_sent" => "nothing went out unreviewed".to_owned(),
                "nothing_reviewed" => format!(
                    "{} answers went out unreviewed, and none of those drawn is judged yet",
                    number(month, "/statement/withheld/counts/sent")
                ),
                _ => "too many of the drawn answers could not be judged; nothing can be said".to_owned(),
            },
        };
        let state = if month.pointer("/is_closed").and_then(Value::as_bool) == Some(true) {
            ""
        } else {
            ", as it stands"
        };
        lines.push(format!("{name}{state}: {said}"));
    }
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
    lines.push(format!("Key's hash, published when the month began: {}", text(answer, "/commitment")));
    lines.join("\n")
}
