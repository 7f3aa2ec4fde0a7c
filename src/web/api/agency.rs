//! All clients of somebody who looks after several workspaces: read-only, and for people alone.

use crate::app::agency;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, Query};
use crate::web::sheet::{Format, sheet};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    format: Format,
}

/// `GET /api/v1/agency?format=csv`
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(Written { format }): Query<Written>,
) -> Result<Response, Problem> {
    let clients = agency::clients(&web.app, &caller).await?;
    if format == Format::Json {
        return Ok(Json(json!({ "items": clients, "next": null })).into_response());
    }
    let table = agency::sheet(&clients);
    sheet("clients", table.columns, table.rows, format)
}
