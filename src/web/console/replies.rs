//! Settings: canned replies. Changes go through the API.

use super::html;
use super::view::{RepliesPage, ReplyRow, Section};
use super::viewer::Viewer;
use crate::app::canned;
use crate::web::error::Problem;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;

/// `GET /settings/replies`
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    let replies = canned::list(&web.app, &viewer.caller).await?;
    let row = |reply: canned::CannedView| ReplyRow {
        id: reply.id.to_string(),
        shortcut: reply.shortcut,
        text: reply.text,
    };
    html(&RepliesPage {
        shell: viewer.shell(Section::Settings),
        replies: replies.into_iter().map(row).collect(),
    })
}
