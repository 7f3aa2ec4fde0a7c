//! Finds what cannot be meant: rules that never apply, that contradict one another, or that nobody can meet.

#[cfg(test)]
mod tests;
mod together;

use super::{DecisionKind, Document, Facts, OTHER, Opening, Rule, Topic};
use crate::domain::answer::AnswerMode;
use crate::domain::screening::Flag;
use crate::domain::suggestion::closest;
use serde::Serialize;

/// Topics and rules of a policy at most, and words or examples of a topic: every message is compared with all of them.
const MOST: usize = 100;
/// Longest name, word, reason or address, in characters.
const LONGEST: usize = 300;
/// A deadline of a week is none.
const LONGEST_DEADLINE_MINUTES: u32 = 7 * 24 * 60;
const WEEKS_OF_A_YEAR: u32 = 52;
/// More people than this never come together.
const LARGEST_QUORUM: u8 = 3;

/// Something in a policy that must be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where: `rule[0].when.topic`, counted from 0; empty for the whole.
    pub path: String,
    /// What is wrong and what to change, as a clause.
    pub says: String,
}

/// Everything in a policy that must be changed before it can be applied.
pub fn check(document: &Document) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    topics(document, &mut found);
    hours(document, &mut found);
    for (at, rule) in document.rules.iter().enumerate() {
        name(document, at, rule, &mut found);
        conditions(document, at, rule, &mut found);
        consequences(at, rule, &mut found);
        within_hours(document, at, rule, &mut found);
    }
    if document.rules.len() > MOST {
        found.add(
            "rule",
            format!(
                "there are {} rules; keep the {MOST} most important ones",
                document.rules.len()
            ),
        );
    }
    // Rules that are wrong by themselves need not be compared.
    if found.0.is_empty() {
        together::together(document, &mut found);
    }
    found.0
}

struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, path: impl Into<String>, says: impl Into<String>) {
        let (path, says) = (path.into(), says.into());
        self.0.push(Problem { path, says });
    }
}

/// Usable as a name: not empty, not endless, on one line.
fn is_plain(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control)
}

fn topics(document: &Document, found: &mut Found) {
    if document.topics.len() > MOST {
        found.add(
            "topic",
            format!(
                "there are {} topics; keep the {MOST} most important ones",
                document.topics.len()
            ),
        );
    }
    for (at, topic) in document.topics.iter().enumerate() {
        let Topic {
            name, words, examples, ..
        } = topic;
        let path = format!("topic[{at}]");
        if !is_plain(name) {
            found.add(
                format!("{path}.name"),
                format!("topic {} needs a name of one line", at + 1),
            );
        } else if name == OTHER {
            found.add(
                format!("{path}.name"),
                format!("“{OTHER}” is what belongs to no topic; give this one another name"),
            );
        } else if document.topics.iter().take(at).any(|before| before.name == *name) {
            found.add(
                format!("{path}.name"),
                format!("there are two topics “{name}”; join them, or rename one"),
            );
        }
        if words.is_empty() && examples.is_empty() {
            found.add(
                format!("{path}.words"),
                format!("no message can belong to the topic “{name}”; give it words that occur in such messages, or examples of them"),
            );
        }
        for (field, texts) in [("words", words), ("examples", examples)] {
            if texts.len() > MOST {
                found.add(
                    format!("{path}.{field}"),
                    format!("the topic “{name}” has {} {field}; {MOST} are enough", texts.len()),
                );
            }
            let odd = texts
                .iter()
                .find(|text| !is_plain(text) || !text.chars().any(char::is_alphanumeric));
            if let Some(odd) = odd {
                let says = format!("“{odd}” is nothing to look for; take it out of the {field} of “{name}”");
                found.add(format!("{path}.{field}"), says);
            }
        }
    }
}

fn hours(document: &Document, found: &mut Found) {
    let Some(hours) = &document.hours else { return };
    if !hours.is_ever_open() {
        let says = "nobody is ever there, so that no deadline would ever come; give at least one day its hours, or leave out [hours] to be always open";
        found.add("hours", says);
    }
    for (day, spans) in hours.days() {
        let mut sorted = spans.to_vec();
        sorted.sort_unstable();
        for pair in sorted.windows(2) {
            if let [first, second] = pair
                && second.from < first.to
            {
                let says = format!("{first} and {second} overlap; make one span of them");
                found.add(format!("hours.{day}"), says);
            }
        }
    }
    let holidays = &hours.holidays;
    for (at, day) in holidays.iter().enumerate() {
        if holidays.iter().take(at).any(|before| before == day) {
            found.add("hours.holidays", format!("{day} is given twice; once is enough"));
        }
    }
}

fn name(document: &Document, at: usize, rule: &Rule, found: &mut Found) {
    let path = format!("rule[{at}].name");
    if !is_plain(&rule.name) {
        found.add(
            path,
            format!(
                "rule {} needs a name of one line, which is told with every decision",
                at + 1
            ),
        );
    } else if document.rules.iter().take(at).any(|before| before.name == rule.name) {
        found.add(
            path,
            format!(
                "there are two rules “{}”; rename one, so that decisions can tell which applied",
                rule.name
            ),
        );
    }
}

fn conditions(document: &Document, at: usize, rule: &Rule, found: &mut Found) {
    let Rule { name, when, .. } = rule;
    let path = |field: &str| format!("rule[{at}].when.{field}");
    if when.is_empty() {
        let says = format!(
            "the rule “{name}” has no condition, so that it would speak about every answer; say when it applies (to hold everything, close the gate: holdpoint gate close)"
        );
        found.add(format!("rule[{at}].when"), says);
        return;
    }
    of_topics(document, at, rule, found);
    for (field, limit, least) in [
        ("confidence_below", when.confidence_below, 0.0),
        ("similarity_below", when.similarity_below, -1.0),
        ("sentiment_below", when.sentiment_below, -1.0),
    ] {
        let Some(limit) = limit else { continue };
        // Also what is not a number.
        if !(limit > least && limit <= 1.0) {
            let says = format!(
                "the rule “{name}” can never apply, or always does: `{field}` is {limit}; choose a number above {least} and at most 1"
            );
            found.add(path(field), says);
        }
    }
    for (field, wanted) in [("personal_data", when.personal_data), ("sensitive", when.sensitive)] {
        if wanted == Some(false) {
            found.add(
                path(field),
                format!(
                    "a rule only makes stricter: leave out `{field} = false` in “{name}”, it speaks of what is harmless"
                ),
            );
        }
    }
    match (&document.hours, when.hours) {
        (None, Some(_)) => {
            let says = format!(
                "the rule “{name}” speaks of business hours, but none are given; add [hours], or take the condition out"
            );
            found.add(path("hours"), says);
        }
        (Some(hours), Some(Opening::Closed)) if hours.is_always_open() => {
            let says = format!(
                "the rule “{name}” can never apply: you are open round the clock; change the hours, or take the rule out"
            );
            found.add(path("hours"), says);
        }
        _ => {}
    }
    if let Some(first) = when.first_conversations
        && !(1..=Facts::COUNTED_CONVERSATIONS).contains(&first)
    {
        let most = Facts::COUNTED_CONVERSATIONS;
        found.add(
            path("first_conversations"),
            format!("the rule “{name}” speaks of the first {first} conversations; choose 1 to {most}"),
        );
    }
    let only_unsupported = !when.flag.is_empty() && when.flag.iter().all(|flag| *flag == Flag::Unsupported);
    if only_unsupported && !when.mode.is_empty() && !when.mode.contains(&AnswerMode::Compose) {
        let says = format!(
            "the rule “{name}” can never apply: only what the AI composes can say things without a source; add \"compose\" to its `mode`, or take `flag` out"
        );
        found.add(path("mode"), says);
    }
}

fn of_topics(document: &Document, at: usize, rule: &Rule, found: &mut Found) {
    let Rule { name, when, .. } = rule;
    for topic in &when.topic {
        if topic != OTHER && document.topic(topic).is_none() {
            let known = document.topics.iter().map(|topic| topic.name.as_str());
            let meant = closest(topic, known).map_or_else(
                || "add it under [[topic]], or name one that is there".to_owned(),
                |meant| format!("did you mean “{meant}”?"),
            );
            found.add(
                format!("rule[{at}].when.topic"),
                format!("the rule “{name}” speaks of a topic “{topic}” that is not there; {meant}"),
            );
        }
    }
    if when.sensitive != Some(true) {
        return;
    }
    let path = format!("rule[{at}].when.sensitive");
    if !document.topics.iter().any(|topic| topic.sensitive) {
        found.add(
            path,
            format!("the rule “{name}” can never apply: no topic is sensitive; write `sensitive = true` under one"),
        );
    } else if !when.topic.is_empty() && when.topic.iter().all(|topic| topic == OTHER) {
        // With a topic of its own, a message may belong to a sensitive one besides.
        found.add(path, format!("the rule “{name}” can never apply: what belongs to no topic is not sensitive; take one of the two conditions out"));
    }
}

fn consequences(at: usize, rule: &Rule, found: &mut Found) {
    let Rule { name, then, .. } = rule;
    let path = |field: &str| format!("rule[{at}].{field}");
    if *then == DecisionKind::Send {
        let says = format!(
            "the rule “{name}” cannot send: a rule only makes stricter; to let a topic through on your own responsibility: holdpoint gate release TOPIC"
        );
        found.add(path("then"), says);
    }
    let only_abstains = !rule.when.mode.is_empty() && rule.when.mode.iter().all(|mode| *mode == AnswerMode::Abstain);
    if only_abstains && *then == DecisionKind::Hold {
        let says = format!(
            "the rule “{name}” holds answers that do not exist: where the AI has none, a person answers anyway; write `then = \"hand_off\"` or \"refuse\", or name another `mode`"
        );
        found.add(path("then"), says);
    }
    if rule.reason.chars().count() > LONGEST {
        found.add(
            path("reason"),
            format!("the reason of “{name}” is longer than {LONGEST} characters; shorten it"),
        );
    }
    // Only what is held waits for a decision.
    let waits = [
        ("deadline_minutes", rule.deadline_minutes.is_some()),
        ("fallback", rule.fallback.is_some()),
        ("approvers", !rule.approvers.is_empty()),
        ("quorum", rule.quorum.is_some()),
    ];
    for (field, given) in waits {
        if given && *then != DecisionKind::Hold {
            let says = format!(
                "`{field}` says how a held answer waits, but the rule “{name}” holds none; take it out, or write `then = \"hold\"`"
            );
            found.add(path(field), says);
        }
    }
    match rule.deadline_minutes {
        Some(0) => {
            let says = format!(
                "with a deadline of 0 minutes nobody could ever decide about what “{name}” holds; give people time, or leave it out for the workspace's own"
            );
            found.add(path("deadline_minutes"), says);
        }
        Some(minutes) if minutes > LONGEST_DEADLINE_MINUTES => {
            found.add(
                path("deadline_minutes"),
                format!(
                    "a visitor does not wait for {minutes} minutes; a week ({LONGEST_DEADLINE_MINUTES}) is the most"
                ),
            );
        }
        _ => {}
    }
    approvers(at, rule, found);
}

/// A deadline is counted in time in which somebody is there, which may be little.
fn within_hours(document: &Document, at: usize, rule: &Rule, found: &mut Found) {
    let (Some(hours), Some(minutes)) = (&document.hours, rule.deadline_minutes) else {
        return;
    };
    let a_year = hours.minutes_of_a_week().saturating_mul(WEEKS_OF_A_YEAR);
    if hours.is_ever_open() && minutes > a_year {
        let says = format!(
            "the deadline of “{}” is {minutes} minutes of your business hours, which is more than a year; shorten it",
            rule.name
        );
        found.add(format!("rule[{at}].deadline_minutes"), says);
    }
}

/// Names are compared as members and skills are: without capitals.
fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn approvers(at: usize, rule: &Rule, found: &mut Found) {
    let Rule { name, approvers, .. } = rule;
    let path = |field: &str| format!("rule[{at}].{field}");
    for (nth, approver) in approvers.iter().enumerate() {
        if !is_plain(approver) {
            found.add(
                path("approvers"),
                format!("an approver of “{name}” has no name; write a skill or a member's e-mail address"),
            );
        } else if approvers.iter().take(nth).any(|before| is_same(before, approver)) {
            found.add(
                path("approvers"),
                format!("“{approver}” is named twice in “{name}”; nobody decides twice"),
            );
        }
    }
    match rule.quorum {
        Some(quorum) if !(1..=LARGEST_QUORUM).contains(&quorum) => {
            found.add(
                path("quorum"),
                format!("“{name}” wants {quorum} people to approve; choose 1 to {LARGEST_QUORUM}"),
            );
        }
        Some(quorum) if !rule.terms().can_be_met() => {
            let there_are = approvers.len();
            let says = format!(
                "“{name}” wants {quorum} people to approve, but names only {there_are}; name more approvers, or lower the quorum"
            );
            found.add(path("quorum"), says);
        }
        _ => {}
    }
}
