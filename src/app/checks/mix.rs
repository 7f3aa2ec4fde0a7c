//! Puts checks of the reviewers among the others: drafts whose right verdict is known, and their own verdicts of some time ago.

use super::{Desk, all_reviewers};
use crate::app::evidence::{self, Asked};
use crate::app::{App, AppError};
use crate::domain::evidence::CheckPurpose;
use crate::domain::evidence::check::{FORGOTTEN_AFTER_MS, GOLD_AGE_MS, WEEK_MS, mixed_in};
use crate::domain::ids::{DraftId, MemberId, RandomSource, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::review::VerdictLabel;
use crate::domain::time::Timestamp;
use crate::store::entity::check;
use crate::store::{Change, LogDraft, Rows};
use std::collections::HashSet;

/// So many of the newest known verdicts are chosen from.
const CHOSEN_FROM: u64 = 500;
/// Own verdicts are asked again until this age, in milliseconds.
const REPEATED_UNTIL_MS: i64 = 90 * 24 * 60 * 60_000;

/// Puts at most one check of each reviewer among those that wait for them.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn mix(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let now = app.now();
    let desk = Desk::of(&rows).await?;
    if desk.waiting.is_empty() {
        return Ok(());
    }
    let recent = rows.checks_of_reviewers_since(now.plus_ms(-WEEK_MS)).await?;
    let known = Known::of(&rows, now).await?;
    let waiting: HashSet<DraftId> = desk.waiting.iter().map(|row| row.draft_id).collect();
    let mut chosen = Vec::new();
    for (member, _) in all_reviewers(&rows).await? {
        let others = desk
            .of_member(member, now)
            .filter(|row| row.for_member.is_none())
            .count();
        let number = |purpose| {
            let same = |row: &&check::Model| row.for_member == Some(member) && row.purpose == purpose;
            recent.iter().filter(same).count()
        };
        let wanted = mixed_in(others, number(CheckPurpose::Gold), number(CheckPurpose::Repeat));
        let found = wanted.into_iter().find_map(|purpose| {
            let mut drafts = known.drafts(purpose, member);
            drafts.retain(|draft| !waiting.contains(draft));
            Some((member, purpose, one_of(&*app.sources().random, &drafts)?))
        });
        chosen.extend(found);
    }
    if chosen.is_empty() {
        return Ok(());
    }
    app.store()
        .write(workspace_id, move |tx| {
            let chosen = chosen.clone();
            Box::pin(async move {
                for (member, purpose, draft) in chosen {
                    let asked = Asked {
                        for_member: Some(member),
                        ..Asked::at_random(tx)
                    };
                    evidence::put(tx, draft, purpose, asked, now).await?;
                }
                // Neither which nor for whom nor how many.
                let entry = LogDraft::new(EventKind::ChecksMixed, Actor::System);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// What reviewers can be measured by.
struct Known {
    /// Drafts on which two opinions agree.
    agreed: Vec<DraftId>,
    /// What was said of them, and what reviewers said within the last months.
    said: Vec<check::Model>,
    forgotten_by: Timestamp,
}

impl Known {
    async fn of(rows: &Rows<'_>, now: Timestamp) -> Result<Self, AppError> {
        let agreed = rows.agreed_before(now.plus_ms(-GOLD_AGE_MS), CHOSEN_FROM).await?;
        let agreed: Vec<DraftId> = agreed.iter().map(|row| row.draft_id).collect();
        let mut said = rows.judged_checks_of(&agreed).await?;
        said.extend(rows.checks_judged_since(now.plus_ms(-REPEATED_UNTIL_MS)).await?);
        Ok(Self {
            agreed,
            said,
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
            drafts.retain(|&draft| !is_used(draft));
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
