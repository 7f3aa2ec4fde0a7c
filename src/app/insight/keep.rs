//! The job that keeps what conversations were, and its sums, up to date.

use super::telling::{Told, told};
use super::{clusters, patterns};
use crate::app::{App, AppError, policy};
use crate::domain::ids::{AgentId, ConversationId, JobId, WorkspaceId};
use crate::domain::insight::{Day, Insight, Mark, marks};
use crate::domain::log::Entry;
use crate::domain::time::Timestamp;
use crate::store::entity::{insight, insight_watch};
use crate::store::{Change, Committed, JobKind, Json, Rows, Tx};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// After something happened the job waits this long, in milliseconds, for more of it.
const SOON_MS: i64 = 1_000;
/// What is committed is gathered for so long before the job is called once for all of it.
const GATHERED: Duration = Duration::from_millis(500);
/// Entries of the log that are read at once.
const PAGE: u64 = 200;
/// Conversations that are looked at, and written, at once: others who write do not wait for long.
const AT_ONCE: usize = 16;
/// Rises when a figure is defined otherwise: everything is counted anew then, page by page, and stays readable meanwhile.
const DEFINITIONS: i64 = 1;
/// Entries after which a conversation counts as before.
const IDLE: [&str; 4] = ["review.leased", "action.leased", "check.leased", "webhook.delivered"];

/// Calls the job whenever something is committed that figures count; runs until the app stops.
pub(in crate::app) async fn listen(app: App) {
    // Listening begins before looking, so that nothing falls in between.
    let mut committed = app.store().subscribe();
    let mut woken: BTreeSet<WorkspaceId> = everywhere(&app).await;
    loop {
        for workspace_id in std::mem::take(&mut woken) {
            if let Err(error) = look_soon(&app, workspace_id).await {
                tracing::error!(%error, "figures could not be called for; the next event does it");
            }
        }
        let first = tokio::select! {
            received = committed.recv() => received,
            () = app.inner.stopping.cancelled() => return,
        };
        match first {
            Ok(entry) => hear(&mut woken, &entry),
            Err(RecvError::Lagged(_)) => woken.extend(everywhere(&app).await),
            Err(RecvError::Closed) => return,
        }
        tokio::select! {
            () = tokio::time::sleep(GATHERED) => {}
            () = app.inner.stopping.cancelled() => return,
        }
        while let Ok(entry) = committed.try_recv() {
            hear(&mut woken, &entry);
        }
    }
}

fn hear(woken: &mut BTreeSet<WorkspaceId>, entry: &Arc<Committed>) {
    let header = &entry.header;
    let tells =
        header.refs.contains_key("conversation") || header.kind == CHECKED || header.kind == "workspace.changed";
    if tells && !IDLE.contains(&header.kind.as_str()) {
        woken.insert(header.workspace_id);
    }
}

async fn everywhere(app: &App) -> BTreeSet<WorkspaceId> {
    match app.store().workspaces().await {
        Ok(found) => found.into_iter().map(|row| row.id).collect(),
        Err(error) => {
            tracing::error!(%error, "the workspaces could not be read to bring their figures up to date");
            BTreeSet::new()
        }
    }
}

async fn look_soon(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let soon = app.now().plus_ms(SOON_MS);
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                tx.schedule_no_later(JobKind::Analyse, workspace_id, soon).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// The job.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn keep(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
    catch_up(app, workspace_id).await?;
    let placed = clusters::place(app, workspace_id).await;
    if matches!(placed, Ok(true)) {
        catch_up(app, workspace_id).await?;
    }
    let tomorrow = patterns::look(app, workspace_id).await?;
    // Figures do not wait for the embedder: they are there, and the job is tried again.
    placed?;
    let due = app.store().rows(workspace_id).next_insight_due().await?;
    let next = [due, tomorrow].into_iter().flatten().min();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                // What happened while this ran has scheduled the job anew; that one stays.
                match next {
                    Some(at) => tx.renew_job(job_id, at).await?,
                    None => tx.finish_job(job_id).await?,
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// Brings what is known of a workspace's conversations up to now.
///
/// # Errors
/// The store's.
pub async fn catch_up(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let zone = policy::zone(&rows).await?;
    loop {
        let watch = watched(app, &rows, workspace_id).await?;
        let entries = rows.log_after(watch.seq, PAGE).await?;
        let Some(last) = entries.last().map(|entry| entry.header.seq) else {
            break;
        };
        let named: Vec<ConversationId> = named(&rows, &entries).await?.into_iter().collect();
        let pages = named.len().div_ceil(AT_ONCE).max(1);
        for page in 0..pages {
            let some: Vec<_> = named.iter().copied().skip(page * AT_ONCE).take(AT_ONCE).collect();
            // The cursor moves with the last of them: whatever is interrupted before is done again.
            let moved = (page + 1 == pages).then(|| insight_watch::Model {
                seq: last,
                ..watch.clone()
            });
            look(app, workspace_id, &zone, &some, moved).await?;
        }
    }
    loop {
        let due = rows.insights_due(app.now(), AT_ONCE as u64).await?;
        if due.is_empty() {
            return Ok(());
        }
        look(app, workspace_id, &zone, &due, None).await?;
    }
}

/// How far the log was read. Where days or definitions have become other ones, everything is due.
async fn watched(app: &App, rows: &Rows<'_>, workspace_id: WorkspaceId) -> Result<insight_watch::Model, AppError> {
    let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let known = rows.insight_watch().await?;
    let watch = insight_watch::Model {
        workspace_id,
        seq: known.as_ref().map_or(0, |known| known.seq),
        time_zone: workspace.time_zone,
        definitions: DEFINITIONS,
    };
    if known.as_ref() == Some(&watch) {
        return Ok(watch);
    }
    let (now, fresh) = (app.now(), watch.clone());
    app.store()
        .write(workspace_id, move |tx| {
            let watch = fresh.clone();
            Box::pin(async move {
                tx.all_insights_due(now).await?;
                tx.watch_insights_from(watch).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await?;
    Ok(watch)
}

/// The kind of entry that names a check in place of its conversation.
const CHECKED: &str = "check.judged";

/// The conversations that entries are about.
async fn named(rows: &Rows<'_>, entries: &[Entry]) -> Result<BTreeSet<ConversationId>, AppError> {
    let mut named = BTreeSet::new();
    for entry in entries {
        let header = &entry.header;
        if IDLE.contains(&header.kind.as_str()) {
            continue;
        }
        if let Some(id) = header.refs.get("conversation").and_then(|id| id.parse().ok()) {
            named.insert(id);
        }
        let check = header.refs.get("check").and_then(|id| id.parse().ok());
        if let Some(id) = check.filter(|_| header.kind == CHECKED) {
            named.extend(rows.conversation_of_check(id).await?);
        }
    }
    Ok(named)
}

/// What one look at a conversation found.
#[derive(Debug, Clone)]
struct Found {
    id: ConversationId,
    insight: Insight,
}

/// Looks at conversations as they are now, and replaces what is known of them.
async fn look(
    app: &App,
    workspace_id: WorkspaceId,
    zone: &TimeZone,
    ids: &[ConversationId],
    moved: Option<insight_watch::Model>,
) -> Result<(), AppError> {
    let now = app.now();
    // Whatever changes while this reads has an entry that is read later.
    let rows = app.store().rows(workspace_id);
    let found = told(&rows, ids, zone, now).await?;
    let found: Arc<Vec<Found>> = Arc::new(found.into_iter().map(|told| found_of(&told, zone, now)).collect());
    app.store()
        .write(workspace_id, move |tx| {
            let (found, moved) = (found.clone(), moved.clone());
            Box::pin(async move {
                replace(tx, &found).await?;
                if let Some(watch) = moved {
                    tx.watch_insights_from(watch).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

fn found_of(told: &Told, zone: &TimeZone, now: Timestamp) -> Found {
    let mut insight = Insight::of(&told.story, zone, now);
    insight.due_at = match (insight.due_at, told.verdicts_at) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    Found { id: told.id, insight }
}

/// Sums change by what is new less what was known.
async fn replace(tx: &Tx<'_>, found: &[Found]) -> Result<(), AppError> {
    let ids: Vec<ConversationId> = found.iter().map(|found| found.id).collect();
    let known = tx.insights_of(&ids).await?;
    let known: HashMap<ConversationId, insight::Model> =
        known.into_iter().map(|row| (row.conversation_id, row)).collect();
    let mut sums: BTreeMap<(Day, Mark, AgentId, i64), i64> = BTreeMap::new();
    let (mut rows, mut marked) = (Vec::new(), Vec::new());
    for Found { id, insight } in found {
        let row = known.get(id);
        // Where everything was made due, the row's moment is another one than the one that was found.
        if row.is_some_and(|row| row.told.0 == *insight && row.due_at == insight.due_at) {
            continue;
        }
        let before = row.map(|row| &row.told.0);
        let new = marks(insight);
        let old = before.map(marks).unwrap_or_default();
        let has_moved = before.is_some_and(|before| before.day != insight.day);
        if let Some(before) = before {
            let key = |mark: &Mark| (before.day, mark.clone(), before.agent_id, before.version);
            for (mark, amount) in &old {
                *sums.entry(key(mark)).or_default() -= amount;
            }
            let gone = old.iter().filter(|(mark, _)| has_moved || !new.contains_key(mark));
            let gone = gone.map(|(mark, amount)| (mark.clone(), *amount)).collect();
            tx.remove_marks(*id, before.day, &gone).await?;
        }
        for (mark, amount) in &new {
            let key = (insight.day, mark.clone(), insight.agent_id, insight.version);
            *sums.entry(key).or_default() += amount;
            if has_moved || old.get(mark) != Some(amount) {
                marked.push((*id, insight.day, mark.clone(), *amount));
            }
        }
        rows.push(insight::Model {
            conversation_id: *id,
            workspace_id: tx.workspace_id(),
            agent_id: insight.agent_id,
            day: insight.day.number(),
            due_at: insight.due_at,
            told: Json(insight.clone()),
        });
    }
    sums.retain(|_, amount| *amount != 0);
    tx.put_insights(rows).await?;
    tx.put_marks(marked).await?;
    tx.add_to_tallies(sums.into_iter().collect()).await?;
    Ok(())
}
