//! What was built, in figures that are counted anew from what is stored.

use super::play::Play;
use super::stage::Stage;
use super::story::month_of;
use crate::app::AppError;
use crate::cli::output::table;
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;

const MONTHS: usize = 6;
const AT_ONCE: u64 = 1_000;

/// Counts of one month.
#[derive(Debug, Clone, Copy, Default)]
struct Month {
    conversations: u64,
    sent_alone: u64,
    reviewed: u64,
    handed_off: u64,
    checked: u64,
    rated: u64,
}

impl Play {
    /// What there is now, business by business and month by month.
    pub(super) async fn report(&self) -> Result<Value, AppError> {
        let mut businesses = Vec::new();
        for stage in &self.stages {
            businesses.push(self.of(stage).await?);
        }
        let conversations: u64 = businesses.iter().filter_map(|one| one["conversations"].as_u64()).sum();
        Ok(json!({ "conversations": conversations, "businesses": businesses }))
    }

    async fn of(&self, stage: &Stage) -> Result<Value, AppError> {
        let rows = stage.rows(&self.app);
        let mut months = [Month::default(); MONTHS];
        let (mut after, mut head) = (0, String::new());
        loop {
            let entries = rows.log_after(after, AT_ONCE).await?;
            let Some(last) = entries.last() else { break };
            after = last.header.seq;
            head = last.hash.to_string();
            for entry in &entries {
                let month = usize::try_from(month_of(entry.header.at.ms_since(self.begin))).unwrap_or(1);
                if let Some(month) = months.get_mut(month.saturating_sub(1)) {
                    month.note(&entry.header.kind, entry.header.refs.contains_key("band"));
                }
            }
        }
        let months: Vec<Value> = months
            .iter()
            .enumerate()
            .map(|(at, month)| month.told(at + 1))
            .collect();
        let conversations: u64 = months.iter().filter_map(|month| month["conversations"].as_u64()).sum();
        let chapters = &stage.chapters;
        Ok(json!({
            "workspace": stage.business.slug,
            "name": stage.business.name,
            "agent": stage.agent_key,
            "owner": stage.business.people.first().map(|person| &person.email),
            "conversations": conversations,
            "log": { "entries": after, "head": head },
            "months": months,
            "chapters": {
                "opens_at": chapters.opens_at,
                "launched_at": chapters.launched_at,
                "mistaken_at": chapters.mistaken_at,
                "alarmed_at": chapters.alarmed_at,
                "corrected_at": chapters.corrected_at,
                "earned_again_at": chapters.earned_again_at,
            },
        }))
    }
}

impl Month {
    fn note(&mut self, kind: &str, is_drawn_from: bool) {
        let counter = if kind == EventKind::ConversationCreated.as_str() {
            &mut self.conversations
        } else if kind == EventKind::MessageReleased.as_str() && is_drawn_from {
            &mut self.sent_alone
        } else if kind == EventKind::ReviewDecided.as_str() {
            &mut self.reviewed
        } else if kind == EventKind::ConversationTakenOver.as_str() {
            &mut self.handed_off
        } else if kind == EventKind::CheckJudged.as_str() {
            &mut self.checked
        } else if kind == EventKind::ConversationRated.as_str() {
            &mut self.rated
        } else {
            return;
        };
        *counter += 1;
    }

    fn told(self, month: usize) -> Value {
        json!({
            "month": month,
            "conversations": self.conversations,
            "sent_alone": self.sent_alone,
            "reviewed": self.reviewed,
            "taken_over": self.handed_off,
            "checked": self.checked,
            "rated": self.rated,
        })
    }
}

/// The same for people.
pub(in crate::cli::demo) fn in_words(report: &Value) -> String {
    let mut words = String::new();
    for business in report["businesses"].as_array().into_iter().flatten() {
        let text = |name: &str| business[name].as_str().unwrap_or_default();
        let _infallible = writeln!(
            words,
            "\n{} (workspace {}, owner {}): {} conversations",
            text("name"),
            text("workspace"),
            text("owner"),
            business["conversations"]
        );
        let rows: Vec<[String; 7]> = business["months"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|month| {
                [
                    "month",
                    "conversations",
                    "sent_alone",
                    "reviewed",
                    "taken_over",
                    "checked",
                    "rated",
                ]
                .map(|name| month[name].to_string())
            })
            .collect();
        let heading = [
            "MONTH",
            "CONVERSATIONS",
            "SENT ALONE",
            "REVIEWED",
            "TAKEN OVER",
            "CHECKED",
            "RATED",
        ];
        words.push_str(&table(heading, &rows));
        words.push_str(&story(&business["chapters"]));
    }
    words
}

fn story(chapters: &Value) -> String {
    let day = |name: &str| {
        let at = chapters[name].as_i64().map(Timestamp)?;
        let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
        Some(at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
    };
    let Some(mistaken) = day("mistaken_at") else {
        return String::new();
    };
    let alarmed = day("alarmed_at").map_or_else(
        || "the drift alarm did not go off".to_owned(),
        |day| format!("the drift alarm closed the gate on {day}"),
    );
    let corrected = day("corrected_at").map_or_else(String::new, |day| format!(", corrected on {day}"));
    let again = day("earned_again_at").map_or_else(String::new, |day| format!(", earned again by {day}"));
    format!("month 4: the knowledge went wrong on {mistaken}; {alarmed}{corrected}{again}.\n")
}
