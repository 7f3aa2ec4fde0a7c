//! Reports on their way: by schedule, by hand, and as a test.
//!
//! A period has one row of each kind, and a mail's key names report and address, so neither two jobs nor a crash in between can send one twice:
//! whoever comes second finds the first's row. From there on it is the mail queue's: a server that fails is tried again for each address by
//! itself.

use super::links::{Drawn, draw};
use super::made::{ReportInput, made, preview, summary};
use super::{ReportSummary, settings};
use crate::app::mail::{self, Mail, MailView};
use crate::app::{App, AppError, Caller, policy};
use crate::domain::account::Scope;
use crate::domain::ids::{JobId, ReportId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::report::mail::{Around, ReportMail, mail as written};
use crate::domain::report::{ReportKind, schedule};
use crate::domain::text::Email;
use crate::domain::time::Timestamp;
use crate::store::entity::report as row;
use crate::store::{Change, JobKind, LogDraft};
use serde::Serialize;

const KINDS: [ReportKind; 2] = [ReportKind::Digest, ReportKind::Month];

/// To whom a report went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// The report.
    #[serde(flatten)]
    pub summary: ReportSummary,
    /// Addresses that it is on its way to.
    pub to: Vec<String>,
    /// Addresses that had got it before, and do not get it again.
    pub had_it: Vec<String>,
}

/// After a start: each workspace's next report is waited for, and one that was due while nothing ran is made.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn look_everywhere(app: &App) -> Result<(), AppError> {
    for workspace in app.store().workspaces().await? {
        if !workspace.settings.0.reports.sends() {
            continue;
        }
        let (id, now) = (workspace.id, app.now());
        app.store()
            .write(id, move |tx| {
                Box::pin(async move {
                    tx.schedule(JobKind::Report, id, now).await?;
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            })
            .await?;
    }
    Ok(())
}

/// The job: sends what is due, and waits for what comes next.
///
/// # Errors
/// The store's; it is then tried again.
pub(in crate::app) async fn keep(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let settings = settings::of(&rows).await?;
    let zone = policy::zone(&rows).await?;
    for kind in KINDS {
        let Some(due) = schedule::due(kind, &settings, app.now(), &zone) else {
            continue;
        };
        let row = made(app, workspace_id, kind, due.span, Actor::System).await?;
        if row.sent_at.is_none() {
            hand_over(app, &row, &addresses(&settings.recipients)?, true, Actor::System).await?;
        }
    }
    let next = KINDS
        .into_iter()
        .filter_map(|kind| schedule::next(kind, &settings, app.now(), &zone));
    let next: Option<Timestamp> = next.map(|due| due.at).min();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                // Settings that changed while this ran have scheduled it anew; that one stays.
                match next {
                    Some(at) => tx.renew_job(job_id, at).await?,
                    None => tx.finish_job(job_id).await?,
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

fn addresses(texts: &[String]) -> Result<Vec<Email>, AppError> {
    let mut found: Vec<Email> = Vec::new();
    for text in texts {
        let address = Email::parse(text)?;
        if !found
            .iter()
            .any(|known| known.as_str().eq_ignore_ascii_case(address.as_str()))
        {
            found.push(address);
        }
    }
    Ok(found)
}

/// Queues a report for each address, in one transaction. `to_all` says that these are all who get it by schedule: that is done once.
async fn hand_over(app: &App, row: &row::Model, to: &[Email], to_all: bool, actor: Actor) -> Result<Sent, AppError> {
    let report = &row.report.0;
    let days = settings::of(&app.store().rows(row.workspace_id)).await?.link_days;
    let prepared: Vec<(Mail, Drawn)> = to
        .iter()
        .map(|address| {
            let drawn = draw(app, (row.workspace_id, row.id), Some(address.as_str()), days);
            let around = Around {
                link: Some(&drawn.url),
                days,
                is_test: false,
            };
            let key = format!("report:{}:{}", row.id, address.as_str().to_ascii_lowercase());
            (letter(key, address.clone(), written(report, around)), drawn)
        })
        .collect();
    let (id, now) = (row.id, app.now());
    let prepared: Vec<_> = prepared.into_iter().map(|(mail, drawn)| (mail, drawn.row)).collect();
    app.store()
        .write(row.workspace_id, move |tx| {
            let prepared = prepared.clone();
            Box::pin(async move {
                let row = tx.report(id).await?.ok_or(AppError::NotFound("the report"))?;
                let (mut to, mut had_it) = (Vec::new(), Vec::new());
                if to_all && row.sent_at.is_some() {
                    // Another job was faster.
                    let summary = summary(&row);
                    return Ok(Change::Unlogged(Sent { summary, to, had_it }));
                }
                for (mail, link) in prepared {
                    let address = mail.to.as_str().to_owned();
                    if tx.mail_of_key(&mail.key).await?.is_some() {
                        had_it.push(address);
                        continue;
                    }
                    tx.insert(link).await?;
                    mail::queue(tx, mail).await?;
                    to.push(address);
                }
                let row = row::Model {
                    sent_at: if to_all { Some(now) } else { row.sent_at },
                    ..row
                };
                tx.update(row.clone()).await?;
                let summary = summary(&row);
                if to.is_empty() {
                    return Ok(Change::Unlogged(Sent { summary, to, had_it }));
                }
                let entry = LogDraft::new(EventKind::ReportSent, actor)
                    .about("report", id)
                    .with("kind", row.kind.name())
                    .with("to", to.clone());
                Ok::<_, AppError>(Change::Logged(Sent { summary, to, had_it }, entry))
            })
        })
        .await
}

fn letter(key: String, to: Email, mail: ReportMail) -> Mail {
    Mail {
        key,
        to,
        subject: mail.subject,
        text: mail.text,
        html: Some(mail.html),
        reply_to: None,
        conversation: None,
        attachment: None,
    }
}

/// Sends a report: to these addresses, or to all who get it by the settings. Whoever got it before does not get it again.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`] where there is nobody to send it to, [`AppError::Forbidden`] or the store's.
pub async fn send(app: &App, caller: &Caller, id: ReportId, to: &[String]) -> Result<Sent, AppError> {
    caller.require(Scope::Admin)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.report(id).await?.ok_or(AppError::NotFound("the report"))?;
    let settings = settings::of(&rows).await?;
    let is_all = to.is_empty();
    let to = addresses(if is_all { &settings.recipients } else { to })?;
    if to.is_empty() {
        let sentence = "nobody gets reports yet; name addresses in the settings of reports, or send it `to` somebody";
        return Err(AppError::Invalid(sentence.to_owned()));
    }
    // By hand, whoever was added since the report went out gets it too.
    let to_all = is_all && row.sent_at.is_none();
    hand_over(app, &row, &to, to_all, caller.actor()).await
}

/// Sends a preview to the member who asks, marked as a test.
///
/// # Errors
/// [`AppError::NoMember`] for the administrator, [`AppError::Invalid`] for what is no day, [`AppError::Forbidden`] or the store's.
pub async fn test(app: &App, caller: &Caller, input: &ReportInput) -> Result<MailView, AppError> {
    caller.require(Scope::Admin)?;
    let rows = app.store().rows(caller.workspace_id);
    let member = rows.member(caller.member()?).await?.ok_or(AppError::NoMember)?;
    let user = app.store().user(member.user_id).await?.ok_or(AppError::NoMember)?;
    let to = Email::parse(&user.email)?;
    let report = preview(app, caller, input).await?.report;
    let around = Around {
        is_test: true,
        ..Around::default()
    };
    let key = format!("report-test:{}", app.sources().ids.next());
    let mail = letter(key.clone(), to, written(&report, around));
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (mail, key) = (mail.clone(), key.clone());
            Box::pin(async move {
                mail::queue(tx, mail).await?;
                let row = tx.mail_of_key(&key).await?.ok_or(AppError::NotFound("the mail"))?;
                Ok::<_, AppError>(Change::Unlogged(row))
            })
        })
        .await?;
    Ok(row.into())
}
