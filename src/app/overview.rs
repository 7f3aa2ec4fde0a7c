//! Live: every conversation that goes on, who owns it, what the AI is at, since when somebody waits.

use super::caller::Caller;
use super::ledger::{self, Ledger};
use super::views::Names;
use super::visit::Phase;
use super::{App, AppError, policy};
use crate::domain::account::Scope;
use crate::domain::conversation::{Author, Owner};
use crate::domain::ids::{ConversationId, ItemId};
use crate::domain::policy::Reason;
use crate::domain::screening::Flag;
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use crate::store::{OwnerKind, Rows};
use serde::Serialize;

/// Conversations looked at in which somebody waits, who waits longest first; and of all, the latest change first.
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
    /// What was noticed about the latest turn, what is most pressing first.
    pub noticed: Vec<Noticed>,
    /// Why it waits, in words, and what no source supports.
    pub flags: Vec<String>,
    /// Since when the visitor waits.
    pub waiting_since: Option<Timestamp>,
    /// The deadline has passed: that of the item, or of whoever owns it.
    pub late: bool,
    /// The open review item.
    pub item: Option<ItemId>,
    /// The colleague who is looking at it.
    pub watched_by: Option<String>,
    /// The program that speaks for the visitor, by its token's name; none where the visitor writes themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

/// Something that screening noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Noticed {
    /// Which flag; none for a topic that the owner calls sensitive.
    pub flag: Option<Flag>,
    /// As a person reads it, in a clause.
    pub in_words: String,
}

/// Everything that goes on: who waits longest comes first, then what is answered, the latest first. Spam does not go on.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn live(app: &App, caller: &Caller) -> Result<Vec<LiveView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let now = app.now();
    let mut names = Names::default();
    let mut views = Vec::new();
    let waiting = rows.longest_waiting(LOOKED_AT).await?;
    let mut ids: Vec<ConversationId> = waiting.into_iter().map(|turn| turn.conversation_id).collect();
    for row in rows.conversations(None, LOOKED_AT).await? {
        if !ids.contains(&row.id) {
            ids.push(row.id);
        }
    }
    for id in ids {
        let ledger = ledger::load(&rows, id).await?;
        let row = &ledger.conversation;
        if row.closed_at.is_some() || row.last_seq == 0 || row.spam.is_some() {
            continue;
        }
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
    let due_at = ledger
        .flow
        .item
        .map(|item| item.deadline_at)
        .or(ledger.flow.answer_due_at);
    let held = ledger.flow.item.is_some_and(|item| item.has_draft);
    let draft = ledger.draft.as_ref().filter(|_| held);
    let noticed = noticed(rows, ledger).await?;
    let mut flags: Vec<String> = ledger
        .item
        .iter()
        .flat_map(|item| &item.reasons.0)
        // What was noticed says the same, and more plainly.
        .filter(|reason| !says_what_was_noticed(**reason))
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
        noticed,
        flags,
        waiting_since: open.map(|turn| turn.opened_at),
        late: due_at.is_some_and(|due_at| due_at < now),
        item: ledger.flow.item.map(|item| item.id),
        watched_by,
        program: rows.program_of(id).await?,
    })
}

const fn says_what_was_noticed(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Sensitive
            | Reason::Injection
            | Reason::NegativeSentiment
            | Reason::Distress
            | Reason::OtherLanguage
            | Reason::PersonalData
    )
}

/// What screening noticed about the latest turn: sensitive topics too. What no source supports is named elsewhere, word by word.
async fn noticed(rows: &Rows<'_>, ledger: &Ledger) -> Result<Vec<Noticed>, AppError> {
    let Some(turn) = &ledger.turn else {
        return Ok(Vec::new());
    };
    let Some(draft) = rows.drafts_of_turns(&[turn.id]).await?.pop() else {
        return Ok(Vec::new());
    };
    let screening = draft.screening.0;
    let mut flags = screening.flags;
    flags.retain(|flag| *flag != Flag::Unsupported);
    flags.sort_by_key(|flag| *flag != Flag::Distress);
    let mut noticed: Vec<Noticed> = flags
        .into_iter()
        .map(|flag| Noticed {
            flag: Some(flag),
            in_words: flag.in_words().to_owned(),
        })
        .collect();
    if !screening.topics.is_empty() {
        let document = policy::current(rows, ledger.conversation.agent_id).await?.document;
        let sensitive = screening.topics.iter().filter_map(|found| document.topic(&found.name));
        noticed.extend(sensitive.filter(|topic| topic.sensitive).map(|topic| Noticed {
            flag: None,
            in_words: format!("Sensitive topic: “{}”", topic.name),
        }));
    }
    Ok(noticed)
}

/// What the visitor wrote last.
async fn last_words(rows: &Rows<'_>, id: ConversationId) -> Result<String, AppError> {
    let messages = rows.messages_after(id, 0).await?;
    let last = messages.into_iter().rfind(|message| message.author == Author::Visitor);
    Ok(last.map(|message| message.body).unwrap_or_default())
}
