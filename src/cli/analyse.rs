//! `holdpoint analyse`: measuring how well conversations are understood, on data whose truth is known.

use super::api::Client;
use super::assemble::Needs;
use super::context::Context;
use super::exit::{Code, Failure};
use super::kb::{json_lines, read};
use super::output;
use super::show::{decimal, list, number};
use crate::domain::insight::Tone;
use crate::domain::screening::mood;
use crate::stats::auroc::auroc;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use vader_sentimental::SentimentIntensityAnalyzer;

/// People's ratings go from -4 to 4: from here on, and from its negative down, they are clear.
const CLEAR_RATING: f64 = 0.5;
/// The same for VADER's score, as its authors use it.
const CLEAR_SCORE: f64 = 0.05;

#[derive(Debug, Subcommand)]
pub(crate) enum Analyse {
    /// Measure clusters of questions, or sentiment, on data whose truth is known
    Eval(Eval),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// Questions with their kinds: a folder with train.csv or `clinc_train_val.json`, or a .jsonl file of {"text", "label"}
    #[arg(long, value_name = "PATH")]
    clusters: Option<PathBuf>,
    /// Rated messages: a tab-separated file of id, rating from -4 to 4 and text, or a folder with such a `tweets_GroundTruth.txt`
    #[arg(long, value_name = "PATH")]
    sentiment: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Eval {
    #[command(flatten)]
    what: What,
    /// Orders in which the questions come
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=20))]
    orders: u64,
    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Analyse {
    pub(crate) async fn run(self, context: Context) -> Result<(), Failure> {
        let Self::Eval(eval) = self;
        if let Some(file) = &eval.what.sentiment {
            let report = sentiment(file)?;
            let value = serde_json::to_value(&report).map_err(|error| Failure::failed(error.to_string()))?;
            return context.answer(&value, in_words);
        }
        let folder = eval.what.clusters.clone().unwrap_or_default();
        let mut body = questions(&folder)?;
        body["orders"] = eval.orders.into();
        body["seed"] = eval.seed.into();
        let context = &context;
        Client::asked(context, Needs::ModelsAlone, async |client| {
            let bar = output::waiting("Gathering questions, again and again; this takes minutes");
            let answer = client.post("/api/v1/analysis/evaluate-clusters", &body).await;
            bar.finish_and_clear();
            context.answer(&answer?, agreement)
        })
        .await
    }
}

fn unusable(file: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, format!("{} cannot be used: {why}", file.display()))
}

/// Questions with their kinds, in any of the forms that are understood.
fn questions(path: &Path) -> Result<Value, Failure> {
    if path.is_file() {
        let rows = json_lines(path)?;
        let pairs: Vec<Value> = rows.iter().map(|row| json!([row["text"], row["label"]])).collect();
        return Ok(json!({ "questions": pairs }));
    }
    let whole = path.join("clinc_train_val.json");
    if whole.exists() {
        let rows: Value = serde_json::from_slice(&read(&whole)?).map_err(|error| unusable(&whole, error))?;
        let outside: Vec<Value> = { list(&rows, "/oos_train").iter() }
            .chain(list(&rows, "/oos_val"))
            .map(|row| row[0].clone())
            .collect();
        return Ok(json!({ "questions": rows["train"], "outside": outside }));
    }
    let file = path.join("train.csv");
    let bytes = read(&file)?;
    let mut rows = csv::Reader::from_reader(bytes.as_slice());
    let pairs = rows.records().map(|row| {
        let row = row.map_err(|error| unusable(&file, error))?;
        Ok(json!([row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default()]))
    });
    let pairs: Vec<Value> = pairs.collect::<Result<_, Failure>>()?;
    Ok(json!({ "questions": pairs }))
}

fn agreement(report: &Value) -> String {
    let row = |name: String, row: &Value| {
        let outside = row["outside_waiting"].as_f64();
        [
            name,
            number(row, "/clusters").to_string(),
            format!("{:.3}", decimal(row, "/purity")),
            format!("{:.3}", decimal(row, "/nmi")),
            format!("{:.1} %", 100.0 * decimal(row, "/waiting")),
            outside.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share)),
            format!("{:.1}", decimal(row, "/seconds")),
        ]
    };
    let mut rows: Vec<[String; 7]> = { list(report, "/orders").iter().zip(1..) }
        .map(|(order, at)| row(format!("Holdpoint, order {at}"), order))
        .collect();
    rows.push(row("k-means, true number of kinds".to_owned(), &report["k_means"]));
    rows.push(row(
        "k-means, as many as order 1".to_owned(),
        &report["k_means_as_many"],
    ));
    format!(
        "{}\n{} questions of {} kinds. WAITING is one cluster in PURITY and NMI; OUTSIDE is the share of questions of no kind that wait.",
        output::table(
            ["", "CLUSTERS", "PURITY", "NMI", "WAITING", "OUTSIDE", "SECONDS"],
            &rows
        ),
        number(report, "/n"),
        number(report, "/kinds"),
    )
}

/// How well a judge of sentiment agrees with people.
#[derive(Debug, Serialize)]
struct Judged {
    judge: &'static str,
    half: &'static str,
    n: usize,
    accuracy: f64,
    macro_f1: f64,
    auroc: Option<f64>,
}

fn sentiment(path: &Path) -> Result<Vec<Judged>, Failure> {
    let file = if path.is_dir() {
        path.join("tweets_GroundTruth.txt")
    } else {
        path.to_owned()
    };
    let bytes = read(&file)?;
    let text = String::from_utf8_lossy(&bytes);
    let rows: Vec<(f64, &str)> = { text.lines() }
        .filter_map(|line| {
            let mut fields = line.splitn(3, '\t').skip(1);
            Some((fields.next()?.trim().parse().ok()?, fields.next()?))
        })
        .collect();
    if rows.is_empty() {
        return Err(unusable(
            &file,
            "no line has an id, a rating and a text, separated by tabs",
        ));
    }
    let vader = SentimentIntensityAnalyzer::new();
    let mut report = Vec::new();
    for (half, is_second) in [("first", false), ("second", true)] {
        let some: Vec<&(f64, &str)> = rows
            .iter()
            .filter(|(_, text)| (checksum(text) % 2 == 1) == is_second)
            .collect();
        let own = { some.iter() }.map(|(rating, text)| {
            let score = mood(text).sentiment;
            (*rating, score, Tone::of(score))
        });
        report.push(judged("Holdpoint", half, &own.collect::<Vec<_>>()));
        let plain = { some.iter() }.map(|(rating, text)| {
            let score = vader.polarity_scores(text).compound;
            (*rating, score, of(score, CLEAR_SCORE))
        });
        report.push(judged("plain VADER", half, &plain.collect::<Vec<_>>()));
    }
    Ok(report)
}

fn checksum(text: &str) -> u32 {
    text.bytes().fold(2_166_136_261, |sum: u32, byte| {
        (sum ^ u32::from(byte)).wrapping_mul(16_777_619)
    })
}

fn of(score: f64, clear: f64) -> Tone {
    if score >= clear {
        Tone::Positive
    } else if score <= -clear {
        Tone::Negative
    } else {
        Tone::Neutral
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of messages")]
fn judged(judge: &'static str, half: &'static str, rows: &[(f64, f64, Tone)]) -> Judged {
    let truth: Vec<(Tone, Tone)> = rows
        .iter()
        .map(|(rating, _, said)| (of(*rating, CLEAR_RATING), *said))
        .collect();
    let number = |is: &dyn Fn(&(Tone, Tone)) -> bool| truth.iter().filter(|pair| is(pair)).count() as f64;
    let f1 = |tone: Tone| {
        let both = number(&|pair| pair.0 == tone && pair.1 == tone);
        let either = number(&|pair| pair.0 == tone) + number(&|pair| pair.1 == tone);
        if either > 0.0 { 2.0 * both / either } else { 0.0 }
    };
    let scores = |tone: Tone| -> Vec<f64> {
        let of_tone = rows.iter().filter(|(rating, ..)| of(*rating, CLEAR_RATING) == tone);
        of_tone.map(|(_, score, _)| *score).collect()
    };
    Judged {
        judge,
        half,
        n: rows.len(),
        accuracy: number(&|pair| pair.0 == pair.1) / (rows.len() as f64).max(1.0),
        macro_f1: (f1(Tone::Positive) + f1(Tone::Neutral) + f1(Tone::Negative)) / 3.0,
        auroc: auroc(&scores(Tone::Positive), &scores(Tone::Negative)),
    }
}

fn in_words(report: &Value) -> String {
    let rows: Vec<[String; 6]> = { list(report, "").iter() }
        .map(|row| {
            [
                super::show::text(row, "/judge").to_owned(),
                super::show::text(row, "/half").to_owned(),
                number(row, "/n").to_string(),
                format!("{:.3}", decimal(row, "/accuracy")),
                format!("{:.3}", decimal(row, "/macro_f1")),
                format!("{:.3}", decimal(row, "/auroc")),
            ]
        })
        .collect();
    format!(
        "{}\nPeople's ratings from {CLEAR_RATING} on are good, from -{CLEAR_RATING} down bad; AUROC tells the good from the bad.",
        output::table(["", "HALF", "MESSAGES", "ACCURACY", "MACRO F1", "AUROC"], &rows)
    )
}
