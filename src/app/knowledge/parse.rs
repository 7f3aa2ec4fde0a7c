//! Reading knowledge files: FAQs from CSV, JSON and Markdown, and documents in Markdown, HTML and plain text.
//!
//! A file that cannot be read at all is an error; a row that cannot be used is skipped, with its place and the reason,
//! and the rest of the file is imported.

mod collect;
mod decode;
mod faq;

pub(in crate::app) use faq::delimiter;

use super::chunk::{self, Document, Section, one_line};
use crate::domain::knowledge::DocumentKind;
use collect::Collector;
pub(in crate::app) use collect::written_in;
use decode::decode;
use serde::{Deserialize, Serialize};

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
    /// A page of HTML, read like Markdown.
    Html,
    /// Plain text: lines that ask a question, or are underlined, are headings.
    Text,
    /// A PDF; its passages go by page.
    Pdf,
}

impl Format {
    /// The format that a file's name suggests.
    pub fn from_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_lowercase().as_str() {
            "json" | "jsonl" | "ndjson" => Some(Self::FaqJson),
            "csv" | "tsv" => Some(Self::FaqCsv),
            "md" | "markdown" => Some(Self::Markdown),
            "html" | "htm" | "xhtml" => Some(Self::Html),
            "txt" | "text" => Some(Self::Text),
            "pdf" => Some(Self::Pdf),
            _ => None,
        }
    }
}

/// One piece of knowledge, ready to be embedded and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParsedDocument {
    /// The same for the same piece when the file is imported again; unique within the file.
    pub external_id: String,
    /// The question, or the path of headings.
    pub title: String,
    /// The answer, or the passage.
    pub body: String,
    /// What it is.
    pub kind: DocumentKind,
    /// Where it stands in the file: `row-12`, `page=3`, or a heading's anchor (empty before the first heading).
    pub anchor: String,
    /// The language it is written in, as ISO 639-1, where that can be told.
    pub language: Option<&'static str>,
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

/// A question that one file answers in several ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// The question, as it stands where it contradicts first.
    pub question: String,
    /// The rows with its answers, numbered as in [`Skipped`].
    pub rows: Vec<usize>,
}

/// What a file contained.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Parsed {
    /// The pieces, in order.
    pub documents: Vec<ParsedDocument>,
    /// The rows left out, in order.
    pub skipped: Vec<Skipped>,
    /// Questions with several answers; all of them are among the documents.
    pub contradictions: Vec<Contradiction>,
    /// What the owner should know about the file, in sentences.
    pub remarks: Vec<String>,
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
    /// The file looks like UTF-16 text, and cannot be read as such.
    #[error(
        "the file looks like UTF-16 text (what some editors call Unicode), but not all of it can be read as such; open it, save it as UTF-8, and import it again"
    )]
    Utf16,
    /// The file is not text.
    #[error(
        "the file is not text (it contains null bytes); choose a CSV, JSON, Markdown, HTML, text or PDF file, or name the format if the file's name does not tell it. If an editor shows it as text, save it there as UTF-8 and import it again"
    )]
    Binary,
    /// The file has nothing in it.
    #[error("the file is empty; put something into it, or leave it out")]
    Empty,
    /// The CSV header does not name both columns.
    #[error(
        "the first row must name the columns, among them question and answer; it reads: {found}. Put such a row on top, and import it again"
    )]
    NoColumns {
        /// What the first row says.
        found: String,
    },
    /// The JSON cannot be read.
    #[error("the JSON cannot be read: {why}; mend that place and import it again")]
    Json {
        /// What is wrong, and where.
        why: String,
    },
    /// The JSON is of a shape that holds no questions and answers.
    #[error(
        "the JSON must be a list of {{\"question\", \"answer\"}} objects, {{\"items\": […]}}, an object of questions with their answers, or one object a line; bring it into one of these shapes, and import it again"
    )]
    JsonShape,
    /// The page never ends.
    #[error("the page has too many elements, or they are nested too deeply; split it, or save it as plain text")]
    Endless,
    /// The PDF cannot be read.
    #[error("this PDF cannot be read: {why}")]
    Pdf {
        /// Why, as the end of a sentence.
        why: String,
    },
}

impl From<chunk::Endless> for ParseError {
    fn from(_: chunk::Endless) -> Self {
        Self::Endless
    }
}

/// Reads a knowledge file other than a PDF. `name` is the file's name; it titles a document that has no title of its own.
///
/// # Errors
/// [`ParseError`] when the file as a whole cannot be read; single rows are skipped instead.
pub fn parse(format: Format, name: &str, bytes: &[u8]) -> Result<Parsed, ParseError> {
    let (text, remark) = decode(bytes, format == Format::Html)?;
    let mut collector = Collector::default();
    match format {
        Format::FaqCsv => faq::csv(&text, &mut collector)?,
        Format::FaqJson => faq::json(&text, &mut collector)?,
        Format::Markdown => sections(name, chunk::markdown(&text)?, &mut collector)?,
        Format::Html => sections(name, chunk::html(&text)?, &mut collector)?,
        Format::Text => sections(name, chunk::text(&text), &mut collector)?,
        Format::Pdf => {
            let why = "it was named as something else; name the format pdf".to_owned();
            return Err(ParseError::Pdf { why });
        }
    }
    collector.parsed.remarks.extend(remark);
    Ok(collector.parsed)
}

/// Takes in the pages of a PDF.
///
/// # Errors
/// [`ParseError::Pdf`] when nothing is written on them, [`ParseError::TooManyRows`].
pub fn pages(name: &str, pages: &[String]) -> Result<Parsed, ParseError> {
    let mut collector = Collector::default();
    sections(name, chunk::pages(pages), &mut collector)?;
    if collector.parsed.documents.is_empty() {
        return Err(ParseError::Pdf {
            why: "there is no text in it, only pictures; have its text recognised first".to_owned(),
        });
    }
    Ok(collector.parsed)
}

fn sections(name: &str, document: Document, collector: &mut Collector) -> Result<(), ParseError> {
    let title = document.title.unwrap_or_else(|| title_of(name));
    // Of a short passage it cannot be told; it is written in the language of all of them.
    collector.language = language_of(&document.sections);
    // A page that is one question with its answer.
    let is_answer = asks(&title) && document.sections.len() == 1;
    for (at, section) in document.sections.into_iter().enumerate() {
        let row = at + 1;
        let heading = section.path.last().or(is_answer.then_some(&title));
        if let Some(question) = heading.filter(|heading| asks(heading)) {
            let body = section.passages.join("\n");
            if body.split_whitespace().count() <= MAX_FAQ_WORDS && body.chars().count() <= MAX_BODY_CHARS {
                collector.faq(row, None, question, &body, section.anchor.clone())?;
                continue;
            }
        }
        let mut path = section.path;
        if path.first() != Some(&title) && !title.is_empty() {
            path.insert(0, title.clone());
        }
        let heading: String = path.join(" › ").chars().take(MAX_TITLE_CHARS).collect();
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

fn language_of(sections: &[Section]) -> Option<&'static str> {
    let passages = sections.iter().flat_map(|section| &section.passages);
    let all: Vec<&str> = passages.take(50).map(String::as_str).collect();
    written_in(&all.join("\n"))
}

/// A file's name as a title.
fn title_of(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    one_line(&stem.replace(['-', '_'], " "))
}

/// Is a heading a question?
fn asks(heading: &str) -> bool {
    heading.trim_end().ends_with(['?', '？', '؟', '⁇'])
}

#[cfg(test)]
#[path = "parse/tests.rs"]
mod tests;
