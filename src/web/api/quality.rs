//! Quality: the certificate, the months' statements, the draws; and what the owner allows.

use crate::app::evidence::{self, AutonomyInput, DrawView, Quality};
use crate::domain::settings::AutonomySettings;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, JsonBody, Query};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;

/// `GET /api/v1/quality`
pub(super) async fn show(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Quality>, Problem> {
    Ok(Json(evidence::quality(&web.app, &caller).await?))
}

#[derive(Debug, Deserialize)]
pub(super) struct WhichMonth {
    month: String,
}

/// `GET /api/v1/quality/draw?month=`
pub(super) async fn draw(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(WhichMonth { month }): Query<WhichMonth>,
) -> Result<Json<DrawView>, Problem> {
    Ok(Json(evidence::verify_draw(&web.app, &caller, &month).await?))
}

/// `GET /api/v1/autonomy`
pub(super) async fn autonomy(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<Json<AutonomySettings>, Problem> {
    Ok(Json(evidence::autonomy(&web.app, &caller).await?))
}

/// `PUT /api/v1/autonomy`
pub(super) async fn set_autonomy(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(input): JsonBody<AutonomyInput>,
) -> Result<Json<AutonomySettings>, Problem> {
    Ok(Json(evidence::set_autonomy(&web.app, &caller, input).await?))
}
