//! Approvals for any agent: ask, wait, use; and what people decide about them, and about what Holdpoint's own tools shall do.

use super::PageQuery;
use crate::app::actions::{self, ActionView, ApprovalView, Ask, Consumed, Decide};
use crate::app::views::Page;
use crate::domain::action::ActionStatus;
use crate::domain::ids::ActionId;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::live;
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use std::time::Duration;

/// `POST /api/v1/approvals`
pub(super) async fn ask(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(ask): JsonBody<Ask>,
) -> Result<(StatusCode, Json<ApprovalView>), Problem> {
    let asked = actions::ask(&web.app, &caller, ask).await?;
    let status = if asked.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(asked.approval)))
}

/// Which approvals an agent asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    status: Option<Standing>,
}

/// As agents are told it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Pending,
    Approved,
    Rejected,
    Responded,
    Expired,
    Cancelled,
    Consumed,
}

impl Standing {
    fn statuses(self) -> Vec<ActionStatus> {
        match self {
            Self::Pending => vec![ActionStatus::Waiting, ActionStatus::Decided],
            Self::Approved => vec![ActionStatus::Approved],
            Self::Rejected => vec![ActionStatus::Rejected],
            Self::Responded => vec![ActionStatus::Responded],
            Self::Expired => vec![ActionStatus::Expired],
            Self::Cancelled => vec![ActionStatus::Cancelled],
            Self::Consumed => vec![ActionStatus::Consumed],
        }
    }
}

/// `GET /api/v1/approvals`
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(page): Query<PageQuery>,
    Query(wish): Query<Wish>,
) -> Result<Json<Page<ApprovalView>>, Problem> {
    let statuses = wish.status.map(Standing::statuses).unwrap_or_default();
    let found = actions::of_agent_all(&web.app, &caller, statuses, page.after.as_deref(), page.limit());
    Ok(Json(found.await?))
}

/// How long to wait for a decision.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wait {
    #[serde(default)]
    wait_s: u64,
}

/// `GET /api/v1/approvals/{id}`: with `?wait_s=` as soon as it is decided, or when that time is over.
pub(super) async fn one(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ActionId>,
    Query(wait): Query<Wait>,
) -> Result<Json<ApprovalView>, Problem> {
    if wait.wait_s == 0 {
        return Ok(Json(actions::of_agent(&web.app, &caller, id).await?));
    }
    // Whoever waits holds a place, as a stream does.
    let _place = web.place_for(&caller)?;
    let decided = actions::waited_for(&web.app, &caller, id, Duration::from_secs(wait.wait_s));
    tokio::select! {
        decided = decided => Ok(Json(decided?)),
        () = web.stop_streams().cancelled() => Ok(Json(actions::of_agent(&web.app, &caller, id).await?)),
    }
}

/// `GET /api/v1/approvals/stream`
pub(super) async fn stream(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok());
    live::approvals(&web, caller, last).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Use {
    args_hash: String,
}

/// `POST /api/v1/approvals/{id}/consume`
pub(super) async fn consume(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ActionId>,
    JsonBody(wish): JsonBody<Use>,
) -> Result<Json<Consumed>, Problem> {
    Ok(Json(actions::consume(&web.app, &caller, id, &wish.args_hash).await?))
}

/// `POST /api/v1/approvals/{id}/cancel`
pub(super) async fn cancel(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ActionId>,
) -> Result<Json<ApprovalView>, Problem> {
    Ok(Json(actions::cancel(&web.app, &caller, id).await?))
}

/// `POST /api/v1/approvals/{id}/decision`
pub(super) async fn decide(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ActionId>,
    JsonBody(wish): JsonBody<Decide>,
) -> Result<Json<ActionView>, Problem> {
    Ok(Json(actions::decide(&web.app, &caller, id, wish).await?))
}

/// `POST /api/v1/approvals/{id}/undo`
pub(super) async fn undo(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ActionId>,
) -> Result<Json<ActionView>, Problem> {
    Ok(Json(actions::undo(&web.app, &caller, id).await?))
}

/// `POST /api/v1/approvals/{id}/lease`
pub(super) async fn lease(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ActionId>,
) -> Result<Json<ActionView>, Problem> {
    Ok(Json(actions::lease(&web.app, &caller, id).await?))
}

/// `DELETE /api/v1/approvals/{id}/lease`
pub(super) async fn release_lease(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ActionId>,
) -> Result<Json<ActionView>, Problem> {
    Ok(Json(actions::release_lease(&web.app, &caller, id).await?))
}
