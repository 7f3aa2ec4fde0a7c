//! The log: reading it, and proving that nobody has changed it.

use super::caller::{Caller, Who};
use super::evidence::scores_shown;
use super::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::DraftId;
use crate::domain::log::{ChainVerifier, Entry, Hash, Line};
use crate::domain::screening::mask;
use crate::domain::time::Timestamp;
use crate::store::Rows;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Entries read at once while verifying.
const BATCH: u64 = 1_000;

/// Digits of a head in hexadecimal.
const HEAD_CHARS: usize = 64;
const NOTED_HEAD_MISSING: &str =
    "no entry has the head that was noted earlier: entries were removed from the end, or the log was written anew";

/// An entry as people and programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryView {
    /// Its sequence: 1, 2, 3, … without a gap.
    pub seq: i64,
    /// When it was committed.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// What it is about.
    pub refs: BTreeMap<String, String>,
    /// Its content, with personal data masked (`[email]`): what was said in full stands in the conversation. None after an erasure.
    pub content: Option<serde_json::Value>,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self {
            seq: entry.header.seq,
            at: entry.header.at,
            kind: entry.header.kind,
            actor: entry.header.actor,
            refs: entry.header.refs,
            content: entry
                .content
                .and_then(|(_, content)| serde_json::from_str(&content).ok())
                .map(masked),
            hash: entry.hash.to_string(),
        }
    }
}

/// Every text in it without personal data. The chain is verified over what is stored, not over this.
fn masked(content: Value) -> Value {
    match content {
        // Digits of an id can look like a number of somebody's.
        Value::String(text) if text.parse::<Uuid>().is_ok() => Value::String(text),
        Value::String(text) => Value::String(mask(&text)),
        Value::Array(values) => Value::Array(values.into_iter().map(masked).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, masked(value))).collect()),
        other => other,
    }
}

/// References that tell how risky an answer is taken to be. Whoever judges it must not know them before (invariant 7).
const OF_THE_SCORE: [&str; 3] = ["score", "band", "probability"];

/// Entries as this caller may see them: what is known of an answer's score is left out until nobody judges it any more.
async fn shown(app: &App, rows: &Rows<'_>, caller: &Caller, entries: Vec<Entry>) -> Result<Vec<EntryView>, AppError> {
    let draft_of = |refs: &BTreeMap<String, String>| -> Option<DraftId> { refs.get("draft")?.parse().ok() };
    let graded = entries.iter().filter(|entry| entry.header.refs.contains_key("score"));
    let drafts: Vec<DraftId> = graded.filter_map(|entry| draft_of(&entry.header.refs)).collect();
    let seen = scores_shown(app, rows, caller, &drafts).await?;
    let views = entries.into_iter().map(|entry| {
        let mut view = EntryView::from(entry);
        if !draft_of(&view.refs).is_some_and(|draft| seen.contains(&draft)) {
            view.refs.retain(|name, _| !OF_THE_SCORE.contains(&name.as_str()));
        }
        view
    });
    Ok(views.collect())
}

/// What verifying found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Nothing is missing or changed.
    pub ok: bool,
    /// Entries that are in order.
    pub entries: i64,
    /// Hash of the last of them, in hexadecimal: keep it somewhere else, and nobody can rewrite what is before it.
    pub head: String,
    /// The first entry that is not in order.
    pub first_bad: Option<i64>,
    /// What is wrong with it.
    pub why: Option<String>,
}

/// Entries after a sequence, oldest first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn after(app: &App, caller: &Caller, after: i64, limit: u64) -> Result<Vec<EntryView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let entries = rows.log_after(after, limit).await?;
    shown(app, &rows, caller, entries).await
}

/// Entries after a sequence as they are taken along, oldest first: with everything that verifies them, and without what was said. For the
/// machine's administrator alone: how risky answers are taken to be stands in them.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn exported(app: &App, caller: &Caller, after: i64, limit: u64) -> Result<Vec<Line>, AppError> {
    caller.require(Scope::Read)?;
    if !matches!(caller.who, Who::Admin) {
        return Err(AppError::Forbidden);
    }
    let entries = app.store().rows(caller.workspace_id).log_after(after, limit).await?;
    Ok(entries.into_iter().map(Line::from).collect())
}

/// Entries before a sequence (the newest when none), newest first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn before(app: &App, caller: &Caller, before: Option<i64>, limit: u64) -> Result<Vec<EntryView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let entries = rows.log_before(before, limit).await?;
    shown(app, &rows, caller, entries).await
}

/// Sequence of the newest entry.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn head(app: &App, caller: &Caller) -> Result<i64, AppError> {
    caller.require(Scope::Read)?;
    Ok(app.store().rows(caller.workspace_id).log_head().await?)
}

/// Walks the whole chain. `noted` is a head that was noted earlier, in hexadecimal: an honest log still has it, while one that
/// was cut off at its end or written anew has not, however well it fits together.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Invalid`] if `noted` cannot be a head, or the store's.
pub async fn verify(app: &App, caller: &Caller, noted: Option<&str>) -> Result<Verification, AppError> {
    caller.require(Scope::Read)?;
    if noted.is_some_and(|head| head.len() != HEAD_CHARS || !head.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        let sentence = "a head is the 64 hexadecimal digits that `holdpoint log verify` printed; copy all of them";
        return Err(AppError::Invalid(sentence.to_owned()));
    }
    let is_noted = |head: Hash| noted.is_none_or(|noted| noted.eq_ignore_ascii_case(&head.to_string()));
    let mut is_there = is_noted(Hash::GENESIS);
    let rows = app.store().rows(caller.workspace_id);
    let mut verifier = ChainVerifier::default();
    let mut read = 0;
    loop {
        let entries = rows.log_after(read, BATCH).await?;
        let Some(last) = entries.last().map(|entry| entry.header.seq) else {
            break;
        };
        for entry in &entries {
            if let Err(broken) = verifier.accept(entry) {
                return Ok(Verification {
                    ok: false,
                    entries: verifier.entries(),
                    head: verifier.head().to_string(),
                    first_bad: Some(entry.header.seq),
                    why: Some(broken.to_string()),
                });
            }
            is_there = is_there || is_noted(entry.hash);
        }
        read = last;
    }
    let (entries, head) = (verifier.entries(), verifier.head().to_string());
    Ok(Verification {
        ok: is_there,
        entries,
        head,
        first_bad: None,
        why: (!is_there).then(|| NOTED_HEAD_MISSING.to_owned()),
    })
}
