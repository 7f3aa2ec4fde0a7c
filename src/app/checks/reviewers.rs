//! How reviewers judge, for those who manage.

use super::all_reviewers;
use crate::app::caller::Caller;
use crate::app::evidence::told_until;
use crate::app::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::evidence::check::Habits;
use crate::domain::evidence::{CheckPurpose, is_bad};
use crate::domain::ids::{DraftId, MemberId};
use crate::stats::agreement::{Ratings, agreement, gold_accuracy};
use crate::stats::bounds::{clopper_pearson_lower, clopper_pearson_upper};
use crate::stats::quantile::p50;
use crate::store::entity::{check, evidence};
use serde::Serialize;
use std::collections::HashMap;

/// Verdicts of so long count, in milliseconds: people change.
pub(in crate::app) const COUNTED_MS: i64 = 365 * 24 * 60 * 60_000;
/// The risk at either end of the interval.
const INTERVAL_RISK: f64 = 0.025;

/// How reviewers judge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewersView {
    /// All together.
    pub team: TeamView,
    /// Each of them.
    pub reviewers: Vec<ReviewerView>,
}

/// How far reviewers agree with one another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TeamView {
    /// Drafts that two of them judged.
    pub doubles: u64,
    /// On which part of these the two agree.
    pub agreement: Option<f64>,
    /// The interval of that, 95 % (Clopper and Pearson).
    pub agreement_interval: Option<(f64, f64)>,
    /// Gwet's AC1 of these: agreement beyond chance, 1 at most. From 50 on.
    pub ac1: Option<f64>,
    /// Its interval, 95 %.
    pub ac1_interval: Option<(f64, f64)>,
}

impl TeamView {
    fn of(doubles: &[Ratings]) -> Self {
        let agreed = doubles.iter().filter(|ratings| ratings.bad != 1).count() as u64;
        let all = doubles.len() as u64;
        let known = agreement(doubles);
        let interval = || {
            let (agreed, all) = (float(agreed), float(all));
            (
                clopper_pearson_lower(agreed, all, INTERVAL_RISK),
                clopper_pearson_upper(agreed, all, INTERVAL_RISK),
            )
        };
        Self {
            doubles: all,
            agreement: share(agreed, all),
            agreement_interval: (all > 0).then(interval),
            ac1: known.map(|known| known.ac1),
            ac1_interval: known.map(|known| known.interval),
        }
    }
}

/// How a reviewer judges.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewerView {
    /// Who.
    pub member_id: MemberId,
    /// Their name.
    pub name: String,
    /// Verdicts within the last year.
    pub verdicts: u64,
    /// The share of those given faster than the text can be read; they count for nothing.
    pub hasty: Option<f64>,
    /// From seeing to judging, the median, in milliseconds.
    pub median_decision_ms: Option<f64>,
    /// Drafts that they and a colleague judged.
    pub doubles: u64,
    /// On which part of these the two agree.
    pub agreement: Option<f64>,
    /// The interval of that, 95 % (Clopper and Pearson).
    pub agreement_interval: Option<(f64, f64)>,
    /// Gwet's AC1 of these: agreement beyond chance, 1 at most. From 50 on.
    pub ac1: Option<f64>,
    /// Its interval, 95 %.
    pub ac1_interval: Option<(f64, f64)>,
    /// How they judge what is known.
    pub gold: Option<GoldView>,
    /// How they judge what they have judged before.
    pub repeats: RepeatView,
    /// A gentle word, where they seem to approve without looking.
    pub word: Option<String>,
}

/// Verdicts on drafts whose right verdict is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GoldView {
    /// Verdicts.
    pub judged: u64,
    /// As known.
    pub right: u64,
    /// The share of right ones.
    pub share: f64,
    /// Its interval's lower end, 95 % (Clopper and Pearson).
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
    /// Too many are wrong, beyond what chance explains.
    pub is_alarming: bool,
}

/// Verdicts on drafts that the same person judged before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RepeatView {
    /// Verdicts.
    pub judged: u64,
    /// As before.
    pub same: u64,
}

/// How each reviewer judges.
///
/// # Errors
/// [`AppError::Forbidden`] for whoever does not manage, or the store's.
pub async fn reviewers(app: &App, caller: &Caller) -> Result<ReviewersView, AppError> {
    caller.require(Scope::Admin)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut found = rows.checks_judged_since(app.now().plus_ms(-COUNTED_MS)).await?;
    // Whoever judges and looks here would see from a figure that moves at once what kind of check it was (invariant 7).
    let told_until = told_until(&rows, caller, app.now()).await?;
    found.retain(|row| row.closed_at.is_none_or(|at| at < told_until));
    let gold: Vec<DraftId> = of_purpose(&found, CheckPurpose::Gold).map(|row| row.draft_id).collect();
    let known = rows.evidence_of(&gold).await?;
    let said = Said { found, known };
    let all: Vec<(MemberId, String, Habits)> = all_reviewers(&rows)
        .await?
        .into_iter()
        .map(|(member, name)| {
            let habits = said.habits(|row| row.member_id == Some(member));
            (member, name, habits)
        })
        .collect();
    Ok(ReviewersView {
        team: TeamView::of(&said.doubles(None)),
        reviewers: all
            .into_iter()
            .map(|(member, name, habits)| said.view(member, name, habits))
            .collect(),
    })
}

fn of_purpose(rows: &[check::Model], purpose: CheckPurpose) -> impl Iterator<Item = &check::Model> {
    rows.iter().filter(move |row| row.purpose == purpose)
}

/// "Bad" or not, where a verdict says that and counts.
fn says_bad(row: &check::Model) -> Option<bool> {
    row.label.filter(|_| !row.is_hasty).and_then(is_bad)
}

struct Said {
    found: Vec<check::Model>,
    known: Vec<evidence::Model>,
}

impl Said {
    fn habits(&self, fits: impl Fn(&check::Model) -> bool) -> Habits {
        let mut habits = Habits::default();
        for row in self.found.iter().filter(|row| fits(row)) {
            habits.verdicts += 1;
            habits.hasty += u64::from(row.is_hasty);
            // Second opinions are about drafts that were found bad more often.
            if row.purpose.evidence().is_some()
                && let Some(bad) = says_bad(row)
            {
                habits.judged += 1;
                habits.bad += u64::from(bad);
            }
        }
        habits
    }

    /// The drafts that `member` (or anybody) and somebody else judged, each with both verdicts.
    fn doubles(&self, member: Option<MemberId>) -> Vec<Ratings> {
        let mut first: HashMap<DraftId, &check::Model> = HashMap::new();
        for row in self
            .found
            .iter()
            .filter(|row| row.purpose.evidence().is_some() && says_bad(row).is_some())
        {
            first.insert(row.draft_id, row);
        }
        let pairs = of_purpose(&self.found, CheckPurpose::Second).filter_map(|second| {
            let first = first.get(&second.draft_id)?;
            let judges = [first.member_id, second.member_id];
            let is_double = (member.is_none() || judges.contains(&member)) && first.member_id != second.member_id;
            let bad = u32::from(says_bad(first)?) + u32::from(says_bad(second)?);
            is_double.then_some(Ratings { judges: 2, bad })
        });
        pairs.collect()
    }

    fn gold(&self, member: MemberId) -> Option<GoldView> {
        let (mut judged, mut right) = (0, 0);
        for row in of_purpose(&self.found, CheckPurpose::Gold).filter(|row| row.member_id == Some(member)) {
            let known = self.known.iter().find(|known| known.draft_id == row.draft_id);
            if let (Some(said), Some(label)) =
                (row.label.filter(|_| !row.is_hasty), known.and_then(|known| known.label))
            {
                judged += 1;
                right += u64::from(said == label);
            }
        }
        let accuracy = gold_accuracy(right, judged)?;
        Some(GoldView {
            judged,
            right,
            share: accuracy.share,
            lower: clopper_pearson_lower(float(right), float(judged), INTERVAL_RISK),
            upper: clopper_pearson_upper(float(right), float(judged), INTERVAL_RISK),
            is_alarming: accuracy.is_alarming,
        })
    }

    fn repeats(&self, member: MemberId) -> RepeatView {
        let mut repeats = RepeatView::default();
        let mine = |row: &&check::Model| row.member_id == Some(member);
        for row in of_purpose(&self.found, CheckPurpose::Repeat).filter(mine) {
            let mut earlier = self.found.iter().filter(mine).filter(|other| {
                other.draft_id == row.draft_id && other.for_member.is_none() && other.closed_at < row.closed_at
            });
            if let (Some(said), Some(before)) = (says_bad(row), earlier.find_map(says_bad)) {
                repeats.judged += 1;
                repeats.same += u64::from(said == before);
            }
        }
        repeats
    }

    fn view(&self, member: MemberId, name: String, habits: Habits) -> ReviewerView {
        let others = self.habits(|row| row.member_id != Some(member));
        let took: Vec<f64> = self
            .found
            .iter()
            .filter(|row| row.member_id == Some(member))
            .filter_map(|row| u64::try_from(row.took_ms?).ok().map(float))
            .collect();
        let with_others = TeamView::of(&self.doubles(Some(member)));
        ReviewerView {
            member_id: member,
            verdicts: habits.verdicts,
            hasty: share(habits.hasty, habits.verdicts),
            median_decision_ms: p50(&took),
            doubles: with_others.doubles,
            agreement: with_others.agreement,
            agreement_interval: with_others.agreement_interval,
            ac1: with_others.ac1,
            ac1_interval: with_others.ac1_interval,
            gold: self.gold(member),
            repeats: self.repeats(member),
            word: habits.word(&name, &others),
            name,
        }
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| float(part) / float(whole))
}

#[expect(clippy::cast_precision_loss, reason = "verdicts and milliseconds are far below 2^52")]
const fn float(number: u64) -> f64 {
    number as f64
}
