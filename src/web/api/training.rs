//! Training data, part by part.

use crate::app::training::{self, TrainingPage};
use crate::domain::training::Format;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, JsonBody};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    format: Format,
    after: Option<String>,
}

/// `POST /api/v1/training/export` `{format, after?}`: it is written down that data left.
pub(super) async fn export(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(wish): JsonBody<Wish>,
) -> Result<Json<TrainingPage>, Problem> {
    let page = training::export(&web.app, &caller, wish.format, wish.after.as_deref()).await?;
    Ok(Json(page))
}
