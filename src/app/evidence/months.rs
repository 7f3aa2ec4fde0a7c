//! A month's sample: fixed when the month begins, drawn from the log, closed with a statement.

use super::grade::score;
use super::note::ask;
use super::records::{House, Topics, features, records, scored};
use crate::app::{App, AppError};
use crate::domain::evidence::{CheckPurpose, Judgement, MonthName, sent_answers};
use crate::domain::ids::WorkspaceId;
use crate::domain::log::{Actor, Entry, EventKind};
use crate::domain::time::Timestamp;
use crate::stats::sampler::{
    Allocation, BandHistory, Bands, Division, Draw, MonthKey, Purpose, allocate, review_budget,
};
use crate::stats::statement::{Rules, Statement, state};
use crate::store::entity::{evidence, sampling_month};
use crate::store::{Change, Json, LogDraft, Rows, Tx};
use jiff::tz::TimeZone;
use serde_json::json;

/// So many entries of the log are looked at in one write.
const AT_ONCE: u64 = 200;
/// A month waits so long after its end, in milliseconds, for checks that nobody has judged.
const PATIENCE_MS: i64 = 10 * 24 * 60 * 60_000;
/// No month closes before so long after its end, in milliseconds: what was decided about in its last moments is written down by then.
const MARGIN_MS: i64 = 60 * 60_000;
/// However many drafts wait at the gate, this part of what reviewers can do goes to what was sent: nothing goes out unwatched.
const LEAST_SAMPLED: f64 = 0.1;
/// This part of what reviewers can do goes to decisions without a verdict.
const REQUEUED: f64 = 0.1;

/// The probability of a band, that of the riskiest for one that was not foreseen.
pub(super) fn probability(probabilities: &[f64], band: usize) -> f64 {
    let known = probabilities.get(band).or(probabilities.last());
    known.copied().unwrap_or(0.0)
}

/// What is fixed when a month begins.
struct Plan {
    bands: Bands,
    allocation: Allocation,
    requeue_probability: f64,
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
    let now = app.now();
    let (month, None) = sampled_now(&rows, &house.zone, now).await? else {
        return Ok(());
    };
    let plan = plan(&rows, &house, month).await?;
    let mut bytes = [0; 32];
    app.sources().random.fill(&mut bytes);
    let key = MonthKey::new(bytes);
    let commitment = key.commitment();
    let row = sampling_month::Model {
        workspace_id,
        month: month.to_string(),
        draw_key: Some(bytes.to_vec()),
        commitment: commitment.to_vec(),
        cuts: Json(plan.bands.cuts().to_vec()),
        probabilities: Json(plan.allocation.probabilities),
        requeue_probability: plan.requeue_probability,
        drawn_through: 0,
        opened_at: now,
        closed_at: None,
        statement: None,
    };
    app.store()
        .write(workspace_id, move |tx| {
            let row = row.clone();
            Box::pin(async move {
                if tx.sampling_month(&row.month).await?.is_some() {
                    return Ok::<_, AppError>(Change::Unlogged(()));
                }
                let entry = LogDraft::new(EventKind::SamplingOpened, Actor::System)
                    .about("month", &row.month)
                    .about("commitment", hex(&row.commitment))
                    .about("cuts", json!(row.cuts.0))
                    .about("probabilities", json!(row.probabilities.0))
                    .about("requeue_probability", row.requeue_probability);
                let drawn_through = tx.log_head().await?;
                tx.insert(sampling_month::Model { drawn_through, ..row }).await?;
                Ok(Change::Logged((), entry))
            })
        })
        .await
}

/// The month's bands and probabilities, from the month before.
async fn plan(rows: &Rows<'_>, house: &House, month: MonthName) -> Result<Plan, AppError> {
    let before = month.plus(-1);
    let last = records(
        &rows.evidence_of_month(&before.to_string()).await?,
        &mut Topics::default(),
    );
    let growth = f64::from(month.days()) / f64::from(before.days());
    let capacity = f64::from(house.autonomy.reviews_a_day) * f64::from(month.days());
    let (sent, held): (Vec<_>, Vec<_>) = last.into_iter().partition(|record| record.sent.is_some());
    let held_now = count(held.len()) * growth;
    let budget = review_budget(capacity, held_now).max(LEAST_SAMPLED * capacity);
    // Where nothing went out before, whatever was held may.
    let basis = if sent.is_empty() { held.clone() } else { sent };
    let (_, version) = score(rows).await?;
    let basis = scored(basis.clone(), &features(rows, &basis).await?, &version);
    let divided = |bands: Bands| {
        let mut history = vec![BandHistory::default(); bands.len()];
        for record in &basis {
            if let Some(band) = history.get_mut(bands.of(record.risk)) {
                band.expected += growth;
                if let Some(bad) = record.judged.and_then(Judgement::found_bad) {
                    band.reviewed += 1.0;
                    band.bad += f64::from(u8::from(bad));
                }
            }
        }
        let allocation = allocate(&history, budget);
        (bands, allocation)
    };
    let risks: Vec<f64> = basis.iter().map(|record| record.risk).collect();
    let mut parts = divided(Bands::of_last_month(&risks));
    if parts.1.division == Division::Uniform {
        // A uniform sample is one stratum: bands of a few checks each would look surer than they are.
        parts = divided(Bands::one());
    }
    let unjudged = held.iter().filter(|record| record.judged.is_none()).count();
    let requeue_probability = match unjudged {
        0 => 1.0,
        some => (REQUEUED * capacity / (count(some) * growth)).min(1.0),
    };
    Ok(Plan {
        bands: parts.0,
        allocation: parts.1,
        requeue_probability,
    })
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Draws from what the log says since the last time, for every month that is not closed.
///
/// # Errors
/// The store's.
pub(super) async fn draw(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let open = |month: &sampling_month::Model| month.closed_at.is_none();
    for month in app
        .store()
        .rows(workspace_id)
        .sampling_months()
        .await?
        .into_iter()
        .filter(open)
    {
        let mut through = month.drawn_through;
        loop {
            let entries = app.store().rows(workspace_id).log_after(through, AT_ONCE).await?;
            let Some(last) = entries.last() else { break };
            through = last.header.seq;
            let (month, now) = (month.month.clone(), app.now());
            app.store()
                .write(workspace_id, move |tx| {
                    let (month, entries) = (month.clone(), entries.clone());
                    Box::pin(async move { draw_from(tx, &month, &entries, through, now).await })
                })
                .await?;
        }
    }
    Ok(())
}

async fn draw_from(
    tx: &Tx<'_>,
    month: &str,
    entries: &[Entry],
    through: i64,
    now: Timestamp,
) -> Result<Change<()>, AppError> {
    let Some(row) = tx
        .sampling_month(month)
        .await?
        .filter(|row| row.drawn_through < through)
    else {
        return Ok(Change::Unlogged(()));
    };
    let (mut looked_at, mut drawn) = (0_u64, 0_u64);
    if let Some(draws) = Draws::of(&row) {
        for entry in entries
            .iter()
            .filter(|entry| entry.header.refs.contains_key("decision"))
        {
            let Some(draft_id) = entry.header.refs.get("draft").and_then(|id| id.parse().ok()) else {
                continue;
            };
            let known = tx.evidence(draft_id).await?;
            let Some(found) = known.filter(|found| found.seq.is_none() && found.month == month) else {
                continue;
            };
            let sequence = u64::try_from(entry.header.seq).unwrap_or_default();
            let rho = draws.rho(&found, sequence);
            let is_drawn = rho < 1.0;
            looked_at += 1;
            drawn += u64::from(is_drawn);
            tx.update(evidence::Model {
                seq: Some(entry.header.seq),
                is_drawn: Some(is_drawn),
                ..found.clone()
            })
            .await?;
            if is_drawn && found.is_sent {
                ask(tx, draft_id, CheckPurpose::Sample, rho, now).await?;
            } else if is_drawn && found.label.is_none() && tx.is_decided(draft_id).await? {
                ask(tx, draft_id, CheckPurpose::Requeue, rho, now).await?;
            }
        }
    }
    tx.update(sampling_month::Model {
        drawn_through: through,
        ..row
    })
    .await?;
    if looked_at == 0 {
        return Ok(Change::Unlogged(()));
    }
    // Which ones were drawn is said when the month closes: until then it would tell samples from other checks.
    let entry = LogDraft::new(EventKind::SamplingDrawn, Actor::System)
        .about("month", month)
        .about("through", through)
        .with("looked_at", looked_at)
        .with("drawn", drawn);
    Ok(Change::Logged((), entry))
}

/// The draws of a month. None where its key was lost: then nothing is drawn.
struct Draws {
    sample: Draw,
    requeue: Draw,
    requeue_probability: f64,
}

impl Draws {
    fn of(row: &sampling_month::Model) -> Option<Self> {
        let key = key_of(row)?;
        let of = |purpose| Draw::new(&key, *row.workspace_id.uuid().as_bytes(), &row.month, purpose);
        Some(Self {
            sample: of(Purpose::Sample),
            requeue: of(Purpose::Requeue),
            requeue_probability: row.requeue_probability,
        })
    }

    fn rho(&self, found: &evidence::Model, sequence: u64) -> f64 {
        match found.probability {
            Some(probability) if found.is_sent => self.sample.rho(sequence, probability),
            _ => self.requeue.rho(sequence, self.requeue_probability),
        }
    }
}

/// The key of a month, if it is there and is the one that was committed to.
pub(in crate::app) fn key_of(row: &sampling_month::Model) -> Option<MonthKey> {
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
    let found = rows.evidence_of_month(&row.month).await?;
    let mut drawn: Vec<i64> = found
        .iter()
        .filter(|found| found.is_sent && found.is_drawn == Some(true))
        .filter_map(|found| found.seq)
        .collect();
    drawn.sort_unstable();
    let rules = Rules {
        risk: house.autonomy.risk(),
        ..Rules::default()
    };
    let begins = row
        .month
        .parse::<MonthName>()
        .map_or(0, |month| month.begins(&house.zone).0);
    let records = records(&found, &mut Topics::default());
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
        if has_patience
            && (rows.unjudged_of_month(&row.month).await? > 0 || waits_for_second(&rows, &row.month).await?)
        {
            continue;
        }
        let (said, drawn) = statement(&rows, &house, &row).await?;
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

/// Whether somebody is still asked for a second opinion on what went out in this month: it corrects the estimate.
async fn waits_for_second(rows: &Rows<'_>, month: &str) -> Result<bool, AppError> {
    let open = rows.open_checks().await?.into_iter();
    let drafts: Vec<_> = open
        .filter(|check| check.purpose == CheckPurpose::Second)
        .map(|check| check.draft_id)
        .collect();
    let found = rows.evidence_of(&drafts).await?;
    Ok(found.iter().any(|row| row.is_sent && row.month == month))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
