//! Comparing two versions while looking as often as one likes.
//!
//! Evidence against "no difference" is a figure `E` that starts at 1 and whose expectation stays at most 1 while there is none; so
//! the probability that it ever reaches 20 is at most 5 % (Ville's inequality).

/// Reject "no difference" when the evidence reaches this: 5 %.
pub const ENOUGH: f64 = 20.0;

/// Begin of the counting: about one bad answer in twenty, as if ten had been seen.
const PRIOR_BAD: f64 = 0.5;
const PRIOR_ALL: f64 = 10.0;

/// Two versions on different visitors, by hash: each block is one answer of each.
///
/// The factor of a block is `p_A(y_A) p_B(y_B) / (p_0(y_A) p_0(y_B))` with the rates of the past, `p = (x + ½) / (n + 10)`, and `p_0` their mean: an e-variable for
/// every common rate (Turner, Ly and Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for optional stopping", 2024).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TwoVersions {
    log_evidence: f64,
    blocks: u64,
    bad: (u64, u64),
}

impl TwoVersions {
    /// Takes one answer of each version: whether it was bad. Returns the evidence.
    pub fn observe(&mut self, a_bad: bool, b_bad: bool) -> f64 {
        let n = super::number::count_u64(self.blocks);
        let rate = |bad: u64| (super::number::count_u64(bad) + PRIOR_BAD) / (n + PRIOR_ALL);
        let (a, b) = (rate(self.bad.0), rate(self.bad.1));
        let common = f64::midpoint(a, b);
        self.log_evidence += probability(a, a_bad).ln() + probability(b, b_bad).ln()
            - probability(common, a_bad).ln()
            - probability(common, b_bad).ln();
        self.blocks = self.blocks.saturating_add(1);
        self.bad.0 += u64::from(a_bad);
        self.bad.1 += u64::from(b_bad);
        self.evidence()
    }

    /// `E`, 0 and more.
    pub fn evidence(&self) -> f64 {
        self.log_evidence.exp()
    }
}

/// Two versions on the same questions, judged blind (McNemar): only answers of which exactly one is bad say anything, and without a
/// difference it is as often the one as the other.
///
/// The factor of such a pair is `2 q`, where `q = (k + ½) / (n + 1)` is the past share of this kind among them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SameQuestions {
    log_evidence: f64,
    only: (u64, u64),
}

impl SameQuestions {
    /// Takes both answers to a question: whether each was bad. Returns the evidence.
    pub fn observe(&mut self, a_bad: bool, b_bad: bool) -> f64 {
        if a_bad != b_bad {
            let split = super::number::count_u64(self.only.0.saturating_add(self.only.1));
            let past = if a_bad { &mut self.only.0 } else { &mut self.only.1 };
            self.log_evidence += (2.0 * (super::number::count_u64(*past) + 0.5) / (split + 1.0)).ln();
            *past = past.saturating_add(1);
        }
        self.evidence()
    }

    /// `E`, 0 and more.
    pub fn evidence(&self) -> f64 {
        self.log_evidence.exp()
    }
}

fn probability(rate: f64, bad: bool) -> f64 {
    if bad { rate } else { 1.0 - rate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_an_e_variable_for_every_common_rate() {
        // After any past, the expectation of the factor is at most 1.
        let mut past = TwoVersions::default();
        for block in 0..40 {
            past.observe(block % 3 == 0, block % 11 == 0);
        }
        for common in [0.01, 0.06, 0.3, 0.5, 0.9] {
            let mut expectation = 0.0;
            for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
                let mut next = past;
                let factor = next.observe(a, b) / past.evidence();
                expectation += probability(common, a) * probability(common, b) * factor;
            }
            assert!(expectation <= 1.0 + 1e-12, "{common}: {expectation}");
        }
    }

    #[test]
    fn a_pair_is_an_e_variable() {
        let mut past = SameQuestions::default();
        past.observe(true, false);
        past.observe(true, false);
        let (mut one, mut other) = (past, past);
        let mean = f64::midpoint(one.observe(true, false), other.observe(false, true)) / past.evidence();
        assert!((mean - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_difference_is_found_and_none_is_not() {
        let (mut different, mut same) = (TwoVersions::default(), TwoVersions::default());
        let (mut pairs, mut equal_pairs) = (SameQuestions::default(), SameQuestions::default());
        for block in 0..400 {
            different.observe(block % 4 == 0, block % 20 == 1);
            same.observe(block % 10 == 0, block % 10 == 5);
            pairs.observe(block % 4 == 0, block % 20 == 1);
            equal_pairs.observe(block % 10 == 0, block % 10 == 0);
        }
        assert!(different.evidence() > ENOUGH && pairs.evidence() > ENOUGH);
        assert!(same.evidence() < 1.0);
        assert!(
            (equal_pairs.evidence() - 1.0).abs() < 1e-12,
            "agreeing pairs say nothing"
        );
    }
}
