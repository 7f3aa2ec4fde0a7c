//! Afterwards: was anything lost, was anybody talked over, did anything fail?

use crate::Result;
use crate::shop::Shop;
use crate::visitors::Seen;
use serde_json::Value;
use std::collections::HashMap;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    conversations: usize,
    messages: usize,
    drafts: HashMap<String, usize>,
    takeovers: usize,
    entries: usize,
    waiting: usize,
    /// What should not be.
    pub(crate) wrong: Vec<String>,
}

impl Found {
    pub(crate) fn in_words(&self) -> String {
        let mut drafts: Vec<String> = self
            .drafts
            .iter()
            .map(|(mode, count)| format!("{count} {mode}"))
            .collect();
        drafts.sort();
        format!(
            "     found: {} conversations with {} messages, drafts: {}; {} takeovers, {} log entries in order, {} items still waiting",
            self.conversations,
            self.messages,
            drafts.join(", "),
            self.takeovers,
            self.entries,
            self.waiting
        )
    }
}

pub(crate) async fn everything(shop: &Shop, seen: &Seen, log: &str) -> Result<Found> {
    let mut found = Found::default();
    let entries = shop.all("/api/v1/log").await?;
    found.entries = entries.len();
    talk_over(&entries, &mut found);
    let verified = shop.administrator.get("/api/v1/log/verify").await?;
    if verified["ok"] != true {
        found.wrong.push(format!("the log is not in order: {verified}"));
    }
    let queue = shop.all("/api/v1/queue").await?;
    found.waiting = queue.len();
    for (id, taken) in &seen.taken {
        let conversation = shop.administrator.get(&format!("/api/v1/conversations/{id}")).await?;
        lost(id, &conversation, taken, &mut found);
        in_order(id, seen, &mut found);
    }
    let bad = log.lines().filter(|line| line.contains("ERROR"));
    found
        .wrong
        .extend(bad.map(|line| format!("in the server's log: {line}")));
    Ok(found)
}

/// In committed order no text of the AI goes out while a person has the conversation.
fn talk_over(entries: &[Value], found: &mut Found) {
    let mut with_person: HashMap<&str, bool> = HashMap::new();
    for entry in entries {
        let Some(conversation) = entry["refs"]["conversation"].as_str() else {
            continue;
        };
        match entry["kind"].as_str().unwrap_or_default() {
            "conversation.taken_over" => {
                found.takeovers += 1;
                with_person.insert(conversation, true);
            }
            "conversation.handed_back" => {
                with_person.insert(conversation, false);
            }
            "message.released" if with_person.get(conversation) == Some(&true) => {
                found.wrong.push(format!("the AI talked over a person: {entry}"));
            }
            _ => {}
        }
    }
}

/// Every message that the server took is there once, at its place, and each that nobody has answered waits somewhere.
fn lost(id: &str, conversation: &Value, taken: &[(i64, String)], found: &mut Found) {
    found.conversations += 1;
    let empty = Vec::new();
    let messages = conversation["messages"].as_array().unwrap_or(&empty);
    found.messages += messages.len();
    for (seq, text) in taken {
        let there = messages.iter().filter(|message| {
            message["seq"] == *seq && message["author"] == "visitor" && message["text"] == text.as_str()
        });
        if there.count() != 1 {
            found
                .wrong
                .push(format!("message {seq} of conversation {id} is not there once"));
        }
    }
    let gapless = messages.iter().zip(1..).all(|(message, seq)| message["seq"] == seq);
    if !gapless {
        found
            .wrong
            .push(format!("the messages of conversation {id} are not numbered 1, 2, …"));
    }
    for draft in conversation["drafts"].as_array().unwrap_or(&empty) {
        let mode = draft["mode"].as_str().unwrap_or("unknown").to_owned();
        *found.drafts.entry(mode).or_default() += 1;
    }
}

/// A visitor's screen shows committed order, and nothing twice.
fn in_order(id: &str, seen: &Seen, found: &mut Found) {
    let shown = seen.shown.get(id).map(Vec::as_slice).unwrap_or_default();
    if !shown.is_sorted_by(|(one, _), (other, _)| one < other) {
        found
            .wrong
            .push(format!("conversation {id} was shown out of order: {shown:?}"));
    }
}
