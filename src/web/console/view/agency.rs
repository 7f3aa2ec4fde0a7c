//! All clients on one page.

use super::{Moment, Shell};
use askama::Template;

/// The page of those who look after several workspaces.
#[derive(Clone, Debug, Template)]
#[template(path = "console/agency.html")]
pub struct AgencyPage {
    /// The frame.
    pub shell: Shell,
    /// What waits, in all of them together.
    pub waiting: u64,
    /// The clients, what is most pressing first.
    pub clients: Vec<ClientRow>,
}

/// A client.
#[derive(Clone, Debug)]
pub struct ClientRow {
    /// Its workspace's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The person is in it now.
    pub is_current: bool,
    /// What waits there.
    pub waiting: u64,
    /// Since when.
    pub waiting_since: Option<Moment>,
    /// The gate's code.
    pub gate: &'static str,
    /// The gate in words.
    pub gate_words: &'static str,
    /// Conversations of the last seven days.
    pub conversations: u64,
    /// Their automation, as Analyse has it.
    pub automation: String,
    /// Their handoffs.
    pub handoff: String,
    /// In how many the visitor was helped.
    pub resolved: String,
    /// Their ratings.
    pub csat: String,
    /// Which days these are.
    pub days: String,
    /// What needs attention, in sentences.
    pub needs: Vec<String>,
}
