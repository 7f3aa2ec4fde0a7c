//! Turns a page into blocks, and blocks into sections.

use super::dom::{Dom, Element, Step};
use super::elements::{INLINE, SUMMARY, is_hidden, is_main, is_part, letters, level};
use super::pack::{Block, cut_at, pack};
use super::{Document, Section, one_line, slug};
use std::collections::HashMap;
use unicode_segmentation::UnicodeSegmentation;

/// A block that is read as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Paragraph,
    List,
    Table,
    Code,
    /// With its level.
    Heading(u8),
}

/// A heading above the text that is read.
#[derive(Debug)]
struct Above {
    level: u8,
    text: String,
    anchor: String,
}

/// Reads one page.
#[derive(Debug, Default)]
pub(super) struct Reader {
    document: Document,
    /// For each section whether it is nothing but links to other pages.
    only_links: Vec<bool>,
    anchors: HashMap<String, usize>,
    path: Vec<Above>,
    anchor: String,
    blocks: Vec<Block>,
    /// The block that is read as a whole, with how many of its elements are open.
    whole: Option<(Kind, usize)>,
    /// Text of the block so far.
    text: String,
    /// Where the parts of the block begin in `text`.
    starts: Vec<usize>,
    /// Where the text behind a list item's bullet begins.
    item: usize,
    /// Open lists: the next number of an ordered one.
    lists: Vec<Option<u64>>,
    /// Cells of the table's row so far.
    cells: usize,
    has_header: bool,
    /// Addresses of open links, with the place in `text` where the link's words begin.
    links: Vec<(String, usize)>,
    /// Open elements whose white space counts.
    preformatted: usize,
    /// An id that stands before what it names.
    id: Option<String>,
    /// Letters and digits of the section, and those of them in links to other pages of the site.
    letters: (usize, usize),
    is_markdown: bool,
    title: String,
    in_title: bool,
    /// Only what is in `main` is read, where the page has one: how many are open.
    mains: Option<usize>,
    /// Open elements that have headers and footers of their own.
    parts: usize,
}

impl Reader {
    pub(super) fn of_markdown() -> Self {
        Self {
            is_markdown: true,
            parts: 1,
            ..Self::default()
        }
    }

    pub(super) fn of_page() -> Self {
        Self::default()
    }

    pub(super) fn read(mut self, dom: &Dom) -> Document {
        if !self.is_markdown {
            dom.walk(|step| {
                if let Step::Open(element) = step {
                    if is_main(element) {
                        self.mains = Some(0);
                    }
                    return !is_hidden(element);
                }
                true
            });
        }
        dom.walk(|step| self.step(step));
        self.finish()
    }

    /// For texts without markup: a heading, unless it is empty.
    pub(super) fn heading_of(&mut self, level: u8, text: &str, anchor: Option<String>) {
        self.end_block(Kind::Paragraph);
        text.clone_into(&mut self.text);
        self.id = anchor;
        self.heading(level);
    }

    /// Begins a section that has no heading.
    pub(super) fn place(&mut self, anchor: String) {
        self.end_block(Kind::Paragraph);
        self.section();
        self.path.clear();
        self.anchor = anchor;
    }

    /// For texts without markup: a paragraph or, where each line counts, a list of them.
    pub(super) fn paragraph_of(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.letters.0 += letters(text);
        self.end_block(Kind::Paragraph);
    }

    pub(super) fn finish(mut self) -> Document {
        self.end_block(Kind::Paragraph);
        self.section();
        if self.only_links.iter().any(|only_links| !only_links) {
            let mut only_links = self.only_links.iter();
            self.document
                .sections
                .retain(|_| !only_links.next().copied().unwrap_or_default());
        }
        let title = one_line(&self.title);
        if self.document.title.is_none() && !title.is_empty() {
            self.document.title = Some(title);
        }
        self.document
    }

    fn step(&mut self, step: Step<'_>) -> bool {
        match step {
            Step::Open(element) if is_hidden(element) || self.is_around(element) => return false,
            Step::Open(element) => {
                if let Some(mains) = &mut self.mains {
                    *mains += usize::from(is_main(element));
                }
                self.parts += usize::from(is_part(element));
                self.in_title = element.name() == "title";
                if self.is_read() {
                    self.open(element);
                }
            }
            Step::Close(element) => {
                if self.is_read() {
                    self.close(element);
                }
                if let Some(mains) = &mut self.mains {
                    *mains -= usize::from(is_main(element)).min(*mains);
                }
                self.parts -= usize::from(is_part(element)).min(self.parts);
                self.in_title = false;
            }
            Step::Text(text) if self.in_title => self.title.push_str(text),
            Step::Text(text) if self.is_read() => self.push(text),
            Step::Text(_) => {}
        }
        true
    }

    fn is_read(&self) -> bool {
        self.mains != Some(0)
    }

    /// Head and foot of the whole page, and what stands beside its text.
    fn is_around(&self, element: &Element) -> bool {
        self.parts == 0 && matches!(element.name(), "header" | "footer" | "aside")
            || matches!(
                element.attribute("role"),
                Some("navigation" | "banner" | "contentinfo" | "search")
            )
    }

    fn open(&mut self, element: &Element) {
        let name = element.name();
        if let Some(id) = element
            .attribute("id")
            .or(element.attribute("name").filter(|_| name == "a"))
        {
            self.id = Some(id.to_owned());
        }
        if let Some(level) = level(name) {
            // What lists and tables that hold headings are made of is layout.
            self.break_out();
            self.whole = Some((Kind::Heading(level), 0));
        } else if self.whole.is_none() && !INLINE.contains(&name) && name != "br" {
            self.end_block(Kind::Paragraph);
            self.whole = match name {
                "ul" | "ol" | "menu" | "dl" => Some((Kind::List, 0)),
                "table" => Some((Kind::Table, 0)),
                "pre" => Some((Kind::Code, 0)),
                _ => None,
            };
        }
        if let Some((_, open)) = &mut self.whole {
            *open += 1;
        }
        self.preformatted += usize::from(name == "pre");
        let kind = self.whole.map(|(kind, _)| kind);
        match name {
            "a" => {
                let address = element.attribute("href").unwrap_or_default().trim().to_owned();
                self.links.push((address, self.text.len()));
            }
            "br" => self.new_line(),
            "ul" | "menu" | "dl" => self.list(None),
            "ol" => self.list(Some(
                element
                    .attribute("start")
                    .and_then(|n| n.trim().parse().ok())
                    .unwrap_or(1),
            )),
            "li" => self.item(),
            "dt" if self.lists.len() == 1 => self.part(),
            "tr" if kind == Some(Kind::Table) => self.row(),
            "td" | "th" if kind == Some(Kind::Table) => self.cell(name == "th"),
            _ if kind.is_some() && !INLINE.contains(&name) && self.text.len() != self.item => self.new_line(),
            _ => {}
        }
    }

    fn close(&mut self, element: &Element) {
        let name = element.name();
        self.preformatted -= usize::from(name == "pre").min(self.preformatted);
        match name {
            "a" => self.link(),
            "ul" | "ol" | "menu" | "dl" => {
                self.lists.pop();
            }
            _ => {}
        }
        match &mut self.whole {
            Some((kind, open)) => {
                *open = open.saturating_sub(1);
                if *open == 0 {
                    let kind = *kind;
                    self.end_block(kind);
                }
            }
            None if !INLINE.contains(&name) && name != "br" => self.end_block(Kind::Paragraph),
            None => {}
        }
        if name == "details" {
            self.end_block(Kind::Paragraph);
            self.section();
            self.path.retain(|above| above.level < SUMMARY);
            self.anchor = self.path.last().map(|above| above.anchor.clone()).unwrap_or_default();
        }
    }

    fn break_out(&mut self) {
        let kind = self.whole.map_or(Kind::Paragraph, |(kind, _)| kind);
        self.end_block(kind);
        self.lists.clear();
        self.links.clear();
    }

    /// Begins a part that is not cut.
    fn part(&mut self) {
        self.new_line();
        self.starts.push(self.text.len());
    }

    /// A line ends; in a cell of a table, and in a heading, it goes on.
    fn new_line(&mut self) {
        let kept = self.text.trim_end_matches(' ').len();
        self.text.truncate(kept);
        if self.text.is_empty() || self.text.ends_with('\n') {
            return;
        }
        let is_one_line = matches!(self.whole, Some((Kind::Table | Kind::Heading(_), _)));
        self.text.push(if is_one_line { ' ' } else { '\n' });
    }

    fn list(&mut self, first: Option<u64>) {
        self.new_line();
        self.lists.push(first);
    }

    fn item(&mut self) {
        if !matches!(self.whole, Some((Kind::List, _))) {
            return self.new_line();
        }
        if self.lists.len() <= 1 {
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
        self.item = self.text.len();
    }

    fn row(&mut self) {
        let kept = self.text.trim_end().len();
        self.text.truncate(kept);
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.starts.push(self.text.len());
        self.cells = 0;
    }

    fn cell(&mut self, is_heading: bool) {
        self.has_header |= is_heading && self.starts.len() == 1;
        if self.cells > 0 {
            let kept = self.text.trim_end_matches(' ').len();
            self.text.truncate(kept);
            self.text.push_str(" | ");
        }
        self.cells += 1;
    }

    /// Adds the address of a link that leads somewhere by itself and does not already show it.
    fn link(&mut self) {
        let Some((address, start)) = self.links.pop() else {
            return;
        };
        let shown = self.text.get(start..).unwrap_or_default().trim_end();
        let absolute = ["http://", "https://", "tel:", "mailto:"]
            .iter()
            .any(|scheme| address.starts_with(scheme));
        if !absolute {
            self.letters.1 += letters(shown);
        } else if !shown.trim().is_empty() && !address.ends_with(shown.trim()) && address.len() < 300 {
            let end = start + shown.len();
            self.text.truncate(end);
            self.text.extend([" (", &address, ")"]);
        }
    }

    fn push(&mut self, text: &str) {
        if !matches!(self.whole, Some((Kind::Heading(_), _))) {
            self.letters.0 += letters(text);
        }
        if self.preformatted > 0 {
            return self.text.push_str(&text.replace('\r', ""));
        }
        let may_begin_with_space = |text: &str| !text.is_empty() && !text.ends_with([' ', '\n']);
        if text.starts_with(char::is_whitespace) && may_begin_with_space(&self.text) {
            self.text.push(' ');
        }
        // Where a word may be parted, and marks that nobody sees, keep it from being found.
        let shown = text.replace(['\u{ad}', '\u{200b}', '\u{feff}'], "");
        self.text.push_str(&one_line(&shown));
        if text.ends_with(char::is_whitespace) && may_begin_with_space(&self.text) {
            self.text.push(' ');
        }
    }

    fn heading(&mut self, level: u8) {
        let text = one_line(&std::mem::take(&mut self.text));
        self.starts.clear();
        self.section();
        if text.is_empty() {
            return;
        }
        self.path.retain(|above| above.level < level);
        if level == 1 && self.document.title.is_none() {
            self.document.title = Some(text.clone());
        }
        self.anchor = self.id.take().filter(|id| !id.trim().is_empty()).unwrap_or_else(|| {
            let slug = slug(&text);
            let seen = self.anchors.entry(slug.clone()).or_default();
            *seen += 1;
            if *seen == 1 {
                slug
            } else {
                format!("{slug}-{}", *seen - 1)
            }
        });
        self.path.push(Above {
            level,
            text,
            anchor: self.anchor.clone(),
        });
    }

    /// Ends what was read as one.
    fn end_block(&mut self, kind: Kind) {
        self.whole = None;
        if let Kind::Heading(level) = kind {
            return self.heading(level);
        }
        let text = std::mem::take(&mut self.text);
        let starts = std::mem::take(&mut self.starts);
        let has_header = std::mem::take(&mut self.has_header);
        self.item = 0;
        if text.trim().is_empty() {
            return;
        }
        // An id names what follows it at once.
        self.id = None;
        // Markdown leaves the signs of emphasis standing beside punctuation of Chinese or Japanese.
        let text = if self.is_markdown && kind != Kind::Code {
            text.replace("**", "")
        } else {
            text
        };
        let trimmed = |units: &mut dyn Iterator<Item = &str>| {
            let units = units.map(|unit| unit.trim().to_owned());
            units.filter(|unit| !unit.is_empty()).collect()
        };
        let (units, joiner) = match kind {
            Kind::List | Kind::Table => {
                let mut units = cut_at(&text, &starts);
                // A bullet whose text is a heading, and so stands elsewhere.
                units.retain(|unit| unit.chars().any(char::is_alphanumeric) && unit.trim().parse::<f64>().is_err());
                (units, "\n")
            }
            Kind::Code => (text.lines().map(str::to_owned).collect(), "\n"),
            _ if text.trim().contains('\n') => (trimmed(&mut text.lines()), "\n"),
            _ => (trimmed(&mut text.unicode_sentences()), " "),
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
        let (all, in_links) = std::mem::take(&mut self.letters);
        if !passages.is_empty() {
            let path = self.path.iter().map(|above| above.text.clone()).collect();
            self.document.sections.push(Section {
                path,
                anchor: self.anchor.clone(),
                passages,
            });
            self.only_links.push(in_links > 0 && in_links >= all);
        }
    }
}
