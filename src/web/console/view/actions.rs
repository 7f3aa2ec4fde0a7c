//! Actions: one that waits, what became of it, the list of them, people to be called back; and tools.

use askama::Template;

use super::{LeaseView, Moment, Shell};
use crate::domain::action::form::{Field, Input};
use crate::domain::action::tool::Risk;

/// Everything about one action.
#[derive(Clone, Debug)]
pub struct ActionCard {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What programs call it; empty where that is the title.
    pub name: String,
    /// What it does, in the words of whoever asks or owns the tool.
    pub description: String,
    /// What is at stake.
    pub risk: Risk,
    /// Who asked, as a clause: `asked by the agent Otto`.
    pub asked: String,
    /// How it stands: a word for style sheets.
    pub state: &'static str,
    /// The same for people.
    pub state_words: String,
    /// The conversation it is about: id, and what the visitor is called.
    pub conversation: Option<(String, String)>,
    /// The arguments as people read them.
    pub args: Vec<ArgLine>,
    /// Arguments that the AI put otherwise than the visitor, by title, with commas; empty for none.
    pub unsaid: String,
    /// The arguments as JSON, with what is not seen written out.
    pub args_shown: String,
    /// The arguments as JSON.
    pub args_json: String,
    /// The same as a form.
    pub fields: Vec<FieldView>,
    /// Exactly what is sent: what it is, and the text.
    pub sent: Vec<(&'static str, String)>,
    /// Who carries it out, one sentence.
    pub carried_out: &'static str,
    /// Since when it waits.
    pub asked_at: Moment,
    /// Until when.
    pub deadline: Moment,
    /// What happens then, one sentence.
    pub fallback: &'static str,
    /// Who has approved and who changed it, in sentences; empty where one person decides alone.
    pub together: Vec<String>,
    /// What may be decided: `approve edit reject respond`.
    pub allowed: Vec<&'static str>,
    /// The hash that a decision names.
    pub hash: String,
    /// Who has it open.
    pub lease: LeaseView,
    /// Whoever looks can take back what they decided.
    pub may_undo: bool,
    /// What was decided, in a sentence; empty while it waits.
    pub decided: String,
    /// When.
    pub decided_at: Option<Moment>,
    /// What the person who decided said.
    pub message: String,
    /// What is known of how it went; empty before.
    pub result: String,
    /// When it was begun, and how often.
    pub began: Option<(Moment, i64)>,
    /// When it was over.
    pub ended: Option<Moment>,
    /// Whether it was done is not known.
    pub is_unknown: bool,
    /// There is a calendar file to download.
    pub has_entry: bool,
}

impl ActionCard {
    /// Whether this may be decided.
    pub fn allows(&self, kind: &str) -> bool {
        self.allowed.contains(&kind)
    }

    /// What is at stake, in words.
    pub fn risk_words(&self) -> &'static str {
        risk_words(self.risk)
    }

    /// The look of what is at stake.
    pub fn risk_code(&self) -> &'static str {
        risk_code(self.risk)
    }

    /// What may be decided, for scripts.
    pub fn allowed_codes(&self) -> String {
        self.allowed.join(" ")
    }

    /// Whether somebody has changed an argument.
    pub fn is_changed(&self) -> bool {
        self.args.iter().any(|line| line.was.is_some())
    }
}

/// What is at stake, in words.
pub fn risk_words(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "Low risk",
        Risk::Medium => "Some risk",
        Risk::High => "High stakes",
    }
}

/// The look of what is at stake.
pub fn risk_code(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
    }
}

/// An argument as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgLine {
    /// What people call it.
    pub title: String,
    /// What it is.
    pub value: String,
    /// What was proposed, if somebody changed it.
    pub was: Option<String>,
}

/// An argument as a form has it.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldView {
    /// The argument.
    pub field: Field,
    /// What stands in it.
    pub value: String,
}

impl FieldView {
    /// The id of its input; `prefix` tells forms of one page apart.
    pub fn id(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.field.name)
    }

    /// How scripts read it: `text`, `number`, `flag`, `choice`, `json`.
    pub fn kind(&self) -> &'static str {
        match self.field.input {
            Input::Text { .. } => "text",
            Input::Number { .. } => "number",
            Input::Flag => "flag",
            Input::Choice { .. } => "choice",
            Input::Json => "json",
        }
    }

    /// What its number has to be, for people; empty for anything else.
    pub fn range(&self) -> String {
        let Input::Number { whole, least, most } = self.field.input else {
            return String::new();
        };
        let kind = if whole { "a whole number" } else { "a number" };
        match (least, most) {
            (Some(least), Some(most)) => format!("{kind} from {least} to {most}"),
            (Some(least), None) => format!("{kind} from {least}"),
            (None, Some(most)) => format!("{kind} up to {most}"),
            (None, None) => kind.to_owned(),
        }
    }
}

/// An action in the centre of the queue. `GET /parts/queue/actions/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/action_item.html")]
pub struct ActionPart {
    /// It.
    pub action: ActionCard,
}

/// What became of an action. `GET /parts/actions/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/action_state.html")]
pub struct ActionStatePart {
    /// It.
    pub action: ActionCard,
}

/// `GET /actions/{id}`, once it does not wait any more.
#[derive(Clone, Debug, Template)]
#[template(path = "console/action.html")]
pub struct ActionPage {
    /// The frame.
    pub shell: Shell,
    /// It.
    pub state: ActionStatePart,
}

/// A line of the list.
#[derive(Clone, Debug)]
pub struct ActionRow {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Who asked.
    pub asked: String,
    /// How it stands: a word for style sheets.
    pub state: &'static str,
    /// The same for people.
    pub state_words: String,
    /// Its arguments on one line.
    pub args: String,
    /// What is known of how it went.
    pub result: String,
    /// When it was proposed.
    pub at: Moment,
    /// There is a calendar file to download.
    pub has_entry: bool,
}

/// The list. `GET /parts/actions`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/action_list.html")]
pub struct ActionsPart {
    /// What nobody knows about: first, whatever else is shown.
    pub unknown: Vec<ActionRow>,
    /// The newest first.
    pub rows: Vec<ActionRow>,
    /// Which are shown: the code of a tab.
    pub show: &'static str,
    /// A cursor for older ones.
    pub next: Option<String>,
    /// These are older ones.
    pub continued: bool,
}

/// `GET /actions`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/actions.html")]
pub struct ActionsPage {
    /// The frame.
    pub shell: Shell,
    /// The tabs: what follows `/actions` in their address, words, and which is this one.
    pub tabs: Vec<(&'static str, &'static str, bool)>,
    /// The list.
    pub list: ActionsPart,
}

/// A line of the list of tools.
#[derive(Clone, Debug)]
pub struct ToolRow {
    /// What programs call it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What is at stake.
    pub risk: Risk,
    /// Whether it waits for people, and for how many.
    pub waits: String,
    /// Where it is offered.
    pub offered: String,
    /// What it does, in a word: `E-mail`.
    pub does: &'static str,
    /// Secrets that are missing.
    pub missing: String,
}

impl ToolRow {
    /// What is at stake, in words.
    pub fn risk_words(&self) -> &'static str {
        risk_words(self.risk)
    }

    /// The look of what is at stake.
    pub fn risk_code(&self) -> &'static str {
        risk_code(self.risk)
    }
}

/// `GET /settings/tools`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/tools.html")]
pub struct ToolsPage {
    /// The frame.
    pub shell: Shell,
    /// Something is offered to the AI, and no agent's model was found able to propose it.
    pub ai_waits: bool,
    /// By name.
    pub tools: Vec<ToolRow>,
    /// What one can begin with: code, what it is.
    pub starts: Vec<(&'static str, &'static str)>,
    /// Secrets that are set: name and when.
    pub secrets: Vec<(String, Moment)>,
}

/// `GET /settings/tools/{name}` and `GET /settings/new-tool`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/tool.html")]
pub struct ToolPage {
    /// The frame.
    pub shell: Shell,
    /// What programs call it; empty for a new one.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its version; 0 for a new one.
    pub version: i64,
    /// Since when it is so.
    pub since: Option<Moment>,
    /// Its definition.
    pub definition: String,
    /// Its form.
    pub fields: Vec<FieldView>,
    /// Secrets that are missing.
    pub missing: Vec<String>,
    /// Rules and limits in sentences.
    pub rules: Vec<String>,
    /// What one can begin with: code, what it is; the current one first.
    pub starts: Vec<(&'static str, &'static str)>,
}

/// A tool that may be proposed in a conversation.
#[derive(Clone, Debug)]
pub struct ToolChoice {
    /// What programs call it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it does.
    pub description: String,
    /// Its form.
    pub fields: Vec<FieldView>,
}
