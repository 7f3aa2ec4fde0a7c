//! Proposals as reviewers and agents read them.

use super::stored::action_of;
use crate::app::caller::Caller;
use crate::app::ledger;
use crate::app::views::{Names, Page, next_page};
use crate::app::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::action::form::{Field, fields};
use crate::domain::action::intent::{self, Said};
use crate::domain::action::request::Request;
use crate::domain::action::tool::Risk;
use crate::domain::action::{ActionStatus, DecisionType, OnTimeout, Runs};
use crate::domain::conversation::Author;
use crate::domain::ids::{ActionId, ConversationId};
use crate::domain::time::Timestamp;
use crate::store::entity::action as row;
use crate::store::{ActionFilter, ActionOrigin, Rows};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A decision as people and agents read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionView {
    /// `approve`, `edit`, `reject`, `respond`; `expire` where nobody decided.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// For an edit: what it was changed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_action: Option<Value>,
    /// What the person said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Who decided; none for a deadline or a tool's own rules.
    pub actor: Option<String>,
    /// When.
    pub decided_at: Timestamp,
    /// When it became, or becomes, final.
    pub final_at: Timestamp,
    /// Of what was approved.
    pub args_hash: String,
}

/// A proposal as reviewers read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActionView {
    /// Its id.
    pub id: ActionId,
    /// Where it stands.
    pub status: ActionStatus,
    /// `here` or `there`: who carries it out.
    pub runs: Runs,
    /// Who proposed it.
    pub origin: ActionOrigin,
    /// The same, by name.
    pub asked_by: String,
    /// The tool, or what the agent calls it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it does.
    pub description: String,
    /// What is at stake.
    pub risk: Risk,
    /// As it was proposed.
    pub proposed_args: Value,
    /// As it stands.
    pub args: Value,
    /// The hash of what stands, which a decision names.
    pub args_hash: String,
    /// What is sent, but for the secrets; none where the agent that asked carries it out.
    pub request: Option<Request>,
    /// Arguments by name that the visitor did not write in these words or figures, where the AI proposed them: look twice.
    pub unsaid: Vec<String>,
    /// Its arguments, as a form has them; none without a schema.
    pub fields: Vec<Field>,
    /// What may be decided.
    pub allowed: Vec<DecisionType>,
    /// How many have to approve.
    pub quorum: i64,
    /// Who has approved what stands, first to last.
    pub approved_by: Vec<String>,
    /// Whose conversation it is about.
    pub conversation_id: Option<ConversationId>,
    /// When it was proposed.
    pub created_at: Timestamp,
    /// When nobody deciding has its meaning.
    pub expires_at: Timestamp,
    /// What it means.
    pub on_timeout: OnTimeout,
    /// The decision that stands.
    pub decision: Option<DecisionView>,
    /// Attempts to carry it out.
    pub attempts: i64,
    /// When that began.
    pub begun_at: Option<Timestamp>,
    /// What came of it.
    pub result: Option<String>,
    /// When.
    pub ended_at: Option<Timestamp>,
    /// Who is looking at it.
    pub leased_by: Option<String>,
    /// It is the asker.
    pub leased_by_you: bool,
    /// Until when.
    pub leased_until: Option<Timestamp>,
    /// The asker can take back what they decided, or their approval.
    pub may_undo: bool,
    /// How long a decision can be undone, in milliseconds.
    pub undo_ms: i64,
}

/// A proposal as the agent that asked reads it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ApprovalView {
    /// Its id.
    pub id: ActionId,
    /// `pending`, `approved`, `rejected`, `responded`, `expired`, `cancelled`, `consumed`.
    pub status: &'static str,
    /// The agent's name.
    pub agent: String,
    /// The agent's own name for this call.
    pub tool_call_id: String,
    /// What it wants to do.
    pub name: String,
    /// With what, as it was proposed.
    pub args: Value,
    /// The hash of that.
    pub args_hash: String,
    /// For whoever decides.
    pub description: String,
    /// What is at stake.
    pub risk: Risk,
    /// What may be decided.
    pub allowed_decisions: Vec<DecisionType>,
    /// Whose conversation it is about.
    pub conversation_id: Option<ConversationId>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Until when it waits for a decision.
    pub expires_at: Timestamp,
    /// Until when an approval may be used.
    pub usable_until: Option<Timestamp>,
    /// What nobody deciding means.
    pub on_timeout: OnTimeout,
    /// The decision, once it is final.
    pub decision: Option<DecisionView>,
    /// When the approval was used.
    pub consumed_at: Option<Timestamp>,
    /// Where a person decides.
    pub url: String,
}

/// A text that was stored as JSON.
fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

async fn decision(rows: &Rows<'_>, names: &mut Names, row: &row::Model) -> Result<Option<DecisionView>, AppError> {
    let stands = action_of(row);
    if let Some(decision) = stands.decision {
        let is_edit = decision.kind == DecisionType::Edit;
        return Ok(Some(DecisionView {
            kind: match decision.kind {
                DecisionType::Approve => "approve",
                DecisionType::Edit => "edit",
                DecisionType::Reject => "reject",
                DecisionType::Respond => "respond",
            },
            edited_action: is_edit.then(|| json!({ "name": row.name, "args": json_of(&row.standing_args) })),
            message: row.message.clone(),
            actor: match decision.by {
                Some(member) => Some(names.of(rows, member).await?),
                None => None,
            },
            decided_at: decision.at,
            final_at: decision.final_at,
            args_hash: decision.hash.to_string(),
        }));
    }
    let ended = row.ended_at.filter(|_| row.status == ActionStatus::Expired);
    Ok(ended.map(|at| DecisionView {
        kind: "expire",
        edited_action: None,
        message: None,
        actor: None,
        decided_at: at,
        final_at: at,
        args_hash: row.standing_hash.to_string(),
    }))
}

/// A proposal as reviewers read it.
pub(super) async fn view(
    rows: &Rows<'_>,
    names: &mut Names,
    caller: &Caller,
    now: Timestamp,
    row: row::Model,
) -> Result<ActionView, AppError> {
    let tool = match row.tool_version_id {
        Some(id) => rows.tool_version(id).await?.map(|version| version.definition.0),
        None => None,
    };
    let schema = match (&tool, &row.args_schema) {
        (Some(tool), _) => Some(tool.schema.clone()),
        (None, Some(schema)) => Some(json_of(schema)),
        (None, None) => None,
    };
    let mut approved_by = Vec::new();
    for member in &row.votes.0 {
        approved_by.push(names.of(rows, *member).await?);
    }
    let unsaid = unsaid(rows, &row).await?;
    let lease = row.leased_by.zip(row.leased_until).filter(|&(_, until)| until > now);
    let leased_by = match lease {
        Some((member, _)) => Some(names.of(rows, member).await?),
        None => None,
    };
    Ok(ActionView {
        id: row.id,
        status: row.status,
        runs: row.runs,
        origin: row.origin,
        asked_by: row.asked_by.clone(),
        title: tool.map_or_else(|| row.name.clone(), |tool| tool.title),
        name: row.name.clone(),
        description: row.description.clone(),
        risk: row.risk,
        proposed_args: json_of(&row.args),
        args: json_of(&row.standing_args),
        args_hash: row.standing_hash.to_string(),
        request: serde_json::from_str(&row.standing_request).ok(),
        unsaid,
        fields: schema.as_ref().map(fields).unwrap_or_default(),
        allowed: row.allowed.0.clone(),
        quorum: row.quorum,
        approved_by,
        conversation_id: row.conversation_id,
        created_at: row.created_at,
        expires_at: row.expires_at,
        on_timeout: row.on_timeout,
        decision: decision(rows, names, &row).await?,
        attempts: row.attempts,
        begun_at: row.begun_at,
        result: row.result.clone(),
        ended_at: row.ended_at,
        leased_by_you: lease.is_some_and(|(member, _)| caller.member().is_ok_and(|me| me == member)),
        leased_until: lease.map(|(_, until)| until),
        leased_by,
        may_undo: caller.member().is_ok_and(|me| match row.status {
            ActionStatus::Waiting => row.votes.0.contains(&me),
            ActionStatus::Decided => row.decided_by == Some(me) && row.final_at.is_some_and(|at| at > now),
            _ => false,
        }),
        undo_ms: ledger::settings(rows).await?.undo_ms,
    })
}

/// What the AI put otherwise than the visitor, while somebody may still decide about it.
async fn unsaid(rows: &Rows<'_>, row: &row::Model) -> Result<Vec<String>, AppError> {
    let Some(conversation) = row
        .conversation_id
        .filter(|_| row.origin == ActionOrigin::Ai && row.status.is_pending())
    else {
        return Ok(Vec::new());
    };
    let messages = rows.messages_after(conversation, 0).await?;
    let wrote = messages
        .iter()
        .filter(|message| message.author == Author::Visitor && message.created_at <= row.created_at);
    let before: Vec<&str> = wrote.map(|message| message.body.as_str()).collect();
    let said = Said {
        last: "",
        before: &before,
    };
    Ok(intent::unsaid(&json_of(&row.standing_args), said))
}

/// A proposal as the agent that asked reads it: what is not final is not told.
pub(super) async fn approval(app: &App, rows: &Rows<'_>, row: row::Model) -> Result<ApprovalView, AppError> {
    let is_pending = row.status.is_pending();
    let decision = if is_pending {
        None
    } else {
        decision(rows, &mut Names::default(), &row).await?
    };
    let usable_until = action_of(&row)
        .decision
        .filter(|_| row.status == ActionStatus::Approved);
    let origin = app.post().map(|post| post.origin.clone()).unwrap_or_default();
    Ok(ApprovalView {
        id: row.id,
        status: status_of(row.status),
        agent: row.asked_by.clone(),
        tool_call_id: super::ask::call_id(&row).to_owned(),
        args: json_of(&row.args),
        args_hash: row.args_hash.to_string(),
        name: row.name,
        description: row.description,
        risk: row.risk,
        allowed_decisions: row.allowed.0,
        conversation_id: row.conversation_id,
        created_at: row.created_at,
        expires_at: row.expires_at,
        usable_until: usable_until.map(|decision| decision.usable_until()),
        on_timeout: row.on_timeout,
        decision,
        consumed_at: row.begun_at,
        url: format!("{origin}/actions/{}", row.id),
    })
}

/// As agents are told it.
pub(super) const fn status_of(status: ActionStatus) -> &'static str {
    match status {
        ActionStatus::Waiting | ActionStatus::Decided => "pending",
        ActionStatus::Approved => "approved",
        ActionStatus::Rejected => "rejected",
        ActionStatus::Responded => "responded",
        ActionStatus::Expired => "expired",
        ActionStatus::Cancelled => "cancelled",
        ActionStatus::Consumed
        | ActionStatus::Running
        | ActionStatus::Executed
        | ActionStatus::Failed
        | ActionStatus::Unknown => "consumed",
    }
}

/// Which proposals are asked for, as a query says it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ActionWish {
    /// Those that stand like this; all otherwise.
    #[serde(default)]
    pub status: Option<ActionStatus>,
    /// Those about a conversation.
    #[serde(default)]
    pub conversation: Option<ConversationId>,
}

impl ActionWish {
    /// Those that wait for people.
    pub const fn waiting() -> Self {
        Self {
            status: Some(ActionStatus::Waiting),
            conversation: None,
        }
    }

    fn filter(&self) -> ActionFilter {
        ActionFilter {
            statuses: self.status.into_iter().collect(),
            token: None,
            conversation: self.conversation,
        }
    }
}

/// Proposals, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn actions(
    app: &App,
    caller: &Caller,
    wish: &ActionWish,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<ActionView>, AppError> {
    filtered(app, caller, &wish.filter(), after, limit).await
}

/// Proposals that stand like one of these, the newest first; all, if there are none.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn standing(
    app: &App,
    caller: &Caller,
    statuses: &[ActionStatus],
    after: Option<&str>,
    limit: u64,
) -> Result<Page<ActionView>, AppError> {
    let filter = ActionFilter {
        statuses: statuses.to_vec(),
        ..ActionFilter::default()
    };
    filtered(app, caller, &filter, after, limit).await
}

async fn filtered(
    app: &App,
    caller: &Caller,
    filter: &ActionFilter,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<ActionView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let below = after.map(str::parse::<ActionId>).transpose()?;
    let found = rows.actions(filter, below, limit).await?;
    let next = next_page(&found, limit, |last| last.id.to_string());
    let items = views(app, caller, &rows, found).await?;
    Ok(Page { items, next })
}

/// Proposals that wait for people, the oldest first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn oldest_waiting(app: &App, caller: &Caller, limit: u64) -> Result<Vec<ActionView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let found = rows.actions_waiting(None, limit).await?;
    views(app, caller, &rows, found).await
}

async fn views(
    app: &App,
    caller: &Caller,
    rows: &Rows<'_>,
    found: Vec<row::Model>,
) -> Result<Vec<ActionView>, AppError> {
    let mut names = Names::default();
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        items.push(view(rows, &mut names, caller, app.now(), row).await?);
    }
    Ok(items)
}

/// How many proposals stand like this.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn waiting(app: &App, caller: &Caller, wish: &ActionWish) -> Result<u64, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    Ok(rows.action_count(&wish.filter()).await?)
}

/// One proposal.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn action(app: &App, caller: &Caller, id: ActionId) -> Result<ActionView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.action(id).await?.ok_or(AppError::NotFound("the action"))?;
    view(&rows, &mut Names::default(), caller, app.now(), row).await
}

/// The calendar file of an entry that was made.
///
/// # Errors
/// [`AppError::NotFound`] if there is none, [`AppError::Forbidden`].
pub async fn calendar(app: &App, caller: &Caller, id: ActionId) -> Result<String, AppError> {
    let view = action(app, caller, id).await?;
    match view.request {
        Some(Request::Calendar { file, .. }) if view.status == ActionStatus::Executed => Ok(file),
        _ => Err(AppError::NotFound("the calendar entry")),
    }
}
