//! A candidate goes live, and is taken back: a few changes in each transaction, so that visitors' messages do not wait. Whatever interrupts it, a job
//! goes on where it was.

use super::candidates::note_changes;
use super::knowledge::{self, Prepared};
use super::{App, AppError, Caller, agents, comparison, evidence, fitness, gaps};
use crate::domain::account::Scope;
use crate::domain::agent_change::changes_writers;
use crate::domain::ids::{CandidateId, JobId, WorkspaceId};
use crate::domain::improve::candidate::{CandidateError, CandidateState, Change, Origin, may_publish};
use crate::domain::improve::comparison::Finding;
use crate::domain::improve::gap::GapState;
use crate::domain::log::{Actor, EventKind};
use crate::domain::time::Timestamp;
use crate::engine::Priority;
use crate::store::entity::{candidate, candidate_change};
use crate::store::{Change as Written, JobKind, Json, LogDraft, Rows, Tx};
use serde_json::json;
use std::collections::HashSet;

/// Changes written in one transaction.
const BATCH: usize = 20;
/// Whoever publishes more changes does not wait for them.
const AWAITED: i64 = 500;
/// A job goes on with what was interrupted after this long, in milliseconds.
const GOES_ON_MS: i64 = 5_000;

/// Makes a candidate live. Over a regression only with a reason.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`]; a conflict while it is being tried, if it is live or over, or if it makes something worse and
/// nobody says why; or the store's.
pub async fn publish(app: &App, caller: &Caller, id: CandidateId, reason: Option<&str>) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let rows = app.store().rows(caller.workspace_id);
    require_for(&rows, caller, id).await?;
    require_writers(app, &rows, id).await?;
    let reason = reason.map(str::trim).filter(|why| !why.is_empty()).map(str::to_owned);
    if reason.is_none() {
        still_right(app, &rows, id).await?;
    }
    let (actor, member, now) = (caller.actor(), caller.member().ok(), app.now());
    begin(app, caller.workspace_id, id, true, move |row, by_people| {
        let found = row.found.as_ref().map(|found| found.0);
        may_publish(row.state, found.as_ref(), by_people, reason.as_deref())?;
        let mut entry = LogDraft::new(EventKind::CandidatePublished, actor).about("candidate", id);
        if let Some(found) = found {
            entry = entry.about("better", found.better).about("worse", found.worse);
        }
        if by_people != Finding::Open {
            let word = if by_people == Finding::Worse { "worse" } else { "better" };
            entry = entry.about("by_people", word);
        }
        if let Some(reason) = &reason {
            entry = entry.with("reason", reason.clone());
        }
        let row = candidate::Model {
            state: CandidateState::Publishing,
            published_by: member,
            published_at: Some(now),
            reason: reason.clone(),
            ..row
        };
        Ok((row, entry))
    })
    .await
}

/// Takes back what a candidate changed.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`]; a conflict if it is not live, or if something else has changed the same since; or the store's.
pub async fn roll_back(app: &App, caller: &Caller, id: CandidateId, reason: Option<&str>) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let rows = app.store().rows(caller.workspace_id);
    require_for(&rows, caller, id).await?;
    let row = rows.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
    if let Some(later) = later_on_the_same(&rows, &row).await? {
        return Err(AppError::Conflict {
            sentence: format!("number {later} has changed the same since; take that one back first"),
            extra: json!({ "number": later }),
        });
    }
    if row.changes_count <= AWAITED
        && let Some(what) = not_as_it_left_it(app, &rows, id).await?
    {
        return Err(AppError::Conflict {
            sentence: format!("“{what}” is not as this change left it; change it to what it should be instead"),
            extra: json!({ "changed": what }),
        });
    }
    let reason = reason.map(str::trim).filter(|why| !why.is_empty()).map(str::to_owned);
    let (actor, member, now) = (caller.actor(), caller.member().ok(), app.now());
    begin(app, caller.workspace_id, id, false, move |row, _by_people| {
        // One that cannot be finished can be taken back as far as it came.
        if !matches!(row.state, CandidateState::Published | CandidateState::Publishing) {
            return Err(AppError::Conflict {
                sentence: "only what is live can be taken back".to_owned(),
                extra: json!({}),
            });
        }
        let mut entry = LogDraft::new(EventKind::CandidateRolledBack, actor).about("candidate", id);
        if let Some(reason) = &reason {
            entry = entry.with("reason", reason.clone());
        }
        let row = candidate::Model {
            state: CandidateState::RollingBack,
            ended_by: member,
            ended_at: Some(now),
            end_reason: reason.clone(),
            ..row
        };
        Ok((row, entry))
    })
    .await
}

/// Something may have gone live since it was tried, and what it changes may have been changed: then it is not what somebody looked at.
async fn still_right(app: &App, rows: &Rows<'_>, id: CandidateId) -> Result<(), AppError> {
    let row = rows.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
    if row.state != CandidateState::Waiting {
        return Ok(());
    }
    let last = rows.last_publication().await?;
    let is_stale = last.is_some_and(|(_, at)| row.replayed_at.is_none_or(|tried| tried <= at));
    if row.changes_count > AWAITED {
        // Too much to be tried while somebody waits.
        return if is_stale {
            Err(CandidateError::NotTried.into())
        } else {
            Ok(())
        };
    }
    let changes: Vec<Change> = { rows.candidate_changes(id).await?.into_iter() }
        .map(|row| row.change.0)
        .collect();
    for change in &changes {
        if let Change::PutDocument { id, document } = change
            && let Some(there) = rows.document_or_removed(*id).await?
            && row.origin != Origin::Import
            && (there.removed_at.unwrap_or(there.updated_at) > row.created_at)
            && (there.removed_at.is_some() || there.body != document.body)
        {
            return Err(AppError::Conflict {
                sentence: format!(
                    "“{}” was changed or removed after this change was made, and would be as it says here; withdraw it, or say why it is right",
                    document.title
                ),
                extra: json!({ "changed": document.title }),
            });
        }
    }
    if is_stale {
        let worse = knowledge::breaks(app, rows, &changes).await?;
        if worse > 0 {
            return Err(CandidateError::Worse(worse).into());
        }
    }
    Ok(())
}

/// The first thing that somebody has changed since, in a way that is no candidate.
async fn not_as_it_left_it(app: &App, rows: &Rows<'_>, id: CandidateId) -> Result<Option<String>, AppError> {
    let changes = rows.candidate_changes(id).await?;
    let mut seen = HashSet::new();
    // The last change of each thing counts.
    for row in changes.iter().rev().filter(|row| row.is_live) {
        if !seen.insert(row.change.0.subject()) {
            continue;
        }
        match &row.change.0 {
            Change::PutDocument { id, document } => {
                let there = match rows.document_or_removed(*id).await? {
                    Some(there) => Some(there),
                    None => {
                        let named = (document.collection.as_str(), document.source.as_str());
                        rows.document_named((named.0, named.1, &document.external_id)).await?
                    }
                };
                let Some(there) = there else { continue };
                let is_over = there.expires_at.is_some_and(|end| end <= app.now());
                let is_same = there.title == document.title && there.body == document.body;
                if !is_over && (there.removed_at.is_some() || !is_same) {
                    return Ok(Some(there.title));
                }
            }
            Change::RemoveDocument { id } => {
                if let Some(there) = rows.document(*id).await? {
                    return Ok(Some(there.title));
                }
            }
            _ => {}
        }
    }
    Ok(None)
}

/// How the AI works is for owners.
pub(super) async fn require_for(rows: &Rows<'_>, caller: &Caller, id: CandidateId) -> Result<(), AppError> {
    let changes = rows.candidate_changes(id).await?;
    if changes.iter().any(|row| row.change.0.is_for_owners()) {
        caller.require(Scope::Admin)?;
    }
    Ok(())
}

/// Where others would write, they have to be there, to fit each other, and to have been measured: an adapter may break what its model could do.
async fn require_writers(app: &App, rows: &Rows<'_>, id: CandidateId) -> Result<(), AppError> {
    for row in rows.candidate_changes(id).await? {
        let Change::SetAgent { id, settings, from } = &row.change.0 else {
            continue;
        };
        let (_, live) = agents::current_version(rows, *id).await?;
        let next = agents::after(rows, *id, settings, from.as_deref()).await?;
        agents::check(app, &live, &next).await?;
        if changes_writers(&live, &next) {
            fitness::require_measured(app, &next).await?;
        }
    }
    Ok(())
}

/// The number of a later candidate that is live and concerns the same.
async fn later_on_the_same(rows: &Rows<'_>, row: &candidate::Model) -> Result<Option<i64>, AppError> {
    let touched = async |id| -> Result<HashSet<String>, AppError> {
        let changes = rows.candidate_changes(id).await?;
        let inverses = changes.iter().filter_map(|row| row.inverse.as_ref());
        let all = changes.iter().map(|row| &row.change.0);
        Ok(all
            .chain(inverses.flat_map(|inverse| inverse.0.iter()))
            .map(Change::subject)
            .collect())
    };
    let mut own = None;
    let mut others = rows.candidates_in(CandidateState::Published).await?;
    others.extend(rows.candidates_in(CandidateState::Publishing).await?);
    for other in others {
        if other.id == row.id || other.published_at <= row.published_at {
            continue;
        }
        if own.is_none() {
            own = Some(touched(row.id).await?);
        }
        let theirs = touched(other.id).await?;
        if own.as_ref().is_some_and(|own| !own.is_disjoint(&theirs)) {
            return Ok(Some(other.number));
        }
    }
    Ok(None)
}

/// Begins it in one transaction, which is all of it for a small candidate, and goes on until it is done; the rest of a large one is left to the job.
async fn begin(
    app: &App,
    workspace_id: WorkspaceId,
    id: CandidateId,
    forwards: bool,
    decide: impl Fn(candidate::Model, Finding) -> Result<(candidate::Model, LogDraft), AppError>
    + Send
    + Sync
    + Clone
    + 'static,
) -> Result<(), AppError> {
    let now = app.now();
    let prepared = prepare(app, workspace_id, id, forwards).await?;
    let done = app
        .store()
        .write(workspace_id, move |tx| {
            let (prepared, decide) = (prepared.clone(), decide.clone());
            Box::pin(async move {
                let row = tx.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
                let (row, entry) = decide(row, comparison::finding(tx, id).await?)?;
                if forwards {
                    knowledge::check_second_person(tx, &row).await?;
                }
                let is_awaited = row.changes_count <= AWAITED;
                tx.unschedule(JobKind::Replay, id).await?;
                tx.unschedule(JobKind::Write, id).await?;
                let goes_on = if is_awaited { now.plus_ms(GOES_ON_MS) } else { now };
                tx.schedule(JobKind::Publish, id, goes_on).await?;
                let done = step(tx, row, &prepared, now).await?;
                Ok::<_, AppError>(Written::Logged(done || !is_awaited, entry))
            })
        })
        .await?;
    knowledge::changed(app, workspace_id);
    if done {
        Ok(())
    } else {
        go_on(app, workspace_id, id).await
    }
}

/// The job: goes on with what was interrupted.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn advance(
    app: &App,
    workspace_id: WorkspaceId,
    id: CandidateId,
    job_id: JobId,
) -> Result<(), AppError> {
    go_on(app, workspace_id, id).await?;
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                tx.finish_job(job_id).await?;
                Ok::<_, AppError>(Written::Unlogged(()))
            })
        })
        .await
}

async fn go_on(app: &App, workspace_id: WorkspaceId, id: CandidateId) -> Result<(), AppError> {
    loop {
        let rows = app.store().rows(workspace_id);
        let forwards = match rows.candidate(id).await?.map(|row| row.state) {
            Some(CandidateState::Publishing) => true,
            Some(CandidateState::RollingBack) => false,
            _ => return Ok(()),
        };
        let prepared = prepare(app, workspace_id, id, forwards).await?;
        let now = app.now();
        let done = app
            .store()
            .write(workspace_id, move |tx| {
                let prepared = prepared.clone();
                Box::pin(async move {
                    let row = tx.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
                    if !matches!(row.state, CandidateState::Publishing | CandidateState::RollingBack) {
                        return Ok(Written::Unlogged(true));
                    }
                    let done = step(tx, row, &prepared, now).await?;
                    let entry = LogDraft::new(EventKind::CandidateAdvanced, Actor::System).about("candidate", id);
                    Ok::<_, AppError>(Written::Logged(done, entry))
                })
            })
            .await?;
        knowledge::changed(app, workspace_id);
        if done {
            return Ok(());
        }
    }
}

/// What the next transaction is about to change, embedded outside of it.
async fn prepare(app: &App, workspace_id: WorkspaceId, id: CandidateId, forwards: bool) -> Result<Prepared, AppError> {
    let rows = app.store().rows(workspace_id);
    let next: Vec<Change> = next_of(&rows, id, forwards)
        .await?
        .into_iter()
        .flat_map(|row| directed(&row, forwards))
        .collect();
    Ok(Prepared::of(app, workspace_id, &next, Priority::Copilot).await)
}

async fn next_of(rows: &Rows<'_>, id: CandidateId, forwards: bool) -> Result<Vec<candidate_change::Model>, AppError> {
    Ok(rows.next_candidate_changes(id, !forwards, BATCH as u64).await?)
}

fn directed(row: &candidate_change::Model, forwards: bool) -> Vec<Change> {
    match &row.inverse {
        Some(inverse) if !forwards => inverse.0.clone(),
        _ if forwards => vec![row.change.0.clone()],
        _ => Vec::new(),
    }
}

/// Makes or takes back the next changes, and says whether these were the last ones.
async fn step(tx: &Tx<'_>, row: candidate::Model, prepared: &Prepared, now: Timestamp) -> Result<bool, AppError> {
    let forwards = row.state == CandidateState::Publishing;
    let of = knowledge::ChangeOf {
        author: row.published_by.or(row.member_id),
        by: if forwards { row.published_by } else { row.ended_by },
        ..knowledge::ChangeOf::default()
    };
    let next = next_of(tx, row.id, forwards).await?;
    let is_last = next.len() < BATCH;
    for change in next {
        let mut inverse = Vec::new();
        for part in directed(&change, forwards) {
            let of_part = knowledge::apply(tx, &part, of, prepared, now).await?;
            inverse.splice(0..0, of_part);
        }
        let change = candidate_change::Model {
            is_live: forwards,
            inverse: if forwards {
                Some(Json(inverse))
            } else {
                change.inverse.clone()
            },
            ..change
        };
        note_changes(tx, std::slice::from_ref(&change)).await?;
        tx.update(change).await?;
    }
    let id = row.id;
    let state = match (is_last, forwards) {
        (true, true) => CandidateState::Published,
        (true, false) => CandidateState::RolledBack,
        (false, _) => row.state,
    };
    tx.update(candidate::Model { state, ..row }).await?;
    if is_last {
        if forwards {
            for change in tx.candidate_changes(id).await? {
                if let Change::AddAnswer { id, .. } = change.change.0 {
                    knowledge::note_sources_anew(tx, id, now).await?;
                }
            }
        }
        tx.unschedule(JobKind::Publish, id).await?;
        gaps::settle(tx, id, if forwards { GapState::Closed } else { GapState::Open }).await?;
    }
    evidence::published(tx, now).await?;
    Ok(is_last)
}
