//! What surrounds every page of a signed-in person.

use super::Moment;

/// The frame of a page: navigation, workspace, gate, engine, who is signed in.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The workspace's id, which every request of the page repeats.
    pub workspace_id: String,
    /// The workspace's name.
    pub workspace: String,
    /// The workspaces among which the person may go about; nothing for whoever has one only.
    pub places: Vec<PlaceChoice>,
    /// Whether they see all their clients on one page.
    pub sees_agency: bool,
    /// The signed-in person's name.
    pub person: String,
    /// Their id, by which the log names them; none for who is no member.
    pub member: Option<String>,
    /// Whether they may look after the machine: owners and admins.
    pub manages: bool,
    /// Which part of the navigation is current.
    pub section: Section,
    /// Review items and actions that wait.
    pub waiting: u64,
    /// What the gate lets out.
    pub gate: GateBadge,
    /// Whether the AI can work.
    pub engine: EngineState,
    /// Webhooks and e-mails that keep failing, for those who look after the workspace.
    pub undelivered: Vec<Undelivered>,
    /// Webhook subscriptions whose receiver has said that it is gone, for the same.
    pub switched_off: u64,
    /// Sent as `X-CSRF-Token` with every change.
    pub csrf_token: String,
    /// Sequence of the newest log entry this page knows: live events are asked for after it.
    pub after_seq: i64,
}

/// Something that keeps failing to leave the building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// How many of what: `2 webhooks keep failing`.
    pub what: String,
    /// When the oldest was queued.
    pub oldest: Moment,
    /// The command that tells more, after `holdpoint`.
    pub command: &'static str,
}

/// A workspace of the signed-in person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceChoice {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What they are there: `owner`.
    pub role: &'static str,
    /// What waits there.
    pub waiting: u64,
    /// They are in it.
    pub is_current: bool,
}

impl Shell {
    /// What waits in the person's other workspaces.
    pub fn waiting_elsewhere(&self) -> u64 {
        let others = self.places.iter().filter(|place| !place.is_current);
        others.map(|place| place.waiting).sum()
    }

    /// Whether `section` is the current one (`"queue"`, `"live"`, `"conversations"`, `"actions"`, `"knowledge"`, `"improve"`, `"analyse"`, `"quality"`, `"log"`, `"settings"`).
    pub fn is_in(&self, section: &str) -> bool {
        self.section.code() == section
    }
}

/// The parts of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is a word of the navigation")]
pub enum Section {
    Queue,
    Checks,
    Live,
    Conversations,
    Actions,
    Knowledge,
    Improve,
    Analyse,
    Reports,
    Quality,
    Log,
    Settings,
    Agency,
}

impl Section {
    /// The code, as templates ask for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Checks => "checks",
            Self::Live => "live",
            Self::Conversations => "conversations",
            Self::Actions => "actions",
            Self::Knowledge => "knowledge",
            Self::Improve => "improve",
            Self::Analyse => "analyse",
            Self::Reports => "reports",
            Self::Quality => "quality",
            Self::Log => "log",
            Self::Settings => "settings",
            Self::Agency => "agency",
        }
    }
}

/// The gate state in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateBadge {
    /// Every answer waits for a person.
    Closed,
    /// Opened by hand, without proof: by whom, and for which topics.
    Uncertified(String, String),
    /// Opened as far as a certificate reaches.
    Certified,
}

impl GateBadge {
    /// Two words: `Gate closed`.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Closed => "Gate closed",
            Self::Uncertified(..) => "Gate open, not certified",
            Self::Certified => "Gate open, certified",
        }
    }

    /// What that means, one sentence.
    pub fn meaning(&self) -> String {
        match self {
            Self::Closed => "Every answer waits for a person.".to_owned(),
            Self::Uncertified(by, topics) => format!("{by} released {topics} without a certificate."),
            Self::Certified => "Answers inside the certificate go out by themselves.".to_owned(),
        }
    }

    /// The code, for a class name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Uncertified(..) => "uncertified",
            Self::Certified => "certified",
        }
    }
}

/// Whether the engine answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineState {
    /// It answers.
    Up,
    /// It does not answer (yet); the sentence says why and what to do.
    Down(String),
}

/// Whether the log's hash chain verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainStatus {
    /// `entries` entries verify; the head's first hexadecimal digits.
    Whole {
        /// How many entries were checked.
        entries: u64,
        /// The head, shortened for reading.
        head: String,
    },
    /// The chain breaks at an entry.
    Broken {
        /// Its sequence.
        first_bad: i64,
        /// Why, one sentence.
        why: String,
    },
}

impl EngineState {
    /// What the page says about it; nothing when it answers.
    pub fn notice(&self) -> Option<&str> {
        match self {
            Self::Up => None,
            Self::Down(why) => Some(why),
        }
    }
}
