//! Watches whether what goes out has become worse.

use super::certify::{DRIFT, replace};
use super::records::House;
use crate::app::{App, AppError};
use crate::domain::evidence::{is_bad, sample_weights};
use crate::domain::ids::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::stats::drift::{ALARM_LEVEL, Detector};
use crate::store::Rows;
use crate::store::entity::{certificate, evidence};
use serde::Serialize;
use std::collections::BTreeMap;

/// So many certificates are looked at.
const KNOWN: u64 = 240;
/// So many days are told of at most, the newest.
const DAYS_TOLD: usize = 366;

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
    let watched = watched(&rows, current.certificate.0.limit, None).await?;
    if !watched.is_some_and(|watched| watched.detector.is_alarmed()) {
        return Ok(());
    }
    let now = app.now();
    let (epoch, score_version) = (current.epoch, i64::from(current.certificate.0.score_version));
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move { replace(tx, None, epoch, (score_version, Vec::new()), DRIFT, now).await })
        })
        .await
}

/// The detector, and how it came to stand where it stands.
pub(super) struct Watched {
    pub(super) detector: Detector,
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

/// The watch over the certificate in force; where there is none, over the last one until it ended.
///
/// # Errors
/// The store's.
pub(super) async fn latest(rows: &Rows<'_>) -> Result<Option<Watched>, AppError> {
    if let Some(current) = rows.certificate_in_force().await? {
        return watched(rows, current.certificate.0.limit, None).await;
    }
    let last = rows
        .certificates(KNOWN)
        .await?
        .into_iter()
        .max_by_key(|row| row.ended_at);
    match last {
        Some(last) => watched(rows, last.certificate.0.limit, last.ended_at).await,
        None => Ok(None),
    }
}

fn drifted(row: &certificate::Model) -> bool {
    row.ended_because.as_deref() == Some(DRIFT)
}

/// The detector after all checks of the sample since the last alarm, or since the first certificate; those until `until`, and since the
/// alarm before that.
///
/// # Errors
/// The store's.
async fn watched(rows: &Rows<'_>, limit: f64, until: Option<Timestamp>) -> Result<Option<Watched>, AppError> {
    let known = rows.certificates(KNOWN).await?;
    let is_before = |at: &Timestamp| until.is_none_or(|until| *at < until);
    let alarmed = known
        .iter()
        .filter(|row| drifted(row))
        .filter_map(|row| row.ended_at)
        .filter(is_before)
        .max();
    let began = known.iter().map(|row| row.issued_at).min();
    let (Some(mut detector), Some(since)) = (Detector::new(limit, ALARM_LEVEL), alarmed.or(began)) else {
        return Ok(None);
    };
    let mut weights: BTreeMap<String, Vec<f64>> = BTreeMap::new();
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
        if !weights.contains_key(&check.month) {
            let of_month = month_weights(rows, &check.month).await?;
            weights.insert(check.month.clone(), of_month);
        }
        detector.observe(is_bad, weight(&weights, &check));
        way.push(Seen {
            at,
            is_bad,
            figure: detector.figure(),
        });
    }
    Ok(Some(Watched { detector, way }))
}

fn weight(weights: &BTreeMap<String, Vec<f64>>, check: &evidence::Model) -> f64 {
    let band = check.band.and_then(|band| usize::try_from(band).ok());
    let of_month = weights.get(&check.month);
    of_month
        .zip(band)
        .and_then(|(weights, band)| weights.get(band))
        .copied()
        .unwrap_or(1.0)
}

async fn month_weights(rows: &Rows<'_>, month: &str) -> Result<Vec<f64>, AppError> {
    let Some(row) = rows.sampling_month(month).await? else {
        return Ok(Vec::new());
    };
    let mut sent = vec![0; row.probabilities.0.len()];
    for (band, answers) in rows.sent_by_band(month).await? {
        let of_band = usize::try_from(band).ok().and_then(|band| sent.get_mut(band));
        if let Some(of_band) = of_band {
            *of_band = u64::try_from(answers).unwrap_or_default();
        }
    }
    Ok(sample_weights(&sent, &row.probabilities.0))
}
