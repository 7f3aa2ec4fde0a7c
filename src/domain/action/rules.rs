//! What an owner says about arguments: from which amount on more people are asked, what is never done, how much a day.

use super::args::Args;
use super::tool::{Risk, Tool};
use crate::domain::review::MOST_APPROVERS;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Rules of one tool.
pub const MOST_RULES: usize = 20;

/// What a rule leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// A person decides, even where the tool may run alone.
    Wait,
    /// It is not even asked.
    Refuse,
}

/// A rule about one argument; exactly one of `above`, `below`, `is`, `is_not` says when it applies. An argument that is missing is
/// neither; one that is no number counts as above and below everything, so that nothing slips through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The argument.
    pub arg: String,
    /// It is larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// It is smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// It is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Value>,
    /// It is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_not: Option<Value>,
    /// What follows.
    pub then: Then,
    /// How many people have to approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u8>,
    /// Why, for whoever is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Rule {
    /// Whether it says exactly one thing, and asks for as many people as there may be.
    pub(super) fn is_whole(&self) -> bool {
        let tests = [
            self.above.is_some(),
            self.below.is_some(),
            self.is.is_some(),
            self.is_not.is_some(),
        ];
        tests.iter().filter(|said| **said).count() == 1
            && self.people.is_none_or(|people| (1..=MOST_APPROVERS).contains(&people))
    }

    fn applies(&self, args: &Args) -> bool {
        let Some(value) = args.get(&self.arg) else {
            return false;
        };
        let than = |limit: Option<f64>, beyond: fn(f64, f64) -> bool| {
            limit.is_some_and(|limit| value.as_f64().is_none_or(|n| beyond(n, limit)))
        };
        than(self.above, |n, limit| n > limit)
            || than(self.below, |n, limit| n < limit)
            || self.is.as_ref().is_some_and(|it| it == value)
            || self.is_not.as_ref().is_some_and(|it| it != value)
    }
}

/// How much may be done in a day of the workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Daily {
    /// How often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The argument that is added up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arg: Option<String>,
    /// What it may come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<f64>,
}

/// What rules and risk say about a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// So many people have to approve.
    Ask(u8),
    /// It runs without a person: low risk, reversible, and the owner wants it so.
    Alone,
    /// It is refused.
    Refused(String),
}

/// Looks at a proposal as its tool's owner wants it looked at; the strictest rule wins.
pub fn judge(tool: &Tool, args: &Args) -> Judged {
    let applying = || tool.rules.iter().filter(|rule| rule.applies(args));
    if let Some(rule) = applying().find(|rule| rule.then == Then::Refuse) {
        let why = rule
            .why
            .clone()
            .unwrap_or_else(|| format!("a rule of “{}” forbids this {}", tool.title, rule.arg));
        return Judged::Refused(why);
    }
    // Whatever an old definition says: high stakes always wait.
    let alone = tool.alone && tool.risk == Risk::Low && tool.reversible;
    if alone && applying().next().is_none() {
        return Judged::Alone;
    }
    let people = applying().filter_map(|rule| rule.people).max().unwrap_or(1);
    Judged::Ask(people.max(tool.people).clamp(1, MOST_APPROVERS))
}

/// May this be done beside what `earlier` has been decided today?
///
/// # Errors
/// A sentence for whoever decides.
pub fn within_day<'a>(tool: &Tool, args: &Args, earlier: impl Iterator<Item = &'a Args> + Clone) -> Result<(), String> {
    let Daily { times, arg, sum } = &tool.daily;
    if let Some(times) = times {
        let so_far = earlier.clone().count();
        if so_far >= *times as usize {
            return Err(format!(
                "“{}” may be done {times} times a day, and was today; try again tomorrow, or have the owner raise the limit",
                tool.title
            ));
        }
    }
    if let (Some(arg), Some(most)) = (arg, sum) {
        // What takes nothing gives nothing back.
        let of = |args: &Args| args.get(arg).map_or(Some(0.0), Value::as_f64).map(|n| n.max(0.0));
        let so_far: f64 = earlier.filter_map(of).sum();
        let Some(wanted) = of(args) else {
            return Err(format!(
                "“{arg}” is no number, so the limit of the day cannot be kept; correct it"
            ));
        };
        if so_far + wanted > *most {
            return Err(format!(
                "“{}” may come to {most} a day in “{arg}”; {so_far} is used up and this needs {wanted}: lower it, try again tomorrow, or have the owner raise the limit",
                tool.title
            ));
        }
    }
    Ok(())
}
