//! The fitness probe: what the machine's models can do, measured on questions with known answers, kept, and read by
//! whoever decides which modes an agent version may use (`holdpoint model check`).
//!
//! Everything is asked at evaluation priority, one question after the other, through the same ranking, choice and prompt
//! as a visitor's question. Results belong to the machine: all workspaces share its models.

mod material;
mod reading;
mod run;
mod writing;

pub(super) use run::is_running;
pub use run::{Progress, Wish, keep_checked, start};

use super::engines::Engines;
use super::{App, AppError};
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
    /// The chat model; none for what the embedder alone was asked.
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
    // Any of them may come to write, so all have to be fit. With an adapter a model is another one, which nobody measures.
    let writers: Vec<&str> = named.chain(default).collect();
    let written = |ability| match settings.adapter {
        Some(_) => Verdict::Unmeasured,
        None => Verdict::weakest(writers.iter().map(|model| found(Some(model), ability))),
    };
    let measured = Fitness {
        quote: found(None, Ability::Quote),
        compose: written(Ability::Compose),
        doubt: written(Ability::Doubt),
    };
    Ok(measured.presumed(&engine.embedder, language))
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
