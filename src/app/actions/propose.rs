//! Something is proposed to be done with a tool of the workspace: by a colleague, a form in the conversation, or the AI.

use super::stored::{Proposed, args_of, schedule};
use super::tell::{self, Said};
use super::tools::in_force;
use super::view::{ActionView, view};
use crate::app::caller::Caller;
use crate::app::views::Names;
use crate::app::{App, AppError, policy};
use crate::domain::account::Scope;
use crate::domain::action::args::{Args, ArgsHash};
use crate::domain::action::request::{About, Request, request};
use crate::domain::action::rules::{Judged, judge, within_day};
use crate::domain::action::strict::strict;
use crate::domain::action::tool::Tool;
use crate::domain::action::{Action, ActionStatus, OnTimeout, Runs};
use crate::domain::ids::{ActionId, ConversationId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::time::Timestamp;
use crate::store::entity::{action as row, tool_version};
use crate::store::{ActionFilter, ActionOrigin, Change, LogDraft, Rows, Tx};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

/// Proposals with one tool in one conversation that the AI or a form may make: whoever is told no does not ask for ever.
pub(super) const MOST_REPEATS: usize = 3;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Propose {
    /// With which tool.
    pub tool: String,
    /// With what.
    #[serde(deserialize_with = "strict")]
    pub args: Value,
    /// For which conversation.
    #[serde(default)]
    pub conversation_id: Option<ConversationId>,
}

/// Who proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct Proposer {
    pub(in crate::app) origin: ActionOrigin,
    pub(in crate::app) name: String,
    pub(in crate::app) actor: Actor,
}

/// A colleague proposes something.
///
/// # Errors
/// [`AppError::Invalid`] with what is wrong with the arguments or which rule forbids it, [`AppError::NotFound`],
/// [`AppError::Forbidden`].
pub async fn propose(app: &App, caller: &Caller, wish: Propose) -> Result<ActionView, AppError> {
    caller.require(Scope::Review)?;
    let rows = app.store().rows(caller.workspace_id);
    let name = match caller.member() {
        Ok(member) => rows.member_name(member).await?.unwrap_or_default(),
        Err(_) => "administrator".to_owned(),
    };
    let proposer = Proposer {
        origin: ActionOrigin::Member,
        name,
        actor: caller.actor(),
    };
    let id = ActionId::new(&*app.sources().ids);
    let app_of_write = app.clone();
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (app, wish, proposer) = (app_of_write.clone(), wish.clone(), proposer.clone());
            Box::pin(async move {
                let (row, entry) = propose_in(&app, tx, id, &wish, &proposer).await?;
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    view(&rows, &mut Names::default(), caller, app.now(), row).await
}

/// The same, in a transaction of the caller's, whose entry this is.
pub(in crate::app) async fn propose_in(
    app: &App,
    tx: &Tx<'_>,
    id: ActionId,
    wish: &Propose,
    by: &Proposer,
) -> Result<(row::Model, LogDraft), AppError> {
    let version = in_force(tx, &wish.tool).await?;
    let tool = &version.definition.0;
    if let Some(conversation) = wish.conversation_id {
        tx.conversation(conversation)
            .await?
            .ok_or(AppError::NotFound("the conversation"))?;
    }
    let args = checked(tool, wish.args.clone())?;
    if let (Some(conversation), ActionOrigin::Ai | ActionOrigin::Form) = (wish.conversation_id, by.origin) {
        refuse_repeats(tx, tool, conversation, &args).await?;
    }
    let now = app.now();
    let (quorum, alone) = match judge(tool, &args) {
        Judged::Refused(why) => return Err(AppError::Invalid(why)),
        Judged::Ask(people) => (people, false),
        // What an LLM read is for people to decide.
        Judged::Alone => (1, by.origin != ActionOrigin::Ai),
    };
    let sent = made(tx, tool, &args, (id, now), wish.conversation_id).await?;
    let hash = ArgsHash::of(&tool.name, &args, &sent);
    let expires_at = now.plus_ms(tool.expires_in_s * 1_000);
    let mut action = Action::new(id, Runs::Here, hash, quorum, expires_at, OnTimeout::Reject);
    if alone {
        require_within_day(tx, &version, &args, now).await?;
        action = action
            .let_run_by_rule(now)
            .map_err(|error| AppError::Internal(error.to_string()))?;
    }
    let row = new_row(tx, &version, &action, (&args, &sent), wish.conversation_id, by, now);
    tx.insert(row.clone()).await?;
    schedule(tx, &row).await?;
    tell::visitor(app, tx, &row, tool, Said::Asked).await?;
    let entry = tell::entry(EventKind::ActionProposed, by.actor, &row)
        .with("asked_by", row.asked_by.clone())
        .with("args", row.args.clone())
        .with("args_hash", row.args_hash.to_string())
        .with("alone", alone);
    Ok((row, entry))
}

fn new_row(
    tx: &Tx<'_>,
    version: &tool_version::Model,
    action: &Action,
    (args, sent): (&Args, &str),
    conversation_id: Option<ConversationId>,
    by: &Proposer,
    now: Timestamp,
) -> row::Model {
    let tool = &version.definition.0;
    let proposed = Proposed {
        action,
        args,
        sent,
        at: now,
    };
    row::Model {
        origin: by.origin,
        asked_by: by.name.clone(),
        tool_version_id: Some(version.id),
        call_key: format!("here:{}", action.id),
        conversation_id,
        name: tool.name.clone(),
        description: tool.description.clone(),
        risk: tool.risk,
        ..proposed.row(tx.workspace_id())
    }
}

/// Arguments as the tool wants them.
pub(super) fn checked(tool: &Tool, args: Value) -> Result<Args, AppError> {
    let invalid = |error: &dyn std::fmt::Display| AppError::Invalid(error.to_string());
    let args = Args::new(args).map_err(|error| invalid(&error))?;
    let schema = tool.check().map_err(|error| invalid(&error))?;
    schema.check(&args).map_err(|error| invalid(&error))?;
    Ok(args)
}

/// What is sent for these arguments, as it is stored and shown.
pub(super) async fn made(
    rows: &Rows<'_>,
    tool: &Tool,
    args: &Args,
    (id, at): (ActionId, Timestamp),
    conversation: Option<ConversationId>,
) -> Result<String, AppError> {
    let zone: TimeZone = policy::zone(rows).await?;
    let contact = match conversation {
        Some(conversation) => rows.contact(conversation).await?,
        None => None,
    };
    let about = About {
        id,
        at,
        zone: &zone,
        visitor_email: contact.as_ref().map(|contact| contact.address.as_str()),
    };
    let request: Request = request(&tool.run, args, &about).map_err(|error| AppError::Invalid(error.to_string()))?;
    serde_json::to_string(&request).map_err(|error| AppError::Internal(error.to_string()))
}

/// Is there room for this in the limits of the workspace's day?
pub(super) async fn require_within_day(
    tx: &Tx<'_>,
    version: &tool_version::Model,
    args: &Args,
    now: Timestamp,
) -> Result<(), AppError> {
    let zone = policy::zone(tx).await?;
    // The limits are those of today, whichever version was proposed with.
    let today = tx.newest_tool(&version.name).await?.filter(|row| !row.is_removed);
    let tool = today.map_or_else(|| version.definition.0.clone(), |row| row.definition.0);
    let midnight = jiff::Timestamp::from_millisecond(now.0)
        .ok()
        .and_then(|at| at.to_zoned(zone).start_of_day().ok())
        .map_or(now, |midnight| Timestamp(midnight.timestamp().as_millisecond()));
    let mut earlier = Vec::new();
    for row in tx.actions_since(&version.name, midnight).await? {
        earlier.push(args_of(&row.standing_args)?);
    }
    within_day(&tool, args, earlier.iter()).map_err(AppError::Invalid)
}

async fn refuse_repeats(tx: &Tx<'_>, tool: &Tool, conversation: ConversationId, args: &Args) -> Result<(), AppError> {
    let filter = ActionFilter {
        conversation: Some(conversation),
        ..ActionFilter::default()
    };
    let known = tx.actions(&filter, None, 100).await?;
    let of_tool = || {
        known
            .iter()
            .filter(|row| row.name == tool.name && row.origin != ActionOrigin::Member)
    };
    if of_tool().any(|row| !row.status.is_over()) {
        return Err(AppError::Invalid(format!(
            "“{}” has been asked for already and is being looked at",
            tool.title
        )));
    }
    let was_done = |row: &row::Model| matches!(row.status, ActionStatus::Executed | ActionStatus::Unknown);
    if of_tool().any(|row| was_done(row) && row.args == args.text()) {
        return Err(AppError::Invalid(format!(
            "“{}” was asked for with the very same in this conversation, and carried out",
            tool.title
        )));
    }
    if of_tool().count() >= MOST_REPEATS {
        return Err(AppError::Invalid(format!(
            "“{}” has been asked for {MOST_REPEATS} times in this conversation; a person has to help",
            tool.title
        )));
    }
    Ok(())
}
