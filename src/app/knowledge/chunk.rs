//! Cutting a Markdown document into passages.
//!
//! A passage ends where the subject does: at a heading. Inside a section, paragraphs are filled up to
//! [`MAX_WORDS`]; a list or a table stays whole while it fits, and is cut between items or rows (with the table's header
//! repeated) when it does not. Passages are plain text, because visitors read them in a chat.

mod html;
mod pack;

use pack::{Block, cut_at, pack};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::HashMap;
use unicode_segmentation::UnicodeSegmentation;

/// Words a passage should not exceed: what a visitor reads in a chat, and half of what the embedder takes in.
pub const MAX_WORDS: usize = 120;

/// The part of a document under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The headings above it and its own, outermost first; empty before the first heading.
    pub path: Vec<String>,
    /// The heading's anchor, as web pages make it; empty before the first heading.
    pub anchor: String,
    /// Its text in passages of at most about [`MAX_WORDS`] words.
    pub passages: Vec<String>,
}

/// A document in sections.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The title from the front matter, else the first top-level heading.
    pub title: Option<String>,
    /// The sections that have text, in order.
    pub sections: Vec<Section>,
}

/// Reads Markdown (tables and a YAML front matter included) as sections of plain text. Of raw HTML the text is kept.
pub fn sections(markdown: &str) -> Document {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader = Reader::default();
    for event in Parser::new_ext(markdown, options) {
        reader.read(event);
    }
    reader.finish()
}

/// Turns the parser's events into blocks, and blocks into sections.
#[derive(Default)]
struct Reader {
    document: Document,
    anchors: HashMap<String, usize>,
    path: Vec<(HeadingLevel, String)>,
    anchor: String,
    blocks: Vec<Block>,
    /// Tags open around the current event.
    depth: usize,
    /// Text of the block so far.
    text: String,
    /// Where the parts of the block begin in `text`.
    starts: Vec<usize>,
    /// Open lists: the next number of an ordered one.
    lists: Vec<Option<u64>>,
    /// Addresses of open links, with the place in `text` where the link's words begin.
    links: Vec<(String, usize)>,
    in_front_matter: bool,
    /// Where raw HTML begins in `text`, while inside some.
    html: Option<usize>,
}

impl Reader {
    fn read(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => {
                self.start(tag);
                self.depth += 1;
            }
            Event::End(tag) => {
                self.depth = self.depth.saturating_sub(1);
                self.end(tag);
            }
            Event::Text(text) if self.in_front_matter => self.front_matter(&text),
            Event::Text(text) | Event::Code(text) | Event::Html(text) => self.text.push_str(&text),
            Event::InlineHtml(tag) if tag.to_lowercase().starts_with("<br") => self.text.push('\n'),
            Event::SoftBreak => self.text.push(' '),
            Event::HardBreak => self.text.push('\n'),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::MetadataBlock(_) => self.in_front_matter = true,
            Tag::HtmlBlock | Tag::CodeBlock(CodeBlockKind::Indented) => {
                self.new_line();
                self.html = Some(self.text.len());
            }
            Tag::TableHead | Tag::TableRow => self.part(),
            Tag::TableCell if !self.text.is_empty() && !self.text.ends_with('\n') => self.text.push_str(" | "),
            Tag::List(first) => {
                self.new_line();
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Paragraph | Tag::CodeBlock(_) | Tag::BlockQuote(_) if !self.text.ends_with([' ', '\n']) => {
                self.new_line();
            }
            Tag::Link { dest_url, .. } => self.links.push((dest_url.into_string(), self.text.len())),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::MetadataBlock(_) => self.in_front_matter = false,
            TagEnd::HtmlBlock | TagEnd::CodeBlock => self.html(),
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::Link => self.link(),
            TagEnd::Heading(level) if self.depth == 0 => return self.heading(level),
            _ => {}
        }
        if self.depth == 0 {
            self.block(tag);
        }
    }

    /// Begins a part that is not cut.
    fn part(&mut self) {
        self.new_line();
        self.starts.push(self.text.len());
    }

    fn new_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn item(&mut self) {
        if self.lists.len() == 1 {
            self.part();
        } else {
            self.new_line();
        }
        let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(4));
        self.text.push_str(&indent);
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.text.push_str(&number.to_string());
                self.text.push_str(". ");
                *number = number.saturating_add(1);
            }
            _ => self.text.push_str("- "),
        }
    }

    /// Adds the address of a link that leads somewhere by itself and does not already show it.
    fn link(&mut self) {
        if let Some((address, start)) = self.links.pop() {
            let shown = self.text.get(start..).unwrap_or_default();
            let absolute = ["http://", "https://", "tel:", "mailto:"]
                .iter()
                .any(|scheme| address.starts_with(scheme));
            if absolute && !address.ends_with(shown.trim()) {
                self.text.extend([" (", &address, ")"]);
            }
        }
    }

    /// Replaces raw HTML by its text. HTML that is indented inside HTML reads as a code block in Markdown, so an
    /// indented block that begins with a tag counts as HTML.
    fn html(&mut self) {
        if let Some(start) = self.html.take().filter(|start| self.text.is_char_boundary(*start)) {
            let raw = self.text.split_off(start);
            let text = if raw.trim_start().starts_with('<') {
                html::text(&raw)
            } else {
                raw
            };
            self.text.push_str(&text);
        }
    }

    fn front_matter(&mut self, text: &str) {
        let title = text.lines().find_map(|line| line.strip_prefix("title:"));
        let title = title.map(|t| t.trim().trim_matches(['"', '\'']).trim().to_owned());
        self.document.title = title.filter(|t| !t.is_empty());
    }

    fn heading(&mut self, level: HeadingLevel) {
        let text = one_line(&std::mem::take(&mut self.text));
        self.starts.clear();
        self.section();
        self.path.retain(|(above, _)| *above < level);
        if level == HeadingLevel::H1 && self.document.title.is_none() && !text.is_empty() {
            self.document.title = Some(text.clone());
        }
        let slug = slug(&text);
        let seen = self.anchors.entry(slug.clone()).or_default();
        self.anchor = if *seen == 0 { slug } else { format!("{slug}-{seen}") };
        *seen += 1;
        self.path.push((level, text));
    }

    /// Ends a top-level block.
    fn block(&mut self, tag: TagEnd) {
        let text = std::mem::take(&mut self.text);
        let starts = std::mem::take(&mut self.starts);
        // Attribute lists of some site generators: "{: .number-list}".
        let attributes = text.trim_start().starts_with("{:") && text.trim_end().ends_with('}');
        if text.trim().is_empty() || attributes {
            return;
        }
        let (units, joiner, has_header) = match tag {
            TagEnd::List(_) => (cut_at(&text, &starts), "\n", false),
            TagEnd::Table => (cut_at(&text, &starts), "\n", true),
            TagEnd::CodeBlock | TagEnd::HtmlBlock => (text.lines().map(str::to_owned).collect(), "\n", false),
            // Markdown leaves the signs of emphasis standing beside punctuation of Chinese or Japanese.
            _ => (
                text.replace("**", "")
                    .unicode_sentences()
                    .map(|s| s.trim().to_owned())
                    .filter(|s| !s.is_empty())
                    .collect(),
                " ",
                false,
            ),
        };
        self.blocks.push(Block {
            units,
            joiner,
            has_header,
        });
    }

    /// Ends the section under the current heading.
    fn section(&mut self) {
        let passages = pack(&std::mem::take(&mut self.blocks));
        if !passages.is_empty() {
            let path = self.path.iter().map(|(_, heading)| heading.clone()).collect();
            self.document.sections.push(Section {
                path,
                anchor: self.anchor.clone(),
                passages,
            });
        }
    }

    fn finish(mut self) -> Document {
        self.block(TagEnd::Paragraph);
        self.section();
        self.document
    }
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
