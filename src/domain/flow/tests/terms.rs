//! Who has to approve, until when, and what follows if nobody does.

use super::*;

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
