//! The sentences of a passage that answer a question.

use super::words::{content_words, share};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// A sentence that starts with one of these leans on the one before it.
const LEANING: [&str; 16] = [
    "it",
    "they",
    "this",
    "these",
    "that",
    "those",
    "he",
    "she",
    "otherwise",
    "however",
    "then",
    "sie",
    "es",
    "dies",
    "diese",
    "sonst",
];

/// The sentences of a text as byte ranges, in order, without surrounding white space; a line break ends a sentence.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (line_start, line) in lines(text) {
        for (start, sentence) in line.split_sentence_bound_indices() {
            let trimmed = sentence.trim_start();
            let start = line_start + start + (sentence.len() - trimmed.len());
            let trimmed = trimmed.trim_end();
            if trimmed.chars().any(char::is_alphanumeric) {
                found.push(start..start + trimmed.len());
            }
        }
    }
    found
}

/// The one or two sentences of `passage` that answer `question`, as byte ranges in order; empty when none shares
/// anything with the question.
///
/// `similarities` are the cosines of the question to each of [`sentences`], where they are known; without them only the
/// words decide. A list or a table is taken whole: half a list of steps is a wrong answer.
pub fn pick_sentences(question: &str, passage: &str, similarities: Option<&[f64]>) -> Vec<Range<usize>> {
    let sentences = sentences(passage);
    if has_list_or_table(passage) || sentences.len() <= 1 {
        let whole = passage.trim();
        let start = passage.len() - passage.trim_start().len();
        return if whole.is_empty() {
            Vec::new()
        } else {
            std::iter::once(start..start + whole.len()).collect()
        };
    }
    let wanted = content_words(question);
    let words: Vec<_> = sentences
        .iter()
        .map(|range| content_words(slice(passage, range)))
        .collect();
    let similarity = |at: usize| {
        similarities
            .and_then(|all| all.get(at))
            .copied()
            .filter(|s| s.is_finite())
            .unwrap_or(0.0)
    };
    let scores: Vec<f64> = words
        .iter()
        .enumerate()
        .map(|(at, words)| share(&wanted, words) + similarity(at))
        .collect();

    // The first of equals: a passage leads with its point.
    let mut best = 0;
    for (at, score) in scores.iter().enumerate() {
        if scores.get(best).is_some_and(|known| score > known) {
            best = at;
        }
    }
    if scores.get(best).is_none_or(|score| *score <= 0.0) {
        return Vec::new();
    }
    let second = companion(best, passage, &sentences, |at| {
        let (Some(first), Some(other)) = (words.get(best), words.get(at)) else {
            return 0;
        };
        wanted
            .iter()
            .filter(|word| other.contains(*word) && !first.contains(*word))
            .count()
    });
    let mut picked: Vec<usize> = second.into_iter().chain([best]).collect();
    picked.sort_unstable();
    picked.into_iter().filter_map(|at| sentences.get(at).cloned()).collect()
}

/// The neighbour that belongs to the best sentence: the one before if the best leans on it, else the one that adds most
/// words of the question, else none.
fn companion(best: usize, passage: &str, sentences: &[Range<usize>], adds: impl Fn(usize) -> usize) -> Option<usize> {
    let first_word = sentences
        .get(best)
        .and_then(|range| slice(passage, range).unicode_words().next())
        .unwrap_or_default();
    let before = best.checked_sub(1);
    if before.is_some() && LEANING.contains(&first_word.to_lowercase().as_str()) {
        return before;
    }
    let after = Some(best + 1).filter(|at| *at < sentences.len());
    [after, before]
        .into_iter()
        .flatten()
        .map(|at| (at, adds(at)))
        .filter(|(_, added)| *added > 0)
        .max_by_key(|(_, added)| *added)
        .map(|(at, _)| at)
}

/// Does a text contain lines of a list or a table, as the import writes them?
pub(super) fn has_list_or_table(text: &str) -> bool {
    lines(text).any(|(_, line)| {
        let line = line.trim_start();
        let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
        line.starts_with("- ") || line.contains(" | ") || (number.len() < line.len() && number.starts_with(". "))
    })
}

/// The text of a range that came from [`sentences`]; empty for a range of another text.
pub(super) fn slice<'a>(text: &'a str, range: &Range<usize>) -> &'a str {
    text.get(range.clone()).unwrap_or_default()
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        (at, line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn picked<'a>(question: &str, passage: &'a str) -> Vec<&'a str> {
        pick_sentences(question, passage, None)
            .iter()
            .map(|range| slice(passage, range))
            .collect()
    }

    const REPAIRS: &str = "We repair all makes. A puncture is mended while you wait. Larger repairs take three days. \
        They are done in the order in which they come. Call us before you bring a carbon frame.";

    #[test]
    fn the_sentence_that_shares_the_questions_words_is_quoted() {
        assert_eq!(
            picked("Do you mend a puncture at once?", REPAIRS),
            ["A puncture is mended while you wait."]
        );
    }

    #[test]
    fn a_sentence_that_leans_on_the_one_before_brings_it_along() {
        let quoted = picked("In what order are bikes done?", REPAIRS);
        assert_eq!(
            quoted,
            [
                "Larger repairs take three days.",
                "They are done in the order in which they come."
            ]
        );
    }

    #[test]
    fn a_neighbour_that_adds_words_of_the_question_is_quoted_too() {
        let passage = "Shipping is free above 50 euros. Returns are free for 30 days. We are closed on Sundays.";
        assert_eq!(picked("Is shipping free, and returns?", passage).len(), 2);
    }

    #[test]
    fn a_list_is_quoted_whole() {
        let passage = "To reset it:\n1. Hold the button.\n2. Wait for the light.";
        assert_eq!(picked("Which button do I hold?", passage), [passage]);
    }

    #[test]
    fn similarities_decide_where_words_do_not() {
        let passage = "Wir öffnen um neun. Hunde sind willkommen.";
        let picked = pick_sentences("pets?", passage, Some(&[0.1, 0.6]));
        assert_eq!(
            picked.iter().map(|r| slice(passage, r)).collect::<Vec<_>>(),
            ["Hunde sind willkommen."]
        );
    }

    #[test]
    fn nothing_shared_means_nothing_quoted() {
        assert!(picked("Zebra?", REPAIRS).is_empty());
        assert!(picked("Zebra?", "").is_empty());
    }

    proptest! {
        #[test]
        fn every_range_lies_inside_any_text(question in any::<String>(), passage in "\\PC{0,40}[.!?\\n ]{0,3}\\PC{0,40}[.!?\\n ]{0,3}\\PC*") {
            for range in sentences(&passage).into_iter().chain(pick_sentences(&question, &passage, None)) {
                prop_assert!(passage.get(range).is_some_and(|s| !s.is_empty()));
            }
        }
    }
}
