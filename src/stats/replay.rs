//! Past answers with human verdicts, played again as if a shop had lived through them.
//!
//! An answer of the file is a draft, its verdict comes from a reviewer who may err, and the truth is known: so what
//! certificates and statements promised can be held against what was. Months pass through the same score, gate, sampler
//! and statement as in the product ([`play`]); everything is a pure function of the rows, the settings and a seed, so
//! shuffles can be played side by side in any order. [`summarise`] has the definition of every figure.
//!
//! | when | what happens |
//! |---|---|
//! | before a month | a score is fitted on verdicts that may make one (`score::leak`), drafts of the last three months that it never saw are scored, and the certificate is tested on them |
//! | in the month | drafts within the certificate go out, all others are held and judged; of what went out a sample is drawn and judged |
//! | at its end | the statement is made from the sample, and held against the truth |

mod crossfit;
mod month;
mod summary;
mod timeline;

pub use crossfit::{Separation, separation};
pub use month::{Alarm, Month, Opened, Played, play};
pub use summary::{ByMonth, Drift, Summary, drift, summarise};
pub use timeline::Timeline;

use super::score::Prior;

/// One answer of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Number of its turn, from 0: rows of one turn answer the same question and are shuffled together.
    pub turn: usize,
    /// Features for the score, in its prior's order.
    pub features: Vec<f64>,
    /// Features for the baseline, in its prior's order.
    pub baseline: Vec<f64>,
    /// The truth: was the answer bad?
    pub bad: bool,
    /// What the reviewer says.
    pub judged_bad: bool,
}

/// The two scores that are compared.
#[derive(Debug, Clone, Copy)]
pub struct Priors<'a> {
    /// The product's.
    pub score: &'a Prior,
    /// The baseline's: the same fit on fewer features, and nothing believed beforehand.
    pub baseline: &'a Prior,
}

/// How a file is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The owner's limit: the largest share of bad answers among those that go out without a person, in `0.0..1.0`.
    pub limit: f64,
    /// The probability with which each certificate and each statement may be wrong, in `0.0..1.0`.
    pub risk: f64,
    /// Months that the file is divided into, 1 and more.
    pub months: usize,
    /// Answers of each month, sent without a person, that are drawn to be judged.
    pub sample_per_month: f64,
    /// Months whose verdicts certify.
    pub window: usize,
    /// Does a second person, who never errs, judge every "bad" and a fifth of the "good" again?
    pub adjudicates: bool,
}

#[cfg(test)]
mod tests;
