//! Gaps in the knowledge, and what is proposed for them.

use super::limited;
use crate::app::improve::gaps::{self, GapView, Which};
use crate::app::improve::proposals::{self, Approved, ProposalView, Wording};
use crate::app::views::Page;
use crate::domain::ids::{GapId, ProposalId};
use crate::domain::improve::gap::ProposalState;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::idempotency;
use crate::web::state::Web;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;

pub(super) fn routes(web: &Web) -> Router<Web> {
    let creating = Router::new()
        .route("/improve/gaps/{id}/proposals", post(write))
        .layer(from_fn_with_state(web.clone(), idempotency::once));
    Router::new()
        .merge(creating)
        .route("/improve/gaps", get(list))
        .route("/improve/gaps/{id}", get(show))
        .route("/improve/gaps/{id}/dismiss", post(dismiss))
        .route("/improve/proposals", get(list_proposals))
        .route("/improve/proposals/{id}/approve", post(approve))
        .route("/improve/proposals/{id}/dismiss", post(dismiss_proposal))
}

#[derive(Debug, Deserialize)]
struct GapsQuery {
    limit: Option<u64>,
    after: Option<String>,
    #[serde(default)]
    state: Which,
}

/// `GET /api/v1/improve/gaps?state=`
async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<GapsQuery>,
) -> Result<Json<Page<GapView>>, Problem> {
    let limit = limited(query.limit);
    let found = gaps::gaps(&web.app, &caller, query.state, query.after.as_deref(), limit).await?;
    Ok(Json(found))
}

/// `GET /api/v1/improve/gaps/{id}`
async fn show(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<GapId>,
) -> Result<Json<GapView>, Problem> {
    Ok(Json(gaps::gap(&web.app, &caller, id).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Because {
    reason: Option<String>,
}

/// `POST /api/v1/improve/gaps/{id}/dismiss`
async fn dismiss(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<GapId>,
    JsonBody(because): JsonBody<Because>,
) -> Result<Json<GapView>, Problem> {
    let dismissed = gaps::dismiss(&web.app, &caller, id, because.reason.as_deref()).await?;
    Ok(Json(dismissed))
}

/// `POST /api/v1/improve/gaps/{id}/proposals`
async fn write(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<GapId>,
    JsonBody(wording): JsonBody<Wording>,
) -> Result<(StatusCode, Json<ProposalView>), Problem> {
    let written = proposals::write(&web.app, &caller, id, &wording).await?;
    Ok((StatusCode::CREATED, Json(written)))
}

#[derive(Debug, Deserialize)]
struct ProposalsQuery {
    limit: Option<u64>,
    after: Option<String>,
    state: Option<ProposalState>,
}

/// `GET /api/v1/improve/proposals?state=`
async fn list_proposals(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<ProposalsQuery>,
) -> Result<Json<Page<ProposalView>>, Problem> {
    let (state, limit) = (query.state.unwrap_or(ProposalState::Waiting), limited(query.limit));
    let found = proposals::proposals(&web.app, &caller, state, query.after.as_deref(), limit).await?;
    Ok(Json(found))
}

/// `POST /api/v1/improve/proposals/{id}/approve`
async fn approve(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ProposalId>,
    JsonBody(wording): JsonBody<Wording>,
) -> Result<Json<Approved>, Problem> {
    Ok(Json(proposals::approve(&web.app, &caller, id, &wording).await?))
}

/// `POST /api/v1/improve/proposals/{id}/dismiss`
async fn dismiss_proposal(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ProposalId>,
    JsonBody(because): JsonBody<Because>,
) -> Result<Json<ProposalView>, Problem> {
    let reason = because.reason.unwrap_or_default();
    Ok(Json(proposals::dismiss(&web.app, &caller, id, &reason).await?))
}
