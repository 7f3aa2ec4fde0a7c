//! Runs what is due: turns that end, undo windows, deadlines, missing embeddings.
//!
//! A job's row stays until the write that does its work removes or moves it, so a crash in between runs it again, and the
//! state machines refuse what was already done.

use super::{
    App, AppError, actions, closing, drafting, evidence, improve, insight, knowledge, limits, mail, reach, rehearsal,
    report, review, takeover, team, webhooks,
};
use crate::domain::ids::{JobId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::store::entity::job;
use crate::store::{Change, JobKind, LONGEST_RETRY_MS};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use uuid::Uuid;

/// Which jobs share how many places. What a person decided does not queue behind drafts that wait for the LLM.
const LANES: [(&[JobKind], usize); 18] = [
    (
        &[JobKind::Finalise, JobKind::Expire, JobKind::Escalate, JobKind::Recall],
        16,
    ),
    (&[JobKind::Draft, JobKind::Embed], 32),
    (&[JobKind::Mail], 4),
    (&[JobKind::Deliver], 8),
    (&[JobKind::Announce], 1),
    // Other machines may take their time.
    (&[JobKind::Act], 8),
    (&[JobKind::Reply, JobKind::Close, JobKind::Outdate], 4),
    (&[JobKind::Evidence], 1),
    // The LLM may write for long what is compared.
    (&[JobKind::CarryOver], 1),
    // Answers are held until this is done: it waits for no LLM.
    (&[JobKind::FindAnew], 1),
    // One question after the other: nobody waits for it.
    (&[JobKind::Rehearse], 1),
    // Neither here: a candidate waits for whoever publishes it.
    (&[JobKind::Replay], 1),
    // What the LLM writes for it takes long; what needs no LLM is tried meanwhile.
    (&[JobKind::Write], 1),
    (&[JobKind::Publish], 1),
    (&[JobKind::Gaps], 1),
    (&[JobKind::Analyse], 1),
    (&[JobKind::Report], 1),
    (&[JobKind::Conflicts], 1),
];
/// The runner looks again at the latest after this long, whatever the clock says: clocks jump.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// First and longest pause before a failed job is tried again, in milliseconds.
const RETRY_MS: (i64, i64) = (1_000, LONGEST_RETRY_MS);

type Running = Arc<Mutex<HashSet<(JobKind, Uuid)>>>;

/// Takes a job off the list whose subject no longer needs it.
pub(super) async fn forget(
    app: &App,
    workspace_id: WorkspaceId,
    kind: JobKind,
    subject: impl Into<Uuid>,
) -> Result<(), AppError> {
    let subject = subject.into();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                tx.unschedule(kind, subject).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// Moves a job that has found out that it is too early.
pub(super) async fn put_off(app: &App, workspace_id: WorkspaceId, id: JobId, at: Timestamp) -> Result<(), AppError> {
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                tx.renew_job(id, at).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// Runs until the app stops.
pub(super) async fn run(app: App) {
    if let Err(error) = embed_what_is_missing(&app).await {
        tracing::error!(%error, "missing embeddings could not be scheduled");
    }
    if let Err(error) = compare_what_is_known(&app).await {
        tracing::error!(%error, "whether the models are other ones could not be looked at");
    }
    if let Err(error) = improve::gaps::look_everywhere(&app).await {
        tracing::error!(%error, "questions without an answer could not be looked for");
    }
    if let Err(error) = report::look_everywhere(&app).await {
        tracing::error!(%error, "reports that are due could not be looked for");
    }
    let running: Running = Arc::default();
    let ended = Arc::new(Notify::new());
    while !app.inner.stopping.is_cancelled() {
        let pause = match start_due(&app, &running, &ended).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(%error, "due jobs cannot be read; trying again in a second");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = app.store().jobs_changed().notified() => {}
            () = ended.notified() => {}
            () = app.inner.stopping.cancelled() => {}
        }
    }
}

/// Knowledge may have come in while there was no embedder, or another one.
async fn embed_what_is_missing(app: &App) -> Result<(), AppError> {
    if app.engine().is_none() {
        return Ok(());
    }
    for workspace in app.store().workspaces().await? {
        let (id, now) = (workspace.id, app.now());
        app.store()
            .write(id, move |tx| {
                Box::pin(async move {
                    tx.schedule(JobKind::Embed, id, now).await?;
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            })
            .await?;
    }
    Ok(())
}

/// The models may be other ones than before the server was stopped.
async fn compare_what_is_known(app: &App) -> Result<(), AppError> {
    for workspace in app.store().workspaces().await? {
        evidence::compare_if_models_changed(app, workspace.id).await?;
    }
    Ok(())
}

/// Starts every due job that is not running, and tells how long there is nothing to do.
async fn start_due(app: &App, running: &Running, ended: &Arc<Notify>) -> Result<Duration, AppError> {
    let mut pause = LOOK_AGAIN;
    for (kinds, places) in LANES {
        let now = app.now();
        // Those that run still have their rows; behind them there are as many to fill every place with.
        for job in app.store().next_jobs_of(kinds, places as u64 * 2).await? {
            if job.run_at > now {
                let ms = u64::try_from(job.run_at.ms_since(now)).unwrap_or(u64::MAX);
                pause = pause.min(Duration::from_millis(ms));
                break;
            }
            let key = (job.kind, job.subject_id);
            let fits = {
                let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
                running.iter().filter(|(kind, _)| kinds.contains(kind)).count() < places && running.insert(key)
            };
            if fits {
                let (app_of_job, running, ended) = (app.clone(), running.clone(), ended.clone());
                app.inner.tasks.spawn(async move {
                    run_one(&app_of_job, &job).await;
                    running.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
                    ended.notify_one();
                });
            }
        }
    }
    Ok(pause)
}

/// Does what is due of these kinds, one after the other in the order in which it is due, until nothing is. For whoever moves the clock themselves and
/// has not started the jobs: an accelerated history.
///
/// # Errors
/// The store's. A job that fails is tried again later, as ever.
pub async fn run_due(app: &App, is_wanted: impl Fn(JobKind) -> bool) -> Result<(), AppError> {
    let wanted = wanted(is_wanted);
    while let Some(job) = app.store().next_jobs_of(&wanted, 1).await?.pop() {
        if job.run_at > app.now() {
            break;
        }
        run_one(app, &job).await;
    }
    Ok(())
}

/// When the next job of these kinds is due.
///
/// # Errors
/// The store's.
pub async fn next_due(app: &App, is_wanted: impl Fn(JobKind) -> bool) -> Result<Option<Timestamp>, AppError> {
    let next = app.store().next_jobs_of(&wanted(is_wanted), 1).await?.pop();
    Ok(next.map(|job| job.run_at))
}

fn wanted(is_wanted: impl Fn(JobKind) -> bool) -> Vec<JobKind> {
    let all = LANES.iter().flat_map(|(kinds, _)| kinds.iter().copied());
    all.filter(|kind| is_wanted(*kind)).collect()
}

async fn run_one(app: &App, job: &job::Model) {
    let (workspace_id, subject) = (job.workspace_id, job.subject_id);
    let work = async {
        match job.kind {
            JobKind::Draft => {
                drafting::draft(app, workspace_id, subject.into()).await?;
                limits::tell_owners(app, workspace_id).await
            }
            JobKind::Finalise => review::finalise(app, workspace_id, subject.into()).await,
            JobKind::Expire => review::expire(app, workspace_id, subject.into()).await,
            JobKind::Escalate => team::escalate(app, workspace_id, subject.into()).await,
            JobKind::Recall => takeover::recall(app, workspace_id, subject.into()).await,
            JobKind::Embed => knowledge::embed_missing(app, workspace_id, job.id).await,
            JobKind::Reply => reach::write_to(app, workspace_id, subject.into(), job.id).await,
            JobKind::Close => closing::close_idle(app, workspace_id, subject.into()).await,
            JobKind::Mail => {
                mail::send(app, workspace_id, subject.into()).await?;
                limits::tell_owners(app, workspace_id).await
            }
            JobKind::Deliver => webhooks::deliver(app, workspace_id, subject.into(), job.id).await,
            JobKind::Announce => webhooks::announce(app, workspace_id, job.id).await,
            JobKind::Evidence => evidence::keep(app, workspace_id, job.id).await,
            JobKind::CarryOver => evidence::carry_over(app, workspace_id, job.id).await,
            JobKind::FindAnew => evidence::find_anew(app, workspace_id, subject, job.id).await,
            JobKind::Outdate => knowledge::expire(app, workspace_id, job.id).await,
            JobKind::Rehearse => rehearsal::draft_all(app, workspace_id, subject.into(), job.attempts).await,
            JobKind::Replay => improve::replay(app, workspace_id, subject.into(), job.id).await,
            JobKind::Write => improve::write(app, workspace_id, subject.into(), job.attempts).await,
            JobKind::Publish => improve::advance(app, workspace_id, subject.into(), job.id).await,
            JobKind::Gaps => improve::gaps::keep(app, workspace_id, job.id).await,
            JobKind::Analyse => insight::keep(app, workspace_id, job.id).await,
            JobKind::Report => report::keep(app, workspace_id, job.id).await,
            JobKind::Act => actions::advance(app, workspace_id, subject.into()).await,
            JobKind::Conflicts => knowledge::look_for_conflicts(app, workspace_id, job.id).await,
        }
    };
    let result = tokio::select! {
        result = work => result,
        // The LLM may write for minutes. The job's row stays: the next start does it.
        () = app.inner.stopping.cancelled() => return,
    };
    let failure = match result {
        // Done: its row is gone or lies in the future. If not, it is tried again later rather than at once.
        Ok(()) => "it changed nothing".to_owned(),
        Err(AppError::Engine(why)) => {
            tracing::info!(job.kind = ?job.kind, "a job waits for the AI engine: {why}");
            why
        }
        Err(error) => {
            tracing::error!(%error, cause = ?error, job.kind = ?job.kind, job.attempts, "a job failed; it is tried again");
            error.to_string()
        }
    };
    let pause_ms = RETRY_MS
        .0
        .saturating_mul(1 << job.attempts.clamp(0, 10))
        .min(RETRY_MS.1);
    let (id, run_at) = (job.id, app.now().plus_ms(pause_ms));
    let retried = app.store().write(workspace_id, move |tx| {
        let failure = failure.clone();
        Box::pin(async move {
            tx.retry_job(id, run_at, &failure).await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    if let Err(error) = retried.await {
        tracing::error!(%error, "a job's retry could not be noted");
        // Its row still says that it is due. While it counts as running it does not start over at once, again and again.
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause_ms.unsigned_abs())) => {}
            () = app.inner.stopping.cancelled() => {}
        }
    }
}
