//! The models of an engine: which there are, which are in memory, and which give way to another.
//!
//! A model with a LoRA adapter is a model of its own here, because the library applies an adapter to a whole
//! context and has to know it before the first context is made. Every model has its own owner thread. One that
//! cannot be used fails alone: the others go on.

mod catalog;
mod eviction;
pub(crate) mod note;
mod slot;

use std::{
    collections::BTreeMap,
    num::NonZero,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Instant,
};

use llama_cpp_2::llama_backend::LlamaBackend;
use tokio::sync::watch;

use self::{
    catalog::{Catalog, Key},
    eviction::{NoRoom, Resident, Room, give_way},
    note::{LoadingNote, MOST_DEATHS},
    slot::{AnyOwner, Failure, Life, Slot, Stamp},
};
use super::{
    backend::{ChatJob, EmbedJob, Refusal, Terms},
    chat::{self, ChatSettings, DEFAULT_SLOTS, MOST_SLOTS},
    embed::{self, EmbedSettings},
    error::RunError,
    gguf::{GgufHeader, ModelFileError, check_adapter, megabytes, read_model},
    memory,
    owner::{Desk, End, Loaded, Owner, Ticket},
    runner::{DEFAULT_CONTEXT_TOKENS, EngineArgs},
    wire::{ErrorCode, ModelHealth, ModelPurpose, ModelState},
};

/// What every model of this engine is loaded with.
struct Means {
    backend: Arc<LlamaBackend>,
    threads: i32,
    /// Most tokens of one request to a chat model, where the model allows it.
    context_tokens: u32,
    /// Answers that a chat model writes at the same time.
    slots: u16,
    /// Tokens of cache beyond one window; one more window if `None`.
    cache_tokens: Option<u32>,
    budget_bytes: Option<u64>,
}

/// The registry.
pub(crate) struct Models {
    catalog: Catalog,
    /// Asked where a request names none.
    default_chat: Option<usize>,
    default_embed: Option<usize>,
    means: Means,
    note: Arc<LoadingNote>,
    state: Mutex<State>,
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    slots: BTreeMap<Key, Slot>,
    /// Threads that have been told to end, or have.
    departed: Vec<JoinHandle<()>>,
    is_closed: bool,
}

impl Models {
    /// Looks at all files and loads none yet.
    pub(crate) fn new(args: &EngineArgs, threads: u16) -> Result<Self, RunError> {
        let catalog = Catalog::new(args)?;
        let backend = LlamaBackend::init().map_err(|error| RunError::Library(error.to_string()))?;
        let note = LoadingNote::open(args.socket.as_deref().map(note::beside));
        let mut models = Self {
            default_chat: None,
            default_embed: None,
            means: Means {
                backend: Arc::new(backend),
                threads: i32::from(threads),
                context_tokens: args.context_tokens.map_or(DEFAULT_CONTEXT_TOKENS, NonZero::get),
                slots: args.slots.map_or(DEFAULT_SLOTS, NonZero::get).min(MOST_SLOTS),
                cache_tokens: args.cache_tokens,
                budget_bytes: args.memory_budget_bytes,
            },
            note: Arc::new(note),
            state: Mutex::default(),
            changes: watch::Sender::new(()),
            catalog,
        };
        let mut slots = BTreeMap::new();
        for model in 0..models.catalog.models.len() {
            let key = Key { model, adapter: None };
            slots.insert(key, models.first_look(key));
        }
        models.default_chat = models.default_of(ModelPurpose::Chat, &slots);
        models.default_embed = models.default_of(ModelPurpose::Embed, &slots);
        models.lock().slots = slots;
        Ok(models)
    }

    /// The model the owner named for this purpose, else the first that is fit for it.
    fn default_of(&self, purpose: ModelPurpose, slots: &BTreeMap<Key, Slot>) -> Option<usize> {
        let named = self
            .catalog
            .models
            .iter()
            .position(|entry| entry.wanted == Some(purpose));
        named.or_else(|| {
            let fit = slots.iter().find(|(_, slot)| slot.purpose == Some(purpose))?;
            Some(fit.0.model)
        })
    }

    /// What a model's file says, or why it cannot be used.
    fn first_look(&self, key: Key) -> Slot {
        let mut slot = Slot::new(self.catalog.model(key).and_then(|entry| entry.wanted));
        let deaths = self.note.deaths(&self.catalog.title(key));
        let failed = |why: String, is_deadly| {
            Life::Failed(Failure {
                why,
                files: self.stamp(key),
                since: Instant::now(),
                is_deadly,
            })
        };
        match self.examine(key, slot.purpose) {
            Ok(found) => {
                slot.purpose = Some(found.purpose);
                slot.need_bytes = found.need_bytes;
                if deaths >= MOST_DEATHS {
                    let why = format!(
                        "Loading {} ended the engine {deaths} times in a row, so it is left out; replace its file or use a smaller model.",
                        self.catalog.title(key)
                    );
                    slot.life = failed(why, true);
                }
            }
            Err(error) => slot.life = failed(error.to_string(), false),
        }
        slot
    }

    /// Starts loading the default models.
    pub(crate) fn load_defaults(&self) {
        let mut state = self.lock();
        for (model, purpose) in [
            (self.default_chat, ModelPurpose::Chat),
            (self.default_embed, ModelPurpose::Embed),
        ] {
            let Some(model) = model else { continue };
            let key = Key { model, adapter: None };
            if let Err(refusal) = self.load(&mut state, key, purpose) {
                tracing::warn!(why = %refusal.message, "A default model is not loaded");
                if let Some(slot) = state.slots.get_mut(&key)
                    && let Life::Unloaded { why } = &mut slot.life
                {
                    *why = Some(refusal.message);
                }
            }
        }
    }

    /// Hands a request to a chat model, which is loaded if it has to be.
    pub(crate) fn chat(
        &self,
        model: Option<&str>,
        adapter: Option<&str>,
        terms: Terms,
        job: impl FnOnce(Ticket) -> ChatJob,
    ) -> Result<(), Refusal> {
        self.hand_in(ModelPurpose::Chat, model, adapter, |owner, ticket| match owner {
            AnyOwner::Chat(owner) => owner.submit(terms, job(ticket)),
            AnyOwner::Embed(_) => Err(Refusal::failure("the model is of another kind than it was")),
        })
    }

    /// Hands a request to an embedding model, which is loaded if it has to be.
    pub(crate) fn embed(
        &self,
        model: Option<&str>,
        terms: Terms,
        job: impl FnOnce(Ticket) -> EmbedJob,
    ) -> Result<(), Refusal> {
        self.hand_in(ModelPurpose::Embed, model, None, |owner, ticket| match owner {
            AnyOwner::Embed(owner) => owner.submit(terms, job(ticket)),
            AnyOwner::Chat(_) => Err(Refusal::failure("the model is of another kind than it was")),
        })
    }

    fn hand_in(
        &self,
        purpose: ModelPurpose,
        model: Option<&str>,
        adapter: Option<&str>,
        submit: impl FnOnce(&AnyOwner, Ticket) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let key = self.resolve(purpose, model, adapter)?;
        let mut state = self.lock();
        self.load(&mut state, key, purpose)?;
        match state.slots.get(&key) {
            Some(Slot {
                life: Life::Alive(owner),
                usage,
                ..
            }) => submit(owner, Ticket::of(usage)),
            _ => Err(Refusal::failure("the model was not loaded")),
        }
    }

    fn resolve(&self, purpose: ModelPurpose, model: Option<&str>, adapter: Option<&str>) -> Result<Key, Refusal> {
        let (default, kind, option) = match purpose {
            ModelPurpose::Chat => (self.default_chat, "chat", "--chat-model"),
            ModelPurpose::Embed => (self.default_embed, "embedding", "--embed-model"),
        };
        let model = match model {
            Some(name) => self.catalog.find_model(name)?,
            None => default.ok_or_else(|| Refusal::no_model(kind, option))?,
        };
        let adapter = adapter.map(|name| self.catalog.find_adapter(name)).transpose()?;
        Ok(Key { model, adapter })
    }

    /// Makes sure that a model is in memory or on its way there.
    fn load(&self, state: &mut State, key: Key, purpose: ModelPurpose) -> Result<(), Refusal> {
        if state.is_closed {
            return Err(Refusal::failure("the engine is about to end"));
        }
        self.settle_all(state);
        let slot = state.slots.entry(key).or_insert_with(|| self.first_look(key));
        let is_known_to_be = slot.purpose.filter(|_| !matches!(slot.life, Life::Failed(_)));
        if let Some(other) = is_known_to_be.filter(|known| *known != purpose) {
            return Err(self.wrong_kind(key, other, purpose));
        }
        match &slot.life {
            Life::Alive(_) => return Ok(()),
            Life::Failed(failure) if !failure.may_be_over(&self.stamp(key)) => {
                return Err(Refusal::broken_model(&failure.why));
            }
            Life::Failed(_) | Life::Unloaded { .. } => {}
        }
        let found = match self.examine(key, Some(purpose)) {
            Ok(found) => found,
            Err(error) => {
                let why = error.to_string();
                slot.life = Life::Failed(self.failure(key, &why));
                return Err(Refusal::broken_model(&why));
            }
        };
        slot.purpose = Some(found.purpose);
        slot.need_bytes = found.need_bytes;
        let leaving = self.make_room(state, key, found.need_bytes)?;
        let started = self.start(key, &found, leaving);
        if let Some(slot) = state.slots.get_mut(&key) {
            slot.life = match started {
                Ok(owner) => Life::Alive(owner),
                Err(error) => {
                    let why = format!("No thread could be started for the model: {error}.");
                    slot.life = Life::Failed(self.failure(key, &why));
                    return Err(Refusal::failure(error));
                }
            };
        }
        Ok(())
    }

    /// Unloads what has to give way; returns the threads to wait for before the memory is free.
    fn make_room(&self, state: &mut State, key: Key, need_bytes: u64) -> Result<Vec<JoinHandle<()>>, Refusal> {
        let others = || state.slots.iter().filter(|(other, _)| **other != key);
        let residents: Vec<Resident<_, _>> = others().filter_map(|(key, slot)| slot.resident(*key)).collect();
        // What is being loaded has not taken its memory yet.
        let promised = others()
            .filter(|(_, slot)| slot.is_loading())
            .fold(0_u64, |sum, (_, slot)| sum.saturating_add(slot.need_bytes));
        let room = Room {
            budget_bytes: self.means.budget_bytes,
            available_bytes: memory::available_bytes().map(|available| available.saturating_sub(promised)),
        };
        let leaving = give_way(&residents, need_bytes, room)
            .map_err(|no_room| no_room_for(&self.catalog.title(key), no_room, self.means.budget_bytes))?;
        let mut threads = std::mem::take(&mut state.departed);
        for gone in leaving {
            tracing::info!(model = %self.catalog.title(gone), for_model = %self.catalog.title(key), "A model is unloaded to make room");
            threads.extend(state.slots.get_mut(&gone).and_then(Slot::unload));
        }
        Ok(threads)
    }

    /// Starts the thread that loads and owns the model.
    fn start(&self, key: Key, found: &Found, leaving: Vec<JoinHandle<()>>) -> std::io::Result<AnyOwner> {
        let title = self.catalog.title(key);
        let path = self
            .catalog
            .model(key)
            .map(|entry| entry.file.path.clone())
            .unwrap_or_default();
        let adapter = self.catalog.adapter(key).map(|adapter| adapter.path.clone());
        let backend = Arc::clone(&self.means.backend);
        let turn = Turn {
            title: title.clone(),
            need_bytes: found.need_bytes,
            budget_bytes: self.means.budget_bytes,
            note: Arc::clone(&self.note),
        };
        let changes = self.changes.clone();
        let threads = self.means.threads;
        Ok(match found.purpose {
            ModelPurpose::Chat => {
                let settings = ChatSettings {
                    path,
                    adapter,
                    threads,
                    context_tokens: self.window(&found.header),
                    slots: self.means.slots,
                    cache_tokens: self.cache(&found.header),
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

    /// Reads a model's file, and its adapter's, without loading them.
    fn examine(&self, key: Key, purpose: Option<ModelPurpose>) -> Result<Found, ModelFileError> {
        let path = self.catalog.model(key).map_or(Path::new(""), |entry| &entry.file.path);
        let header = read_model(path, purpose)?;
        let of_adapter = match self.catalog.adapter(key) {
            Some(adapter) => check_adapter(&adapter.path, path)?,
            None => 0,
        };
        let cells = if header.is_encoder() {
            0
        } else {
            self.window(&header).saturating_add(self.cache(&header))
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
            0 => self.means.context_tokens,
            trained => self.means.context_tokens.min(trained),
        }
    }

    /// Tokens of cache beyond one window.
    fn cache(&self, header: &GgufHeader) -> u32 {
        self.means.cache_tokens.unwrap_or_else(|| self.window(header))
    }

    fn stamp(&self, key: Key) -> Stamp {
        let model = self.catalog.model(key).map(|entry| entry.file.path.as_path());
        let adapter = self.catalog.adapter(key).map(|adapter| adapter.path.as_path());
        Stamp::of(model.into_iter().chain(adapter))
    }

    fn failure(&self, key: Key, why: &str) -> Failure {
        tracing::error!(model = %self.catalog.title(key), %why, "A model cannot be used");
        Failure {
            why: why.to_owned(),
            files: self.stamp(key),
            since: Instant::now(),
            is_deadly: false,
        }
    }

    fn wrong_kind(&self, key: Key, is: ModelPurpose, wanted: ModelPurpose) -> Refusal {
        let name = self.catalog.model(key).map_or("", |entry| entry.file.name.as_str());
        Refusal::new(
            ErrorCode::InvalidRequest,
            format!(
                "`{name}` is {}, and this request needs {}; name another model or none.",
                is.noun(),
                wanted.noun()
            ),
        )
    }

    fn settle_all(&self, state: &mut State) {
        for (key, slot) in &mut state.slots {
            if let Some(thread) = slot.settle(|| self.stamp(*key)) {
                if let Life::Failed(failure) = &slot.life {
                    tracing::error!(model = %self.catalog.title(*key), why = %failure.why, "A model cannot be used");
                }
                state.departed.push(thread);
            }
        }
    }

    /// All models, the default ones of each purpose first.
    pub(crate) fn health(&self) -> Vec<ModelHealth> {
        let mut state = self.lock();
        self.settle_all(&mut state);
        let is_default =
            |key: &Key| key.adapter.is_none() && [self.default_chat, self.default_embed].contains(&Some(key.model));
        let mut models: Vec<_> = state
            .slots
            .iter()
            .filter_map(|(key, slot)| {
                let name = &self.catalog.model(*key)?.file.name;
                let adapter = self.catalog.adapter(*key).map(|adapter| adapter.name.as_str());
                Some(slot.health(name, adapter, is_default(key)))
            })
            .collect();
        models.sort_by_key(|model| !model.is_default);
        models
    }

    /// True until every default model is loaded or known not to be.
    pub(crate) fn is_starting(&self) -> bool {
        let models = self.health();
        let mut defaults = models.iter().filter(|model| model.is_default);
        defaults.any(|model| model.state == ModelState::Loading)
    }

    /// Waits until no default model is loading; the reason if not a single model can be used.
    pub(crate) async fn started(&self) -> Result<(), RunError> {
        let mut changes = self.changes.subscribe();
        while self.is_starting() {
            changes.borrow_and_update();
            if self.is_starting() && changes.changed().await.is_err() {
                break;
            }
        }
        let models = self.health();
        if models.iter().any(|model| model.state != ModelState::Failed) {
            return Ok(());
        }
        let why = models.into_iter().find_map(|model| model.why).unwrap_or_default();
        Err(RunError::NoModelWorks(why))
    }

    pub(crate) const fn budget_bytes(&self) -> Option<u64> {
        self.means.budget_bytes
    }

    /// Asks every model to end at its next step; returns the threads to wait for.
    pub(crate) fn close(&self) -> Vec<JoinHandle<()>> {
        let mut state = self.lock();
        state.is_closed = true;
        let mut threads = std::mem::take(&mut state.departed);
        threads.extend(state.slots.values_mut().filter_map(Slot::unload));
        threads
    }

    /// A panic in between leaves whole entries only.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a model's file says.
struct Found {
    header: GgufHeader,
    purpose: ModelPurpose,
    need_bytes: u64,
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
        super::owner::join(leaving);
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

fn no_room_for(title: &str, no_room: NoRoom, budget_bytes: Option<u64>) -> Refusal {
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
