//! Notes of colleagues about a conversation.

use crate::app::notes::{self, NoteView};
use crate::domain::ids::ConversationId;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// `GET /api/v1/conversations/{id}/notes`
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
) -> Result<Json<Value>, Problem> {
    let items = notes::notes(&web.app, &caller, id).await?;
    Ok(Json(json!({ "items": items })))
}

#[derive(Debug, Deserialize)]
pub(super) struct Written {
    text: String,
}

/// `POST /api/v1/conversations/{id}/notes`
pub(super) async fn add(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
    JsonBody(written): JsonBody<Written>,
) -> Result<(StatusCode, Json<NoteView>), Problem> {
    let note = notes::whisper(&web.app, &caller, id, &written.text).await?;
    Ok((StatusCode::CREATED, Json(note)))
}
