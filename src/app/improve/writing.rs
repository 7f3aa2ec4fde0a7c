//! What the LLM would answer without a candidate and with it: written once, kept while it is the same, and compared like any other answer.
//!
//! The job that tries a candidate knows what is to be written and goes on when it is there; a job of its own lets the LLM write, one text after the
//! other. Each is kept as soon as it is there, so whatever interrupts it costs one text at most.

use super::knowledge::Side;
use super::{App, AppError, drafting, jobs, status};
use crate::domain::answer::AnswerMode;
use crate::domain::ids::{CandidateId, DraftId, WorkspaceId};
use crate::domain::improve::candidate::{Answer, CandidateState, Known};
use crate::domain::settings::AgentSettings;
use crate::domain::time::Timestamp;
use crate::store::entity::candidate_text;
use crate::store::{Change, JobKind, Json, Rows, Tx};
use std::collections::{HashMap, HashSet};

/// Questions for which the LLM writes, at most: those that must stay answered and those that were judged come first.
const MOST: usize = 60;
/// After so many attempts in a row, minutes altogether, a text is given up while the engine says that it is ready: one that it cannot take, or a
/// remote engine that stays away, must not hold up the others.
const PATIENCE: i64 = 10;
/// Before a text that was just reached is tried again, in milliseconds.
const AGAIN_MS: i64 = 1_000;

/// A question whose sides may lack their texts.
pub(super) struct Unwritten<'a> {
    pub(super) question: &'a str,
    pub(super) draft_id: Option<DraftId>,
    pub(super) known: &'a Known,
    /// The agent's settings without the candidate, and with it.
    pub(super) settings: &'a [AgentSettings; 2],
    pub(super) sides: &'a mut [Side; 2],
}

/// What is written and what is not.
pub(super) struct Texts {
    /// All that the candidate needs, in the order in which it is written.
    pub(super) rows: Vec<candidate_text::Model>,
    /// Questions whose texts are all there.
    pub(super) written: u64,
    /// Questions whose texts are not compared.
    pub(super) unwritten: u64,
}

/// What is known of a question: the first is written first.
const fn rank(known: &Known) -> u8 {
    match known {
        Known::Expected { .. } => 0,
        Known::Judged { .. } => 1,
        Known::Gap => 2,
        Known::Asked => 3,
    }
}

/// Puts the texts that are there into their sides, and tells which are needed. What both sides would have written from the same needs no text.
///
/// # Errors
/// The store's.
pub(super) async fn fill(
    app: &App,
    rows: &Rows<'_>,
    id: CandidateId,
    mut asked: Vec<Unwritten<'_>>,
) -> Result<Texts, AppError> {
    let known = rows.candidate_texts(id).await?;
    let mut known: HashMap<String, candidate_text::Model> =
        known.into_iter().map(|row| (row.recipe.clone(), row)).collect();
    name_recipes(app, &mut asked);
    asked.retain(|question| {
        let [before, after] = question.sides.each_ref().map(|side| &side.answer.recipe);
        before != after
    });
    asked.sort_by_key(|question| rank(question.known));
    let mut texts = Texts {
        rows: Vec::new(),
        written: 0,
        unwritten: 0,
    };
    let mut needed = HashSet::new();
    for (number, question) in asked.into_iter().enumerate() {
        if number >= MOST {
            texts.unwritten += 1;
            continue;
        }
        for (side, settings) in question.sides.iter_mut().zip(question.settings) {
            let (Some(recipe), Some(to_write)) = (&side.answer.recipe, &side.to_write) else {
                continue;
            };
            if !needed.insert(recipe.clone()) {
                continue;
            }
            let row = known.remove(recipe).unwrap_or_else(|| candidate_text::Model {
                candidate_id: id,
                recipe: recipe.clone(),
                workspace_id: rows.workspace_id(),
                place: 0,
                question: question.question.to_owned(),
                draft_id: question.draft_id,
                settings: Json(settings.clone()),
                sources: Json(to_write.sources.clone()),
                fallback: Json(to_write.fallback.clone()),
                answer: None,
                is_given_up: false,
                written_at: None,
            });
            texts.rows.push(candidate_text::Model {
                place: i64::try_from(texts.rows.len()).unwrap_or(i64::MAX),
                ..row
            });
        }
        let found: HashMap<&str, &candidate_text::Model> =
            { texts.rows.iter() }.map(|row| (row.recipe.as_str(), row)).collect();
        for side in question.sides.iter_mut() {
            let row = side.answer.recipe.as_deref().and_then(|recipe| found.get(recipe));
            if let Some(answer) = row.and_then(|row| row.answer.as_ref()) {
                side.answer = answer.0.clone();
            }
        }
        if question.sides.iter().any(|side| side.answer.recipe.is_some()) {
            texts.unwritten += 1;
        } else {
            texts.written += 1;
        }
    }
    Ok(texts)
}

/// Names what goes into each text that is to be written.
fn name_recipes(app: &App, asked: &mut [Unwritten<'_>]) {
    for question in asked {
        for (side, settings) in question.sides.iter_mut().zip(question.settings) {
            let Some(to_write) = &mut side.to_write else {
                continue;
            };
            to_write.sources = drafting::given_to_llm(&to_write.sources);
            if to_write.sources.is_empty() {
                // Passages that give orders never reach the LLM: what is found without it is answered.
                side.answer = to_write.fallback.clone();
                side.to_write = None;
                continue;
            }
            let of = (question.question, question.draft_id);
            side.answer.recipe = Some(drafting::recipe(app, settings, of, &to_write.sources));
        }
    }
}

/// Keeps what is to be written, and what of it is there, and has the LLM write the rest. Tells whether nothing is left.
///
/// # Errors
/// The store's.
pub(super) async fn keep(
    tx: &Tx<'_>,
    id: CandidateId,
    texts: &[candidate_text::Model],
    now: Timestamp,
) -> Result<bool, AppError> {
    // What was written since they were read stays written.
    let former = tx.candidate_texts(id).await?.into_iter();
    let mut former: HashMap<String, candidate_text::Model> = former.map(|row| (row.recipe.clone(), row)).collect();
    let merged = texts.iter().map(|row| match former.remove(&row.recipe) {
        Some(known) => candidate_text::Model {
            place: row.place,
            ..known
        },
        None => row.clone(),
    });
    let merged: Vec<candidate_text::Model> = merged.collect();
    tx.replace_candidate_texts(id, &merged).await?;
    let was_read = texts.iter().all(|row| row.written_at.is_some());
    let is_left = merged.iter().any(|row| row.written_at.is_none());
    match (was_read, is_left) {
        (true, _) => tx.unschedule(JobKind::Write, id).await?,
        (false, true) => tx.schedule(JobKind::Write, id, now).await?,
        // All are there by now; what was found does not know them yet.
        (false, false) => tx.schedule(JobKind::Replay, id, now).await?,
    }
    Ok(was_read)
}

/// The job: lets the LLM write what a candidate needs, until all is there, and then has the candidate tried with it. `attempts` were made in vain at
/// the first of it.
///
/// # Errors
/// [`AppError::Engine`] while the LLM cannot be asked; it is tried again. Or the store's.
pub(in crate::app) async fn write(
    app: &App,
    workspace_id: WorkspaceId,
    id: CandidateId,
    attempts: i64,
) -> Result<(), AppError> {
    let mut attempts = Some(attempts);
    loop {
        let rows = app.store().rows(workspace_id);
        if !is_tried(&rows, id).await? {
            return jobs::forget(app, workspace_id, JobKind::Write, id).await;
        }
        let Some(row) = rows.next_candidate_text(id).await? else {
            return done(app, workspace_id, id).await;
        };
        let answer = match written(app, &rows, &row).await {
            Ok(answer) => Some(answer),
            Err(AppError::Engine(why)) => {
                let Some(attempts) = attempts else {
                    return again(app, workspace_id, id).await;
                };
                if attempts < PATIENCE || !status::engine(app).ready {
                    return Err(AppError::Engine(why));
                }
                tracing::warn!("a text of the LLM is not compared: {why}");
                None
            }
            Err(error) => return Err(error),
        };
        keep_text(app, workspace_id, (id, row.recipe), answer).await?;
        attempts = None;
    }
}

async fn is_tried(rows: &Rows<'_>, id: CandidateId) -> Result<bool, AppError> {
    let row = rows.candidate(id).await?;
    Ok(row.is_some_and(|row| matches!(row.state, CandidateState::Replaying | CandidateState::Published)))
}

async fn written(app: &App, rows: &Rows<'_>, row: &candidate_text::Model) -> Result<Answer, AppError> {
    let made = match row.draft_id {
        Some(draft) => rows.draft(draft).await?,
        None => None,
    };
    let sources = row.sources.0.clone();
    let titles = sources.iter().map(|source| source.title.clone()).collect();
    let asked = (row.question.as_str(), made.as_ref());
    Ok(
        match drafting::write_from(app, rows, asked, &row.settings.0, sources).await? {
            drafting::Written::Text(text) => Answer {
                mode: AnswerMode::Compose,
                text,
                sources: titles,
                recipe: None,
            },
            drafting::Written::Declined => Answer {
                mode: AnswerMode::Abstain,
                text: String::new(),
                sources: Vec::new(),
                recipe: None,
            },
            drafting::Written::Nothing => row.fallback.0.clone(),
        },
    )
}

/// Keeps a text, or that there is none. It is work, not history: the log says when a candidate was tried.
async fn keep_text(
    app: &App,
    workspace_id: WorkspaceId,
    (id, recipe): (CandidateId, String),
    answer: Option<Answer>,
) -> Result<(), AppError> {
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            let (recipe, answer) = (recipe.clone(), answer.clone());
            Box::pin(async move {
                // It may not be needed any more.
                let texts = tx.candidate_texts(id).await?;
                let row = texts.into_iter().find(|row| row.recipe == recipe);
                if let Some(row) = row.filter(|row| row.written_at.is_none()) {
                    tx.update(candidate_text::Model {
                        is_given_up: answer.is_none(),
                        answer: answer.map(Json),
                        written_at: Some(now),
                        ..row
                    })
                    .await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// The job goes on soon, as if it had never been tried.
async fn again(app: &App, workspace_id: WorkspaceId, id: CandidateId) -> Result<(), AppError> {
    let soon = app.now().plus_ms(AGAIN_MS);
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                if is_tried(tx, id).await? {
                    tx.schedule(JobKind::Write, id, soon).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// All is written: the candidate is tried with it.
async fn done(app: &App, workspace_id: WorkspaceId, id: CandidateId) -> Result<(), AppError> {
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                if is_tried(tx, id).await? && tx.next_candidate_text(id).await?.is_none() {
                    tx.unschedule(JobKind::Write, id).await?;
                    tx.schedule(JobKind::Replay, id, now).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}
