//! Settings: the owner's policy and the gate. What is changed goes to the API; this only shows what there is.

use super::html;
use super::view::{PolicyPage, PolicyVersion, ReleasedTopic, Section};
use super::viewer::Viewer;
use crate::app::policy::{self, VersionView};
use crate::app::{Who, agents};
use crate::domain::account::{Role, Scope};
use crate::domain::ids::AgentId;
use crate::web::error::Problem;
use crate::web::extract::Query;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Versions that are listed.
const LISTED: u64 = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    agent: Option<AgentId>,
}

/// `GET /settings/policy?agent=ID`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let caller = &viewer.caller;
    caller.require(Scope::Admin)?;
    let agents = agents::agents(&web.app, caller).await?;
    let Some(agent_id) = wanted.agent.or_else(|| agents.first().map(|agent| agent.id)) else {
        return Err(Problem::not_found(
            "There is no agent yet; make one with: holdpoint init",
        ));
    };
    let shown = policy::show(&web.app, caller, agent_id, None).await?;
    let gate = policy::gate(&web.app, caller).await?;
    let versions = policy::versions(&web.app, caller, agent_id, None, LISTED).await?;
    let released = gate.released.into_iter().map(|released| ReleasedTopic {
        at: viewer.moment(released.at),
        topic: released.topic,
        by: released.by,
    });
    html(&PolicyPage {
        shell: viewer.shell(Section::Settings),
        agents: agents
            .into_iter()
            .map(|agent| (agent.id.to_string(), agent.settings.name))
            .collect(),
        agent_id: agent_id.to_string(),
        version: shown.version,
        toml: shown.toml,
        time_zone: viewer.time_zone().to_owned(),
        gate: gate.in_words,
        may_release: matches!(caller.who, Who::Member { role: Role::Owner, .. }),
        released: released.collect(),
        can_be_released: gate.can_be_released,
        versions: versions
            .items
            .into_iter()
            .map(|version| row(&viewer, version))
            .collect(),
    })
}

fn row(viewer: &Viewer, version: VersionView) -> PolicyVersion {
    let counted = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        more => format!("{more} {one}s"),
    };
    PolicyVersion {
        version: version.version,
        by: version.by.unwrap_or_else(|| "The administrator".to_owned()),
        at: viewer.moment(version.at),
        size: format!(
            "{}, {}",
            counted(version.topics, "topic"),
            counted(version.rules, "rule")
        ),
    }
}
