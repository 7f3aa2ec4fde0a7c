//! Goals, what visitors reached of them, and people to be called back.

use super::PageQuery;
use crate::app::engage::{
    self, Claim, ConversionView, ConversionWish, GoalChange, GoalView, LeadChange, LeadView, LeadWish, Recorded, Wall,
};
use crate::app::views::Page;
use crate::domain::goal::Goal;
use crate::domain::ids::{GoalId, LeadId};
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::idempotency;
use crate::web::sheet::{Format, download};
use crate::web::state::Web;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Leads in one file at most: what is more is told.
const MOST_IN_A_FILE: usize = 20_000;

pub(super) fn routes(web: &Web) -> Router<Web> {
    let creating = Router::new()
        .route("/goals", get(goals).post(add_goal))
        .route("/conversions", get(conversions).post(report))
        .layer(from_fn_with_state(web.clone(), idempotency::once));
    Router::new()
        .route("/goals/{id}", get(goal).patch(change_goal))
        .route("/currency", get(currency).put(set_currency))
        .route("/leads", get(leads))
        .route("/leads/{id}", get(lead).patch(change_lead))
        .route("/wall", get(wall))
        .merge(creating)
}

/// `GET /api/v1/goals`
async fn goals(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Value>, Problem> {
    let items = engage::goals(&web.app, &caller).await?;
    Ok(Json(json!({ "items": items })))
}

/// `GET /api/v1/goals/{id}`
async fn goal(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<GoalId>,
) -> Result<Json<GoalView>, Problem> {
    Ok(Json(engage::goal(&web.app, &caller, id).await?))
}

/// `POST /api/v1/goals`
async fn add_goal(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(goal): JsonBody<Goal>,
) -> Result<(StatusCode, Json<GoalView>), Problem> {
    let added = engage::add_goal(&web.app, &caller, goal).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// `PATCH /api/v1/goals/{id}`
async fn change_goal(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<GoalId>,
    JsonBody(change): JsonBody<GoalChange>,
) -> Result<Json<GoalView>, Problem> {
    Ok(Json(engage::change_goal(&web.app, &caller, id, change).await?))
}

/// `GET /api/v1/conversions`
async fn conversions(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(page): Query<PageQuery>,
    Query(wish): Query<ConversionWish>,
) -> Result<Json<Page<ConversionView>>, Problem> {
    let found = engage::conversions(&web.app, &caller, wish, page.after.as_deref(), page.limit());
    Ok(Json(found.await?))
}

/// `POST /api/v1/conversions`: 201 if it counts by this, 200 if it was counted before or counts for no conversation.
async fn report(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(claim): JsonBody<Claim>,
) -> Result<(StatusCode, Json<Recorded>), Problem> {
    let recorded = engage::report(&web.app, &caller, &claim).await?;
    let status = if recorded.counted {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(recorded)))
}

/// `GET /api/v1/currency`
async fn currency(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Value>, Problem> {
    let currency = engage::currency(&web.app, &caller).await?;
    Ok(Json(json!({ "currency": currency, "decimals": currency.decimals() })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CurrencyWish {
    currency: String,
}

/// `PUT /api/v1/currency`
async fn set_currency(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(wish): JsonBody<CurrencyWish>,
) -> Result<Json<Value>, Problem> {
    let currency = engage::set_currency(&web.app, &caller, &wish.currency).await?;
    Ok(Json(json!({ "currency": currency, "decimals": currency.decimals() })))
}

#[derive(Debug, Deserialize)]
struct FileWish {
    #[serde(default)]
    format: Format,
    /// Begin with the mark by which spreadsheets know that it is Unicode.
    #[serde(default)]
    bom: bool,
}

/// `GET /api/v1/leads`, as JSON or, whole, as CSV
async fn leads(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(page): Query<PageQuery>,
    Query(wish): Query<LeadWish>,
    Query(file): Query<FileWish>,
) -> Result<Response, Problem> {
    if file.format == Format::Json {
        let found = engage::leads(&web.app, &caller, &wish, page.after.as_deref(), page.limit()).await?;
        return Ok(Json(found).into_response());
    }
    let mut rows = Vec::new();
    let mut after = page.after;
    loop {
        let found = engage::leads(&web.app, &caller, &wish, after.as_deref(), super::LARGEST_PAGE).await?;
        rows.extend(found.items.iter().map(cells));
        after = found.next;
        if after.is_none() || rows.len() >= MOST_IN_A_FILE {
            break;
        }
    }
    let columns = [
        "id",
        "name",
        "contact",
        "note",
        "stage",
        "owner",
        "asked",
        "first_asked_at",
        "last_asked_at",
        "conversation_id",
    ];
    download("leads", &columns, &rows, file.bom)
}

fn cells(lead: &LeadView) -> Vec<Value> {
    let at = |at: crate::domain::time::Timestamp| {
        let at = jiff::Timestamp::from_millisecond(at.0).map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        json!(at.unwrap_or_default())
    };
    vec![
        json!(lead.id),
        json!(lead.name),
        json!(lead.contact),
        json!(lead.note),
        json!(lead.stage),
        json!(lead.owner_name.clone().unwrap_or_default()),
        json!(lead.occurrences),
        at(lead.created_at),
        at(lead.asked_at),
        json!(lead.conversation_id),
    ]
}

/// `GET /api/v1/leads/{id}`
async fn lead(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<LeadId>,
) -> Result<Json<LeadView>, Problem> {
    Ok(Json(engage::lead(&web.app, &caller, id).await?))
}

/// `PATCH /api/v1/leads/{id}`
async fn change_lead(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<LeadId>,
    JsonBody(change): JsonBody<LeadChange>,
) -> Result<Json<LeadView>, Problem> {
    Ok(Json(engage::change_lead(&web.app, &caller, id, change).await?))
}

/// `GET /api/v1/wall`
async fn wall(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Wall>, Problem> {
    Ok(Json(engage::wall(&web.app, &caller).await?))
}
