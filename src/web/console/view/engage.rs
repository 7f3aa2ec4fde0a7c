//! Live's wall, goals, and people to be called back.

use askama::Template;

use super::{Moment, Shell};

/// What goes on, in figures. `GET /parts/live/wall`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/wall.html")]
pub struct WallPart {
    /// How many pages are open, in words: `12`, `10000 or more`.
    pub visitors: String,
    /// The pages on which most of them are.
    pub paths: Vec<PathBar>,
    /// The agents that are to be seen there.
    pub agents: Vec<String>,
    /// Conversations that the AI, a person and nobody yet answers.
    pub going_on: (u64, u64, u64),
    /// The median first answer of the last hour by the AI, and by a person: in words, and over how many.
    pub answers: [(String, usize); 2],
    /// New leads of the last hour.
    pub leads: u64,
    /// Conversions since midnight.
    pub conversions: u64,
    /// Whether the signed-in person may set goals.
    pub manages: bool,
    /// What happened, the newest first.
    pub feed: Vec<FeedLine>,
}

/// A page of the site.
#[derive(Clone, Debug)]
pub struct PathBar {
    /// Its path.
    pub path: String,
    /// How many are there.
    pub visitors: usize,
    /// Of a hundred, how long its bar is.
    pub percent: usize,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct FeedLine {
    /// Its place in the log.
    pub seq: i64,
    /// What, in a sentence.
    pub sentence: String,
    /// The conversation that it is about, or what else shows it.
    pub href: String,
    /// When.
    pub at: Moment,
}

/// How far it is with somebody, to choose from: code, words, chosen.
pub type StageChoice = (&'static str, &'static str, bool);
/// Who may look after somebody: id, name, chosen.
pub type OwnerChoice = (String, String, bool);

/// Somebody to be called back.
#[derive(Clone, Debug)]
pub struct LeadCard {
    /// Their id.
    pub id: String,
    /// Their name; something that stands for it where they gave none.
    pub name: String,
    /// Their address or number.
    pub contact: String,
    /// A link that writes to them or calls them; empty where neither can be told.
    pub contact_href: String,
    /// What they want.
    pub note: String,
    /// How far it is.
    pub stages: Vec<StageChoice>,
    /// Who looks after them.
    pub owners: Vec<OwnerChoice>,
    /// How often they asked.
    pub occurrences: i64,
    /// The conversation in which they last did, and what the visitor is called in it.
    pub conversation: Option<(String, String)>,
    /// The action that noted it.
    pub action: Option<String>,
    /// When they last asked.
    pub at: Moment,
}

/// `GET /actions/leads`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/leads.html")]
pub struct LeadsPage {
    /// The frame.
    pub shell: Shell,
    /// The tabs of the list of actions.
    pub tabs: Vec<(&'static str, &'static str, bool)>,
    /// Stages to choose from, with one that is any: code, words, chosen.
    pub stages: Vec<StageChoice>,
    /// Owners to choose from.
    pub owners: Vec<OwnerChoice>,
    /// Something narrows the list down.
    pub is_narrowed: bool,
    /// The query that repeats what is chosen, without `?`.
    pub query: String,
    /// Who asked last first.
    pub rows: Vec<LeadCard>,
    /// A cursor for older ones.
    pub next: Option<String>,
}

/// One of the times that somebody asked.
#[derive(Clone, Debug)]
pub struct OccurrenceRow {
    /// When.
    pub at: Moment,
    /// Name and address, as they wrote them.
    pub who: String,
    /// What they want.
    pub note: String,
    /// What they agreed to.
    pub consent: String,
    /// The conversation, and what the visitor is called in it.
    pub conversation: Option<(String, String)>,
    /// The action that noted it.
    pub action: String,
}

/// `GET /actions/leads/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/lead.html")]
pub struct LeadPage {
    /// The frame.
    pub shell: Shell,
    /// Who.
    pub lead: LeadCard,
    /// Each time they asked, the newest first.
    pub asked: Vec<OccurrenceRow>,
}

/// A goal.
#[derive(Clone, Debug)]
pub struct GoalRow {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How it is known, in words.
    pub how: String,
    /// `url`, `event` or `api`.
    pub kind: &'static str,
    /// The page or event.
    pub on: String,
    /// `none`, `fixed` or `given`.
    pub worth: &'static str,
    /// The value as people write it; empty without one.
    pub value: String,
    /// What it is worth, in words.
    pub worth_words: String,
    /// What was reached in thirty days, a line for each who says so.
    pub reached: Vec<String>,
    /// It is retired.
    pub is_retired: bool,
}

/// `GET /settings/goals`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/goals.html")]
pub struct GoalsPage {
    /// The frame.
    pub shell: Shell,
    /// Currencies to choose from: code, chosen.
    pub currencies: Vec<(&'static str, bool)>,
    /// The workspace's.
    pub currency: &'static str,
    /// Its decimals.
    pub decimals: u8,
    /// The goals, those in force first.
    pub goals: Vec<GoalRow>,
}

/// `GET /analyse/goals`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/reached.html")]
pub struct ReachedPage {
    /// The frame.
    pub shell: Shell,
    /// Which days, in words.
    pub days: String,
    /// Days, for links.
    pub query: String,
    /// What was reached, the newest first.
    pub lines: Vec<ReachedLine>,
    /// The next page, if there is one.
    pub next: Option<String>,
}

/// A goal that was reached.
#[derive(Clone, Debug)]
pub struct ReachedLine {
    /// Which goal.
    pub goal: String,
    /// The conversation it counts for.
    pub href: String,
    /// What it is worth; empty where it is only counted.
    pub worth: String,
    /// Who says so, in words.
    pub said_by: &'static str,
    /// The shop's own id of the order; empty if there is none.
    pub order: String,
    /// When.
    pub at: Moment,
}
