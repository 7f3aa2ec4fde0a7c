//! Verified answers: the list, and a page for each.

use super::{Moment, Shell};
use askama::Template;

/// `GET /knowledge/verified?show=`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/verified_answers.html")]
pub struct VerifiedAnswersPage {
    /// The frame.
    pub shell: Shell,
    /// Whoever looks may change what the AI knows.
    pub may_change: bool,
    /// How many are in use.
    pub count: usize,
    /// How many somebody is to look at.
    pub doubted: usize,
    /// Which are listed, as the address has it; empty for all.
    pub show: &'static str,
    /// A verified answer needs a second person.
    pub second_person: bool,
    /// Drafts made from one that newer knowledge speaks against wait for a person.
    pub hold_conflicts: bool,
    /// Those, newest first.
    pub answers: Vec<VerifiedAnswerRow>,
}

/// A question and the answer a person stands behind.
#[derive(Clone, Debug)]
pub struct VerifiedAnswerRow {
    /// Its id.
    pub id: String,
    /// The question it was given to.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// Who approved it.
    pub author: String,
    /// When.
    pub at: Moment,
    /// The conversation it came from; empty when entered by hand.
    pub conversation_id: String,
    /// How many drafts used it.
    pub used: u64,
    /// How many other wordings lead to it.
    pub variants: usize,
    /// From when on it is not answered from any more.
    pub expires: Option<Moment>,
    /// Newer knowledge speaks against it.
    pub to_look_at: bool,
}

/// `GET /knowledge/answers/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/verified_answer.html")]
pub struct VerifiedAnswerPage {
    /// The frame.
    pub shell: Shell,
    /// Whoever looks may change what the AI knows, and it is in use.
    pub may_change: bool,
    /// Its id.
    pub id: String,
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// Other wordings of the question.
    pub variants: Vec<String>,
    /// The language it is written in; empty where that cannot be told.
    pub language: String,
    /// Who looks after it; empty for nobody.
    pub owner: String,
    /// Its last day as a form has it, `2027-01-31`; empty for none.
    pub last_day: String,
    /// Who approved it.
    pub author: String,
    /// When.
    pub at: Moment,
    /// The conversation it came from; empty when entered by hand.
    pub conversation_id: String,
    /// When it went out of use.
    pub retired: Option<Moment>,
    /// When somebody said last that it is still right.
    pub confirmed: Option<Moment>,
    /// What it rests on; none while that is being found out.
    pub sources: Option<Vec<AnswerSource>>,
    /// Figures: what, and how many.
    pub figures: Vec<(&'static str, String)>,
    /// Uses by week, the oldest first: height in parts of a hundred, and the week in words.
    pub weeks: Vec<WeekBar>,
    /// The weeks in a sentence.
    pub weeks_say: String,
    /// What speaks against it.
    pub conflicts: Vec<ConflictCard>,
    /// What was decided about what spoke against it before, in sentences.
    pub decided: Vec<String>,
    /// Changes that concern it, the newest first.
    pub history: Vec<AnswerHistory>,
    /// A change that waits; empty for none.
    pub waiting: String,
    /// The earlier text; empty for none.
    pub replaces: String,
    /// The later text; empty for none.
    pub replaced_by: String,
}

/// A document that an answer rests on.
#[derive(Clone, Debug)]
pub struct AnswerSource {
    /// Where it is shown; empty where it is gone.
    pub href: String,
    /// Its title.
    pub title: String,
    /// Whether it still says the same.
    pub state: &'static str,
}

/// The uses of a week as a bar.
#[derive(Clone, Copy, Debug)]
pub struct WeekBar {
    /// From the left.
    pub x: usize,
    /// From the top.
    pub y: u64,
    /// How high.
    pub height: u64,
}

/// What speaks against an answer.
#[derive(Clone, Debug)]
pub struct ConflictCard {
    /// Its id.
    pub id: String,
    /// What it is.
    pub what: &'static str,
    /// Title or question of what speaks against it.
    pub title: String,
    /// Where that is shown; empty where it is gone.
    pub href: String,
    /// What stands on the left.
    pub before_is: &'static str,
    /// The text of before.
    pub before: String,
    /// The text of now; empty where it is gone.
    pub after: String,
    /// What differs, in words; empty where no facts do.
    pub differs: String,
    /// When it was found.
    pub at: Moment,
}

/// A change that concerns an answer.
#[derive(Clone, Debug)]
pub struct AnswerHistory {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Number and author.
    pub by: String,
    /// How far it is.
    pub state: &'static str,
    /// The same as a class name has it.
    pub look: &'static str,
    /// When.
    pub at: Moment,
}
