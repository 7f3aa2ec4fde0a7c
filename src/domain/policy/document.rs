//! A policy as an owner writes it.

use super::{DecisionKind, Fallback, Hours, Terms, Topic};
use crate::domain::answer::AnswerMode;
use crate::domain::screening::Flag;
use serde::{Deserialize, Deserializer, Serialize};

/// A policy: topics, business hours and rules. Stored as JSON; written as JSON or TOML. Read from people with [`super::read()`], which
/// refuses what is not known; from where it is stored, whatever a newer version added is passed over.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Document {
    /// What visitors ask about.
    #[serde(rename = "topic", skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Topic>,
    /// When somebody is there; always if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// What is stricter than the gate.
    #[serde(rename = "rule", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// A rule: when everything under `when` holds, then this happens, or something stricter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name, told with every decision that it took part in.
    pub name: String,
    /// Its conditions; all of them must hold.
    #[serde(default)]
    pub when: When,
    /// What happens then. Never `send`: a rule only makes stricter.
    pub then: DecisionKind,
    /// Why, for colleagues.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How long a held draft waits, minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_minutes: Option<u32>,
    /// What follows when nobody decides in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
    /// Skills or members' e-mail addresses of those who may decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// How many of them have to approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<u8>,
}

/// Conditions of a rule. What is not given does not matter; of a list, one is enough.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct When {
    /// The message belongs to one of these topics; `other` if it belongs to none.
    #[serde(deserialize_with = "one_or_more", skip_serializing_if = "Vec::is_empty")]
    pub topic: Vec<String>,
    /// It belongs to a topic that is sensitive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<bool>,
    /// The draft is less sure than this, `0.0..=1.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence_below: Option<f64>,
    /// The best passage ranks below this, `-1.0..=1.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity_below: Option<f64>,
    /// The message's mood is below this, from -1 (very bad) to 1 (very good).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentiment_below: Option<f64>,
    /// The answer was found in one of these ways.
    #[serde(deserialize_with = "one_or_more", skip_serializing_if = "Vec::is_empty")]
    pub mode: Vec<AnswerMode>,
    /// One of these was noticed.
    #[serde(deserialize_with = "one_or_more", skip_serializing_if = "Vec::is_empty")]
    pub flag: Vec<Flag>,
    /// The message contains personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal_data: Option<bool>,
    /// Inside or outside of business hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Opening>,
    /// Whether the visitor has said who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visitor: Option<VisitorKind>,
    /// It is one of the agent's first so many conversations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_conversations: Option<i64>,
}

/// Inside or outside of business hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// Somebody is there.
    Open,
    /// Nobody is.
    Closed,
}

/// Whether the visitor has said who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitorKind {
    /// They have.
    Known,
    /// They have not.
    Unknown,
}

/// A list of one may be written without brackets.
fn one_or_more<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore<T> {
        More(Vec<T>),
        One(T),
    }
    Ok(match OneOrMore::deserialize(deserializer)? {
        OneOrMore::More(more) => more,
        OneOrMore::One(one) => vec![one],
    })
}

impl When {
    /// Does nothing have to hold? Such a rule is refused, and applies to nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Rule {
    /// How a draft waits that this rule holds or hands off; approvers in small letters, as they are compared.
    pub fn terms(&self) -> Terms {
        Terms {
            deadline_ms: self.deadline_minutes.map(|minutes| i64::from(minutes) * 60_000),
            fallback: self.fallback.unwrap_or_default(),
            approvers: self.approvers.iter().map(|name| name.trim().to_lowercase()).collect(),
            quorum: self.quorum.unwrap_or(1),
        }
    }
}

impl Document {
    /// The topic of this name.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.name == name)
    }

    /// The rule of this name.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }
}
