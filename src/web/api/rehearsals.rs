//! Rehearsals: questions of the past, drafted and judged before the AI answers anybody.

use super::PageQuery;
use crate::app::rehearsal::{self, Judged, NextCase, Progress, RehearsalView, SheetView, Start};
use crate::app::views::Page;
use crate::domain::ids::{RehearsalCaseId, RehearsalId};
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query, Upload};
use crate::web::idempotency;
use crate::web::sheet::{Format, sheet as table};
use crate::web::state::Web;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

/// Largest file, in megabytes.
const LARGEST_FILE_MB: usize = 20;

pub(super) fn routes(web: &Web) -> Router<Web> {
    let creating = Router::new()
        .route("/rehearsals", get(list).post(start))
        .layer(from_fn_with_state(web.clone(), idempotency::once));
    Router::new()
        .merge(creating)
        .route("/rehearsals/{id}", get(show).delete(remove))
        .route("/rehearsals/{id}/end", post(end))
        .route("/rehearsals/{id}/sheet", get(sheet))
        .route("/rehearsals/{id}/cases", get(cases))
        .route("/rehearsals/{id}/next", get(next))
        .route("/rehearsals/{id}/undo", post(undo))
        .route("/rehearsal-cases/{id}/verdict", post(judge))
}

/// `GET /api/v1/rehearsals`
async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<RehearsalView>>, Problem> {
    let found = rehearsal::rehearsals(&web.app, &caller, query.after.as_deref(), query.limit()).await?;
    Ok(Json(found))
}

#[derive(Debug, Deserialize)]
struct Wish {
    name: String,
    agent: Option<String>,
    limit: Option<usize>,
}

/// `POST /api/v1/rehearsals?name=&agent=&limit=`; the body is the file.
async fn start(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(Wish { name, agent, limit }): Query<Wish>,
    Upload(file): Upload<LARGEST_FILE_MB>,
) -> Result<(StatusCode, Json<RehearsalView>), Problem> {
    let wish = Start {
        name,
        // A form sends an empty field for what was not chosen.
        agent: agent.filter(|agent| !agent.is_empty()),
        limit,
        bytes: file.into(),
    };
    let begun = rehearsal::start(&web.app, &caller, wish).await?;
    Ok((StatusCode::CREATED, Json(begun)))
}

/// `GET /api/v1/rehearsals/{id}`
async fn show(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<RehearsalId>,
) -> Result<Json<RehearsalView>, Problem> {
    Ok(Json(rehearsal::show(&web.app, &caller, id).await?))
}

/// `DELETE /api/v1/rehearsals/{id}`
async fn remove(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<RehearsalId>,
) -> Result<StatusCode, Problem> {
    rehearsal::remove(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/rehearsals/{id}/end`
async fn end(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<RehearsalId>,
) -> Result<Json<RehearsalView>, Problem> {
    Ok(Json(rehearsal::end(&web.app, &caller, id).await?))
}

/// `GET /api/v1/rehearsals/{id}/sheet`
async fn sheet(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<RehearsalId>,
) -> Result<Json<SheetView>, Problem> {
    Ok(Json(rehearsal::sheet(&web.app, &caller, id).await?))
}

#[derive(Debug, Deserialize)]
struct Written {
    #[serde(default)]
    format: Format,
}

/// `GET /api/v1/rehearsals/{id}/cases?format=csv`
async fn cases(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<RehearsalId>,
    Query(Written { format }): Query<Written>,
) -> Result<Response, Problem> {
    let found = rehearsal::cases(&web.app, &caller, id).await?;
    let row = |case: &rehearsal::CaseRow| {
        vec![
            json!(case.id),
            json!(case.line),
            json!(case.external_id),
            json!(case.standing),
            json!(case.question),
            json!(case.answer),
            json!(case.text),
            json!(case.mode),
            json!(case.topic),
            json!(case.silent_because),
            json!(case.sources.join(" | ")),
            json!(case.note),
        ]
    };
    let columns = [
        "id",
        "line",
        "external_id",
        "standing",
        "question",
        "answer",
        "text",
        "mode",
        "topic",
        "silent_because",
        "sources",
        "note",
    ];
    table("rehearsal", &columns, found.iter().map(row).collect(), format)
}

/// `GET /api/v1/rehearsals/{id}/next`
async fn next(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<RehearsalId>,
) -> Result<Json<NextCase>, Problem> {
    Ok(Json(rehearsal::next(&web.app, &caller, id).await?))
}

/// `POST /api/v1/rehearsals/{id}/undo`
async fn undo(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<RehearsalId>,
) -> Result<Json<NextCase>, Problem> {
    Ok(Json(rehearsal::undo(&web.app, &caller, id).await?))
}

/// `POST /api/v1/rehearsal-cases/{id}/verdict`
async fn judge(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<RehearsalCaseId>,
    JsonBody(judged): JsonBody<Judged>,
) -> Result<Json<Progress>, Problem> {
    Ok(Json(rehearsal::judge(&web.app, &caller, id, judged).await?))
}
