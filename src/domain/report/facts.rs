//! What a report is made of: numbers that were counted elsewhere, by the definitions that the console uses.

use super::money::Currency;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Which kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// Of a week, Monday to Sunday.
    Digest,
    /// Of a calendar month.
    Month,
}

impl ReportKind {
    /// Its name in the API: `digest` or `month`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Month => "month",
        }
    }
}

/// Whole days of the workspace's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first day.
    #[serde(with = "super::day")]
    pub from: Date,
    /// The last day, included.
    #[serde(with = "super::day")]
    pub to: Date,
}

impl Span {
    /// How many days, at least one.
    pub fn days(self) -> u64 {
        let days = self.from.until(self.to).map(|span| span.get_days()).unwrap_or_default();
        u64::try_from(days).unwrap_or_default() + 1
    }
}

/// Everything that a report says, as counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Which kind.
    pub kind: ReportKind,
    /// Of which days.
    pub span: Span,
    /// The day on which it was counted.
    #[serde(with = "super::day")]
    pub counted_on: Date,
    /// The workspace's name.
    pub business: String,
    /// Its time zone.
    pub zone: String,
    /// The numbers of the period.
    pub now: Numbers,
    /// Those of the period before, and its days; none where the workspace did not exist through all of it.
    pub before: Option<(Span, Numbers)>,
    /// Conversations begun on each day of the period.
    pub days: Vec<DayCount>,
    /// Answers of this period and those before it, the oldest first.
    pub autonomy: Vec<AutonomyPoint>,
    /// What can be said of the quality of what was sent unreviewed: whole sentences.
    pub quality: Vec<String>,
    /// Questions that nothing answers well, open at the end.
    pub open_gaps: u64,
    /// Changes of what the assistant answers that went live in the period.
    pub published: u64,
    /// What visitors asked about most.
    pub topics: Vec<TopicCount>,
    /// What else happened that a client should know, as whole sentences: alarms, patterns.
    pub notices: Vec<String>,
}

/// Counts of a period. All are about the conversations that began in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Numbers {
    /// Conversations with a question of a visitor.
    pub conversations: u64,
    /// Those in which the AI attempted an answer.
    pub attempted: u64,
    /// Turns with a question.
    pub questions: u64,
    /// Those whose answer rests on knowledge.
    pub matched: u64,
    /// Answers sent.
    pub answers: u64,
    /// Those that the AI sent without a person.
    pub automatic: u64,
    /// Those that the AI wrote and a person released, as they were or edited.
    pub released: u64,
    /// Those that a person wrote.
    pub written: u64,
    /// Conversations handed to a person.
    pub handoffs: u64,
    /// The reasons of handoffs by their codes, each with how often.
    pub handoff_reasons: Vec<(String, u64)>,
    /// Conversations resolved as the visitor confirmed.
    pub confirmed: u64,
    /// Conversations taken to be resolved: the visitor left after an answer.
    pub assumed: u64,
    /// Conversations resolved as a check found.
    pub verified: u64,
    /// Ratings of visitors.
    pub ratings: u64,
    /// Those of 4 or 5.
    pub good_ratings: u64,
    /// Median time to the first answer of the AI, in milliseconds.
    pub first_answer_ms: Option<u64>,
    /// Median time to the first reply of a person, in milliseconds.
    pub first_reply_ms: Option<u64>,
    /// Leads that came in.
    pub leads: u64,
    /// Conversions within the attribution window.
    pub conversions: u64,
    /// Those that came with a value of their own in the report's currency.
    pub valued_conversions: u64,
    /// The sum of these values, in the currency's smallest unit.
    pub conversion_minor: i64,
}

/// A day's conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount {
    /// The day.
    #[serde(with = "super::day")]
    pub day: Date,
    /// Conversations that began on it.
    pub conversations: u64,
}

/// How much went out without a person in a week or a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutonomyPoint {
    /// Its first day.
    #[serde(with = "super::day")]
    pub from: Date,
    /// Answers sent.
    pub answers: u64,
    /// Those without a person.
    pub automatic: u64,
}

/// How often something was asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicCount {
    /// What.
    pub name: String,
    /// How often in the period.
    pub now: u64,
    /// How often in the period before.
    pub before: Option<u64>,
}

/// An owner's own prices. What is not set is not reckoned with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prices {
    /// Their currency.
    pub currency: Currency,
    /// How long a person takes for an answer, in seconds.
    pub seconds_per_answer: u32,
    /// An hour of a person, in the smallest unit.
    pub hour_minor: Option<i64>,
    /// What the assistant costs a month, in the smallest unit.
    pub month_minor: Option<i64>,
    /// What a conversion without a value of its own is worth, in the smallest unit.
    pub conversion_minor: Option<i64>,
}
