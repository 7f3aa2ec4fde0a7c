//! Every route on one page.

use super::edge::OwnApi;
use super::error::Problem;
use super::state::{ErrorPage, Web};
use super::{adapters, api, assets, chat, completions, demo, layers, mcp, metrics, reports, widget};
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;
use tower_http::compression::CompressionLayer;

/// The console's pages, and how a refusal looks among them.
#[derive(Debug, Default)]
pub struct Pages {
    /// Their routes.
    pub routes: Router<Web>,
    /// Writes a refusal for a person's browser.
    pub error_page: Option<ErrorPage>,
}

/// The whole server. Requests must carry their [`super::Peer`]; [`super::Listeners::serve`] sees to that.
pub fn router(web: Web, pages: Pages) -> Router {
    let own_api = Arc::new(OwnApi::new(&web, api::routes(&web)));
    let same_site = Router::new()
        .nest("/api/v1", api::routes(&web))
        .nest("/api/v1/adapters", adapters::routes(&own_api))
        .merge(pages.routes)
        .layer(layers::csrf(&web));
    Router::new()
        .merge(same_site)
        .nest(widget::PATH, widget::routes(&web))
        .nest(completions::PATH, completions::routes())
        .route("/widget.js", get(assets::widget_script))
        .route("/static/{*path}", get(assets::static_file))
        .route("/chat/{agent}", get(chat::page))
        .route("/r/{token}", get(reports::page))
        .route("/r/{token}/report.pdf", get(reports::pdf))
        .route("/r/{token}/logo", get(reports::logo))
        .route("/demo", get(async || Redirect::permanent("/demo/")))
        .route("/demo/", get(demo::shop_page))
        .route("/demo/shop.css", get(demo::shop_style))
        .merge(mcp::routes(&web, &own_api))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics::metrics))
        .fallback(async || Problem::unknown_path())
        // Extractors of this crate have limits of their own; this one is for those of the pages.
        .layer(DefaultBodyLimit::max(super::extract::LARGEST_BODY))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state((web.clone(), pages.error_page), layers::around))
        .with_state(web)
}

/// `GET /healthz`: the process answers. Whether all is well is for `GET /api/v1/status`.
async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}
