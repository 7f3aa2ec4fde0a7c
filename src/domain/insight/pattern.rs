//! Changes of the traffic, in words and with what to do next.

use super::Day;
use serde::{Deserialize, Serialize};

/// In what something has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatternKind {
    /// Questions of one kind among all questions.
    Cluster,
    /// Conversations that the AI gave up, for one reason, among all.
    Handoff,
    /// Messages that sound bad among all.
    Negative,
    /// Questions whose answer rests on knowledge among all.
    Match,
    /// Conversations a day.
    Volume,
}

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatternState {
    /// Somebody should know of it.
    Open,
    /// A person has seen it.
    Dismissed,
    /// It is over, or usual by now.
    Over,
}

/// A change as it is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change<'a> {
    /// In what.
    pub kind: PatternKind,
    /// The name of the cluster or of the reason; empty where there is only one of a kind.
    pub name: &'a str,
    /// The first day of it.
    pub since: Day,
    /// The day on which it is told.
    pub today: Day,
    /// How many since then.
    pub amount: u64,
    /// By which factor: 2 is doubled.
    pub factor: f64,
}

impl Change<'_> {
    /// "Questions about “delivery” doubled since Tuesday, 34 questions"
    pub fn sentence(&self) -> String {
        let how = self.how();
        let since = self.since();
        let amount = self.amount;
        match self.kind {
            PatternKind::Cluster => format!("Questions like “{}” {how} since {since}, {amount} questions", self.name),
            PatternKind::Handoff => {
                let why = self.name.replace('_', " ");
                format!("Handoffs for “{why}” {how} since {since}, {amount} conversations")
            }
            PatternKind::Negative => format!("Messages that sound unhappy {how} since {since}, {amount} messages"),
            PatternKind::Match => {
                format!("Questions whose answer rests on knowledge {how} since {since}, {amount} questions")
            }
            PatternKind::Volume => format!("Conversations a day {how} since {since}, {amount} conversations"),
        }
    }

    /// What somebody can do about it.
    pub const fn next_step(&self) -> &'static str {
        let more = self.factor >= 1.0;
        match (self.kind, more) {
            (PatternKind::Cluster, true) => "Read a few of them, and see whether a verified answer is missing.",
            (PatternKind::Cluster, false) => {
                "Nothing has to be done; see whether people still find the way to the chat there."
            }
            (PatternKind::Handoff, true) => "Open these conversations and look at what the AI could not do.",
            (PatternKind::Negative, true) => "Read the conversations that sound worst, the newest first.",
            (PatternKind::Match, false) => {
                "Look at the gaps under Improve: visitors ask what the knowledge does not say."
            }
            (PatternKind::Volume, true) => "See whether enough people are on duty.",
            (PatternKind::Volume, false) => "See whether the chat is still on every page.",
            (PatternKind::Handoff | PatternKind::Negative, false) | (PatternKind::Match, true) => {
                "Nothing has to be done: it became better."
            }
        }
    }

    fn how(&self) -> String {
        let factor = self.factor;
        let per_cent = |share: f64| format!("{:.0} %", 100.0 * share);
        // What is a share of nearly all does not double.
        match factor {
            more if more >= 9.5 => "became more than nine times as frequent".to_owned(),
            more if more >= 3.5 => format!("became {more:.0} times as frequent"),
            more if more >= 2.7 => "tripled".to_owned(),
            more if more >= 1.8 => "doubled".to_owned(),
            more if more >= 1.0 => format!("rose by {}", per_cent(more - 1.0)),
            less if less <= 0.05 => "stopped".to_owned(),
            less if (0.45..=0.55).contains(&less) => "halved".to_owned(),
            less => format!("fell by {}", per_cent(1.0 - less)),
        }
    }

    fn since(&self) -> String {
        let days = self.today.number() - self.since.number();
        let date = self.since.date();
        if (0..=7).contains(&days) {
            date.strftime("%A").to_string()
        } else {
            date.strftime("%-d %B").to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: PatternKind, factor: f64, days_ago: i64) -> String {
        let today: Day = "2026-05-15".parse().unwrap();
        let change = Change {
            kind,
            name: "delivery",
            since: today.plus(-days_ago),
            today,
            amount: 34,
            factor,
        };
        assert!(change.next_step().ends_with('.'));
        change.sentence()
    }

    #[test]
    fn a_change_is_told_in_a_sentence() {
        let told = change(PatternKind::Cluster, 2.1, 3);
        assert_eq!(told, "Questions like “delivery” doubled since Tuesday, 34 questions");
        let told = change(PatternKind::Volume, 0.5, 20);
        assert_eq!(told, "Conversations a day halved since 25 April, 34 conversations");
        let told = change(PatternKind::Negative, 1.42, 0);
        assert_eq!(
            told,
            "Messages that sound unhappy rose by 42 % since Friday, 34 messages"
        );
        for (factor, how) in [
            (30.0, "more than nine"),
            (5.0, "5 times"),
            (3.0, "tripled"),
            (0.7, "fell by 30 %"),
            (0.0, "stopped"),
        ] {
            assert!(change(PatternKind::Handoff, factor, 9).contains(how), "{factor}");
        }
        assert!(change(PatternKind::Match, 0.8, 1).contains("fell by 20 %"));
    }
}
