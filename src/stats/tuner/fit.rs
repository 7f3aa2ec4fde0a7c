//! The fit: accelerated gradients on the cost of the verdicts with its two ridges.

use super::given::{Aim, Judgement};
use super::{Strength, add, dot};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// How much nearer, in cosine, makes an entry e times as likely to be the right one: what suits sentence embeddings.
const TEMPERATURE: f32 = 1.0 / 16.0;
/// How often somebody who says "wrong" of a certainly right entry is taken to be right.
const TRUST: f32 = 0.9;
/// Steps of the fit; the cost hardly falls any more after half of them.
const STEPS: usize = 60;
/// A share of the gradient this small moves nothing.
const NOTHING: f32 = 1e-5;

/// A judgement with its coordinates in a basis.
#[derive(Debug)]
pub(super) struct Row<'r> {
    pub(super) judgement: &'r Judgement<'r>,
    /// The question in the questions' directions.
    pub(super) turned: Vec<f32>,
    /// Each entry among in the entries' directions.
    pub(super) entries: Vec<&'r [f32]>,
}

/// What is learned.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    /// `S`: for each of the entries' directions a row over the questions' directions.
    pub(super) shared: Vec<Vec<f32>>,
    /// `w_e` by position of the entry.
    pub(super) own: BTreeMap<usize, Vec<f32>>,
}

impl Weights {
    /// Nothing learned: entries that some row names may have something of their own, where the strength allows it.
    fn none(dimensions: usize, rows: &[Row<'_>], strength: Strength) -> Self {
        let (down, across) = rows.first().map_or((0, 0), |row| {
            (row.entries.first().map_or(0, |e| e.len()), row.turned.len())
        });
        let own = if strength.own.is_some() {
            named(rows).into_keys().map(|at| (at, vec![0.0; dimensions])).collect()
        } else {
            BTreeMap::new()
        };
        Self {
            shared: vec![vec![0.0; across]; down],
            own,
        }
    }

    fn each(&mut self) -> impl Iterator<Item = &mut f32> {
        self.shared.iter_mut().chain(self.own.values_mut()).flatten()
    }

    /// The scores of a row's entries.
    fn scores(&self, row: &Row<'_>) -> Vec<f32> {
        let turned: Vec<f32> = self.shared.iter().map(|line| dot(line, &row.turned)).collect();
        let judgement = row.judgement;
        let entries = judgement.among.iter().zip(&judgement.frozen).zip(&row.entries);
        entries
            .map(|((at, frozen), coordinates)| {
                let own = self.own.get(at).map_or(0.0, |own| dot(own, judgement.question));
                frozen + dot(coordinates, &turned) + own
            })
            .collect()
    }
}

/// What a judgement costs under some scores, in nats.
pub(super) fn cost(judgement: &Judgement<'_>, scores: &[f32]) -> f64 {
    slope(judgement.aim, scores).0
}

/// What a row costs by what was learned.
pub(super) fn cost_of(row: &Row<'_>, weights: &Weights) -> f64 {
    cost(row.judgement, &weights.scores(row))
}

/// The cost of an aim and its derivative by each score.
fn slope(aim: Aim, scores: &[f32]) -> (f64, Vec<f32>) {
    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut shares: Vec<f32> = scores.iter().map(|s| ((s - highest) / TEMPERATURE).exp()).collect();
    // At least 1, the highest one's.
    let sum: f32 = shares.iter().sum();
    for share in &mut shares {
        *share /= sum;
    }
    let (Aim::First(place) | Aim::NotFirst(place)) = aim;
    let share = shares.get(place).copied().unwrap_or_default();
    let (cost, factor) = match aim {
        Aim::First(_) => (-share.max(f32::MIN_POSITIVE).ln(), 1.0),
        Aim::NotFirst(_) => {
            let doubted = TRUST * share;
            (-(1.0 - doubted).ln(), -doubted / (1.0 - doubted))
        }
    };
    if let Some(share) = shares.get_mut(place) {
        *share -= 1.0;
    }
    for share in &mut shares {
        *share *= factor / TEMPERATURE;
    }
    (f64::from(cost), shares)
}

/// How often each entry is named: shown or said to be right.
fn named(rows: &[Row<'_>]) -> BTreeMap<usize, f32> {
    let mut named: BTreeMap<usize, f32> = BTreeMap::new();
    for judgement in rows.iter().map(|row| row.judgement) {
        *named.entry(judgement.shown).or_default() += 1.0;
        if let Aim::First(place) = judgement.aim
            && let Some(right) = judgement.among.get(place).filter(|right| **right != judgement.shown)
        {
            *named.entry(*right).or_default() += 1.0;
        }
    }
    named
}

fn scale(vector: &mut [f32], factor: f32) {
    for number in vector {
        *number *= factor;
    }
}

/// The whole cost at `at`, with the ridges, and its gradient.
fn gradient(rows: &[Row<'_>], strength: Strength, at: &Weights) -> (f64, Weights) {
    let ridge_own = strength.own.unwrap_or_default();
    let mut pull = at.clone();
    let mut cost = 0.0;
    let half_square = |vector: &[f32], ridge: f32| f64::from(0.5 * ridge * dot(vector, vector));
    for line in &mut pull.shared {
        cost += half_square(line, strength.shared);
        scale(line, strength.shared);
    }
    for own in pull.own.values_mut() {
        cost += half_square(own, ridge_own);
        scale(own, ridge_own);
    }
    let mut toward = vec![0.0; at.shared.len()];
    for row in rows {
        let (row_cost, slopes) = slope(row.judgement.aim, &at.scores(row));
        cost += row_cost;
        toward.fill(0.0);
        for ((slope, entry), coordinates) in slopes.iter().zip(&row.judgement.among).zip(&row.entries) {
            if slope.abs() * TEMPERATURE > NOTHING {
                add(&mut toward, *slope, coordinates);
                if let Some(own) = pull.own.get_mut(entry) {
                    add(own, *slope, row.judgement.question);
                }
            }
        }
        for (line, toward) in pull.shared.iter_mut().zip(&toward) {
            add(line, *toward, &row.turned);
        }
    }
    (cost, pull)
}

/// The weights with the lowest cost that the steps come by; never worse than none, and always finite.
pub(super) fn fit(dimensions: usize, rows: &[Row<'_>], strength: Strength) -> Weights {
    let mut at = Weights::none(dimensions, rows, strength);
    let mut best = (f64::INFINITY, at.clone());
    let mut ahead = at.clone();
    let paces = paces(rows, strength);
    let (mut momentum, mut pace, mut last) = (1.0_f32, 1.0_f32, f64::INFINITY);
    for _ in 0..STEPS {
        let (cost, pull) = gradient(rows, strength, &ahead);
        if cost < best.0 {
            best = (cost, ahead.clone());
        }
        // Not a number is no improvement.
        if cost.partial_cmp(&last).is_none_or(Ordering::is_gt) {
            (momentum, pace, last) = (1.0, pace / 2.0, f64::INFINITY);
            at = best.1.clone();
            ahead = at.clone();
            continue;
        }
        last = cost;
        let next = f32::midpoint(1.0, (1.0 + 4.0 * momentum * momentum).sqrt());
        let carried = (momentum - 1.0) / next;
        momentum = next;
        let mut before = at;
        at = ahead;
        step(&mut at, &pull, &paces, pace);
        ahead = at.clone();
        for ((ahead, at), before) in ahead.each().zip(at.each()).zip(before.each()) {
            *ahead = *at + carried * (*at - *before);
        }
    }
    best.1
}

/// Steps for what is shared and for each entry's own.
struct Paces {
    shared: f32,
    own: BTreeMap<usize, f32>,
}

/// About one over the curvature: softmax's, of which an entry feels mostly the rows that name it.
fn paces(rows: &[Row<'_>], strength: Strength) -> Paces {
    let steepness = 1.0 / (TEMPERATURE * TEMPERATURE);
    #[expect(clippy::cast_precision_loss, reason = "at most `MOST`")]
    let count = rows.len() as f32;
    let own = |named: f32, ridge: f32| 1.0 / (ridge + steepness * 0.35 * (named + 0.02 * count));
    Paces {
        shared: 1.0 / (strength.shared + steepness * 0.12 * count),
        own: match strength.own {
            Some(ridge) => named(rows).into_iter().map(|(at, n)| (at, own(n, ridge))).collect(),
            None => BTreeMap::new(),
        },
    }
}

fn step(at: &mut Weights, pull: &Weights, paces: &Paces, pace: f32) {
    for (line, pull) in at.shared.iter_mut().zip(&pull.shared) {
        add(line, -pace * paces.shared, pull);
    }
    for (entry, own) in &mut at.own {
        if let (Some(pull), Some(own_pace)) = (pull.own.get(entry), paces.own.get(entry)) {
            add(own, -pace * own_pace, pull);
        }
    }
}
