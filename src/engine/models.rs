//! The models of an engine: which there are, which are in memory, and which give way to another.
//!
//! A model with a LoRA adapter is a model of its own here, because the library applies an adapter to a whole
//! context and has to know it before the first context is made. Every model has its own owner thread. One that
//! cannot be used fails alone: the others go on.

mod catalog;
mod eviction;
mod means;
pub(crate) mod note;
mod slot;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Instant,
};

use self::{
    catalog::{Catalog, Key},
    eviction::{Resident, Room, give_way},
    means::{Means, no_room_for},
    note::MOST_DEATHS,
    slot::{AnyOwner, Failure, Life, Slot, Stamp},
};
use super::{
    backend::{ChatJob, EmbedJob, Refusal, Terms},
    error::RunError,
    memory,
    owner::Ticket,
    runner::EngineArgs,
    wire::{ErrorCode, ModelHealth, ModelPurpose, ModelState},
};

/// The registry.
pub(crate) struct Models {
    catalog: Catalog,
    /// Asked where a request names none.
    default_chat: Option<usize>,
    default_embed: Option<usize>,
    means: Means,
    state: Mutex<State>,
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
        let mut models = Self {
            default_chat: None,
            default_embed: None,
            means: Means::new(args, threads)?,
            state: Mutex::default(),
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
        let deaths = self.means.deaths(&self.catalog.title(key));
        let failed = |why: String, is_deadly| {
            Life::Failed(Failure {
                why,
                files: self.stamp(key),
                since: Instant::now(),
                is_deadly,
            })
        };
        match self.means.examine(&self.catalog.files(key), slot.purpose) {
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
        let found = match self.means.examine(&self.catalog.files(key), Some(purpose)) {
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
        let started = self.means.start(&self.catalog.files(key), &found, leaving);
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
            budget_bytes: self.means.budget_bytes(),
            available_bytes: memory::available_bytes().map(|available| available.saturating_sub(promised)),
        };
        let leaving = give_way(&residents, need_bytes, room)
            .map_err(|no_room| no_room_for(&self.catalog.title(key), no_room, self.means.budget_bytes()))?;
        let mut threads = std::mem::take(&mut state.departed);
        for gone in leaving {
            tracing::info!(model = %self.catalog.title(gone), for_model = %self.catalog.title(key), "A model is unloaded to make room");
            threads.extend(state.slots.get_mut(&gone).and_then(Slot::unload));
        }
        Ok(threads)
    }

    fn stamp(&self, key: Key) -> Stamp {
        let files = self.catalog.files(key);
        Stamp::of([files.model].into_iter().chain(files.adapter))
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

    /// How they are together: `loading` until every default model is loaded or known not to be, then `ok`, or `failed`
    /// if not a single one can be used.
    pub(crate) fn status(models: &[ModelHealth]) -> &'static str {
        let is_loading = |model: &ModelHealth| model.is_default && model.state == ModelState::Loading;
        if models.iter().any(is_loading) {
            "loading"
        } else if models.iter().all(|model| model.state == ModelState::Failed) {
            "failed"
        } else {
            "ok"
        }
    }

    /// Waits until no default model is loading; the reason if not a single model can be used.
    pub(crate) async fn started(&self) -> Result<(), RunError> {
        let mut changes = self.means.changes();
        loop {
            changes.borrow_and_update();
            let models = self.health();
            match Self::status(&models) {
                "ok" => return Ok(()),
                "failed" => {
                    let why = models.into_iter().find_map(|model| model.why).unwrap_or_default();
                    return Err(RunError::NoModelWorks(why));
                }
                _ => {}
            }
            if changes.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    pub(crate) const fn budget_bytes(&self) -> Option<u64> {
        self.means.budget_bytes()
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
