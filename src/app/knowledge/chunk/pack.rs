//! Filling passages with the blocks of a section.

use super::MAX_WORDS;
use unicode_segmentation::UnicodeSegmentation;

/// Characters after which even text without words is cut.
pub(super) const MAX_CHARS: usize = 1_200;

/// Words that are not left alone before a list that does not fit beside them.
const SHORT_WORDS: usize = 25;

/// A top-level piece of Markdown as plain text.
#[derive(Debug)]
pub(super) struct Block {
    /// Parts that are not cut: sentences of a paragraph, items of a list, rows of a table.
    pub(super) units: Vec<String>,
    /// What stands between the parts.
    pub(super) joiner: &'static str,
    /// The first part is a table's header.
    pub(super) has_header: bool,
}

impl Block {
    fn text(&self) -> String {
        self.units.join(self.joiner)
    }
}

/// The parts of `text` that begin at `starts`; whatever precedes the first goes with it.
pub(super) fn cut_at(text: &str, starts: &[usize]) -> Vec<String> {
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
pub(super) fn pack(blocks: &[Block]) -> Vec<String> {
    let mut passages = Vec::new();
    let mut open = String::new();
    for block in blocks {
        let text = block.text();
        if fits(&open, &text) {
            append(&mut open, &text, "\n");
            continue;
        }
        // "Follow these steps:" belongs to the steps, and so does any short word before what has to be cut anyway.
        let is_cut = !fits("", &text) && open.unicode_words().count() <= SHORT_WORDS;
        if !(block.joiner == "\n" && (open.ends_with(':') || is_cut)) {
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
