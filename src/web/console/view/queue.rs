//! The queue: what waits for a person, and the one item in the centre.

use askama::Template;

use super::{ActionPart, Marked, Moment, REASONS, Severity, Shell, Words, risk_code};
use crate::domain::action::tool::Risk;
use crate::domain::answer::AnswerMode;
use crate::domain::brief::Brief;
use crate::domain::conversation::Author;
use crate::domain::review::{ItemKind, ReasonCode};

/// `GET /queue` (the first item) and `GET /queue/{item}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/queue.html")]
pub struct QueuePage {
    /// The frame.
    pub shell: Shell,
    /// The list on the left.
    pub list: QueuePart,
    /// The item in the centre; none when nothing waits, or an action stands there.
    pub item: Option<ItemPart>,
    /// The action in the centre.
    pub action: Option<ActionPart>,
    /// Whether any knowledge was imported: decides what the empty page proposes.
    pub has_knowledge: bool,
    /// Agents to choose from, id and name.
    pub agents: Vec<(String, String)>,
    /// Reasons to choose from, code and words.
    pub reasons: Vec<(String, String)>,
    /// Topics to choose from.
    pub topics: Vec<String>,
    /// Quality checks that wait for this reviewer.
    pub checks: u64,
    /// What load to expect since the gate closed by itself; empty if it has not lately.
    pub load: String,
}

/// The list of waiting items, oldest unanswered message first. `GET /parts/queue`.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "console/queue_list.html")]
pub struct QueuePart {
    /// In working order.
    pub rows: Vec<QueueRow>,
    /// Id of the item in the centre, if it is one of them.
    pub current: String,
    /// How many wait in this part of the queue, listed or not.
    pub total: u64,
}

/// What a line of the list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// What a visitor asked.
    Item(ItemKind),
    /// Something that is to be done, who asked for it, and what is at stake.
    Action(String, Risk),
}

impl RowKind {
    /// The look of what is at stake.
    pub fn risk_code(&self) -> &'static str {
        match self {
            Self::Item(_) => "",
            Self::Action(_, risk) => risk_code(*risk),
        }
    }
}

/// One line of the list.
#[derive(Clone, Debug)]
pub struct QueueRow {
    /// The id of the review item, or of the action.
    pub id: String,
    /// What it is.
    pub kind: RowKind,
    /// How its draft was made; none while the AI is still drafting.
    pub mode: Option<AnswerMode>,
    /// The first words of the visitor's question, or what is to be done.
    pub question: String,
    /// When the oldest unanswered message arrived.
    pub waiting_since: Moment,
    /// How many flags ask for attention.
    pub warnings: usize,
    /// Revision number; rises when the visitor writes again.
    pub revision: i64,
    /// Another reviewer who has it open.
    pub held_by: Option<String>,
    /// To whom it was given: `you`, or a colleague's name.
    pub given_to: Option<String>,
    /// The program that speaks for the visitor.
    pub program: Option<String>,
}

impl QueueRow {
    /// The mode in a word or two: there is little room.
    pub fn mode_words(&self) -> &'static str {
        match self.mode {
            Some(AnswerMode::Verified) => "Verified",
            Some(AnswerMode::Quote) => "Quoted",
            Some(AnswerMode::Compose) => "AI-written",
            Some(AnswerMode::Abstain) => "No answer",
            None => "Being drafted",
        }
    }
}

/// The item in the centre. `GET /parts/queue/{item}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/queue_item.html")]
pub struct ItemPart {
    /// The item.
    pub item: QueueItem,
}

impl ItemPart {
    /// The reason codes, in the order of their number keys.
    pub fn reasons(&self) -> [ReasonCode; 7] {
        REASONS
    }

    /// Whether there is a text of the AI to decide on.
    pub fn has_draft(&self) -> bool {
        self.item.kind == ItemKind::Gate
            && self
                .item
                .draft
                .as_ref()
                .is_some_and(|draft| draft.mode != AnswerMode::Abstain)
    }
}

/// Everything a reviewer needs to decide.
#[derive(Clone, Debug)]
pub struct QueueItem {
    /// The review item's id.
    pub id: String,
    /// What it is.
    pub kind: ItemKind,
    /// Its conversation's id.
    pub conversation_id: String,
    /// What the visitor is called here: `Visitor 3f2a`, or the name given.
    pub visitor: String,
    /// The agent's name.
    pub agent: String,
    /// Revision number this page shows; sent back with the decision.
    pub revision: i64,
    /// The visitor's messages of this turn, oldest first.
    pub question: Vec<MessageView>,
    /// What was said before this turn, oldest first.
    pub history: Vec<MessageView>,
    /// The AI's proposal; none on a handoff without one, or while it is being drafted.
    pub draft: Option<DraftView>,
    /// What to read in the draft's place when there is none, one sentence.
    pub without_draft: String,
    /// Whether a newer draft is being made for the newest revision.
    pub drafting: bool,
    /// What the draft rests on, best first.
    pub sources: Vec<SourceView>,
    /// Signals in sentences.
    pub flags: Vec<Flag>,
    /// Why it is held, in sentences.
    pub reasons: Vec<String>,
    /// Whether an own answer is proposed as a verified answer.
    pub remembers: bool,
    /// When the oldest unanswered message arrived.
    pub waiting_since: Moment,
    /// When the fallback takes over, if there is a deadline.
    pub deadline: Option<Moment>,
    /// What happens then, one sentence: `Then the visitor is asked for an e-mail address.`
    pub fallback: String,
    /// What whoever answers needs to know; none for a draft.
    pub brief: Option<Brief>,
    /// What the visitor wrote after the revision the reviewer first saw; empty when nothing.
    pub newer: Vec<MessageView>,
    /// Who has it open.
    pub lease: LeaseView,
    /// The wording of the answer that this page shows; sent back with the decision.
    pub wording: i64,
    /// How many other items wait with an identical draft.
    pub alike: usize,
    /// Who has to decide and who has approved, in sentences; empty where one person decides alone.
    pub together: Vec<String>,
}

/// Who has an item open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseView {
    /// Nobody.
    Free,
    /// The signed-in person.
    Mine,
    /// Somebody else, by name.
    Other(String),
}

impl LeaseView {
    /// The other person who has it, or an empty text.
    pub fn other(&self) -> &str {
        match self {
            Self::Other(name) => name,
            Self::Free | Self::Mine => "",
        }
    }
}

/// One message.
#[derive(Clone, Debug)]
pub struct MessageView {
    /// Who wrote it.
    pub author: Author,
    /// The writer's name as the page shows it.
    pub name: String,
    /// As written; line breaks are kept.
    pub text: String,
    /// When.
    pub at: Moment,
}

/// The AI's proposal.
#[derive(Clone, Debug)]
pub struct DraftView {
    /// How it was made.
    pub mode: AnswerMode,
    /// The text, with the words highlighted that no source supports.
    pub text: Marked,
    /// The text as it is, for the editor.
    pub plain: String,
    /// The agent version that made it: `Version 3`.
    pub agent_version: String,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
}

impl DraftView {
    /// How long it took in words: `24 ms`, `1.8 s`.
    pub fn took(&self) -> String {
        match self.took_ms {
            ..1_000 => format!("{} ms", self.took_ms.max(0)),
            _ => format!("{}.{} s", self.took_ms / 1_000, self.took_ms % 1_000 / 100),
        }
    }
}

/// A passage or a verified answer the draft rests on.
#[derive(Clone, Debug)]
pub struct SourceView {
    /// The document's name, or the verified answer's question.
    pub title: String,
    /// Where it is shown whole.
    pub href: String,
    /// The passage with the supporting words highlighted.
    pub passage: Marked,
    /// How near the question it is, in percent 0–100; hidden when none.
    pub nearness_percent: Option<u8>,
    /// Whether the draft uses it (the others were only found).
    pub used: bool,
}

/// A signal in a sentence.
#[derive(Clone, Debug)]
pub struct Flag {
    /// How loudly.
    pub severity: Severity,
    /// `“42 €” does not occur in the sources`.
    pub text: String,
}
