//! What this machine is doing right now: the engine with its models, what waits, what is due. Read by the *Models* page
//! and by `/metrics`.

use super::{App, AppError, status};
use crate::domain::ids::WorkspaceId;
use crate::engine::Health;
use crate::store::JobKind;
use std::time::Duration;

/// Longest wait for what the engine says of itself: a page must not hang on it.
const HEALTH_WITHIN: Duration = Duration::from_secs(2);
/// Jobs looked at.
const JOBS: u64 = 10_000;

/// What the machine is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The engine in a word and a sentence.
    pub engine: status::EngineView,
    /// What it says of itself; none if it does not answer.
    pub health: Option<Health>,
    /// How often it had to be started again since the server started.
    pub restarts: u32,
}

/// What waits for people and for the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Review items that wait, by the workspace's slug.
    pub review_items: Vec<(String, u64)>,
    /// Jobs by kind, due or still to come.
    pub jobs: [(JobKind, u64); 4],
    /// Jobs that have failed at least once.
    pub failing_jobs: u64,
}

/// What the engine is doing.
pub async fn machine(app: &App) -> Machine {
    let health = match app.engine() {
        // Whoever is not there is not asked: the page would wait for nothing.
        Some(engine) if status::engine(app).ready => engine.client.health(HEALTH_WITHIN).await.ok(),
        _ => None,
    };
    let supervised = app.engine().and_then(|engine| engine.status.as_ref());
    Machine {
        engine: status::engine(app),
        health,
        restarts: supervised.map_or(0, |status| status.borrow().restarts),
    }
}

/// What waits: in one workspace, or in all.
///
/// # Errors
/// The store's.
pub async fn waiting(app: &App, workspace_id: Option<WorkspaceId>) -> Result<Waiting, AppError> {
    let mut review_items = Vec::new();
    for workspace in app.store().workspaces().await? {
        if workspace_id.is_none_or(|wanted| wanted == workspace.id) {
            let waiting = app.store().rows(workspace.id).queue_length().await?;
            review_items.push((workspace.slug, waiting));
        }
    }
    let all = app.store().next_jobs(JOBS).await?;
    let count = |fits: &dyn Fn(&crate::store::entity::job::Model) -> bool| {
        let here = all
            .iter()
            .filter(|job| workspace_id.is_none_or(|wanted| wanted == job.workspace_id));
        here.filter(|job| fits(job)).count() as u64
    };
    let kinds = [JobKind::Draft, JobKind::Finalise, JobKind::Expire, JobKind::Embed];
    Ok(Waiting {
        review_items,
        jobs: kinds.map(|kind| (kind, count(&|job| job.kind == kind))),
        failing_jobs: count(&|job| job.attempts > 1),
    })
}
