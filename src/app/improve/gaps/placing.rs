//! Gives each question its gap, and keeps the gaps in step with their questions.

use crate::app::{App, AppError, Engine, evidence};
use crate::domain::ids::{DraftId, GapId, WorkspaceId};
use crate::domain::improve::gap::{Cause, Centroid, GapState, NAMED_FOR_GOOD, NEAR, Place, medoid, place};
use crate::engine::Priority;
use crate::store::entity::{gap, gap_question};
use crate::store::{Change, Rows, Tx};
use std::time::Duration;

/// Questions embedded and placed at once: a write stays short.
const BATCH: u64 = 32;
/// Longest time for one batch of embeddings in the background.
const DEADLINE: Duration = Duration::from_mins(2);
/// Questions read at once.
const MOST: u64 = 1_000_000;

/// Vectors of texts, made while nobody waits.
pub(in crate::app) async fn embedded(
    engine: &Engine,
    workspace_id: WorkspaceId,
    texts: &[String],
) -> Result<Vec<Vec<f32>>, AppError> {
    let client = engine.client.at_priority(Priority::Evaluation);
    let client = client.sharing(&workspace_id.to_string());
    let made = client.embed(texts, DEADLINE).await;
    let made = made.map_err(|error| AppError::Engine(error.to_string()))?;
    if made.len() != texts.len() {
        let (vectors, texts) = (made.len(), texts.len());
        return Err(AppError::Engine(format!(
            "it answered with {vectors} vectors to {texts} texts"
        )));
    }
    Ok(made)
}

/// Little-endian 32-bit floats.
fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The floats of stored bytes.
fn floats(stored: &[u8]) -> Vec<f32> {
    let (chunks, _) = stored.as_chunks::<4>();
    chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect()
}

fn centroid(row: &gap::Model) -> Centroid {
    Centroid::restored(floats(&row.centroid), u64::try_from(row.questions).unwrap_or_default())
}

fn counted(centroid: &Centroid) -> i64 {
    i64::try_from(centroid.questions()).unwrap_or(i64::MAX)
}

/// With another embedding model every question is embedded anew. Each stays where it is: names and counts of gaps do not change.
pub(super) async fn embed_anew(app: &App, engine: &Engine, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    loop {
        let old = rows.gap_questions_to_embed(&engine.embedder, BATCH).await?;
        if old.is_empty() {
            break;
        }
        let texts: Vec<String> = old.iter().map(|row| row.question.clone()).collect();
        let made = embedded(engine, workspace_id, &texts).await?;
        let anew: Vec<gap_question::Model> = old
            .into_iter()
            .zip(made)
            .map(|(row, vector)| gap_question::Model {
                embedder: Some(engine.embedder.clone()),
                vector: Some(bytes(&vector)),
                ..row
            })
            .collect();
        app.store()
            .write(workspace_id, move |tx| {
                let anew = anew.clone();
                Box::pin(async move {
                    for row in anew {
                        tx.update(row).await?;
                    }
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            })
            .await?;
    }
    for row in rows.gaps_of_other_embedders(&engine.embedder).await? {
        let vectors = vectors_of(&rows, row.id, MOST).await?;
        let mean = Centroid::of_all(vectors.iter().map(Vec::as_slice));
        let (id, embedder) = (row.id, engine.embedder.clone());
        let mean = mean.map(|mean| bytes(mean.mean())).unwrap_or_default();
        app.store()
            .write(workspace_id, move |tx| {
                let (centroid, embedder) = (mean.clone(), embedder.clone());
                Box::pin(async move {
                    if let Some(row) = tx.gap(id).await? {
                        tx.update(gap::Model {
                            embedder,
                            centroid,
                            ..row
                        })
                        .await?;
                    }
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            })
            .await?;
    }
    Ok(())
}

async fn vectors_of(rows: &Rows<'_>, id: GapId, most: u64) -> Result<Vec<Vec<f32>>, AppError> {
    let questions = rows.gap_questions(id, most).await?;
    let vectors = questions.iter().filter_map(|row| row.vector.as_deref());
    Ok(vectors.map(floats).collect())
}

/// Where a question goes, with its vector.
#[derive(Debug, Clone)]
struct Placed {
    row: gap_question::Model,
    vector: Vec<f32>,
    gap: GapId,
}

/// Gives every question its gap, in the order in which they were asked. Returns whether there are some that have to wait: their verdict must not
/// be told yet.
pub(super) async fn place_all(app: &App, engine: &Engine, workspace_id: WorkspaceId) -> Result<bool, AppError> {
    let rows = app.store().rows(workspace_id);
    let mut known: Option<(Vec<GapId>, Vec<Centroid>)> = None;
    let (mut after, mut waits) = (None, false);
    loop {
        let page = rows.gap_questions_to_place(after, BATCH).await?;
        let Some(last) = page.last() else {
            return Ok(waits);
        };
        after = Some(last.turn_id);
        let (ready, kept) = told(app, &rows, page).await?;
        waits |= kept;
        if ready.is_empty() {
            continue;
        }
        let texts: Vec<String> = ready.iter().map(|row| row.question.clone()).collect();
        let vectors = embedded(engine, workspace_id, &texts).await?;
        let (ids, gaps) = match &mut known {
            Some(known) => known,
            None => known.insert(of_embedder(&rows, &engine.embedder).await?),
        };
        let mut placed = Vec::with_capacity(ready.len());
        for (row, vector) in ready.into_iter().zip(vectors) {
            let at = match place(&vector, gaps.iter(), NEAR) {
                Place::In(at) => {
                    if let Some(gap) = gaps.get_mut(at) {
                        gap.add(&vector);
                    }
                    at
                }
                Place::New => {
                    ids.push(GapId::new(&*app.sources().ids));
                    gaps.push(Centroid::of(&vector));
                    gaps.len() - 1
                }
            };
            let gap = ids.get(at).copied();
            placed.extend(gap.map(|gap| Placed { row, vector, gap }));
        }
        put(app, workspace_id, placed, &engine.embedder).await?;
    }
}

async fn of_embedder(rows: &Rows<'_>, embedder: &str) -> Result<(Vec<GapId>, Vec<Centroid>), AppError> {
    let gaps = rows.gaps_of_embedder(embedder).await?;
    Ok(gaps.iter().map(|row| (row.id, centroid(row))).unzip())
}

/// The questions that may be told, and whether there are others: a verdict that somebody is still asked about tells nobody where it was given.
async fn told(
    app: &App,
    rows: &Rows<'_>,
    page: Vec<gap_question::Model>,
) -> Result<(Vec<gap_question::Model>, bool), AppError> {
    let judged = page.iter().filter(|row| row.cause == Cause::JudgedBad);
    let drafts: Vec<DraftId> = judged.filter_map(|row| row.draft_id).collect();
    let told = evidence::may_be_told(app, rows, &drafts).await?;
    let all = page.len();
    let may = |row: &gap_question::Model| {
        row.cause != Cause::JudgedBad || row.draft_id.is_some_and(|draft| told.contains(&draft))
    };
    let ready: Vec<gap_question::Model> = page.into_iter().filter(may).collect();
    let kept = ready.len() < all;
    Ok((ready, kept))
}

async fn put(app: &App, workspace_id: WorkspaceId, placed: Vec<Placed>, embedder: &str) -> Result<(), AppError> {
    let embedder = embedder.to_owned();
    app.store()
        .write(workspace_id, move |tx| {
            let (placed, embedder) = (placed.clone(), embedder.clone());
            Box::pin(async move {
                for question in placed {
                    put_in(tx, question, &embedder).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

async fn put_in(tx: &Tx<'_>, question: Placed, embedder: &str) -> Result<(), AppError> {
    let Placed { row, vector, gap: id } = question;
    let at = row.asked_at;
    let known = tx.gap(id).await?;
    let is_new = known.is_none();
    let gap = match known {
        Some(known) => {
            let mut mean = centroid(&known);
            mean.add(&vector);
            gap::Model {
                centroid: bytes(mean.mean()),
                questions: counted(&mean),
                first_at: known.first_at.min(at),
                last_at: known.last_at.max(at),
                ..known
            }
        }
        None => gap::Model {
            id,
            workspace_id: tx.workspace_id(),
            name: row.question.clone(),
            state: GapState::Open,
            reason: None,
            embedder: embedder.to_owned(),
            centroid: bytes(&vector),
            questions: 1,
            visitors: 1,
            is_moved: true,
            first_at: at,
            last_at: at,
        },
    };
    if is_new {
        tx.insert(gap.clone()).await?;
    }
    tx.update(gap_question::Model {
        gap_id: Some(id),
        embedder: Some(embedder.to_owned()),
        vector: Some(bytes(&vector)),
        ..row
    })
    .await?;
    if !is_new {
        // What was thought to be answered is not.
        let state = match gap.state {
            GapState::Closed => GapState::Open,
            other => other,
        };
        recount(tx, gap::Model { state, ..gap }).await?;
    }
    Ok(())
}

/// Writes a gap whose questions have changed: its visitors are counted anew, and a small one gets the name of the question in its middle.
async fn recount(tx: &Tx<'_>, gap: gap::Model) -> Result<(), AppError> {
    let is_small = u64::try_from(gap.questions).unwrap_or_default() <= NAMED_FOR_GOOD;
    let name = if is_small {
        middle(tx, gap.id, NAMED_FOR_GOOD).await?
    } else {
        None
    };
    let visitors = tx.gap_visitors(gap.id).await?;
    let name = name.unwrap_or_else(|| gap.name.clone());
    Ok(tx
        .update(gap::Model {
            name,
            visitors,
            is_moved: true,
            ..gap
        })
        .await?)
}

async fn middle(rows: &Rows<'_>, id: GapId, most: u64) -> Result<Option<String>, AppError> {
    // In the order in which they were asked: of equals the first one names it.
    let mut questions = rows.gap_questions(id, most).await?;
    questions.reverse();
    let vectors: Vec<Vec<f32>> = questions
        .iter()
        .map(|row| floats(row.vector.as_deref().unwrap_or_default()))
        .collect();
    let at = medoid(&vectors);
    Ok(at.and_then(|at| questions.into_iter().nth(at)).map(|row| row.question))
}

/// A question belongs to no gap after all: it is spam, or the AI answered it in the end.
pub(super) async fn take_out(tx: &Tx<'_>, gone: &gap_question::Model) -> Result<(), AppError> {
    tx.remove_gap_question(gone.turn_id).await?;
    let Some(id) = gone.gap_id else { return Ok(()) };
    let Some(gap) = tx.gap(id).await? else { return Ok(()) };
    let mut mean = centroid(&gap);
    mean.remove(&floats(gone.vector.as_deref().unwrap_or_default()));
    if mean.questions() == 0 && tx.proposals_of(id).await?.is_empty() {
        return Ok(tx.remove_gap(id).await?);
    }
    let is_its_name = gap.name == gone.question;
    let mut gap = gap::Model {
        centroid: bytes(mean.mean()),
        questions: counted(&mean),
        ..gap
    };
    if is_its_name && let Some(name) = middle(tx, id, NAMED_AMONG).await? {
        gap.name = name;
    }
    // The visitors are at most as many as the questions, also while one row is written after the other.
    gap.visitors = gap.visitors.min(gap.questions);
    recount(tx, gap).await
}

/// Of so many newest questions one becomes the name of a gap whose name is gone.
const NAMED_AMONG: u64 = 50;
