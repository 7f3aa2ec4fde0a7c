//! The decision about a draft: the strictest of what is built in and what the owner's rules say, under the gate.

use super::conditions::hold;
use super::{
    Decision, DecisionKind, Document, Facts, GateState, POLICY_VERSION, Reason, Rule, Terms, UNCERTIFIED_CONFIDENCE,
};
use crate::domain::answer::AnswerMode;
use crate::domain::screening::Flag;
use crate::domain::time::Timestamp;
use jiff::tz::TimeZone;
use std::cmp::Reverse;

/// A document in force: with its version, and the clocks that its hours are read from.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its number; [`POLICY_VERSION`] without an own one.
    pub version: i64,
    /// What it says.
    pub document: Document,
    /// The workspace's time zone.
    pub zone: TimeZone,
}

impl Default for Policy {
    /// No topics, no rules: what is built in decides alone.
    fn default() -> Self {
        Self {
            version: POLICY_VERSION,
            document: Document::default(),
            zone: TimeZone::UTC,
        }
    }
}

impl Policy {
    /// Is somebody there? Always where no hours are given.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.document
            .hours
            .as_ref()
            .is_none_or(|hours| hours.is_open(at, &self.zone))
    }

    /// When somebody is there next: `at` itself where no hours are given. None if nobody is within a year.
    pub fn next_open(&self, at: Timestamp) -> Option<Timestamp> {
        match &self.document.hours {
            Some(hours) => hours.next_open(at, &self.zone),
            None => Some(at),
        }
    }

    /// Does the message belong to a topic that the owner calls sensitive?
    pub fn is_sensitive(&self, facts: &Facts) -> bool {
        let mut topics = facts.screening.topics.iter();
        topics.any(|found| self.document.topic(&found.name).is_some_and(|topic| topic.sensitive))
    }

    /// The rules that apply, in the order of the document. One that would loosen applies to nothing.
    pub(super) fn applying(&self, facts: &Facts) -> impl Iterator<Item = &Rule> {
        let rules = self.document.rules.iter();
        rules.filter(|rule| rule.then != DecisionKind::Send && hold(&rule.when, self, facts))
    }
}

/// Decides about a draft: the strictest of everything that applies. A rule can only make it stricter.
pub fn decide(gate: &GateState, policy: &Policy, facts: &Facts) -> Decision {
    let mut found = built_in(gate, policy, facts);
    let mut rules: Vec<&Rule> = policy.applying(facts).collect();
    rules.sort_by_key(|rule| Reverse(rule.then));
    found.extend(rules.iter().map(|rule| (rule.then, Reason::OwnerRule)));
    let (kind, reasons) = strictest(found);
    // Who is asked and for how long is for those to say who decided so: a rule that was overruled has no say in it.
    let deciding = rules.iter().filter(|rule| rule.then == kind);
    let terms: Vec<Terms> = deciding.map(|rule| rule.terms()).collect();
    Decision {
        kind,
        reasons,
        policy_version: policy.version,
        rules: rules.iter().map(|rule| rule.name.clone()).collect(),
        terms: Terms::together(&terms),
    }
}

/// What speaks against sending whatever the owner's rules are.
pub(super) fn built_in(gate: &GateState, policy: &Policy, facts: &Facts) -> Vec<(DecisionKind, Reason)> {
    let mut found: Vec<(DecisionKind, Reason)> = Vec::new();
    let mut add = |applies: bool, kind, reason| {
        if applies {
            found.push((kind, reason));
        }
    };
    let abstains = facts.mode == AnswerMode::Abstain;
    let wishes_for_person = facts.screening.wishes_for_person;
    add(wishes_for_person, DecisionKind::HandOff, Reason::CustomerRequest);
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
        abstains && facts.trouble.is_none() && !wishes_for_person && !facts.unfit,
        DecisionKind::HandOff,
        Reason::MissingKnowledge,
    );
    add(abstains && facts.unfit, DecisionKind::HandOff, Reason::UnfitModel);
    add(!abstains && facts.unfit, DecisionKind::Hold, Reason::UnfitModel);
    add(!abstains && facts.in_conflict, DecisionKind::Hold, Reason::InConflict);
    add(!abstains && facts.over_limit, DecisionKind::Hold, Reason::OverLimit);
    add(facts.already_held, DecisionKind::Hold, Reason::AlreadyHeld);
    add(policy.is_sensitive(facts), DecisionKind::Hold, Reason::Sensitive);
    // It may be sensitive, or belong to a topic that nobody released.
    let unknown = !abstains && facts.screening.topics_unknown;
    add(unknown, DecisionKind::Hold, Reason::TopicsUnknown);
    for flag in &facts.screening.flags {
        let (kind, reason) = spoken_by(*flag);
        add(true, kind, reason);
    }
    if !abstains && let Some(reason) = kept_by(gate, facts) {
        add(true, DecisionKind::Hold, reason);
    }
    found
}

/// What a flag says by itself.
const fn spoken_by(flag: Flag) -> (DecisionKind, Reason) {
    match flag {
        // Not even a good answer is what is needed first.
        Flag::Distress => (DecisionKind::HandOff, Reason::Distress),
        Flag::Anger => (DecisionKind::Hold, Reason::NegativeSentiment),
        Flag::InjectionInKnowledge | Flag::InjectionInQuestion => (DecisionKind::Hold, Reason::Injection),
        Flag::OtherLanguage => (DecisionKind::Hold, Reason::OtherLanguage),
        Flag::PersonalData => (DecisionKind::Hold, Reason::PersonalData),
        Flag::Unsupported => (DecisionKind::Hold, Reason::Unsupported),
    }
}

/// Why the gate does not let a draft through; `None` if it does.
fn kept_by(gate: &GateState, facts: &Facts) -> Option<Reason> {
    match gate {
        GateState::Closed => Some(Reason::GateClosed),
        GateState::Certified(certified) => certified.keeps(facts),
        GateState::Uncertified { .. } if gate.lets_through(&facts.screening).is_empty() => Some(Reason::NotReleased),
        GateState::Uncertified { .. } => {
            let is_sure = facts.confidence >= UNCERTIFIED_CONFIDENCE;
            (!is_sure).then_some(Reason::LowConfidence)
        }
    }
}

/// The strictest of what was found decides; nothing found lets the draft out. A wish for a person comes before all:
/// who asks for one is not refused by a machine.
pub(super) fn strictest(mut found: Vec<(DecisionKind, Reason)>) -> (DecisionKind, Vec<Reason>) {
    found.sort_by_key(|&(kind, reason)| (reason != Reason::CustomerRequest, Reverse(kind), reason));
    let kind = found.first().map_or(DecisionKind::Send, |&(kind, _)| kind);
    let mut reasons: Vec<Reason> = Vec::with_capacity(found.len());
    for (_, reason) in found {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    (kind, reasons)
}
