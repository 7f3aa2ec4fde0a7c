//! What follows from an edit.

use crate::app::improve::{self, CorrectionScreen, CorrectionView, FollowedUp};
use crate::domain::ids::OutcomeId;
use crate::domain::improve::correction::Wish;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody};
use crate::web::idempotency;
use crate::web::state::Web;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;

pub(super) fn routes(web: &Web) -> Router<Web> {
    Router::new()
        .route("/improve/corrections/{id}", get(show).post(apply))
        .route("/improve/corrections/{id}/follow-up", post(follow_up))
        .layer(from_fn_with_state(web.clone(), idempotency::once))
}

/// `GET /api/v1/improve/corrections/{outcome_id}`
async fn show(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<OutcomeId>,
) -> Result<Json<CorrectionScreen>, Problem> {
    Ok(Json(improve::correction(&web.app, &caller, id).await?))
}

/// `POST /api/v1/improve/corrections/{outcome_id}`: does what was ticked.
async fn apply(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<OutcomeId>,
    JsonBody(wish): JsonBody<Wish>,
) -> Result<(StatusCode, Json<CorrectionView>), Problem> {
    let done = improve::apply_correction(&web.app, &caller, id, wish).await?;
    Ok((StatusCode::CREATED, Json(done)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    text: String,
}

/// `POST /api/v1/improve/corrections/{outcome_id}/follow-up` `{text}`: mails the corrected words to others who had been told the draft's.
async fn follow_up(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<OutcomeId>,
    JsonBody(words): JsonBody<Words>,
) -> Result<Json<FollowedUp>, Problem> {
    Ok(Json(improve::follow_up(&web.app, &caller, id, &words.text).await?))
}
