//! Rules of quality checks: who is asked, what a verdict leads to, when somebody is asked once more.

use super::{CheckPurpose, is_bad};
use crate::domain::ids::MemberId;
use crate::domain::review::{LEASE_MS, Lease, VerdictLabel};
use crate::domain::time::Timestamp;
use crate::stats::bounds::{clopper_pearson_lower, clopper_pearson_upper};

const DAY_MS: i64 = 24 * 60 * 60_000;
/// Nobody is asked about the same draft again before so long, in milliseconds: until it is forgotten.
pub const FORGOTTEN_AFTER_MS: i64 = 7 * DAY_MS;
/// Two opinions that agree are known to be right from this age on, in milliseconds.
pub const GOLD_AGE_MS: i64 = 14 * DAY_MS;
/// The part of the drafts whose verdicts are told to nobody for a time, `0.0..=1.0`: only these are used to see how reviewers judge.
pub const KEPT_BACK: f64 = 0.25;
/// For so long, in milliseconds. Afterwards nobody is asked about them once more.
pub const KEPT_BACK_MS: i64 = 90 * DAY_MS;
/// Nobody looks at one check for longer, in milliseconds: whoever seems to is away.
const LONGEST_LOOK_MS: i64 = 15 * 60_000;
/// The time over which checks of the reviewer are counted, in milliseconds.
pub const WEEK_MS: i64 = 7 * DAY_MS;
/// The part of the verdicts "acceptable" that gets a second opinion, `0.0..=1.0`; of those that say "bad" all do.
pub const SECOND_OPINIONS: f64 = 0.2;
/// Checks with a known answer that a reviewer gets in a week.
const GOLD_A_WEEK: usize = 2;
/// Checks of their own verdicts that a reviewer gets in a week.
const REPEATS_A_WEEK: usize = 1;
/// A check of the reviewer is put among at least so many others: alone it would give itself away.
const CROWD: usize = 3;
/// Nobody reads a question and an answer in less, in milliseconds.
const SHORTEST_LOOK_MS: i64 = 1_000;
/// Characters that are read in a second by whoever is two and a half times as fast as people read.
const CHARS_A_SECOND: i64 = 60;
/// However long the text: from here on, in milliseconds, a fault may have been seen before the end.
const LONGEST_FLOOR_MS: i64 = 15_000;

/// The time below which nobody can have read a text of so many characters: one second and one more for every 60 characters, 15 at most; in
/// milliseconds.
pub fn decision_floor_ms(text_chars: usize) -> i64 {
    let chars = i64::try_from(text_chars).unwrap_or(i64::MAX);
    SHORTEST_LOOK_MS
        .saturating_add(chars.saturating_mul(1_000) / CHARS_A_SECOND)
        .min(LONGEST_FLOOR_MS)
}

/// Was the verdict given faster than the text can be read? Not where nobody knows how long it took.
pub fn is_hasty(took_ms: Option<i64>, text_chars: usize) -> bool {
    took_ms.is_some_and(|took| took < decision_floor_ms(text_chars))
}

/// Until when a check is its reviewer's who sees it since `shown_at` and asks for it now: [`LEASE_MS`] from now on, but in all no longer than
/// anybody looks at one. In the past for whoever was away; then a colleague may take it.
pub fn lease_until(shown_at: Timestamp, now: Timestamp) -> Timestamp {
    now.plus_ms(LEASE_MS).min(shown_at.plus_ms(LONGEST_LOOK_MS))
}

/// How long a verdict took, in milliseconds. None where nobody knows: not seen, or away meanwhile.
pub fn took_ms(shown_at: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    let took = now.ms_since(shown_at?);
    (0..=LONGEST_LOOK_MS).contains(&took).then_some(took)
}

/// A check that waits, as far as it matters to who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// Only this reviewer is asked.
    pub for_member: Option<MemberId>,
    /// Not the one whose verdict it is a second opinion on.
    pub not_for_member: Option<MemberId>,
    /// Nobody is asked before.
    pub not_before: Timestamp,
    /// When it was put into the queue; for a second opinion, when the first was given.
    pub asked_at: Timestamp,
    /// Who answered the same question before, and when: too fast, or that they cannot tell.
    pub heard: &'a [(MemberId, Timestamp)],
}

impl Waiting<'_> {
    /// May this one of the workspace's `reviewers` be asked now?
    ///
    /// Nobody gives a second opinion on their own verdict, and nobody is asked once more while somebody else can be. Whoever has no
    /// colleague is asked after [`FORGOTTEN_AFTER_MS`].
    pub fn is_for(&self, member: MemberId, reviewers: &[MemberId], now: Timestamp) -> bool {
        if self.for_member.is_some_and(|only| only != member) || now < self.not_before {
            return false;
        }
        let is_forgotten = |at: Timestamp| now.ms_since(at) >= FORGOTTEN_AFTER_MS;
        if self.not_for_member == Some(member) {
            let is_alone = reviewers.iter().all(|&other| other == member);
            if !is_alone || !is_forgotten(self.asked_at) {
                return false;
            }
        }
        let has_answered = |member: MemberId| self.heard.iter().any(|&(who, _)| who == member);
        if !has_answered(member) || self.for_member.is_some() {
            return true;
        }
        let mut others = reviewers
            .iter()
            .filter(|&&other| other != member && self.not_for_member != Some(other));
        let mine = self.heard.iter().filter(|&&(who, _)| who == member);
        others.all(|&other| has_answered(other)) && mine.map(|&(_, at)| at).max().is_none_or(is_forgotten)
    }
}

/// Does somebody else than `member` hold it? A lease that seems to last longer than any was taken before the clock went back.
pub fn is_held_by_other(lease: Option<Lease>, member: MemberId, now: Timestamp) -> bool {
    lease.is_some_and(|lease| lease.member != member && lease.until > now && lease.until <= now.plus_ms(LEASE_MS))
}

/// What a verdict on a check leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// It is the evidence on the draft.
    Evidence(VerdictLabel),
    /// It is the second opinion on the draft.
    Second(VerdictLabel),
    /// Somebody is asked again.
    AskAgain,
    /// It says something about the reviewer alone.
    Reviewer,
}

/// What a verdict leads to. `could_not_judge`: somebody said before that they cannot judge this draft. Two who cannot are enough: then nobody
/// can.
pub fn consequence(purpose: CheckPurpose, label: VerdictLabel, is_hasty: bool, could_not_judge: bool) -> Consequence {
    match purpose {
        CheckPurpose::Gold | CheckPurpose::Repeat => Consequence::Reviewer,
        _ if is_hasty => Consequence::AskAgain,
        CheckPurpose::Second => Consequence::Second(label),
        CheckPurpose::Sample | CheckPurpose::Requeue => match label {
            VerdictLabel::CannotJudge if !could_not_judge => Consequence::AskAgain,
            label => Consequence::Evidence(label),
        },
    }
}

/// Is a second opinion due on a verdict? On all that say "bad", and on those that say "acceptable" that are `drawn`
/// ([`SECOND_OPINIONS`]).
pub fn second_opinion_is_due(label: VerdictLabel, drawn: bool) -> bool {
    is_bad(label).is_some_and(|bad| bad || drawn)
}

/// Which checks of the reviewer may be put among the others now, the most wanted first. `others` wait for them; so many of either kind were put
/// there within a week.
pub fn mixed_in(others: usize, gold: usize, repeats: usize) -> Vec<CheckPurpose> {
    if others < CROWD {
        return Vec::new();
    }
    let wanted = [
        (gold < GOLD_A_WEEK, CheckPurpose::Gold),
        (repeats < REPEATS_A_WEEK, CheckPurpose::Repeat),
    ];
    wanted
        .into_iter()
        .filter_map(|(is_wanted, purpose)| is_wanted.then_some(purpose))
        .collect()
}

/// What is counted of one reviewer's verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Habits {
    /// Verdicts that say "acceptable" or "bad", on checks anybody might have got.
    pub judged: u64,
    /// Those that say "bad", at most `judged`.
    pub bad: u64,
    /// All verdicts.
    pub verdicts: u64,
    /// Those faster than the text can be read, at most `verdicts`.
    pub hasty: u64,
}

/// Below this many verdicts habits say nothing.
const FEWEST_VERDICTS: u64 = 20;
/// More than this part of verdicts too fast is worth a word.
const MOST_HASTY: f64 = 0.2;

impl Habits {
    /// A gentle word, where somebody seems to approve without looking: many verdicts are too fast, or far fewer are "bad" than those of
    /// `colleagues`, beyond what chance explains (99 % against 95 % bounds of Clopper and Pearson).
    pub fn word(&self, name: &str, colleagues: &Self) -> Option<String> {
        let [judged, bad, verdicts, hasty] = [self.judged, self.bad, self.verdicts, self.hasty].map(float);
        if self.verdicts >= FEWEST_VERDICTS && hasty > MOST_HASTY * verdicts {
            return Some(format!(
                "{name} gave {} of {} verdicts faster than the answer can be read; these are asked again. A few calm minutes a day are worth more than \
                 many quick ones.",
                self.hasty, self.verdicts
            ));
        }
        let at_most = clopper_pearson_upper(bad, judged, 0.01);
        let usual = clopper_pearson_lower(float(colleagues.bad), float(colleagues.judged), 0.05);
        (self.judged >= FEWEST_VERDICTS && at_most < usual).then(|| {
            format!(
                "{name} found {} of {} answers bad, colleagues {} of {}. That may be chance or kindness; it is worth talking about what counts as bad.",
                self.bad, self.judged, colleagues.bad, colleagues.judged
            )
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "verdicts are far fewer than 2^52")]
const fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn member(number: u128) -> MemberId {
        MemberId::from(Uuid::from_u128(number))
    }

    const NOW: Timestamp = Timestamp(1_000 * DAY_MS);

    fn second_opinion_on(author: MemberId, given_ms_ago: i64, heard: &[(MemberId, Timestamp)]) -> Waiting<'_> {
        Waiting {
            for_member: None,
            not_for_member: Some(author),
            not_before: Timestamp(0),
            asked_at: NOW.plus_ms(-given_ms_ago),
            heard,
        }
    }

    #[test]
    fn the_floor_grows_with_the_text_and_has_an_end() {
        assert_eq!(decision_floor_ms(0), 1_000);
        assert_eq!(decision_floor_ms(60), 2_000);
        assert_eq!(decision_floor_ms(300), 6_000);
        assert_eq!(decision_floor_ms(usize::MAX), 15_000);
        assert!(is_hasty(Some(1_999), 60) && !is_hasty(Some(2_000), 60) && !is_hasty(None, 60));
    }

    #[test]
    fn a_lone_owner_gives_the_second_opinion_after_a_week_and_nobody_with_a_colleague_does() {
        let (mia, noor) = (member(1), member(2));
        let week = FORGOTTEN_AFTER_MS;
        assert!(!second_opinion_on(mia, week - 1, &[]).is_for(mia, &[mia], NOW));
        assert!(second_opinion_on(mia, week, &[]).is_for(mia, &[mia], NOW));
        assert!(!second_opinion_on(mia, 100 * week, &[]).is_for(mia, &[mia, noor], NOW));
        assert!(second_opinion_on(mia, 0, &[]).is_for(noor, &[mia, noor], NOW));
    }

    #[test]
    fn whoever_could_not_tell_is_asked_again_only_when_nobody_else_is_left() {
        fn waiting(heard: &[(MemberId, Timestamp)]) -> Waiting<'_> {
            Waiting {
                not_for_member: None,
                ..second_opinion_on(member(1), 0, heard)
            }
        }
        let (mia, noor) = (member(1), member(2));
        let week = FORGOTTEN_AFTER_MS;
        let long_ago = NOW.plus_ms(-week);
        assert!(!waiting(&[(mia, long_ago)]).is_for(mia, &[mia, noor], NOW));
        assert!(waiting(&[(mia, long_ago)]).is_for(noor, &[mia, noor], NOW));
        assert!(waiting(&[(mia, long_ago)]).is_for(mia, &[mia], NOW));
        assert!(!waiting(&[(mia, long_ago.plus_ms(1))]).is_for(mia, &[mia], NOW));
        assert!(waiting(&[(mia, long_ago), (noor, NOW)]).is_for(mia, &[mia, noor], NOW));
    }

    #[test]
    fn a_check_is_nobodys_for_ever_and_absence_is_no_time_of_decision() {
        let shown = NOW.plus_ms(-14 * 60_000);
        assert_eq!(lease_until(NOW, NOW), NOW.plus_ms(LEASE_MS));
        assert_eq!(lease_until(shown, NOW), NOW.plus_ms(60_000), "the last minute");
        assert!(lease_until(NOW.plus_ms(-16 * 60_000), NOW) < NOW);
        assert_eq!(took_ms(Some(shown), NOW), Some(14 * 60_000));
        assert_eq!(
            (took_ms(Some(NOW.plus_ms(-16 * 60_000)), NOW), took_ms(None, NOW)),
            (None, None)
        );
    }

    #[test]
    fn two_who_cannot_judge_are_nobody_who_can() {
        use VerdictLabel::{Acceptable, Bad, CannotJudge};
        for purpose in [CheckPurpose::Sample, CheckPurpose::Requeue] {
            assert_eq!(consequence(purpose, CannotJudge, false, false), Consequence::AskAgain);
            assert_eq!(
                consequence(purpose, CannotJudge, false, true),
                Consequence::Evidence(CannotJudge)
            );
            assert_eq!(consequence(purpose, Bad, false, true), Consequence::Evidence(Bad));
            assert_eq!(consequence(purpose, Acceptable, true, false), Consequence::AskAgain);
        }
        assert!(second_opinion_is_due(Bad, false) && second_opinion_is_due(Acceptable, true));
        assert!(!second_opinion_is_due(Acceptable, false) && !second_opinion_is_due(CannotJudge, true));
    }

    #[test]
    fn checks_of_the_reviewer_hide_among_others_and_are_few() {
        use CheckPurpose::{Gold, Repeat};
        assert_eq!(mixed_in(3, 0, 0), [Gold, Repeat]);
        assert_eq!(mixed_in(3, 2, 0), [Repeat]);
        assert!(mixed_in(2, 0, 0).is_empty() && mixed_in(100, 2, 1).is_empty());
    }

    #[test]
    fn a_word_is_said_of_what_chance_does_not_explain_only() {
        let colleagues = Habits {
            judged: 200,
            bad: 20,
            verdicts: 200,
            hasty: 0,
        };
        let like = |judged, bad, hasty| {
            let habits = Habits {
                judged,
                bad,
                verdicts: judged,
                hasty,
            };
            habits.word("Mia", &colleagues)
        };
        assert_eq!(like(100, 8, 0), None);
        assert_eq!(like(10, 0, 10), None, "too few to say anything");
        assert_eq!(like(40, 0, 0), None, "chance explains it");
        assert!(like(120, 0, 0).is_some_and(|word| word.contains("0 of 120 answers bad, colleagues 20 of 200")));
        assert!(like(50, 5, 11).is_some_and(|word| word.contains("11 of 50")));
        let alone = Habits {
            judged: 500,
            ..Habits::default()
        };
        assert_eq!(alone.word("Mia", &Habits::default()), None, "nobody to compare with");
    }

    proptest! {
        #[test]
        fn nobody_with_a_colleague_judges_their_own_verdict(
            author in 0_u128..4,
            reviewers in prop::collection::btree_set(0_u128..4, 2..4),
            heard in prop::collection::vec((0_u128..4, 0_i64..30), 0..4),
            days in 0_i64..400,
        ) {
            let reviewers: Vec<MemberId> = reviewers.into_iter().map(member).collect();
            let heard: Vec<(MemberId, Timestamp)> =
                heard.into_iter().map(|(who, days)| (member(who), NOW.plus_ms(-days * DAY_MS))).collect();
            let waiting = second_opinion_on(member(author), days * DAY_MS, &heard);
            prop_assert!(!waiting.is_for(member(author), &reviewers, NOW));
        }

        #[test]
        fn in_the_end_somebody_is_asked(
            author in prop::option::of(0_u128..4),
            reviewers in prop::collection::btree_set(0_u128..4, 1..4),
            heard in prop::collection::vec((0_u128..4, 0_i64..30), 0..4),
        ) {
            let reviewers: Vec<MemberId> = reviewers.into_iter().map(member).collect();
            let heard: Vec<(MemberId, Timestamp)> =
                heard.into_iter().map(|(who, days)| (member(who), NOW.plus_ms(-days * DAY_MS))).collect();
            let waiting = Waiting { not_for_member: author.map(member), ..second_opinion_on(member(9), 0, &heard) };
            let later = NOW.plus_ms(FORGOTTEN_AFTER_MS);
            prop_assert!(reviewers.iter().any(|&one| waiting.is_for(one, &reviewers, later)));
        }

        #[test]
        fn what_says_something_of_the_reviewer_never_becomes_evidence(hasty: bool, could_not: bool) {
            for label in [VerdictLabel::Acceptable, VerdictLabel::Bad, VerdictLabel::CannotJudge] {
                for purpose in [CheckPurpose::Gold, CheckPurpose::Repeat] {
                    prop_assert_eq!(consequence(purpose, label, hasty, could_not), Consequence::Reviewer);
                }
            }
        }
    }
}
