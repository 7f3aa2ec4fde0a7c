//! The next check of a reviewer.

use super::{Desk, reviewer};
use crate::app::caller::Caller;
use crate::app::{App, AppError};
use crate::domain::conversation::Author;
use crate::domain::evidence::check::lease_until;
use crate::domain::ids::{ItemId, TurnId};
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::store::entity::check;
use crate::store::{Change, LogDraft, Rows};
use serde::Serialize;

/// A quality check as a reviewer reads it: what was asked and what the AI wrote, and nothing of how it came here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckView {
    /// Its id; made of random bits alone.
    pub id: ItemId,
    /// The question as it was understood.
    pub question: String,
    /// What the AI wrote.
    pub text: String,
    /// What it rests on, best first.
    pub sources: Vec<SourceView>,
    /// What was said before the question, oldest first.
    pub conversation: Vec<LineView>,
    /// Until when it is the asker's, unless renewed.
    pub lease_until: Timestamp,
}

/// A passage that the text rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceView {
    /// Its heading.
    pub title: String,
    /// The passage.
    pub text: String,
    /// The parts of it that the text quotes, as ranges of characters `[start, end)`.
    pub quoted: Vec<(usize, usize)>,
}

/// Something that was said. Without a time and without a name: neither matters, and old ones would tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineView {
    /// Who said it.
    pub author: Author,
    /// What.
    pub text: String,
}

/// What is next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Next {
    /// The check; none when nothing is to be checked.
    pub check: Option<CheckView>,
    /// How many wait for the asker, this one included.
    pub waiting: u64,
}

/// How many checks wait for the asker.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NoMember`] or the store's.
pub async fn waiting(app: &App, caller: &Caller) -> Result<u64, AppError> {
    let member = reviewer(caller)?;
    let rows = app.store().rows(caller.workspace_id);
    Desk::of(&rows, member, app.now()).await?.waiting(&rows).await
}

/// The next check of the asker: the one they look at already, else the first that nobody else looks at. It is theirs for two minutes; asking
/// again renews that, for a quarter of an hour in all: whoever looks longer is away, and a colleague may take it. None can be skipped, or the easy ones would be judged and the hard ones left.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NoMember`] or the store's.
pub async fn next(app: &App, caller: &Caller) -> Result<Next, AppError> {
    let member = reviewer(caller)?;
    let (actor, now) = (caller.actor(), app.now());
    let (row, waiting) = app
        .store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let desk = Desk::of(tx, member, now).await?;
                let waiting = desk.waiting(tx).await?;
                let Some(row) = desk.next(tx).await? else {
                    return Ok::<_, AppError>(Change::Unlogged((None, waiting)));
                };
                let anew = row.leased_by != Some(member);
                let shown_at = row.shown_at.filter(|_| !anew).unwrap_or(now);
                let row = check::Model {
                    leased_by: Some(member),
                    leased_until: Some(lease_until(shown_at, now)),
                    shown_at: Some(shown_at),
                    ..row
                };
                tx.update(row.clone()).await?;
                let entry = LogDraft::new(EventKind::CheckLeased, actor).about("check", row.id);
                Ok(if anew {
                    Change::Logged((Some(row), waiting), entry)
                } else {
                    // A renewal is not news.
                    Change::Unlogged((Some(row), waiting))
                })
            })
        })
        .await?;
    let check = match row {
        Some(row) => Some(view(&app.store().rows(caller.workspace_id), &row).await?),
        None => None,
    };
    Ok(Next { check, waiting })
}

async fn view(rows: &Rows<'_>, row: &check::Model) -> Result<CheckView, AppError> {
    let draft = rows.draft(row.draft_id).await?.ok_or(AppError::NotFound("the draft"))?;
    // What came after the question belongs to the outcome, and recent answers have less of it than old ones.
    let conversation = said_before(rows, draft.turn_id).await?;
    Ok(CheckView {
        id: row.id,
        question: draft.question,
        text: draft.body,
        sources: draft
            .sources
            .0
            .into_iter()
            .map(|source| SourceView {
                title: source.title,
                text: source.text,
                quoted: source.quoted,
            })
            .collect(),
        conversation,
        lease_until: row.leased_until.unwrap_or_default(),
    })
}

/// What was said before a turn, oldest first.
///
/// # Errors
/// [`AppError::NotFound`] or the store's.
pub(in crate::app) async fn said_before(rows: &Rows<'_>, id: TurnId) -> Result<Vec<LineView>, AppError> {
    let turn = rows.turn(id).await?.ok_or(AppError::NotFound("the turn"))?;
    let asked = rows.visitor_messages(turn.id).await?;
    let begins = asked.first().map_or(0, |message| message.seq);
    let before = rows.messages_after(turn.conversation_id, 0).await?;
    let before = before.into_iter().filter(|message| message.seq < begins);
    Ok(before
        .map(|message| LineView {
            author: message.author,
            text: message.body,
        })
        .collect())
}

/// The asker looks away. The check stays the first of theirs.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`], [`AppError::NoMember`] or the store's.
pub async fn release(app: &App, caller: &Caller, id: ItemId) -> Result<(), AppError> {
    let member = reviewer(caller)?;
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.check(id).await?.ok_or(AppError::NotFound("the quality check"))?;
                if row.leased_by != Some(member) {
                    return Ok(Change::Unlogged(()));
                }
                tx.update(check::Model {
                    leased_by: None,
                    leased_until: None,
                    shown_at: None,
                    ..row
                })
                .await?;
                let entry = LogDraft::new(EventKind::CheckLeased, actor).about("check", id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
