//! What an import would change: a file beside what was imported under its name before.

use super::import::{Change, ChangeKind, Corrected, ImportReport, SkippedRow};
use super::parse::Parsed;
use super::vectors::content_hash;
use crate::app::{App, AppError, policy};
use crate::domain::ids::{DocumentId, WorkspaceId};
use crate::domain::text::{Name, said};
use crate::domain::time::Timestamp;
use crate::store::Rows;
use crate::store::entity::document;
use jiff::civil::Date;
use similar::TextDiff;
use std::collections::HashMap;

/// Changes that a report names.
const NAMED: usize = 100;
/// Longest difference that is shown, in characters.
const LONGEST_DIFF: usize = 1_200;
/// Instead of a last day: there is none any more.
const NEVER: &str = "never";

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// It is new, says something else than before, or nothing any more.
    Text,
    /// It says the same; what is known about it changed.
    Facts,
}

/// What is known about all documents of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    owner: Option<String>,
    expires_at: Option<Timestamp>,
}

impl Facts {
    /// What the import says, else what was said before.
    pub(super) async fn of(
        app: &App,
        rows: &Rows<'_>,
        owner: Option<&str>,
        expires: Option<&str>,
        before: &HashMap<String, document::Model>,
    ) -> Result<Self, AppError> {
        let owner = match said(owner) {
            Some(owner) => Some(Name::parse(owner)?.into()),
            None => before.values().find_map(|row| row.owner.clone()),
        };
        let expires_at = match said(expires) {
            Some(day) => last_day(day, rows).await?,
            None => before.values().filter_map(|row| row.expires_at).max(),
        };
        if expires_at.is_some_and(|end| end <= app.now()) {
            return Err(AppError::Invalid(
                "the last day of this source is over; name a later one, or `never`".to_owned(),
            ));
        }
        Ok(Self { owner, expires_at })
    }

    fn are_of(&self, row: &document::Model) -> bool {
        self.owner == row.owner && self.expires_at == row.expires_at
    }
}

/// From when on something is not answered from any more, of a day like `2027-01-31` or `never`.
pub(super) async fn last_day(said: &str, rows: &Rows<'_>) -> Result<Option<Timestamp>, AppError> {
    match said.trim() {
        NEVER => Ok(None),
        day => end_of(day, rows).await.map(Some),
    }
}

/// The moment at which a day is over where the business is.
async fn end_of(day: &str, rows: &Rows<'_>) -> Result<Timestamp, AppError> {
    let wrong = || AppError::Invalid(format!("“{day}” is no day; write it like 2027-01-31, or `never`"));
    let next: Date = day.parse::<Date>().and_then(Date::tomorrow).map_err(|_error| wrong())?;
    let end = next.to_zoned(policy::zone(rows).await?).map_err(|_error| wrong())?;
    Ok(Timestamp(end.timestamp().as_millisecond()))
}

/// Where documents go.
pub(super) struct Place<'a> {
    pub(super) workspace_id: WorkspaceId,
    pub(super) collection: &'a str,
    pub(super) source: &'a str,
    /// What was corrected here gives way to the file, also where the file says what it said before.
    pub(super) overwrites: bool,
}

/// What a file says where a document stood before.
enum Beside {
    /// What the document says.
    Same,
    /// What it said before it was corrected here.
    AsBeforeCorrection,
    /// Something else; whether that takes the place of a correction.
    Other(bool),
}

impl Beside {
    fn of(old: &document::Model, hash: &[u8]) -> Self {
        let there = old.removed_at.is_none().then_some(old.content_hash.as_slice());
        let left = old.imported_hash.as_deref();
        match there {
            Some(there) if there == hash => Self::Same,
            // What an import has taken out, or a last day, was not corrected.
            _ if left.is_none() || left == there => Self::Other(false),
            _ if left == Some(hash) => Self::AsBeforeCorrection,
            _ => Self::Other(true),
        }
    }
}

/// What is to be written, and the report about it.
pub(super) fn compare(
    app: &App,
    place: &Place<'_>,
    parsed: Parsed,
    mut before: HashMap<String, document::Model>,
    facts: &Facts,
) -> (ImportReport, Vec<(document::Model, Write)>) {
    let now = app.now();
    let mut report = ImportReport {
        skipped: parsed.skipped.into_iter().map(SkippedRow::from).collect(),
        contradictions: parsed.contradictions,
        remarks: parsed.remarks,
        ..ImportReport::default()
    };
    let mut writes = Vec::new();
    for new in parsed.documents {
        let hash = content_hash(&new.title, &new.body);
        let old = before.remove(&new.external_id);
        let beside = old.as_ref().map(|old| (old, Beside::of(old, &hash)));
        let write = match beside {
            Some((old, Beside::Same)) => {
                report.unchanged += 1;
                let is_known = old.imported_hash.as_ref() == Some(&hash);
                if is_known && facts.are_of(old) && old.language.as_deref() == new.language {
                    continue;
                }
                Write::Facts
            }
            Some((old, Beside::AsBeforeCorrection)) if !place.overwrites => {
                report.kept += 1;
                report.note_correction(old, true, difference(old, &new.title, &new.body));
                if old.removed_at.is_none() && !facts.are_of(old) {
                    let row = document::Model {
                        owner: facts.owner.clone(),
                        expires_at: facts.expires_at,
                        ..old.clone()
                    };
                    writes.push((row, Write::Facts));
                }
                continue;
            }
            Some((old, beside)) => {
                report.changed += 1;
                if !matches!(beside, Beside::Other(false)) {
                    report.note_correction(old, false, None);
                }
                report.note(ChangeKind::Changed, &new.title, || {
                    difference(old, &new.title, &new.body)
                });
                Write::Text
            }
            None => {
                report.added += 1;
                report.note(ChangeKind::Added, &new.title, || None);
                Write::Text
            }
        };
        let id = old
            .as_ref()
            .map_or_else(|| DocumentId::new(&*app.sources().ids), |old| old.id);
        let row = document::Model {
            id,
            workspace_id: place.workspace_id,
            collection: place.collection.to_owned(),
            external_id: new.external_id,
            title: new.title,
            body: new.body,
            kind: new.kind,
            source: place.source.to_owned(),
            anchor: new.anchor,
            position: i64::try_from(new.position).unwrap_or(i64::MAX),
            imported_hash: Some(hash.clone()),
            content_hash: hash,
            created_at: old.as_ref().map_or(now, |old| old.created_at),
            updated_at: now,
            removed_at: None,
            language: new.language.map(str::to_owned),
            owner: facts.owner.clone(),
            expires_at: facts.expires_at,
        };
        writes.push((row, write));
    }
    for gone in before.into_values().filter(|row| row.removed_at.is_none()) {
        report.removed += 1;
        if gone
            .imported_hash
            .as_ref()
            .is_some_and(|left| *left != gone.content_hash)
        {
            report.note_correction(&gone, false, None);
        }
        report.note(ChangeKind::Removed, &gone.title, || None);
        let removed_at = Some(now);
        writes.push((document::Model { removed_at, ..gone }, Write::Text));
    }
    (report, writes)
}

impl ImportReport {
    fn note_correction(&mut self, old: &document::Model, kept: bool, diff: Option<String>) {
        if self.corrections.len() < NAMED {
            self.corrections.push(Corrected {
                title: old.title.clone(),
                at: old.removed_at.unwrap_or(old.updated_at),
                removed: old.removed_at.is_some(),
                kept,
                diff,
            });
        }
    }

    fn note(&mut self, kind: ChangeKind, title: &str, diff: impl FnOnce() -> Option<String>) {
        if self.changes.len() < NAMED {
            self.changes.push(Change {
                kind,
                title: title.to_owned(),
                diff: diff(),
            });
        }
    }
}

/// What a person would want to see of it: the lines that differ.
fn difference(old: &document::Model, title: &str, body: &str) -> Option<String> {
    if old.removed_at.is_some() {
        return None;
    }
    let before = format!("{}\n{}\n", old.title, old.body);
    let after = format!("{title}\n{body}\n");
    let diff = TextDiff::from_lines(&before, &after);
    let lines = diff.unified_diff().context_radius(0).to_string();
    let lines: Vec<&str> = lines.lines().filter(|line| !line.starts_with("@@")).collect();
    Some(lines.join("\n").chars().take(LONGEST_DIFF).collect())
}
