//! What an entry of the log tells those who subscribed to what happens: ids, numbers and a place in the console, never a text of a
//! person, a name or an address.
//!
//! It is made from the part of an entry that is never erased, so that it can be made again at any time, and is the same then.

use crate::domain::log::{EventKind, Header};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;

macro_rules! types {
    ($(#[doc = $doc:literal] $name:ident = $wire:literal),+ $(,)?) => {
        /// A type of event that can be subscribed to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Type {
            $(#[doc = $doc] #[serde(rename = $wire)] $name),+
        }

        impl Type {
            /// All of them, in the order in which people read them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire),+ }
            }

            /// What it tells, in a sentence.
            pub const fn in_words(self) -> &'static str {
                match self { $(Self::$name => $doc.trim_ascii()),+ }
            }
        }
    };
}

types! {
    /// A visitor opened the chat.
    ConversationCreated = "conversation.created",
    /// A conversation is over.
    ConversationClosed = "conversation.closed",
    /// A person has to answer.
    ConversationHandedOff = "conversation.handed_off",
    /// A person took a conversation over.
    ConversationTakenOver = "conversation.taken_over",
    /// A person returned a conversation to the AI.
    ConversationHandedBack = "conversation.handed_back",
    /// Somebody wrote, or a text of the AI went out.
    MessageCreated = "message.created",
    /// A draft or an action waits for a person.
    ReviewRequested = "review.requested",
    /// A person decided, and cannot take it back any more.
    ReviewDecided = "review.decided",
    /// Nobody decided in time.
    ReviewExpired = "review.expired",
    /// An action was carried out.
    ActionExecuted = "action.executed",
    /// An action was not carried out, or nobody knows whether it was.
    ActionFailed = "action.failed",
    /// Somebody wants to be called back.
    LeadCreated = "lead.created",
    /// What can be said of a month's answers was published.
    StatementPublished = "statement.published",
    /// Something may go out without a person.
    GateOpened = "gate.opened",
    /// Something may not go out without a person any more.
    GateClosed = "gate.closed",
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no type of event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no type of event; those that can be subscribed to are: {known}", known = known())]
pub struct NoType(pub String);

fn known() -> String {
    let names: Vec<&str> = Type::ALL.iter().map(|kind| kind.as_str()).collect();
    names.join(", ")
}

impl FromStr for Type {
    type Err = NoType;

    fn from_str(text: &str) -> Result<Self, NoType> {
        let text = text.trim();
        let found = Self::ALL.iter().find(|kind| kind.as_str() == text);
        found.copied().ok_or_else(|| NoType(text.chars().take(60).collect()))
    }
}

/// The entries that tell anything; every other one is passed over unread.
pub const TOLD_OF: [EventKind; 21] = [
    EventKind::ConversationCreated,
    EventKind::ConversationClosed,
    EventKind::ConversationHandedOff,
    EventKind::ConversationTakenOver,
    EventKind::ConversationHandedBack,
    EventKind::MessageCreated,
    EventKind::MessageReleased,
    EventKind::ReviewRequested,
    EventKind::ReviewExpired,
    EventKind::ActionProposed,
    EventKind::ActionSettled,
    EventKind::ActionExpired,
    EventKind::ActionCancelled,
    EventKind::ActionExecuted,
    EventKind::ActionFailed,
    EventKind::ActionUnknown,
    EventKind::ActionFoundOut,
    EventKind::StatementPublished,
    EventKind::GateOpened,
    EventKind::GateClosed,
    EventKind::GateChanged,
];

/// Entries about something else that say in `gate` how the gate moved with it.
pub const MAY_MOVE_THE_GATE: [EventKind; 2] = [EventKind::PolicyApplied, EventKind::AutonomyChanged];

/// Whether an entry may tell something.
pub fn may_tell(kind: &str) -> bool {
    let mut all = TOLD_OF.iter().chain(&MAY_MOVE_THE_GATE);
    all.any(|known| known.as_str() == kind)
}

/// What happened, for somebody who subscribed to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its type.
    pub kind: Type,
    /// When.
    pub at: Timestamp,
    /// The entry of the log that it is from.
    pub seq: i64,
    /// Ids, numbers and words of Holdpoint's own.
    pub data: Map<String, Value>,
    /// Where in the console it is shown.
    pub path: String,
}

/// What an entry tells, in the order in which it happened.
pub fn events_of(header: &Header) -> Vec<Event> {
    let Ok(kind) = serde_json::from_value::<EventKind>(Value::from(header.kind.as_str())) else {
        return Vec::new();
    };
    let entry = Read(header);
    let mut told = Vec::new();
    // Somebody's message comes before what follows from it.
    if let (Some(author), Some(_)) = (author(kind, &entry), entry.get("message")) {
        told.push(entry.message(author));
    }
    // A decision is told when it stands: with what it led to.
    let stands = matches!(
        kind,
        EventKind::MessageCreated
            | EventKind::MessageReleased
            | EventKind::ConversationHandedOff
            | EventKind::ConversationTakenOver
    );
    if stands && entry.get("outcome").is_some() {
        let names = ["conversation", "item", "outcome", "draft"];
        told.push(
            entry
                .event(Type::ReviewDecided, &names)
                .word("decision", entry.get("decision")),
        );
    }
    told.extend(main_event(kind, &entry));
    if kind == EventKind::ReviewExpired && entry.get("opened_item").is_some() {
        told.push(entry.handed_off());
    }
    if kind == EventKind::ActionExecuted && entry.get("lead").is_some() {
        told.push(
            entry
                .event(Type::LeadCreated, &["lead", "action", "conversation"])
                .at("/actions/leads"),
        );
    }
    told
}

fn main_event(kind: EventKind, entry: &Read<'_>) -> Option<Event> {
    let about_action = |kind| entry.event(kind, &["action", "conversation", "token"]);
    let status = entry.get("status");
    Some(match kind {
        EventKind::ConversationCreated => entry.event(Type::ConversationCreated, &["conversation", "agent"]),
        EventKind::ConversationClosed => entry.event(Type::ConversationClosed, &["conversation"]).by(entry),
        EventKind::ConversationHandedOff => entry.handed_off(),
        EventKind::ConversationTakenOver => entry
            .event(Type::ConversationTakenOver, &["conversation", "item"])
            .by(entry),
        EventKind::ConversationHandedBack => entry
            .event(Type::ConversationHandedBack, &["conversation", "item"])
            .by(entry),
        EventKind::ReviewRequested => entry.event(Type::ReviewRequested, &["conversation", "item", "draft"]),
        EventKind::ReviewExpired => entry.event(Type::ReviewExpired, &["conversation", "item"]),
        // What a tool's rules let run by itself waits for nobody.
        EventKind::ActionProposed if status == Some("pending") => about_action(Type::ReviewRequested),
        EventKind::ActionSettled => about_action(Type::ReviewDecided).word("decision", status),
        EventKind::ActionExpired => about_action(Type::ReviewExpired),
        // Not the asker, but the deadline.
        EventKind::ActionCancelled if entry.actor() == "system" => about_action(Type::ReviewExpired),
        EventKind::ActionExecuted => about_action(Type::ActionExecuted),
        EventKind::ActionFailed => about_action(Type::ActionFailed).word("outcome", Some("failed")),
        EventKind::ActionUnknown => about_action(Type::ActionFailed).word("outcome", Some("unknown")),
        EventKind::ActionFoundOut => match entry.get("was_done") {
            Some("true") => about_action(Type::ActionExecuted).by(entry),
            Some(_) => about_action(Type::ActionFailed)
                .word("outcome", Some("failed"))
                .by(entry),
            None => return None,
        },
        EventKind::StatementPublished => {
            let event = entry.event(Type::StatementPublished, &[]).at("/quality");
            event
                .word("month", entry.get("month"))
                .number("sent", entry.get("sent"))
        }
        EventKind::GateOpened => entry.gate(Type::GateOpened),
        EventKind::GateClosed => entry.gate(Type::GateClosed),
        EventKind::GateChanged | EventKind::PolicyApplied | EventKind::AutonomyChanged => {
            entry.gate(entry.get("gate")?.parse().ok()?)
        }
        _ => return None,
    })
}

/// Who wrote the message that an entry names.
fn author(kind: EventKind, entry: &Read<'_>) -> Option<&'static str> {
    let actor = entry.actor();
    Some(match kind {
        EventKind::MessageReleased => "ai",
        EventKind::MessageCreated | EventKind::ConversationHandedOff if actor == "visitor" => "visitor",
        EventKind::MessageCreated if actor == "member" => "member",
        // What Holdpoint says by itself: that a colleague is asked, or when somebody is back.
        EventKind::MessageCreated | EventKind::ConversationHandedOff | EventKind::ReviewRequested => "system",
        _ => return None,
    })
}

/// An entry, for reading.
struct Read<'a>(&'a Header);

impl Read<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.refs.get(name).map(String::as_str)
    }

    /// Who did it, as a word.
    fn actor(&self) -> &str {
        self.0.actor.split(':').next().unwrap_or_default()
    }

    /// An event that names these, as far as the entry does.
    fn event(&self, kind: Type, names: &[&str]) -> Event {
        let mut data = Map::new();
        data.insert("seq".to_owned(), self.0.seq.into());
        for name in names {
            if let Some(id) = self.get(name) {
                data.insert(format!("{name}_id"), id.into());
            }
        }
        let place = |name: &str, folder: &str| Some(format!("/{folder}/{}", self.get(name)?));
        let path = match kind {
            Type::ReviewRequested => place("item", "queue"),
            _ => None,
        };
        let path = path
            .or_else(|| place("action", "actions"))
            .or_else(|| place("conversation", "conversations"));
        Event {
            kind,
            at: self.0.at,
            seq: self.0.seq,
            data,
            path: path.unwrap_or_else(|| "/log".to_owned()),
        }
    }

    fn message(&self, author: &str) -> Event {
        let event = self.event(Type::MessageCreated, &["conversation", "message", "item", "draft"]);
        event
            .word("author", Some(author))
            .number("message_seq", self.get("seq"))
    }

    fn handed_off(&self) -> Event {
        let mut event = self.event(Type::ConversationHandedOff, &["conversation"]).by(self);
        if let Some(item) = self.get("opened_item") {
            event.data.insert("item_id".to_owned(), item.into());
            event.path = format!("/queue/{item}");
        }
        event
    }

    fn gate(&self, kind: Type) -> Event {
        self.event(kind, &["agent"]).by(self).at("/quality")
    }
}

impl Event {
    fn word(mut self, name: &str, word: Option<&str>) -> Self {
        if let Some(word) = word {
            self.data.insert(name.to_owned(), word.into());
        }
        self
    }

    fn number(mut self, name: &str, number: Option<&str>) -> Self {
        if let Some(number) = number.and_then(|number| number.parse::<i64>().ok()) {
            self.data.insert(name.to_owned(), number.into());
        }
        self
    }

    fn by(mut self, entry: &Read<'_>) -> Self {
        self = self.word("by", Some(entry.actor()));
        match entry.0.actor.split_once(':') {
            Some(("member", id)) => self.word("member_id", Some(id)),
            _ => self,
        }
    }

    fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }
}

#[cfg(test)]
mod tests;
