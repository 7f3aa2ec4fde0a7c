//! How the server is: what `holdpoint doctor` reads.

use crate::app::status::{self, Status};
use crate::web::error::Problem;
use crate::web::extract::Known;
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;

/// `GET /api/v1/status`
pub(super) async fn status(State(web): State<Web>, Known(caller): Known) -> Result<Json<Status>, Problem> {
    Ok(Json(status::status(&web.app, caller.as_ref()).await?))
}
