//! The page of one report, for whoever has its link: a client who has no account.

use super::error::Problem;
use super::extract::InPath;
use super::state::Web;
use crate::app::report::{self, Logo, ReportSummary};
use crate::domain::report::page::{article, words};
use crate::domain::report::schedule::today;
use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
};
use jiff::tz::TimeZone;

/// A mail has its looks inline, and loads nothing.
pub(super) const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
);
const PICTURE_POLICY: &str = "default-src 'none'; sandbox";

#[derive(Debug, Template)]
#[template(path = "report.html")]
struct ReportPage {
    language: &'static str,
    title: String,
    sender: String,
    article: String,
    has_logo: bool,
    token: String,
    download: &'static str,
    works_until: String,
}

/// What keeps a link from going further than whoever has it.
fn kept_close(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex, nofollow"),
    );
    response
}

/// A PDF as a file with a name of its own.
pub(super) fn pdf_file(summary: &ReportSummary, bytes: Vec<u8>) -> Response {
    let name = format!(
        "attachment; filename=\"report-{}-{}.pdf\"",
        summary.kind.name(),
        summary.from
    );
    let headers = [
        (CONTENT_TYPE, "application/pdf".to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    (headers, bytes).into_response()
}

/// A logo, which can do nothing even where it is opened by itself.
pub(super) fn picture(logo: Logo) -> Response {
    let headers = [
        (CONTENT_TYPE, logo.kind.media_type()),
        (CONTENT_SECURITY_POLICY, PICTURE_POLICY),
    ];
    (headers, logo.content).into_response()
}

/// `GET /r/{token}`
pub(super) async fn page(State(web): State<Web>, InPath(token): InPath<String>) -> Result<Response, Problem> {
    let linked = report::linked(&web.app, &token).await?;
    let language = linked.report.language;
    let (download, until) = words(language);
    let zone = TimeZone::get(&linked.report.facts.zone).unwrap_or(TimeZone::UTC);
    let page = ReportPage {
        language: language.code(),
        article: article(&linked.report, "picture"),
        title: linked.report.title,
        sender: linked.report.sender,
        has_logo: linked.has_logo,
        token,
        download,
        works_until: format!("{until} {}.", language.day(today(linked.expires_at, &zone))),
    };
    let html = page.render().map_err(|cause| {
        tracing::error!(%cause, "A report's page cannot be written");
        Problem::internal_error()
    })?;
    let mut response = kept_close(Html(html).into_response());
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    Ok(response)
}

/// `GET /r/{token}/report.pdf`
pub(super) async fn pdf(State(web): State<Web>, InPath(token): InPath<String>) -> Result<Response, Problem> {
    let (linked, bytes) = report::linked_pdf(&web.app, &token).await?;
    Ok(kept_close(pdf_file(&linked.summary, bytes)))
}

/// `GET /r/{token}/logo`
pub(super) async fn logo(State(web): State<Web>, InPath(token): InPath<String>) -> Result<Response, Problem> {
    let found = report::linked_logo(&web.app, &token).await?;
    Ok(kept_close(picture(found)))
}
