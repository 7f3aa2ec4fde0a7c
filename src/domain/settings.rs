//! What an owner sets for a workspace and an agent. Stored as JSON; every field has a default, so that old rows stay readable.

use super::answer::AnswerMode;
use serde::{Deserialize, Serialize};

/// Settings of a workspace. Only ever read from where they are stored: one that this version no longer knows is passed over, because
/// nothing of a workspace can be opened without them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkspaceSettings {
    /// How long a decision can be undone, in milliseconds.
    pub undo_ms: i64,
    /// How long a draft may wait for a person before the visitor is handed off, in milliseconds. It is never approved by that.
    pub hold_ms: i64,
    /// How soon a person should answer a handoff, in milliseconds; afterwards the queue shows it as late.
    pub handoff_ms: i64,
    /// What the visitor reads when a person has to answer (author `system`).
    pub waiting_text: String,
    /// What the visitor reads when something is not answered here (author `system`).
    pub refused_text: String,
}

impl Default for WorkspaceSettings {
    fn default() -> Self {
        Self {
            undo_ms: 5_000,
            hold_ms: 15 * 60_000,
            handoff_ms: 15 * 60_000,
            waiting_text:
                "I would rather have a colleague answer this. They will write to you here as soon as possible."
                    .to_owned(),
            refused_text: "I am sorry, this is something we cannot help with here.".to_owned(),
        }
    }
}

/// Settings of an agent version: together with its number they are immutable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentSettings {
    /// The name visitors see.
    pub name: String,
    /// The business the agent speaks for.
    pub business: String,
    /// First line in the widget.
    pub greeting: String,
    /// Tells the visitor that an AI drafts the answers. On by default.
    pub disclosure: String,
    /// What the LLM is told before it writes.
    pub instructions: String,
    /// Language of the widget's own texts (`en`, `de`).
    pub language: String,
    /// Which answer modes it may use; `abstain` is always allowed.
    pub modes: Vec<AnswerMode>,
    /// Use models in modes that they were not found fit for all the same: such drafts are always held, and shown as such.
    pub allow_unfit: bool,
    /// Collections of knowledge it answers from; empty means all.
    pub collections: Vec<String>,
    /// Web origins that may embed the widget, like `https://shop.example`.
    pub origins: Vec<String>,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self {
            name: "Assistant".to_owned(),
            business: String::new(),
            greeting: "Hello! What would you like to know?".to_owned(),
            disclosure: "Answers are drafted by an AI and checked by our team.".to_owned(),
            instructions: "Answer the customer's question in one or two friendly sentences.".to_owned(),
            language: "en".to_owned(),
            modes: vec![AnswerMode::Verified, AnswerMode::Quote, AnswerMode::Compose],
            allow_unfit: false,
            collections: Vec::new(),
            origins: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stored_by_another_version_are_read() {
        let stored = r#"{"undo_ms": 7000, "fallback": "hand_off"}"#;
        let read: Option<WorkspaceSettings> = serde_json::from_str(stored).ok();
        let expected = WorkspaceSettings {
            undo_ms: 7_000,
            ..WorkspaceSettings::default()
        };
        assert_eq!(read, Some(expected));
    }
}
