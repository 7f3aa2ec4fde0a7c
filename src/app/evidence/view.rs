//! What is known, for people.

use super::records::{House, Topics, records};
use super::{ClosedView, DriftDay, closing, drift, months, words};
use crate::app::{App, AppError, Caller, policy};
use crate::domain::account::Scope;
use crate::domain::evidence::{JudgedBy, Judgement, MonthName};
use crate::domain::settings::AutonomySettings;
use crate::domain::time::Timestamp;
use crate::stats::bounds::{Watched, betting_upper};
use crate::stats::drift::ALARM_LEVEL;
use crate::stats::metrics::ScoreQuality;
use crate::stats::statement::Statement;
use crate::stats::threshold::{Certificate, Mode, Rules, Step, Uncertified, verdicts_needed, with_times_the_verdicts};
use crate::store::Rows;
use crate::store::entity::{evidence, sampling_month};
use serde::Serialize;

/// So many past tests and certificates are shown.
const SHOWN: u64 = 24;
/// The outlook is on so many times the verdicts.
const MORE: f64 = 2.0;

/// Everything about quality.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// What the owner set.
    pub autonomy: AutonomySettings,
    /// `closed`, `uncertified` or `certified`.
    pub gate: &'static str,
    /// The certificate in force.
    pub certificate: Option<CertificateView>,
    /// The last test.
    pub epoch: Option<EpochView>,
    /// Verdicts since that test, and after how many the next one comes if the month does not end before.
    pub verdicts: (u64, u32),
    /// The smallest number of verdicts with which anything can be certified at this limit.
    pub verdicts_needed: u32,
    /// Months, the newest first.
    pub months: Vec<MonthView>,
    /// The detector's figure and the level at which it closes the gate; none before the first certificate.
    pub drift: Option<(f64, f64)>,
    /// How it came to stand there, day by day.
    pub drift_days: Vec<DriftDay>,
    /// When and why the gate closed by itself, if it has not been opened since.
    pub closed: Option<ClosedView>,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CertificateView {
    /// Its id.
    pub id: String,
    /// What it says.
    #[serde(flatten)]
    pub certificate: Certificate,
    /// Since when.
    pub issued_at: Timestamp,
    /// Until when at the latest.
    pub expires_at: Timestamp,
    /// When and why it ended.
    pub ended: Option<(Timestamp, String)>,
}

/// A point of the autonomy curve: how much goes out without a person against what is guaranteed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The riskiest mode in it.
    pub mode: Mode,
    /// The share of drafts that goes out.
    pub automation: f64,
    /// The estimate of the share of bad ones among them.
    pub estimate: f64,
    /// The upper bound of that share.
    pub upper: f64,
    /// Verdicts in it.
    pub reviewed: u64,
    /// Bad ones among them.
    pub bad: u64,
    /// Whether it is certified.
    pub is_certified: bool,
}

impl From<&Step> for CurvePoint {
    fn from(step: &Step) -> Self {
        Self {
            mode: step.reach.mode,
            automation: step.automation,
            estimate: step.estimate,
            upper: step.upper,
            reviewed: step.reviewed,
            bad: step.bad,
            is_certified: step.is_certified,
        }
    }
}

/// A test of the certificate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EpochView {
    /// Its number.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// All sets in order.
    pub curve: Vec<CurvePoint>,
    /// The same with twice the verdicts, if they say the same: what more evidence would give.
    pub outlook: Vec<CurvePoint>,
    /// Why there is no certificate.
    pub refused: Option<Uncertified>,
    /// Topics that are above the limit by themselves.
    pub closed_topics: Vec<String>,
    /// How good the score was, on verdicts that it had not seen.
    pub score: Option<ScoreQuality>,
}

/// A month's sample and statement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MonthView {
    /// As in `2026-05`.
    pub month: String,
    /// What is said of it; as it stands, where the month is not closed.
    pub statement: Statement,
    /// In one sentence. Of a month under way it is a bound that may be looked at at any time.
    pub in_words: String,
    /// That bound, for a month under way of which something was judged.
    pub so_far: Option<f64>,
    /// Whether it is closed.
    pub is_closed: bool,
    /// Hash of the key of its draws.
    pub commitment: String,
}

/// Everything about quality.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn quality(app: &App, caller: &Caller) -> Result<Quality, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let house = House::of(&rows).await?;
    let in_force = rows.certificate_in_force().await?;
    let epoch = rows.last_epoch().await?;
    let since = epoch.as_ref().map_or(house.created_at, |epoch| epoch.began_at);
    let mut months = Vec::new();
    for row in rows
        .sampling_months()
        .await?
        .into_iter()
        .take(usize::try_from(SHOWN).unwrap_or(usize::MAX))
    {
        let stored = row
            .statement
            .clone()
            .and_then(|said| serde_json::from_value(said.0).ok());
        let statement = match stored {
            Some(stored) => stored,
            None => months::statement(&rows, &house, &row).await?.0,
        };
        let is_closed = row.closed_at.is_some();
        let so_far = if is_closed {
            None
        } else {
            so_far(&rows, &house, &row).await?
        };
        let in_words = row.month.parse::<MonthName>().map_or_else(
            |_| row.month.clone(),
            |name| {
                if is_closed {
                    words::of_month(&statement, name)
                } else {
                    words::so_far(&statement, name, so_far)
                }
            },
        );
        months.push(MonthView {
            in_words,
            so_far,
            month: row.month.clone(),
            statement,
            is_closed,
            commitment: months::hex(&row.commitment),
        });
    }
    let watched = drift::latest(&rows).await?;
    Ok(Quality {
        autonomy: house.autonomy,
        gate: policy::gate(app, caller).await?.state,
        verdicts: (
            rows.verdicts_since(since).await?,
            crate::stats::threshold::EPOCH_VERDICTS,
        ),
        verdicts_needed: verdicts_needed(house.autonomy.limit(), house.autonomy.risk()),
        certificate: in_force.map(|row| CertificateView {
            id: row.id.to_string(),
            certificate: row.certificate.0,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            ended: row.ended_at.zip(row.ended_because),
        }),
        epoch: epoch.map(|row| EpochView {
            outlook: outlook(&row.certification.0.curve, &house),
            number: row.number,
            at: row.began_at,
            curve: row.certification.0.curve.iter().map(CurvePoint::from).collect(),
            refused: row.certification.0.outcome.err(),
            closed_topics: row.closed_topics.0,
            score: row.score_quality.map(|told| told.0),
        }),
        months,
        drift: watched.as_ref().map(|watched| (watched.detector.figure(), ALARM_LEVEL)),
        drift_days: watched.map(|watched| watched.days(&house)).unwrap_or_default(),
        closed: closing::closed(app, caller).await?,
    })
}

fn outlook(curve: &[Step], house: &House) -> Vec<CurvePoint> {
    let rules = Rules {
        limit: house.autonomy.limit(),
        risk: house.autonomy.risk(),
        score_version: 0,
        is_corrected: false,
    };
    with_times_the_verdicts(curve, MORE, &rules)
        .iter()
        .map(CurvePoint::from)
        .collect()
}

/// The bound of a month under way that holds whenever one looks: the month's own is computed once, at its close.
async fn so_far(rows: &Rows<'_>, house: &House, month: &sampling_month::Model) -> Result<Option<f64>, AppError> {
    let found = rows.evidence_of_month(&month.month).await?;
    Ok(watched(&found, &month.probabilities.0).map(|strata| betting_upper(&strata, house.autonomy.risk())))
}

/// What was sent and judged by band, as shares; none where nothing was sent.
fn watched(found: &[evidence::Model], probabilities: &[f64]) -> Option<Vec<Watched>> {
    let mut bands = vec![(0_u32, 0_u64, 0_u64); probabilities.len()];
    for record in records(found, &mut Topics::default()) {
        let Some((band, _)) = record.sent.filter(|_| !record.left_out) else {
            continue;
        };
        let Some((sent, good, wrong)) = bands.get_mut(usize::from(band)) else {
            continue;
        };
        *sent += 1;
        let judged = record.judged.filter(|judged| judged.by == JudgedBy::Sample);
        match judged.map(Judgement::found_bad) {
            Some(Some(false)) => *good += 1,
            // What nobody could judge counts as bad.
            Some(Some(true) | None) => *wrong += 1,
            None => {}
        }
    }
    let all: f64 = bands.iter().map(|(sent, ..)| f64::from(*sent)).sum();
    let checks: f64 = bands
        .iter()
        .zip(probabilities)
        .map(|((sent, ..), p)| f64::from(*sent) * p)
        .sum();
    (all > 0.0 && checks > 0.0).then(|| {
        let strata = bands.iter().zip(probabilities);
        strata
            .map(|((sent, good, bad), probability)| Watched {
                share: f64::from(*sent) / all,
                draws: f64::from(*sent) * probability / checks,
                good: *good,
                bad: *bad,
            })
            .collect()
    })
}
