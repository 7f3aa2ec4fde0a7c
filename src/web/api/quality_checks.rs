//! Quality checks: how many wait, the next one, its verdict; and how reviewers judge.

use crate::app::checks::{self, Judged, Next, ReviewersView, Verdict};
use crate::domain::ids::ItemId;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Count {
    waiting: u64,
}

/// `GET /api/v1/checks`
pub(super) async fn count(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Count>, Problem> {
    let waiting = checks::waiting(&web.app, &caller).await?;
    Ok(Json(Count { waiting }))
}

/// `POST /api/v1/checks/next`
pub(super) async fn next(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Next>, Problem> {
    Ok(Json(checks::next(&web.app, &caller).await?))
}

/// `DELETE /api/v1/checks/{id}/lease`
pub(super) async fn release_lease(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ItemId>,
) -> Result<StatusCode, Problem> {
    checks::release(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/checks/{id}/verdict`
pub(super) async fn judge(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ItemId>,
    JsonBody(verdict): JsonBody<Verdict>,
) -> Result<Json<Judged>, Problem> {
    Ok(Json(checks::judge(&web.app, &caller, id, verdict).await?))
}

/// `GET /api/v1/reviewers`
pub(super) async fn reviewers(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<Json<ReviewersView>, Problem> {
    Ok(Json(checks::reviewers(&web.app, &caller).await?))
}
