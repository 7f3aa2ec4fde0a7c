//! What goes on right now.

use crate::app::overview;
use crate::web::error::Problem;
use crate::web::extract::CallerOf;
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

/// `GET /api/v1/live`
pub(super) async fn list(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Value>, Problem> {
    let items = overview::live(&web.app, &caller).await?;
    Ok(Json(json!({ "items": items })))
}
