//! A program that works beside the AI gives a conversation to people.

use super::{Context, Flow, FlowError, Step, SystemText};
use crate::domain::conversation::Owner;
use crate::domain::policy::Reason;
use crate::domain::turn::TurnState;

impl Flow {
    /// A program hands the conversation over: a person is called at once, whatever the AI drafts or has drafted. Where a person
    /// has it already, or is called already, everything stays as it is.
    ///
    /// # Errors
    /// [`FlowError::NothingWaits`] when no message of the visitor waits for an answer, [`FlowError::AlreadySpam`], or
    /// [`FlowError::Review`] for an item that is decided for good.
    pub fn hand_over(self, context: Context<'_>) -> Result<Step, FlowError> {
        let mut step = Step::from(self);
        if self.ownership.owner != Owner::Ai {
            return Ok(step);
        }
        if self.spam.is_some() {
            return Err(FlowError::AlreadySpam);
        }
        if self.turn.is_none_or(|(_, turn)| turn.state == TurnState::Answered) {
            return Err(FlowError::NothingWaits);
        }
        step.supersede(context)?;
        step.hand_off(context, self.lease(), &[Reason::HandedOver], SystemText::HandedOff)?;
        Ok(step)
    }
}
