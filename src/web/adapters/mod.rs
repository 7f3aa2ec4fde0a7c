//! Adapters: what other frameworks ask and read about approvals, over the one core. `POST` with the same body again is the same
//! question: it waits on, and answers once it is decided.
//!
//! Each is a pure translation ([`langchain`], [`openai`]); what both need is here. Whatever is approved is taken (consumed)
//! before it is told, so that it is told once: a framework that asks again for what it was given gets 409.

mod langchain;
mod openai;

use super::edge::{Answer, Api, OwnApi, Wish};
use super::error::Problem;
use super::extract::{Query, Upload, parse_json};
use super::state::Web;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Seconds that a request waits for a decision at most, as everywhere in the API.
const LONGEST_WAIT_S: u64 = 60;

/// What a person may do about a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AllowedDecision {
    Approve,
    Edit,
    Reject,
    Respond,
}

/// An approval to be asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Proposal {
    tool_call_id: String,
    name: String,
    args: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args_schema: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_decisions: Option<Vec<AllowedDecision>>,
}

/// An id made of several texts: the same for the same ones, and none other for others.
fn digest(framework: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let id: String = hash
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{framework}-{id}")
}

/// An approval that is no longer pending.
#[derive(Debug)]
struct Decided {
    approval: Value,
    /// What was taken, where it was approved.
    run: Option<Value>,
}

/// How far the approvals of one question are.
#[derive(Debug)]
enum Progress {
    /// At least one waits for a person; the ids of all.
    Pending(Vec<Value>),
    /// All are decided, and what was approved has been taken.
    Decided(Vec<Decided>),
}

/// The adapters' routes, below `/api/v1/adapters`.
pub(super) fn routes(api: &Arc<OwnApi>) -> Router<Web> {
    Router::new()
        .route("/langchain", post(ask_from_langchain))
        .route("/openai", post(ask_from_openai))
        .layer(Extension(api.clone()))
}

#[derive(Debug, Deserialize)]
struct Wait {
    #[serde(default)]
    wait_s: u64,
}

impl Wait {
    fn seconds(&self) -> u64 {
        self.wait_s.min(LONGEST_WAIT_S)
    }
}

/// `POST /api/v1/adapters/langchain?wait_s=`
async fn ask_from_langchain(
    Extension(api): Extension<Arc<OwnApi>>,
    asker: Parts,
    Query(wait): Query<Wait>,
    Upload(body): Upload<1>,
) -> Result<Response, Problem> {
    let question: langchain::Asked = parse_json(&body)?;
    let per_call = question.is_per_call();
    let proposals = question.proposals().map_err(Problem::invalid)?;
    Ok(match put(&*api, &asker, &proposals, wait.seconds()).await? {
        Progress::Pending(ids) => pending(&ids),
        Progress::Decided(decided) => {
            let mut decisions = decided
                .iter()
                .map(|decided| langchain::decision(&decided.approval, decided.run.as_ref()));
            let answer = if per_call {
                decisions.next().unwrap_or_default()
            } else {
                json!({ "decisions": decisions.collect::<Vec<_>>() })
            };
            Json(answer).into_response()
        }
    })
}

/// `POST /api/v1/adapters/openai?wait_s=`
async fn ask_from_openai(
    Extension(api): Extension<Arc<OwnApi>>,
    asker: Parts,
    Query(wait): Query<Wait>,
    Upload(body): Upload<1>,
) -> Result<Response, Problem> {
    let question: openai::Asked = parse_json(&body)?;
    let id = question.id.clone();
    let proposal = question.proposal().map_err(Problem::invalid)?;
    Ok(match put(&*api, &asker, &[proposal], wait.seconds()).await? {
        Progress::Pending(ids) => pending(&ids),
        Progress::Decided(decided) => {
            let item = decided
                .first()
                .map(|decided| openai::response(&id, &decided.approval, decided.run.is_some()));
            Json(item).into_response()
        }
    })
}

fn pending(ids: &[Value]) -> Response {
    let body = Json(json!({ "status": "pending", "approval_ids": ids }));
    (StatusCode::ACCEPTED, body).into_response()
}

/// Asks for approvals, or finds those that the same question asked for before, and waits for all of them. Once all are decided,
/// what was approved is taken.
async fn put(api: &impl Api, asker: &Parts, proposals: &[Proposal], wait_s: u64) -> Result<Progress, Problem> {
    let until = Instant::now() + Duration::from_secs(wait_s);
    let mut approvals = propose(api, asker, proposals).await?;
    for approval in &mut approvals {
        let left_s = until.saturating_duration_since(Instant::now()).as_secs();
        if approval["status"] == "pending" && left_s > 0 {
            let id = approval["id"].as_str().unwrap_or_default().to_owned();
            *approval = ask(api, asker, Wish::approval(&id, left_s)).await?;
        }
    }
    if approvals.iter().any(|approval| approval["status"] == "consumed") {
        return Err(given_out());
    }
    if approvals.iter().any(|approval| approval["status"] == "pending") {
        let ids = approvals.iter().map(|approval| approval["id"].clone());
        return Ok(Progress::Pending(ids.collect()));
    }
    let mut decided = Vec::with_capacity(approvals.len());
    for approval in approvals {
        let run = if approval["status"] == "approved" {
            Some(ask(api, asker, Wish::consume(&approval)).await?)
        } else {
            None
        };
        decided.push(Decided { approval, run });
    }
    Ok(Progress::Decided(decided))
}

/// All of them or none: what was proposed before one that is refused is withdrawn.
async fn propose(api: &impl Api, asker: &Parts, proposals: &[Proposal]) -> Result<Vec<Value>, Problem> {
    let mut approvals = Vec::with_capacity(proposals.len());
    let mut made: Vec<String> = Vec::new();
    for proposal in proposals {
        let answer = told(api, asker, Wish::propose(json!(proposal))).await?;
        if !answer.status.is_success() {
            for id in made {
                // Whatever comes of it, the refusal is what is told.
                let _withdrawn = told(api, asker, Wish::cancel(&id)).await;
            }
            return Err(refusal(&answer));
        }
        if answer.status == StatusCode::CREATED {
            made.extend(answer.body["id"].as_str().map(str::to_owned));
        }
        approvals.push(answer.body);
    }
    Ok(approvals)
}

async fn ask(api: &impl Api, asker: &Parts, wish: Wish) -> Result<Value, Problem> {
    let answer = told(api, asker, wish).await?;
    if answer.status.is_success() {
        Ok(answer.body)
    } else {
        Err(refusal(&answer))
    }
}

async fn told(api: &impl Api, asker: &Parts, wish: Wish) -> Result<Answer, Problem> {
    api.ask(Some(asker), wish).await.map_err(|cause| {
        tracing::error!(%cause, "An adapter could not ask the API");
        Problem::internal_error()
    })
}

fn given_out() -> Problem {
    Problem::conflict("What was approved here was given out already, and is given out once; ask under another id.")
}

/// A refusal of the API, as it was.
fn refusal(answer: &Answer) -> Problem {
    let detail = answer.body["detail"].as_str().unwrap_or_default().to_owned();
    match answer.status {
        StatusCode::CONFLICT => Problem::conflict(detail),
        StatusCode::GONE => Problem::gone(detail),
        StatusCode::TOO_MANY_REQUESTS => Problem::too_many(detail).retry_after_s(10),
        status => Problem {
            detail: detail.into(),
            ..Problem::of_status(status)
        },
    }
}

#[cfg(test)]
mod tests;
