//! Canned replies.

use crate::app::canned::{self, CannedView};
use crate::domain::ids::CannedReplyId;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// `GET /api/v1/canned-replies`
pub(super) async fn list(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Value>, Problem> {
    let items = canned::list(&web.app, &caller).await?;
    Ok(Json(json!({ "items": items })))
}

#[derive(Debug, Deserialize)]
pub(super) struct Written {
    shortcut: String,
    text: String,
}

/// `POST /api/v1/canned-replies`
pub(super) async fn add(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(written): JsonBody<Written>,
) -> Result<(StatusCode, Json<CannedView>), Problem> {
    let added = canned::add(&web.app, &caller, &written.shortcut, &written.text).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// `PUT /api/v1/canned-replies/{id}`
pub(super) async fn change(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<CannedReplyId>,
    JsonBody(written): JsonBody<Written>,
) -> Result<Json<CannedView>, Problem> {
    let changed = canned::change(&web.app, &caller, id, &written.shortcut, &written.text).await?;
    Ok(Json(changed))
}

/// `DELETE /api/v1/canned-replies/{id}`
pub(super) async fn remove(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<CannedReplyId>,
) -> Result<StatusCode, Problem> {
    canned::remove(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
