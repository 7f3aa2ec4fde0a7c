//! What was learnt lately, and by whom.

use super::views::Names;
use super::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::MemberId;
use crate::domain::improve::candidate::{CandidateState, Origin};
use serde::Serialize;
use std::collections::BTreeMap;

/// What counts as lately, in milliseconds.
const LATELY_MS: i64 = 7 * 24 * 60 * 60_000;
/// Candidates that are looked at.
const LOOKED_AT: u64 = 1_000;

/// What was learnt in the last seven days.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Learnt {
    /// Changes that went live.
    pub published: u64,
    /// Of these, corrections of reviewers.
    pub corrections: u64,
    /// Changes that were taken back.
    pub taken_back: u64,
    /// Gaps that somebody should look after.
    pub open_gaps: u64,
    /// Who published how many, the most first.
    pub by: Vec<(String, u64)>,
}

/// What was learnt lately.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn learnt(app: &App, caller: &Caller) -> Result<Learnt, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let since = app.now().plus_ms(-LATELY_MS);
    let mut learnt = Learnt {
        open_gaps: rows.open_gap_count().await?,
        ..Learnt::default()
    };
    let mut by: BTreeMap<MemberId, u64> = BTreeMap::new();
    for row in rows.candidates(None, LOOKED_AT).await? {
        if row.state == CandidateState::RolledBack && row.ended_at.is_some_and(|at| at >= since) {
            learnt.taken_back += 1;
        }
        if row.state != CandidateState::Published || row.published_at.is_none_or(|at| at < since) {
            continue;
        }
        learnt.published += 1;
        learnt.corrections += u64::from(row.origin == Origin::Correction);
        if let Some(member) = row.published_by {
            *by.entry(member).or_default() += 1;
        }
    }
    let mut names = Names::default();
    for (member, number) in by {
        learnt.by.push((names.of(&rows, member).await?, number));
    }
    learnt.by.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    Ok(learnt)
}
