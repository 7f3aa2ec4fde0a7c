//! Whisper notes: what colleagues tell one another about a conversation. No visitor ever sees one.

use super::caller::Caller;
use super::views::Names;
use super::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::{ConversationId, NoteId};
use crate::domain::log::EventKind;
use crate::domain::text::AnswerText;
use crate::domain::time::Timestamp;
use crate::store::entity::note;
use crate::store::{Change, LogDraft, NoteKind, Rows};
use serde::Serialize;

/// A note as colleagues read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteView {
    /// Its id.
    pub id: NoteId,
    /// For colleagues, or for the AI.
    pub kind: NoteKind,
    /// Who wrote it.
    pub name: String,
    /// What.
    pub text: String,
    /// The last message of the conversation when it was written.
    pub after_seq: i64,
    /// When.
    pub at: Timestamp,
}

/// Leaves a note for colleagues, whoever owns the conversation.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Text`], [`AppError::Forbidden`].
pub async fn whisper(app: &App, caller: &Caller, id: ConversationId, text: &str) -> Result<NoteView, AppError> {
    caller.require(Scope::Review)?;
    let (member_id, actor, now) = (caller.member()?, caller.actor(), app.now());
    let body: String = AnswerText::parse(text)?.into();
    let note_id = NoteId::new(&*app.sources().ids);
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let body = body.clone();
            Box::pin(async move {
                let conversation = tx
                    .conversation(id)
                    .await?
                    .ok_or(AppError::NotFound("the conversation"))?;
                let row = note::Model {
                    id: note_id,
                    workspace_id: tx.workspace_id(),
                    conversation_id: id,
                    member_id,
                    kind: NoteKind::Whisper,
                    body: body.clone(),
                    after_seq: conversation.last_seq,
                    created_at: now,
                };
                tx.insert(row.clone()).await?;
                let entry = LogDraft::new(EventKind::NoteAdded, actor)
                    .about("conversation", id)
                    .about("note", note_id)
                    .with("text", body);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    let rows = app.store().rows(caller.workspace_id);
    view(&rows, &mut Names::default(), row).await
}

/// The notes of a conversation, oldest first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn notes(app: &App, caller: &Caller, id: ConversationId) -> Result<Vec<NoteView>, AppError> {
    caller.require(Scope::Review)?;
    notes_in(&app.store().rows(caller.workspace_id), &mut Names::default(), id).await
}

/// The same, for a caller who may read them.
pub(super) async fn notes_in(
    rows: &Rows<'_>,
    names: &mut Names,
    id: ConversationId,
) -> Result<Vec<NoteView>, AppError> {
    let mut views = Vec::new();
    for row in rows.notes_of(id).await? {
        // Whoever hands back without a word leaves no note to read.
        if !row.body.is_empty() {
            views.push(view(rows, names, row).await?);
        }
    }
    Ok(views)
}

async fn view(rows: &Rows<'_>, names: &mut Names, row: note::Model) -> Result<NoteView, AppError> {
    Ok(NoteView {
        id: row.id,
        kind: row.kind,
        name: names.of(rows, row.member_id).await?,
        text: row.body,
        after_seq: row.after_seq,
        at: row.created_at,
    })
}
