//! The queue: look, lease, decide, undo.

use super::PageQuery;
use crate::app::review::{self, Decide, Decided, ItemSummary, ItemView, QueueWish};
use crate::app::views::Page;
use crate::domain::ids::ItemId;
use crate::domain::time::Timestamp;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;

/// `GET /api/v1/queue`
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<PageQuery>,
    Query(wish): Query<QueueWish>,
) -> Result<Json<Page<ItemSummary>>, Problem> {
    Ok(Json(
        review::queue(&web.app, &caller, &wish, query.after.as_deref(), query.limit()).await?,
    ))
}

/// `GET /api/v1/queue/{item}`
pub(super) async fn item(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ItemId>,
) -> Result<Json<ItemView>, Problem> {
    Ok(Json(review::item(&web.app, &caller, id).await?))
}

#[derive(Debug, Serialize)]
pub(super) struct Leased {
    lease_until: Timestamp,
}

/// `POST /api/v1/queue/{item}/lease`
pub(super) async fn lease(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ItemId>,
) -> Result<Json<Leased>, Problem> {
    Ok(Json(Leased {
        lease_until: review::lease(&web.app, &caller, id).await?,
    }))
}

/// `DELETE /api/v1/queue/{item}/lease`
pub(super) async fn release_lease(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ItemId>,
) -> Result<StatusCode, Problem> {
    review::release_lease(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/queue/{item}/outcome`
pub(super) async fn decide(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ItemId>,
    JsonBody(wish): JsonBody<Decide>,
) -> Result<Json<Decided>, Problem> {
    Ok(Json(review::decide(&web.app, &caller, id, wish).await?))
}

/// `POST /api/v1/queue/{item}/undo`
pub(super) async fn undo(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ItemId>,
) -> Result<Json<serde_json::Value>, Problem> {
    review::undo(&web.app, &caller, id).await?;
    Ok(Json(serde_json::json!({})))
}
