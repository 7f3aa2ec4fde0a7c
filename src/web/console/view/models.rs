//! Settings: the models of this machine.

use askama::Template;

use super::{Moment, Shell};

/// `GET /settings/models`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/models.html")]
pub struct ModelsPage {
    /// The frame.
    pub shell: Shell,
    /// What changes while one looks.
    pub part: ModelsPart,
    /// Whether there is a chat model to measure.
    pub has_chat: bool,
}

/// What the models do right now, and what they were found fit for. `GET /parts/settings/models`.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "console/models_part.html")]
pub struct ModelsPart {
    /// How the engine is, one sentence.
    pub engine: String,
    /// The engine's own figures.
    pub figures: Vec<Figure>,
    /// The models.
    pub models: Vec<ModelCard>,
    /// Engines elsewhere: name, address, how each is.
    pub remote: Vec<(String, String, String)>,
    /// Models in the folder.
    pub files: Vec<ModelFile>,
    /// How far a measurement is, one sentence.
    pub running: Option<String>,
    /// Why the last one ended early.
    pub failed: Option<String>,
    /// What was found, one table a pair of models.
    pub fitness: Vec<FitnessTable>,
    /// What the agents make of it.
    pub agents: Vec<AgentUse>,
}

/// A figure with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// The figure with its unit.
    pub value: String,
}

/// One model.
#[derive(Clone, Debug)]
pub struct ModelCard {
    /// Its name.
    pub name: String,
    /// What it is for: `Chat model, the default`.
    pub purpose: String,
    /// Where it stands: `Ready`.
    pub state: &'static str,
    /// The code, for a class name.
    pub state_code: &'static str,
    /// Why it cannot be used.
    pub why: Option<String>,
    /// Memory, context, throughput, cache.
    pub figures: Vec<Figure>,
}

/// A model in the folder.
#[derive(Clone, Debug)]
pub struct ModelFile {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: &'static str,
    /// How large it is.
    pub size: String,
    /// Whether it is used, and whether it is what it was.
    pub state: String,
}

/// What one pair of models was found fit for.
#[derive(Clone, Debug)]
pub struct FitnessTable {
    /// Which models.
    pub models: String,
    /// When.
    pub at: Moment,
    /// Whether other questions are asked by now.
    pub is_old: bool,
    /// One row for an ability in a language.
    pub rows: Vec<FitnessRow>,
}

/// One ability in one language.
#[derive(Clone, Debug)]
pub struct FitnessRow {
    /// The ability.
    pub ability: &'static str,
    /// The language.
    pub language: &'static str,
    /// The verdict in words.
    pub verdict: &'static str,
    /// Its code, for a class name and a sign.
    pub verdict_code: &'static str,
    /// The figures, and what is missing.
    pub figures: Vec<String>,
}

/// What one agent does with its modes.
#[derive(Clone, Debug)]
pub struct AgentUse {
    /// The agent's name.
    pub name: String,
    /// Its language, as its settings name it.
    pub language: String,
    /// Each mode with what is done with it.
    pub modes: Vec<(&'static str, &'static str)>,
}
