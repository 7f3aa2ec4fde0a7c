//! Figures, and the conversations behind them: read-only.

use super::PageQuery;
use crate::app::insight::{self, Analysis, AnalysisInput, ConversationRow, MarkedInput, MarkedView, Table};
use crate::domain::insight::{How, Tone};
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, Query};
use crate::web::sheet::{Format, long_sheet, sheet};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};

/// `GET /api/v1/analysis?from=&to=&agent=`
pub(super) async fn show(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(input): Query<AnalysisInput>,
) -> Result<Json<Analysis>, Problem> {
    Ok(Json(insight::analysis(&web.app, &caller, &input).await?))
}

#[derive(Debug, Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    format: Format,
}

/// `GET /api/v1/analysis/tables/{table}?from=&to=&agent=&format=csv`
pub(super) async fn table(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(which): InPath<Table>,
    Query(input): Query<AnalysisInput>,
    Query(Written { format }): Query<Written>,
) -> Result<Response, Problem> {
    let table = insight::table(&web.app, &caller, which, &input).await?;
    sheet(which.name(), table.columns, table.rows, format)
}

/// `GET /api/v1/analysis/marked?mark=&from=&to=&agent=&after=&limit=`
pub(super) async fn marked(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(input): Query<MarkedInput>,
    Query(page): Query<PageQuery>,
) -> Result<Json<MarkedView>, Problem> {
    Ok(Json(
        insight::marked(&web.app, &caller, &input, page.after.as_deref(), page.limit()).await?,
    ))
}

/// `GET /api/v1/analysis/conversations?from=&to=&agent=&after=&limit=&format=csv`: one row per conversation.
pub(super) async fn conversations(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(input): Query<AnalysisInput>,
    Query(page): Query<PageQuery>,
    Query(Written { format }): Query<Written>,
) -> Result<Response, Problem> {
    if format == Format::Json {
        let found = insight::conversations(&web.app, &caller, &input, page.after.as_deref(), page.limit()).await?;
        return Ok(Json(found).into_response());
    }
    // The first page is read before anything is said: what is refused is refused in words.
    let first = insight::conversations(&web.app, &caller, &input, page.after.as_deref(), ROWS_AT_ONCE).await?;
    let pages = stream::try_unfold((Some(first), web, caller, input), async |(page, web, caller, input)| {
        let Some(page) = page else {
            return Ok(None);
        };
        let next = match &page.next {
            Some(after) => Some(insight::conversations(&web.app, &caller, &input, Some(after), ROWS_AT_ONCE).await?),
            None => None,
        };
        let rows = page.items.iter().map(cells).collect();
        Ok(Some((rows, (next, web, caller, input))))
    });
    Ok(long_sheet("conversations", COLUMNS, pages))
}

/// Rows of a file that are read at once.
const ROWS_AT_ONCE: u64 = 500;
const COLUMNS: &[&str] = &[
    "conversation_id",
    "day",
    "began_at",
    "agent_id",
    "version",
    "spam",
    "questions",
    "matched",
    "answers_verified",
    "answers_alone",
    "answers_approved",
    "answers_edited",
    "answers_person",
    "handoff",
    "taken_over",
    "resolution",
    "resolved_by",
    "reopened",
    "first_ai_ms",
    "first_person_ms",
    "stars",
    "turns_negative",
    "turns_neutral",
    "turns_positive",
    "language",
    "left",
];

fn cells(row: &ConversationRow) -> Vec<Value> {
    let told = &row.insight;
    let mut cells = vec![
        json!(row.conversation_id),
        json!(told.day),
        json!(told.began_at),
        json!(told.agent_id),
        json!(told.version),
        json!(told.is_spam),
        json!(told.questions),
        json!(told.matched),
    ];
    cells.extend(
        How::ALL
            .iter()
            .map(|how| json!(told.answers.get(how).copied().unwrap_or_default())),
    );
    cells.extend([
        json!(told.handoff),
        json!(told.is_taken_over),
        json!(told.resolution),
        json!(told.resolved_by),
        json!(told.is_reopened),
        json!(told.first_ai_ms),
        json!(told.first_person_ms),
        json!(told.stars),
    ]);
    cells.extend(
        Tone::ALL
            .iter()
            .map(|tone| json!(told.tones.get(tone).copied().unwrap_or_default())),
    );
    cells.extend([json!(told.language), json!(told.left)]);
    cells
}
