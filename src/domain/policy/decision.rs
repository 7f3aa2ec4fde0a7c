//! What a decision says.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// What happens with a draft. The order is the order of strictness: a stricter one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// It goes out.
    Send,
    /// It waits for a person.
    Hold,
    /// A person has to answer.
    HandOff,
    /// It is refused with a fixed text.
    Refuse,
}

impl DecisionKind {
    /// What happened, as one says it of an answer: `held`.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Send => "sent",
            Self::Hold => "held",
            Self::HandOff => "handed to a person",
            Self::Refuse => "refused",
        }
    }

    /// The code of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Hold => "hold",
            Self::HandOff => "hand_off",
            Self::Refuse => "refuse",
        }
    }
}

/// Why a decision was made. Codes are stable; [`Reason::in_words`] is what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The gate is closed.
    GateClosed,
    /// The visitor asked for a person.
    CustomerRequest,
    /// Nothing in the knowledge fits.
    MissingKnowledge,
    /// The engine was not there to draft.
    EngineUnavailable,
    /// Too many requests waited at the engine.
    EngineOverloaded,
    /// The engine did not finish in time.
    EngineDeadline,
    /// The question does not fit the model's window, even alone with its best passage.
    PromptTooLong,
    /// What the model wrote cannot be used.
    UnusableAnswer,
    /// The draft names things its sources do not.
    Unsupported,
    /// The model is not fit for this mode; the agent drafts with it all the same.
    UnfitModel,
    /// Newer knowledge speaks against the verified answer.
    InConflict,
    /// A held turn stays held.
    AlreadyHeld,
    /// Nobody decided in time.
    Timeout,
    /// A reviewer rejected the draft.
    Rejected,
    /// A rule of the owner's.
    OwnerRule,
    /// A topic that the owner calls sensitive.
    Sensitive,
    /// The gate is open for other topics than this.
    NotReleased,
    /// The topic is released, but the draft is not sure enough to go out without a certificate.
    LowConfidence,
    /// The visitor, or a passage of the knowledge, tries to give the AI orders.
    Injection,
    /// The visitor is angry.
    NegativeSentiment,
    /// Harm may be near.
    Distress,
    /// The visitor writes in a language that the agent does not answer in.
    OtherLanguage,
    /// The message has personal data in it.
    PersonalData,
    /// The message could not be compared with the examples of the owner's topics.
    TopicsUnknown,
    /// The certificate does not reach so far.
    NotCertified,
    /// The certificate has run out.
    CertificateExpired,
    /// It rests on something that is too new.
    Fresh,
    /// The topic is above the limit by itself.
    TopicAboveLimit,
    /// Nobody would look at a sample of what goes out.
    Unsampled,
    /// A program that works beside the AI gave the conversation to people.
    HandedOver,
    /// The LLM has written as many answers this month as it may.
    BudgetSpent,
    /// The month has more conversations than are allowed, and this is one of those beyond.
    OverLimit,
}

impl Decision {
    /// Nothing but the gate keeps the draft, or nothing at all: what a certificate can let out.
    pub fn is_for_the_gate(&self) -> bool {
        match self.kind {
            DecisionKind::Send => true,
            DecisionKind::Hold => self.reasons.iter().all(|reason| reason.is_of_the_gate()),
            _ => false,
        }
    }
}

impl Reason {
    /// Whether it is the gate that keeps the draft, and nothing about the draft: a certificate may let such drafts out.
    pub const fn is_of_the_gate(self) -> bool {
        matches!(
            self,
            Self::GateClosed
                | Self::AlreadyHeld
                | Self::NotReleased
                | Self::LowConfidence
                | Self::NotCertified
                | Self::CertificateExpired
                | Self::Fresh
                | Self::TopicAboveLimit
                | Self::Unsampled
        )
    }

    /// The reason as a person reads it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::GateClosed => "the gate is closed: every answer waits for a person",
            Self::CustomerRequest => "the visitor asked for a person",
            Self::MissingKnowledge => "nothing in your knowledge answers this",
            Self::EngineUnavailable => "the AI engine was not available",
            Self::EngineOverloaded => "the AI engine was too busy to write an answer",
            Self::EngineDeadline => "the AI engine did not finish an answer in time",
            Self::PromptTooLong => "the question is too long for the AI model",
            Self::UnusableAnswer => "the AI model wrote nothing that can be used",
            Self::Unsupported => "the draft mentions something its sources do not",
            Self::InConflict => "newer knowledge speaks against this verified answer",
            Self::UnfitModel => "the AI model has not been found fit for this kind of answer",
            Self::AlreadyHeld => "this question was already waiting for a person",
            Self::Timeout => "nobody decided in time",
            Self::Rejected => "the draft was rejected",
            Self::OwnerRule => "one of your rules applies",
            Self::Sensitive => "it is about a topic that you called sensitive",
            Self::NotReleased => "the gate is open, but not for this topic",
            Self::LowConfidence => "the draft is not sure enough to go out without a certificate",
            Self::Injection => "the message or a source tries to give the AI orders",
            Self::NegativeSentiment => "the visitor sounds angry",
            Self::Distress => "the visitor may be in distress",
            Self::OtherLanguage => "the visitor writes in a language that the agent does not answer in",
            Self::PersonalData => "the message contains personal data",
            Self::TopicsUnknown => "the message could not be compared with the examples of your topics",
            Self::NotCertified => "your certificate does not reach as far as this draft",
            Self::CertificateExpired => "your certificate has run out",
            Self::Fresh => "it rests on something too new: its first answers are looked at by a person",
            Self::TopicAboveLimit => "answers about this topic are wrong more often than you allow",
            Self::Unsampled => "this month was planned without quality checks, so nothing goes out on a certificate",
            Self::HandedOver => "a program handed this conversation over to you",
            Self::BudgetSpent => "the LLM has written as many answers this month as it may",
            Self::OverLimit => "this month has more conversations than are allowed, so a person answers",
        }
    }
}

/// Why the engine did not do what it was asked for. None of it is the visitor's concern: something is quoted, or a person answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineTrouble {
    /// It is not there, or has no such model.
    Unavailable,
    /// Too many requests wait.
    Overloaded,
    /// It did not finish in time.
    Deadline,
    /// The shortest prompt does not fit the model's window.
    PromptTooLong,
    /// It answered with nothing that can be used.
    UnusableAnswer,
    /// It was not asked: the month's budget of answers is spent.
    BudgetSpent,
}

impl EngineTrouble {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Unavailable,
        Self::Overloaded,
        Self::Deadline,
        Self::PromptTooLong,
        Self::UnusableAnswer,
        Self::BudgetSpent,
    ];

    /// The reason it gives for a decision.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Unavailable => Reason::EngineUnavailable,
            Self::Overloaded => Reason::EngineOverloaded,
            Self::Deadline => Reason::EngineDeadline,
            Self::PromptTooLong => Reason::PromptTooLong,
            Self::UnusableAnswer => Reason::UnusableAnswer,
            Self::BudgetSpent => Reason::BudgetSpent,
        }
    }
}

/// What follows when nobody decides about a held draft in time. Never an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// A person has to answer, and the visitor is told.
    #[default]
    HandOff,
    /// The visitor is told that it takes longer; the item stays.
    HoldingMessage,
    /// The visitor is asked for an e-mail address, and a person answers there.
    TakeEmail,
    /// The visitor is told that this is not answered here.
    Refuse,
}

/// How a draft waits for people: by when, for whom, for how many, and what happens otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// How long it waits, milliseconds; the workspace's own limit if `None`.
    pub deadline_ms: Option<i64>,
    /// What follows afterwards.
    pub fallback: Fallback,
    /// Skills or members' e-mail addresses of those who may decide; everybody if empty.
    pub approvers: Vec<String>,
    /// People who have to approve, 1 to 3.
    pub quorum: u8,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            deadline_ms: None,
            fallback: Fallback::default(),
            approvers: Vec::new(),
            quorum: 1,
        }
    }
}

impl Terms {
    /// The terms of rules that apply together. The shortest deadline, with its fallback (of two as short, the later one of
    /// [`Fallback`]'s order); the highest quorum; those whom every rule names that names approvers or, where these are too few
    /// for the quorum, those whom any of them names.
    pub fn together(all: &[Self]) -> Self {
        let quorum = all.iter().map(|terms| terms.quorum).max().unwrap_or(1);
        let soonest = |terms: &&Self| (terms.deadline_ms.unwrap_or(i64::MAX), Reverse(terms.fallback));
        let first = all.iter().min_by_key(soonest);
        Self {
            deadline_ms: first.and_then(|terms| terms.deadline_ms),
            fallback: first.map(|terms| terms.fallback).unwrap_or_default(),
            approvers: common(all, quorum),
            quorum,
        }
    }

    /// Can so many people be found among the approvers? A skill may be that of many; an address is one person's.
    pub fn can_be_met(&self) -> bool {
        suffice(&self.approvers, self.quorum)
    }
}

/// Is this an e-mail address? Whatever else names approvers is a skill.
pub(super) fn is_address(approver: &str) -> bool {
    approver.contains('@')
}

fn suffice(approvers: &[String], quorum: u8) -> bool {
    approvers.is_empty()
        || approvers.iter().any(|approver| !is_address(approver))
        || approvers.len() >= usize::from(quorum)
}

/// In alphabetical order, each once.
fn common(all: &[Terms], quorum: u8) -> Vec<String> {
    let naming = || all.iter().filter(|terms| !terms.approvers.is_empty());
    let mut any: Vec<String> = naming().flat_map(|terms| terms.approvers.clone()).collect();
    any.sort_unstable();
    any.dedup();
    let of_every = |name: &&String| naming().all(|terms| terms.approvers.contains(name));
    let every: Vec<String> = any.iter().filter(of_every).cloned().collect();
    if every.is_empty() || !suffice(&every, quorum) {
        any
    } else {
        every
    }
}

/// A decision with its reasons, strictest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What happens.
    pub kind: DecisionKind,
    /// Why; never empty unless the kind is `send`.
    pub reasons: Vec<Reason>,
    /// The version of the policy that decided; [`POLICY_VERSION`] where the agent has none of its own.
    pub policy_version: i64,
    /// The owner's rules that applied, by name, the strictest first.
    #[serde(default)]
    pub rules: Vec<String>,
    /// How the draft waits, if it does.
    #[serde(default)]
    pub terms: Terms,
}

/// The version that a decision names where the owner has no policy: what is built in decides alone. The owner's begin at 1.
pub const POLICY_VERSION: i64 = 0;
