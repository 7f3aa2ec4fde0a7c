//! `holdpoint kb tune-eval`: what verdicts would teach the retrieval tuner, on questions whose answers are known.

use super::api::Client;
use super::context::Context;
use super::exit::{Code, Failure};
use super::kb::{json_lines, read};
use super::output;
use super::show::{decimal, list, number, text};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The one collection that a file of questions by category makes.
const COLLECTION: &str = "categories";

#[derive(Debug, Args)]
pub(crate) struct TuneEval {
    /// Folder with documents.jsonl and questions.jsonl, or with categories.json and train.csv (text,category)
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Parts the questions and draws the verdicts; the same seed gives the same figures
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Times that verdicts are drawn and learned from anew
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=20))]
    draws: u64,
}

impl TuneEval {
    /// The request.
    pub(super) fn read(&self) -> Result<Value, Failure> {
        let mut body = if self.folder.join("categories.json").exists() {
            by_category(&self.folder)?
        } else {
            json!({
                "documents": json_lines(&self.folder.join("documents.jsonl"))?,
                "questions": json_lines(&self.folder.join("questions.jsonl"))?,
            })
        };
        body["seed"] = self.seed.into();
        body["draws"] = self.draws.into();
        Ok(body)
    }
}

/// Asks for the curves and shows them.
pub(super) async fn ask(context: &Context, client: &Client, body: &Value) -> Result<(), Failure> {
    let bar = output::waiting("Learning from verdicts, again and again; this takes minutes");
    let answer = client.post("/api/v1/knowledge/evaluate-tuning", body).await;
    bar.finish_and_clear();
    context.answer(&answer?, curves)
}

/// Categories as entries whose text is their words, and the utterances of each as questions.
fn by_category(folder: &Path) -> Result<Value, Failure> {
    let unusable = |file: &str, why: String| {
        let file = folder.join(file);
        Failure::new(Code::Failed, format!("{} cannot be used: {why}", file.display()))
    };
    let categories: Vec<String> = serde_json::from_slice(&read(&folder.join("categories.json"))?)
        .map_err(|error| unusable("categories.json", error.to_string()))?;
    let documents: Vec<Value> = categories
        .iter()
        .map(|category| {
            let words = category.replace('_', " ");
            json!({ "collection": COLLECTION, "id": category, "title": words, "body": "" })
        })
        .collect();
    let rows = read(&folder.join("train.csv"))?;
    let mut rows = csv::Reader::from_reader(rows.as_slice());
    let questions = rows.deserialize().map(|row| {
        let (question, category): (String, String) = row.map_err(|error| unusable("train.csv", error.to_string()))?;
        Ok(json!({ "collection": COLLECTION, "question": question, "right": [category] }))
    });
    let questions: Vec<Value> = questions.collect::<Result<_, Failure>>()?;
    Ok(json!({ "documents": documents, "questions": questions }))
}

fn curves(report: &Value) -> String {
    let share = |row: &Value, name: &str| format!("{:.1} %", 100.0 * decimal(row, &format!("/{name}")));
    let points = |row: &Value, name: &str| format!("{:+.1}", 100.0 * decimal(row, &format!("/{name}")));
    let rows: Vec<[String; 10]> = list(report, "/rows")
        .iter()
        .map(|row| {
            [
                format!("{:.0} %", 100.0 * decimal(row, "/corrected")),
                number(row, "/verdicts").to_string(),
                share(row, "right_first_cosine"),
                share(row, "right_first_untuned"),
                share(row, "right_first_tuned"),
                points(row, "difference"),
                points(row, "lower95"),
                points(row, "gain"),
                points(row, "gain_lower95"),
                format!("{:.1}", decimal(row, "/seconds")),
            ]
        })
        .collect();
    let heading = [
        "CORRECTED",
        "VERDICTS",
        "COSINE",
        "UNTUNED",
        "TUNED",
        "OVER COSINE",
        "AT LEAST",
        "OVER UNTUNED",
        "AT LEAST",
        "SECONDS",
    ];
    format!(
        "{}\nRight entry first, in per cent and points, on {} questions that were not learned from, parted by {} (seed {}, {} draws).\n\
         CORRECTED is how many of the wrong verdicts name the right entry; AT LEAST is a one-sided 95 % bound.",
        output::table(heading, &rows),
        number(report, "/n"),
        text(report, "/parted"),
        number(report, "/plan/seed"),
        number(report, "/plan/draws"),
    )
}
