//! Candidates: changes that are tried before they go live; and the regression set.

use super::PageQuery;
use crate::app::improve::{
    self, CandidateView, ComparisonView, NewCandidate, NewRegressionQuestion, NextPair, PairJudged,
    RegressionQuestionView, WholeCandidate,
};
use crate::app::views::Page;
use crate::domain::ids::{CandidateId, PairId, RegressionQuestionId};
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::idempotency;
use crate::web::state::Web;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};

pub(super) fn routes(web: &Web) -> Router<Web> {
    let creating = Router::new()
        .route("/improve/candidates", get(list).post(propose))
        .route("/improve/questions", get(questions).post(add_question))
        .layer(from_fn_with_state(web.clone(), idempotency::once));
    Router::new()
        .merge(creating)
        .route("/improve/candidates/{id}", get(show).delete(withdraw))
        .route("/improve/candidates/{id}/replay", post(replay))
        .route("/improve/candidates/{id}/publish", post(publish))
        .route("/improve/candidates/{id}/roll-back", post(roll_back))
        .route(
            "/improve/candidates/{id}/comparison",
            get(comparison).post(begin_comparison),
        )
        .route("/improve/candidates/{id}/comparison/next", get(next_pair))
        .route("/improve/comparison-pairs/{id}/verdict", post(judge_pair))
        .route("/improve/questions/{id}", delete(remove_question))
}

/// `GET /api/v1/improve/candidates`
async fn list(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<CandidateView>>, Problem> {
    let found = improve::candidates(&web.app, &caller, query.after.as_deref(), query.limit()).await?;
    Ok(Json(found))
}

/// `POST /api/v1/improve/candidates`
async fn propose(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(new): JsonBody<NewCandidate>,
) -> Result<(StatusCode, Json<CandidateView>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(improve::propose(&web.app, &caller, new).await?),
    ))
}

/// `GET /api/v1/improve/candidates/{id}`
async fn show(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<CandidateId>,
) -> Result<Json<WholeCandidate>, Problem> {
    Ok(Json(improve::candidate(&web.app, &caller, id).await?))
}

/// `DELETE /api/v1/improve/candidates/{id}`: takes off what is not live.
async fn withdraw(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<CandidateId>,
) -> Result<StatusCode, Problem> {
    improve::withdraw(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/improve/candidates/{id}/replay`: tries it once more.
async fn replay(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<CandidateId>,
) -> Result<StatusCode, Problem> {
    improve::try_again(&web.app, &caller, id).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Because {
    #[serde(default)]
    reason: Option<String>,
}

/// `POST /api/v1/improve/candidates/{id}/publish`
async fn publish(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<CandidateId>,
    JsonBody(because): JsonBody<Because>,
) -> Result<Json<WholeCandidate>, Problem> {
    improve::publish(&web.app, &caller, id, because.reason.as_deref()).await?;
    Ok(Json(improve::candidate(&web.app, &caller, id).await?))
}

/// `POST /api/v1/improve/candidates/{id}/roll-back`
async fn roll_back(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<CandidateId>,
    JsonBody(because): JsonBody<Because>,
) -> Result<Json<WholeCandidate>, Problem> {
    improve::roll_back(&web.app, &caller, id, because.reason.as_deref()).await?;
    Ok(Json(improve::candidate(&web.app, &caller, id).await?))
}

/// `GET /api/v1/improve/candidates/{id}/comparison`: what people found who read its answers blind.
async fn comparison(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<CandidateId>,
) -> Result<Json<ComparisonView>, Problem> {
    Ok(Json(improve::comparison(&web.app, &caller, id).await?))
}

/// `POST /api/v1/improve/candidates/{id}/comparison`: has its answers read blind; what was begun goes on.
async fn begin_comparison(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<CandidateId>,
) -> Result<Json<ComparisonView>, Problem> {
    Ok(Json(improve::begin_comparison(&web.app, &caller, id).await?))
}

/// `GET /api/v1/improve/candidates/{id}/comparison/next`
async fn next_pair(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<CandidateId>,
) -> Result<Json<NextPair>, Problem> {
    Ok(Json(improve::next_pair(&web.app, &caller, id).await?))
}

/// `POST /api/v1/improve/comparison-pairs/{id}/verdict`
async fn judge_pair(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<PairId>,
    JsonBody(judged): JsonBody<PairJudged>,
) -> Result<Json<ComparisonView>, Problem> {
    Ok(Json(improve::judge_pair(&web.app, &caller, id, judged).await?))
}

/// `GET /api/v1/improve/questions`: the regression set.
async fn questions(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
) -> Result<Json<Page<RegressionQuestionView>>, Problem> {
    let items = improve::questions(&web.app, &caller).await?;
    Ok(Json(Page { items, next: None }))
}

#[derive(Debug, Serialize)]
struct Added {
    id: RegressionQuestionId,
}

/// `POST /api/v1/improve/questions`
async fn add_question(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(new): JsonBody<NewRegressionQuestion>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    let id = improve::add_question(&web.app, &caller, &new).await?;
    Ok((StatusCode::CREATED, Json(Added { id })))
}

/// `DELETE /api/v1/improve/questions/{id}`
async fn remove_question(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<RegressionQuestionId>,
) -> Result<StatusCode, Problem> {
    improve::remove_question(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
