//! Rechecks a month's draw from the log alone.

use super::months::hex;
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::evidence::MonthName;
use crate::domain::log::{ChainVerifier, Entry, EventKind};
use crate::stats::sampler::{DrawProblem, DrawRow, MonthKey, verify_month};
use serde::Serialize;
use std::collections::BTreeSet;

/// So many entries are read at once.
const AT_ONCE: u64 = 1_000;

/// What rechecking a month's draw found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DrawView {
    /// The month.
    pub month: String,
    /// Hash of its key, as it was published when the month began.
    pub commitment: String,
    /// The key, revealed at the close.
    pub key: Option<String>,
    /// Answers looked at.
    pub checked: u64,
    /// Answers that the key draws.
    pub drawn: u64,
    /// Whether everything is as it should be.
    pub is_fair: bool,
    /// What is not, in words.
    pub problems: Vec<String>,
}

/// What the log says of a month.
#[derive(Default)]
struct Said {
    commitment: Option<[u8; 32]>,
    probabilities: Vec<f64>,
    sent: Vec<(u64, usize, f64)>,
    key: Option<[u8; 32]>,
    drawn: BTreeSet<u64>,
    is_closed: bool,
}

impl Said {
    fn hear(&mut self, entry: &Entry, month: &str) {
        let refs = &entry.header.refs;
        let is_of_month = refs.get("month").is_some_and(|named| named == month);
        let kind = entry.header.kind.as_str();
        if kind == EventKind::SamplingOpened.as_str() && is_of_month {
            self.commitment = refs.get("commitment").and_then(|text| unhex(text));
            self.probabilities = refs
                .get("probabilities")
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default();
        } else if kind == EventKind::StatementPublished.as_str() && is_of_month {
            self.is_closed = true;
            self.key = refs.get("key").and_then(|text| unhex(text));
            self.drawn = refs
                .get("drawn")
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default();
        } else if kind == EventKind::MessageReleased.as_str()
            && refs.get("month").is_some_and(|named| named == month)
            && let (Some(band), Some(probability)) = (refs.get("band"), refs.get("probability"))
        {
            let sequence = u64::try_from(entry.header.seq).unwrap_or_default();
            self.sent.push((
                sequence,
                band.parse().unwrap_or(usize::MAX),
                probability.parse().unwrap_or(f64::NAN),
            ));
        }
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Vec<u8> = (0..text.len()).step_by(2).map(digits).collect::<Option<_>>()?;
    bytes.try_into().ok()
}

/// Rechecks the whole draw of a month from the log: that no entry of the log is missing or changed, that the key is the one whose hash was published when the month began, that each
/// answer had its band's probability, and that exactly those were drawn that the key draws.
///
/// # Errors
/// [`AppError::Invalid`] for a month that is none, [`AppError::NotFound`] for one that was never opened, [`AppError::Conflict`] for one whose
/// key is not revealed yet; [`AppError::Forbidden`] or the store's.
pub async fn verify_draw(app: &App, caller: &Caller, month: &str) -> Result<DrawView, AppError> {
    caller.require(Scope::Read)?;
    let name = month
        .parse::<MonthName>()
        .map_err(|wrong| AppError::Invalid(wrong.to_string()))?
        .to_string();
    let rows = app.store().rows(caller.workspace_id);
    let (mut said, mut after) = (Said::default(), 0);
    let (mut chain, mut damage) = (ChainVerifier::default(), None);
    loop {
        let entries = rows.log_after(after, AT_ONCE).await?;
        let Some(last) = entries.last() else { break };
        after = last.header.seq;
        for entry in &entries {
            if damage.is_none()
                && let Err(broken) = chain.accept(entry)
            {
                damage = Some(format!("the log is damaged at entry {}: {broken}", entry.header.seq));
            }
            said.hear(entry, &name);
        }
    }
    let commitment = said.commitment.ok_or(AppError::NotFound(
        "the sampling of this month: nothing was opened in it",
    ))?;
    if !said.is_closed {
        return Err(AppError::Conflict {
            sentence: format!(
                "The month {name} is not closed yet, so its key is still secret; it closes when it is over and its checks are judged"
            ),
            extra: serde_json::json!({}),
        });
    }
    let key = said.key.map(MonthKey::new);
    let rows: Vec<DrawRow> = said
        .sent
        .iter()
        .map(|(sequence, band, probability)| DrawRow {
            sequence: *sequence,
            band: *band,
            probability: *probability,
            drawn: said.drawn.contains(sequence),
        })
        .collect();
    let report = verify_month(
        *caller.workspace_id.uuid().as_bytes(),
        &name,
        key.as_ref(),
        &commitment,
        &said.probabilities,
        &rows,
    );
    let sent: BTreeSet<u64> = said.sent.iter().map(|(sequence, ..)| *sequence).collect();
    let others = said.drawn.difference(&sent);
    let others = others.map(|&sequence| DrawProblem::NothingSent { sequence }.to_string());
    let problems: Vec<String> = damage
        .into_iter()
        .chain(report.problems.iter().map(DrawProblem::to_string))
        .chain(others)
        .collect();
    Ok(DrawView {
        month: name,
        commitment: hex(&commitment),
        key: said.key.map(|key| hex(&key)),
        checked: report.checked,
        drawn: report.drawn,
        is_fair: problems.is_empty(),
        problems,
    })
}
