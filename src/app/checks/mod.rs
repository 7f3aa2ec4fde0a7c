//! Quality checks as a reviewer works them off: the next one, its verdict, what follows; and how reviewers judge.
//!
//! Nothing that leaves this module before the verdict says why a check is made (invariant 7).

mod judge;
mod mix;
mod next;
mod reviewers;

pub use judge::{Judged, Said, Verdict, judge};
pub use next::{CheckView, LineView, Next, SourceView, next, release, waiting};
pub use reviewers::{GoldView, RepeatView, ReviewerView, ReviewersView, TeamView, reviewers};

pub(super) use mix::mix;

use super::AppError;
use super::caller::Caller;
use crate::domain::account::Scope;
use crate::domain::evidence::check::Waiting;
use crate::domain::ids::{DraftId, MemberId};
use crate::domain::review::Lease;
use crate::domain::time::Timestamp;
use crate::store::Rows;
use crate::store::entity::check;

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

/// The checks that wait, with what decides who is asked.
struct Desk {
    reviewers: Vec<MemberId>,
    waiting: Vec<check::Model>,
    judged: Vec<check::Model>,
}

impl Desk {
    async fn of(rows: &Rows<'_>) -> Result<Self, AppError> {
        let waiting = rows.open_checks().await?;
        let drafts: Vec<DraftId> = waiting.iter().map(|row| row.draft_id).collect();
        Ok(Self {
            reviewers: all_reviewers(rows).await?.into_iter().map(|(id, _)| id).collect(),
            judged: rows.judged_checks_of(&drafts).await?,
            waiting,
        })
    }

    /// May this reviewer be asked this one?
    fn is_for(&self, row: &check::Model, member: MemberId, now: Timestamp) -> bool {
        let heard = heard(row, &self.judged);
        let waiting = Waiting {
            for_member: row.for_member,
            not_for_member: row.not_for_member,
            not_before: row.not_before,
            asked_at: row.created_at,
            heard: &heard,
        };
        waiting.is_for(member, &self.reviewers, now)
    }

    /// What this reviewer may be asked, in order.
    fn of_member(&self, member: MemberId, now: Timestamp) -> impl Iterator<Item = &check::Model> {
        self.waiting.iter().filter(move |row| self.is_for(row, member, now))
    }
}

/// Who answered the same question before.
fn heard(row: &check::Model, judged: &[check::Model]) -> Vec<(MemberId, Timestamp)> {
    let same = judged
        .iter()
        .filter(|other| other.draft_id == row.draft_id && other.purpose == row.purpose);
    same.filter_map(|other| other.member_id.zip(other.closed_at)).collect()
}
