//! Verified answers: what belongs to one besides its question and its text, and what newer knowledge may say against it.

use super::super::answer::{Difference, words_of};
use super::super::ids::{DocumentId, VerifiedAnswerId};
use super::super::text::{QuestionText, TextError};
use super::super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Most other wordings of a question.
pub const MOST_VARIANTS: usize = 20;
/// Most documents that an answer rests on.
pub const MOST_SOURCES: usize = 10;

/// Languages by their two letters, ISO 639-1.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et \
    eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv \
    kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw \
    sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// What belongs to a verified answer besides its question and its text. One of an older version has none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnswerDetails {
    /// Other wordings of the question; at most [`MOST_VARIANTS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<String>,
    /// The language it is written in, as ISO 639-1; told from its text where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Who looks after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// From when on it is not answered from any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The verified answer whose place it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<VerifiedAnswerId>,
    /// The documents that it rests on; they are looked for where this is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<Vec<DocumentId>>,
}

/// Why the details of a verified answer are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Too many wordings.
    #[error("a verified answer has at most {MOST_VARIANTS} other wordings, not {0}; keep those that differ most")]
    TooManyVariants(usize),
    /// The same words twice.
    #[error("“{0}” stands there twice, but for case and punctuation; leave one out")]
    Twice(String),
    /// A wording without words.
    #[error("“{0}” has no words to compare a question with; write it out")]
    NoWords(String),
    /// A wording that is no text.
    #[error("{0}")]
    Text(#[from] TextError),
    /// Not a language.
    #[error("“{0}” is no language of ISO 639-1; write two letters, as in en, de or tr")]
    Language(String),
    /// Too many documents.
    #[error("a verified answer rests on at most {MOST_SOURCES} documents, not {0}; keep the best")]
    TooManySources(usize),
}

impl AnswerDetails {
    /// Whether nothing is said beyond question and text.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// With clean wordings, if they can stand beside this question.
    ///
    /// # Errors
    /// [`AnswerError`] with what to write instead.
    pub fn checked(mut self, question: &str) -> Result<Self, AnswerError> {
        if self.variants.len() > MOST_VARIANTS {
            return Err(AnswerError::TooManyVariants(self.variants.len()));
        }
        let mut seen = HashSet::from([words_of(question)]);
        for variant in &mut self.variants {
            *variant = QuestionText::parse(variant)?.into();
            let words = words_of(variant);
            if words.is_empty() {
                return Err(AnswerError::NoWords(variant.clone()));
            }
            if !seen.insert(words) {
                return Err(AnswerError::Twice(variant.clone()));
            }
        }
        if let Some(language) = &self.language
            && !is_language(language)
        {
            return Err(AnswerError::Language(language.clone()));
        }
        let named = self.documents.as_ref().map_or(0, Vec::len);
        if named > MOST_SOURCES {
            return Err(AnswerError::TooManySources(named));
        }
        Ok(self)
    }
}

/// Whether this is one of the two-letter codes of ISO 639-1.
pub fn is_language(code: &str) -> bool {
    LANGUAGES.split_ascii_whitespace().any(|known| known == code)
}

/// What newer knowledge does to a verified answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// A document that it rests on says something else now.
    SourceChanged,
    /// A document that it rests on is gone.
    SourceGone,
    /// A newer document or answer says otherwise.
    SaysOtherwise,
}

impl ConflictKind {
    /// Code as stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SourceChanged => "source_changed",
            Self::SourceGone => "source_gone",
            Self::SaysOtherwise => "says_otherwise",
        }
    }

    /// The same in words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::SourceChanged => "A document that it rests on says something else now.",
            Self::SourceGone => "A document that it rests on is gone.",
            Self::SaysOtherwise => "Something newer says otherwise.",
        }
    }
}

/// What was decided about an answer that was to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictDecision {
    /// It is still right.
    Right,
    /// Another text took its place.
    Changed,
    /// It was retired.
    Retired,
    /// What spoke against it is gone.
    Settled,
}

/// What of two texts differs, in few words: `“9:00” there, “10:00” here`.
pub fn in_words(differs: &[Difference]) -> String {
    let said = differs.iter().map(Difference::in_words);
    said.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with(variants: &[&str]) -> AnswerDetails {
        AnswerDetails {
            variants: variants.iter().map(|&text| text.to_owned()).collect(),
            ..AnswerDetails::default()
        }
    }

    #[test]
    fn the_same_words_twice_too_many_wordings_and_what_is_no_language_are_refused_in_words() {
        let question = "When do you open?";
        assert_eq!(
            with(&["Opening hours?"]).checked(question),
            Ok(with(&["Opening hours?"]))
        );
        assert_eq!(
            with(&["  Opening hours? "]).checked(question),
            Ok(with(&["Opening hours?"]))
        );
        let twice = with(&["when do you OPEN"]).checked(question);
        assert_eq!(twice, Err(AnswerError::Twice("when do you OPEN".to_owned())));
        assert!(matches!(
            with(&["a b", "A, b!"]).checked(question),
            Err(AnswerError::Twice(_))
        ));
        assert!(matches!(with(&["?!"]).checked(question), Err(AnswerError::NoWords(_))));
        assert!(matches!(with(&[" "]).checked(question), Err(AnswerError::Text(_))));
        let many: Vec<String> = (0..=MOST_VARIANTS).map(|n| format!("wording {n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(with(&many).checked(question), Err(AnswerError::TooManyVariants(21)));
        assert!(with(&many[1..]).checked(question).is_ok());
        for (code, is_known) in [
            ("en", true),
            ("tr", true),
            ("EN", false),
            ("english", false),
            ("xx", false),
            ("", false),
        ] {
            let language = AnswerDetails {
                language: Some(code.to_owned()),
                ..AnswerDetails::default()
            };
            assert_eq!(language.checked(question).is_ok(), is_known, "{code}");
        }
    }

    #[test]
    fn details_of_an_older_version_are_read() {
        let read: Option<AnswerDetails> = serde_json::from_str("{}").ok();
        assert_eq!(read, Some(AnswerDetails::default()));
        assert!(AnswerDetails::default().is_empty() && !with(&["a"]).is_empty());
    }

    proptest! {
        #[test]
        fn what_was_checked_once_is_accepted_unchanged(question in "[a-z ]{1,20}", variants in prop::collection::vec("[a-z ?]{0,12}", 0..25)) {
            let details = AnswerDetails { variants, ..AnswerDetails::default() };
            if let Ok(checked) = details.checked(&question) {
                prop_assert!(checked.variants.len() <= MOST_VARIANTS);
                prop_assert_eq!(checked.clone().checked(&question), Ok(checked));
            }
        }
    }
}
