//! Who is looking at an item: time-limited, exclusive, renewable.

use super::refusal::explain;
use super::reviewer;
use crate::app::caller::Caller;
use crate::app::ledger;
use crate::app::{App, AppError, team};
use crate::domain::ids::ItemId;
use crate::domain::log::EventKind;
use crate::domain::review::ReviewError;
use crate::domain::time::Timestamp;
use crate::store::entity::review_item;
use crate::store::{Change, ItemStatus, LogDraft};

/// A reviewer looks at an item; looking again renews the lease.
///
/// # Errors
/// [`AppError::Conflict`] with who has it, or where it is for others to decide.
pub async fn lease(app: &App, caller: &Caller, id: ItemId) -> Result<Timestamp, AppError> {
    let member = reviewer(caller)?;
    let app_of_write = app.clone();
    let actor = caller.actor();
    let caller = caller.clone();
    let leased = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let app = app_of_write.clone();
            Box::pin(async move {
                let row = tx.item(id).await?.ok_or(AppError::NotFound("the review item"))?;
                // Whoever only reads must not keep those away who may decide.
                if row.state != ItemStatus::Closed && !team::may_decide(tx, &row.terms.0, member).await? {
                    return Err(explain(tx, ReviewError::NotAnApprover).await?);
                }
                let standing = tx.standing_outcome(id).await?;
                let before = ledger::closed_or_open(&row, standing.as_ref());
                let item = match before.lease(member, app.now()) {
                    Ok(item) => item,
                    Err(refused) => return Err(explain(tx, refused).await?),
                };
                let until = item.lease.map_or(Timestamp(0), |lease| lease.until);
                let anew = before
                    .lease
                    .is_none_or(|lease| lease.member != member || lease.until <= app.now());
                tx.update(review_item::Model {
                    leased_by: Some(member),
                    leased_until: Some(until),
                    ..row
                })
                .await?;
                let entry = LogDraft::new(EventKind::ReviewLeased, actor)
                    .about("item", id)
                    .about("conversation", row.conversation_id);
                // A renewal is not news.
                Ok::<_, AppError>(if anew {
                    Change::Logged(until, entry)
                } else {
                    Change::Unlogged(until)
                })
            })
        })
        .await?;
    Ok(leased)
}

/// The reviewer looks away.
///
/// # Errors
/// [`AppError::NotFound`] or the store's.
pub async fn release_lease(app: &App, caller: &Caller, id: ItemId) -> Result<(), AppError> {
    let member = reviewer(caller)?;
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.item(id).await?.ok_or(AppError::NotFound("the review item"))?;
                if row.leased_by != Some(member) {
                    return Ok(Change::Unlogged(()));
                }
                let conversation_id = row.conversation_id;
                tx.update(review_item::Model {
                    leased_by: None,
                    leased_until: None,
                    ..row
                })
                .await?;
                let entry = LogDraft::new(EventKind::ReviewLeased, actor)
                    .about("item", id)
                    .about("conversation", conversation_id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
