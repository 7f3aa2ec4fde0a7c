//! The codes of the domain in words a reviewer reads.

use crate::domain::answer::AnswerMode;
use crate::domain::conversation::Author;
use crate::domain::review::{OutcomeKind, ReasonCode};

/// A code of the domain as a page shows it.
pub trait Words {
    /// In words: `Quoted from your knowledge`.
    fn words(&self) -> &'static str;
    /// The code of the API, for a class name or a form's value.
    fn code(&self) -> &'static str;
}

impl Words for AnswerMode {
    fn words(&self) -> &'static str {
        match self {
            Self::Verified => "Verified answer",
            Self::Quote => "Quoted from your knowledge",
            Self::Compose => "Written by the AI",
            Self::Abstain => "No answer found",
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Quote => "quote",
            Self::Compose => "compose",
            Self::Abstain => "abstain",
        }
    }
}

impl Words for OutcomeKind {
    fn words(&self) -> &'static str {
        match self {
            Self::Approve => "Approved",
            Self::Edit => "Edited",
            Self::Reject => "Rejected",
            Self::Respond => "Answered",
            Self::TakeOver => "Taken over",
            Self::Supersede => "Replaced",
            Self::Expire => "Ran out of time",
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Edit => "edit",
            Self::Reject => "reject",
            Self::Respond => "respond",
            Self::TakeOver => "take_over",
            Self::Supersede => "supersede",
            Self::Expire => "expire",
        }
    }
}

/// The reason codes in the order of their number keys; the first one is key `1`.
pub const REASONS: [ReasonCode; 7] = [
    ReasonCode::Wrong,
    ReasonCode::Outdated,
    ReasonCode::Missing,
    ReasonCode::Tone,
    ReasonCode::Policy,
    ReasonCode::Language,
    ReasonCode::Other,
];

impl Words for ReasonCode {
    fn words(&self) -> &'static str {
        match self {
            Self::Wrong => "Wrong",
            Self::Outdated => "Out of date",
            Self::Missing => "Something is missing",
            Self::Tone => "Tone",
            Self::Policy => "Against our rules",
            Self::Language => "Language",
            Self::Other => "Something else",
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Outdated => "outdated",
            Self::Missing => "missing",
            Self::Tone => "tone",
            Self::Policy => "policy",
            Self::Language => "language",
            Self::Other => "other",
        }
    }
}

impl Words for Author {
    fn words(&self) -> &'static str {
        match self {
            Self::Visitor => "Visitor",
            Self::Ai => "AI",
            Self::Person => "Person",
            Self::System => "Notice",
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Ai => "ai",
            Self::Person => "person",
            Self::System => "system",
        }
    }
}

/// How loudly a flag speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Look here before approving.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// The code, for a class name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Who answers in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerView {
    /// The AI drafts.
    Ai,
    /// The named member answers; the AI is silent.
    Person(String),
    /// The AI gave up and nobody has stepped in yet.
    Nobody,
}

impl OwnerView {
    /// In words: `Mia answers`.
    pub fn words(&self) -> String {
        match self {
            Self::Ai => "The AI answers".to_owned(),
            Self::Person(name) => format!("{name} answers"),
            Self::Nobody => "Waits for a person".to_owned(),
        }
    }

    /// The code, for a class name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ai => "ai",
            Self::Person(_) => "person",
            Self::Nobody => "nobody",
        }
    }
}
