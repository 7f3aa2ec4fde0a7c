//! What a changed policy would let out that the one before holds back.
//!
//! While topics are released without a certificate, an owner answers for what goes out; so nobody else may take away what
//! keeps a message in: what belongs to a released topic, another topic that the message belongs to as well, a rule. A certificate
//! promises nothing about what was kept in while its verdicts were given.

use super::{Document, GateState, Rule, Topic};

/// What would be loosened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loosened<'a> {
    /// A released topic finds other messages than before.
    Released(&'a str),
    /// A topic is gone, finds less, or is sensitive no more.
    Topic(&'a str),
    /// A rule is gone, or says less.
    Rule(&'a str),
    /// The hours changed that a rule speaks of.
    Hours,
}

/// The first thing by which more could go out than before, under the gate as it is or under a certificate; none if nothing is loosened.
pub fn loosened<'a>(gate: &'a GateState, before: &'a Document, after: &Document) -> Option<Loosened<'a>> {
    let names = gate.released().iter().map(|released| released.topic.as_str());
    let is_released = |name: &str| names.clone().any(|released| released == name);
    let widened = names.clone().find(|name| {
        let (was, is) = (before.topic(name), after.topic(name));
        is.is_some_and(|is| was.is_none_or(|was| !was.finds_the_same_as(is)))
    });
    if let Some(name) = widened {
        return Some(Loosened::Released(name));
    }
    let mut topics = before.topics.iter().filter(|topic| !is_released(&topic.name));
    if let Some(topic) = topics.find(|was| !after.topic(&was.name).is_some_and(|is| keeps(was, is))) {
        return Some(Loosened::Topic(&topic.name));
    }
    if let Some(rule) = before.rules.iter().find(|was| !is_kept(was, &after.rules)) {
        return Some(Loosened::Rule(&rule.name));
    }
    let by_hours = before.rules.iter().any(|rule| rule.when.hours.is_some());
    (by_hours && before.hours != after.hours).then_some(Loosened::Hours)
}

/// Does a topic keep in whatever it kept in before?
fn keeps(was: &Topic, is: &Topic) -> bool {
    finds_all_of(was, is) && (is.sensitive || !was.sensitive)
}

/// Does a topic find whatever it found before?
fn finds_all_of(was: &Topic, is: &Topic) -> bool {
    let has_all = |was: &[String], is: &[String]| was.iter().all(|text| is.contains(text));
    has_all(&was.words, &is.words) && has_all(&was.examples, &is.examples)
}

/// Whether a message that belonged to the topic `name` may belong to it no more: it finds less than before, or is gone.
pub fn is_narrowed(name: &str, before: &Document, after: &Document) -> bool {
    let was = before.topic(name);
    was.is_some_and(|was| !after.topic(name).is_some_and(|is| finds_all_of(was, is)))
}

/// Is there a rule, by whatever name, that applies to the same and is as strict?
fn is_kept(was: &Rule, rules: &[Rule]) -> bool {
    rules.iter().any(|is| is.when == was.when && is.then >= was.then)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::MemberId;
    use crate::domain::policy::{DecisionKind, When, read};
    use crate::domain::time::Timestamp;
    use serde_json::json;
    use uuid::Uuid;

    fn document() -> Document {
        let written = json!({
            "topic": [
                { "name": "hours", "words": ["open"] },
                { "name": "prices", "words": ["cost", "price"] },
                { "name": "accidents", "words": ["accident"], "sensitive": true },
            ],
            "hours": { "monday": ["09:00-17:00"] },
            "rule": [
                { "name": "At night", "when": { "hours": "closed" }, "then": "hold" },
                { "name": "Angry", "when": { "sentiment_below": -0.5 }, "then": "hold" },
            ],
        });
        read(&written).unwrap()
    }

    fn gate() -> GateState {
        GateState::Closed.releasing(&["hours".to_owned()], MemberId::from(Uuid::from_u128(1)), Timestamp(0))
    }

    fn told(change: impl FnOnce(&mut Document)) -> Option<String> {
        let (gate, before) = (gate(), document());
        let mut after = before.clone();
        change(&mut after);
        loosened(&gate, &before, &after).map(|loosened| format!("{loosened:?}"))
    }

    #[test]
    fn whatever_keeps_an_answer_in_may_not_be_taken_away_while_a_topic_is_released() {
        assert_eq!(
            told(|after| after.topics[0].words.push("cost".to_owned())).as_deref(),
            Some("Released(\"hours\")")
        );
        assert_eq!(
            told(|after| drop(after.topics.remove(1))).as_deref(),
            Some("Topic(\"prices\")")
        );
        assert_eq!(
            told(|after| drop(after.topics[1].words.pop())).as_deref(),
            Some("Topic(\"prices\")")
        );
        assert_eq!(
            told(|after| after.topics[2].sensitive = false).as_deref(),
            Some("Topic(\"accidents\")")
        );
        assert_eq!(
            told(|after| drop(after.rules.remove(1))).as_deref(),
            Some("Rule(\"Angry\")")
        );
        let gentler = |after: &mut Document| after.rules[1].when.sentiment_below = Some(-0.9);
        assert_eq!(told(gentler).as_deref(), Some("Rule(\"Angry\")"));
        assert_eq!(told(|after| after.hours = None).as_deref(), Some("Hours"));
    }

    #[test]
    fn what_a_certificate_knows_nothing_of_is_a_loosening_too() {
        let before = document();
        let mut after = before.clone();
        after.topics[2].sensitive = false;
        assert_eq!(
            loosened(&GateState::Closed, &before, &after),
            Some(Loosened::Topic("accidents"))
        );
    }

    #[test]
    fn a_topic_that_finds_less_or_is_gone_is_narrowed() {
        let before = document();
        let narrowed = |change: fn(&mut Document)| {
            let mut after = before.clone();
            change(&mut after);
            is_narrowed("prices", &before, &after)
        };
        assert!(narrowed(|after| drop(after.topics[1].words.pop())));
        assert!(narrowed(|after| drop(after.topics.remove(1))));
        assert!(!narrowed(|after| after.topics[1].words.push("how much".to_owned())));
        assert!(!narrowed(|after| after.topics[1].sensitive = true));
        assert!(
            !is_narrowed("weather", &before, &Document::default()),
            "it never was there"
        );
    }

    #[test]
    fn what_makes_stricter_or_says_the_same_in_other_words_is_for_everybody() {
        assert_eq!(told(|_| {}), None);
        assert_eq!(
            told(|after| drop(after.topics.remove(0))),
            None,
            "a released topic may go"
        );
        assert_eq!(told(|after| after.topics[1].words.push("how much".to_owned())), None);
        assert_eq!(told(|after| after.rules[1].name = "Anger".to_owned()), None);
        assert_eq!(told(|after| after.rules[1].then = DecisionKind::HandOff), None);
        let more = |after: &mut Document| {
            after.rules.push(Rule {
                name: "Unknown people".to_owned(),
                when: When {
                    personal_data: Some(true),
                    ..When::default()
                },
                then: DecisionKind::Hold,
                reason: String::new(),
                deadline_minutes: None,
                fallback: None,
                approvers: Vec::new(),
                quorum: None,
            });
        };
        assert_eq!(told(more), None);
    }
}
