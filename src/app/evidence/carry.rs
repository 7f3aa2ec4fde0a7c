//! What stays known after something was published: knowledge, verified answers, instructions, models.

use super::certify::shrink;
use super::records::{House, Parts};
use super::{SOON_MS, look_soon};
use crate::app::{App, AppError, agents, drafting, improve, knowledge};
use crate::domain::answer::AnswerMode;
use crate::domain::draft::Source;
use crate::domain::ids::{AgentId, AgentVersionId, DraftId, JobId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::persona;
use crate::domain::settings::AgentSettings;
use crate::domain::time::Timestamp;
use crate::engine::Priority;
use crate::store::entity::{draft, evidence};
use crate::store::{Change, JobKind, LogDraft, Made, Rows, Tx};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use uuid::Uuid;

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

/// Another answer may be found from now on, by one agent or, where none is named, by all of them. What goes out under a certificate waits until that was
/// looked at; it needs no LLM. Another text needs none of this: too little is known of it, and it waits by itself.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn found_otherwise(tx: &Tx<'_>, by: Option<AgentId>, now: Timestamp) -> Result<(), AppError> {
    let subject = by.map_or_else(|| tx.workspace_id().uuid(), AgentId::uuid);
    Ok(tx.schedule_no_later(JobKind::FindAnew, subject, now).await?)
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
    let (mut changed, mut finds_otherwise) = (false, false);
    if let Some(last) = rows.newest_graded(None).await? {
        finds_otherwise = is_other(Some(&engine.embedder), last.signals.0.embedder.as_deref());
    }
    if let Some(last) = rows.newest_graded(Some(AnswerMode::Compose)).await?
        && let Some(Version { now, .. }) = Versions::default().of(&rows, last.agent_version_id).await?
    {
        changed |= is_other(drafting::writer(app, now).as_deref(), last.signals.0.writer.as_deref());
    }
    if !changed && !finds_otherwise {
        return Ok(());
    }
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                if finds_otherwise {
                    found_otherwise(tx, None, now).await?;
                }
                published(tx, now).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// The job: asks what was found and quoted once more after another answer may be found, and marks what is another one today. Until it is done all of that is
/// fresh.
///
/// # Errors
/// [`AppError::Engine`] while questions cannot be compared by meaning; or the store's. It is then tried again.
pub(in crate::app) async fn find_anew(
    app: &App,
    workspace_id: WorkspaceId,
    subject: Uuid,
    job_id: JobId,
) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    if rows.is_scheduled(JobKind::Embed, workspace_id).await? {
        // Something may be found that has no vectors yet.
        let again = app.now().plus_ms(SOON_MS);
        let renew = app.store().write(workspace_id, move |tx| {
            Box::pin(async move {
                tx.renew_job(job_id, again).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        });
        return renew.await;
    }
    let mut versions = Versions::default();
    let mut moved = Vec::new();
    for row in may_be_judged(app, &rows).await? {
        let agent_id = versions
            .of(&rows, row.agent_version_id)
            .await?
            .map(|found| found.agent_id);
        let is_asked = subject == workspace_id.uuid() || agent_id.is_some_and(|id| id.uuid() == subject);
        if row.mode != AnswerMode::Compose && is_asked {
            moved.extend(move_of(app, &rows, &mut versions, row).await?);
        }
    }
    if !keep(app, workspace_id, job_id, &moved).await? {
        // It is tried again: until then nothing of it goes out.
        return Ok(());
    }
    finish(app, workspace_id, job_id).await
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
    let mut found = may_be_judged(app, &rows).await?;
    // What may fail comes first: while the LLM cannot write, hardly anything is done over and over.
    found.sort_by_key(|row| row.mode != AnswerMode::Compose);
    let mut versions = Versions::default();
    let mut moved = Vec::new();
    for row in found {
        moved.extend(move_of(app, &rows, &mut versions, row).await?);
    }
    keep(app, workspace_id, job_id, &moved).await?;
    finish(app, workspace_id, job_id).await
}

/// What of the window was judged, or still may be.
async fn may_be_judged(app: &App, rows: &Rows<'_>) -> Result<Vec<evidence::Model>, AppError> {
    let from = House::of(rows).await?.window_from(app.now());
    let counts = |row: &evidence::Model| {
        // A verdict may still be given on what is held or drawn; none on the others, and none of a fresh one certifies anything.
        let may_be_judged = row.label.is_some() || !row.is_sent || row.is_drawn != Some(false);
        may_be_judged && !row.is_fresh && !row.left_out
    };
    let mut found = Vec::new();
    let mut parts = Parts::of(rows, Made::Since(from));
    while let Some(part) = parts.next().await? {
        found.extend(part.into_iter().filter(counts));
    }
    Ok(found)
}

/// The draft and whether it would be answered otherwise today, where that is not what is known of it.
async fn move_of(
    app: &App,
    rows: &Rows<'_>,
    versions: &mut Versions,
    row: evidence::Model,
) -> Result<Option<(DraftId, bool)>, AppError> {
    let Some(made) = rows.draft(row.draft_id).await? else {
        return Ok(None);
    };
    let is_changed = is_changed(app, rows, versions, &row, &made).await?;
    Ok((is_changed != row.is_changed).then_some((row.draft_id, is_changed)))
}

/// Marks what moved and has the certificate shrink by it; tells whether it was looked at.
async fn keep(
    app: &App,
    workspace_id: WorkspaceId,
    job_id: JobId,
    moved: &[(DraftId, bool)],
) -> Result<bool, AppError> {
    for part in moved.chunks(MARKED_AT_ONCE) {
        mark(app, workspace_id, job_id, part).await?;
    }
    shrink(app, workspace_id).await
}

async fn finish(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
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

/// Marks which of these drafts would be answered otherwise today. What was compared with something older than what is live only adds marks.
async fn mark(app: &App, workspace_id: WorkspaceId, job_id: JobId, moved: &[(DraftId, bool)]) -> Result<(), AppError> {
    let moved = moved.to_vec();
    app.store()
        .write(workspace_id, move |tx| {
            let moved = moved.clone();
            Box::pin(async move {
                let is_newest = tx.is_newest_job(job_id).await?;
                let holds = |moved: &&(DraftId, bool)| moved.1 || is_newest;
                let (mut changed, mut as_before) = (0_u64, 0_u64);
                for (draft_id, is_changed) in moved.iter().filter(holds) {
                    if let Some(row) = tx.evidence(*draft_id).await? {
                        tx.update(evidence::Model {
                            is_changed: *is_changed,
                            ..row
                        })
                        .await?;
                        changed += u64::from(*is_changed);
                        as_before += u64::from(!*is_changed);
                    }
                }
                let entry = LogDraft::new(EventKind::EvidenceCarriedOver, Actor::System)
                    .with("changed", changed)
                    .with("as_before", as_before);
                Ok::<_, AppError>(if changed + as_before > 0 {
                    Change::Logged((), entry)
                } else {
                    Change::Unlogged(())
                })
            })
        })
        .await?;
    Ok(())
}

/// Settings of agent versions, and of what is in force of the same agents.
#[derive(Default)]
struct Versions(HashMap<AgentVersionId, Version>);

struct Version {
    agent_id: AgentId,
    then: AgentSettings,
    now: AgentSettings,
}

impl Versions {
    async fn of(&mut self, rows: &Rows<'_>, id: AgentVersionId) -> Result<Option<&Version>, AppError> {
        if let Entry::Vacant(place) = self.0.entry(id) {
            let Some(then) = rows.agent_version(id).await? else {
                return Ok(None);
            };
            let (_, now) = agents::current_version(rows, then.agent_id).await?;
            place.insert(Version {
                agent_id: then.agent_id,
                then: then.settings.0,
                now,
            });
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
    let Some(Version { then, now, .. }) = versions.of(rows, row.agent_version_id).await? else {
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
    let writes_alike = persona::told(then) == persona::told(now)
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
