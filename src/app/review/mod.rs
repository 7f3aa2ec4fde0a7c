//! The queue: look, lease, decide, undo; and what happens when the undo window or the deadline has passed.

mod alike;
mod decide;
mod ending;
mod lease;
mod refusal;
mod view;

pub use decide::{Decide, Decided, LeftOut, decide, undo};
pub use lease::{lease, release_lease};
pub use view::{
    AssignedView, DraftView, ItemSummary, ItemView, LeaseView, OutcomeView, QueueWish, item, queue, waiting,
};

pub(super) use ending::{expire, finalise};
pub(super) use view::outcome_view;

use crate::app::caller::Caller;
use crate::app::ledger::Ledger;
use crate::app::{AppError, team};
use crate::domain::account::Scope;
use crate::domain::ids::MemberId;
use crate::domain::review::Decider;
use crate::domain::time::Timestamp;
use crate::store::Tx;

/// May this member end a conversation, and with it what waits in the queue?
///
/// # Errors
/// [`AppError::Conflict`] while a colleague looks at it, or where it is for others to decide.
pub(super) async fn check_ending(
    tx: &Tx<'_>,
    ledger: &Ledger,
    member: MemberId,
    now: Timestamp,
) -> Result<(), AppError> {
    let (Some(row), Some(item)) = (&ledger.item, ledger.flow.item) else {
        return Ok(());
    };
    let by = Decider {
        member,
        may_decide: team::may_decide(tx, &row.terms.0, member).await?,
    };
    match item.check_ending(by, now) {
        Ok(()) => Ok(()),
        Err(refused) => Err(refusal::explain(tx, refused).await?),
    }
}

fn reviewer(caller: &Caller) -> Result<MemberId, AppError> {
    caller.require(Scope::Review)?;
    caller.member()
}
