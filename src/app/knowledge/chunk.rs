//! Cutting a Markdown document into passages.
//!
//! A passage ends where the subject does: at a heading. Inside a section, paragraphs are filled up to
//! [`MAX_WORDS`]; a list or a table stays whole while it fits, and is cut between items or rows (with the table's header
//! repeated) when it does not. Passages are plain text, because visitors read them in a chat.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::HashMap;
use unicode_segmentation::UnicodeSegmentation;

/// Words a passage should not exceed: what a visitor reads in a chat, and half of what the embedder takes in.
pub const MAX_WORDS: usize = 120;

/// Characters after which even text without words is cut.
const MAX_CHARS: usize = 1_200;

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

/// Reads Markdown (tables and a YAML front matter included) as sections of plain text. Raw HTML is left out.
pub fn sections(markdown: &str) -> Document {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader = Reader::default();
    for event in Parser::new_ext(markdown, options) {
        reader.read(event);
    }
    reader.finish()
}

/// A top-level piece of Markdown as plain text.
struct Block {
    /// Parts that are not cut: sentences of a paragraph, items of a list, rows of a table.
    units: Vec<String>,
    /// What stands between the parts.
    joiner: &'static str,
    /// The first part is a table's header.
    has_header: bool,
}

impl Block {
    fn text(&self) -> String {
        self.units.join(self.joiner)
    }
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
    in_table: bool,
    in_front_matter: bool,
    in_html: bool,
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
            Event::Text(text) if !self.in_html => self.text.push_str(&text),
            Event::Code(text) => self.text.push_str(&text),
            Event::SoftBreak => self.text.push(' '),
            Event::HardBreak => self.text.push('\n'),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::MetadataBlock(_) => self.in_front_matter = true,
            Tag::HtmlBlock => self.in_html = true,
            Tag::Table(_) => self.in_table = true,
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
            TagEnd::HtmlBlock => self.in_html = false,
            TagEnd::Table => self.in_table = false,
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::Link => self.link(),
            TagEnd::Heading(level) => return self.heading(level),
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
                self.text.push_str(&format!("{number}. "));
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
                self.text.push_str(&format!(" ({address})"));
            }
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
            TagEnd::CodeBlock => (text.lines().map(str::to_owned).collect(), "\n", false),
            _ => (
                text.unicode_sentences()
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

/// The parts of `text` that begin at `starts`; whatever precedes the first goes with it.
fn cut_at(text: &str, starts: &[usize]) -> Vec<String> {
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let mut from = 0;
    let mut units = Vec::new();
    for to in ends {
        let unit = text.get(from..to).unwrap_or_default().trim_end();
        if !unit.is_empty() {
            units.push(unit.to_owned());
        }
        from = to;
    }
    units
}

/// Fills passages with blocks.
fn pack(blocks: &[Block]) -> Vec<String> {
    let mut passages = Vec::new();
    let mut open = String::new();
    for block in blocks {
        let text = block.text();
        if fits(&open, &text) {
            append(&mut open, &text, "\n");
            continue;
        }
        // "Follow these steps:" belongs to the steps.
        if !(open.ends_with(':') && block.joiner == "\n") {
            close(&mut open, &mut passages);
        }
        if fits(&open, &text) {
            append(&mut open, &text, "\n");
            continue;
        }
        let header = block.units.first().filter(|_| block.has_header);
        let mut joiner = "\n";
        for unit in &block.units {
            for piece in pieces(unit) {
                if !fits(&open, piece) {
                    close(&mut open, &mut passages);
                    if let Some(header) = header.filter(|header| header.as_str() != piece && fits(header, piece)) {
                        open.clone_from(header);
                    }
                }
                append(&mut open, piece, joiner);
                joiner = block.joiner;
            }
        }
    }
    close(&mut open, &mut passages);
    passages
}

fn close(open: &mut String, passages: &mut Vec<String>) {
    let text = std::mem::take(open);
    if !text.trim().is_empty() {
        passages.push(text.trim().to_owned());
    }
}

fn append(open: &mut String, text: &str, joiner: &str) {
    if !open.is_empty() {
        open.push_str(joiner);
    }
    open.push_str(text);
}

fn fits(open: &str, text: &str) -> bool {
    let words = open
        .unicode_words()
        .chain(text.unicode_words())
        .take(MAX_WORDS + 1)
        .count();
    words <= MAX_WORDS
        && open.len() + text.len() <= MAX_CHARS * 4
        && open.chars().count() + text.chars().count() <= MAX_CHARS
}

/// Cuts a part that is too long by itself between words.
fn pieces(unit: &str) -> Vec<&str> {
    if fits("", unit) {
        return vec![unit];
    }
    let mut pieces = Vec::new();
    let (mut from, mut words, mut chars) = (0, 0, 0);
    for (at, bound) in unit.split_word_bound_indices() {
        let is_word = bound.chars().any(char::is_alphanumeric);
        let length = bound.chars().count();
        if at > from && (words + usize::from(is_word) > MAX_WORDS || chars + length > MAX_CHARS) {
            pieces.extend(unit.get(from..at));
            (from, words, chars) = (at, 0, 0);
        }
        words += usize::from(is_word);
        chars += length;
    }
    pieces.extend(unit.get(from..));
    // A single "word" may still be longer than a passage may be.
    pieces.into_iter().flat_map(cut_characters).collect()
}

fn cut_characters(text: &str) -> Vec<&str> {
    let mut cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).step_by(MAX_CHARS).collect();
    cuts.push(text.len());
    cuts.windows(2)
        .filter_map(|pair| text.get(*pair.first()?..*pair.last()?))
        .collect()
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> usize {
        text.unicode_words().count()
    }

    #[test]
    fn sections_keep_their_path_of_headings_and_anchor() {
        let document = sections(
            "# Shop\nHello.\n## Repairs\n### Brakes\nWe fix *brakes*.\n## Hours\n9 to 5\n## Hours\nSunday closed",
        );
        let found: Vec<_> = document
            .sections
            .iter()
            .map(|s| (s.path.join("/"), s.anchor.as_str(), s.passages.join("|")))
            .collect();
        assert_eq!(document.title.as_deref(), Some("Shop"));
        assert_eq!(
            found,
            [
                ("Shop".to_owned(), "shop", "Hello.".to_owned()),
                ("Shop/Repairs/Brakes".to_owned(), "brakes", "We fix brakes.".to_owned()),
                ("Shop/Hours".to_owned(), "hours", "9 to 5".to_owned()),
                ("Shop/Hours".to_owned(), "hours-1", "Sunday closed".to_owned()),
            ]
        );
    }

    #[test]
    fn lists_tables_and_links_become_plain_text() {
        let markdown = "Do this:\n\n1. Open **it**\n2. Close\n   - gently\n\n| size | price |\n|---|---|\n| S | 5 |\n\n[Map](https://example.org/map) and [here](/local) <https://example.org>";
        let document = sections(markdown);
        let passage = document
            .sections
            .first()
            .map(|s| s.passages.join("|"))
            .unwrap_or_default();
        assert_eq!(
            passage,
            "Do this:\n1. Open it\n2. Close\n  - gently\nsize | price\nS | 5\nMap (https://example.org/map) and here https://example.org"
        );
    }

    #[test]
    fn the_front_matter_gives_the_title_and_html_and_attributes_are_left_out() {
        let document = sections(
            "---\nlayout: help\ntitle: \"Your account\"\n---\n<script>x</script>\n\n{: .list}\n\nText <b>here</b>.",
        );
        assert_eq!(document.title.as_deref(), Some("Your account"));
        assert_eq!(
            document.sections.first().map(|s| s.passages.clone()),
            Some(vec!["Text here.".to_owned()])
        );
    }

    #[test]
    fn a_long_table_is_cut_between_rows_and_each_part_repeats_the_header() {
        let rows: String = (0..100).map(|n| format!("| item {n} | {n} euros |\n")).collect();
        let document = sections(&format!("Prices:\n\n| thing | price |\n|---|---|\n{rows}"));
        let passages = document
            .sections
            .first()
            .map(|s| s.passages.clone())
            .unwrap_or_default();
        assert!(passages.len() > 2);
        assert!(
            passages
                .first()
                .is_some_and(|p| p.starts_with("Prices:\nthing | price\nitem 0 | 0 euros"))
        );
        assert!(
            passages
                .iter()
                .skip(1)
                .all(|p| p.starts_with("thing | price\nitem ") && words(p) <= MAX_WORDS)
        );
    }

    #[test]
    fn a_list_that_fits_is_never_cut() {
        let filler = "word ".repeat(100);
        let list: String = (0..10).map(|n| format!("- step number {n}\n")).collect();
        let document = sections(&format!("{filler}\n\n{list}"));
        let passages = document
            .sections
            .first()
            .map(|s| s.passages.clone())
            .unwrap_or_default();
        assert_eq!(passages.len(), 2);
        assert!(passages.last().is_some_and(|p| p.lines().count() == 10));
    }

    #[test]
    fn text_without_spaces_is_cut_all_the_same() {
        let document = sections(&"x".repeat(10_000));
        let passages = document
            .sections
            .first()
            .map(|s| s.passages.clone())
            .unwrap_or_default();
        assert_eq!(passages.iter().map(String::len).sum::<usize>(), 10_000);
        assert!(passages.iter().all(|p| p.len() <= MAX_CHARS));
    }

    proptest! {
        #[test]
        fn any_text_gives_passages_that_are_not_too_long(text in "(\\PC{0,30}|[#*|>`\\[\\]()\\-\\n :.]{1,8}|word ){0,60}") {
            for section in sections(&text).sections {
                for passage in section.passages {
                    prop_assert!(!passage.trim().is_empty());
                    prop_assert!(words(&passage) <= MAX_WORDS + 1, "{}", words(&passage));
                }
            }
        }
    }
}
