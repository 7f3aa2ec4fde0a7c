//! A program gives a conversation to people: another agent of the house that can go no further.

use super::caller::{Caller, Program};
use super::duty::OnDuty;
use super::ledger::{self, Details};
use super::{App, AppError, closing, takeover};
use crate::domain::account::Scope;
use crate::domain::conversation::Owner;
use crate::domain::flow::Context;
use crate::domain::ids::{ConversationId, MemberId, NoteId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::text::Note;
use crate::store::entity::note;
use crate::store::{Change, LogDraft, NoteKind, Tx};
use serde::Serialize;

/// Who has a conversation after it was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum With {
    /// A person was called now.
    Called,
    /// One was called before, and has not come yet.
    Waiting,
    /// A person has it already.
    Person,
}

/// Calls a person to a conversation; `reason` is the note that colleagues read beside it. A conversation that a person has, or
/// was called to, stays as it is.
///
/// # Errors
/// [`AppError::NotFound`] for a conversation that is not in the workspace, [`AppError::Conflict`] when nothing of the visitor
/// waits or the conversation is over, [`AppError::Text`], [`AppError::Forbidden`].
pub async fn hand_over(app: &App, caller: &Caller, id: ConversationId, reason: &str) -> Result<With, AppError> {
    caller
        .require(Scope::Propose)
        .or_else(|_| caller.require(Scope::Review))?;
    let by = By {
        member: caller.member()?,
        actor: caller.actor(),
        program: caller.program.clone(),
    };
    let reason: String = Note::parse(reason)?.into();
    let app_of_write = app.clone();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (app, by, reason) = (app_of_write.clone(), by.clone(), reason.clone());
            Box::pin(async move { hand_over_in(&app, tx, id, by, reason).await })
        })
        .await
}

/// Who hands over.
#[derive(Debug, Clone)]
struct By {
    /// Whose token it is.
    member: MemberId,
    actor: Actor,
    program: Option<Program>,
}

async fn hand_over_in(
    app: &App,
    tx: &Tx<'_>,
    id: ConversationId,
    by: By,
    reason: String,
) -> Result<Change<With>, AppError> {
    let mut ledger = ledger::load(tx, id).await?;
    if ledger.conversation.closed_at.is_some() {
        return Err(closing::already_closed("nobody waits in it"));
    }
    match ledger.flow.ownership.owner {
        Owner::Person(_) => return Ok(Change::Unlogged(With::Person)),
        Owner::Nobody => return Ok(Change::Unlogged(With::Waiting)),
        Owner::Ai => {}
    }
    let settings = ledger::settings(tx).await?;
    let on_duty = OnDuty::of(app, tx, ledger.conversation.agent_id).await?;
    let context = Context {
        duty: on_duty.duty(),
        ..ledger::context(app.sources(), &settings)
    };
    let step = match ledger.flow.hand_over(context) {
        Ok(step) => step,
        Err(refused) => return Err(takeover::explain(tx, refused).await?),
    };
    let after_seq = ledger.conversation.last_seq;
    let written = ledger
        .carry_out(tx, context, &settings, &step, &Details::default())
        .await?;
    let note_id = NoteId::new(context.ids);
    // Colleagues read the member's name beside it, who has written none of it.
    let text = match &by.program {
        Some(program) => format!("{}: {reason}", program.name),
        None => reason,
    };
    tx.insert(note::Model {
        id: note_id,
        workspace_id: tx.workspace_id(),
        conversation_id: id,
        member_id: by.member,
        kind: NoteKind::Whisper,
        body: text.clone(),
        after_seq,
        created_at: context.now,
    })
    .await?;
    let mut entry = LogDraft::new(EventKind::ConversationHandedOff, by.actor)
        .about("conversation", id)
        .about("epoch", ledger.flow.ownership.epoch.0)
        .about("note", note_id)
        .with("note", text);
    if let Some(program) = &by.program {
        entry = entry.about("token", program.id);
    }
    if let Some(item) = &written.opened {
        entry = entry.about("opened_item", item.id);
    }
    Ok(Change::Logged(With::Called, entry))
}
