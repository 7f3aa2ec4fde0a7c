//! Gathers the pieces of a file and checks them.

use super::{Contradiction, MAX_BODY_CHARS, MAX_ROWS, MAX_TITLE_CHARS, ParseError, Parsed, ParsedDocument, Skipped};
use crate::app::knowledge::chunk::one_line;
use crate::domain::answer::words_of;
use crate::domain::knowledge::DocumentKind;
use crate::domain::screening::language;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;

/// Contradictions that are named; a file that is all of them is another file than its owner thinks.
const MOST_CONTRADICTIONS: usize = 200;

/// Gathers pieces, checks them, and makes their ids unique.
#[derive(Default)]
pub(super) struct Collector {
    pub(super) parsed: Parsed,
    /// The language of pieces whose own cannot be told.
    pub(super) language: Option<&'static str>,
    /// How often an id was given.
    ids: HashMap<String, usize>,
    /// Row of the first piece with the same title and body.
    seen: HashMap<[u8; 32], usize>,
    /// Row of the first answer to a question, and the place among the contradictions if there are others.
    asked: HashMap<String, (usize, Option<usize>)>,
}

impl Collector {
    /// Adds a question and answer; without an `id` of its own, the question is its identity.
    pub(super) fn faq(
        &mut self,
        row: usize,
        id: Option<&str>,
        question: &str,
        answer: &str,
        anchor: String,
    ) -> Result<(), ParseError> {
        let id = id.map(clean).map(|id| one_line(&id)).filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| short_hash(&one_line(&clean(question)).to_lowercase()));
        self.add(row, DocumentKind::Faq, &id, question, answer, anchor)
    }

    pub(super) fn add(
        &mut self,
        row: usize,
        kind: DocumentKind,
        id: &str,
        title: &str,
        body: &str,
        anchor: String,
    ) -> Result<(), ParseError> {
        let title = one_line(&clean(title));
        let body = clean(body);
        if let Some(why) = unusable(kind, &title, &body) {
            self.skip(row, why);
            return Ok(());
        }
        let first = *self.seen.entry(digest(&[&title, &body])).or_insert(row);
        if first != row {
            self.skip(row, format!("it repeats row {first}, question and answer"));
            return Ok(());
        }
        if self.parsed.documents.len() >= MAX_ROWS {
            return Err(ParseError::TooManyRows);
        }
        if kind == DocumentKind::Faq {
            self.contradicts(row, &title);
        }
        let id: String = id.chars().take(MAX_TITLE_CHARS).collect();
        let external_id = self.unique(&id);
        let position = self.parsed.documents.len();
        self.parsed.documents.push(ParsedDocument {
            external_id,
            language: written_in(&format!("{title}\n{body}")).or(self.language),
            title,
            body,
            kind,
            anchor,
            position,
        });
        Ok(())
    }

    pub(super) fn skip(&mut self, row: usize, why: impl Into<String>) {
        self.parsed.skipped.push(Skipped { row, why: why.into() });
    }

    /// Notes a question that has been answered otherwise before.
    fn contradicts(&mut self, row: usize, question: &str) {
        let words = words_of(question);
        if words.is_empty() {
            return;
        }
        let (first, known) = self.asked.entry(words).or_insert((row, None));
        if *first == row {
            return;
        }
        let contradictions = &mut self.parsed.contradictions;
        if let Some(contradiction) = known.and_then(|known| contradictions.get_mut(known)) {
            contradiction.rows.push(row);
        } else if contradictions.len() < MOST_CONTRADICTIONS {
            *known = Some(contradictions.len());
            contradictions.push(Contradiction {
                question: question.to_owned(),
                rows: vec![*first, row],
            });
        }
    }

    fn unique(&mut self, id: &str) -> String {
        let mut candidate = id.to_owned();
        loop {
            let times = self.ids.entry(candidate.clone()).or_default();
            *times += 1;
            if *times == 1 {
                return candidate;
            }
            candidate = format!("{id}#{times}");
        }
    }
}

/// The language of a text; addresses are of none.
pub(in crate::app) fn written_in(text: &str) -> Option<&'static str> {
    let words = text.split_whitespace().filter(|word| !word.contains("://"));
    language(&words.collect::<Vec<_>>().join(" "))
}

/// Why a piece cannot be used, if so.
fn unusable(kind: DocumentKind, title: &str, body: &str) -> Option<String> {
    if kind == DocumentKind::Faq && title.is_empty() {
        return Some("it has no question; write one, or leave the row out".to_owned());
    }
    if body.is_empty() {
        return Some("it has no answer; write one, or leave the row out".to_owned());
    }
    for (what, text, max) in [("question", title, MAX_TITLE_CHARS), ("answer", body, MAX_BODY_CHARS)] {
        let chars = text.chars().count();
        if chars > max {
            return Some(format!(
                "the {what} has {chars} characters, but at most {max} are allowed; shorten it, or make two of it"
            ));
        }
    }
    None
}

/// Drops control characters that no person types and trims the ends.
fn clean(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|&c| c == '\n' || c == '\t' || !c.is_control())
        .collect();
    kept.trim().to_owned()
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

fn short_hash(text: &str) -> String {
    digest(&[text]).iter().take(8).fold(String::new(), |mut hex, byte| {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
