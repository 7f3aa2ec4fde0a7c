//! The one place that hands work to the native library.
//!
//! llama.cpp ends the process on a batch larger than its limits and writes out of bounds on a sequence number it
//! does not know. Everything that reaches it goes through [`Batch`], which refuses those in words instead.

use llama_cpp_2::{DecodeError, EncodeError, context::LlamaContext, llama_batch::LlamaBatch, token::LlamaToken};

/// Limits of a context, read from it once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Tokens of one step.
    pub(crate) step_tokens: usize,
    /// Sequences at the same time.
    pub(crate) sequences: usize,
    /// Tokens of one sequence.
    pub(crate) window_tokens: usize,
}

/// Work that must not reach the library, or that it could not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StepError {
    #[error("a step of more than {0} tokens")]
    StepTooLong(usize),
    #[error("a sequence number beyond {0}")]
    UnknownSequence(usize),
    #[error("a position beyond the window of {0} tokens")]
    BeyondWindow(usize),
    #[error("a result that was not computed")]
    NoOutput,
    #[error("its results are no numbers; the model's file may be damaged")]
    NoNumbers,
    #[error("no token fits the asked format")]
    OutsideGrammar,
    #[error("the attention cache is full")]
    CacheFull,
    #[error("{0}")]
    Library(String),
}

/// Tokens of one step, within the limits.
pub(crate) struct Batch {
    inner: LlamaBatch<'static>,
    limits: Limits,
    /// For every token, whether its result was asked for.
    outputs: Vec<bool>,
}

impl Batch {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            inner: LlamaBatch::new(limits.step_tokens, 1),
            limits,
            outputs: Vec::with_capacity(limits.step_tokens),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.inner.clear();
        self.outputs.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.outputs.is_empty()
    }

    /// Tokens of this step so far.
    pub(crate) fn len(&self) -> usize {
        self.outputs.len()
    }

    /// Tokens that still fit into this step.
    pub(crate) fn room(&self) -> usize {
        self.limits.step_tokens.saturating_sub(self.outputs.len())
    }

    /// Adds a token and returns its row, by which its result is read after the step.
    pub(crate) fn push(
        &mut self,
        token: LlamaToken,
        position: usize,
        sequence: usize,
        wants_output: bool,
    ) -> Result<usize, StepError> {
        if self.room() == 0 {
            return Err(StepError::StepTooLong(self.limits.step_tokens));
        }
        if position >= self.limits.window_tokens {
            return Err(StepError::BeyondWindow(self.limits.window_tokens));
        }
        if sequence >= self.limits.sequences {
            return Err(StepError::UnknownSequence(self.limits.sequences));
        }
        let position = i32::try_from(position).map_err(|_beyond| StepError::BeyondWindow(self.limits.window_tokens))?;
        self.inner
            .add(token, position, &[sequence_number(sequence)?], wants_output)
            .map_err(|refused| StepError::Library(refused.to_string()))?;
        self.outputs.push(wants_output);
        Ok(self.outputs.len() - 1)
    }

    /// Computes one step of a model that writes.
    pub(crate) fn decode(&mut self, context: &mut LlamaContext<'_>) -> Result<(), StepError> {
        self.check_against(context.n_batch())?;
        context.decode(&mut self.inner).map_err(|failed| match failed {
            DecodeError::NoKvCacheSlot => StepError::CacheFull,
            other => StepError::Library(other.to_string()),
        })
    }

    /// Computes one step of an encoder. Its whole input must fit into one physical batch.
    pub(crate) fn encode(&mut self, context: &mut LlamaContext<'_>) -> Result<(), StepError> {
        self.check_against(context.n_ubatch())?;
        context.encode(&mut self.inner).map_err(|failed| match failed {
            EncodeError::NoKvCacheSlot => StepError::CacheFull,
            other => StepError::Library(other.to_string()),
        })
    }

    fn check_against(&self, most_tokens: u32) -> Result<(), StepError> {
        let most_tokens = usize::try_from(most_tokens).unwrap_or(0);
        if self.outputs.len() > most_tokens {
            return Err(StepError::StepTooLong(most_tokens));
        }
        Ok(())
    }

    /// The logits of a row of the last step.
    pub(crate) fn logits<'c>(&self, context: &'c LlamaContext<'_>, row: usize) -> Result<&'c [f32], StepError> {
        Ok(context.get_logits_ith(self.row_number(row)?))
    }

    /// A row as the library's samplers want it.
    pub(crate) fn row_number(&self, row: usize) -> Result<i32, StepError> {
        match self.outputs.get(row) {
            Some(true) => i32::try_from(row).map_err(|_beyond| StepError::NoOutput),
            _ => Err(StepError::NoOutput),
        }
    }
}

/// A sequence as the library numbers it.
pub(crate) fn sequence_number(sequence: usize) -> Result<i32, StepError> {
    i32::try_from(sequence).map_err(|_beyond| StepError::UnknownSequence(sequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Batch {
        Batch::new(Limits {
            step_tokens: 2,
            sequences: 2,
            window_tokens: 8,
        })
    }

    #[test]
    fn what_would_kill_the_process_is_refused() {
        let token = LlamaToken::new(1);
        assert_eq!(batch().push(token, 0, 2, true), Err(StepError::UnknownSequence(2)));
        assert_eq!(batch().push(token, 8, 0, true), Err(StepError::BeyondWindow(8)));
        let mut full = batch();
        assert_eq!(full.push(token, 0, 0, false), Ok(0));
        assert_eq!(full.push(token, 1, 0, true), Ok(1));
        assert_eq!(full.push(token, 2, 0, true), Err(StepError::StepTooLong(2)));
    }

    #[test]
    fn a_result_nobody_asked_for_cannot_be_read() {
        let mut batch = batch();
        assert_eq!(batch.push(LlamaToken::new(1), 0, 0, false), Ok(0));
        assert_eq!(batch.row_number(0), Err(StepError::NoOutput));
        assert_eq!(batch.row_number(5), Err(StepError::NoOutput));
    }
}
