//! What Holdpoint can do: one service per capability. Every change of state is one function here, one transaction, one log entry, one event.

pub mod accounts;
pub mod actions;
pub mod agency;
pub mod agents;
pub mod caller;
pub mod canned;
pub mod checks;
pub mod closing;
pub mod conversations;
pub mod converse;
pub mod copilot;
pub mod desk;
mod drafting;
mod duty;
pub mod engage;
pub mod engines;
mod error;
pub mod evidence;
mod fault;
pub mod fitness;
pub mod hand_over;
pub mod history;
pub mod improve;
pub mod insight;
pub mod jobs;
pub mod knowledge;
mod ledger;
pub mod limits;
pub mod live;
pub mod machine;
pub mod mail;
pub mod models;
pub mod notes;
pub mod overview;
pub mod policy;
pub mod reach;
pub mod rehearsal;
pub mod report;
pub mod review;
mod screening;
pub mod status;
pub mod takeover;
pub mod team;
pub mod training;
pub mod undelivered;
pub mod views;
pub mod visit;
pub mod waiting;
pub mod webhooks;

pub use caller::{Caller, Program, Who};
pub use engines::Engines;
pub use error::{AppError, ErrorKind};
use fault::fault;

use crate::domain::time::Timestamp;
use crate::engine::EngineClient;
use crate::engine::EngineStatus;
use crate::outbound::DocumentReader;
use crate::store::{Sources, Store};
use std::sync::{Arc, OnceLock};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The engine as the app uses it.
#[derive(Debug, Clone)]
pub struct Engine {
    /// Asks it.
    pub client: EngineClient,
    /// Names the embedding model; stands on every vector.
    pub embedder: String,
    /// Names the chat model, if there is one.
    pub chat_model: Option<String>,
    /// How it is; none for engines nobody supervises.
    pub status: Option<watch::Receiver<EngineStatus>>,
}

/// The application: a cheap clone.
#[derive(Debug, Clone)]
pub struct App {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    engines: Engines,
    indexes: knowledge::Indexes,
    tuned: knowledge::Tuned,
    fitness: fitness::State,
    examples: screening::Examples,
    importing: knowledge::Turns,
    /// The ranking learns, of one workspace at a time.
    tuning: tokio::sync::Mutex<()>,
    planning: tokio::sync::Mutex<()>,
    watched: evidence::Looked,
    braked: actions::Braked,
    asking: converse::Asking,
    models: Option<models::Catalogue>,
    mail: OnceLock<mail::Post>,
    courier: OnceLock<webhooks::Courier>,
    subscribed: webhooks::Subscribed,
    receivers: webhooks::Receivers,
    documents: OnceLock<DocumentReader>,
    running_models: OnceLock<models::ModelsToRun>,
    phases: broadcast::Sender<live::Drafting>,
    forming: live::FormingTexts,
    present: team::Present,
    on_site: engage::OnSite,
    flooded: engage::Flooded,
    address_key: [u8; 32],
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl App {
    /// The application over an open store, with the engine of this machine alone.
    pub fn new(store: Store, engine: Option<Engine>) -> Self {
        Self::equipped(store, Engines::new(engine, Vec::new()), None)
    }

    /// The application over an open store, with its engines and the folder of models that it looks after.
    pub fn equipped(store: Store, engines: Engines, models: Option<models::ModelSettings>) -> Self {
        let (phases, _) = broadcast::channel(256);
        let mut address_key = [0; 32];
        store.sources().random.fill(&mut address_key);
        let present = team::Present::since(store.sources().clock.uptime_ms());
        let inner = Inner {
            store,
            engines,
            indexes: knowledge::Indexes::default(),
            tuned: knowledge::Tuned::default(),
            fitness: fitness::State::default(),
            examples: screening::Examples::default(),
            importing: knowledge::Turns::default(),
            tuning: tokio::sync::Mutex::default(),
            planning: tokio::sync::Mutex::default(),
            watched: evidence::Looked::default(),
            braked: actions::Braked::default(),
            asking: converse::Asking::default(),
            models: models.map(models::Catalogue::new),
            mail: OnceLock::new(),
            courier: OnceLock::new(),
            subscribed: webhooks::Subscribed::default(),
            receivers: webhooks::Receivers::default(),
            documents: OnceLock::new(),
            running_models: OnceLock::new(),
            phases,
            forming: live::FormingTexts::default(),
            present,
            on_site: engage::OnSite::default(),
            flooded: engage::Flooded::default(),
            address_key,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Says through which server e-mail goes and where links in it lead. Without this nothing is sent, but everything is
    /// kept. Only the first call counts.
    pub fn mails_through(&self, post: mail::Post) {
        if self.inner.mail.set(post).is_err() {
            tracing::warn!("how e-mail is sent was settled before and stays as it was");
        }
    }

    pub(crate) fn post(&self) -> Option<&mail::Post> {
        self.inner.mail.get()
    }

    /// The owner has set a mail server, so that an answer can follow a visitor by e-mail.
    pub(crate) fn can_mail(&self) -> bool {
        self.post().is_some_and(|post| post.mailer.is_some())
    }

    /// Says how webhooks leave this machine. Without this nothing is delivered, but everything is kept. Only the first call counts.
    pub fn delivers_through(&self, courier: webhooks::Courier) {
        if self.inner.courier.set(courier).is_err() {
            tracing::warn!("how webhooks are delivered was settled before and stays as it was");
        }
    }

    /// Says which program reads documents that need a process of their own. Without this it is the one that runs. Only the first
    /// call counts.
    pub fn reads_documents_with(&self, reader: DocumentReader) {
        if self.inner.documents.set(reader).is_err() {
            tracing::warn!("what reads documents was settled before and stays as it was");
        }
    }

    /// Says which model files the engine of this machine was started with: what comes in later waits for the next start. Only the first call counts.
    pub fn runs(&self, models: models::ModelsToRun) {
        if self.inner.running_models.set(models).is_err() {
            tracing::warn!("which models run was settled before and stays as it was");
        }
    }

    pub(crate) fn running_models(&self) -> Option<&models::ModelsToRun> {
        self.inner.running_models.get()
    }

    pub(crate) fn documents(&self) -> &DocumentReader {
        self.inner.documents.get_or_init(DocumentReader::default)
    }

    pub(crate) fn courier(&self) -> Option<&webhooks::Courier> {
        self.inner.courier.get()
    }

    /// Starts the work that is due, now and from now on: open turns, undo windows and deadlines of before a restart too.
    pub fn start_jobs(&self) {
        self.inner.tasks.spawn(jobs::run(self.clone()));
        self.inner.tasks.spawn(team::run(self.clone()));
        self.inner.tasks.spawn(webhooks::listen(self.clone()));
        self.inner.tasks.spawn(insight::listen(self.clone()));
        self.inner.tasks.spawn(screening::keep_ready(self.clone()));
        let stopping = self.inner.stopping.clone();
        let looking = self.inner.engines.clone().keep_looking();
        self.inner
            .tasks
            .spawn(async move { stopping.run_until_cancelled(looking).await });
    }

    /// Stops background work and closes the store. What has not reached its transaction is left for the next start.
    pub async fn stop(&self) {
        self.inner.stopping.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        self.inner.store.close().await;
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn sources(&self) -> &Sources {
        self.inner.store.sources()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.sources().clock.now()
    }

    /// See [`crate::domain::time::Clock::uptime_ms`].
    pub(crate) fn uptime_ms(&self) -> i64 {
        self.sources().clock.uptime_ms()
    }

    /// All engines that may write answers.
    pub fn engines(&self) -> &Engines {
        &self.inner.engines
    }

    pub(crate) fn engine(&self) -> Option<&Engine> {
        self.inner.engines.local()
    }
}
