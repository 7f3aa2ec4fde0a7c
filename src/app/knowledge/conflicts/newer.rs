//! Newer documents and answers that say otherwise: those near the question of a verified answer whose prices, times, days or other facts differ.

use super::{Found, put_up};
use crate::app::knowledge::index::wordings;
use crate::app::knowledge::vectors::{Part, content_hash, floats};
use crate::app::{App, AppError};
use crate::domain::answer::{differences, pick_sentences, same_words};
use crate::domain::ids::{DocumentId, VerifiedAnswerId, WorkspaceId};
use crate::domain::improve::answer::ConflictKind;
use crate::domain::knowledge::DocumentKind;
use crate::domain::retrieval::dot;
use crate::store::entity::{document, verified_answer};
use crate::store::{Change, RankingVector, Rows};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Vectors read at once.
const PAGE: u64 = 1_000;
/// Owners whose vectors are asked for at once.
const OWNERS: usize = 500;
/// How near an entry has to be to a question, by the ranking score, before it is read as an answer to it.
const NEAR: f32 = 0.45;
/// Entries that are read for each answer, the nearest of a page.
const READ: usize = 5;

/// A wording of an answer in use, with its vector.
#[derive(Debug)]
struct Wording {
    answer: usize,
    vector: Vec<f32>,
}

/// An entry that is near an answer.
#[derive(Debug, Clone, Copy)]
struct Near {
    answer: usize,
    owner: Uuid,
    is_document: bool,
    score: f32,
}

/// Compares what was embedded since the last time with the answers in use.
pub(super) async fn compare(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let Some(engine) = app.engine() else { return Ok(()) };
    let rows = app.store().rows(workspace_id);
    let watch = rows.answer_watch().await?;
    let mut read = { watch.as_ref() }
        .filter(|watch| watch.embedder == engine.embedder)
        .map_or(0, |watch| watch.number);
    let answers = Arc::new(rows.verified_answers().await?);
    if answers.is_empty() {
        // An answer to come is newer than all of this.
        let newest = rows.newest_ranking_number(&engine.embedder).await?.unwrap_or(read);
        return read_up_to(app, workspace_id, &engine.embedder, newest).await;
    }
    let known = Arc::new(vectors(&rows, &answers, &engine.embedder).await?);
    let owners: HashMap<Uuid, VerifiedAnswerId> = answers.iter().flat_map(of_answer).collect();
    loop {
        let page = rows.ranking_vectors(&engine.embedder, read, PAGE).await?;
        let Some(last) = page.last().map(|row| row.number) else {
            return Ok(());
        };
        let wordings = known.clone();
        let near = tokio::task::spawn_blocking(move || nearest(&page, &wordings)).await;
        let near = near.map_err(|ended| AppError::Internal(ended.to_string()))?;
        for found in contradicting(&rows, &answers, &owners, near).await? {
            put_up(app, workspace_id, found).await?;
        }
        read = last;
        read_up_to(app, workspace_id, &engine.embedder, read).await?;
    }
}

fn of_answer(row: &verified_answer::Model) -> impl Iterator<Item = (Uuid, VerifiedAnswerId)> {
    let id = row.id;
    wordings(id, &row.question, &row.variants.0).map(move |(entry, _)| (entry.uuid(), id))
}

async fn read_up_to(app: &App, workspace_id: WorkspaceId, embedder: &str, number: i64) -> Result<(), AppError> {
    let embedder = embedder.to_owned();
    app.store()
        .write(workspace_id, move |tx| {
            let embedder = embedder.clone();
            Box::pin(async move {
                tx.watch_answers_from(embedder, number).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// The vectors of all wordings; those without one are compared when they have it.
async fn vectors(
    rows: &Rows<'_>,
    answers: &[verified_answer::Model],
    embedder: &str,
) -> Result<Vec<Wording>, AppError> {
    let places: HashMap<Uuid, usize> = { answers.iter().enumerate() }
        .flat_map(|(at, row)| of_answer(row).map(move |(owner, _)| (owner, at)))
        .collect();
    let owners: Vec<Uuid> = places.keys().copied().collect();
    let mut found = Vec::with_capacity(owners.len());
    for some in owners.chunks(OWNERS) {
        let of_some = rows.vectors_of(some, embedder).await?.into_iter();
        let titles = of_some.filter(|row| row.part == Part::TITLE);
        found.extend(titles.filter_map(|row| {
            Some(Wording {
                answer: *places.get(&row.owner_id)?,
                vector: floats(&row.vector).collect(),
            })
        }));
    }
    Ok(found)
}

/// The nearest new entries of each answer.
fn nearest(page: &[RankingVector], wordings: &[Wording]) -> Vec<Near> {
    let mut of_answer: HashMap<usize, Vec<Near>> = HashMap::new();
    for row in page {
        let vector: Vec<f32> = floats(&row.vector).collect();
        let mut best: HashMap<usize, f32> = HashMap::new();
        for wording in wordings.iter().filter(|wording| wording.vector.len() == vector.len()) {
            let score = dot(&wording.vector, &vector);
            if score >= NEAR {
                let best = best.entry(wording.answer).or_insert(score);
                *best = best.max(score);
            }
        }
        for (answer, score) in best {
            of_answer.entry(answer).or_default().push(Near {
                answer,
                owner: row.owner_id,
                is_document: row.collection.is_some(),
                score,
            });
        }
    }
    let nearest = of_answer.into_values().flat_map(|mut near| {
        near.sort_by(|a, b| b.score.total_cmp(&a.score));
        near.truncate(READ);
        near
    });
    nearest.collect()
}

/// Those of them that say otherwise.
async fn contradicting(
    rows: &Rows<'_>,
    answers: &[verified_answer::Model],
    owners: &HashMap<Uuid, VerifiedAnswerId>,
    near: Vec<Near>,
) -> Result<Vec<Found>, AppError> {
    let documents: HashSet<DocumentId> = { near.iter() }
        .filter(|near| near.is_document)
        .map(|near| DocumentId::from(near.owner))
        .collect();
    let documents: Vec<DocumentId> = documents.into_iter().collect();
    let documents: HashMap<DocumentId, document::Model> = { rows.documents_of(&documents).await?.into_iter() }
        .map(|row| (row.id, row))
        .collect();
    let mut found = Vec::new();
    for one in near {
        let Some(answer) = answers.get(one.answer) else {
            continue;
        };
        if !one.is_document {
            let other = owners.get(&one.owner);
            let other = other.and_then(|id| answers.iter().find(|row| row.id == *id));
            found.extend(other.and_then(|other| between(answer, other)));
            continue;
        }
        if let Some(document) = documents.get(&DocumentId::from(one.owner)) {
            let rests_on = rows.sources_of_answer(answer.id).await?;
            // What it rests on is compared with what was noted.
            if rests_on.iter().all(|source| source.document_id != document.id) {
                found.extend(against(answer, document));
            }
        }
    }
    Ok(found)
}

/// A document of after an answer that says otherwise.
fn against(answer: &verified_answer::Model, document: &document::Model) -> Option<Found> {
    if document.updated_at <= answer.created_at {
        return None;
    }
    let mut asked = wordings(answer.id, &answer.question, &answer.variants.0).map(|(_, text)| text);
    let is_same_question = document.kind == DocumentKind::Faq && asked.any(|text| same_words(text, &document.title));
    let said = match document.kind {
        DocumentKind::Faq => document.body.clone(),
        DocumentKind::Section => {
            let picked = pick_sentences(&answer.question, &document.body, None).into_iter();
            let picked: Vec<&str> = picked.filter_map(|range| document.body.get(range)).collect();
            picked.join(" ")
        }
    };
    let differs = differences(&answer.answer, &said);
    let is_otherwise = !differs.is_empty() || is_same_question && !same_words(&answer.answer, &said);
    is_otherwise.then(|| Found {
        answer_id: answer.id,
        kind: ConflictKind::SaysOtherwise,
        document_id: Some(document.id),
        other_answer_id: None,
        title: document.title.clone(),
        before: answer.answer.clone(),
        after: document.body.clone(),
        differs,
        content_hash: document.content_hash.clone(),
    })
}

/// Of two answers that contradict each other the older one is put up.
fn between(this: &verified_answer::Model, other: &verified_answer::Model) -> Option<Found> {
    if this.id == other.id {
        return None;
    }
    let age = |row: &verified_answer::Model| (row.created_at, row.id);
    let (older, newer) = if age(this) < age(other) {
        (this, other)
    } else {
        (other, this)
    };
    let differs = differences(&older.answer, &newer.answer);
    (!differs.is_empty()).then(|| Found {
        answer_id: older.id,
        kind: ConflictKind::SaysOtherwise,
        document_id: None,
        other_answer_id: Some(newer.id),
        title: newer.question.clone(),
        before: older.answer.clone(),
        after: newer.answer.clone(),
        differs,
        content_hash: content_hash(&newer.question, &newer.answer),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(owner: u128, collection: Option<&str>, vector: [f32; 2]) -> RankingVector {
        RankingVector {
            number: 1,
            owner_id: Uuid::from_u128(owner),
            collection: collection.map(str::to_owned),
            vector: vector.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    #[test]
    fn each_answer_is_compared_with_the_nearest_new_entries_by_its_nearest_wording() {
        let wording = |answer, vector: [f32; 2]| Wording {
            answer,
            vector: vector.to_vec(),
        };
        let wordings = [wording(0, [1.0, 0.0]), wording(0, [0.0, 1.0]), wording(1, [-1.0, 0.0])];
        let mut page: Vec<RankingVector> = (0..9).map(|n| vector(n, Some("default"), [0.5, 0.6])).collect();
        page.push(vector(20, None, [0.0, 0.9]));
        page.push(vector(21, None, [0.1, 0.1]));
        let near = nearest(&page, &wordings);
        assert_eq!(near.len(), READ, "the second answer is near nothing");
        assert!(near.iter().all(|one| one.answer == 0));
        assert_eq!(near[0].owner, Uuid::from_u128(20));
        assert!(!near[0].is_document && near[1].is_document);
        assert!((near[1].score - 0.6).abs() < 1e-6);
        assert_eq!(nearest(&page, &[]).len(), 0);
    }
}
