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

use crate::app::AppError;
use crate::app::caller::Caller;
use crate::domain::account::Scope;
use crate::domain::ids::MemberId;

fn reviewer(caller: &Caller) -> Result<MemberId, AppError> {
    caller.require(Scope::Review)?;
    caller.member()
}
