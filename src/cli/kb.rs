//! `holdpoint kb`: the knowledge that answers come from.

mod answers;
mod folder;
mod import;

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::queue::Page;
use super::show::{decimal, list, more, number, text};
use super::tune_eval::{self, TuneEval};
use clap::{Args, Subcommand};
use import::{Import, Wanted, told};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(crate) enum Kb {
    /// Import files and folders; a file of the same name imported before is brought up to date
    Import(Import),
    /// The documents
    List(Listing),
    /// What would be found for a question
    Search(Search),
    /// Verified answers, which people have approved
    Answers(answers::Answers),
    /// Measure how well right answers are found, on questions whose answers are known
    Eval(Eval),
    /// Measure what verdicts would teach the retrieval tuner, on questions whose answers are known
    TuneEval(TuneEval),
}

#[derive(Debug, Args)]
pub(crate) struct Listing {
    #[command(flatten)]
    page: Page,
    /// Those whose last day is over, instead
    #[arg(long)]
    expired: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// The question, as a visitor would put it
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Eval {
    /// Folder with documents.jsonl and questions.jsonl
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Kb {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        let needs = match &self {
            Self::Answers(answers) => {
                context.member = answers.member();
                answers.needs()
            }
            Self::List(_) | Self::Import(_) => Needs::Database,
            Self::Search(_) => Needs::Models,
            Self::Eval(_) | Self::TuneEval(_) => Needs::ModelsAlone,
        };
        // Before models are loaded for nothing.
        let work = self.read()?;
        let context = &context;
        Client::asked(context, needs, async |client| work.ask(context, client).await).await
    }

    fn read(self) -> Result<Work, Failure> {
        match self {
            Self::Import(import) => Ok(Work::Import(import.collect()?)),
            Self::List(listing) => Ok(Work::List(listing)),
            Self::Search(search) => Ok(Work::Search(search.text.join(" "))),
            Self::Answers(answers) => Ok(Work::Answers(answers)),
            Self::Eval(eval) => eval.read(),
            Self::TuneEval(eval) => Ok(Work::EvaluateTuning(eval.read()?)),
        }
    }
}

/// A command with the files it needs.
enum Work {
    Import(Wanted),
    List(Listing),
    Search(String),
    Answers(answers::Answers),
    Evaluate(Value),
    EvaluateTuning(Value),
}

impl Eval {
    fn read(self) -> Result<Work, Failure> {
        let documents = json_lines(&self.folder.join("documents.jsonl"))?;
        let questions = json_lines(&self.folder.join("questions.jsonl"))?;
        Ok(Work::Evaluate(
            json!({ "documents": documents, "questions": questions }),
        ))
    }
}

impl Work {
    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Import(wanted) => {
                let done = wanted.import(client).await?;
                context.answer(&done.answer, told)?;
                done.failure.map_or(Ok(()), Err)
            }
            Self::List(listing) if listing.expired => {
                let answer = client.get("/api/v1/knowledge/expired").await?;
                context.answer(&answer, documents)
            }
            Self::List(listing) => {
                let answer = client
                    .get(&format!("/api/v1/knowledge/documents{}", listing.page.query()))
                    .await?;
                context.answer(&answer, documents)
            }
            Self::Search(question) => {
                let answer = client
                    .get(&format!("/api/v1/knowledge/search?q={}", escaped(&question)))
                    .await?;
                context.answer(&answer, passages)
            }
            Self::Answers(answers) => answers.ask(context, client).await,
            Self::Evaluate(body) => {
                let bar = output::waiting("Asking every question");
                let answer = client.post("/api/v1/knowledge/evaluate", &body).await;
                bar.finish_and_clear();
                context.answer(&answer?, figures)
            }
            Self::EvaluateTuning(body) => tune_eval::ask(context, client, &body).await,
        }
    }
}

fn documents(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|it| {
            let cell = |name: &str| text(it, &format!("/{name}")).to_owned();
            [
                cell("id"),
                cell("collection"),
                cell("kind"),
                short(text(it, "/title"), 70),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is no knowledge yet; import some: holdpoint kb import PATH".to_owned();
    }
    output::table(["DOCUMENT", "COLLECTION", "KIND", "TITLE"], &rows) + &more(answer)
}

fn passages(answer: &Value) -> String {
    let found: Vec<String> = list(answer, "/items")
        .iter()
        .map(|it| {
            let (score, title) = (decimal(it, "/score"), text(it, "/title"));
            format!("{score:.3}  {title}\n       {}", short(text(it, "/text"), 160))
        })
        .collect();
    if found.is_empty() {
        "Nothing fits.".to_owned()
    } else {
        found.join("\n")
    }
}

fn figures(report: &Value) -> String {
    let figure = |name: &str, words: &str| [words.to_owned(), format!("{:.3}", decimal(report, &format!("/{name}")))];
    let mut rows = vec![
        ["questions".to_owned(), number(report, "/n").to_string()],
        figure("right_first", "right answer first"),
        figure("right_first_baseline", "… by plain cosine"),
        figure("diff", "difference"),
        figure("diff_lower95", "… at least (95 %)"),
        figure("mrr", "mean reciprocal rank"),
        figure("abstain_auroc", "abstains rightly (AUROC)"),
        figure("abstain_auroc_baseline", "… by plain cosine"),
        figure("abstain_diff_lower95", "difference at least (95 %)"),
        figure("answered", "answered, rightly or wrongly"),
        figure("latency_ms_p50", "time for a question, median, ms"),
        figure("latency_ms_p95", "… 95th percentile, ms"),
    ];
    if !report["unanswerable"].is_null() {
        rows.extend([
            [
                "questions that nothing answers".to_owned(),
                number(report, "/unanswerable/n").to_string(),
            ],
            figure("unanswerable/refused", "… left to a person"),
            figure("unanswerable/abstain_auroc", "… told from the others (AUROC)"),
            figure("unanswerable/abstain_auroc_baseline", "… by plain cosine"),
        ]);
    }
    output::table(["FIGURE", "VALUE"], &rows)
}

pub(super) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| folder::unreadable(file, &error))
}

pub(super) fn json_lines(file: &Path) -> Result<Vec<Value>, Failure> {
    let bytes = read(file)?;
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.trim_ascii().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_slice(line).map_err(|error| {
                Failure::failed(format!(
                    "line {} of {} is not JSON ({error}); correct it",
                    index + 1,
                    file.display()
                ))
            })
        })
        .collect()
}
