//! The certificate in force, and the gate that follows it.

use crate::app::{App, AppError};
use crate::domain::evidence::Ended;
use crate::domain::ids::{CertificateId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::policy::{Certified, GateState};
use crate::domain::time::Timestamp;
use crate::stats::threshold::Certificate;
use crate::store::entity::{certificate, gate_epoch, workspace};
use crate::store::{Change, Json, LogDraft, Tx};

/// Limits and risks that differ by less are the same.
const ROUNDING: f64 = 1e-9;
/// A certificate that nobody renews ends after this long, in milliseconds: two months.
const LASTS_MS: i64 = 62 * 24 * 60 * 60_000;

/// Ends the certificate in force, puts another one in its place or none, and moves the gate where the owner lets certificates do so.
///
/// One of the same epoch is no new promise: it ends when the one before would have, and what was closed stays closed. After a drift
/// evidence counts from now on.
pub(super) async fn replace(
    tx: &Tx<'_>,
    next: Option<Certificate>,
    epoch: i64,
    (score_version, closed_topics): (i64, Vec<String>),
    because: Ended,
    now: Timestamp,
) -> Result<Change<()>, AppError> {
    let (mut expires_at, mut closed_topics) = (now.plus_ms(LASTS_MS), closed_topics);
    if let Some(current) = tx.certificate_in_force().await? {
        if current.epoch == epoch {
            expires_at = current.expires_at;
            closed_topics.extend(current.closed_topics.0.iter().cloned());
            closed_topics.sort_unstable();
            closed_topics.dedup();
        }
        end(tx, current, because, now).await?;
    }
    if because.forgets_evidence() {
        forget_evidence(tx, now).await?;
    }
    let mut certified = None;
    if let Some(certificate) = next {
        let row = certificate::Model {
            id: CertificateId::new(&*tx.sources().ids),
            workspace_id: tx.workspace_id(),
            epoch,
            certificate: Json(certificate),
            closed_topics: Json(closed_topics),
            issued_at: now,
            expires_at,
            ended_at: None,
            ended_because: None,
        };
        certified = Some(certified_by(&row));
        tx.insert(row).await?;
    }
    let moved = move_gate(tx, certified.as_ref()).await?;
    let kind = moved.unwrap_or(EventKind::CertificateTested);
    let mut entry = LogDraft::new(kind, Actor::System)
        .about("epoch", epoch)
        .about("score_version", score_version)
        .with("because", because.code());
    if let (Some(certified), Some(certificate)) = (&certified, next) {
        entry = entry
            .about("certificate", certified.certificate)
            .about("upper", certificate.upper)
            .about("limit", certificate.limit)
            .with("certificate", serde_json::to_value(certificate).unwrap_or_default());
    }
    Ok(Change::Logged((), entry))
}

/// Ends the certificate in force, if there is one, and shuts the gate that it holds open; the caller logs it. Tells whether the gate moved.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn end_certificate(tx: &Tx<'_>, because: Ended, now: Timestamp) -> Result<bool, AppError> {
    let Some(current) = tx.certificate_in_force().await? else {
        return Ok(false);
    };
    end(tx, current, because, now).await?;
    Ok(shut(tx).await?.is_some())
}

/// Ends a certificate that nobody has renewed in time: it lets nothing out any more, so it must not look as if it did.
///
/// # Errors
/// The store's.
pub(super) async fn end_if_over(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let now = app.now();
    let is_over = move |row: &certificate::Model| row.expires_at <= now;
    let in_force = app.store().rows(workspace_id).certificate_in_force().await?;
    if !in_force.is_some_and(|row| is_over(&row)) {
        return Ok(());
    }
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                match tx.certificate_in_force().await?.filter(is_over) {
                    Some(current) => {
                        let (epoch, score_version) = (current.epoch, i64::from(current.certificate.0.score_version));
                        replace(tx, None, epoch, (score_version, Vec::new()), Ended::RanOut, now).await
                    }
                    None => Ok(Change::Unlogged(())),
                }
            })
        })
        .await
}

async fn end(tx: &Tx<'_>, current: certificate::Model, because: Ended, now: Timestamp) -> Result<(), AppError> {
    let ended = certificate::Model {
        ended_at: Some(now),
        ended_because: Some(because),
        ..current
    };
    Ok(tx.update(ended).await?)
}

/// From now on only what is learnt from now on counts.
async fn forget_evidence(tx: &Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    let Some(last) = tx.last_epoch().await? else {
        return Ok(());
    };
    let anew = gate_epoch::Model {
        evidence_from: now,
        ..last
    };
    Ok(tx.update(anew).await?)
}

/// The gate follows what the owner has set just now; tells how it moved, if it did.
///
/// # Errors
/// The store's.
pub(super) async fn follow(tx: &Tx<'_>, now: Timestamp) -> Result<Option<EventKind>, AppError> {
    let row = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let autonomy = row.settings.0.autonomy;
    // One that promises less than what is set by now opens nothing until it was looked at once more.
    let holds = |row: &certificate::Model| {
        let (limit, risk) = (row.certificate.0.limit, row.certificate.0.risk);
        now < row.expires_at && limit <= autonomy.limit() + ROUNDING && risk <= autonomy.risk_of(row.epoch) + ROUNDING
    };
    let in_force = tx.certificate_in_force().await?.filter(holds);
    let certified = in_force.as_ref().map(certified_by);
    move_gate(tx, certified.as_ref()).await
}

/// What a certificate lets through.
fn certified_by(row: &certificate::Model) -> Certified {
    Certified {
        certificate: row.id,
        reach: row.certificate.0.reach,
        score_version: i64::from(row.certificate.0.score_version),
        closed_topics: row.closed_topics.0.clone(),
        expires_at: row.expires_at,
    }
}

/// Closes a gate that is open under a certificate, until the certificate was looked at once more; tells whether it was.
///
/// # Errors
/// The store's.
pub(super) async fn shut(tx: &Tx<'_>) -> Result<Option<EventKind>, AppError> {
    move_gate(tx, None).await
}

/// The gate follows the certificate where the owner wants that; tells how it moved. What owners released on their own responsibility
/// stays theirs.
async fn move_gate(tx: &Tx<'_>, certified: Option<&Certified>) -> Result<Option<EventKind>, AppError> {
    let row = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let gate = match (&row.gate.0, certified) {
        (GateState::Uncertified { .. }, _) | (GateState::Closed, None) => return Ok(None),
        (GateState::Closed, Some(_)) if !row.settings.0.autonomy.opens => return Ok(None),
        (GateState::Certified(_), Some(certified)) if row.settings.0.autonomy.opens => {
            GateState::Certified(certified.clone())
        }
        (GateState::Closed, Some(certified)) => GateState::Certified(certified.clone()),
        (GateState::Certified(_), _) => GateState::Closed,
    };
    let kind = match (&row.gate.0, &gate) {
        (_, GateState::Closed) => Some(EventKind::GateClosed),
        (GateState::Closed, _) => Some(EventKind::GateOpened),
        _ => None,
    };
    tx.update(workspace::Model {
        gate: Json(gate),
        ..row
    })
    .await?;
    Ok(kind)
}
