//! What verdicts would teach the retrieval tuner: learned from on one part of the questions, measured on another.
//!
//! The verdicts are simulated from known answers: the entry that the untuned ranking puts first is *shown*; if it is right,
//! a verdict says so; if it is wrong, a verdict says so, and with the probability `corrected` it also names the right one,
//! as a reviewer does who corrects the answer. Nothing else of the known answers reaches the tuner.
//!
//! With one collection, questions are parted: the tuner learns from some and is measured on others about the same
//! entries. With several collections, collections are parted, tenth by tenth: it is measured on businesses that it has
//! not seen. Plain cosine (of the question to title and body) and the ranking without verdicts stand beside it, on the
//! same questions.

mod figures;
mod parting;

use super::{Document, Embedder, EvaluateError, Question, collections, embed_all, right_entries};
use crate::domain::retrieval::{dot, joined, ranking_vector};
use crate::stats::random::SplitMix64;
use crate::stats::tuner::{Entry, Judged, TunerError, Verdict, nearest, train};
use figures::Figures;
use parting::{Trial, by_collection, shuffle};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

/// Verdicts to learn from, where there are as many questions.
const SIZES: [usize; 3] = [50, 200, 1_000];
/// Shares of wrong verdicts that name the right entry.
const CORRECTED: [f64; 3] = [0.5, 1.0, 0.0];
/// The share of the questions that is held out where questions are parted: 3 of 5.
const HELD_OUT: (usize, usize) = (3, 5);
/// Most repetitions.
const MOST_DRAWS: usize = 20;

/// What is to be repeated, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// Parts the questions and draws the verdicts.
    pub seed: u64,
    /// Times that verdicts are drawn and learned from anew; 1 to 20.
    pub draws: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self { seed: 1, draws: 5 }
    }
}

/// How what is learned from is kept apart from what is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Parted {
    /// By question: one collection, other questions about the same entries.
    Question,
    /// By collection: other businesses, other entries.
    Collection,
}

/// What the tuner learns, by how many verdicts it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// How learning and measuring were kept apart.
    pub parted: Parted,
    /// Entries.
    pub entries: usize,
    /// Questions that it was measured on.
    pub n: usize,
    /// What was repeated.
    pub plan: Plan,
    /// One row for each share of corrections and number of verdicts.
    pub rows: Vec<CurveRow>,
}

/// One row: means over the draws.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurveRow {
    /// Verdicts learned from; their mean where collections are parted.
    pub verdicts: usize,
    /// Share of the wrong ones in which a person names the right entry, `0.0..=1.0`.
    pub corrected: f64,
    /// Share of held-out questions with a right entry first by plain cosine.
    pub right_first_cosine: f64,
    /// The same by the ranking without verdicts.
    pub right_first_untuned: f64,
    /// The same by the tuned ranking.
    pub right_first_tuned: f64,
    /// Tuned minus cosine.
    pub difference: f64,
    /// One-sided lower 95 % bound of `difference`: paired bootstrap over held-out questions, or over collections.
    pub lower95: f64,
    /// Tuned minus untuned.
    pub gain: f64,
    /// Its one-sided lower 95 % bound.
    pub gain_lower95: f64,
    /// The smallest gain of any draw.
    pub gain_least: f64,
    /// Trainings in which cross-validation found nothing sure to gain, so that nothing changed, `0.0..=1.0`.
    pub unchanged: f64,
    /// Mean time of one training, its cross-validation included.
    pub seconds: f64,
}

impl From<TunerError> for EvaluateError {
    fn from(error: TunerError) -> Self {
        Self::Vectors(error.to_string())
    }
}

/// Everything embedded, ready to be learned from.
#[derive(Debug)]
pub struct Embedded {
    dimensions: usize,
    keys: Vec<String>,
    vectors: Vec<Vec<f32>>,
    asked: Vec<Asked>,
    parted: Parted,
}

#[derive(Debug)]
struct Asked {
    vector: Vec<f32>,
    /// Number of its group: itself where questions are parted, else its collection.
    group: usize,
    /// The nearest entries by the untuned ranking, nearest first.
    among: Vec<usize>,
    /// The right entries.
    right: Vec<usize>,
    /// Plain cosine has a right one first.
    by_cosine: bool,
}

impl Asked {
    fn shown(&self) -> usize {
        self.among.first().copied().unwrap_or_default()
    }

    fn is_right(&self, at: usize) -> bool {
        self.right.contains(&at)
    }
}

/// Embeds entries and questions; a question asked twice in the same words counts once. `progress` is told how many of how
/// many texts are embedded.
///
/// # Errors
/// [`EvaluateError`] when the input does not fit together or the embedder fails.
pub async fn embed<E: Embedder>(
    embedder: &E,
    documents: &[Document],
    questions: &[Question],
    mut progress: impl FnMut(usize, usize),
) -> Result<Embedded, EvaluateError> {
    let collections = collections(documents)?;
    let rights = right_entries(documents, &collections, questions)?;
    let total = 2 * documents.len() + questions.len();
    let texts = documents.iter().flat_map(|d| {
        let body = if d.body.trim().is_empty() { &d.title } else { &d.body };
        [joined(&d.title, &d.body), body.clone()]
    });
    let texts: Vec<String> = texts.collect();
    let entries = embed_all(embedder, &texts, |done| progress(done, total)).await?;
    let asked: Vec<String> = questions.iter().map(|question| question.question.clone()).collect();
    let asked = embed_all(embedder, &asked, |done| progress(texts.len() + done, total)).await?;

    let (pairs, _) = entries.as_chunks::<2>();
    let dimensions = pairs.first().map_or(0, |[whole, _]| whole.len());
    let vectors: Vec<Vec<f32>> = pairs.iter().map(|[whole, body]| ranking_vector(whole, body)).collect();
    let keys: Vec<String> = documents
        .iter()
        .map(|d| format!("{}\0{}", d.collection, d.id))
        .collect();
    let known = entries_of(&keys, &vectors);
    let parted = if collections.len() == 1 {
        Parted::Question
    } else {
        Parted::Collection
    };
    let groups: BTreeMap<&str, usize> = collections.keys().enumerate().map(|(at, name)| (*name, at)).collect();
    let mut seen = HashSet::new();
    let mut ready = Vec::with_capacity(questions.len());
    for ((question, vector), right) in questions.iter().zip(asked).zip(rights) {
        let collection = question.collection.as_str();
        // Nothing is learned or judged from what nothing answers.
        if right.is_empty() || !seen.insert((collection, question.question.trim().to_lowercase())) {
            continue;
        }
        let members = collections.get(collection).map(Vec::as_slice).unwrap_or_default();
        let wholes = members.iter().filter_map(|at| Some((*at, &pairs.get(*at)?[0])));
        // The first of equals, as the ranking has it.
        let nearest_whole = wholes
            .rev()
            .max_by(|a, b| dot(a.1, &vector).total_cmp(&dot(b.1, &vector)));
        ready.push(Asked {
            group: match parted {
                Parted::Question => ready.len(),
                Parted::Collection => groups.get(collection).copied().unwrap_or_default(),
            },
            among: nearest(&vector, &known, members.iter().copied()),
            by_cosine: nearest_whole.is_some_and(|(at, _)| right.contains(&at)),
            right,
            vector,
        });
    }
    Ok(Embedded {
        dimensions,
        asked: ready,
        parted,
        keys,
        vectors,
    })
}

fn entries_of<'a>(keys: &'a [String], vectors: &'a [Vec<f32>]) -> Vec<Entry<'a>> {
    let pairs = keys.iter().zip(vectors);
    pairs.map(|(key, vector)| Entry { key, vector }).collect()
}

/// Learns and measures: each share of corrections, each number of verdicts, each draw. Takes minutes of one core.
///
/// # Errors
/// [`EvaluateError::Vectors`] when vectors do not fit each other, or there are too few questions to part.
pub fn curves(embedded: &Embedded, plan: Plan) -> Result<Curves, EvaluateError> {
    let plan = Plan {
        draws: plan.draws.clamp(1, MOST_DRAWS),
        ..plan
    };
    let mut order: Vec<usize> = (0..embedded.asked.len()).collect();
    shuffle(&mut order, &mut SplitMix64::new(plan.seed));
    let (held_out, pool) = match embedded.parted {
        Parted::Question => order.split_at(order.len() * HELD_OUT.0 / HELD_OUT.1),
        Parted::Collection => (order.as_slice(), order.as_slice()),
    };
    let sizes: Vec<usize> = match embedded.parted {
        Parted::Question => SIZES.into_iter().filter(|size| *size <= pool.len()).collect(),
        Parted::Collection => vec![pool.len()],
    };
    let mut rows = Vec::new();
    for corrected in CORRECTED {
        for size in &sizes {
            rows.push(row(embedded, plan, corrected, |draw| match embedded.parted {
                Parted::Question => {
                    let mut learned = pool.to_vec();
                    shuffle(&mut learned, &mut SplitMix64::new(plan.seed ^ (draw << 32)));
                    learned.truncate(*size);
                    vec![Trial {
                        learned,
                        measured: held_out.to_vec(),
                    }]
                }
                Parted::Collection => by_collection(embedded, plan.seed ^ (draw << 32)),
            })?);
        }
    }
    if rows.is_empty() {
        let why = format!(
            "{} different questions are too few to learn from some and measure on others",
            order.len()
        );
        return Err(EvaluateError::Vectors(why));
    }
    Ok(Curves {
        parted: embedded.parted,
        entries: embedded.keys.len(),
        n: held_out.len(),
        plan,
        rows,
    })
}

/// Learns in every draw and measures.
fn row(
    embedded: &Embedded,
    plan: Plan,
    corrected: f64,
    trials: impl Fn(u64) -> Vec<Trial>,
) -> Result<CurveRow, EvaluateError> {
    let entries = entries_of(&embedded.keys, &embedded.vectors);
    let names: Vec<String> = embedded.asked.iter().map(|asked| asked.group.to_string()).collect();
    // How often each question had a right entry first, by position.
    let mut tuned: BTreeMap<usize, f64> = BTreeMap::new();
    let mut gains = Vec::new();
    let (mut trainings, mut unchanged, mut learned_from, mut seconds) = (0.0, 0.0, 0.0, 0.0);
    for draw in (1_u64..).take(plan.draws) {
        let mut coin = SplitMix64::new(plan.seed.rotate_left(17) ^ draw);
        let coins: Vec<bool> = embedded.asked.iter().map(|_| coin.unit() < corrected).collect();
        let (mut gained, mut count) = (0.0, 0.0);
        for trial in trials(draw) {
            let verdicts = trial.learned.iter().filter_map(|at| {
                let (asked, name, coin) = (embedded.asked.get(*at)?, names.get(*at)?, *coins.get(*at)?);
                Some(Verdict {
                    group: name,
                    question: &asked.vector,
                    among: asked.among.clone(),
                    shown: asked.shown(),
                    judged: judged(asked, coin),
                })
            });
            let verdicts: Vec<Verdict<'_>> = verdicts.collect();
            let started = Instant::now();
            let adapter = train("in use", embedded.dimensions, &entries, &verdicts, plan.seed ^ draw)?.adapter;
            seconds += started.elapsed().as_secs_f64();
            trainings += 1.0;
            learned_from += real(verdicts.len());
            unchanged += truth(adapter.strength().is_none());
            for at in trial.measured {
                let Some(asked) = embedded.asked.get(at) else { continue };
                let near: Vec<Entry<'_>> = asked.among.iter().filter_map(|at| entries.get(*at).copied()).collect();
                let scores = adapter.scores("in use", &asked.vector, &near)?;
                let places = asked.among.iter().zip(scores).rev();
                let first = places.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| *at);
                let is_right = truth(first.is_some_and(|first| asked.is_right(first)));
                *tuned.entry(at).or_default() += is_right / real(plan.draws);
                gained += is_right - truth(asked.is_right(asked.shown()));
                count += 1.0;
            }
        }
        gains.push(gained / count);
    }
    let figures = Figures::new(embedded, &tuned);
    let no_numbers = || EvaluateError::Vectors("there is nothing to measure on".to_owned());
    let (cosine, untuned, with) = figures.means().ok_or_else(no_numbers)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a mean of counts"
    )]
    let verdicts = f64::round(learned_from / trainings) as usize;
    Ok(CurveRow {
        verdicts,
        corrected,
        right_first_cosine: cosine,
        right_first_untuned: untuned,
        right_first_tuned: with,
        difference: with - cosine,
        lower95: figures
            .lower95(plan.seed, |m| m.tuned - m.cosine)
            .ok_or_else(no_numbers)?,
        gain: with - untuned,
        gain_lower95: figures
            .lower95(plan.seed, |m| m.tuned - m.untuned)
            .ok_or_else(no_numbers)?,
        gain_least: gains.into_iter().fold(f64::INFINITY, f64::min),
        unchanged: unchanged / trainings,
        seconds: seconds / trainings,
    })
}

fn judged(asked: &Asked, is_corrected: bool) -> Judged {
    match asked.right.first() {
        _ if asked.is_right(asked.shown()) => Judged::Right,
        Some(right) if is_corrected => Judged::Corrected(*right),
        _ => Judged::Wrong,
    }
}

fn truth(it: bool) -> f64 {
    f64::from(u8::from(it))
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions")]
fn real(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
#[path = "curves/tests.rs"]
mod tests;
