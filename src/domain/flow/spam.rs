//! Conversations that nobody is to work on: a flood from one address, or what a reviewer says is spam.
//!
//! Marking keeps every message; it only takes the conversation out of everybody's way: nothing waits in the queue, the AI
//! drafts nothing. Clearing the mark puts it back where the AI begins.

use super::{Context, Flow, FlowError, Step};
use crate::domain::conversation::Owner;
use crate::domain::turn::TurnState;
use serde::{Deserialize, Serialize};

/// Why a conversation counts as spam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spam {
    /// Too many conversations from one address waited when it began.
    Flood,
    /// A reviewer said so.
    Marked,
}

impl Flow {
    /// The conversation is spam: what waits in the queue ends as `supersede`, a draft under way has no effect.
    ///
    /// # Errors
    /// [`FlowError::AlreadySpam`], [`FlowError::PersonAnswers`], or [`FlowError::Review`] for an item that is decided for good.
    pub fn mark_spam(self, context: Context<'_>, why: Spam) -> Result<Step, FlowError> {
        if self.spam.is_some() {
            return Err(FlowError::AlreadySpam);
        }
        if matches!(self.ownership.owner, Owner::Person(_)) {
            return Err(FlowError::PersonAnswers);
        }
        let mut step = Step::from(self);
        step.supersede(context)?;
        step.wait_for_person();
        // Nobody is called any more: if the mark is cleared, the AI begins anew.
        step.change_owner(self.ownership.resume_after_answer());
        step.flow.spam = Some(why);
        step.flow.answer_due_at = None;
        Ok(step)
    }

    /// It was no spam: the AI drafts for what is still unanswered ([`Self::dues`]).
    ///
    /// # Errors
    /// [`FlowError::NotSpam`].
    pub fn clear_spam(self, context: Context<'_>) -> Result<Step, FlowError> {
        if self.spam.is_none() {
            return Err(FlowError::NotSpam);
        }
        let mut step = Step::from(Self { spam: None, ..self });
        step.flow.turn = self.turn.map(|(id, turn)| match turn.state {
            TurnState::Answered => (id, turn),
            _ => (id, turn.moved_to(TurnState::Collecting)),
        });
        step.expect_draft(context);
        Ok(step)
    }
}
