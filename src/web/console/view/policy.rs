//! Settings: the owner's policy and the gate.

use askama::Template;

use super::{Moment, Shell};

/// `GET /settings/policy`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/policy.html")]
pub struct PolicyPage {
    /// The frame.
    pub shell: Shell,
    /// The agents to choose from: id and name.
    pub agents: Vec<(String, String)>,
    /// The agent whose policy it is.
    pub agent_id: String,
    /// Its number; 0 while there is none.
    pub version: i64,
    /// What it says, as TOML.
    pub toml: String,
    /// Whose clocks business hours are read from.
    pub time_zone: String,
    /// What the gate lets out, in a sentence.
    pub gate: String,
    /// Whether the signed-in person may release topics.
    pub may_release: bool,
    /// Topics that go out without a person.
    pub released: Vec<ReleasedTopic>,
    /// Topics that could.
    pub can_be_released: Vec<String>,
    /// All versions, the newest first.
    pub versions: Vec<PolicyVersion>,
}

/// A topic that somebody let out on their own responsibility.
#[derive(Clone, Debug)]
pub struct ReleasedTopic {
    /// Its name.
    pub topic: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
}

/// A version of the policy.
#[derive(Clone, Debug)]
pub struct PolicyVersion {
    /// Its number.
    pub version: i64,
    /// Who applied it.
    pub by: String,
    /// When.
    pub at: Moment,
    /// How many topics and rules it has.
    pub size: String,
}
