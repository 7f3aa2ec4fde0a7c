//! What a month is drawn with, from the month before: counted, not read.

use super::grade::score;
use super::records::{House, Topics, features, records, scored};
use crate::app::AppError;
use crate::domain::evidence::{Judgement, MonthName, Record, requeue_probabilities};
use crate::domain::time::Timestamp;
use crate::stats::quantile::p50;
use crate::stats::sampler::{Allocation, BandHistory, Bands, Division, allocate, review_budget};
use crate::stats::score::Version;
use crate::store::Rows;

/// However many drafts wait at the gate, this part of what reviewers can do goes to what was sent: nothing goes out unwatched.
const LEAST_SAMPLED: f64 = 0.1;
/// The newest drafts of the month before, so many at most, say how risky drafts are.
const LOOKED_AT: u64 = 10_000;
const DAY_MS: f64 = 24.0 * 60.0 * 60_000.0;

/// What is fixed when a month begins.
pub(super) struct Plan {
    pub(super) bands: Bands,
    pub(super) allocation: Allocation,
    /// With which probabilities drafts that were decided about without a verdict are asked about: below the middle of the risks, and above.
    pub(super) requeue: [f64; 2],
    /// The middle of the risks of what was held.
    pub(super) middle_of_held: Option<f64>,
}

/// The month's bands and probabilities, from what is known `now` of the month before.
///
/// # Errors
/// The store's.
pub(super) async fn plan(rows: &Rows<'_>, house: &House, month: MonthName, now: Timestamp) -> Result<Plan, AppError> {
    let before = month.plus(-1);
    let name = before.to_string();
    let (sent, held, unjudged) = rows.load_of_month(&name).await?;
    let growth = f64::from(month.days()) / days_known(house, before, now);
    let capacity = f64::from(house.autonomy.reviews_a_day) * f64::from(month.days());
    let budget = review_budget(capacity, count(held) * growth).max(LEAST_SAMPLED * capacity);
    // The gate may have opened a moment ago: then as much goes out as its certificate lets out. Without one, where nothing went out before,
    // whatever was held may.
    let in_force = rows.certificate_in_force().await?;
    let expected = match in_force {
        Some(row) => (row.certificate.0.automation * count(sent + held)).max(count(sent)),
        None if sent > 0 => count(sent),
        None => count(held),
    };
    let of_sent = 2.0 * count(sent) >= expected && sent > 0;
    let (_, version) = score(rows).await?;
    let newest = read(rows, &name, of_sent, Some(LOOKED_AT), &version).await?;
    let judged = read(rows, &name, of_sent, None, &version).await?;
    let risks_held = read(rows, &name, false, Some(LOOKED_AT), &version).await?;
    let risks_held: Vec<f64> = risks_held.iter().map(|record| record.risk).collect();
    let middle_of_held = p50(&risks_held);
    // Each that was looked at stands for as many as there were.
    let stands_for = expected / count(newest.len() as u64).max(1.0) * growth;
    let divided = |bands: Bands| {
        let mut history = vec![BandHistory::default(); bands.len()];
        for record in &newest {
            if let Some(band) = history.get_mut(bands.of(record.risk)) {
                band.expected += stands_for;
            }
        }
        for record in &judged {
            if let (Some(band), Some(bad)) = (
                history.get_mut(bands.of(record.risk)),
                record.judged.and_then(Judgement::found_bad),
            ) {
                band.reviewed += 1.0;
                band.bad += f64::from(u8::from(bad));
            }
        }
        let allocation = allocate(&history, budget);
        (bands, allocation)
    };
    let risks: Vec<f64> = newest.iter().map(|record| record.risk).collect();
    let mut parts = divided(Bands::of_last_month(&risks));
    if parts.1.division == Division::Uniform || house.autonomy.exact {
        // A uniform sample is one stratum: bands of a few checks each would look surer than they are.
        parts = divided(Bands::one());
    }
    Ok(Plan {
        bands: parts.0,
        allocation: parts.1,
        requeue: requeue_probabilities(
            capacity,
            count(unjudged) * growth,
            count(held) * growth,
            middle_of_held.is_some(),
        ),
        middle_of_held,
    })
}

/// Days of a month that have passed, one at least.
fn days_known(house: &House, month: MonthName, now: Timestamp) -> f64 {
    let begun_ms = now.ms_since(month.begins(&house.zone)).max(0);
    let days = f64::from(u32::try_from(begun_ms / 60_000).unwrap_or(u32::MAX)) * 60_000.0 / DAY_MS;
    days.clamp(1.0, f64::from(month.days()))
}

async fn read(
    rows: &Rows<'_>,
    month: &str,
    is_sent: bool,
    newest: Option<u64>,
    version: &Version,
) -> Result<Vec<Record>, AppError> {
    let found = rows.drafts_of_month(month, is_sent, newest).await?;
    let found = records(&found, &mut Topics::default());
    let features = features(rows, &found).await?;
    Ok(scored(found, &features, version))
}

fn count(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
