//! What the AI is told about the stretch of a conversation that a person answered, after it was handed back.

/// Characters kept of a note.
const NOTE_CHARS: usize = 800;

/// The stretch in words for a prompt. The person's messages themselves stand in the conversation before it.
pub fn handed_back(name: &str, note: &str) -> String {
    let note: String = note.split_whitespace().collect::<Vec<_>>().join(" ");
    let note: String = note.chars().take(NOTE_CHARS).collect();
    let mut words = format!(
        "Meanwhile your colleague {name}, a person, answered the customer above and has handed the conversation back to you."
    );
    if !note.is_empty() {
        words.push_str(&format!(
            " Their note for you, which you may rely on like a passage: {note}"
        ));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ai_is_told_who_answered_and_what_they_left_for_it() {
        let told = handed_back("Mia", "Refund agreed:\n 20 euros.");
        assert!(told.contains("colleague Mia, a person") && told.ends_with("Refund agreed: 20 euros."));
        assert!(!handed_back("Mia", " ").contains("note"));
    }
}
