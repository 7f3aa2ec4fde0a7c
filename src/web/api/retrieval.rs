//! Versions of the tuned ranking.

use crate::app::knowledge::{self, RetrievalVersionView};
use crate::web::error::Problem;
use crate::web::extract::CallerOf;
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Versions {
    items: Vec<RetrievalVersionView>,
}

/// `GET /api/v1/retrieval-versions`
pub(super) async fn list(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Versions>, Problem> {
    Ok(Json(Versions {
        items: knowledge::retrieval_versions(&web.app, &caller).await?,
    }))
}

/// `POST /api/v1/retrieval-versions`: learns one from the verdicts; it ranks nothing yet.
pub(super) async fn tune(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<(StatusCode, Json<RetrievalVersionView>), Problem> {
    Ok((StatusCode::CREATED, Json(knowledge::tune(&web.app, &caller).await?)))
}
