//! What the machine's models were found able to do.

use crate::app::fitness::{self, Checks, Progress, Wish};
use crate::web::error::Problem;
use crate::web::extract::{JsonBody, Operator};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;

/// `GET /api/v1/admin/models/checks`
pub(super) async fn list(State(web): State<Web>, _: Operator) -> Result<Json<Checks>, Problem> {
    Ok(Json(fitness::checks(&web.app).await?))
}

/// `POST /api/v1/admin/models/checks`: measures in the background.
pub(super) async fn start(
    State(web): State<Web>,
    _: Operator,
    JsonBody(wish): JsonBody<Wish>,
) -> Result<(StatusCode, Json<Progress>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(fitness::start(&web.app, &wish)?)))
}
