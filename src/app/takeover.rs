//! Override: a person takes a conversation over, writes, and hands it back.

use super::caller::Caller;
use super::duty::OnDuty;
use super::ledger::{self, Details};
use super::views::{MessageView, Names};
use super::{App, AppError, closing, team};
use crate::domain::account::Scope;
use crate::domain::conversation::{Owner, OwnershipError};
use crate::domain::flow::{Context, Due, FlowError};
use crate::domain::ids::{ConversationId, MemberId, NoteId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::text::AnswerText;
use crate::store::entity::note;
use crate::store::{Change, JobKind, LogDraft, NoteKind, Rows, Tx};
use serde_json::json;

/// How soon it is looked again whether an owner who has not answered in time is still there.
const LOOK_AGAIN_MS: i64 = 60_000;

/// A person steps in; from this commit on nothing the AI drafted goes out.
///
/// # Errors
/// [`AppError::Conflict`] when a colleague, or the person already, has it.
pub async fn take_over(app: &App, caller: &Caller, id: ConversationId) -> Result<(), AppError> {
    change(app, caller, id, Move::TakeOver).await
}

/// The person returns the conversation to the AI, which drafts for what is still unanswered.
///
/// # Errors
/// [`AppError::Conflict`] when the person does not have it.
pub async fn hand_back(app: &App, caller: &Caller, id: ConversationId) -> Result<(), AppError> {
    change(app, caller, id, Move::HandBack(String::new())).await
}

/// The same, with a note that the AI reads before it writes its next draft.
///
/// # Errors
/// [`AppError::Text`] for a note that is too long, else those of [`hand_back`].
pub async fn hand_back_with(app: &App, caller: &Caller, id: ConversationId, note: &str) -> Result<(), AppError> {
    let note = match note.trim() {
        "" => String::new(),
        note => AnswerText::parse(note)?.into(),
    };
    change(app, caller, id, Move::HandBack(note)).await
}

#[derive(Debug, Clone)]
enum Move {
    TakeOver,
    /// With a note for the AI, which may be empty.
    HandBack(String),
}

async fn change(app: &App, caller: &Caller, id: ConversationId, what: Move) -> Result<(), AppError> {
    caller.require(Scope::Review)?;
    let (member, actor) = (caller.member()?, caller.actor());
    let app_of_write = app.clone();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (app, what) = (app_of_write.clone(), what.clone());
            Box::pin(async move { change_in(&app, tx, id, member, actor, what).await })
        })
        .await
}

async fn change_in(
    app: &App,
    tx: &Tx<'_>,
    id: ConversationId,
    member: MemberId,
    actor: Actor,
    what: Move,
) -> Result<Change<()>, AppError> {
    let mut ledger = ledger::load(tx, id).await?;
    let settings = ledger::settings(tx).await?;
    // Whoever steps in has until a deadline that is counted in business hours.
    let on_duty = OnDuty::of(app, tx, ledger.conversation.agent_id).await?;
    let context = Context {
        duty: on_duty.duty(),
        ..ledger::context(app.sources(), &settings)
    };
    let item = ledger.item.as_ref().map(|item| item.id);
    let (step, kind) = match &what {
        // Whoever takes over a conversation that is over goes on with it.
        Move::TakeOver => (ledger.flow.take_over(context, member), EventKind::ConversationTakenOver),
        Move::HandBack(_) if ledger.conversation.closed_at.is_some() => {
            return Err(closing::already_closed("there is nothing to hand back"));
        }
        Move::HandBack(_) => (
            ledger.flow.hand_back(context, member),
            EventKind::ConversationHandedBack,
        ),
    };
    let step = match step {
        Ok(step) => step,
        Err(refused) => return Err(explain(tx, refused).await?),
    };
    ledger.conversation.closed_at = None;
    ledger
        .carry_out(tx, context, &settings, &step, &Details::default())
        .await?;
    let mut entry = LogDraft::new(kind, actor)
        .about("conversation", id)
        .about("epoch", ledger.flow.ownership.epoch.0);
    if let Some(item) = item {
        entry = entry.about("item", item);
    }
    if let Move::HandBack(note) = what {
        let id = NoteId::new(context.ids);
        tx.insert(note::Model {
            id,
            workspace_id: tx.workspace_id(),
            conversation_id: ledger.conversation.id,
            member_id: member,
            kind: NoteKind::HandBack,
            body: note.clone(),
            after_seq: ledger.conversation.last_seq,
            created_at: context.now,
        })
        .await?;
        if !note.is_empty() {
            entry = entry.about("note", id).with("note", note);
        }
    }
    Ok(Change::Logged((), entry))
}

/// Whoever owns a conversation should have done their part by now (a job): a person who is gone, or has not answered for twice
/// as long, and an AI whose drafts do not come. Then others are called.
pub(super) async fn recall(app: &App, workspace_id: WorkspaceId, id: ConversationId) -> Result<(), AppError> {
    let app_of_write = app.clone();
    app.store()
        .write(workspace_id, move |tx| {
            let app = app_of_write.clone();
            Box::pin(async move { recall_in(&app, tx, id).await })
        })
        .await
}

async fn recall_in(app: &App, tx: &Tx<'_>, id: ConversationId) -> Result<Change<()>, AppError> {
    let mut ledger = ledger::load(tx, id).await?;
    let due = ledger.flow.dues().into_iter().find(|(_, due)| *due == Due::Recall);
    let Some((at, _)) = due else {
        tx.unschedule(JobKind::Recall, id).await?;
        return Ok(Change::Unlogged(()));
    };
    let owner = match ledger.flow.ownership.owner {
        Owner::Person(owner) => Some(owner),
        Owner::Ai | Owner::Nobody => None,
    };
    let settings = ledger::settings(tx).await?;
    let on_duty = OnDuty::of(app, tx, ledger.conversation.agent_id).await?;
    let context = Context {
        duty: on_duty.duty(),
        ..ledger::context(app.sources(), &settings)
    };
    let owner_is_there = owner.is_some_and(|owner| team::may_be_there(app, tx.workspace_id(), owner));
    let Ok(step) = ledger.flow.recall(context, owner_is_there) else {
        // Whoever is there now may leave without a word.
        let next = if at > context.now {
            at
        } else {
            context.now.plus_ms(LOOK_AGAIN_MS)
        };
        tx.schedule(JobKind::Recall, id, next).await?;
        return Ok(Change::Unlogged(()));
    };
    let written = ledger
        .carry_out(tx, context, &settings, &step, &Details::default())
        .await?;
    let mut entry = LogDraft::new(EventKind::ConversationHandedOff, Actor::System)
        .about("conversation", id)
        .about("epoch", ledger.flow.ownership.epoch.0);
    if let Some(owner) = owner {
        entry = entry.about("member", owner);
    }
    if let Some(item) = &written.opened {
        entry = entry.about("opened_item", item.id);
    }
    Ok(Change::Logged((), entry))
}

/// The person who took over writes to the visitor. The same client-made id again is the same message.
///
/// # Errors
/// [`AppError::Conflict`] unless the person has taken over; [`AppError::Text`].
pub async fn write(
    app: &App,
    caller: &Caller,
    id: ConversationId,
    client_id: &str,
    text: &str,
) -> Result<MessageView, AppError> {
    caller.require(Scope::Review)?;
    let (member, actor) = (caller.member()?, caller.actor());
    let text: String = AnswerText::parse(text)?.into();
    let client_id = super::visit::checked_client_id(client_id)?;
    let app_of_write = app.clone();
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (app, text, client_id) = (app_of_write.clone(), text.clone(), client_id.clone());
            Box::pin(async move {
                if let Some(row) = tx.message_by_client_id(id, &client_id).await? {
                    return Ok(Change::Unlogged(row));
                }
                let mut ledger = ledger::load(tx, id).await?;
                let settings = ledger::settings(tx).await?;
                let context = ledger::context(app.sources(), &settings);
                let step = match ledger.flow.person_wrote(member) {
                    Ok(step) => step,
                    Err(refused) => return Err(explain(tx, refused).await?),
                };
                let details = Details {
                    person: Some((text, Some(client_id))),
                    ..Details::default()
                };
                let written = ledger.carry_out(tx, context, &settings, &step, &details).await?;
                let row = written
                    .messages
                    .into_iter()
                    .next()
                    .ok_or_else(|| AppError::Internal("a person's message was not written".to_owned()))?;
                let entry = LogDraft::new(EventKind::MessageCreated, actor)
                    .about("conversation", id)
                    .about("message", row.id)
                    .about("seq", row.seq)
                    .with("text", row.body.clone());
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    Ok(Names::default()
        .message(&app.store().rows(caller.workspace_id), row)
        .await?)
}

/// A refusal with the colleague's name in it.
pub(super) async fn explain(rows: &Rows<'_>, refused: FlowError) -> Result<AppError, AppError> {
    let FlowError::Ownership(OwnershipError::OwnedByOther(member)) = refused else {
        return Ok(refused.into());
    };
    let name = Names::default().of(rows, member).await?;
    let sentence = format!("{name} has taken this conversation over; ask {name} to hand it back first");
    Ok(AppError::Conflict {
        sentence,
        extra: json!({ "owned_by": name }),
    })
}
