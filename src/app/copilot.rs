//! Copilot: the AI suggests an answer to the person who owns a conversation. It is never sent by itself and is no draft:
//! nothing is stored, nothing is decided about it, and no release can rest on it.

use super::caller::Caller;
use super::{App, AppError, drafting, ledger, takeover};
use crate::domain::account::Scope;
use crate::domain::answer::AnswerMode;
use crate::domain::conversation::{Owner, OwnershipError};
use crate::domain::flow::FlowError;
use crate::domain::ids::ConversationId;
use serde::Serialize;

/// What the AI suggests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// Its text; empty when nothing in the knowledge answers.
    pub text: String,
    /// How it was made.
    pub mode: AnswerMode,
    /// Titles of what it rests on.
    pub sources: Vec<String>,
    /// What it says that no source does.
    pub unsupported: Vec<String>,
}

/// Suggests an answer to the visitor's latest messages, for the person who owns the conversation.
///
/// # Errors
/// [`AppError::Conflict`] unless the person has taken over, [`AppError::NotFound`], [`AppError::Forbidden`].
pub async fn suggest(app: &App, caller: &Caller, id: ConversationId) -> Result<Suggestion, AppError> {
    caller.require(Scope::Review)?;
    let member = caller.member()?;
    let rows = app.store().rows(caller.workspace_id);
    let ledger = ledger::load(&rows, id).await?;
    let refused = match ledger.flow.ownership.owner {
        Owner::Person(owner) if owner == member => None,
        Owner::Person(owner) => Some(FlowError::Ownership(OwnershipError::OwnedByOther(owner))),
        Owner::Ai | Owner::Nobody => Some(FlowError::TakeOverFirst),
    };
    if let Some(refused) = refused {
        return Err(takeover::explain(&rows, refused).await?);
    }
    let Some((turn_id, _)) = ledger.flow.turn else {
        return Err(FlowError::NoTurn.into());
    };
    drafting::suggest(app, &rows, &ledger, turn_id).await
}
