//! What is refused, and in which words.

use super::*;

fn sentences(written: &Value) -> Vec<(String, String)> {
    let problems = read(written).err().unwrap_or_default();
    problems
        .into_iter()
        .map(|problem| (problem.path, problem.says))
        .collect()
}

#[track_caller]
fn one(written: &Value, path: &str, words: &str) {
    let found = sentences(written);
    assert!(
        found.len() == 1 && found[0].0 == path && found[0].1.contains(words),
        "{found:?} is not one about {path} with “{words}”"
    );
}

#[test]
fn a_whole_policy_is_read() {
    let written = json!({
        "topic": [{ "name": "refunds", "words": ["refund"], "examples": ["I want my money back"], "sensitive": true }],
        "hours": { "monday": ["09:00-12:30", "13:30-18:00"], "holidays": ["12-25"] },
        "rule": [{
            "name": "Refunds", "when": { "topic": "refunds", "hours": "open" }, "then": "hold", "reason": "Money",
            "deadline_minutes": 30, "fallback": "take_email", "approvers": ["billing"], "quorum": 2,
        }],
    });
    let document = read(&written).unwrap();
    assert_eq!(document.rules[0].when.topic, ["refunds"]);
    assert_eq!(document.rules[0].terms().deadline_ms, Some(1_800_000));
    let again = serde_json::to_value(&document).unwrap();
    assert_eq!(read(&again).unwrap(), document, "what is stored reads the same");
    assert_eq!(read(&json!({})).unwrap(), Document::default());
}

#[test]
fn a_key_that_does_not_exist_is_a_mistake_with_a_suggestion() {
    one(&json!({ "rules": [] }), "rules", "did you mean `rule`?");
    one(
        &json!({ "hours": { "mondai": [] , "monday": ["09:00-10:00"]} }),
        "hours.mondai",
        "did you mean `monday`?",
    );
    let rule = |when: Value| json!({ "rule": [{ "name": "a", "then": "hold", "when": when }] });
    one(
        &rule(json!({ "confidence_bellow": 0.5 })),
        "rule[0].when.confidence_bellow",
        "did you mean `confidence_below`?",
    );
    one(
        &rule(json!({ "weather": "rain", "mode": "quote" })),
        "rule[0].when.weather",
        "there are `topic`",
    );
}

#[test]
fn a_value_of_another_kind_says_what_is_wanted() {
    let rule = |key: &str, value: Value| {
        let mut rule = json!({ "name": "a", "then": "hold", "when": { "mode": "quote" } });
        rule[key] = value;
        json!({ "rule": [rule] })
    };
    one(
        &rule("quorum", json!("two")),
        "rule[0].quorum",
        "must be a whole number of people",
    );
    one(
        &rule("then", json!("explode")),
        "rule[0].then",
        "\"hold\", \"hand_off\" or \"refuse\"",
    );
    one(
        &rule("when", json!({ "mode": "sing" })),
        "rule[0].when.mode",
        "\"verified\"",
    );
    one(&rule("when", json!("always")), "rule[0].when", "must be a table");
    one(
        &json!({ "hours": { "monday": ["9 to 5"] } }),
        "hours.monday",
        "write it like 09:00-17:30",
    );
    one(
        &json!({ "hours": { "monday": "09:00-17:30" } }),
        "hours.monday",
        "a list of spans",
    );
    one(
        &json!({ "hours": { "monday": ["09:00-17:30"], "holidays": ["Christmas"] } }),
        "hours.holidays",
        "no day of the calendar",
    );
    one(&json!({ "topic": { "name": "a" } }), "topic", "[[topic]]");
    one(&json!([]), "", "a policy is a table");
    one(
        &json!({ "rule": [{ "name": "a", "when": { "mode": "quote" } }] }),
        "rule[0].then",
        "say what happens",
    );
}

#[test]
fn the_lists_of_keys_are_those_of_the_document() {
    let full = json!({
        "name": "a", "then": "hold", "reason": "r", "deadline_minutes": 1, "fallback": "refuse", "approvers": ["a"], "quorum": 1,
        "when": {
            "topic": "a", "sensitive": true, "confidence_below": 0.1, "similarity_below": 0.1, "sentiment_below": 0.1, "mode": "quote",
            "flag": "anger", "personal_data": true, "hours": "open", "visitor": "known", "first_conversations": 1,
        },
    });
    let rule: Rule = serde_json::from_value(full).unwrap();
    let keys = |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let of = |known: Keys| -> Vec<String> {
        let mut names: Vec<String> = known.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.sort_unstable();
        names
    };
    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names
    };
    let written = serde_json::to_value(&rule).unwrap();
    assert_eq!(sorted(keys(&written)), of(RULE));
    assert_eq!(sorted(keys(&written["when"])), of(WHEN));
    assert_eq!(
        sorted(keys(&serde_json::to_value(Topic::default()).unwrap())),
        of(TOPIC)
    );
    assert_eq!(
        sorted(keys(&serde_json::to_value(Hours::default()).unwrap())),
        of(HOURS)
    );
}
