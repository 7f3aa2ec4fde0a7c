//! Draws from the log which answers are looked at.

use super::months::key_of;
use super::note::{ask, ask_for_second};
use crate::app::checks::{self, Mixed};
use crate::app::{App, AppError};
use crate::domain::evidence::check::KEPT_BACK;
use crate::domain::evidence::{CheckPurpose, JudgedBy, sample_weights};
use crate::domain::ids::{DraftId, WorkspaceId};
use crate::domain::log::{Actor, Entry, EventKind};
use crate::domain::time::Timestamp;
use crate::stats::sampler::{Draw, Purpose};
use crate::store::entity::{evidence, sampling_month};
use crate::store::{Change, Json, LogDraft, Tx};

/// So many entries of the log are looked at in one write: it holds the writer for as long as that takes.
const AT_ONCE: u64 = 50;

/// Draws from what the log says since the last time, for every month that is not closed.
///
/// # Errors
/// The store's.
pub(super) async fn draw(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let months = rows.sampling_months().await?.into_iter();
    let mut mixed = None;
    for month in months.filter(|month| month.closed_at.is_none()) {
        let mut through = month.drawn_through;
        loop {
            let entries = rows.log_after(through, AT_ONCE).await?;
            let Some(last) = entries.last() else { break };
            through = last.header.seq;
            if mixed.is_none() && entries.iter().any(|entry| draft_of(entry).is_some()) {
                mixed = Some(checks::mixable(app, workspace_id).await?);
            }
            let also: Vec<Mixed> = mixed.clone().unwrap_or_default();
            let (month, now) = (month.month.clone(), app.now());
            let has_mixed = app
                .store()
                .write(workspace_id, move |tx| {
                    let (month, entries, also) = (month.clone(), entries.clone(), also.clone());
                    Box::pin(async move { draw_from(tx, &month, &entries, &also, (through, now)).await })
                })
                .await?;
            if has_mixed {
                mixed = Some(Vec::new());
            }
        }
    }
    Ok(())
}

/// The draft that an entry of the log decided about.
fn draft_of(entry: &Entry) -> Option<DraftId> {
    let refs = &entry.header.refs;
    refs.get("draft")
        .filter(|_| refs.contains_key("decision"))?
        .parse()
        .ok()
}

/// Draws from entries, and puts checks of the reviewers among the others if any draft was looked at. Returns whether.
async fn draw_from(
    tx: &Tx<'_>,
    month: &str,
    entries: &[Entry],
    mixed: &[Mixed],
    (through, now): (i64, Timestamp),
) -> Result<Change<bool>, AppError> {
    let Some(row) = tx
        .sampling_month(month)
        .await?
        .filter(|row| row.drawn_through < through)
    else {
        return Ok(Change::Unlogged(false));
    };
    let mut found = Vec::new();
    for entry in entries {
        let Some(draft_id) = draft_of(entry) else { continue };
        let known = tx.evidence(draft_id).await?;
        let known = known.filter(|found| found.seq.is_none() && found.month == month);
        found.extend(known.map(|found| (entry.header.seq, with_its_lot(&row, found))));
    }
    let sent = counted(&row, found.iter().map(|(_, found)| found));
    // Fixed now, before anybody judges: a weight that moved with later answers would make what the watch promises untrue.
    let weights = sample_weights(&sent, &row.probabilities.0);
    let mut looked_at = 0_u64;
    if let Some(draws) = Draws::of(&row) {
        for (seq, found) in found {
            draw_one(tx, &draws, &weights, found, (seq, now)).await?;
            looked_at += 1;
        }
    }
    tx.update(sampling_month::Model {
        drawn_through: through,
        sent: Json(sent),
        ..row
    })
    .await?;
    if looked_at == 0 {
        return Ok(Change::Unlogged(false));
    }
    for mixed in mixed {
        mixed.put(tx, now).await?;
    }
    // Which ones were drawn is said when the month closes, and not even how many before: it would tell samples from other checks.
    let entry = LogDraft::new(EventKind::SamplingDrawn, Actor::System)
        .about("month", month)
        .about("through", through)
        .with("looked_at", looked_at);
    Ok(Change::Logged(!mixed.is_empty(), entry))
}

/// So many answers of each band went out by decision, these included.
fn counted<'a>(row: &sampling_month::Model, found: impl Iterator<Item = &'a evidence::Model>) -> Vec<u64> {
    let mut sent = row.sent.0.clone();
    sent.resize(row.probabilities.0.len(), 0);
    for found in found.filter(|found| found.is_sent) {
        let band = found.band.and_then(|band| usize::try_from(band).ok());
        if let Some(of_band) = band.and_then(|band| sent.get_mut(band)) {
            *of_band += 1;
        }
    }
    sent
}

/// Of what was held before the month was opened it is not known yet how often it is asked about.
fn with_its_lot(row: &sampling_month::Model, found: evidence::Model) -> evidence::Model {
    if found.is_sent || found.probability.is_some() {
        return found;
    }
    let (half, probability) = asked_with(row, found.score);
    evidence::Model {
        band: Some(half),
        probability: Some(probability),
        ..found
    }
}

async fn draw_one(
    tx: &Tx<'_>,
    draws: &Draws,
    weights: &[f64],
    found: evidence::Model,
    (seq, now): (i64, Timestamp),
) -> Result<(), AppError> {
    let sequence = u64::try_from(seq).unwrap_or_default();
    let rho = draws.rho(&found, sequence);
    let is_drawn = rho < 1.0;
    let band = found.band.and_then(|band| usize::try_from(band).ok());
    let weight = band.and_then(|band| weights.get(band)).copied();
    tx.update(evidence::Model {
        seq: Some(seq),
        is_drawn: Some(is_drawn),
        weight: weight.filter(|_| is_drawn && found.is_sent),
        is_kept_back: draws.kept_back.selects(sequence, KEPT_BACK),
        ..found.clone()
    })
    .await?;
    if let (Some(label), Some(JudgedBy::Gate)) = (found.label, found.judged_by) {
        // It was judged before it had a place in the log.
        let decided = tx.final_outcome_of(found.draft_id).await?;
        let placed = evidence::Model {
            seq: Some(seq),
            ..found.clone()
        };
        ask_for_second(tx, &placed, label, decided.and_then(|outcome| outcome.member_id), now).await?;
    }
    if !is_drawn || found.left_out {
        return Ok(());
    }
    if found.is_sent {
        ask(tx, found.draft_id, CheckPurpose::Sample, rho, now).await?;
    } else if found.label.is_none() && tx.final_outcome_of(found.draft_id).await?.is_some() {
        ask(tx, found.draft_id, CheckPurpose::Requeue, rho, now).await?;
    }
    Ok(())
}

/// In place of a band, of what was held: its risk lies above the middle. 0 is below, or where no middle is known.
pub(super) const FAR: i64 = 1;

/// In which half a held draft lies, and with which probability it is asked about should it be decided about without a verdict.
pub(super) fn asked_with(row: &sampling_month::Model, score: f64) -> (i64, f64) {
    let is_far = row.requeue_middle.is_some_and(|middle| score > middle);
    match row.requeue_far.filter(|_| is_far) {
        Some(probability) => (FAR, probability),
        None => (0, row.requeue_probability),
    }
}

/// The draws of a month. None where its key was lost: then nothing is drawn.
pub(super) struct Draws {
    pub(super) sample: Draw,
    requeue: Draw,
    kept_back: Draw,
}

impl Draws {
    pub(super) fn of(row: &sampling_month::Model) -> Option<Self> {
        let key = key_of(row)?;
        let of = |purpose| Draw::new(&key, *row.workspace_id.uuid().as_bytes(), &row.month, purpose);
        Some(Self {
            sample: of(Purpose::Sample),
            requeue: of(Purpose::Requeue),
            kept_back: of(Purpose::Repeat),
        })
    }

    fn rho(&self, found: &evidence::Model, sequence: u64) -> f64 {
        let draw = if found.is_sent { &self.sample } else { &self.requeue };
        draw.rho(sequence, found.probability.unwrap_or_default())
    }
}
