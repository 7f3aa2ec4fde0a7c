//! The embedding model's loop: texts of all waiting requests, packed into steps in the order of their priority.

use std::{num::NonZeroU32, path::PathBuf, sync::Arc, sync::atomic::Ordering};

use llama_cpp_2::{
    context::{
        LlamaContext,
        params::{LlamaContextParams, LlamaPoolingType},
    },
    llama_backend::LlamaBackend,
    model::{LlamaModel, params::LlamaModelParams},
    token::LlamaToken,
};

use super::{
    backend::{EmbedJob, Embedded, Refusal},
    error::RunError,
    guard::{Batch, Limits, StepError, sequence_number},
    owner::{Desk, Loaded, ModelFacts},
    queue::{Popped, Waiting},
};

/// Texts computed together in one step, at most.
const TEXTS_PER_STEP: u32 = 32;
/// Window used where the model does not say.
const DEFAULT_WINDOW_TOKENS: u32 = 512;
/// Bytes of text looked at per token of window: far more than a token of language ever has, so that a huge input
/// is cut before it is tokenised.
const MOST_BYTES_PER_TOKEN: usize = 32;

/// What the loop needs to start.
pub(crate) struct EmbedSettings {
    pub(crate) path: PathBuf,
    pub(crate) threads: i32,
    /// True if the model says how token vectors are pooled; otherwise their mean is taken.
    pub(crate) model_pools: bool,
}

/// Loads the model, reports it, and serves the desk until its queue is closed.
pub(crate) fn work(
    backend: &Arc<LlamaBackend>,
    settings: &EmbedSettings,
    desk: &Desk<EmbedJob>,
    loaded: &Loaded,
) {
    let refuse = |why: String| {
        let _caller_is_gone = loaded.send(Err(RunError::Load {
            path: settings.path.clone(),
            why,
        }));
    };
    let model =
        match LlamaModel::load_from_file(backend, &settings.path, &LlamaModelParams::default()) {
            Ok(model) => model,
            Err(error) => return refuse(error.to_string()),
        };
    let window = match model.n_ctx_train() {
        0 => DEFAULT_WINDOW_TOKENS,
        trained => trained.min(8 * DEFAULT_WINDOW_TOKENS),
    };
    let pooling = if settings.model_pools {
        LlamaPoolingType::Unspecified
    } else {
        LlamaPoolingType::Mean
    };
    let parameters = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(window))
        .with_n_batch(window)
        .with_n_ubatch(window)
        .with_n_seq_max(TEXTS_PER_STEP)
        .with_kv_unified(true)
        .with_n_threads(settings.threads)
        .with_n_threads_batch(settings.threads)
        .with_embeddings(true)
        .with_pooling_type(pooling);
    let context = match model.new_context(backend, parameters) {
        Ok(context) => context,
        Err(error) => return refuse(error.to_string()),
    };
    let facts = ModelFacts {
        context_tokens: window,
        dimensions: u32::try_from(model.n_embd_out()).unwrap_or(0),
    };
    if loaded.send(Ok(facts)).is_err() {
        return;
    }
    Embedder::new(&model, context).serve(desk);
}

/// A request that is being computed.
struct Active {
    job: EmbedJob,
    texts: Vec<Vec<LlamaToken>>,
    vectors: Vec<Vec<f32>>,
}

impl Active {
    fn is_complete(&self) -> bool {
        self.vectors.len() == self.texts.len()
    }
}

struct Embedder<'m> {
    model: &'m LlamaModel,
    context: LlamaContext<'m>,
    limits: Limits,
    batch: Batch,
    active: Vec<Active>,
}

impl<'m> Embedder<'m> {
    fn new(model: &'m LlamaModel, context: LlamaContext<'m>) -> Self {
        let window = usize::try_from(context.n_ubatch()).unwrap_or(0);
        let limits = Limits {
            step_tokens: window,
            sequences: usize::try_from(TEXTS_PER_STEP).unwrap_or(1),
            window_tokens: window,
        };
        Self {
            model,
            context,
            limits,
            batch: Batch::new(limits),
            active: Vec::new(),
        }
    }

    fn serve(&mut self, desk: &Desk<EmbedJob>) {
        loop {
            if self.active.is_empty() && !desk.queue.wait() {
                return;
            }
            loop {
                match desk.queue.pop() {
                    Popped::Entry(job) => self.take(job),
                    Popped::Nothing => break,
                    Popped::Closed => return,
                }
            }
            desk.running.store(self.active.len(), Ordering::Relaxed);
            self.step();
            self.finish();
            desk.running.store(self.active.len(), Ordering::Relaxed);
        }
    }

    fn take(&mut self, job: EmbedJob) {
        let texts = job.texts.iter().map(|text| self.tokenise(text)).collect();
        self.active.push(Active {
            job,
            texts,
            vectors: Vec::new(),
        });
        self.active
            .sort_by_key(|active| (active.job.terms.priority, active.job.terms.arrived));
    }

    /// Tokens of a text, cut to the window: the beginning of a long text stands for the whole.
    fn tokenise(&self, text: &str) -> Vec<LlamaToken> {
        let window = self.limits.window_tokens;
        let bytes = text.as_bytes();
        let looked_at = bytes
            .get(..window.saturating_mul(MOST_BYTES_PER_TOKEN))
            .unwrap_or(bytes);
        let mut tokens = self.model.vocab().tokenize(looked_at, true, false);
        if tokens.len() > window {
            // The last token closes the text, and the model was trained with it.
            let closing = tokens.last().copied();
            tokens.truncate(window.saturating_sub(1));
            tokens.extend(closing);
        }
        tokens
    }

    /// Computes as many texts as fit into one step, the most urgent request's first.
    fn step(&mut self) {
        self.active
            .retain(|active| !active.job.is_abandoned() || active.job.terms.is_late());
        let (late, in_time) = self
            .active
            .drain(..)
            .partition(|active| active.job.terms.is_late());
        self.active = in_time;
        answer_all(late, &Refusal::deadline());

        self.batch.clear();
        // Which request each sequence of this step belongs to.
        let mut owners = Vec::new();
        let filled = self.fill(&mut owners);
        let computed = filled.and_then(|()| {
            if self.batch.is_empty() {
                Ok(())
            } else {
                self.batch.encode(&mut self.context)
            }
        });
        let collected = computed.and_then(|()| self.collect(&owners));
        if let Err(error) = collected {
            tracing::error!(%error, "A step of the embedding model failed");
            answer_all(self.active.drain(..).collect(), &Refusal::failure(error));
        }
    }

    fn fill(&mut self, owners: &mut Vec<usize>) -> Result<(), StepError> {
        for (index, active) in self.active.iter().enumerate() {
            for tokens in active.texts.iter().skip(active.vectors.len()) {
                if owners.len() == self.limits.sequences || tokens.len() > self.batch.room() {
                    return Ok(());
                }
                for (position, token) in tokens.iter().enumerate() {
                    self.batch.push(*token, position, owners.len(), true)?;
                }
                owners.push(index);
            }
        }
        Ok(())
    }

    fn collect(&mut self, owners: &[usize]) -> Result<(), StepError> {
        for (sequence, owner) in owners.iter().enumerate() {
            let Some(active) = self.active.get_mut(*owner) else {
                continue;
            };
            let is_empty = active
                .texts
                .get(active.vectors.len())
                .is_none_or(Vec::is_empty);
            let vector = if is_empty {
                // Nothing to compute for a text without a single token; it is like no other text.
                vec![0.0; usize::try_from(self.model.n_embd_out()).unwrap_or(0)]
            } else {
                let raw = self
                    .context
                    .embeddings_seq_ith(sequence_number(sequence)?)
                    .map_err(|failed| StepError::Library(failed.to_string()))?;
                normalised(raw)
            };
            active.vectors.push(vector);
        }
        Ok(())
    }

    /// Answers the requests whose texts are all computed.
    fn finish(&mut self) {
        let (complete, open): (Vec<_>, Vec<_>) =
            self.active.drain(..).partition(Active::is_complete);
        self.active = open;
        for active in complete {
            let tokens: usize = active.texts.iter().map(Vec::len).sum();
            let embedded = Embedded {
                vectors: active.vectors,
                tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
            };
            let _caller_is_gone = active.job.answer.send(Ok(embedded));
        }
    }
}

fn answer_all(requests: Vec<Active>, refusal: &Refusal) {
    for active in requests {
        let _caller_is_gone = active.job.answer.send(Err(refusal.clone()));
    }
}

/// The vector with length one; a vector without length, or with undefined entries, becomes zero.
pub(crate) fn normalised(vector: &[f32]) -> Vec<f32> {
    let length = vector
        .iter()
        .map(|entry| f64::from(*entry).powi(2))
        .sum::<f64>()
        .sqrt();
    if !length.is_finite() || length <= 0.0 {
        return vec![0.0; vector.len()];
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "entries of a unit vector fit single precision"
    )]
    vector
        .iter()
        .map(|entry| (f64::from(*entry) / length) as f32)
        .collect()
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
