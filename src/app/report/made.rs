//! Reports as they are made, kept and read.

use super::{facts, links, pdf, settings};
use crate::app::views::{Page, Sheet, next_page};
use crate::app::{App, AppError, Caller, policy};
use crate::domain::account::Scope;
use crate::domain::ids::{ReportId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::report::mail::{Around, ReportMail, mail};
use crate::domain::report::{Report, ReportKind, Span, compose, schedule};
use crate::domain::time::Timestamp;
use crate::store::entity::report as row;
use crate::store::{Change, Json, LogDraft};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A report in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportSummary {
    /// Its id.
    pub id: ReportId,
    /// Which kind.
    pub kind: ReportKind,
    /// Its first day, like `2026-05-01`.
    pub from: String,
    /// Its last day.
    pub to: String,
    /// Its title.
    pub title: String,
    /// The most important thing in it.
    pub headline: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it was sent to everybody who gets it; none while it was not.
    pub sent_at: Option<Timestamp>,
}

/// A report with everything in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportView {
    /// What the list says of it.
    #[serde(flatten)]
    pub summary: ReportSummary,
    /// The report.
    pub report: Report,
    /// Its links.
    pub links: Vec<links::LinkView>,
}

/// What a report would be, without making it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The mail's subject.
    pub subject: String,
    /// The mail as text.
    pub text: String,
    /// The mail as HTML.
    pub html: String,
    /// The report.
    pub report: Report,
}

/// Which period.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReportInput {
    /// Which kind.
    pub kind: ReportKind,
    /// A day within the period, like `2026-05-01`; the last complete period where it is left out.
    #[serde(default)]
    pub day: Option<String>,
}

pub(super) fn summary(row: &row::Model) -> ReportSummary {
    ReportSummary {
        id: row.id,
        kind: row.kind,
        from: row.from_day.clone(),
        to: row.to_day.clone(),
        title: row.report.0.title.clone(),
        headline: row.report.0.headline.clone(),
        made_at: row.made_at,
        sent_at: row.sent_at,
    }
}

/// The period of an input, and whether it is over.
async fn span_of(app: &App, workspace_id: WorkspaceId, input: &ReportInput) -> Result<(Span, bool), AppError> {
    let zone = policy::zone(&app.store().rows(workspace_id)).await?;
    let last = schedule::last_complete(input.kind, app.now(), &zone);
    let Some(day) = input.day.as_deref().filter(|day| !day.is_empty()) else {
        return Ok((last, true));
    };
    let no_day = || AppError::Invalid(format!("“{day}” is no day; write it like 2026-05-01"));
    let is_date = day.len() == "2026-05-01".len();
    let date: Date = day.parse().ok().filter(|_| is_date).ok_or_else(no_day)?;
    let span = schedule::period_of(input.kind, date);
    Ok((span, span.to <= last.to))
}

async fn composed(app: &App, workspace_id: WorkspaceId, kind: ReportKind, span: Span) -> Result<Report, AppError> {
    let settings = settings::of(&app.store().rows(workspace_id)).await?;
    let facts = facts::gather(app, workspace_id, kind, span, settings.language).await?;
    Ok(compose(facts, &settings))
}

/// What a report would be; also of a period that is not over.
///
/// # Errors
/// [`AppError::Invalid`] for what is no day, [`AppError::Forbidden`] or the store's.
pub async fn preview(app: &App, caller: &Caller, input: &ReportInput) -> Result<Preview, AppError> {
    caller.require(Scope::Read)?;
    let (span, _) = span_of(app, caller.workspace_id, input).await?;
    let report = composed(app, caller.workspace_id, input.kind, span).await?;
    let ReportMail { subject, text, html } = mail(&report, Around::default());
    Ok(Preview {
        subject,
        text,
        html,
        report,
    })
}

/// Makes the report of a period, or finds the one that was made. It is not sent.
///
/// # Errors
/// [`AppError::Invalid`] for a period that is not over, [`AppError::Forbidden`] or the store's.
pub async fn make(app: &App, caller: &Caller, input: &ReportInput) -> Result<ReportView, AppError> {
    caller.require(Scope::Admin)?;
    let (span, is_over) = span_of(app, caller.workspace_id, input).await?;
    if !is_over {
        return Err(AppError::Invalid(format!(
            "the days from {} to {} are not over; a report is made once and stays as it is, so ask for a preview until then",
            span.from, span.to
        )));
    }
    let row = made(app, caller.workspace_id, input.kind, span, caller.actor()).await?;
    shown(app, caller.workspace_id, &row).await
}

/// The report of a period: the one that was made, or one that is made now.
pub(super) async fn made(
    app: &App,
    workspace_id: WorkspaceId,
    kind: ReportKind,
    span: Span,
    actor: Actor,
) -> Result<row::Model, AppError> {
    let from = span.from.to_string();
    let rows = app.store().rows(workspace_id);
    if let Some(found) = rows.report_of_period(kind, &from).await? {
        return Ok(found);
    }
    let report = composed(app, workspace_id, kind, span).await?;
    let sources = app.sources();
    let row = row::Model {
        id: ReportId::new(&*sources.ids),
        workspace_id,
        kind,
        from_day: from,
        to_day: span.to.to_string(),
        report: Json(report),
        made_at: app.now(),
        sent_at: None,
    };
    app.store()
        .write(workspace_id, move |tx| {
            let row = row.clone();
            Box::pin(async move {
                // Whoever was faster made it.
                if let Some(found) = tx.report_of_period(row.kind, &row.from_day).await? {
                    return Ok(Change::Unlogged(found));
                }
                tx.insert(row.clone()).await?;
                let entry = LogDraft::new(EventKind::ReportMade, actor)
                    .about("report", row.id)
                    .with("kind", row.kind.name())
                    .with("from", row.from_day.clone())
                    .with("to", row.to_day.clone());
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await
}

async fn shown(app: &App, workspace_id: WorkspaceId, row: &row::Model) -> Result<ReportView, AppError> {
    let found = app.store().rows(workspace_id).report_links(row.id).await?;
    Ok(ReportView {
        summary: summary(row),
        report: row.report.0.clone(),
        links: found.into_iter().map(links::LinkView::from).collect(),
    })
}

/// Reports, the last made first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn reports(
    app: &App,
    caller: &Caller,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<ReportSummary>, AppError> {
    caller.require(Scope::Read)?;
    let below = after.map(str::parse::<ReportId>).transpose()?;
    let found = app.store().rows(caller.workspace_id).reports(below, limit).await?;
    let next = next_page(&found, limit, |last| last.id.to_string());
    Ok(Page {
        items: found.iter().map(summary).collect(),
        next,
    })
}

async fn row_of(app: &App, caller: &Caller, id: ReportId) -> Result<row::Model, AppError> {
    caller.require(Scope::Read)?;
    let found = app.store().rows(caller.workspace_id).report(id).await?;
    found.ok_or(AppError::NotFound("the report"))
}

/// A report.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn report(app: &App, caller: &Caller, id: ReportId) -> Result<ReportView, AppError> {
    let row = row_of(app, caller, id).await?;
    shown(app, caller.workspace_id, &row).await
}

/// A report as a PDF.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's; [`AppError::Internal`] where it cannot be written.
pub async fn pdf(app: &App, caller: &Caller, id: ReportId) -> Result<Vec<u8>, AppError> {
    let row = row_of(app, caller, id).await?;
    written(app, caller.workspace_id, row.report.0).await
}

/// A report as a mail.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn as_mail(app: &App, caller: &Caller, id: ReportId) -> Result<ReportMail, AppError> {
    let row = row_of(app, caller, id).await?;
    Ok(mail(&row.report.0, Around::default()))
}

/// Writes a PDF, apart from what serves requests: it takes some milliseconds.
pub(super) async fn written(app: &App, workspace_id: WorkspaceId, report: Report) -> Result<Vec<u8>, AppError> {
    let logo = app.store().rows(workspace_id).report_logo().await?;
    let logo = logo.map(super::Logo::from).and_then(super::Logo::raster);
    let written = tokio::task::spawn_blocking(move || pdf::write(&report, logo.as_ref())).await;
    match written {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(AppError::Internal(error.to_string())),
        Err(error) => Err(AppError::Internal(format!("writing a PDF ended early: {error}"))),
    }
}

/// The figures of a report as a table: which figure, its value as people read it, what it is made of, its value before.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn figures(app: &App, caller: &Caller, id: ReportId) -> Result<Sheet, AppError> {
    let report = row_of(app, caller, id).await?.report.0;
    let tiles = report.tiles.iter().map(|tile| {
        vec![
            json!(tile.key),
            json!(tile.label),
            json!(tile.value),
            json!(tile.detail),
            json!(tile.before),
        ]
    });
    let terms = report.worth.roi.iter().flat_map(|roi| &roi.terms).map(|term| {
        let amount = term.amount.plain();
        vec![
            json!(format!("worth_{}", term.key)),
            json!(term.label),
            json!(amount),
            json!(term.says),
            json!(null),
        ]
    });
    Ok(Sheet {
        columns: &["figure", "label", "value", "detail", "before"],
        rows: tiles.chain(terms).collect(),
    })
}
