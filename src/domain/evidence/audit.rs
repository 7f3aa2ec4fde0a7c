//! Rechecks a month's draw from the entries of a log, offline, and believes nothing else.

use super::MonthName;
use crate::domain::log::{ChainError, ChainVerifier, Entry, EventKind};
use crate::domain::time::Timestamp;
use crate::stats::sampler::{Bands, DrawProblem, DrawRow, MonthKey, verify_month};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// No clock on earth differs by more from the one that months are told by here, in milliseconds.
const ZONES_MS: i64 = 24 * 60 * 60_000;

/// Something that should not be in the log of a month.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AuditProblem {
    /// The log itself is damaged.
    #[error("the log is damaged at entry {sequence}: {why}")]
    Log {
        /// The first entry that is not in order.
        sequence: i64,
        /// What is wrong with it.
        why: ChainError,
    },
    /// An entry of another workspace.
    #[error("entry {0} belongs to another workspace")]
    OtherWorkspace(i64),
    /// The month was opened once more.
    #[error("entry {0} opens the month once more: only the key that was committed to first counts")]
    OpenedAgain(i64),
    /// The month was closed once more.
    #[error("entry {0} closes the month once more: only what was published first counts")]
    ClosedAgain(i64),
    /// An answer went out before the key was committed to.
    #[error("entry {0} sent an answer of the month before its key was committed to")]
    BeforeCommitment(i64),
    /// An answer went out after the key was revealed.
    #[error("entry {0} sent an answer of the month after its key was revealed")]
    AfterReveal(i64),
    /// An answer is said to be of a month that it is not of.
    #[error("entry {0} says it is of the month, and was written at another time")]
    OtherTime(i64),
    /// An answer went out in the month, and nothing says so.
    #[error("entry {0} sent an answer without a person in this month and does not say what it is drawn with")]
    Unsampled(i64),
    /// What the month is drawn with cannot be read.
    #[error("entry {0} opens the month with bands and probabilities that do not fit together")]
    NoPlan(i64),
    /// An answer is in a band that its score does not put it into.
    #[error("entry {sequence} is in band {band}; by its score it belongs to {by_score}")]
    OtherBand {
        /// Which entry.
        sequence: i64,
        /// The band that was logged.
        band: usize,
        /// The band of its score.
        by_score: usize,
    },
    /// What was published of the month counts other answers than the log.
    #[error("what was published counts {published} answers sent, the log has {logged}")]
    OtherNumber {
        /// As published.
        published: String,
        /// As logged.
        logged: usize,
    },
    /// The draw.
    #[error("{0}")]
    Draw(#[from] DrawProblem),
}

/// Why nothing can be rechecked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAudited {
    /// The month was never opened.
    #[error("nothing was opened in this month")]
    NotOpened,
    /// Its key is not revealed yet.
    #[error(
        "the month is not closed yet, so its key is still secret; it closes when it is over and its checks are judged"
    )]
    NotClosed,
}

/// What rechecking found.
#[derive(Debug, Clone, PartialEq)]
pub struct Audited {
    /// Hash of the key, as it was committed to first.
    pub commitment: [u8; 32],
    /// The key.
    pub key: Option<[u8; 32]>,
    /// Answers looked at.
    pub checked: u64,
    /// Answers that the key draws.
    pub drawn: u64,
    /// Everything wrong; the draw was fair if this is empty.
    pub problems: Vec<AuditProblem>,
}

/// The key's hash, the bands and their probabilities.
#[derive(Debug)]
struct Opened {
    commitment: [u8; 32],
    bands: Bands,
    planned: Vec<f64>,
}

#[derive(Debug)]
struct Closed {
    key: Option<[u8; 32]>,
    drawn: BTreeSet<u64>,
    sent: Option<String>,
}

/// Hears the entries of a log, from the first on, and tells how a month was drawn.
#[derive(Debug)]
pub struct Audit {
    month: MonthName,
    chain: Option<ChainVerifier>,
    workspace: Option<Uuid>,
    opened: Option<Opened>,
    closed: Option<Closed>,
    sent: Vec<(u64, usize, f64)>,
    /// Months that were closed.
    published: BTreeSet<MonthName>,
    problems: Vec<AuditProblem>,
}

impl Audit {
    /// Of a month.
    pub fn of(month: MonthName) -> Self {
        Self {
            month,
            chain: Some(ChainVerifier::default()),
            workspace: None,
            opened: None,
            closed: None,
            sent: Vec::new(),
            published: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    /// Hears the next entry.
    pub fn hear(&mut self, entry: &Entry) {
        let header = &entry.header;
        if let Some(chain) = &mut self.chain
            && let Err(broken) = chain.accept(entry)
        {
            // What follows a break is broken, too; the first place says enough.
            self.problems.push(AuditProblem::Log {
                sequence: header.seq,
                why: broken,
            });
            self.chain = None;
        }
        let workspace = header.workspace_id.uuid();
        if *self.workspace.get_or_insert(workspace) != workspace {
            self.problems.push(AuditProblem::OtherWorkspace(header.seq));
            return;
        }
        let says = header.refs.get("month").map(String::as_str);
        let is_of_month = says == Some(self.month.to_string().as_str());
        let kind = header.kind.as_str();
        if kind == EventKind::SamplingOpened.as_str() && is_of_month {
            self.open(header.seq, &header.refs);
        } else if kind == EventKind::StatementPublished.as_str() {
            self.published
                .extend(says.and_then(|says| says.parse::<MonthName>().ok()));
            if is_of_month {
                self.close(header.seq, &header.refs);
            }
        } else if kind == EventKind::MessageReleased.as_str() && header.refs.contains_key("decision") {
            self.release(entry, is_of_month);
        }
    }

    fn open(&mut self, seq: i64, refs: &BTreeMap<String, String>) {
        if self.opened.is_some() {
            self.problems.push(AuditProblem::OpenedAgain(seq));
            return;
        }
        let bands = read(refs, "cuts").and_then(Bands::from_cuts);
        let planned: Option<Vec<f64>> = read(refs, "probabilities");
        let (bands, planned) = match bands.zip(planned) {
            Some((bands, planned)) if planned.len() == bands.len() => (bands, planned),
            _ => {
                self.problems.push(AuditProblem::NoPlan(seq));
                (Bands::one(), vec![f64::NAN])
            }
        };
        self.opened = Some(Opened {
            // One that cannot be read is no key's.
            commitment: refs.get("commitment").and_then(|text| unhex(text)).unwrap_or_default(),
            bands,
            planned,
        });
    }

    fn close(&mut self, seq: i64, refs: &BTreeMap<String, String>) {
        if self.closed.is_some() {
            self.problems.push(AuditProblem::ClosedAgain(seq));
            return;
        }
        self.closed = Some(Closed {
            key: refs.get("key").and_then(|text| unhex(text)),
            drawn: read(refs, "drawn").unwrap_or_default(),
            sent: refs.get("sent").cloned(),
        });
    }

    fn release(&mut self, entry: &Entry, is_of_month: bool) {
        let (seq, refs) = (entry.header.seq, &entry.header.refs);
        let says_later = || {
            let says = refs.get("month").and_then(|says| says.parse::<MonthName>().ok());
            says.is_some_and(|says| says > self.month)
        };
        if !is_of_month {
            // After a clock was set back, what goes out belongs to the next month whose key nobody knows.
            let is_elsewhere = self.closed.is_some() && says_later();
            if self.lies_within(entry.header.at, ZONES_MS) && !is_elsewhere {
                self.problems.push(AuditProblem::Unsampled(seq));
            }
            return;
        }
        if !self.lies_within(entry.header.at, -ZONES_MS) && !self.is_of_closed(entry.header.at) {
            self.problems.push(AuditProblem::OtherTime(seq));
        }
        let Some(opened) = &self.opened else {
            self.problems.push(AuditProblem::BeforeCommitment(seq));
            return;
        };
        if self.closed.is_some() {
            self.problems.push(AuditProblem::AfterReveal(seq));
        }
        let number = |name: &str| refs.get(name).and_then(|text| text.parse::<f64>().ok());
        let band = refs
            .get("band")
            .and_then(|text| text.parse().ok())
            .unwrap_or(usize::MAX);
        let by_score = opened.bands.of(number("score").unwrap_or(f64::NAN));
        if band != by_score {
            self.problems.push(AuditProblem::OtherBand {
                sequence: seq,
                band,
                by_score,
            });
        }
        let sequence = u64::try_from(seq).unwrap_or_default();
        self.sent
            .push((sequence, band, number("probability").unwrap_or(f64::NAN)));
    }

    /// Whether a moment lies in an earlier month that was closed before.
    fn is_of_closed(&self, at: Timestamp) -> bool {
        let months = [-ZONES_MS, 0, ZONES_MS].map(|ms| MonthName::of(at.plus_ms(ms), &TimeZone::UTC));
        months
            .iter()
            .any(|month| *month < self.month && self.published.contains(month))
    }

    /// Whether a moment lies in the month, by clocks that differ from those of the workspace; `inset` from either end.
    fn lies_within(&self, at: Timestamp, inset: i64) -> bool {
        let (begins, ends) = (
            self.month.begins(&TimeZone::UTC),
            self.month.plus(1).begins(&TimeZone::UTC),
        );
        (begins.plus_ms(inset)..ends.plus_ms(-inset)).contains(&at)
    }

    /// What was found, after all entries were heard.
    ///
    /// # Errors
    /// [`NotAudited`] for a month that was not opened or not closed.
    pub fn finish(mut self) -> Result<Audited, NotAudited> {
        let opened = self.opened.ok_or(NotAudited::NotOpened)?;
        let closed = self.closed.ok_or(NotAudited::NotClosed)?;
        let rows: Vec<DrawRow> = self
            .sent
            .iter()
            .map(|&(sequence, band, probability)| DrawRow {
                sequence,
                band,
                probability,
                drawn: closed.drawn.contains(&sequence),
            })
            .collect();
        let report = verify_month(
            *self.workspace.unwrap_or_default().as_bytes(),
            &self.month.to_string(),
            closed.key.map(MonthKey::new).as_ref(),
            &opened.commitment,
            &opened.planned,
            &rows,
        );
        self.problems
            .extend(report.problems.into_iter().map(AuditProblem::from));
        let sent: BTreeSet<u64> = rows.iter().map(|row| row.sequence).collect();
        let others = closed.drawn.difference(&sent);
        self.problems
            .extend(others.map(|&sequence| DrawProblem::NothingSent { sequence }.into()));
        if closed.sent.as_deref() != Some(rows.len().to_string().as_str()) {
            self.problems.push(AuditProblem::OtherNumber {
                published: closed.sent.unwrap_or_else(|| "no".to_owned()),
                logged: rows.len(),
            });
        }
        Ok(Audited {
            commitment: opened.commitment,
            key: closed.key,
            checked: report.checked,
            drawn: report.drawn,
            problems: self.problems,
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(refs: &BTreeMap<String, String>, name: &str) -> Option<T> {
    serde_json::from_str(refs.get(name)?).ok()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Vec<u8> = (0..text.len()).step_by(2).map(digits).collect::<Option<_>>()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests;
