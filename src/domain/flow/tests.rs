//! The transitions one by one; `domain::story` plays them in any order.

#![expect(
    clippy::large_types_passed_by_value,
    reason = "a flow is copied from step to step, as the app does"
)]

mod owners;
mod terms;

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
fn a_program_that_hands_over_calls_a_person_once_and_only_where_somebody_waits() {
    let (flow, draft) = held();
    let called = flow.hand_over(at(3_000)).unwrap();
    assert_eq!(called.flow.ownership.owner, Owner::Nobody);
    let opened = called.effects.iter().any(|effect| {
        matches!(effect, Effect::ItemOpened { reasons, item, .. }
            if *reasons == [Reason::HandedOver] && item.kind == ItemKind::Handoff)
    });
    assert!(opened && called.flow.admits(draft.ticket).is_err());
    assert_eq!(called.flow.hand_over(at(4_000)).unwrap().effects, []);
    let taken = flow.take_over(at(3_000), mia()).unwrap().flow;
    assert_eq!(taken.hand_over(at(4_000)).unwrap().effects, []);
    assert_eq!(Flow::start().hand_over(at(0)), Err(FlowError::NothingWaits));
    let spam = flow.mark_spam(at(3_000), Spam::Marked).unwrap().flow;
    assert_eq!(spam.hand_over(at(4_000)), Err(FlowError::AlreadySpam));
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
