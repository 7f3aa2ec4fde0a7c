//! An answer that is being written: its next token, its text, and its caller.

use std::time::Instant;

use llama_cpp_2::{context::LlamaContext, model::LlamaModel, token::LlamaToken};

use super::{
    choice::{Choice, token_at},
    stop::StopTexts,
};
use crate::engine::{
    backend::{ChatEvent, ChatEvents, Refusal},
    guard::{Batch, StepError},
    logprob::{TextAssembler, highest, log_normaliser, log_probability},
    millis,
    wire::{ChatCompletionRequest, FinishReason, Timings, TokenLogprob, TopLogprob, Usage},
};

/// Alternatives returned per token at most, as elsewhere.
const MOST_ALTERNATIVES: u8 = 20;

/// Whether a sequence goes on after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Continues,
    Ended,
}

pub(super) struct Writing {
    events: ChatEvents,
    choice: Choice,
    stop: StopTexts,
    assembler: TextAssembler,
    /// Alternatives per token; `None` if no log-probabilities are asked for.
    alternatives: Option<u8>,
    prompt_tokens: usize,
    /// Tokens of the prompt that stood in the cache, or that another one computed while this one waited.
    cached: usize,
    written: usize,
    most_written: usize,
    arrived: Instant,
    started: Option<Instant>,
    first_token: Option<Instant>,
}

impl Writing {
    pub(super) fn new(
        request: &ChatCompletionRequest,
        stop: Vec<String>,
        events: ChatEvents,
        arrived: Instant,
        choice: Choice,
    ) -> Self {
        let alternatives = request.top_logprobs.unwrap_or(0).min(MOST_ALTERNATIVES);
        Self {
            events,
            choice,
            stop: StopTexts::new(stop),
            assembler: TextAssembler::default(),
            alternatives: request.logprobs.then_some(alternatives),
            prompt_tokens: 0,
            cached: 0,
            written: 0,
            most_written: 1,
            arrived,
            started: None,
            first_token: None,
        }
    }

    /// For a prompt of so many tokens, and at most so many of answer.
    pub(super) const fn sized(mut self, prompt_tokens: usize, most_written: usize) -> Self {
        self.prompt_tokens = prompt_tokens;
        self.most_written = most_written;
        self
    }

    /// It was let in; again, if it had made room for a more urgent one.
    pub(super) fn started(&mut self, cached: usize) {
        if self.started.is_none() {
            self.started = Some(Instant::now());
            self.cached = cached;
        }
    }

    /// Another one has computed so many tokens of its prompt meanwhile.
    pub(super) const fn caught_up(&mut self, tokens: usize) {
        self.cached += tokens;
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.events.is_closed()
    }

    pub(super) fn fail(&self, refusal: &Refusal) {
        let _caller_is_gone = self.events.send(ChatEvent::Failed(refusal.clone()));
    }

    /// Tokens written so far, the last one included.
    pub(super) const fn written(&self) -> usize {
        self.written
    }

    /// True once the prompt has been read.
    pub(super) const fn has_begun(&self) -> bool {
        self.written > 0
    }

    /// Chooses the next token from the step's result and tells the caller. Returns the token if the answer goes on.
    pub(super) fn advance(
        &mut self,
        model: &LlamaModel,
        context: &LlamaContext<'_>,
        batch: &Batch,
        row: usize,
    ) -> Result<(Progress, Option<LlamaToken>), StepError> {
        let token = self.choice.choose(model, context, batch, row)?;
        self.first_token.get_or_insert_with(Instant::now);
        if model.vocab().is_eog(token) {
            self.end(FinishReason::Stop);
            return Ok((Progress::Ended, None));
        }
        self.written += 1;
        let bytes = model.vocab().token_to_piece(token, false, None);
        let logprob = match self.alternatives {
            Some(alternatives) => Some(token_logprob(
                model,
                batch.logits(context, row)?,
                token,
                &bytes,
                alternatives,
            )),
            None => None,
        };
        let (text, stops) = self.stop.push(&self.assembler.push(&bytes));
        let _caller_is_gone = self.events.send(ChatEvent::Token { text, logprob });
        if stops {
            self.done(FinishReason::Stop);
            return Ok((Progress::Ended, None));
        }
        if self.written >= self.most_written {
            self.end(FinishReason::Length);
            return Ok((Progress::Ended, None));
        }
        Ok((Progress::Continues, Some(token)))
    }

    fn end(&mut self, finish: FinishReason) {
        let (mut text, stops) = self.stop.push(&self.assembler.finish());
        if !stops {
            text.push_str(&self.stop.finish());
        }
        if !text.is_empty() {
            let _caller_is_gone = self.events.send(ChatEvent::Token { text, logprob: None });
        }
        self.done(finish);
    }

    fn done(&self, finish: FinishReason) {
        let count = |tokens: usize| u32::try_from(tokens).unwrap_or(u32::MAX);
        let started = self.started.unwrap_or(self.arrived);
        let first_token = self.first_token.unwrap_or(started);
        let _caller_is_gone = self.events.send(ChatEvent::Done {
            finish,
            usage: Usage::new(count(self.prompt_tokens), count(self.written)).with_cached(count(self.cached)),
            timings: Timings {
                queue_ms: millis(started.saturating_duration_since(self.arrived)),
                prefill_ms: millis(first_token.saturating_duration_since(started)),
                decode_ms: millis(first_token.elapsed()),
            },
        });
    }
}

fn token_logprob(
    model: &LlamaModel,
    logits: &[f32],
    token: LlamaToken,
    bytes: &[u8],
    alternatives: u8,
) -> TokenLogprob {
    let normaliser = log_normaliser(logits);
    let logprob_at =
        |index: usize| log_probability(logits.get(index).copied().unwrap_or(f32::NEG_INFINITY), normaliser);
    let top_logprobs = highest(logits, usize::from(alternatives))
        .into_iter()
        .map(|index| {
            let bytes = model.vocab().token_to_piece(token_at(index), true, None);
            TopLogprob {
                token: lossy(&bytes),
                logprob: logprob_at(index),
                bytes: Some(bytes),
            }
        })
        .collect();
    TokenLogprob {
        token: lossy(bytes),
        logprob: logprob_at(usize::try_from(token.0).unwrap_or(usize::MAX)),
        bytes: Some(bytes.to_vec()),
        top_logprobs,
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
