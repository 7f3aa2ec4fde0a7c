//! Looking at what is there, and taking it out.

use super::verified::{go_live, title_of};
use crate::app::views::{Page, next_page};
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::DocumentId;
use crate::domain::improve::candidate;
use crate::domain::knowledge::DocumentKind;
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::store::Source;
use crate::store::entity::document;
use serde::Serialize;

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
    /// The language it is written in, as ISO 639-1, where that can be told.
    pub language: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// From when on it is not answered from any more.
    pub expires_at: Option<Timestamp>,
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
            language: row.language,
            owner: row.owner,
            expires_at: row.expires_at,
        }
    }
}

/// Something that documents came from, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceView {
    /// The collection they are in.
    pub collection: String,
    /// The name of the file, or the address of the page.
    pub source: String,
    /// How many documents came from it.
    pub documents: i64,
    /// When the latest of them changed.
    pub updated_at: Timestamp,
}

/// What the documents of all collections, or of one, came from.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn sources(app: &App, caller: &Caller, collection: Option<&str>) -> Result<Vec<SourceView>, AppError> {
    caller.require(Scope::Read)?;
    let found = app.store().rows(caller.workspace_id).sources(collection).await?;
    let view = |row: Source| SourceView {
        collection: row.collection,
        source: row.source,
        documents: row.documents,
        updated_at: row.updated_at,
    };
    Ok(found.into_iter().map(view).collect())
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
    let row = app.store().rows(caller.workspace_id).document(id).await?;
    let row = row.ok_or(AppError::NotFound("the document"))?;
    let title = title_of(if row.title.is_empty() { &row.source } else { &row.title });
    let about = (EventKind::KnowledgeRemoved, "document", id.uuid());
    let change = (candidate::Change::RemoveDocument { id, imported: None }, title);
    go_live(app, caller, change, about, caller.member().ok()).await?;
    Ok(())
}
