//! Goals that visitors reached: what stands behind the number of conversions.

use super::analyse::{days_in_words, query};
use super::html;
use super::view::{ReachedLine, ReachedPage, Section};
use super::viewer::Viewer;
use crate::app::engage::{self, ConversionView};
use crate::app::insight::AnalysisInput;
use crate::domain::goal::ConversionSource;
use crate::domain::ids::GoalId;
use crate::web::error::Problem;
use crate::web::extract::Query;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Lines of a page.
const LISTED: u64 = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    goal: Option<GoalId>,
    after: Option<String>,
}

/// `GET /analyse/goals?from=&to=&goal=&after=`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    Query(input): Query<AnalysisInput>,
    Query(Listed { goal, after }): Query<Listed>,
) -> Result<Response, Problem> {
    let (period, found) = engage::reached_in(&web.app, &viewer.caller, &input, goal, after.as_deref(), LISTED).await?;
    let query = query(period, None);
    let of = goal.map(|id| format!("&goal={id}")).unwrap_or_default();
    html(&ReachedPage {
        days: days_in_words(period),
        next: { found.next.as_deref() }.map(|next| format!("/analyse/goals?{query}{of}&after={next}")),
        lines: found.items.iter().map(|row| line(&viewer, row)).collect(),
        query,
        shell: viewer.shell(Section::Analyse),
    })
}

fn line(viewer: &Viewer, row: &ConversionView) -> ReachedLine {
    ReachedLine {
        goal: row.goal.clone(),
        href: format!("/conversations/{}", row.conversation_id),
        worth: match (row.currency, row.value) {
            (Some(currency), Some(value)) => currency.show(value),
            _ => String::new(),
        },
        said_by: match (row.source, row.confirmed_at) {
            (ConversionSource::Page, None) => "as a page says",
            _ => "confirmed by the shop’s server",
        },
        order: row.order_id.clone().unwrap_or_default(),
        at: viewer.moment(row.at),
    }
}
