//! Settings: the models of this machine, live.

use super::html;
use super::view::{
    AgentUse, Figure, FitnessRow, FitnessTable, ModelCard, ModelFile, ModelsPage, ModelsPart, Section, Words,
};
use super::viewer::Viewer;
use crate::app::agents;
use crate::app::evidence::counted;
use crate::app::fitness::{self, Check, Checks};
use crate::app::machine::{self, Machine};
use crate::app::models::{self, FileState};
use crate::domain::account::Scope;
use crate::domain::model::Purpose;
use crate::engine::{Counters, Health, ModelHealth, ModelPurpose, ModelState};
use crate::web::error::Problem;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;

/// `GET /settings/models`
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    let part = read(&web, &viewer).await?;
    let has_chat = web.app.engine().is_some_and(|engine| engine.chat_model.is_some());
    html(&ModelsPage {
        shell: viewer.shell(Section::Settings),
        part,
        has_chat,
    })
}

/// `GET /parts/settings/models`
pub(super) async fn part(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    html(&read(&web, &viewer).await?)
}

async fn read(web: &Web, viewer: &Viewer) -> Result<ModelsPart, Problem> {
    viewer.caller.require(Scope::Admin)?;
    let machine = machine::machine(&web.app).await;
    let checks = fitness::checks(&web.app).await?;
    let agents = agents::agents(&web.app, &viewer.caller).await?;
    Ok(ModelsPart {
        engine: super::sentence(&machine.engine.in_words),
        figures: engine_figures(&machine),
        models: machine
            .health
            .iter()
            .flat_map(|health| &health.models)
            .map(card)
            .collect(),
        remote: remote(web).await,
        files: files(web).await,
        running: checks.running.as_ref().map(|progress| {
            format!(
                "Measuring now: {}, {} of {} questions.",
                progress.doing, progress.done, progress.total
            )
        }),
        failed: checks.failed.as_deref().map(super::sentence),
        fitness: tables(&checks, viewer),
        agents: agents
            .into_iter()
            .map(|agent| AgentUse {
                name: agent.settings.name,
                language: agent.settings.language,
                modes: agent
                    .modes
                    .iter()
                    .map(|usage| (usage.mode.words(), usage.in_words))
                    .collect(),
            })
            .collect(),
    })
}

/// Engines elsewhere, as they are.
async fn remote(web: &Web) -> Vec<(String, String, String)> {
    let engines = web.app.engines().remote_status().await;
    engines
        .into_iter()
        .map(|engine| (engine.name, engine.base_url, super::sentence(&engine.in_words)))
        .collect()
}

/// The models in the folder; none where this server keeps no models.
async fn files(web: &Web) -> Vec<ModelFile> {
    let Ok(found) = models::list(&web.app).await else {
        return Vec::new();
    };
    let file = |model: models::ModelView| ModelFile {
        name: model.name,
        purpose: match model.purpose {
            Some(Purpose::Chat) => "Chat model",
            Some(Purpose::Embed) => "Embedding model",
            Some(Purpose::Adapter) => "Adapter",
            None => "Not a usable model",
        },
        size: bytes(model.bytes),
        state: match (model.state, model.in_use.is_some()) {
            (FileState::Present, true) => "Used".to_owned(),
            (FileState::Present, false) => "Not used".to_owned(),
            (FileState::Missing, _) => "The file is missing; add the model again".to_owned(),
            (FileState::Changed, _) => "The file is another one than was added; check it".to_owned(),
        },
    };
    found.items.into_iter().map(file).collect()
}

fn engine_figures(machine: &Machine) -> Vec<Figure> {
    let figure = |name, value| Figure { name, value };
    let mut figures = Vec::new();
    if let Some(Health {
        rss_bytes,
        memory_budget_bytes,
        threads,
        ..
    }) = &machine.health
    {
        figures.push(figure("Memory in use", bytes(*rss_bytes)));
        if let Some(budget) = memory_budget_bytes {
            figures.push(figure("Memory allowed", bytes(*budget)));
        }
        figures.push(figure("Threads", threads.to_string()));
    }
    figures.push(figure("Restarts", machine.restarts.to_string()));
    figures
}

fn card(model: &ModelHealth) -> ModelCard {
    let purpose = match (model.purpose, model.is_default) {
        (ModelPurpose::Chat, true) => "Chat model, the default",
        (ModelPurpose::Chat, false) => "Chat model",
        (ModelPurpose::Embed, true) => "Embedding model, the default",
        (ModelPurpose::Embed, false) => "Embedding model",
    };
    let (state, state_code) = match model.state {
        ModelState::Ready => ("Ready", "ready"),
        ModelState::Loading => ("Loading", "loading"),
        ModelState::Unloaded => ("Not loaded; the first question loads it", "unloaded"),
        ModelState::Failed => ("Cannot be used", "failed"),
    };
    let adapter = model
        .adapter
        .iter()
        .map(|adapter| format!(", with the adapter {adapter}"));
    ModelCard {
        name: model.name.clone(),
        purpose: purpose.to_owned() + &adapter.collect::<String>(),
        state,
        state_code,
        why: model.why.as_deref().map(super::sentence),
        figures: model_figures(model),
    }
}

fn model_figures(model: &ModelHealth) -> Vec<Figure> {
    let counters = &model.counters;
    let places = match model.purpose {
        ModelPurpose::Chat => ("Answers at the same time", model.slots.to_string()),
        ModelPurpose::Embed => ("Length of its vectors", model.dimensions.to_string()),
    };
    let mut figures = vec![
        ("Memory", bytes(model.memory_bytes)),
        (
            "Context",
            format!("{} tokens", counted(u64::from(model.context_tokens))),
        ),
        places,
        ("Waiting", model.waiting.to_string()),
        ("Being computed", model.running.to_string()),
        ("Answered", counted(counters.answered)),
    ];
    figures.extend(throughput(counters));
    figures
        .into_iter()
        .map(|(name, value)| Figure { name, value })
        .collect()
}

/// Averages since the model was loaded; nothing before it has computed anything.
fn throughput(counters: &Counters) -> Vec<(&'static str, String)> {
    let mut figures = Vec::new();
    let read = counters.prompt_tokens.saturating_sub(counters.cached_tokens);
    if let Some(rate) = ratio(read.saturating_mul(1_000), counters.busy_ms) {
        figures.push(("Read while computing", format!("{rate:.0} tokens/s")));
    }
    if let Some(rate) = ratio(counters.written_tokens.saturating_mul(1_000), counters.busy_ms) {
        figures.push(("Written while computing", format!("{rate:.0} tokens/s")));
    }
    if let Some(batch) = ratio(counters.step_tokens, counters.steps) {
        figures.push(("Tokens a step", format!("{batch:.1}")));
    }
    if let Some(hits) = ratio(counters.cached_tokens, counters.prompt_tokens) {
        figures.push(("Kept from before", format!("{:.0} % of what is read", hits * 100.0)));
        let (entries, tokens) = (counted(counters.cache_entries), counted(counters.cache_tokens));
        figures.push(("Cache", format!("{entries} beginnings, {tokens} tokens")));
    }
    figures
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn bytes(count: u64) -> String {
    let mebibytes = count >> 20;
    if mebibytes < 1 << 10 {
        return format!("{mebibytes} MiB");
    }
    let tenths = (count >> 20) * 10 / 1_024;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

/// One table a pair of models; what belongs together comes together.
fn tables(checks: &Checks, viewer: &Viewer) -> Vec<FitnessTable> {
    let same = |a: &Check, b: &Check| a.embedder == b.embedder && a.chat_model == b.chat_model;
    let of_pair = checks.items.chunk_by(same);
    let table = |checks: &[Check]| {
        let newest = checks.iter().max_by_key(|check| check.at)?;
        Some(FitnessTable {
            models: match &newest.chat_model {
                Some(chat) => format!("{chat}, with what {} finds", newest.embedder),
                None => newest.embedder.clone(),
            },
            at: viewer.moment(newest.at),
            is_old: checks.iter().any(|check| !check.is_current()),
            rows: checks.iter().map(row).collect(),
        })
    };
    of_pair.filter_map(table).collect()
}

fn row(check: &Check) -> FitnessRow {
    let finding = &check.finding;
    let figures = finding.measures.iter().map(fitness::in_words);
    FitnessRow {
        ability: finding.ability.in_words(),
        language: finding.language.name(),
        verdict: finding.verdict.in_words(),
        verdict_code: finding.verdict.code(),
        figures: figures.chain(finding.why.as_deref().map(super::sentence)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_people_read_them() {
        assert_eq!(
            (bytes(300 << 20), bytes(3 << 30)),
            ("300 MiB".to_owned(), "3.0 GiB".to_owned())
        );
    }

    #[test]
    fn what_has_not_computed_anything_has_no_rates() {
        assert!(throughput(&Counters::default()).is_empty());
        let worked = Counters {
            busy_ms: 2_000,
            prompt_tokens: 900,
            cached_tokens: 300,
            written_tokens: 100,
            ..Counters::default()
        };
        let figures = throughput(&worked);
        assert_eq!(
            figures.first(),
            Some(&("Read while computing", "300 tokens/s".to_owned()))
        );
        assert!(figures.contains(&("Kept from before", "33 % of what is read".to_owned())));
    }
}
