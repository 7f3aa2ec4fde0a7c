use super::attempt::{Attempt, Ended, Next};
use super::*;
use proptest::prelude::*;
use uuid::Uuid;

fn member(n: u128) -> MemberId {
    MemberId::from(Uuid::from_u128(n))
}

fn hash(n: u8) -> ArgsHash {
    ArgsHash([n; 32])
}

const EXPIRES_MS: i64 = 600_000;
const UNDO_MS: i64 = 5_000;

fn proposed(runs: Runs, quorum: u8) -> Action {
    let id = ActionId::from(Uuid::from_u128(1));
    Action::new(id, runs, hash(0), quorum, Timestamp(EXPIRES_MS), OnTimeout::Reject)
}

fn wish(kind: DecisionType, seen: ArgsHash, edited: Option<ArgsHash>) -> Wish {
    Wish { kind, seen, edited }
}

fn person(n: u128) -> Decider {
    Decider {
        member: member(n),
        asked: false,
    }
}

#[test]
fn what_was_approved_may_be_used_once_and_only_as_it_was_approved() {
    let asked = proposed(Runs::There, 1);
    let decided = asked
        .decide(
            wish(DecisionType::Approve, hash(0), None),
            person(1),
            Timestamp(1_000),
            UNDO_MS,
        )
        .unwrap();
    assert_eq!(
        decided.consume(hash(0), Timestamp(1_000)),
        Err(ActionError::NotApproved(ActionStatus::Decided))
    );
    assert_eq!(decided.finalise(Timestamp(5_999)), Err(ActionError::NotDue));
    let approved = decided.finalise(Timestamp(6_000)).unwrap();
    assert_eq!(
        approved.consume(hash(1), Timestamp(7_000)),
        Err(ActionError::NotWhatWasApproved)
    );
    let late = Timestamp(6_000 + USABLE_MS);
    assert_eq!(approved.consume(hash(0), late), Err(ActionError::ApprovalExpired));
    assert_eq!(approved.expire(late).unwrap().status, ActionStatus::Expired);
    let consumed = approved.consume(hash(0), Timestamp(7_000)).unwrap();
    assert_eq!(consumed.status, ActionStatus::Consumed);
    assert_eq!(
        consumed.consume(hash(0), Timestamp(7_000)),
        Err(ActionError::AlreadyConsumed)
    );
    assert_eq!(consumed.cancel(), Err(ActionError::AlreadyConsumed));
}

#[test]
fn nobody_decides_twice_late_or_about_something_else_and_no_program_for_itself() {
    let asked = proposed(Runs::Here, 1);
    let approve = wish(DecisionType::Approve, hash(0), None);
    let program = Decider {
        asked: true,
        ..person(1)
    };
    assert_eq!(
        asked.decide(approve, program, Timestamp(0), UNDO_MS),
        Err(ActionError::OwnProposal)
    );
    let other = wish(DecisionType::Approve, hash(7), None);
    assert_eq!(
        asked.decide(other, person(1), Timestamp(0), UNDO_MS),
        Err(ActionError::OtherArguments(hash(0)))
    );
    let nothing = wish(DecisionType::Edit, hash(0), Some(hash(0)));
    assert_eq!(
        asked.decide(nothing, person(1), Timestamp(0), UNDO_MS),
        Err(ActionError::NothingEdited)
    );
    assert_eq!(
        asked.decide(approve, person(1), Timestamp(EXPIRES_MS), UNDO_MS),
        Err(ActionError::Expired)
    );
    let leased = asked.lease(member(1), Timestamp(0)).unwrap();
    assert!(matches!(
        leased.decide(approve, person(2), Timestamp(1), UNDO_MS),
        Err(ActionError::Leased(_))
    ));
    let decided = leased.decide(approve, person(1), Timestamp(1), UNDO_MS).unwrap();
    assert!(matches!(
        decided.decide(approve, person(2), Timestamp(2), UNDO_MS),
        Err(ActionError::AlreadyDecided(_))
    ));
    assert_eq!(decided.undo(member(2), Timestamp(2)), Err(ActionError::NotYourDecision));
    assert_eq!(
        decided.undo(member(1), Timestamp(1 + UNDO_MS)),
        Err(ActionError::UndoTooLate)
    );
    assert_eq!(
        decided.undo(member(1), Timestamp(2)).unwrap().status,
        ActionStatus::Waiting
    );
}

#[test]
fn an_edit_that_is_undone_leaves_the_proposal_as_it_was() {
    let edit = wish(DecisionType::Edit, hash(0), Some(hash(1)));
    let edited = proposed(Runs::Here, 1)
        .decide(edit, person(1), Timestamp(0), UNDO_MS)
        .unwrap();
    assert_eq!((edited.standing, edited.decision.unwrap().hash), (hash(1), hash(1)));
    assert_eq!(edited.undo(member(1), Timestamp(1)).unwrap().standing, hash(0));
    // Of two who have to approve, the first changes it: the second approves that, or somebody takes it back.
    let first = proposed(Runs::Here, 2)
        .decide(edit, person(1), Timestamp(0), UNDO_MS)
        .unwrap();
    assert_eq!((first.status, first.standing), (ActionStatus::Waiting, hash(1)));
    let stale = wish(DecisionType::Approve, hash(0), None);
    assert_eq!(
        first.decide(stale, person(2), Timestamp(1), UNDO_MS),
        Err(ActionError::OtherArguments(hash(1)))
    );
    let now = wish(DecisionType::Approve, hash(1), None);
    assert_eq!(
        first.decide(now, person(1), Timestamp(1), UNDO_MS),
        Err(ActionError::AlreadyApproved)
    );
    let second = first.decide(now, person(2), Timestamp(1), UNDO_MS).unwrap();
    assert_eq!(second.decision.unwrap().kind, DecisionType::Edit);
    assert_eq!(second.undo(member(2), Timestamp(2)).unwrap().standing, hash(1));
    assert_eq!(first.undo(member(1), Timestamp(2)).unwrap().standing, hash(0));
}

/// Something that happens to a proposal.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Somebody decides, about what they saw a while ago or just now, perhaps with other arguments.
    Decide(DecisionType, u128, bool, u8),
    Undo(u128),
    Cancel,
    Lease(u128),
    /// Time passes, in milliseconds.
    Pass(i64),
    /// The job runs, and the process dies at one of the steps, or not; the other machine behaves like this.
    Job(Option<u8>, Attempt),
    /// Somebody claims to have an approval for this.
    Consume(u8),
    FindOut(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let kind = prop::sample::select(DecisionType::ALL.to_vec());
    let attempt = prop::sample::select(vec![
        Attempt::Done,
        Attempt::Done,
        Attempt::NotSent,
        Attempt::Declined,
        Attempt::Later,
        Attempt::Unclear,
    ]);
    prop_oneof![
        4 => (kind, 1u128..4, prop::bool::weighted(0.8), 0u8..3).prop_map(|(kind, who, now, edit)| Act::Decide(kind, who, now, edit)),
        1 => (1u128..4).prop_map(Act::Undo),
        1 => Just(Act::Cancel),
        1 => (1u128..4).prop_map(Act::Lease),
        4 => prop_oneof![Just(1i64), Just(UNDO_MS), Just(60_000), Just(EXPIRES_MS), Just(USABLE_MS)].prop_map(Act::Pass),
        6 => (prop::option::weighted(0.5, 0u8..4), attempt).prop_map(|(dies, how)| Act::Job(dies, how)),
        2 => (0u8..3).prop_map(Act::Consume),
        1 => any::<bool>().prop_map(Act::FindOut),
    ]
}

/// What the other side got, and what people really decided: books that know nothing of [`Action`]'s own.
struct World {
    stored: Action,
    attempts: i64,
    under_way: bool,
    idempotent: bool,
    now: Timestamp,
    /// What was sent, in order.
    sent: Vec<ArgsHash>,
    /// Who has approved which arguments since they were last changed, taken back or rejected.
    approvals: Vec<(u128, ArgsHash)>,
    /// It was rejected, answered, taken back, or not decided in time: nothing may run.
    dead: bool,
    quorum: usize,
}

impl World {
    fn job(&mut self, dies: Option<u8>, how: Attempt) {
        let now = self.now;
        let progress = Progress {
            attempts: self.attempts,
            under_way: self.under_way,
            idempotent: self.idempotent,
        };
        let begun = match self.stored.next_step(progress, now) {
            Step::Nothing | Step::Wait(_) => return,
            Step::Finalise => {
                self.stored = self.stored.finalise(now).unwrap();
                self.dead |= matches!(self.stored.status, ActionStatus::Rejected | ActionStatus::Responded);
                return;
            }
            Step::Expire => {
                self.stored = self.stored.expire(now).unwrap();
                self.dead = true;
                return;
            }
            Step::Settle(how) => {
                self.stored = self.stored.ended(how).unwrap();
                return;
            }
            Step::Claim => self.stored.consume(self.stored.standing, now).unwrap(),
            Step::TryAgain => self.stored,
        };
        if dies == Some(0) {
            return;
        }
        self.stored = begun;
        self.attempts += 1;
        self.under_way = true;
        if dies == Some(1) {
            return;
        }
        if how != Attempt::NotSent {
            self.sent.push(self.stored.decision.unwrap().hash);
        }
        if dies == Some(2) {
            return;
        }
        self.under_way = false;
        if let Next::End(how) = attempt::after(how, self.idempotent, self.attempts) {
            self.stored = self.stored.ended(how).unwrap();
        }
    }

    fn act(&mut self, act: Act) {
        let now = self.now;
        match act {
            Act::Pass(ms) => self.now = now.plus_ms(ms),
            Act::Job(dies, how) => self.job(dies, how),
            Act::Lease(who) => self.stored = self.stored.lease(member(who), now).unwrap_or(self.stored),
            Act::Cancel => {
                if let Ok(after) = self.stored.cancel() {
                    self.stored = after;
                    self.dead = true;
                }
            }
            Act::Decide(kind, who, fresh, edit) => {
                let seen = if fresh {
                    self.stored.standing
                } else {
                    self.stored.proposed
                };
                let edited = (kind == DecisionType::Edit).then_some(hash(edit));
                if let Ok(after) = self.stored.decide(wish(kind, seen, edited), person(who), now, UNDO_MS) {
                    assert!(
                        !self.dead && now < self.stored.expires_at,
                        "decided about what was over"
                    );
                    match kind {
                        DecisionType::Approve => self.approvals.push((who, seen)),
                        DecisionType::Edit => self.approvals = vec![(who, hash(edit))],
                        _ => {}
                    }
                    self.stored = after;
                }
            }
            Act::Undo(who) => {
                let was_edited = self.stored.standing != self.stored.proposed;
                // Whoever takes back a no is where they were before it.
                let was_no = self.stored.decision.is_some_and(|decision| !decision.kind.lets_run());
                if let Ok(after) = self.stored.undo(member(who), now) {
                    self.stored = after;
                    self.approvals
                        .retain(|(by, what)| (was_no || *by != who) && *what == after.standing);
                    assert!(was_edited || after.standing == after.proposed);
                }
            }
            Act::Consume(n) => {
                if let Ok(after) = self.stored.consume(hash(n), now) {
                    assert_eq!(
                        self.stored.runs,
                        Runs::There,
                        "who asked does not run what Holdpoint runs"
                    );
                    self.stored = after;
                    self.sent.push(hash(n));
                }
            }
            Act::FindOut(done) => self.stored = self.stored.found_out(done).unwrap_or(self.stored),
        }
    }

    fn check(&self, sent_before: usize) {
        for what in self.sent.iter().skip(sent_before) {
            assert!(!self.dead, "it ran although it was over");
            let for_it: std::collections::BTreeSet<u128> = self
                .approvals
                .iter()
                .filter(|(_, it)| it == what)
                .map(|(who, _)| *who)
                .collect();
            assert!(
                for_it.len() >= self.quorum,
                "{what} ran, and {for_it:?} had approved it"
            );
        }
        let times = self.sent.len();
        assert!(times <= 1 || self.idempotent, "it was sent {times} times");
        assert!(
            self.sent.windows(2).all(|two| two[0] == two[1]),
            "a repetition is another one"
        );
        if self.stored.status == ActionStatus::Executed && !self.idempotent {
            assert!(times <= 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Whatever people, clocks, crashes and other machines do: nothing runs that was not approved as it runs, nothing twice, nothing
    /// after it was over.
    #[test]
    fn nothing_runs_unapproved_twice_or_altered_whatever_happens(
        quorum in 1u8..=3, here in any::<bool>(), idempotent in any::<bool>(), acts in prop::collection::vec(act(), 1..40)
    ) {
        let runs = if here { Runs::Here } else { Runs::There };
        let mut world = World {
            stored: proposed(runs, quorum),
            attempts: 0,
            under_way: false,
            idempotent: idempotent && here,
            now: Timestamp(0),
            sent: Vec::new(),
            approvals: Vec::new(),
            dead: false,
            quorum: usize::from(quorum),
        };
        for act in acts {
            let before = world.sent.len();
            // An agent's claim is no act of Holdpoint: it may claim anything but what Holdpoint runs itself.
            if here && matches!(act, Act::Consume(_)) {
                continue;
            }
            world.act(act);
            world.check(before);
        }
    }
}

#[test]
fn schedules_do_lead_to_runs() {
    let mut world = World {
        stored: proposed(Runs::Here, 1),
        attempts: 0,
        under_way: false,
        idempotent: true,
        now: Timestamp(0),
        sent: Vec::new(),
        approvals: Vec::new(),
        dead: false,
        quorum: 1,
    };
    for act in [
        Act::Decide(DecisionType::Edit, 1, true, 2),
        Act::Pass(UNDO_MS),
        Act::Job(None, Attempt::Done),
        Act::Job(Some(2), Attempt::Done),
        Act::Job(None, Attempt::Done),
    ] {
        world.act(act);
    }
    assert_eq!((world.stored.status, world.sent.len()), (ActionStatus::Executed, 2));
}

#[test]
fn what_became_of_it_is_found_out_once_and_only_where_nobody_knew() {
    let mut action = proposed(Runs::Here, 1).let_run_by_rule(Timestamp(0)).unwrap();
    assert_eq!(action.found_out(true), Err(ActionError::NothingToSettle));
    action = action.consume(hash(0), Timestamp(0)).unwrap();
    let unknown = action.ended(Ended::Unknown).unwrap();
    assert_eq!(unknown.found_out(false).unwrap().status, ActionStatus::Failed);
    assert_eq!(
        unknown.found_out(true).unwrap().found_out(true),
        Err(ActionError::NothingToSettle)
    );
}
