//! What follows from an edit.

use super::{Moment, Shell};
use askama::Template;

/// `GET /improve/corrections/{outcome_id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/correction.html")]
pub struct CorrectionPage {
    /// The frame.
    pub shell: Shell,
    /// The edit.
    pub id: String,
    /// Where it happened.
    pub conversation_id: String,
    /// What was asked.
    pub question: String,
    /// What the AI had drafted; empty where it had no answer.
    pub draft: String,
    /// What the person sent.
    pub text: String,
    /// It was remembered when it was sent.
    pub is_remembered: bool,
    /// Why the draft was not good enough.
    pub causes: Vec<CauseTick>,
    /// What the draft rests on.
    pub documents: Vec<DocumentTick>,
    /// What the LLM is told; none for those who may not change it.
    pub instructions: Option<String>,
    /// Others who were told the same.
    pub told: Vec<ToldLine>,
    /// How many of them left an address.
    pub reachable: usize,
    /// They can be written to.
    pub can_mail: bool,
    /// What was said already; none while nobody has said anything.
    pub done: Option<CorrectionDone>,
}

/// A cause with its tick.
#[derive(Clone, Debug)]
pub struct CauseTick {
    /// As it is sent.
    pub code: &'static str,
    /// For people.
    pub words: &'static str,
    /// It is presumed.
    pub is_ticked: bool,
}

/// A document that can be changed.
#[derive(Clone, Debug)]
pub struct DocumentTick {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The file it came from.
    pub source: String,
    /// What it says.
    pub text: String,
}

/// Somebody else who was told the same.
#[derive(Clone, Debug)]
pub struct ToldLine {
    /// Where.
    pub conversation_id: String,
    /// Who.
    pub visitor: String,
    /// When.
    pub at: Moment,
    /// They left an address.
    pub has_email: bool,
}

/// What was said already.
#[derive(Clone, Debug)]
pub struct CorrectionDone {
    /// By whom.
    pub by: String,
    /// When.
    pub at: Moment,
    /// Why the draft was not good enough, in words; empty where nobody said.
    pub causes: String,
    /// What is tried; empty where nothing is.
    pub candidate_id: String,
    /// The question must stay answered so.
    pub must_stay: bool,
    /// Draft and correction train nothing together.
    pub no_pair: bool,
}
