//! One operating-system thread per model: it loads the model, owns it and its context, and computes every request.
//!
//! A context borrows its model and must not be used from two threads, and creating contexts at the same time is
//! unsound. So models are loaded one after the other, and nothing of the library ever leaves its thread. Requests
//! may be handed in while the model is still loading: they wait in its queue.

use std::{
    cell::RefCell,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use tokio::sync::watch;

use super::{
    backend::{QUEUE_CAPACITY, Refusal, Refused, Terms, enqueue},
    error::RunError,
    queue::{PriorityQueue, Waiting},
    wire::Counters,
};

/// Held while the library reads a model's file and makes its contexts, in the whole process.
static LOADING: Mutex<()> = Mutex::new(());

/// What is known of a model once it is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Where an owner stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It takes requests and computes none yet.
    Loading,
    /// It computes.
    Ready(ModelFacts),
    /// It has ended, or is about to.
    Ended(End),
}

/// Why an owner ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// It was asked to.
    Closed,
    /// The file cannot be used.
    Failed(String),
    /// There was not enough memory after all.
    NoRoom(Refusal),
    /// It broke while it computed.
    Stopped,
}

impl End {
    /// What the requests that still wait are told.
    fn refusal(&self) -> Refusal {
        match self {
            Self::Closed => Refusal::failure("the model was unloaded"),
            Self::Failed(why) => Refusal::broken_model(why),
            Self::NoRoom(refusal) => refusal.clone(),
            Self::Stopped => Refusal::failure("the model has stopped"),
        }
    }
}

/// A request for a model.
pub(crate) trait Job: Waiting + Refused + Send + 'static {}

impl<J: Waiting + Refused + Send + 'static> Job for J {}

/// What both sides of an owner know.
struct Shared<J> {
    name: String,
    desk: Desk<J>,
    phase: Mutex<Phase>,
    /// Told of every change of phase.
    changes: watch::Sender<()>,
}

impl<J: Job> Shared<J> {
    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends for the first reason there is, and tells everyone who still waits.
    fn end(&self, why: End) {
        let mut phase = self.phase();
        let why = match &*phase {
            Phase::Ended(earlier) => earlier.clone(),
            Phase::Loading | Phase::Ready(_) => why,
        };
        *phase = Phase::Ended(why.clone());
        // Nothing is handed in any more once the phase is set, so nothing is overlooked below.
        drop(phase);
        while let Some((_, job)) = self.desk.queue.pop(Instant::now()) {
            job.refuse(why.refusal());
        }
        self.desk.queue.close();
        self.changes.send_replace(());
    }
}

/// A model with its thread, as the rest of the process sees it.
pub(crate) struct Owner<J> {
    shared: Arc<Shared<J>>,
    thread: JoinHandle<()>,
}

impl<J: Job> Owner<J> {
    /// Starts the thread, which waits for its turn to load, then loads and computes.
    ///
    /// `prepare` runs when no other model is being loaded: it says what keeps this one from being loaded, or returns
    /// what is to be dropped once it is loaded or refused. `work` loads the model, reports to [`Loaded`] and serves
    /// the desk until its queue is closed.
    pub(crate) fn start<P>(
        name: &str,
        changes: watch::Sender<()>,
        prepare: impl FnOnce() -> Result<P, End> + Send + 'static,
        work: impl FnOnce(&Desk<J>, &Loaded<'_>) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            desk: Desk {
                queue: PriorityQueue::new(QUEUE_CAPACITY),
                running: AtomicUsize::new(0),
                counters: Mutex::default(),
            },
            phase: Mutex::new(Phase::Loading),
            changes,
        });
        let for_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name("model".to_owned()).spawn(move || {
            // Dropped last, also when the work panics: callers are always told.
            let ending = Ending(&for_thread);
            ending.work(prepare, work);
        })?;
        Ok(Self { shared, thread })
    }

    /// Hands a request in; refused when the model has ended or too many wait.
    pub(crate) fn submit(&self, terms: Terms, job: J) -> Result<(), Refusal> {
        // Held while the job is pushed: an owner that ends refuses every job that was pushed before.
        let phase = self.shared.phase();
        match &*phase {
            Phase::Loading | Phase::Ready(_) => enqueue(&self.shared.desk.queue, terms.priority, job),
            Phase::Ended(why) => Err(why.refusal()),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.shared.phase().clone()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.shared.desk.queue.len()
    }

    pub(crate) fn running(&self) -> usize {
        self.shared.desk.running.load(Ordering::Relaxed)
    }

    pub(crate) fn counters(&self) -> Counters {
        *self.shared.desk.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the thread to end at its next step; whoever waits is told.
    pub(crate) fn close(&self) {
        self.shared.end(End::Closed);
    }

    /// The thread, to wait for its end.
    pub(crate) fn into_thread(self) -> JoinHandle<()> {
        self.thread
    }
}

/// Waits until threads have ended: a process that exits while one of them computes may crash, and memory is given
/// back only then.
pub(crate) fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("The thread of a model panicked");
        }
    }
}

/// The thread's side: when it goes, in whatever way, the owner has ended.
struct Ending<'s, J: Job>(&'s Shared<J>);

impl<J: Job> Ending<'_, J> {
    fn work<P>(&self, prepare: impl FnOnce() -> Result<P, End>, work: impl FnOnce(&Desk<J>, &Loaded<'_>)) {
        let turn = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.desk.queue.is_closed() {
            return;
        }
        let prepared = match prepare() {
            Ok(prepared) => prepared,
            Err(why) => return self.0.end(why),
        };
        let settled = RefCell::new(Some((prepared, turn)));
        let report = |outcome: Result<ModelFacts, RunError>| {
            match outcome {
                Ok(facts) => self.is_ready(facts),
                Err(error) => self.0.end(End::Failed(error.to_string())),
            }
            // The next model may be loaded.
            drop(settled.take());
        };
        work(&self.0.desk, &Loaded { report: &report });
    }

    fn is_ready(&self, facts: ModelFacts) {
        {
            let mut phase = self.0.phase();
            if *phase != Phase::Loading {
                return;
            }
            *phase = Phase::Ready(facts);
        }
        self.0.changes.send_replace(());
        tracing::info!(model = %self.0.name, engine.context_tokens = facts.context_tokens, "The model is loaded");
    }
}

impl<J: Job> Drop for Ending<'_, J> {
    fn drop(&mut self) {
        let was_loading = *self.0.phase() == Phase::Loading;
        self.0.end(if was_loading {
            End::Failed(format!(
                "The model `{}` could not be loaded: its thread broke off.",
                self.0.name
            ))
        } else {
            End::Stopped
        });
    }
}

/// Reports once that the model is loaded, or why not; until then no other model is loaded.
pub(crate) struct Loaded<'r> {
    report: &'r dyn Fn(Result<ModelFacts, RunError>),
}

impl Loaded<'_> {
    pub(crate) fn send(&self, outcome: Result<ModelFacts, RunError>) {
        (self.report)(outcome);
    }
}

/// Who uses a model, and since when nobody does.
#[derive(Debug)]
pub(crate) struct Usage {
    open: AtomicUsize,
    last: Mutex<Instant>,
}

impl Usage {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            open: AtomicUsize::new(0),
            last: Mutex::new(Instant::now()),
        })
    }

    /// Nobody waits for the model, nothing is computed with it.
    pub(crate) fn is_idle(&self) -> bool {
        self.open.load(Ordering::SeqCst) == 0
    }

    /// When a request last came or went.
    pub(crate) fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// Part of every open request: a model is not unloaded while one exists.
#[derive(Debug)]
pub(crate) struct Ticket(Arc<Usage>);

impl Ticket {
    pub(crate) fn of(usage: &Arc<Usage>) -> Self {
        usage.open.fetch_add(1, Ordering::SeqCst);
        usage.touch();
        Self(Arc::clone(usage))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.touch();
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;
