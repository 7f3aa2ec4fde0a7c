//! What the check tells.

use crate::cli::output::short;
use crate::cli::show::joined;
use serde::Serialize;
use serde_json::{Value, json};

/// One question and what became of it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Entry {
    pub(super) question: String,
    /// Answer mode that was expected.
    pub(super) expected_mode: String,
    /// Answer mode of the draft.
    pub(super) mode: Option<String>,
    /// What the AI proposed; empty when it abstained.
    pub(super) draft: Option<String>,
    /// What the reviewer decided.
    pub(super) outcome: String,
    /// What the visitor read.
    pub(super) answer: Option<String>,
    /// `ai` or `person`.
    pub(super) author: Option<String>,
    pub(super) times_ms: Times,
    /// The widget has shown the answer.
    pub(super) delivered: bool,
    /// Why it failed.
    pub(super) problem: Option<String>,
}

/// Milliseconds from one step to the next.
#[derive(Debug, Default, Serialize)]
pub(super) struct Times {
    /// From the question to the end of the turn: the quiet in which a visitor may write on.
    pub(super) listening: Option<i64>,
    /// From there until the draft was in the queue.
    pub(super) drafting: Option<i64>,
    /// From there until the reviewer decided.
    pub(super) deciding: Option<i64>,
    /// From there until the widget had shown the answer; most of it is the undo window.
    pub(super) delivering: Option<i64>,
}

impl Entry {
    /// Delivered, and drafted in the mode that was expected.
    pub(super) fn is_good(&self) -> bool {
        self.delivered && self.mode.as_deref() == Some(self.expected_mode.as_str())
    }

    /// As people read it.
    pub(super) fn in_words(&self, number: usize) -> String {
        let mode = match &self.mode {
            Some(mode) if *mode != self.expected_mode => format!("{mode}, but {} was expected", self.expected_mode),
            Some(mode) => mode.clone(),
            None => "no draft".to_owned(),
        };
        let mut lines = vec![format!("{number}. {}", self.question)];
        if let Some(draft) = self.draft.as_deref().filter(|draft| !draft.is_empty()) {
            lines.push(format!("   draft ({mode}): {}", short(draft, 300)));
        } else {
            lines.push(format!("   draft ({mode}): none"));
        }
        if let (Some(author), Some(answer)) = (&self.author, &self.answer) {
            lines.push(format!(
                "   {} by {author}: {}",
                past_tense(&self.outcome),
                short(answer, 300)
            ));
        }
        lines.push(format!("   {}", self.times_ms.in_words()));
        if let Some(problem) = &self.problem {
            lines.push(format!("   FAILED: {problem}"));
        }
        lines.join("\n")
    }
}

impl Times {
    fn in_words(&self) -> String {
        let step = |ms: Option<i64>| ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"));
        format!(
            "turn ended after {}, draft ready after {}, decided after {}, delivered after {}",
            step(self.listening),
            step(self.drafting),
            step(self.deciding),
            step(self.delivering),
        )
    }
}

fn past_tense(outcome: &str) -> &str {
    match outcome {
        "approve" => "approved, sent",
        "edit" => "edited, sent",
        "respond" => "answered",
        other => other,
    }
}

/// The whole transcript.
pub(super) fn summary(entries: &[Entry]) -> Value {
    let modes: Vec<_> = entries.iter().filter_map(|entry| entry.mode.as_deref()).collect();
    json!({
        "ok": !entries.is_empty() && entries.iter().all(Entry::is_good),
        "asked": entries.len(),
        "delivered": entries.iter().filter(|entry| entry.delivered).count(),
        "modes": modes,
        "questions": entries,
    })
}

/// Its last line.
pub(super) fn conclusion(summary: &Value) -> String {
    let count = |name: &str| summary[name].as_u64().unwrap_or_default();
    let verdict = if summary["ok"].as_bool().unwrap_or_default() {
        "All is well"
    } else {
        "Something is wrong"
    };
    format!(
        "\n{verdict}: {} of {} answers were delivered. Answer modes: {}.",
        count("delivered"),
        count("asked"),
        joined(summary, "/modes")
    )
}
