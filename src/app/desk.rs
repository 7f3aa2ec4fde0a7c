//! What the console shows around the API's views: the frame of every page, and what stands behind an item or a
//! conversation that programs do not ask for.

use super::actions::{self, ActionWish};
use super::caller::Caller;
use super::conversations::ConversationView;
use super::history::EntryView;
use super::knowledge;
use super::review::ItemSummary;
use super::views::Names;
use super::{App, AppError, agents};
use crate::domain::account::Scope;
use crate::domain::ids::{AgentId, DraftId, ItemId, MessageId};
use crate::domain::log::EventKind;
use crate::domain::policy::GateState;
use crate::domain::settings::WorkspaceSettings;
use crate::store::Rows;
use std::collections::HashMap;

/// Changes of owner read for one conversation at most, from the time it was active.
const OWNER_CHANGES: u64 = 2_000;

/// What surrounds every page.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The workspace's name.
    pub workspace: String,
    /// Its time zone, as the IANA database names it.
    pub time_zone: String,
    /// What its gate lets out.
    pub gate: GateState,
    /// Who opened the gate by hand.
    pub gate_by: Option<String>,
    /// Items and proposals that wait.
    pub waiting: u64,
    /// Sequence of the newest log entry.
    pub head: i64,
    /// Its settings.
    pub settings: WorkspaceSettings,
}

/// The frame. The head is read first: what changes while the rest is read comes as an event.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn frame(app: &App, caller: &Caller) -> Result<Frame, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let head = rows.log_head().await?;
    let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let gate = workspace.gate.0;
    let gate_by = match &gate {
        GateState::Uncertified { topics } => {
            let (mut names, mut by) = (Names::default(), Vec::new());
            for released in topics {
                let name = names.of(&rows, released.by).await?;
                if !by.contains(&name) {
                    by.push(name);
                }
            }
            Some(by.join(" and "))
        }
        GateState::Closed | GateState::Certified(_) => None,
    };
    Ok(Frame {
        workspace: workspace.name,
        time_zone: workspace.time_zone,
        gate,
        gate_by,
        waiting: rows.queue_length().await? + actions::waiting(app, caller, &ActionWish::waiting()).await?,
        head,
        settings: workspace.settings.0,
    })
}

/// What stands behind one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The visitor's messages that wait for this answer, oldest first: as many as the item's revision counts.
    pub asked: Vec<MessageId>,
    /// The agent's name.
    pub agent: String,
    /// The agent version that drafted; none without a draft.
    pub version: Option<i64>,
}

/// What stands behind an item.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn case(app: &App, caller: &Caller, id: ItemId) -> Result<Case, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let item = rows.item(id).await?.ok_or(AppError::NotFound("the review item"))?;
    let conversation = rows
        .conversation(item.conversation_id)
        .await?
        .ok_or(AppError::NotFound("the conversation"))?;
    let asked = rows.visitor_messages(item.turn_id).await?;
    let drafts = rows.drafts_of_turns(&[item.turn_id]).await?;
    let version = match drafts.last() {
        Some(draft) => rows.agent_version(draft.agent_version_id).await?,
        None => None,
    };
    Ok(Case {
        asked: asked.into_iter().map(|message| message.id).collect(),
        agent: agent_name(&rows, conversation.agent_id).await?,
        version: version.map(|version| version.number),
    })
}

/// How many statements of each item's draft no source supports, in the order of `items`.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn unsupported(app: &App, caller: &Caller, items: &[ItemSummary]) -> Result<Vec<usize>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut counts = Vec::with_capacity(items.len());
    for summary in items {
        let draft = match rows.item(summary.id).await?.and_then(|item| item.draft_id) {
            Some(id) => rows.draft(id).await?,
            None => None,
        };
        counts.push(draft.map_or(0, |draft| draft.signals.0.unsupported.len()));
    }
    Ok(counts)
}

/// What stands behind one conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backdrop {
    /// The agent's name.
    pub agent: String,
    /// The agent version that made each draft.
    pub versions: HashMap<DraftId, i64>,
    /// Every change of owner, end and way back, oldest first.
    pub owner_changes: Vec<EntryView>,
}

/// What stands behind a conversation.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn backdrop(app: &App, caller: &Caller, conversation: &ConversationView) -> Result<Backdrop, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let summary = &conversation.summary;
    let mut versions = HashMap::new();
    let turns: Vec<_> = rows
        .turns_of(summary.id)
        .await?
        .into_iter()
        .map(|turn| turn.id)
        .collect();
    let mut numbers = HashMap::new();
    for draft in rows.drafts_of_turns(&turns).await? {
        let number = match numbers.get(&draft.agent_version_id) {
            Some(&number) => number,
            None => rows
                .agent_version(draft.agent_version_id)
                .await?
                .map_or(0, |version| version.number),
        };
        numbers.insert(draft.agent_version_id, number);
        versions.insert(draft.id, number);
    }
    let kinds = [
        EventKind::ConversationHandedOff,
        EventKind::ConversationTakenOver,
        EventKind::ConversationHandedBack,
        EventKind::ConversationClosed,
        EventKind::VisitorLeftEmail,
        EventKind::VisitorWrittenTo,
        EventKind::VisitorReturned,
    ];
    let entries = rows
        .log_of_kinds(&kinds, summary.id, summary.created_at, OWNER_CHANGES)
        .await?;
    let owner_changes = entries.into_iter().map(EntryView::from).collect();
    Ok(Backdrop {
        agent: agent_name(&rows, summary.agent_id).await?,
        versions,
        owner_changes,
    })
}

/// The name visitors see an agent by.
async fn agent_name(rows: &Rows<'_>, id: AgentId) -> Result<String, AppError> {
    Ok(agents::current_version(rows, id).await?.1.name)
}

/// Whether there is anything the AI could answer from.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn has_knowledge(app: &App, caller: &Caller) -> Result<bool, AppError> {
    let documents = knowledge::documents(app, caller, None, 1).await?;
    Ok(!documents.items.is_empty())
}
