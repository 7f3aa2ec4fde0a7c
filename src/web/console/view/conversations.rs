//! Conversations: the list, and one with everything that stands behind its answers.

use askama::Template;

use super::{ActionRow, Marked, Moment, OwnerView, Shell, ToolChoice, Words};
use crate::app::conversations::RatingView;
use crate::domain::action::form::Input;
use crate::domain::answer::AnswerMode;
use crate::domain::brief::Brief;
use crate::domain::conversation::Author;
use crate::domain::review::OutcomeKind;

/// `GET /conversations`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/conversations.html")]
pub struct ConversationsPage {
    /// The frame.
    pub shell: Shell,
    /// The list.
    pub list: ConversationsPart,
}

/// The list, newest message first. `GET /parts/conversations?after=CURSOR`.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "console/conversation_list.html")]
pub struct ConversationsPart {
    /// One page of them.
    pub rows: Vec<ConversationRow>,
    /// Cursor of the next page, if there is one.
    pub next: Option<String>,
    /// Whether this continues an earlier page (then an empty list says nothing).
    pub continued: bool,
    /// Whether only what counts as spam is listed.
    pub spam: bool,
}

/// One line of the list.
#[derive(Clone, Debug)]
pub struct ConversationRow {
    /// The conversation's id.
    pub id: String,
    /// What the visitor is called here.
    pub visitor: String,
    /// The first words of the newest message.
    pub last_text: String,
    /// Who wrote it.
    pub last_author: Author,
    /// When.
    pub last_at: Moment,
    /// Who answers.
    pub owner: OwnerView,
    /// What goes on, in words: `A draft waits`, `Idle`.
    pub state: String,
    /// Whether a person has to do something.
    pub needs_person: bool,
    /// Whether it counts as spam.
    pub spam: bool,
}

/// `GET /conversations/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/conversation.html")]
pub struct ConversationPage {
    /// The frame.
    pub shell: Shell,
    /// The conversation.
    pub conversation: ConversationPart,
    /// Tools that may be proposed for it.
    pub tools: Vec<ToolChoice>,
}

/// The head and thread of one conversation. `GET /parts/conversations/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/conversation_thread.html")]
pub struct ConversationPart {
    /// Its id.
    pub id: String,
    /// What the visitor is called here.
    pub visitor: String,
    /// The agent's name.
    pub agent: String,
    /// When it began.
    pub started: Moment,
    /// Who answers.
    pub owner: OwnerView,
    /// Whether the signed-in person owns it, and may write.
    pub mine: bool,
    /// Whether it is over.
    pub closed: bool,
    /// Where answers are mailed to.
    pub email: Option<String>,
    /// How the visitor rated it.
    pub rating: Option<RatingView>,
    /// What whoever takes over needs to know; none while the AI answers.
    pub brief: Option<Brief>,
    /// The review item that waits, if one does.
    pub open_item: Option<String>,
    /// Messages and what happened between them, in committed order.
    pub thread: Vec<ThreadEntry>,
    /// What was proposed to be done for it, the newest first.
    pub actions: Vec<ActionRow>,
}

/// One thing in a conversation.
#[derive(Clone, Debug)]
pub enum ThreadEntry {
    /// Something the visitor sees.
    Message(Box<ThreadMessage>),
    /// A draft that never went out, or waits.
    Draft(Box<DraftTrace>),
    /// A change of owner, in a sentence: `Mia took over`.
    Event {
        /// The sentence.
        text: String,
        /// When.
        at: Moment,
    },
    /// What a colleague wrote for others, or for the AI; the visitor does not see it.
    Note {
        /// Who wrote it.
        name: String,
        /// What.
        text: String,
        /// When.
        at: Moment,
        /// It was left for the AI.
        for_ai: bool,
    },
}

/// A message with what let it out.
#[derive(Clone, Debug)]
pub struct ThreadMessage {
    /// Its number in the conversation.
    pub seq: i64,
    /// Who wrote it.
    pub author: Author,
    /// The writer's name.
    pub name: String,
    /// As sent.
    pub text: String,
    /// When it was committed.
    pub at: Moment,
    /// When the widget acknowledged it; none = not delivered yet.
    pub delivered: Option<Moment>,
    /// What stands behind it; only for an answer of the AI or one that replaced its draft.
    pub trace: Option<Box<DraftTrace>>,
}

/// The way of a draft: how it was made, why it was held, who decided what.
#[derive(Clone, Debug)]
pub struct DraftTrace {
    /// How it was made.
    pub mode: AnswerMode,
    /// The AI's text; where a person changed it, the words taken out.
    pub text: Marked,
    /// Whether the text that went out differs from the draft.
    pub changed: bool,
    /// The agent version.
    pub agent_version: String,
    /// Why it was held, in sentences.
    pub reasons: Vec<String>,
    /// Who let it out without a certificate, in a sentence; empty unless it went out by itself.
    pub uncertified: String,
    /// What screening noticed, each flag with what raised it.
    pub noticed: Vec<String>,
    /// Titles of the sources it rests on.
    pub sources: Vec<String>,
    /// What was decided; none while it waits.
    pub outcome: Option<OutcomeKind>,
    /// By whom; empty when nobody did (expired, replaced).
    pub decided_by: String,
    /// When.
    pub decided_at: Option<Moment>,
    /// The reviewer's reasons in words, joined by commas.
    pub verdict: String,
    /// The release's id; empty when nothing was released.
    pub release_id: String,
    /// The edit of which one can say what follows; empty where there is none, or for those who may not.
    pub correction: String,
}
