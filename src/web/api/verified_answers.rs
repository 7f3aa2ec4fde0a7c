//! Verified answers: read, add, retire.

use crate::app::knowledge::{self, NewVerifiedAnswer, VerifiedAnswerView};
use crate::app::views::Page;
use crate::domain::ids::VerifiedAnswerId;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;

/// `GET /api/v1/verified-answers`
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<Json<Page<VerifiedAnswerView>>, Problem> {
    let items = knowledge::verified_answers(&web.app, &caller).await?;
    Ok(Json(Page { items, next: None }))
}

#[derive(Debug, Serialize)]
pub(super) struct Added {
    id: VerifiedAnswerId,
}

/// `POST /api/v1/verified-answers`
pub(super) async fn add(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(new): JsonBody<NewVerifiedAnswer>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    let id = knowledge::add_verified_answer(&web.app, &caller, &new).await?;
    Ok((StatusCode::CREATED, Json(Added { id })))
}

/// `DELETE /api/v1/verified-answers/{id}`
pub(super) async fn retire(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<VerifiedAnswerId>,
) -> Result<StatusCode, Problem> {
    knowledge::retire_verified_answer(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
