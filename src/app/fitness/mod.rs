//! The fitness probe: what the machine's models can do, measured on questions with known answers, kept, and read by
//! whoever decides which modes an agent version may use (`holdpoint model check`).
//!
//! Everything is asked at evaluation priority, one question after the other, through the same ranking, choice and prompt
//! as a visitor's question. Results belong to the machine: all workspaces share its models.

mod acting;
mod material;
mod reading;
mod run;
mod writing;

pub(super) use run::is_running;
pub use run::{Progress, Wish, keep_checked, start};

use super::engines::Engines;
use super::{App, AppError};
use crate::domain::answer::AnswerMode;
use crate::domain::fitness::{Ability, Allowance, Finding, Fitness, Language, Measure, PROBE_VERSION, Verdict};
use crate::domain::model_ref::ModelRef;
use crate::domain::retrieval::RetrievalError;
use crate::domain::settings::AgentSettings;
use crate::domain::time::Timestamp;
use crate::engine::{EngineClient, EngineError};
use crate::store::Json;
use crate::store::entity::model_check;
use run::Shown;
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};

/// Between the name of a model and that of its adapter.
const WITH_ADAPTER: &str = " with adapter ";

/// What the app remembers of the probe.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// What the store has, read once and after every run.
    known: Mutex<Option<Arc<Vec<Check>>>>,
    run: Mutex<run::Run>,
}

/// One thing that was found about a pair of models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The embedding model.
    pub embedder: String,
    /// The chat model, `NAME with adapter NAME` where it wrote with one; none for what the embedder alone was asked.
    pub chat_model: Option<String>,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// The version of the questions it was found with.
    pub probe_version: i64,
    /// When.
    pub at: Timestamp,
}

impl Check {
    /// Was it found with the questions of this program?
    pub const fn is_current(&self) -> bool {
        self.probe_version == PROBE_VERSION
    }
}

/// Everything that was found, and what is going on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checks {
    /// The version of the questions of this program.
    pub probe_version: i64,
    /// What was found, by models, language and ability.
    pub items: Vec<Check>,
    /// What is being measured now.
    pub running: Option<Progress>,
    /// Why the last run ended early, if it did.
    pub failed: Option<String>,
}

/// What the probe asks, and of whom.
struct Ask<'a> {
    client: EngineClient,
    /// This machine's and the remote ones, of which one has the chat model.
    engines: Engines,
    chat_model: ModelRef,
    adapter: Option<&'a str>,
    progress: &'a Shown,
}

/// Why the probe could not be carried through.
#[derive(Debug, thiserror::Error)]
enum ProbeError {
    #[error("the AI engine did not answer ({0}); see: holdpoint doctor")]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Vectors(#[from] RetrievalError),
    #[error("the questions that come with Holdpoint cannot be read ({0}); install it again")]
    Material(#[from] serde_json::Error),
    #[error(transparent)]
    App(#[from] AppError),
}

/// Everything that was found, and what is going on.
///
/// # Errors
/// The store's.
pub async fn checks(app: &App) -> Result<Checks, AppError> {
    let (running, failed) = run::seen(app);
    Ok(Checks {
        probe_version: PROBE_VERSION,
        items: known(app).await?.as_ref().clone(),
        running,
        failed,
    })
}

/// Which modes an agent version may use with the models of this machine.
///
/// # Errors
/// The store's.
pub(crate) async fn allowance(app: &App, settings: &AgentSettings) -> Result<Allowance, AppError> {
    Ok(Allowance::of(settings, fitness(app, settings).await?))
}

/// What the models that an agent version drafts with are fit for, in its language.
///
/// # Errors
/// The store's.
pub async fn fitness(app: &App, settings: &AgentSettings) -> Result<Fitness, AppError> {
    let Some(engine) = app.engine() else {
        return Ok(Fitness::UNMEASURED);
    };
    let language = Language::parse(&settings.language);
    let known = known(app).await?;
    let found = |chat_model: Option<&str>, ability| {
        let check = known.iter().find(|check| {
            check.is_current()
                && check.embedder == engine.embedder
                && check.chat_model.as_deref() == chat_model
                && Some(check.finding.language) == language
                && check.finding.ability == ability
        });
        check.map_or(Verdict::Unmeasured, |check| check.finding.verdict)
    };
    let named = settings.chat_models.iter().map(String::as_str);
    let default = engine.chat_model.as_deref().filter(|_| settings.chat_models.is_empty());
    // Any of them may come to write, so all have to be fit. With an adapter a model is another one.
    let writers: Vec<String> = named
        .chain(default)
        .map(|model| writer(model, settings.adapter.as_deref()))
        .collect();
    let written = |ability| Verdict::weakest(writers.iter().map(|model| found(Some(model), ability)));
    let measured = Fitness {
        quote: found(None, Ability::Quote),
        compose: written(Ability::Compose),
        doubt: written(Ability::Doubt),
        act: written(Ability::Act),
    };
    Ok(measured.presumed(&engine.embedder, language))
}

/// May the models of an agent version propose actions: were all of them found able to, or does its owner let unfit ones try?
///
/// # Errors
/// The store's.
pub(crate) async fn may_propose(app: &App, settings: &AgentSettings) -> Result<bool, AppError> {
    let has_model = app.engine().is_some() || !settings.chat_models.is_empty();
    Ok(has_model && (settings.allow_unfit || fitness(app, settings).await?.act == Verdict::Fit))
}

/// How a chat model is named that writes with an adapter, or without one. No name of a model or an adapter has a space.
pub(in crate::app) fn writer(model: &str, adapter: Option<&str>) -> String {
    adapter.map_or_else(|| model.to_owned(), |adapter| format!("{model}{WITH_ADAPTER}{adapter}"))
}

/// The model of `writer`, and its adapter.
pub fn parts_of_writer(writer: &str) -> (&str, Option<&str>) {
    writer
        .split_once(WITH_ADAPTER)
        .map_or((writer, None), |(model, adapter)| (model, Some(adapter)))
}

/// What is to be measured before an agent may write with these models: the first of them that nobody has measured in its language, if it is to write
/// only what a fit model writes.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn unmeasured(app: &App, settings: &AgentSettings) -> Result<Option<Wish>, AppError> {
    let (Some(engine), Some(language)) = (app.engine(), Language::parse(&settings.language)) else {
        return Ok(None);
    };
    if settings.allow_unfit || !settings.modes.contains(&AnswerMode::Compose) {
        return Ok(None);
    }
    let known = known(app).await?;
    let is_known = |model: &str| {
        let name = writer(model, settings.adapter.as_deref());
        known.iter().any(|check| {
            check.is_current()
                && check.embedder == engine.embedder
                && check.chat_model.as_ref() == Some(&name)
                && check.finding.language == language
        })
    };
    let mut named = settings.chat_models.clone();
    if named.is_empty() {
        named.extend(engine.chat_model.clone());
    }
    Ok(named.into_iter().find(|model| !is_known(model)).map(|model| Wish {
        // The default model needs no name, and may be one of a file that only a setting names.
        chat_model: Some(model).filter(|model| engine.chat_model.as_ref() != Some(model)),
        adapter: settings.adapter.clone(),
        languages: vec![language],
        ..Wish::default()
    }))
}

/// Begins to measure what nobody has measured yet of those who would write. While something else is measured, whoever publishes is told.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn measure_writers(app: &App, settings: &AgentSettings) -> Result<(), AppError> {
    if let Some(wish) = unmeasured(app, settings).await?
        && let Err(error) = start(app, &wish)
    {
        tracing::info!(%error, "a chat model is not checked now");
    }
    Ok(())
}

/// Refuses to let those write whom nobody has measured, and begins to measure them.
///
/// # Errors
/// [`AppError::Conflict`], or the store's.
pub(in crate::app) async fn require_measured(app: &App, settings: &AgentSettings) -> Result<(), AppError> {
    let Some(wish) = unmeasured(app, settings).await? else {
        return Ok(());
    };
    let default = || app.engine().and_then(|engine| engine.chat_model.clone());
    let model = wish.chat_model.clone().or_else(default).unwrap_or_default();
    let name = writer(&model, wish.adapter.as_deref());
    let next = match start(app, &wish) {
        Ok(_begun) => "it is being measured now, which takes minutes".to_owned(),
        Err(_) if is_running(app) => "the models are being measured now, which takes minutes".to_owned(),
        Err(error) => format!("it could not be measured ({error})"),
    };
    Err(AppError::Conflict {
        sentence: format!(
            "nobody has measured yet what {name} is fit for; {next}; what it would change is tried anew then, and publish it afterwards"
        ),
        extra: serde_json::json!({ "unmeasured": name }),
    })
}

/// Keeps what was found about a pair of models.
///
/// # Errors
/// The store's.
pub async fn keep(app: &App, embedder: &str, chat_model: Option<&str>, findings: &[Finding]) -> Result<(), AppError> {
    let rows = findings.iter().map(|finding| model_check::Model {
        embedder: embedder.to_owned(),
        chat_model: chat_model.unwrap_or_default().to_owned(),
        language: finding.language.code().to_owned(),
        ability: finding.ability.code().to_owned(),
        verdict: finding.verdict,
        figures: Json(finding.measures.clone()),
        why: finding.why.clone(),
        probe_version: PROBE_VERSION,
        at: app.now(),
    });
    app.store().put_model_checks(rows.collect()).await?;
    read_again(app);
    Ok(())
}

/// What the store has of it has changed.
pub(super) fn read_again(app: &App) {
    *app.inner.fitness.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

async fn known(app: &App) -> Result<Arc<Vec<Check>>, AppError> {
    let slot = &app.inner.fitness.known;
    if let Some(known) = slot.lock().unwrap_or_else(PoisonError::into_inner).clone() {
        return Ok(known);
    }
    let rows = app.store().model_checks().await?;
    let mut read: Vec<Check> = rows.into_iter().filter_map(check).collect();
    // By models, then in the order in which languages and abilities are named.
    read.sort_by(|a, b| {
        let place = |check: &Check| (check.finding.language, check.finding.ability);
        let models = (&a.embedder, &a.chat_model).cmp(&(&b.embedder, &b.chat_model));
        models.then(place(a).cmp(&place(b)))
    });
    let read = Arc::new(read);
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(read.clone());
    Ok(read)
}

/// A row as it is read; none for an ability or language that this version no longer knows.
fn check(row: model_check::Model) -> Option<Check> {
    let ability = Ability::ALL.into_iter().find(|ability| ability.code() == row.ability)?;
    let finding = Finding {
        ability,
        language: Language::parse(&row.language)?,
        verdict: row.verdict,
        measures: row.figures.0,
        why: row.why,
    };
    Some(Check {
        embedder: row.embedder,
        chat_model: Some(row.chat_model).filter(|name| !name.is_empty()),
        finding,
        probe_version: row.probe_version,
        at: row.at,
    })
}

/// A figure in words: `92 % (at least 84 %, bar 70 %)`.
pub fn in_words(measure: &Measure) -> String {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let (share, lower, bar) = (percent(measure.share), percent(measure.lower), percent(measure.bar));
    format!("{share} {} (at least {lower}, bar {bar})", measure.gauge.in_words())
}
