use super::*;
use proptest::prelude::*;
use std::collections::HashSet;
use uuid::Uuid;

const UNDO_MS: i64 = 8_000;
const DEADLINE: Timestamp = Timestamp(60_000);
const KINDS: [OutcomeKind; 7] = [
    OutcomeKind::Approve,
    OutcomeKind::Edit,
    OutcomeKind::Reject,
    OutcomeKind::Respond,
    OutcomeKind::TakeOver,
    OutcomeKind::Supersede,
    OutcomeKind::Expire,
];
const MIA: u128 = 1;
const TOM: u128 = 2;

fn member(n: u128) -> MemberId {
    MemberId::from(Uuid::from_u128(n))
}

fn outcome_id(n: usize) -> OutcomeId {
    OutcomeId::from(Uuid::from_u128(n as u128))
}

fn gate() -> Item {
    Item {
        id: ItemId::from(Uuid::from_u128(1)),
        kind: ItemKind::Gate,
        state: ItemState::Open,
        revision: 1,
        has_draft: true,
        lease: None,
        deadline_at: DEADLINE,
        patience_ms: DEADLINE.0,
        fallback: Fallback::HandOff,
        delayed: false,
        ballot: Ballot::new(1),
    }
}

fn by(n: u128) -> Decider {
    Decider {
        member: member(n),
        may_decide: true,
    }
}

fn seen(revision: i64, wording: i64) -> Seen {
    Seen { revision, wording }
}

fn decide(item: Item, kind: OutcomeKind, by: u128, at: i64) -> Result<Item, ReviewError> {
    let seen = seen(item.revision, item.ballot.wording());
    item.decide(outcome_id(1), kind, self::by(by), seen, Timestamp(at), UNDO_MS)
}

fn pending(item: Item) -> Option<Pending> {
    match item.state {
        ItemState::Pending(outcome) => Some(outcome),
        ItemState::Open | ItemState::Closed(_) => None,
    }
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Lease(u128),
    LookAway(u128),
    Decide(u128, OutcomeKind, i64),
    Undo(u128),
    VisitorWrote,
    DraftJoined,
    Finalise,
    Expire,
    Supersede,
}

fn act() -> impl Strategy<Value = Act> {
    let who = || 1u128..4;
    prop_oneof![
        2 => who().prop_map(Act::Lease),
        1 => who().prop_map(Act::LookAway),
        6 => (who(), prop::sample::select(&KINDS[..]), 0i64..2).prop_map(|(by, kind, behind)| Act::Decide(by, kind, behind)),
        2 => who().prop_map(Act::Undo),
        1 => Just(Act::VisitorWrote),
        2 => Just(Act::DraftJoined),
        2 => Just(Act::Finalise),
        1 => Just(Act::Expire),
        1 => Just(Act::Supersede),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000.max(ProptestConfig::default().cases), ..ProptestConfig::default() })]

    #[test]
    fn an_item_gets_one_final_outcome_whatever_three_members_and_time_do(acts in prop::collection::vec((act(), 0i64..20_000), 0..60)) {
        let mut item = gate();
        let mut now = Timestamp(0);
        let mut finals: Vec<Pending> = Vec::new();
        let mut cancelled: HashSet<OutcomeId> = HashSet::new();
        for (n, (act, ms)) in acts.into_iter().enumerate() {
            now = now.plus_ms(ms);
            let fresh = outcome_id(n);
            let next = match act {
                Act::Lease(n) => item.lease(member(n), now),
                Act::LookAway(n) => Ok(item.release_lease(member(n))),
                Act::Decide(n, kind, behind) => {
                    let seen = seen(item.revision - behind, item.ballot.wording());
                    item.decide(fresh, kind, by(n), seen, now, UNDO_MS)
                },
                Act::Undo(n) => item.undo(member(n), now),
                Act::VisitorWrote => Ok(item.visitor_wrote(item.revision + 1, now)),
                Act::DraftJoined => Ok(item.draft_joined(1)),
                Act::Finalise => item.finalise(now).map(|(item, _)| item),
                Act::Expire => item.expire(fresh, now),
                Act::Supersede => item.supersede(fresh, now),
            };
            let Ok(next) = next else { continue };

            // What was pending and neither still is nor became final was cancelled, and must never come back.
            if let Some(before) = pending(item)
                && next.state != item.state
                && next.state != ItemState::Closed(before)
            {
                cancelled.insert(before.id);
            }
            match next.state {
                ItemState::Closed(outcome) => {
                    if !finals.contains(&outcome) {
                        finals.push(outcome);
                    }
                    prop_assert!(!cancelled.contains(&outcome.id), "a cancelled outcome became final");
                    prop_assert!(outcome.final_at <= now, "final inside its undo window");
                    if outcome.kind == OutcomeKind::Expire {
                        prop_assert!(outcome.at >= DEADLINE);
                    }
                    prop_assert_eq!(outcome.by.is_none(), matches!(outcome.kind, OutcomeKind::Expire | OutcomeKind::Supersede));
                }
                ItemState::Pending(outcome) => {
                    prop_assert!(finals.is_empty(), "an item with a final outcome was decided again");
                    prop_assert!(!cancelled.contains(&outcome.id), "a cancelled outcome is pending again");
                    prop_assert!(!matches!(outcome.kind, OutcomeKind::Approve | OutcomeKind::Edit) || next.has_draft);
                }
                ItemState::Open => prop_assert!(finals.is_empty(), "an item with a final outcome is open again"),
            }
            item = next;
        }
        prop_assert!(finals.len() <= 1, "{finals:?}");
    }

    #[test]
    fn a_second_outcome_is_refused_with_who_decided_what_and_when(first in prop::sample::select(&KINDS[..4]), second in prop::sample::select(&KINDS[..5]), by in 1u128..4, at in 0i64..100_000) {
        let item = decide(gate(), first, MIA, 5).unwrap();
        let (closed, outcome) = item.finalise(Timestamp(5 + UNDO_MS)).unwrap();
        prop_assert_eq!((outcome.kind, outcome.by, outcome.at), (first, Some(member(MIA)), Timestamp(5)));
        prop_assert_eq!(decide(closed, second, by, at), Err(ReviewError::AlreadyDecided(outcome)));
        prop_assert_eq!(closed.expire(outcome_id(9), Timestamp(at)), Err(ReviewError::AlreadyDecided(outcome)));
        prop_assert_eq!(closed.supersede(outcome_id(9), Timestamp(at)), Err(ReviewError::AlreadyDecided(outcome)));
        prop_assert_eq!(closed.finalise(Timestamp(at)), Err(ReviewError::AlreadyDecided(outcome)));
        prop_assert_eq!(closed.undo(member(MIA), Timestamp(at)), Err(ReviewError::UndoTooLate(outcome)));
    }

    #[test]
    fn a_decision_names_the_current_revision_or_is_refused_with_it(kind in prop::sample::select(&KINDS[..4]), messages in 1i64..9, seen in 0i64..12) {
        let item = Item { revision: messages, ..gate() };
        let decided = item.decide(outcome_id(1), kind, by(MIA), self::seen(seen, 0), Timestamp(0), UNDO_MS);
        if seen == messages {
            prop_assert!(decided.is_ok());
        } else {
            prop_assert_eq!(decided, Err(ReviewError::NewerMessage { revision: messages }));
        }
    }

    #[test]
    fn a_lease_keeps_others_away_exactly_while_it_lasts(kind in prop::sample::select(&KINDS[..4]), at in 0i64..2 * LEASE_MS) {
        let item = gate().lease(member(MIA), Timestamp(0)).unwrap();
        let lasts = at < LEASE_MS;
        prop_assert_eq!(matches!(decide(item, kind, TOM, at), Err(ReviewError::Leased(_))), lasts);
        prop_assert_eq!(matches!(item.lease(member(TOM), Timestamp(at)), Err(ReviewError::Leased(_))), lasts);
        prop_assert!(decide(item, kind, MIA, at).is_ok());
        prop_assert!(item.lease(member(MIA), Timestamp(at)).is_ok());
        prop_assert!(decide(item, OutcomeKind::TakeOver, TOM, at).is_ok());
    }

    #[test]
    fn an_outcome_can_be_undone_until_it_is_due_and_finalised_from_then_on(at in 0i64..2 * UNDO_MS) {
        let item = decide(gate(), OutcomeKind::Approve, MIA, 0).unwrap();
        prop_assert_eq!(item.undo(member(MIA), Timestamp(at)).is_ok(), at < UNDO_MS);
        prop_assert_eq!(item.finalise(Timestamp(at)).is_ok(), at >= UNDO_MS);
    }

    #[test]
    fn time_alone_never_approves(at in any::<i64>()) {
        let now = Timestamp(at);
        prop_assert_eq!(gate().finalise(now), Err(ReviewError::NotDue));
        if let Ok(item) = gate().expire(outcome_id(1), now) {
            prop_assert!(now >= DEADLINE);
            let ItemState::Closed(outcome) = item.state else { unreachable!("{item:?}") };
            prop_assert_eq!((outcome.kind, outcome.by), (OutcomeKind::Expire, None));
        } else {
            prop_assert!(now < DEADLINE);
        }
    }
}

#[test]
fn undo_cancels_a_pending_outcome_and_the_item_can_be_decided_again() {
    let item = decide(gate(), OutcomeKind::Reject, MIA, 0).unwrap();
    let open = item.undo(member(MIA), Timestamp(1)).unwrap();
    assert_eq!(open.state, ItemState::Open);
    assert_eq!(open.finalise(Timestamp(UNDO_MS)), Err(ReviewError::NotDue));
    assert_eq!(open.undo(member(MIA), Timestamp(2)), Err(ReviewError::NothingToUndo));
    assert!(decide(open, OutcomeKind::Approve, TOM, 2).is_ok());
}

#[test]
fn only_who_decided_can_undo() {
    let item = decide(gate(), OutcomeKind::Approve, MIA, 0).unwrap();
    let outcome = pending(item).unwrap();
    assert_eq!(
        item.undo(member(TOM), Timestamp(1)),
        Err(ReviewError::NotYourDecision(outcome))
    );
}

#[test]
fn a_new_message_cancels_a_pending_outcome_and_keeps_lease_and_deadline() {
    let leased = gate().lease(member(MIA), Timestamp(0)).unwrap();
    let decided = decide(leased, OutcomeKind::Approve, MIA, 0).unwrap();
    let item = decided.visitor_wrote(2, Timestamp(0));
    assert_eq!(item.state, ItemState::Open);
    assert_eq!((item.lease, item.deadline_at), (leased.lease, leased.deadline_at));
    assert_eq!(item.finalise(Timestamp(UNDO_MS)), Err(ReviewError::NotDue));
    assert_eq!(
        decide(item, OutcomeKind::Approve, MIA, 1),
        Err(ReviewError::NothingToRelease),
        "the draft on the screen was for the older revision"
    );
    assert!(decide(item.draft_joined(1), OutcomeKind::Approve, MIA, 1).is_ok());
}

#[test]
fn a_takeover_counts_at_once_and_cancels_what_is_pending() {
    let item = decide(gate(), OutcomeKind::Approve, MIA, 0).unwrap();
    let taken = item
        .decide(
            outcome_id(2),
            OutcomeKind::TakeOver,
            by(TOM),
            seen(1, 0),
            Timestamp(1),
            UNDO_MS,
        )
        .unwrap();
    let ItemState::Closed(outcome) = taken.state else {
        unreachable!("a takeover is final: {taken:?}")
    };
    assert_eq!((outcome.kind, outcome.by), (OutcomeKind::TakeOver, Some(member(TOM))));
    assert_eq!(outcome.final_at, Timestamp(1));
}

#[test]
fn a_pending_decision_keeps_the_item_from_expiring() {
    let item = decide(gate(), OutcomeKind::Approve, MIA, DEADLINE.0 - 1).unwrap();
    let outcome = pending(item).unwrap();
    assert_eq!(
        item.expire(outcome_id(2), DEADLINE),
        Err(ReviewError::AlreadyDecided(outcome))
    );
}

#[test]
fn a_handoff_has_nothing_to_approve_and_waits_for_a_person_for_ever() {
    let item = Item {
        kind: ItemKind::Handoff,
        has_draft: false,
        ..gate()
    };
    for kind in [OutcomeKind::Approve, OutcomeKind::Edit, OutcomeKind::Reject] {
        assert_eq!(decide(item, kind, MIA, 0), Err(ReviewError::NothingToRelease));
        let with_draft = item.draft_joined(1);
        assert_eq!(decide(with_draft, kind, MIA, 0), Err(ReviewError::NothingToRelease));
    }
    assert!(decide(item, OutcomeKind::Respond, MIA, 0).is_ok());
    assert!(decide(item, OutcomeKind::TakeOver, MIA, 0).is_ok());
    assert_eq!(
        item.expire(outcome_id(1), Timestamp(i64::MAX)),
        Err(ReviewError::NotDue)
    );
}

#[test]
fn nobody_decides_that_an_item_expired_or_was_superseded() {
    for kind in [OutcomeKind::Expire, OutcomeKind::Supersede] {
        assert_eq!(decide(gate(), kind, MIA, 0), Err(ReviewError::NotForPeople));
    }
}

#[test]
fn a_lease_from_before_the_clock_went_back_keeps_nobody_away() {
    let item = gate().lease(member(MIA), Timestamp(10 * LEASE_MS)).unwrap();
    assert!(item.lease(member(TOM), Timestamp(9 * LEASE_MS)).is_ok());
    assert!(item.lease(member(TOM), Timestamp(10 * LEASE_MS)).is_err());
}

fn of_two() -> Item {
    Item {
        ballot: Ballot::new(2),
        ..gate()
    }
}

/// What waits again may have been given more time.
fn waiting_until(item: Item, deadline_at: Timestamp) -> Item {
    Item { deadline_at, ..item }
}

#[test]
fn a_second_person_completes_what_the_first_approved() {
    let leased = of_two().lease(member(MIA), Timestamp(0)).unwrap();
    let once = decide(leased, OutcomeKind::Approve, MIA, 1).unwrap();
    assert_eq!(
        (once.state, once.lease, once.ballot.missing()),
        (ItemState::Open, None, 1)
    );
    assert_eq!(
        decide(once, OutcomeKind::Approve, MIA, 2),
        Err(ReviewError::AlreadyApproved)
    );
    let twice = decide(once, OutcomeKind::Approve, TOM, 2).unwrap();
    let outcome = pending(twice).unwrap();
    assert_eq!((outcome.kind, outcome.by), (OutcomeKind::Approve, Some(member(TOM))));
    let undone = twice.undo(member(TOM), Timestamp(3)).unwrap();
    assert_eq!(
        undone,
        waiting_until(once, undone.deadline_at),
        "the first approval stands"
    );
    let none = once.undo(member(MIA), Timestamp(3)).unwrap();
    assert_eq!(none.ballot, of_two().ballot);
}

#[test]
fn an_edit_restarts_the_count_and_nobody_approves_what_they_have_not_read() {
    let once = decide(of_two(), OutcomeKind::Approve, MIA, 1).unwrap();
    let edited = decide(once, OutcomeKind::Edit, TOM, 2).unwrap();
    assert_eq!((edited.state, edited.ballot.missing()), (ItemState::Open, 1));
    let stale = edited.decide(
        outcome_id(1),
        OutcomeKind::Approve,
        by(MIA),
        seen(1, 0),
        Timestamp(3),
        UNDO_MS,
    );
    assert_eq!(stale, Err(ReviewError::OtherWording { wording: 1 }));
    let done = pending(decide(edited, OutcomeKind::Approve, MIA, 4).unwrap()).unwrap();
    assert_eq!(
        (done.kind, done.by),
        (OutcomeKind::Edit, Some(member(MIA))),
        "what goes out is what Tom wrote"
    );
}

#[test]
fn one_person_ends_it_by_rejecting_answering_or_taking_over() {
    let once = decide(of_two(), OutcomeKind::Approve, MIA, 1).unwrap();
    for kind in [OutcomeKind::Reject, OutcomeKind::Respond] {
        assert_eq!(pending(decide(once, kind, TOM, 2).unwrap()).unwrap().kind, kind);
    }
    let taken = decide(once, OutcomeKind::TakeOver, TOM, 2).unwrap();
    assert!(matches!(taken.state, ItemState::Closed(_)));
}

#[test]
fn whoever_takes_an_answer_of_their_own_back_has_approved_what_they_had_approved_before_it() {
    let once = decide(of_two(), OutcomeKind::Approve, MIA, 1).unwrap();
    for kind in [OutcomeKind::Reject, OutcomeKind::Respond] {
        let undone = decide(once, kind, MIA, 2)
            .unwrap()
            .undo(member(MIA), Timestamp(3))
            .unwrap();
        assert_eq!(undone, waiting_until(once, undone.deadline_at), "{kind:?}");
    }
}

#[test]
fn a_new_message_takes_every_approval_back() {
    let once = decide(of_two(), OutcomeKind::Approve, MIA, 1).unwrap();
    let again = once.visitor_wrote(2, Timestamp(1)).draft_joined(1);
    assert_eq!((again.ballot.quorum(), again.ballot.missing()), (2, 2));
    assert_eq!(
        again.draft_joined(3).ballot.quorum(),
        3,
        "a stricter draft asks for more"
    );
}

#[test]
fn who_is_not_named_may_take_over_and_nothing_else() {
    let stranger = Decider {
        member: member(TOM),
        may_decide: false,
    };
    for kind in &KINDS[..4] {
        let refused = gate().decide(outcome_id(1), *kind, stranger, seen(1, 0), Timestamp(1), UNDO_MS);
        assert_eq!(refused, Err(ReviewError::NotAnApprover), "{kind:?}");
    }
    let taken = gate().decide(
        outcome_id(1),
        OutcomeKind::TakeOver,
        stranger,
        seen(1, 0),
        Timestamp(1),
        UNDO_MS,
    );
    assert!(taken.is_ok());
}

#[test]
fn an_item_that_waits_on_has_a_later_deadline_and_is_still_undecided() {
    let until = DEADLINE.plus_ms(gate().next_patience_ms());
    assert_eq!(
        gate().wait_on(outcome_id(1), Timestamp(1), until),
        Err(ReviewError::NotDue)
    );
    let on = gate().wait_on(outcome_id(1), DEADLINE.plus_ms(5), until).unwrap();
    assert_eq!((on.state, on.delayed, on.deadline_at), (ItemState::Open, true, until));
    let hasty = Item {
        patience_ms: 0,
        ..gate()
    };
    assert!(hasty.next_patience_ms() > 0, "never due again at once");
}

#[test]
fn looking_away_gives_up_only_ones_own_lease() {
    let item = gate().lease(member(MIA), Timestamp(0)).unwrap();
    assert_eq!(item.release_lease(member(TOM)), item);
    assert_eq!(item.release_lease(member(MIA)), gate());
}

#[test]
fn the_verdict_follows_from_outcome_answer_and_reasons() {
    use OutcomeKind::{Approve, Edit, Expire, Reject, Respond, Supersede, TakeOver};
    use ReasonCode::{Language, Missing, Tone, Wrong};
    use VerdictLabel::{Acceptable, Bad, CannotJudge};
    type Row = (
        OutcomeKind,
        Option<VerdictLabel>,
        &'static [ReasonCode],
        Option<VerdictLabel>,
    );
    let table: [Row; 20] = [
        (Approve, None, &[], Some(Acceptable)),
        (Approve, Some(Bad), &[Wrong], Some(Acceptable)),
        (Edit, None, &[], Some(Bad)),
        (Edit, None, &[Tone], Some(Acceptable)),
        (Edit, None, &[Tone, Language], Some(Acceptable)),
        (Edit, None, &[Tone, Wrong], Some(Bad)),
        (Edit, None, &[Missing], Some(Bad)),
        (Edit, Some(Acceptable), &[Wrong], Some(Acceptable)),
        (Edit, Some(Bad), &[Tone], Some(Bad)),
        (Edit, Some(CannotJudge), &[], Some(CannotJudge)),
        (Reject, None, &[], Some(Bad)),
        (Reject, None, &[Tone], Some(Bad)),
        (Reject, Some(Acceptable), &[], Some(Acceptable)),
        (Reject, Some(CannotJudge), &[], Some(CannotJudge)),
        (Respond, None, &[], None),
        (Respond, Some(Bad), &[], Some(Bad)),
        (TakeOver, None, &[Wrong], None),
        (TakeOver, Some(Acceptable), &[], Some(Acceptable)),
        (Supersede, Some(Bad), &[], None),
        (Expire, Some(Acceptable), &[], None),
    ];
    for (kind, given, reasons, expected) in table {
        assert_eq!(
            verdict_of(kind, given, reasons),
            expected,
            "{kind:?} {given:?} {reasons:?}"
        );
    }
}
