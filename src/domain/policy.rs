//! The gate state and the decision about a draft.
//!
//! The gate state is the ceiling: a policy may only be stricter. Every decision carries its reasons; a verified answer
//! needs one like any other draft. With the gate `closed`, nothing is ever sent without a person.

use super::answer::AnswerMode;
use super::ids::MemberId;
use serde::{Deserialize, Serialize};

/// How far a workspace's gate is open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum GateState {
    /// Every draft waits for a person.
    #[default]
    Closed,
    /// An owner lets these topics through on their own responsibility.
    Uncertified {
        /// Who took the responsibility.
        by: MemberId,
        /// The topics.
        topics: Vec<String>,
    },
    /// A certificate lets drafts through.
    Certified {
        /// Its name.
        certificate: String,
    },
}

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
    /// The draft names things its sources do not.
    Unsupported,
    /// The model is not fit for this mode; the agent drafts with it all the same.
    UnfitModel,
    /// A held turn stays held.
    AlreadyHeld,
    /// Nobody decided in time.
    Timeout,
    /// A reviewer rejected the draft.
    Rejected,
}

impl Reason {
    /// The reason as a person reads it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::GateClosed => "the gate is closed: every answer waits for a person",
            Self::CustomerRequest => "the visitor asked for a person",
            Self::MissingKnowledge => "nothing in your knowledge answers this",
            Self::EngineUnavailable => "the AI engine was not available",
            Self::Unsupported => "the draft mentions something its sources do not",
            Self::UnfitModel => "the model has not been found fit to write answers",
            Self::AlreadyHeld => "this question was already waiting for a person",
            Self::Timeout => "nobody decided in time",
            Self::Rejected => "the draft was rejected",
        }
    }
}

/// What the policy looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// How the draft was found.
    pub mode: AnswerMode,
    /// The visitor asked for a person in so many words.
    pub wishes_for_person: bool,
    /// The engine was missing when the draft was made.
    pub engine_missing: bool,
    /// The draft names numbers, dates or names that its sources do not.
    pub unsupported: bool,
    /// The mode is used although the model was not found fit for it.
    pub unfit: bool,
    /// An earlier draft of this turn is held.
    pub already_held: bool,
}

/// A decision with its reasons, strictest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What happens.
    pub kind: DecisionKind,
    /// Why; never empty unless the kind is `send`.
    pub reasons: Vec<Reason>,
    /// The version of the rules that decided.
    pub policy_version: i64,
}

/// The version of the built-in rules below.
pub const POLICY_VERSION: i64 = 1;

/// Decides about a draft: the strictest of everything that applies.
pub fn decide(gate: &GateState, facts: Facts) -> Decision {
    let mut found: Vec<(DecisionKind, Reason)> = Vec::new();
    let mut add = |applies: bool, kind, reason| {
        if applies {
            found.push((kind, reason));
        }
    };
    let abstains = facts.mode == AnswerMode::Abstain;
    add(facts.wishes_for_person, DecisionKind::HandOff, Reason::CustomerRequest);
    add(
        abstains && facts.engine_missing,
        DecisionKind::HandOff,
        Reason::EngineUnavailable,
    );
    // Who asks for a person is not answered from knowledge, so nothing was looked for.
    add(
        abstains && !facts.engine_missing && !facts.wishes_for_person,
        DecisionKind::HandOff,
        Reason::MissingKnowledge,
    );
    add(
        !abstains && facts.engine_missing,
        DecisionKind::Hold,
        Reason::EngineUnavailable,
    );
    add(facts.unsupported, DecisionKind::Hold, Reason::Unsupported);
    add(facts.unfit, DecisionKind::Hold, Reason::UnfitModel);
    add(facts.already_held, DecisionKind::Hold, Reason::AlreadyHeld);
    // Until topics and certificates are evaluated (they name what they let through), an open gate lets nothing through:
    // the ceiling must never be looser than what was granted.
    add(!abstains, DecisionKind::Hold, Reason::GateClosed);
    let _ceiling = gate;

    let kind = found.iter().map(|&(kind, _)| kind).max().unwrap_or(DecisionKind::Send);
    found.sort_by_key(|&(kind, reason)| (std::cmp::Reverse(kind), reason));
    Decision {
        kind,
        reasons: found.into_iter().map(|(_, reason)| reason).collect(),
        policy_version: POLICY_VERSION,
    }
}
