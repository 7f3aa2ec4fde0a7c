//! What is refused, and in which words.

use crate::domain::policy::read;
use serde_json::{Value, json};

fn with_rule(change: &Value) -> Value {
    let mut rule = json!({ "name": "a", "when": { "mode": "quote" }, "then": "hold" });
    for (key, value) in change.as_object().unwrap() {
        rule[key] = value.clone();
    }
    json!({ "topic": [{ "name": "refunds", "words": ["refund"] }], "rule": [rule] })
}

#[track_caller]
fn refused(written: &Value, path: &str, words: &str) {
    let problems = read(written).err().unwrap_or_default();
    assert!(
        problems
            .iter()
            .any(|problem| problem.path == path && problem.says.contains(words)),
        "{problems:?} has nothing about {path} with “{words}”"
    );
}

#[test]
fn a_rule_that_can_never_apply_is_refused_with_what_to_change() {
    let cases = [
        (json!({ "when": {} }), "rule[0].when", "has no condition"),
        (
            json!({ "when": { "confidence_below": 0.0 } }),
            "rule[0].when.confidence_below",
            "can never apply",
        ),
        (
            json!({ "when": { "confidence_below": 1.1 } }),
            "rule[0].when.confidence_below",
            "at most 1",
        ),
        (
            json!({ "when": { "sentiment_below": -1.0 } }),
            "rule[0].when.sentiment_below",
            "above -1",
        ),
        (
            json!({ "when": { "topic": "refund" } }),
            "rule[0].when.topic",
            "did you mean “refunds”?",
        ),
        (
            json!({ "when": { "topic": "weather" } }),
            "rule[0].when.topic",
            "add it under [[topic]]",
        ),
        (
            json!({ "when": { "sensitive": true } }),
            "rule[0].when.sensitive",
            "no topic is sensitive",
        ),
        (
            json!({ "when": { "hours": "closed" } }),
            "rule[0].when.hours",
            "none are given",
        ),
        (
            json!({ "when": { "first_conversations": 0 } }),
            "rule[0].when.first_conversations",
            "choose 1 to 1000",
        ),
        (
            json!({ "when": { "mode": "quote", "flag": "unsupported" } }),
            "rule[0].when.mode",
            "can never apply",
        ),
        (
            json!({ "when": { "mode": "abstain" } }),
            "rule[0].then",
            "holds answers that do not exist",
        ),
        (
            json!({ "when": { "personal_data": false } }),
            "rule[0].when.personal_data",
            "leave out",
        ),
    ];
    for (change, path, words) in cases {
        refused(&with_rule(&change), path, words);
    }
    let mut always = with_rule(&json!({ "when": { "hours": "closed" } }));
    for day in [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ] {
        always["hours"][day] = json!(["00:00-24:00"]);
    }
    refused(&always, "rule[0].when.hours", "round the clock");
}

#[test]
fn what_nobody_can_meet_is_refused_with_what_to_change() {
    let mia = "mia@shop.example";
    let cases = [
        (
            json!({ "quorum": 2, "approvers": [mia] }),
            "rule[0].quorum",
            "names only 1",
        ),
        (json!({ "quorum": 0 }), "rule[0].quorum", "choose 1 to 3"),
        (json!({ "quorum": 4 }), "rule[0].quorum", "choose 1 to 3"),
        (json!({ "approvers": [mia, mia] }), "rule[0].approvers", "named twice"),
        (
            json!({ "approvers": [mia, "MIA@shop.example"], "quorum": 2 }),
            "rule[0].approvers",
            "named twice",
        ),
        (
            json!({ "deadline_minutes": 0 }),
            "rule[0].deadline_minutes",
            "nobody could ever decide",
        ),
        (
            json!({ "deadline_minutes": 20_000 }),
            "rule[0].deadline_minutes",
            "a week",
        ),
        (
            json!({ "then": "send" }),
            "rule[0].then",
            "holdpoint gate release TOPIC",
        ),
        (
            json!({ "then": "refuse", "deadline_minutes": 5 }),
            "rule[0].deadline_minutes",
            "holds none",
        ),
        (json!({ "name": " " }), "rule[0].name", "needs a name"),
    ];
    for (change, path, words) in cases {
        refused(&with_rule(&change), path, words);
    }
    assert!(
        read(&with_rule(&json!({ "quorum": 2, "approvers": ["billing"] }))).is_ok(),
        "a skill may be that of many"
    );
}

#[test]
fn rules_that_contradict_one_another_are_refused() {
    let two = |second: Value| {
        let mut written = with_rule(&json!({}));
        written["rule"].as_array_mut().unwrap().push(second);
        written
    };
    let same = json!({ "name": "b", "when": { "mode": ["quote"] }, "then": "refuse" });
    refused(&two(same), "rule[1].when", "contradict each other");
    let again = json!({ "name": "b", "when": { "mode": "quote" }, "then": "hold" });
    refused(&two(again), "rule[1].when", "make one rule of them");
    let broader = json!({ "name": "b", "when": { "mode": ["quote", "compose"] }, "then": "refuse" });
    refused(&two(broader), "rule[0].then", "can never decide anything");
    let namesake = json!({ "name": "a", "when": { "mode": "compose" }, "then": "hold" });
    refused(&two(namesake), "rule[1].name", "two rules");
    let narrower = json!({ "name": "b", "when": { "mode": "quote", "topic": "refunds" }, "then": "refuse" });
    assert!(read(&two(narrower)).is_ok(), "a narrower rule may be stricter");

    let mut few = with_rule(&json!({ "quorum": 2 }));
    let named =
        json!({ "name": "b", "when": { "topic": "refunds" }, "then": "hold", "approvers": ["mia@shop.example"] });
    few["rule"].as_array_mut().unwrap().push(named);
    refused(&few, "rule[1].quorum", "ask 2 of 1 people");
}

#[test]
fn topics_that_nothing_belongs_to_and_hours_that_overlap_are_refused() {
    let cases = [
        (
            json!({ "topic": [{ "name": "a" }] }),
            "topic[0].words",
            "no message can belong",
        ),
        (
            json!({ "topic": [{ "name": "other", "words": ["a"] }] }),
            "topic[0].name",
            "another name",
        ),
        (
            json!({ "topic": [{ "name": "", "words": ["a"] }] }),
            "topic[0].name",
            "needs a name",
        ),
        (
            json!({ "topic": [{ "name": "a", "words": ["a"] }, { "name": "a", "words": ["b"] }] }),
            "topic[1].name",
            "two topics",
        ),
        (
            json!({ "topic": [{ "name": "a", "words": ["?!"] }] }),
            "topic[0].words",
            "nothing to look for",
        ),
        (json!({ "hours": {} }), "hours", "nobody is ever there"),
        (
            json!({ "hours": { "friday": ["12:00-18:00", "09:00-13:00"] } }),
            "hours.friday",
            "overlap",
        ),
        (
            json!({ "hours": { "friday": ["12:00-18:00"], "holidays": ["12-25", "12-25"] } }),
            "hours.holidays",
            "twice",
        ),
    ];
    for (written, path, words) in cases {
        refused(&written, path, words);
    }
}
