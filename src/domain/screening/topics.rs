//! Which of the owner's topics a message belongs to.

use super::TopicMatch;
use super::words::{Word, words};

/// A topic as screening needs it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicExamples {
    /// Its name.
    pub name: String,
    /// Words or phrases that make a message belong to it.
    pub words: Vec<String>,
    /// Messages that belong to it.
    pub examples: Vec<String>,
}

/// Similarity to an example from which a message belongs to its topic. Set by hand and not measured yet: see
/// `docs/screening.md`.
pub const NEAR: f64 = 0.6;
/// Letters by which a word may be longer than the owner's, for its inflections.
const INFLECTION: usize = 3;
/// Letters from which a word is long enough to be inflected.
const INFLECTED: usize = 4;

/// Does one of a topic's words occur in a message?
pub fn belongs_by_words(message: &str, topic: &TopicExamples) -> bool {
    let message = words(message);
    topic.words.iter().any(|wanted| {
        let wanted = words(wanted);
        !wanted.is_empty()
            && message
                .windows(wanted.len())
                .any(|seen| seen.iter().zip(&wanted).all(meets))
    })
}

fn meets((seen, wanted): (&Word, &Word)) -> bool {
    match seen.text.strip_prefix(wanted.text.as_str()) {
        Some("") => true,
        Some(ending) => wanted.text.chars().count() >= INFLECTED && ending.chars().count() <= INFLECTION,
        None => false,
    }
}

/// The topics a message belongs to, nearest first. `similarities` has, for each topic in order, the similarity to its nearest
/// example; nothing where there is no embedder.
pub fn matches(message: &str, topics: &[TopicExamples], similarities: &[f64]) -> Vec<TopicMatch> {
    let mut found: Vec<TopicMatch> = topics
        .iter()
        .enumerate()
        .map(|(at, topic)| TopicMatch {
            name: topic.name.clone(),
            by_words: belongs_by_words(message, topic),
            similarity: similarities.get(at).copied().unwrap_or(0.0),
        })
        .filter(|topic| topic.by_words || topic.similarity >= NEAR)
        .collect();
    found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str, words: &[&str]) -> TopicExamples {
        TopicExamples {
            name: name.to_owned(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            examples: Vec::new(),
        }
    }

    #[test]
    fn words_and_phrases_of_a_topic_are_found_inflected_too() {
        let refunds = topic("refunds", &["refund", "money back"]);
        assert!(belongs_by_words("Are Refunds possible?", &refunds));
        assert!(belongs_by_words("I want my money   BACK", &refunds));
        assert!(!belongs_by_words("Is there a fund? I am back with money", &refunds));
        assert!(!belongs_by_words("Anything", &topic("empty", &["", "?!"])));
    }

    #[test]
    fn the_nearest_topic_comes_first_and_far_ones_are_left_out() {
        let topics = [topic("a", &["x"]), topic("b", &[]), topic("c", &[])];
        let found = matches("x", &topics, &[0.1, 0.9, 0.2]);
        let names: Vec<&str> = found.iter().map(|topic| topic.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(matches("y", &topics, &[]), []);
    }
}
