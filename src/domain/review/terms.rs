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

/// May this member decide? Everybody may where nobody is named. Where nobody of the team fits what is named (a skill that
/// nobody has any more), whoever looks after the workspace may: a visitor must not wait for somebody who does not exist.
pub fn may_decide(approvers: &[String], member: MemberId, team: &[Colleague]) -> bool {
    if approvers.is_empty() {
        return true;
    }
    let somebody_fits = team.iter().any(|colleague| colleague.is_named(approvers));
    team.iter().any(|colleague| {
        colleague.member == member
            && if somebody_fits {
                colleague.is_named(approvers)
            } else {
                colleague.manages
            }
    })
}

/// The terms of an item that another draft joins: never looser than they were. Deadline and fallback stay, since the
/// visitor's waiting is counted from the oldest unanswered message; who may decide follows the newer text.
#[must_use]
pub fn joined(held: &Terms, joining: &Terms) -> Terms {
    Terms {
        approvers: if joining.approvers.is_empty() {
            held.approvers.clone()
        } else {
            joining.approvers.clone()
        },
        quorum: held.quorum.max(joining.quorum),
        ..held.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
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
        let approvers = names(approvers);
        team.iter()
            .map(|colleague| colleague.member)
            .filter(|&member| may_decide(&approvers, member, team))
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
        let stranger = MemberId::from(Uuid::from_u128(9));
        assert!(!may_decide(&names(&["refunds"]), stranger, &team));
    }

    proptest! {
        #[test]
        fn a_draft_that_joins_never_loosens_the_terms(held in 0u8..5, joining in 0u8..5, one in "[a-z]{0,2}", other in "[a-z]{0,2}") {
            let list = |skill: &str| if skill.is_empty() { Vec::new() } else { vec![skill.to_owned()] };
            let held = Terms { quorum: held, approvers: list(&one), ..Terms::default() };
            let joining = Terms { quorum: joining, approvers: list(&other), ..Terms::default() };
            let now = joined(&held, &joining);
            prop_assert!(now.quorum >= held.quorum && now.quorum >= joining.quorum);
            prop_assert!(held.approvers.is_empty() && joining.approvers.is_empty() || !now.approvers.is_empty());
            prop_assert_eq!((now.deadline_ms, now.fallback), (held.deadline_ms, held.fallback));
        }
    }
}
