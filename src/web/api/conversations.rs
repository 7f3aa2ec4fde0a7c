//! Conversations: read, take over, write, hand back.

use super::PageQuery;
use crate::app::conversations::{self, ConversationSummary, ConversationView};
use crate::app::copilot::{self, Suggestion};
use crate::app::views::{MessageView, Page};
use crate::app::{closing, hand_over, takeover};
use crate::domain::ids::ConversationId;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Only what counts as spam.
#[derive(Debug, Deserialize)]
pub(super) struct OnlySpam {
    #[serde(default)]
    spam: bool,
}

/// `GET /api/v1/conversations?spam=true`
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<PageQuery>,
    Query(OnlySpam { spam }): Query<OnlySpam>,
) -> Result<Json<Page<ConversationSummary>>, Problem> {
    Ok(Json(
        conversations::list(&web.app, &caller, spam, query.after.as_deref(), query.limit()).await?,
    ))
}

/// `GET /api/v1/conversations/{id}`
pub(super) async fn one(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
) -> Result<Json<ConversationView>, Problem> {
    Ok(Json(conversations::conversation(&web.app, &caller, id).await?))
}

/// `POST /api/v1/conversations/{id}/take-over`
pub(super) async fn take_over(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
) -> Result<Json<Value>, Problem> {
    takeover::take_over(&web.app, &caller, id).await?;
    Ok(Json(json!({ "owner": "person" })))
}

/// What the AI is to know when it goes on.
#[derive(Debug, Default, Deserialize)]
pub(super) struct HandBack {
    #[serde(default)]
    note: String,
}

/// `POST /api/v1/conversations/{id}/hand-back`
pub(super) async fn hand_back(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
    JsonBody(wish): JsonBody<HandBack>,
) -> Result<Json<Value>, Problem> {
    takeover::hand_back_with(&web.app, &caller, id, &wish.note).await?;
    Ok(Json(json!({ "owner": "ai" })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HandOver {
    reason: String,
}

/// `POST /api/v1/conversations/{id}/hand-over`
pub(super) async fn hand_over(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
    JsonBody(wish): JsonBody<HandOver>,
) -> Result<Json<Value>, Problem> {
    let outcome = hand_over::hand_over(&web.app, &caller, id, &wish.reason).await?;
    Ok(Json(json!({ "with": outcome })))
}

/// `POST /api/v1/conversations/{id}/close`
pub(super) async fn close(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
) -> Result<Json<Value>, Problem> {
    closing::close(&web.app, &caller, id).await?;
    Ok(Json(json!({ "closed": true })))
}

/// `POST /api/v1/conversations/{id}/copilot`: what the AI would answer. Nothing is stored or sent.
pub(super) async fn copilot(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
) -> Result<Json<Suggestion>, Problem> {
    Ok(Json(copilot::suggest(&web.app, &caller, id).await?))
}

#[derive(Debug, Deserialize)]
pub(super) struct Written {
    client_id: String,
    text: String,
}

/// `POST /api/v1/conversations/{id}/messages`
pub(super) async fn write(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
    JsonBody(written): JsonBody<Written>,
) -> Result<(StatusCode, Json<MessageView>), Problem> {
    let message = takeover::write(&web.app, &caller, id, &written.client_id, &written.text).await?;
    Ok((StatusCode::CREATED, Json(message)))
}
