//! Entries as they are taken along, to be verified elsewhere.

use super::{Entry, Hash, Header};
use crate::domain::ids::WorkspaceId;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An entry with everything that its chain is made of, and without its content: of that the digest stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Whose log.
    pub workspace_id: WorkspaceId,
    /// Its sequence.
    pub seq: i64,
    /// When it was committed.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// What it is about.
    pub refs: BTreeMap<String, String>,
    /// Digest of salt and content, in hexadecimal.
    pub content_digest: String,
    /// Hash of the entry before.
    pub previous: String,
    /// Its hash.
    pub hash: String,
}

/// A line that is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry {0} has a hash that is none")]
pub struct NotAnEntry(i64);

impl From<Entry> for Line {
    fn from(entry: Entry) -> Self {
        let Header {
            workspace_id,
            seq,
            at,
            kind,
            actor,
            refs,
        } = entry.header;
        Self {
            workspace_id,
            seq,
            at,
            kind,
            actor,
            refs,
            content_digest: entry.content_digest.to_string(),
            previous: entry.previous.to_string(),
            hash: entry.hash.to_string(),
        }
    }
}

impl TryFrom<Line> for Entry {
    type Error = NotAnEntry;

    fn try_from(line: Line) -> Result<Self, NotAnEntry> {
        let hash = |text: &str| hash_of(text).ok_or(NotAnEntry(line.seq));
        Ok(Self {
            content: None,
            content_digest: hash(&line.content_digest)?,
            previous: hash(&line.previous)?,
            hash: hash(&line.hash)?,
            header: Header {
                workspace_id: line.workspace_id,
                seq: line.seq,
                at: line.at,
                kind: line.kind,
                actor: line.actor,
                refs: line.refs,
            },
        })
    }
}

fn hash_of(text: &str) -> Option<Hash> {
    let digits = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Vec<u8> = (0..text.len()).step_by(2).map(digits).collect::<Option<_>>()?;
    bytes.try_into().ok().map(Hash)
}
