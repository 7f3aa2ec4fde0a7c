//! Gaps: questions that were not answered, or badly, and belong together.
//!
//! Questions come one by one and each goes to the nearest gap, if that is near enough, or begins one. A gap is held by the mean of its questions'
//! vectors, so nothing that came before is looked at again: one more question never splits a gap nor moves a question to another.

use crate::domain::answer::{content_words, is_small_talk};
use crate::domain::review::{ItemKind, OutcomeKind, ReasonCode, VerdictLabel};
use crate::stats::vector::dot;
use serde::{Deserialize, Serialize};

/// A question belongs to a gap whose questions it is on average at least so like, as a cosine. Measured; see `docs/improve.md`.
pub const NEAR: f64 = 0.55;
/// A gap is named by the question in its middle until it has so many; from then on its name stays.
pub const NAMED_FOR_GOOD: u64 = 5;
/// Characters kept of a question.
pub const QUESTION_CHARS: usize = 600;
/// Longest reply that is proposed as an answer, in characters: what is longer answers more than one question.
pub const REPLY_CHARS: usize = 2_000;
/// Content words that a reply needs to be an answer; "Let me look." is none.
const REPLY_WORDS: usize = 3;

/// Why a question belongs to a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nothing that the AI knows answers it.
    Unanswered,
    /// A person said that the answer was bad, for what it says.
    JudgedBad,
    /// A person answered it instead of the AI's draft.
    AnsweredByPerson,
}

/// Where a gap stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapState {
    /// Somebody should look after it.
    Open,
    /// A pair of question and answer was approved for it and is not published yet.
    Proposed,
    /// What was approved is published.
    Closed,
    /// A person said that it needs no answer.
    Dismissed,
}

/// Where a proposed pair of question and answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// A person has to say what becomes of it.
    Waiting,
    /// A person approved it.
    Approved,
    /// A person did not want it.
    Dismissed,
    /// A better one took its place.
    Superseded,
}

/// Where a proposed answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A person said it to a visitor who asked.
    Reply,
    /// A person wrote it for the gap.
    Written,
}

/// A decision of the queue about a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided<'a> {
    /// What was decided about: a held draft, or somebody who waits.
    pub item: ItemKind,
    /// What was decided.
    pub kind: OutcomeKind,
    /// The verdict on the draft, if it was given.
    pub verdict: Option<VerdictLabel>,
    /// What was wrong with it.
    pub reasons: &'a [ReasonCode],
}

/// A question of which it is known how it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// What was asked.
    pub question: &'a str,
    /// The conversation is spam, or the visitor gives the AI orders.
    pub is_abuse: bool,
    /// The visitor wanted to talk to a person, whatever the question.
    pub wants_person: bool,
    /// The AI had no answer because nothing that it knows fits.
    pub lacks_knowledge: bool,
    /// What was decided about it in the queue, in order. Never what a quality check said: that trains nothing.
    pub decided: &'a [Decided<'a>],
}

impl Asked<'_> {
    /// Why it belongs to a gap; none if it does not.
    pub fn cause(&self) -> Option<Cause> {
        if self.is_abuse || self.wants_person || is_small_talk(self.question) {
            return None;
        }
        if self.lacks_knowledge {
            return Some(Cause::Unanswered);
        }
        if self.decided.iter().any(Decided::finds_content_bad) {
            return Some(Cause::JudgedBad);
        }
        let instead = self.decided.iter().any(Decided::is_answer_instead);
        instead.then_some(Cause::AnsweredByPerson)
    }
}

impl Decided<'_> {
    /// The draft was bad for what it says. Tone, language and rules of the house are not what is missing; without a reason it is the content.
    fn finds_content_bad(&self) -> bool {
        let is_of_content = |reason: &ReasonCode| match reason {
            ReasonCode::Wrong | ReasonCode::Outdated | ReasonCode::Missing | ReasonCode::Other => true,
            ReasonCode::Tone | ReasonCode::Policy | ReasonCode::Language => false,
        };
        self.verdict == Some(VerdictLabel::Bad) && (self.reasons.is_empty() || self.reasons.iter().any(is_of_content))
    }

    /// A person answered though there was a draft, and did not say that it was good or that it was bad. Whoever answers what the policy kept from
    /// the AI tells nothing of its knowledge.
    fn is_answer_instead(&self) -> bool {
        let is_open = matches!(self.verdict, None | Some(VerdictLabel::CannotJudge));
        self.item == ItemKind::Gate && self.kind == OutcomeKind::Respond && is_open
    }
}

/// Can it be proposed as an answer? Not what is very long, and not what says next to nothing.
pub fn is_answer(reply: &str) -> bool {
    reply.chars().count() <= REPLY_CHARS && content_words(reply).len() >= REPLY_WORDS
}

/// The mean of the vectors of a gap's questions.
#[derive(Debug, Clone, PartialEq)]
pub struct Centroid {
    mean: Vec<f32>,
    questions: u64,
}

impl Centroid {
    /// Of one question; its vector has unit length.
    pub fn of(question: &[f32]) -> Self {
        Self {
            mean: question.to_vec(),
            questions: 1,
        }
    }

    /// As it was stored: the mean of so many questions.
    pub const fn restored(mean: Vec<f32>, questions: u64) -> Self {
        Self { mean, questions }
    }

    /// Of all of these, in any order; none of no question.
    pub fn of_all<'a>(questions: impl IntoIterator<Item = &'a [f32]>) -> Option<Self> {
        let mut questions = questions.into_iter();
        let mut centroid = Self::of(questions.next()?);
        questions.for_each(|question| centroid.add(question));
        Some(centroid)
    }

    /// The mean, as many numbers as the embedder's vectors have.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// Of how many questions.
    pub const fn questions(&self) -> u64 {
        self.questions
    }

    /// One question more.
    pub fn add(&mut self, question: &[f32]) {
        self.questions += 1;
        let share = 1.0 / in_floats(self.questions);
        for (mean, value) in self.mean.iter_mut().zip(question) {
            *mean = narrowed(f64::from(*mean) + (f64::from(*value) - f64::from(*mean)) * share);
        }
    }

    /// One question less. The last one leaves the mean where it was.
    pub fn remove(&mut self, question: &[f32]) {
        let left = self.questions.saturating_sub(1);
        if left > 0 {
            let (all, left) = (in_floats(self.questions), in_floats(left));
            for (mean, value) in self.mean.iter_mut().zip(question) {
                *mean = narrowed((f64::from(*mean) * all - f64::from(*value)) / left);
            }
        }
        self.questions = left;
    }

    /// How like its questions a question is, on average: the mean of the cosines to them, `-1.0..=1.0`; 0 where the question is of another
    /// embedder.
    pub fn likeness(&self, question: &[f32]) -> f64 {
        if self.mean.len() != question.len() {
            return 0.0;
        }
        f64::from(dot(&self.mean, question))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of questions")]
const fn in_floats(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "vectors are kept as the embedder makes them"
)]
const fn narrowed(value: f64) -> f32 {
    value as f32
}

/// Where a question goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Into the gap at this position.
    In(usize),
    /// Nothing is near: it begins one.
    New,
}

/// The gap that a question belongs to, among these: the nearest, and the first of equals, if it is at least `near`.
pub fn place<'a>(question: &[f32], gaps: impl IntoIterator<Item = &'a Centroid>, near: f64) -> Place {
    let mut best: Option<(usize, f64)> = None;
    for (at, gap) in gaps.into_iter().enumerate() {
        let likeness = gap.likeness(question);
        if likeness >= near && best.is_none_or(|(_, before)| likeness > before) {
            best = Some((at, likeness));
        }
    }
    best.map_or(Place::New, |(at, _)| Place::In(at))
}

/// The question in the middle of a gap: the one nearest to all of them, and the first of equals. None of no question.
pub fn medoid<V: AsRef<[f32]>>(questions: &[V]) -> Option<usize> {
    let centroid = Centroid::of_all(questions.iter().map(AsRef::as_ref))?;
    first_of_nearest(questions.iter().map(|question| centroid.likeness(question.as_ref())))
}

/// The reply that says what the others say: the nearest to the mean of the others, and the newest of equals. They come the newest first; of none
/// there is none.
pub fn most_agreed<V: AsRef<[f32]>>(replies: &[V]) -> Option<usize> {
    let all = Centroid::of_all(replies.iter().map(AsRef::as_ref))?;
    first_of_nearest(replies.iter().map(|reply| {
        let mut others = all.clone();
        others.remove(reply.as_ref());
        others.likeness(reply.as_ref())
    }))
}

/// Differences below this come from rounding.
const SAME: f64 = 1e-6;

fn first_of_nearest(likenesses: impl Iterator<Item = f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (at, likeness) in likenesses.enumerate() {
        if best.is_none_or(|(_, before)| likeness > before + SAME) {
            best = Some((at, likeness));
        }
    }
    best.map(|(at, _)| at)
}

#[cfg(test)]
mod tests;
