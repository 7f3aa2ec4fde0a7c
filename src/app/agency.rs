//! All clients of somebody who looks after several workspaces, on one page. Nobody sees here what they could not see by going there.

use super::accounts::{self, Place};
use super::actions::{self, ActionWish};
use super::caller::Caller;
use super::limits::{self, UseView};
use super::views::Sheet;
use super::{App, AppError, evidence, insight, undelivered};
use crate::domain::account::{Role, Scope};
use crate::domain::attention::{Attention, order};
use crate::domain::ids::WorkspaceId;
use crate::domain::insight::{Day, Figures, Period, Share};
use crate::domain::limits::Level;
use crate::domain::policy::GateState;
use crate::domain::time::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Value, json};

/// Days that the figures are about; today is the last one.
const DAYS: i64 = 7;
/// So many workspaces make an agency.
const AT_LEAST: usize = 2;

/// Something about a client that needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// What.
    pub code: Attention,
    /// The same as a sentence.
    pub in_words: String,
}

/// The last seven days of a client, as the page Analyse there has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Week {
    /// Which days.
    pub period: Period,
    /// Conversations.
    pub conversations: u64,
    /// Answers without a person.
    pub automation: Share,
    /// Conversations in which the AI gave up.
    pub handoff: Share,
    /// Conversations in which the visitor was helped.
    pub resolved: Share,
    /// Four and five stars.
    pub csat: Share,
}

impl Week {
    fn of(period: Period, figures: &Figures) -> Self {
        Self {
            period,
            conversations: figures.conversations,
            automation: figures.automation,
            handoff: figures.handoff,
            resolved: figures.resolved,
            csat: figures.csat,
        }
    }
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Its workspace.
    pub workspace_id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What the asker is there.
    pub role: Role,
    /// The asker is in it now.
    pub is_current: bool,
    /// Review items and proposals that wait.
    pub waiting: u64,
    /// Since when the one waits that waits longest.
    pub waiting_since: Option<Timestamp>,
    /// Its gate: `closed`, `uncertified` or `certified`.
    pub gate: &'static str,
    /// The last seven days.
    pub week: Week,
    /// What is used of its limits.
    pub limits: Vec<UseView>,
    /// What needs attention, the most pressing first.
    pub needs: Vec<Need>,
}

/// Whether somebody with these places has clients: an owner or admin of two or more workspaces.
pub fn sees(places: &[Place]) -> bool {
    places.iter().filter(|place| manages(place.role)).count() >= AT_LEAST
}

const fn manages(role: Role) -> bool {
    matches!(role, Role::Admin | Role::Owner)
}

/// The clients of the person who asks: the workspaces that they own or administer, what is most pressing first.
///
/// # Errors
/// [`AppError::Forbidden`] for a program, and for a person who manages fewer than two workspaces.
pub async fn clients(app: &App, caller: &Caller) -> Result<Vec<Client>, AppError> {
    if caller.program.is_some() {
        return Err(AppError::Forbidden);
    }
    let mut managed = accounts::callers(app, caller).await?;
    managed.retain(|(_, role)| manages(*role));
    if managed.len() < AT_LEAST {
        return Err(AppError::Forbidden);
    }
    let mut clients = Vec::with_capacity(managed.len());
    for (there, role) in managed {
        let is_current = there.workspace_id == caller.workspace_id;
        clients.push(client(app, &there, role, is_current).await?);
    }
    clients.sort_by_cached_key(|client| {
        let needs: Vec<Attention> = client.needs.iter().map(|need| need.code).collect();
        order(&needs, client.waiting_since, &client.name)
    });
    Ok(clients)
}

async fn client(app: &App, there: &Caller, role: Role, is_current: bool) -> Result<Client, AppError> {
    there.require(Scope::Admin)?;
    let rows = app.store().rows(there.workspace_id);
    let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let zone = TimeZone::get(&workspace.time_zone).unwrap_or(TimeZone::UTC);
    let period = Period::ending(Day::of(app.now(), &zone), DAYS);
    let figures = insight::figures(&rows, period, None).await?;
    let turn = rows.longest_waiting(1).await?.pop().map(|turn| turn.opened_at);
    let proposal = rows.actions_waiting(None, 1).await?.pop().map(|row| row.created_at);
    let limits = limits::show(app, there).await?.uses;
    Ok(Client {
        workspace_id: workspace.id,
        name: workspace.name,
        role,
        is_current,
        waiting: rows.queue_length().await? + actions::waiting(app, there, &ActionWish::waiting()).await?,
        waiting_since: turn.into_iter().chain(proposal).min(),
        gate: match workspace.gate.0 {
            GateState::Closed => "closed",
            GateState::Uncertified { .. } => "uncertified",
            GateState::Certified(_) => "certified",
        },
        week: Week::of(period, &figures),
        needs: needs(app, there, &limits).await?,
        limits,
    })
}

/// What needs attention in one workspace.
async fn needs(app: &App, there: &Caller, limits: &[UseView]) -> Result<Vec<Need>, AppError> {
    let rows = app.store().rows(there.workspace_id);
    let mut needs = Vec::new();
    let mut say = |code, in_words| needs.push(Need { code, in_words });
    match rows.late_items(app.now()).await? {
        0 => {}
        1 => say(
            Attention::Late,
            "One visitor waits longer than the deadline.".to_owned(),
        ),
        more => say(
            Attention::Late,
            format!("{more} visitors wait longer than the deadline."),
        ),
    }
    if let Some(closed) = evidence::closed(app, there).await? {
        say(Attention::GateClosed, closed.because.in_words().to_owned());
    }
    let found = undelivered::undelivered(app, there).await?;
    for (failing, what) in [(found.mails, "e-mail"), (found.webhooks, "webhook")] {
        match failing.count {
            0 => {}
            1 => say(Attention::Undelivered, format!("1 {what} keeps failing.")),
            more => say(Attention::Undelivered, format!("{more} {what}s keep failing.")),
        }
    }
    if found.switched_off > 0 {
        let words = "A webhook is switched off, because its receiver said that it is gone.";
        say(Attention::Undelivered, words.to_owned());
    }
    for used in limits {
        match used.usage.level {
            Level::Free => {}
            Level::Near => say(Attention::LimitNear, used.in_words.clone()),
            Level::Reached => say(Attention::LimitReached, format!("{} {}", used.in_words, used.beyond)),
        }
    }
    needs.sort_by_key(|need| std::cmp::Reverse(need.code.weight()));
    Ok(needs)
}

/// The clients as a table.
pub fn sheet(clients: &[Client]) -> Sheet {
    let share = |share: Share| share.value().map_or(Value::Null, |value| json!(value));
    let row = |client: &Client| {
        let needs: Vec<&str> = client.needs.iter().map(|need| need.in_words.as_str()).collect();
        vec![
            json!(client.workspace_id),
            json!(client.name),
            json!(client.role),
            json!(client.waiting),
            json!(client.waiting_since),
            json!(client.gate),
            json!(client.week.period.first),
            json!(client.week.period.last),
            json!(client.week.conversations),
            share(client.week.automation),
            share(client.week.handoff),
            share(client.week.resolved),
            share(client.week.csat),
            json!(needs.join(" ")),
        ]
    };
    Sheet {
        columns: &[
            "workspace_id",
            "client",
            "role",
            "waiting",
            "waiting_since",
            "gate",
            "first_day",
            "last_day",
            "conversations",
            "automation",
            "handoff",
            "resolved",
            "csat",
            "needs",
        ],
        rows: clients.iter().map(row).collect(),
    }
}
