//! Tools, their secrets, what was proposed with them and what came of it.

use super::PageQuery;
use crate::app::actions::{self, ActionView, ActionWish, Propose, SecretView, ToolView};
use crate::app::views::Page;
use crate::domain::action::tool::Tool;
use crate::domain::ids::ActionId;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Value, json};

/// `GET /api/v1/tools`
pub(super) async fn tools(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Value>, Problem> {
    let items = actions::tools(&web.app, &caller).await?;
    Ok(Json(json!({ "items": items })))
}

/// `GET /api/v1/tools/{name}`
pub(super) async fn tool(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(name): InPath<String>,
) -> Result<Json<ToolView>, Problem> {
    Ok(Json(actions::tool(&web.app, &caller, &name).await?))
}

/// `PUT /api/v1/tools/{name}`
pub(super) async fn define(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(name): InPath<String>,
    JsonBody(tool): JsonBody<Tool>,
) -> Result<Json<ToolView>, Problem> {
    if tool.name != name {
        return Err(Problem::invalid(
            "The tool's name and the one in the address differ; they must be the same.",
        ));
    }
    Ok(Json(actions::define(&web.app, &caller, tool).await?))
}

/// `DELETE /api/v1/tools/{name}`
pub(super) async fn remove(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(name): InPath<String>,
) -> Result<StatusCode, Problem> {
    actions::remove_tool(&web.app, &caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/secrets`
pub(super) async fn secrets(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Value>, Problem> {
    let items = actions::secrets(&web.app, &caller).await?;
    Ok(Json(json!({ "items": items })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secret {
    value: String,
}

/// `PUT /api/v1/secrets/{name}`
pub(super) async fn put_secret(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(name): InPath<String>,
    JsonBody(secret): JsonBody<Secret>,
) -> Result<Json<SecretView>, Problem> {
    Ok(Json(
        actions::put_secret(&web.app, &caller, &name, &secret.value).await?,
    ))
}

/// `DELETE /api/v1/secrets/{name}`
pub(super) async fn remove_secret(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(name): InPath<String>,
) -> Result<StatusCode, Problem> {
    actions::remove_secret(&web.app, &caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/actions`
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(page): Query<PageQuery>,
    Query(wish): Query<ActionWish>,
) -> Result<Json<Page<ActionView>>, Problem> {
    let found = actions::actions(&web.app, &caller, &wish, page.after.as_deref(), page.limit());
    Ok(Json(found.await?))
}

/// `POST /api/v1/actions`
pub(super) async fn propose(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(wish): JsonBody<Propose>,
) -> Result<(StatusCode, Json<ActionView>), Problem> {
    let proposed = actions::propose(&web.app, &caller, wish).await?;
    Ok((StatusCode::CREATED, Json(proposed)))
}

/// `GET /api/v1/actions/{id}`
pub(super) async fn one(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ActionId>,
) -> Result<Json<ActionView>, Problem> {
    Ok(Json(actions::action(&web.app, &caller, id).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FoundOut {
    was_done: bool,
}

/// `POST /api/v1/actions/{id}/found-out`
pub(super) async fn found_out(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ActionId>,
    JsonBody(wish): JsonBody<FoundOut>,
) -> Result<Json<ActionView>, Problem> {
    Ok(Json(actions::found_out(&web.app, &caller, id, wish.was_done).await?))
}

/// `GET /api/v1/actions/{id}/entry.ics`
pub(super) async fn calendar(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ActionId>,
) -> Result<Response, Problem> {
    let file = actions::calendar(&web.app, &caller, id).await?;
    let headers = [
        (CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"entry.ics\""),
    ];
    Ok((headers, file).into_response())
}
