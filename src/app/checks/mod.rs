//! Quality checks as a reviewer works them off: the next one, its verdict, what follows; and how reviewers judge.
//!
//! Nothing that leaves this module before the verdict says why a check is made (invariant 7).

mod judge;
mod mix;
mod next;
mod reviewers;

pub use judge::{Judged, Said, Verdict, judge};
pub(in crate::app) use next::said_before;
pub use next::{CheckView, LineView, Next, SourceView, next, release, waiting};
pub(super) use reviewers::COUNTED_MS;
pub use reviewers::{GoldView, RepeatView, ReviewerView, ReviewersView, TeamView, reviewers};

pub(super) use mix::{Mixed, mixable};

use super::AppError;
use super::caller::Caller;
use crate::domain::account::Scope;
use crate::domain::evidence::check::Waiting;
use crate::domain::ids::{DraftId, MemberId};
use crate::domain::review::Lease;
use crate::domain::time::Timestamp;
use crate::store::entity::check;
use crate::store::{Asker, Rows};

fn reviewer(caller: &Caller) -> Result<MemberId, AppError> {
    caller.require(Scope::Review)?;
    caller.member()
}

/// Everybody who may judge.
async fn all_reviewers(rows: &Rows<'_>) -> Result<Vec<(MemberId, String)>, AppError> {
    let members = rows.members().await?.into_iter();
    Ok(members
        .filter(|(member, _)| member.role.scopes().contains(&Scope::Review))
        .map(|(member, user)| (member.id, user.name))
        .collect())
}

const fn lease_of(row: &check::Model) -> Option<Lease> {
    match (row.leased_by, row.leased_until) {
        (Some(member), Some(until)) => Some(Lease { member, until }),
        _ => None,
    }
}

/// A reviewer at the desk of checks.
struct Desk {
    asker: Asker,
    reviewers: Vec<MemberId>,
}

impl Desk {
    async fn of(rows: &Rows<'_>, member: MemberId, now: Timestamp) -> Result<Self, AppError> {
        let reviewers = all_reviewers(rows).await?.into_iter().map(|(id, _)| id).collect();
        Ok(Self::among(reviewers, member, now))
    }

    fn among(reviewers: Vec<MemberId>, member: MemberId, now: Timestamp) -> Self {
        let is_alone = reviewers.iter().all(|&other| other == member);
        Self {
            asker: Asker { member, is_alone, now },
            reviewers,
        }
    }

    /// May they be asked this one? `judged`: checks of the same draft that were judged, among others.
    fn is_for(&self, row: &check::Model, judged: &[check::Model]) -> bool {
        let heard = heard(row, judged);
        let waiting = Waiting {
            for_member: row.for_member,
            not_for_member: row.not_for_member,
            not_before: row.not_before,
            asked_at: row.created_at,
            heard: &heard,
        };
        waiting.is_for(self.asker.member, &self.reviewers, self.asker.now)
    }

    /// Of what they were heard on before, what they may be asked all the same, in order.
    async fn once_more(&self, rows: &Rows<'_>) -> Result<Vec<check::Model>, AppError> {
        let mut found = rows.checks_heard_before(self.asker).await?;
        let drafts: Vec<DraftId> = found.iter().map(|row| row.draft_id).collect();
        let judged = rows.judged_checks_of(&drafts).await?;
        found.retain(|row| self.is_for(row, &judged));
        Ok(found)
    }

    /// How many wait for them.
    async fn waiting(&self, rows: &Rows<'_>) -> Result<u64, AppError> {
        Ok(rows.checks_waiting(self.asker).await? + self.once_more(rows).await?.len() as u64)
    }

    /// The one they look at already, else the first.
    async fn next(&self, rows: &Rows<'_>) -> Result<Option<check::Model>, AppError> {
        if let Some(begun) = rows.leased_check(self.asker).await? {
            let judged = rows.judged_checks_of(&[begun.draft_id]).await?;
            if self.is_for(&begun, &judged) {
                return Ok(Some(begun));
            }
        }
        let place = |row: &check::Model| (row.place, row.id);
        let first = rows.first_check(self.asker).await?;
        let again = self.once_more(rows).await?.into_iter().next();
        Ok(match (first, again) {
            (Some(first), Some(again)) if place(&again) < place(&first) => Some(again),
            (first, again) => first.or(again),
        })
    }
}

/// Who answered the same question before.
fn heard(row: &check::Model, judged: &[check::Model]) -> Vec<(MemberId, Timestamp)> {
    let same = judged
        .iter()
        .filter(|other| other.draft_id == row.draft_id && other.purpose == row.purpose);
    same.filter_map(|other| other.member_id.zip(other.closed_at)).collect()
}
