//! Afterwards: was anything lost, was anybody talked over, did anything fail?

use crate::Result;
use crate::pace::Pace;
use crate::server::Server;
use crate::shop::Shop;
use crate::visitors::Seen;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Far more than the drafts that were under way at the end take.
const AMPLE: Duration = Duration::from_mins(10);
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    conversations: usize,
    messages: usize,
    drafts: HashMap<String, usize>,
    takeovers: usize,
    entries: usize,
    waiting: usize,
    /// Why drafts were decided upon as they were, besides the closed gate.
    reasons: BTreeMap<String, usize>,
    /// What followed when nobody decided in time, by phase: visitors told that it takes longer, and handed to a person.
    fallbacks: BTreeMap<&'static str, (usize, usize)>,
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
        let reasons: Vec<String> = self
            .reasons
            .iter()
            .map(|(why, count)| format!("{count} {why}"))
            .collect();
        let fallbacks: Vec<String> = self
            .fallbacks
            .iter()
            .map(|(phase, (told, handed))| {
                format!("{phase} {told} told that it takes longer, {handed} handed to a person")
            })
            .collect();
        format!(
            " fallbacks: at the deadline, {}; drafts with {}\n     found: {} conversations with {} messages, drafts: {}; {} takeovers, {} log entries in order, {} items still waiting",
            fallbacks.join("; "),
            reasons.join(", "),
            self.conversations,
            self.messages,
            drafts.join(", "),
            self.takeovers,
            self.entries,
            self.waiting
        )
    }
}

pub(crate) async fn everything(shop: &Shop, seen: &Seen, pace: Pace, server: &Server) -> Result<Found> {
    let mut found = Found::default();
    let until = Instant::now() + AMPLE;
    for (id, taken) in &seen.taken {
        let conversation = cared_for(shop, id, until, &mut found).await?;
        lost(id, &conversation, taken, &mut found);
        in_order(id, seen, &mut found);
    }
    let entries = shop.all("/api/v1/log").await?;
    found.entries = entries.len();
    talk_over(&entries, &mut found);
    fallbacks(&entries, pace, &mut found);
    let verified = shop.administrator.get("/api/v1/log/verify").await?;
    if verified["ok"] != true {
        found.wrong.push(format!("the log is not in order: {verified}"));
    }
    let queue = shop.all("/api/v1/queue").await?;
    found.waiting = queue.len();
    let log = server.log();
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

/// What followed at deadlines.
fn fallbacks(entries: &[Value], pace: Pace, found: &mut Found) {
    for entry in entries {
        let (told, handed) = match entry["kind"].as_str() {
            Some("review.delayed") => (1, 0),
            Some("review.expired") => (0, 1),
            _ => continue,
        };
        let phase = pace.phase_at_ms(entry["at"].as_i64().unwrap_or_default());
        let so_far = found.fallbacks.entry(phase.name()).or_default();
        *so_far = (so_far.0 + told, so_far.1 + handed);
    }
}

/// The conversation, once each question in it is answered, waits in the queue, or is with a person: the last drafts of the run
/// are given time.
async fn cared_for(shop: &Shop, id: &str, until: Instant, found: &mut Found) -> Result<Value> {
    loop {
        let conversation = shop.administrator.get(&format!("/api/v1/conversations/{id}")).await?;
        let empty = Vec::new();
        let mut said = conversation["transcript"].as_array().unwrap_or(&empty).iter().rev();
        let unanswered = said
            .find(|message| message["author"] != "system")
            .is_some_and(|last| last["author"] == "visitor");
        let waits = !conversation["open_item"].is_null() || conversation["owner"]["kind"] == "person";
        if !unanswered || waits {
            return Ok(conversation);
        }
        if Instant::now() > until {
            found.wrong.push(format!("nobody takes care of conversation {id}"));
            return Ok(conversation);
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Every message that the server took is there once, at its place.
fn lost(id: &str, conversation: &Value, taken: &[(i64, String)], found: &mut Found) {
    found.conversations += 1;
    let empty = Vec::new();
    let messages = conversation["transcript"].as_array().unwrap_or(&empty);
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
        let mode = draft["draft"]["mode"].as_str().unwrap_or("unknown").to_owned();
        *found.drafts.entry(mode).or_default() += 1;
        for reason in draft["decision"]["reasons"].as_array().unwrap_or(&empty) {
            if let Some(reason) = reason
                .as_str()
                .filter(|reason| *reason != "gate_closed" && *reason != "owner_rule")
            {
                *found.reasons.entry(reason.to_owned()).or_default() += 1;
            }
        }
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
