//! Checking a month's draw afterwards, from nothing but the log and the revealed key.

use super::draw::{Draw, MonthKey, Purpose};

/// What the log says about one answer that went out unreviewed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrawRow {
    /// Sequence of its `message.released` entry.
    pub sequence: u64,
    /// Its band.
    pub band: usize,
    /// `π` as it was logged.
    pub probability: f64,
    /// Whether it was drawn, as it was logged.
    pub drawn: bool,
}

/// Something that should not be.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum DrawProblem {
    /// There is no key.
    #[error("the month's key is missing, so nothing can be checked; restore the file from a backup")]
    KeyMissing,
    /// The key is not the one that was committed to.
    #[error("the key is not the one whose hash was published when the month began")]
    OtherKey,
    /// An answer was drawn against the key.
    #[error("entry {sequence} was drawn although the key does not draw it")]
    DrawnWrongly {
        /// Which entry.
        sequence: u64,
    },
    /// An answer was left out against the key.
    #[error("entry {sequence} was left out although the key draws it")]
    LeftOut {
        /// Which entry.
        sequence: u64,
    },
    /// A logged probability is none.
    #[error("entry {sequence} has the probability {probability}, which is none")]
    NoProbability {
        /// Which entry.
        sequence: u64,
        /// What was logged.
        probability: f64,
    },
    /// A logged probability is not its band's.
    #[error("entry {sequence} has the probability {probability}, its band was given {planned}")]
    OtherProbability {
        /// Which entry.
        sequence: u64,
        /// What was logged.
        probability: f64,
        /// What the allocation says.
        planned: f64,
    },
    /// An entry was drawn that sent no answer of the month.
    #[error("entry {sequence} was drawn, and the log does not say that it sent an answer of this month")]
    NothingSent {
        /// Which entry.
        sequence: u64,
    },
    /// Two rows have the same sequence, or a later row an earlier one.
    #[error("entry {sequence} stands in the list twice or out of order")]
    OutOfOrder {
        /// Which entry.
        sequence: u64,
    },
}

/// What the check found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DrawReport {
    /// Answers looked at.
    pub checked: u64,
    /// Answers that the key draws.
    pub drawn: u64,
    /// Everything wrong; the draw was fair if this is empty.
    pub problems: Vec<DrawProblem>,
}

impl DrawReport {
    /// Whether everything is as it should be.
    pub const fn is_fair(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Rechecks the whole draw of `month` (as in `2026-05`): that `key` is the one committed to, that each answer has its band's `planned`
/// probability (none planned, none compared), and that exactly those are drawn that the key draws.
///
/// `rows` in the order of the log. Without a key the only problem named is that.
pub fn verify_month(
    workspace: [u8; 16],
    month: &str,
    key: Option<&MonthKey>,
    commitment: &[u8; 32],
    planned: &[f64],
    rows: &[DrawRow],
) -> DrawReport {
    let mut report = DrawReport::default();
    let Some(key) = key else {
        report.problems.push(DrawProblem::KeyMissing);
        return report;
    };
    if key.commitment() != *commitment {
        report.problems.push(DrawProblem::OtherKey);
        return report;
    }
    let draw = Draw::new(key, workspace, month, Purpose::Sample);
    let mut before = None;
    for row in rows {
        let DrawRow {
            sequence, probability, ..
        } = *row;
        if before.is_some_and(|before| before >= sequence) {
            report.problems.push(DrawProblem::OutOfOrder { sequence });
        }
        before = Some(sequence);
        report.checked += 1;
        let drawn = draw.selects(sequence, probability);
        report.drawn += u64::from(drawn);
        report.problems.extend(row.problem(drawn, planned));
    }
    report
}

impl DrawRow {
    fn problem(&self, drawn: bool, planned: &[f64]) -> Option<DrawProblem> {
        let Self {
            sequence, probability, ..
        } = *self;
        if !(0.0..=1.0).contains(&probability) {
            return Some(DrawProblem::NoProbability { sequence, probability });
        }
        let of_band = planned.get(self.band).or(planned.last()).copied();
        match of_band {
            // Bit for bit: the log holds the very number.
            Some(planned) if planned.to_bits() != probability.to_bits() => Some(DrawProblem::OtherProbability {
                sequence,
                probability,
                planned,
            }),
            _ if self.drawn && !drawn => Some(DrawProblem::DrawnWrongly { sequence }),
            _ if drawn && !self.drawn => Some(DrawProblem::LeftOut { sequence }),
            _ => None,
        }
    }
}
