//! The team: members at work, presence, settings, each one's own queue, spam.

use crate::app::team::{self, Heartbeat, Presence, Profile, ProfileInput, SettingsSaved};
use crate::app::views::Page;
use crate::domain::ids::{ConversationId, MemberId};
use crate::domain::team::TeamSettings;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

fn all<T>(items: Vec<T>) -> Json<Page<T>> {
    Json(Page { items, next: None })
}

/// `GET /api/v1/team`
pub(super) async fn members(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<Json<Page<Profile>>, Problem> {
    Ok(all(team::members(&web.app, &caller).await?))
}

/// `PUT /api/v1/team/members/{id}`
pub(super) async fn set_profile(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<MemberId>,
    JsonBody(input): JsonBody<ProfileInput>,
) -> Result<Json<Value>, Problem> {
    team::set_profile(&web.app, &caller, id, input).await?;
    Ok(Json(json!({})))
}

/// `GET /api/v1/team/settings`
pub(super) async fn settings(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<Json<TeamSettings>, Problem> {
    Ok(Json(team::settings(&web.app, &caller).await?))
}

/// `PUT /api/v1/team/settings`
pub(super) async fn set_settings(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(settings): JsonBody<TeamSettings>,
) -> Result<Json<TeamSettings>, Problem> {
    match team::set_settings(&web.app, &caller, settings).await? {
        SettingsSaved::InForce(settings) => Ok(Json(settings)),
        SettingsSaved::Refused(problems) => Err(super::policy::refused(problems)),
    }
}

/// `GET /api/v1/presence`
pub(super) async fn present(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<Json<Page<Presence>>, Problem> {
    Ok(all(team::present(&web.app, &caller).await?))
}

/// `POST /api/v1/presence`
pub(super) async fn heartbeat(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(beat): JsonBody<Heartbeat>,
) -> Result<Json<Page<Presence>>, Problem> {
    Ok(all(team::heartbeat(&web.app, &caller, beat).await?))
}

/// `DELETE /api/v1/presence`
pub(super) async fn leave(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<StatusCode, Problem> {
    team::leave(&web.app, &caller)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/team/desk`
pub(super) async fn my_desk(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Value>, Problem> {
    Ok(Json(team::my_desk(&web.app, &caller).await?))
}

/// `PUT /api/v1/team/desk`
pub(super) async fn set_my_desk(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(desk): JsonBody<Value>,
) -> Result<Json<Value>, Problem> {
    team::set_my_desk(&web.app, &caller, desk).await?;
    Ok(Json(json!({})))
}

/// `GET /api/v1/spam`
pub(super) async fn spam(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<Json<Page<ConversationId>>, Problem> {
    Ok(all(team::spam(&web.app, &caller, super::LARGEST_PAGE).await?))
}

/// `POST /api/v1/conversations/{id}/spam`
pub(super) async fn mark_spam(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
) -> Result<Json<Value>, Problem> {
    team::mark_spam(&web.app, &caller, id).await?;
    Ok(Json(json!({ "spam": true })))
}

/// `DELETE /api/v1/conversations/{id}/spam`
pub(super) async fn clear_spam(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
) -> Result<StatusCode, Problem> {
    team::clear_spam(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
