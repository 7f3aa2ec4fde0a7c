//! A policy as text: TOML in and out.

use crate::domain::policy::hours::{Holiday, Span};
use crate::domain::policy::{Document, Problem, Rule, Topic, When, read};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Display;
use std::fmt::Write as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A policy as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// As TOML.
    Toml(String),
    /// As JSON.
    Document(Value),
}

/// Something in a policy, or in other settings with many fields, that must be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProblemView {
    /// Where: `rule[0].when.topic`, counted from 0; empty for the whole.
    pub path: String,
    /// The line of the TOML, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What is wrong and what to change.
    pub says: String,
}

impl Written {
    /// Reads and checks it.
    ///
    /// # Errors
    /// Everything that must be changed.
    pub(super) fn read(&self) -> Result<Document, Vec<ProblemView>> {
        match self {
            Self::Document(value) => read(value).map_err(|problems| located(problems, |_| None)),
            Self::Toml(text) => {
                let table: toml::Table = toml::from_str(text).map_err(|error| vec![not_toml(text, &error)])?;
                read(&plain(toml::Value::Table(table))).map_err(|problems| {
                    let spans = DeTable::parse(text).ok();
                    located(problems, |path| {
                        let start = offset(spans.as_ref()?.get_ref(), path)?;
                        Some(line_of(text, start))
                    })
                })
            }
        }
    }

    /// A problem at a place of it.
    pub(super) fn problem(&self, path: &str, says: String) -> ProblemView {
        let line = match self {
            Self::Toml(text) => {
                let start = DeTable::parse(text)
                    .ok()
                    .and_then(|spans| offset(spans.get_ref(), path));
                start.map(|start| line_of(text, start))
            }
            Self::Document(_) => None,
        };
        let path = path.to_owned();
        ProblemView { path, line, says }
    }
}

fn located(problems: Vec<Problem>, line: impl Fn(&str) -> Option<usize>) -> Vec<ProblemView> {
    let views = problems.into_iter().map(|Problem { path, says }| ProblemView {
        line: line(&path),
        path,
        says,
    });
    views.collect()
}

fn not_toml(text: &str, error: &toml::de::Error) -> ProblemView {
    ProblemView {
        path: String::new(),
        line: error.span().map(|span| line_of(text, span.start)),
        says: format!("this is not TOML: {}", error.message()),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Where a path begins in the text; where it leads to nothing, where what leads there begins.
fn offset(table: &DeTable<'_>, path: &str) -> Option<usize> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let (name, index) = match first.split_once('[') {
        Some((name, index)) => (name, index.trim_end_matches(']').parse::<usize>().ok()),
        None => (first, None),
    };
    let (key, value) = table.iter().find(|(key, _)| key.get_ref().as_ref() == name)?;
    let value: &Spanned<DeValue<'_>> = match (value.get_ref(), index) {
        (DeValue::Array(elements), Some(index)) => elements.get(index)?,
        _ => value,
    };
    let here = if index.is_some() {
        value.span().start
    } else {
        key.span().start
    };
    match value.get_ref() {
        DeValue::Table(inner) if !rest.is_empty() => Some(offset(inner, rest).unwrap_or(here)),
        _ => Some(here),
    }
}

/// The same as JSON; a bare date becomes its text.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is) => is.into(),
        toml::Value::Datetime(at) => at.to_string().into(),
        toml::Value::Array(all) => all.into_iter().map(plain).collect(),
        toml::Value::Table(all) => Value::Object(all.into_iter().map(|(key, value)| (key, plain(value))).collect()),
    }
}

/// A policy as TOML, laid out for reading: what is read back is the same.
pub fn to_toml(document: &Document) -> String {
    let mut text = String::new();
    for topic in &document.topics {
        write_topic(&mut text, topic);
    }
    if let Some(hours) = &document.hours {
        text.push_str("[hours]\n");
        for (day, spans) in hours.days() {
            line(
                &mut text,
                day,
                (!spans.is_empty()).then(|| list(spans.iter().map(Span::to_string))),
            );
        }
        let holidays = &hours.holidays;
        line(
            &mut text,
            "holidays",
            (!holidays.is_empty()).then(|| list(holidays.iter().map(Holiday::to_string))),
        );
        text.push('\n');
    }
    for rule in &document.rules {
        write_rule(&mut text, rule);
    }
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn write_topic(text: &mut String, topic: &Topic) {
    text.push_str("[[topic]]\n");
    line(text, "name", Some(quoted(&topic.name)));
    line(text, "words", (!topic.words.is_empty()).then(|| list(&topic.words)));
    line(
        text,
        "examples",
        (!topic.examples.is_empty()).then(|| list(&topic.examples)),
    );
    line(text, "sensitive", topic.sensitive.then_some("true"));
    text.push('\n');
}

fn write_rule(text: &mut String, rule: &Rule) {
    text.push_str("[[rule]]\n");
    line(text, "name", Some(quoted(&rule.name)));
    line(text, "when", Some(conditions(&rule.when)));
    line(text, "then", Some(word(&rule.then)));
    line(text, "reason", (!rule.reason.is_empty()).then(|| quoted(&rule.reason)));
    line(text, "deadline_minutes", rule.deadline_minutes);
    line(text, "fallback", rule.fallback.as_ref().map(word));
    line(
        text,
        "approvers",
        (!rule.approvers.is_empty()).then(|| list(&rule.approvers)),
    );
    line(text, "quorum", rule.quorum);
    text.push('\n');
}

fn line(text: &mut String, key: &str, value: Option<impl Display>) {
    if let Some(value) = value {
        let _cannot_fail = writeln!(text, "{key} = {value}");
    }
}

fn conditions(when: &When) -> String {
    let one_or_more = |all: Vec<String>| match all.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        more => Some(format!("[{}]", more.join(", "))),
    };
    // With a decimal point, so that it stays a number with one.
    let number = |value: Option<f64>| value.map(|value| format!("{value:?}"));
    let all = [
        (
            "topic",
            one_or_more(when.topic.iter().map(|name| quoted(name)).collect()),
        ),
        ("sensitive", when.sensitive.map(|is| is.to_string())),
        ("confidence_below", number(when.confidence_below)),
        ("similarity_below", number(when.similarity_below)),
        ("sentiment_below", number(when.sentiment_below)),
        ("mode", one_or_more(when.mode.iter().map(word).collect())),
        ("flag", one_or_more(when.flag.iter().map(word).collect())),
        ("personal_data", when.personal_data.map(|is| is.to_string())),
        ("hours", when.hours.as_ref().map(word)),
        ("visitor", when.visitor.as_ref().map(word)),
        (
            "first_conversations",
            when.first_conversations.map(|first| first.to_string()),
        ),
    ];
    let given: Vec<String> = all
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}", value?)))
        .collect();
    format!("{{ {} }}", given.join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let all: Vec<String> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", all.join(", "))
}

/// The word of a code, as JSON has it.
fn word(code: &impl Serialize) -> String {
    serde_json::to_string(code).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../examples/demo/policy.toml");

    #[test]
    fn the_example_is_accepted_and_reads_the_same_when_it_is_written_again() {
        let document = Written::Toml(EXAMPLE.to_owned()).read().unwrap();
        assert!(document.topics.len() >= 2 && document.rules.len() >= 3 && document.hours.is_some());
        let again = to_toml(&document);
        assert_eq!(Written::Toml(again.clone()).read().unwrap(), document, "{again}");
        let as_json = Written::Document(serde_json::to_value(&document).unwrap());
        assert_eq!(as_json.read().unwrap(), document);
        assert_eq!(to_toml(&Document::default()), "");
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let written = |text: &str| Written::Toml(text.to_owned()).read().unwrap_err();
        let problems = written(
            "# ours\n[[topic]]\nname = \"a\"\nwords = [\"a\"]\n\n[[rule]]\nname = \"r\"\nthen = \"hold\"\nwhen = { topic = \"b\" }\n",
        );
        assert_eq!(
            (problems[0].path.as_str(), problems[0].line),
            ("rule[0].when.topic", Some(9))
        );
        let unknown = written("[hours]\nmonday = [\"09:00-10:00\"]\nfunday = []\n");
        assert_eq!((unknown[0].path.as_str(), unknown[0].line), ("hours.funday", Some(3)));
        let broken = written("[[rule]]\nname = \n");
        assert_eq!(broken[0].line, Some(2));
        assert!(broken[0].says.contains("not TOML"), "{broken:?}");
        let missing = written("\n[[rule]]\nname = \"r\"\nwhen = { mode = \"quote\" }\n");
        assert_eq!((missing[0].path.as_str(), missing[0].line), ("rule[0].then", Some(2)));
    }

    #[test]
    fn a_date_may_stand_bare() {
        let text = "[hours]\nmonday = [\"09:00-10:00\"]\nholidays = [2026-12-24, \"12-25\"]\n";
        let document = Written::Toml(text.to_owned()).read().unwrap();
        assert!(to_toml(&document).contains("holidays = [\"2026-12-24\", \"12-25\"]"));
    }
}
