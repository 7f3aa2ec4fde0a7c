//! What follows from an edit: why the draft was not good enough, and which of the things that can be made of it a person wants.

use super::super::answer::AnswerMode;
use super::super::ids::DocumentId;
use super::super::review::ReasonCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Longest instructions of an agent that an edit can lead to, in characters: the LLM reads them before every answer.
pub const LONGEST_INSTRUCTIONS: usize = 4_000;

/// Why a draft was not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nothing that the AI knows tells it.
    KnowledgeMissing,
    /// What the AI knows is not true.
    Wrong,
    /// It was true once.
    Outdated,
    /// The right passage is there, and another one was found.
    Retrieval,
    /// The right passage was found, and something else was made of it.
    Composition,
    /// The tone.
    Tone,
    /// It breaks the house's rules.
    Policy,
}

impl Cause {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::KnowledgeMissing,
        Self::Wrong,
        Self::Outdated,
        Self::Retrieval,
        Self::Composition,
        Self::Tone,
        Self::Policy,
    ];

    /// Code as stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KnowledgeMissing => "knowledge_missing",
            Self::Wrong => "wrong",
            Self::Outdated => "outdated",
            Self::Retrieval => "retrieval",
            Self::Composition => "composition",
            Self::Tone => "tone",
            Self::Policy => "policy",
        }
    }

    /// The same for people.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::KnowledgeMissing => "The knowledge does not tell it",
            Self::Wrong => "The knowledge is wrong",
            Self::Outdated => "The knowledge is out of date",
            Self::Retrieval => "The wrong passage was found",
            Self::Composition => "The AI made the wrong thing of it",
            Self::Tone => "The tone",
            Self::Policy => "Our rules",
        }
    }
}

/// The causes that are presumed until a person says otherwise. `mode` is that of the draft; none where nothing was drafted.
pub fn presumed(reasons: &[ReasonCode], mode: Option<AnswerMode>) -> BTreeSet<Cause> {
    if matches!(mode, None | Some(AnswerMode::Abstain)) {
        return BTreeSet::from([Cause::KnowledgeMissing]);
    }
    let is_composed = mode == Some(AnswerMode::Compose);
    let cause = |reason: &ReasonCode| match reason {
        ReasonCode::Wrong | ReasonCode::Language if is_composed => Some(Cause::Composition),
        ReasonCode::Wrong => Some(Cause::Wrong),
        ReasonCode::Outdated => Some(Cause::Outdated),
        ReasonCode::Missing | ReasonCode::Language => Some(Cause::KnowledgeMissing),
        ReasonCode::Tone => Some(Cause::Tone),
        ReasonCode::Policy => Some(Cause::Policy),
        ReasonCode::Other => None,
    };
    reasons.iter().filter_map(cause).collect()
}

/// What is to become of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Which.
    pub document_id: DocumentId,
    /// What it says from then on; none where it is out of date and goes.
    #[serde(default)]
    pub text: Option<String>,
}

/// What a person ticked after an edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wish {
    /// Why the draft was not good enough.
    pub causes: BTreeSet<Cause>,
    /// The question in better words; as the visitor asked it where none is given.
    pub question: Option<String>,
    /// The corrected text becomes a verified answer.
    pub verified_answer: bool,
    /// Documents that are to say something else, or to go.
    pub patches: Vec<Patch>,
    /// What the LLM is to be told from then on.
    pub instructions: Option<String>,
    /// The question joins the regression set, with the corrected text as its answer.
    pub regression_question: bool,
    /// Draft and correction may leave in training data as a pair.
    pub preference_pair: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            causes: BTreeSet::new(),
            question: None,
            verified_answer: false,
            patches: Vec::new(),
            instructions: None,
            regression_question: false,
            preference_pair: true,
        }
    }
}

/// How things stand when a wish is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The documents that the draft rests on, with what they say now.
    pub documents: &'a [(DocumentId, &'a str)],
    /// What the LLM is told now.
    pub instructions: &'a str,
    /// The corrected text was remembered when it was sent.
    pub is_remembered: bool,
}

/// Why a wish cannot be granted. Each is a sentence for the person who ticked it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    /// It was remembered at once.
    #[error("this answer was remembered when it was sent; take the tick at the verified answer off")]
    Remembered,
    /// The draft does not rest on it, or it is gone.
    #[error("the draft does not rest on that document, or it was removed meanwhile; load the page again")]
    UnknownDocument,
    /// Twice the same.
    #[error("a document is named twice; change it once")]
    TwiceTheDocument,
    /// A patch without a text.
    #[error("the document would say nothing; write what it should say, or say that it is out of date")]
    EmptyPatch,
    /// A patch that changes nothing.
    #[error("the document says exactly that already; change its text, or take the tick off")]
    SamePatch,
    /// Instructions without a word.
    #[error("the instructions are empty; write what the AI is to be told, or take the tick off")]
    EmptyInstructions,
    /// Instructions that change nothing.
    #[error("the AI is told exactly that already; change the instructions, or take the tick off")]
    SameInstructions,
    /// Instructions that are too long.
    #[error(
        "the instructions have {0} characters, but at most {LONGEST_INSTRUCTIONS} are allowed; the AI reads them before every answer, so keep them short"
    )]
    LongInstructions(usize),
}

impl Wish {
    /// Whether all of it can be done.
    ///
    /// # Errors
    /// [`WishError`] with what to do instead.
    pub fn check(&self, standing: &Standing<'_>) -> Result<(), WishError> {
        if self.verified_answer && standing.is_remembered {
            return Err(WishError::Remembered);
        }
        let mut seen = BTreeSet::new();
        for patch in &self.patches {
            let current = standing.documents.iter().find(|(id, _)| *id == patch.document_id);
            let (id, current) = current.ok_or(WishError::UnknownDocument)?;
            if !seen.insert(id.uuid()) {
                return Err(WishError::TwiceTheDocument);
            }
            match &patch.text {
                Some(text) if text.trim().is_empty() => return Err(WishError::EmptyPatch),
                Some(text) if is_same(text, current) => return Err(WishError::SamePatch),
                _ => {}
            }
        }
        let Some(instructions) = &self.instructions else {
            return Ok(());
        };
        let chars = instructions.trim().chars().count();
        match chars {
            0 => Err(WishError::EmptyInstructions),
            _ if chars > LONGEST_INSTRUCTIONS => Err(WishError::LongInstructions(chars)),
            _ if is_same(instructions, standing.instructions) => Err(WishError::SameInstructions),
            _ => Ok(()),
        }
    }

    /// Whether something of it changes what the AI answers, so that it is tried before it goes live.
    pub const fn changes_answers(&self) -> bool {
        self.verified_answer || !self.patches.is_empty() || self.instructions.is_some()
    }
}

/// The same words line by line: browsers write line ends in their own way.
fn is_same(text: &str, other: &str) -> bool {
    text.trim()
        .lines()
        .map(str::trim_end)
        .eq(other.trim().lines().map(str::trim_end))
}

#[cfg(test)]
mod tests;
