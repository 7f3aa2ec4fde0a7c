//! Policies and the gate: read, check, try, apply, explain.

use super::PageQuery;
use crate::app::policy::{
    self, Applied, DiffView, DraftExplained, GateView, PolicyView, ProblemView, VersionView, WhatIf, WhatIfView,
    Written, to_toml,
};
use crate::app::views::Page;
use crate::domain::ids::{AgentId, ConversationId};
use crate::domain::policy::Document;
use crate::web::error::{Problem, sentence};
use crate::web::extract::{CallerOf, InPath, JsonBody, Query};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    version: Option<i64>,
}

/// `GET /api/v1/agents/{id}/policy?version=`
pub(super) async fn show(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<AgentId>,
    Query(Which { version }): Query<Which>,
) -> Result<Json<PolicyView>, Problem> {
    Ok(Json(policy::show(&web.app, &caller, id, version).await?))
}

/// A policy in one of its two forms.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    toml: Option<String>,
    document: Option<serde_json::Value>,
    /// The version it was made from.
    base: Option<i64>,
}

impl Sent {
    fn written(self) -> Result<Written, Problem> {
        match (self.toml, self.document) {
            (Some(toml), None) => Ok(Written::Toml(toml)),
            (None, Some(document)) => Ok(Written::Document(document)),
            _ => Err(Problem::invalid(
                "Send the policy either as `toml`, a text, or as `document`, JSON.",
            )),
        }
    }
}

/// What checking found.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    ok: bool,
    problems: Vec<ProblemView>,
    document: Option<Document>,
    toml: Option<String>,
    /// Applying it would end the certificate in force: it lets out what is kept in now, of which nothing is known.
    ends_certificate: bool,
}

/// `POST /api/v1/agents/{id}/policy/check`
pub(super) async fn check(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(agent_id): InPath<AgentId>,
    JsonBody(sent): JsonBody<Sent>,
) -> Result<Json<Checked>, Problem> {
    let checked = policy::checked(&web.app, &caller, &sent.written()?).await?;
    Ok(Json(match checked {
        Ok(document) => Checked {
            ends_certificate: policy::ends_certificate(&web.app, &caller, agent_id, &document).await?,
            ok: true,
            problems: Vec::new(),
            toml: Some(to_toml(&document)),
            document: Some(document),
        },
        Err(problems) => Checked {
            ends_certificate: false,
            ok: false,
            problems: problems.into_iter().map(said).collect(),
            document: None,
            toml: None,
        },
    }))
}

/// `PUT /api/v1/agents/{id}/policy`
pub(super) async fn apply(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<AgentId>,
    JsonBody(sent): JsonBody<Sent>,
) -> Result<Json<PolicyView>, Problem> {
    let base = sent.base;
    match policy::apply(&web.app, &caller, id, &sent.written()?, base).await? {
        Applied::InForce(view) => Ok(Json(*view)),
        Applied::Refused(problems) => Err(refused(problems)),
    }
}

/// `POST /api/v1/agents/{id}/policy/what-if`
pub(super) async fn what_if(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<AgentId>,
    JsonBody(wish): JsonBody<WhatIf>,
) -> Result<Json<WhatIfView>, Problem> {
    let view = policy::what_if(&web.app, &caller, id, wish).await?;
    if view.problems.is_empty() {
        Ok(Json(view))
    } else {
        Err(refused(view.problems))
    }
}

/// `GET /api/v1/agents/{id}/policy/versions`
pub(super) async fn versions(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<AgentId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<VersionView>>, Problem> {
    let page = policy::versions(&web.app, &caller, id, query.after.as_deref(), query.limit()).await?;
    Ok(Json(page))
}

#[derive(Debug, Deserialize)]
pub(super) struct Between {
    from: Option<i64>,
    to: Option<i64>,
}

/// `GET /api/v1/agents/{id}/policy/diff?from=&to=`
pub(super) async fn diff(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<AgentId>,
    Query(Between { from, to }): Query<Between>,
) -> Result<Json<DiffView>, Problem> {
    Ok(Json(policy::diff(&web.app, &caller, id, from, to).await?))
}

/// `GET /api/v1/conversations/{id}/explain`
pub(super) async fn explain(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<ConversationId>,
) -> Result<Json<Page<DraftExplained>>, Problem> {
    let items = policy::explain_conversation(&web.app, &caller, id).await?;
    Ok(Json(Page { items, next: None }))
}

/// `GET /api/v1/gate`
pub(super) async fn gate(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<GateView>, Problem> {
    Ok(Json(policy::gate(&web.app, &caller).await?))
}

/// What is to happen to the gate.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum GateChange {
    /// Release these topics too.
    Release(Vec<String>),
    /// Close it for these topics; for none named, altogether.
    Close(Vec<String>),
}

/// `POST /api/v1/gate`
pub(super) async fn change_gate(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(change): JsonBody<GateChange>,
) -> Result<Json<GateView>, Problem> {
    Ok(Json(match change {
        GateChange::Release(topics) => policy::release(&web.app, &caller, topics).await?,
        GateChange::Close(topics) => policy::close(&web.app, &caller, topics).await?,
    }))
}

fn said(problem: ProblemView) -> ProblemView {
    ProblemView {
        says: sentence(&problem.says),
        ..problem
    }
}

/// What must be changed first: one sentence, and all of it as `problems`, each with its place.
pub(super) fn refused(problems: Vec<ProblemView>) -> Problem {
    let problems: Vec<ProblemView> = problems.into_iter().map(said).collect();
    let first = problems.first().map_or("", |problem| problem.says.as_str());
    let others = match problems.len() {
        0 | 1 => String::new(),
        2 => " One more thing must be changed; `problems` names both.".to_owned(),
        more => format!(" {} more things must be changed; `problems` names all.", more - 1),
    };
    Problem::invalid(format!("Nothing was changed: {first}{others}")).with("problems", json!(problems))
}
