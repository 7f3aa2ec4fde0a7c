//! What visitors ask most, and what has changed in the traffic.

use crate::app::insight::AnalysisInput;
use crate::app::insight::clusters::{self, ClusterChange, ClusterView, Clustered};
use crate::app::insight::evaluate::{self, ClusterReport, ClusterTrial};
use crate::app::insight::patterns::{self, PatternView};
use crate::domain::account::Scope;
use crate::domain::ids::{ClusterId, PatternId};
use crate::domain::insight::PatternState;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, OnSocket, Query, Upload, parse_json};
use crate::web::state::Web;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/topics", get(list))
        .route("/topics/{id}", get(show).patch(change))
        .route("/patterns", get(list_patterns))
        .route("/patterns/{id}/dismiss", post(dismiss))
}

/// Largest trial, in mebibytes.
const LARGEST_TRIAL_MB: usize = 64;

/// `POST /api/v1/analysis/evaluate-clusters`
pub(super) async fn evaluate(
    State(web): State<Web>,
    socket: Result<OnSocket, Problem>,
    caller: Result<CallerOf, Problem>,
    Upload(body): Upload<LARGEST_TRIAL_MB>,
) -> Result<Json<ClusterReport>, Problem> {
    // It concerns no workspace, so the administrator may measure before there is one.
    if socket.is_err() {
        caller?.0.require(Scope::Knowledge)?;
    }
    let trial: ClusterTrial = parse_json(&body)?;
    Ok(Json(evaluate::evaluate(&web.app, trial).await?))
}

/// `GET /api/v1/topics?from=&to=&agent=`
async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(input): Query<AnalysisInput>,
) -> Result<Json<Clustered>, Problem> {
    Ok(Json(clusters::clusters(&web.app, &caller, &input).await?))
}

/// `GET /api/v1/topics/{id}?from=&to=&agent=`
async fn show(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ClusterId>,
    Query(input): Query<AnalysisInput>,
) -> Result<Json<ClusterView>, Problem> {
    Ok(Json(clusters::cluster(&web.app, &caller, id, &input).await?))
}

/// `PATCH /api/v1/topics/{id}`
async fn change(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ClusterId>,
    JsonBody(wish): JsonBody<ClusterChange>,
) -> Result<Json<ClusterView>, Problem> {
    Ok(Json(clusters::change(&web.app, &caller, id, &wish).await?))
}

#[derive(Debug, Deserialize)]
struct PatternsQuery {
    state: Option<PatternState>,
}

/// `GET /api/v1/patterns?state=`
async fn list_patterns(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<PatternsQuery>,
) -> Result<Json<Value>, Problem> {
    let state = query.state.unwrap_or(PatternState::Open);
    let items = patterns::patterns(&web.app, &caller, state).await?;
    Ok(Json(json!({ "items": items })))
}

/// `POST /api/v1/patterns/{id}/dismiss`
async fn dismiss(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<PatternId>,
) -> Result<Json<PatternView>, Problem> {
    Ok(Json(patterns::dismiss(&web.app, &caller, id).await?))
}
