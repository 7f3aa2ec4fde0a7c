//! Puts checks of the reviewers among the others: drafts whose right verdict is known, and their own verdicts of some time ago.

use super::{Desk, all_reviewers};
use crate::app::evidence::{self, Asked};
use crate::app::{App, AppError};
use crate::domain::evidence::CheckPurpose;
use crate::domain::evidence::check::{FORGOTTEN_AFTER_MS, GOLD_AGE_MS, KEPT_BACK_MS, WEEK_MS, mixed_in};
use crate::domain::ids::{DraftId, MemberId, RandomSource, WorkspaceId};
use crate::domain::review::VerdictLabel;
use crate::domain::time::Timestamp;
use crate::store::entity::check;
use crate::store::{Rows, Tx};
use std::collections::HashSet;

/// So many of the newest known verdicts are chosen from.
const CHOSEN_FROM: u64 = 500;

/// A check of a reviewer that may be put among those that wait for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) struct Mixed {
    member: MemberId,
    purpose: CheckPurpose,
    draft: DraftId,
}

impl Mixed {
    /// Puts it among the others. It has no entry of its own in the log: whoever counts what waits would know which one it is. So it goes with
    /// the entry of a draw.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::app) async fn put(self, tx: &Tx<'_>, now: Timestamp) -> Result<(), AppError> {
        let asked = Asked {
            for_member: Some(self.member),
            ..Asked::at_random(tx)
        };
        evidence::put(tx, self.draft, self.purpose, asked, now).await
    }
}

/// At most one check of each reviewer that may be put among those that wait for them now.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn mixable(app: &App, workspace_id: WorkspaceId) -> Result<Vec<Mixed>, AppError> {
    let rows = app.store().rows(workspace_id);
    let now = app.now();
    let recent = rows.checks_of_reviewers_since(now.plus_ms(-WEEK_MS)).await?;
    let reviewers: Vec<MemberId> = all_reviewers(&rows).await?.into_iter().map(|(id, _)| id).collect();
    let mut wanted = Vec::new();
    for &member in &reviewers {
        let mine = || recent.iter().filter(|row| row.for_member == Some(member));
        let desk = Desk::among(reviewers.clone(), member, now);
        let waiting = usize::try_from(desk.waiting(&rows).await?).unwrap_or(usize::MAX);
        let others = waiting.saturating_sub(mine().filter(|row| row.closed_at.is_none()).count());
        let number = |purpose| mine().filter(|row| row.purpose == purpose).count();
        let purposes = mixed_in(others, number(CheckPurpose::Gold), number(CheckPurpose::Repeat));
        wanted.extend((!purposes.is_empty()).then_some((member, purposes)));
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let known = Known::of(&rows, now).await?;
    let mut chosen = Vec::new();
    for (member, purposes) in wanted {
        for purpose in purposes {
            let drafts = not_asked_about(&rows, known.drafts(purpose, member)).await?;
            if let Some(draft) = one_of(&*app.sources().random, &drafts) {
                chosen.push(Mixed { member, purpose, draft });
                break;
            }
        }
    }
    Ok(chosen)
}

/// Those of the drafts about which nobody is asked at present.
async fn not_asked_about(rows: &Rows<'_>, mut drafts: Vec<DraftId>) -> Result<Vec<DraftId>, AppError> {
    let waiting = rows.waiting_checks_of(&drafts).await?;
    let waiting: HashSet<DraftId> = waiting.iter().map(|row| row.draft_id).collect();
    drafts.retain(|draft| !waiting.contains(draft));
    Ok(drafts)
}

/// What reviewers can be measured by.
struct Known {
    /// Drafts on which two opinions agree.
    agreed: Vec<DraftId>,
    /// What was said of them, and what reviewers said within the last months.
    said: Vec<check::Model>,
    /// The drafts whose verdicts are kept back: nobody can have looked them up.
    kept_back: HashSet<DraftId>,
    forgotten_by: Timestamp,
}

impl Known {
    async fn of(rows: &Rows<'_>, now: Timestamp) -> Result<Self, AppError> {
        let since = now.plus_ms(-KEPT_BACK_MS);
        let agreed = rows
            .agreed_before(now.plus_ms(-GOLD_AGE_MS), since, CHOSEN_FROM)
            .await?;
        let agreed: Vec<DraftId> = agreed.iter().map(|row| row.draft_id).collect();
        let mut said = rows.judged_checks_of(&agreed).await?;
        said.extend(rows.checks_judged_since(since).await?);
        let drafts: Vec<DraftId> = said.iter().map(|row| row.draft_id).collect();
        let known = rows.evidence_of(&drafts).await?.into_iter();
        let kept_back = known.filter(|row| row.is_kept_back && row.created_at > since);
        Ok(Self {
            agreed,
            said,
            kept_back: kept_back.map(|row| row.draft_id).collect(),
            forgotten_by: now.plus_ms(-FORGOTTEN_AFTER_MS),
        })
    }

    fn drafts(&self, purpose: CheckPurpose, member: MemberId) -> Vec<DraftId> {
        let mine = || self.said.iter().filter(|row| row.member_id == Some(member));
        // Each is asked once: whoever meets a draft for the third time knows why.
        let is_used = |draft: DraftId| mine().any(|row| row.draft_id == draft && row.for_member.is_some());
        if purpose == CheckPurpose::Repeat {
            let counts = |row: &&check::Model| {
                row.closed_at.is_some_and(|at| at <= self.forgotten_by)
                    && !row.is_hasty
                    && row.label.is_some_and(|label| label != VerdictLabel::CannotJudge)
            };
            let mut drafts: Vec<DraftId> = mine().filter(counts).map(|row| row.draft_id).collect();
            drafts.retain(|draft| self.kept_back.contains(draft) && !is_used(*draft));
            drafts.sort_unstable();
            drafts.dedup();
            return drafts;
        }
        let mut drafts = self.agreed.clone();
        drafts.retain(|&draft| !is_used(draft));
        // What others judged says more than what one has judged before; a lone owner has nothing else.
        let by_others = |draft: &DraftId| !mine().any(|row| row.draft_id == *draft);
        if drafts.iter().any(by_others) {
            drafts.retain(by_others);
        }
        drafts
    }
}

fn one_of(random: &dyn RandomSource, drafts: &[DraftId]) -> Option<DraftId> {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    let number = u64::from_be_bytes(bytes).checked_rem(drafts.len() as u64)?;
    drafts.get(usize::try_from(number).ok()?).copied()
}
