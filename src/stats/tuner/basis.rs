//! The directions in which judged questions and their entries differ most: what a question may be turned from and to.

use super::fit::Row;
use super::given::{Given, Judgement};
use super::{RANK, add, dot};
use crate::stats::random::SplitMix64;
use std::collections::{BTreeMap, BTreeSet};

/// Rounds of the iteration: the leading directions are right long before, and the last ones need not be.
const ROUNDS: usize = 12;
/// Where the iteration starts: any start does.
const START: u64 = 0x5eed_ba5e;

/// Principal directions, not centred, and what the entries are in them.
#[derive(Debug)]
pub(super) struct Basis {
    /// Orthonormal directions of questions.
    pub(super) questions: Vec<Vec<f32>>,
    /// The same of entries.
    pub(super) entries: Vec<Vec<f32>>,
    /// Coordinates of every entry that is among some row's, in the entries' directions.
    coordinates: BTreeMap<usize, Vec<f32>>,
}

impl Basis {
    /// The directions of what is learned from.
    pub(super) fn of(given: &Given<'_>, learned: &[&Judgement<'_>]) -> Self {
        let asked: Vec<&[f32]> = learned.iter().map(|row| row.question).collect();
        let among = |rows: &mut dyn Iterator<Item = &Judgement<'_>>| -> BTreeSet<usize> {
            rows.flat_map(|row| row.among.iter().copied()).collect()
        };
        let vectors: Vec<&[f32]> = among(&mut learned.iter().copied())
            .iter()
            .filter_map(|at| given.entries.get(*at).map(|entry| entry.vector))
            .collect();
        let entries = directions(&vectors, given.dimensions);
        let coordinates = among(&mut given.rows.iter())
            .into_iter()
            .filter_map(|at| Some((at, along(&entries, given.entries.get(at)?.vector))))
            .collect();
        Self {
            questions: directions(&asked, given.dimensions),
            entries,
            coordinates,
        }
    }

    /// A judgement as the fit needs it.
    pub(super) fn row<'r>(&'r self, judgement: &'r Judgement<'r>) -> Row<'r> {
        let coordinates = judgement.among.iter().map(|at| self.coordinates.get(at));
        Row {
            judgement,
            turned: along(&self.questions, judgement.question),
            entries: coordinates.map(|found| found.map_or(&[][..], Vec::as_slice)).collect(),
        }
    }
}

/// Coordinates of a vector in some directions.
fn along(directions: &[Vec<f32>], vector: &[f32]) -> Vec<f32> {
    directions.iter().map(|direction| dot(direction, vector)).collect()
}

/// The leading principal directions of some vectors, at most [`RANK`] and no more than there are vectors or dimensions:
/// orthogonal iteration on their Gram operator. A direction that the vectors do not have is zero.
fn directions(vectors: &[&[f32]], dimensions: usize) -> Vec<Vec<f32>> {
    let rank = RANK.min(vectors.len()).min(dimensions);
    let mut random = SplitMix64::new(START);
    #[expect(clippy::cast_possible_truncation, reason = "a start needs no precision")]
    let mut start = || (0..dimensions).map(|_| random.unit() as f32 - 0.5).collect();
    let mut found: Vec<Vec<f32>> = (0..rank).map(|_| start()).collect();
    orthonormalise(&mut found);
    for _ in 0..ROUNDS {
        let mut next = vec![vec![0.0; dimensions]; rank];
        for vector in vectors {
            for (next, direction) in next.iter_mut().zip(&found) {
                add(next, dot(direction, vector), vector);
            }
        }
        found = next;
        orthonormalise(&mut found);
    }
    found
}

/// Gram–Schmidt, twice over for its rounding.
fn orthonormalise(vectors: &mut [Vec<f32>]) {
    for at in 0..vectors.len() {
        let (done, rest) = vectors.split_at_mut(at);
        let Some(vector) = rest.first_mut() else { continue };
        let before = dot(vector, vector).sqrt();
        for _ in 0..2 {
            for other in done.iter() {
                let share = dot(other, vector);
                add(vector, -share, other);
            }
        }
        let length = dot(vector, vector).sqrt();
        // What is left of rounding is no direction.
        let factor = if length > 1e-4 * before && length > f32::MIN_POSITIVE {
            1.0 / length
        } else {
            0.0
        };
        for number in vector {
            *number *= factor;
        }
    }
}
