//! Log-probabilities of tokens from raw logits, and text from the bytes of tokens.

use std::cmp::Ordering;

/// Natural logarithm of the sum of the exponentials: subtracting it from a logit gives its log-probability.
pub(crate) fn log_normaliser(logits: &[f32]) -> f64 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if !highest.is_finite() {
        return f64::NAN;
    }
    let sum: f64 = logits.iter().map(|logit| f64::from((logit - highest).exp())).sum();
    f64::from(highest) + sum.ln()
}

/// Log-probability of one logit; at most 0, and the lowest finite number where it is undefined, because JSON has
/// no infinity.
pub(crate) fn log_probability(logit: f32, normaliser: f64) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a log-probability needs no more than single precision"
    )]
    let log_probability = (f64::from(logit) - normaliser) as f32;
    if log_probability.is_finite() {
        log_probability.min(0.0)
    } else {
        f32::MIN
    }
}

/// Indices of the `count` highest logits, the highest first.
pub(crate) fn highest(logits: &[f32], count: usize) -> Vec<usize> {
    let by_logit = |a: &usize, b: &usize| match (logits.get(*a), logits.get(*b)) {
        (Some(a), Some(b)) => b.total_cmp(a),
        _ => Ordering::Equal,
    };
    let mut indices: Vec<usize> = (0..logits.len()).collect();
    if count == 0 || indices.is_empty() {
        return Vec::new();
    }
    let count = count.min(indices.len());
    indices.select_nth_unstable_by(count - 1, by_logit);
    indices.truncate(count);
    indices.sort_by(by_logit);
    indices
}

/// Puts characters together from the bytes of tokens: a token may end in the middle of one.
#[derive(Debug, Default)]
pub(crate) struct TextAssembler {
    pending: Vec<u8>,
}

impl TextAssembler {
    /// Takes the bytes of a token and returns the text that is complete now.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.pending) {
                Ok(valid) => {
                    text.push_str(valid);
                    self.pending.clear();
                    return text;
                }
                Err(error) => {
                    let valid = error.valid_up_to();
                    text.push_str(&String::from_utf8_lossy(self.pending.get(..valid).unwrap_or_default()));
                    let Some(wrong) = error.error_len() else {
                        self.pending.drain(..valid);
                        return text;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.pending.drain(..valid + wrong);
                }
            }
        }
    }

    /// Returns what is left at the end, with an incomplete character replaced.
    pub(crate) fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.pending)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn probabilities_add_up_to_one_and_no_log_probability_is_positive() {
        let logits = [2.0, -1.0, 0.5, 1000.0, 999.0];
        let normaliser = log_normaliser(&logits);
        let log_probabilities = logits.map(|logit| log_probability(logit, normaliser));
        assert!(log_probabilities.iter().all(|log_probability| *log_probability <= 0.0));
        let sum: f32 = log_probabilities
            .iter()
            .map(|log_probability| log_probability.exp())
            .sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }

    #[test]
    fn undefined_logits_still_give_a_number_json_can_hold() {
        for logits in [[f32::NAN; 3], [f32::NEG_INFINITY; 3]] {
            assert!(log_probability(logits[0], log_normaliser(&logits)).is_finite());
        }
    }

    #[test]
    fn the_highest_come_first() {
        assert_eq!(highest(&[0.1, 3.0, -1.0, 2.0], 2), [1, 3]);
        assert_eq!(highest(&[0.1], 5), [0]);
        assert!(highest(&[], 5).is_empty());
        assert!(highest(&[1.0], 0).is_empty());
    }

    proptest! {
        #[test]
        fn a_text_cut_anywhere_comes_out_whole(text in "\\PC{0,40}", cut in 1_usize..5) {
            let mut assembler = TextAssembler::default();
            let mut whole = String::new();
            for piece in text.as_bytes().chunks(cut) {
                whole.push_str(&assembler.push(piece));
            }
            whole.push_str(&assembler.finish());
            prop_assert_eq!(whole, text);
        }

        #[test]
        fn bytes_that_are_no_text_come_out_replaced(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut assembler = TextAssembler::default();
            let mut whole = assembler.push(&bytes);
            whole.push_str(&assembler.finish());
            prop_assert_eq!(whole, String::from_utf8_lossy(&bytes));
        }
    }
}
