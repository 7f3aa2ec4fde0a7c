//! The codes of the domain in words a reviewer reads.

/// How an answer was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An answer a person approved before; no model wrote it.
    Verified,
    /// The words of a knowledge passage.
    Quote,
    /// Written by the chat model from the passages.
    Compose,
    /// Nothing fitted: there is no draft.
    Abstain,
}

impl Mode {
    /// In words: `Quoted from your knowledge`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Verified => "Verified answer",
            Self::Quote => "Quoted from your knowledge",
            Self::Compose => "Written by the AI",
            Self::Abstain => "No answer found",
        }
    }

    /// In a word or two, where there is little room: `Quoted`.
    pub fn short_words(self) -> &'static str {
        match self {
            Self::Verified => "Verified",
            Self::Quote => "Quoted",
            Self::Compose => "AI-written",
            Self::Abstain => "No answer",
        }
    }

    /// The code, for a class name or a data attribute.
    pub fn code(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Quote => "quote",
            Self::Compose => "compose",
            Self::Abstain => "abstain",
        }
    }
}

/// What waits in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A draft waits for a decision.
    Gate,
    /// A visitor waits for a person; there is no draft to decide on.
    Handoff,
}

/// What a person did with a review item, or what time did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the word of the glossary")]
pub enum OutcomeKind {
    Approve,
    Edit,
    Reject,
    Respond,
    TakeOver,
    Supersede,
    Expire,
}

impl OutcomeKind {
    /// In words, before "by Mia": `Approved`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Approve => "Approved",
            Self::Edit => "Edited",
            Self::Reject => "Rejected",
            Self::Respond => "Answered",
            Self::TakeOver => "Taken over",
            Self::Supersede => "Replaced by a newer draft",
            Self::Expire => "Ran out of time",
        }
    }

    /// The code, for a class name or a data attribute.
    pub fn code(self) -> &'static str {
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

/// Why a draft was not right. The order is the order of the number keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the code of the API")]
pub enum Reason {
    Wrong,
    Outdated,
    Missing,
    Tone,
    Policy,
    Language,
    Other,
}

impl Reason {
    /// All of them; the first one is key `1`.
    pub const ALL: [Self; 7] =
        [Self::Wrong, Self::Outdated, Self::Missing, Self::Tone, Self::Policy, Self::Language, Self::Other];

    /// The code the API takes.
    pub fn code(self) -> &'static str {
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

    /// In words: `Something is missing`.
    pub fn words(self) -> &'static str {
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

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The person on the website.
    Visitor,
    /// The AI, released.
    Ai,
    /// A member of the workspace.
    Person,
    /// A fixed text: the holding message, the disclosure.
    System,
}

impl Author {
    /// The code, for a class name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Ai => "ai",
            Self::Person => "person",
            Self::System => "system",
        }
    }
}

/// Who answers in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The AI drafts.
    Ai,
    /// The named member answers; the AI is silent.
    Person(String),
    /// The AI gave up and nobody has stepped in yet.
    Nobody,
}

impl Owner {
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
