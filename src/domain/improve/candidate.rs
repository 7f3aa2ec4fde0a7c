//! Candidates: changes of what the AI knows, tried on questions of the past before they go live.
//!
//! A change is *better* where a question gets an answer that had none, where a regression question is answered as it should be that was not, or where
//! an answer goes that a person called bad. It is *worse* where the opposite happens. Everything else that differs is shown, and nobody can say yet
//! which of the two is right: that is for people to read.

use super::super::answer::{AnswerMode, same_words};
use super::super::ids::{AgentId, DocumentId, RetrievalVersionId, VerifiedAnswerId};
use super::super::knowledge::DocumentKind;
use super::super::review::VerdictLabel;
use super::super::settings::AgentSettings;
use super::super::time::Timestamp;
use super::answer::AnswerDetails;
use super::comparison::Finding;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Most changes of one candidate.
pub const MOST_CHANGES: usize = 50_000;

/// The text of a document and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentText {
    /// Its collection.
    pub collection: String,
    /// Its name within its source.
    pub external_id: String,
    /// Title, question or path of headings.
    pub title: String,
    /// The text.
    pub body: String,
    /// What it is.
    pub kind: DocumentKind,
    /// The file it came from.
    pub source: String,
    /// Its place in that file.
    pub anchor: String,
    /// Its place in the order of that file.
    pub position: i64,
    /// The language it is written in, as ISO 639-1.
    #[serde(default)]
    pub language: Option<String>,
    /// Who looks after it.
    #[serde(default)]
    pub owner: Option<String>,
    /// From when on it is not answered from any more.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// The content as an import left it last, hashed, in base64. Only imports say so of their own changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<String>,
}

/// One change of what the AI answers from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// A verified answer comes into use; one to the very same question goes.
    AddAnswer {
        /// Its id from then on.
        id: VerifiedAnswerId,
        /// The question.
        question: String,
        /// The answer.
        answer: String,
        /// Other wordings, what it rests on, and until when it holds.
        #[serde(default, skip_serializing_if = "AnswerDetails::is_empty")]
        details: Box<AnswerDetails>,
    },
    /// A verified answer that was in use before comes into use again.
    RestoreAnswer {
        /// Which.
        id: VerifiedAnswerId,
    },
    /// A verified answer goes out of use.
    RetireAnswer {
        /// Which.
        id: VerifiedAnswerId,
    },
    /// A document comes in, or takes another text.
    PutDocument {
        /// Its id from then on.
        id: DocumentId,
        /// What it says.
        document: DocumentText,
    },
    /// A document goes.
    RemoveDocument {
        /// Which.
        id: DocumentId,
        /// As in [`DocumentText`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        imported: Option<String>,
    },
    /// An agent gets other settings: instructions, models, modes, collections.
    SetAgent {
        /// Which.
        id: AgentId,
        /// All of its settings.
        settings: Box<AgentSettings>,
        /// The settings they were made from: only what differs from these is changed, so that what others have changed meanwhile stays. Without
        /// them everything becomes as `settings` say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Box<AgentSettings>>,
    },
    /// Another version ranks what is found.
    RankWith {
        /// Which; none for the ranking as it comes.
        id: Option<RetrievalVersionId>,
    },
}

impl Change {
    /// The same change has no effect twice, and two of one candidate must not concern the same thing: this names the thing.
    pub fn subject(&self) -> String {
        match self {
            Self::AddAnswer { id, .. } | Self::RestoreAnswer { id } | Self::RetireAnswer { id } => {
                format!("answer {id}")
            }
            Self::PutDocument { id, .. } | Self::RemoveDocument { id, .. } => format!("document {id}"),
            Self::SetAgent { id, .. } => format!("agent {id}"),
            Self::RankWith { .. } => "ranking".to_owned(),
        }
    }

    /// It brings a verified answer into use: where that needs a second person, somebody else than its author publishes it.
    pub const fn is_of_answer(&self) -> bool {
        matches!(self, Self::AddAnswer { .. } | Self::RestoreAnswer { .. })
    }

    /// Only an owner may publish it: it concerns how the AI works, not what it knows.
    pub const fn is_for_owners(&self) -> bool {
        matches!(self, Self::SetAgent { .. } | Self::RankWith { .. })
    }
}

/// Where a candidate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Somebody put it together.
    Person,
    /// A proposal that somebody approved.
    Proposal,
    /// A reviewer's correction.
    Correction,
    /// A file that came in.
    Import,
    /// What the tuner learned.
    Tuner,
}

/// How far a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CandidateState {
    /// It is being tried on questions of the past.
    Replaying,
    /// It has been tried, and waits for somebody to publish it.
    Waiting,
    /// It is being published: some of it is live.
    Publishing,
    /// It is live.
    Published,
    /// It is being taken back.
    RollingBack,
    /// It was live and was taken back.
    RolledBack,
    /// It never went live.
    Withdrawn,
}

impl CandidateState {
    /// Nothing more becomes of it by itself, and it is not live.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::RolledBack | Self::Withdrawn)
    }
}

/// How a question is answered under one state of the knowledge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// How it comes about.
    pub mode: AnswerMode,
    /// The text; empty where nothing is answered, and where the LLM would write it and has not.
    pub text: String,
    /// The titles of what it rests on.
    pub sources: Vec<String>,
    /// Of an answer that the LLM would write and whose text is not known: a digest of all that goes into it. Alike for two that read the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
}

impl Answer {
    /// Can people compare it with another one? Both are there, and in other words.
    pub fn differs_in_words(&self, other: &Self) -> bool {
        let is_text = |answer: &Self| answer.is_there() && !answer.text.is_empty();
        is_text(self) && is_text(other) && self.text != other.text
    }

    /// Somebody gets an answer.
    pub const fn is_there(&self) -> bool {
        !matches!(self.mode, AnswerMode::Abstain)
    }
}

/// What is known of a question of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Known {
    /// It belongs to the regression set: this is how it has to be answered; not at all, where that is empty.
    Expected {
        /// The answer.
        answer: String,
    },
    /// A visitor asked it, and nobody said how good the answer was.
    Asked,
    /// A visitor asked it, and a person judged what was drafted then.
    Judged {
        /// What was drafted.
        text: String,
        /// The verdict.
        label: VerdictLabel,
    },
    /// It belongs to the gap that the candidate is to close.
    Gap,
}

/// What a candidate does to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing.
    Same,
    /// It has an answer, and had none.
    Answered,
    /// It is answered as it should be, or no longer by what was called bad.
    Mended,
    /// Another answer, and nobody has said which is right.
    Other,
    /// It has no answer any more.
    Silenced,
    /// It is not answered as it should be any more, or no longer by what was called acceptable.
    Broken,
}

impl Effect {
    /// Code as stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Answered => "answered",
            Self::Mended => "mended",
            Self::Other => "other",
            Self::Silenced => "silenced",
            Self::Broken => "broken",
        }
    }

    /// Publishing it needs a reason.
    pub const fn is_worse(self) -> bool {
        matches!(self, Self::Silenced | Self::Broken)
    }

    /// What it was made for.
    pub const fn is_better(self) -> bool {
        matches!(self, Self::Answered | Self::Mended)
    }
}

/// What becomes of a question that was answered in one way and would be answered in another one.
pub fn effect(known: &Known, before: &Answer, after: &Answer) -> Effect {
    if let Known::Expected { answer } = known {
        return match (meets(answer, before), meets(answer, after)) {
            (false, true) => Effect::Mended,
            (true, false) => Effect::Broken,
            _ => among_unjudged(before, after),
        };
    }
    if before == after {
        return Effect::Same;
    }
    if let Known::Judged { text, label } = known {
        match (*label, before.text == *text, after.text == *text) {
            (VerdictLabel::Bad, false, true) if after.is_there() => return Effect::Broken,
            // The LLM found other words: until people have read them nobody can say whether they are better.
            (_, true, false) if after.mode == AnswerMode::Compose => {}
            (VerdictLabel::Bad, true, false) => return Effect::Mended,
            (VerdictLabel::Acceptable, true, false) if before.is_there() && after.is_there() => return Effect::Broken,
            _ => {}
        }
    }
    among_unjudged(before, after)
}

fn among_unjudged(before: &Answer, after: &Answer) -> Effect {
    match (before.is_there(), after.is_there()) {
        _ if before == after => Effect::Same,
        (false, true) => Effect::Answered,
        (true, false) => Effect::Silenced,
        // From another entry with the same words: nobody who asks can tell.
        _ if before.text == after.text && !before.text.is_empty() => Effect::Same,
        _ => Effect::Other,
    }
}

/// Whether a regression question is answered as it should be.
pub fn meets(expected: &str, answer: &Answer) -> bool {
    if expected.trim().is_empty() {
        return !answer.is_there();
    }
    answer.is_there() && same_words(expected, &answer.text)
}

/// What was found when a candidate was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Regression questions.
    pub expected: u64,
    /// Of these, answered as they should be before.
    pub met_before: u64,
    /// And with it.
    pub met_after: u64,
    /// Questions that visitors asked.
    pub asked: u64,
    /// Of these, answered before.
    pub answered_before: u64,
    /// And with it.
    pub answered_after: u64,
    /// Questions of the gap that it is to close.
    pub gap: u64,
    /// Of these, answered before.
    pub gap_before: u64,
    /// And with it.
    pub gap_after: u64,
    /// All that get better.
    pub better: u64,
    /// All that get worse.
    pub worse: u64,
    /// All that get another answer of which nobody has said whether it is better.
    pub other: u64,
    /// Questions for which the LLM wrote what it would answer, without the candidate, with it, or both.
    #[serde(default)]
    pub written: u64,
    /// Questions that the LLM would answer otherwise, without a text that could be compared.
    #[serde(default)]
    pub unwritten: u64,
}

impl Found {
    /// Counts one question.
    pub fn add(&mut self, known: &Known, before: &Answer, after: &Answer) -> Effect {
        let effect = effect(known, before, after);
        let was = u64::from(before.is_there());
        let is = u64::from(after.is_there());
        match known {
            Known::Expected { answer } => {
                self.expected += 1;
                self.met_before += u64::from(meets(answer, before));
                self.met_after += u64::from(meets(answer, after));
            }
            Known::Asked | Known::Judged { .. } => {
                self.asked += 1;
                self.answered_before += was;
                self.answered_after += is;
            }
            Known::Gap => {
                self.gap += 1;
                self.gap_before += was;
                self.gap_after += is;
            }
        }
        self.better += u64::from(effect.is_better());
        self.worse += u64::from(effect.is_worse());
        self.other += u64::from(effect == Effect::Other);
        effect
    }

    /// Questions that were tried.
    pub const fn tried(&self) -> u64 {
        self.expected + self.asked + self.gap
    }

    /// What was found, in a sentence or three.
    pub fn in_words(&self) -> String {
        if self.tried() == 0 {
            return "There was no question to try it on yet.".to_owned();
        }
        let mut said = Vec::new();
        if self.gap > 0 {
            said.push(format!(
                "{} of {} questions of the gap are answered with it; before it was {}.",
                self.gap_after, self.gap, self.gap_before
            ));
        }
        if self.expected > 0 {
            said.push(format!(
                "{} of {} regression questions are answered as they should be; before it was {}.",
                self.met_after, self.expected, self.met_before
            ));
        }
        if self.asked > 0 {
            said.push(format!(
                "{} of the last {} questions of visitors have an answer; before it was {}.",
                self.answered_after, self.asked, self.answered_before
            ));
        }
        said.push(match (self.better, self.worse, self.other) {
            (0, 0, 0) => "Nothing else changes.".to_owned(),
            (better, worse, other) => format!("Better: {better}. Worse: {worse}. Another answer: {other}."),
        });
        if self.written > 0 {
            said.push(format!(
                "For {} of them the LLM wrote what it would answer.",
                self.written
            ));
        }
        if self.unwritten > 0 {
            let more = if self.written > 0 { "more" } else { "of them" };
            said.push(format!(
                "It would answer {} {more} in words that were not compared.",
                self.unwritten
            ));
        }
        said.join(" ")
    }
}

/// Why a candidate cannot be made or published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CandidateError {
    /// It changes nothing.
    #[error("a candidate changes something; this one has no change")]
    Empty,
    /// It is too large.
    #[error("a candidate has at most {MOST_CHANGES} changes; make several")]
    TooMany,
    /// Two of its changes concern the same thing.
    #[error("two changes concern the same {0}; leave one out")]
    Twice(String),
    /// It has not been tried.
    #[error("it is still being tried on questions of the past; publish it when that is done")]
    NotTried,
    /// It makes something worse.
    #[error("it would answer {0} of the questions worse; look at them, and say why you publish it all the same")]
    Worse(u64),
    /// People who compared blind found it worse.
    #[error("people who did not know which answer was which found it worse; say why you publish it all the same")]
    FoundWorse,
    /// It is live already, or over.
    #[error("it is {0} already")]
    Over(&'static str),
}

/// Whether these changes can be one candidate.
///
/// # Errors
/// [`CandidateError::Empty`], [`CandidateError::TooMany`] or [`CandidateError::Twice`].
pub fn check(changes: &[Change]) -> Result<(), CandidateError> {
    if changes.is_empty() {
        return Err(CandidateError::Empty);
    }
    if changes.len() > MOST_CHANGES {
        return Err(CandidateError::TooMany);
    }
    let mut seen = HashSet::new();
    match changes
        .iter()
        .map(Change::subject)
        .find(|subject| !seen.insert(subject.clone()))
    {
        Some(twice) => Err(CandidateError::Twice(twice)),
        None => Ok(()),
    }
}

/// Whether a candidate may go live. Over a regression only with a reason, and likewise where people who compared blind found it worse.
///
/// # Errors
/// [`CandidateError::NotTried`], [`CandidateError::Worse`], [`CandidateError::FoundWorse`] or [`CandidateError::Over`].
pub fn may_publish(
    state: CandidateState,
    found: Option<&Found>,
    by_people: Finding,
    reason: Option<&str>,
) -> Result<(), CandidateError> {
    let without_reason = reason.is_none_or(|why| why.trim().is_empty());
    match (state, found) {
        (CandidateState::Replaying, _) | (CandidateState::Waiting, None) => Err(CandidateError::NotTried),
        (CandidateState::Waiting, Some(found)) if found.worse > 0 && without_reason => {
            Err(CandidateError::Worse(found.worse))
        }
        (CandidateState::Waiting, Some(_)) if by_people == Finding::Worse && without_reason => {
            Err(CandidateError::FoundWorse)
        }
        (CandidateState::Waiting, Some(_)) => Ok(()),
        (CandidateState::Publishing, _) => Err(CandidateError::Over("being published")),
        (CandidateState::Published, _) => Err(CandidateError::Over("published")),
        (CandidateState::RollingBack, _) => Err(CandidateError::Over("being taken back")),
        (CandidateState::RolledBack, _) => Err(CandidateError::Over("taken back")),
        (CandidateState::Withdrawn, _) => Err(CandidateError::Over("withdrawn")),
    }
}

#[cfg(test)]
mod tests;
