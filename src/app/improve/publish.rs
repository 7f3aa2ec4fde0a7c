//! A candidate goes live, and is taken back: a few changes in each transaction, so that visitors' messages do not wait. Whatever interrupts it, a job
//! goes on where it was.

use super::candidates::note_changes;
use super::guards::{later_on_the_same, not_as_it_left_it, require_for, require_writers, still_right};
use super::knowledge::{self, Prepared};
use super::{App, AppError, Caller, comparison, evidence, gaps};
use crate::domain::account::Scope;
use crate::domain::ids::{CandidateId, JobId, WorkspaceId};
use crate::domain::improve::candidate::{CandidateState, Change, Origin, may_publish};
use crate::domain::improve::comparison::Finding;
use crate::domain::improve::gap::GapState;
use crate::domain::log::{Actor, EventKind};
use crate::domain::text::said;
use crate::domain::time::Timestamp;
use crate::engine::Priority;
use crate::store::entity::{candidate, candidate_change};
use crate::store::{Change as Written, JobKind, Json, LogDraft, Rows, Tx};
use serde_json::json;

/// Changes written in one transaction.
const BATCH: usize = 20;
/// Whoever publishes more changes does not wait for them.
pub(super) const AWAITED: i64 = 500;
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
    let changes = rows.candidate_changes(id).await?;
    require_for(caller, &changes)?;
    require_writers(app, &rows, &changes).await?;
    let reason = said(reason).map(str::to_owned);
    if reason.is_none() {
        still_right(app, &rows, id, changes).await?;
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
    let changes = rows.candidate_changes(id).await?;
    require_for(caller, &changes)?;
    let row = rows.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
    if let Some(later) = later_on_the_same(&rows, &row, &changes).await? {
        return Err(AppError::Conflict {
            sentence: format!("number {later} has changed the same since; take that one back first"),
            extra: json!({ "number": later }),
        });
    }
    if row.changes_count <= AWAITED
        && let Some(what) = not_as_it_left_it(app, &rows, &changes).await?
    {
        return Err(AppError::Conflict {
            sentence: format!("“{what}” is not as this change left it; change it to what it should be instead"),
            extra: json!({ "changed": what }),
        });
    }
    let reason = said(reason).map(str::to_owned);
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
        imports: row.origin == Origin::Import,
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
