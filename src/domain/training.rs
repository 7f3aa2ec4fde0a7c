//! What people decided about drafts, as examples to train a model with: conversations with the answer that was good, and pairs of a good and a
//! bad answer to the same question. In the formats that trainers read:
//!
//! - `chat`: `{"messages": [{"role", "content"}, …]}`, the last one the assistant's.
//! - `dpo`: `{"prompt": [messages], "chosen": [message], "rejected": [message]}`, as TRL's preference datasets are.
//! - `dpo-openai`: `{"input": {"messages": […]}, "preferred_output": [message], "non_preferred_output": [message]}`.
//! - `csv`: one line an answer, for people.
//!
//! Personal data is masked before anything gets here, and whoever has not agreed is not here.

use super::conversation::Author;
use super::ids::{ConversationId, OutcomeId, WorkspaceId};
use super::review::OutcomeKind;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// This share of the conversations is kept for judging what was trained with the others, `0.0..=1.0`.
pub const JUDGING: f64 = 0.1;

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Conversations with the answer that was good.
    Chat,
    /// Pairs of a good and a bad answer, for TRL.
    Dpo,
    /// The same as `OpenAI`'s fine-tuning takes them.
    DpoOpenai,
    /// A table for people.
    Csv,
}

impl Format {
    /// Whether it takes pairs only.
    pub const fn is_of_pairs(self) -> bool {
        matches!(self, Self::Dpo | Self::DpoOpenai)
    }
}

/// Who says a message, to a trainer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The visitor.
    User,
    /// Whoever answers: the AI, or a person.
    Assistant,
}

/// A message as trainers read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl Message {
    fn answer(text: &str) -> Self {
        Self {
            role: Role::Assistant,
            content: text.to_owned(),
        }
    }
}

/// A decision as an example: what was asked, and which answer was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What was decided.
    pub outcome: OutcomeId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// When.
    pub at: Timestamp,
    /// How the answer came about.
    pub how: OutcomeKind,
    /// The conversation until the answer; the last message is the visitor's.
    pub asked: Vec<Message>,
    /// The answer that went out.
    pub answer: String,
    /// The draft that a person thought worse, if it was one.
    pub instead_of: Option<String>,
    /// Why the draft was not good enough, by the names of the reasons.
    pub reasons: Vec<String>,
}

/// What one is trained with, or judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To learn from.
    Train,
    /// To judge by what was learnt.
    Validation,
}

impl Split {
    /// Of a conversation, which is never split: the same one at every export.
    pub fn of(workspace: WorkspaceId, conversation: ConversationId) -> Self {
        let digest = Sha256::new()
            .chain_update(b"holdpoint training split 1\0")
            .chain_update(workspace.uuid().as_bytes())
            .chain_update(conversation.uuid().as_bytes())
            .finalize();
        let first = digest.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let unit = f64::from(first) / (f64::from(u32::MAX) + 1.0);
        if unit < JUDGING { Self::Validation } else { Self::Train }
    }
}

/// A conversation's messages as trainers read them: what follows one another from the same side is one message, what the machine itself says is
/// left out. `None` where a visitor's message does not come last.
pub fn asked<'a>(messages: impl IntoIterator<Item = (Author, &'a str)>) -> Option<Vec<Message>> {
    let mut asked: Vec<Message> = Vec::new();
    for (author, text) in messages {
        let role = match author {
            Author::Visitor => Role::User,
            Author::Ai | Author::Person => Role::Assistant,
            Author::System => continue,
        };
        // A trainer's conversation begins with the user.
        if asked.is_empty() && role == Role::Assistant {
            continue;
        }
        match asked.last_mut().filter(|last| last.role == role) {
            Some(last) => {
                last.content.push('\n');
                last.content.push_str(text);
            }
            None => asked.push(Message {
                role,
                content: text.to_owned(),
            }),
        }
    }
    asked
        .last()
        .is_some_and(|last| last.role == Role::User)
        .then_some(asked)
}

/// A row of a format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Row {
    /// Of [`Format::Chat`].
    Chat {
        /// The conversation, its good answer last.
        messages: Vec<Message>,
    },
    /// Of [`Format::Dpo`].
    Dpo {
        /// The conversation.
        prompt: Vec<Message>,
        /// The good answer.
        chosen: [Message; 1],
        /// The other.
        rejected: [Message; 1],
    },
    /// Of [`Format::DpoOpenai`].
    DpoOpenai {
        /// The conversation.
        input: Input,
        /// The good answer.
        preferred_output: [Message; 1],
        /// The other.
        non_preferred_output: [Message; 1],
    },
    /// Of [`Format::Csv`].
    Csv {
        /// What the visitor asked last.
        question: String,
        /// What was answered.
        answer: String,
        /// How that came about.
        how: OutcomeKind,
        /// What the AI had drafted, where that was changed.
        draft: String,
        /// Why.
        reasons: String,
    },
}

/// The conversation in [`Row::DpoOpenai`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its messages.
    pub messages: Vec<Message>,
}

/// An example in a format. `None` where it is of pairs, and there is none: nobody preferred an answer to another.
pub fn row(example: &Example, format: Format) -> Option<Row> {
    let good = Message::answer(&example.answer);
    let pair = || {
        let other = example.instead_of.as_deref()?;
        (!other.trim().is_empty() && other.trim() != example.answer.trim()).then(|| Message::answer(other))
    };
    let asked = example.asked.clone();
    Some(match format {
        Format::Chat => Row::Chat {
            messages: asked.into_iter().chain([good]).collect(),
        },
        Format::Dpo => Row::Dpo {
            prompt: asked,
            chosen: [good],
            rejected: [pair()?],
        },
        Format::DpoOpenai => Row::DpoOpenai {
            input: Input { messages: asked },
            preferred_output: [good],
            non_preferred_output: [pair()?],
        },
        Format::Csv => Row::Csv {
            question: asked.last().map(|last| last.content.clone()).unwrap_or_default(),
            answer: example.answer.clone(),
            how: example.how,
            draft: example.instead_of.clone().unwrap_or_default(),
            reasons: example.reasons.join(" "),
        },
    })
}

#[cfg(test)]
mod tests;
