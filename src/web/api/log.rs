//! The log: read it, verify it, follow it.

use super::limited;
use crate::app::history::{self, EntryView, Verification};
use crate::app::views::Page;
use crate::domain::account::Scope;
use crate::domain::log::Line;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, Query};
use crate::web::live;
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;

/// How far the asker knows the log.
#[derive(Debug, Deserialize)]
pub(super) struct Known {
    #[serde(default)]
    after: i64,
    limit: Option<u64>,
    /// Tell too when the AI begins or ends drafting.
    #[serde(default)]
    drafting: bool,
    /// Tell too when who is on the site may have changed.
    #[serde(default)]
    wall: bool,
}

/// `GET /api/v1/log?after=SEQ`: entries above it, oldest first.
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<Known>,
) -> Result<Json<Page<EntryView>>, Problem> {
    let limit = limited(query.limit);
    let items = history::after(&web.app, &caller, query.after, limit).await?;
    let is_full = u64::try_from(items.len()).is_ok_and(|length| length == limit);
    let next = items.last().filter(|_| is_full).map(|last| last.seq.to_string());
    Ok(Json(Page { items, next }))
}

/// `GET /api/v1/log/export?after=SEQ`: the same entries, to be verified elsewhere.
pub(super) async fn export(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<Known>,
) -> Result<Json<Page<Line>>, Problem> {
    let limit = limited(query.limit);
    let items = history::exported(&web.app, &caller, query.after, limit).await?;
    let is_full = u64::try_from(items.len()).is_ok_and(|length| length == limit);
    let next = items.last().filter(|_| is_full).map(|last| last.seq.to_string());
    Ok(Json(Page { items, next }))
}

/// What the asker knows of the log.
#[derive(Debug, Deserialize)]
pub(super) struct Noted {
    head: Option<String>,
}

/// `GET /api/v1/log/verify?head=HASH`
pub(super) async fn verify(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(noted): Query<Noted>,
) -> Result<Json<Verification>, Problem> {
    Ok(Json(history::verify(&web.app, &caller, noted.head.as_deref()).await?))
}

/// `GET /api/v1/events?after=SEQ`; a browser that reconnects says in a header how far it came.
pub(super) async fn events(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<Known>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.require(Scope::Read)?;
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.parse::<i64>().ok());
    let beside = live::Beside {
        drafting: query.drafting,
        wall: query.wall,
    };
    live::log(&web, caller, last.unwrap_or(0).max(query.after), beside)
}
