//! From rows to what the rules take.

use super::draws::FAR;
use crate::app::{AppError, Caller, Who, policy};
use crate::domain::evidence::{Judgement, MonthName, Record, is_bad, mode_of};
use crate::domain::ids::{AgentId, AgentVersionId, DraftId};
use crate::domain::policy::{Document, GateState, Policy, decide, is_narrowed};
use crate::domain::settings::AutonomySettings;
use crate::domain::time::Timestamp;
use crate::stats::score::Version;
use crate::store::entity::{decision, evidence};
use crate::store::{Json, Made, Rows};
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
        self.told_to_members_until(now)
    }

    /// The same for whoever is no administrator.
    pub(super) fn told_to_members_until(&self, now: Timestamp) -> Timestamp {
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

/// So many drafts are read at once. What was decided about one is many times as large as what statistics take of it, and a window may
/// have a million.
const AT_ONCE: u64 = 2_000;

/// Reads what is known of drafts, part by part, in the order in which they were made.
pub(super) struct Parts<'a> {
    rows: &'a Rows<'a>,
    made: Made<'a>,
    last: Option<(Timestamp, DraftId)>,
    is_read: bool,
}

impl<'a> Parts<'a> {
    pub(super) fn of(rows: &'a Rows<'a>, made: Made<'a>) -> Self {
        Self {
            rows,
            made,
            last: None,
            is_read: false,
        }
    }

    /// The next part; none after the last one.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<evidence::Model>>, AppError> {
        if self.is_read {
            return Ok(None);
        }
        let part = self.rows.evidence_made(self.made, self.last, AT_ONCE).await?;
        self.last = part.last().map(|row| (row.created_at, row.draft_id));
        self.is_read = (part.len() as u64) < AT_ONCE;
        Ok(Some(part))
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
        asked_with: row.probability.filter(|_| !row.is_sent).unwrap_or_default(),
        is_far: !row.is_sent && row.band == Some(FAR),
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
type Decisions = HashMap<DraftId, decision::Model>;

/// Has the policies in force say which drafts a person has to see whatever the certificate: those that were decided about under an older one
/// may be kept in no more, or kept in now. A topic that finds less today is taken from those that belonged to it: which of them still would is
/// not known, and what goes out today must not go out without evidence on its like.
///
/// # Errors
/// The store's.
async fn under_policies_in_force(
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
fn features_of(records: &[Record], decisions: &Decisions) -> Vec<Vec<f64>> {
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

/// The drafts that count from `from` on, with the risks that `version` sees and under the policies in force.
///
/// # Errors
/// The store's.
pub(super) async fn window(
    rows: &Rows<'_>,
    from: Timestamp,
    version: &Version,
    topics: &mut Topics,
) -> Result<Vec<Record>, AppError> {
    let mut window = Vec::new();
    let mut parts = Parts::of(rows, Made::Since(from));
    while let Some(mut part) = parts.next().await? {
        let drafts: Vec<_> = part.iter().map(|row| row.draft_id).collect();
        let decisions = rows.decisions_on(&drafts).await?;
        under_policies_in_force(rows, &mut part, &decisions).await?;
        let records = records(&part, topics);
        let features = features_of(&records, &decisions);
        window.extend(scored(records, &features, version));
    }
    Ok(window)
}

/// The records with the risks that a version of the score sees.
pub(super) fn scored(records: Vec<Record>, features: &[Vec<f64>], version: &Version) -> Vec<Record> {
    let pairs = records.into_iter().zip(features);
    pairs
        .map(|(record, features)| record.scored(version, features))
        .collect()
}
