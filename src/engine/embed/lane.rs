//! A context of the embedding model for steps of one size.
//!
//! With two threads a short question takes about 1.4 times as long as with one: at every layer the threads wait for
//! each other, and waiting threads sleep. So short steps get a small context of their own with a single thread.

use std::num::NonZeroU32;

use llama_cpp_2::{
    LlamaContextLoadError,
    context::{
        LlamaContext,
        params::{LlamaContextParams, LlamaPoolingType},
    },
    llama_backend::LlamaBackend,
    model::LlamaModel,
    token::LlamaToken,
};

use super::EmbedSettings;
use crate::engine::guard::{Batch, Limits, StepError, sequence_number};

/// Tokens of a short step: a question, perhaps two.
const QUICK_STEP_TOKENS: u32 = 64;
const QUICK_TEXTS: u32 = 4;
const BULK_TEXTS: u32 = 32;

/// Size of a lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    step_tokens: u32,
    texts: u32,
    threads: i32,
}

impl Size {
    pub(super) fn quick(window_tokens: u32) -> Self {
        Self {
            step_tokens: QUICK_STEP_TOKENS.min(window_tokens),
            texts: QUICK_TEXTS,
            threads: 1,
        }
    }

    pub(super) const fn bulk(window_tokens: u32, threads: i32) -> Self {
        Self {
            step_tokens: window_tokens,
            texts: BULK_TEXTS,
            threads,
        }
    }
}

/// A context and its batch.
pub(super) struct Lane<'m> {
    context: LlamaContext<'m>,
    batch: Batch,
    limits: Limits,
    dimensions: usize,
}

impl<'m> Lane<'m> {
    pub(super) fn open(
        model: &'m LlamaModel,
        backend: &LlamaBackend,
        settings: &EmbedSettings,
        size: Size,
    ) -> Result<Self, LlamaContextLoadError> {
        let pooling = if settings.model_pools {
            LlamaPoolingType::Unspecified
        } else {
            LlamaPoolingType::Mean
        };
        let parameters = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(size.step_tokens))
            .with_n_batch(size.step_tokens)
            .with_n_ubatch(size.step_tokens)
            .with_n_seq_max(size.texts)
            .with_kv_unified(true)
            .with_n_threads(size.threads)
            .with_n_threads_batch(size.threads)
            .with_embeddings(true)
            .with_pooling_type(pooling);
        let context = model.new_context(backend, parameters)?;
        let number = |number: u32| usize::try_from(number).unwrap_or(0);
        let step_tokens = number(size.step_tokens.min(context.n_ubatch()));
        let limits = Limits {
            step_tokens,
            sequences: number(size.texts),
            window_tokens: step_tokens,
        };
        Ok(Self {
            context,
            batch: Batch::new(limits),
            limits,
            dimensions: usize::try_from(model.n_embd_out()).unwrap_or(0),
        })
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn has_room_for(&self, texts: &[&[LlamaToken]]) -> bool {
        let tokens: usize = texts.iter().map(|tokens| tokens.len()).sum();
        texts.len() <= self.limits.sequences && tokens <= self.limits.step_tokens
    }

    /// One vector of length one per text, computed in one step. A text without a token gets a vector of zeros, which
    /// is like no other text.
    pub(super) fn compute(&mut self, texts: &[&[LlamaToken]]) -> Result<Vec<Vec<f32>>, StepError> {
        self.batch.clear();
        for (sequence, tokens) in texts.iter().enumerate() {
            for (position, token) in tokens.iter().enumerate() {
                self.batch.push(*token, position, sequence, true)?;
            }
        }
        if !self.batch.is_empty() {
            self.batch.encode(&mut self.context)?;
        }
        texts
            .iter()
            .enumerate()
            .map(|(sequence, tokens)| self.vector(sequence, tokens))
            .collect()
    }

    fn vector(&self, sequence: usize, tokens: &[LlamaToken]) -> Result<Vec<f32>, StepError> {
        if tokens.is_empty() {
            return Ok(vec![0.0; self.dimensions]);
        }
        self.context
            .embeddings_seq_ith(sequence_number(sequence)?)
            .map(normalised)
            .map_err(|failed| StepError::Library(failed.to_string()))
    }
}

/// The vector with length one; a vector without length, or with undefined entries, becomes zero.
pub(crate) fn normalised(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|entry| f64::from(*entry).powi(2)).sum::<f64>().sqrt();
    if !length.is_finite() || length <= 0.0 {
        return vec![0.0; vector.len()];
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "entries of a unit vector fit single precision"
    )]
    vector.iter().map(|entry| (f64::from(*entry) / length) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn a_vector_gets_length_one_and_an_undefined_one_becomes_zero() {
        assert_eq!(normalised(&[3.0, 4.0]), [0.6, 0.8]);
        assert_eq!(normalised(&[0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(normalised(&[f32::NAN, 1.0]), [0.0, 0.0]);
    }
}
