//! What a visitor asked to be done is put to people, and the owner's own words tell the visitor so.

use super::{Flow, FlowError, Step, Ticket};

impl Flow {
    /// The turn is answered by that something is asked of people: no draft goes out, and nobody is called for it. Where something is held
    /// already it stays there, and this changes nothing.
    ///
    /// # Errors
    /// When it comes too late ([`Flow::admits`]).
    pub fn asked_for(self, ticket: Ticket) -> Result<Step, FlowError> {
        self.admits(ticket)?;
        let (_, turn) = self.turn.ok_or(FlowError::NoTurn)?;
        turn.admits_draft(ticket.revision)?;
        let mut step = Step::from(self);
        if self.item.is_none() {
            step.answered();
        }
        Ok(step)
    }
}
