//! Reading knowledge files: FAQs from CSV, JSON and Markdown, and Markdown documents.
//!
//! A file that cannot be read at all is an error; a row that cannot be used is skipped, with its place and the reason,
//! and the rest of the file is imported.

mod faq;

pub(in crate::app) use faq::delimiter;

use super::chunk::{self, one_line};
use crate::domain::knowledge::DocumentKind;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;
/// Most rows, entries or passages of one file.
pub const MAX_ROWS: usize = 50_000;
/// Longest question or heading, in characters.
pub const MAX_TITLE_CHARS: usize = 500;
/// Longest answer, in characters: what may be sent as one answer.
pub const MAX_BODY_CHARS: usize = 8_000;
/// A section under a question is one FAQ entry up to this many words; a longer one is a document.
const MAX_FAQ_WORDS: usize = 300;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Questions and answers as JSON: a list of objects, `{"items": […]}`, `{question: answer}`, or one object a line.
    FaqJson,
    /// Questions and answers as CSV with a header row.
    FaqCsv,
    /// Markdown: headings that ask a question become FAQ entries, everything else passages.
    Markdown,
}

impl Format {
    /// The format that a file's name suggests.
    pub fn from_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_lowercase().as_str() {
            "json" | "jsonl" | "ndjson" => Some(Self::FaqJson),
            "csv" | "tsv" => Some(Self::FaqCsv),
            "md" | "markdown" => Some(Self::Markdown),
            _ => None,
        }
    }
}

/// One piece of knowledge, ready to be embedded and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParsedDocument {
    /// The same for the same piece when the file is imported again; unique within the file.
    pub external_id: String,
    /// The question, or the path of headings.
    pub title: String,
    /// The answer, or the passage.
    pub body: String,
    /// What it is.
    pub kind: DocumentKind,
    /// Where it stands in the file: `row-12`, or a heading's anchor (empty before the first heading).
    pub anchor: String,
    /// Its place among the pieces of the file, from 0.
    pub position: usize,
}

/// A row that was not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its place: the line of a CSV or JSON-lines file, else the position among the entries, from 1.
    pub row: usize,
    /// Why, as a sentence.
    pub why: String,
}

/// What a file contained.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Parsed {
    /// The pieces, in order.
    pub documents: Vec<ParsedDocument>,
    /// The rows left out, in order.
    pub skipped: Vec<Skipped>,
}

/// Why a file could not be read. Each message is for the person who chose the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The file is larger than [`MAX_BYTES`].
    #[error("the file has {mb} MB, but at most {} MB are read at once; split it", MAX_BYTES / 1024 / 1024)]
    TooLarge {
        /// Its size in megabytes.
        mb: usize,
    },
    /// The file has more than [`MAX_ROWS`] entries.
    #[error("the file has more than {MAX_ROWS} entries; split it")]
    TooManyRows,
    /// The file is text in another encoding.
    #[error("the file is not UTF-8 text (byte {at} cannot be read); save it as UTF-8 and import it again")]
    NotUtf8 {
        /// Position of the first byte that is not UTF-8.
        at: usize,
    },
    /// The file is UTF-16 text.
    #[error("the file is UTF-16 text; save it as UTF-8 and import it again")]
    Utf16,
    /// The file is not text.
    #[error("the file is not text (it contains null bytes); choose a CSV, JSON or Markdown file")]
    Binary,
    /// The file has nothing in it.
    #[error("the file is empty")]
    Empty,
    /// The CSV header does not name both columns.
    #[error("the first row must name the columns, among them question and answer; it reads: {found}")]
    NoColumns {
        /// What the first row says.
        found: String,
    },
    /// The JSON cannot be read.
    #[error("the JSON cannot be read: {why}")]
    Json {
        /// What is wrong, and where.
        why: String,
    },
    /// The JSON is of a shape that holds no questions and answers.
    #[error(
        "the JSON must be a list of {{\"question\", \"answer\"}} objects, {{\"items\": […]}}, an object of questions with their answers, or one object a line"
    )]
    JsonShape,
}

/// Reads a knowledge file. `name` is the file's name; it titles a Markdown document that has no title of its own.
///
/// # Errors
/// [`ParseError`] when the file as a whole cannot be read; single rows are skipped instead.
pub fn parse(format: Format, name: &str, bytes: &[u8]) -> Result<Parsed, ParseError> {
    let text = decode(bytes)?;
    let mut collector = Collector::default();
    match format {
        Format::FaqCsv => faq::csv(text, &mut collector)?,
        Format::FaqJson => faq::json(text, &mut collector)?,
        Format::Markdown => markdown(name, text, &mut collector)?,
    }
    Ok(collector.parsed)
}

/// The text of a file, without a byte order mark.
fn decode(bytes: &[u8]) -> Result<&str, ParseError> {
    if bytes.len() > MAX_BYTES {
        return Err(ParseError::TooLarge {
            mb: bytes.len().div_ceil(1024 * 1024),
        });
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(ParseError::Utf16);
    }
    if bytes.contains(&0) {
        return Err(ParseError::Binary);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| ParseError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        Err(ParseError::Empty)
    } else {
        Ok(text)
    }
}

fn markdown(name: &str, text: &str, collector: &mut Collector) -> Result<(), ParseError> {
    let document = chunk::sections(text);
    let file_stem = name
        .rsplit(['/', '\\'])
        .next()
        .and_then(|n| n.split('.').next())
        .unwrap_or_default();
    let title = document
        .title
        .unwrap_or_else(|| one_line(&file_stem.replace(['-', '_'], " ")));
    for (at, section) in document.sections.into_iter().enumerate() {
        let row = at + 1;
        if let Some(question) = section.path.last().filter(|heading| asks(heading)) {
            let body = section.passages.join("\n");
            if body.split_whitespace().count() <= MAX_FAQ_WORDS {
                collector.faq(row, None, question, &body, section.anchor.clone())?;
                continue;
            }
        }
        let mut path = section.path;
        if path.first() != Some(&title) && !title.is_empty() {
            path.insert(0, title.clone());
        }
        let heading = path.join(" › ");
        for (nth, passage) in section.passages.iter().enumerate() {
            let id = format!("{}~{nth}", section.anchor);
            collector.add(
                row,
                DocumentKind::Section,
                &id,
                &heading,
                passage,
                section.anchor.clone(),
            )?;
        }
    }
    Ok(())
}

/// Is a heading a question?
fn asks(heading: &str) -> bool {
    heading.trim_end().ends_with(['?', '？', '؟', '⁇'])
}

/// Gathers pieces, checks them, and makes their ids unique.
#[derive(Default)]
struct Collector {
    parsed: Parsed,
    /// How often an id was given.
    ids: HashMap<String, usize>,
    /// Row of the first piece with the same title and body.
    seen: HashMap<[u8; 32], usize>,
}

impl Collector {
    /// Adds a question and answer; without an `id` of its own, the question is its identity.
    fn faq(
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

    fn add(
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
        let id: String = id.chars().take(MAX_TITLE_CHARS).collect();
        let external_id = self.unique(&id);
        let position = self.parsed.documents.len();
        self.parsed.documents.push(ParsedDocument {
            external_id,
            title,
            body,
            kind,
            anchor,
            position,
        });
        Ok(())
    }

    fn skip(&mut self, row: usize, why: impl Into<String>) {
        self.parsed.skipped.push(Skipped { row, why: why.into() });
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

/// Why a piece cannot be used, if so.
fn unusable(kind: DocumentKind, title: &str, body: &str) -> Option<String> {
    if kind == DocumentKind::Faq && title.is_empty() {
        return Some("it has no question".to_owned());
    }
    if body.is_empty() {
        return Some("it has no answer".to_owned());
    }
    for (what, text, max) in [("question", title, MAX_TITLE_CHARS), ("answer", body, MAX_BODY_CHARS)] {
        let chars = text.chars().count();
        if chars > max {
            return Some(format!(
                "the {what} has {chars} characters, but at most {max} are allowed"
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

#[cfg(test)]
#[path = "parse/tests.rs"]
mod tests;
