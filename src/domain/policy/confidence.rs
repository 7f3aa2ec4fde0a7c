//! How sure a draft is, set by hand.

use crate::domain::answer::{AnswerMode, Signals};
use crate::domain::screening::{Flag, Screening};

/// Under a gate that is open without a certificate, a draft below this is held all the same.
pub const UNCERTIFIED_CONFIDENCE: f64 = 0.5;

/// How sure a draft is, `0.0..=1.0`; 0 where there is no answer. **Set by hand**: it orders drafts sensibly and promises nothing about
/// how many of them are right. Verdicts replace it by a calibrated probability; until then no figure is derived from it.
///
/// It begins with what the mode is worth by itself (a verified answer 0.55, a quotation 0.45, a composed text 0.30) and adds up to
/// 0.30 for a best passage that stands out from its surroundings (from 0.12 to 0.50), up to 0.15 for its score (from 0.25 to
/// 0.75) and up to 0.10 for the question's words in it. What its sources do not support and a model that is not fit halve it; any other
/// flag takes a quarter.
pub fn confidence(signals: &Signals, screening: &Screening) -> f64 {
    let worth = match signals.mode {
        AnswerMode::Verified => 0.55,
        AnswerMode::Quote => 0.45,
        AnswerMode::Compose => 0.30,
        AnswerMode::Abstain => return 0.0,
    };
    let found = 0.30 * ramp(signals.stand_out, 0.12, 0.50)
        + 0.15 * ramp(signals.top_similarity, 0.25, 0.75)
        + 0.10 * ramp(signals.overlap, 0.0, 1.0);
    let unsupported = !signals.unsupported.is_empty() || screening.flags.contains(&Flag::Unsupported);
    let flagged = screening.flags.iter().any(|flag| *flag != Flag::Unsupported);
    let mut sure = worth + found;
    for (applies, factor) in [(unsupported, 0.5), (signals.unfit, 0.5), (flagged, 0.75)] {
        if applies {
            sure *= factor;
        }
    }
    sure.clamp(0.0, 1.0)
}

/// 0 up to `from`, 1 from `to` on, even in between. What is not a number counts as nothing.
fn ramp(value: f64, from: f64, to: f64) -> f64 {
    let share = (value - from) / (to - from);
    if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn signals(mode: AnswerMode, near: f64) -> Signals {
        Signals {
            mode,
            top_similarity: near,
            stand_out: near * 0.6,
            overlap: near,
            ..Signals::default()
        }
    }

    #[test]
    fn a_verified_answer_is_surer_than_a_quotation_and_that_surer_than_what_was_composed() {
        let sure = |mode| confidence(&signals(mode, 0.5), &Screening::default());
        assert!(sure(AnswerMode::Verified) > sure(AnswerMode::Quote));
        assert!(sure(AnswerMode::Quote) > sure(AnswerMode::Compose));
        assert!(sure(AnswerMode::Abstain).abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn it_is_a_share_and_never_falls_when_the_passage_is_nearer(a in -1.0..1.0_f64, b in -1.0..1.0_f64, flagged in any::<bool>()) {
            let screening = Screening {
                flags: if flagged { vec![Flag::Anger] } else { Vec::new() },
                ..Screening::default()
            };
            let sure = |near| confidence(&signals(AnswerMode::Quote, near), &screening);
            prop_assert!((0.0..=1.0).contains(&sure(a)));
            prop_assert!(sure(a.max(b)) >= sure(a.min(b)));
        }

        #[test]
        fn whatever_speaks_against_a_draft_makes_it_less_sure(near in 0.0..1.0_f64) {
            let plain = signals(AnswerMode::Quote, near);
            let sure = confidence(&plain, &Screening::default());
            let unfit = Signals { unfit: true, ..plain.clone() };
            let unsupported = Signals { unsupported: vec!["£42".to_owned()], ..plain.clone() };
            let flagged = Screening { flags: vec![Flag::OtherLanguage], ..Screening::default() };
            prop_assert!(confidence(&unfit, &Screening::default()) < sure);
            prop_assert!(confidence(&unsupported, &Screening::default()) < sure);
            prop_assert!(confidence(&plain, &flagged) < sure);
        }
    }

    #[test]
    fn what_was_not_measured_counts_as_nothing() {
        let odd = Signals {
            stand_out: f64::NAN,
            ..signals(AnswerMode::Quote, 0.5)
        };
        assert!(confidence(&odd, &Screening::default()) > 0.0);
    }
}
