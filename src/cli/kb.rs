//! `holdpoint kb`: the knowledge that answers come from.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::{Code, Failure};
use super::output::{self, short};
use super::queue::Page;
use super::show::{decimal, list, more, number, text};
use super::tune_eval::{self, TuneEval};
use bytes::Bytes;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(crate) enum Kb {
    /// Import files; a file of the same name imported before is brought up to date
    Import(Import),
    /// The documents
    List(Page),
    /// What would be found for a question
    Search(Search),
    /// Measure how well right answers are found, on questions whose answers are known
    Eval(Eval),
    /// Measure what verdicts would teach the retrieval tuner, on questions whose answers are known
    TuneEval(TuneEval),
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files: FAQ as JSON or CSV, or Markdown
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Collection they belong to
    #[arg(long, value_name = "NAME", default_value = "default")]
    collection: String,
    /// What the files are [default: told from their names]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Questions and answers as JSON
    FaqJson,
    /// Questions and answers as CSV with a header row
    FaqCsv,
    /// Markdown
    Markdown,
}

impl Format {
    const fn code(self) -> &'static str {
        match self {
            Self::FaqJson => "faq-json",
            Self::FaqCsv => "faq-csv",
            Self::Markdown => "markdown",
        }
    }
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
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let needs = match self {
            Self::List(_) | Self::Import(_) => Needs::Database,
            Self::Search(_) => Needs::Models,
            Self::Eval(_) | Self::TuneEval(_) => Needs::ModelsAlone,
        };
        // Before models are loaded for nothing.
        let work = self.read()?;
        Client::asked(context, needs, async |client| work.ask(context, client).await).await
    }

    fn read(self) -> Result<Work, Failure> {
        match self {
            Self::Import(import) => import.read(),
            Self::List(page) => Ok(Work::List(page)),
            Self::Search(search) => Ok(Work::Search(search.text.join(" "))),
            Self::Eval(eval) => eval.read(),
            Self::TuneEval(eval) => Ok(Work::EvaluateTuning(eval.read()?)),
        }
    }
}

/// A command with the files it needs.
enum Work {
    Import(Vec<(String, Bytes)>),
    List(Page),
    Search(String),
    Evaluate(Value),
    EvaluateTuning(Value),
}

impl Import {
    fn read(self) -> Result<Work, Failure> {
        let format = self
            .format
            .map_or_else(String::new, |format| format!("&format={}", format.code()));
        let files = self.files.iter().map(|file| {
            let name = file
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let query = format!(
                "?name={}&collection={}{format}",
                escaped(&name),
                escaped(&self.collection)
            );
            Ok((query, read(file)?.into()))
        });
        Ok(Work::Import(files.collect::<Result<_, Failure>>()?))
    }
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
            Self::Import(files) => {
                let answer = import(client, &files).await?;
                context.answer(&answer, imported)
            }
            Self::List(page) => {
                let answer = client
                    .get(&format!("/api/v1/knowledge/documents{}", page.query()))
                    .await?;
                context.answer(&answer, documents)
            }
            Self::Search(question) => {
                let answer = client
                    .get(&format!("/api/v1/knowledge/search?q={}", escaped(&question)))
                    .await?;
                context.answer(&answer, passages)
            }
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

/// Imports one file after the other and adds their reports up.
async fn import(client: &Client, files: &[(String, Bytes)]) -> Result<Value, Failure> {
    let bar = output::filling("Importing", files.len());
    let mut sum = [0; COUNTS.len()];
    let mut skipped = Vec::new();
    for (query, bytes) in files {
        let path = format!("/api/v1/knowledge/import{query}");
        let report = client
            .post_file(&path, "application/octet-stream", bytes.clone())
            .await?;
        for (sum, count) in sum.iter_mut().zip(COUNTS) {
            *sum += number(&report, &format!("/{count}"));
        }
        skipped.extend_from_slice(list(&report, "/skipped"));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let mut answer: Value = COUNTS
        .iter()
        .zip(sum)
        .map(|(count, sum)| ((*count).to_owned(), Value::from(sum)))
        .collect();
    answer["skipped"] = skipped.into();
    Ok(answer)
}

const COUNTS: [&str; 4] = ["added", "changed", "unchanged", "removed"];

fn imported(answer: &Value) -> String {
    let counts = COUNTS.map(|count| format!("{} {count}", number(answer, &format!("/{count}"))));
    let skipped = list(answer, "/skipped").iter();
    let skipped = skipped.map(|row| format!("\nRow {} was left out: {}", number(row, "/row"), text(row, "/why")));
    counts.join(", ") + &skipped.collect::<String>()
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
        return "There is no knowledge yet; import some: holdpoint kb import FILE".to_owned();
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
    let rows = [
        ["questions".to_owned(), number(report, "/n").to_string()],
        figure("right_first", "right answer first"),
        figure("right_first_baseline", "… by plain cosine"),
        figure("diff", "difference"),
        figure("diff_lower95", "… at least (95 %)"),
        figure("mrr", "mean reciprocal rank"),
        figure("abstain_auroc", "abstains rightly (AUROC)"),
        figure("abstain_auroc_baseline", "… by plain cosine"),
        figure("abstain_diff_lower95", "difference at least (95 %)"),
        figure("latency_ms_p50", "time for a question, median, ms"),
        figure("latency_ms_p95", "… 95th percentile, ms"),
    ];
    output::table(["FIGURE", "VALUE"], &rows)
}

pub(super) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| {
        let code = if error.kind() == ErrorKind::NotFound {
            Code::NotFound
        } else {
            Code::Failed
        };
        Failure::new(
            code,
            format!("{} cannot be read ({error}); check the path", file.display()),
        )
    })
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
