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
            Self::EngineOverloaded => "the AI engine was too busy to write an answer",
            Self::EngineDeadline => "the AI engine did not finish an answer in time",
            Self::PromptTooLong => "the question is too long for the AI model",
            Self::UnusableAnswer => "the AI model wrote nothing that can be used",
            Self::Unsupported => "the draft mentions something its sources do not",
            Self::UnfitModel => "the AI model has not been found fit for this kind of answer",
            Self::AlreadyHeld => "this question was already waiting for a person",
            Self::Timeout => "nobody decided in time",
            Self::Rejected => "the draft was rejected",
        }
    }
}

/// Why the engine did not do what it was asked for. None of it is the visitor's concern: something is quoted, or a person answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
}

impl EngineTrouble {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Unavailable,
        Self::Overloaded,
        Self::Deadline,
        Self::PromptTooLong,
        Self::UnusableAnswer,
    ];

    /// The reason it gives for a decision.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Unavailable => Reason::EngineUnavailable,
            Self::Overloaded => Reason::EngineOverloaded,
            Self::Deadline => Reason::EngineDeadline,
            Self::PromptTooLong => Reason::PromptTooLong,
            Self::UnusableAnswer => Reason::UnusableAnswer,
        }
    }
}

/// What the policy looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts are independent of one another, each true or not"
)]
pub struct Facts {
    /// How the draft was found.
    pub mode: AnswerMode,
    /// The visitor asked for a person in so many words.
    pub wishes_for_person: bool,
    /// What the engine could not do when the draft was made: the draft is less than it would have been.
    pub trouble: Option<EngineTrouble>,
    /// The draft names numbers, dates or names that its sources do not.
    pub unsupported: bool,
    /// The models were not found fit for the mode: it is used all the same or, where the draft abstains, was not used for that.
    pub unfit: bool,
    /// An earlier draft of this turn is held.
    pub already_held: bool,
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

/// A decision with its reasons, strictest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What happens.
    pub kind: DecisionKind,
    /// Why; never empty unless the kind is `send`.
    pub reasons: Vec<Reason>,
    /// The version of the rules that decided.
    pub policy_version: i64,
    /// The owner's rules that applied, by name.
    #[serde(default)]
    pub rules: Vec<String>,
    /// How the draft waits, if it does.
    #[serde(default)]
    pub terms: Terms,
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
    if let Some(trouble) = facts.trouble {
        let kind = if abstains {
            DecisionKind::HandOff
        } else {
            DecisionKind::Hold
        };
        add(true, kind, trouble.reason());
    }
    // Who asks for a person is not answered from knowledge, so nothing was looked for.
    add(
        abstains && facts.trouble.is_none() && !facts.wishes_for_person && !facts.unfit,
        DecisionKind::HandOff,
        Reason::MissingKnowledge,
    );
    add(abstains && facts.unfit, DecisionKind::HandOff, Reason::UnfitModel);
    add(facts.unsupported, DecisionKind::Hold, Reason::Unsupported);
    add(!abstains && facts.unfit, DecisionKind::Hold, Reason::UnfitModel);
    add(facts.already_held, DecisionKind::Hold, Reason::AlreadyHeld);
    match gate {
        // Until topics and certificates are evaluated (they name what they let through), an open gate lets nothing
        // through either: the ceiling must never be looser than what was granted.
        GateState::Closed | GateState::Uncertified { .. } | GateState::Certified { .. } => {
            add(!abstains, DecisionKind::Hold, Reason::GateClosed);
        }
    }
    strictest(found)
}

/// The strictest of what was found decides; nothing found lets the draft out. A wish for a person comes before all:
/// who asks for one is not refused by a machine.
fn strictest(mut found: Vec<(DecisionKind, Reason)>) -> Decision {
    found.sort_by_key(|&(kind, reason)| (reason != Reason::CustomerRequest, std::cmp::Reverse(kind), reason));
    Decision {
        kind: found.first().map_or(DecisionKind::Send, |&(kind, _)| kind),
        reasons: found.into_iter().map(|(_, reason)| reason).collect(),
        policy_version: POLICY_VERSION,
        rules: Vec::new(),
        terms: Terms::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn facts() -> impl Strategy<Value = Facts> {
        let mode = prop::sample::select(vec![
            AnswerMode::Verified,
            AnswerMode::Quote,
            AnswerMode::Compose,
            AnswerMode::Abstain,
        ]);
        let trouble = prop::option::of(prop::sample::select(EngineTrouble::ALL.to_vec()));
        (mode, trouble, any::<[bool; 4]>()).prop_map(|(mode, trouble, [wishes, unsupported, unfit, already_held])| {
            Facts {
                mode,
                wishes_for_person: wishes,
                trouble,
                unsupported,
                unfit,
                already_held,
            }
        })
    }

    fn gate() -> impl Strategy<Value = GateState> {
        prop_oneof![
            Just(GateState::Closed),
            prop::collection::vec("[a-z]{1,8}", 0..3).prop_map(|topics| GateState::Uncertified {
                by: MemberId::from(Uuid::from_u128(1)),
                topics,
            }),
            "[a-z]{1,8}".prop_map(|certificate| GateState::Certified { certificate }),
        ]
    }

    /// Every way to learn one thing more that speaks against sending.
    fn with_one_fact_more(facts: Facts, trouble: EngineTrouble) -> [Facts; 6] {
        [
            Facts {
                mode: AnswerMode::Abstain,
                ..facts
            },
            Facts {
                wishes_for_person: true,
                ..facts
            },
            Facts {
                trouble: Some(trouble),
                ..facts
            },
            Facts {
                unsupported: true,
                ..facts
            },
            Facts { unfit: true, ..facts },
            Facts {
                already_held: true,
                ..facts
            },
        ]
    }

    fn finding() -> impl Strategy<Value = (DecisionKind, Reason)> {
        let kind = prop::sample::select(vec![
            DecisionKind::Send,
            DecisionKind::Hold,
            DecisionKind::HandOff,
            DecisionKind::Refuse,
        ]);
        let reason = prop::sample::select(vec![Reason::GateClosed, Reason::Unsupported, Reason::UnfitModel]);
        (kind, reason)
    }

    proptest! {
        #[test]
        fn a_closed_gate_never_sends(facts in facts()) {
            prop_assert!(decide(&GateState::Closed, facts).kind > DecisionKind::Send);
        }

        #[test]
        fn an_open_gate_is_never_stricter_than_a_closed_one(gate in gate(), facts in facts()) {
            prop_assert!(decide(&gate, facts).kind <= decide(&GateState::Closed, facts).kind);
        }

        #[test]
        fn one_fact_more_never_loosens(gate in gate(), facts in facts(), trouble in prop::sample::select(EngineTrouble::ALL.to_vec())) {
            let kind = decide(&gate, facts).kind;
            for more in with_one_fact_more(facts, trouble) {
                prop_assert!(decide(&gate, more).kind >= kind, "{more:?}");
            }
        }

        #[test]
        fn a_wish_for_a_person_always_hands_off_and_is_the_first_reason(gate in gate(), facts in facts()) {
            let decision = decide(&gate, Facts { wishes_for_person: true, ..facts });
            prop_assert_eq!(decision.kind, DecisionKind::HandOff);
            prop_assert_eq!(decision.reasons.first(), Some(&Reason::CustomerRequest));
        }

        #[test]
        fn an_abstention_is_handed_off(gate in gate(), facts in facts()) {
            let decision = decide(&gate, Facts { mode: AnswerMode::Abstain, ..facts });
            prop_assert_eq!(decision.kind, DecisionKind::HandOff);
        }

        #[test]
        fn trouble_with_the_engine_is_never_sent_and_says_which(gate in gate(), facts in facts(), trouble in prop::sample::select(EngineTrouble::ALL.to_vec())) {
            let decision = decide(&gate, Facts { trouble: Some(trouble), ..facts });
            prop_assert!(decision.kind > DecisionKind::Send);
            prop_assert!(decision.reasons.contains(&trouble.reason()));
        }

        #[test]
        fn whatever_is_not_sent_says_why_and_says_nothing_twice(gate in gate(), facts in facts()) {
            let decision = decide(&gate, facts);
            prop_assert!(!decision.reasons.is_empty() || decision.kind == DecisionKind::Send);
            let mut once = decision.reasons.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), decision.reasons.len());
            prop_assert!(decision.reasons.iter().all(|reason| !reason.in_words().is_empty()));
        }

        #[test]
        fn the_strictest_finding_decides_in_whatever_order_it_was_found(found in prop::collection::vec(finding(), 0..6)) {
            let mut backwards = found.clone();
            backwards.reverse();
            let decision = strictest(found.clone());
            let expected = found.iter().map(|&(kind, _)| kind).max().unwrap_or(DecisionKind::Send);
            prop_assert_eq!(decision.kind, expected);
            prop_assert_eq!(&decision, &strictest(backwards));
        }

        #[test]
        fn nobody_who_asks_for_a_person_is_refused(mut found in prop::collection::vec(finding(), 0..6), at in any::<prop::sample::Index>()) {
            found.insert(at.index(found.len() + 1), (DecisionKind::HandOff, Reason::CustomerRequest));
            prop_assert_eq!(strictest(found).kind, DecisionKind::HandOff);
        }
    }

    #[test]
    fn refuse_is_stricter_than_hand_off_than_hold_than_send() {
        let order = [
            DecisionKind::Send,
            DecisionKind::Hold,
            DecisionKind::HandOff,
            DecisionKind::Refuse,
        ];
        assert!(order.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn nothing_found_lets_the_draft_out() {
        assert_eq!(strictest(Vec::new()).kind, DecisionKind::Send);
    }

    #[test]
    fn a_workspace_starts_with_its_gate_closed() {
        assert_eq!(GateState::default(), GateState::Closed);
    }
}
