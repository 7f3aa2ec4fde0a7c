//! The tables of the quality page, to be taken along.

use super::accuracy::{AccuracyRow, accuracy};
use super::view::{EpochView, MonthView, quality};
use crate::app::{App, AppError, Caller};
use crate::stats::statement::Statement;
use serde_json::{Value, json};
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
}

impl Table {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Curve => "curve",
            Self::Months => "months",
            Self::Topics => "topics",
            Self::Versions => "versions",
        }
    }
}

/// There is no such table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such table; there are curve, months, topics and versions")]
pub struct NoSuchTable;

impl FromStr for Table {
    type Err = NoSuchTable;

    fn from_str(name: &str) -> Result<Self, NoSuchTable> {
        let all = [Self::Curve, Self::Months, Self::Topics, Self::Versions];
        all.into_iter().find(|table| table.name() == name).ok_or(NoSuchTable)
    }
}

/// A table: names of columns, and rows with as many cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Names of the columns.
    pub columns: &'static [&'static str],
    /// The rows.
    pub rows: Vec<Vec<Value>>,
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
        let (counts, claim) = match &month.statement {
            Statement::Claim(claim) => (claim.counts, Some(claim)),
            Statement::Withheld { counts, .. } => (*counts, None),
        };
        // Of a month under way only what may be looked at at any time.
        let upper = if month.is_closed {
            claim.map(|claim| claim.upper)
        } else {
            month.so_far
        };
        vec![
            json!(month.month),
            json!(month.is_closed),
            json!(counts.sent),
            json!(month.is_closed.then_some(counts.drawn)),
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
