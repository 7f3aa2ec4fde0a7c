//! `holdpoint improve`: what is missing in the knowledge, and what is proposed for it.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::changes::Changes;
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::queue::Page;
use super::show::{list, more, number, text, time};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

const GAPS: &str = "/api/v1/improve/gaps";
const PROPOSALS: &str = "/api/v1/improve/proposals";

#[derive(Debug, Args)]
#[command(
    after_help = "Approving changes no answer by itself: what is approved is tried on questions of the past, and goes live when it is published."
)]
pub(crate) struct Improve {
    /// Member in whose name you decide
    #[arg(long = "as", value_name = "EMAIL", global = true)]
    member: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What visitors asked and the AI could not answer, or answered badly; what most of them asked comes first
    #[command(args_conflicts_with_subcommands = true)]
    Gaps(Gaps),
    /// Questions with answers that are proposed for gaps
    #[command(args_conflicts_with_subcommands = true)]
    Proposals(Proposals),
    /// What is tried before it goes live, what went live, and taking it back
    #[command(args_conflicts_with_subcommands = true)]
    Changes(Changes),
}

#[derive(Debug, Args)]
struct Gaps {
    #[command(flatten)]
    page: Page,
    /// Which ones
    #[arg(long, default_value = "open", value_parser = ["open", "proposed", "closed", "dismissed", "all"])]
    state: String,
    #[command(subcommand)]
    command: Option<OfGap>,
}

#[derive(Debug, Subcommand)]
enum OfGap {
    /// Write an answer for a gap; it waits for approval
    Answer(Written),
    /// Say that a gap needs no answer
    Dismiss(DismissGap),
}

#[derive(Debug, Args)]
struct Written {
    /// Id of the gap
    id: String,
    /// The answer
    #[arg(long, value_name = "TEXT")]
    answer: String,
    /// The question [default: the gap's name]
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
}

#[derive(Debug, Args)]
struct DismissGap {
    /// Id of the gap
    id: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
struct Proposals {
    #[command(flatten)]
    page: Page,
    /// Which ones
    #[arg(long, default_value = "waiting", value_parser = ["waiting", "approved", "dismissed", "superseded"])]
    state: String,
    #[command(subcommand)]
    command: Option<OfProposal>,
}

#[derive(Debug, Subcommand)]
enum OfProposal {
    /// Approve one, in your words where you give any
    Approve(Approve),
    /// Turn one down; it is not proposed again
    Dismiss(DismissProposal),
}

#[derive(Debug, Args)]
struct Approve {
    /// Id of the proposal
    id: String,
    /// The question in your words
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
    /// The answer in your words
    #[arg(long, value_name = "TEXT")]
    answer: Option<String>,
}

#[derive(Debug, Args)]
struct DismissProposal {
    /// Id of the proposal
    id: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// An object of those fields that are given.
fn given(fields: [(&str, Option<&String>); 2]) -> Value {
    let given = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), json!(value?))));
    Value::Object(given.collect::<Map<_, _>>())
}

impl Improve {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        context.member = self.member;
        let (path, body, words): (String, Option<Value>, fn(&Value) -> String) = match self.command {
            Command::Gaps(Gaps { page, state, command }) => match command {
                None => (format!("{GAPS}{}&state={state}", page.query()), None, gaps),
                Some(OfGap::Answer(wish)) => {
                    let path = format!("{GAPS}/{}/proposals", escaped(&wish.id));
                    let body = given([("answer", Some(&wish.answer)), ("question", wish.question.as_ref())]);
                    (path, Some(body), written)
                }
                Some(OfGap::Dismiss(wish)) => {
                    let path = format!("{GAPS}/{}/dismiss", escaped(&wish.id));
                    (path, Some(json!({ "reason": wish.reason })), gap_dismissed)
                }
            },
            Command::Changes(changes) => changes.wish(),
            Command::Proposals(Proposals { page, state, command }) => match command {
                None => (format!("{PROPOSALS}{}&state={state}", page.query()), None, proposals),
                Some(OfProposal::Approve(wish)) => {
                    let path = format!("{PROPOSALS}/{}/approve", escaped(&wish.id));
                    let body = given([("question", wish.question.as_ref()), ("answer", wish.answer.as_ref())]);
                    (path, Some(body), approved)
                }
                Some(OfProposal::Dismiss(wish)) => {
                    let path = format!("{PROPOSALS}/{}/dismiss", escaped(&wish.id));
                    (path, Some(json!({ "reason": wish.reason })), dismissed)
                }
            },
        };
        let asked = Client::asked(&context, Needs::Database, async |client| match &body {
            Some(body) => client.post(&path, body).await,
            None => client.get(&path).await,
        });
        context.answer(&asked.await?, words)
    }
}

fn gaps(answer: &Value) -> String {
    let gaps = list(answer, "/items");
    if gaps.is_empty() {
        return "Nothing is missing that visitors asked for, as far as it is known.".to_owned();
    }
    let mut told = String::new();
    for gap in gaps {
        told.push_str(&format!(
            "{}\n  {} visitors, {} questions, the last {}; gap {} ({})\n",
            short(text(gap, "/name"), 100),
            number(gap, "/visitors"),
            number(gap, "/questions"),
            time(gap, "/last_at"),
            text(gap, "/id"),
            text(gap, "/state"),
        ));
        for example in list(gap, "/examples") {
            told.push_str(&format!(
                "    “{}” – conversation {}\n",
                short(text(example, "/question"), 90),
                text(example, "/conversation_id"),
            ));
        }
        if gap.pointer("/proposal").is_some_and(Value::is_object) {
            told.push_str(&format!(
                "  Proposed{}: {}\n  Approve it: holdpoint improve proposals approve {}\n",
                by(gap, "/proposal/author"),
                short(text(gap, "/proposal/answer"), 300),
                text(gap, "/proposal/id"),
            ));
        } else if text(gap, "/state") == "open" {
            let id = text(gap, "/id");
            let so_far = match short(text(gap, "/former/answer"), 300) {
                answer if answer.is_empty() => "Nobody has answered it yet".to_owned(),
                answer => format!(
                    "Approved{}, and taken back: {answer}\n  A better answer",
                    by(gap, "/former/decided_by")
                ),
            };
            told.push_str(&format!(
                "  {so_far}: holdpoint improve gaps answer {id} --answer TEXT\n"
            ));
        }
    }
    told + &more(answer)
}

fn by(value: &Value, pointer: &str) -> String {
    match text(value, pointer) {
        "" => String::new(),
        name => format!(" by {name}"),
    }
}

fn proposals(answer: &Value) -> String {
    let rows: Vec<[String; 5]> = list(answer, "/items")
        .iter()
        .map(|row| {
            [
                text(row, "/id").to_owned(),
                short(text(row, "/question"), 40),
                short(text(row, "/answer"), 60),
                text(row, "/author").to_owned(),
                text(row, "/state").to_owned(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is no such proposal.".to_owned();
    }
    output::table(["PROPOSAL", "QUESTION", "ANSWER", "BY", "STATE"], &rows) + &more(answer)
}

fn written(proposal: &Value) -> String {
    let id = text(proposal, "/id");
    format!("Your answer waits for approval: holdpoint improve proposals approve {id}")
}

fn gap_dismissed(gap: &Value) -> String {
    format!("“{}” needs no answer.", short(text(gap, "/name"), 100))
}

fn approved(pair: &Value) -> String {
    format!(
        "Approved, and being tried on questions of the past. {}\n  {}\n  See what it does: holdpoint improve changes show {}",
        short(text(pair, "/question"), 200),
        short(text(pair, "/answer"), 400),
        text(pair, "/candidate_id")
    )
}

fn dismissed(proposal: &Value) -> String {
    format!("“{}” is not proposed again.", short(text(proposal, "/answer"), 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_told_with_its_questions_and_what_to_do_about_it() {
        let gap = |proposal: Value| {
            json!({ "items": [{
                "id": "g1", "name": "Do you repair tandems?", "state": "open", "visitors": 3, "questions": 4, "last_at": 0,
                "examples": [{ "question": "Tandem repair?", "conversation_id": "c1", "cause": "unanswered" }],
                "proposal": proposal,
            }] })
        };
        let told = gaps(&gap(json!({ "id": "p1", "answer": "Yes, we do.", "author": "Mia" })));
        for part in [
            "3 visitors, 4 questions",
            "“Tandem repair?” – conversation c1",
            "Proposed by Mia: Yes",
            "approve p1",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(gaps(&gap(Value::Null)).contains("improve gaps answer g1"));
        assert!(gaps(&json!({ "items": [] })).starts_with("Nothing is missing"));
    }

    #[test]
    fn only_what_is_given_is_sent() {
        let (answer, none) = ("Yes.".to_owned(), None);
        assert_eq!(
            given([("answer", Some(&answer)), ("question", none)]),
            json!({ "answer": "Yes." })
        );
    }
}
