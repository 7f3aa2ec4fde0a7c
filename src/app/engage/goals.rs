//! Goals, as owners set them.

use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::goal::{Goal, GoalKind, MOST_GOALS, Worth};
use crate::domain::ids::GoalId;
use crate::domain::log::EventKind;
use crate::domain::money::Currency;
use crate::domain::settings::WorkspaceSettings;
use crate::domain::time::Timestamp;
use crate::store::entity::{goal, workspace};
use crate::store::{Change, GoalSum, Json, LogDraft, Rows, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What is counted for each goal in lists: the last thirty days, in milliseconds.
const COUNTED_MS: i64 = 30 * 24 * 60 * 60_000;

/// A goal as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoalView {
    /// Its id.
    pub id: GoalId,
    /// What people call it.
    pub name: String,
    /// How it is known that it was reached.
    pub kind: GoalKind,
    /// A pattern of paths, an event's name, or nothing.
    pub on: String,
    /// What it is worth.
    pub worth: Worth,
    /// The worth where it is fixed, the limit where it is given, in the currency's smallest unit.
    pub value: i64,
    /// The workspace's currency.
    pub currency: Currency,
    /// When it was set.
    pub created_at: Timestamp,
    /// When it was retired: it is not counted any more.
    pub retired_at: Option<Timestamp>,
    /// What was reached in the last thirty days, by who says so.
    pub reached: Vec<ReachedView>,
}

/// What was reached of a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReachedView {
    /// Who says so: `page` (unproven) or `api` (confirmed).
    pub source: crate::domain::goal::ConversionSource,
    /// How often.
    pub conversions: u64,
    /// What it is worth together, in the smallest unit.
    pub value: i64,
    /// In which currency; none where it is worth nothing.
    pub currency: Option<Currency>,
}

/// What is to be different about a goal. What is counted already stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalChange {
    /// Another name.
    pub name: Option<String>,
    /// Another page or event.
    pub on: Option<String>,
    /// Another worth.
    pub worth: Option<Worth>,
    /// Another value.
    pub value: Option<i64>,
    /// Whether it is retired.
    pub retired: Option<bool>,
}

pub(super) fn of_row(row: &goal::Model) -> Goal {
    Goal {
        name: row.name.clone(),
        kind: row.kind,
        on: row.reached_on.clone(),
        worth: row.worth,
        value: row.value,
    }
}

/// What the workspace counts money in.
pub(super) async fn currency_of(rows: &Rows<'_>) -> Result<Currency, AppError> {
    let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    Ok(workspace.settings.0.currency)
}

/// All goals, those in force first; what was reached of each in the last thirty days.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn goals(app: &App, caller: &Caller) -> Result<Vec<GoalView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let now = app.now();
    let sums = rows.goal_sums(now.plus_ms(-COUNTED_MS), now.plus_ms(1)).await?;
    let currency = currency_of(&rows).await?;
    let mut found = rows.goals().await?;
    found.sort_by_key(|row| row.retired_at.is_some());
    Ok(found.into_iter().map(|row| view(row, currency, &sums)).collect())
}

fn view(row: goal::Model, currency: Currency, sums: &[GoalSum]) -> GoalView {
    let reached = sums.iter().filter(|sum| sum.goal == row.id);
    GoalView {
        reached: reached
            .map(|sum| ReachedView {
                source: sum.source,
                conversions: sum.conversions,
                value: sum.value,
                currency: sum.currency,
            })
            .collect(),
        id: row.id,
        name: row.name,
        kind: row.kind,
        on: row.reached_on,
        worth: row.worth,
        value: row.value,
        currency,
        created_at: row.created_at,
        retired_at: row.retired_at,
    }
}

/// One of them.
///
/// # Errors
/// [`AppError::NotFound`], and those of [`goals`].
pub async fn goal(app: &App, caller: &Caller, id: GoalId) -> Result<GoalView, AppError> {
    let found = goals(app, caller).await?.into_iter().find(|goal| goal.id == id);
    found.ok_or(AppError::NotFound("the goal"))
}

/// A name, page or event that another goal in force has already.
async fn refuse_twice(tx: &Tx<'_>, id: GoalId, goal: &Goal) -> Result<(), AppError> {
    let others: Vec<goal::Model> = tx.goals().await?;
    let others: Vec<&goal::Model> = others
        .iter()
        .filter(|other| other.id != id && other.retired_at.is_none())
        .collect();
    if others.len() >= MOST_GOALS {
        return Err(AppError::Invalid(format!(
            "there are {MOST_GOALS} goals already; retire one that nobody looks at first"
        )));
    }
    let is_taken = |other: &&&goal::Model| {
        let same_event = goal.kind == GoalKind::Event && other.kind == GoalKind::Event && other.reached_on == goal.on;
        other.name.to_lowercase() == goal.name.to_lowercase() || same_event
    };
    match others.iter().find(is_taken) {
        Some(other) => Err(AppError::Conflict {
            sentence: format!(
                "the goal “{}” has this name or event already; choose another, or retire that one first",
                other.name
            ),
            extra: json!({ "goal": other.id }),
        }),
        None => Ok(()),
    }
}

fn entry(caller_actor: crate::domain::log::Actor, id: GoalId, what: &str, goal: &Goal) -> LogDraft {
    LogDraft::new(EventKind::GoalChanged, caller_actor)
        .about("goal", id)
        .about("change", what)
        .with("name", goal.name.clone())
        .with("on", goal.on.clone())
}

/// Sets a goal.
///
/// # Errors
/// [`AppError::Invalid`] with what is wrong with it, [`AppError::Conflict`] for a name or event that is taken, [`AppError::Forbidden`].
pub async fn add_goal(app: &App, caller: &Caller, wish: Goal) -> Result<GoalView, AppError> {
    caller.require(Scope::Admin)?;
    let goal = wish.checked().map_err(|error| AppError::Invalid(error.to_string()))?;
    let (id, actor, now) = (GoalId::new(&*app.sources().ids), caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let goal = goal.clone();
            Box::pin(async move {
                refuse_twice(tx, id, &goal).await?;
                tx.insert(goal::Model {
                    id,
                    workspace_id: tx.workspace_id(),
                    name: goal.name.clone(),
                    kind: goal.kind,
                    reached_on: goal.on.clone(),
                    worth: goal.worth,
                    value: goal.value,
                    created_at: now,
                    retired_at: None,
                })
                .await?;
                Ok::<_, AppError>(Change::Logged((), entry(actor, id, "added", &goal)))
            })
        })
        .await?;
    self::goal(app, caller, id).await
}

/// Changes a goal, retires it, or brings it back. What was counted stays.
///
/// # Errors
/// [`AppError::NotFound`], and those of [`add_goal`].
pub async fn change_goal(app: &App, caller: &Caller, id: GoalId, wish: GoalChange) -> Result<GoalView, AppError> {
    caller.require(Scope::Admin)?;
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let wish = wish.clone();
            Box::pin(async move {
                let row = tx.goal(id).await?.ok_or(AppError::NotFound("the goal"))?;
                let before = of_row(&row);
                let goal = Goal {
                    name: wish.name.unwrap_or(before.name),
                    kind: before.kind,
                    on: wish.on.unwrap_or(before.on),
                    worth: wish.worth.unwrap_or(before.worth),
                    value: wish.value.unwrap_or(before.value),
                };
                let goal = goal.checked().map_err(|error| AppError::Invalid(error.to_string()))?;
                let retired_at = match wish.retired {
                    Some(true) => row.retired_at.or(Some(now)),
                    Some(false) => None,
                    None => row.retired_at,
                };
                if retired_at.is_none() {
                    refuse_twice(tx, id, &goal).await?;
                }
                let what = match (row.retired_at, retired_at) {
                    (None, Some(_)) => "retired",
                    (Some(_), None) => "brought_back",
                    _ if goal == of_row(&row) => return Ok(Change::Unlogged(())),
                    _ => "changed",
                };
                let entry = entry(actor, id, what, &goal);
                tx.update(goal::Model {
                    name: goal.name,
                    reached_on: goal.on,
                    worth: goal.worth,
                    value: goal.value,
                    retired_at,
                    ..row
                })
                .await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    self::goal(app, caller, id).await
}

/// What the workspace counts money in.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn currency(app: &App, caller: &Caller) -> Result<Currency, AppError> {
    caller.require(Scope::Read)?;
    currency_of(&app.store().rows(caller.workspace_id)).await
}

/// Says what the workspace counts money in. What was counted before stays in the currency of then; goals in force that are worth something would
/// mean something else, so there must be none.
///
/// # Errors
/// [`AppError::Invalid`] for a currency that is not known, [`AppError::Conflict`] while such goals are in force, [`AppError::Forbidden`].
pub async fn set_currency(app: &App, caller: &Caller, code: &str) -> Result<Currency, AppError> {
    caller.require(Scope::Admin)?;
    let currency: Currency = code
        .parse()
        .map_err(|error: crate::domain::money::NotACurrency| AppError::Invalid(error.to_string()))?;
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
                if row.settings.0.currency == currency {
                    return Ok(Change::Unlogged(currency));
                }
                let goals = tx.goals().await?;
                if let Some(goal) = goals.iter().find(|goal| goal.retired_at.is_none() && goal.value > 0) {
                    return Err(AppError::Conflict {
                        sentence: format!(
                            "the goal “{}” has a value in {}; retire such goals first, and set them anew in {currency}",
                            goal.name, row.settings.0.currency
                        ),
                        extra: json!({ "goal": goal.id }),
                    });
                }
                let settings = WorkspaceSettings {
                    currency,
                    ..row.settings.0.clone()
                };
                tx.update(workspace::Model {
                    settings: Json(settings),
                    ..row
                })
                .await?;
                let entry = LogDraft::new(EventKind::WorkspaceChanged, actor).with("currency", currency.code());
                Ok::<_, AppError>(Change::Logged(currency, entry))
            })
        })
        .await
}
