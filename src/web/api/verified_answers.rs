//! Verified answers: read, add, change, say that one is still right, retire; and the rules for them.

use crate::app::knowledge::{
    self, AnswerRulesInput, ChangedAnswer, ConflictView, NewVerifiedAnswer, VerifiedAnswerView, WhichAnswers,
    WholeAnswer, Written,
};
use crate::app::views::Page;
use crate::domain::ids::{ConflictId, VerifiedAnswerId};
use crate::domain::settings::AnswerRules;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::state::Web;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// All but what creates one.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/verified-answers/to-look-at", get(to_look_at))
        .route("/verified-answers/rules", get(rules).put(set_rules))
        .route("/verified-answers/{id}", get(one).put(change).delete(retire))
        .route("/verified-answers/{id}/still-right", post(still_right))
}

#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    #[serde(default)]
    show: WhichAnswers,
}

/// `GET /api/v1/verified-answers?show=`
pub(super) async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<VerifiedAnswerView>>, Problem> {
    let items = knowledge::verified_answers_of(&web.app, &caller, filter.show).await?;
    Ok(Json(Page { items, next: None }))
}

#[derive(Debug, Serialize)]
struct ToLookAt {
    #[serde(flatten)]
    answer: VerifiedAnswerView,
    conflicts: Vec<ConflictView>,
}

#[derive(Debug, Serialize)]
struct AllToLookAt {
    items: Vec<ToLookAt>,
}

/// `GET /api/v1/verified-answers/to-look-at`
async fn to_look_at(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<AllToLookAt>, Problem> {
    let found = knowledge::answers_to_look_at(&web.app, &caller).await?.into_iter();
    let items = found.map(|(answer, conflicts)| ToLookAt { answer, conflicts });
    Ok(Json(AllToLookAt { items: items.collect() }))
}

/// `GET /api/v1/verified-answers/{id}`
async fn one(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<VerifiedAnswerId>,
) -> Result<Json<WholeAnswer>, Problem> {
    Ok(Json(knowledge::verified_answer(&web.app, &caller, id).await?))
}

/// What is live was made; what waits for a second person was accepted only.
const fn status(written: Written, live: StatusCode) -> StatusCode {
    match written.candidate_id {
        Some(_) => StatusCode::ACCEPTED,
        None => live,
    }
}

/// `POST /api/v1/verified-answers`
pub(super) async fn add(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(new): JsonBody<NewVerifiedAnswer>,
) -> Result<(StatusCode, Json<Written>), Problem> {
    let written = knowledge::add_verified_answer(&web.app, &caller, &new).await?;
    Ok((status(written, StatusCode::CREATED), Json(written)))
}

/// `PUT /api/v1/verified-answers/{id}`
async fn change(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<VerifiedAnswerId>,
    JsonBody(new): JsonBody<ChangedAnswer>,
) -> Result<(StatusCode, Json<Written>), Problem> {
    let written = knowledge::change_verified_answer(&web.app, &caller, id, new).await?;
    Ok((status(written, StatusCode::OK), Json(written)))
}

/// `DELETE /api/v1/verified-answers/{id}`
async fn retire(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<VerifiedAnswerId>,
) -> Result<StatusCode, Problem> {
    knowledge::retire_verified_answer(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    #[serde(default)]
    conflicts: Option<Vec<ConflictId>>,
}

/// `POST /api/v1/verified-answers/{id}/still-right`
async fn still_right(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<VerifiedAnswerId>,
    JsonBody(seen): JsonBody<Seen>,
) -> Result<Json<WholeAnswer>, Problem> {
    knowledge::confirm_answer(&web.app, &caller, id, seen.conflicts).await?;
    Ok(Json(knowledge::verified_answer(&web.app, &caller, id).await?))
}

/// `GET /api/v1/verified-answers/rules`
async fn rules(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<AnswerRules>, Problem> {
    Ok(Json(knowledge::answer_rules(&web.app, &caller).await?))
}

/// `PUT /api/v1/verified-answers/rules`
async fn set_rules(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(input): JsonBody<AnswerRulesInput>,
) -> Result<Json<AnswerRules>, Problem> {
    Ok(Json(knowledge::set_answer_rules(&web.app, &caller, input).await?))
}
