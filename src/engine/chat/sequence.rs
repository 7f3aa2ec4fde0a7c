//! One answer on its way: what has been read, what has been written, and who hears of it.

use std::time::Instant;

use llama_cpp_2::{context::LlamaContext, model::LlamaModel, sampling::LlamaSampler, token::LlamaToken};

use crate::engine::{
    backend::{ChatEvent, ChatJob, Refusal},
    guard::{Batch, StepError},
    logprob::{TextAssembler, highest, log_normaliser, log_probability},
    millis,
    queue::Waiting,
    wire::{FinishReason, Priority, Timings, TokenLogprob, TopLogprob, Usage},
};

/// Tokens written when a request sets no limit.
const DEFAULT_MAX_TOKENS: u32 = 512;
/// Alternatives returned per token at most, as elsewhere.
const MOST_ALTERNATIVES: u8 = 20;

/// Whether a sequence goes on after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Continues,
    Ended,
}

/// How the next token is chosen.
enum Choice {
    Likeliest,
    /// By chance, from the given state.
    Drawn(LlamaSampler),
}

pub(super) struct Sequence {
    job: ChatJob,
    number: usize,
    prompt: Vec<LlamaToken>,
    /// Tokens in the cache.
    position: usize,
    /// Written but not yet in the cache.
    pending: Option<LlamaToken>,
    written: usize,
    most_written: usize,
    /// Row of this step whose logits choose the next token.
    row: Option<usize>,
    choice: Choice,
    assembler: TextAssembler,
    started: Instant,
    first_token: Option<Instant>,
}

impl Sequence {
    /// `prompt` must be shorter than the window.
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever wants an answer repeatable names a seed; without one any will do"
    )]
    pub(super) fn new(job: ChatJob, prompt: Vec<LlamaToken>, window_tokens: usize) -> Self {
        let asked = job.request.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS).max(1);
        let left = window_tokens.saturating_sub(prompt.len());
        let most_written = usize::try_from(asked).unwrap_or(usize::MAX).min(left);
        let temperature = job.request.temperature.unwrap_or(1.0);
        let choice = if temperature > 0.0 {
            let seed = job.request.seed.unwrap_or_else(rand::random);
            Choice::Drawn(LlamaSampler::chain_simple([
                LlamaSampler::temp(temperature),
                LlamaSampler::dist(seed),
            ]))
        } else {
            Choice::Likeliest
        };
        Self {
            job,
            number: 0,
            prompt,
            position: 0,
            pending: None,
            written: 0,
            most_written,
            row: None,
            choice,
            assembler: TextAssembler::default(),
            started: Instant::now(),
            first_token: None,
        }
    }

    /// Joins the steps under the given number.
    pub(super) fn start(&mut self, number: usize) {
        self.number = number;
        self.started = Instant::now();
    }

    pub(super) const fn number(&self) -> usize {
        self.number
    }

    pub(super) fn order(&self) -> (Priority, Instant) {
        (self.job.terms.priority, self.job.terms.arrived)
    }

    /// Room in the cache this answer may need: never taken back, so a step cannot run out of it.
    pub(super) const fn reserved_tokens(&self) -> usize {
        self.prompt.len() + self.most_written
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.job.is_abandoned()
    }

    pub(super) fn fail(&self, refusal: &Refusal) {
        let _caller_is_gone = self.job.events.send(ChatEvent::Failed(refusal.clone()));
    }

    /// Adds the token written last, if the prompt has been read.
    pub(super) fn add_written_token(&mut self, batch: &mut Batch) -> Result<(), StepError> {
        self.row = None;
        if let Some(token) = self.pending.take() {
            self.row = Some(batch.push(token, self.position, self.number, true)?);
            self.position += 1;
        }
        Ok(())
    }

    /// Adds as much of the unread prompt as the batch still holds.
    pub(super) fn add_prompt(&mut self, batch: &mut Batch) -> Result<(), StepError> {
        let unread = self.prompt.get(self.position..).unwrap_or_default();
        let (taken, is_last_part) = (unread.len().min(batch.room()), unread.len() <= batch.room());
        for (index, token) in unread.iter().take(taken).enumerate() {
            let is_last = is_last_part && index + 1 == taken;
            let row = batch.push(*token, self.position + index, self.number, is_last)?;
            if is_last {
                self.row = Some(row);
            }
        }
        self.position += taken;
        Ok(())
    }

    /// Chooses the next token from the step's result and tells the caller.
    pub(super) fn advance(
        &mut self,
        model: &LlamaModel,
        context: &LlamaContext<'_>,
        batch: &Batch,
    ) -> Result<Progress, StepError> {
        let Some(row) = self.row.take() else {
            return Ok(Progress::Continues);
        };
        let first_token = *self.first_token.get_or_insert_with(Instant::now);
        let logits = batch.logits(context, row)?;
        let token = match &mut self.choice {
            Choice::Likeliest => likeliest(logits),
            Choice::Drawn(sampler) => sampler.sample(context, batch.row_number(row)?),
        };
        if model.vocab().is_eog(token) {
            return Ok(self.end(FinishReason::Stop, first_token));
        }
        self.written += 1;
        let bytes = model.vocab().token_to_piece(token, false, None);
        let logprob = self
            .job
            .request
            .logprobs
            .then(|| self.token_logprob(model, logits, token, &bytes));
        let text = self.assembler.push(&bytes);
        let _caller_is_gone = self.job.events.send(ChatEvent::Token { text, logprob });
        if self.written >= self.most_written {
            return Ok(self.end(FinishReason::Length, first_token));
        }
        self.pending = Some(token);
        Ok(Progress::Continues)
    }

    fn end(&mut self, finish: FinishReason, first_token: Instant) -> Progress {
        let rest = self.assembler.finish();
        if !rest.is_empty() {
            let _caller_is_gone = self.job.events.send(ChatEvent::Token {
                text: rest,
                logprob: None,
            });
        }
        let count = |tokens: usize| u32::try_from(tokens).unwrap_or(u32::MAX);
        let _caller_is_gone = self.job.events.send(ChatEvent::Done {
            finish,
            usage: Usage::new(count(self.prompt.len()), count(self.written)),
            timings: Timings {
                queue_ms: millis(self.started.saturating_duration_since(self.job.terms.arrived)),
                prefill_ms: millis(first_token.saturating_duration_since(self.started)),
                decode_ms: millis(first_token.elapsed()),
            },
        });
        Progress::Ended
    }

    fn token_logprob(&self, model: &LlamaModel, logits: &[f32], token: LlamaToken, bytes: &[u8]) -> TokenLogprob {
        let normaliser = log_normaliser(logits);
        let logprob_at =
            |index: usize| log_probability(logits.get(index).copied().unwrap_or(f32::NEG_INFINITY), normaliser);
        let alternatives = self.job.request.top_logprobs.unwrap_or(0).min(MOST_ALTERNATIVES);
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
}

/// The first of the highest logits.
fn likeliest(logits: &[f32]) -> LlamaToken {
    let best = logits
        .iter()
        .enumerate()
        .fold((0, f32::NEG_INFINITY), |best, (index, logit)| {
            if *logit > best.1 { (index, *logit) } else { best }
        });
    token_at(best.0)
}

/// The token at a place of the logits; the vocabulary is far smaller than an `i32`.
fn token_at(index: usize) -> LlamaToken {
    LlamaToken::new(i32::try_from(index).unwrap_or(0))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
