//! From rows to what the rules take.

use crate::app::{AppError, Caller, Who, policy};
use crate::domain::evidence::{Judgement, MonthName, Record, is_bad, mode_of};
use crate::domain::ids::{AgentId, AgentVersionId, DraftId};
use crate::domain::policy::{Document, GateState, Policy, decide, is_narrowed};
use crate::domain::settings::AutonomySettings;
use crate::domain::time::Timestamp;
use crate::stats::score::Version;
use crate::store::entity::{decision, evidence};
use crate::store::{Json, Rows};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Months that count, the one under way included: evidence of a certificate, accuracy, what is compared after a publication.
const WINDOW_MONTHS: i32 = 3;

/// What a workspace counts with.
pub(super) struct House {
    pub(super) autonomy: AutonomySettings,
    pub(super) zone: TimeZone,
    pub(super) created_at: Timestamp,
}

impl House {
    pub(super) async fn of(rows: &Rows<'_>) -> Result<Self, AppError> {
        let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
        Ok(Self {
            autonomy: workspace.settings.0.autonomy,
            zone: policy::zone(rows).await?,
            created_at: workspace.created_at,
        })
    }

    /// Where the months begin that count: the one under way and the two before it.
    pub(super) fn window_from(&self, now: Timestamp) -> Timestamp {
        MonthName::of(now, &self.zone)
            .plus(1 - WINDOW_MONTHS)
            .begins(&self.zone)
    }

    /// Verdicts given before this are counted in figures that people see: those of the days before. Whoever judges would otherwise see from a figure
    /// that moves at once whether their verdict counted, and so what kind of check it was (invariant 7). The machine's administrator judges
    /// nothing, and sees all.
    pub(super) fn told_until(&self, caller: &Caller, now: Timestamp) -> Timestamp {
        if matches!(caller.who, Who::Admin) {
            return now.plus_ms(1);
        }
        let moment = jiff::Timestamp::from_millisecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let today = moment.to_zoned(self.zone.clone()).start_of_day();
        today.map_or(now, |begin| Timestamp(begin.timestamp().as_millisecond()))
    }
}

/// Verdicts given before this are counted in figures that people see; see [`House::told_until`].
///
/// # Errors
/// The store's.
pub(in crate::app) async fn told_until(
    rows: &Rows<'_>,
    caller: &Caller,
    now: Timestamp,
) -> Result<Timestamp, AppError> {
    Ok(House::of(rows).await?.told_until(caller, now))
}

/// Topics by number, in the order in which they were met.
#[derive(Debug, Clone, Default)]
pub(super) struct Topics(Vec<String>);

impl Topics {
    fn number(&mut self, name: &str) -> u32 {
        let at = self.0.iter().position(|known| known == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    pub(super) fn name(&self, number: u32) -> Option<&str> {
        let at = usize::try_from(number).ok()?;
        self.0.get(at).map(String::as_str)
    }
}

/// Records of rows. The schema lets no row in that is none.
pub(super) fn records(rows: &[evidence::Model], topics: &mut Topics) -> Vec<Record> {
    rows.iter().filter_map(|row| record(row, topics)).collect()
}

fn record(row: &evidence::Model, topics: &mut Topics) -> Option<Record> {
    let sent = row.band.zip(row.probability).filter(|_| row.is_sent);
    Some(Record {
        draft: row.draft_id,
        conversation: row.conversation_id,
        at: row.created_at.0,
        month: row.month.parse::<MonthName>().ok()?,
        mode: mode_of(row.mode)?,
        risk: row.score,
        topic: topics.number(&row.topic),
        is_sensitive: row.is_sensitive,
        is_fresh: row.is_fresh,
        sent: sent.map(|(band, probability)| (u16::try_from(band).unwrap_or(u16::MAX), probability)),
        sequence: row.seq.and_then(|seq| u64::try_from(seq).ok()),
        is_drawn: row.is_drawn == Some(true),
        left_out: row.left_out,
        judged: row.label.zip(row.judged_by).map(|(label, by)| Judgement {
            by,
            bad: is_bad(label),
            second: row.second_label.and_then(is_bad),
        }),
        is_changed: row.is_changed,
    })
}

/// What was decided about drafts, by draft.
pub(super) type Decisions = HashMap<DraftId, decision::Model>;

/// Has the policies in force say which drafts a person has to see whatever the certificate: those that were decided about under an older one
/// may be kept in no more, or kept in now. A topic that finds less today is taken from those that belonged to it: which of them still would is
/// not known, and what goes out today must not go out without evidence on its like.
///
/// # Errors
/// The store's.
pub(super) async fn under_policies_in_force(
    rows: &Rows<'_>,
    drafts: &mut [evidence::Model],
    decisions: &Decisions,
) -> Result<(), AppError> {
    let mut policies: HashMap<AgentVersionId, Option<(AgentId, Policy)>> = HashMap::new();
    let mut former: HashMap<(AgentId, i64), Document> = HashMap::new();
    for row in drafts {
        let policy = match policies.entry(row.agent_version_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let version = rows.agent_version(row.agent_version_id).await?;
                unknown.insert(match version {
                    Some(version) => Some((version.agent_id, policy::current(rows, version.agent_id).await?)),
                    None => None,
                })
            }
        };
        let (Some((agent_id, policy)), Some(decided)) = (policy, decisions.get(&row.draft_id)) else {
            continue;
        };
        let Some(facts) = decided
            .facts
            .as_ref()
            .filter(|_| policy.version != decided.policy_version)
        else {
            continue;
        };
        let before = match former.entry((*agent_id, decided.policy_version)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let row = rows.policy_version(*agent_id, decided.policy_version).await?;
                unknown.insert(row.map(|row| row.document.0).unwrap_or_default())
            }
        };
        let mut facts = facts.0.clone();
        facts
            .screening
            .topics
            .retain(|topic| !is_narrowed(&topic.name, before, &policy.document));
        row.is_sensitive = !decide(&GateState::Closed, policy, &facts).is_for_the_gate();
    }
    Ok(())
}

/// The records' features in their order, in the order of the catalogue: NaN what was not measured; all missing where none were kept.
pub(super) fn features_of(records: &[Record], decisions: &Decisions) -> Vec<Vec<f64>> {
    let of = |record: &Record| decisions.get(&record.draft)?.features.as_ref();
    let measured =
        |features: &Json<Vec<Option<f64>>>| features.0.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
    records
        .iter()
        .map(|record| of(record).map(measured).unwrap_or_default())
        .collect()
}

/// The same, read for them.
pub(super) async fn features(rows: &Rows<'_>, records: &[Record]) -> Result<Vec<Vec<f64>>, AppError> {
    let drafts: Vec<_> = records.iter().map(|record| record.draft).collect();
    Ok(features_of(records, &rows.decisions_on(&drafts).await?))
}

/// The records with the risks that a version of the score sees.
pub(super) fn scored(records: Vec<Record>, features: &[Vec<f64>], version: &Version) -> Vec<Record> {
    let pairs = records.into_iter().zip(features);
    pairs
        .map(|(record, features)| record.scored(version, features))
        .collect()
}
