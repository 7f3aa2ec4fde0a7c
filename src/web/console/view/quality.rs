//! Quality: how far the gate is open and why, what can be said of each month, and what to expect.

use askama::Template;

use super::{AutonomyPicture, DriftPicture, Moment, ReliabilityPicture, Shell};
use crate::domain::settings::AutonomySettings;

/// `GET /quality`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/quality.html")]
pub struct QualityPage {
    /// The frame.
    pub shell: Shell,
    /// What the owner set.
    pub settings: AutonomyForm,
    /// The gate, in a sentence.
    pub gate: String,
    /// The certificate in force, in sentences; or why there is none.
    pub certificate: Vec<String>,
    /// Until when it counts.
    pub expires: Option<Moment>,
    /// When it was last tested.
    pub tested: Option<Moment>,
    /// The autonomy curve; none before the first test.
    pub curve: Option<AutonomyPicture>,
    /// The months, the newest first.
    pub months: Vec<MonthLine>,
    /// When and why the gate closed by itself, and what load to expect; empty while it is open.
    pub closed: Vec<String>,
    /// The way of the detector; none before the first check under a certificate.
    pub drift: Option<DriftPicture>,
    /// What that means.
    pub drift_words: String,
    /// How good the score is; none before the first test.
    pub score: Option<ReliabilityPicture>,
    /// Accuracy by topic.
    pub topics: Vec<AccuracyLine>,
    /// Accuracy by agent version.
    pub versions: Vec<AccuracyLine>,
    /// How reviewers judge; none for those who do not manage.
    pub reviewers: Option<ReviewersPart>,
    /// What to expect.
    pub plan: PlanPart,
}

/// What the owner set, as it stands in the form.
#[derive(Clone, Debug)]
pub struct AutonomyForm {
    /// As it is set.
    pub set: AutonomySettings,
    /// The limit, in percent.
    pub limit: String,
    /// Who looks is an owner: they may let certificates open the gate, and loosen the limit.
    pub is_owner: bool,
}

/// A month.
#[derive(Clone, Debug)]
pub struct MonthLine {
    /// As in `2026-05`.
    pub month: String,
    /// In words.
    pub name: String,
    /// What can be said of it.
    pub says: String,
    /// Whether it is closed.
    pub is_closed: bool,
    /// Answers sent without a person.
    pub sent: u64,
    /// Drawn; none while the month is open.
    pub drawn: Option<u64>,
    /// Judged.
    pub reviewed: u64,
    /// Found bad.
    pub bad: u64,
}

/// A topic, or an agent version.
#[derive(Clone, Debug)]
pub struct AccuracyLine {
    /// Its name.
    pub name: String,
    /// The query that lists its answers, after `what=…&`.
    pub query: String,
    /// Drafts.
    pub drafts: u64,
    /// Judged ones.
    pub judged: u64,
    /// Bad ones.
    pub bad: u64,
    /// Estimate and interval, in words.
    pub says: String,
}

/// How reviewers judge.
#[derive(Clone, Debug)]
pub struct ReviewersPart {
    /// All together, in a sentence.
    pub team: String,
    /// Each of them.
    pub rows: Vec<ReviewerLine>,
}

/// A reviewer.
#[derive(Clone, Debug)]
pub struct ReviewerLine {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Verdicts within the last year.
    pub verdicts: u64,
    /// How long one takes, and how many came too fast.
    pub time: String,
    /// How often they agree with colleagues.
    pub agreement: String,
    /// The same beyond chance.
    pub ac1: String,
    /// How they judge what is known.
    pub known: String,
    /// How they judge what they have judged before.
    pub repeats: String,
    /// A gentle word; empty if none is due.
    pub word: String,
}

/// What to expect.
#[derive(Clone, Debug)]
pub struct PlanPart {
    /// Conversations a day.
    pub conversations: String,
    /// Limit in percent.
    pub limit: String,
    /// Confidence in percent.
    pub confidence: String,
    /// Reviews a day.
    pub reviews: String,
    /// What comes of it.
    pub says: Vec<String>,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
    /// Three wishes: for whom, and what comes of each.
    pub presets: Vec<(String, String)>,
    /// What is wrong with the figures, if something is.
    pub problem: String,
    /// The field that this is about, by its name in the form; empty if nothing is wrong.
    pub wrong: &'static str,
}

/// `GET /quality/answers`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/answers.html")]
pub struct AnswersPage {
    /// The frame.
    pub shell: Shell,
    /// Which ones, in words.
    pub title: String,
    /// What is left out, in a sentence; empty if nothing is.
    pub hint: String,
    /// The answers.
    pub rows: Vec<AnswerLine>,
    /// The query of this list without its page.
    pub query: String,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// Whether this continues an earlier page.
    pub continued: bool,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct AnswerLine {
    /// Its conversation.
    pub conversation: String,
    /// When.
    pub at: Moment,
    /// What was asked.
    pub question: String,
    /// What was answered.
    pub answer: String,
    /// How it came about.
    pub mode: &'static str,
    /// Its topic.
    pub topic: String,
    /// What became of it.
    pub state: &'static str,
    /// The verdict, if it may be shown.
    pub verdict: &'static str,
}
