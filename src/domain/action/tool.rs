//! Tools: what an owner lets the AI, a form or a colleague propose, and how it is carried out.

use super::form::{Input, fields};
use super::request::{self, Run};
use super::rules::{Daily, MOST_RULES, Rule};
use super::schema::{Schema, SchemaError};
use crate::domain::review::MOST_APPROVERS;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest title and name, in characters.
const MOST_NAME: usize = 64;
/// Longest description and text, in characters.
const MOST_TEXT: usize = 2_000;
/// How long a proposal may wait, in seconds.
const WAITS_S: std::ops::RangeInclusive<i64> = 60..=30 * 86_400;

/// What is at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Little.
    Low,
    /// Something.
    Medium,
    /// Much.
    #[default]
    High,
}

/// Where it is offered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// To the AI, where its model was found able to propose actions. What it proposes always waits for a person.
    #[serde(default)]
    pub ai: bool,
    /// Topics of the policy with which the AI may propose it; with any message, if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ai_topics: Vec<String>,
    /// To visitors, as a form in the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<FormOffer>,
}

/// A form in the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormOffer {
    /// What its button says.
    pub label: String,
    /// Topics of the policy with which it is offered; always, if there are none.
    #[serde(default)]
    pub topics: Vec<String>,
}

/// What the visitor reads afterwards, in the owner's words; nothing where it is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// It was asked for.
    #[serde(default)]
    pub asked: String,
    /// It was done.
    #[serde(default)]
    pub done: String,
    /// It was not, or nobody knows.
    #[serde(default)]
    pub failed: String,
    /// A person said no, or nobody decided.
    #[serde(default)]
    pub rejected: String,
}

impl Says {
    /// Is there a text for whatever comes of it?
    pub fn is_whole(&self) -> bool {
        [&self.asked, &self.done, &self.failed, &self.rejected]
            .iter()
            .all(|text| !text.trim().is_empty())
    }
}

/// A tool as its owner writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Lower-case letters, digits and `_`; what the AI and programs call it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it does, for people and the AI.
    #[serde(default)]
    pub description: String,
    /// JSON schema of its arguments.
    pub schema: Value,
    /// How it is carried out.
    pub run: Run,
    /// What is at stake.
    #[serde(default)]
    pub risk: Risk,
    /// It can be undone afterwards.
    #[serde(default)]
    pub reversible: bool,
    /// Asking twice under one idempotency key does it once.
    #[serde(default)]
    pub idempotent: bool,
    /// It may run without a person, where risk is low and it is reversible, and somebody other than the AI asks for it.
    #[serde(default)]
    pub alone: bool,
    /// People who have to approve.
    #[serde(default = "one")]
    pub people: u8,
    /// Rules about arguments.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Limits of a day.
    #[serde(default)]
    pub daily: Daily,
    /// How long a proposal waits, in seconds.
    #[serde(default = "a_day")]
    pub expires_in_s: i64,
    /// Where it is offered.
    #[serde(default)]
    pub offer: Offer,
    /// What the visitor reads afterwards.
    #[serde(default)]
    pub says: Says,
}

const fn one() -> u8 {
    1
}

const fn a_day() -> i64 {
    86_400
}

/// Why a tool was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// Its name.
    #[error(
        "the name must be 1 to {MOST_NAME} lower-case letters, digits and _, beginning with a letter, like refund_order"
    )]
    Name,
    /// A text is empty or too long.
    #[error("“{0}” must be a text of at most {MOST_TEXT} characters; the title must not be empty")]
    Text(&'static str),
    /// Its schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A placeholder that stands for nothing.
    #[error(
        "the placeholder {{{0}}} stands for no argument of the schema; use its names, {{visitor.email}} or {{action.id}}"
    )]
    Placeholder(String),
    /// A secret where it would be seen.
    #[error("a secret may stand in a header only, as {{secret:NAME}}: anything else is shown to whoever approves")]
    SecretInSight,
    /// Its address.
    #[error(
        "the address must begin with https:// and a host without a placeholder, so that arguments cannot lead elsewhere"
    )]
    Address,
    /// A header.
    #[error("“{0}” cannot be sent as a header")]
    Header(String),
    /// A form that nobody could fill in.
    #[error("a visitor cannot fill in “{0}”: a form takes texts, numbers, choices and yes or no")]
    NotForAForm(String),
    /// A rule.
    #[error(
        "the rule about “{0}” must name an argument of the schema, exactly one of above, below, is, is_not, and 1 to {MOST_APPROVERS} people; {MOST_RULES} rules at most"
    )]
    Rule(String),
    /// Limits of the day.
    #[error("a limit of the day needs `times`, or `arg` with `sum`, and the argument must be one of the schema")]
    Daily,
    /// People.
    #[error("1 to {MOST_APPROVERS} people can be asked to approve")]
    People,
    /// Waiting.
    #[error("a proposal can wait for one minute to thirty days")]
    Waits,
    /// High stakes always wait.
    #[error("only what has low risk and is reversible may run without a person; take `alone` out, or say so")]
    NotAlone,
}

impl Tool {
    /// Reads the schema and checks everything else against it.
    ///
    /// # Errors
    /// The first [`ToolError`].
    pub fn check(&self) -> Result<Schema, ToolError> {
        let begins = self.name.starts_with(|c: char| c.is_ascii_lowercase());
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !begins || self.name.len() > MOST_NAME || !self.name.chars().all(known) {
            return Err(ToolError::Name);
        }
        if self.title.trim().is_empty() {
            return Err(ToolError::Text("title"));
        }
        let says = &self.says;
        let texts = [
            ("title", &self.title),
            ("description", &self.description),
            ("asked", &says.asked),
            ("done", &says.done),
            ("failed", &says.failed),
            ("rejected", &says.rejected),
        ];
        if let Some((name, _)) = texts.iter().find(|(_, text)| text.chars().count() > MOST_TEXT) {
            return Err(ToolError::Text(name));
        }
        let schema = Schema::new(self.schema.clone())?;
        request::check(&self.run, |name| self.has_arg(name))?;
        for text in [&says.asked, &says.done, &says.failed, &says.rejected] {
            request::check_text(text, &|name| self.has_arg(name))?;
        }
        if let Some(form) = &self.offer.form
            && form.label.trim().is_empty()
        {
            return Err(ToolError::Text("label"));
        }
        if self.offer.form.is_some()
            && let Some(field) = fields(&self.schema).iter().find(|field| field.input == Input::Json)
        {
            return Err(ToolError::NotForAForm(field.name.clone()));
        }
        if self.rules.len() > MOST_RULES {
            return Err(ToolError::Rule("…".to_owned()));
        }
        if let Some(rule) = self
            .rules
            .iter()
            .find(|rule| !rule.is_whole() || !self.has_arg(&rule.arg))
        {
            return Err(ToolError::Rule(rule.arg.clone()));
        }
        let daily = &self.daily;
        let is_sum = daily.arg.is_some() == daily.sum.is_some();
        if !is_sum || daily.arg.as_ref().is_some_and(|arg| !self.has_arg(arg)) {
            return Err(ToolError::Daily);
        }
        if !(1..=MOST_APPROVERS).contains(&self.people) {
            return Err(ToolError::People);
        }
        if !WAITS_S.contains(&self.expires_in_s) {
            return Err(ToolError::Waits);
        }
        if self.alone && (self.risk != Risk::Low || !self.reversible) {
            return Err(ToolError::NotAlone);
        }
        Ok(schema)
    }

    fn has_arg(&self, name: &str) -> bool {
        self.schema
            .get("properties")
            .is_some_and(|properties| properties.get(name).is_some())
    }
}
