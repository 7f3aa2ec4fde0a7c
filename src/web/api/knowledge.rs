//! Knowledge: import, read, search, measure.

use super::PageQuery;
use crate::app::knowledge::evaluate::{Document, Question};
use crate::app::knowledge::{
    self, Curves, DocumentView, Import, ImportReport, Passage, Plan, Report, SitePage, SitePages, SourceView,
};
use crate::app::views::Page;
use crate::domain::account::Scope;
use crate::domain::ids::DocumentId;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, InPath, JsonBody, OnSocket, Query, Upload, parse_json};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// Largest file to import, in megabytes.
const LARGEST_FILE_MB: usize = 20;
/// Largest set of questions and documents to measure with, in megabytes.
const LARGEST_EVALUATION_MB: usize = 64;
/// Passages of a search, unless it says otherwise, and at most.
const PASSAGES: (usize, usize) = (10, 50);

/// `GET /api/v1/knowledge/documents`
pub(super) async fn documents(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DocumentView>>, Problem> {
    Ok(Json(
        knowledge::documents(&web.app, &caller, query.after.as_deref(), query.limit()).await?,
    ))
}

#[derive(Debug, Serialize)]
pub(super) struct Expired {
    items: Vec<DocumentView>,
}

/// `GET /api/v1/knowledge/expired`
pub(super) async fn expired(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Expired>, Problem> {
    Ok(Json(Expired {
        items: knowledge::expired_documents(&web.app, &caller).await?,
    }))
}

/// `GET /api/v1/knowledge/documents/{id}`
pub(super) async fn document(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<DocumentId>,
) -> Result<Json<DocumentView>, Problem> {
    Ok(Json(knowledge::document(&web.app, &caller, id).await?))
}

/// `DELETE /api/v1/knowledge/documents/{id}`
pub(super) async fn remove(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    InPath(id): InPath<DocumentId>,
) -> Result<StatusCode, Problem> {
    knowledge::remove(&web.app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
pub(super) struct ImportQuery {
    name: String,
    #[serde(default)]
    collection: String,
    format: Option<String>,
    owner: Option<String>,
    expires: Option<String>,
    run: Option<String>,
    #[serde(default)]
    overwrite_corrections: bool,
    #[serde(default)]
    dry_run: bool,
}

/// `POST /api/v1/knowledge/import?name=&collection=&format=&owner=&expires=&run=&overwrite_corrections=&dry_run=`; the body is the file.
pub(super) async fn import(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<ImportQuery>,
    Upload(file): Upload<LARGEST_FILE_MB>,
) -> Result<Json<ImportReport>, Problem> {
    // A form sends an empty field for what was not chosen.
    let format = query.format.filter(|format| !format.is_empty());
    let import = Import {
        name: query.name,
        collection: query.collection,
        format,
        bytes: file.into(),
        owner: query.owner,
        expires: query.expires,
        run: query.run,
        overwrite_corrections: query.overwrite_corrections,
        dry_run: query.dry_run,
    };
    Ok(Json(knowledge::import(&web.app, &caller, import).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SitemapBody {
    url: String,
}

/// `POST /api/v1/knowledge/sitemap`
pub(super) async fn sitemap(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(body): JsonBody<SitemapBody>,
) -> Result<Json<SitePages>, Problem> {
    Ok(Json(knowledge::site_pages(&web.app, &caller, &body.url).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageBody {
    url: String,
    #[serde(default)]
    collection: String,
    owner: Option<String>,
    expires: Option<String>,
    run: Option<String>,
    #[serde(default)]
    overwrite_corrections: bool,
    #[serde(default)]
    dry_run: bool,
}

/// `POST /api/v1/knowledge/page`
pub(super) async fn page(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    JsonBody(body): JsonBody<PageBody>,
) -> Result<Json<ImportReport>, Problem> {
    let page = SitePage {
        url: body.url,
        collection: body.collection,
        owner: body.owner,
        expires: body.expires,
        run: body.run,
        overwrite_corrections: body.overwrite_corrections,
        dry_run: body.dry_run,
    };
    Ok(Json(knowledge::import_page(&web.app, &caller, page).await?))
}

#[derive(Debug, Deserialize)]
pub(super) struct SourcesQuery {
    collection: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Sources {
    items: Vec<SourceView>,
}

/// `GET /api/v1/knowledge/sources?collection=`
pub(super) async fn sources(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<SourcesQuery>,
) -> Result<Json<Sources>, Problem> {
    let items = knowledge::sources(&web.app, &caller, query.collection.as_deref()).await?;
    Ok(Json(Sources { items }))
}

#[derive(Debug, Deserialize)]
pub(super) struct SourceQuery {
    collection: String,
    source: String,
    run: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

/// `DELETE /api/v1/knowledge/sources?collection=&source=&dry_run=`
pub(super) async fn remove_source(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<SourceQuery>,
) -> Result<Json<ImportReport>, Problem> {
    let named = (query.collection.as_str(), query.source.as_str());
    Ok(Json(
        knowledge::remove_source(&web.app, &caller, named, (query.run, query.dry_run)).await?,
    ))
}

#[derive(Debug, Deserialize)]
pub(super) struct SearchQuery {
    #[serde(default)]
    q: String,
    collection: Option<String>,
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
pub(super) struct Passages {
    items: Vec<Passage>,
}

/// `GET /api/v1/knowledge/search?q=&collection=&limit=`
pub(super) async fn search(
    State(web): State<Web>,
    CallerOf(caller): CallerOf,
    Query(query): Query<SearchQuery>,
) -> Result<Json<Passages>, Problem> {
    let limit = query.limit.unwrap_or(PASSAGES.0).clamp(1, PASSAGES.1);
    Ok(Json(Passages {
        items: knowledge::search(&web.app, &caller, &query.q, query.collection.as_deref(), limit).await?,
    }))
}

#[derive(Debug, Deserialize)]
struct Evaluation {
    documents: Vec<Document>,
    questions: Vec<Question>,
}

/// `POST /api/v1/knowledge/evaluate`
pub(super) async fn evaluate(
    State(web): State<Web>,
    socket: Result<OnSocket, Problem>,
    caller: Result<CallerOf, Problem>,
    Upload(body): Upload<LARGEST_EVALUATION_MB>,
) -> Result<Json<Report>, Problem> {
    // It concerns no workspace, so the administrator may measure before there is one.
    if socket.is_err() {
        caller?.0.require(Scope::Knowledge)?;
    }
    let Evaluation { documents, questions } = parse_json(&body)?;
    Ok(Json(knowledge::evaluate(&web.app, &documents, &questions).await?))
}

#[derive(Debug, Deserialize)]
struct TuningEvaluation {
    documents: Vec<Document>,
    questions: Vec<Question>,
    #[serde(flatten)]
    plan: Plan,
}

/// `POST /api/v1/knowledge/evaluate-tuning`
pub(super) async fn evaluate_tuning(
    State(web): State<Web>,
    socket: Result<OnSocket, Problem>,
    caller: Result<CallerOf, Problem>,
    Upload(body): Upload<LARGEST_EVALUATION_MB>,
) -> Result<Json<Curves>, Problem> {
    if socket.is_err() {
        caller?.0.require(Scope::Knowledge)?;
    }
    let TuningEvaluation {
        documents,
        questions,
        plan,
    } = parse_json(&body)?;
    Ok(Json(
        knowledge::tuning_curves(&web.app, &documents, &questions, plan).await?,
    ))
}
