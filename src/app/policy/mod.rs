//! The owner's policies: show, check, apply, compare with the past, explain; and the gate that they stay under.

mod change;
mod explain;
mod gate;
mod text;
mod what_if;

pub use change::{
    Applied, DiffView, PolicyView, VersionView, apply, checked, diff, ends_certificate, is_owner, show, versions,
};
pub use explain::{DraftExplained, explain_conversation, rules_in_words};
pub(super) use explain::{open_topics, released};
pub use gate::{GateView, ReleasedView, close, gate, release};
pub use text::{ProblemView, Written, to_toml};
pub use what_if::{WhatIf, WhatIfView, what_if};

use super::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::AgentId;
use crate::domain::policy::{Document, POLICY_VERSION, Policy};
use crate::store::Rows;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// The policy that is in force for an agent, with the workspace's clocks. Also read inside of a write, so that what decides is what
/// is in force when the decision is committed.
///
/// # Errors
/// [`AppError::NotFound`] for the workspace, or the store's.
pub async fn current(rows: &Rows<'_>, agent_id: AgentId) -> Result<Policy, AppError> {
    let (version, document) = match rows.newest_policy(agent_id).await? {
        Some(row) => (row.number, row.document.0),
        None => (POLICY_VERSION, Document::default()),
    };
    Ok(Policy {
        version,
        document,
        zone: zone(rows).await?,
    })
}

/// The names of all topics of the workspace's policies, in alphabetical order.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn topics(app: &App, caller: &Caller) -> Result<Vec<String>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut names = BTreeSet::new();
    for agent in rows.agents().await? {
        if let Some(policy) = rows.newest_policy(agent.id).await? {
            names.extend(policy.document.0.topics.into_iter().map(|topic| topic.name));
        }
    }
    Ok(names.into_iter().collect())
}

/// The workspace's time zone. One that this machine does not know is no reason to answer nobody.
pub(super) async fn zone(rows: &Rows<'_>) -> Result<TimeZone, AppError> {
    let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    Ok(TimeZone::get(&workspace.time_zone).unwrap_or(TimeZone::UTC))
}
