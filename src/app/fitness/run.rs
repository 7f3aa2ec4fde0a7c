//! One run of the probe at a time, in the background.

use super::material::Material;
use super::{Ask, ProbeError, keep, known, reading, writer, writing};
use crate::app::{App, AppError, Engine, improve};
use crate::domain::fitness::Language;
use crate::domain::model_ref::{InvalidModelRef, ModelRef};
use crate::engine::{EngineState, Priority};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What somebody wants measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    /// The chat model, `NAME` or `NAME@ENGINE`; this machine's default one unless named.
    pub chat_model: Option<String>,
    /// The adapter that the chat model writes with.
    pub adapter: Option<String>,
    /// The embedding model; the engine's default one unless named.
    pub embedder: Option<String>,
    /// In which languages; empty for all.
    pub languages: Vec<Language>,
    /// Leave the chat model out: seconds instead of minutes.
    pub embedder_only: bool,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// The embedding model.
    pub embedder: String,
    /// The chat model, if it is asked.
    pub chat_model: Option<String>,
    /// What is being measured.
    pub doing: String,
    /// Questions asked.
    pub done: usize,
    /// Questions altogether.
    pub total: usize,
}

/// The run that goes on, and how the last one ended.
#[derive(Debug, Default)]
pub(super) struct Run {
    progress: Option<Arc<Shown>>,
    failed: Option<String>,
}

/// Progress as others see it while it changes.
#[derive(Debug)]
pub(super) struct Shown(Mutex<Progress>);

impl Shown {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many questions more.
    pub(super) fn advance(&self, questions: usize) {
        self.lock().done += questions;
    }

    fn doing(&self, words: String) {
        self.lock().doing = words;
    }
}

fn state(app: &App) -> MutexGuard<'_, Run> {
    app.inner.fitness.run.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What goes on, and why the last run failed.
pub(super) fn seen(app: &App) -> (Option<Progress>, Option<String>) {
    let run = state(app);
    let progress = run.progress.as_ref().map(|shown| shown.lock().clone());
    (progress, run.failed.clone())
}

/// Starts measuring in the background.
///
/// # Errors
/// [`AppError::Engine`] without an embedding model, [`AppError::Invalid`] for a model that cannot be measured,
/// [`AppError::Conflict`] while another run goes on.
pub fn start(app: &App, wish: &Wish) -> Result<Progress, AppError> {
    let engine = app
        .engine()
        .cloned()
        .ok_or_else(|| AppError::Engine("no embedding model is configured".to_owned()))?;
    if let Some(other) = wish.embedder.as_ref().filter(|name| **name != engine.embedder) {
        return Err(AppError::Invalid(format!(
            "the embedding model in use is {}, so {other} cannot be measured; set `embed_model` to it first",
            engine.embedder
        )));
    }
    let plan = Plan::of(wish, &engine)?;
    let shown = {
        let mut run = state(app);
        if run.progress.is_some() {
            return Err(AppError::Conflict {
                sentence: "the models are being checked already; look again when that is done".to_owned(),
                extra: json!({}),
            });
        }
        let shown = Arc::new(Shown(Mutex::new(plan.beginning(&engine))));
        *run = Run {
            progress: Some(shown.clone()),
            failed: None,
        };
        shown
    };
    let begun = shown.lock().clone();
    let app_of_run = app.clone();
    app.inner.tasks.spawn(async move {
        let app = app_of_run;
        let work = measure(&app, &engine, &plan, &shown);
        let ended = tokio::select! {
            ended = work => ended,
            // What is measured so far is kept; the rest waits for the next start.
            () = app.inner.stopping.cancelled() => Ok(()),
        };
        let failed = ended.err().map(|error| {
            tracing::warn!(%error, "the models could not be checked");
            error.to_string()
        });
        *state(&app) = Run { progress: None, failed };
    });
    Ok(begun)
}

/// Whether a run is on its way.
pub(in crate::app) fn is_running(app: &App) -> bool {
    state(app).progress.is_some()
}

/// What a run asks.
#[derive(Debug)]
struct Plan {
    chat_model: Option<String>,
    /// The same as engines are asked: this machine's default model needs no name.
    asked: ModelRef,
    adapter: Option<String>,
    material: Vec<(Language, Material)>,
}

impl Plan {
    fn of(wish: &Wish, engine: &Engine) -> Result<Self, AppError> {
        let chat_model = wish.chat_model.clone().or_else(|| engine.chat_model.clone());
        let asked = match &wish.chat_model {
            Some(name) => name
                .parse()
                .map_err(|error: InvalidModelRef| AppError::Invalid(error.to_string()))?,
            None => ModelRef::DEFAULT,
        };
        let languages = Language::ALL
            .into_iter()
            .filter(|language| wish.languages.is_empty() || wish.languages.contains(language));
        let material = languages.map(|language| Ok((language, Material::of(language)?)));
        let adapter = wish.adapter.clone();
        Ok(Self {
            asked,
            chat_model: chat_model
                .filter(|_| !wish.embedder_only)
                .map(|model| writer(&model, adapter.as_deref())),
            adapter,
            material: material
                .collect::<Result<_, serde_json::Error>>()
                .map_err(|error| AppError::Internal(ProbeError::from(error).to_string()))?,
        })
    }

    fn beginning(&self, engine: &Engine) -> Progress {
        let questions = |material: &Material| {
            let chats = if self.chat_model.is_some() { material.chats() } else { 0 };
            material.questions() + chats
        };
        Progress {
            embedder: engine.embedder.clone(),
            chat_model: self.chat_model.clone(),
            doing: "getting ready".to_owned(),
            done: 0,
            total: self.material.iter().map(|(_, material)| questions(material)).sum(),
        }
    }
}

/// Measures the embedder in every language first: that takes seconds.
async fn measure(app: &App, engine: &Engine, plan: &Plan, shown: &Shown) -> Result<(), ProbeError> {
    let ask = Ask {
        client: engine.client.at_priority(Priority::Evaluation),
        engines: app.engines().at_priority(Priority::Evaluation),
        chat_model: plan.asked.clone(),
        adapter: plan.adapter.as_deref(),
        progress: shown,
    };
    let mut read = Vec::with_capacity(plan.material.len());
    for (language, material) in &plan.material {
        shown.doing(format!("finding and quoting in {}", language.name()));
        let shelves = reading::shelves(&ask, material).await?;
        let findings = reading::read(&ask, *language, material, &shelves).await?;
        keep(app, &engine.embedder, None, &findings).await?;
        read.push((*language, material, shelves, findings));
    }
    if let Some(chat_model) = plan.chat_model.as_deref() {
        for (language, material, shelves, reads) in &read {
            shown.doing(format!("writing in {}", language.name()));
            let findings = writing::write(&ask, *language, material, shelves, reads).await?;
            keep(app, &engine.embedder, Some(chat_model), &findings).await?;
        }
    }
    // What waits to have it write was tried without it.
    Ok(improve::measured(app).await?)
}

/// Measures the embedder once the engine is ready, unless that was done with the same questions before. The chat model is
/// left to whoever asks for it: it takes minutes, and until then it counts as unfit.
pub fn keep_checked(app: &App) {
    let app_of_task = app.clone();
    app.inner.tasks.spawn(async move {
        let app = app_of_task;
        tokio::select! {
            () = check_once_ready(&app) => {}
            () = app.inner.stopping.cancelled() => {}
        }
    });
}

async fn check_once_ready(app: &App) {
    let Some(engine) = app.engine() else { return };
    if let Some(status) = &engine.status {
        let ready = status
            .clone()
            .wait_for(|status| status.state == EngineState::Ready)
            .await
            .is_ok();
        if !ready {
            return;
        }
    }
    let known = match known(app).await {
        Ok(known) => known,
        Err(error) => {
            tracing::warn!(%error, "what was found about the models cannot be read");
            return;
        }
    };
    let measured = |language: &Language| {
        known.iter().any(|check| {
            check.is_current()
                && check.chat_model.is_none()
                && check.embedder == engine.embedder
                && check.finding.language == *language
        })
    };
    let languages: Vec<Language> = Language::ALL
        .into_iter()
        .filter(|language| !measured(language))
        .collect();
    if languages.is_empty() {
        return;
    }
    let wish = Wish {
        languages,
        embedder_only: true,
        ..Wish::default()
    };
    if let Err(error) = start(app, &wish) {
        tracing::info!(%error, "the embedding model is not checked now");
    }
}
