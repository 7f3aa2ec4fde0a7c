//! How good answers were, by topic and by agent version.

use super::records::House;
use super::words::{percent, some};
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::evidence::{JudgedBy, is_bad};
use crate::domain::ids::AgentVersionId;
use crate::domain::time::Timestamp;
use crate::stats::bounds::{Population, Stratum, korn_graubard};
use crate::stats::threshold::{DECIDED_UNJUDGED, JUDGED_AT_THE_GATE};
use crate::store::{Rows, TopicCell};
use serde::Serialize;
use std::collections::BTreeMap;

/// How good the drafts of one topic or agent version were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccuracyRow {
    /// What is counted: a topic's name, an agent version's id.
    pub key: String,
    /// The same for people.
    pub name: String,
    /// Drafts that answer.
    pub drafts: u64,
    /// Those that went out without a person.
    pub sent: u64,
    /// Those that were judged.
    pub judged: u64,
    /// Bad ones among them.
    pub bad: u64,
    /// The estimate of the share of acceptable drafts: each verdict stands for as many as it was drawn from.
    pub accuracy: Option<f64>,
    /// The two-sided interval of it, at the workspace's confidence.
    pub interval: Option<(f64, f64)>,
    /// In words.
    pub in_words: String,
}

/// Accuracy since three months.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accuracy {
    /// Since when.
    pub since: Timestamp,
    /// By topic, the most drafts first.
    pub topics: Vec<AccuracyRow>,
    /// By agent version, the newest first.
    pub versions: Vec<AccuracyRow>,
}

/// How good answers were in the last three months, by topic and by agent version, each verdict weighted by what it stands for. Verdicts of today
/// count from tomorrow on.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn accuracy(app: &App, caller: &Caller) -> Result<Accuracy, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let house = House::of(&rows).await?;
    let since = house.window_from(app.now());
    let found = rows.topic_cells(since, house.told_until(caller, app.now())).await?;
    let mut topics: BTreeMap<&str, Domain> = BTreeMap::new();
    let mut versions: BTreeMap<AgentVersionId, Domain> = BTreeMap::new();
    for cell in &found {
        topics.entry(&cell.topic).or_default().add(cell);
        versions.entry(cell.version).or_default().add(cell);
    }
    let risk = house.autonomy.risk();
    let mut topics: Vec<AccuracyRow> = topics
        .into_iter()
        .map(|(name, domain)| domain.row(name.to_owned(), name.to_owned(), risk))
        .collect();
    topics.sort_by_key(|row| std::cmp::Reverse(row.drafts));
    let mut of_versions = Vec::new();
    for (id, domain) in versions.into_iter().rev() {
        of_versions.push(domain.row(id.to_string(), version_name(&rows, id).await?, risk));
    }
    Ok(Accuracy {
        since,
        topics,
        versions: of_versions,
    })
}

async fn version_name(rows: &Rows<'_>, id: AgentVersionId) -> Result<String, AppError> {
    let version = rows.agent_version(id).await?;
    Ok(version.map_or_else(
        || "an agent of the past".to_owned(),
        |version| format!("{}, version {}", version.settings.0.name, version.number),
    ))
}

/// Counted of a topic or an agent version.
#[derive(Debug, Default)]
struct Domain {
    strata: BTreeMap<(String, i64), Counted>,
    sent: u64,
    bad: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counted {
    drafts: u32,
    judged: u32,
    bad: u32,
    unjudged: u32,
}

impl Domain {
    fn add(&mut self, cell: &TopicCell) {
        let stratum = match (cell.is_sent, cell.judged_by) {
            (true, _) => cell.band.unwrap_or(i64::from(JUDGED_AT_THE_GATE) - 1),
            (false, Some(JudgedBy::Gate)) => i64::from(JUDGED_AT_THE_GATE),
            // The halves are asked about with different probabilities.
            (false, _) => i64::from(DECIDED_UNJUDGED) + cell.band.unwrap_or_default(),
        };
        let counted = self.strata.entry((cell.month.clone(), stratum)).or_default();
        counted.drafts += cell.drafts;
        let drafts = u64::from(cell.drafts);
        self.sent += if cell.is_sent { drafts } else { 0 };
        let Some(label) = cell.label else { return };
        match cell.second.and_then(is_bad).or_else(|| is_bad(label)) {
            Some(bad) => {
                counted.judged += cell.drafts;
                if bad {
                    counted.bad += cell.drafts;
                    self.bad += drafts;
                }
            }
            None => counted.unjudged += cell.drafts,
        }
    }

    fn row(self, key: String, name: String, risk: f64) -> AccuracyRow {
        let stratum = |counted: &Counted, unjudged_are_bad: bool| {
            let unjudged = f64::from(counted.unjudged);
            Stratum {
                population: f64::from(counted.drafts),
                reviewed: f64::from(counted.judged) + unjudged,
                bad: f64::from(counted.bad) + if unjudged_are_bad { unjudged } else { 0.0 },
            }
        };
        // Strata of the safest drafts first, whatever the month: thin ones join their neighbour.
        let mut places: Vec<_> = self.strata.iter().collect();
        places.sort_by_key(|((month, band), _)| (*band, month.clone()));
        let estimate = |unjudged_are_bad| {
            let strata: Vec<Stratum> = places
                .iter()
                .map(|(_, counted)| stratum(counted, unjudged_are_bad))
                .collect();
            korn_graubard(&strata, Population::Traffic)
        };
        let drafts = self.strata.values().map(|counted| u64::from(counted.drafts)).sum();
        let judged = self.strata.values().map(|counted| u64::from(counted.judged)).sum();
        let known = estimate(true).zip(estimate(false)).filter(|_| judged > 0);
        let accuracy = known.map(|(cautious, _)| 1.0 - cautious.share);
        let interval =
            known.map(|(cautious, hopeful)| (1.0 - cautious.upper(risk / 2.0), 1.0 - hopeful.lower(risk / 2.0)));
        let in_words = match (accuracy, interval) {
            (Some(accuracy), Some((low, high))) => format!(
                "{} acceptable ({} to {}; {} judged, {} bad)",
                percent(accuracy),
                percent(low),
                percent(high),
                some(judged, "draft"),
                self.bad
            ),
            _ => "nothing judged yet".to_owned(),
        };
        AccuracyRow {
            key,
            name,
            drafts,
            sent: self.sent,
            judged,
            bad: self.bad,
            accuracy,
            interval,
            in_words,
        }
    }
}
