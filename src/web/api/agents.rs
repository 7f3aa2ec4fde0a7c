//! Agents: read them, publish settings as the next version.

use crate::app::agents::{self, AgentView};
use crate::app::views::Page;
use crate::domain::ids::AgentId;
use crate::domain::settings::{AgentInput, AgentSettings};
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody};
use crate::web::origin::Origin;
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;

/// `GET /api/v1/agents`
pub(super) async fn list(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Page<AgentView>>, Problem> {
    Ok(Json(Page {
        items: agents::agents(&web.app, &caller).await?,
        next: None,
    }))
}

/// `POST /api/v1/agents`: a new agent.
pub(super) async fn create(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(AgentInput(settings)): JsonBody<AgentInput>,
) -> Result<(StatusCode, Json<AgentView>), Problem> {
    let agent = agents::publish(&web.app, &caller, None, with_plain_origins(settings)?).await?;
    Ok((StatusCode::CREATED, Json(agent)))
}

/// `PUT /api/v1/agents/{id}`: the agent's next version.
pub(super) async fn publish(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<AgentId>,
    JsonBody(AgentInput(settings)): JsonBody<AgentInput>,
) -> Result<Json<AgentView>, Problem> {
    Ok(Json(
        agents::publish(&web.app, &caller, Some(id), with_plain_origins(settings)?).await?,
    ))
}

/// Origins as browsers write them, because they are compared letter by letter.
fn with_plain_origins(mut settings: AgentSettings) -> Result<AgentSettings, Problem> {
    for origin in &mut settings.origins {
        let parsed: Origin = origin.parse().map_err(|error| Problem::invalid(format!("{error}.")))?;
        *origin = parsed.to_string();
    }
    Ok(settings)
}
