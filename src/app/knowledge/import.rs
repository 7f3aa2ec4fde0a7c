//! Importing files of knowledge, and looking at what is there.

use super::index::changed;
use super::parse::{Format, parse};
use super::vectors::content_hash;
use crate::app::views::{Page, next_page};
use crate::app::{App, AppError, Caller, evidence};
use crate::domain::account::Scope;
use crate::domain::ids::DocumentId;
use crate::domain::knowledge::DocumentKind;
use crate::domain::log::EventKind;
use crate::domain::text::Name;
use crate::domain::time::Timestamp;
use crate::store::entity::document;
use crate::store::{Change, JobKind, LogDraft, Tx};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Documents written in one transaction: it stays short, so that visitors' messages are not kept waiting.
const BATCH: usize = 20;

/// A file to import.
#[derive(Debug, Clone)]
pub struct Import {
    /// The file's name: its documents belong to this source, and a later import of the same name replaces them.
    pub name: String,
    /// The collection they go into.
    pub collection: String,
    /// The format; told from the name when none.
    pub format: Option<String>,
    /// The file.
    pub bytes: Vec<u8>,
}

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedRow {
    /// Its number, from 1.
    pub row: usize,
    /// Why.
    pub why: String,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// New documents.
    pub added: usize,
    /// Documents whose text changed.
    pub changed: usize,
    /// Documents that were there already, word for word.
    pub unchanged: usize,
    /// Documents of this source that the file no longer has.
    pub removed: usize,
    /// Rows that could not be used.
    pub skipped: Vec<SkippedRow>,
}

/// A document as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentView {
    /// Its id.
    pub id: DocumentId,
    /// Its collection.
    pub collection: String,
    /// Title, question or path of headings.
    pub title: String,
    /// The text.
    pub body: String,
    /// What it is.
    pub kind: DocumentKind,
    /// The file it came from.
    pub source: String,
    /// Its place in that file.
    pub anchor: String,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl From<document::Model> for DocumentView {
    fn from(row: document::Model) -> Self {
        Self {
            id: row.id,
            collection: row.collection,
            title: row.title,
            body: row.body,
            kind: row.kind,
            source: row.source,
            anchor: row.anchor,
            updated_at: row.updated_at,
        }
    }
}

/// Imports a file. Documents that are there already, word for word, stay; the others are added or changed; what the
/// file no longer has is removed. Vectors follow in the background.
///
/// # Errors
/// [`AppError::Invalid`] for a file that cannot be read; nothing is changed then.
pub async fn import(app: &App, caller: &Caller, import: Import) -> Result<ImportReport, AppError> {
    caller.require(Scope::Knowledge)?;
    let source: String = Name::parse(&import.name)?.into();
    let collection: String = Name::parse(if import.collection.is_empty() {
        "default"
    } else {
        &import.collection
    })?
    .into();
    let invalid = |error: &dyn std::fmt::Display| AppError::Invalid(error.to_string());
    let format = match import.format.as_deref() {
        Some(name) => serde_json::from_value(name.into()).ok(),
        None => Format::from_name(&source),
    };
    let format = format.ok_or_else(|| {
        AppError::Invalid(format!(
            "the format of “{source}” cannot be told; name it: faq-json, faq-csv or markdown"
        ))
    })?;
    let bytes = import.bytes;
    let name = source.clone();
    // Reading a large file takes a while; it must not hold up the server.
    let parsed = tokio::task::spawn_blocking(move || parse(format, &name, &bytes))
        .await
        .map_err(|error| AppError::Internal(error.to_string()))?
        .map_err(|error| invalid(&error))?;

    // One after the other: the second of two imports of a file has to see what the first has written.
    let _turn = app.inner.importing.lock().await;
    let rows = app.store().rows(caller.workspace_id);
    let mut there: HashMap<String, document::Model> = rows
        .documents_of_source(&collection, &source)
        .await?
        .into_iter()
        .map(|row| (row.external_id.clone(), row))
        .collect();
    let mut report = ImportReport {
        skipped: parsed
            .skipped
            .into_iter()
            .map(|skipped| SkippedRow {
                row: skipped.row,
                why: skipped.why,
            })
            .collect(),
        ..ImportReport::default()
    };
    let now = app.now();
    let mut writes = Vec::new();
    let mut seen = HashSet::new();
    for new in parsed.documents {
        if !seen.insert(new.external_id.clone()) {
            continue;
        }
        let hash = content_hash(&new.title, &new.body);
        let old = there.remove(&new.external_id);
        if old
            .as_ref()
            .is_some_and(|old| old.content_hash == hash && old.removed_at.is_none())
        {
            report.unchanged += 1;
            continue;
        }
        if old.is_some() {
            report.changed += 1;
        } else {
            report.added += 1;
        }
        let row = document::Model {
            id: old
                .as_ref()
                .map_or_else(|| DocumentId::new(&*app.sources().ids), |old| old.id),
            workspace_id: caller.workspace_id,
            collection: collection.clone(),
            external_id: new.external_id,
            title: new.title,
            body: new.body,
            kind: new.kind,
            source: source.clone(),
            anchor: new.anchor,
            position: i64::try_from(new.position).unwrap_or(i64::MAX),
            content_hash: hash,
            created_at: old.as_ref().map_or(now, |old| old.created_at),
            updated_at: now,
            removed_at: None,
        };
        writes.push((row, old.is_some()));
    }
    for gone in there.into_values().filter(|row| row.removed_at.is_none()) {
        report.removed += 1;
        writes.push((
            document::Model {
                removed_at: Some(now),
                ..gone
            },
            true,
        ));
    }
    write_all(app, caller, &source, writes).await?;
    Ok(report)
}

async fn write_all(
    app: &App,
    caller: &Caller,
    source: &str,
    writes: Vec<(document::Model, bool)>,
) -> Result<(), AppError> {
    let actor = caller.actor();
    let now = app.now();
    let writes = Arc::new(writes);
    for from in (0..writes.len()).step_by(BATCH) {
        let (writes, source) = (writes.clone(), source.to_owned());
        app.store()
            .write(caller.workspace_id, move |tx| {
                let (writes, source) = (writes.clone(), source.clone());
                Box::pin(async move {
                    let batch = writes.get(from..writes.len().min(from + BATCH)).unwrap_or_default();
                    for (row, exists) in batch {
                        write_one(tx, row, *exists).await?;
                    }
                    tx.schedule(JobKind::Embed, tx.workspace_id(), now).await?;
                    evidence::published(tx, now).await?;
                    let entry = LogDraft::new(EventKind::KnowledgeImported, actor)
                        .about("documents", batch.len())
                        .with("source", source.clone());
                    Ok::<_, AppError>(Change::Logged((), entry))
                })
            })
            .await?;
        changed(app, caller.workspace_id);
    }
    Ok(())
}

async fn write_one(tx: &Tx<'_>, row: &document::Model, exists: bool) -> Result<(), AppError> {
    if exists {
        tx.update(row.clone()).await?;
        // They are of the text it had.
        tx.remove_vectors(row.id.uuid()).await?;
    } else {
        tx.insert(row.clone()).await?;
    }
    Ok(())
}

/// Documents in a fixed order.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn documents(
    app: &App,
    caller: &Caller,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<DocumentView>, AppError> {
    caller.require(Scope::Read)?;
    let after = after.map(str::parse::<DocumentId>).transpose()?;
    let found = app.store().rows(caller.workspace_id).documents(after, limit).await?;
    let next = next_page(&found, limit, |last| last.id.to_string());
    Ok(Page {
        items: found.into_iter().map(DocumentView::from).collect(),
        next,
    })
}

/// One document.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn document(app: &App, caller: &Caller, id: DocumentId) -> Result<DocumentView, AppError> {
    caller.require(Scope::Read)?;
    let row = app.store().rows(caller.workspace_id).document(id).await?;
    Ok(row.ok_or(AppError::NotFound("the document"))?.into())
}

/// Removes a document from what the AI answers from.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn remove(app: &App, caller: &Caller, id: DocumentId) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.document(id).await?.ok_or(AppError::NotFound("the document"))?;
                tx.update(document::Model {
                    removed_at: Some(now),
                    ..row
                })
                .await?;
                tx.remove_vectors(id.uuid()).await?;
                evidence::published(tx, now).await?;
                let entry = LogDraft::new(EventKind::KnowledgeRemoved, actor).about("document", id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    changed(app, caller.workspace_id);
    Ok(())
}
