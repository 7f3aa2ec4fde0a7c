//! E-mails: what was or is to be sent.

use super::PageQuery;
use crate::app::mail::{self, MailView};
use crate::app::views::Page;
use crate::domain::ids::MailId;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

/// `GET /api/v1/mails`
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<MailView>>, Problem> {
    Ok(Json(
        mail::list(&web.app, &caller, query.after.as_deref(), query.limit()).await?,
    ))
}

/// `POST /api/v1/mails/{id}/retry`
pub(super) async fn retry(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<MailId>,
) -> Result<Json<MailView>, Problem> {
    Ok(Json(mail::retry(&web.app, &caller, id).await?))
}

#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    to: String,
}

/// `POST /api/v1/admin/mail/test`
pub(super) async fn test(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(wish): JsonBody<Wish>,
) -> Result<(StatusCode, Json<MailView>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(mail::test(&web.app, &caller, &wish.to).await?),
    ))
}
