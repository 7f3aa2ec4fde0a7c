//! What a change of an agent's settings does: whether it can change an answer, and what becomes of it beside other changes.
//!
//! What can change an answer is tried on questions of the past before it goes live; what cannot goes live at once. Each field says here which of
//! the two it is, and a field that says neither does not compile.

use super::settings::AgentSettings;
use serde::Serialize;

/// A field that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its name, as settings are written.
    pub field: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// Whether another value can change what is answered, and how.
    pub changes_answers: bool,
}

macro_rules! fields {
    ($($field:ident, $label:literal, $changes_answers:literal;)*) => {
        /// All fields in the order in which people read them.
        pub const FIELDS: &[Difference] = &[$(Difference {
            field: stringify!($field),
            label: $label,
            changes_answers: $changes_answers,
        }),*];

        /// The fields in which two settings differ.
        pub fn differences(before: &AgentSettings, after: &AgentSettings) -> Vec<Difference> {
            let differs = [$(before.$field != after.$field),*];
            FIELDS.iter().zip(differs).filter_map(|(field, differs)| differs.then_some(*field)).collect()
        }

        /// `live`, with what was changed between `from` and `to`: what others have changed meanwhile stays.
        #[must_use]
        pub fn merged(live: &AgentSettings, from: &AgentSettings, to: &AgentSettings) -> AgentSettings {
            AgentSettings {
                $($field: if from.$field == to.$field { live.$field.clone() } else { to.$field.clone() }),*
            }
        }

        /// `live`, with those of the wished changes that change no answer.
        #[must_use]
        pub fn at_once(live: &AgentSettings, wished: &AgentSettings) -> AgentSettings {
            AgentSettings {
                $($field: if $changes_answers { live.$field.clone() } else { wished.$field.clone() }),*
            }
        }
    };
}

fields! {
    name, "name", false;
    business, "business", false;
    greeting, "first line", false;
    starters, "questions to begin with", false;
    disclosure, "notice about the AI", false;
    instructions, "instructions", true;
    tone, "tone", true;
    tone_words, "tone in your own words", true;
    // It decides what the models were found fit for.
    language, "language", true;
    modes, "kinds of answers", true;
    allow_unfit, "use of unfit models", true;
    collections, "collections", true;
    origins, "web sites", false;
    chat_models, "chat models", true;
    adapter, "adapter", true;
    // It measures what was written; the text is the same.
    support_signal, "measuring support", false;
    presence, "showing who is on the site", false;
}

/// Whether these settings can answer otherwise than those.
pub fn changes_answers(before: &AgentSettings, after: &AgentSettings) -> bool {
    differences(before, after).iter().any(|field| field.changes_answers)
}

/// Whether these settings can find another answer than those, or choose another kind of answer: more than other words of the LLM.
pub fn changes_finding(before: &AgentSettings, after: &AgentSettings) -> bool {
    let told_alike = AgentSettings {
        instructions: before.instructions.clone(),
        tone: before.tone,
        tone_words: before.tone_words.clone(),
        ..after.clone()
    };
    changes_answers(before, &told_alike)
}

/// Whether other models write, or the same with another adapter.
pub fn changes_writers(before: &AgentSettings, after: &AgentSettings) -> bool {
    before.chat_models != after.chat_models || before.adapter != after.adapter
}

/// What a list of differences is called: `instructions, chat models`.
pub fn in_words(differences: &[Difference]) -> String {
    let labels: Vec<&str> = differences.iter().map(|field| field.label).collect();
    labels.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answer::AnswerMode;
    use crate::domain::persona::Tone;
    use proptest::prelude::*;

    fn words() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
    }

    fn settings() -> impl Strategy<Value = AgentSettings> {
        let modes = prop::sample::subsequence(
            vec![AnswerMode::Verified, AnswerMode::Quote, AnswerMode::Compose],
            0..=3,
        );
        let lists = prop::array::uniform4(prop::collection::vec(words(), 0..=2));
        let texts = prop::array::uniform7(words());
        (
            texts,
            lists,
            modes,
            prop::option::of(words()),
            prop::sample::select(Tone::ALL.to_vec()),
            any::<(bool, bool, bool)>(),
        )
            .prop_map(|(texts, lists, modes, adapter, tone, flags)| {
                let [name, business, greeting, disclosure, instructions, tone_words, language] = texts;
                let [collections, origins, chat_models, starters] = lists;
                AgentSettings {
                    name,
                    business,
                    greeting,
                    starters,
                    disclosure,
                    instructions,
                    tone,
                    tone_words,
                    language,
                    modes,
                    allow_unfit: flags.0,
                    collections,
                    origins,
                    chat_models,
                    adapter,
                    support_signal: flags.1,
                    presence: flags.2,
                }
            })
    }

    proptest! {
        #[test]
        fn what_goes_live_at_once_changes_no_answer_and_leaves_only_what_does(live in settings(), wished in settings()) {
            let now = at_once(&live, &wished);
            prop_assert!(!changes_answers(&live, &now));
            let rest = differences(&now, &wished);
            prop_assert!(rest.iter().all(|field| field.changes_answers), "{rest:?}");
            // Together they are what was wished, and nothing is in both.
            prop_assert_eq!(merged(&now, &live, &wished), wished.clone());
            let parts = differences(&live, &now).len() + rest.len();
            prop_assert_eq!(parts, differences(&live, &wished).len());
        }

        #[test]
        fn what_others_changed_meanwhile_stays_and_taking_back_touches_nothing_else(
            from in settings(), to in settings(), live in settings(),
        ) {
            let after = merged(&live, &from, &to);
            let changed: Vec<&str> = differences(&from, &to).iter().map(|field| field.field).collect();
            for field in differences(&live, &after) {
                prop_assert!(changed.contains(&field.field), "{field:?}");
            }
            prop_assert_eq!(merged(&after, &after, &live), live.clone());
            prop_assert_eq!(merged(&from, &from, &to), to.clone());
            prop_assert_eq!(merged(&live, &from, &from), live);
        }

        #[test]
        fn nothing_differs_only_where_settings_are_the_same(one in settings(), other in settings()) {
            prop_assert_eq!(differences(&one, &other).is_empty(), one == other);
            prop_assert!(!changes_writers(&one, &other) || changes_answers(&one, &other));
        }
    }

    #[test]
    fn another_tone_is_other_words_of_the_llm_and_questions_to_begin_with_change_no_answer() {
        let before = AgentSettings::default();
        let formal = AgentSettings {
            tone: Tone::Formal,
            tone_words: "Like a butler.".to_owned(),
            ..before.clone()
        };
        assert!(changes_answers(&before, &formal) && !changes_finding(&before, &formal));
        let begins = AgentSettings {
            starters: vec!["When do you open?".to_owned()],
            ..before.clone()
        };
        assert!(!changes_answers(&before, &begins));
    }

    #[test]
    fn every_field_of_the_settings_says_what_it_does() {
        let all = serde_json::to_value(AgentSettings::default()).unwrap();
        let mut known: Vec<&str> = all.as_object().unwrap().keys().map(String::as_str).collect();
        let mut said: Vec<&str> = FIELDS.iter().map(|field| field.field).collect();
        known.sort_unstable();
        said.sort_unstable();
        assert_eq!(said, known);
        assert_eq!(in_words(&FIELDS[..2]), "name, business");
    }
}
