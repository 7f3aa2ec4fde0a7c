//! Answers without a change and with it, read blind. What is judged comes from the API, pair by pair: nothing of this page tells which is which.

use super::html;
use super::view::{ComparePage, Section};
use super::viewer::Viewer;
use crate::app::improve;
use crate::domain::account::Scope;
use crate::domain::ids::CandidateId;
use crate::web::error::Problem;
use crate::web::extract::InPath;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;

/// `GET /improve/{id}/compare`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<CandidateId>,
) -> Result<Response, Problem> {
    viewer.caller.require(Scope::Review)?;
    improve::comparison(&web.app, &viewer.caller, id).await?;
    html(&ComparePage {
        shell: viewer.shell(Section::Improve),
        id: id.to_string(),
    })
}
