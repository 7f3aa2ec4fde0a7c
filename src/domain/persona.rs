//! How an agent presents itself: how it speaks, and the questions that visitors may begin with.

use super::settings::AgentSettings;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Questions to begin with, at most.
pub const MAX_STARTERS: usize = 4;
/// Longest question to begin with, in characters.
pub const MAX_STARTER_CHARS: usize = 80;
/// Longest description of how an agent speaks, in characters.
pub const MAX_TONE_CHARS: usize = 300;

/// How an agent speaks, beside what its instructions say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// As its instructions say, and nothing more.
    #[default]
    AsInstructed,
    /// Warm.
    Friendly,
    /// To the point.
    Factual,
    /// Polite and distant.
    Formal,
    /// Without jargon.
    Simple,
}

impl Tone {
    /// Each of them, in the order in which people choose.
    pub const ALL: [Self; 5] = [
        Self::AsInstructed,
        Self::Friendly,
        Self::Factual,
        Self::Formal,
        Self::Simple,
    ];

    /// As settings write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AsInstructed => "as_instructed",
            Self::Friendly => "friendly",
            Self::Factual => "factual",
            Self::Formal => "formal",
            Self::Simple => "simple",
        }
    }

    /// For people who choose.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::AsInstructed => "As the instructions say",
            Self::Friendly => "Warm and friendly",
            Self::Factual => "Factual, to the point",
            Self::Formal => "Polite and formal",
            Self::Simple => "In plain, simple words",
        }
    }

    /// What the LLM is told; nothing where the instructions say it all.
    const fn told(self) -> &'static str {
        match self {
            Self::AsInstructed => "",
            Self::Friendly => "Speak in a warm and friendly way.",
            Self::Factual => "Speak factually and to the point, without small talk.",
            Self::Formal => "Speak politely and formally.",
            Self::Simple => "Speak in plain, simple words and short sentences.",
        }
    }
}

/// Why a persona is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonaError {
    /// Too many questions.
    #[error("there are {0} questions to begin with, but at most {MAX_STARTERS} are shown; keep the best")]
    TooMany(usize),
    /// A question that is none.
    #[error("the question to begin with {0:?} is empty or has characters that cannot be shown; write one line of text")]
    NoText(String),
    /// A question that is too long.
    #[error("the question to begin with {0:?} is longer than {MAX_STARTER_CHARS} characters; make it shorter")]
    TooLong(String),
    /// A question twice.
    #[error("the question to begin with {0:?} is there twice; write each once")]
    Twice(String),
    /// Too many words of how it speaks.
    #[error(
        "how the agent speaks is said in {0} characters, but at most {MAX_TONE_CHARS} are possible; the rest belongs into the instructions"
    )]
    ToneTooLong(usize),
}

/// Checks how an agent presents itself.
///
/// # Errors
/// [`PersonaError`] with what to write instead.
pub fn check(settings: &AgentSettings) -> Result<(), PersonaError> {
    let starters = &settings.starters;
    if starters.len() > MAX_STARTERS {
        return Err(PersonaError::TooMany(starters.len()));
    }
    for (nth, starter) in starters.iter().enumerate() {
        if starter.trim().is_empty() || starter.chars().any(char::is_control) {
            return Err(PersonaError::NoText(starter.clone()));
        }
        if starter.chars().count() > MAX_STARTER_CHARS {
            return Err(PersonaError::TooLong(starter.clone()));
        }
        if starters.iter().take(nth).any(|before| before.trim() == starter.trim()) {
            return Err(PersonaError::Twice(starter.clone()));
        }
    }
    match settings.tone_words.chars().count() {
        chars if chars > MAX_TONE_CHARS => Err(PersonaError::ToneTooLong(chars)),
        _ => Ok(()),
    }
}

/// What the LLM is told before it writes: the instructions, and how to speak.
pub fn told(settings: &AgentSettings) -> Cow<'_, str> {
    let parts = [
        settings.instructions.trim(),
        settings.tone.told(),
        settings.tone_words.trim(),
    ];
    let more = parts.iter().skip(1).any(|part| !part.is_empty());
    if !more {
        return Cow::Borrowed(&settings.instructions);
    }
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Cow::Owned(parts.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with(starters: &[&str], tone_words: &str) -> Result<(), PersonaError> {
        check(&AgentSettings {
            starters: starters.iter().map(|&text| text.to_owned()).collect(),
            tone_words: tone_words.to_owned(),
            ..AgentSettings::default()
        })
    }

    #[test]
    fn questions_to_begin_with_are_few_short_and_different() {
        assert_eq!(
            with(&["When do you open?", "Öffnet ihr sonntags?"], "Like a baker."),
            Ok(())
        );
        assert_eq!(with(&["a", "b", "c", "d", "e"], ""), Err(PersonaError::TooMany(5)));
        assert_eq!(with(&["a", " "], ""), Err(PersonaError::NoText(" ".to_owned())));
        assert_eq!(with(&["a\nb"], ""), Err(PersonaError::NoText("a\nb".to_owned())));
        assert_eq!(with(&["a", "b", "a "], ""), Err(PersonaError::Twice("a ".to_owned())));
        let (fits, long) = ("ä".repeat(80), "ä".repeat(81));
        assert_eq!(with(&[&fits], ""), Ok(()));
        assert_eq!(with(&[&long], ""), Err(PersonaError::TooLong(long.clone())));
        assert_eq!(with(&[], &"ä".repeat(300)), Ok(()));
        assert_eq!(with(&[], &"ä".repeat(301)), Err(PersonaError::ToneTooLong(301)));
    }

    #[test]
    fn every_tone_is_written_as_it_is_stored() {
        for tone in Tone::ALL {
            assert_eq!(serde_json::to_value(tone).unwrap(), tone.as_str());
        }
    }

    proptest! {
        #[test]
        fn whoever_chose_no_tone_is_told_the_instructions_to_the_letter(instructions in ".{0,40}", words in "\\PC{0,40}") {
            let plain = AgentSettings { instructions: instructions.clone(), ..AgentSettings::default() };
            prop_assert_eq!(&*told(&plain), &instructions);
            for tone in Tone::ALL {
                let settings = AgentSettings { tone, tone_words: words.clone(), ..plain.clone() };
                let told = told(&settings);
                prop_assert!(told.contains(instructions.trim()) && told.contains(words.trim()));
                prop_assert_eq!(told.trim() != instructions.trim(), tone != Tone::AsInstructed || !words.trim().is_empty());
            }
        }
    }
}
