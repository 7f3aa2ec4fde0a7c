use super::*;
use crate::domain::ids::WorkspaceId;
use std::collections::BTreeSet;
use uuid::Uuid;

fn told(kind: EventKind, actor: &str, refs: &[(&str, &str)]) -> Vec<(&'static str, Value)> {
    let header = Header {
        workspace_id: WorkspaceId::from(Uuid::from_u128(1)),
        seq: 7,
        at: Timestamp(1_000),
        kind: kind.as_str().to_owned(),
        actor: actor.to_owned(),
        refs: refs
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    };
    let events = events_of(&header).into_iter();
    events
        .map(|event| {
            assert_eq!((event.seq, event.at), (7, Timestamp(1_000)));
            assert_eq!(event.data["seq"], 7);
            assert!(event.path.starts_with('/'));
            (event.kind.as_str(), Value::Object(event.data))
        })
        .collect()
}

fn types(kind: EventKind, actor: &str, refs: &[(&str, &str)]) -> Vec<&'static str> {
    told(kind, actor, refs).into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn every_type_has_one_name_and_is_told_by_some_entry() {
    let all = [
        "conversation",
        "message",
        "outcome",
        "item",
        "opened_item",
        "lead",
        "action",
        "month",
    ];
    let mut refs: Vec<(&str, &str)> = all.iter().map(|name| (*name, "id")).collect();
    refs.extend([("status", "pending"), ("gate", "gate.opened"), ("was_done", "true")]);
    let mut seen = BTreeSet::new();
    for kind in TOLD_OF.into_iter().chain(MAY_MOVE_THE_GATE) {
        assert!(may_tell(kind.as_str()));
        let actor = if kind == EventKind::ActionCancelled {
            "system"
        } else {
            "member:m1"
        };
        let found = types(kind, actor, &refs);
        assert!(!found.is_empty(), "{kind:?}");
        seen.extend(found);
    }
    assert_eq!(seen, Type::ALL.iter().map(|kind| kind.as_str()).collect());
    for kind in Type::ALL {
        assert_eq!(kind.as_str().parse(), Ok(*kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        assert!(kind.in_words().ends_with('.') && !kind.in_words().starts_with(' '));
    }
    let unknown = "message.deleted".parse::<Type>().unwrap_err().to_string();
    assert!(
        unknown.contains("message.deleted") && unknown.contains("gate.closed"),
        "{unknown}"
    );
}

#[test]
fn what_holdpoint_says_of_itself_tells_nobody_anything() {
    for kind in [
        EventKind::WebhookDelivered,
        EventKind::WebhookFailed,
        EventKind::WebhookSubscribed,
        EventKind::ReviewDecided,
        EventKind::ReviewUndone,
        EventKind::MemberSignedIn,
    ] {
        assert!(!may_tell(kind.as_str()));
        assert_eq!(
            types(kind, "system", &[("outcome", "o"), ("message", "m"), ("item", "i")]),
            [""; 0]
        );
    }
    assert!(!may_tell("an.entry_of_tomorrow"));
}

#[test]
fn who_wrote_is_told_and_what_was_written_is_not() {
    let refs = [("conversation", "c"), ("message", "m"), ("seq", "3")];
    for (kind, actor, author) in [
        (EventKind::MessageCreated, "visitor:v", "visitor"),
        (EventKind::MessageCreated, "member:x", "member"),
        (EventKind::MessageCreated, "ai", "system"),
        (EventKind::MessageReleased, "ai", "ai"),
        (EventKind::MessageReleased, "member:x", "ai"),
    ] {
        let told = told(kind, actor, &refs);
        let [("message.created", data)] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!((&data["author"], &data["message_seq"]), (&author.into(), &3.into()));
        assert_eq!(
            (&data["conversation_id"], &data["message_id"]),
            (&"c".into(), &"m".into())
        );
    }
}

#[test]
fn a_visitor_who_asks_for_a_person_wrote_something_too() {
    let refs = [("conversation", "c"), ("message", "m"), ("opened_item", "i")];
    let told = told(EventKind::ConversationHandedOff, "visitor:v", &refs);
    let [("message.created", message), ("conversation.handed_off", handed_off)] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(message["author"], "visitor");
    assert_eq!(
        (&handed_off["item_id"], &handed_off["by"]),
        (&"i".into(), &"visitor".into())
    );
}

#[test]
fn a_decision_is_told_once_and_when_it_stands() {
    let refs = [
        ("conversation", "c"),
        ("item", "i"),
        ("outcome", "o"),
        ("decision", "approve"),
    ];
    assert_eq!(types(EventKind::ReviewDecided, "member:x", &refs), [""; 0]);
    for (kind, and) in [
        (EventKind::MessageReleased, None),
        (EventKind::ConversationHandedOff, Some("conversation.handed_off")),
        (EventKind::ConversationTakenOver, Some("conversation.taken_over")),
    ] {
        let mut expected = vec!["review.decided"];
        expected.extend(and);
        assert_eq!(types(kind, "member:x", &refs), expected);
        assert_eq!(told(kind, "member:x", &refs)[0].1["decision"], "approve");
    }
}

#[test]
fn actions_are_told_of_from_the_question_to_the_end() {
    let with = |status| [("action", "a"), ("status", status)];
    assert_eq!(
        types(EventKind::ActionProposed, "ai", &with("pending")),
        ["review.requested"]
    );
    assert_eq!(types(EventKind::ActionProposed, "ai", &with("approved")), [""; 0]);
    assert_eq!(
        types(EventKind::ActionSettled, "system", &with("rejected")),
        ["review.decided"]
    );
    let cancelled = |actor| types(EventKind::ActionCancelled, actor, &with("cancelled"));
    assert_eq!(
        (cancelled("system"), cancelled("member:x")),
        (vec!["review.expired"], vec![])
    );
    let unknown = told(EventKind::ActionUnknown, "system", &with("consumed"));
    assert_eq!(
        (unknown[0].0, &unknown[0].1["outcome"]),
        ("action.failed", &"unknown".into())
    );
    let lead = [("action", "a"), ("lead", "l")];
    assert_eq!(
        types(EventKind::ActionExecuted, "system", &lead),
        ["action.executed", "lead.created"]
    );
    let found = |was_done| {
        types(
            EventKind::ActionFoundOut,
            "member:x",
            &[("action", "a"), ("was_done", was_done)],
        )
    };
    assert_eq!(
        (found("true"), found("false")),
        (vec!["action.executed"], vec!["action.failed"])
    );
}

#[test]
fn the_gate_is_told_of_whatever_moved_it() {
    for kind in [
        EventKind::GateChanged,
        EventKind::PolicyApplied,
        EventKind::AutonomyChanged,
    ] {
        assert_eq!(types(kind, "member:x", &[("gate", "gate.closed")]), ["gate.closed"]);
        assert_eq!(types(kind, "member:x", &[]), [""; 0]);
    }
    assert_eq!(types(EventKind::GateOpened, "system", &[]), ["gate.opened"]);
}
