//! Somebody's agent asks people for an approval, waits for it, and uses it once.

use super::stored::{Proposed, args_of, explain, load, save, schedule};
use super::tell;
use super::view::{ApprovalView, approval};
use crate::app::caller::Caller;
use crate::app::views::{Page, next_page};
use crate::app::{App, AppError, live, webhooks};
use crate::domain::account::Scope;
use crate::domain::action::args::{Args, ArgsHash};
use crate::domain::action::schema::Schema;
use crate::domain::action::strict::{strict, strict_if_any};
use crate::domain::action::tool::Risk;
use crate::domain::action::{Action, ActionStatus, DecisionType, OnTimeout, Runs};
use crate::domain::ids::{ActionId, ConversationId, TokenId};
use crate::domain::log::EventKind;
use crate::domain::text::is_unseen;
use crate::domain::time::Timestamp;
use crate::store::entity::action as row;
use crate::store::{ActionFilter, ActionOrigin, Change, Json, Tx};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

/// Approvals of one agent that may wait for people at a time. An agent gone wild is refused from here on, and the owner told.
pub(super) const MOST_WAITING: u64 = 100;
/// Longest wait for a decision in one request.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// How long an approval may wait for a decision, in seconds.
const WAITS_S: std::ops::RangeInclusive<i64> = 60..=30 * 86_400;
const A_DAY_S: i64 = 86_400;
/// Longest name and id of a call, in characters.
const MOST_NAME: usize = 200;
/// Longest description, in characters.
const MOST_TEXT: usize = 4_000;

/// What an agent asks for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The conversation it is about.
    #[serde(default)]
    pub conversation_id: Option<ConversationId>,
    /// The agent's own name for this call: the same one is the same approval.
    pub tool_call_id: String,
    /// What it wants to do.
    pub name: String,
    /// With what.
    #[serde(deserialize_with = "strict")]
    pub args: Value,
    /// What the arguments have to look like, also after an edit.
    #[serde(default, deserialize_with = "strict_if_any")]
    pub args_schema: Option<Value>,
    /// For whoever decides.
    #[serde(default)]
    pub description: Option<String>,
    /// What is at stake.
    #[serde(default, deserialize_with = "unless_null")]
    pub risk: Risk,
    /// What may be decided; everything if it is not said.
    #[serde(default)]
    pub allowed_decisions: Option<Vec<DecisionType>>,
    /// How long it waits, in seconds; a day if it is not said.
    #[serde(default)]
    pub expires_in_s: Option<i64>,
    /// What nobody deciding means.
    #[serde(default, deserialize_with = "unless_null")]
    pub on_timeout: OnTimeout,
    /// Who is told by a webhook.
    #[serde(default)]
    pub callback_url: Option<String>,
}

/// Many clients send null for what is not said.
fn unless_null<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// An approval that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// It.
    pub approval: ApprovalView,
    /// It was not asked for before.
    pub is_new: bool,
}

/// What an approval was used for: exactly this is to be done now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Consumed {
    /// What.
    pub name: String,
    /// With what.
    pub args: Value,
    /// The hash of that.
    pub args_hash: String,
    /// When it was used.
    pub consumed_at: Timestamp,
}

/// Whose approvals a caller sees: a program its own, the administrator of the machine all.
fn whose(caller: &Caller) -> Result<Option<TokenId>, AppError> {
    caller.require(Scope::Propose)?;
    Ok(caller.program.as_ref().map(|program| program.id))
}

/// A key that no other agent's call has.
fn key(token: Option<TokenId>, call: &str) -> String {
    match token {
        Some(token) => format!("{token}:{call}"),
        None => format!("admin:{call}"),
    }
}

/// The agent's own name for a call.
pub(super) fn call_id(row: &row::Model) -> &str {
    row.call_key.split_once(':').map_or("", |(_, call)| call)
}

fn checked(ask: &Ask) -> Result<(), AppError> {
    let names = [("tool_call_id", &ask.tool_call_id), ("name", &ask.name)];
    for (field, text) in names {
        if text.trim().is_empty()
            || text.chars().count() > MOST_NAME
            || text.contains(['\n', '\t'])
            || text.chars().any(is_unseen)
        {
            return Err(AppError::Invalid(format!(
                "the field `{field}` is a text of 1 to {MOST_NAME} characters in one line, all of which can be seen"
            )));
        }
    }
    if ask
        .description
        .as_ref()
        .is_some_and(|text| text.chars().count() > MOST_TEXT || text.contains('\0'))
    {
        return Err(AppError::Invalid(format!(
            "the field `description` has at most {MOST_TEXT} characters, none of them NUL; say what matters"
        )));
    }
    if ask.expires_in_s.is_some_and(|s| !WAITS_S.contains(&s)) {
        return Err(AppError::Invalid(
            "the field `expires_in_s` is between 60 (a minute) and 2592000 (thirty days)".to_owned(),
        ));
    }
    if ask.allowed_decisions.as_ref().is_some_and(Vec::is_empty) {
        return Err(AppError::Invalid(
            "the field `allowed_decisions` must name at least one of approve, edit, reject, respond".to_owned(),
        ));
    }
    Ok(())
}

/// What is stored of a question.
fn new_row(app: &App, caller: &Caller, ask: &Ask, args: &Args) -> row::Model {
    let token = caller.program.as_ref().map(|program| program.id);
    let mut allowed = ask
        .allowed_decisions
        .clone()
        .unwrap_or_else(|| DecisionType::ALL.to_vec());
    allowed.sort_unstable();
    allowed.dedup();
    let (id, now) = (ActionId::new(&*app.sources().ids), app.now());
    let hash = ArgsHash::of(&ask.name, args, "");
    let action = Action::new(
        id,
        Runs::There,
        hash,
        1,
        now.plus_ms(ask.expires_in_s.unwrap_or(A_DAY_S) * 1_000),
        ask.on_timeout,
    );
    let asked = Proposed {
        action: &action,
        args,
        sent: "",
        at: now,
    };
    row::Model {
        origin: ActionOrigin::Agent,
        asked_by: caller
            .program
            .as_ref()
            .map_or("administrator", |program| &program.name)
            .to_owned(),
        token_id: token,
        call_key: key(token, &ask.tool_call_id),
        conversation_id: ask.conversation_id,
        name: ask.name.clone(),
        description: ask.description.clone().unwrap_or_default(),
        risk: ask.risk,
        args_schema: ask.args_schema.as_ref().map(Value::to_string),
        allowed: Json(allowed),
        callback_url: ask.callback_url.clone(),
        ..asked.row(caller.workspace_id)
    }
}

/// Asks people for an approval. Asking again for the same call with the same content finds the same approval.
///
/// # Errors
/// [`AppError::Invalid`] with what is wrong, [`AppError::Conflict`] for the same call with other content, [`AppError::TooMany`] for
/// an agent that asks for more than people can look at, [`AppError::NotFound`] for an unknown conversation.
pub async fn ask(app: &App, caller: &Caller, ask: Ask) -> Result<Asked, AppError> {
    let token = whose(caller)?;
    checked(&ask)?;
    let invalid = |error: &dyn std::fmt::Display| AppError::Invalid(error.to_string());
    let args = Args::new(ask.args.clone()).map_err(|error| invalid(&error))?;
    if let Some(schema) = ask.args_schema.clone() {
        let schema = Schema::new(schema).map_err(|error| invalid(&error))?;
        schema.check(&args).map_err(|error| invalid(&error))?;
    }
    if let Some(url) = &ask.callback_url {
        webhooks::check_url(app, url)?;
    }
    let row = new_row(app, caller, &ask, &args);
    let actor = caller.actor();
    let written = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let row = row.clone();
            Box::pin(async move {
                if let Some(known) = tx.action_of_key(&row.call_key).await? {
                    return if is_same(&known, &row) {
                        Ok(Change::Unlogged((known, false)))
                    } else {
                        Err(AppError::Conflict {
                            sentence: "this `tool_call_id` was used for something else; use a fresh one for each call"
                                .to_owned(),
                            extra: json!({ "id": known.id }),
                        })
                    };
                }
                refuse_too_many(tx, token).await?;
                if let Some(conversation) = row.conversation_id {
                    tx.conversation(conversation)
                        .await?
                        .ok_or(AppError::NotFound("the conversation"))?;
                }
                tx.insert(row.clone()).await?;
                schedule(tx, &row).await?;
                let entry = tell::entry(EventKind::ActionProposed, actor, &row)
                    .with("asked_by", row.asked_by.clone())
                    .with("args", row.args.clone())
                    .with("args_hash", row.args_hash.to_string());
                Ok(Change::Logged((row, true), entry))
            })
        })
        .await;
    let (row, is_new) = match written {
        Err(AppError::TooMany(sentence)) => {
            tell::braked(app, caller).await?;
            return Err(AppError::TooMany(sentence));
        }
        other => other?,
    };
    Ok(Asked {
        approval: approval(app, &app.store().rows(caller.workspace_id), row).await?,
        is_new,
    })
}

async fn refuse_too_many(tx: &Tx<'_>, token: Option<TokenId>) -> Result<(), AppError> {
    let filter = ActionFilter {
        statuses: vec![ActionStatus::Waiting],
        token,
        conversation: None,
    };
    if token.is_some() && tx.action_count(&filter).await? >= MOST_WAITING {
        return Err(AppError::TooMany(format!(
            "this agent has {MOST_WAITING} approvals that wait for people already; wait for their decisions, or cancel some"
        )));
    }
    Ok(())
}

/// Was the same asked before? When it expires may differ.
fn is_same(known: &row::Model, row: &row::Model) -> bool {
    let of = |row: &row::Model| {
        (
            row.args_hash,
            row.args_schema.clone(),
            row.description.clone(),
            (row.risk, row.on_timeout, row.conversation_id),
            row.allowed.clone(),
            row.callback_url.clone(),
        )
    };
    of(known) == of(row)
}

/// One of the caller's approvals.
///
/// # Errors
/// [`AppError::NotFound`] for another agent's or workspace's, [`AppError::Forbidden`].
pub async fn of_agent(app: &App, caller: &Caller, id: ActionId) -> Result<ApprovalView, AppError> {
    let rows = app.store().rows(caller.workspace_id);
    let row = own(rows.action(id).await?, whose(caller)?)?;
    approval(app, &rows, row).await
}

fn own(row: Option<row::Model>, token: Option<TokenId>) -> Result<row::Model, AppError> {
    row.filter(|row| row.runs == Runs::There && (token.is_none() || row.token_id == token))
        .ok_or(AppError::NotFound("the approval"))
}

/// The caller's approvals, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn of_agent_all(
    app: &App,
    caller: &Caller,
    statuses: Vec<ActionStatus>,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<ApprovalView>, AppError> {
    let token = whose(caller)?;
    let rows = app.store().rows(caller.workspace_id);
    let below = after.map(str::parse::<ActionId>).transpose()?;
    let filter = ActionFilter {
        statuses,
        token,
        conversation: None,
    };
    let found = rows.actions(&filter, below, limit).await?;
    let next = next_page(&found, limit, |last| last.id.to_string());
    let mut items = Vec::with_capacity(found.len());
    for row in found.into_iter().filter(|row| row.runs == Runs::There) {
        items.push(approval(app, &rows, row).await?);
    }
    Ok(Page { items, next })
}

/// One of the caller's approvals as soon as it is decided, or as it is when the wait is over.
///
/// # Errors
/// Those of [`of_agent`].
pub async fn waited_for(app: &App, caller: &Caller, id: ActionId, wait: Duration) -> Result<ApprovalView, AppError> {
    // Listening begins before the first look, so that no decision falls in between.
    let mut committed = live::committed(app);
    let about = id.to_string();
    let decided = async {
        loop {
            let view = of_agent(app, caller, id).await?;
            if view.status != "pending" {
                return Ok(view);
            }
            loop {
                match committed.recv().await {
                    Ok(entry) if entry.header.refs.get("action") == Some(&about) => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return Ok(view),
                }
            }
        }
    };
    match timeout(wait.min(LONGEST_WAIT), decided).await {
        Ok(decided) => decided,
        Err(_elapsed) => of_agent(app, caller, id).await,
    }
}

/// Uses an approval: exactly once, for exactly what was approved.
///
/// # Errors
/// [`AppError::Conflict`] if it is not approved, was used, or is about something else; [`AppError::NotFound`].
pub async fn consume(app: &App, caller: &Caller, id: ActionId, hash: &str) -> Result<Consumed, AppError> {
    let token = whose(caller)?;
    let hash: ArgsHash = hash.parse().map_err(|error| AppError::Invalid(format!("{error}")))?;
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let (row, action) = load_own(tx, id, token).await?;
                let action = match action.consume(hash, now) {
                    Ok(action) => action,
                    Err(error) => return Err(explain(tx, error).await?),
                };
                // What is handed out is read from the row; that it is what was approved is checked once more, over its own bytes.
                let args = args_of(&row.standing_args)?;
                if ArgsHash::of(&row.name, &args, &row.standing_request) != hash {
                    return Err(AppError::Internal(
                        "a stored proposal does not have the hash that was approved".to_owned(),
                    ));
                }
                let row = row::Model {
                    begun_at: Some(now),
                    attempts: 1,
                    ended_at: Some(now),
                    ..super::stored::after(row, &action)
                };
                save(tx, row.clone()).await?;
                let consumed = Consumed {
                    name: row.name.clone(),
                    args: args.value(),
                    args_hash: hash.to_string(),
                    consumed_at: now,
                };
                let entry = tell::entry(EventKind::ActionConsumed, actor, &row);
                Ok(Change::Logged(consumed, entry))
            })
        })
        .await
}

async fn load_own(tx: &Tx<'_>, id: ActionId, token: Option<TokenId>) -> Result<(row::Model, Action), AppError> {
    own(tx.action(id).await?, token)?;
    load(tx, id).await
}

/// The agent takes its question back.
///
/// # Errors
/// [`AppError::Conflict`] once it was used or refused, [`AppError::NotFound`].
pub async fn cancel(app: &App, caller: &Caller, id: ActionId) -> Result<ApprovalView, AppError> {
    let token = whose(caller)?;
    let (actor, now) = (caller.actor(), app.now());
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let (row, action) = load_own(tx, id, token).await?;
                let cancelled = match action.cancel() {
                    Ok(action) => action,
                    Err(error) => return Err(explain(tx, error).await?),
                };
                if cancelled == action {
                    return Ok(Change::Unlogged(row));
                }
                let row = row::Model {
                    ended_at: Some(now),
                    ..super::stored::after(row, &cancelled)
                };
                save(tx, row.clone()).await?;
                let entry = tell::entry(EventKind::ActionCancelled, actor, &row);
                Ok(Change::Logged(row, entry))
            })
        })
        .await?;
    approval(app, &app.store().rows(caller.workspace_id), row).await
}
