//! Webhooks: what was or is to be delivered, and what it is signed with.

use super::PageQuery;
use crate::app::views::Page;
use crate::app::webhooks::{self, DeliveryView, SecretView};
use crate::domain::ids::DeliveryId;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

/// `GET /api/v1/webhooks/deliveries`
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    Ok(Json(
        webhooks::list(&web.app, &caller, query.after.as_deref(), query.limit()).await?,
    ))
}

/// `POST /api/v1/webhooks/deliveries/{id}/retry`
pub(super) async fn retry(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<DeliveryId>,
) -> Result<Json<DeliveryView>, Problem> {
    Ok(Json(webhooks::retry(&web.app, &caller, id).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    url: String,
}

/// `POST /api/v1/webhooks/test`
pub(super) async fn test(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(wish): JsonBody<Wish>,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(webhooks::test(&web.app, &caller, &wish.url).await?),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Renewal {
    #[serde(default)]
    renew: bool,
}

/// `POST /api/v1/webhooks/secret`
pub(super) async fn secret(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(wish): JsonBody<Renewal>,
) -> Result<Json<SecretView>, Problem> {
    Ok(Json(webhooks::secret(&web.app, &caller, wish.renew).await?))
}
