//! A month's sample: fixed before the month begins, closed with a statement.

use super::draws::Draws;
use super::plan::plan;
use super::records::{House, Parts, Topics, records as of_rows};
use crate::app::{App, AppError};
use crate::domain::evidence::{MonthName, Record, sent_answers};
use crate::domain::ids::WorkspaceId;
use crate::domain::log::{Actor, EventKind};
use crate::domain::settings::AutonomySettings;
use crate::domain::time::Timestamp;
use crate::stats::sampler::MonthKey;
use crate::stats::statement::{Statement, state};
use crate::store::entity::sampling_month;
use crate::store::{Change, Json, LogDraft, Made, Rows};
use jiff::tz::TimeZone;
use serde_json::json;

/// A month is opened so long before it begins, in milliseconds.
const AHEAD_MS: i64 = 6 * 60 * 60_000;
/// Months whose verdicts are of use, the one under way included.
const NEEDED_MONTHS: i32 = 3;
/// A month closes this long after its end at the earliest, in milliseconds: what is still being written in it is written, and clocks may jump.
const MARGIN_MS: i64 = 60 * 60_000;
/// A month waits so long after its end, in milliseconds, for checks that nobody has judged.
const PATIENCE_MS: i64 = 10 * 24 * 60 * 60_000;

/// The probability of a band, that of the riskiest for one that was not foreseen.
pub(super) fn probability(probabilities: &[f64], band: usize) -> f64 {
    let known = probabilities.get(band).or(probabilities.last());
    known.copied().unwrap_or(0.0)
}

/// The month in whose sample belongs what goes out now: that of the clocks, or the first after it whose key is not known yet. A clock that
/// was set back must not let answers into a sample that everybody can foresee. None where it has to be opened first.
///
/// # Errors
/// The store's.
pub(super) async fn sampled_now(
    rows: &Rows<'_>,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<(MonthName, Option<sampling_month::Model>), AppError> {
    let mut month = MonthName::of(now, zone);
    loop {
        match rows.sampling_month(&month.to_string()).await? {
            Some(row) if row.closed_at.is_some() => month = month.plus(1),
            row => return Ok((month, row)),
        }
    }
}

/// Opens the month that has begun, unless it is open.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn open(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let house = House::of(&rows).await?;
    let (month, _) = sampled_now(&rows, &house.zone, app.now()).await?;
    open_one(app, workspace_id, &house, month).await
}

/// Opens the month under way, and in its last hours the next one: so that the first answer of a month need not wait for its plan.
///
/// # Errors
/// The store's.
pub(super) async fn open_ahead(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let house = House::of(&app.store().rows(workspace_id)).await?;
    let now = app.now();
    let rows = app.store().rows(workspace_id);
    let (month, _) = sampled_now(&rows, &house.zone, now).await?;
    open_one(app, workspace_id, &house, month).await?;
    let next = MonthName::of(now.plus_ms(AHEAD_MS), &house.zone);
    if next <= month {
        return Ok(());
    }
    open_one(app, workspace_id, &house, next).await
}

async fn open_one(app: &App, workspace_id: WorkspaceId, house: &House, month: MonthName) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let name = month.to_string();
    if rows.sampling_month(&name).await?.is_some() {
        return Ok(());
    }
    // One plans, whoever else needs the month waits.
    let _planning = app.inner.planning.lock().await;
    if rows.sampling_month(&name).await?.is_some() {
        return Ok(());
    }
    let now = app.now();
    let plan = plan(&rows, house, month, now).await?;
    let [near, far] = plan.requeue;
    let mut bytes = [0; 32];
    app.sources().random.fill(&mut bytes);
    let key = MonthKey::new(bytes);
    let commitment = key.commitment();
    let row = sampling_month::Model {
        workspace_id,
        month: name,
        draw_key: Some(bytes.to_vec()),
        commitment: commitment.to_vec(),
        cuts: Json(plan.bands.cuts().to_vec()),
        sent: Json(vec![0; plan.allocation.probabilities.len()]),
        probabilities: Json(plan.allocation.probabilities),
        requeue_probability: near,
        requeue_far: Some(far),
        requeue_middle: plan.middle_of_held,
        confidence_percent: Some(i64::from(house.autonomy.confidence_percent)),
        is_exact: Some(house.autonomy.exact),
        drawn_through: 0,
        opened_at: now,
        closed_at: None,
        statement: None,
    };
    let needed_from = month.plus(1 - NEEDED_MONTHS).begins(&house.zone);
    app.store()
        .write(workspace_id, move |tx| {
            let row = row.clone();
            Box::pin(async move {
                if tx.sampling_month(&row.month).await?.is_some() {
                    return Ok::<_, AppError>(Change::Unlogged(()));
                }
                // No statement and no certificate needs them any more.
                let withdrawn = tx.withdraw_checks(needed_from).await?;
                let entry = LogDraft::new(EventKind::SamplingOpened, Actor::System)
                    .about("month", &row.month)
                    .about("commitment", hex(&row.commitment))
                    .about("cuts", json!(row.cuts.0))
                    .about("probabilities", json!(row.probabilities.0))
                    .about("requeue_probability", row.requeue_probability)
                    .about("requeue_far", json!(row.requeue_far))
                    .about("requeue_middle", json!(row.requeue_middle))
                    .with("withdrawn", withdrawn);
                let drawn_through = tx.log_head().await?;
                tx.insert(sampling_month::Model { drawn_through, ..row }).await?;
                Ok(Change::Logged((), entry))
            })
        })
        .await
}

/// The key of a month, if it is there and is the one that was committed to.
pub(super) fn key_of(row: &sampling_month::Model) -> Option<MonthKey> {
    let bytes: [u8; 32] = row.draw_key.as_deref()?.try_into().ok()?;
    let key = MonthKey::new(bytes);
    (key.commitment().as_slice() == row.commitment).then_some(key)
}

/// The statement as it stands: what could be said if the month closed now.
///
/// # Errors
/// The store's.
pub(super) async fn statement(
    rows: &Rows<'_>,
    house: &House,
    row: &sampling_month::Model,
) -> Result<(Statement, Vec<i64>), AppError> {
    let (mut records, mut drawn): (Vec<Record>, Vec<i64>) = (Vec::new(), Vec::new());
    let mut parts = Parts::of(rows, Made::In(&row.month));
    while let Some(part) = parts.next().await? {
        let part_drawn = part
            .iter()
            .filter(|found| found.is_sent && found.is_drawn == Some(true));
        drawn.extend(part_drawn.filter_map(|found| found.seq));
        // What did not go out by decision says nothing to a statement.
        records.extend(
            of_rows(&part, &mut Topics::default())
                .into_iter()
                .filter(|record| record.sent.is_some()),
        );
    }
    drawn.sort_unstable();
    // As it was set when the month was opened: nobody chooses the bound who knows the figures.
    let set = house.autonomy;
    let confidence_percent = row.confidence_percent.and_then(|percent| u32::try_from(percent).ok());
    let rules = AutonomySettings {
        confidence_percent: confidence_percent.unwrap_or(set.confidence_percent),
        exact: row.is_exact.unwrap_or(set.exact),
        ..set
    }
    .claim();
    let begins = row
        .month
        .parse::<MonthName>()
        .map_or(0, |month| month.begins(&house.zone).0);
    let said = match Draws::of(row) {
        Some(of_month) => state(sent_answers(&records, &of_month.sample, begins), &rules),
        // Without the key nobody can say what was drawn fairly.
        None => state(
            records
                .iter()
                .filter(|record| record.sent.is_some())
                .map(|record| crate::stats::statement::SentAnswer {
                    week: 0,
                    band: record.sent.map_or(0, |(band, _)| band),
                    drawn: None,
                }),
            &rules,
        ),
    };
    Ok((said, drawn))
}

/// Closes the months that are over, once their checks are judged or have waited long enough: says what can be said, and reveals
/// the key.
///
/// # Errors
/// The store's.
pub(super) async fn close(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let house = House::of(&rows).await?;
    let now = app.now();
    for row in rows.sampling_months().await? {
        let Ok(month) = row.month.parse::<MonthName>() else {
            continue;
        };
        let ended = month.plus(1).begins(&house.zone);
        if row.closed_at.is_some() || now < ended.plus_ms(MARGIN_MS) {
            continue;
        }
        let has_patience = now < ended.plus_ms(PATIENCE_MS) && row.draw_key.is_some();
        if has_patience && (rows.unjudged_of_month(&row.month).await? > 0 || rows.waits_for_second(&row.month).await?) {
            continue;
        }
        let (said, drawn) = statement(&rows, &house, &row).await?;
        let sent = match &said {
            Statement::Claim(claim) => claim.counts.sent,
            Statement::Withheld { counts, .. } => counts.sent,
        };
        let said = serde_json::to_value(&said).map_err(|error| AppError::Internal(error.to_string()))?;
        app.store()
            .write(workspace_id, move |tx| {
                let (month, said, drawn) = (row.month.clone(), said.clone(), drawn.clone());
                Box::pin(async move {
                    let Some(row) = tx.sampling_month(&month).await?.filter(|row| row.closed_at.is_none()) else {
                        return Ok::<_, AppError>(Change::Unlogged(()));
                    };
                    let mut entry = LogDraft::new(EventKind::StatementPublished, Actor::System)
                        .about("month", &month)
                        .about("commitment", hex(&row.commitment))
                        .about("sent", sent)
                        .about("drawn", json!(drawn))
                        .with("statement", said.clone());
                    if let Some(key) = &row.draw_key {
                        entry = entry.about("key", hex(key));
                    }
                    tx.update(sampling_month::Model {
                        closed_at: Some(now),
                        statement: Some(Json(said)),
                        ..row
                    })
                    .await?;
                    Ok(Change::Logged((), entry))
                })
            })
            .await?;
    }
    Ok(())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
