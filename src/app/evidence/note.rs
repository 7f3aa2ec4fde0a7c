//! What becomes known of a draft after it was decided about.

use super::look_soon;
use super::months::key_of;
use crate::app::AppError;
use crate::domain::evidence::check::{SECOND_OPINIONS, second_opinion_is_due};
use crate::domain::evidence::{CheckPurpose, JudgedBy};
use crate::domain::ids::{DraftId, ItemId, MemberId};
use crate::domain::review::VerdictLabel;
use crate::domain::time::Timestamp;
use crate::stats::sampler::{Draw, Purpose};
use crate::store::entity::{check, evidence};
use crate::store::{Json, Tx};

/// A verdict that counts. The first one stays: what is asked again says something about the reviewer. Where a second opinion is due, somebody
/// else than `member` is asked for it.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn judged(
    tx: &Tx<'_>,
    draft_id: DraftId,
    (label, by): (VerdictLabel, JudgedBy),
    member: Option<MemberId>,
    now: Timestamp,
) -> Result<(), AppError> {
    let Some(row) = tx.evidence(draft_id).await?.filter(|row| row.label.is_none()) else {
        return Ok(());
    };
    tx.update(evidence::Model {
        label: Some(label),
        judged_by: Some(by),
        judged_at: Some(now),
        ..row.clone()
    })
    .await?;
    ask_for_second(tx, &row, label, member, now).await?;
    look_soon(tx, now).await
}

/// Asks for a second opinion on a verdict, if one is due: on all that say "bad", and on a part of those that say "acceptable", drawn by the month's
/// key at the draft's place in the log, so that anyone can recheck that, too, once the key is revealed. A draft that has no place yet is looked
/// at once more when it gets one.
///
/// # Errors
/// The store's.
pub(super) async fn ask_for_second(
    tx: &Tx<'_>,
    row: &evidence::Model,
    label: VerdictLabel,
    member: Option<MemberId>,
    now: Timestamp,
) -> Result<(), AppError> {
    let drawn = is_drawn_for_second_opinion(tx, &row.month, row.seq).await?;
    if row.left_out || row.seq.is_none() || !second_opinion_is_due(label, drawn) {
        return Ok(());
    }
    let known = tx.checks_of(row.draft_id).await?;
    if known.iter().any(|check| check.purpose == CheckPurpose::Second) {
        return Ok(());
    }
    let asked = Asked {
        not_for_member: member,
        ..Asked::at_random(tx)
    };
    put(tx, row.draft_id, CheckPurpose::Second, asked, now).await
}

/// Never without the key.
async fn is_drawn_for_second_opinion(tx: &Tx<'_>, month: &str, seq: Option<i64>) -> Result<bool, AppError> {
    let (Some(row), Some(seq)) = (tx.sampling_month(month).await?, seq) else {
        return Ok(false);
    };
    let Some(key) = key_of(&row) else {
        return Ok(false);
    };
    let draw = Draw::new(&key, *tx.workspace_id().uuid().as_bytes(), month, Purpose::Adjudication);
    Ok(draw.selects(u64::try_from(seq).unwrap_or_default(), SECOND_OPINIONS))
}

/// A second opinion on a verdict. The first one stays here too.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn judged_again(
    tx: &Tx<'_>,
    draft_id: DraftId,
    label: VerdictLabel,
    now: Timestamp,
) -> Result<(), AppError> {
    let Some(row) = tx.evidence(draft_id).await?.filter(|row| row.second_label.is_none()) else {
        return Ok(());
    };
    tx.update(evidence::Model {
        second_label: Some(label),
        second_at: Some(now),
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
            // No ρ is known here; any place is as fair.
            ask(tx, draft_id, CheckPurpose::Requeue, Asked::at_random(tx).place, now).await?;
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
    put(
        tx,
        draft_id,
        purpose,
        Asked {
            place,
            ..Asked::at_random(tx)
        },
        now,
    )
    .await
}

/// Where in the queue a check stands, and who is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::app) struct Asked {
    /// Its place, `0.0..1.0`.
    pub(in crate::app) place: f64,
    /// Only this reviewer.
    pub(in crate::app) for_member: Option<MemberId>,
    /// Anybody but this one.
    pub(in crate::app) not_for_member: Option<MemberId>,
}

impl Asked {
    /// Anybody is asked, at a random place.
    pub(in crate::app) fn at_random(tx: &Tx<'_>) -> Self {
        let mut bytes = [0; 4];
        tx.sources().random.fill(&mut bytes);
        Self {
            place: (f64::from(u32::from_be_bytes(bytes)) + 0.5) / (f64::from(u32::MAX) + 1.0),
            for_member: None,
            not_for_member: None,
        }
    }
}

/// Puts a check into the queue. All go in through here, so that nothing tells them apart (invariant 7).
///
/// # Errors
/// The store's.
pub(in crate::app) async fn put(
    tx: &Tx<'_>,
    draft_id: DraftId,
    purpose: CheckPurpose,
    asked: Asked,
    now: Timestamp,
) -> Result<(), AppError> {
    // Not an id in the order of time: how long a check has waited says why it was made.
    let mut bytes = [0; 16];
    tx.sources().random.fill(&mut bytes);
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    tx.insert(check::Model {
        id: ItemId::from(id),
        workspace_id: tx.workspace_id(),
        draft_id,
        purpose,
        place: asked.place,
        for_member: asked.for_member,
        not_for_member: asked.not_for_member,
        not_before: now,
        leased_by: None,
        leased_until: None,
        shown_at: None,
        label: None,
        reasons: Json(Vec::new()),
        note: None,
        member_id: None,
        took_ms: None,
        is_hasty: false,
        created_at: now,
        closed_at: None,
    })
    .await?;
    Ok(())
}
