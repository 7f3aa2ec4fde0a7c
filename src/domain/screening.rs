//! Words in a visitor's message that no model is asked about: an explicit wish for a person.

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
