//! The choice of an answer mode.

use super::quote::{has_list_or_table, pick_sentences, slice};
use super::words::{content_words, is_small_talk, overlap, same_words, share};
use super::{AnswerMode, Signals};
use crate::domain::retrieval::{RankedEntry, Ranking};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Passages handed to the LLM or shown beside an abstention: more only cost prefill and reading.
const MAX_PASSAGES: usize = 3;

/// What kind of knowledge a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CandidateKind {
    /// A verified answer: the title is its question.
    Verified,
    /// A FAQ entry: the title is its question, the body the answer.
    Faq,
    /// A part of a document: the title is its path of headings.
    Section,
}

/// One piece of knowledge that may answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<'a> {
    /// What it is.
    pub kind: CandidateKind,
    /// Its question or headings.
    pub title: &'a str,
    /// Its answer or text.
    pub body: &'a str,
    /// How it was ranked; its index is not read here.
    pub ranked: RankedEntry,
    /// Cosines of the question to each of [`super::sentences`] of the body, where they are known.
    pub sentence_similarities: Option<&'a [f64]>,
}

/// Which modes an agent version may use. Abstaining is always allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "modes are independent of one another, each allowed or not"
)]
pub struct AllowedModes {
    /// Serve verified answers: to their own question, word for word.
    pub verified: bool,
    /// Serve them to questions that are only near theirs too.
    pub nearby: bool,
    /// Quote the knowledge.
    pub quote: bool,
    /// Let the LLM write.
    pub compose: bool,
}

impl Default for AllowedModes {
    /// Verified and quote: neither can invent. Composing is switched on for a chat model that has been found fit.
    fn default() -> Self {
        Self {
            verified: true,
            nearby: true,
            quote: true,
            compose: false,
        }
    }
}

/// How near is near enough. Measured on 178 customers' questions to 39 businesses; `docs/knowledge.md` has the table.
/// They hold for the default embedder: another one needs its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thresholds {
    /// Below this ranking score nothing is an answer, `-1.0..=1.0`. Stops small talk and questions to another kind of
    /// business, which stand out from a knowledge they have nothing to do with.
    pub score: f64,
    /// The best candidate answers from here, in units of [`Ranking::stand_out`]. At 0.16, 88 of 100 answerable questions
    /// are answered (96 of 100 of these rightly) and 77 of 100 unanswerable ones are not.
    pub answer_stand_out: f64,
    /// From here up to `answer_stand_out` a passage is related: the LLM may write from it where `compose` is allowed.
    pub related_stand_out: f64,
    /// A verified answer that ranks before all passages is served if its question is at least this near (cosine). Its
    /// rank does most of the work: among the nearest, 2 of 98 wrong ones pass.
    pub verified_question: f64,
    /// A verified answer whose question is this near is served wherever it ranks: practically the same words.
    pub verified_same_question: f64,
    /// A FAQ entry whose question is this near is the question asked, wherever it ranks. Nearly the same words only:
    /// "Do you repair e-bikes?" must not be answered by what stands under "Do you repair bikes bought elsewhere?".
    pub faq_same_question: f64,
    /// Share of the question's content words that the quoted sentences of a document should contain; below it the LLM
    /// writes where `compose` is allowed, `0.0..=1.0`. Set by hand: most of a question, as three of four words.
    pub quote_coverage: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            score: 0.25,
            answer_stand_out: 0.16,
            related_stand_out: 0.12,
            verified_question: 0.45,
            verified_same_question: 0.80,
            faq_same_question: 0.97,
            quote_coverage: 0.7,
        }
    }
}

/// A candidate that an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenSource {
    /// Position among the candidates.
    pub candidate: usize,
    /// The parts of its body that the answer quotes, as ranges of *characters*, in order.
    pub quoted: Vec<(usize, usize)>,
}

/// How a question is to be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The mode.
    pub mode: AnswerMode,
    /// The answer, for `verified` and `quote`; empty for `compose` (still to be written) and `abstain`.
    pub text: String,
    /// What it rests on, best first; for `abstain` what came nearest, for the person who answers.
    pub sources: Vec<ChosenSource>,
    /// What was measured so far. For `compose`, the text's own features are added once it is written.
    pub signals: Signals,
}

/// Chooses how to answer `question` from `candidates`, which are in the order of `ranking.entries` (verified answers and
/// passages ranked together, best first).
pub fn choose(
    question: &str,
    ranking: &Ranking,
    candidates: &[Candidate<'_>],
    allowed: AllowedModes,
    thresholds: &Thresholds,
) -> Choice {
    let best_score = candidates.first().map_or(0.0, |best| best.ranked.score);
    let surroundings = best_score - ranking.stand_out;
    let asked = Asked {
        question,
        ranking,
        candidates,
    };

    if allowed.verified
        && let Some(at) = verified_word_for_word(question, candidates)
    {
        return asked.whole(AnswerMode::Verified, at);
    }
    if allowed.verified
        && allowed.nearby
        && let Some(at) = nearest_verified(candidates, ranking.stand_out, thresholds)
    {
        return asked.whole(AnswerMode::Verified, at);
    }
    if is_small_talk(question) {
        return asked.without_text(AnswerMode::Abstain);
    }
    if allowed.quote
        && let Some(at) = asked_word_for_word(candidates, thresholds)
    {
        return asked.whole(AnswerMode::Quote, at);
    }
    // Where a verified answer ranks first without being near enough, the best passage is judged by its own height.
    let passage = candidates
        .iter()
        .enumerate()
        .find(|(_, c)| c.kind != CandidateKind::Verified);
    let Some((at, candidate)) = passage.filter(|(_, c)| c.ranked.score >= thresholds.score) else {
        return asked.without_text(AnswerMode::Abstain);
    };
    let stand_out = candidate.ranked.score - surroundings;
    if stand_out >= thresholds.answer_stand_out {
        if candidate.kind == CandidateKind::Faq && allowed.quote {
            return asked.whole(AnswerMode::Quote, at);
        }
        let picked = quotable(question, candidate);
        let wanted = content_words(question);
        let covered = share(&wanted, &content_words(&join(candidate.body, &picked)));
        if allowed.quote && (covered >= thresholds.quote_coverage || !allowed.compose) {
            return asked.quote(at, &picked);
        }
    }
    if allowed.compose && stand_out >= thresholds.related_stand_out {
        return asked.without_text(AnswerMode::Compose);
    }
    asked.without_text(AnswerMode::Abstain)
}

/// The FAQ entry whose own question was asked, if there is one.
fn asked_word_for_word(candidates: &[Candidate<'_>], thresholds: &Thresholds) -> Option<usize> {
    let near = |candidate: &Candidate<'_>| candidate.ranked.title_similarity.unwrap_or(0.0);
    candidates
        .iter()
        .enumerate()
        .filter(|(_, c)| c.kind == CandidateKind::Faq && near(c) >= thresholds.faq_same_question)
        .max_by(|(_, a), (_, b)| near(a).total_cmp(&near(b)))
        .map(|(at, _)| at)
}

/// The verified answer whose own question was asked, whatever a model makes of it.
fn verified_word_for_word(question: &str, candidates: &[Candidate<'_>]) -> Option<usize> {
    let asked =
        |candidate: &Candidate<'_>| candidate.kind == CandidateKind::Verified && same_words(question, candidate.title);
    candidates.iter().position(asked)
}

/// The verified answer to serve, if one is near enough.
fn nearest_verified(candidates: &[Candidate<'_>], stand_out: f64, thresholds: &Thresholds) -> Option<usize> {
    let near = |candidate: &Candidate<'_>| candidate.ranked.title_similarity.unwrap_or(0.0);
    let same = candidates
        .iter()
        .enumerate()
        .filter(|(_, c)| c.kind == CandidateKind::Verified && near(c) >= thresholds.verified_same_question)
        .max_by(|(_, a), (_, b)| near(a).total_cmp(&near(b)));
    if let Some((at, _)) = same {
        return Some(at);
    }
    let first = candidates.first()?;
    let served = first.kind == CandidateKind::Verified
        && first.ranked.score >= thresholds.score
        && stand_out >= thresholds.answer_stand_out
        && near(first) >= thresholds.verified_question;
    served.then_some(0)
}

/// The sentences to quote of a section: those that answer, or all of it where none shares a word with the question,
/// because its place in the ranking says that the whole does.
fn quotable(question: &str, candidate: &Candidate<'_>) -> Vec<Range<usize>> {
    let picked = pick_sentences(question, candidate.body, candidate.sentence_similarities);
    if picked.is_empty() {
        vec![trimmed(candidate.body)]
    } else {
        picked
    }
}

fn trimmed(text: &str) -> Range<usize> {
    let start = text.len() - text.trim_start().len();
    start..start + text.trim().len()
}

fn join(body: &str, picked: &[Range<usize>]) -> String {
    let separator = if has_list_or_table(body) { "\n" } else { " " };
    picked
        .iter()
        .map(|range| slice(body, range))
        .collect::<Vec<_>>()
        .join(separator)
}

/// A byte range as the range of characters it covers.
fn in_characters(text: &str, range: &Range<usize>) -> (usize, usize) {
    let start = slice(text, &(0..range.start)).chars().count();
    (start, start + slice(text, range).chars().count())
}

/// What was asked, and what there is to answer it.
struct Asked<'a> {
    question: &'a str,
    ranking: &'a Ranking,
    candidates: &'a [Candidate<'a>],
}

impl Asked<'_> {
    /// The body of a candidate, verbatim.
    fn whole(&self, mode: AnswerMode, at: usize) -> Choice {
        let body = self.candidates.get(at).map_or("", |c| c.body);
        self.quoting(mode, at, &[trimmed(body)])
    }

    /// Sentences of a candidate.
    fn quote(&self, at: usize, picked: &[Range<usize>]) -> Choice {
        self.quoting(AnswerMode::Quote, at, picked)
    }

    fn quoting(&self, mode: AnswerMode, at: usize, picked: &[Range<usize>]) -> Choice {
        let Some(candidate) = self.candidates.get(at) else {
            return self.without_text(AnswerMode::Abstain);
        };
        let text = join(candidate.body, picked);
        let quoted = picked
            .iter()
            .map(|range| in_characters(candidate.body, range))
            .collect();
        let mut signals = self.signals(mode, at);
        signals.answer_words = u32::try_from(text.unicode_words().count()).unwrap_or(u32::MAX);
        if text == candidate.body.trim() {
            signals.question_answer_similarity = Some(candidate.ranked.body_similarity);
        }
        Choice {
            mode,
            text,
            sources: vec![ChosenSource { candidate: at, quoted }],
            signals,
        }
    }

    /// A mode that has no text yet, with the nearest candidates beside it.
    fn without_text(&self, mode: AnswerMode) -> Choice {
        let sources = (0..self.candidates.len().min(MAX_PASSAGES)).map(|candidate| ChosenSource {
            candidate,
            quoted: Vec::new(),
        });
        Choice {
            mode,
            text: String::new(),
            sources: sources.collect(),
            signals: self.signals(mode, 0),
        }
    }

    fn signals(&self, mode: AnswerMode, at: usize) -> Signals {
        let Some(candidate) = self.candidates.get(at) else {
            return Signals {
                mode,
                ..Signals::default()
            };
        };
        Signals {
            mode,
            top_similarity: candidate.ranked.score,
            gap: self.ranking.gap,
            stand_out: self.ranking.stand_out,
            overlap: overlap(self.question, &format!("{} {}", candidate.title, candidate.body)),
            question_title_similarity: candidate.ranked.title_similarity,
            ..Signals::default()
        }
    }
}

#[cfg(test)]
#[path = "choose_tests.rs"]
mod tests;
