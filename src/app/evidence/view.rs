//! What is known, for people.

use super::records::House;
use super::{ClosedView, DriftDay, closing, drift, months, words};
use crate::app::{App, AppError, Caller, policy};
use crate::domain::account::Scope;
use crate::domain::evidence::{MonthName, is_bad};
use crate::domain::settings::AutonomySettings;
use crate::domain::time::Timestamp;
use crate::stats::bounds::{Watched, betting_upper};
use crate::stats::drift::ALARM_LEVEL;
use crate::stats::metrics::ScoreQuality;
use crate::stats::statement::Statement;
use crate::stats::threshold::{Certificate, Mode, Rules, Step, Uncertified, verdicts_needed, with_times_the_verdicts};
use crate::store::entity::sampling_month;
use crate::store::{MonthCell, Rows};
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
    /// Verdicts since that test, those of today left out, and after how many the next one comes if the month does not end before.
    pub verdicts: (u64, u32),
    /// The smallest number of verdicts with which anything can be certified at this limit.
    pub verdicts_needed: u32,
    /// Months, the newest first.
    pub months: Vec<MonthView>,
    /// The detector's figure and the level of its alarm; none before the first certificate, unless something is released without one.
    pub drift: Option<(f64, f64)>,
    /// How it came to stand there, day by day.
    pub drift_days: Vec<DriftDay>,
    /// When and why the gate closed by itself, if it has not been opened since.
    pub closed: Option<ClosedView>,
    /// The certificate in sentences, or why there is none and what is missing.
    pub in_words: Vec<String>,
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
    /// Topics whose own bound is above the limit: it lets nothing of them out.
    pub closed_topics: Vec<String>,
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

/// What was counted of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct MonthCounts {
    /// Answers sent unreviewed.
    pub sent: u64,
    /// Those that were drawn. Told when the month is closed.
    pub drawn: Option<u64>,
    /// Drawn answers that were judged, or tried in vain.
    pub reviewed: u64,
    /// Bad ones among them.
    pub bad: u64,
    /// Those among them that nobody could judge.
    pub unjudged: u64,
}

/// A month's sample and statement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MonthView {
    /// As in `2026-05`.
    pub month: String,
    /// What is said of it, once it is closed. Before, an interval that is made to be looked at once would be looked at often.
    pub statement: Option<Statement>,
    /// What was counted; of a month under way verdicts of the days before.
    pub counts: MonthCounts,
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
    let in_force = in_force.filter(|row| app.now() < row.expires_at);
    let epoch = rows.last_epoch().await?;
    let since = epoch.as_ref().map_or(house.created_at, |epoch| epoch.began_at);
    let told_until = house.told_until(caller, app.now());
    let next_risk = house
        .autonomy
        .risk_of(epoch.as_ref().map_or(1, |epoch| epoch.number + 1));
    let mut months = Vec::new();
    for row in rows
        .sampling_months()
        .await?
        .into_iter()
        .take(usize::try_from(SHOWN).unwrap_or(usize::MAX))
    {
        months.extend(month(&rows, &house, &row, (app.now(), told_until)).await?);
    }
    let watched = drift::latest(&rows, &house, told_until).await?;
    let mut known = Quality {
        autonomy: house.autonomy,
        gate: policy::gate(app, caller).await?.state,
        verdicts: (
            rows.verdicts_between(since, told_until).await?,
            crate::stats::threshold::EPOCH_VERDICTS,
        ),
        verdicts_needed: verdicts_needed(house.autonomy.limit(), next_risk),
        certificate: in_force.map(|row| CertificateView {
            id: row.id.to_string(),
            certificate: row.certificate.0,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            closed_topics: row.closed_topics.0,
        }),
        epoch: epoch.map(|row| EpochView {
            outlook: outlook(&row.certification.0.curve, &house, next_risk),
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
        in_words: Vec::new(),
    };
    known.in_words = words::of_certificate(&known);
    Ok(known)
}

fn outlook(curve: &[Step], house: &House, risk: f64) -> Vec<CurvePoint> {
    let rules = Rules {
        limit: house.autonomy.limit(),
        risk,
        score_version: 0,
        is_corrected: false,
    };
    with_times_the_verdicts(curve, MORE, &rules)
        .iter()
        .map(CurvePoint::from)
        .collect()
}

/// A month; none of one that has not begun.
async fn month(
    rows: &Rows<'_>,
    house: &House,
    row: &sampling_month::Model,
    (now, told_until): (Timestamp, Timestamp),
) -> Result<Option<MonthView>, AppError> {
    let name = row.month.parse::<MonthName>().ok();
    if name.is_some_and(|name| now < name.begins(&house.zone)) {
        return Ok(None);
    }
    let is_closed = row.closed_at.is_some();
    let (statement, counts, so_far) = if is_closed {
        // As it was published: what is learnt later does not change it.
        let said = row.statement.clone();
        let said = said.and_then(|said| serde_json::from_value::<Statement>(said.0).ok());
        let counts = said.as_ref().map(MonthCounts::published).unwrap_or_default();
        (said, counts, None)
    } else {
        let cells = rows.month_cells(&row.month, told_until).await?;
        let bands = watched(&row.sent.0, &row.probabilities.0, &cells);
        let upper = bands.map(|bands| betting_upper(&bands, house.autonomy.risk()));
        (None, MonthCounts::so_far(&row.sent.0, &cells), upper)
    };
    let in_words = match (name, &statement) {
        (Some(name), Some(statement)) => words::of_month(statement, name),
        (Some(name), None) if !is_closed => words::so_far(&counts, name, (so_far, 1.0 - house.autonomy.risk())),
        _ => row.month.clone(),
    };
    Ok(Some(MonthView {
        in_words,
        so_far,
        month: row.month.clone(),
        statement,
        counts,
        is_closed,
        commitment: months::hex(&row.commitment),
    }))
}

/// What is said of one month, as it may be told to people now; none of one whose answers were never sampled.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn month_said(
    rows: &Rows<'_>,
    name: MonthName,
    now: Timestamp,
) -> Result<Option<MonthView>, AppError> {
    let house = House::of(rows).await?;
    let Some(row) = rows.sampling_month(&name.to_string()).await? else {
        return Ok(None);
    };
    let told_until = house.told_to_members_until(now);
    month(rows, &house, &row, (now, told_until)).await
}

/// "Bad" or not, where a verdict says so; the second opinion counts where it can tell.
fn found_bad(cell: &MonthCell) -> Option<bool> {
    cell.second.and_then(is_bad).or_else(|| cell.label.and_then(is_bad))
}

impl MonthCounts {
    const fn published(statement: &Statement) -> Self {
        let counts = match statement {
            Statement::Claim(claim) => claim.counts,
            Statement::Withheld { counts, .. } => *counts,
        };
        Self {
            sent: counts.sent,
            drawn: Some(counts.drawn),
            reviewed: counts.reviewed,
            bad: counts.bad,
            unjudged: counts.unjudged,
        }
    }

    fn so_far(sent: &[u64], cells: &[MonthCell]) -> Self {
        let judged = || cells.iter().filter(|cell| cell.label.is_some());
        let number = |fits: fn(Option<bool>) -> bool| {
            let fitting = judged().filter(|cell| fits(found_bad(cell)));
            fitting.map(|cell| cell.answers).sum()
        };
        Self {
            sent: sent.iter().sum(),
            drawn: None,
            reviewed: number(|_| true),
            bad: number(|bad| bad == Some(true)),
            unjudged: number(|bad| bad.is_none()),
        }
    }
}

/// What was sent and judged by band, as shares; none where nothing was sent.
fn watched(sent: &[u64], probabilities: &[f64], cells: &[MonthCell]) -> Option<Vec<Watched>> {
    let number = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    let all: f64 = sent.iter().map(|&sent| number(sent)).sum();
    let checks: f64 = sent.iter().zip(probabilities).map(|(&sent, p)| number(sent) * p).sum();
    let judged = |band: usize, fits: fn(Option<bool>) -> bool| {
        let of_band = cells
            .iter()
            .filter(|cell| cell.label.is_some() && usize::try_from(cell.band) == Ok(band) && fits(found_bad(cell)));
        of_band.map(|cell| cell.answers).sum()
    };
    (all > 0.0 && checks > 0.0).then(|| {
        let strata = sent.iter().zip(probabilities).enumerate();
        strata
            .map(|(band, (&sent, probability))| Watched {
                share: number(sent) / all,
                draws: number(sent) * probability / checks,
                good: judged(band, |bad| bad == Some(false)),
                // What nobody could judge counts as bad.
                bad: judged(band, |bad| bad != Some(false)),
            })
            .collect()
    })
}
