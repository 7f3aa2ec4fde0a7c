//! One model, with or without an adapter, and where it stands.

use std::{
    fs,
    path::Path,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime},
};

use super::eviction::Resident;
use crate::engine::{
    backend::{ChatJob, EmbedJob},
    owner::{End, Owner, Phase, Usage},
    wire::{Counters, ModelHealth, ModelPurpose, ModelState},
};

/// After this long a model that failed is tried once more when it is asked for: the reason may have been the
/// machine's and not the file's.
const TRIED_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// An owner of either kind.
pub(super) enum AnyOwner {
    Chat(Owner<ChatJob>),
    Embed(Owner<EmbedJob>),
}

impl AnyOwner {
    fn phase(&self) -> Phase {
        match self {
            Self::Chat(owner) => owner.phase(),
            Self::Embed(owner) => owner.phase(),
        }
    }

    fn counters(&self) -> Counters {
        match self {
            Self::Chat(owner) => owner.counters(),
            Self::Embed(owner) => owner.counters(),
        }
    }

    /// Requests that wait, and requests that are computed.
    fn load(&self) -> (usize, usize) {
        match self {
            Self::Chat(owner) => (owner.waiting(), owner.running()),
            Self::Embed(owner) => (owner.waiting(), owner.running()),
        }
    }

    fn close(&self) {
        match self {
            Self::Chat(owner) => owner.close(),
            Self::Embed(owner) => owner.close(),
        }
    }

    fn into_thread(self) -> JoinHandle<()> {
        match self {
            Self::Chat(owner) => owner.into_thread(),
            Self::Embed(owner) => owner.into_thread(),
        }
    }
}

/// Size and time of change of the files a model is made of: another one is worth another try.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Stamp(Vec<Option<(u64, Option<SystemTime>)>>);

impl Stamp {
    pub(super) fn of<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Self {
        let one = |path: &Path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.len(), metadata.modified().ok()))
        };
        Self(paths.into_iter().map(one).collect())
    }
}

/// Why a model cannot be used.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) why: String,
    /// The files as they were.
    pub(super) files: Stamp,
    pub(super) since: Instant,
    /// It ended the process: only another file is worth a try.
    pub(super) is_deadly: bool,
}

impl Failure {
    /// True when loading may come out differently now.
    pub(super) fn may_be_over(&self, files: &Stamp) -> bool {
        *files != self.files || !self.is_deadly && self.since.elapsed() >= TRIED_AGAIN_AFTER
    }
}

/// Whether a model is in memory.
pub(super) enum Life {
    Unloaded {
        /// Why it is not, where that was not its own idea.
        why: Option<String>,
    },
    Failed(Failure),
    Alive(AnyOwner),
}

/// A model and what is known of it.
pub(super) struct Slot {
    /// What it is for; `None` while its file could not be read.
    pub(super) purpose: Option<ModelPurpose>,
    /// Estimate of what it needs, bytes; 0 while its file could not be read.
    pub(super) need_bytes: u64,
    pub(super) usage: Arc<Usage>,
    pub(super) life: Life,
}

impl Slot {
    pub(super) fn new(purpose: Option<ModelPurpose>) -> Self {
        Self {
            purpose,
            need_bytes: 0,
            usage: Usage::new(),
            life: Life::Unloaded { why: None },
        }
    }

    /// Notices that its owner has ended; returns the thread, which may still be on its way out.
    pub(super) fn settle(&mut self, files: impl FnOnce() -> Stamp) -> Option<JoinHandle<()>> {
        let Life::Alive(owner) = &self.life else { return None };
        let Phase::Ended(end) = owner.phase() else { return None };
        let next = match end {
            End::Closed => Life::Unloaded { why: None },
            End::NoRoom(refusal) => Life::Unloaded {
                why: Some(refusal.message),
            },
            End::Stopped => Life::Unloaded {
                why: Some("It stopped unexpectedly; the next request loads it again.".to_owned()),
            },
            End::Failed(why) => Life::Failed(Failure {
                why,
                files: files(),
                since: Instant::now(),
                is_deadly: false,
            }),
        };
        self.replace(next)
    }

    /// Asks its owner, if there is one, to end; returns the thread to wait for.
    pub(super) fn unload(&mut self) -> Option<JoinHandle<()>> {
        if let Life::Alive(owner) = &self.life {
            owner.close();
            return self.replace(Life::Unloaded { why: None });
        }
        None
    }

    fn replace(&mut self, next: Life) -> Option<JoinHandle<()>> {
        match std::mem::replace(&mut self.life, next) {
            Life::Alive(owner) => Some(owner.into_thread()),
            Life::Unloaded { .. } | Life::Failed(_) => None,
        }
    }

    pub(super) fn is_loading(&self) -> bool {
        matches!(&self.life, Life::Alive(owner) if owner.phase() == Phase::Loading)
    }

    /// What it holds in memory, if anything.
    pub(super) fn resident<K>(&self, key: K) -> Option<Resident<K, Instant>> {
        let Life::Alive(owner) = &self.life else { return None };
        Some(Resident {
            key,
            bytes: self.need_bytes,
            // What is being loaded cannot be stopped, so it is at work.
            is_idle: self.usage.is_idle() && matches!(owner.phase(), Phase::Ready(_)),
            last_used: self.usage.last(),
        })
    }

    /// As `/health` tells it.
    pub(super) fn health(&self, name: &str, adapter: Option<&str>, is_default: bool) -> ModelHealth {
        let mut health = ModelHealth {
            name: name.to_owned(),
            purpose: self.purpose.unwrap_or(ModelPurpose::Chat),
            adapter: adapter.map(str::to_owned),
            state: ModelState::Unloaded,
            why: None,
            is_default,
            memory_bytes: self.need_bytes,
            context_tokens: 0,
            slots: 0,
            dimensions: 0,
            waiting: 0,
            running: 0,
            counters: Counters::default(),
        };
        match &self.life {
            Life::Unloaded { why } => health.why.clone_from(why),
            Life::Failed(failure) => {
                health.state = ModelState::Failed;
                health.why = Some(failure.why.clone());
            }
            Life::Alive(owner) => {
                let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
                let (waiting, running) = owner.load();
                (health.waiting, health.running) = (count(waiting), count(running));
                health.counters = owner.counters();
                if let Phase::Ready(facts) = owner.phase() {
                    health.state = ModelState::Ready;
                    health.context_tokens = facts.context_tokens;
                    health.slots = facts.slots;
                    health.dimensions = facts.dimensions;
                } else {
                    health.state = ModelState::Loading;
                }
            }
        }
        health
    }
}
