//! Settings: what the machine's administrator allows, and how much of it is used.

use super::html;
use super::view::{LimitRow, LimitsPage, Section};
use super::viewer::Viewer;
use crate::app::limits;
use crate::domain::account::Scope;
use crate::domain::limits::Level;
use crate::web::error::Problem;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;

/// `GET /settings/limits`
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    viewer.caller.require(Scope::Admin)?;
    let found = limits::show(&web.app, &viewer.caller).await?;
    let row = |used: limits::UseView| LimitRow {
        in_words: used.in_words,
        beyond: used.beyond,
        used: used.usage.used,
        limit: used.usage.limit,
        standing: match used.usage.level {
            Level::Free => "",
            Level::Near => "Nearly used up.",
            Level::Reached => "Used up.",
        },
    };
    html(&LimitsPage {
        shell: viewer.shell(Section::Settings),
        limits: found.uses.into_iter().map(row).collect(),
    })
}
