//! Two answers to the same questions, read blind: what a candidate would answer beside what is answered without it.
//!
//! Only a pair of which exactly one answer is bad tells the two apart. How strong the evidence is stands in [`SameQuestions`]: it may be looked at
//! after every pair, and whoever stops when it is enough is wrong in at most one of twenty comparisons of two that are alike.

use crate::stats::eprocess::{ENOUGH, SameQuestions};
use serde::{Deserialize, Serialize};

/// What a person says of two answers without knowing which is which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairVerdict {
    /// Both could go out.
    BothGood,
    /// The first could not, the second could.
    FirstBad,
    /// The second could not, the first could.
    SecondBad,
    /// Neither could.
    BothBad,
    /// They cannot say.
    CannotJudge,
}

impl PairVerdict {
    /// Code as stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BothGood => "both_good",
            Self::FirstBad => "first_bad",
            Self::SecondBad => "second_bad",
            Self::BothBad => "both_bad",
            Self::CannotJudge => "cannot_judge",
        }
    }

    /// Whether the first answer is bad, and the second; none where nobody can say.
    const fn bad(self) -> Option<(bool, bool)> {
        match self {
            Self::BothGood => Some((false, false)),
            Self::FirstBad => Some((true, false)),
            Self::SecondBad => Some((false, true)),
            Self::BothBad => Some((true, true)),
            Self::CannotJudge => None,
        }
    }
}

/// A pair that was judged, with what was hidden until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedPair {
    /// What was said.
    pub verdict: PairVerdict,
    /// The first answer was the candidate's.
    pub first_is_after: bool,
}

impl JudgedPair {
    /// Whether the answer without the candidate is bad, and the one with it; none where nobody can say.
    pub const fn bad(self) -> Option<(bool, bool)> {
        match self.verdict.bad() {
            Some((first, second)) if self.first_is_after => Some((second, first)),
            bad => bad,
        }
    }
}

/// What a comparison has shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// No difference so far.
    #[default]
    Open,
    /// The candidate answers better.
    Better,
    /// It answers worse.
    Worse,
}

/// How a comparison stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Pairs of answers that differ.
    pub pairs: u64,
    /// Of these, judged.
    pub judged: u64,
    /// Of the judged ones, both good.
    pub both_good: u64,
    /// Both bad.
    pub both_bad: u64,
    /// Bad without the candidate, good with it.
    pub only_before_bad: u64,
    /// Good without the candidate, bad with it.
    pub only_after_bad: u64,
    /// Nobody could say.
    pub cannot_judge: u64,
    /// Evidence that the two differ, from 0 on; 1 at first. It stays where it was when it was enough.
    pub evidence: f64,
    /// What it shows.
    pub finding: Finding,
}

impl Comparison {
    /// Evidence that is needed to speak of a difference.
    pub const NEEDED: f64 = ENOUGH;

    /// How `pairs` stand of which these were judged, in the order in which they were.
    pub fn of(pairs: u64, judged: impl IntoIterator<Item = JudgedPair>) -> Self {
        let mut process = SameQuestions::default();
        let mut found = Self {
            pairs,
            evidence: process.evidence(),
            ..Self::default()
        };
        for pair in judged {
            found.judged += 1;
            let Some((before, after)) = pair.bad() else {
                found.cannot_judge += 1;
                continue;
            };
            match (before, after) {
                (false, false) => found.both_good += 1,
                (true, true) => found.both_bad += 1,
                (true, false) => found.only_before_bad += 1,
                (false, true) => found.only_after_bad += 1,
            }
            if found.finding != Finding::Open {
                continue;
            }
            found.evidence = process.observe(before, after);
            if found.evidence >= Self::NEEDED {
                found.finding = if found.only_before_bad > found.only_after_bad {
                    Finding::Better
                } else {
                    Finding::Worse
                };
            }
        }
        found
    }

    /// Nothing more is to be judged: enough is known, or no pair is left.
    pub fn is_over(&self) -> bool {
        self.finding != Finding::Open || self.judged >= self.pairs
    }

    /// How it stands, in a sentence or two.
    pub fn in_words(&self) -> String {
        let Self { pairs, judged, .. } = *self;
        if judged == 0 {
            return format!("Nobody has judged a pair yet; {} to be read.", waiting(pairs));
        }
        let apart = self.only_before_bad + self.only_after_bad;
        let evidence = format!("the evidence is {:.1}, {:.0} is needed", self.evidence, Self::NEEDED);
        let told = format!(
            "Only the answer without it was bad: {}. Only the one with it: {}.",
            self.only_before_bad, self.only_after_bad
        );
        let after = if judged == 1 {
            "one pair".to_owned()
        } else {
            format!("{judged} pairs")
        };
        match self.finding {
            Finding::Better => format!("Read blind, it is better: after {after} {evidence}. {told}"),
            Finding::Worse => format!("Read blind, it is worse: after {after} {evidence}. {told}"),
            Finding::Open => {
                let yet = if judged < pairs { " yet" } else { "" };
                format!("No difference is seen{yet} after {after}; {apart} told the two apart ({evidence}). {told}")
            }
        }
    }
}

fn waiting(pairs: u64) -> String {
    match pairs {
        1 => "one waits".to_owned(),
        _ => format!("{pairs} wait"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [PairVerdict; 5] = [
        PairVerdict::BothGood,
        PairVerdict::FirstBad,
        PairVerdict::SecondBad,
        PairVerdict::BothBad,
        PairVerdict::CannotJudge,
    ];

    fn pair(verdict: PairVerdict, first_is_after: bool) -> JudgedPair {
        JudgedPair {
            verdict,
            first_is_after,
        }
    }

    #[test]
    fn seven_pairs_that_all_say_the_same_are_enough_and_six_are_not() {
        for (verdict, finding) in [
            (PairVerdict::FirstBad, Finding::Worse),
            (PairVerdict::SecondBad, Finding::Better),
        ] {
            let six = Comparison::of(20, [pair(verdict, true); 6]);
            assert_eq!(six.finding, Finding::Open, "{six:?}");
            let seven = Comparison::of(20, [pair(verdict, true); 7]);
            assert_eq!(seven.finding, finding, "{seven:?}");
            assert!(seven.is_over() && !six.is_over());
        }
    }

    #[test]
    fn what_was_shown_once_stays_shown() {
        let worse = [pair(PairVerdict::FirstBad, true); 7];
        let better = [pair(PairVerdict::FirstBad, false); 9];
        let found = Comparison::of(16, worse.into_iter().chain(better));
        assert_eq!((found.finding, found.only_before_bad), (Finding::Worse, 9));
        assert_eq!(found.evidence.to_bits(), Comparison::of(7, worse).evidence.to_bits());
    }

    #[test]
    fn it_is_told_in_words_how_far_a_comparison_is() {
        assert_eq!(
            Comparison::of(3, []).in_words(),
            "Nobody has judged a pair yet; 3 wait to be read."
        );
        let open = Comparison::of(
            9,
            [pair(PairVerdict::BothGood, true), pair(PairVerdict::FirstBad, true)],
        );
        assert_eq!(
            open.in_words(),
            "No difference is seen yet after 2 pairs; 1 told the two apart (the evidence is 1.0, 20 is needed). \
             Only the answer without it was bad: 0. Only the one with it: 1."
        );
        let better = Comparison::of(7, [pair(PairVerdict::SecondBad, true); 7]);
        let told = better.in_words();
        assert!(
            told.starts_with("Read blind, it is better: after 7 pairs the evidence is 26.8, 20 is needed."),
            "{told}"
        );
    }

    proptest! {
        #[test]
        fn the_evidence_is_that_of_the_paired_test_whichever_side_stood_first(
            judged in prop::collection::vec((0_usize..5, any::<bool>()), 0..60)
        ) {
            let mut process = SameQuestions::default();
            let mut highest = 1.0_f64;
            let pairs: Vec<JudgedPair> = judged.iter().map(|(verdict, side)| pair(ALL[*verdict], *side)).collect();
            for (before, after) in pairs.iter().filter_map(|pair| pair.bad()) {
                if highest < ENOUGH {
                    highest = process.observe(before, after);
                }
            }
            let found = Comparison::of(60, pairs.iter().copied());
            prop_assert_eq!(found.evidence.to_bits(), highest.to_bits());
            prop_assert_eq!(found.finding != Finding::Open, highest >= ENOUGH);
            // The same said of the same answers, with the sides exchanged.
            let exchanged = pairs.iter().map(|pair| JudgedPair {
                first_is_after: !pair.first_is_after,
                verdict: match pair.verdict {
                    PairVerdict::FirstBad => PairVerdict::SecondBad,
                    PairVerdict::SecondBad => PairVerdict::FirstBad,
                    same => same,
                },
            });
            prop_assert_eq!(Comparison::of(60, exchanged), found);
            let counted = found.both_good + found.both_bad + found.only_before_bad + found.only_after_bad + found.cannot_judge;
            prop_assert_eq!(counted, found.judged);
        }
    }
}
