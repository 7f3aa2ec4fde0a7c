//! Why a decision was made: every rule with its conditions, one by one.

use super::conditions::{each, hold};
use super::{Decision, DecisionKind, Facts, GateState, Policy, decide};
use serde::Serialize;

/// A decision with everything that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// What was decided.
    pub decision: Decision,
    /// The owner's rules, in the order of the document.
    pub rules: Vec<RuleExplained>,
}

/// What a rule had to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleExplained {
    /// Its name.
    pub name: String,
    /// What it asks for.
    pub then: DecisionKind,
    /// Why, in the owner's words.
    pub reason: String,
    /// Everything it asks for held.
    pub applied: bool,
    /// Its conditions.
    pub conditions: Vec<Told>,
}

/// A condition and how it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// It held.
    pub met: bool,
    /// How it was, as a clause: `the confidence, 0.42, is below 0.60`.
    pub says: String,
}

/// Decides, and says why.
pub fn explain(gate: &GateState, policy: &Policy, facts: &Facts) -> Explanation {
    let rules = policy.document.rules.iter().map(|rule| {
        let mut conditions = Vec::new();
        each(&rule.when, policy, facts, |met, says| {
            conditions.push(Told { met, says: says() });
        });
        RuleExplained {
            name: rule.name.clone(),
            then: rule.then,
            reason: rule.reason.clone(),
            applied: rule.then != DecisionKind::Send && hold(&rule.when, policy, facts),
            conditions,
        }
    });
    Explanation {
        decision: decide(gate, policy, facts),
        rules: rules.collect(),
    }
}
