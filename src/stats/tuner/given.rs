//! What is learned from, checked, and in an order that does not depend on the one it came in.

use super::{Entry, Judged, MOST, TunerError, Verdict, dot};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Longest vector that is taken for one of length 1, rounded.
const LONGEST: f32 = 1.01;

/// What a verdict asks of the scores; the number is a place in [`Judgement::among`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// This one is to come first.
    First(usize),
    /// This one is not.
    NotFirst(usize),
}

/// A checked verdict.
#[derive(Debug, Clone)]
pub(super) struct Judgement<'a> {
    pub(super) group: &'a str,
    pub(super) question: &'a [f32],
    /// Positions in [`Given::entries`], ascending; what was shown and what is right are among them.
    pub(super) among: Vec<usize>,
    /// The frozen score of each of them.
    pub(super) frozen: Vec<f32>,
    /// Position in [`Given::entries`] of what was shown.
    pub(super) shown: usize,
    pub(super) aim: Aim,
    pub(super) judged: Judged,
}

/// Everything that an adapter is learned from.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) dimensions: usize,
    /// By key.
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) rows: Vec<Judgement<'a>>,
}

impl<'a> Given<'a> {
    pub(super) fn new(dimensions: usize, entries: &[Entry<'a>], verdicts: &[Verdict<'a>]) -> Result<Self, TunerError> {
        if verdicts.len() > MOST {
            return Err(TunerError::TooMany { found: verdicts.len() });
        }
        for entry in entries {
            check(dimensions, entry.vector, || format!("entry {:?}", entry.key))?;
        }
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by_key(|at| entries.get(*at).map(|entry| entry.key));
        let sorted: Vec<Entry<'a>> = order.iter().filter_map(|at| entries.get(*at).copied()).collect();
        if let Some(pair) = sorted.array_windows().find(|[a, b]| a.key == b.key) {
            return Err(TunerError::DuplicateKey(pair[0].key.to_owned()));
        }
        let mut places = vec![0; entries.len()];
        for (place, at) in order.iter().enumerate() {
            if let Some(cell) = places.get_mut(*at) {
                *cell = place;
            }
        }
        let rows = verdicts.iter().enumerate();
        let mut rows: Vec<Judgement<'a>> = rows
            .map(|(number, verdict)| {
                check(dimensions, verdict.question, || format!("question {number}"))?;
                judgement(&sorted, &places, number, verdict)
            })
            .collect::<Result<_, _>>()?;
        rows.sort_by(compared);
        Ok(Self {
            dimensions,
            entries: sorted,
            rows,
        })
    }
}

/// Refuses a vector of another length than the embedder's, or of one that no sentence has.
pub(super) fn check(dimensions: usize, vector: &[f32], what: impl Fn() -> String) -> Result<(), TunerError> {
    if vector.len() != dimensions {
        return Err(TunerError::Dimensions {
            what: what(),
            expected: dimensions,
            found: vector.len(),
        });
    }
    // Not a number is not at most anything.
    if dot(vector, vector).sqrt() <= LONGEST {
        Ok(())
    } else {
        Err(TunerError::NotAVector { what: what() })
    }
}

fn judgement<'a>(
    entries: &[Entry<'a>],
    places: &[usize],
    number: usize,
    verdict: &Verdict<'a>,
) -> Result<Judgement<'a>, TunerError> {
    let place = |at: usize| {
        places.get(at).copied().ok_or(TunerError::NoSuchEntry {
            verdict: number,
            entry: at,
            entries: entries.len(),
        })
    };
    let shown = place(verdict.shown)?;
    // Whoever names what was shown as the right one has not corrected anything.
    let judged = match verdict.judged {
        Judged::Corrected(right) if right == verdict.shown => Judged::Right,
        Judged::Corrected(right) => Judged::Corrected(place(right)?),
        told => told,
    };
    let named = match judged {
        Judged::Corrected(right) => right,
        Judged::Right | Judged::Wrong => shown,
    };
    let among = verdict.among.iter().map(|at| place(*at));
    let mut among: BTreeSet<usize> = among.collect::<Result<_, _>>()?;
    among.extend([shown, named]);
    let among: Vec<usize> = among.into_iter().collect();
    let spot = |of: usize| among.binary_search(&of).unwrap_or_default();
    let vectors = among.iter().filter_map(|at| entries.get(*at));
    Ok(Judgement {
        group: verdict.group,
        question: verdict.question,
        frozen: vectors.map(|entry| dot(entry.vector, verdict.question)).collect(),
        aim: match judged {
            Judged::Wrong => Aim::NotFirst(spot(shown)),
            Judged::Right | Judged::Corrected(_) => Aim::First(spot(named)),
        },
        shown,
        judged,
        among,
    })
}

/// An order of judgements by everything that they say, so that the order they came in leaves no trace.
fn compared(a: &Judgement<'_>, b: &Judgement<'_>) -> Ordering {
    let numbers = a.question.iter().zip(b.question);
    a.group
        .cmp(b.group)
        .then_with(|| {
            numbers
                .map(|(x, y)| x.total_cmp(y))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        })
        .then_with(|| (a.shown, a.judged, &a.among).cmp(&(b.shown, b.judged, &b.among)))
}
