//! The gate state, the owner's policy, and the decision about a draft.
//!
//! The gate state is the ceiling: a policy may only be stricter. Every decision carries its reasons, the rules that applied
//! and the version of the policy; a verified answer needs one like any other draft. With the gate `closed`, nothing is ever
//! sent without a person.
//!
//! A policy is data: a [`Document`] of topics, business hours and rules, immutable once it has its number. [`read()`] takes it
//! from JSON and refuses what nobody can have meant, [`decide()`] applies it, [`explain()`] says how, and
//! [`Comparison`] says what another one would have done with the past.

mod check;
mod compare;
mod conditions;
mod decide;
mod decision;
mod document;
mod explain;
mod facts;
mod gate;
pub mod hours;
mod loosening;
mod read;
#[cfg(test)]
mod tests;
mod topic;

pub use check::{Problem, check};
pub use compare::{Changed, Comparison, Counts, Past, screened_anew};
pub use decide::{Policy, decide};
pub use decision::{Decision, DecisionKind, EngineTrouble, Fallback, POLICY_VERSION, Reason, Terms};
pub use document::{Document, Opening, Rule, VisitorKind, When};
pub use explain::{Explanation, RuleExplained, Told, explain};
pub use facts::Facts;
pub use gate::{Certified, GateState, Released, UNCERTIFIED_CONFIDENCE};
pub use hours::Hours;
pub use loosening::{Loosened, is_narrowed, loosened};
pub use read::read;
pub use topic::{OTHER, Topic};
