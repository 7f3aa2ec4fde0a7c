//! What stays known after something was published: knowledge, verified answers, instructions, models.

use super::certify::shrink;
use super::look_soon;
use super::records::{House, Parts};
use crate::app::{App, AppError, agents, drafting, improve, knowledge};
use crate::domain::answer::AnswerMode;
use crate::domain::draft::Source;
use crate::domain::ids::{AgentVersionId, DraftId, JobId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::settings::AgentSettings;
use crate::domain::time::Timestamp;
use crate::engine::Priority;
use crate::store::entity::{draft, evidence};
use crate::store::{Change, JobKind, LogDraft, Made, Rows, Tx};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// After a publication it is waited so long, in milliseconds: for the next one, and until vectors are there.
const SETTLES_MS: i64 = 60_000;
/// So many drafts are marked in one transaction: others wait to write meanwhile. The test that follows comes after all of them.
const MARKED_AT_ONCE: usize = 1_000;

/// Something was published: what is known is compared with it before long, and candidates that wait are tried once more.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn published(tx: &Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    improve::restart(tx, now).await?;
    Ok(tx
        .schedule_no_later(JobKind::CarryOver, tx.workspace_id(), now.plus_ms(SETTLES_MS))
        .await?)
}

/// Another model finds or writes answers than the one that did last: what is known is compared as after any publication. Called when the
/// server starts, which is when models change.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn compare_if_models_changed(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let (rows, Some(engine)) = (app.store().rows(workspace_id), app.engine()) else {
        return Ok(());
    };
    let is_other = |now: Option<&str>, then: Option<&str>| then.is_some() && then != now;
    let mut changed = false;
    if let Some(last) = rows.newest_graded(None).await? {
        changed |= is_other(Some(&engine.embedder), last.signals.0.embedder.as_deref());
    }
    if let Some(last) = rows.newest_graded(Some(AnswerMode::Compose)).await?
        && let Some((_, now)) = Versions::default().of(&rows, last.agent_version_id).await?
    {
        changed |= is_other(drafting::writer(app, now).as_deref(), last.signals.0.writer.as_deref());
    }
    if !changed {
        return Ok(());
    }
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                published(tx, now).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// The job: asks every question of the window once more that was judged or still may be, and marks those whose answer is another one today.
///
/// A verified answer and a quotation are found anew, without the LLM. What the LLM wrote counts as unchanged where instructions, models and passages
/// are the same; otherwise it is written again, as work that nobody waits for. Until all are compared, whatever the LLM writes is fresh.
///
/// # Errors
/// [`AppError::Engine`] while questions cannot be compared by meaning, or the LLM cannot write; or the store's. It is then tried again.
pub(in crate::app) async fn carry_over(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let house = House::of(&rows).await?;
    let from = house.window_from(app.now());
    let counts = |row: &evidence::Model| {
        // A verdict may still be given on what is held or drawn; none on the others, and none of a fresh one certifies anything.
        let may_be_judged = row.label.is_some() || !row.is_sent || row.is_drawn != Some(false);
        may_be_judged && !row.is_fresh && !row.left_out
    };
    let mut found = Vec::new();
    let mut parts = Parts::of(&rows, Made::Since(from));
    while let Some(part) = parts.next().await? {
        found.extend(part.into_iter().filter(counts));
    }
    // What may fail comes first: while the LLM cannot write, hardly anything is done over and over.
    found.sort_by_key(|row| row.mode != AnswerMode::Compose);
    let mut versions = Versions::default();
    let mut moved: Vec<(DraftId, bool)> = Vec::new();
    for row in found {
        let Some(made) = rows.draft(row.draft_id).await? else {
            continue;
        };
        let is_changed = is_changed(app, &rows, &mut versions, &row, &made).await?;
        if is_changed != row.is_changed {
            moved.push((row.draft_id, is_changed));
        }
    }
    for part in moved.chunks(MARKED_AT_ONCE) {
        mark(app, workspace_id, part).await?;
    }
    shrink(app, workspace_id).await?;
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                // What was published while this ran has scheduled the job anew; that one stays.
                tx.finish_job(job_id).await?;
                look_soon(tx, now).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// Marks which of these drafts would be answered otherwise today.
async fn mark(app: &App, workspace_id: WorkspaceId, moved: &[(DraftId, bool)]) -> Result<(), AppError> {
    let moved = moved.to_vec();
    app.store()
        .write(workspace_id, move |tx| {
            let moved = moved.clone();
            Box::pin(async move {
                let mut changed = 0_u64;
                for (draft_id, is_changed) in &moved {
                    if let Some(row) = tx.evidence(*draft_id).await? {
                        tx.update(evidence::Model {
                            is_changed: *is_changed,
                            ..row
                        })
                        .await?;
                        changed += u64::from(*is_changed);
                    }
                }
                let entry = LogDraft::new(EventKind::EvidenceCarriedOver, Actor::System)
                    .with("changed", changed)
                    .with("as_before", moved.len() as u64 - changed);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(())
}

/// Settings of agent versions, and of what is in force of the same agents.
#[derive(Default)]
struct Versions(HashMap<AgentVersionId, (AgentSettings, AgentSettings)>);

impl Versions {
    async fn of(
        &mut self,
        rows: &Rows<'_>,
        id: AgentVersionId,
    ) -> Result<Option<&(AgentSettings, AgentSettings)>, AppError> {
        if let Entry::Vacant(place) = self.0.entry(id) {
            let Some(then) = rows.agent_version(id).await? else {
                return Ok(None);
            };
            let (_, now) = agents::current_version(rows, then.agent_id).await?;
            place.insert((then.settings.0, now));
        }
        Ok(self.0.get(&id))
    }
}

async fn is_changed(
    app: &App,
    rows: &Rows<'_>,
    versions: &mut Versions,
    row: &evidence::Model,
    made: &draft::Model,
) -> Result<bool, AppError> {
    let Some((then, now)) = versions.of(rows, row.agent_version_id).await? else {
        return Ok(true);
    };
    let found = knowledge::find_answer(app, rows, &made.question, now, Priority::Evaluation).await?;
    if let Some(trouble) = found.trouble {
        return Err(AppError::Engine(format!(
            "questions cannot be compared with what was published: {trouble:?}"
        )));
    }
    if found.choice.mode != row.mode {
        return Ok(true);
    }
    if row.mode != AnswerMode::Compose {
        return Ok(found.choice.text != made.body);
    }
    let writes_alike = then.instructions == now.instructions
        && then.adapter == now.adapter
        && made.signals.0.writer.is_some()
        && made.signals.0.writer == drafting::writer(app, now);
    if writes_alike && says_the_same(&drafting::given_to_llm(&found.sources), &made.sources.0) {
        return Ok(false);
    }
    let written = drafting::write_again(app, rows, made, now, found).await?;
    Ok(written.as_deref() != Some(made.body.as_str()))
}

/// Whether the LLM reads the same passages in the same order.
fn says_the_same(passages: &[Source], others: &[Source]) -> bool {
    let words = |sources: &[Source]| -> Vec<(String, String)> {
        let words = sources.iter().map(|source| (source.title.clone(), source.text.clone()));
        words.collect()
    };
    words(passages) == words(others)
}
