//! What becomes known of a draft after it was decided about.

use super::look_soon;
use crate::app::AppError;
use crate::domain::evidence::{CheckPurpose, JudgedBy};
use crate::domain::ids::{DraftId, ItemId, MemberId};
use crate::domain::review::VerdictLabel;
use crate::domain::time::Timestamp;
use crate::store::entity::{check, evidence};
use crate::store::{Json, Tx};

/// A verdict that counts. The first one stays: what is asked again says something about the reviewer.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn judged(
    tx: &Tx<'_>,
    draft_id: DraftId,
    label: VerdictLabel,
    by: JudgedBy,
    now: Timestamp,
) -> Result<(), AppError> {
    let Some(row) = tx.evidence(draft_id).await?.filter(|row| row.label.is_none()) else {
        return Ok(());
    };
    tx.update(evidence::Model {
        label: Some(label),
        judged_by: Some(by),
        judged_at: Some(now),
        ..row
    })
    .await?;
    look_soon(tx, now).await
}

/// Another draft speaks for this one: it replaced it, or it is identical with it and was judged together with it.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn leave_out(tx: &Tx<'_>, draft_id: DraftId) -> Result<(), AppError> {
    match tx.evidence(draft_id).await? {
        Some(row) if !row.left_out => Ok(tx.update(evidence::Model { left_out: true, ..row }).await?),
        _ => Ok(()),
    }
}

/// A held draft has its final outcome, and nobody has judged it: if it was drawn, somebody is asked.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn decided_without_verdict(
    tx: &Tx<'_>,
    draft_id: DraftId,
    now: Timestamp,
) -> Result<(), AppError> {
    match tx.evidence(draft_id).await? {
        Some(row) if row.is_drawn == Some(true) && row.label.is_none() && !row.left_out && !row.is_sent => {
            ask(tx, draft_id, CheckPurpose::Requeue, 1.0, now).await?;
            Ok(())
        }
        // Not looked at yet: whoever draws it sees that it is decided.
        _ => Ok(()),
    }
}

/// Puts a check into the queue, unless there is one like it. `place` is its ρ.
///
/// # Errors
/// The store's.
pub(super) async fn ask(
    tx: &Tx<'_>,
    draft_id: DraftId,
    purpose: CheckPurpose,
    place: f64,
    now: Timestamp,
) -> Result<(), AppError> {
    let known = tx.checks_of(draft_id).await?;
    if known.iter().any(|check| check.purpose == purpose) {
        return Ok(());
    }
    let nobody: Option<MemberId> = None;
    tx.insert(check::Model {
        id: ItemId::new(&*tx.sources().ids),
        workspace_id: tx.workspace_id(),
        draft_id,
        purpose,
        place,
        for_member: nobody,
        not_for_member: nobody,
        not_before: now,
        leased_by: None,
        leased_until: None,
        shown_at: None,
        label: None,
        reasons: Json(Vec::new()),
        note: None,
        member_id: None,
        took_ms: None,
        created_at: now,
        closed_at: None,
    })
    .await?;
    Ok(())
}
