//! Tests at the borders of epochs how far the gate may open, and opens it so far.

use super::grade::score;
use super::records::{House, Topics, features, records, scored};
use crate::app::{App, AppError};
use crate::domain::evidence::{Judgement, MonthName, Record, Window, examples, level};
use crate::domain::features::prior;
use crate::domain::ids::{CertificateId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::policy::{Certified, GateState};
use crate::domain::time::Timestamp;
use crate::stats::drift::brakes;
use crate::stats::score::leak::{Purpose, Rule};
use crate::stats::score::{Version, fit};
use crate::stats::threshold::{
    Certificate, Certification, Rules, Spending, certify, closed_topics, epoch_is_over, next_certificate,
};
use crate::store::entity::{certificate, gate_epoch, score_version, workspace};
use crate::store::{Change, Json, LogDraft, Rows, Tx};
use std::collections::BTreeMap;

/// Months of evidence that a certificate rests on, the one under way included.
const WINDOW_MONTHS: i32 = 3;
/// A certificate that nobody renews ends after this long, in milliseconds: two months.
const LASTS_MS: i64 = 62 * 24 * 60 * 60_000;
/// Why a certificate ended: answers had become worse. What was known before says nothing any more.
pub(super) const DRIFT: &str = "drift";

/// What a test found.
struct Tested {
    number: i64,
    version: Version,
    version_is_new: bool,
    certification: Certification,
    closed_topics: Vec<String>,
    /// The month that ended is so much worse that the window begins anew.
    braked: bool,
}

/// Tests at the border of epochs; in between only what a publication took away counts ([`shrink`]).
///
/// # Errors
/// The store's.
pub(super) async fn test_if_due(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let house = House::of(&rows).await?;
    let now = app.now();
    let last = rows.last_epoch().await?;
    let began_at = last.as_ref().map_or(house.created_at, |epoch| epoch.began_at);
    let month = MonthName::of(now, &house.zone);
    let month_is_over = MonthName::of(began_at, &house.zone) != month;
    let verdicts = rows.verdicts_since(began_at).await?;
    if !epoch_is_over(month_is_over, u32::try_from(verdicts).unwrap_or(u32::MAX)) {
        return Ok(());
    }
    let number = last.map_or(1, |epoch| epoch.number + 1);
    let tested = test(&rows, &house, now, number, true).await?;
    app.store()
        .write(workspace_id, move |tx| {
            let (certification, closed, version) = (
                tested.certification.clone(),
                tested.closed_topics.clone(),
                tested.version.clone(),
            );
            let (score_number, is_new, braked, month) =
                (tested.number, tested.version_is_new, tested.braked, month.to_string());
            Box::pin(async move {
                if tx.last_epoch().await?.map_or(1, |epoch| epoch.number + 1) != number {
                    return Ok::<_, AppError>(Change::Unlogged(()));
                }
                if is_new {
                    tx.insert(score_version::Model {
                        workspace_id,
                        number: score_number,
                        version: Json(version),
                        created_at: now,
                    })
                    .await?;
                }
                tx.insert(gate_epoch::Model {
                    workspace_id,
                    number,
                    month,
                    began_at: now,
                    certification: Json(certification.clone()),
                    closed_topics: Json(closed.clone()),
                })
                .await?;
                let next = if braked {
                    None
                } else {
                    next_certificate(None, &certification, true)
                };
                let because = if braked { DRIFT } else { "tested anew" };
                replace(tx, next, number, (score_number, closed), because, now).await
            })
        })
        .await
}

/// Tests once more between epochs, after answers changed: a certificate can only shrink by that.
///
/// # Errors
/// The store's.
pub(super) async fn shrink(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let Some(current) = rows.certificate_in_force().await? else {
        return Ok(());
    };
    let house = House::of(&rows).await?;
    let now = app.now();
    let tested = test(&rows, &house, now, current.epoch, false).await?;
    let next = next_certificate(Some(current.certificate.0), &tested.certification, false);
    if next == Some(current.certificate.0) {
        return Ok(());
    }
    let (epoch, closed, number) = (current.epoch, tested.closed_topics, tested.number);
    app.store()
        .write(workspace_id, move |tx| {
            let closed = closed.clone();
            Box::pin(async move { replace(tx, next, epoch, (number, closed), "answers changed", now).await })
        })
        .await
}

/// Ends the certificate in force, puts another one in its place or none, and moves the gate where the owner lets certificates do so.
pub(super) async fn replace(
    tx: &Tx<'_>,
    next: Option<Certificate>,
    epoch: i64,
    (score_version, closed_topics): (i64, Vec<String>),
    because: &str,
    now: Timestamp,
) -> Result<Change<()>, AppError> {
    if let Some(current) = tx.certificate_in_force().await? {
        tx.update(certificate::Model {
            ended_at: Some(now),
            ended_because: Some(because.to_owned()),
            ..current
        })
        .await?;
    }
    let mut certified = None;
    if let Some(certificate) = next {
        let row = certificate::Model {
            id: CertificateId::new(&*tx.sources().ids),
            workspace_id: tx.workspace_id(),
            epoch,
            certificate: Json(certificate),
            issued_at: now,
            expires_at: now.plus_ms(LASTS_MS),
            ended_at: None,
            ended_because: None,
        };
        certified = Some(Certified {
            certificate: row.id,
            reach: certificate.reach,
            score_version,
            closed_topics,
            expires_at: row.expires_at,
        });
        tx.insert(row).await?;
    }
    let kind = move_gate(tx, certified.as_ref()).await?;
    let mut entry = LogDraft::new(kind, Actor::System)
        .about("epoch", epoch)
        .about("score_version", score_version)
        .with("because", because);
    if let (Some(certified), Some(certificate)) = (&certified, next) {
        entry = entry
            .about("certificate", certified.certificate)
            .about("upper", certificate.upper)
            .about("limit", certificate.limit)
            .with("certificate", serde_json::to_value(certificate).unwrap_or_default());
    }
    Ok(Change::Logged((), entry))
}

/// The gate follows what the owner has set just now.
///
/// # Errors
/// The store's.
pub(super) async fn follow(tx: &Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    let in_force = tx.certificate_in_force().await?.filter(|row| now < row.expires_at);
    let epoch = tx.last_epoch().await?;
    let certified = in_force.map(|row| Certified {
        certificate: row.id,
        reach: row.certificate.0.reach,
        score_version: i64::from(row.certificate.0.score_version),
        closed_topics: epoch.map(|epoch| epoch.closed_topics.0).unwrap_or_default(),
        expires_at: row.expires_at,
    });
    move_gate(tx, certified.as_ref()).await?;
    Ok(())
}

/// The gate follows the certificate where the owner wants that. What owners released on their own responsibility stays theirs.
async fn move_gate(tx: &Tx<'_>, certified: Option<&Certified>) -> Result<EventKind, AppError> {
    let row = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let gate = match (&row.gate.0, certified) {
        (GateState::Uncertified { .. }, _) | (GateState::Closed, None) => return Ok(EventKind::CertificateTested),
        (GateState::Closed, Some(_)) if !row.settings.0.autonomy.opens => return Ok(EventKind::CertificateTested),
        (GateState::Certified(_), Some(certified)) if row.settings.0.autonomy.opens => {
            GateState::Certified(certified.clone())
        }
        (GateState::Closed, Some(certified)) => GateState::Certified(certified.clone()),
        (GateState::Certified(_), _) => GateState::Closed,
    };
    let kind = match (&row.gate.0, &gate) {
        (_, GateState::Closed) => EventKind::GateClosed,
        (GateState::Closed, _) => EventKind::GateOpened,
        _ => EventKind::CertificateTested,
    };
    tx.update(workspace::Model {
        gate: Json(gate),
        ..row
    })
    .await?;
    Ok(kind)
}

/// From when on evidence counts: three months back, but not from before answers last became worse.
async fn window_from(rows: &Rows<'_>, house: &House, now: Timestamp) -> Result<Timestamp, AppError> {
    let month = MonthName::of(now, &house.zone);
    let months = month.plus(1 - WINDOW_MONTHS).begins(&house.zone);
    let ended = rows.certificates(24).await?.into_iter();
    let drifted = ended
        .filter(|row| row.ended_because.as_deref() == Some(DRIFT))
        .filter_map(|row| row.ended_at)
        .max();
    Ok(drifted.map_or(months, |at| at.max(months)))
}

/// Fits a score on verdicts that the certificate does not see, and tests the certificate on the others.
async fn test(rows: &Rows<'_>, house: &House, now: Timestamp, epoch: i64, fits: bool) -> Result<Tested, AppError> {
    let from = window_from(rows, house, now).await?;
    let mut topics = Topics::default();
    let older = records(&rows.judged_before(from).await?, &mut topics);
    let window = records(&rows.evidence_since(from).await?, &mut topics);
    let older_bad = older
        .iter()
        .filter(|record| record.judged.and_then(Judgement::found_bad) == Some(true))
        .count();
    let rule = Rule::given(from.0, older_bad);
    let of_window = features(rows, &window).await?;
    let (number, current) = score(rows).await?;
    let (number, version, version_is_new) = if fits {
        let all: Vec<Record> = older.iter().chain(&window).cloned().collect();
        let mut of_all = features(rows, &older).await?;
        of_all.extend(of_window.iter().cloned());
        let requeued = requeue_probabilities(rows).await?;
        let probability = |month: MonthName| requeued.get(&month.to_string()).copied().unwrap_or(0.0);
        let fitted = fit(&prior(), &examples(&all, &of_all, rule, probability), Some(rule));
        if fitted.fitted_on.verdicts == 0 || fitted.id == current.id {
            (number, current, false)
        } else {
            (number + 1, fitted, true)
        }
    } else {
        (number, current, false)
    };
    let window = scored(window, &of_window, &version);
    let drafts = Window::of(&window, rule).drafts;
    let limit = house.autonomy.limit();
    let rules = Rules {
        limit,
        risk: Spending::PerEpoch(house.autonomy.risk()).risk(u32::try_from(epoch).unwrap_or(u32::MAX)),
        score_version: u32::try_from(number).unwrap_or(u32::MAX),
    };
    let closed: Vec<u32> = closed_topics(&drafts, limit, rules.risk)
        .into_iter()
        .filter(|topic| topic.is_closed)
        .map(|topic| topic.topic)
        .collect();
    let certification = certify(&drafts, &closed, &rules);
    let braked = match &certification.outcome {
        Ok(certificate) => worsened(&window, rule, &closed, certificate, house, now),
        Err(_) => false,
    };
    Ok(Tested {
        number,
        version,
        version_is_new,
        certification,
        closed_topics: closed
            .iter()
            .filter_map(|topic| topics.name(*topic).map(str::to_owned))
            .collect(),
        braked,
    })
}

/// Whether the month that ended is much worse than those before it: then its good average is no promise for the next.
fn worsened(
    window: &[Record],
    rule: Rule,
    closed: &[u32],
    certificate: &Certificate,
    house: &House,
    now: Timestamp,
) -> bool {
    let last = MonthName::of(now, &house.zone).plus(-1);
    let (month, before): (Vec<Record>, Vec<Record>) = window
        .iter()
        .filter(|record| {
            record.month <= last && rule.purpose(record.at, record.conversation.uuid().as_bytes()) == Purpose::Certify
        })
        .cloned()
        .partition(|record| record.month == last);
    let level = |records: &[Record]| level(records, rule, closed, certificate.reach);
    match (level(&month), level(&before)) {
        (Some(month), Some(before)) => brakes(month, before),
        _ => false,
    }
}

async fn requeue_probabilities(rows: &Rows<'_>) -> Result<BTreeMap<String, f64>, AppError> {
    let months = rows.sampling_months().await?.into_iter();
    Ok(months.map(|row| (row.month, row.requeue_probability)).collect())
}
