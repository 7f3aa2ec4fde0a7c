//! Reads a policy from what a person or a program wrote.

use super::{Document, Hours, Problem, Rule, Topic, When, check};
use crate::domain::suggestion::closest;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// What may stand in a table, with what it must be.
type Keys = &'static [(&'static str, &'static str)];

const SPANS: &str = "a list of spans like [\"09:00-12:30\", \"13:30-18:00\"]";
const DOCUMENT: Keys = &[
    ("topic", "a list of topics, each under [[topic]]"),
    ("hours", "a table of days"),
    ("rule", "a list of rules, each under [[rule]]"),
];
const TOPIC: Keys = &[
    ("name", "a text"),
    ("words", "a list of texts"),
    ("examples", "a list of texts"),
    ("sensitive", "true or false"),
];
const HOURS: Keys = &[
    ("monday", SPANS),
    ("tuesday", SPANS),
    ("wednesday", SPANS),
    ("thursday", SPANS),
    ("friday", SPANS),
    ("saturday", SPANS),
    ("sunday", SPANS),
    ("holidays", "a list of days like [\"2026-12-24\", \"12-25\"]"),
];
const RULE: Keys = &[
    ("name", "a text"),
    ("when", "a table of conditions like { topic = \"refunds\" }"),
    ("then", "\"hold\", \"hand_off\" or \"refuse\""),
    ("reason", "a text"),
    ("deadline_minutes", "a whole number of minutes"),
    (
        "fallback",
        "\"hand_off\", \"holding_message\", \"take_email\" or \"refuse\"",
    ),
    ("approvers", "a list of skills or e-mail addresses"),
    ("quorum", "a whole number of people"),
];
const FLAGS: &str = "one or a list of \"anger\", \"distress\", \"injection_in_knowledge\", \"injection_in_question\", \
                     \"other_language\", \"personal_data\", \"unsupported\"";
const WHEN: Keys = &[
    ("topic", "the name of a topic, or a list of names"),
    ("sensitive", "true"),
    ("confidence_below", "a number from 0 to 1"),
    ("similarity_below", "a number from -1 to 1"),
    ("sentiment_below", "a number from -1 to 1"),
    (
        "mode",
        "one or a list of \"verified\", \"quote\", \"compose\", \"abstain\"",
    ),
    ("flag", FLAGS),
    ("personal_data", "true"),
    ("hours", "\"open\" or \"closed\""),
    ("visitor", "\"known\" or \"unknown\""),
    ("first_conversations", "a whole number of conversations"),
];

/// Reads and checks a policy.
///
/// # Errors
/// Everything that is wrong with it, each with its place and what to change.
pub fn read(written: &Value) -> Result<Document, Vec<Problem>> {
    let mut problems = Vec::new();
    let Value::Object(all) = written else {
        let says = "a policy is a table with `topic`, `hours` and `rule`, each of which may be left out".to_owned();
        return Err(vec![Problem {
            path: String::new(),
            says,
        }]);
    };
    known("", all, DOCUMENT, "a policy", &mut problems);
    for (at, topic) in listed(all, "topic", &mut problems).iter().enumerate() {
        table::<Topic>(&format!("topic[{at}]"), topic, TOPIC, &json!({}), &mut problems);
    }
    if let Some(hours) = all.get("hours") {
        table::<Hours>("hours", hours, HOURS, &json!({}), &mut problems);
    }
    for (at, rule) in listed(all, "rule", &mut problems).iter().enumerate() {
        let path = format!("rule[{at}]");
        if let Some(when) = rule.get("when") {
            table::<When>(&format!("{path}.when"), when, WHEN, &json!({}), &mut problems);
        }
        let complete = json!({ "name": "", "then": "hold" });
        // Its conditions have been looked at, one by one.
        let mut rest = rule.clone();
        if let Some(rest) = rest.as_object_mut() {
            rest.remove("when");
        }
        table::<Rule>(&path, &rest, RULE, &complete, &mut problems);
        for (key, wanted) in [
            ("name", "give it a `name`, which is told with every decision"),
            ("then", "say what happens `then`: \"hold\", \"hand_off\" or \"refuse\""),
        ] {
            if rule.is_object() && rule.get(key).is_none() {
                let says = format!("rule {} is not complete: {wanted}", at + 1);
                problems.push(Problem {
                    path: format!("{path}.{key}"),
                    says,
                });
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let document: Document = serde_json::from_value(written.clone()).map_err(|error| {
        vec![Problem {
            path: String::new(),
            says: format!("the policy cannot be read: {error}"),
        }]
    })?;
    let problems = check(&document);
    if problems.is_empty() {
        Ok(document)
    } else {
        Err(problems)
    }
}

/// The elements of a list; a problem if it is none.
fn listed<'a>(all: &'a Map<String, Value>, key: &str, problems: &mut Vec<Problem>) -> &'a [Value] {
    match all.get(key) {
        None => &[],
        Some(Value::Array(elements)) => elements,
        Some(_) => {
            let says = format!("`{key}` is a list: write [[{key}]] with two brackets for each");
            problems.push(Problem {
                path: key.to_owned(),
                says,
            });
            &[]
        }
    }
}

/// Looks at one table, key by key; `complete` are the fields it cannot be read without.
fn table<T: DeserializeOwned>(path: &str, written: &Value, keys: Keys, complete: &Value, problems: &mut Vec<Problem>) {
    let Value::Object(fields) = written else {
        let says = format!("this must be a table of {}", names(keys));
        problems.push(Problem {
            path: path.to_owned(),
            says,
        });
        return;
    };
    known(path, fields, keys, "this table", problems);
    for (key, wanted) in keys {
        let Some(value) = fields.get(*key) else { continue };
        let mut alone = complete.clone();
        alone[*key] = value.clone();
        let Err(error) = serde_json::from_value::<T>(alone) else {
            continue;
        };
        // Spans and days say themselves what is wrong with them.
        let is_time = *wanted == SPANS || *key == "holidays";
        let error = error.to_string();
        let says = if is_time && !error.starts_with("invalid type") {
            error
        } else {
            format!("`{key}` is {value}, but it must be {wanted}")
        };
        problems.push(Problem {
            path: format!("{path}.{key}"),
            says,
        });
    }
}

/// Refuses keys that nobody reads.
fn known(path: &str, fields: &Map<String, Value>, keys: Keys, of: &str, problems: &mut Vec<Problem>) {
    for key in fields.keys().filter(|key| keys.iter().all(|(known, _)| known != key)) {
        let meant = closest(key, keys.iter().map(|(known, _)| *known)).map_or_else(
            || format!("; there are {}", names(keys)),
            |meant| format!("; did you mean `{meant}`?"),
        );
        let separator = if path.is_empty() { "" } else { "." };
        problems.push(Problem {
            path: format!("{path}{separator}{key}"),
            says: format!("`{key}` is no part of {of}{meant}"),
        });
    }
}

fn names(keys: Keys) -> String {
    let names: Vec<String> = keys.iter().map(|(key, _)| format!("`{key}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
