//! Rules that contradict one another, or that cannot be met together.

use super::Found;
use crate::domain::policy::decision::is_address;
use crate::domain::policy::{DecisionKind, Document, Terms, When};

/// Rules that contradict one another.
pub(super) fn together(document: &Document, found: &mut Found) {
    for (at, rule) in document.rules.iter().enumerate() {
        for (other_at, other) in document.rules.iter().enumerate() {
            if at == other_at {
                continue;
            }
            let (name, other_name) = (&rule.name, &other.name);
            if rule.when == other.when {
                if at > other_at {
                    let says = if rule.then == other.then {
                        format!("“{name}” and “{other_name}” apply to the same; make one rule of them")
                    } else {
                        format!(
                            "“{name}” and “{other_name}” apply to the same and contradict each other: one says {}, the other {}; keep one of them",
                            rule.then.as_str(),
                            other.then.as_str()
                        )
                    };
                    found.add(format!("rule[{at}].when"), says);
                }
            } else if other.then > rule.then && implies(&rule.when, &other.when) {
                let says = format!(
                    "“{name}” can never decide anything: whenever it applies, “{other_name}” applies too and is stricter; take it out, or narrow “{other_name}”"
                );
                found.add(format!("rule[{at}].then"), says);
            }
            let both_hold = rule.then == DecisionKind::Hold && other.then == DecisionKind::Hold;
            let asked = Terms::together(&[rule.terms(), other.terms()]);
            if at > other_at && both_hold && !asked.can_be_met() {
                let (quorum, people) = (
                    asked.quorum,
                    asked.approvers.iter().filter(|name| is_address(name)).count(),
                );
                let says = format!(
                    "“{name}” and “{other_name}” can apply together and then ask {quorum} of {people} people to approve; name as many approvers in both, or lower the quorum"
                );
                found.add(format!("rule[{at}].quorum"), says);
            }
        }
    }
}

/// Does whatever fulfils `narrow` fulfil `broad` too?
fn implies(narrow: &When, broad: &When) -> bool {
    fn within<T: PartialEq>(narrow: &[T], broad: &[T]) -> bool {
        broad.is_empty() || (!narrow.is_empty() && narrow.iter().all(|one| broad.contains(one)))
    }
    fn below(narrow: Option<f64>, broad: Option<f64>) -> bool {
        broad.is_none_or(|broad| narrow.is_some_and(|narrow| narrow <= broad))
    }
    fn same<T: PartialEq + Copy>(narrow: Option<T>, broad: Option<T>) -> bool {
        broad.is_none() || narrow == broad
    }
    within(&narrow.topic, &broad.topic)
        && within(&narrow.mode, &broad.mode)
        && within(&narrow.flag, &broad.flag)
        && below(narrow.confidence_below, broad.confidence_below)
        && below(narrow.similarity_below, broad.similarity_below)
        && below(narrow.sentiment_below, broad.sentiment_below)
        && same(narrow.sensitive, broad.sensitive)
        && same(narrow.personal_data, broad.personal_data)
        && same(narrow.hours, broad.hours)
        && same(narrow.visitor, broad.visitor)
        && broad
            .first_conversations
            .is_none_or(|broad| narrow.first_conversations.is_some_and(|narrow| narrow <= broad))
}
