//! The transitions one by one; `domain::story` plays them in any order.

#![expect(
    clippy::large_types_passed_by_value,
    reason = "a flow is copied from step to step, as the app does"
)]

use super::*;
use crate::domain::policy::{Document, Hours, POLICY_VERSION, Policy, Terms};
use crate::domain::release::Basis;
use crate::domain::review::LEASE_MS;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

struct Counter(AtomicU64);

impl IdSource for Counter {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1)
    }
}

static IDS: Counter = Counter(AtomicU64::new(0));

const LIMITS: Limits = Limits {
    undo_ms: 8_000,
    hold_ms: 60_000,
    handoff_ms: 300_000,
};

fn at(ms: i64) -> Context<'static> {
    Context {
        now: Timestamp(ms),
        ids: &IDS,
        limits: LIMITS,
        duty: Duty::ROUND_THE_CLOCK,
    }
}

fn mia() -> MemberId {
    MemberId::from(Uuid::from_u128(1 << 64))
}

fn tom() -> MemberId {
    MemberId::from(Uuid::from_u128(2 << 64))
}

fn by(member: MemberId) -> Decider {
    Decider {
        member,
        may_decide: true,
    }
}

fn seen(revision: i64) -> Seen {
    Seen { revision, wording: 0 }
}

fn propose(flow: Flow, text: &str) -> Proposed<'_> {
    let (turn_id, turn) = flow.turn.unwrap();
    Proposed {
        id: DraftId::new(&IDS),
        ticket: Ticket {
            turn_id,
            revision: turn.revision,
            epoch: flow.ownership.epoch,
        },
        text,
    }
}

fn decided(kind: DecisionKind) -> Decision {
    Decision {
        kind,
        reasons: vec![Reason::GateClosed],
        policy_version: POLICY_VERSION,
        rules: Vec::new(),
        terms: Terms::default(),
    }
}

fn finish(flow: Flow, ms: i64, draft: Proposed<'_>, kind: DecisionKind) -> Result<Step, FlowError> {
    flow.draft_finished(at(ms), draft, (DecisionId::new(&IDS), &decided(kind)), [0; 16])
}

/// A visitor asked at 0, and the draft "Ja" is held since 2 000.
fn held() -> (Flow, Proposed<'static>) {
    let asked = Flow::start().visitor_wrote(at(0)).flow;
    let draft = propose(asked, "Ja");
    (finish(asked, 2_000, draft, DecisionKind::Hold).unwrap().flow, draft)
}

fn state(flow: Flow) -> TurnState {
    flow.turn.unwrap().1.state
}

#[test]
fn an_approved_draft_goes_out_once_when_its_undo_window_is_over() {
    let (flow, draft) = held();
    let pending = flow
        .decide(at(3_000), OutcomeKind::Approve, by(mia()), seen(1))
        .unwrap()
        .flow;
    assert_eq!(pending.dues(), [(Timestamp(11_000), Due::Finalise)]);
    assert_eq!(
        pending.finalise(at(10_999), Some(draft), "Ja", [0; 16]),
        Err(ReviewError::NotDue.into())
    );
    let done = pending.finalise(at(11_000), Some(draft), "Ja", [0; 16]).unwrap();
    let [Effect::ItemClosed { item, outcome }, Effect::AiAnswers(release)] = &done.effects[..] else {
        unreachable!("{:?}", done.effects)
    };
    assert_eq!(*item, flow.item.unwrap().id);
    assert_eq!((release.text(), release.basis()), ("Ja", Basis::Outcome(outcome.id)));
    assert_eq!((state(done.flow), done.flow.item), (TurnState::Answered, None));
    assert_eq!(done.flow.dues(), []);
    assert_eq!(
        done.flow.finalise(at(20_000), Some(draft), "Ja", [0; 16]),
        Err(FlowError::NoItem)
    );
}

#[test]
fn a_draft_made_under_an_old_epoch_has_no_effect_even_when_the_ai_answers_again() {
    let asked = Flow::start().visitor_wrote(at(0)).flow;
    let draft = propose(asked, "Ja");
    let taken = asked.take_over(at(2_500), mia()).unwrap().flow;
    let back = taken.hand_back(at(5_000), mia()).unwrap().flow;
    for (flow, kind) in [
        (taken, DecisionKind::Send),
        (back, DecisionKind::Send),
        (back, DecisionKind::HandOff),
    ] {
        let late = finish(flow, 3_000, draft, kind);
        assert!(
            matches!(late, Err(FlowError::Ownership(OwnershipError::EpochPassed { .. }))),
            "{late:?}"
        );
    }
    assert!(finish(back, 3_000, propose(back, "Ja"), DecisionKind::Send).is_ok());
}

#[test]
fn a_draft_for_a_question_that_is_over_does_not_answer_the_next_one() {
    let asked = Flow::start().visitor_wrote(at(0)).flow;
    let draft = propose(asked, "Ja");
    let answered = finish(asked, 2_000, draft, DecisionKind::Send).unwrap().flow;
    let next = answered.visitor_wrote(at(3_000)).flow;
    assert_eq!(
        finish(next, 5_000, draft, DecisionKind::Send),
        Err(FlowError::OtherTurn)
    );
}

#[test]
fn a_held_turn_never_loosens() {
    let (flow, _) = held();
    let again = flow.visitor_wrote(at(3_000)).flow;
    let draft = propose(again, "Doch");
    let joined = finish(again, 5_000, draft, DecisionKind::Send).unwrap();
    assert_eq!(joined.effects, [Effect::DraftJoined(draft.id)]);
    let (before, now) = (flow.item.unwrap(), joined.flow.item.unwrap());
    assert_eq!((now.id, now.deadline_at), (before.id, before.deadline_at));
    assert_eq!((now.revision, now.has_draft), (2, true));

    let stricter = finish(again, 5_000, draft, DecisionKind::HandOff).unwrap();
    assert!(
        matches!(
            &stricter.effects[..],
            [
                Effect::ItemClosed { outcome, .. },
                Effect::OwnerChanged(Owner::Nobody),
                Effect::ItemOpened { item, .. },
                Effect::SystemSays(SystemText::HandedOff),
            ] if outcome.kind == OutcomeKind::Supersede && item.kind == ItemKind::Handoff
        ),
        "{:?}",
        stricter.effects
    );
}

#[test]
fn an_answer_that_a_person_has_written_stands_whatever_the_ai_comes_up_with() {
    let (flow, _) = held();
    let again = flow.visitor_wrote(at(3_000)).flow;
    let answered = again
        .decide(at(3_500), OutcomeKind::Respond, by(mia()), seen(2))
        .unwrap()
        .flow;
    for kind in [
        DecisionKind::Send,
        DecisionKind::Hold,
        DecisionKind::HandOff,
        DecisionKind::Refuse,
    ] {
        let after = finish(answered, 5_000, propose(answered, "Doch"), kind).unwrap().flow;
        assert_eq!(after.item.unwrap().state, answered.item.unwrap().state);
        assert_eq!(after.item.unwrap().has_draft, kind <= DecisionKind::Hold, "{kind:?}");
        let done = after.finalise(at(11_500), None, "Von Mia", [0; 16]).unwrap();
        assert_eq!(done.effects.last(), Some(&Effect::PersonAnswers { by: mia() }));
        // Undone, it still has a deadline, and something to decide about until then.
        let undone = after.undo(mia(), Timestamp(6_000)).unwrap().flow;
        let expires = (Timestamp(66_000), Due::Expire);
        if kind <= DecisionKind::Hold {
            assert_eq!(undone.dues(), [expires]);
        } else {
            assert_eq!(undone.dues(), [(Timestamp(5_000), Due::Draft), expires], "{kind:?}");
        }
    }
}

#[test]
fn an_answer_that_is_undone_does_not_take_the_call_for_a_person_with_it() {
    let (flow, _) = held();
    let again = flow.visitor_wrote(at(3_000)).flow;
    let answered = again
        .decide(at(3_500), OutcomeKind::Respond, by(mia()), seen(2))
        .unwrap()
        .flow;
    let kept_out = finish(answered, 5_000, propose(answered, ""), DecisionKind::HandOff).unwrap();
    assert_eq!(state(kept_out.flow), TurnState::Held);
    let undone = kept_out.flow.undo(mia(), Timestamp(6_000)).unwrap().flow;
    assert!(undone.start_draft(Timestamp(6_000)).is_ok(), "the AI looks at it again");
    let called = finish(undone, 7_000, propose(undone, ""), DecisionKind::HandOff)
        .unwrap()
        .flow;
    assert_eq!(called.ownership.owner, Owner::Nobody);
    assert_eq!(called.item.unwrap().kind, ItemKind::Handoff);
}

#[test]
fn an_empty_draft_is_handed_off_whatever_was_decided() {
    let asked = Flow::start().visitor_wrote(at(0)).flow;
    for kind in [DecisionKind::Send, DecisionKind::Hold] {
        let step = finish(asked, 2_000, propose(asked, ""), kind).unwrap();
        assert_eq!(step.flow.ownership.owner, Owner::Nobody);
        assert_eq!(state(step.flow), TurnState::Waiting);
    }
}

#[test]
fn a_rejected_draft_hands_the_visitor_off_and_the_answer_returns_the_conversation_to_the_ai() {
    let (flow, draft) = held();
    let pending = flow
        .decide(at(3_000), OutcomeKind::Reject, by(mia()), seen(1))
        .unwrap()
        .flow;
    let waiting = pending.finalise(at(11_000), Some(draft), "", [0; 16]).unwrap().flow;
    assert_eq!(
        (waiting.ownership.owner, state(waiting)),
        (Owner::Nobody, TurnState::Waiting)
    );
    let item = waiting.item.unwrap();
    assert_eq!((item.kind, item.has_draft), (ItemKind::Handoff, false));

    let pending = waiting
        .decide(at(12_000), OutcomeKind::Respond, by(tom()), seen(1))
        .unwrap()
        .flow;
    let done = pending.finalise(at(20_000), None, "Von Tom", [0; 16]).unwrap();
    assert!(done.effects.contains(&Effect::PersonAnswers { by: tom() }));
    assert!(done.effects.contains(&Effect::OwnerChanged(Owner::Ai)));
    assert_eq!(state(done.flow), TurnState::Answered);
}

#[test]
fn who_was_looking_when_the_deadline_passed_goes_on_with_the_handoff() {
    let (flow, _) = held();
    let item = flow.item.unwrap().lease(mia(), Timestamp(61_000)).unwrap();
    let flow = Flow {
        item: Some(item),
        ..flow
    };
    assert_eq!(flow.expire(at(61_999)), Err(ReviewError::NotDue.into()));
    let handed_off = flow.expire(at(62_000)).unwrap().flow;
    let item = handed_off.item.unwrap();
    assert_eq!((item.kind, item.lease), (ItemKind::Handoff, flow.item.unwrap().lease));
    let other = handed_off.decide(at(62_001), OutcomeKind::Respond, by(tom()), seen(1));
    assert!(
        matches!(other, Err(FlowError::Review(ReviewError::Leased(_)))),
        "{other:?}"
    );
    assert!(
        handed_off
            .decide(at(62_001), OutcomeKind::Respond, by(mia()), seen(1))
            .is_ok()
    );
    let later = at(61_000 + LEASE_MS);
    assert!(
        handed_off
            .decide(later, OutcomeKind::Respond, by(tom()), seen(1))
            .is_ok()
    );
    assert_eq!(handed_off.dues(), [], "no rule can be the person who is asked for");
}

#[test]
fn a_takeover_cancels_what_is_pending_and_closes_the_item() {
    let (flow, _) = held();
    let pending = flow
        .decide(at(3_000), OutcomeKind::Approve, by(mia()), seen(1))
        .unwrap()
        .flow;
    for taken in [
        pending.take_over(at(4_000), tom()).unwrap(),
        pending
            .decide(at(4_000), OutcomeKind::TakeOver, by(tom()), seen(1))
            .unwrap(),
    ] {
        assert!(
            matches!(
                &taken.effects[..],
                [
                    Effect::OutcomeCancelled(cancelled),
                    Effect::ItemClosed { outcome, .. },
                    Effect::OwnerChanged(Owner::Person(owner)),
                ] if cancelled.kind == OutcomeKind::Approve && outcome.kind == OutcomeKind::TakeOver && *owner == tom()
            ),
            "{:?}",
            taken.effects
        );
        assert_eq!((taken.flow.item, state(taken.flow)), (None, TurnState::Waiting));
    }
}

#[test]
fn handed_back_the_ai_drafts_for_what_the_person_left_unanswered_and_for_nothing_else() {
    let asked = Flow::start().visitor_wrote(at(0)).flow;
    let taken = asked.take_over(at(1_000), mia()).unwrap().flow;
    let answer_due_at = Timestamp(1_000 + LIMITS.handoff_ms);
    assert_eq!(
        taken.dues(),
        [(answer_due_at, Due::Recall)],
        "the AI has nothing to do here"
    );
    assert_eq!(
        taken.hand_back(at(5_000), mia()).unwrap().flow.dues(),
        [
            (Timestamp(2_000), Due::Draft),
            (Timestamp(5_000 + LIMITS.hold_ms), Due::Recall)
        ]
    );
    let written = taken.person_wrote(mia()).unwrap().flow;
    assert_eq!(written.hand_back(at(5_000), mia()).unwrap().flow.dues(), []);
}

#[test]
fn only_the_person_who_took_over_writes() {
    let (flow, _) = held();
    assert_eq!(flow.person_wrote(mia()), Err(FlowError::TakeOverFirst));
    let taken = flow.take_over(at(3_000), mia()).unwrap().flow;
    assert_eq!(
        taken.person_wrote(tom()),
        Err(OwnershipError::OwnedByOther(mia()).into())
    );
    let written = taken.person_wrote(mia()).unwrap();
    assert_eq!(written.effects, [Effect::PersonAnswers { by: mia() }]);
    assert_eq!(state(written.flow), TurnState::Answered);
}

#[test]
fn an_altered_approval_is_refused_at_the_last_moment() {
    let (flow, draft) = held();
    let pending = flow
        .decide(at(3_000), OutcomeKind::Approve, by(mia()), seen(1))
        .unwrap()
        .flow;
    assert_eq!(
        pending.finalise(at(11_000), Some(draft), "Ja!", [0; 16]),
        Err(ReleaseError::DifferentText.into())
    );
    assert_eq!(
        pending.finalise(at(11_000), None, "Ja", [0; 16]),
        Err(ReviewError::NothingToRelease.into())
    );
}

/// A draft that is held since 2 000 under terms of its own.
fn held_under(terms: Terms) -> (Flow, Proposed<'static>) {
    let asked = Flow::start().visitor_wrote(at(0)).flow;
    let draft = propose(asked, "Ja");
    let decision = Decision {
        terms,
        ..decided(DecisionKind::Hold)
    };
    let step = asked.draft_finished(at(2_000), draft, (DecisionId::new(&IDS), &decision), [0; 16]);
    (step.unwrap().flow, draft)
}

#[test]
fn the_terms_say_when_the_deadline_is_and_what_follows() {
    let after = |fallback| {
        let terms = Terms {
            deadline_ms: Some(5_000),
            fallback,
            ..Terms::default()
        };
        let (flow, _) = held_under(terms);
        assert_eq!(flow.dues(), [(Timestamp(7_000), Due::Expire)]);
        flow.expire(at(7_000)).unwrap()
    };
    let handed_off = after(Fallback::HandOff);
    assert_eq!(
        handed_off.effects.last(),
        Some(&Effect::SystemSays(SystemText::HandedOff))
    );
    let asked = after(Fallback::TakeEmail);
    assert_eq!(
        asked.effects.last(),
        Some(&Effect::SystemSays(SystemText::AsksForEmail))
    );
    for step in [&handed_off, &asked] {
        assert_eq!(step.flow.ownership.owner, Owner::Nobody);
        assert_eq!(step.flow.item.unwrap().kind, ItemKind::Handoff);
    }
    let refused = after(Fallback::Refuse);
    assert_eq!(refused.effects.last(), Some(&Effect::SystemSays(SystemText::Refused)));
    assert_eq!((state(refused.flow), refused.flow.item), (TurnState::Answered, None));
}

/// A business that opens at 0:01 on the first day of all time, a Thursday, and closes at 0:03.
fn opens_for_two_minutes() -> Policy {
    let hours = Hours {
        thursday: vec!["00:01-00:03".parse().unwrap()],
        ..Hours::default()
    };
    Policy {
        document: Document {
            hours: Some(hours),
            ..Document::default()
        },
        ..Policy::default()
    }
}

#[test]
fn out_of_hours_the_visitor_is_told_when_somebody_is_back_and_the_deadline_waits_for_them() {
    let policy = opens_for_two_minutes();
    let duty = Duty {
        policy: Some(&policy),
        ..Duty::ROUND_THE_CLOCK
    };
    let context = |ms| Context { duty, ..at(ms) };
    let back_at = Some(Timestamp(60_000));
    let asked = Flow::start().visitor_wrote(context(0)).flow;
    let draft = propose(asked, "Ja");
    let decision = Decision {
        terms: Terms {
            deadline_ms: Some(90_000),
            ..Terms::default()
        },
        ..decided(DecisionKind::Hold)
    };
    let held = asked
        .draft_finished(context(2_000), draft, (DecisionId::new(&IDS), &decision), [0; 16])
        .unwrap();
    assert_eq!(
        held.effects.last(),
        Some(&Effect::SystemSays(SystemText::Closed { back_at }))
    );
    assert_eq!(held.flow.dues(), [(Timestamp(150_000), Due::Expire)]);
    assert!(held.flow.expire(context(149_999)).is_err());
    let late = held.flow.expire(context(150_000)).unwrap();
    assert_eq!(
        late.effects.last(),
        Some(&Effect::SystemSays(SystemText::HandedOff)),
        "open by now"
    );

    let wish = held.flow.visitor_wants_person(context(3_000)).unwrap();
    assert_eq!(
        wish.effects.last(),
        Some(&Effect::SystemSays(SystemText::Closed { back_at }))
    );
    // Counted in business hours: five minutes are the next Thursday's, and the one's after.
    let week_ms = 7 * 24 * 60 * 60_000;
    assert_eq!(wish.flow.item.unwrap().deadline_at, Timestamp(2 * week_ms + 120_000));
}

#[test]
fn an_address_is_asked_for_where_nobody_is_there() {
    let away = Duty {
        anybody_there: false,
        ..Duty::ROUND_THE_CLOCK
    };
    let asked = Flow::start().visitor_wrote(at(0)).flow;
    let context = Context {
        duty: away,
        ..at(1_000)
    };
    let wish = asked.visitor_wants_person(context).unwrap();
    assert_eq!(wish.effects.last(), Some(&Effect::SystemSays(SystemText::AsksForEmail)));
}

#[test]
fn a_holding_message_is_said_once_and_the_item_goes_on_waiting() {
    let (flow, draft) = held_under(Terms {
        deadline_ms: Some(100_000),
        fallback: Fallback::HoldingMessage,
        ..Terms::default()
    });
    let first = flow.expire(at(102_000)).unwrap();
    assert_eq!(first.effects, [Effect::SystemSays(SystemText::TakesLonger)]);
    assert_eq!(first.flow.dues(), [(Timestamp(202_000), Due::Expire)]);
    let second = first.flow.expire(at(202_000)).unwrap();
    assert_eq!(second.effects, []);
    let decided = second
        .flow
        .decide(at(203_000), OutcomeKind::Approve, by(mia()), seen(1));
    let done = decided.unwrap().flow.finalise(at(211_000), Some(draft), "Ja", [0; 16]);
    assert!(done.is_ok(), "{done:?}");
}

#[test]
fn two_approve_one_answer_and_the_first_may_take_it_back() {
    let (flow, draft) = held_under(Terms {
        quorum: 2,
        ..Terms::default()
    });
    let once = flow
        .decide(at(3_000), OutcomeKind::Approve, by(mia()), seen(1))
        .unwrap();
    assert!(matches!(
        once.effects[..],
        [Effect::Approved(Approval { edits: false, .. })]
    ));
    assert_eq!(once.flow.dues(), flow.dues(), "the deadline goes on");
    let back = once.flow.undo(mia(), Timestamp(3_500)).unwrap();
    assert_eq!(back.effects, [Effect::ApprovalWithdrawn { by: mia() }]);
    let twice = once
        .flow
        .decide(at(4_000), OutcomeKind::Approve, by(tom()), seen(1))
        .unwrap();
    let done = twice.flow.finalise(at(12_000), Some(draft), "Ja", [0; 16]).unwrap();
    assert!(matches!(
        done.effects[..],
        [Effect::ItemClosed { .. }, Effect::AiAnswers(_)]
    ));
}

#[test]
fn nobody_works_on_spam_until_it_turns_out_to_be_none() {
    let (flow, _) = held();
    let again = flow.visitor_wrote(at(3_000)).flow;
    let draft = propose(again, "Doch");
    let marked = again.mark_spam(at(3_500), Spam::Marked).unwrap();
    assert!(
        matches!(&marked.effects[..], [Effect::ItemClosed { outcome, .. }] if outcome.kind == OutcomeKind::Supersede),
        "{:?}",
        marked.effects
    );
    assert_eq!((marked.flow.dues(), marked.flow.item), (Vec::new(), None));
    assert!(finish(marked.flow, 5_000, draft, DecisionKind::Send).is_err());
    let more = marked.flow.visitor_wrote(at(6_000)).flow;
    assert_eq!(more.dues(), []);
    assert_eq!(more.mark_spam(at(6_000), Spam::Marked), Err(FlowError::AlreadySpam));
    let cleared = more.clear_spam(at(7_000)).unwrap().flow;
    let owes = (Timestamp(7_000 + LIMITS.hold_ms), Due::Recall);
    assert_eq!(cleared.dues(), [(Timestamp(8_000), Due::Draft), owes]);
    assert_eq!(cleared.clear_spam(at(7_000)), Err(FlowError::NotSpam));
    let taken = more.take_over(at(7_000), mia()).unwrap().flow;
    assert_eq!(taken.spam, None, "whoever answers does not think it spam");
    assert_eq!(taken.mark_spam(at(7_000), Spam::Marked), Err(FlowError::PersonAnswers));
}

#[test]
fn a_wish_for_a_person_withdraws_what_is_held_and_calls_one_once() {
    let (flow, draft) = held();
    let called = flow.visitor_wants_person(at(3_000)).unwrap();
    assert_eq!(called.flow.ownership.owner, Owner::Nobody);
    assert!(called.effects.contains(&Effect::SystemSays(SystemText::HandedOff)));
    assert!(
        called
            .flow
            .item
            .is_some_and(|item| item.kind == ItemKind::Handoff && !item.has_draft)
    );
    assert!(
        called.flow.admits(draft.ticket).is_err(),
        "nothing the AI drafted may follow"
    );
    assert_eq!(called.flow.visitor_wants_person(at(4_000)).unwrap().effects, []);
    assert_eq!(Flow::start().visitor_wants_person(at(0)), Err(FlowError::NoTurn));
}

#[test]
fn a_conversation_that_is_over_leaves_nothing_open_and_the_ai_answers_what_comes_next() {
    let (flow, draft) = held();
    let taken = flow.take_over(at(3_000), mia()).unwrap().flow;
    assert_eq!(
        taken.close(at(4_000), Some(tom())),
        Err(OwnershipError::OwnedByOther(mia()).into())
    );
    for (flow, by) in [(taken, Some(mia())), (taken, None), (flow, Some(tom()))] {
        let over = flow.close(at(4_000), by).unwrap().flow;
        assert!(over.is_idle() && over.dues().is_empty() && over.ownership.owner == Owner::Ai);
        assert!(over.admits(draft.ticket).is_err(), "a draft of before has no effect");
        let again = over.visitor_wrote(at(9_000)).flow;
        let owes = (Timestamp(9_000 + LIMITS.hold_ms), Due::Recall);
        assert_eq!(again.dues(), [(Timestamp(11_000), Due::Draft), owes]);
    }
}

#[test]
fn a_colleague_steps_in_where_a_sleeping_laptop_keeps_the_visitor_waiting() {
    let (flow, _) = held();
    let taken = flow.take_over(at(3_000), mia()).unwrap().flow;
    let until = 3_000 + LIMITS.handoff_ms;
    let too_early = taken.take_over(at(until - 1), tom());
    assert_eq!(too_early, Err(OwnershipError::OwnedByOther(mia()).into()));
    let relieved = taken.take_over(at(until), tom()).unwrap().flow;
    assert_eq!(relieved.ownership.owner, Owner::Person(tom()));
    assert!(relieved.ownership.epoch > taken.ownership.epoch);
    assert_eq!(
        relieved.person_wrote(mia()),
        Err(OwnershipError::OwnedByOther(tom()).into())
    );
    let answered = taken.person_wrote(mia()).unwrap().flow;
    assert!(
        answered.take_over(at(LIMITS.handoff_ms * 9), tom()).is_err(),
        "nobody waits"
    );
}

#[test]
fn an_owner_who_is_gone_does_not_keep_the_visitor_waiting_for_ever() {
    let (flow, draft) = held();
    let taken = flow.take_over(at(3_000), mia()).unwrap().flow;
    let hello = taken.visitor_wrote(at(200_000)).flow;
    let due = 3_000 + LIMITS.handoff_ms;
    assert_eq!(hello.dues(), [(Timestamp(due), Due::Recall)], "no younger by that");
    let refused: Result<Step, FlowError> = Err(ReviewError::NotDue.into());
    assert_eq!(hello.recall(at(due - 1), false), refused);
    assert_eq!(hello.recall(at(due), true), refused, "she is there");
    let twice = due + LIMITS.handoff_ms;
    assert_eq!(hello.recall(at(twice - 1), true), refused, "she is there");
    assert!(hello.recall(at(twice), true).is_ok(), "however long she is there");
    assert_eq!(flow.recall(at(due), false), refused, "nobody is waited for");

    let step = hello.recall(at(due), false).unwrap();
    let called = step.flow;
    assert_eq!(called.ownership.owner, Owner::Nobody);
    assert!(called.ownership.epoch > taken.ownership.epoch && called.admits(draft.ticket).is_err());
    assert_eq!(called.item.unwrap().kind, ItemKind::Handoff);
    assert!(step.effects.iter().any(|effect| matches!(
        effect,
        Effect::ItemOpened { reasons, .. } if reasons[..] == [Reason::Timeout]
    )));
    assert_eq!(called.dues(), []);
    assert_eq!(called.person_wrote(mia()), Err(FlowError::TakeOverFirst));
    assert!(called.take_over(at(due + 1), mia()).is_ok(), "back again");

    let answered = taken.person_wrote(mia()).unwrap().flow;
    assert_eq!(answered.dues(), []);
}

#[test]
fn of_two_takeovers_one_wins_however_long_the_visitor_had_waited_before() {
    let asked = Flow::start().visitor_wrote(at(0)).flow;
    let waiting = finish(asked, 2_000, propose(asked, ""), DecisionKind::HandOff)
        .unwrap()
        .flow;
    let late = LIMITS.handoff_ms * 3;
    let taken = waiting.take_over(at(late), mia()).unwrap().flow;
    let beaten = taken.take_over(at(late + 5), tom());
    assert_eq!(beaten, Err(OwnershipError::OwnedByOther(mia()).into()));

    // "Hello?" is no new question, and what comes after an answer is one.
    let hello = taken.visitor_wrote(at(late + LIMITS.handoff_ms - 1)).flow;
    assert!(hello.take_over(at(late + LIMITS.handoff_ms), tom()).is_ok());
    let answered = hello.person_wrote(mia()).unwrap().flow;
    let asks_on = late + LIMITS.handoff_ms * 5;
    let asked = answered.visitor_wrote(at(asks_on)).flow;
    assert!(asked.take_over(at(asks_on + LIMITS.handoff_ms - 1), tom()).is_err());
    assert!(asked.take_over(at(asks_on + LIMITS.handoff_ms), tom()).is_ok());
}

/// A question, and "hello?" every ten seconds: each message overtakes the draft that was under way.
#[test]
fn somebody_is_called_where_the_visitors_messages_overtake_every_draft() {
    let asked = Flow::start().visitor_wrote(at(0)).flow;
    let first = propose(asked, "Ja");
    let mut flow = asked;
    for n in 1..=5 {
        flow = flow.visitor_wrote(at(n * 10_000)).flow;
    }
    let due = LIMITS.hold_ms;
    assert_eq!(
        flow.dues(),
        [(Timestamp(52_000), Due::Draft), (Timestamp(due), Due::Recall)],
        "no younger by that"
    );
    assert!(flow.recall(at(due - 1), false).is_err());
    let step = flow.recall(at(due), true).unwrap();
    let called = step.flow;
    assert_eq!(called.ownership.owner, Owner::Nobody);
    assert_eq!(called.item.unwrap().kind, ItemKind::Handoff);
    assert!(called.admits(first.ticket).is_err() && called.dues().is_empty());
    assert!(step.effects.iter().any(|effect| matches!(
        effect,
        Effect::ItemOpened { reasons, .. } if reasons[..] == [Reason::EngineDeadline]
    )));

    // A draft that is there in time has a deadline of its own, and so has the next question.
    let held = finish(flow, 52_000, propose(flow, "Ja"), DecisionKind::Hold)
        .unwrap()
        .flow;
    assert_eq!(held.dues(), [(Timestamp(52_000 + LIMITS.hold_ms), Due::Expire)]);
    let overtaken = held.visitor_wrote(at(53_000)).flow;
    assert_eq!(overtaken.answer_due_at, None, "the item's deadline counts");
    let sent = finish(flow, 52_000, propose(flow, "Ja"), DecisionKind::Send)
        .unwrap()
        .flow;
    let next = sent.visitor_wrote(at(70_000)).flow;
    assert_eq!(next.answer_due_at, Some(Timestamp(70_000 + LIMITS.hold_ms)));
}

#[test]
fn what_waits_again_after_its_deadline_waits_long_enough_to_be_looked_at() {
    let (flow, _draft) = held();
    let deadline = flow.item.unwrap().deadline_at;
    let decided_at = deadline.0 - 1_000;
    let pending = flow
        .decide(at(decided_at), OutcomeKind::Approve, by(mia()), seen(1))
        .unwrap()
        .flow;
    let now = deadline.0 + 1_000;
    let undone = pending.undo(mia(), Timestamp(now)).unwrap().flow;
    let written = pending.visitor_wrote(at(now)).flow;
    for again in [undone, written] {
        let until = again.item.unwrap().deadline_at;
        assert!(until.0 >= now + 60_000, "{until:?}");
        assert!(again.expire(at(now)).is_err());
    }
    let in_time = pending.undo(mia(), Timestamp(decided_at + 1)).unwrap().flow;
    assert!(in_time.item.unwrap().deadline_at >= deadline);
}
