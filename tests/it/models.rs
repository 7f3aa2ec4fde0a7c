//! The machine's models: files taken in, files fetched from a server that behaves badly, choosing and removing.

mod catalogue;
pub(crate) mod gguf;
mod pull;
mod routes;
pub(crate) mod server;

use holdpoint::app::models::{
    self, AddWish, ArrivalState, ArrivalView, Configured, ModelSettings, ModelView, PullWish,
};
use holdpoint::app::{App, Engines};
use holdpoint::domain::log::Actor;
use holdpoint::domain::model::ModelName;
use holdpoint::outbound::{Allowed, Limits, Outbound, Proxies};
use holdpoint::store::{Location, Store};
use holdpoint::system::sources;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

use super::app::{AMPLE, eventually};

/// What nobody waits for in a test: short, and no proxy of this machine.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    answer: Duration::from_secs(10),
    quiet: Duration::from_millis(300),
};

/// Models in this folder; no configuration names any.
pub(crate) fn settings(folder: PathBuf) -> ModelSettings {
    ModelSettings {
        folder,
        chat: Configured::default(),
        embed: Configured::default(),
        context_tokens: 512,
        disk_reserve_bytes: 0,
        outbound: Outbound::new(Proxies::none(), LIMITS),
        first_retry_wait: Duration::from_millis(1),
    }
}

/// An app with a models folder.
struct Bench {
    dir: TempDir,
    settings: ModelSettings,
    app: App,
}

impl Bench {
    async fn start() -> Self {
        Self::with(|_settings| {}).await
    }

    async fn with(change: impl FnOnce(&mut ModelSettings)) -> Self {
        let dir = TempDir::new().unwrap();
        let mut settings = settings(dir.path().join("models"));
        change(&mut settings);
        let app = open(&dir, &settings).await;
        Self { dir, settings, app }
    }

    /// Stops and starts again.
    async fn restart(&mut self) {
        self.app.stop().await;
        self.app = open(&self.dir, &self.settings).await;
    }

    fn folder(&self) -> PathBuf {
        self.settings.folder.clone()
    }

    /// A file of the owner's, outside of the models folder.
    fn owners_file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    async fn add(&self, file: PathBuf) -> ArrivalView {
        let wish = AddWish {
            file,
            name: None,
            is_for: None,
        };
        let begun = models::add(&self.app, Actor::Admin, wish).await.unwrap();
        self.ended(&begun).await
    }

    async fn pull(&self, wish: PullWish) -> ArrivalView {
        let begun = models::pull(&self.app, Actor::Admin, wish).await.unwrap();
        self.ended(&begun).await
    }

    async fn ended(&self, begun: &ArrivalView) -> ArrivalView {
        eventually("the end of an arrival", async || {
            let now = models::arrival(&self.app, begun.id).unwrap();
            now.state.is_over().then_some(now)
        })
        .await
    }

    async fn model(&self, name: &str) -> Option<ModelView> {
        let view = models::list(&self.app).await.unwrap();
        view.items.into_iter().find(|model| model.name == name)
    }

    /// Names of the files in the models folder.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).into_iter().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

async fn open(dir: &TempDir, settings: &ModelSettings) -> App {
    let location = Location::Sqlite(dir.path().join("holdpoint.db"));
    let store = Store::open(&location, sources()).await.unwrap();
    App::equipped(store, Engines::new(None, Vec::new()), Some(settings.clone()))
}

/// A wish for an address on this machine.
fn wish(url: &str) -> PullWish {
    PullWish {
        url: url.to_owned(),
        name: None,
        sha256: None,
        allowed: Allowed {
            http: true,
            internal: true,
        },
        token: None,
    }
}

fn name(name: &str) -> ModelName {
    name.parse().unwrap()
}

/// Why an arrival failed.
#[track_caller]
fn problem(arrival: &ArrivalView) -> &str {
    assert_eq!(arrival.state, ArrivalState::Failed, "{arrival:?}");
    arrival.problem.as_deref().unwrap()
}

#[track_caller]
fn done(arrival: &ArrivalView) {
    assert_eq!(arrival.state, ArrivalState::Done, "{arrival:?}");
}
