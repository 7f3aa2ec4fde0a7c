//! The models of this machine: what there is, for administrators; changes, on the socket only, because they reach every
//! workspace.

use crate::app::models::{self, AddWish, ArrivalView, Chosen, ModelsView, PullWish, Removed};
use crate::app::views::Page;
use crate::domain::ids::ArrivalId;
use crate::domain::log::Actor;
use crate::domain::model::{ModelName, Sha256Digest};
use crate::outbound::Allowed;
use crate::web::error::Problem;
use crate::web::extract::{InPath, JsonBody, OnSocket, Operator};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use std::path::PathBuf;

/// `GET /api/v1/admin/models`
pub(super) async fn list(State(web): State<Web>, _: Operator) -> Result<Json<ModelsView>, Problem> {
    Ok(Json(models::list(&web.app).await?))
}

/// `POST /api/v1/admin/models/verify`
pub(super) async fn verify(State(web): State<Web>, _: Operator) -> Result<Json<ModelsView>, Problem> {
    Ok(Json(models::verify(&web.app).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    file: PathBuf,
    name: Option<ModelName>,
    #[serde(rename = "for")]
    is_for: Option<ModelName>,
}

/// `POST /api/v1/admin/models`
pub(super) async fn add(
    State(web): State<Web>,
    _: OnSocket,
    JsonBody(Add { file, name, is_for }): JsonBody<Add>,
) -> Result<(StatusCode, Json<ArrivalView>), Problem> {
    let arrival = models::add(&web.app, Actor::Admin, AddWish { file, name, is_for }).await?;
    Ok((StatusCode::ACCEPTED, Json(arrival)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pull {
    url: String,
    name: Option<ModelName>,
    sha256: Option<Sha256Digest>,
    token: Option<String>,
    #[serde(default)]
    allow_http: bool,
    #[serde(default)]
    allow_internal: bool,
}

/// `POST /api/v1/admin/models/pulls`
pub(super) async fn pull(
    State(web): State<Web>,
    _: OnSocket,
    JsonBody(wish): JsonBody<Pull>,
) -> Result<(StatusCode, Json<ArrivalView>), Problem> {
    let wish = PullWish {
        url: wish.url,
        name: wish.name,
        sha256: wish.sha256,
        allowed: Allowed {
            http: wish.allow_http,
            internal: wish.allow_internal,
        },
        token: wish.token,
    };
    let arrival = models::pull(&web.app, Actor::Admin, wish).await?;
    Ok((StatusCode::ACCEPTED, Json(arrival)))
}

/// `GET /api/v1/admin/models/pulls`
pub(super) async fn pulls(State(web): State<Web>, _: Operator) -> Result<Json<Page<ArrivalView>>, Problem> {
    Ok(Json(Page {
        items: models::arrivals(&web.app)?,
        next: None,
    }))
}

/// `GET /api/v1/admin/models/pulls/{id}`
pub(super) async fn one_pull(
    State(web): State<Web>,
    _: Operator,
    InPath(id): InPath<ArrivalId>,
) -> Result<Json<ArrivalView>, Problem> {
    Ok(Json(models::arrival(&web.app, id)?))
}

/// `DELETE /api/v1/admin/models/pulls/{id}`
pub(super) async fn cancel(
    State(web): State<Web>,
    _: OnSocket,
    InPath(id): InPath<ArrivalId>,
) -> Result<StatusCode, Problem> {
    models::cancel(&web.app, id)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/admin/models/{name}/use`
pub(super) async fn use_model(
    State(web): State<Web>,
    _: OnSocket,
    InPath(name): InPath<ModelName>,
) -> Result<Json<Chosen>, Problem> {
    Ok(Json(models::use_model(&web.app, Actor::Admin, name).await?))
}

/// `DELETE /api/v1/admin/models/{name}`
pub(super) async fn remove(
    State(web): State<Web>,
    _: OnSocket,
    InPath(name): InPath<ModelName>,
) -> Result<Json<Removed>, Problem> {
    Ok(Json(models::remove(&web.app, Actor::Admin, name).await?))
}
