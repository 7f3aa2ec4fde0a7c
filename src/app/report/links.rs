//! Links that show one report to whoever has them, until they expire or are taken back.

use super::made::{summary, written};
use super::{Logo, ReportSummary};
use crate::app::accounts::{new_secret, secret_hash};
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::{ReportId, ReportLinkId, WorkspaceId};
use crate::domain::log::EventKind;
use crate::domain::report::Report;
use crate::domain::time::Timestamp;
use crate::store::entity::report_link as row;
use crate::store::{Change, LogDraft};
use serde::Serialize;

const DAY_MS: i64 = 24 * 60 * 60_000;

/// A link as members see it: never its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// Its id.
    pub id: ReportLinkId,
    /// Whom it was mailed to; none for one that a member made.
    pub recipient: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl From<row::Model> for LinkView {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            recipient: row.recipient,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// A link that was just made. Its address is told once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewLink {
    /// The link.
    #[serde(flatten)]
    pub link: LinkView,
    /// Its address.
    pub url: String,
}

/// A link and the address that it has.
pub(super) struct Drawn {
    pub(super) row: row::Model,
    pub(super) url: String,
}

/// Draws a link; nothing is stored yet.
pub(super) fn draw(
    app: &App,
    (workspace_id, report_id): (WorkspaceId, ReportId),
    recipient: Option<&str>,
    days: u32,
) -> Drawn {
    let sources = app.sources();
    let (token, token_hash) = new_secret(&*sources.random, "hpw_");
    let origin = app.post().map(|post| post.origin.clone()).unwrap_or_default();
    let now = app.now();
    Drawn {
        row: row::Model {
            id: ReportLinkId::new(&*sources.ids),
            workspace_id,
            report_id,
            token_hash,
            recipient: recipient.map(str::to_owned),
            created_at: now,
            expires_at: now.plus_ms(i64::from(days) * DAY_MS),
            revoked_at: None,
        },
        url: format!("{origin}/r/{token}"),
    }
}

/// Makes a link to a report.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn link(app: &App, caller: &Caller, id: ReportId) -> Result<NewLink, AppError> {
    caller.require(Scope::Admin)?;
    let rows = app.store().rows(caller.workspace_id);
    let days = super::settings::of(&rows).await?.link_days;
    let Drawn { row, url } = draw(app, (caller.workspace_id, id), None, days);
    let actor = caller.actor();
    let made = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let row = row.clone();
            Box::pin(async move {
                tx.report(id).await?.ok_or(AppError::NotFound("the report"))?;
                tx.insert(row.clone()).await?;
                let entry = LogDraft::new(EventKind::ReportLinked, actor)
                    .about("report", id)
                    .about("link", row.id);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    Ok(NewLink { link: made.into(), url })
}

/// Takes a link back: it shows nothing any more.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn revoke(app: &App, caller: &Caller, id: ReportLinkId) -> Result<LinkView, AppError> {
    caller.require(Scope::Admin)?;
    let (actor, now) = (caller.actor(), app.now());
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.report_link(id).await?.ok_or(AppError::NotFound("the link"))?;
                if row.revoked_at.is_some() {
                    return Ok(Change::Unlogged(row));
                }
                let row = row::Model {
                    revoked_at: Some(now),
                    ..row
                };
                tx.update(row.clone()).await?;
                let entry = LogDraft::new(EventKind::ReportUnlinked, actor)
                    .about("report", row.report_id)
                    .about("link", id);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    Ok(row.into())
}

/// What a link shows: one report, and nothing else of its workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    workspace_id: WorkspaceId,
    /// What the list says of it.
    pub summary: ReportSummary,
    /// The report.
    pub report: Report,
    /// Until when the link works.
    pub expires_at: Timestamp,
    /// The workspace has a logo.
    pub has_logo: bool,
}

/// The report of a link, while it works.
///
/// # Errors
/// [`AppError::NotFound`] for a token that is unknown, expired or taken back; which of these is not told.
pub async fn linked(app: &App, token: &str) -> Result<Linked, AppError> {
    let nothing = || AppError::NotFound("the report");
    let found = app.store().report_link_by_token(&secret_hash(token)).await?;
    let link = found.filter(|link| link.revoked_at.is_none() && app.now() < link.expires_at);
    let link = link.ok_or_else(nothing)?;
    let rows = app.store().rows(link.workspace_id);
    let row = rows.report(link.report_id).await?.ok_or_else(nothing)?;
    Ok(Linked {
        workspace_id: link.workspace_id,
        summary: summary(&row),
        expires_at: link.expires_at,
        has_logo: rows.report_logo().await?.is_some(),
        report: row.report.0,
    })
}

/// The PDF of a link's report.
///
/// # Errors
/// As [`linked`]; [`AppError::Internal`] where it cannot be written.
pub async fn linked_pdf(app: &App, token: &str) -> Result<(Linked, Vec<u8>), AppError> {
    let linked = linked(app, token).await?;
    let pdf = written(app, linked.workspace_id, linked.report.clone()).await?;
    Ok((linked, pdf))
}

/// The logo at the head of a link's report.
///
/// # Errors
/// As [`linked`]; [`AppError::NotFound`] where there is none.
pub async fn linked_logo(app: &App, token: &str) -> Result<Logo, AppError> {
    let linked = linked(app, token).await?;
    let found = app.store().rows(linked.workspace_id).report_logo().await?;
    found.map(Logo::from).ok_or(AppError::NotFound("the logo"))
}
