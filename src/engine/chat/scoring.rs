//! How likely a given answer is after one or several prompts: one pass over prompt and answer, nothing is written.

use std::{cell::RefCell, rc::Rc};

use llama_cpp_2::token::LlamaToken;
use tokio::sync::oneshot;

use super::writing::Progress;
use crate::engine::{
    backend::{Refusal, Scored},
    guard::StepError,
    logprob::{log_normaliser, log_probability},
    wire::{Score, Usage},
};

/// The answer to a request of several parts; sent when the last of them is complete, or when one fails.
struct Group {
    scores: Vec<Option<Score>>,
    usage: Usage,
    answer: Option<oneshot::Sender<Result<Scored, Refusal>>>,
}

/// One prompt with the answer behind it.
pub(super) struct Part {
    group: Rc<RefCell<Group>>,
    index: usize,
    prompt_tokens: usize,
    tokens: usize,
    sum: f64,
    min: f64,
    scored: u32,
    was_started: bool,
}

/// The parts of one request: for every prompt the tokens of the prompt and of prompt and answer together.
pub(super) fn parts(sizes: &[(usize, usize)], answer: oneshot::Sender<Result<Scored, Refusal>>) -> Vec<Part> {
    let group = Rc::new(RefCell::new(Group {
        scores: vec![None; sizes.len()],
        usage: Usage::default().with_cached(0),
        answer: Some(answer),
    }));
    let part = |(index, (prompt_tokens, tokens)): (usize, &(usize, usize))| Part {
        group: Rc::clone(&group),
        index,
        prompt_tokens: *prompt_tokens,
        tokens: *tokens,
        sum: 0.0,
        min: 0.0,
        scored: 0,
        was_started: false,
    };
    sizes.iter().enumerate().map(part).collect()
}

impl Part {
    /// It was let in; again, if it had made room for a more urgent one. Then its answer is computed anew, because only
    /// its prompt is looked for in the cache.
    pub(super) fn started(&mut self, cached: usize) {
        (self.sum, self.min, self.scored) = (0.0, 0.0, 0);
        if std::mem::replace(&mut self.was_started, true) {
            return;
        }
        let count = |tokens: usize| u32::try_from(tokens).unwrap_or(u32::MAX);
        let mut group = self.group.borrow_mut();
        let read = group.usage.prompt_tokens.saturating_add(count(self.tokens));
        let cached = group.usage.cached_tokens().saturating_add(count(cached));
        group.usage = Usage::new(read, 0).with_cached(cached);
    }

    /// Another one has computed so many tokens of its prompt meanwhile.
    pub(super) fn caught_up(&self, tokens: usize) {
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        let usage = &mut self.group.borrow_mut().usage;
        *usage = usage.with_cached(usage.cached_tokens().saturating_add(tokens));
    }

    pub(super) const fn prompt_tokens(&self) -> usize {
        self.prompt_tokens
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.group
            .borrow()
            .answer
            .as_ref()
            .is_none_or(oneshot::Sender::is_closed)
    }

    pub(super) fn fail(&self, refusal: &Refusal) {
        if let Some(answer) = self.group.borrow_mut().answer.take() {
            let _caller_is_gone = answer.send(Err(refusal.clone()));
        }
    }

    /// True for the tokens before those of the answer: their results say how likely the next one is.
    pub(super) const fn wants_result(&self, place: usize) -> bool {
        place + 1 >= self.prompt_tokens && place + 1 < self.tokens
    }

    /// Adds the result before `next`, a token of the answer.
    pub(super) fn add(&mut self, logits: &[f32], next: LlamaToken) -> Result<(), StepError> {
        let index = usize::try_from(next.0).map_err(|_negative| StepError::NoOutput)?;
        let normaliser = log_normaliser(logits);
        if !normaliser.is_finite() {
            return Err(StepError::NoNumbers);
        }
        let logit = logits.get(index).copied().ok_or(StepError::NoOutput)?;
        let log_probability = f64::from(log_probability(logit, normaliser));
        self.sum += log_probability;
        self.min = self.min.min(log_probability);
        self.scored += 1;
        Ok(())
    }

    /// Hands in the score once it is complete.
    pub(super) fn progress(&mut self) -> Progress {
        let expected = self.tokens - self.prompt_tokens;
        if usize::try_from(self.scored).unwrap_or(usize::MAX) < expected {
            return Progress::Continues;
        }
        let mut group = self.group.borrow_mut();
        if let Some(place) = group.scores.get_mut(self.index) {
            *place = Some(Score {
                sum: self.sum,
                mean: self.sum / f64::from(self.scored.max(1)),
                min: self.min,
                tokens: self.scored,
            });
        }
        let complete: Option<Vec<Score>> = group.scores.iter().copied().collect();
        if let Some(scores) = complete {
            let usage = group.usage;
            if let Some(answer) = group.answer.take() {
                let _caller_is_gone = answer.send(Ok((scores, usage)));
            }
        }
        Progress::Ended
    }
}
