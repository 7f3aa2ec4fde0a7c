//! Puts the program together: data directory, database, engine, app, router.

use super::context::Context;
use super::exit::Failure;
use super::mailer;
use super::output;
use super::remote;
use crate::app::models::{self, Configured, ModelSettings, ModelsToRun, Running};
use crate::app::webhooks::Courier;
use crate::app::{self, App, Engines};
use crate::config::{self, Model, Settings};
use crate::data_dir::Lock;
use crate::engine::{DEFAULT_CONTEXT_TOKENS, EngineState, Supervisor, SupervisorSettings};
use crate::outbound::{Limits, Outbound, Proxies};
use crate::store::{Location, Store};
use crate::system;
use crate::web::{self, Web, WebSettings};
use axum::Router;
use std::num::NonZero;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longest wait for models to load where a command cannot do without.
const ENGINE_WITHIN: Duration = Duration::from_mins(5);

/// How long the receiver of a webhook may take: it is to answer first and work then.
const WEBHOOK_LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    answer: Duration::from_secs(15),
    quiet: Duration::from_secs(15),
};

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
        let (store, models) = open_store(context).await?;
        let supervisor = match needs {
            Needs::Database => None,
            Needs::Models | Needs::ModelsAlone => Some(loaded_models(context, &models).await),
        };
        Self::with(context, lock, store, &models, supervisor)
    }

    /// For a server: the models load while it already listens.
    pub(crate) async fn start(context: &Context, lock: Lock) -> Result<Self, Failure> {
        let (store, models) = open_store(context).await?;
        warn_of_missing_models(context.settings(), &models);
        let supervisor = Supervisor::start(supervisor_settings(context, &models));
        Self::with(context, lock, store, &models, Some(supervisor))
    }

    fn with(
        context: &Context,
        lock: Lock,
        store: Store,
        models: &ModelsToRun,
        supervisor: Option<Supervisor>,
    ) -> Result<Self, Failure> {
        let local = supervisor.as_ref().and_then(|supervisor| engine(models, supervisor));
        let remote = remote::engines(&context.settings().remote_engines, &context.data_dir())?;
        let app = App::equipped(store, Engines::new(local, remote), Some(model_settings(context)));
        if supervisor.is_some() {
            app.runs(models.clone());
        }
        app.mails_through(mailer::of(context)?);
        app.delivers_through(Courier {
            outbound: Outbound::new(Proxies::from_environment(), WEBHOOK_LIMITS),
            internal: context.settings().webhook_hosts.clone(),
        });
        Ok(Self {
            app,
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
        let web = WebSettings {
            public_origin,
            trusted_proxies: context.settings().trusted_proxies.clone(),
            ..web
        };
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

/// The database, and the models that it and the configuration say are to be run.
async fn open_store(context: &Context) -> Result<(Store, ModelsToRun), Failure> {
    let store = Store::open(&location(context.settings()), system::sources()).await?;
    let models = models::to_run(&store, &model_settings(context)).await;
    Ok((store, models.map_err(|error| Failure::failed(error.to_string()))?))
}

/// What the configuration says about models, in the app's words.
fn model_settings(context: &Context) -> ModelSettings {
    let settings = context.settings();
    let configured = |key, model: &Option<Model>| Configured {
        file: model.as_ref().map(|model| model.path.clone()),
        named_by: context.resolved.set_by(key).map(|origin| format!("`{key}` ({origin})")),
    };
    ModelSettings {
        folder: settings.models_dir.clone(),
        chat: configured("chat_model", &settings.chat_model),
        embed: configured("embed_model", &settings.embed_model),
        context_tokens: settings.engine_context.map_or(DEFAULT_CONTEXT_TOKENS, NonZero::get),
        disk_reserve_bytes: models::DISK_RESERVE_BYTES,
        outbound: Outbound::new(Proxies::from_environment(), Limits::default()),
        first_retry_wait: Duration::from_secs(1),
    }
}

fn supervisor_settings(context: &Context, models: &ModelsToRun) -> SupervisorSettings {
    let settings = context.settings();
    let file = |running: &Option<Running>| running.as_ref().map(|running| running.file.clone());
    SupervisorSettings {
        chat_model: file(&models.chat),
        embed_model: file(&models.embed),
        models: models.others.clone(),
        adapters: models.adapters.clone(),
        threads: settings.engine_threads,
        context_tokens: settings.engine_context,
        slots: settings.engine_slots,
        cache_tokens: settings.engine_cache.map(NonZero::get),
        memory_budget_bytes: settings.engine_memory_bytes,
        ..SupervisorSettings::new(context.data_dir().engine_socket())
    }
}

/// A server without the default models does what it can, and says what it cannot.
fn warn_of_missing_models(settings: &Settings, models: &ModelsToRun) {
    let without = [
        (
            &settings.embed_model,
            &models.embed,
            "knowledge is found by words alone",
        ),
        (&settings.chat_model, &models.chat, "answers are quoted, never written"),
    ];
    for (model, running, consequence) in without {
        if let (Some(model), None) = (model, running) {
            tracing::warn!(model.path = %model.path.display(), "A default model is missing, so {consequence}; see `holdpoint doctor`");
        }
    }
}

async fn loaded_models(context: &Context, models: &ModelsToRun) -> Supervisor {
    warn_of_missing_models(context.settings(), models);
    let supervisor = Supervisor::start(supervisor_settings(context, models));
    let bar = output::waiting("Loading the models");
    let status = supervisor.settled(ENGINE_WITHIN).await;
    bar.finish_and_clear();
    if let EngineState::Failed { why } = &status.state {
        tracing::warn!("{why} Going on without models.");
    }
    supervisor
}

/// The engine as the app asks it; none without an embedding model, which everything else of it builds on.
fn engine(models: &ModelsToRun, supervisor: &Supervisor) -> Option<app::Engine> {
    Some(app::Engine {
        client: supervisor.client(),
        embedder: model_name(&models.embed.as_ref()?.file)?,
        chat_model: models.chat.as_ref().and_then(|running| model_name(&running.file)),
        status: Some(supervisor.watch()),
    })
}

/// A model's name: its file's name without the ending, as the engine names it too.
fn model_name(path: &Path) -> Option<String> {
    Some(path.file_stem()?.to_string_lossy().into_owned())
}
