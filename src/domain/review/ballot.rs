//! Several people who have to approve one answer before it goes out.
//!
//! They approve one *wording*: the draft's own, or what one of them made of it. An edit is a new wording, which begins
//! with its author's approval and nobody else's; a new message of the visitor begins with none. A wording has a number, so
//! that nobody approves a text that was changed after they had read it.

use crate::domain::ids::MemberId;

/// People who may have to approve one answer at most.
pub const MOST_APPROVERS: u8 = 3;

/// Which wording stands, and who has approved it so far. The approval that completes it is not among them: it is an
/// outcome with its undo window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ballot {
    quorum: u8,
    wording: i64,
    edited: bool,
    approved: [Option<MemberId>; MOST_APPROVERS as usize - 1],
}

/// What an approval led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cast {
    /// It counts; others have to approve as well.
    Counted(Ballot),
    /// Everybody who was needed has approved.
    Carried,
}

impl Ballot {
    /// Nobody has approved yet. A quorum outside of 1 to [`MOST_APPROVERS`] counts as the nearest in it.
    pub const fn new(quorum: u8) -> Self {
        let quorum = match quorum {
            0 => 1,
            1..=MOST_APPROVERS => quorum,
            _ => MOST_APPROVERS,
        };
        Self {
            quorum,
            wording: 0,
            edited: false,
            approved: [None; MOST_APPROVERS as usize - 1],
        }
    }

    /// As it was written down: the number of the wording, whether it is a person's own, and who has approved it, first to last.
    #[must_use]
    pub fn restored(quorum: u8, wording: i64, edited: bool, approved: &[MemberId]) -> Self {
        let mut ballot = Self {
            wording,
            edited,
            ..Self::new(quorum)
        };
        for (place, member) in ballot.approved.iter_mut().zip(approved) {
            *place = Some(*member);
        }
        ballot
    }

    /// People who have to approve.
    pub const fn quorum(&self) -> u8 {
        self.quorum
    }

    /// The number of the wording that stands; 0 is the draft's own.
    pub const fn wording(&self) -> i64 {
        self.wording
    }

    /// Whether the wording is a person's own.
    pub const fn edited(&self) -> bool {
        self.edited
    }

    /// Who has approved it, first to last.
    pub fn approved(&self) -> impl Iterator<Item = MemberId> {
        self.approved.into_iter().flatten()
    }

    /// How many more have to approve.
    pub fn missing(&self) -> u8 {
        let so_far = u8::try_from(self.approved().count()).unwrap_or(MOST_APPROVERS);
        self.quorum.saturating_sub(so_far).max(1)
    }

    /// `by` approves the wording that stands; none if they have done so already.
    #[must_use]
    pub fn approve(self, by: MemberId) -> Option<Cast> {
        if self.approved().any(|member| member == by) {
            return None;
        }
        if self.missing() == 1 {
            return Some(Cast::Carried);
        }
        let mut counted = self;
        if let Some(place) = counted.approved.iter_mut().find(|place| place.is_none()) {
            *place = Some(by);
        }
        Some(Cast::Counted(counted))
    }

    /// `by` writes another wording, and approves it with that: the count restarts.
    #[must_use]
    pub fn edit(self, by: MemberId) -> Cast {
        if self.quorum == 1 {
            return Cast::Carried;
        }
        Cast::Counted(Self::restored(self.quorum, self.wording + 1, true, &[by]))
    }

    /// `by` takes an approval back; none if there is nothing of theirs. Whoever wrote the wording takes it back as well: the
    /// draft's own stands again, as a new wording, since others may have the withdrawn one before their eyes.
    #[must_use]
    pub fn withdraw(self, by: MemberId) -> Option<Self> {
        let mut left: Vec<MemberId> = self.approved().collect();
        let at = left.iter().position(|&member| member == by)?;
        if self.edited && at == 0 {
            return Some(self.restarted());
        }
        left.remove(at);
        Some(Self::restored(self.quorum, self.wording, self.edited, &left))
    }

    /// The text is a new one: nobody has approved it.
    #[must_use]
    pub fn restarted(self) -> Self {
        Self::restored(self.quorum, self.wording + i64::from(self.edited), false, &[])
    }

    /// At least `quorum` people have to approve.
    #[must_use]
    pub fn requiring(self, quorum: u8) -> Self {
        Self {
            quorum: Self::new(quorum).quorum.max(self.quorum),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn member(n: u128) -> MemberId {
        MemberId::from(Uuid::from_u128(n))
    }

    #[derive(Debug, Clone, Copy)]
    enum Act {
        Approve(u128),
        Edit(u128),
        Withdraw(u128),
        Restart,
    }

    fn act() -> impl Strategy<Value = Act> {
        let who = || 1u128..5;
        prop_oneof![
            4 => who().prop_map(Act::Approve),
            2 => who().prop_map(Act::Edit),
            1 => who().prop_map(Act::Withdraw),
            1 => Just(Act::Restart),
        ]
    }

    proptest! {
        /// Keeps its own books: for every wording, who has approved exactly that one.
        #[test]
        fn an_answer_is_carried_by_as_many_different_people_as_are_needed_for_the_same_wording(
            quorum in 1u8..=MOST_APPROVERS, acts in prop::collection::vec(act(), 0..30)
        ) {
            let mut ballot = Ballot::new(quorum);
            let mut books: Vec<u128> = Vec::new();
            for act in acts {
                let before = ballot;
                let carried_by = match act {
                    Act::Approve(n) => match ballot.approve(member(n)) {
                        None => {
                            prop_assert!(books.contains(&n));
                            None
                        }
                        Some(cast) => {
                            prop_assert!(!books.contains(&n), "the same person counted twice");
                            books.push(n);
                            Some(cast)
                        }
                    },
                    Act::Edit(n) => {
                        books = vec![n];
                        Some(ballot.edit(member(n)))
                    }
                    Act::Withdraw(n) => {
                        if let Some(after) = ballot.withdraw(member(n)) {
                            prop_assert!(books.contains(&n));
                            if before.edited() && books.first() == Some(&n) {
                                books.clear();
                            }
                            books.retain(|&other| other != n);
                            ballot = after;
                        }
                        None
                    }
                    Act::Restart => {
                        ballot = ballot.restarted();
                        books.clear();
                        None
                    }
                };
                match carried_by {
                    Some(Cast::Counted(after)) => {
                        prop_assert!(books.len() < usize::from(quorum));
                        ballot = after;
                    }
                    Some(Cast::Carried) => {
                        prop_assert_eq!(books.len(), usize::from(quorum));
                        break;
                    }
                    None => {}
                }
                prop_assert!(ballot.wording() >= before.wording());
                prop_assert_eq!(ballot.approved().collect::<Vec<_>>(), books.iter().map(|&n| member(n)).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_wording_that_was_taken_back_never_has_the_number_of_another_one() {
        let edited = match Ballot::new(2).edit(member(1)) {
            Cast::Counted(edited) => edited,
            Cast::Carried => unreachable!("two have to approve"),
        };
        assert_eq!((edited.wording(), edited.edited()), (1, true));
        let back = edited.withdraw(member(1)).unwrap();
        assert_eq!((back.wording(), back.edited(), back.missing()), (2, false, 2));
    }

    #[test]
    fn a_quorum_outside_of_the_allowed_counts_as_the_nearest() {
        assert_eq!(Ballot::new(0).quorum(), 1);
        assert_eq!(Ballot::new(9).quorum(), MOST_APPROVERS);
        assert_eq!(Ballot::new(2).requiring(1).quorum(), 2);
        assert_eq!(Ballot::new(1).requiring(3).quorum(), 3);
    }
}
