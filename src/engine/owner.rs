//! One operating-system thread per model: it loads the model, owns it and its context, and computes every request.
//!
//! A context borrows its model and must not be used from two threads, and creating contexts at the same time is
//! unsound. So models are loaded one after the other, and nothing of the library ever leaves its thread.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use tokio::sync::oneshot;

use super::{
    backend::{QUEUE_CAPACITY, Refusal, Refused, Terms, enqueue},
    error::RunError,
    queue::{PriorityQueue, Waiting},
    wire::{Counters, ModelHealth, ModelPurpose, ModelState},
};

/// What is known of a model once it is loaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModelFacts {
    pub(crate) context_tokens: u32,
    /// Requests computed at the same time.
    pub(crate) slots: u32,
    /// Length of its vectors; 0 for a model that writes.
    pub(crate) dimensions: u32,
    /// Estimate of what it needs, bytes.
    pub(crate) memory_bytes: u64,
}

/// What the owner thread shares with the rest of the process.
pub(crate) struct Desk<J> {
    pub(crate) queue: PriorityQueue<J>,
    /// Requests that are being computed.
    pub(crate) running: AtomicUsize,
    /// What it has done so far.
    pub(crate) counters: Mutex<Counters>,
}

impl<J> Desk<J> {
    /// Changes what is counted. Whole numbers only, so a panic in between leaves nothing half done.
    pub(crate) fn count(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut self.counters.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A loaded model, as the HTTP surface sees it.
pub(crate) struct Owner<J> {
    name: String,
    facts: ModelFacts,
    desk: Arc<Desk<J>>,
}

/// The thread of a loaded model.
pub(crate) struct OwnerThread {
    kind: &'static str,
    ended: oneshot::Receiver<()>,
    handle: thread::JoinHandle<()>,
}

impl OwnerThread {
    /// Resolves with the kind of model when the thread ends.
    pub(crate) async fn ended(&mut self) -> &'static str {
        // The sender is dropped, never used.
        let _dropped = (&mut self.ended).await;
        self.kind
    }

    /// Waits until the thread has ended: a process that exits while its thread computes may crash.
    pub(crate) fn join(self) {
        if self.handle.join().is_err() {
            tracing::error!("The thread of the {} model panicked", self.kind);
        }
    }
}

/// Reports once that the model is loaded, or why not.
pub(crate) type Loaded = mpsc::SyncSender<Result<ModelFacts, RunError>>;

impl<J: Waiting + Refused + Send + 'static> Owner<J> {
    /// Starts the thread and waits until its model is loaded.
    ///
    /// `work` loads the model, reports to `Loaded` and serves the desk until its queue is closed.
    pub(crate) fn start(
        kind: &'static str,
        path: &Path,
        work: impl FnOnce(&Desk<J>, &Loaded) + Send + 'static,
    ) -> Result<(Self, OwnerThread), RunError> {
        let desk = Arc::new(Desk {
            queue: PriorityQueue::new(QUEUE_CAPACITY),
            running: AtomicUsize::new(0),
            counters: Mutex::default(),
        });
        let (loaded, is_loaded) = mpsc::sync_channel(1);
        let (on_thread, ended) = oneshot::channel::<()>();
        let for_thread = Arc::clone(&desk);
        let load_error = |why: String| RunError::Load {
            path: path.to_owned(),
            why,
        };
        let handle = thread::Builder::new()
            .name(format!("{kind}-model"))
            .spawn(move || {
                // Moved in, so that both also happen when the work panics: callers are told, and the process ends.
                let _ended = on_thread;
                let _closed = CloseOnDrop(Arc::clone(&for_thread));
                work(&for_thread, &loaded);
            })
            .map_err(|error| load_error(error.to_string()))?;
        let facts = is_loaded
            .recv()
            .unwrap_or_else(|_gone| Err(load_error("its thread ended while loading".to_owned())))?;
        let name = path
            .file_stem()
            .map_or_else(|| kind.to_owned(), |stem| stem.to_string_lossy().into_owned());
        tracing::info!(model = %name, engine.context_tokens = facts.context_tokens, "The {kind} model is loaded");
        Ok((Self { name, facts, desk }, OwnerThread { kind, ended, handle }))
    }

    pub(crate) fn submit(&self, terms: Terms, job: J) -> Result<(), Refusal> {
        enqueue(&self.desk.queue, terms.priority, job)
    }

    pub(crate) fn health(&self) -> ModelHealth {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let is_chat = self.facts.dimensions == 0;
        ModelHealth {
            name: self.name.clone(),
            purpose: if is_chat {
                ModelPurpose::Chat
            } else {
                ModelPurpose::Embed
            },
            adapter: None,
            state: ModelState::Ready,
            why: None,
            is_default: true,
            memory_bytes: self.facts.memory_bytes,
            context_tokens: self.facts.context_tokens,
            slots: self.facts.slots,
            dimensions: self.facts.dimensions,
            waiting: count(self.desk.queue.len()),
            running: count(self.desk.running.load(Ordering::Relaxed)),
            counters: *self.desk.counters.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Asks the thread to end at its next step.
    pub(crate) fn close(&self) {
        self.desk.queue.close();
    }
}

struct CloseOnDrop<J: Waiting>(Arc<Desk<J>>);

impl<J: Waiting> Drop for CloseOnDrop<J> {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}
