//! Watches whether what goes out has become worse.

use super::in_force::replace;
use super::records::House;
use crate::app::{App, AppError};
use crate::domain::evidence::{Ended, is_bad};
use crate::domain::ids::{CertificateId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::stats::drift::{ALARM_LEVEL, Detector};
use crate::store::Rows;
use crate::store::entity::certificate;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// So many certificates are looked at.
const KNOWN: u64 = 240;
/// So many days are told of at most, the newest.
const DAYS_TOLD: usize = 366;

/// What is watched over.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Over {
    /// What a certificate lets out.
    Certificate(CertificateId),
    /// What owners let out since then without one, and their limit.
    Released(Timestamp, f64),
}

/// What is watched over, the newest verdict and second opinion, and how many checks were judged.
type Newest = (Over, (Option<Timestamp>, Option<Timestamp>, u64));

/// What the watch has seen of each workspace: where nothing was judged since, there is nothing to look at.
#[derive(Debug, Default)]
pub(in crate::app) struct Looked(Mutex<HashMap<WorkspaceId, Newest>>);

impl Looked {
    fn has_seen(&self, workspace_id: WorkspaceId, newest: Newest) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&workspace_id) == Some(&newest)
    }

    fn saw(&self, workspace_id: WorkspaceId, newest: Newest) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(workspace_id, newest);
    }
}

/// Looks at every check of the sample since certificates were last worth something; on an alarm the certificate ends and the gate
/// closes, before the month is over.
///
/// # Errors
/// The store's.
pub(super) async fn watch(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let Some(current) = rows.certificate_in_force().await? else {
        return Ok(());
    };
    let newest = (Over::Certificate(current.id), rows.newest_verdicts().await?);
    if app.inner.watched.has_seen(workspace_id, newest) {
        return Ok(());
    }
    let watched = since_certified(&rows, current.certificate.0.limit, None).await?;
    if !watched.is_some_and(|watched| watched.was_alarmed) {
        app.inner.watched.saw(workspace_id, newest);
        return Ok(());
    }
    let now = app.now();
    let (epoch, score_version) = (current.epoch, i64::from(current.certificate.0.score_version));
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move { replace(tx, None, epoch, (score_version, Vec::new()), Ended::Drift, now).await })
        })
        .await
}

/// The detector, and how it came to stand where it stands.
pub(super) struct Watched {
    pub(super) detector: Detector,
    /// The alarm was on, be it in between.
    was_alarmed: bool,
    way: Vec<Seen>,
}

/// A check, and where the detector stood after it.
struct Seen {
    at: Timestamp,
    is_bad: bool,
    figure: f64,
}

/// A day of the watch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftDay {
    /// The day by the workspace's calendar, as in `2026-05-14`.
    pub day: String,
    /// Where the detector stood in the end.
    pub figure: f64,
    /// Checks judged on it.
    pub checks: u64,
    /// Bad ones among them.
    pub bad: u64,
}

impl Watched {
    /// Its days with checks, in their order.
    pub(super) fn days(&self, house: &House) -> Vec<DriftDay> {
        let mut days: Vec<DriftDay> = Vec::new();
        for seen in &self.way {
            let moment = jiff::Timestamp::from_millisecond(seen.at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            let day = moment.to_zoned(house.zone.clone()).date().to_string();
            if days.last().is_none_or(|last| last.day != day) {
                days.push(DriftDay {
                    day,
                    figure: 0.0,
                    checks: 0,
                    bad: 0,
                });
            }
            if let Some(last) = days.last_mut() {
                last.figure = seen.figure;
                last.checks += 1;
                last.bad += u64::from(seen.is_bad);
            }
        }
        days.split_off(days.len().saturating_sub(DAYS_TOLD))
    }
}

/// The watch over the certificate in force, with verdicts given before `as_of`. Where there is none: over what owners let out without one, or
/// else over the last certificate until it ended.
///
/// # Errors
/// The store's.
pub(super) async fn latest(rows: &Rows<'_>, house: &House, as_of: Timestamp) -> Result<Option<Watched>, AppError> {
    if let Some(current) = rows.certificate_in_force().await? {
        return since_certified(rows, current.certificate.0.limit, Some(as_of.max(current.issued_at))).await;
    }
    if let Some(since) = released_since(rows).await? {
        return watched(rows, house.autonomy.limit(), since, Some(as_of)).await;
    }
    let last = rows
        .certificates(KNOWN)
        .await?
        .into_iter()
        .max_by_key(|row| row.ended_at);
    match last {
        Some(last) => since_certified(rows, last.certificate.0.limit, last.ended_at).await,
        None => Ok(None),
    }
}

/// Since when owners let something out on their own responsibility, without a certificate.
async fn released_since(rows: &Rows<'_>) -> Result<Option<Timestamp>, AppError> {
    let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    Ok(workspace.gate.0.released().iter().map(|released| released.at).min())
}

/// Whether what owners let out without a certificate has become worse than their limit: since when they let it out, if so. It closes nothing: what they
/// released is theirs.
///
/// # Errors
/// The store's.
pub(super) async fn released_alarm(app: &App, rows: &Rows<'_>) -> Result<Option<Timestamp>, AppError> {
    let Some(since) = released_since(rows).await? else {
        return Ok(None);
    };
    let limit = House::of(rows).await?.autonomy.limit();
    let newest = (Over::Released(since, limit), rows.newest_verdicts().await?);
    if app.inner.watched.has_seen(rows.workspace_id(), newest) {
        return Ok(None);
    }
    let watched = watched(rows, limit, since, None).await?;
    if watched.is_some_and(|watched| watched.was_alarmed) {
        return Ok(Some(since));
    }
    app.inner.watched.saw(rows.workspace_id(), newest);
    Ok(None)
}

fn drifted(row: &certificate::Model) -> bool {
    row.ended_because.is_some_and(Ended::forgets_evidence)
}

/// The detector after all checks of the sample since the last alarm, or since the first certificate; those until `until`, and since the
/// alarm before that.
///
/// # Errors
/// The store's.
async fn since_certified(rows: &Rows<'_>, limit: f64, until: Option<Timestamp>) -> Result<Option<Watched>, AppError> {
    let known = rows.certificates(KNOWN).await?;
    let is_before = |at: &Timestamp| until.is_none_or(|until| *at < until);
    let alarmed = known
        .iter()
        .filter(|row| drifted(row))
        .filter_map(|row| row.ended_at)
        .filter(is_before)
        .max();
    let began = known.iter().map(|row| row.issued_at).min();
    match alarmed.or(began) {
        Some(since) => watched(rows, limit, since, until).await,
        None => Ok(None),
    }
}

/// The detector after the checks of the sample that were judged in this time.
async fn watched(
    rows: &Rows<'_>,
    limit: f64,
    since: Timestamp,
    until: Option<Timestamp>,
) -> Result<Option<Watched>, AppError> {
    let Some(mut detector) = Detector::new(limit, ALARM_LEVEL) else {
        return Ok(None);
    };
    let mut was_alarmed = false;
    let mut way = Vec::new();
    for check in rows.sampled_since(since).await? {
        // A second opinion that cannot tell leaves the first one.
        let said = check
            .second_label
            .and_then(is_bad)
            .or_else(|| check.label.and_then(is_bad));
        let (Some(is_bad), Some(at)) = (said, check.judged_at) else {
            continue;
        };
        if until.is_some_and(|until| at > until) {
            break;
        }
        // The weight was fixed when it was drawn.
        was_alarmed |= detector.observe(is_bad, check.weight.unwrap_or(1.0));
        way.push(Seen {
            at,
            is_bad,
            figure: detector.figure(),
        });
    }
    Ok(Some(Watched {
        detector,
        was_alarmed,
        way,
    }))
}
