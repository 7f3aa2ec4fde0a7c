//! The chat model's loop: many answers are written together, one step at a time.
//!
//! A step takes one token of every answer that is being written and fills the rest of the batch with prompts that
//! are still being read (continuous batching). Between two steps requests join, and those whose caller has gone or
//! whose deadline has passed leave. What each step does is decided by pure code: [`pool`] knows what stands in the
//! attention cache (nothing that stands there is computed again) and [`plan`] shares out the step.

mod admission;
mod choice;
mod keeping;
mod plan;
mod pool;
mod prepare;
mod schema;
mod scoring;
mod sequence;
mod shelf;
mod stop;
mod writing;

use std::{
    num::NonZeroU32,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use llama_cpp_2::{
    context::{LlamaContext, params::LlamaContextParams, session::SeqState},
    llama_backend::LlamaBackend,
    model::{LlamaModel, params::LlamaModelParams},
};

use super::{
    adapter::Adapter,
    backend::{ChatJob, Refusal},
    error::RunError,
    guard::{Batch, Limits, StepError},
    millis,
    owner::{Desk, Loaded, ModelFacts},
    prompt::PromptWriter,
    warm_up::warm_up,
};
use plan::Planner;
use pool::Pool;
use sequence::Sequence;
use shelf::Shelf;
use writing::Progress;

/// Answers written at the same time where nothing else is asked for.
pub(crate) const DEFAULT_SLOTS: u16 = 8;
/// The library numbers 256 sequences at most.
pub(crate) const MOST_SLOTS: u16 = 64;
/// Beginnings of prompts kept beside them, at most.
const KEPT_BEGINNINGS: u32 = 24;
/// Tokens that they hold, at most: each makes every other token a little slower (a thousand of them about a twentieth of
/// reading), so only what many share, an agent's instructions, is kept in the cache itself; the rest goes on the shelf.
const KEPT_TOKENS: u32 = 512;
/// Tokens of one step, at most: fewer would make reading slower. The plan gives less where somebody waits for more.
const STEP_TOKENS: u32 = 512;
/// Automatic choice of the library: on where the processor supports it.
const FLASH_ATTENTION_AUTO: i32 = -1;

/// What the loop needs to start.
pub(crate) struct ChatSettings {
    pub(crate) path: PathBuf,
    /// A LoRA adapter, checked against the model.
    pub(crate) adapter: Option<PathBuf>,
    pub(crate) threads: i32,
    /// Most tokens of one request, prompt and answer together.
    pub(crate) context_tokens: u32,
    /// Answers written at the same time.
    pub(crate) slots: u16,
    /// Tokens of cache beyond one window: for the other answers, and for beginnings of prompts.
    pub(crate) cache_tokens: u32,
    /// Tokens on the shelf in main memory, at most.
    pub(crate) shelf_tokens: u32,
}

/// Loads the model, reports it, and serves the desk until its queue is closed.
pub(crate) fn work(backend: &Arc<LlamaBackend>, settings: &ChatSettings, desk: &Desk<ChatJob>, loaded: &Loaded<'_>) {
    let refuse = |error: RunError| loaded.send(Err(error));
    let load_error = |why: String| RunError::Load {
        path: settings.path.clone(),
        why,
    };
    let mut model = match LlamaModel::load_from_file(backend, &settings.path, &LlamaModelParams::default()) {
        Ok(model) => model,
        Err(error) => return refuse(load_error(error.to_string())),
    };
    let adapter = match Adapter::open(&mut model, settings.adapter.as_deref()) {
        Ok(adapter) => adapter,
        Err(error) => return refuse(error),
    };
    let writer = match PromptWriter::new(&model, &settings.path) {
        Ok(writer) => writer,
        Err(error) => return refuse(error),
    };
    let cells = settings.context_tokens.saturating_add(settings.cache_tokens);
    let numbers = u32::from(settings.slots) + KEPT_BEGINNINGS;
    let parameters = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(cells))
        .with_n_batch(STEP_TOKENS)
        .with_n_ubatch(STEP_TOKENS)
        .with_n_seq_max(numbers)
        // One cache for all sequences: each may use the whole window while the others need little, and a beginning
        // that several share stands in it once.
        .with_kv_unified(true)
        // A sliding window would drop what a copied beginning needs.
        .with_swa_full(true)
        .with_flash_attention_policy(FLASH_ATTENTION_AUTO)
        .with_n_threads(settings.threads)
        .with_n_threads_batch(settings.threads);
    let mut context = match model.new_context(backend, parameters) {
        Ok(context) => context,
        Err(error) => return refuse(load_error(error.to_string())),
    };
    if let Err(error) = adapter.apply(&mut context) {
        return refuse(error);
    }
    if let Err(error) = warm_up(&model, &mut context) {
        return refuse(load_error(error.to_string()));
    }
    let size = |number: u32| usize::try_from(number).unwrap_or(0);
    let limits = Limits {
        step_tokens: size(context.n_batch().min(STEP_TOKENS)),
        sequences: size(numbers),
        window_tokens: size(settings.context_tokens.min(context.n_ctx())),
    };
    let facts = ModelFacts {
        context_tokens: settings.context_tokens.min(context.n_ctx()),
        slots: u32::from(settings.slots),
        memory_bytes: model.size(),
        dimensions: 0,
    };
    loaded.send(Ok(facts));
    Chat {
        pool: Pool::new(
            size(context.n_ctx()),
            size(numbers),
            size(KEPT_TOKENS.min(settings.cache_tokens)),
        ),
        shelf: Shelf::new(size(settings.shelf_tokens)),
        // The state of these models cannot be cut at a token, so only fresh runs are exact.
        can_reuse: !model.is_recurrent() && !model.is_hybrid() && !slides(&model),
        model: &model,
        context,
        writer,
        slots: usize::from(settings.slots),
        batch: Batch::new(limits),
        limits,
        planner: Planner::default(),
        running: Vec::new(),
        ready: Vec::new(),
        visitor_seen: None,
        busy: Duration::ZERO,
    }
    .serve(desk);
}

struct Chat<'m> {
    model: &'m LlamaModel,
    context: LlamaContext<'m>,
    writer: PromptWriter,
    limits: Limits,
    slots: usize,
    can_reuse: bool,
    batch: Batch,
    pool: Pool,
    /// Beginnings of prompts in main memory.
    shelf: Shelf<SeqState>,
    planner: Planner,
    /// Those that take part in the steps.
    running: Vec<Sequence>,
    /// Those that could: taken from the queue, or suspended to make room. By urgency and age.
    ready: Vec<Sequence>,
    /// When a visitor's request last took part in a step.
    visitor_seen: Option<Instant>,
    /// Time spent in steps.
    busy: Duration,
}

impl Chat<'_> {
    fn serve(&mut self, desk: &Desk<ChatJob>) {
        loop {
            if self.running.is_empty() && self.ready.is_empty() {
                self.publish(desk);
                if !desk.queue.wait() {
                    return;
                }
            }
            self.leave_behind(desk);
            self.admit(desk);
            if desk.queue.is_closed() {
                return;
            }
            self.publish(desk);
            let began = Instant::now();
            let stepped = self.step(desk);
            self.busy += began.elapsed();
            match stepped {
                Ok(tokens) => desk.count(|counters| {
                    counters.steps += u64::from(tokens > 0);
                    counters.step_tokens += as_u64(tokens);
                }),
                Err(error) => self.fail_all(&error, desk),
            }
        }
    }

    /// Ends what nobody waits for any more, before it costs another step.
    fn leave_behind(&mut self, desk: &Desk<ChatJob>) {
        let abandoned = |sequence: &mut Sequence| sequence.is_abandoned();
        let waiting: Vec<_> = self.ready.extract_if(.., abandoned).collect();
        let running: Vec<_> = self.running.extract_if(.., abandoned).collect();
        for sequence in &running {
            self.end(sequence);
        }
        for sequence in waiting.iter().chain(&running) {
            // Heard only by callers who still listen: those whose deadline passed.
            sequence.fail(&Refusal::deadline());
            desk.count(|counters| counters.cancelled += 1);
        }
    }

    /// Computes one step; returns its tokens.
    fn step(&mut self, desk: &Desk<ChatJob>) -> Result<usize, StepError> {
        self.running.sort_by_key(Sequence::turn);
        self.share_beginnings(desk);
        let wants: Vec<_> = (0..self.running.len())
            .filter_map(|place| Some(self.running.get(place)?.want(self.waits_for_another(place))))
            .collect();
        let planned = self.planner.plan(&wants, self.limits.step_tokens);
        let tokens: usize = planned.iter().sum();
        if tokens == 0 {
            return Ok(0);
        }
        let changes = self.pool.make_room(tokens).map_err(|_no_room| StepError::CacheFull)?;
        self.apply(&changes);
        self.batch.clear();
        for (sequence, tokens) in self.running.iter_mut().zip(planned) {
            sequence.add(&mut self.batch, tokens)?;
        }
        self.batch.decode(&mut self.context)?;
        self.take_results(desk)?;
        Ok(self.batch.len())
    }

    fn take_results(&mut self, desk: &Desk<ChatJob>) -> Result<(), StepError> {
        for sequence in &self.running {
            self.pool
                .extend(sequence.number(), sequence.added())
                .map_err(|_no_room| StepError::CacheFull)?;
        }
        let mut still = Vec::with_capacity(self.running.len());
        for mut sequence in std::mem::take(&mut self.running) {
            let written = sequence.written();
            let progress = sequence.advance(self.model, &self.context, &self.batch);
            desk.count(|counters| {
                counters.written_tokens += as_u64(sequence.written() - written);
                match &progress {
                    Ok(Progress::Continues) => {}
                    Ok(Progress::Ended) => counters.answered += 1,
                    Err(_) => counters.failed += 1,
                }
            });
            match progress {
                Ok(Progress::Continues) => still.push(sequence),
                Ok(Progress::Ended) => self.end(&sequence),
                Err(error) => {
                    tracing::error!(%error, "An answer could not be computed");
                    sequence.fail(&Refusal::failure(error));
                    let changes = self.pool.end(sequence.number(), false);
                    self.apply(&changes);
                }
            }
        }
        self.running = still;
        Ok(())
    }

    /// After a failed step nothing in the cache can be trusted.
    fn fail_all(&mut self, error: &StepError, desk: &Desk<ChatJob>) {
        tracing::error!(%error, requests = self.running.len(), "A step of the chat model failed");
        for sequence in self.running.drain(..) {
            sequence.fail(&Refusal::failure(error));
            desk.count(|counters| counters.failed += 1);
        }
        self.context.clear_kv_cache();
        self.pool.clear();
    }

    fn publish(&self, desk: &Desk<ChatJob>) {
        desk.running.store(self.running.len(), Ordering::Relaxed);
        desk.queue.set_aside(self.ready.len());
        let kept = self.pool.kept();
        desk.count(|counters| {
            counters.busy_ms = millis(self.busy);
            counters.cache_entries = as_u64(kept.entries + self.shelf.len());
            counters.cache_tokens = as_u64(kept.tokens + self.shelf.tokens());
            counters.evictions = kept.evictions + self.shelf.evictions();
        });
    }
}

/// Whether some layers see only the last tokens: the library drops what they no longer see, so a copied beginning would
/// have holes.
fn slides(model: &LlamaModel) -> bool {
    (0..model.meta_count()).any(|index| {
        let is_window = model
            .meta_key_by_index(index)
            .is_ok_and(|key| key.ends_with(".attention.sliding_window"));
        is_window && model.meta_val_str_by_index(index).is_ok_and(|tokens| tokens != "0")
    })
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
