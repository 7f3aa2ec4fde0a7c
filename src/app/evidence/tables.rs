//! The tables of the quality page, to be taken along.

use super::accuracy::{AccuracyRow, accuracy};
use super::drift::DriftDay;
use super::view::{EpochView, MonthView, quality};
use crate::app::checks::{ReviewerView, reviewers};
use crate::app::views::Sheet;
use crate::app::{App, AppError, Caller};
use crate::stats::statement::Statement;
use serde_json::json;
use std::str::FromStr;

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// The autonomy curve of the last test.
    Curve,
    /// The months.
    Months,
    /// Accuracy by topic.
    Topics,
    /// Accuracy by agent version.
    Versions,
    /// The watch over checks, day by day.
    Drift,
    /// How reviewers judge.
    Reviewers,
}

impl Table {
    const ALL: [Self; 6] = [
        Self::Curve,
        Self::Months,
        Self::Topics,
        Self::Versions,
        Self::Drift,
        Self::Reviewers,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Curve => "curve",
            Self::Months => "months",
            Self::Topics => "topics",
            Self::Versions => "versions",
            Self::Drift => "drift",
            Self::Reviewers => "reviewers",
        }
    }
}

/// There is no such table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such table; there are curve, months, topics, versions, drift and reviewers")]
pub struct NoSuchTable;

impl FromStr for Table {
    type Err = NoSuchTable;

    fn from_str(name: &str) -> Result<Self, NoSuchTable> {
        Self::ALL
            .into_iter()
            .find(|table| table.name() == name)
            .ok_or(NoSuchTable)
    }
}

/// One of the tables.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn table(app: &App, caller: &Caller, which: Table) -> Result<Sheet, AppError> {
    Ok(match which {
        Table::Curve => curve(quality(app, caller).await?.epoch.as_ref()),
        Table::Months => months(&quality(app, caller).await?.months),
        Table::Topics => domains(&accuracy(app, caller).await?.topics),
        Table::Versions => domains(&accuracy(app, caller).await?.versions),
        Table::Drift => days(&quality(app, caller).await?.drift_days),
        Table::Reviewers => people(&reviewers(app, caller).await?.reviewers),
    })
}

fn curve(epoch: Option<&EpochView>) -> Sheet {
    let points = epoch
        .into_iter()
        .flat_map(|epoch| epoch.curve.iter().zip(&epoch.outlook));
    let row = |(now, more): (&super::CurvePoint, &super::CurvePoint)| {
        vec![
            json!(now.mode),
            json!(now.automation),
            json!(now.estimate),
            json!(now.upper),
            json!(now.reviewed),
            json!(now.bad),
            json!(now.is_certified),
            json!(more.upper),
            json!(more.is_certified),
        ]
    };
    Sheet {
        columns: &[
            "mode",
            "automation",
            "estimate",
            "upper",
            "reviewed",
            "bad",
            "is_certified",
            "upper_with_twice_the_verdicts",
            "is_certified_with_twice_the_verdicts",
        ],
        rows: points.map(row).collect(),
    }
}

fn months(months: &[MonthView]) -> Sheet {
    let row = |month: &MonthView| {
        let claim = match &month.statement {
            Some(Statement::Claim(claim)) => Some(claim),
            _ => None,
        };
        // Of a month under way only what may be looked at at any time.
        let upper = claim.map_or(month.so_far, |claim| Some(claim.upper));
        let counts = month.counts;
        vec![
            json!(month.month),
            json!(month.is_closed),
            json!(counts.sent),
            json!(counts.drawn),
            json!(counts.reviewed),
            json!(counts.bad),
            json!(counts.unjudged),
            json!(claim.map(|claim| claim.estimate)),
            json!(upper),
            json!(claim.map(|claim| claim.confidence)),
            json!(month.in_words),
        ]
    };
    Sheet {
        columns: &[
            "month",
            "is_closed",
            "sent",
            "drawn",
            "reviewed",
            "bad",
            "unjudged",
            "estimate",
            "upper",
            "confidence",
            "in_words",
        ],
        rows: months.iter().map(row).collect(),
    }
}

fn domains(rows: &[AccuracyRow]) -> Sheet {
    let row = |row: &AccuracyRow| {
        vec![
            json!(row.key),
            json!(row.name),
            json!(row.drafts),
            json!(row.sent),
            json!(row.judged),
            json!(row.bad),
            json!(row.accuracy),
            json!(row.interval.map(|interval| interval.0)),
            json!(row.interval.map(|interval| interval.1)),
        ]
    };
    Sheet {
        columns: &[
            "key", "name", "drafts", "sent", "judged", "bad", "accuracy", "from", "to",
        ],
        rows: rows.iter().map(row).collect(),
    }
}

fn days(days: &[DriftDay]) -> Sheet {
    let row = |day: &DriftDay| vec![json!(day.day), json!(day.figure), json!(day.checks), json!(day.bad)];
    Sheet {
        columns: &["day", "figure", "checks", "bad"],
        rows: days.iter().map(row).collect(),
    }
}

fn people(reviewers: &[ReviewerView]) -> Sheet {
    let from = |interval: Option<(f64, f64)>| json!(interval.map(|interval| interval.0));
    let to = |interval: Option<(f64, f64)>| json!(interval.map(|interval| interval.1));
    let row = |one: &ReviewerView| {
        vec![
            json!(one.member_id),
            json!(one.name),
            json!(one.verdicts),
            json!(one.hasty),
            json!(one.median_decision_ms),
            json!(one.doubles),
            json!(one.agreement),
            from(one.agreement_interval),
            to(one.agreement_interval),
            json!(one.ac1),
            from(one.ac1_interval),
            to(one.ac1_interval),
            json!(one.gold.map(|gold| gold.judged)),
            json!(one.gold.map(|gold| gold.right)),
            json!(one.repeats.judged),
            json!(one.repeats.same),
            json!(one.word),
        ]
    };
    Sheet {
        columns: &[
            "member_id",
            "name",
            "verdicts",
            "hasty",
            "median_decision_ms",
            "doubles",
            "agreement",
            "agreement_from",
            "agreement_to",
            "ac1",
            "ac1_from",
            "ac1_to",
            "known_judged",
            "known_right",
            "repeats_judged",
            "repeats_same",
            "word",
        ],
        rows: reviewers.iter().map(row).collect(),
    }
}
