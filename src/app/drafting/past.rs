//! What was said before a question, as the LLM reads it.

use super::{AppError, screening};
use crate::app::views::Names;
use crate::domain::action::told;
use crate::domain::answer::{self, ChatMessage, Role};
use crate::domain::conversation::Author;
use crate::domain::ids::{ConversationId, TurnId};
use crate::domain::rehearsal::Line;
use crate::domain::time::Timestamp;
use crate::store::entity::note;
use crate::store::{ActionFilter, NoteKind, Rows};

/// The latest stretch before `until` that a person answered and handed back, in words for the LLM.
async fn handed_back(
    rows: &Rows<'_>,
    conversation_id: ConversationId,
    until: Timestamp,
) -> Result<Option<String>, AppError> {
    let notes = rows.notes_of(conversation_id).await?;
    let is_told = |note: &&note::Model| note.kind == NoteKind::HandBack && note.created_at <= until;
    let Some(note) = notes.iter().rfind(is_told) else {
        return Ok(None);
    };
    let name = Names::default().of(rows, note.member_id).await?;
    Ok(Some(answer::handed_back(&name, &note.body)))
}

/// Actions of a conversation that the LLM is told of.
const MOST_ACTIONS: u64 = 5;

/// What happened meanwhile, in words for the LLM: what people left for it, and what was asked to be done and became of that.
pub(super) async fn meanwhile(
    rows: &Rows<'_>,
    conversation_id: ConversationId,
    until: Timestamp,
) -> Result<Option<String>, AppError> {
    let parts = [
        handed_back(rows, conversation_id, until).await?,
        asked_to_be_done(rows, conversation_id, until).await?,
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Ok((!parts.is_empty()).then(|| parts.join("\n\n")))
}

async fn asked_to_be_done(
    rows: &Rows<'_>,
    conversation_id: ConversationId,
    until: Timestamp,
) -> Result<Option<String>, AppError> {
    let filter = ActionFilter {
        conversation: Some(conversation_id),
        ..ActionFilter::default()
    };
    let mut found = rows.actions(&filter, None, MOST_ACTIONS).await?;
    found.retain(|action| action.created_at <= until);
    found.reverse();
    let told: Vec<told::Past<'_>> = found
        .iter()
        .map(|action| told::Past {
            title: &action.name,
            status: action.status,
            args: &action.standing_args,
            message: action.message.as_deref(),
            // Another machine's words are nobody's orders.
            result: action.result.as_deref().filter(|text| !screening::gives_orders(text)),
        })
        .filter(|action| !screening::gives_orders(action.args))
        .collect();
    Ok(told::told(&told))
}

/// What was said before this turn, for the LLM.
#[derive(Default)]
pub(super) struct Past {
    pub(super) history: Vec<ChatMessage>,
    /// What colleagues wrote of it.
    pub(super) by_people: Vec<String>,
}

impl Past {
    /// Adds what one of them said at a stretch. Orders that a visitor gave then never reach the LLM: only what is asked now is screened.
    fn add(&mut self, author: Author, texts: &[&str]) {
        if author == Author::Person {
            self.by_people.extend(texts.iter().map(|text| (*text).to_owned()));
        }
        let by_visitor = author == Author::Visitor;
        // As it is screened: everything that a visitor wrote in one turn is read as one text.
        if by_visitor && screening::gives_orders(&texts.join("\n")) {
            return;
        }
        let role = if by_visitor { Role::User } else { Role::Assistant };
        self.history
            .extend(texts.iter().map(|text| ChatMessage::new(role, *text)));
    }

    /// A chat of the past.
    pub(super) fn told(lines: &[Line]) -> Self {
        let mut past = Self::default();
        for burst in lines.chunk_by(|a, b| a.author == b.author) {
            let texts: Vec<&str> = burst.iter().map(|line| line.text.as_str()).collect();
            if let Some(first) = burst.first() {
                past.add(first.author, &texts);
            }
        }
        past
    }
}

/// What was said before this turn, and before the message `until`.
pub(super) async fn past(
    rows: &Rows<'_>,
    conversation_id: ConversationId,
    (turn, until): (Option<TurnId>, i64),
) -> Result<Past, AppError> {
    let mut messages = rows.messages_after(conversation_id, 0).await?;
    messages.retain(|message| message.turn_id != turn && message.seq < until && message.author != Author::System);
    let mut past = Past::default();
    for burst in messages.chunk_by(|a, b| a.author == b.author && a.turn_id == b.turn_id) {
        let texts: Vec<&str> = burst.iter().map(|message| message.body.as_str()).collect();
        if let Some(first) = burst.first() {
            past.add(first.author, &texts);
        }
    }
    Ok(past)
}
