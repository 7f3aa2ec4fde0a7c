//! Measuring retrieval: how often the right entry comes first, and how well "nothing fits" is told from "this fits".
//!
//! Each question is asked twice: with the knowledge as it is (answerable), and with its right entries removed
//! (unanswerable). The product's ranking and its abstention signal are compared with the obvious baseline, the plain
//! cosine of the question to title and answer, on the same questions; the bounds come from resampling whole collections,
//! because the questions to one business resemble each other.

pub mod curves;

use crate::domain::answer::Thresholds;
use crate::domain::retrieval::{RetrievalError, dot, joined, ranking_vector, scan};
use crate::stats::auroc::auroc;
use crate::stats::bootstrap::lower95;
use crate::stats::quantile::{p50, p95};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::time::Instant;

/// Seed of the bootstrap: a constant, so that a report can be repeated.
const SEED: u64 = 0x5eed_0f1d_ea11;
/// Texts embedded at a time.
const BATCH: usize = 64;

/// Turns texts into vectors.
pub trait Embedder {
    /// Why it could not.
    type Error: std::error::Error;

    /// One vector a text, in order, each of unit length.
    fn embed(&self, texts: &[String]) -> impl Future<Output = Result<Vec<Vec<f32>>, Self::Error>> + Send;
}

/// One entry of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The business or body of knowledge it belongs to.
    pub collection: String,
    /// Its id, unique within the collection.
    pub id: String,
    /// Its question or heading.
    pub title: String,
    /// Its answer or text.
    pub body: String,
}

/// One question with the entries that answer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The collection it is asked of.
    pub collection: String,
    /// The visitor's words.
    pub question: String,
    /// The conversation before it, oldest first.
    #[serde(default)]
    pub context: Vec<String>,
    /// Ids of the entries that answer it; none for a question that nothing in the collection answers.
    pub right: Vec<String>,
}

/// The figures of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Questions that some entry answers.
    pub n: usize,
    /// Share with a right entry first, by the product's ranking, `0.0..=1.0`.
    pub right_first: f64,
    /// The same by the cosine of the question to title and answer.
    pub right_first_baseline: f64,
    /// `right_first - right_first_baseline`.
    pub diff: f64,
    /// One-sided lower 95 % bound of `diff`, paired bootstrap over collections.
    pub diff_lower95: f64,
    /// Mean of 1 / rank of the first right entry, by the product's ranking.
    pub mrr: f64,
    /// How well the abstention signal separates answerable from unanswerable, `0.0..=1.0`, 0.5 being a coin.
    pub abstain_auroc: f64,
    /// The same for the highest cosine of the question to title and answer.
    pub abstain_auroc_baseline: f64,
    /// One-sided lower 95 % bound of the difference of the two, paired bootstrap over collections.
    pub abstain_diff_lower95: f64,
    /// Share of them whose best entry stands out so far that it answers, rightly or wrongly, by the product's thresholds, `0.0..=1.0`.
    pub answered: f64,
    /// The questions that nothing answers, if there are any.
    pub unanswerable: Option<Unanswerable>,
    /// Median time to embed a question and rank its collection, in milliseconds.
    pub latency_ms_p50: f64,
    /// The time that 95 % of the questions stay below, in milliseconds.
    pub latency_ms_p95: f64,
}

/// What becomes of questions that nothing answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Unanswerable {
    /// How many there are.
    pub n: usize,
    /// Share that is left to a person, by the product's thresholds, `0.0..=1.0`.
    pub refused: f64,
    /// How well the abstention signal separates the answerable questions from these, `0.0..=1.0`, 0.5 being a coin.
    pub abstain_auroc: f64,
    /// The same for the highest cosine of the question to title and answer.
    pub abstain_auroc_baseline: f64,
}

/// Why an evaluation is not possible.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// A line of a file cannot be read.
    #[error("{file}, line {line}: {why}")]
    Line {
        /// Which file.
        file: &'static str,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There are no entries.
    #[error(
        "there are no documents; put one JSON object a line into documents.jsonl: {{\"collection\", \"id\", \"title\", \"body\"}}"
    )]
    NoDocuments,
    /// There are no questions.
    #[error(
        "there are no questions; put one JSON object a line into questions.jsonl: {{\"collection\", \"question\", \"right\": [ids]}}"
    )]
    NoQuestions,
    /// Two entries of a collection share an id.
    #[error("collection {collection:?} has two documents with the id {id:?}; ids must be unique within a collection")]
    DuplicateId {
        /// The collection.
        collection: String,
        /// The id.
        id: String,
    },
    /// An entry has no text to embed.
    #[error("document {id:?} of collection {collection:?} has neither title nor body; write one or remove it")]
    EmptyDocument {
        /// The collection.
        collection: String,
        /// The id.
        id: String,
    },
    /// A question does not fit the documents.
    #[error("question {number} ({question:?}) {why}")]
    Question {
        /// Its position, from 1.
        number: usize,
        /// Its text, shortened.
        question: String,
        /// What does not fit.
        why: String,
    },
    /// The embedder failed.
    #[error("the embedding model did not answer: {0}; check it with `holdpoint doctor`")]
    Embedder(String),
    /// The embedder's vectors do not fit each other.
    #[error("the embedding model's answer cannot be used: {0}")]
    Vectors(String),
}

impl From<RetrievalError> for EvaluateError {
    fn from(error: RetrievalError) -> Self {
        Self::Vectors(error.to_string())
    }
}

/// Reads the lines of `documents.jsonl`.
///
/// # Errors
/// [`EvaluateError::Line`] names the first line that cannot be read.
pub fn read_documents(text: &str) -> Result<Vec<Document>, EvaluateError> {
    read_lines("documents.jsonl", text)
}

/// Reads the lines of `questions.jsonl`.
///
/// # Errors
/// [`EvaluateError::Line`] names the first line that cannot be read.
pub fn read_questions(text: &str) -> Result<Vec<Question>, EvaluateError> {
    read_lines("questions.jsonl", text)
}

fn read_lines<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<Vec<T>, EvaluateError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|error| EvaluateError::Line {
                file,
                line: at + 1,
                why: error.to_string(),
            })
        })
        .collect()
}

/// Evaluates retrieval over `documents` with `questions`. `progress` is told how many of how many texts are embedded.
///
/// # Errors
/// [`EvaluateError`] when the input does not fit together or the embedder fails.
pub async fn evaluate<E: Embedder>(
    embedder: &E,
    documents: &[Document],
    questions: &[Question],
    mut progress: impl FnMut(usize, usize),
) -> Result<Report, EvaluateError> {
    let collections = collections(documents)?;
    let right = right_entries(documents, &collections, questions)?;

    let texts: Vec<String> = documents
        .iter()
        .flat_map(|d| {
            [
                joined(&d.title, &d.body),
                if d.body.trim().is_empty() {
                    d.title.clone()
                } else {
                    d.body.clone()
                },
            ]
        })
        .collect();
    let total = texts.len() + questions.len();
    let vectors = embed_all(embedder, &texts, |done| progress(done, total)).await?;
    let (pairs, _) = vectors.as_chunks::<2>();
    let entries: Vec<Vectors> = pairs
        .iter()
        .map(|[whole, body]| Vectors {
            ranking: ranking_vector(whole, body),
            whole: whole.clone(),
        })
        .collect();

    let mut rows = Vec::with_capacity(questions.len());
    let mut unanswerable = Vec::new();
    let mut clusters: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, (question, right)) in questions.iter().zip(&right).enumerate() {
        let members = collections
            .get(question.collection.as_str())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let is_right: Vec<bool> = members.iter().map(|member| right.contains(member)).collect();
        let members: Vec<&Vectors> = members.iter().filter_map(|member| entries.get(*member)).collect();

        // One question at a time, as visitors ask.
        let started = Instant::now();
        let asked = embed_all(embedder, std::slice::from_ref(&question.question), |_| ()).await?;
        let latency_ms = milliseconds(started);
        let vector = asked.first().map(Vec::as_slice).unwrap_or_default();

        let measured = measure(vector, &members, &is_right, latency_ms)?;
        if right.is_empty() {
            unanswerable.push(measured);
        } else {
            clusters.entry(&question.collection).or_default().push(rows.len());
            rows.push(measured);
        }
        progress(texts.len() + at + 1, total);
    }
    let clusters: Vec<Vec<usize>> = clusters.into_values().collect();
    report(&rows, &unanswerable, &clusters)
        .ok_or_else(|| EvaluateError::Vectors("it contains numbers that are not finite".to_owned()))
}

/// Positions of each collection's documents.
fn collections(documents: &[Document]) -> Result<BTreeMap<&str, Vec<usize>>, EvaluateError> {
    if documents.is_empty() {
        return Err(EvaluateError::NoDocuments);
    }
    let mut collections: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut ids = HashMap::new();
    for (at, document) in documents.iter().enumerate() {
        let (collection, id) = (document.collection.clone(), document.id.clone());
        if document.title.trim().is_empty() && document.body.trim().is_empty() {
            return Err(EvaluateError::EmptyDocument { collection, id });
        }
        if ids.insert((&document.collection, &document.id), at).is_some() {
            return Err(EvaluateError::DuplicateId { collection, id });
        }
        collections.entry(&document.collection).or_default().push(at);
    }
    Ok(collections)
}

/// Positions of the documents that are right for each question.
fn right_entries(
    documents: &[Document],
    collections: &BTreeMap<&str, Vec<usize>>,
    questions: &[Question],
) -> Result<Vec<Vec<usize>>, EvaluateError> {
    if questions.iter().all(|question| question.right.is_empty()) {
        return Err(EvaluateError::NoQuestions);
    }
    let find = |question: &Question| -> Result<Vec<usize>, String> {
        if question.question.trim().is_empty() {
            return Err("is empty".to_owned());
        }
        let Some(members) = collections.get(question.collection.as_str()) else {
            return Err(format!(
                "is asked of collection {:?}, which has no documents",
                question.collection
            ));
        };
        let position = |id: &String| {
            members
                .iter()
                .copied()
                .find(|at| documents.get(*at).is_some_and(|d| d.id == *id))
        };
        let unknown = |id: &String| {
            format!(
                "names {id:?} as right, which collection {:?} does not contain",
                question.collection
            )
        };
        let right = question.right.iter().map(|id| position(id).ok_or_else(|| unknown(id)));
        let right: Vec<usize> = right.collect::<Result<_, _>>()?;
        if !right.is_empty() && members.iter().all(|at| right.contains(at)) {
            return Err("names every document of its collection as right; add others to choose from".to_owned());
        }
        Ok(right)
    };
    let located = questions.iter().enumerate().map(|(at, question)| {
        find(question).map_err(|why| EvaluateError::Question {
            number: at + 1,
            question: question.question.chars().take(60).collect(),
            why,
        })
    });
    located.collect()
}

async fn embed_all<E: Embedder>(
    embedder: &E,
    texts: &[String],
    mut progress: impl FnMut(usize),
) -> Result<Vec<Vec<f32>>, EvaluateError> {
    let mut vectors = Vec::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        let answer = embedder
            .embed(batch)
            .await
            .map_err(|error| EvaluateError::Embedder(error.to_string()))?;
        if answer.len() != batch.len() {
            let why = format!("{} vectors for {} texts", answer.len(), batch.len());
            return Err(EvaluateError::Vectors(why));
        }
        vectors.extend(answer);
        progress(vectors.len());
    }
    Ok(vectors)
}

/// What one question yields.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Measured {
    /// Rank of the first right entry, from 1.
    rank: usize,
    /// Was a right entry first by the baseline?
    baseline_first: bool,
    /// The abstention signal with the right entries present and without them.
    stand_out: Pair,
    /// The baseline's: the highest cosine to title and body.
    baseline: Pair,
    /// The best entry stands out so far that it answers.
    is_answered: bool,
    latency_ms: f64,
}

/// What an entry is ranked by: by the product, and by the baseline.
#[derive(Debug, Clone)]
struct Vectors {
    ranking: Vec<f32>,
    whole: Vec<f32>,
}

/// A signal on the same question, once answerable and once not.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair {
    answerable: f64,
    unanswerable: f64,
}

/// Ranks one question's collection with and without its right entries. `latency_ms` is what embedding it took.
fn measure(question: &[f32], entries: &[&Vectors], right: &[bool], latency_ms: f64) -> Result<Measured, EvaluateError> {
    let started = Instant::now();
    let all = entries.iter().map(|entry| entry.ranking.as_slice());
    let ranking = scan(question, all.clone().enumerate(), entries.len())?;
    let latency_ms = latency_ms + milliseconds(started);

    let is_right = |at: usize| right.get(at).copied().unwrap_or(false);
    let place = ranking.entries.iter().position(|entry| is_right(entry.index));
    let cosines: Vec<f64> = entries
        .iter()
        .map(|entry| f64::from(dot(question, &entry.whole)))
        .collect();
    let highest = |keep: &dyn Fn(usize) -> bool| {
        let kept = cosines.iter().enumerate().filter(|(at, _)| keep(*at));
        // The first of equals, as the ranking has it.
        kept.rev()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .map_or((0, 0.0), |(at, cosine)| (at, *cosine))
    };
    let (baseline_at, baseline_answerable) = highest(&|_| true);
    let (_, baseline_unanswerable) = highest(&|at| !is_right(at));
    let (thresholds, best) = (Thresholds::default(), ranking.entries.first());
    let others = all.enumerate().filter(|(at, _)| !is_right(*at));
    Ok(Measured {
        rank: place.map_or(entries.len(), |at| at + 1),
        baseline_first: is_right(baseline_at),
        stand_out: Pair {
            answerable: ranking.stand_out,
            unanswerable: scan(question, others, 1)?.stand_out,
        },
        baseline: Pair {
            answerable: baseline_answerable,
            unanswerable: baseline_unanswerable,
        },
        is_answered: best.is_some_and(|best| best.score >= thresholds.score)
            && ranking.stand_out >= thresholds.answer_stand_out,
        latency_ms,
    })
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

/// Sums up what the questions yielded; `clusters` holds the positions of each collection's questions among `rows`.
fn report(rows: &[Measured], unanswerable: &[Measured], clusters: &[Vec<usize>]) -> Option<Report> {
    let all: Vec<&Measured> = rows.iter().collect();
    let drawn = |sample: &[usize]| -> Vec<&Measured> {
        let positions = sample.iter().filter_map(|cluster| clusters.get(*cluster)).flatten();
        positions.filter_map(|at| rows.get(*at)).collect()
    };
    let right_first = |rows: &[&Measured]| mean(rows, |m| f64::from(u8::from(m.rank == 1)));
    let right_first_baseline = |rows: &[&Measured]| mean(rows, |m| f64::from(u8::from(m.baseline_first)));
    let diff = |rows: &[&Measured]| Some(right_first(rows)? - right_first_baseline(rows)?);
    let abstain = |rows: &[&Measured]| separation(rows, |m| m.stand_out);
    let abstain_baseline = |rows: &[&Measured]| separation(rows, |m| m.baseline);
    let abstain_diff = |rows: &[&Measured]| Some(abstain(rows)? - abstain_baseline(rows)?);
    let latencies: Vec<f64> = rows.iter().map(|m| m.latency_ms).collect();
    #[expect(clippy::cast_precision_loss, reason = "ranks within a collection")]
    let reciprocal = |m: &Measured| 1.0 / m.rank as f64;
    Some(Report {
        n: rows.len(),
        right_first: right_first(&all)?,
        right_first_baseline: right_first_baseline(&all)?,
        diff: diff(&all)?,
        diff_lower95: lower95(clusters.len(), SEED, |sample| diff(&drawn(sample)))?,
        mrr: mean(&all, reciprocal)?,
        abstain_auroc: abstain(&all)?,
        abstain_auroc_baseline: abstain_baseline(&all)?,
        abstain_diff_lower95: lower95(clusters.len(), SEED, |sample| abstain_diff(&drawn(sample)))?,
        answered: mean(&all, |m| f64::from(u8::from(m.is_answered)))?,
        unanswerable: refused(rows, unanswerable),
        latency_ms_p50: p50(&latencies)?,
        latency_ms_p95: p95(&latencies)?,
    })
}

/// What becomes of questions that nothing answers, beside those that something answers.
fn refused(answerable: &[Measured], unanswerable: &[Measured]) -> Option<Unanswerable> {
    let all: Vec<&Measured> = unanswerable.iter().collect();
    let told = |signal: &dyn Fn(&Measured) -> f64| {
        let of = |rows: &[Measured]| rows.iter().map(signal).collect::<Vec<f64>>();
        auroc(&of(answerable), &of(unanswerable))
    };
    Some(Unanswerable {
        n: all.len(),
        refused: mean(&all, |m| f64::from(u8::from(!m.is_answered)))?,
        abstain_auroc: told(&|m| m.stand_out.answerable)?,
        abstain_auroc_baseline: told(&|m| m.baseline.answerable)?,
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions")]
fn mean(rows: &[&Measured], value: impl Fn(&Measured) -> f64) -> Option<f64> {
    (!rows.is_empty()).then(|| rows.iter().map(|row| value(row)).sum::<f64>() / rows.len() as f64)
}

fn separation(rows: &[&Measured], signal: impl Fn(&Measured) -> Pair) -> Option<f64> {
    let (answerable, unanswerable): (Vec<f64>, Vec<f64>) = rows
        .iter()
        .map(|row| signal(row))
        .map(|pair| (pair.answerable, pair.unanswerable))
        .unzip();
    auroc(&answerable, &unanswerable)
}

#[cfg(test)]
#[path = "evaluate/tests.rs"]
mod tests;
