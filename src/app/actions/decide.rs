//! People decide about proposals: look, approve, change, refuse, answer, take it back.

use super::propose::{checked, made, require_within_day};
use super::stored::{after, args_of, explain, load, save};
use super::tell;
use super::view::{ActionView, view};
use crate::app::caller::Caller;
use crate::app::ledger;
use crate::app::views::Names;
use crate::app::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::action::args::{Args, ArgsHash};
use crate::domain::action::rules::{Judged, judge};
use crate::domain::action::schema::Schema;
use crate::domain::action::strict::strict_if_any;
use crate::domain::action::{Action, ActionStatus, Decider, DecisionType, Wish};
use crate::domain::ids::{ActionId, MemberId, TokenId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::text::Note;
use crate::store::entity::{action as row, tool_version};
use crate::store::{Change, LogDraft, Tx};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a reviewer decides.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// The decision.
    #[serde(rename = "type")]
    pub kind: DecisionType,
    /// The hash of what was on the screen.
    pub args_hash: String,
    /// For an edit: the arguments as they shall be.
    #[serde(default, deserialize_with = "strict_if_any")]
    pub args: Option<Value>,
    /// For whoever asked: why not, or what to do instead.
    #[serde(default)]
    pub message: Option<String>,
}

/// What a person does with a proposal.
#[derive(Debug, Clone)]
enum Deed {
    Decide {
        wish: Decide,
        seen: ArgsHash,
        message: Option<String>,
        program: Option<TokenId>,
    },
    Undo,
    Lease,
    ReleaseLease,
    FindOut {
        was_done: bool,
    },
}

/// Who does it.
#[derive(Debug, Clone, Copy)]
struct By {
    member: MemberId,
    actor: Actor,
}

/// Writes a deed, and shows the proposal as it is then.
async fn change(app: &App, caller: &Caller, id: ActionId, deed: Deed) -> Result<ActionView, AppError> {
    caller.require(Scope::Review)?;
    let by = By {
        member: caller.member()?,
        actor: caller.actor(),
    };
    let app_of_write = app.clone();
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (app, deed) = (app_of_write.clone(), deed.clone());
            Box::pin(async move {
                let (row, action) = load(tx, id).await?;
                let (row, entry) = match deed {
                    Deed::Decide { .. } => decide_in(&app, tx, row, action, &deed, by).await?,
                    _ => change_in(&app, tx, row, action, &deed, by).await?,
                };
                save(tx, row.clone()).await?;
                Ok::<_, AppError>(match entry {
                    Some(entry) => Change::Logged(row, entry),
                    None => Change::Unlogged(row),
                })
            })
        })
        .await?;
    let rows = app.store().rows(caller.workspace_id);
    view(&rows, &mut Names::default(), caller, app.now(), row).await
}

/// What needs nothing but the rules.
async fn change_in(
    app: &App,
    tx: &Tx<'_>,
    row: row::Model,
    action: Action,
    deed: &Deed,
    by: By,
) -> Result<(row::Model, Option<LogDraft>), AppError> {
    let (changed, kind) = match deed {
        Deed::Undo => (action.undo(by.member, app.now()), EventKind::ActionUndone),
        Deed::Lease => (action.lease(by.member, app.now()), EventKind::ActionLeased),
        Deed::FindOut { was_done } => (action.found_out(*was_done), EventKind::ActionFoundOut),
        Deed::ReleaseLease | Deed::Decide { .. } => (Ok(action.release_lease(by.member)), EventKind::ActionLeased),
    };
    let changed = match changed {
        Ok(changed) => changed,
        Err(error) => return Err(explain(tx, error).await?),
    };
    let holder = |action: &Action| action.lease.map(|lease| lease.member);
    // Renewing a lease is no news.
    let is_news = kind != EventKind::ActionLeased || holder(&changed) != holder(&action);
    let mut row = after(row, &changed);
    if let Deed::FindOut { was_done } = deed {
        let found = if *was_done { "was done" } else { "was not done" };
        let before = row
            .result
            .map(|result| format!(" Before that: {result}"))
            .unwrap_or_default();
        row.result = Some(format!("A person found out that it {found}.{before}"));
    }
    let mut entry = tell::entry(kind, by.actor, &row);
    if let Deed::FindOut { was_done } = deed {
        entry = entry.about("was_done", *was_done).with("was_done", *was_done);
    }
    Ok((row, is_news.then_some(entry)))
}

/// A reviewer decides about what was on the screen.
///
/// # Errors
/// [`AppError::Conflict`] when it was decided already, has expired, is leased by a colleague, or was changed; [`AppError::Invalid`] for
/// arguments that the schema, a rule or a limit of the day forbids.
pub async fn decide(app: &App, caller: &Caller, id: ActionId, wish: Decide) -> Result<ActionView, AppError> {
    caller.require(Scope::Review)?;
    let seen: ArgsHash = wish
        .args_hash
        .parse()
        .map_err(|error| AppError::Invalid(format!("{error}")))?;
    let message = wish.message.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let message: Option<String> = message.map(Note::parse).transpose()?.map(String::from);
    if wish.kind == DecisionType::Respond && message.is_none() {
        return Err(AppError::Invalid(
            "write what whoever asked should do or say instead".to_owned(),
        ));
    }
    let program = caller.program.as_ref().map(|program| program.id);
    if wish.args.is_some() && wish.kind != DecisionType::Edit {
        return Err(AppError::Invalid(
            "to change the arguments, decide `edit`; every other decision is about what was shown".to_owned(),
        ));
    }
    let deed = Deed::Decide {
        wish,
        seen,
        message,
        program,
    };
    change(app, caller, id, deed).await
}

async fn decide_in(
    app: &App,
    tx: &Tx<'_>,
    row: row::Model,
    action: Action,
    deed: &Deed,
    by: By,
) -> Result<(row::Model, Option<LogDraft>), AppError> {
    let Deed::Decide {
        wish,
        seen,
        message,
        program,
    } = deed
    else {
        return change_in(app, tx, row, action, deed, by).await;
    };
    let decider = Decider {
        member: by.member,
        asked: program.is_some() && row.token_id == *program,
    };
    if !row.allowed.0.contains(&wish.kind) {
        let words: Vec<String> = row
            .allowed
            .0
            .iter()
            .map(|kind| json!(kind).as_str().unwrap_or_default().to_owned())
            .collect();
        return Err(AppError::Invalid(format!(
            "whoever asked can deal with these decisions only: {}",
            words.join(", ")
        )));
    }
    let version = match row.tool_version_id {
        Some(id) => tx.tool_version(id).await?,
        None => None,
    };
    let edited = match (wish.kind, &wish.args) {
        (DecisionType::Edit, Some(args)) => Some(edited(tx, &row, version.as_ref(), args.clone()).await?),
        (DecisionType::Edit, None) => return Err(AppError::Invalid("say what the arguments shall be".to_owned())),
        _ => None,
    };
    let mut action = action;
    if let Some(edited) = &edited {
        action.ballot = action.ballot.requiring(edited.people);
    }
    let now = app.now();
    let undo_ms = ledger::settings(tx).await?.undo_ms;
    let domain_wish = Wish {
        kind: wish.kind,
        seen: *seen,
        edited: edited.as_ref().map(|edited| edited.hash),
    };
    let changed = match action.decide(domain_wish, decider, now, undo_ms) {
        Ok(changed) => changed,
        Err(error) => return Err(explain(tx, error).await?),
    };
    let mut row = after(row, &changed);
    row.quorum = i64::from(changed.ballot.quorum());
    if let Some(edited) = edited {
        row.standing_args = edited.args.text().to_owned();
        row.standing_request = edited.sent;
    }
    let is_decided = changed.status == ActionStatus::Decided;
    if is_decided {
        row.message.clone_from(message);
    }
    if let (Some(version), true) = (&version, is_decided && wish.kind.lets_run()) {
        require_within_day(tx, version, &args_of(&row.standing_args)?, now).await?;
    }
    let kind = if is_decided {
        EventKind::ActionDecided
    } else {
        EventKind::ActionApproved
    };
    let entry = tell::entry(kind, by.actor, &row)
        .with("type", json!(wish.kind))
        .with("args", row.standing_args.clone())
        .with("args_hash", row.standing_hash.to_string())
        .with("message", row.message.clone());
    Ok((row, Some(entry)))
}

/// Arguments that somebody changed.
struct Edited {
    args: Args,
    sent: String,
    hash: ArgsHash,
    people: u8,
}

async fn edited(
    tx: &Tx<'_>,
    row: &row::Model,
    version: Option<&tool_version::Model>,
    args: Value,
) -> Result<Edited, AppError> {
    let invalid = |error: &dyn std::fmt::Display| AppError::Invalid(error.to_string());
    let (args, sent, people) = match version.map(|version| &version.definition.0) {
        Some(tool) => {
            let args = checked(tool, args)?;
            let people = match judge(tool, &args) {
                Judged::Refused(why) => return Err(AppError::Invalid(why)),
                Judged::Ask(people) => people,
                Judged::Alone => 1,
            };
            let sent = made(tx, tool, &args, (row.id, row.created_at), row.conversation_id).await?;
            (args, sent, people)
        }
        None => {
            let args = Args::new(args).map_err(|error| invalid(&error))?;
            if let Some(schema) = &row.args_schema {
                let schema = serde_json::from_str(schema).map_err(|error| AppError::Internal(error.to_string()))?;
                let schema = Schema::new(schema).map_err(|error| invalid(&error))?;
                schema.check(&args).map_err(|error| invalid(&error))?;
            }
            (args, String::new(), 1)
        }
    };
    Ok(Edited {
        hash: ArgsHash::of(&row.name, &args, &sent),
        args,
        sent,
        people,
    })
}

/// The reviewer takes a decision back, or their approval while others still have to approve.
///
/// # Errors
/// [`AppError::Conflict`] once it is final, or when there is nothing to undo.
pub async fn undo(app: &App, caller: &Caller, id: ActionId) -> Result<ActionView, AppError> {
    change(app, caller, id, Deed::Undo).await
}

/// A reviewer looks at it: others are told so, and decide something else meanwhile.
///
/// # Errors
/// [`AppError::Conflict`] while a colleague does, or when it does not wait any more.
pub async fn lease(app: &App, caller: &Caller, id: ActionId) -> Result<ActionView, AppError> {
    change(app, caller, id, Deed::Lease).await
}

/// They look away.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn release_lease(app: &App, caller: &Caller, id: ActionId) -> Result<ActionView, AppError> {
    change(app, caller, id, Deed::ReleaseLease).await
}

/// A person has found out whether something was done of which nobody knew.
///
/// # Errors
/// [`AppError::Conflict`] if that is known, [`AppError::NotFound`], [`AppError::Forbidden`].
pub async fn found_out(app: &App, caller: &Caller, id: ActionId, was_done: bool) -> Result<ActionView, AppError> {
    change(app, caller, id, Deed::FindOut { was_done }).await
}
