//! A text with its words, read around a place.

use crate::domain::screening::words::{Word, words};

/// A text and its words.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) text: &'a str,
    pub(super) words: Vec<Word>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            text,
            words: words(text),
        }
    }

    /// A word as it is compared; empty beyond the ends.
    pub(super) fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.text.as_str())
    }

    /// A word as it is written; empty beyond the ends.
    pub(super) fn raw(&self, at: usize) -> &'a str {
        let word = self.words.get(at);
        word.and_then(|word| self.text.get(word.start..word.end))
            .unwrap_or_default()
    }

    /// What stands between a word and the next one.
    pub(super) fn gap(&self, at: usize) -> &'a str {
        let (Some(word), Some(next)) = (self.words.get(at), self.words.get(at + 1)) else {
            return "\n";
        };
        self.text.get(word.end..next.start).unwrap_or("\n")
    }

    /// First byte of a word; the text's end beyond the last.
    pub(super) fn start(&self, at: usize) -> usize {
        self.words.get(at).map_or(self.text.len(), |word| word.start)
    }

    /// Byte after a word; the text's end beyond the last.
    pub(super) fn end(&self, at: usize) -> usize {
        self.words.get(at).map_or(self.text.len(), |word| word.end)
    }

    /// Number of the first word that begins at or after a byte.
    pub(super) fn word_at(&self, byte: usize) -> usize {
        self.words.partition_point(|word| word.start < byte)
    }

    /// Distance in words from a byte back to the nearest word of a list, up to `most` words; 1 is the word just before.
    pub(super) fn cue_before(&self, byte: usize, most: usize, cues: &str) -> Option<usize> {
        let at = self.word_at(byte);
        (1..=most).find(|back| at.checked_sub(*back).is_some_and(|at| listed(cues, self.word(at))))
    }

    /// Does one of the next words stand in a list?
    pub(super) fn cue_after(&self, byte: usize, most: usize, cues: &str) -> bool {
        let at = self.word_at(byte);
        (at..at + most).any(|at| listed(cues, self.word(at)))
    }

    /// Does a word begin with a capital letter?
    pub(super) fn is_capitalised(&self, at: usize) -> bool {
        self.raw(at).chars().next().is_some_and(char::is_uppercase)
    }

    /// Does a word consist of digits alone?
    pub(super) fn is_number(&self, at: usize) -> bool {
        let raw = self.raw(at);
        !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Is a word a house number: up to five digits and perhaps a letter?
    pub(super) fn is_house_number(&self, at: usize) -> bool {
        let raw = self.raw(at);
        let digits = raw.bytes().take_while(u8::is_ascii_digit).count();
        (1..=5).contains(&digits) && raw.len() <= digits + 1 && raw.is_ascii()
    }
}

/// Is a word in a list of words, of which some end openly with `*`?
pub(super) fn listed(list: &str, word: &str) -> bool {
    !word.is_empty()
        && list
            .split_ascii_whitespace()
            .any(|known| match known.strip_suffix('*') {
                Some(beginning) => word.starts_with(beginning),
                None => known == word,
            })
}
