//! The world in which the truth is known.

use crate::stats::normal::{Normals, normal_probability, normal_quantile};
use crate::stats::random::SplitMix64;
use std::f64::consts::SQRT_2;

/// Drafts a month.
pub(super) const MONTH: usize = 30_000;

/// Everything random of one repetition.
#[derive(Debug)]
pub(super) struct Luck {
    random: SplitMix64,
    normals: Normals,
}

impl Luck {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: SplitMix64::new(seed),
            normals: Normals::default(),
        }
    }

    pub(super) fn unit(&mut self) -> f64 {
        self.random.unit()
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.random.unit() < probability
    }

    pub(super) fn normal(&mut self) -> f64 {
        self.normals.draw(&mut self.random)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        self.random.below(n)
    }
}

/// Drafts of which a share is bad, with a score that sees it more or less.
#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    pub(super) bad: f64,
    distance: f64,
}

/// A draft of whom the truth is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Truth {
    pub(super) risk: f64,
    pub(super) bad: bool,
}

impl World {
    pub(super) fn new(bad: f64, auroc: f64) -> Self {
        Self {
            bad,
            distance: SQRT_2 * normal_quantile(auroc),
        }
    }

    pub(super) fn draft(&self, luck: &mut Luck) -> Truth {
        let bad = luck.chance(self.bad);
        let risk = luck.normal() + if bad { self.distance } else { 0.0 };
        Truth { risk, bad }
    }

    pub(super) fn drafts(&self, number: usize, luck: &mut Luck) -> Vec<Truth> {
        (0..number).map(|_| self.draft(luck)).collect()
    }

    /// The share of drafts up to a risk.
    pub(super) fn share_up_to(&self, risk: f64) -> f64 {
        self.bad * normal_probability(risk - self.distance) + (1.0 - self.bad) * normal_probability(risk)
    }

    /// The share of bad ones among the drafts up to a risk.
    pub(super) fn bad_up_to(&self, risk: f64) -> f64 {
        let share = self.share_up_to(risk);
        if share > 0.0 {
            self.bad * normal_probability(risk - self.distance) / share
        } else {
            0.0
        }
    }

    /// The largest risk up to which at most `limit` are bad: what somebody would choose who knew the truth.
    pub(super) fn best(&self, limit: f64) -> f64 {
        let (mut low, mut high) = (-9.0_f64, 9.0_f64);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if self.bad_up_to(middle) <= limit {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// 1 for yes and 0 for no.
pub(super) fn yes(happened: bool) -> f64 {
    f64::from(u8::from(happened))
}
