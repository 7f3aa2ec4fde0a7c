//! The figures that `docs/statistics.md` promises, played through in a world where the truth is known.
//!
//! Each [`Scenario`] plays one repetition from a seed of its own ([`Scenario::play`]), so that a run gives the same figures
//! whatever the number of threads, and judges many of them ([`Scenario::judge`]). What is played is the code of this folder itself.
//!
//! The world, unless a scenario says otherwise: 30 000 drafts a month, 6 % of them bad; a draft's score is normal with standard deviation 1,
//! and `√2 Φ⁻¹(AUROC)` higher where it is bad. The month before is a pilot with a uniform sample of the same size.

mod claims;
mod detection;
mod gate;
mod judge;
mod patterns;
mod shop;
mod world;

pub use judge::{Bar, Row, Summary};

use super::random::SplitMix64;
use judge::Measure;
use std::fmt;
use world::Luck;

/// Repetitions of a full run.
pub const FULL: u32 = 4_000;
/// Repetitions of the short run that a build can afford.
pub const SHORT: u32 = 100;
/// A bar fails only if it is rejected at this level, one-sided.
pub const REJECTED_AT: f64 = 0.01;

type Play = Box<dyn Fn(&mut Luck) -> Vec<f64> + Send + Sync>;

/// Something that is played many times.
pub struct Scenario {
    /// Its row in the specification, such as `S1`.
    pub id: &'static str,
    /// What is played.
    pub name: String,
    number: u64,
    measures: Vec<Measure>,
    play: Play,
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Scenario {
    fn new(
        id: &'static str,
        name: impl Into<String>,
        measures: Vec<Measure>,
        play: impl Fn(&mut Luck) -> Vec<f64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            id,
            name: name.into(),
            number: 0,
            measures,
            play: Box::new(play),
        }
    }

    /// Plays one repetition: a value for each thing that is measured, NaN where it does not apply. The same for the same `seed` and
    /// `repetition`.
    pub fn play(&self, seed: u64, repetition: u32) -> Vec<f64> {
        let mut mixed = SplitMix64::new(seed).draw();
        for part in [self.number, u64::from(repetition)] {
            mixed = SplitMix64::new(mixed ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93)).draw();
        }
        (self.play)(&mut Luck::new(mixed))
    }

    /// The row of these repetitions.
    pub fn judge(&self, repetitions: &[Vec<f64>]) -> Row {
        judge::row(self.id, &self.name, &self.measures, repetitions)
    }
}

/// All scenarios, in the order of the specification.
pub fn scenarios() -> Vec<Scenario> {
    let mut all = claims::scenarios();
    all.extend(gate::scenarios());
    all.extend(detection::scenarios());
    all.extend(shop::scenarios());
    all.extend(patterns::scenarios());
    for (number, scenario) in (1..).zip(&mut all) {
        scenario.number = number;
    }
    all
}

#[cfg(test)]
mod tests;
