//! Choosing how to answer: verified, quoted, composed, or not at all.
//!
//! [`choose()`] is a pure function of the ranked candidates. It never writes text of its own: a verified answer and a FAQ
//! entry are given verbatim, a document is quoted by whole sentences, and for `compose` it names the passages.

mod choose;
mod differ;
mod facts;
mod handed_back;
mod prompt;
mod quote;
mod signals;
mod support;
mod words;

pub use choose::{AllowedModes, Candidate, CandidateKind, Choice, ChosenSource, Thresholds, choose};
pub use differ::{Difference, differences};
pub use handed_back::handed_back;
pub use prompt::{ChatMessage, ComposePrompt, LeftOut, Role, compose_prompt, declines, whole_sentences};
pub use quote::{pick_sentences, sentences};
pub use signals::Signals;
pub use support::unsupported;
pub(crate) use words::is_small_talk;
pub(super) use words::{KnownWords, is_function_word, stem};
pub use words::{content_words, overlap, same_words, words_of};

use serde::{Deserialize, Serialize};

/// How an answer was found. Ordered from the safest to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerMode {
    /// A question and answer that a person approved, served without the LLM.
    Verified,
    /// The words of the knowledge: a FAQ's answer, or the sentences of a document that answer.
    Quote,
    /// Written by the LLM from passages.
    Compose,
    /// Nothing fits: a person has to answer.
    #[default]
    Abstain,
}

impl AnswerMode {
    /// The name used in the API and the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Quote => "quote",
            Self::Compose => "compose",
            Self::Abstain => "abstain",
        }
    }
}
