//! Importing files of knowledge, and looking at what is there.

use super::change::{Prepared, Source, apply, outdate_at, text_of};
use super::compare::{Facts, Place, Write, compare};
use super::index::changed;
use super::parse::{Contradiction, Format, Parsed, Skipped, pages, parse};
use super::verified::{breaks, title_of};
use super::waiting;
use crate::app::improve::{self, Recorded};
use crate::app::{App, AppError, Caller, evidence};
use crate::domain::account::Scope;
use crate::domain::ids::{CandidateId, WorkspaceId};
use crate::domain::improve::candidate::{self, Origin};
use crate::domain::log::EventKind;
use crate::domain::text::{Name, SourceName};
use crate::domain::time::Timestamp;
use crate::store::entity::document;
use crate::store::{self, LogDraft, Tx};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// More changes than these are not tried while whoever imports waits for them.
const TRIED_AT_ONCE: usize = 500;
/// Documents written in one transaction: it stays short, so that visitors' messages are not kept waiting.
const BATCH: usize = 20;

/// One import at a time of each workspace.
#[derive(Debug, Default)]
pub(in crate::app) struct Turns(Mutex<HashMap<WorkspaceId, Arc<tokio::sync::Mutex<()>>>>);

impl Turns {
    async fn of(&self, id: WorkspaceId) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.entry(id).or_default().clone()
        };
        turn.lock_owned().await
    }
}

/// A file to import.
#[derive(Debug, Clone, Default)]
pub struct Import {
    /// The file's name, with its folders where it lies in some: its documents belong to this source, and a later import of the
    /// same name replaces them.
    pub name: String,
    /// The collection they go into.
    pub collection: String,
    /// The format; told from the name when none.
    pub format: Option<String>,
    /// The file.
    pub bytes: Vec<u8>,
    /// Who looks after it; as before when none.
    pub owner: Option<String>,
    /// The last day it is true on, as `2027-01-31` where the business is, or `never`; as before when none.
    pub expires: Option<String>,
    /// Only say what would change.
    pub dry_run: bool,
    /// Also what was corrected here becomes what the file says; else it stays where the file says what it said before.
    pub overwrite_corrections: bool,
    /// What comes in under the same run is one thing to take back: 1 to 64 letters, digits and hyphens. On its own when none.
    pub run: Option<String>,
}

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedRow {
    /// Its number, from 1.
    pub row: usize,
    /// Why.
    pub why: String,
}

impl From<Skipped> for SkippedRow {
    fn from(skipped: Skipped) -> Self {
        Self {
            row: skipped.row,
            why: skipped.why,
        }
    }
}

/// What becomes of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It says something else.
    Changed,
    /// The file no longer has it.
    Removed,
}

/// A change that an import makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What becomes of it.
    pub kind: ChangeKind,
    /// The document's title, as it is afterwards.
    pub title: String,
    /// The lines of title and text that differ, those of before with `-`, those of now with `+`, of a text that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// A document that somebody corrected here, or took out, since it was imported last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Corrected {
    /// Its title.
    pub title: String,
    /// When it was changed last.
    pub at: Timestamp,
    /// It was taken out.
    pub removed: bool,
    /// It stays as it is: the file says what it said before. Otherwise the file says something new, which takes its place.
    pub kept: bool,
    /// The lines in which the file differs from what stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// What an import did, or would do.
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
    /// Documents that were corrected here and stay so.
    pub kept: usize,
    /// The first hundred documents that were corrected here since the last import.
    pub corrections: Vec<Corrected>,
    /// Rows that could not be used.
    pub skipped: Vec<SkippedRow>,
    /// The first hundred changes.
    pub changes: Vec<Change>,
    /// Questions that the file answers in several ways; all of the answers are imported.
    pub contradictions: Vec<Contradiction>,
    /// What else the owner should know, in sentences.
    pub remarks: Vec<String>,
    /// Nothing was written.
    pub dry_run: bool,
    /// The candidate that the changes wait as, where they do not go live at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<CandidateId>,
}

/// Imports a file. Documents that are there already, word for word, stay; the others are added or changed; what the
/// file no longer has is removed. What was corrected here since stays, unless the file says something new of it. Vectors follow in the background.
///
/// # Errors
/// [`AppError::Invalid`] for a file that cannot be read; nothing is changed then.
pub async fn import(app: &App, caller: &Caller, import: Import) -> Result<ImportReport, AppError> {
    caller.require(Scope::Knowledge)?;
    let source: String = SourceName::parse(&import.name)?.into();
    let collection: String = Name::parse(if import.collection.is_empty() {
        "default"
    } else {
        &import.collection
    })?
    .into();
    let format = match import.format.as_deref() {
        Some(name) => serde_json::from_value(name.into()).ok(),
        None => Format::from_name(&source),
    };
    let format = format.ok_or_else(|| {
        AppError::Invalid(format!(
            "the format of “{source}” cannot be told; name it: faq-json, faq-csv, markdown, html, text or pdf"
        ))
    })?;
    let run = run_of(app, import.run)?;
    let parsed = read(app, format, &source, import.bytes).await?;

    // One after the other: the second of two imports of a file has to see what the first has written.
    let _turn = app.inner.importing.of(caller.workspace_id).await;
    let rows = app.store().rows(caller.workspace_id);
    let before: HashMap<String, document::Model> = rows
        .documents_of_source(&collection, &source)
        .await?
        .into_iter()
        .map(|row| (row.external_id.clone(), row))
        .collect();
    let (owner, expires) = (import.owner.as_deref(), import.expires.as_deref());
    let facts = Facts::of(app, &rows, owner, expires, &before).await?;
    let place = Place {
        workspace_id: caller.workspace_id,
        collection: &collection,
        source: &source,
        overwrites: import.overwrite_corrections,
    };
    let (mut report, writes) = compare(app, &place, parsed, before, &facts);
    report.dry_run = import.dry_run;
    if import.dry_run {
        return Ok(report);
    }
    go_live(app, caller, (&collection, &source, &run), writes, report).await
}

/// What was named, or something that nobody else has.
fn run_of(app: &App, named: Option<String>) -> Result<String, AppError> {
    let Some(run) = named.filter(|run| !run.is_empty()) else {
        return Ok(CandidateId::new(&*app.sources().ids).to_string());
    };
    if run.len() <= 64 && run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        Ok(run)
    } else {
        Err(AppError::Invalid(
            "a run is named by at most 64 letters, digits and hyphens, like a UUID".to_owned(),
        ))
    }
}

/// Takes all of a source out of what the AI answers from, as an import of a file that has nothing left would.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn remove_source(
    app: &App,
    caller: &Caller,
    (collection, source): (&str, &str),
    (run, dry_run): (Option<String>, bool),
) -> Result<ImportReport, AppError> {
    caller.require(Scope::Knowledge)?;
    let run = run_of(app, run)?;
    let _turn = app.inner.importing.of(caller.workspace_id).await;
    let rows = app.store().rows(caller.workspace_id);
    let mut before = rows.documents_of_source(collection, source).await?;
    before.retain(|row| row.removed_at.is_none());
    if before.is_empty() {
        return Err(AppError::NotFound("the source"));
    }
    let place = Place {
        workspace_id: caller.workspace_id,
        collection,
        source,
        overwrites: true,
    };
    let before = before.into_iter().map(|row| (row.external_id.clone(), row)).collect();
    let (mut report, writes) = compare(app, &place, Parsed::default(), before, &Facts::default());
    report.dry_run = dry_run;
    if dry_run {
        return Ok(report);
    }
    go_live(app, caller, (collection, source, &run), writes, report).await
}

/// Writes at once what breaks no question of the regression set. What does, and what is too much to be tried while somebody waits for it, becomes a
/// candidate instead.
async fn go_live(
    app: &App,
    caller: &Caller,
    (collection, source, run): (&str, &str, &str),
    writes: Vec<(document::Model, Write)>,
    mut report: ImportReport,
) -> Result<ImportReport, AppError> {
    let rows = app.store().rows(caller.workspace_id);
    let changed = writes.iter().filter(|(_, write)| *write == Write::Text).count();
    let remark = if changed == 0 || rows.regression_question_count().await? == 0 {
        None
    } else if changed <= TRIED_AT_ONCE {
        let worse = breaks(app, &rows, &changes_of(&writes)).await?;
        (worse > 0).then(|| format!(
            "Nothing is live yet: it would answer {worse} of the questions worse that must stay answered. It waits on the page Improve for somebody to say why it is right"
        ))
    } else {
        Some("Nothing is live yet: these are many changes, and they are tried on the questions that must stay answered first. Publish them on the page Improve".to_owned())
    };
    match remark {
        None => write_all(app, caller, (source, run), writes).await?,
        Some(remark) => {
            report.candidate = Some(waiting::waits(app, caller, source, changes_of(&writes)).await?);
            report.dry_run = true;
            report.remarks.push(remark);
        }
    }
    // What waited of an older state of the file would undo this.
    for number in waiting::give_way(app, caller, (collection, source), report.candidate).await? {
        report.remarks.push(format!(
            "What an earlier import of this file had left waiting (number {number}) was withdrawn: this one takes its place"
        ));
    }
    Ok(report)
}

/// What becomes of the texts.
fn changes_of(writes: &[(document::Model, Write)]) -> Vec<candidate::Change> {
    let changed = writes.iter().filter(|(_, write)| *write == Write::Text);
    changed.map(|(row, _)| change_of(row)).collect()
}

fn change_of(row: &document::Model) -> candidate::Change {
    match row.removed_at {
        Some(_) => candidate::Change::RemoveDocument {
            id: row.id,
            imported: None,
        },
        None => candidate::Change::PutDocument {
            id: row.id,
            document: text_of(row),
        },
    }
}

async fn read(app: &App, format: Format, name: &str, bytes: Vec<u8>) -> Result<Parsed, AppError> {
    let invalid = |error: &dyn std::fmt::Display| AppError::Invalid(error.to_string());
    if format == Format::Pdf {
        let read = app.documents().read_pdf(bytes).await;
        let read = read.map_err(|error| invalid(&error))?;
        return pages(name, &read).map_err(|error| invalid(&error));
    }
    let name = name.to_owned();
    // Reading a large file takes a while; it must not hold up the server.
    tokio::task::spawn_blocking(move || parse(format, &name, &bytes))
        .await
        .map_err(|error| AppError::Internal(error.to_string()))?
        .map_err(|error| invalid(&error))
}

/// Writes some documents after the other, and with each batch what takes it back: whatever interrupts it, what is live is on record.
async fn write_all(
    app: &App,
    caller: &Caller,
    (source, run): (&str, &str),
    writes: Vec<(document::Model, Write)>,
) -> Result<(), AppError> {
    let (actor, member_id) = (caller.actor(), caller.member().ok());
    let now = app.now();
    let writes = Arc::new(writes);
    for from in (0..writes.len()).step_by(BATCH) {
        let (writes, source, run) = (writes.clone(), source.to_owned(), run.to_owned());
        let id = CandidateId::new(&*app.sources().ids);
        app.store()
            .write(caller.workspace_id, move |tx| {
                let (writes, source, run) = (writes.clone(), source.clone(), run.clone());
                Box::pin(async move {
                    let batch = writes.get(from..writes.len().min(from + BATCH)).unwrap_or_default();
                    let mut changes = Vec::new();
                    for (row, write) in batch {
                        changes.extend(write_one(tx, row, *write, now).await?);
                    }
                    evidence::published(tx, now).await?;
                    if !changes.is_empty() {
                        let made = Recorded {
                            id,
                            reason: None,
                            run: Some(run),
                            title: title_of(&source),
                            origin: Origin::Import,
                            member_id,
                            changes,
                        };
                        improve::record(tx, made, now).await?;
                    }
                    let entry = LogDraft::new(EventKind::KnowledgeImported, actor)
                        .about("documents", batch.len())
                        .with("source", source.clone());
                    Ok::<_, AppError>(store::Change::Logged((), entry))
                })
            })
            .await?;
        changed(app, caller.workspace_id);
    }
    Ok(())
}

/// The change that was made of a document's text, and what takes it back: to what it is now, which may be another than the import compared with.
async fn write_one(
    tx: &Tx<'_>,
    row: &document::Model,
    write: Write,
    now: Timestamp,
) -> Result<Option<(candidate::Change, Vec<candidate::Change>)>, AppError> {
    if write == Write::Text {
        let change = change_of(row);
        let of = Source {
            imports: true,
            ..Source::default()
        };
        let inverse = apply(tx, &change, of, &Prepared::default(), now).await?;
        if row.removed_at.is_none() {
            set_facts(tx, row).await?;
        }
        return Ok((!inverse.is_empty()).then_some((change, inverse)));
    }
    set_facts(tx, row).await?;
    Ok(None)
}

/// Says of the document of this name what the import knows about it.
async fn set_facts(tx: &Tx<'_>, row: &document::Model) -> Result<(), AppError> {
    let named = (row.collection.as_str(), row.source.as_str(), row.external_id.as_str());
    let there = tx
        .document_named(named)
        .await?
        .filter(|there| there.removed_at.is_none());
    if let Some(there) = there {
        let next = document::Model {
            language: row.language.clone(),
            owner: row.owner.clone(),
            expires_at: row.expires_at,
            // It may say something else by now than what was compared with.
            imported_hash: if there.content_hash == row.content_hash {
                row.imported_hash.clone()
            } else {
                there.imported_hash.clone()
            },
            ..there.clone()
        };
        if next != there {
            tx.update(next).await?;
        }
    }
    outdate_at(tx, row.expires_at).await
}
