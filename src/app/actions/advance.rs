//! What follows for a proposal by itself: a decision becomes final, a deadline passes, what may run is run.
//!
//! The job asks [`Action::next_step`](crate::domain::action::Action::next_step) and does that one step. Before anything is done
//! outside, a row says so durably; a process that dies in between leaves that row, and the next one finds it.

use super::run::{self, Done, Made};
use super::stored::{action_of, after, load, save};
use super::tell::{self, Said};
use crate::app::{App, AppError, fault, jobs};
use crate::domain::action::args::ArgsHash;
use crate::domain::action::attempt::{self, Attempt, Ended, Next};
use crate::domain::action::request::Request;
use crate::domain::action::tool::Tool;
use crate::domain::action::{ActionStatus, Progress, Runs, Step};
use crate::domain::ids::{ActionId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::store::entity::action as row;
use crate::store::{Change, JobKind, Rows, Tx};

const DIED: &str = "Holdpoint was stopped while this was being carried out, so it may or may not have been done";

/// The job: one step.
pub(in crate::app) async fn advance(app: &App, workspace_id: WorkspaceId, id: ActionId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let Some(row) = rows.action(id).await? else {
        return jobs::forget(app, workspace_id, JobKind::Act, id).await;
    };
    let tool = tool_of(&rows, &row).await?;
    let progress = progress(&row, tool.as_ref());
    match action_of(&row).next_step(progress, app.now()) {
        Step::Nothing => jobs::forget(app, workspace_id, JobKind::Act, id).await,
        Step::Wait(at) => {
            let put_off = app.store().write(workspace_id, move |tx| {
                Box::pin(async move {
                    tx.schedule(JobKind::Act, id, at).await?;
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            });
            put_off.await
        }
        step @ (Step::Finalise | Step::Expire | Step::Settle(_)) => {
            fault("action.before_settling");
            settle_by_itself(app, workspace_id, id, step).await?;
            fault("action.settled");
            Ok(())
        }
        step @ (Step::Claim | Step::TryAgain) => {
            fault("action.before_claim");
            let Some((row, tool)) = begin(app, workspace_id, id, step).await? else {
                return Ok(());
            };
            fault("action.claimed");
            let done = run::perform(app, &row).await?;
            fault("action.performed");
            end(app, workspace_id, id, &tool, done).await?;
            fault("action.ended");
            Ok(())
        }
    }
}

async fn tool_of(rows: &Rows<'_>, row: &row::Model) -> Result<Option<Tool>, AppError> {
    Ok(match row.tool_version_id {
        Some(id) => rows.tool_version(id).await?.map(|version| version.definition.0),
        None => None,
    })
}

fn progress(row: &row::Model, tool: Option<&Tool>) -> Progress {
    Progress {
        attempts: row.attempts,
        under_way: row.under_way,
        idempotent: tool.is_some_and(|tool| tool.idempotent),
    }
}

/// A step that touches nothing outside.
async fn settle_by_itself(app: &App, workspace_id: WorkspaceId, id: ActionId, step: Step) -> Result<(), AppError> {
    let app_of_write = app.clone();
    app.store()
        .write(workspace_id, move |tx| {
            let app = app_of_write.clone();
            Box::pin(async move {
                let (row, action) = load(tx, id).await?;
                let now = app.now();
                let tool = tool_of(tx, &row).await?;
                // Somebody was faster: what follows now is for the next look.
                if action.next_step(progress(&row, tool.as_ref()), now) != step {
                    return Ok(Change::Unlogged(()));
                }
                let changed = match step {
                    Step::Finalise => action.finalise(now),
                    Step::Settle(how) => action.ended(how),
                    _ => action.expire(now),
                };
                let changed = changed.map_err(|error| AppError::Internal(error.to_string()))?;
                let mut row = after(row, &changed);
                row.under_way = false;
                if changed.status.is_over() {
                    row.ended_at = Some(now);
                }
                let kind = match (step, changed.status) {
                    (Step::Finalise, _) => EventKind::ActionSettled,
                    (Step::Settle(_), ActionStatus::Unknown) => {
                        row.result = Some(DIED.to_owned());
                        EventKind::ActionUnknown
                    }
                    (Step::Settle(_), _) => EventKind::ActionFailed,
                    (_, ActionStatus::Cancelled) => EventKind::ActionCancelled,
                    _ => EventKind::ActionExpired,
                };
                save(tx, row.clone()).await?;
                tell::asker(tx, &row).await?;
                if let Some((tool, said)) = tool.zip(said(changed.status)) {
                    tell::visitor(&app, tx, &row, &tool, said).await?;
                }
                let entry = tell::entry(kind, Actor::System, &row)
                    .with("status", serde_json::to_value(row.status).unwrap_or_default())
                    .with("result", row.result.clone());
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// What the visitor is told when a proposal has come to stand like this.
const fn said(status: ActionStatus) -> Option<Said> {
    match status {
        ActionStatus::Executed => Some(Said::Done),
        ActionStatus::Failed | ActionStatus::Unknown => Some(Said::Failed),
        ActionStatus::Rejected | ActionStatus::Responded | ActionStatus::Expired => Some(Said::Rejected),
        _ => None,
    }
}

/// Says durably that an attempt begins. What it is about to do is exactly what was approved, or nothing is done.
async fn begin(
    app: &App,
    workspace_id: WorkspaceId,
    id: ActionId,
    step: Step,
) -> Result<Option<(row::Model, Tool)>, AppError> {
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                let (row, action) = load(tx, id).await?;
                let tool = tool_of(tx, &row).await?;
                let Some(tool) = tool
                    .filter(|tool| row.runs == Runs::Here && action.next_step(progress(&row, Some(tool)), now) == step)
                else {
                    return Ok(Change::Unlogged(None));
                };
                let args = super::stored::args_of(&row.standing_args)?;
                let hash = ArgsHash::of(&row.name, &args, &row.standing_request);
                let begun = match step {
                    Step::Claim => action
                        .consume(hash, now)
                        .map_err(|error| AppError::Internal(error.to_string()))?,
                    _ if row.decided_hash == Some(hash) => action,
                    _ => return Err(AppError::Internal("what is stored is not what was approved".to_owned())),
                };
                let row = row::Model {
                    attempts: row.attempts + 1,
                    under_way: true,
                    begun_at: row.begun_at.or(Some(now)),
                    ..after(row, &begun)
                };
                save(tx, row.clone()).await?;
                let entry = tell::entry(EventKind::ActionStarted, Actor::System, &row)
                    .about("attempt", row.attempts)
                    .with("args_hash", hash.to_string());
                Ok::<_, AppError>(Change::Logged(Some((row, tool)), entry))
            })
        })
        .await
}

/// Writes down what came of an attempt, and what follows. What is done by Holdpoint itself is done in this transaction.
async fn end(app: &App, workspace_id: WorkspaceId, id: ActionId, tool: &Tool, done: Done) -> Result<(), AppError> {
    let (app_of_write, tool) = (app.clone(), tool.clone());
    app.store()
        .write(workspace_id, move |tx| {
            let (app, tool, done) = (app_of_write.clone(), tool.clone(), done.clone());
            Box::pin(async move { end_in(&app, tx, id, &tool, done).await })
        })
        .await
}

async fn end_in(app: &App, tx: &Tx<'_>, id: ActionId, tool: &Tool, done: Done) -> Result<Change<()>, AppError> {
    let (row, action) = load(tx, id).await?;
    if row.status != ActionStatus::Running || !row.under_way {
        return Ok(Change::Unlogged(()));
    }
    let now = app.now();
    let (attempt, made) = match done {
        Done::Sent(attempt, told) => (attempt, Made { told, lead: None }),
        Done::Here(request) => (Attempt::Done, here(tx, &row, request).await?),
    };
    let result = made.told;
    let next = attempt::after(attempt, tool.idempotent, row.attempts);
    let mut row = row::Model {
        under_way: false,
        result: Some(result.clone()),
        ..row
    };
    let kind = match next {
        Next::RetryIn(ms) => {
            tx.update(row.clone()).await?;
            tx.schedule(JobKind::Act, id, now.plus_ms(ms)).await?;
            EventKind::ActionDeferred
        }
        Next::End(how) => {
            let ended = action
                .ended(how)
                .map_err(|error| AppError::Internal(error.to_string()))?;
            row = row::Model {
                ended_at: Some(now),
                ..after(row, &ended)
            };
            save(tx, row.clone()).await?;
            if let Some(said) = said(ended.status) {
                tell::visitor(app, tx, &row, tool, said).await?;
            }
            match how {
                Ended::Executed => EventKind::ActionExecuted,
                Ended::Failed => EventKind::ActionFailed,
                Ended::Unknown => EventKind::ActionUnknown,
            }
        }
    };
    let mut entry = tell::entry(kind, Actor::System, &row)
        .about("attempt", row.attempts)
        .with("result", result);
    if let Some(lead) = made.lead {
        // Who asks again is told to nobody as somebody new.
        entry = entry.about(if lead.is_new { "lead" } else { "lead_again" }, lead.id);
    }
    Ok(Change::Logged((), entry))
}

/// Does what needs nobody else, as part of the transaction that says that it was done: exactly once.
async fn here(tx: &Tx<'_>, row: &row::Model, request: Request) -> Result<Made, AppError> {
    run::here(tx, row, request).await
}
