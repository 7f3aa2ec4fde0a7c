//! Live: every conversation that goes on, who owns it, what the AI is at, since when somebody waits.

use super::caller::Caller;
use super::ledger::{self, Ledger};
use super::views::Names;
use super::visit::Phase;
use super::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::conversation::{Author, Owner};
use crate::domain::ids::{ConversationId, ItemId};
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use crate::store::{OwnerKind, Rows};
use serde::Serialize;

/// Conversations looked at, the latest change first.
const LOOKED_AT: u64 = 100;
/// A conversation in which nothing is open is shown for so long after its last word, in milliseconds.
const SHOWN_MS: i64 = 30 * 60_000;

/// A conversation as it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveView {
    /// Its id.
    pub id: ConversationId,
    /// Who answers.
    pub owner: OwnerKind,
    /// The person who has taken over.
    pub owner_name: Option<String>,
    /// It is the asker.
    pub yours: bool,
    /// What goes on.
    pub phase: Phase,
    /// What the visitor wrote last.
    pub last_words: String,
    /// The draft that waits for a person.
    pub draft: Option<String>,
    /// Why it waits, in words, and what no source supports.
    pub flags: Vec<String>,
    /// Since when the visitor waits.
    pub waiting_since: Option<Timestamp>,
    /// The deadline has passed.
    pub late: bool,
    /// The open review item.
    pub item: Option<ItemId>,
    /// The colleague who is looking at it.
    pub watched_by: Option<String>,
}

/// Everything that goes on: who waits longest comes first, then what is answered, the latest first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn live(app: &App, caller: &Caller) -> Result<Vec<LiveView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let now = app.now();
    let mut names = Names::default();
    let mut views = Vec::new();
    for row in rows.conversations(None, LOOKED_AT).await? {
        let is_over = row.closed_at.is_some() || row.last_seq == 0;
        if is_over {
            continue;
        }
        let ledger = ledger::load(&rows, row.id).await?;
        if ledger.flow.is_idle() && now.ms_since(row.updated_at) > SHOWN_MS && row.owner == OwnerKind::Ai {
            continue;
        }
        views.push(view(caller, &rows, &mut names, &ledger, now).await?);
    }
    views.sort_by_key(|view| (view.waiting_since.is_none(), view.waiting_since));
    Ok(views)
}

async fn view(
    caller: &Caller,
    rows: &Rows<'_>,
    names: &mut Names,
    ledger: &Ledger,
    now: Timestamp,
) -> Result<LiveView, AppError> {
    let id = ledger.conversation.id;
    let owner = ledger.flow.ownership.owner;
    let owner_name = match owner {
        Owner::Person(member) => Some(names.of(rows, member).await?),
        Owner::Ai | Owner::Nobody => None,
    };
    let open = ledger
        .flow
        .turn
        .map(|(_, turn)| turn)
        .filter(|turn| turn.state != TurnState::Answered);
    let lease = ledger
        .flow
        .item
        .and_then(|item| item.lease)
        .filter(|lease| lease.until > now);
    let watched_by = match lease {
        Some(lease) if caller.member().is_ok_and(|me| me == lease.member) => None,
        Some(lease) => Some(names.of(rows, lease.member).await?),
        None => None,
    };
    let held = ledger.flow.item.is_some_and(|item| item.has_draft);
    let draft = ledger.draft.as_ref().filter(|_| held);
    let mut flags: Vec<String> = ledger
        .item
        .iter()
        .flat_map(|item| &item.reasons.0)
        .map(|reason| reason.in_words().to_owned())
        .collect();
    let unsupported = draft.into_iter().flat_map(|draft| &draft.signals.0.unsupported);
    flags.extend(unsupported.map(|words| format!("“{words}” is in no source")));
    Ok(LiveView {
        id,
        owner: ledger.conversation.owner,
        owner_name,
        yours: matches!(owner, Owner::Person(member) if caller.member().is_ok_and(|me| me == member)),
        phase: super::visit::phase(&ledger.flow, now),
        last_words: last_words(rows, id).await?,
        draft: draft.map(|draft| draft.body.clone()),
        flags,
        waiting_since: open.map(|turn| turn.opened_at),
        late: ledger.flow.item.is_some_and(|item| item.deadline_at < now),
        item: ledger.flow.item.map(|item| item.id),
        watched_by,
    })
}

/// What the visitor wrote last.
async fn last_words(rows: &Rows<'_>, id: ConversationId) -> Result<String, AppError> {
    let messages = rows.messages_after(id, 0).await?;
    let last = messages.into_iter().rfind(|message| message.author == Author::Visitor);
    Ok(last.map(|message| message.body).unwrap_or_default())
}
