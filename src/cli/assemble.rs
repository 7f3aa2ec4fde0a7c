//! Puts the program together: data directory, database, engine, app, router.

use super::context::Context;
use super::exit::Failure;
use super::output;
use crate::app::{self, App};
use crate::config::{self, Model, Settings};
use crate::data_dir::{DataDir, Lock};
use crate::engine::{EngineState, Supervisor, SupervisorSettings};
use crate::store::{Location, Store};
use crate::system;
use crate::web::{self, Web, WebSettings};
use axum::Router;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longest wait for models to load where a command cannot do without.
const ENGINE_WITHIN: Duration = Duration::from_mins(5);

/// What a command needs to run in-process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// The database.
    Database,
    /// The models too, loaded.
    Models,
    /// The models and nothing that was ever set up: the data directory is made if need be.
    ModelsAlone,
}

/// The program, put together but not serving.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub(crate) app: App,
    pub(crate) supervisor: Option<Supervisor>,
    _lock: Lock,
}

impl Assembled {
    /// For a command that runs without a server.
    pub(crate) async fn open(context: &Context, lock: Lock, needs: Needs) -> Result<Self, Failure> {
        let supervisor = match needs {
            Needs::Database => None,
            Needs::Models | Needs::ModelsAlone => Some(loaded_models(context).await),
        };
        Self::with(context, lock, supervisor).await
    }

    /// For a server: the models load while it already listens.
    pub(crate) async fn start(context: &Context, lock: Lock) -> Result<Self, Failure> {
        warn_of_missing_models(context.settings());
        let supervisor = Supervisor::start(supervisor_settings(context.settings(), &context.data_dir()));
        Self::with(context, lock, Some(supervisor)).await
    }

    async fn with(context: &Context, lock: Lock, supervisor: Option<Supervisor>) -> Result<Self, Failure> {
        let settings = context.settings();
        let store = Store::open(&location(settings), system::sources()).await?;
        let engine = supervisor.as_ref().and_then(|supervisor| engine(context, supervisor));
        Ok(Self {
            app: App::new(store, engine),
            supervisor,
            _lock: lock,
        })
    }

    /// The router over it.
    pub(crate) fn router(
        &self,
        context: &Context,
        web: WebSettings,
        stop_streams: &CancellationToken,
    ) -> Result<Router, Failure> {
        let public_origin = match &context.settings().public_origin {
            Some(origin) => Some(
                origin
                    .parse()
                    .map_err(|error| Failure::usage(format!("`public_origin`: {error}")))?,
            ),
            None => None,
        };
        let web = WebSettings { public_origin, ..web };
        Ok(web::router(
            Web::new(self.app.clone(), web, stop_streams.clone()),
            web::console::pages(),
        ))
    }

    /// Lets background work and the engine end, then gives the data directory back.
    pub(crate) async fn close(self) {
        self.app.stop().await;
        if let Some(supervisor) = self.supervisor {
            supervisor.stop().await;
        }
    }
}

/// Where the database is, as the store understands it.
pub(crate) fn location(settings: &Settings) -> Location {
    match &settings.database {
        config::Database::File(path) => Location::Sqlite(path.clone()),
        config::Database::Postgres(url) => Location::Postgres(url.clone()),
    }
}

/// The models to run: those the owner named, and the default ones that are there.
pub(crate) fn supervisor_settings(settings: &Settings, data_dir: &DataDir) -> SupervisorSettings {
    let wanted = |model: &Option<Model>| {
        model
            .as_ref()
            .filter(|model| model.chosen || model.path.exists())
            .map(|model| model.path.clone())
    };
    SupervisorSettings {
        chat_model: wanted(&settings.chat_model),
        embed_model: wanted(&settings.embed_model),
        threads: settings.engine_threads,
        context_tokens: settings.engine_context,
        memory_budget_bytes: settings.engine_memory_bytes,
        ..SupervisorSettings::new(data_dir.engine_socket())
    }
}

/// A server without the default models does what it can, and says what it cannot.
fn warn_of_missing_models(settings: &Settings) {
    let without = [
        (&settings.embed_model, "knowledge is found by words alone"),
        (&settings.chat_model, "answers are quoted, never written"),
    ];
    for (model, consequence) in without {
        if let Some(model) = model.as_ref().filter(|model| !model.chosen && !model.path.exists()) {
            tracing::warn!(model.path = %model.path.display(), "A default model is missing, so {consequence}; see `holdpoint doctor`");
        }
    }
}

async fn loaded_models(context: &Context) -> Supervisor {
    warn_of_missing_models(context.settings());
    let supervisor = Supervisor::start(supervisor_settings(context.settings(), &context.data_dir()));
    let bar = output::waiting("Loading the models");
    let status = supervisor.settled(ENGINE_WITHIN).await;
    bar.finish_and_clear();
    if let EngineState::Failed { why } = &status.state {
        tracing::warn!("{why} Going on without models.");
    }
    supervisor
}

/// The engine as the app asks it; none without an embedding model, which everything else of it builds on.
fn engine(context: &Context, supervisor: &Supervisor) -> Option<app::Engine> {
    let models = supervisor_settings(context.settings(), &context.data_dir());
    Some(app::Engine {
        client: supervisor.client(),
        embedder: model_name(models.embed_model.as_deref()?)?,
        chat_model: models.chat_model.as_deref().and_then(model_name),
        status: Some(supervisor.watch()),
    })
}

/// A model's name: its file's name without the ending, as the engine names it too.
fn model_name(path: &Path) -> Option<String> {
    Some(path.file_stem()?.to_string_lossy().into_owned())
}
