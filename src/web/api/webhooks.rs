//! Webhooks: who is told what happens, what was or is to be delivered, and what it is signed with.

use super::limited;
use crate::app::views::Page;
use crate::app::webhooks::{
    self, DeliveryDetail, DeliveryView, Replayed, SecretView, SubscriptionView, SubscriptionWish,
};
use crate::domain::ids::{DeliveryId, SubscriptionId};
use crate::domain::time::Timestamp;
use crate::domain::webhook::DeliveryState;
use crate::store::DeliveryFilter;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Which deliveries, and which page of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    after: Option<String>,
    limit: Option<u64>,
    subscription: Option<SubscriptionId>,
    state: Option<DeliveryState>,
}

/// `GET /api/v1/webhooks/deliveries?subscription=…&state=…`
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<Wanted>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let filter = DeliveryFilter {
        subscription: query.subscription,
        state: query.state,
    };
    Ok(Json(
        webhooks::list(&web.app, &caller, filter, query.after.as_deref(), limited(query.limit)).await?,
    ))
}

/// `GET /api/v1/webhooks/deliveries/{id}`
pub(super) async fn delivery(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<DeliveryId>,
) -> Result<Json<DeliveryDetail>, Problem> {
    Ok(Json(webhooks::delivery(&web.app, &caller, id).await?))
}

/// `GET /api/v1/webhooks/subscriptions`
pub(super) async fn subscriptions(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Value>, Problem> {
    let items = webhooks::subscriptions(&web.app, &caller).await?;
    Ok(Json(json!({ "items": items })))
}

/// `POST /api/v1/webhooks/subscriptions`
pub(super) async fn subscribe(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(wish): JsonBody<SubscriptionWish>,
) -> Result<(StatusCode, Json<SubscriptionView>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(webhooks::create(&web.app, &caller, wish).await?),
    ))
}

/// `GET /api/v1/webhooks/subscriptions/{id}`
pub(super) async fn subscription(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<SubscriptionId>,
) -> Result<Json<SubscriptionView>, Problem> {
    Ok(Json(webhooks::one(&web.app, &caller, id).await?))
}

/// `PATCH /api/v1/webhooks/subscriptions/{id}`
pub(super) async fn change(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<SubscriptionId>,
    JsonBody(wish): JsonBody<SubscriptionWish>,
) -> Result<Json<SubscriptionView>, Problem> {
    Ok(Json(webhooks::change(&web.app, &caller, id, wish).await?))
}

/// `DELETE /api/v1/webhooks/subscriptions/{id}`
pub(super) async fn unsubscribe(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<SubscriptionId>,
) -> Result<StatusCode, Problem> {
    webhooks::remove(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/webhooks/subscriptions/{id}/secret`
pub(super) async fn renew(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<SubscriptionId>,
) -> Result<Json<SecretView>, Problem> {
    Ok(Json(webhooks::renew(&web.app, &caller, id).await?))
}

/// `POST /api/v1/webhooks/subscriptions/{id}/test`
pub(super) async fn test_subscription(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<SubscriptionId>,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(webhooks::test_subscription(&web.app, &caller, id).await?),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    since: Timestamp,
}

/// `POST /api/v1/webhooks/subscriptions/{id}/replay`
pub(super) async fn replay(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<SubscriptionId>,
    JsonBody(Since { since }): JsonBody<Since>,
) -> Result<Json<Replayed>, Problem> {
    Ok(Json(webhooks::replay(&web.app, &caller, id, since).await?))
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
