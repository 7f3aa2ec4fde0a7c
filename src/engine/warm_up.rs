//! One step with a fresh model, before it counts as loaded.
//!
//! It brings the weights into memory and takes what the library allocates late, so that a model too large or one
//! that breaks the library does so while it loads, where it is noted, and not with a visitor's question.

use llama_cpp_2::{context::LlamaContext, model::LlamaModel, token::LlamaToken};

use super::guard::{Batch, Limits, StepError};

/// Computes one token and forgets it.
pub(crate) fn warm_up(model: &LlamaModel, context: &mut LlamaContext<'_>) -> Result<(), StepError> {
    let mut batch = Batch::new(Limits {
        step_tokens: 1,
        sequences: 1,
        window_tokens: 1,
    });
    // Any token will do where the vocabulary has no first one.
    let first = model
        .vocab()
        .bos()
        .0
        .clamp(0, model.vocab().n_tokens().saturating_sub(1).max(0));
    batch.push(LlamaToken::new(first), 0, 0, true)?;
    batch.decode(context)?;
    context.clear_kv_cache();
    Ok(())
}
