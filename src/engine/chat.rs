//! The chat model's loop: several answers are written together, one step at a time.
//!
//! A step takes one token of every answer that is being written and fills the rest of the batch with prompts that
//! are still being read (continuous batching). Between two steps requests join, and those whose caller has gone or
//! whose deadline has passed leave. Next to come: sharing the beginning of a prompt between sequences.

mod sequence;

use std::{
    num::NonZeroU32,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use llama_cpp_2::{
    context::{LlamaContext, params::LlamaContextParams},
    llama_backend::LlamaBackend,
    model::{LlamaModel, params::LlamaModelParams},
};

use super::{
    backend::{ChatEvent, ChatJob, Refusal},
    error::RunError,
    guard::{Batch, Limits, StepError, sequence_number},
    owner::{Desk, Loaded, ModelFacts},
    prompt::PromptWriter,
    queue::Waiting,
};
use sequence::{Progress, Sequence};

/// Answers written at the same time, at most.
const SEQUENCES: u32 = 4;
/// Tokens of one step. Small enough that a long prompt does not keep the answers beside it waiting for seconds.
const STEP_TOKENS: u32 = 256;
/// Automatic choice of the library: on where the processor supports it.
const FLASH_ATTENTION_AUTO: i32 = -1;

/// What the loop needs to start.
pub(crate) struct ChatSettings {
    pub(crate) path: PathBuf,
    pub(crate) threads: i32,
    pub(crate) context_tokens: u32,
}

/// Loads the model, reports it, and serves the desk until its queue is closed.
pub(crate) fn work(backend: &Arc<LlamaBackend>, settings: &ChatSettings, desk: &Desk<ChatJob>, loaded: &Loaded) {
    let refuse = |error: RunError| {
        let _caller_is_gone = loaded.send(Err(error));
    };
    let load_error = |why: String| RunError::Load {
        path: settings.path.clone(),
        why,
    };
    let model = match LlamaModel::load_from_file(backend, &settings.path, &LlamaModelParams::default()) {
        Ok(model) => model,
        Err(error) => return refuse(load_error(error.to_string())),
    };
    let writer = match PromptWriter::new(&model, &settings.path) {
        Ok(writer) => writer,
        Err(error) => return refuse(error),
    };
    let parameters = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(settings.context_tokens))
        .with_n_batch(STEP_TOKENS)
        .with_n_ubatch(STEP_TOKENS)
        .with_n_seq_max(SEQUENCES)
        // One cache for all sequences: each may use the whole window while the others need little.
        .with_kv_unified(true)
        .with_flash_attention_policy(FLASH_ATTENTION_AUTO)
        .with_n_threads(settings.threads)
        .with_n_threads_batch(settings.threads);
    let context = match model.new_context(backend, parameters) {
        Ok(context) => context,
        Err(error) => return refuse(load_error(error.to_string())),
    };
    let facts = ModelFacts {
        context_tokens: context.n_ctx(),
        slots: SEQUENCES,
        memory_bytes: model.size(),
        dimensions: 0,
    };
    if loaded.send(Ok(facts)).is_err() {
        return;
    }
    Chat::new(&model, context, writer).serve(desk);
}

struct Chat<'m> {
    model: &'m LlamaModel,
    context: LlamaContext<'m>,
    writer: PromptWriter,
    limits: Limits,
    batch: Batch,
    sequences: Vec<Sequence>,
    /// The next request, ready, while the cache has no room for it.
    next: Option<Sequence>,
}

impl<'m> Chat<'m> {
    fn new(model: &'m LlamaModel, context: LlamaContext<'m>, writer: PromptWriter) -> Self {
        let size = |number: u32| usize::try_from(number).unwrap_or(0);
        let limits = Limits {
            step_tokens: size(context.n_batch().min(STEP_TOKENS)),
            sequences: size(SEQUENCES),
            window_tokens: size(context.n_ctx()),
        };
        Self {
            model,
            context,
            writer,
            limits,
            batch: Batch::new(limits),
            sequences: Vec::new(),
            next: None,
        }
    }

    fn serve(&mut self, desk: &Desk<ChatJob>) {
        loop {
            if self.sequences.is_empty() && self.next.is_none() && !desk.queue.wait() {
                return;
            }
            self.admit(desk);
            if desk.queue.is_closed() {
                return;
            }
            desk.running.store(self.sequences.len(), Ordering::Relaxed);
            self.leave_behind();
            if let Err(error) = self.step() {
                self.fail_all(&error);
            }
            desk.running.store(self.sequences.len(), Ordering::Relaxed);
        }
    }

    /// Lets waiting requests join while there is a free sequence and room in the cache.
    fn admit(&mut self, desk: &Desk<ChatJob>) {
        while self.sequences.len() < self.limits.sequences {
            let waiting = self.next.take();
            let Some(candidate) = waiting.or_else(|| self.next_prepared(desk)) else {
                return;
            };
            let reserved: usize = self.sequences.iter().map(Sequence::reserved_tokens).sum();
            if !self.sequences.is_empty() && reserved + candidate.reserved_tokens() > self.limits.window_tokens {
                // It keeps its turn; letting smaller ones pass would starve it.
                self.next = Some(candidate);
                return;
            }
            self.join(candidate);
        }
    }

    /// The next request that can be computed; those that cannot are told so.
    fn next_prepared(&self, desk: &Desk<ChatJob>) -> Option<Sequence> {
        std::iter::from_fn(|| desk.queue.pop()).find_map(|job| self.prepare(job))
    }

    fn prepare(&self, job: ChatJob) -> Option<Sequence> {
        if job.terms.is_late() {
            let _caller_is_gone = job.events.send(ChatEvent::Failed(Refusal::deadline()));
            return None;
        }
        if job.is_abandoned() {
            return None;
        }
        match self
            .writer
            .write(self.model, &job.request.messages, self.limits.window_tokens)
        {
            Ok(prompt) => Some(Sequence::new(job, prompt, self.limits.window_tokens)),
            Err(refusal) => {
                let _caller_is_gone = job.events.send(ChatEvent::Failed(refusal));
                None
            }
        }
    }

    /// Gives the sequence the first free number and its place by priority, which decides whose prompt is read first.
    fn join(&mut self, mut sequence: Sequence) {
        let is_taken = |number: usize| self.sequences.iter().any(|other| other.number() == number);
        let free = (0..self.limits.sequences)
            .find(|number| !is_taken(*number))
            .unwrap_or(0);
        sequence.start(free);
        self.sequences.push(sequence);
        self.sequences.sort_by_key(Sequence::order);
    }

    /// Ends what nobody waits for any more, before it costs another step.
    fn leave_behind(&mut self) {
        if let Some(sequence) = self.next.take_if(|sequence| sequence.is_abandoned()) {
            sequence.fail(&Refusal::deadline());
        }
        let (gone, open): (Vec<_>, Vec<_>) = self.sequences.drain(..).partition(Sequence::is_abandoned);
        self.sequences = open;
        for sequence in gone {
            // Heard only by callers who still listen: those whose deadline passed.
            sequence.fail(&Refusal::deadline());
            self.forget(sequence.number());
        }
    }

    fn step(&mut self) -> Result<(), StepError> {
        self.batch.clear();
        for sequence in &mut self.sequences {
            sequence.add_written_token(&mut self.batch)?;
        }
        for sequence in &mut self.sequences {
            sequence.add_prompt(&mut self.batch)?;
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        self.batch.decode(&mut self.context)?;

        let mut ended = Vec::new();
        for sequence in &mut self.sequences {
            if sequence.advance(self.model, &self.context, &self.batch)? == Progress::Ended {
                ended.push(sequence.number());
            }
        }
        self.sequences.retain(|sequence| !ended.contains(&sequence.number()));
        for number in ended {
            self.forget(number);
        }
        Ok(())
    }

    /// Frees what a sequence held in the cache.
    fn forget(&mut self, number: usize) {
        let freed = sequence_number(number)
            .map_err(|error| error.to_string())
            .and_then(|id| {
                self.context
                    .kv_cache_seq_rm(id, None, None)
                    .map_err(|error| error.to_string())
            });
        if let Err(error) = freed {
            tracing::error!(%error, sequence = number, "A finished answer could not be removed from the cache");
        }
    }

    /// After a failed step nothing in the cache can be trusted.
    fn fail_all(&mut self, error: &StepError) {
        tracing::error!(%error, requests = self.sequences.len(), "A step of the chat model failed");
        for sequence in self.sequences.drain(..) {
            sequence.fail(&Refusal::failure(error));
        }
        self.context.clear_kv_cache();
    }
}
