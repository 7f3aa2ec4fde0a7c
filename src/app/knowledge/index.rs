//! The vectors of a workspace in memory, exact, and the job that computes missing ones.

use super::{App, AppError, BATCH_DEADLINE};
use crate::domain::answer::CandidateKind;
use crate::domain::ids::{DocumentId, JobId, VerifiedAnswerId, WorkspaceId};
use crate::domain::knowledge::DocumentKind;
use crate::domain::retrieval::{EntryVectors, joined};
use crate::engine::Priority;
use crate::store::entity::vector;
use crate::store::{Change, Rows, Tx};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Entries embedded and written at once: a write stays short.
const BATCH: usize = 32;
/// Documents read at once.
const PAGE: u64 = 5_000;

/// What an entry of the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryId {
    Document(DocumentId),
    VerifiedAnswer(VerifiedAnswerId),
}

impl EntryId {
    pub(super) const fn uuid(self) -> Uuid {
        match self {
            Self::Document(id) => id.uuid(),
            Self::VerifiedAnswer(id) => id.uuid(),
        }
    }
}

/// A piece of knowledge that can be found.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: EntryId,
    pub(super) kind: CandidateKind,
    pub(super) collection: String,
    pub(super) title: String,
    pub(super) body: String,
}

/// All entries of a workspace that have vectors, and their vectors in the same order.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) entries: Vec<Entry>,
    pub(super) vectors: Vec<EntryVectors>,
}

/// The indexes of all workspaces. One is read anew when something has changed since it was read.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    of_workspace: Mutex<HashMap<WorkspaceId, Slot>>,
}

#[derive(Debug, Default)]
struct Slot {
    version: u64,
    loaded: Option<Arc<Index>>,
    /// Held while it is read: questions that come at once wait for one reading.
    reading: Arc<tokio::sync::Mutex<()>>,
}

/// Knowledge of a workspace has changed: the next question reads it anew.
pub(crate) fn changed(app: &App, workspace_id: WorkspaceId) {
    let mut slots = app
        .inner
        .indexes
        .of_workspace
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let slot = slots.entry(workspace_id).or_default();
    slot.version += 1;
    slot.loaded = None;
}

/// The current index.
pub(super) async fn index(app: &App, rows: &Rows<'_>, embedder: &str) -> Result<Arc<Index>, AppError> {
    let indexes = &app.inner.indexes;
    let reading = match indexes.look(rows.workspace_id()) {
        Look::Loaded(index) => return Ok(index),
        Look::Stale { reading, .. } => reading,
    };
    let _turn = reading.lock().await;
    let version = match indexes.look(rows.workspace_id()) {
        Look::Loaded(index) => return Ok(index),
        Look::Stale { version, .. } => version,
    };
    let index = Arc::new(read(rows, embedder).await?);
    let mut slots = indexes.of_workspace.lock().unwrap_or_else(PoisonError::into_inner);
    let slot = slots.entry(rows.workspace_id()).or_default();
    // Something changed while reading: this index serves this question, the next one reads again.
    if slot.version == version {
        slot.loaded = Some(index.clone());
    }
    Ok(index)
}

/// What a look at a workspace's index finds.
enum Look {
    Loaded(Arc<Index>),
    Stale {
        version: u64,
        reading: Arc<tokio::sync::Mutex<()>>,
    },
}

impl Indexes {
    fn look(&self, workspace_id: WorkspaceId) -> Look {
        let mut slots = self.of_workspace.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(workspace_id).or_default();
        match &slot.loaded {
            Some(loaded) => Look::Loaded(loaded.clone()),
            None => Look::Stale {
                version: slot.version,
                reading: slot.reading.clone(),
            },
        }
    }
}

/// Everything of a workspace that can be found.
async fn entries(rows: &Rows<'_>) -> Result<Vec<Entry>, AppError> {
    let mut entries = Vec::new();
    for row in rows.verified_answers().await? {
        entries.push(Entry {
            id: EntryId::VerifiedAnswer(row.id),
            kind: CandidateKind::Verified,
            collection: String::new(),
            title: row.question,
            body: row.answer,
        });
    }
    let mut after = None;
    loop {
        let page = rows.documents(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        entries.extend(page.into_iter().map(|row| Entry {
            id: EntryId::Document(row.id),
            kind: match row.kind {
                DocumentKind::Faq => CandidateKind::Faq,
                DocumentKind::Section => CandidateKind::Section,
            },
            collection: row.collection,
            title: row.title,
            body: row.body,
        }));
    }
    Ok(entries)
}

async fn read(rows: &Rows<'_>, embedder: &str) -> Result<Index, AppError> {
    let mut stored: HashMap<Uuid, Vec<vector::Model>> = HashMap::new();
    for row in rows.vectors(embedder).await? {
        stored.entry(row.owner_id).or_default().push(row);
    }
    let mut index = Index::default();
    for entry in entries(rows).await? {
        let hash = content_hash(&entry.title, &entry.body);
        let parts = stored.get(&entry.id.uuid()).map(Vec::as_slice).unwrap_or_default();
        let part = |name: &str| {
            parts
                .iter()
                .find(|row| row.part == name && row.content_hash == hash)
                .map(|row| floats(&row.vector))
        };
        // Without vectors of its present text an entry cannot be ranked; a job is computing them.
        if let (Some(whole), Some(body)) = (part(Part::WHOLE), part(Part::BODY)) {
            index.vectors.push(EntryVectors {
                whole,
                body,
                title: part(Part::TITLE),
            });
            index.entries.push(entry);
        }
    }
    Ok(index)
}

/// Names of the parts of an entry that have vectors.
struct Part;

impl Part {
    const WHOLE: &'static str = "whole";
    const TITLE: &'static str = "title";
    const BODY: &'static str = "body";
}

/// Vectors of one entry, made outside of a transaction.
#[derive(Debug, Clone)]
pub(super) struct NewVectors {
    embedder: String,
    content_hash: Vec<u8>,
    parts: Vec<(&'static str, Vec<f32>)>,
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
    let mut vectors = vectors.into_iter();
    let mut made = Vec::with_capacity(texts.len());
    for (title, body) in texts {
        let mut parts = Vec::with_capacity(3);
        for name in [Part::WHOLE, Part::TITLE, Part::BODY] {
            let vector = vectors
                .next()
                .ok_or_else(|| AppError::Engine("it answered with too few vectors".to_owned()))?;
            parts.push((name, vector));
        }
        made.push(NewVectors {
            embedder: engine.embedder.clone(),
            content_hash: content_hash(title, body),
            parts,
        });
    }
    Ok(made)
}

impl NewVectors {
    /// Stores them for an owner.
    pub(super) async fn write(&self, tx: &Tx<'_>, owner_id: Uuid) -> Result<(), AppError> {
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
        Ok(())
    }
}

/// Computes the vectors that are missing (a job), a few at a time.
pub(crate) async fn embed_missing(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
    let Some(engine) = app.engine() else {
        // Nothing to embed with: words alone find. A start with an embedder schedules this anew.
        return done(app, workspace_id, job_id).await;
    };
    let rows = app.store().rows(workspace_id);
    let mut known: HashMap<Uuid, Vec<u8>> = HashMap::new();
    for row in rows.vectors(&engine.embedder).await? {
        known.insert(row.owner_id, row.content_hash);
    }
    let mut missing = entries(&rows).await?;
    missing.retain(|entry| known.get(&entry.id.uuid()) != Some(&content_hash(&entry.title, &entry.body)));
    for batch in missing.chunks(BATCH) {
        let texts: Vec<(&str, &str)> = batch
            .iter()
            .map(|entry| (entry.title.as_str(), entry.body.as_str()))
            .collect();
        let made = embed(app, workspace_id, &texts, Priority::Evaluation).await?;
        let owned: Vec<(Uuid, NewVectors)> = batch.iter().map(|entry| entry.id.uuid()).zip(made).collect();
        app.store()
            .write(workspace_id, move |tx| {
                let owned = owned.clone();
                Box::pin(async move {
                    for (owner_id, vectors) in &owned {
                        vectors.write(tx, *owner_id).await?;
                    }
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            })
            .await?;
        changed(app, workspace_id);
    }
    done(app, workspace_id, job_id).await
}

async fn done(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                // What was imported while this ran has scheduled the job anew; that one stays.
                tx.finish_job(job_id).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
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

fn floats(stored: &[u8]) -> Vec<f32> {
    stored
        .as_chunks::<4>()
        .0
        .iter()
        .map(|chunk| f32::from_le_bytes(*chunk))
        .collect()
}
