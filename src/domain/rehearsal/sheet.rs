//! The result sheet: where the AI would have been right, wrong and silent, and what it does not know.

use super::gaps::{Gap, gaps};
use super::{RehearsalVerdict, RehearsedDraft};
use crate::domain::answer::AnswerMode;
use crate::domain::ids::RehearsalCaseId;
use crate::domain::policy::Reason;
use crate::stats::bounds::{clopper_pearson_lower, clopper_pearson_upper};
use serde::Serialize;
use std::collections::BTreeMap;

/// Each end of an interval may be wrong with this probability: together 5 %.
const RISK: f64 = 0.025;

/// A question of a rehearsal with what became of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rehearsed<'a> {
    /// Its id.
    pub id: RehearsalCaseId,
    /// The question.
    pub question: &'a str,
    /// What the AI would have done; none before it was drafted.
    pub draft: Option<&'a RehearsedDraft>,
    /// What a person said of it.
    pub verdict: Option<RehearsalVerdict>,
    /// What they noted.
    pub note: Option<&'a str>,
}

impl Rehearsed<'_> {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        match (self.draft, self.verdict) {
            (None, _) => Standing::NotDrafted,
            (Some(draft), _) if draft.is_silent() => Standing::Silent,
            (Some(_), None) => Standing::NotJudged,
            (Some(_), Some(RehearsalVerdict::Right)) => Standing::Right,
            (Some(_), Some(RehearsalVerdict::Wrong)) => Standing::Wrong,
            (Some(_), Some(RehearsalVerdict::Leave)) => Standing::Leave,
        }
    }
}

/// How a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It could have gone out.
    Right,
    /// It could not.
    Wrong,
    /// A person should have answered it.
    Leave,
    /// The AI would have left it to a person by itself.
    Silent,
    /// Nobody has judged it yet.
    NotJudged,
    /// It is not drafted yet.
    NotDrafted,
}

impl Standing {
    /// The code of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Leave => "leave",
            Self::Silent => "silent",
            Self::NotJudged => "not_judged",
            Self::NotDrafted => "not_drafted",
        }
    }
}

/// How many questions stand how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// Could have gone out.
    pub right: u64,
    /// Could not.
    pub wrong: u64,
    /// Should have been answered by a person.
    pub leave: u64,
    /// Left to a person by the AI itself.
    pub silent: u64,
    /// Answered, and not judged yet.
    pub not_judged: u64,
    /// Not drafted yet.
    pub not_drafted: u64,
}

impl Counts {
    /// Counts so many more.
    pub const fn add(&mut self, standing: Standing, number: u64) {
        self.total += number;
        *match standing {
            Standing::Right => &mut self.right,
            Standing::Wrong => &mut self.wrong,
            Standing::Leave => &mut self.leave,
            Standing::Silent => &mut self.silent,
            Standing::NotJudged => &mut self.not_judged,
            Standing::NotDrafted => &mut self.not_drafted,
        } += number;
    }

    /// Those that were judged.
    pub const fn judged(&self) -> u64 {
        self.right + self.wrong + self.leave
    }

    /// Those that the AI would have answered.
    pub const fn answered(&self) -> u64 {
        self.judged() + self.not_judged
    }

    /// Those that were drafted.
    pub const fn drafted(&self) -> u64 {
        self.answered() + self.silent
    }

    /// The share of right ones among those that were judged.
    pub fn right_share(&self) -> Option<Share> {
        Share::of(self.right, self.judged())
    }
}

/// A share with its exact two-sided interval (Clopper and Pearson, 95 %).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// What was counted, `0.0..=1.0`.
    pub share: f64,
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

impl Share {
    /// So many of so many; none of nothing.
    #[expect(clippy::cast_precision_loss, reason = "at most a few hundred questions")]
    pub fn of(counted: u64, all: u64) -> Option<Self> {
        let (counted, all) = (counted as f64, all as f64);
        (all > 0.0).then(|| Self {
            share: counted / all,
            lower: clopper_pearson_lower(counted, all, RISK),
            upper: clopper_pearson_upper(counted, all, RISK),
        })
    }
}

/// The questions of one topic, or those answered in one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// The topic's name, or the mode's code.
    pub name: String,
    /// How they stand.
    #[serde(flatten)]
    pub counts: Counts,
    /// The share of right ones among those that were judged.
    pub right_share: Option<Share>,
}

impl Part {
    fn of((name, counts): (&str, Counts)) -> Self {
        Self {
            name: name.to_owned(),
            counts,
            right_share: counts.right_share(),
        }
    }
}

/// What came of a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sheet {
    /// How the questions stand.
    pub counts: Counts,
    /// The share of right ones among those that were judged.
    pub right_share: Option<Share>,
    /// The share that the AI would have answered, of those that were drafted.
    pub answered_share: Option<Share>,
    /// By topic, the largest first.
    pub topics: Vec<Part>,
    /// By how the answer came about, the safest first; `abstain` is where there is none.
    pub modes: Vec<Part>,
    /// Why the AI would have been silent: the reason that decided, the most frequent first.
    pub silences: Vec<(Reason, u64)>,
    /// What the AI does not know or has wrong, the largest gap first.
    pub gaps: Vec<Gap>,
}

impl Sheet {
    /// The sheet of these questions.
    pub fn of(cases: &[Rehearsed<'_>]) -> Self {
        let mut counts = Counts::default();
        let mut topics: BTreeMap<&str, Counts> = BTreeMap::new();
        let mut modes: BTreeMap<AnswerMode, Counts> = BTreeMap::new();
        let mut silences: BTreeMap<Reason, u64> = BTreeMap::new();
        for case in cases {
            let standing = case.standing();
            counts.add(standing, 1);
            let Some(draft) = case.draft else { continue };
            topics.entry(&draft.topic).or_default().add(standing, 1);
            modes.entry(draft.mode).or_default().add(standing, 1);
            if let (Standing::Silent, Some(reason)) = (standing, draft.reasons.first()) {
                *silences.entry(*reason).or_default() += 1;
            }
        }
        let mut topics: Vec<Part> = topics.into_iter().map(Part::of).collect();
        topics.sort_by_key(|part| std::cmp::Reverse(part.counts.total));
        let mut silences: Vec<(Reason, u64)> = silences.into_iter().collect();
        silences.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
        Self {
            right_share: counts.right_share(),
            answered_share: Share::of(counts.answered(), counts.drafted()),
            counts,
            topics,
            modes: modes
                .into_iter()
                .map(|(mode, counts)| Part::of((mode.as_str(), counts)))
                .collect(),
            silences,
            gaps: gaps(cases),
        }
    }
}
