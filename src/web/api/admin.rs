//! What administrators do: workspaces (on the socket only), members, set-up links, tokens.

use crate::app::accounts::{self, MemberView, NewMember, NewToken, SetupLink, TokenWish, WorkspaceView};
use crate::app::limits::{self, LimitsView};
use crate::app::views::Page;
use crate::domain::ids::{MemberId, TokenId, WorkspaceId};
use crate::domain::limits::Limits;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, OnSocket};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Serialize)]
pub(super) struct Created<T> {
    id: T,
}

/// `GET /api/v1/admin/workspaces`
pub(super) async fn workspaces(State(web): State<Web>, _: OnSocket) -> Result<Json<Page<WorkspaceView>>, Problem> {
    Ok(Json(Page {
        items: accounts::workspaces(&web.app).await?,
        next: None,
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWorkspace {
    slug: String,
    name: String,
}

/// `POST /api/v1/admin/workspaces`
pub(super) async fn create_workspace(
    State(web): State<Web>,
    _: OnSocket,
    JsonBody(new): JsonBody<NewWorkspace>,
) -> Result<(StatusCode, Json<Created<WorkspaceId>>), Problem> {
    let id = accounts::create_workspace(&web.app, &new.slug, &new.name).await?;
    Ok((StatusCode::CREATED, Json(Created { id })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clocks {
    time_zone: String,
}

/// `PUT /api/v1/admin/time-zone`
pub(super) async fn set_time_zone(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(clocks): JsonBody<Clocks>,
) -> Result<Json<Value>, Problem> {
    accounts::set_time_zone(&web.app, &caller, &clocks.time_zone).await?;
    Ok(Json(json!({ "time_zone": clocks.time_zone.trim() })))
}

/// `POST /api/v1/admin/setup-link`
pub(super) async fn setup_link(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<(StatusCode, Json<SetupLink>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(accounts::create_setup_link(&web.app, &caller).await?),
    ))
}

/// `GET /api/v1/admin/members`
pub(super) async fn members(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<Json<Page<MemberView>>, Problem> {
    Ok(Json(Page {
        items: accounts::members(&web.app, &caller).await?,
        next: None,
    }))
}

/// `POST /api/v1/admin/members`
pub(super) async fn add_member(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(new): JsonBody<NewMember>,
) -> Result<(StatusCode, Json<Created<MemberId>>), Problem> {
    let id = accounts::add_member(&web.app, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(Created { id })))
}

/// `POST /api/v1/admin/tokens`
pub(super) async fn create_token(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(wish): JsonBody<TokenWish>,
) -> Result<(StatusCode, Json<NewToken>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(accounts::create_token(&web.app, &caller, &wish).await?),
    ))
}

/// `DELETE /api/v1/admin/tokens/{id}`
pub(super) async fn revoke_token(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<TokenId>,
) -> Result<StatusCode, Problem> {
    accounts::revoke_token(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsBody {
    conversations_a_month: Option<u64>,
    written_a_month: Option<u64>,
    mails_a_day: Option<u64>,
}

/// `PUT /api/v1/admin/limits`: all of them; one that is left out is none.
pub(super) async fn set_limits(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(body): JsonBody<LimitsBody>,
) -> Result<Json<LimitsView>, Problem> {
    let limits = Limits {
        conversations_a_month: body.conversations_a_month,
        written_a_month: body.written_a_month,
        mails_a_day: body.mails_a_day,
    };
    Ok(Json(limits::set(&web.app, &caller, limits).await?))
}

/// `GET /api/v1/limits`
pub(super) async fn limits(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<LimitsView>, Problem> {
    Ok(Json(limits::show(&web.app, &caller).await?))
}
