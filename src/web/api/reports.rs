//! Reports, their links, their settings and their logo.

use super::PageQuery;
use crate::app::mail::MailView;
use crate::app::report::{self, NewLink, Preview, ReportInput, ReportSummary, ReportView, Sent};
use crate::app::views::Page;
use crate::domain::ids::{ReportId, ReportLinkId};
use crate::domain::report::ReportSettings;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query, Upload};
use crate::web::idempotency;
use crate::web::sheet::{Format, sheet};
use crate::web::state::Web;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use http::StatusCode;
use http::header::CONTENT_DISPOSITION;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes(web: &Web) -> Router<Web> {
    let creating = Router::new()
        .route("/reports", get(list).post(make))
        .route("/reports/test", post(test))
        .route("/reports/{id}/send", post(send))
        .route("/reports/{id}/links", post(link))
        .layer(from_fn_with_state(web.clone(), idempotency::once));
    Router::new()
        .route("/reports/preview", get(preview))
        .route("/reports/settings", get(settings).put(set_settings))
        .route("/reports/logo", get(logo).put(set_logo).delete(remove_logo))
        .route("/reports/{id}", get(one))
        .route("/reports/{id}/figures", get(figures))
        .route("/reports/{id}/report.pdf", get(pdf))
        .route("/reports/{id}/mail.html", get(mail))
        .route("/reports/links/{link}", delete(revoke))
        .merge(creating)
}

/// `GET /api/v1/reports?after=&limit=`
async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ReportSummary>>, Problem> {
    Ok(Json(
        report::reports(&web.app, &caller, page.after.as_deref(), page.limit()).await?,
    ))
}

/// `POST /api/v1/reports` `{kind, day?}`: the one that was made before, where it was.
async fn make(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(input): JsonBody<ReportInput>,
) -> Result<(StatusCode, Json<ReportView>), Problem> {
    let made = report::make(&web.app, &caller, &input).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// `GET /api/v1/reports/preview?kind=&day=`
async fn preview(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(input): Query<ReportInput>,
) -> Result<Json<Preview>, Problem> {
    Ok(Json(report::preview(&web.app, &caller, &input).await?))
}

/// `POST /api/v1/reports/test` `{kind, day?}`
async fn test(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(input): JsonBody<ReportInput>,
) -> Result<(StatusCode, Json<MailView>), Problem> {
    let queued = report::test(&web.app, &caller, &input).await?;
    Ok((StatusCode::CREATED, Json(queued)))
}

/// `GET /api/v1/reports/{id}`
async fn one(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ReportId>,
) -> Result<Json<ReportView>, Problem> {
    Ok(Json(report::report(&web.app, &caller, id).await?))
}

#[derive(Debug, Deserialize)]
struct Written {
    #[serde(default)]
    format: Format,
}

/// `GET /api/v1/reports/{id}/figures?format=csv`
async fn figures(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ReportId>,
    Query(Written { format }): Query<Written>,
) -> Result<Response, Problem> {
    let table = report::figures(&web.app, &caller, id).await?;
    sheet("report", table.columns, table.rows, format)
}

/// `GET /api/v1/reports/{id}/report.pdf`
async fn pdf(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ReportId>,
) -> Result<Response, Problem> {
    let view = report::report(&web.app, &caller, id).await?;
    let bytes = report::pdf_of(&web.app, &caller, id).await?;
    Ok(crate::web::reports::pdf_file(&view.summary, bytes))
}

/// `GET /api/v1/reports/{id}/mail.html`
async fn mail(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ReportId>,
) -> Result<Response, Problem> {
    let mail = report::as_mail(&web.app, &caller, id).await?;
    let headers = [
        (http::header::CONTENT_SECURITY_POLICY, crate::web::reports::MAIL_POLICY),
        (CONTENT_DISPOSITION, "inline; filename=\"report.html\""),
    ];
    Ok((headers, Html(mail.html)).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipients {
    #[serde(default)]
    to: Vec<String>,
}

/// `POST /api/v1/reports/{id}/send` `{to?}`
async fn send(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ReportId>,
    JsonBody(input): JsonBody<Recipients>,
) -> Result<Json<Sent>, Problem> {
    Ok(Json(report::send(&web.app, &caller, id, &input.to).await?))
}

/// `POST /api/v1/reports/{id}/links`
async fn link(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ReportId>,
) -> Result<(StatusCode, Json<NewLink>), Problem> {
    let made = report::link(&web.app, &caller, id).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// `DELETE /api/v1/reports/links/{link}`
async fn revoke(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(link): InPath<ReportLinkId>,
) -> Result<StatusCode, Problem> {
    report::revoke(&web.app, &caller, link).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/reports/settings`
async fn settings(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<ReportSettings>, Problem> {
    Ok(Json(report::settings(&web.app, &caller).await?))
}

/// `PUT /api/v1/reports/settings`
async fn set_settings(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(wished): JsonBody<ReportSettings>,
) -> Result<Json<ReportSettings>, Problem> {
    Ok(Json(report::set_settings(&web.app, &caller, wished).await?))
}

/// `GET /api/v1/reports/logo`
async fn logo(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Response, Problem> {
    let found = report::logo(&web.app, &caller).await?;
    let found = found.ok_or(crate::app::AppError::NotFound("the logo"))?;
    Ok(crate::web::reports::picture(found))
}

/// `PUT /api/v1/reports/logo`: the picture itself.
async fn set_logo(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Upload(bytes): Upload<1>,
) -> Result<Json<Value>, Problem> {
    let kind = report::set_logo(&web.app, &caller, bytes.to_vec()).await?;
    Ok(Json(json!({ "kind": kind })))
}

/// `DELETE /api/v1/reports/logo`
async fn remove_logo(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<StatusCode, Problem> {
    report::remove_logo(&web.app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
