//! Tests at the borders of epochs how far the gate may open.

use super::grade::score;
use super::in_force::{follow, replace};
use super::records::{House, Topics, features, records, window};
use super::{SOON_MS, look_soon};
use crate::app::{App, AppError};
use crate::domain::evidence::{Ended, Judgement, MonthName, Record, Window, examples, level};
use crate::domain::features::prior;
use crate::domain::ids::{CertificateId, WorkspaceId};
use crate::domain::log::Actor;
use crate::domain::policy::GateState;
use crate::domain::settings::AutonomySettings;
use crate::domain::time::Timestamp;
use crate::stats::drift::brakes;
use crate::stats::metrics::{Judged, ScoreQuality, score_quality};
use crate::stats::score::leak::{Purpose, Rule};
use crate::stats::score::{Version, fit};
use crate::stats::threshold::{
    Certificate, Certification, Rules, certify, closed_topics, epoch_is_over, next_certificate, verdicts_needed,
};
use crate::store::entity::{gate_epoch, score_version};
use crate::store::{Change, JobKind, Json, LogDraft, Rows};

/// What a test rests on beside verdicts. If any of it is another one by the time the result is written, the result is none.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Basis {
    in_force: Option<CertificateId>,
    epoch: i64,
    autonomy: AutonomySettings,
    score: i64,
    /// Policies ever applied.
    policies: u64,
    /// Drafts whose answer is another one today.
    changed: u64,
    /// Something was published that nothing was compared with yet.
    is_published: bool,
}

impl Basis {
    async fn of(rows: &Rows<'_>) -> Result<Self, AppError> {
        let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
        Ok(Self {
            in_force: rows.certificate_in_force().await?.map(|row| row.id),
            epoch: rows.last_epoch().await?.map_or(0, |epoch| epoch.number),
            autonomy: workspace.settings.0.autonomy,
            score: score(rows).await?.0,
            policies: rows.count_policies().await?,
            changed: rows.count_changed().await?,
            is_published: rows.is_scheduled(JobKind::CarryOver, rows.workspace_id()).await?,
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
    if basis.is_published {
        // What was learnt is about to be compared with what would be answered today; that job has this one look again.
        return Ok(());
    }
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
                let because = if braked {
                    Ended::MuchWorseMonth
                } else {
                    Ended::TestedAnew
                };
                let change = replace(tx, next, number, (score_number, closed), because, now).await?;
                // Its seal stands in the log, so that no other can be put in its place.
                Ok(match change {
                    Change::Logged((), entry) => Change::Logged((), entry.about("score_seal", &seal)),
                    Change::Unlogged(()) => Change::Unlogged(()),
                })
            })
        })
        .await
}

/// Tests once more between epochs, after answers changed or something was tightened: a certificate can only shrink by that. Tells whether it did:
/// not where what it rests on moved meanwhile, and then a job does it before long.
///
/// # Errors
/// The store's.
pub(super) async fn shrink(app: &App, workspace_id: WorkspaceId) -> Result<bool, AppError> {
    let rows = app.store().rows(workspace_id);
    let Some(current) = rows.certificate_in_force().await? else {
        return Ok(true);
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
                    return Ok(Change::Unlogged(false));
                }
                if !stays {
                    return Ok(
                        match replace(tx, next, epoch, (number, closed), Ended::AnswersChanged, now).await? {
                            Change::Logged((), entry) => Change::Logged(true, entry),
                            Change::Unlogged(()) => Change::Unlogged(true),
                        },
                    );
                }
                // It was shut while it was looked at under what had been tightened, and it holds.
                Ok(match follow(tx, now).await? {
                    Some(moved) => Change::Logged(true, LogDraft::new(moved, Actor::System).about("epoch", epoch)),
                    None => Change::Unlogged(true),
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
            shrink(app, workspace_id).await?;
        }
        _ => {}
    }
    Ok(())
}

/// From when on evidence counts: three months back, but not from before answers last became worse.
async fn window_from(rows: &Rows<'_>, house: &House, now: Timestamp) -> Result<Timestamp, AppError> {
    let months = house.window_from(now);
    let last = rows.last_epoch().await?;
    Ok(last.map_or(months, |epoch| epoch.evidence_from.max(months)))
}

/// Fits a score on verdicts that the certificate does not see, and tests the certificate on the others.
async fn test(rows: &Rows<'_>, house: &House, now: Timestamp, epoch: i64, fits: bool) -> Result<Tested, AppError> {
    let from = window_from(rows, house, now).await?;
    let mut topics = Topics::default();
    let judged = records(&rows.judged().await?, &mut topics);
    let of_judged = features(rows, &judged).await?;
    let older = judged.partition_point(|record| record.at < from.0);
    let found_bad = |record: &&Record| record.judged.and_then(Judgement::found_bad) == Some(true);
    let older_bad = judged.iter().take(older).filter(found_bad).count();
    let (number, current) = score(rows).await?;
    let given = Rule::given(from.0, older_bad);
    let (number, version, version_is_new) = if fits {
        let seen = examples(&judged, &of_judged, (given, Purpose::Fit));
        let fitted = fit(&prior(), &seen, Some(given));
        if fitted.fitted_on.verdicts == 0 || fitted.id == current.id {
            (number, current, false)
        } else {
            (number + 1, fitted, true)
        }
    } else {
        (number, current, false)
    };
    // What fitted the score never certifies under it, however much older evidence there is by now, and wherever the window begins.
    let rule = version
        .fitted_on
        .rule
        .filter(|_| !version_is_new)
        .map_or(given, |fitted| Rule {
            window_from: given.window_from.max(fitted.window_from),
            shares_window: given.shares_window || fitted.shares_window,
        });
    let (Some(newer), Some(of_newer)) = (judged.get(older..), of_judged.get(older..)) else {
        return Err(AppError::Internal(
            "a part of what was judged lies outside of it".to_owned(),
        ));
    };
    let unseen = examples(newer, of_newer, (rule, Purpose::Certify));
    let judged: Vec<Judged> = unseen
        .iter()
        .map(|example| Judged {
            risk: version.risk(example.features),
            bad: example.bad,
            weight: example.weight,
        })
        .collect();
    let score_quality = score_quality(&judged);
    let window = window(rows, from, &version, &mut topics).await?;
    let limit = house.autonomy.limit();
    let risk = house.autonomy.risk_of(epoch);
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
    let level = |records: &dyn Fn(&&Record) -> bool| {
        level(window.iter().filter(records), rule, enough, closed, certificate.reach)
    };
    match (
        level(&|record| record.month == last),
        level(&|record| record.month < last),
    ) {
        (Some(month), Some(before)) => brakes(month, before),
        _ => false,
    }
}
