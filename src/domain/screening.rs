//! What is noticed about a visitor's message, the knowledge behind an answer and the answer itself, before anybody decides.

use serde::{Deserialize, Serialize};

/// Something about a turn that speaks for a person's look. The order is alphabetical and means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The visitor is angry.
    Anger,
    /// The visitor is in distress: of themselves, or of somebody else, harm may be near.
    Distress,
    /// A passage of the knowledge tries to give the AI orders.
    InjectionInKnowledge,
    /// The visitor tries to give the AI orders.
    InjectionInQuestion,
    /// The visitor writes in a language that the agent does not answer in.
    OtherLanguage,
    /// The visitor's message has personal data of a kind that is found by its shape.
    PersonalData,
    /// The answer names numbers, dates, prices or names that its sources do not.
    Unsupported,
}

/// A topic of the owner's that a message belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicMatch {
    /// Its name.
    pub name: String,
    /// One of its words occurs; otherwise it is near to one of its examples.
    pub by_words: bool,
    /// Similarity to its nearest example, -1 to 1; 0 without an embedder.
    pub similarity: f64,
}

/// Everything that was noticed about a turn. Stored with its draft.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Screening {
    /// The visitor asks for a person in so many words.
    pub wishes_for_person: bool,
    /// Topics that the message belongs to, nearest first.
    pub topics: Vec<TopicMatch>,
    /// Sorted, each once.
    pub flags: Vec<Flag>,
    /// Kinds of personal data found, like `email`, `phone`, `iban`; sorted, each once.
    pub personal: Vec<String>,
    /// -1 (very bad) to 1 (very good).
    pub sentiment: f64,
    /// The language of the message, ISO 639-1; none where it is too short to tell.
    pub language: Option<String>,
    /// What was found where, in words for the reviewer: the flag and the text that raised it.
    pub evidence: Vec<(Flag, String)>,
}

/// Ways to ask for a person, lower-cased, compared on word boundaries. English and German.
const WISHES: [&str; 17] = [
    "speak to a human",
    "talk to a human",
    "speak to a person",
    "talk to a person",
    "speak to someone",
    "talk to someone",
    "a real person",
    "a human being",
    "human agent",
    "live agent",
    "customer service representative",
    "mit einem menschen",
    "mit einer person sprechen",
    "mit jemandem sprechen",
    "echten menschen",
    "einen mitarbeiter sprechen",
    "einem mitarbeiter sprechen",
];

/// Does the visitor ask for a person in so many words?
pub fn wishes_for_person(message: &str) -> bool {
    let mut words = String::from(" ");
    for word in message
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
    {
        words.push_str(word);
        words.push(' ');
    }
    WISHES.iter().any(|wish| words.contains(&format!(" {wish} ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explicit_wish_for_a_person_is_heard() {
        for text in [
            "Can I talk to a human, please?",
            "I want a REAL person!",
            "Ich möchte mit jemandem sprechen.",
        ] {
            assert!(wishes_for_person(text), "{text}");
        }
    }

    #[test]
    fn people_in_a_question_are_not_a_wish_for_one() {
        for text in [
            "How many people fit on a tandem?",
            "Is the human-sized basket in stock?",
            "",
        ] {
            assert!(!wishes_for_person(text), "{text}");
        }
    }
}
