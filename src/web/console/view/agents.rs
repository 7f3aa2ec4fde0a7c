//! Settings: the agents, and one of them with its versions.

use super::{Moment, Shell};
use askama::Template;

/// `GET /agents`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/agents.html")]
pub struct AgentsPage {
    /// The frame.
    pub shell: Shell,
    /// The agents.
    pub agents: Vec<AgentRow>,
}

/// An agent, as a list shows it.
#[derive(Clone, Debug)]
pub struct AgentRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The business that it speaks for.
    pub business: String,
    /// Its version.
    pub version: i64,
    /// How it speaks.
    pub tone: String,
    /// How many questions visitors may begin with.
    pub starters: usize,
    /// What writes for it.
    pub writer: String,
    /// Where it is shown.
    pub origins: String,
}

/// `GET /agents/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/agent.html")]
pub struct AgentPage {
    /// The frame.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// What stands in the widget's script tag.
    pub key: String,
    /// Its version.
    pub version: i64,
    /// Where this server is found.
    pub origin: String,
    /// How many questions a change is tried on, in words: `about 214 questions`; empty where there is none yet.
    pub tried_on: String,
    /// Whoever looks may publish before it was tried.
    pub is_owner: bool,
    /// The names of fields that can change answers.
    pub answering: Vec<&'static str>,
    /// What people call each field.
    pub labels: Vec<(&'static str, &'static str)>,
    /// Its settings.
    pub fields: AgentFields,
    /// Changes of it that are not live.
    pub waiting: Vec<(String, String)>,
    /// Its versions, the newest first.
    pub versions: Vec<AgentVersionCard>,
    /// There are older ones.
    pub has_more: bool,
}

/// The fields of the form.
#[derive(Clone, Debug, Default)]
pub struct AgentFields {
    /// The name visitors see.
    pub name: String,
    /// The business.
    pub business: String,
    /// First line in the widget.
    pub greeting: String,
    /// Questions to begin with, one on a line.
    pub starters: String,
    /// Says that an AI answers.
    pub disclosure: String,
    /// What the LLM is told.
    pub instructions: String,
    /// How it may speak: code, words, chosen.
    pub tones: Vec<(&'static str, &'static str, bool)>,
    /// The same in the owner's words.
    pub tone_words: String,
    /// Languages to choose from: code, name, chosen.
    pub languages: Vec<(String, String, bool)>,
    /// Kinds of answers: code, name, wanted, what is made of it.
    pub modes: Vec<(&'static str, &'static str, bool, &'static str)>,
    /// Use what models were not found fit for.
    pub allow_unfit: bool,
    /// Measure how far passages support an answer.
    pub support_signal: bool,
    /// Live shows who is on the site.
    pub presence: bool,
    /// Collections to choose from, and whether each is chosen.
    pub collections: Vec<(String, bool)>,
    /// Web sites, one on a line.
    pub origins: String,
    /// What may write first.
    pub models: Vec<ModelChoice>,
    /// What is asked where that cannot, one on a line.
    pub other_models: String,
    /// Adapters.
    pub adapters: Vec<AdapterChoice>,
}

/// A chat model to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelChoice {
    /// As settings name it; empty for the default.
    pub value: String,
    /// The name of its file, by which adapters fit it.
    pub name: String,
    /// What is shown.
    pub words: String,
    /// It is chosen.
    pub is_chosen: bool,
}

/// An adapter to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterChoice {
    /// Its name.
    pub value: String,
    /// What is shown.
    pub words: String,
    /// The chat models that it fits, separated by spaces.
    pub fits: String,
    /// It is chosen.
    pub is_chosen: bool,
}

/// A version.
#[derive(Clone, Debug)]
pub struct AgentVersionCard {
    /// Its number.
    pub number: i64,
    /// It is in force.
    pub is_live: bool,
    /// Who published it; empty where nobody noted it.
    pub by: String,
    /// When.
    pub at: Moment,
    /// What it changed, in words.
    pub changed: String,
    /// Each change: the field, before, after.
    pub changes: Vec<(&'static str, String, String)>,
    /// Answering as then would be something else than now.
    pub can_return: bool,
}
