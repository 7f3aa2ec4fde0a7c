//! Tests at the borders of epochs how far the gate may open, and opens it so far.

use super::grade::score;
use super::records::{House, Topics, features, records, scored, under_policies_in_force};
use super::{SOON_MS, look_soon};
use crate::app::{App, AppError};
use crate::domain::evidence::{Judgement, MonthName, Record, Window, examples, level};
use crate::domain::features::prior;
use crate::domain::ids::{CertificateId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::policy::{Certified, GateState};
use crate::domain::settings::AutonomySettings;
use crate::domain::time::Timestamp;
use crate::stats::drift::brakes;
use crate::stats::metrics::{Judged, ScoreQuality, score_quality};
use crate::stats::score::leak::{Purpose, Rule};
use crate::stats::score::{Version, fit};
use crate::stats::threshold::{
    Certificate, Certification, Rules, Spending, certify, closed_topics, epoch_is_over, next_certificate,
    verdicts_needed,
};
use crate::store::entity::{certificate, gate_epoch, score_version, workspace};
use crate::store::{Change, JobKind, Json, LogDraft, Rows, Tx};
use std::collections::BTreeMap;

/// Months of evidence that a certificate rests on, the one under way included.
const WINDOW_MONTHS: i32 = 3;
/// A certificate that nobody renews ends after this long, in milliseconds: two months.
const LASTS_MS: i64 = 62 * 24 * 60 * 60_000;
/// Why a certificate ended: answers had become worse. What was known before says nothing any more.
pub(super) const DRIFT: &str = "drift";

/// What a test rests on beside verdicts. If any of it is another one by the time the result is written, the result is none.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Basis {
    in_force: Option<CertificateId>,
    epoch: i64,
    autonomy: AutonomySettings,
    score: i64,
}

impl Basis {
    async fn of(rows: &Rows<'_>) -> Result<Self, AppError> {
        let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
        Ok(Self {
            in_force: rows.certificate_in_force().await?.map(|row| row.id),
            epoch: rows.last_epoch().await?.map_or(0, |epoch| epoch.number),
            autonomy: workspace.settings.0.autonomy,
            score: score(rows).await?.0,
        })
    }
}

/// What a test found.
struct Tested {
    number: i64,
    version: Version,
    version_is_new: bool,
    certification: Certification,
    closed_topics: Vec<String>,
    score_quality: Option<ScoreQuality>,
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
    let number = last.as_ref().map_or(1, |epoch| epoch.number + 1);
    let evidence_from = last.map_or(Timestamp(0), |epoch| epoch.evidence_from);
    let basis = Basis::of(&rows).await?;
    let tested = test(&rows, &house, now, number, true).await?;
    app.store()
        .write(workspace_id, move |tx| {
            let (seal, score_quality) = (tested.version.id.clone(), tested.score_quality.clone());
            let (certification, closed, version) = (
                tested.certification.clone(),
                tested.closed_topics.clone(),
                tested.version.clone(),
            );
            let (score_number, is_new, braked, month) =
                (tested.number, tested.version_is_new, tested.braked, month.to_string());
            Box::pin(async move {
                if Basis::of(tx).await? != basis {
                    look_soon(tx, now).await?;
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
                    evidence_from: if braked { now } else { evidence_from },
                    score_quality: score_quality.map(Json),
                })
                .await?;
                let next = if braked {
                    None
                } else {
                    next_certificate(None, &certification, true)
                };
                let because = if braked { DRIFT } else { "tested anew" };
                let change = replace(tx, next, number, (score_number, closed), because, now).await?;
                // Its seal stands in the log, so that no other can be put in its place.
                Ok(match change {
                    Change::Logged((), entry) => Change::Logged((), entry.about("score_seal", &seal)),
                    unlogged => unlogged,
                })
            })
        })
        .await
}

/// Tests once more between epochs, after answers changed or something was tightened: a certificate can only shrink by that.
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
    let basis = Basis::of(&rows).await?;
    let tested = test(&rows, &house, now, current.epoch, false).await?;
    let next = next_certificate(Some(current.certificate.0), &tested.certification, false);
    let known = &current.closed_topics.0;
    let closes_more = tested.closed_topics.iter().any(|topic| !known.contains(topic));
    let stays = next == Some(current.certificate.0) && !closes_more;
    let (epoch, closed, number) = (current.epoch, tested.closed_topics, tested.number);
    app.store()
        .write(workspace_id, move |tx| {
            let closed = closed.clone();
            Box::pin(async move {
                if Basis::of(tx).await? != basis {
                    tx.schedule(JobKind::CarryOver, workspace_id, now.plus_ms(SOON_MS))
                        .await?;
                    return Ok(Change::Unlogged(()));
                }
                if !stays {
                    return replace(tx, next, epoch, (number, closed), "answers changed", now).await;
                }
                // It was shut while it was looked at under what had been tightened, and it holds.
                Ok(match follow(tx, now).await? {
                    Some(moved) => Change::Logged((), LogDraft::new(moved, Actor::System).about("epoch", epoch)),
                    None => Change::Unlogged(()),
                })
            })
        })
        .await
}

/// Looks once more where that was interrupted after something had been tightened: the gate is shut, and nobody but the test opens it.
///
/// # Errors
/// The store's.
pub(super) async fn resume(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let row = app.store().rows(workspace_id).workspace().await?;
    match row {
        Some(row) if row.settings.0.autonomy.opens && row.gate.0 == GateState::Closed => {
            shrink(app, workspace_id).await
        }
        _ => Ok(()),
    }
}

/// Ends the certificate in force, puts another one in its place or none, and moves the gate where the owner lets certificates do so.
///
/// One of the same epoch is no new promise: it ends when the one before would have, and what was closed stays closed. After a drift
/// evidence counts from now on.
pub(super) async fn replace(
    tx: &Tx<'_>,
    next: Option<Certificate>,
    epoch: i64,
    (score_version, closed_topics): (i64, Vec<String>),
    because: &str,
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
    if because == DRIFT {
        forget_evidence(tx, now).await?;
    }
    let mut certified = None;
    if let Some(certificate) = next {
        let row = certificate::Model {
            id: CertificateId::new(&*tx.sources().ids),
            workspace_id: tx.workspace_id(),
            epoch,
            certificate: Json(certificate),
            closed_topics: Json(closed_topics.clone()),
            issued_at: now,
            expires_at,
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
    let moved = move_gate(tx, certified.as_ref()).await?;
    let kind = moved.unwrap_or(EventKind::CertificateTested);
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

/// Ends the certificate in force, if there is one, and shuts the gate that it holds open; the caller logs it. Tells whether the gate moved.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn end_certificate(tx: &Tx<'_>, because: &str, now: Timestamp) -> Result<bool, AppError> {
    let Some(current) = tx.certificate_in_force().await? else {
        return Ok(false);
    };
    end(tx, current, because, now).await?;
    Ok(shut(tx).await?.is_some())
}

async fn end(tx: &Tx<'_>, current: certificate::Model, because: &str, now: Timestamp) -> Result<(), AppError> {
    let ended = certificate::Model {
        ended_at: Some(now),
        ended_because: Some(because.to_owned()),
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
    let in_force = tx.certificate_in_force().await?.filter(|row| now < row.expires_at);
    let certified = in_force.map(|row| Certified {
        certificate: row.id,
        reach: row.certificate.0.reach,
        score_version: i64::from(row.certificate.0.score_version),
        closed_topics: row.closed_topics.0,
        expires_at: row.expires_at,
    });
    move_gate(tx, certified.as_ref()).await
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

/// From when on evidence counts: three months back, but not from before answers last became worse.
async fn window_from(rows: &Rows<'_>, house: &House, now: Timestamp) -> Result<Timestamp, AppError> {
    let month = MonthName::of(now, &house.zone);
    let months = month.plus(1 - WINDOW_MONTHS).begins(&house.zone);
    let last = rows.last_epoch().await?;
    Ok(last.map_or(months, |epoch| epoch.evidence_from.max(months)))
}

/// Fits a score on verdicts that the certificate does not see, and tests the certificate on the others.
async fn test(rows: &Rows<'_>, house: &House, now: Timestamp, epoch: i64, fits: bool) -> Result<Tested, AppError> {
    let from = window_from(rows, house, now).await?;
    let mut topics = Topics::default();
    let older = records(&rows.judged_before(from).await?, &mut topics);
    let mut window = rows.evidence_since(from).await?;
    under_policies_in_force(rows, &mut window).await?;
    let window = records(&window, &mut topics);
    let older_bad = older
        .iter()
        .filter(|record| record.judged.and_then(Judgement::found_bad) == Some(true))
        .count();
    let of_window = features(rows, &window).await?;
    let (number, current) = score(rows).await?;
    let given = Rule::given(from.0, older_bad);
    // What fitted the score in force never certifies under it, however much older evidence there is by now.
    let fitted_on_window = current.fitted_on.rule.is_some_and(|rule| rule.shares_window);
    let rule = Rule {
        shares_window: given.shares_window || fitted_on_window,
        ..given
    };
    let requeued = requeue_probabilities(rows).await?;
    let probability = |month: MonthName| requeued.get(&month.to_string()).copied().unwrap_or(0.0);
    let (number, version, version_is_new) = if fits {
        let all: Vec<Record> = older.iter().chain(&window).cloned().collect();
        let mut of_all = features(rows, &older).await?;
        of_all.extend(of_window.iter().cloned());
        let fitted = fit(
            &prior(),
            &examples(&all, &of_all, (rule, Purpose::Fit), probability),
            Some(rule),
        );
        if fitted.fitted_on.verdicts == 0 || fitted.id == current.id {
            (number, current, false)
        } else {
            (number + 1, fitted, true)
        }
    } else {
        (number, current, false)
    };
    let unseen = examples(&window, &of_window, (rule, Purpose::Certify), probability);
    let judged: Vec<Judged> = unseen
        .iter()
        .map(|example| Judged {
            risk: version.risk(example.features),
            bad: example.bad,
            weight: example.weight,
        })
        .collect();
    let score_quality = score_quality(&judged);
    let window = scored(window, &of_window, &version);
    let limit = house.autonomy.limit();
    let risk = Spending::PerEpoch(house.autonomy.risk()).risk(u32::try_from(epoch).unwrap_or(u32::MAX));
    let enough = verdicts_needed(limit, risk);
    let Window { drafts, is_corrected } = Window::of(&window, rule, enough);
    let rules = Rules {
        limit,
        risk,
        score_version: u32::try_from(number).unwrap_or(u32::MAX),
        is_corrected,
    };
    let closed: Vec<u32> = closed_topics(&drafts, limit, rules.risk)
        .into_iter()
        .filter(|topic| topic.is_closed)
        .map(|topic| topic.topic)
        .collect();
    let certification = certify(&drafts, &closed, &rules);
    let braked = match &certification.outcome {
        Ok(certificate) => worsened(&window, (rule, enough), &closed, certificate, house, now),
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
        score_quality,
        braked,
    })
}

/// Whether the month that ended is much worse than those before it: then its good average is no promise for the next.
fn worsened(
    window: &[Record],
    (rule, enough): (Rule, u32),
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
    let level = |records: &[Record]| level(records, rule, enough, closed, certificate.reach);
    match (level(&month), level(&before)) {
        (Some(month), Some(before)) => brakes(month, before),
        _ => false,
    }
}

async fn requeue_probabilities(rows: &Rows<'_>) -> Result<BTreeMap<String, f64>, AppError> {
    let months = rows.sampling_months().await?.into_iter();
    Ok(months.map(|row| (row.month, row.requeue_probability)).collect())
}
