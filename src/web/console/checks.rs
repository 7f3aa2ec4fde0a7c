//! Quality checks. Which one is next, and its verdict, go through the API.

use super::html;
use super::view::{ChecksPage, Section};
use super::viewer::Viewer;
use crate::domain::account::Scope;
use crate::web::error::Problem;
use axum::response::Response;

/// `GET /checks`
pub(super) async fn page(viewer: Viewer) -> Result<Response, Problem> {
    viewer.caller.require(Scope::Review)?;
    html(&ChecksPage {
        shell: viewer.shell(Section::Checks),
    })
}
