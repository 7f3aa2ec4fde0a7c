//! Cutting a document into passages.
//!
//! A passage ends where the subject does: at a heading. Inside a section, paragraphs are filled up to
//! [`MAX_WORDS`]; a list or a table stays whole while it fits, and is cut between items or rows (with the table's header
//! repeated) when it does not. Passages are plain text, because visitors read them in a chat.
//!
//! Markdown is turned into HTML first, so that HTML inside it, headings and lists among it, reads like all the rest.

mod dom;
mod elements;
mod front_matter;
mod liquid;
mod markdown;
mod pack;
mod plain;
mod reader;

pub use dom::Endless;

use dom::Dom;
use reader::Reader;

/// Words a passage should not exceed: what a visitor reads in a chat, and half of what the embedder takes in.
pub const MAX_WORDS: usize = 120;

/// The part of a document under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The headings above it and its own, outermost first; empty before the first heading.
    pub path: Vec<String>,
    /// The heading's anchor, as web pages make it, or `page=N`; empty before the first heading.
    pub anchor: String,
    /// Its text in passages of at most about [`MAX_WORDS`] words.
    pub passages: Vec<String>,
}

/// A document in sections.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The title from the front matter, else the first top-level heading, else the page's.
    pub title: Option<String>,
    /// The sections that have text, in order.
    pub sections: Vec<Section>,
}

/// Reads Markdown as sections of plain text: tables, HTML and a front matter included, and what site generators (Jekyll) add to it.
///
/// # Errors
/// [`Endless`].
pub fn markdown(markdown: &str) -> Result<Document, Endless> {
    let (matter, text) = front_matter::split(markdown);
    let html = markdown::html(text, &matter);
    let mut document = Reader::of_markdown().read(&Dom::parse(&html)?);
    document.title = matter.title().map(str::to_owned).or(document.title);
    Ok(document)
}

/// Reads a page of HTML as sections of plain text: what it says, without what surrounds that on every page, and never a script.
///
/// # Errors
/// [`Endless`].
pub fn html(html: &str) -> Result<Document, Endless> {
    Ok(Reader::of_page().read(&Dom::parse(html)?))
}

/// Reads plain text as sections: a line that asks something, or is underlined, is a heading.
pub fn text(text: &str) -> Document {
    plain::sections(text)
}

/// Reads pages of plain text: a section each, with the anchor `page=N`.
pub fn pages(pages: &[String]) -> Document {
    plain::pages(pages)
}

/// White space of any kind and length as one space.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A heading as an anchor: lower case, words joined by hyphens, everything else dropped.
fn slug(heading: &str) -> String {
    let kept: String = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || c.is_whitespace() || matches!(c, '-' | '_'))
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
#[path = "chunk/tests.rs"]
mod tests;
