//! What the AI has learnt, what it does not know, and the changes that wait to go live.

use super::{AccuracyLine, Moment, Shell};
use askama::Template;

/// `GET /improve`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/improve.html")]
pub struct ImprovePage {
    /// The frame.
    pub shell: Shell,
    /// Whoever looks may change what the AI knows.
    pub may_change: bool,
    /// Figures of the last seven days: what, and how many.
    pub learnt: Vec<(&'static str, u64)>,
    /// Who taught it, in a sentence; nothing where nobody did.
    pub by_whom: String,
    /// What approved proposals came to, in sentences.
    pub results: Vec<String>,
    /// Changes that are being tried or wait to go live.
    pub waiting: Vec<ChangeRow>,
    /// Gaps, those of the most visitors first.
    pub gaps: Vec<GapCard>,
    /// Changes that went live, the newest first.
    pub done: Vec<ChangeRow>,
    /// How good answers are, by agent version.
    pub versions: Vec<AccuracyLine>,
    /// Versions of the ranking that was learned from verdicts.
    pub tuned: Vec<TunedRow>,
    /// The regression set.
    pub questions: Vec<SetRow>,
}

/// A change, as a list shows it.
#[derive(Clone, Debug)]
pub struct ChangeRow {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// What it does.
    pub says: String,
    /// How far it is.
    pub state: &'static str,
    /// The same as a class name has it.
    pub look: &'static str,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: Moment,
}

/// A gap with the answer that is proposed for it.
#[derive(Clone, Debug)]
pub struct GapCard {
    /// Its id.
    pub id: String,
    /// The question in its middle.
    pub name: String,
    /// How many visitors asked how often.
    pub says: String,
    /// When somebody asked last.
    pub last: Moment,
    /// Some of the questions.
    pub examples: Vec<GapAsked>,
    /// What is proposed; empty where nothing is.
    pub proposal_id: String,
    /// The question, as it is proposed.
    pub question: String,
    /// The answer, as it is proposed; empty where nobody has answered yet.
    pub answer: String,
    /// Where the answer comes from.
    pub whence: String,
}

/// A question of a gap.
#[derive(Clone, Debug)]
pub struct GapAsked {
    /// Where it was asked.
    pub conversation_id: String,
    /// The question.
    pub question: String,
}

/// A version of the ranking.
#[derive(Clone, Debug)]
pub struct TunedRow {
    /// Its id.
    pub id: String,
    /// It fits the embedding model and is not in use.
    pub can_be_tried: bool,
    /// Counted from 1.
    pub number: i64,
    /// Whether it ranks.
    pub state: &'static str,
    /// What it was measured to do.
    pub says: String,
    /// When it was made.
    pub made: Moment,
}

/// A question of the regression set.
#[derive(Clone, Debug)]
pub struct SetRow {
    /// Its id.
    pub id: String,
    /// The question.
    pub question: String,
    /// The answer that it has to get; empty where a person has to answer.
    pub answer: String,
}

/// `GET /improve/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/candidate.html")]
#[expect(clippy::struct_excessive_bools, reason = "each switches a part of the page")]
pub struct CandidatePage {
    /// The frame.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// How far it is.
    pub state: &'static str,
    /// The same as a class name has it; `unknown` while its effect is being found out.
    pub look: &'static str,
    /// What was found.
    pub says: String,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: Moment,
    /// What became of it.
    pub history: Vec<String>,
    /// Whoever looks may decide about it.
    pub may_change: bool,
    /// It waits to go live.
    pub may_publish: bool,
    /// It is live.
    pub may_take_back: bool,
    /// It is not live yet.
    pub may_withdraw: bool,
    /// It was tried.
    pub is_tried: bool,
    /// Questions that it answers worse.
    pub worse: u64,
    /// Texts that the LLM has written for it, and all that it is to write, while it does.
    pub writing: Option<(u64, u64)>,
    /// What people found who read its answers blind.
    pub blind: BlindPart,
    /// What it changes.
    pub changes: Vec<ChangeLine>,
    /// Changes that are not shown.
    pub more_changes: i64,
    /// What it answers otherwise.
    pub cases: Vec<CaseLine>,
}

/// What people found who read the answers of a change blind.
#[derive(Clone, Debug)]
pub struct BlindPart {
    /// In words.
    pub says: String,
    /// Somebody has begun.
    pub begun: bool,
    /// Whoever looks may begin, or go on.
    pub may_judge: bool,
    /// The evidence says that the change is worse: publishing it needs a reason.
    pub is_worse: bool,
}

/// `GET /improve/{id}/compare`. What is judged comes from the API.
#[derive(Clone, Debug, Template)]
#[template(path = "console/compare.html")]
pub struct ComparePage {
    /// The frame.
    pub shell: Shell,
    /// The id of the change.
    pub id: String,
}

/// One change.
#[derive(Clone, Debug)]
pub struct ChangeLine {
    /// What is done.
    pub what: &'static str,
    /// The question or the title.
    pub title: String,
    /// The answer or the text.
    pub text: String,
}

/// A question that is answered otherwise.
#[derive(Clone, Debug)]
pub struct CaseLine {
    /// The question.
    pub question: String,
    /// Where it was asked; empty if nowhere.
    pub conversation_id: String,
    /// What becomes of it.
    pub effect: &'static str,
    /// The same as a class name has it.
    pub look: &'static str,
    /// What is known of it.
    pub known: String,
    /// The answer without the change.
    pub before: String,
    /// The answer with it.
    pub after: String,
    /// What somebody said of the two who did not know which is which; empty where nobody did.
    pub blind: String,
    /// The two wait to be read blind: they are not shown before somebody asks for them.
    pub is_folded: bool,
}
