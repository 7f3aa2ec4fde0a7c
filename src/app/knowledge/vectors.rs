//! The vectors of entries, and the job that computes missing ones.

use super::conflicts;
use super::index::{EntryId, changed, wordings};
use super::{App, AppError, BATCH_DEADLINE};
use crate::domain::ids::{JobId, WorkspaceId};
use crate::domain::retrieval::{joined, ranking_vector};
use crate::engine::Priority;
use crate::store::entity::vector;
use crate::store::{Change, NewRankingVector, Tx};
use sha2::{Digest, Sha256};

/// Entries embedded and written at once: a write stays short.
const BATCH: u64 = 32;

/// Names of the parts of an entry that have vectors of their own.
pub(super) struct Part;

impl Part {
    pub(super) const TITLE: &'static str = "title";
    pub(super) const BODY: &'static str = "body";
}

/// Vectors of one entry, made outside of a transaction.
#[derive(Debug, Clone)]
pub(super) struct NewVectors {
    embedder: String,
    content_hash: Vec<u8>,
    ranking: Vec<f32>,
    parts: [(&'static str, Vec<f32>); 2],
}

/// Embeds entries: title and body together, body, and title, each.
pub(super) async fn embed(
    app: &App,
    workspace_id: WorkspaceId,
    texts: &[(&str, &str)],
    priority: Priority,
) -> Result<Vec<NewVectors>, AppError> {
    let engine = app.engine().ok_or_else(super::no_engine)?;
    let inputs: Vec<String> = texts
        .iter()
        .flat_map(|(title, body)| [joined(title, body), (*title).to_owned(), (*body).to_owned()])
        .collect();
    let vectors = engine
        .client
        .at_priority(priority)
        .sharing(&workspace_id.to_string())
        .embed(&inputs, BATCH_DEADLINE)
        .await
        .map_err(|error| AppError::Engine(error.to_string()))?;
    let (of_entries, rest) = vectors.as_chunks::<3>();
    if of_entries.len() != texts.len() || !rest.is_empty() {
        return Err(AppError::Engine(format!(
            "it answered with {} vectors to {} texts",
            vectors.len(),
            inputs.len()
        )));
    }
    let made = texts
        .iter()
        .zip(of_entries)
        .map(|((title, body), [whole, of_title, of_body])| NewVectors {
            embedder: engine.embedder.clone(),
            content_hash: content_hash(title, body),
            ranking: ranking_vector(whole, of_body),
            parts: [(Part::TITLE, of_title.clone()), (Part::BODY, of_body.clone())],
        });
    Ok(made.collect())
}

impl NewVectors {
    /// What the entry is ranked by.
    pub(super) fn ranking(&self) -> &[f32] {
        &self.ranking
    }

    /// The vector of a part of the entry.
    pub(super) fn part(&self, name: &str) -> Option<&[f32]> {
        let mut parts = self.parts.iter();
        Some(&parts.find(|(part, _)| *part == name)?.1)
    }

    /// Stores them for a document of a collection, or for a verified answer, which is of none.
    pub(super) async fn write(&self, tx: &Tx<'_>, owner: EntryId, collection: Option<&str>) -> Result<(), AppError> {
        let owner_id = owner.uuid();
        for (part, vector) in &self.parts {
            tx.put_vector(vector::Model {
                workspace_id: tx.workspace_id(),
                owner_id,
                part: (*part).to_owned(),
                embedder: self.embedder.clone(),
                content_hash: self.content_hash.clone(),
                vector: bytes(vector),
            })
            .await?;
        }
        tx.put_ranking_vector(NewRankingVector {
            owner_id,
            embedder: self.embedder.clone(),
            collection: collection.map(str::to_owned),
            content_hash: self.content_hash.clone(),
            vector: bytes(&self.ranking),
        })
        .await?;
        Ok(())
    }

    /// Stores them if they still belong to what the owner says.
    async fn write_if_current(&self, tx: &Tx<'_>, owner: EntryId) -> Result<(), AppError> {
        match owner {
            EntryId::Document(id) => match tx.document(id).await? {
                Some(row) if row.content_hash == self.content_hash => {
                    self.write(tx, owner, Some(&row.collection)).await
                }
                // Changed or removed meanwhile; whoever did that has scheduled this job anew.
                _ => Ok(()),
            },
            EntryId::VerifiedAnswer(id) | EntryId::Wording(id, _) => match tx.verified_answer(id).await? {
                Some(row) if row.retired_at.is_none() => self.write(tx, owner, None).await,
                _ => Ok(()),
            },
        }
    }
}

/// Computes the vectors that are missing (a job), a few at a time.
pub(crate) async fn embed_missing(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
    // With nothing to embed with, words alone find. A start with an embedder schedules this anew.
    if let Some(engine) = app.engine() {
        let rows = app.store().rows(workspace_id);
        let mut after = None;
        loop {
            let missing = rows
                .verified_answers_without_vectors(&engine.embedder, after, BATCH)
                .await?;
            let Some(last) = missing.last() else { break };
            after = Some(last.id);
            let mut entries = Vec::new();
            for row in &missing {
                // All wordings of an answer at once: that one of them has vectors says that all have.
                let of_row = wordings(row.id, &row.question, &row.variants.0);
                entries.extend(of_row.map(|(id, wording)| (id, (wording, row.answer.as_str()))));
                if entries.len() as u64 >= BATCH {
                    embed_some(app, workspace_id, std::mem::take(&mut entries)).await?;
                }
            }
            if !entries.is_empty() {
                embed_some(app, workspace_id, entries).await?;
            }
        }
        let mut after = None;
        loop {
            let missing = rows.documents_without_vectors(&engine.embedder, after, BATCH).await?;
            let Some(last) = missing.last() else { break };
            after = Some(last.id);
            let entries = missing
                .iter()
                .map(|row| (EntryId::Document(row.id), (row.title.as_str(), row.body.as_str())));
            embed_some(app, workspace_id, entries.collect()).await?;
        }
    }
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                conflicts::look_soon(tx, now).await?;
                // What was imported while this ran has scheduled the job anew; that one stays.
                tx.finish_job(job_id).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

async fn embed_some(
    app: &App,
    workspace_id: WorkspaceId,
    entries: Vec<(EntryId, (&str, &str))>,
) -> Result<(), AppError> {
    let texts: Vec<(&str, &str)> = entries.iter().map(|(_, texts)| *texts).collect();
    let made = embed(app, workspace_id, &texts, Priority::Evaluation).await?;
    let owned: Vec<(EntryId, NewVectors)> = entries.iter().map(|(owner, _)| *owner).zip(made).collect();
    app.store()
        .write(workspace_id, move |tx| {
            let owned = owned.clone();
            Box::pin(async move {
                for (owner, vectors) in &owned {
                    vectors.write_if_current(tx, *owner).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await?;
    changed(app, workspace_id);
    Ok(())
}

/// What tells whether vectors still belong to a text.
pub(super) fn content_hash(title: &str, body: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update((title.len() as u64).to_be_bytes());
    hash.update(title.as_bytes());
    hash.update(body.as_bytes());
    hash.finalize().to_vec()
}

/// Little-endian 32-bit floats.
fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The floats of stored bytes.
pub(super) fn floats(stored: &[u8]) -> impl Iterator<Item = f32> {
    let (chunks, _) = stored.as_chunks::<4>();
    chunks.iter().map(|chunk| f32::from_le_bytes(*chunk))
}
