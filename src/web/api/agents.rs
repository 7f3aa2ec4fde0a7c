//! Agents: read them, change their settings.

use super::PageQuery;
use crate::app::agents::{self, AgentView, Changed, VersionView, When};
use crate::app::views::Page;
use crate::domain::ids::AgentId;
use crate::domain::settings::{AgentInput, AgentSettings};
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::origin::Origin;
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

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
    let agent = agents::create(&web.app, &caller, with_plain_origins(settings)?).await?;
    Ok((StatusCode::CREATED, Json(agent)))
}

/// When a change goes live that can change answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Urgency {
    publish: Option<Publish>,
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Publish {
    Tried,
    Now,
}

/// `PUT /api/v1/agents/{id}?publish=now&reason=TEXT`: 200 if all of it is live, 202 if some of it is tried first.
pub(super) async fn change(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<AgentId>,
    Query(urgency): Query<Urgency>,
    JsonBody(AgentInput(settings)): JsonBody<AgentInput>,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let when = match (urgency.publish, urgency.reason) {
        (Some(Publish::Now), reason) => When::Now(reason.unwrap_or_default()),
        (_, Some(_)) => return Err(Problem::invalid("A reason is asked for only with `publish=now`.")),
        (_, None) => When::Tried,
    };
    let changed = agents::change(&web.app, &caller, id, with_plain_origins(settings)?, when).await?;
    let status = if changed.waits() {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(changed)))
}

/// `GET /api/v1/agents/{id}`
pub(super) async fn one(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<AgentId>,
) -> Result<Json<AgentView>, Problem> {
    Ok(Json(agents::agent(&web.app, &caller, id).await?))
}

/// `GET /api/v1/agents/{id}/versions`
pub(super) async fn versions(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<AgentId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<VersionView>>, Problem> {
    let found = agents::versions(&web.app, &caller, id, query.after.as_deref(), query.limit()).await?;
    Ok(Json(found))
}

/// Origins as browsers write them, because they are compared letter by letter.
fn with_plain_origins(mut settings: AgentSettings) -> Result<AgentSettings, Problem> {
    for origin in &mut settings.origins {
        let parsed: Origin = origin.parse().map_err(|error| Problem::invalid(format!("{error}.")))?;
        *origin = parsed.to_string();
    }
    Ok(settings)
}
