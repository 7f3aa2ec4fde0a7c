//! A bound that may be looked at after every review.

use super::is_risk;
use crate::stats::number::count_u64;

/// How boldly the bets are placed, as parts of the boldest one possible.
const BOLDNESS: [f64; 9] = [0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.95];

/// One stratum of a sample that is being watched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watched {
    /// Its share of the answers, `W_h = N_h / N`.
    pub share: f64,
    /// Its share of the reviews, `q_h = N_h π_h / Σ N_k π_k`.
    pub draws: f64,
    /// Reviews so far that found a good answer.
    pub good: u64,
    /// Reviews so far that found a bad answer.
    pub bad: u64,
}

/// The upper bound of the share of bad answers that holds at every moment at once: however often one looks and whenever one
/// stops, the probability that it was ever wrong is at most `risk`.
///
/// Each review multiplies a fortune that is bet against the share being `m`: with `B_h = W_h / q_h`, `B = max B_h` and
/// `λ = c / (B - m)`, a good answer multiplies it by `1 + λ m`, a bad one in stratum `h` by `1 - λ (B_h - m)`; `K(m)` is the mean of
/// the fortunes over nine `c`. If the share is `m`, `K(m)` reaches `1 / risk` with a probability of at most `risk` (Ville's
/// inequality), so `U = min { m ≥ θ̂ : K(m) ≥ 1 / risk }`. After Waudby-Smith and Ramdas, "Estimating means of bounded random variables
/// by betting" (JRSS B, 2024), with fixed bets. `K` rises with `m`, so bisection finds it.
///
/// Asks that reviews come from the strata in the proportions `draws`. 1 without reviews, and for shares that are none or
/// do not add up to at most 1 (rounding aside).
pub fn betting_upper(strata: &[Watched], risk: f64) -> f64 {
    let is_share = |value: f64| (0.0..=1.0).contains(&value);
    let used: Vec<&Watched> = strata
        .iter()
        .filter(|stratum| stratum.share > 0.0 || stratum.reviews() > 0)
        .collect();
    let add_up = |part: fn(&Watched) -> f64| strata.iter().map(part).sum::<f64>() <= 1.0 + 1e-6;
    let are_shares = strata
        .iter()
        .all(|stratum| is_share(stratum.share) && is_share(stratum.draws));
    // A stratum that is never drawn from could be bad through and through.
    let all_drawn = used.iter().all(|stratum| stratum.draws > 0.0);
    let reviews: u64 = used.iter().map(|stratum| stratum.reviews()).sum();
    if !are_shares || !all_drawn || !add_up(|s| s.share) || !add_up(|s| s.draws) || reviews == 0 || !is_risk(risk) {
        return 1.0;
    }
    let bets = Bets::new(&used);
    let enough = -risk.ln();
    let (mut low, mut high) = (bets.estimate(), 1.0);
    if low >= 1.0 || bets.log_fortune(high) < enough {
        return 1.0;
    }
    if bets.log_fortune(low) >= enough {
        return low;
    }
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if bets.log_fortune(middle) >= enough {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

impl Watched {
    const fn reviews(&self) -> u64 {
        self.good.saturating_add(self.bad)
    }
}

struct Bets {
    good: f64,
    /// Payoff of a bad answer and how many there were, by stratum.
    bad: Vec<(f64, f64)>,
    /// The largest payoff, `B`.
    largest: f64,
}

impl Bets {
    fn new(strata: &[&Watched]) -> Self {
        let payoff = |stratum: &Watched| stratum.share / stratum.draws;
        Self {
            good: strata.iter().map(|stratum| count_u64(stratum.good)).sum(),
            bad: strata
                .iter()
                .map(|stratum| (payoff(stratum), count_u64(stratum.bad)))
                .collect(),
            // At least 1, which the payoffs reach on average; so `largest - m` is positive below 1.
            largest: strata.iter().map(|stratum| payoff(stratum)).fold(1.0, f64::max),
        }
    }

    fn estimate(&self) -> f64 {
        let bad: f64 = self.bad.iter().map(|(payoff, bad)| payoff * bad).sum();
        let reviews = self.good + self.bad.iter().map(|(_, bad)| bad).sum::<f64>();
        (bad / reviews).min(1.0)
    }

    /// `ln K(m)`.
    fn log_fortune(&self, m: f64) -> f64 {
        let room = (self.largest - m).max(1e-12);
        let logs = BOLDNESS.map(|boldness| {
            let bet = boldness / room;
            let won = self.good * (bet * m).ln_1p();
            let lost = self.bad.iter().filter(|(_, bad)| *bad > 0.0);
            won + lost
                .map(|(payoff, bad)| bad * (-bet * (payoff - m)).ln_1p())
                .sum::<f64>()
        });
        let best = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|log| (log - best).exp()).sum();
        best + sum.ln() - 9_f64.ln()
    }
}
