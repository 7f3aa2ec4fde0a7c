//! Who gets what: the order of the queue, who among those present is given an item, and whom a late one is told to.

use super::ids::MemberId;
use super::policy::Reason;
use super::review::{Colleague, ItemKind};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How a team works together, as an owner sets it. Every field has a default, so that stored settings stay readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TeamSettings {
    /// Give what waits to members who are present; without it everybody takes the next one.
    pub assign: bool,
    /// Items that one member is given at a time.
    pub most_each: u32,
    /// Conversations of one address that may wait at a time; what is begun beyond counts as a flood. 0 is no limit.
    pub waiting_per_address: u32,
    /// Whom an item is told to that waits for long, step by step.
    pub escalation: Vec<EscalationStep>,
}

impl Default for TeamSettings {
    fn default() -> Self {
        Self {
            assign: true,
            most_each: 3,
            waiting_per_address: 20,
            escalation: Vec::new(),
        }
    }
}

/// One step of the escalation chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationStep {
    /// How long the item has waited in the queue by then, in milliseconds.
    pub after_ms: i64,
    /// Skills or members' e-mail addresses; everybody if empty, and whoever manages if nobody fits.
    #[serde(default)]
    pub to: Vec<String>,
    /// Tell them by e-mail as well.
    #[serde(default)]
    pub mail: bool,
    /// Tell a program as well: the address that gets a webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

/// Why team settings are not accepted. Each message is a sentence for the person who wrote them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TeamSettingsError {
    /// Nobody could be given anything.
    #[error("most_each must be 1 to {MOST_EACH}; to give nobody anything, set assign to false")]
    MostEach,
    /// Too many steps.
    #[error(
        "the escalation chain has {0} steps, but at most {MOST_STEPS} are followed; leave out those that add nobody"
    )]
    TooManySteps(usize),
    /// A step before the one before it.
    #[error(
        "step {0} of the escalation chain must come at least a minute after the one before it, and the first a minute after somebody began to wait; `after_ms` counts milliseconds"
    )]
    Order(usize),
    /// A step that nobody would live to see.
    #[error(
        "step {0} of the escalation chain must come within {LATEST_STEP_DAYS} days; `after_ms` counts milliseconds"
    )]
    TooLate(usize),
}

impl TeamSettingsError {
    /// Where in the settings: `escalation[0].after_ms`, counted from 0.
    pub fn path(&self) -> String {
        match self {
            Self::MostEach => "most_each".to_owned(),
            Self::TooManySteps(_) => "escalation".to_owned(),
            Self::Order(nth) | Self::TooLate(nth) => format!("escalation[{}].after_ms", nth - 1),
        }
    }
}

/// Items that anybody can be given at a time at most.
const MOST_EACH: u32 = 100;
/// Steps of an escalation chain at most.
const MOST_STEPS: usize = 8;
/// Shortest time from one step to the next, in milliseconds.
const SHORTEST_STEP_MS: i64 = 60_000;
/// Longest time until a step, in days.
const LATEST_STEP_DAYS: i64 = 30;
/// The same in milliseconds.
const LATEST_STEP_MS: i64 = LATEST_STEP_DAYS * 24 * 60 * 60_000;

impl TeamSettings {
    /// Checks what a person wrote: everything that must be changed.
    pub fn check(&self) -> Vec<TeamSettingsError> {
        let mut found = Vec::new();
        if !(1..=MOST_EACH).contains(&self.most_each) {
            found.push(TeamSettingsError::MostEach);
        }
        if self.escalation.len() > MOST_STEPS {
            found.push(TeamSettingsError::TooManySteps(self.escalation.len()));
        }
        let mut before: i64 = 0;
        for (nth, step) in (1..).zip(&self.escalation) {
            if step.after_ms < before.saturating_add(SHORTEST_STEP_MS) {
                found.push(TeamSettingsError::Order(nth));
            } else if step.after_ms > LATEST_STEP_MS {
                found.push(TeamSettingsError::TooLate(nth));
            }
            before = step.after_ms;
        }
        found
    }

    /// When the step after `done` steps is due, for an item that has waited since `since`.
    pub fn escalates_at(&self, since: Timestamp, done: usize) -> Option<Timestamp> {
        self.escalation.get(done).map(|step| since.plus_ms(step.after_ms))
    }
}

/// Somebody who asked for a person counts as having waited this much longer, in milliseconds.
const PERSON_WANTED_MS: i64 = 5 * 60_000;
/// Somebody whom the AI could not help counts as having waited this much longer, in milliseconds.
const HANDED_OFF_MS: i64 = 2 * 60_000;

/// Where an item stands in the queue: the smaller, the sooner. What is urgent gets a head start, and from then on everything
/// ages alike: nothing waits for ever behind what is urgent, and the order never has to be computed again.
#[must_use]
pub fn rank(kind: ItemKind, reasons: &[Reason], waiting_since: Timestamp) -> Timestamp {
    let head_start_ms = match kind {
        ItemKind::Handoff if reasons.contains(&Reason::CustomerRequest) => PERSON_WANTED_MS,
        ItemKind::Handoff => HANDED_OFF_MS,
        ItemKind::Gate => 0,
    };
    waiting_since.plus_ms(-head_start_ms)
}

/// A member who could be given an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub colleague: Colleague,
    /// Items they have been given already.
    pub load: u32,
    /// When they were last given one.
    pub last_given: Timestamp,
}

/// Who is given an item: among those who may decide and have room for it, whoever has the least; of these, whoever has been
/// given nothing for longest. `candidates` are those who are present. None means that it waits for whoever takes it.
pub fn assign(candidates: &[Candidate], approvers: &[String], most_each: u32) -> Option<MemberId> {
    candidates
        .iter()
        .filter(|candidate| candidate.load < most_each)
        .filter(|candidate| approvers.is_empty() || candidate.colleague.is_named(approvers))
        .min_by_key(|candidate| (candidate.load, candidate.last_given, candidate.colleague.member))
        .map(|candidate| candidate.colleague.member)
}

/// Whom a step of the chain tells: everybody if it names nobody. Where nobody of the team fits what is named any more, whoever
/// looks after the workspace: what waits must not wait unheard of.
pub fn told(team: &[Colleague], to: &[String]) -> Vec<Colleague> {
    let those = |wanted: &dyn Fn(&Colleague) -> bool| -> Vec<Colleague> {
        team.iter().filter(|colleague| wanted(colleague)).cloned().collect()
    };
    let named = those(&|colleague| to.is_empty() || colleague.is_named(to));
    if named.is_empty() {
        those(&|colleague| colleague.manages)
    } else {
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn candidate(n: u128, skills: &[&str], load: u32, last_given: i64) -> Candidate {
        Candidate {
            colleague: Colleague {
                member: MemberId::from(Uuid::from_u128(n)),
                email: format!("m{n}@shop.example"),
                skills: skills.iter().map(|&skill| skill.to_owned()).collect(),
                manages: false,
            },
            load,
            last_given: Timestamp(last_given),
        }
    }

    fn given(candidates: &[Candidate], approvers: &[&str]) -> Option<u128> {
        let approvers: Vec<String> = approvers.iter().map(|&name| name.to_owned()).collect();
        assign(candidates, &approvers, 3).map(|member| member.uuid().as_u128())
    }

    #[test]
    fn the_least_loaded_is_given_the_next_and_of_equals_who_waited_longest() {
        assert_eq!(given(&[], &[]), None);
        let team = [
            candidate(1, &[], 2, 5),
            candidate(2, &[], 1, 9),
            candidate(3, &[], 1, 7),
        ];
        assert_eq!(given(&team, &[]), Some(3));
        let full = [candidate(1, &[], 3, 5), candidate(2, &[], 4, 0)];
        assert_eq!(given(&full, &[]), None);
    }

    #[test]
    fn only_those_who_may_decide_are_given_an_item() {
        let team = [candidate(1, &[], 0, 0), candidate(2, &["refunds"], 2, 0)];
        assert_eq!(given(&team, &["refunds"]), Some(2));
        assert_eq!(given(&team, &["m1@shop.example"]), Some(1));
        assert_eq!(given(&team, &["tax"]), None);
    }

    #[test]
    fn a_step_that_fits_nobody_tells_those_who_manage() {
        let manager = Colleague {
            manages: true,
            ..candidate(1, &[], 0, 0).colleague
        };
        let team = [manager, candidate(2, &["refunds"], 0, 0).colleague];
        let whom = |to: &[&str]| {
            let to: Vec<String> = to.iter().map(|&name| name.to_owned()).collect();
            let told = told(&team, &to);
            told.iter()
                .map(|colleague| colleague.member.uuid().as_u128())
                .collect::<Vec<_>>()
        };
        assert_eq!(whom(&[]), [1, 2]);
        assert_eq!(whom(&["Refunds"]), [2]);
        assert_eq!(whom(&["tax", "gone@shop.example"]), [1]);
    }

    #[test]
    fn whoever_wants_a_person_comes_before_older_drafts_but_not_before_all() {
        let now = Timestamp(3_600_000);
        let draft = |ms_ago: i64| rank(ItemKind::Gate, &[Reason::GateClosed], now.plus_ms(-ms_ago));
        let wanted = rank(ItemKind::Handoff, &[Reason::CustomerRequest], now);
        let given_up = rank(ItemKind::Handoff, &[Reason::MissingKnowledge], now);
        assert!(wanted < draft(4 * 60_000) && wanted > draft(6 * 60_000));
        assert!(wanted < given_up && given_up < draft(60_000));
    }

    #[test]
    fn a_chain_that_goes_back_in_time_is_refused_in_words() {
        let step = |after_ms| EscalationStep {
            after_ms,
            to: Vec::new(),
            mail: false,
            webhook: None,
        };
        let check = |steps: Vec<EscalationStep>| {
            let settings = TeamSettings {
                escalation: steps,
                ..TeamSettings::default()
            };
            settings.check()
        };
        assert_eq!(check(vec![step(60_000), step(120_000)]), []);
        assert_eq!(check(vec![step(0)]), [TeamSettingsError::Order(1)]);
        assert_eq!(check(vec![step(60_000), step(60_000)]), [TeamSettingsError::Order(2)]);
        assert_eq!(
            check(vec![step(i64::MAX), step(i64::MAX)]),
            [TeamSettingsError::TooLate(1), TeamSettingsError::TooLate(2)]
        );
        assert_eq!(TeamSettingsError::Order(2).path(), "escalation[1].after_ms");
        let nine = check((1..=9).map(|nth| step(nth * 60_000)).collect());
        assert_eq!(nine, [TeamSettingsError::TooManySteps(9)]);
        let nobody = TeamSettings {
            most_each: 0,
            ..TeamSettings::default()
        };
        assert_eq!(nobody.check(), [TeamSettingsError::MostEach]);
    }

    proptest! {
        #[test]
        fn given_out_one_by_one_nobody_gets_two_more_than_another(members in 1u128..6, items in 0usize..60) {
            let mut team: Vec<Candidate> = (0..members).map(|n| candidate(n, &[], 0, 0)).collect();
            for nth in 0..items {
                let Some(member) = assign(&team, &[], u32::MAX) else { unreachable!("somebody is there") };
                for candidate in team.iter_mut().filter(|candidate| candidate.colleague.member == member) {
                    candidate.load += 1;
                    candidate.last_given = Timestamp(i64::try_from(nth).unwrap_or(0));
                }
            }
            let loads: Vec<u32> = team.iter().map(|candidate| candidate.load).collect();
            prop_assert!(loads.iter().max().unwrap_or(&0) - loads.iter().min().unwrap_or(&0) <= 1);
        }
    }
}
