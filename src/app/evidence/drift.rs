//! Watches whether what goes out has become worse.

use super::certify::{DRIFT, replace};
use crate::app::{App, AppError};
use crate::domain::evidence::{is_bad, sample_weights};
use crate::domain::ids::WorkspaceId;
use crate::stats::drift::{ALARM_LEVEL, Detector};
use crate::store::Rows;
use crate::store::entity::{certificate, evidence};
use std::collections::BTreeMap;

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
    let detector = detector(&rows, current.certificate.0.limit).await?;
    if !detector.is_some_and(|detector| detector.is_alarmed()) {
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

/// The detector after all checks of the sample since the last alarm, or since the first certificate.
///
/// # Errors
/// The store's.
pub(super) async fn detector(rows: &Rows<'_>, limit: f64) -> Result<Option<Detector>, AppError> {
    let known = rows.certificates(240).await?;
    let drifted = |row: &certificate::Model| row.ended_because.as_deref() == Some(DRIFT);
    let alarmed = known
        .iter()
        .filter(|row| drifted(row))
        .filter_map(|row| row.ended_at)
        .max();
    let began = known.iter().map(|row| row.issued_at).min();
    let (Some(mut detector), Some(since)) = (Detector::new(limit, ALARM_LEVEL), alarmed.or(began)) else {
        return Ok(None);
    };
    let mut weights: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for check in rows.sampled_since(since).await? {
        let Some(bad) = check.second_label.or(check.label).and_then(is_bad) else {
            continue;
        };
        if !weights.contains_key(&check.month) {
            let of_month = month_weights(rows, &check.month).await?;
            weights.insert(check.month.clone(), of_month);
        }
        detector.observe(bad, weight(&weights, &check));
    }
    Ok(Some(detector))
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
