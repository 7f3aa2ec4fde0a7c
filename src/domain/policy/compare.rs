//! What another policy would have done with the past.

use super::{Decision, DecisionKind, Document};
use crate::domain::ids::{ConversationId, DraftId};
use crate::domain::screening::{Screening, TopicExamples, matches};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many drafts went which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Waited for a person.
    pub held: u64,
    /// Left to a person.
    pub handed_off: u64,
    /// Refused.
    pub refused: u64,
    /// Went out without a person.
    pub sent: u64,
}

impl Counts {
    fn count(&mut self, kind: DecisionKind) {
        *match kind {
            DecisionKind::Send => &mut self.sent,
            DecisionKind::Hold => &mut self.held,
            DecisionKind::HandOff => &mut self.handed_off,
            DecisionKind::Refuse => &mut self.refused,
        } += 1;
    }
}

/// A draft of the past.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// Its conversation.
    pub conversation_id: ConversationId,
    /// The draft.
    pub draft_id: DraftId,
    /// What was asked.
    pub question: &'a str,
    /// The day by the workspace's clocks, `2026-11-22`.
    pub day: &'a str,
}

/// A draft that another policy would have decided otherwise about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Its conversation.
    pub conversation_id: ConversationId,
    /// The draft.
    pub draft_id: DraftId,
    /// What was asked.
    pub question: String,
    /// The day.
    pub day: String,
    /// What the policy in force does.
    pub now: DecisionKind,
    /// What the other one does.
    pub then: DecisionKind,
    /// The rules of the other one that apply.
    pub rules: Vec<String>,
}

/// A day with both policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Day {
    /// As the policy in force decides.
    pub now: Counts,
    /// As the other one does.
    pub then: Counts,
}

/// Two policies over the same past. It takes one draft after the other and keeps only the figures and the first so many
/// changes, so that it does not matter how long the past is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Comparison {
    /// The days on which something was drafted.
    pub days: BTreeMap<String, Day>,
    /// All of them together.
    pub total: Day,
    /// How many drafts would go another way.
    pub changed: u64,
    /// The latest of them, at most [`Comparison::LISTED`], in the order in which they were made.
    pub examples: Vec<Changed>,
}

impl Comparison {
    /// Changes that are listed at most.
    pub const LISTED: usize = 100;

    /// Takes one draft more.
    pub fn add(&mut self, past: Past<'_>, now: &Decision, then: &Decision) {
        let day = self.days.entry(past.day.to_owned()).or_default();
        for day in [day, &mut self.total] {
            day.now.count(now.kind);
            day.then.count(then.kind);
        }
        if now.kind == then.kind {
            return;
        }
        self.changed += 1;
        if self.examples.len() == Self::LISTED {
            self.examples.remove(0);
        }
        self.examples.push(Changed {
            conversation_id: past.conversation_id,
            draft_id: past.draft_id,
            question: past.question.to_owned(),
            day: past.day.to_owned(),
            now: now.kind,
            then: then.kind,
            rules: then.rules.clone(),
        });
    }
}

/// The screening as it would have been with other topics: what a topic found stays where its words and examples are the same.
/// A new or changed topic is looked for by its words alone, because no examples are compared again.
pub fn screened_anew(screening: &Screening, then: &Document, now: &Document, question: &str) -> Screening {
    let is_same = |name: &str| {
        let known = now.topic(name).zip(then.topic(name));
        known.is_some_and(|(now, then)| now.finds_the_same_as(then))
    };
    let mut topics = screening.topics.clone();
    topics.retain(|found| is_same(&found.name));
    let changed = then.topics.iter().filter(|topic| !is_same(&topic.name));
    let changed: Vec<TopicExamples> = changed.map(TopicExamples::from).collect();
    topics.extend(matches(question, &changed, &[]));
    let has_examples = then.topics.iter().any(|topic| !topic.examples.is_empty());
    Screening {
        topics,
        topics_unknown: screening.topics_unknown && has_examples,
        ..screening.clone()
    }
}
