//! Changes of the traffic: looked for once a day, when the workspace's day is over, in the sums that figures are made of.

use super::clusters::Roots;
use crate::app::{App, AppError, Caller, policy};
use crate::domain::account::Scope;
use crate::domain::ids::{ClusterId, PatternId, WorkspaceId};
use crate::domain::insight::{Change as Told, Day, Mark, PatternKind, PatternState, Period, Tone};
use crate::domain::log::{Actor, EventKind};
use crate::domain::time::Timestamp;
use crate::stats::changes::{self, BEFORE, BEGINNINGS, Found, Series, Shape};
use crate::store::entity::{cluster_watch, pattern};
use crate::store::{Change, LogDraft, Rows};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// Changes that are shown.
const SHOWN: u64 = 50;
/// Changes that are remembered while it is looked for new ones.
const REMEMBERED: u64 = 1_000;
/// After so many days a change is usual.
const USUAL_DAYS: i64 = 28;

/// A change as people read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatternView {
    /// Its id.
    pub id: PatternId,
    /// In what.
    pub kind: PatternKind,
    /// Which cluster or which reason; empty where there is only one of a kind.
    pub key: String,
    /// In a sentence.
    pub sentence: String,
    /// What somebody can do about it.
    pub next_step: &'static str,
    /// What opens the conversations behind it: a mark of the analysis, from this day on.
    pub mark: String,
    /// The first day of it.
    pub since: Day,
    /// The last day that was looked at.
    pub until: Day,
    /// How many since then.
    pub amount: i64,
    /// How many it would have been as before.
    pub expected: f64,
    /// By which factor it changed: 2 is doubled.
    pub factor: f64,
    /// How many times better than chance a change explains it.
    pub evidence: f64,
    /// Where it stands.
    pub state: PatternState,
    /// When it was found.
    pub found_at: Timestamp,
}

/// What a series is about.
type Key = (PatternKind, String);

/// Looks for changes if a day has ended since the last time. Returns the moment of the next look.
///
/// # Errors
/// The store's.
pub async fn look(app: &App, workspace_id: WorkspaceId) -> Result<Option<Timestamp>, AppError> {
    let rows = app.store().rows(workspace_id);
    let Some(watch) = rows.cluster_watch().await? else {
        return Ok(None);
    };
    let zone = policy::zone(&rows).await?;
    let today = Day::of(app.now(), &zone);
    let tomorrow = today.plus(1).begins(&zone);
    let last = today.plus(-1);
    if watch.looked_on.is_some_and(|day| day >= last.number()) {
        return Ok(Some(tomorrow));
    }
    let (keys, series) = series(&rows, last).await?;
    if series.is_empty() {
        note(app, watch, last).await?;
        // Where nobody has asked anything there is nothing to come back for.
        return Ok((watch.seen > 0).then_some(tomorrow));
    }
    // Arithmetic of a second at most, but not among those who wait for a thread.
    let found = tokio::task::spawn_blocking(move || changes::changes(&series)).await;
    let found = found.map_err(|error| AppError::Internal(error.to_string()))?;
    tell(app, workspace_id, &keys, &found, last).await?;
    note(app, watch, last).await?;
    Ok(Some(tomorrow))
}

async fn note(app: &App, watch: cluster_watch::Model, last: Day) -> Result<(), AppError> {
    app.store()
        .write(watch.workspace_id, move |tx| {
            Box::pin(async move {
                let known = tx.cluster_watch().await?.unwrap_or(watch);
                tx.watch_clusters_from(cluster_watch::Model {
                    looked_on: Some(last.number()),
                    ..known
                })
                .await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// Everything that is watched, day by day up to the last one.
async fn series(rows: &Rows<'_>, last: Day) -> Result<(Vec<Key>, Vec<Series>), AppError> {
    let days = i64::try_from(BEFORE + BEGINNINGS).unwrap_or(84);
    let period = Period::ending(last, days);
    let mut sums: BTreeMap<Key, BTreeMap<Day, u32>> = BTreeMap::new();
    let mut totals: BTreeMap<(PatternKind, Day), u32> = BTreeMap::new();
    let mut first: Option<Day> = None;
    for tallied in rows.tallies_by_day(period, None).await? {
        let amount = u32::try_from(tallied.amount).unwrap_or_default();
        if amount == 0 {
            continue;
        }
        let day = tallied.day;
        let mut of = |kind: PatternKind| *totals.entry((kind, day)).or_default() += amount;
        let own = match &tallied.mark {
            Mark::Cluster(id) => Some((PatternKind::Cluster, id.clone())),
            Mark::HandedOffFor(code) => Some((PatternKind::Handoff, code.as_str().to_owned())),
            Mark::Matched => Some((PatternKind::Match, String::new())),
            Mark::Questions => {
                of(PatternKind::Cluster);
                of(PatternKind::Match);
                None
            }
            Mark::Tone(tone) => {
                of(PatternKind::Negative);
                (*tone == Tone::Negative).then(|| (PatternKind::Negative, String::new()))
            }
            Mark::Conversations => {
                of(PatternKind::Handoff);
                first = Some(first.map_or(day, |first| first.min(day)));
                Some((PatternKind::Volume, String::new()))
            }
            _ => None,
        };
        if let Some(key) = own {
            *sums.entry(key).or_default().entry(day).or_default() += amount;
        }
    }
    let Some(first) = first else {
        return Ok((Vec::new(), Vec::new()));
    };
    let all: Vec<Day> = (first.number()..=last.number()).map(Day::from_number).collect();
    let series = |((kind, _), amounts): (&Key, &BTreeMap<Day, u32>)| {
        let day = |day: &Day| {
            let amount = amounts.get(day).copied().unwrap_or(0);
            let of = match kind {
                PatternKind::Volume => 1,
                _ => totals.get(&(*kind, *day)).copied().unwrap_or(0).max(amount),
            };
            changes::Day { amount, of }
        };
        Series {
            shape: if *kind == PatternKind::Volume {
                Shape::Number
            } else {
                Shape::Share
            },
            days: all.iter().map(day).collect(),
        }
    };
    let all_series = sums.iter().map(series).collect();
    Ok((sums.into_keys().collect(), all_series))
}

/// What is new is written and told; what is known is brought up to date; what is over ends.
async fn tell(app: &App, workspace_id: WorkspaceId, keys: &[Key], found: &[Found], last: Day) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let known = rows
        .patterns(&[PatternState::Open, PatternState::Dismissed], REMEMBERED)
        .await?;
    let recent = |row: &&pattern::Model| row.since > last.number() - USUAL_DAYS;
    let names = names(&rows).await?;
    for found in found {
        let Some((kind, key)) = keys.get(found.series) else {
            continue;
        };
        let since = last.plus(-i64::try_from(found.days_ago).unwrap_or(0));
        let before = { known.iter().filter(recent) }.find(|row| row.kind == *kind && row.key == *key);
        let row = pattern::Model {
            id: before.map_or_else(|| PatternId::new(&*app.sources().ids), |row| row.id),
            workspace_id,
            kind: *kind,
            key: key.clone(),
            since: before.map_or(since.number(), |row| row.since.min(since.number())),
            amount: i64::try_from(found.amount).unwrap_or(i64::MAX),
            expected: found.expected,
            evidence: found.evidence,
            state: before.map_or(PatternState::Open, |row| row.state),
            found_at: before.map_or_else(|| app.now(), |row| row.found_at),
            looked_on: last.number(),
        };
        // The day it began is told once, so that the figures beside it are of these very days.
        let row = pattern::Model {
            since: since.number(),
            ..row
        };
        keep(app, row.clone(), before.is_none(), view(row, &names).sentence).await?;
    }
    for row in known {
        if row.state == PatternState::Open && row.since <= last.number() - USUAL_DAYS {
            end(app, workspace_id, row.id, PatternState::Over, Actor::System).await?;
        }
    }
    Ok(())
}

async fn keep(app: &App, row: pattern::Model, is_new: bool, sentence: String) -> Result<(), AppError> {
    app.store()
        .write(row.workspace_id, move |tx| {
            let (row, sentence) = (row.clone(), sentence.clone());
            Box::pin(async move {
                if !is_new {
                    tx.update(row).await?;
                    return Ok::<_, AppError>(Change::Unlogged(()));
                }
                let entry = LogDraft::new(EventKind::PatternFound, Actor::System)
                    .about("pattern", row.id)
                    .with("sentence", sentence);
                tx.insert(row).await?;
                Ok(Change::Logged((), entry))
            })
        })
        .await
}

async fn end(
    app: &App,
    workspace_id: WorkspaceId,
    id: PatternId,
    state: PatternState,
    actor: Actor,
) -> Result<(), AppError> {
    let kind = match state {
        PatternState::Over => EventKind::PatternOver,
        _ => EventKind::PatternDismissed,
    };
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.pattern(id).await?.ok_or(AppError::NotFound("the change"))?;
                if row.state != PatternState::Open {
                    return Err(AppError::Conflict {
                        sentence: "this change was seen already, or is over; nothing was changed".to_owned(),
                        extra: json!({ "state": row.state }),
                    });
                }
                tx.update(pattern::Model { state, ..row }).await?;
                Ok::<_, AppError>(Change::Logged((), LogDraft::new(kind, actor).about("pattern", id)))
            })
        })
        .await
}

/// The names of clusters by id.
async fn names(rows: &Rows<'_>) -> Result<BTreeMap<String, String>, AppError> {
    let all = rows.clusters().await?;
    let roots = Roots::of(&all);
    let by_id: BTreeMap<ClusterId, &str> = all.iter().map(|row| (row.id, row.name.as_str())).collect();
    let name = |id: ClusterId| {
        by_id
            .get(&roots.root(id))
            .map(|name| (id.to_string(), (*name).to_owned()))
    };
    Ok(all.iter().filter_map(|row| name(row.id)).collect())
}

fn view(row: pattern::Model, names: &BTreeMap<String, String>) -> PatternView {
    let found = Found {
        series: 0,
        days_ago: 0,
        amount: u64::try_from(row.amount).unwrap_or_default(),
        expected: row.expected,
        evidence: row.evidence,
    };
    let name = match row.kind {
        PatternKind::Cluster => names.get(&row.key).map_or("", String::as_str),
        _ => &row.key,
    };
    let (since, until) = (Day::from_number(row.since), Day::from_number(row.looked_on));
    let told = Told {
        kind: row.kind,
        name,
        since,
        today: until.plus(1),
        amount: found.amount,
        factor: found.factor(),
    };
    let mark = match row.kind {
        PatternKind::Cluster => format!("cluster:{}", row.key),
        PatternKind::Handoff => format!("handed_off_for:{}", row.key),
        PatternKind::Negative => Mark::Tone(Tone::Negative).to_string(),
        PatternKind::Match => Mark::Matched.to_string(),
        PatternKind::Volume => Mark::Conversations.to_string(),
    };
    PatternView {
        id: row.id,
        kind: row.kind,
        sentence: told.sentence(),
        next_step: told.next_step(),
        mark,
        since,
        until,
        amount: row.amount,
        expected: row.expected,
        factor: found.factor(),
        evidence: row.evidence,
        state: row.state,
        found_at: row.found_at,
        key: row.key,
    }
}

/// Changes that somebody should know of, the newest first; or those of the past.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn patterns(app: &App, caller: &Caller, state: PatternState) -> Result<Vec<PatternView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let names = names(&rows).await?;
    let found = rows.patterns(&[state], SHOWN).await?;
    Ok(found.into_iter().map(|row| view(row, &names)).collect())
}

/// A person has seen a change and wants to hear no more of it.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] if it was seen already or is over, [`AppError::Forbidden`] or the store's.
pub async fn dismiss(app: &App, caller: &Caller, id: PatternId) -> Result<PatternView, AppError> {
    caller.require(Scope::Knowledge)?;
    end(app, caller.workspace_id, id, PatternState::Dismissed, caller.actor()).await?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.pattern(id).await?.ok_or(AppError::NotFound("the change"))?;
    Ok(view(row, &names(&rows).await?))
}
