//! Conversations as the console shows them.

use super::caller::Caller;
use super::evidence;
use super::notes::{self, NoteView};
use super::policy::{self, ReleasedView};
use super::review::{DraftView, OutcomeView, outcome_view};
use super::views::{MessageView, Names, Page, next_page};
use super::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::brief::{self, Attempt, Brief, Line};
use crate::domain::conversation::Owner;
use crate::domain::flow::Spam;
use crate::domain::ids::{AgentId, ConversationId, DraftId, ItemId, ReleaseId};
use crate::domain::policy::{DecisionKind, Reason, Terms};
use crate::domain::review::ItemKind;
use crate::domain::time::Timestamp;
use crate::store::entity::{conversation, decision};
use crate::store::{ItemStatus, OwnerKind, Rows};
use serde::Serialize;

/// Who answers a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnerView {
    /// `ai`, `person` or `nobody`.
    pub kind: OwnerKind,
    /// The person's name.
    pub name: Option<String>,
    /// It is the asker.
    pub yours: bool,
    /// The fencing token.
    pub epoch: i64,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConversationSummary {
    /// Its id.
    pub id: ConversationId,
    /// Its agent.
    pub agent_id: AgentId,
    /// Who answers.
    pub owner: OwnerView,
    /// The open review item.
    pub open_item: Option<ItemId>,
    /// The last message.
    pub last_message: Option<MessageView>,
    /// Messages so far.
    pub messages: i64,
    /// Messages that the widget has shown.
    pub delivered_seq: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Why it counts as spam, if it does.
    pub spam: Option<Spam>,
    /// The program that speaks for the visitor, by its token's name; none where the visitor writes themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

/// A decision of the policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionView {
    /// What was decided.
    pub kind: DecisionKind,
    /// Why.
    pub reasons: Vec<Reason>,
    /// By which version of the agent's policy; 0 where it has none, so that only what is built in decided.
    pub policy_version: i64,
    /// The owner's rules that took part, as clauses.
    pub rules: Vec<String>,
    /// How the draft waits, if it does.
    pub terms: Terms,
    /// How sure the draft was, if that was recorded: for those who manage, once nobody judges it any more.
    pub confidence: Option<f64>,
    /// The releases without a certificate that let it out, if it went out by itself.
    pub released: Vec<ReleasedView>,
}

/// A draft with everything that became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DraftHistory {
    /// The draft.
    pub draft: DraftView,
    /// The policy's decision.
    pub decision: Option<DecisionView>,
    /// The release that let it out.
    pub release_id: Option<ReleaseId>,
    /// The message of that release.
    pub message_seq: Option<i64>,
}

/// A review item with its outcomes, cancelled ones included.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemHistory {
    /// Its id.
    pub id: ItemId,
    /// What waited.
    pub kind: ItemKind,
    /// Where it stands.
    pub state: ItemStatus,
    /// The draft it ended with.
    pub draft_id: Option<DraftId>,
    /// Why it was there.
    pub reasons: Vec<Reason>,
    /// What happened to it, oldest first.
    pub outcomes: Vec<OutcomeView>,
    /// When it joined the queue.
    pub created_at: Timestamp,
}

/// A whole conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConversationView {
    /// Its line in the list.
    #[serde(flatten)]
    pub summary: ConversationSummary,
    /// Everything said.
    pub transcript: Vec<MessageView>,
    /// Everything drafted.
    pub drafts: Vec<DraftHistory>,
    /// Everything reviewed.
    pub items: Vec<ItemHistory>,
    /// What colleagues wrote for one another and for the AI, oldest first.
    pub notes: Vec<NoteView>,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// Where answers are mailed to.
    pub email: Option<String>,
    /// How the visitor rated it.
    pub rating: Option<RatingView>,
    /// What whoever takes over needs to know; none while the AI answers or it is over.
    pub brief: Option<Brief>,
}

/// A visitor's rating.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RatingView {
    /// 1 (bad) to 5 (good).
    pub stars: i64,
    /// In their words.
    pub words: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Reads a cursor `MILLISECONDS_ID`.
pub(super) fn parse_cursor<Id: std::str::FromStr>(cursor: &str) -> Result<(Timestamp, Id), AppError> {
    let parsed = cursor
        .split_once('_')
        .and_then(|(at, id)| Some((Timestamp(at.parse().ok()?), id.parse().ok()?)));
    parsed.ok_or_else(|| AppError::Invalid("this is not a page of the list; begin again without `after`".to_owned()))
}

/// Conversations, the latest change first; or those alone that count as spam.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Invalid`] for a bad cursor, or the store's.
pub async fn list(
    app: &App,
    caller: &Caller,
    only_spam: bool,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<ConversationSummary>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let below = after.map(parse_cursor::<ConversationId>).transpose()?;
    let found = if only_spam {
        rows.spam(below, limit).await?
    } else {
        rows.conversations(below, limit).await?
    };
    let next = next_page(&found, limit, |last| format!("{}_{}", last.updated_at.0, last.id));
    let mut names = Names::default();
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        items.push(summary(&rows, caller, &mut names, row).await?);
    }
    Ok(Page { items, next })
}

/// The lines of some conversations, in this order; those that are not there are left out.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub(super) async fn summaries(
    app: &App,
    caller: &Caller,
    ids: &[ConversationId],
) -> Result<Vec<ConversationSummary>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut names = Names::default();
    let mut lines = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(row) = rows.conversation(*id).await? {
            lines.push(summary(&rows, caller, &mut names, row).await?);
        }
    }
    Ok(lines)
}

async fn summary(
    rows: &Rows<'_>,
    caller: &Caller,
    names: &mut Names,
    row: conversation::Model,
) -> Result<ConversationSummary, AppError> {
    let ownership = super::ledger::ownership(&row);
    let (name, yours) = match ownership.owner {
        Owner::Person(member) => (
            Some(names.of(rows, member).await?),
            caller.member().is_ok_and(|me| me == member),
        ),
        Owner::Ai | Owner::Nobody => (None, false),
    };
    let last_message = match rows.last_message(row.id).await? {
        Some(message) => Some(names.message(rows, message).await?),
        None => None,
    };
    Ok(ConversationSummary {
        id: row.id,
        agent_id: row.agent_id,
        owner: OwnerView {
            kind: row.owner,
            name,
            yours,
            epoch: row.epoch.0,
        },
        open_item: rows.open_item(row.id).await?.map(|item| item.id),
        last_message,
        messages: row.last_seq,
        delivered_seq: row.delivered_seq,
        created_at: row.created_at,
        updated_at: row.updated_at,
        spam: row.spam,
        program: rows.program_of(row.id).await?,
    })
}

async fn decision_view(
    (app, caller): (&App, &Caller),
    rows: &Rows<'_>,
    names: &mut Names,
    agent_id: AgentId,
    row: decision::Model,
) -> Result<DecisionView, AppError> {
    Ok(DecisionView {
        rules: policy::rules_in_words(rows, agent_id, &row).await?,
        released: policy::released(rows, names, &row).await?,
        kind: row.kind,
        reasons: row.reasons.0,
        policy_version: row.policy_version,
        terms: row.terms.0,
        confidence: if evidence::may_see_score(app, rows, caller, row.draft_id).await? {
            row.confidence
        } else {
            None
        },
    })
}

/// What whoever answers a visitor who waits for a person needs to know.
pub(super) async fn brief_of_waiting(
    rows: &Rows<'_>,
    id: ConversationId,
    transcript: &[MessageView],
    reasons: &[Reason],
) -> Result<Brief, AppError> {
    let turns: Vec<_> = rows.turns_of(id).await?.into_iter().map(|turn| turn.id).collect();
    let drafts = rows.drafts_of_turns(&turns).await?;
    let mut attempts = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        let is_sent = rows.release_of(draft.id).await?.is_some();
        attempts.push(attempt(&draft.body, is_sent));
    }
    let screening = drafts.last().map(|draft| draft.screening.0.clone()).unwrap_or_default();
    let wishes = reasons.contains(&Reason::CustomerRequest);
    Ok(brief::brief(&lines(transcript), &attempts, &screening, wishes))
}

fn lines(transcript: &[MessageView]) -> Vec<Line<'_>> {
    transcript
        .iter()
        .map(|message| Line {
            author: message.author,
            text: &message.text,
        })
        .collect()
}

const fn attempt(text: &str, is_sent: bool) -> Attempt<'_> {
    match (text.is_empty(), is_sent) {
        (true, _) => Attempt::Nothing,
        (false, true) => Attempt::Sent(text),
        (false, false) => Attempt::Unsent(text),
    }
}

/// What whoever takes over needs to know.
fn brief_of(transcript: &[MessageView], drafts: &[DraftHistory], items: &[ItemHistory]) -> Brief {
    let attempts: Vec<Attempt<'_>> = drafts
        .iter()
        .map(|history| attempt(&history.draft.text, history.message_seq.is_some()))
        .collect();
    let wishes = items
        .last()
        .is_some_and(|item| item.reasons.contains(&Reason::CustomerRequest));
    let screening = drafts.last().map(|history| history.draft.screening.clone());
    brief::brief(&lines(transcript), &attempts, &screening.unwrap_or_default(), wishes)
}

/// One conversation with everything that happened behind it.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn conversation(app: &App, caller: &Caller, id: ConversationId) -> Result<ConversationView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows
        .conversation(id)
        .await?
        .ok_or(AppError::NotFound("the conversation"))?;
    let mut names = Names::default();
    let messages = rows.messages_after(id, 0).await?;
    let turns: Vec<_> = rows.turns_of(id).await?.into_iter().map(|turn| turn.id).collect();
    let mut drafts = Vec::new();
    for draft in rows.drafts_of_turns(&turns).await? {
        let decision = match rows.decision_of(draft.id).await? {
            Some(decided) => Some(decision_view((app, caller), &rows, &mut names, row.agent_id, decided).await?),
            None => None,
        };
        let release_id = rows.release_of(draft.id).await?.map(|release| release.id);
        let message_seq = release_id
            .and_then(|release| messages.iter().find(|message| message.release_id == Some(release)))
            .map(|message| message.seq);
        drafts.push(DraftHistory {
            draft: draft.into(),
            decision,
            release_id,
            message_seq,
        });
    }
    let mut items = Vec::new();
    for item in rows.items_of(id).await? {
        let mut outcomes = Vec::new();
        for outcome in rows.outcomes_of(item.id).await? {
            outcomes.push(outcome_view(&rows, &mut names, outcome).await?);
        }
        items.push(ItemHistory {
            id: item.id,
            kind: item.kind,
            state: item.state,
            draft_id: item.draft_id,
            reasons: item.reasons.0,
            outcomes,
            created_at: item.created_at,
        });
    }
    let mut transcript = Vec::with_capacity(messages.len());
    for message in messages {
        transcript.push(names.message(&rows, message).await?);
    }
    let rating = rows.rating(id).await?.map(|rating| RatingView {
        stars: rating.stars,
        words: rating.words,
        at: rating.created_at,
    });
    let wants_brief = row.closed_at.is_none() && row.owner != OwnerKind::Ai;
    Ok(ConversationView {
        brief: wants_brief.then(|| brief_of(&transcript, &drafts, &items)),
        notes: notes::notes_in(&rows, &mut names, id).await?,
        closed_at: row.closed_at,
        email: rows.contact(id).await?.map(|contact| contact.address),
        rating,
        summary: summary(&rows, caller, &mut names, row).await?,
        transcript,
        drafts,
        items,
    })
}
