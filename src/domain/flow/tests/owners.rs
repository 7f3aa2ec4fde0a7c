//! A person in charge: takes over, is gone, hands back.

use super::*;

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
