//! Two texts word by word: what a person took out of a draft, and what a draft has from its source.

use super::view::Marked;
use similar::{ChangeTag, TextDiff};
use std::ops::Range;

/// Words that two texts must share in a row before it is more than chance.
const WORDS_IN_A_ROW: usize = 3;

/// `before` with the words highlighted that `after` no longer has.
pub(super) fn taken_out(before: &str, after: &str) -> Marked {
    Marked::new(before, &stretches(before, after, ChangeTag::Delete))
}

/// `source` with the stretches highlighted that `text` repeats in the same order.
pub(super) fn repeated(source: &str, text: &str) -> Marked {
    let long_enough = |range: &Range<usize>| {
        source
            .get(range.clone())
            .is_some_and(|words| words.split_whitespace().count() >= WORDS_IN_A_ROW)
    };
    let ranges: Vec<_> = stretches(source, text, ChangeTag::Equal)
        .into_iter()
        .filter(long_enough)
        .map(|range| trimmed(source, range))
        .collect();
    Marked::new(source, &ranges)
}

/// The range without the white space around its words.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let words = text.get(range.clone()).unwrap_or_default();
    let start = range.start + words.len() - words.trim_start().len();
    start..start + words.trim().len()
}

/// The byte ranges of `before` that are deleted from, or equal in, `after`; neighbours joined.
fn stretches(before: &str, after: &str, wanted: ChangeTag) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    let mut goes_on = false;
    for change in TextDiff::from_words(before, after).iter_all_changes() {
        let tag = change.tag();
        let end = if tag == ChangeTag::Insert {
            at
        } else {
            at + change.value().len()
        };
        match ranges.last_mut() {
            Some(last) if goes_on && tag == wanted => last.end = end,
            _ if tag == wanted => ranges.push(at..end),
            _ => {}
        }
        goes_on = tag == wanted;
        at = end;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &Marked) -> Vec<&str> {
        text.pieces
            .iter()
            .filter(|piece| piece.marked)
            .map(|piece| piece.text.as_str())
            .collect()
    }

    #[test]
    fn the_words_a_person_took_out_are_marked_in_the_draft() {
        let draft = taken_out("It costs 42 € today.", "It costs 45 € today.");
        assert_eq!(marked(&draft), ["42"]);
        assert_eq!(
            draft.pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(),
            "It costs 42 € today."
        );
    }

    #[test]
    fn what_a_draft_repeats_is_marked_in_its_source_but_not_single_words() {
        let source = repeated(
            "We deliver to the mainland in two days. The islands take longer.",
            "Yes: to the mainland in two days, and the islands",
        );
        assert_eq!(marked(&source), ["to the mainland in two"]);
        assert!(marked(&repeated("One word here", "here is a word")).is_empty());
    }
}
