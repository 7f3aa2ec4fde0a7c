//! What models are loaded with, and how.

use std::{io, num::NonZero, path::Path, sync::Arc, thread::JoinHandle};

use llama_cpp_2::llama_backend::LlamaBackend;
use tokio::sync::watch;

use super::{
    catalog::Files,
    eviction::NoRoom,
    note::{LoadingNote, beside},
    slot::AnyOwner,
};
use crate::engine::{
    backend::Refusal,
    chat::{self, ChatSettings, DEFAULT_SLOTS, MOST_SLOTS},
    embed::{self, EmbedSettings},
    error::RunError,
    gguf::{GgufHeader, ModelFileError, check_adapter, megabytes, read_model},
    memory,
    owner::{Desk, End, Loaded, Owner, join},
    runner::{DEFAULT_CONTEXT_TOKENS, EngineArgs},
    wire::{ErrorCode, ModelPurpose},
};

/// Most memory that one model's shelf takes: beginnings of tens of thousands of tokens for a small model.
const MOST_SHELF_BYTES: u64 = 1 << 30;
/// And at most this part of what all models may take together, or else of the machine's memory.
const SHELF_PART: u64 = 16;

/// What every model of this engine is loaded with.
pub(super) struct Means {
    backend: Arc<LlamaBackend>,
    threads: i32,
    /// Most tokens of one request to a chat model, where the model allows it.
    context_tokens: u32,
    /// Answers that a chat model writes at the same time.
    slots: u16,
    /// Tokens of cache beyond one window; one more window if `None`.
    cache_tokens: Option<u32>,
    /// Memory of a chat model's shelf, where no number of tokens is given.
    shelf_bytes: u64,
    budget_bytes: Option<u64>,
    note: Arc<LoadingNote>,
    /// Told whenever a model was loaded or has ended.
    changes: watch::Sender<()>,
}

/// What a model's file says.
pub(super) struct Found {
    header: GgufHeader,
    pub(super) purpose: ModelPurpose,
    /// Estimate of what it needs, bytes.
    pub(super) need_bytes: u64,
}

impl Means {
    pub(super) fn new(args: &EngineArgs, threads: u16) -> Result<Self, RunError> {
        let backend = LlamaBackend::init().map_err(|error| RunError::Library(error.to_string()))?;
        Ok(Self {
            backend: Arc::new(backend),
            threads: i32::from(threads),
            context_tokens: args.context_tokens.map_or(DEFAULT_CONTEXT_TOKENS, NonZero::get),
            slots: args.slots.map_or(DEFAULT_SLOTS, NonZero::get).min(MOST_SLOTS),
            cache_tokens: args.cache_tokens,
            shelf_bytes: shelf_bytes(args.memory_budget_bytes.or_else(memory::total_bytes)),
            budget_bytes: args.memory_budget_bytes,
            note: Arc::new(LoadingNote::open(args.socket.as_deref().map(beside))),
            changes: watch::Sender::new(()),
        })
    }

    /// What all models together may need, bytes.
    pub(super) const fn budget_bytes(&self) -> Option<u64> {
        self.budget_bytes
    }

    /// How many engines in a row ended while they loaded the model of this title.
    pub(super) fn deaths(&self, title: &str) -> u32 {
        self.note.deaths(title)
    }

    /// Follows the models.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Reads a model's file, and its adapter's, without loading them.
    pub(super) fn examine(&self, files: &Files<'_>, purpose: Option<ModelPurpose>) -> Result<Found, ModelFileError> {
        let header = read_model(files.model, purpose)?;
        let of_adapter = match files.adapter {
            Some(adapter) => check_adapter(adapter, files.model)?,
            None => 0,
        };
        let cells = if header.is_encoder() {
            0
        } else {
            self.window(&header)
                .saturating_add(self.cache(&header))
                .saturating_add(self.shelf(&header))
        };
        Ok(Found {
            purpose: header.purpose(),
            need_bytes: header.memory_need_bytes(cells).saturating_add(of_adapter),
            header,
        })
    }

    /// The window asked for, cut to what the model was trained with.
    fn window(&self, header: &GgufHeader) -> u32 {
        match header.context_tokens {
            0 => self.context_tokens,
            trained => self.context_tokens.min(trained),
        }
    }

    /// Tokens of cache beyond one window.
    fn cache(&self, header: &GgufHeader) -> u32 {
        self.cache_tokens.unwrap_or_else(|| self.window(header))
    }

    /// Tokens on the shelf: as many as of cache where their number is given, else what its memory holds.
    fn shelf(&self, header: &GgufHeader) -> u32 {
        self.cache_tokens.unwrap_or_else(|| {
            let tokens = self.shelf_bytes.checked_div(header.cache_bytes_per_token);
            tokens.map_or(0, |tokens| u32::try_from(tokens).unwrap_or(u32::MAX))
        })
    }

    /// Starts the thread that loads and owns the model.
    /// It first waits for the threads that give way.
    pub(super) fn start(&self, files: &Files<'_>, found: &Found, leaving: Vec<JoinHandle<()>>) -> io::Result<AnyOwner> {
        let title = files.title.clone();
        let path = files.model.to_owned();
        let adapter = files.adapter.map(Path::to_owned);
        let backend = Arc::clone(&self.backend);
        let turn = Turn {
            title: title.clone(),
            need_bytes: found.need_bytes,
            budget_bytes: self.budget_bytes,
            note: Arc::clone(&self.note),
        };
        let changes = self.changes.clone();
        let threads = self.threads;
        Ok(match found.purpose {
            ModelPurpose::Chat => {
                let settings = ChatSettings {
                    path,
                    adapter,
                    threads,
                    context_tokens: self.window(&found.header),
                    slots: self.slots,
                    cache_tokens: self.cache(&found.header),
                    shelf_tokens: self.shelf(&found.header),
                };
                let work = move |desk: &Desk<_>, loaded: &Loaded<'_>| chat::work(&backend, &settings, desk, loaded);
                AnyOwner::Chat(Owner::start(&title, changes, move || turn.begin(leaving), work)?)
            }
            ModelPurpose::Embed => {
                let settings = EmbedSettings {
                    path,
                    threads,
                    model_pools: found.header.has_pooling,
                };
                let work = move |desk: &Desk<_>, loaded: &Loaded<'_>| embed::work(&backend, &settings, desk, loaded);
                AnyOwner::Embed(Owner::start(&title, changes, move || turn.begin(leaving), work)?)
            }
        })
    }
}

/// Memory for a chat model's shelf out of all that there is; nothing where that is not known.
fn shelf_bytes(of: Option<u64>) -> u64 {
    of.map_or(0, |bytes| (bytes / SHELF_PART).min(MOST_SHELF_BYTES))
}

/// What has to be so before a model's file is given to the library.
struct Turn {
    title: String,
    need_bytes: u64,
    budget_bytes: Option<u64>,
    note: Arc<LoadingNote>,
}

impl Turn {
    /// Waits for those who give way, and looks at the memory once more: it may have gone elsewhere meanwhile.
    fn begin(self, leaving: Vec<JoinHandle<()>>) -> Result<Noted, End> {
        join(leaving);
        if let Some(most_bytes) = memory::available_bytes().filter(|available| *available < self.need_bytes) {
            let no_room = NoRoom {
                need_bytes: self.need_bytes,
                most_bytes,
            };
            return Err(End::NoRoom(no_room_for(&self.title, no_room, self.budget_bytes)));
        }
        self.note.begin(&self.title);
        Ok(Noted(self))
    }
}

/// Says in the note that the library has the file, until dropped.
struct Noted(Turn);

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.note.end(&self.0.title);
    }
}

/// Says both figures.
pub(super) fn no_room_for(title: &str, no_room: NoRoom, budget_bytes: Option<u64>) -> Refusal {
    let NoRoom { need_bytes, most_bytes } = no_room;
    let budget = budget_bytes.map_or_else(String::new, |bytes| {
        format!(" (all models together may take {} MB)", megabytes(bytes))
    });
    Refusal::new(
        ErrorCode::Overloaded,
        format!(
            "The model {title} needs about {} MB of memory and {} MB can be given now{budget}; try again when the others are idle, use a smaller model, or allow more memory.",
            megabytes(need_bytes),
            megabytes(most_bytes)
        ),
    )
}
