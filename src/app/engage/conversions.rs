//! What visitors reached, and which conversation it counts for: [`crate::domain::goal`] has the rules.

use super::goals::{currency_of, of_row};
use crate::app::agents::PublicAgent;
use crate::app::insight::{self, AnalysisInput};
use crate::app::views::{Page, next_page};
use crate::app::visit::Visitor;
use crate::app::{App, AppError, Caller, policy};
use crate::domain::account::Scope;
use crate::domain::goal::{
    Amount, ClaimError, ConversionSource, Counted, GoalKind, Known, LastWord, Said, Worth, attributed, code, counted,
    order_id, takes_over,
};
use crate::domain::ids::{ConversationId, ConversionId, GoalId};
use crate::domain::insight::{Day, Period};
use crate::domain::log::{Actor, EventKind};
use crate::domain::money::{Currency, NotACurrency};
use crate::domain::page::PagePath;
use crate::domain::text::Email;
use crate::domain::time::Timestamp;
use crate::store::entity::{conversion, goal};
use crate::store::{Change, ConversionFilter, LogDraft, Tx};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The shop's server may report so late, in milliseconds: thirty days.
const LATE_MS: i64 = 30 * 24 * 60 * 60_000;
/// Conversations of one address that are looked at.
const OF_ADDRESS: u64 = 50;
/// Floods are told once an hour for each conversation.
const TOLD_EVERY_MS: i64 = 60 * 60_000;
/// Conversations that are remembered for it.
const MOST_FLOODED: usize = 10_000;

/// What was reached, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConversionView {
    /// Its id.
    pub id: ConversionId,
    /// Which goal.
    pub goal_id: GoalId,
    /// What people call it.
    pub goal: String,
    /// The conversation it counts for.
    pub conversation_id: ConversationId,
    /// What it is worth, in the currency's smallest unit.
    pub value: Option<i64>,
    /// In which currency.
    pub currency: Option<Currency>,
    /// Who says so: `page` (unproven) or `api` (confirmed).
    pub source: ConversionSource,
    /// The shop's own id of the order.
    pub order_id: Option<String>,
    /// When it was reached.
    pub at: Timestamp,
    /// When the shop's server said so.
    pub confirmed_at: Option<Timestamp>,
}

/// Which conversions are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct ConversionWish {
    /// Those of one goal.
    pub goal: Option<GoalId>,
    /// Those of one conversation.
    pub conversation: Option<ConversationId>,
    /// Those reached on this day or later, by the business's clocks, like `2026-05-01`.
    pub from: Option<Day>,
    /// Those reached on this day or earlier.
    pub to: Option<Day>,
}

/// What was reached, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn conversions(
    app: &App,
    caller: &Caller,
    wish: ConversionWish,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<ConversionView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let below = after.map(str::parse::<ConversionId>).transpose()?;
    let zone = policy::zone(&rows).await?;
    let filter = ConversionFilter {
        goal: wish.goal,
        conversation: wish.conversation,
        from: wish.from.map(|day| day.begins(&zone)),
        before: wish.to.map(|day| day.plus(1).begins(&zone)),
    };
    let found = rows.conversions(filter, below, limit).await?;
    let next = next_page(&found, limit, |last| last.id.to_string());
    let names: HashMap<GoalId, String> = rows
        .goals()
        .await?
        .into_iter()
        .map(|goal| (goal.id, goal.name))
        .collect();
    let view = |row| view(row, &names);
    Ok(Page {
        items: found.into_iter().map(view).collect(),
        next,
    })
}

/// What was reached in a period, the newest first, and which days those are: the last four weeks where nothing is said.
///
/// # Errors
/// [`AppError::Invalid`] for what is no period, [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn reached_in(
    app: &App,
    caller: &Caller,
    input: &AnalysisInput,
    goal: Option<GoalId>,
    after: Option<&str>,
    limit: u64,
) -> Result<(Period, Page<ConversionView>), AppError> {
    caller.require(Scope::Read)?;
    let period = insight::period_of(app, &app.store().rows(caller.workspace_id), input).await?;
    let wish = ConversionWish {
        goal,
        conversation: None,
        from: Some(period.first),
        to: Some(period.last),
    };
    Ok((period, conversions(app, caller, wish, after, limit).await?))
}

fn view(row: conversion::Model, names: &HashMap<GoalId, String>) -> ConversionView {
    ConversionView {
        goal: names.get(&row.goal_id).cloned().unwrap_or_default(),
        id: row.id,
        goal_id: row.goal_id,
        conversation_id: row.conversation_id,
        value: row.value,
        currency: row.currency,
        source: row.source,
        order_id: row.order_ref,
        at: row.at,
        confirmed_at: row.confirmed_at,
    }
}

/// What a page says of its visitor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageClaim {
    /// The event's name.
    pub event: String,
    /// How much, as scripts have it: 12.5.
    #[serde(default)]
    pub value: Option<f64>,
    /// Of which currency.
    #[serde(default)]
    pub currency: Option<String>,
    /// The shop's own id of the order.
    #[serde(default)]
    pub order_id: Option<String>,
}

/// What the shop's server says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The goal's id or name.
    pub goal: String,
    /// The conversation, if the shop knows it.
    #[serde(default)]
    pub conversation_id: Option<ConversationId>,
    /// Or the address that the visitor left.
    #[serde(default)]
    pub email: Option<String>,
    /// How much, in the currency's smallest unit.
    #[serde(default)]
    pub value: Option<i64>,
    /// Of which currency.
    #[serde(default)]
    pub currency: Option<String>,
    /// The shop's own id of the order.
    #[serde(default)]
    pub order_id: Option<String>,
    /// When it was reached; now, if nothing is said.
    #[serde(default)]
    pub at: Option<Timestamp>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// It counts, or is confirmed, by this; else it was counted before, or there is no conversation that it could count for.
    pub counted: bool,
    /// What counts; nothing where there is no conversation that it could count for.
    pub conversion: Option<ConversionView>,
}

fn invalid(error: &ClaimError) -> AppError {
    AppError::Invalid(error.to_string())
}

fn said(amount: Option<Amount>, currency: Option<&str>) -> Result<Option<Said>, AppError> {
    let currency = currency.map(str::parse::<Currency>).transpose();
    let currency = currency.map_err(|error: NotACurrency| AppError::Invalid(error.to_string()))?;
    Ok(amount.map(|amount| Said { amount, currency }))
}

/// One thing that was reached, ready to be written.
#[derive(Debug, Clone)]
struct Reached {
    id: ConversionId,
    goal: goal::Model,
    said: Option<Said>,
    order_id: Option<String>,
    source: ConversionSource,
    at: Timestamp,
    now: Timestamp,
    actor: Actor,
}

/// A page says that its visitor reached something.
///
/// # Errors
/// [`AppError::NotFound`] for an event that is no goal, [`AppError::Invalid`] for a value that does not count.
pub async fn from_page(app: &App, visitor: &Visitor, claim: &PageClaim) -> Result<Recorded, AppError> {
    let name = code(&claim.event).ok_or(AppError::NotFound("a goal with this event"))?;
    let goals = app.store().rows(visitor.workspace_id).goals().await?;
    let is_meant =
        |goal: &goal::Model| goal.kind == GoalKind::Event && goal.retired_at.is_none() && goal.reached_on == name;
    let goal = goals.into_iter().find(is_meant);
    let goal = goal.ok_or(AppError::NotFound("a goal with this event"))?;
    let order_id = claim.order_id.as_deref().map(order_id).transpose();
    let reached = Reached {
        id: ConversionId::new(&*app.sources().ids),
        said: said(claim.value.map(Amount::Number), claim.currency.as_deref())?,
        order_id: order_id.map_err(|error| invalid(&error))?,
        goal,
        source: ConversionSource::Page,
        at: app.now(),
        now: app.now(),
        actor: Actor::Visitor(visitor.visitor_id),
    };
    record(app, visitor.workspace_id, vec![visitor.conversation_id], reached).await
}

/// A visitor who has a conversation opened a page: counts for each goal that this reaches. Returns how many it was news for.
///
/// # Errors
/// The store's.
pub async fn opened(app: &App, agent: &PublicAgent, visitor: &Visitor, path: &PagePath) -> Result<u64, AppError> {
    // Another agent's page shows this workspace's visitor nothing, and the other way round.
    if visitor.workspace_id != agent.workspace_id {
        return Ok(0);
    }
    let rows = app.store().rows(visitor.workspace_id);
    let mut news = 0;
    for goal in rows.goals().await? {
        if goal.retired_at.is_some() || !of_row(&goal).is_reached_at(path) {
            continue;
        }
        // Whoever goes back and forth keeps no writer busy.
        if rows.conversion_of(goal.id, visitor.conversation_id).await?.is_some() {
            continue;
        }
        let reached = Reached {
            id: ConversionId::new(&*app.sources().ids),
            goal,
            said: None,
            order_id: None,
            source: ConversionSource::Page,
            at: app.now(),
            now: app.now(),
            actor: Actor::Visitor(visitor.visitor_id),
        };
        let recorded = record(app, visitor.workspace_id, vec![visitor.conversation_id], reached).await?;
        news += u64::from(recorded.counted);
    }
    Ok(news)
}

/// The shop's server says that somebody reached something.
///
/// # Errors
/// [`AppError::OtherScope`], [`AppError::NotFound`] for an unknown goal or conversation, [`AppError::Invalid`] for anything else that cannot be counted.
pub async fn report(app: &App, caller: &Caller, claim: &Claim) -> Result<Recorded, AppError> {
    caller.require(Scope::Convert)?;
    let rows = app.store().rows(caller.workspace_id);
    let now = app.now();
    let at = claim.at.unwrap_or(now);
    if at > now || now.ms_since(at) > LATE_MS {
        return Err(AppError::Invalid(
            "the time in `at` must lie in the past, at most thirty days ago, in milliseconds since 1970 UTC".to_owned(),
        ));
    }
    let wanted = claim.goal.trim();
    let by_id: Option<GoalId> = wanted.parse().ok();
    let is_meant = |goal: &goal::Model| {
        goal.retired_at.is_none() && (Some(goal.id) == by_id || goal.name.to_lowercase() == wanted.to_lowercase())
    };
    let goal = rows.goals().await?.into_iter().find(is_meant);
    let goal = goal.ok_or(AppError::NotFound("a goal of this id or name"))?;
    let conversations = match (&claim.conversation_id, &claim.email) {
        (Some(id), None) => {
            let found = rows.conversation(*id).await?;
            vec![found.ok_or(AppError::NotFound("the conversation"))?.id]
        }
        (None, Some(email)) => {
            let email = Email::parse(email)?;
            let left = rows.contacts_at(email.as_str(), OF_ADDRESS).await?;
            left.into_iter().map(|contact| contact.conversation_id).collect()
        }
        _ => {
            return Err(AppError::Invalid(
                "say whose it is with either `conversation_id` or `email`".to_owned(),
            ));
        }
    };
    let order_id = claim.order_id.as_deref().map(order_id).transpose();
    let reached = Reached {
        id: ConversionId::new(&*app.sources().ids),
        goal,
        said: said(claim.value.map(Amount::Minor), claim.currency.as_deref())?,
        order_id: order_id.map_err(|error| invalid(&error))?,
        source: ConversionSource::Api,
        at,
        now,
        actor: caller.actor(),
    };
    record(app, caller.workspace_id, conversations, reached).await
}

async fn record(
    app: &App,
    workspace_id: crate::domain::ids::WorkspaceId,
    conversations: Vec<ConversationId>,
    reached: Reached,
) -> Result<Recorded, AppError> {
    app.store()
        .write(workspace_id, move |tx| {
            let (conversations, reached) = (conversations.clone(), reached.clone());
            Box::pin(async move {
                let mut said = Vec::new();
                for id in conversations {
                    let spam = tx.conversation(id).await?.is_none_or(|row| row.spam.is_some());
                    if let Some(at) = tx.last_word(id, reached.at).await?.filter(|_| !spam) {
                        said.push(LastWord { at, conversation: id });
                    }
                }
                let Some(conversation_id) = attributed(&said, reached.at) else {
                    let nothing = Recorded {
                        counted: false,
                        conversion: None,
                    };
                    return Ok(Change::Unlogged(nothing));
                };
                write(tx, conversation_id, reached).await
            })
        })
        .await
}

async fn write(tx: &Tx<'_>, conversation_id: ConversationId, reached: Reached) -> Result<Change<Recorded>, AppError> {
    let goal = &reached.goal;
    let currency = currency_of(tx).await?;
    let value = of_row(goal)
        .worth_of(reached.said, currency, reached.source)
        .map_err(|error| invalid(&error))?;
    let here = tx.conversion_of(goal.id, conversation_id).await?;
    let elsewhere = match &reached.order_id {
        Some(order) => tx.conversion_of_order(order).await?,
        None => None,
    };
    let order = elsewhere.as_ref().map(|row| Known {
        source: row.source,
        is_same: row.goal_id == goal.id && row.conversation_id == conversation_id,
    });
    let names = HashMap::from([(goal.id, goal.name.clone())]);
    let shown = |counted: bool, row: conversion::Model| Recorded {
        counted,
        conversion: Some(view(row, &names)),
    };
    let kind = match counted(here.as_ref().map(|row| row.source), order, reached.source) {
        Counted::Before => {
            let row = here.or(elsewhere);
            return Ok(Change::Unlogged(Recorded {
                counted: false,
                conversion: row.map(|row| view(row, &names)),
            }));
        }
        Counted::New => EventKind::ConversionRecorded,
        Counted::Confirmed => EventKind::ConversionConfirmed,
    };
    let mut entry = LogDraft::new(kind, reached.actor)
        .about("goal", goal.id)
        .about("conversation", conversation_id)
        .about(
            "source",
            if reached.source == ConversionSource::Api {
                "api"
            } else {
                "page"
            },
        );
    if let (Some(order), Some(row)) = (order, elsewhere)
        && takes_over(order, reached.source)
    {
        tx.remove_conversion(row.id).await?;
        entry = entry
            .about("instead_of", row.id)
            .about("instead_of_conversation", row.conversation_id);
    }
    let is_worth = goal.worth != Worth::None;
    let row = conversion::Model {
        id: here.as_ref().map_or(reached.id, |row| row.id),
        workspace_id: tx.workspace_id(),
        goal_id: goal.id,
        conversation_id,
        value,
        currency: is_worth.then_some(currency),
        source: reached.source,
        order_ref: reached.order_id,
        at: here.as_ref().map_or(reached.at, |row| row.at),
        confirmed_at: (reached.source == ConversionSource::Api).then_some(reached.now),
    };
    match here {
        Some(_) => tx.update(row.clone()).await?,
        None => tx.insert(row.clone()).await?,
    }
    entry = entry.about("conversion", row.id).with("goal", goal.name.clone());
    Ok(Change::Logged(shown(true, row), entry))
}

/// Of which conversations floods were told lately: the hour, by conversation. In memory: a restart tells once more.
#[derive(Debug, Default)]
pub(in crate::app) struct Flooded(Mutex<HashMap<ConversationId, i64>>);

impl Flooded {
    fn is_first(&self, id: ConversationId, hour: i64) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_FLOODED {
            known.retain(|_, told| *told == hour);
        }
        // A flood of floods is told no more than this holds.
        (known.len() < MOST_FLOODED || known.contains_key(&id)) && known.insert(id, hour) != Some(hour)
    }
}

/// A page says more of its visitor than anybody reaches, and is refused: noted once an hour.
///
/// # Errors
/// The store's.
pub async fn flooded(app: &App, visitor: &Visitor) -> Result<(), AppError> {
    let hour = app.now().0.div_euclid(TOLD_EVERY_MS);
    if !app.inner.flooded.is_first(visitor.conversation_id, hour) {
        return Ok(());
    }
    let visitor = *visitor;
    app.store()
        .write(visitor.workspace_id, move |_| {
            Box::pin(async move {
                let entry = LogDraft::new(EventKind::ConversionsFlooded, Actor::Visitor(visitor.visitor_id))
                    .about("conversation", visitor.conversation_id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
