//! Stratified samples: an effective sample size, then Clopper and Pearson.

use super::{clopper_pearson_lower, clopper_pearson_upper};

/// Fewer reviewed than this say nothing about how much a stratum varies.
const FEWEST: f64 = 2.0;
/// An effective sample is believed to be at most this many times the real one.
const MOST_GAIN: f64 = 4.0;

/// A part of the answers that was sampled uniformly.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stratum {
    /// How many answers it has, `N_h`.
    pub population: f64,
    /// How many of them were judged, `n_h`, at most `population`.
    pub reviewed: f64,
    /// How many of those were bad, `x_h`, at most `reviewed`.
    pub bad: f64,
}

impl Stratum {
    /// Both together, as if they had been sampled alike.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            population: self.population + other.population,
            reviewed: self.reviewed + other.reviewed,
            bad: self.bad + other.bad,
        }
    }

    fn is_possible(self) -> bool {
        let Self {
            population,
            reviewed,
            bad,
        } = self;
        population.is_finite() && bad >= 0.0 && reviewed >= bad && population >= reviewed
    }
}

/// What an estimate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Population {
    /// Exactly these answers ("of the 2 412 sent in May"): what was looked at is known, so the uncertainty is that of the
    /// rest (finite-population correction).
    Finished,
    /// Traffic like this, of which even the whole set would be a sample.
    Traffic,
}

/// The share of bad answers that a stratified sample shows, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleEstimate {
    /// `θ̂ = Σ W_h x_h / n_h`.
    pub share: f64,
    /// The variance of `share`; 0 where no stratum with a bad answer has any variation left.
    pub variance: f64,
    /// The size of the uniform sample that would be as precise, `n_e`.
    pub effective: f64,
    /// What is certain: with all the unseen good, and with all of them bad. (0, 1) where it is about traffic.
    certain: (f64, f64),
}

impl SampleEstimate {
    /// The one-sided upper bound at `risk`: Clopper and Pearson's for `θ̂ n_e` of `n_e`.
    pub fn upper(&self, risk: f64) -> f64 {
        clopper_pearson_upper(self.share * self.effective, self.effective, risk).min(self.certain.1)
    }

    /// The one-sided lower bound at `risk`.
    pub fn lower(&self, risk: f64) -> f64 {
        clopper_pearson_lower(self.share * self.effective, self.effective, risk).max(self.certain.0)
    }
}

/// The estimate of the share of bad answers over all strata, by Korn and Graubard ("Confidence intervals for proportions
/// with small expected number of positive counts estimated from survey data", Survey Methodology 24, 1998) as the NCHS
/// presentation standard (2017) puts it: with `W_h = N_h / N`,
///
/// `V = Σ W_h² p̂_h (1 - p̂_h) / (n_h - 1) · (1 - n_h / N_h)`, the last factor for a finished set only, and
/// `n_e = θ̂ (1 - θ̂) / V`, at most four times the sample (four times the set, where it is finished);
/// without any variance `n_e = 1 / Σ (W_h² / n_h)`.
///
/// `strata` go from the safest to the riskiest; those with fewer than two reviewed are merged into the next safer one
/// (the safest into the next). Empty strata do not matter. An approximation, checked by `holdpoint simulate` (S1–S8).
///
/// `None` where nothing was reviewed, or a stratum is impossible (more bad than reviewed, more reviewed than there are).
pub fn korn_graubard(strata: &[Stratum], about: Population) -> Option<SampleEstimate> {
    if !strata.iter().all(|stratum| stratum.is_possible()) {
        return None;
    }
    let strata = merge_thin(strata);
    let whole = strata
        .iter()
        .fold(Stratum::default(), |all, stratum| all.with(*stratum));
    if whole.reviewed <= 0.0 {
        return None;
    }
    let (mut share, mut variance, mut thinness) = (0.0, 0.0, 0.0);
    for stratum in &strata {
        let Stratum {
            population,
            reviewed,
            bad,
        } = *stratum;
        let weight = population / whole.population;
        let rate = bad / reviewed;
        let unseen = match about {
            Population::Finished => 1.0 - reviewed / population,
            Population::Traffic => 1.0,
        };
        share += weight * rate;
        thinness += weight * weight / reviewed;
        // A single review in the whole sample: its variance is unknown, and the effective sample is that one.
        if reviewed >= FEWEST {
            variance += weight * weight * rate * (1.0 - rate) / (reviewed - 1.0) * unseen;
        }
    }
    let share = share.clamp(0.0, 1.0);
    let effective = if variance > 0.0 {
        let most = match about {
            Population::Finished => whole.population,
            Population::Traffic => whole.reviewed,
        };
        (share * (1.0 - share) / variance).min(MOST_GAIN * most)
    } else {
        1.0 / thinness
    };
    let certain = match about {
        Population::Finished => (
            whole.bad / whole.population,
            (whole.bad + whole.population - whole.reviewed) / whole.population,
        ),
        Population::Traffic => (0.0, 1.0),
    };
    Some(SampleEstimate {
        share,
        variance,
        effective,
        certain,
    })
}

/// The strata with those that have fewer than two reviewed merged into the next safer one, or the next riskier one where
/// there is none. What is left of several strata without enough reviews altogether is one stratum; empty ones vanish.
pub fn merge_thin(strata: &[Stratum]) -> Vec<Stratum> {
    let mut merged: Vec<Stratum> = Vec::with_capacity(strata.len());
    for stratum in strata.iter().filter(|stratum| stratum.population > 0.0) {
        match merged.last_mut() {
            // The one before is the safest and still thin, or this one is.
            Some(safer) if safer.reviewed < FEWEST || stratum.reviewed < FEWEST => *safer = safer.with(*stratum),
            _ => merged.push(*stratum),
        }
    }
    merged
}
