//! Who owns a conversation, and the fencing token that keeps AI and person from talking over each other.
//!
//! Every change of owner raises the epoch. Whoever wants to add an AI answer names the epoch it was made under; under
//! any other epoch it is refused, in the same transaction that would have written it (invariant 2).

use super::ids::MemberId;
use serde::{Deserialize, Serialize};

/// The fencing token: a number that rises with every change of owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub i64);

impl Epoch {
    const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The visitor.
    Visitor,
    /// The AI, released by a decision or a person.
    Ai,
    /// A member of the workspace.
    Person,
    /// Holdpoint's own texts: holding message, out-of-hours.
    System,
}

/// Who answers the visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "member")]
pub enum Owner {
    /// The AI drafts.
    Ai,
    /// A person took over.
    Person(MemberId),
    /// The AI gave up and nobody has stepped in yet.
    Nobody,
}

/// A conversation's owner under its epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ownership {
    /// Who answers.
    pub owner: Owner,
    /// The fencing token.
    pub epoch: Epoch,
}

/// Why a change of owner, or an answer, was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OwnershipError {
    /// Another person owns it.
    #[error("a colleague has taken this conversation over; ask them to hand it back first")]
    OwnedByOther(MemberId),
    /// The asking person owns it already.
    #[error("you have already taken this conversation over")]
    AlreadyYours,
    /// The asking person does not own it.
    #[error("you have not taken this conversation over, so there is nothing to hand back")]
    NotYours,
    /// The AI does not own it (any more).
    #[error("the AI no longer answers in this conversation")]
    NotTheAis,
    /// The owner changed since the work began.
    #[error("the conversation changed hands in the meantime")]
    EpochPassed {
        /// The epoch the work was made under.
        made_under: Epoch,
        /// The epoch now.
        now: Epoch,
    },
}

impl Ownership {
    /// Every conversation starts with the AI.
    pub const fn start() -> Self {
        Self {
            owner: Owner::Ai,
            epoch: Epoch(0),
        }
    }

    const fn change(self, owner: Owner) -> Self {
        Self {
            owner,
            epoch: self.epoch.next(),
        }
    }

    /// The AI gives up: someone has to step in.
    ///
    /// # Errors
    /// [`OwnershipError::NotTheAis`] unless the AI owns it.
    pub const fn hand_off(self) -> Result<Self, OwnershipError> {
        match self.owner {
            Owner::Ai => Ok(self.change(Owner::Nobody)),
            Owner::Person(_) | Owner::Nobody => Err(OwnershipError::NotTheAis),
        }
    }

    /// A person steps in, whoever owned it before, except another person.
    ///
    /// # Errors
    /// [`OwnershipError::AlreadyYours`] or [`OwnershipError::OwnedByOther`].
    pub fn take_over(self, by: MemberId) -> Result<Self, OwnershipError> {
        match self.owner {
            Owner::Person(owner) if owner == by => Err(OwnershipError::AlreadyYours),
            Owner::Person(owner) => Err(OwnershipError::OwnedByOther(owner)),
            Owner::Ai | Owner::Nobody => Ok(self.change(Owner::Person(by))),
        }
    }

    /// The person returns the conversation to the AI.
    ///
    /// # Errors
    /// [`OwnershipError::NotYours`] or [`OwnershipError::OwnedByOther`].
    pub fn hand_back(self, by: MemberId) -> Result<Self, OwnershipError> {
        match self.owner {
            Owner::Person(owner) if owner == by => Ok(self.change(Owner::Ai)),
            Owner::Person(owner) => Err(OwnershipError::OwnedByOther(owner)),
            Owner::Ai | Owner::Nobody => Err(OwnershipError::NotYours),
        }
    }

    /// A person steps in for another one.
    #[must_use]
    pub const fn relieve(self, by: MemberId) -> Self {
        self.change(Owner::Person(by))
    }

    /// The person who owned it is gone: someone else has to step in.
    #[must_use]
    pub const fn abandon(self) -> Self {
        self.change(Owner::Nobody)
    }

    /// The conversation is over: whoever writes next is the AI's again.
    #[must_use]
    pub const fn end(self) -> Self {
        match self.owner {
            Owner::Ai => self,
            Owner::Person(_) | Owner::Nobody => self.change(Owner::Ai),
        }
    }

    /// A person answered what the AI had given up on, without taking over: the AI goes on with what comes next.
    #[must_use]
    pub const fn resume_after_answer(self) -> Self {
        match self.owner {
            Owner::Nobody => self.change(Owner::Ai),
            Owner::Ai | Owner::Person(_) => self,
        }
    }

    /// May an AI answer made under `made_under` still enter the conversation?
    ///
    /// # Errors
    /// [`OwnershipError::EpochPassed`] or [`OwnershipError::NotTheAis`].
    pub fn admits_ai(self, made_under: Epoch) -> Result<(), OwnershipError> {
        if made_under != self.epoch {
            return Err(OwnershipError::EpochPassed {
                made_under,
                now: self.epoch,
            });
        }
        match self.owner {
            Owner::Ai => Ok(()),
            Owner::Person(_) | Owner::Nobody => Err(OwnershipError::NotTheAis),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    #[derive(Debug, Clone, Copy)]
    enum Step {
        HandOff,
        TakeOver(u128),
        HandBack(u128),
        Answered,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::HandOff),
            (1u128..4).prop_map(Step::TakeOver),
            (1u128..4).prop_map(Step::HandBack),
            Just(Step::Answered),
        ]
    }

    fn apply(now: Ownership, step: Step) -> Ownership {
        let member = |n| MemberId::from(Uuid::from_u128(n));
        match step {
            Step::HandOff => now.hand_off(),
            Step::TakeOver(n) => now.take_over(member(n)),
            Step::HandBack(n) => now.hand_back(member(n)),
            Step::Answered => Ok(now.resume_after_answer()),
        }
        .unwrap_or(now)
    }

    proptest! {
        #[test]
        fn the_epoch_rises_exactly_with_every_change_of_owner(steps in prop::collection::vec(step(), 0..40)) {
            let mut now = Ownership::start();
            for step in steps {
                let next = apply(now, step);
                if next.owner == now.owner {
                    prop_assert_eq!(next.epoch, now.epoch);
                } else {
                    prop_assert_eq!(next.epoch, Epoch(now.epoch.0 + 1));
                }
                now = next;
            }
        }

        #[test]
        fn no_answer_made_before_a_takeover_is_admitted_after_it(before in prop::collection::vec(step(), 0..20), after in prop::collection::vec(step(), 0..20)) {
            let made = before.into_iter().fold(Ownership::start(), apply);
            let taken = apply(made, Step::TakeOver(9));
            prop_assume!(taken.owner != made.owner);
            let mut now = taken;
            for step in after {
                prop_assert!(now.admits_ai(made.epoch).is_err());
                now = apply(now, step);
            }
            prop_assert!(now.admits_ai(made.epoch).is_err());
        }
    }
}
