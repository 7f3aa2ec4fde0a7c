//! Words in, vectors and answers out, always the same.

use unicode_segmentation::UnicodeSegmentation;

use crate::engine::{embed::normalised, wire::ChatMessage};

/// Length of scripted embeddings.
pub const DIMENSIONS: usize = 384;

/// Words that say little about what a text is about.
const FILLER: [&str; 44] = [
    "a", "an", "and", "any", "are", "at", "be", "by", "can", "could", "did", "do", "does", "for", "from", "have", "hi",
    "how", "i", "if", "in", "is", "it", "me", "my", "of", "on", "or", "our", "please", "tell", "that", "the", "there",
    "this", "to", "we", "what", "when", "where", "will", "with", "you", "your",
];

/// A text's vector, of length one: its words, lower-cased, stemmed lightly, without filler, hashed to places.
pub fn embedding(text: &str) -> Vec<f32> {
    let words: Vec<String> = text.unicode_words().map(str::to_lowercase).collect();
    let telling: Vec<&String> = words.iter().filter(|word| !FILLER.contains(&word.as_str())).collect();
    let used = if telling.is_empty() {
        words.iter().collect()
    } else {
        telling
    };
    let mut vector = vec![0.0_f32; DIMENSIONS];
    for word in used {
        if let Some(entry) = vector.get_mut(place(stem(word))) {
            *entry += 1.0;
        }
    }
    normalised(&vector)
}

/// The first sentence of the first passage that is fenced as the prompts of answers fence it, below its title.
pub(super) fn fenced_answer(messages: &[ChatMessage]) -> Option<String> {
    let mut lines = messages.iter().rev().flat_map(|message| message.content.lines());
    lines.find(|line| *line == "<passage>")?;
    let body: Vec<&str> = lines.skip(1).take_while(|line| *line != "</passage>").collect();
    let body = body.join(" ");
    let first = body.unicode_sentences().next()?.trim();
    (!first.is_empty()).then(|| first.to_owned())
}

/// The first sentence of the first passage, or of what the user wrote last.
pub(super) fn answer(messages: &[ChatMessage]) -> String {
    let passage = messages
        .iter()
        .flat_map(|message| message.content.lines())
        .find_map(|line| line.trim_start().strip_prefix("[1]"));
    let asked = || {
        messages
            .iter()
            .rfind(|message| message.role == "user")
            .map(|message| message.content.as_str())
    };
    let source = passage.or_else(asked).unwrap_or_default().trim();
    source
        .unicode_sentences()
        .next()
        .unwrap_or("I have nothing to say.")
        .trim()
        .to_owned()
}

/// Cuts the commonest English endings, so that `returns` and `returned` fall together.
fn stem(word: &str) -> &str {
    let cut = |word: &'_ str, ending: &str, at_least: usize| {
        let stem_length = word.len().checked_sub(ending.len())?;
        (stem_length >= at_least && word.ends_with(ending)).then_some(stem_length)
    };
    let without_s = if word.ends_with("ss") {
        None
    } else {
        cut(word, "'s", 2).or_else(|| cut(word, "s", 3))
    };
    let word = without_s.and_then(|length| word.get(..length)).unwrap_or(word);
    let length = cut(word, "ing", 3)
        .or_else(|| cut(word, "ed", 3))
        .or_else(|| cut(word, "e", 3));
    length.and_then(|length| word.get(..length)).unwrap_or(word)
}

/// FNV-1a, folded to the vector's length: the same on every machine and in every release.
fn place(word: &str) -> usize {
    let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from((hash ^ (hash >> 32)) % DIMENSIONS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(a: &str, b: &str) -> f32 {
        embedding(a).iter().zip(embedding(b)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn texts_that_share_words_are_closer_than_others() {
        let question = "How can I return my order?";
        assert!((similarity(question, question) - 1.0).abs() < 1e-6);
        assert!(similarity(question, "Returning orders") > 0.9);
        assert!(similarity(question, "When do you open on Sunday?") < 0.3);
    }

    #[test]
    fn a_text_of_filler_only_still_has_a_vector() {
        assert!((similarity("What is it?", "What is it?") - 1.0).abs() < 1e-6);
        assert!(embedding("").iter().all(|entry| *entry == 0.0));
    }

    #[test]
    fn the_answer_is_the_first_sentence_of_the_first_passage() {
        let messages = [
            ChatMessage::system("Answer from the passages.\n[1] Returns are free. They take 30 days.\n[2] Other."),
            ChatMessage::user("Can I return it?"),
        ];
        assert_eq!(answer(&messages), "Returns are free.");
        assert_eq!(answer(&[ChatMessage::user("Hello there. More.")]), "Hello there.");
        let fenced = "<passage>\nReturns\nReturns are free. They take 30 days.\n</passage>\nQuestion: Why?";
        assert_eq!(
            fenced_answer(&[ChatMessage::user(fenced)]).as_deref(),
            Some("Returns are free.")
        );
        assert_eq!(fenced_answer(&messages), None);
    }
}
