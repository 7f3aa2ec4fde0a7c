//! Topics: what a business calls the things its visitors ask about.

use crate::domain::screening::TopicMatch;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// What a message belongs to that belongs to no topic. No topic may be called so.
pub const OTHER: &str = "other";

/// A topic of the owner's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Words and phrases that make a message belong to it.
    pub words: Vec<String>,
    /// Messages that belong to it; whatever is near to one of them does too, where there is an embedder.
    pub examples: Vec<String>,
    /// Never sent without a person, whatever the gate says.
    pub sensitive: bool,
}

impl Topic {
    /// Does one of its words occur in a message? Compared as whole words, without regard to capitals.
    pub fn is_mentioned_in(&self, message: &str) -> bool {
        let message = spaced(message);
        self.words.iter().map(|word| spaced(word)).any(|word| {
            // A word of signs only would otherwise be found everywhere.
            !word.trim().is_empty() && message.contains(&word)
        })
    }

    /// Are the same messages found with both?
    pub fn finds_the_same_as(&self, other: &Self) -> bool {
        self.name == other.name && self.words == other.words && self.examples == other.examples
    }
}

/// The words of a text in small letters, one space before and behind each.
fn spaced(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut spaced = String::from(" ");
    for word in lower.unicode_words() {
        spaced.push_str(word);
        spaced.push(' ');
    }
    spaced
}

/// The topics whose words a message mentions, in the order of the document.
pub fn by_words(topics: &[Topic], message: &str) -> Vec<TopicMatch> {
    topics
        .iter()
        .filter(|topic| topic.is_mentioned_in(message))
        .map(|topic| TopicMatch {
            name: topic.name.clone(),
            by_words: true,
            similarity: 0.0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_found_by_whole_words_and_phrases() {
        let topic = Topic {
            name: "refunds".to_owned(),
            words: vec!["Refund".to_owned(), "money back".to_owned()],
            ..Topic::default()
        };
        assert!(topic.is_mentioned_in("Can I get a REFUND?"));
        assert!(topic.is_mentioned_in("I want my money\nback!"));
        assert!(!topic.is_mentioned_in("Nothing was refunded"));
        assert!(!topic.is_mentioned_in("Is the back of the shop open? I have money."));
        let found = by_words(std::slice::from_ref(&topic), "a refund please");
        assert_eq!(found.first().map(|found| found.name.as_str()), Some("refunds"));
    }

    #[test]
    fn words_of_signs_only_are_found_nowhere() {
        let topic = Topic {
            words: vec!["!?".to_owned(), String::new()],
            ..Topic::default()
        };
        assert!(!topic.is_mentioned_in("What?! Really!?"));
    }
}
