//! The terms of an item: who may decide, and what becomes of them when another draft joins.

use crate::domain::ids::MemberId;
use crate::domain::policy::Terms;

/// A member as the terms see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// Their id.
    pub member: MemberId,
    /// Their e-mail address, in small letters.
    pub email: String,
    /// What they know about, in small letters.
    pub skills: Vec<String>,
    /// Whether they look after the workspace (owner or admin).
    pub manages: bool,
}

impl Colleague {
    /// Is this member named, by address or by a skill?
    pub fn is_named(&self, names: &[String]) -> bool {
        names.iter().map(|name| name.trim().to_lowercase()).any(|name| {
            if name.contains('@') {
                self.email == name
            } else {
                self.skills.contains(&name)
            }
        })
    }
}

/// May this member decide? Everybody may where nobody is named. Where fewer of the team fit what is named than have to approve
/// (a skill that somebody has lost), whoever looks after the workspace may as well: a visitor must not wait for somebody who
/// does not exist.
pub fn may_decide(terms: &Terms, member: MemberId, team: &[Colleague]) -> bool {
    let approvers = &terms.approvers;
    if approvers.is_empty() {
        return true;
    }
    let suffice = named(terms, team) >= usize::from(terms.quorum.max(1));
    team.iter()
        .any(|colleague| colleague.member == member && (colleague.is_named(approvers) || colleague.manages && !suffice))
}

/// How many of the team the terms name: all of it where they name nobody.
pub fn named(terms: &Terms, team: &[Colleague]) -> usize {
    let approvers = &terms.approvers;
    let fit = team.iter().filter(|colleague| colleague.is_named(approvers)).count();
    if approvers.is_empty() { team.len() } else { fit }
}

/// The terms of an item that another draft joins: who may decide and how many is as for rules that apply together, so that it can
/// be met. Deadline and fallback stay, since the visitor's waiting is counted from the oldest unanswered message.
#[must_use]
pub fn joined(held: &Terms, joining: &Terms) -> Terms {
    let mut joined = Terms {
        deadline_ms: held.deadline_ms,
        fallback: held.fallback,
        ..Terms::together(&[held.clone(), joining.clone()])
    };
    // Two of everybody, and one alone: no policy says both, but the older draft may be from another one.
    if !joined.can_be_met() {
        joined.approvers.clear();
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn colleague(n: u128, skills: &[&str], manages: bool) -> Colleague {
        Colleague {
            member: MemberId::from(Uuid::from_u128(n)),
            email: format!("m{n}@shop.example"),
            skills: skills.iter().map(|&skill| skill.to_owned()).collect(),
            manages,
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn who_may(approvers: &[&str], team: &[Colleague]) -> Vec<u128> {
        who_may_of(1, approvers, team)
    }

    fn who_may_of(quorum: u8, approvers: &[&str], team: &[Colleague]) -> Vec<u128> {
        let terms = Terms {
            approvers: names(approvers),
            quorum,
            ..Terms::default()
        };
        team.iter()
            .map(|colleague| colleague.member)
            .filter(|&member| may_decide(&terms, member, team))
            .map(|member| member.uuid().as_u128())
            .collect()
    }

    #[test]
    fn approvers_are_found_by_skill_or_address_and_everybody_may_where_nobody_is_named() {
        let team = [
            colleague(1, &["refunds"], true),
            colleague(2, &["refunds", "bikes"], false),
            colleague(3, &[], false),
        ];
        assert_eq!(who_may(&[], &team), [1, 2, 3]);
        assert_eq!(who_may(&["Bikes"], &team), [2]);
        assert_eq!(who_may(&["refunds"], &team), [1, 2]);
        assert_eq!(who_may(&["M3@shop.example ", "bikes"], &team), [2, 3]);
        assert_eq!(who_may(&["tax"], &team), [1], "nobody knows about tax: whoever manages");
        assert_eq!(
            who_may_of(2, &["bikes"], &team),
            [1, 2],
            "one is too few: whoever manages too"
        );
        assert_eq!(who_may_of(2, &["refunds"], &team), [1, 2]);
        let stranger = MemberId::from(Uuid::from_u128(9));
        let refunds = Terms {
            approvers: names(&["refunds"]),
            ..Terms::default()
        };
        assert!(!may_decide(&refunds, stranger, &team));
    }

    #[test]
    fn a_draft_for_one_approver_that_joins_one_for_two_is_for_the_two() {
        let two = Terms {
            approvers: names(&["a@shop.example", "b@shop.example"]),
            quorum: 2,
            ..Terms::default()
        };
        let one = Terms {
            approvers: names(&["a@shop.example"]),
            ..Terms::default()
        };
        let now = joined(&two, &one);
        assert_eq!((now.quorum, &now.approvers), (2, &two.approvers));
    }

    proptest! {
        #[test]
        fn a_draft_that_joins_never_loosens_the_terms_and_they_can_be_met(
            held in 1u8..4,
            joining in 1u8..4,
            one in prop::collection::btree_set("[a-d]@?", 0..4),
            other in prop::collection::btree_set("[a-d]@?", 0..4),
        ) {
            let terms = |quorum, names: BTreeSet<String>| Terms {
                quorum,
                approvers: names.into_iter().collect(),
                ..Terms::default()
            };
            let (held, joining) = (terms(held, one), terms(joining, other));
            prop_assume!(held.can_be_met() && joining.can_be_met());
            let now = joined(&held, &joining);
            prop_assert!(now.quorum >= held.quorum && now.quorum >= joining.quorum);
            prop_assert!(now.can_be_met());
            let all: Vec<&String> = held.approvers.iter().chain(&joining.approvers).collect();
            prop_assert!(now.approvers.iter().all(|name| all.contains(&name)));
            prop_assert_eq!((now.deadline_ms, now.fallback), (held.deadline_ms, held.fallback));
        }
    }
}
