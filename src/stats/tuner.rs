//! A retrieval tuner: a small adapter over frozen sentence embeddings, learned from verdicts.
//!
//! Frozen, an entry `e` with the vector `c_e` scores `c_e · q` for a question `q`. With an [`Adapter`] it scores
//!
//! ```text
//! s_e(q) = c_e · (q + U Vᵀ q) + w_e · q
//! ```
//!
//! - `U Vᵀ`, of rank ≤ [`RANK`], turns every question a little toward the way *this* knowledge is written. It is shared
//!   by all entries, so it also helps those that nobody judged yet, and another shop's.
//! - `w_e` moves one entry toward the questions that it answers and away from those it was wrongly shown for. Only
//!   entries that a verdict names have one; it is bounded by how often they were named (the ridge).
//!
//! Without verdicts both are nothing, and the frozen score remains. Both stay linear in `q`, so that a search is one pass
//! over the entries, as before.
//!
//! **What is learned.** With `p_e = softmax(s_e / T)` over the nearest entries of a question, a verdict that tells the
//! right entry (it was shown, or a person named it) costs `−ln p_right`; one that tells only that the shown entry is
//! wrong costs `−ln(1 − 0.9 p_shown)`, the 0.9 because such a verdict is itself mistaken now and then. The sum, with
//! `½ λ_w Σ‖w_e‖² + ½ λ_u ‖S‖²` (`U = B S`, `B` and `V` the principal directions of entries and questions), is lowered
//! by accelerated gradients (`fit`).
//!
//! **How strongly** is not a setting: five-fold cross-validation over whole groups (conversations) tries the strengths
//! of [`STRENGTHS`] and takes the one whose gain over the frozen score is surest, the mean minus [`SURENESS`] standard
//! errors; where none of them is above 0, the strength is 0 and the adapter changes nothing. That is what keeps a few
//! verdicts from doing harm.
//!
//! Everything is a function of its arguments: the order of verdicts and entries does not matter, and the same input and
//! seed give the same bytes. Time is bounded: [`MOST`] verdicts, [`NEAREST`] entries each, a fixed number of steps.
//!
//! Sources: ridge toward a prior, le Cessie and van Houwelingen, "Ridge estimators in logistic regression", Applied
//! Statistics 41 (1992); accelerated gradients, Nesterov (1983), restarted as in O'Donoghue and Candès, "Adaptive restart
//! for accelerated gradient schemes" (2015); principal directions by orthogonal iteration, Golub and Van Loan, "Matrix
//! Computations"; the choice of the strength follows the one-standard-error rule, Breiman and others (1984).

mod adapter;
mod basis;
mod choose;
mod fit;
mod given;

pub use adapter::{Adapter, Counts};

use super::vector::dot;
use basis::Basis;
use given::{Given, check};
use serde::{Deserialize, Serialize};

/// Entries that a question is compared with, at most: the nearest by the frozen score.
pub const NEAREST: usize = 50;
/// Verdicts below which nothing is learned: too few to cross-validate.
pub const FEWEST: usize = 20;
/// Verdicts below which entries stay where they are: most are named too rarely to know where to.
pub const OWN_FROM: usize = 100;
/// Verdicts that can be learned from at once: about a minute on two cores.
pub const MOST: usize = 5_000;
/// Directions in which a question can be turned.
pub const RANK: usize = 48;
/// Standard errors that a gain must exceed to be believed.
pub const SURENESS: f64 = 1.0;

/// One entry of the knowledge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    /// What it is called by; unique.
    pub key: &'a str,
    /// Its frozen vector, of length at most 1.
    pub vector: &'a [f32],
}

/// What a verdict says of the entry that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judged {
    /// It was right.
    Right,
    /// It was wrong; which is right, nobody said.
    Wrong,
    /// It was wrong, and the entry at this position is right.
    Corrected(usize),
}

/// A verdict: a question, the entry that was shown for it, and what a person said.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict<'a> {
    /// What belongs together, and is never split between learning and judging: the conversation.
    pub group: &'a str,
    /// The question's frozen vector, of length at most 1.
    pub question: &'a [f32],
    /// Positions of the entries that it could have been answered from, the nearest [`NEAREST`]; see [`nearest`].
    pub among: Vec<usize>,
    /// Position of the entry that was shown.
    pub shown: usize,
    /// What was said of it.
    pub judged: Judged,
}

/// How strongly an adapter follows the verdicts: the two ridges, in verdicts' worth of evidence. Smaller is stronger.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Strength {
    /// Ridge of what all entries share, `λ_u`.
    pub shared: f32,
    /// Ridge of what each entry has of its own, `λ_w`; `None` leaves the entries where they are.
    pub own: Option<f32>,
}

/// The strengths that are tried, weakest first.
pub const STRENGTHS: [Strength; 6] = [
    strength(320.0, None),
    strength(80.0, None),
    strength(20.0, None),
    strength(20.0, Some(80.0)),
    strength(20.0, Some(20.0)),
    strength(20.0, Some(5.0)),
];

const fn strength(shared: f32, own: Option<f32>) -> Strength {
    Strength { shared, own }
}

/// What cross-validation found of a strength.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The strength.
    pub strength: Strength,
    /// How much less a verdict costs than by the frozen score, on the parts that were not learned from; in nats.
    pub gain: f64,
    /// Its standard error, by groups.
    pub error: f64,
}

/// What training yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned {
    /// The adapter; it changes nothing if no strength was sure to gain.
    pub adapter: Adapter,
    /// What cross-validation found; empty below [`FEWEST`] verdicts.
    pub tried: Vec<Tried>,
}

/// Why an adapter could not be made, read or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TunerError {
    /// A vector has another length than the embedder's.
    #[error("{what} has a vector of {found} numbers, the embedder makes {expected}; embed everything with one model")]
    Dimensions {
        /// Whose vector.
        what: String,
        /// Numbers that the embedder makes.
        expected: usize,
        /// Numbers that it has.
        found: usize,
    },
    /// A vector is not one of a sentence.
    #[error("{what} has a vector that is not finite or longer than 1; embed it again")]
    NotAVector {
        /// Whose vector.
        what: String,
    },
    /// Two entries are called the same.
    #[error("two entries have the key {0:?}; keys must be unique")]
    DuplicateKey(String),
    /// A verdict names an entry that there is not.
    #[error("verdict {verdict} names entry {entry}, but there are {entries}")]
    NoSuchEntry {
        /// Position of the verdict.
        verdict: usize,
        /// The position that it names.
        entry: usize,
        /// Entries that there are.
        entries: usize,
    },
    /// More than can be learned from in a minute.
    #[error("{found} verdicts are more than {MOST}; pass the newest {MOST}")]
    TooMany {
        /// Verdicts that were passed.
        found: usize,
    },
    /// The adapter belongs to another embedding model.
    #[error(
        "this adapter was trained over the embedder {adapter:?} with {adapter_dimensions} numbers, the one in use is {in_use:?} with {dimensions}; tune again"
    )]
    OtherEmbedder {
        /// The embedder that it was trained over.
        adapter: String,
        /// Its numbers a vector.
        adapter_dimensions: usize,
        /// The embedder in use.
        in_use: String,
        /// Its numbers a vector.
        dimensions: usize,
    },
    /// The bytes are not an adapter, or of a newer version.
    #[error("these bytes are not an adapter that this version can read: {0}; tune again")]
    Unreadable(String),
}

/// Learns an adapter over the vectors of `embedder` from verdicts on `entries`. `seed` fixes how groups are parted.
///
/// # Errors
/// [`TunerError`] when vectors, positions or keys do not fit together, or for more than [`MOST`] verdicts.
pub fn train(
    embedder: &str,
    dimensions: usize,
    entries: &[Entry<'_>],
    verdicts: &[Verdict<'_>],
    seed: u64,
) -> Result<Tuned, TunerError> {
    let given = Given::new(dimensions, entries, verdicts)?;
    let (chosen, tried) = choose::strength(&given, seed);
    let learned = chosen.map(|strength| {
        let all: Vec<_> = given.rows.iter().collect();
        let basis = Basis::of(&given, &all);
        let rows: Vec<fit::Row<'_>> = all.iter().map(|row| basis.row(row)).collect();
        let weights = fit::fit(given.dimensions, &rows, strength);
        (strength, basis, weights)
    });
    Ok(Tuned {
        adapter: Adapter::of(embedder, &given, seed, learned),
        tried,
    })
}

/// Positions among `among` of the [`NEAREST`] entries to a question by the frozen score, nearest first; equals keep their
/// order.
pub fn nearest(question: &[f32], entries: &[Entry<'_>], among: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut scored: Vec<(f32, usize)> = among
        .into_iter()
        .filter_map(|at| entries.get(at).map(|entry| (dot(entry.vector, question), at)))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.truncate(NEAREST);
    scored.into_iter().map(|(_, at)| at).collect()
}

/// `to += factor · from`.
fn add(to: &mut [f32], factor: f32, from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

#[cfg(test)]
#[path = "tuner/tests.rs"]
mod tests;
