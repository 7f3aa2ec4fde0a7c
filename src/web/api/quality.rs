//! Quality: the certificate, the months' statements, the draws; and what the owner allows.

use super::PageQuery;
use crate::app::evidence::{
    self, Accuracy, AnswersInput, AutonomyInput, DrawView, PlanInput, PlanView, Quality, Table,
};
use crate::domain::settings::AutonomySettings;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::sheet::{Format, sheet};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

/// `GET /api/v1/quality`
pub(super) async fn show(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Quality>, Problem> {
    Ok(Json(evidence::quality(&web.app, &caller).await?))
}

#[derive(Debug, Deserialize)]
pub(super) struct WhichMonth {
    month: String,
}

/// `GET /api/v1/quality/draw?month=`
pub(super) async fn draw(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(WhichMonth { month }): Query<WhichMonth>,
) -> Result<Json<DrawView>, Problem> {
    Ok(Json(evidence::verify_draw(&web.app, &caller, &month).await?))
}

/// `GET /api/v1/autonomy`
pub(super) async fn autonomy(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<Json<AutonomySettings>, Problem> {
    Ok(Json(evidence::autonomy(&web.app, &caller).await?))
}

/// `PUT /api/v1/autonomy`
pub(super) async fn set_autonomy(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(input): JsonBody<AutonomyInput>,
) -> Result<Json<AutonomySettings>, Problem> {
    Ok(Json(evidence::set_autonomy(&web.app, &caller, input).await?))
}

/// `GET /api/v1/quality/accuracy`
pub(super) async fn accuracy(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Accuracy>, Problem> {
    Ok(Json(evidence::accuracy(&web.app, &caller).await?))
}

#[derive(Debug, Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    format: Format,
}

/// `GET /api/v1/quality/tables/{table}?format=csv`
pub(super) async fn table(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(which): InPath<Table>,
    Query(Written { format }): Query<Written>,
) -> Result<Response, Problem> {
    let table = evidence::table(&web.app, &caller, which).await?;
    sheet(which.name(), table.columns, table.rows, format)
}

/// `GET /api/v1/quality/answers?month=&what=&topic=&version=&band=&format=csv`
pub(super) async fn answers(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(input): Query<AnswersInput>,
    Query(page): Query<PageQuery>,
    Query(Written { format }): Query<Written>,
) -> Result<Response, Problem> {
    let found = evidence::answers(&web.app, &caller, &input, page.after.as_deref(), page.limit()).await?;
    if format == Format::Json {
        return Ok(Json(found).into_response());
    }
    let row = |row: &evidence::AnswerRow| {
        vec![
            json!(row.draft_id),
            json!(row.conversation_id),
            json!(row.at),
            json!(row.mode),
            json!(row.topic),
            json!(row.is_sent),
            json!(row.verdict),
            json!(row.question),
            json!(row.answer),
        ]
    };
    let columns = [
        "draft_id",
        "conversation_id",
        "at",
        "mode",
        "topic",
        "is_sent",
        "verdict",
        "question",
        "answer",
    ];
    sheet("answers", &columns, found.items.iter().map(row).collect(), format)
}

/// `GET /api/v1/planner?conversations=&limit=&confidence=&reviews=`
pub(super) async fn plan(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(input): Query<PlanInput>,
) -> Result<Json<PlanView>, Problem> {
    Ok(Json(evidence::planned(&web.app, &caller, input).await?))
}
