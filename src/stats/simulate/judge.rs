//! From many repetitions to a row: what was measured, and whether its bars stand.

use super::REJECTED_AT;
use crate::stats::beta::{beta_probability, student_upper_tail};
use crate::stats::number::count;
use crate::stats::quantile::p50;
use serde::Serialize;
use std::collections::BTreeMap;

/// How repetitions become one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    /// Their mean.
    Mean,
    /// The share of those in which it happened (1) rather than not (0).
    Share,
    /// Their median.
    Median,
}

/// What a figure has to keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bar {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

/// A result: one object of `holdpoint simulate --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which row of the specification.
    pub id: String,
    /// What was played.
    pub scenario: String,
    /// What was measured, by name; shares in `0..1`. Null where it never applied.
    pub measured: BTreeMap<String, Option<f64>>,
    /// The bars, in words; empty where there is none.
    pub bar: String,
    /// Whether no bar was rejected.
    pub pass: bool,
    /// The smallest p-value of the bars: how probable figures as bad as these are where the bar is just kept. 1 without bars.
    pub p_value: f64,
}

/// Something that each repetition measures.
#[derive(Debug, Clone)]
pub(super) struct Measure {
    name: &'static str,
    summary: Summary,
    bars: Vec<Bar>,
}

pub(super) fn mean(name: &'static str) -> Measure {
    Measure {
        name,
        summary: Summary::Mean,
        bars: Vec::new(),
    }
}

pub(super) fn share(name: &'static str) -> Measure {
    Measure {
        summary: Summary::Share,
        ..mean(name)
    }
}

pub(super) fn median(name: &'static str) -> Measure {
    Measure {
        summary: Summary::Median,
        ..mean(name)
    }
}

impl Measure {
    pub(super) fn at_most(mut self, bar: f64) -> Self {
        self.bars.push(Bar::AtMost(bar));
        self
    }

    pub(super) fn at_least(mut self, bar: f64) -> Self {
        self.bars.push(Bar::AtLeast(bar));
        self
    }

    fn figure(&self, values: &[f64]) -> Option<f64> {
        match self.summary {
            Summary::Median => p50(values),
            Summary::Mean | Summary::Share => (!values.is_empty()).then(|| average(values)),
        }
    }

    /// The probability of values as bad as these where the bar is just kept: binomial for shares, the sign test for medians, Student's t
    /// for means. 1 without values.
    fn p_value(&self, bar: Bar, values: &[f64]) -> f64 {
        let n = count(values.len());
        if values.is_empty() {
            return 1.0;
        }
        let number = |is: &dyn Fn(f64) -> bool| count(values.iter().filter(|value| is(**value)).count());
        match (self.summary, bar) {
            (Summary::Share, Bar::AtMost(bar)) => at_least(number(&|value| value > 0.5), n, bar),
            (Summary::Share, Bar::AtLeast(bar)) => at_least(number(&|value| value < 0.5), n, 1.0 - bar),
            (Summary::Median, Bar::AtMost(bar)) => at_least(number(&|value| value > bar), n, 0.5),
            (Summary::Median, Bar::AtLeast(bar)) => at_least(number(&|value| value < bar), n, 0.5),
            (Summary::Mean, Bar::AtMost(bar)) => mean_above(values, bar),
            (Summary::Mean, Bar::AtLeast(bar)) => {
                let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
                mean_above(&mirrored, -bar)
            }
        }
    }

    fn in_words(&self, bar: Bar) -> String {
        match bar {
            Bar::AtMost(bar) => format!("{} ≤ {bar}", self.name),
            Bar::AtLeast(bar) => format!("{} ≥ {bar}", self.name),
        }
    }
}

pub(super) fn row(id: &str, name: &str, measures: &[Measure], repetitions: &[Vec<f64>]) -> Row {
    let (mut figures, mut bars, mut p_value) = (BTreeMap::new(), Vec::new(), 1.0_f64);
    for (at, measure) in measures.iter().enumerate() {
        let values = repetitions.iter().filter_map(|values| values.get(at).copied());
        let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        figures.insert(measure.name.to_owned(), measure.figure(&values));
        for bar in &measure.bars {
            bars.push(measure.in_words(*bar));
            p_value = p_value.min(measure.p_value(*bar, &values));
        }
    }
    Row {
        id: id.to_owned(),
        scenario: name.to_owned(),
        measured: figures,
        bar: bars.join("; "),
        pass: p_value >= REJECTED_AT,
        p_value,
    }
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len())
}

/// The probability of `successes` or more of `n` with the chance `chance`.
fn at_least(successes: f64, n: f64, chance: f64) -> f64 {
    if successes <= 0.0 {
        return 1.0;
    }
    beta_probability(chance, successes, n - successes + 1.0).unwrap_or(1.0)
}

fn mean_above(values: &[f64], bar: f64) -> f64 {
    let mean = average(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let n = count(values.len());
    let error = (squares / (n - 1.0).max(1.0) / n).sqrt();
    if error > 0.0 {
        student_upper_tail((mean - bar) / error, (n - 1.0).max(1.0)).unwrap_or(1.0)
    } else if mean > bar {
        0.0
    } else {
        1.0
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact where it says so")]
mod tests {
    use super::*;

    fn values(ones: usize, zeros: usize) -> Vec<f64> {
        [vec![1.0; ones], vec![0.0; zeros]].concat()
    }

    #[test]
    fn a_share_is_tested_by_the_binomial_distribution() {
        // P(X ≥ 3 | 10, 0.1) = 0.0701908; P(X ≤ 7 | 10, 0.9) is the same.
        let found = share("x").p_value(Bar::AtMost(0.1), &values(3, 7));
        assert!((found - 0.070_190_826_4).abs() < 1e-9, "{found}");
        let found = share("x").p_value(Bar::AtLeast(0.9), &values(7, 3));
        assert!((found - 0.070_190_826_4).abs() < 1e-9, "{found}");
        assert_eq!(share("x").p_value(Bar::AtMost(0.1), &values(0, 10)), 1.0);
    }

    #[test]
    fn a_mean_is_tested_by_students_distribution() {
        // t = (2 - 1) / (1 / √3) = 1.732 with 2 degrees of freedom: 0.1127.
        let found = mean("x").p_value(Bar::AtMost(1.0), &[1.0, 2.0, 3.0]);
        assert!((found - 0.112_701_665).abs() < 1e-8, "{found}");
        assert!((mean("x").p_value(Bar::AtLeast(1.0), &[1.0, 2.0, 3.0]) - (1.0 - found)).abs() < 1e-12);
        assert_eq!(mean("x").p_value(Bar::AtMost(1.0), &[2.0; 4]), 0.0);
        assert_eq!(mean("x").p_value(Bar::AtMost(2.0), &[2.0]), 1.0);
    }

    #[test]
    fn a_median_is_tested_by_signs() {
        let found = median("x").p_value(Bar::AtMost(0.5), &values(5, 0));
        assert!((found - 1.0 / 32.0).abs() < 1e-12, "{found}");
    }

    #[test]
    fn a_row_fails_only_where_a_bar_is_rejected() {
        let measures = [share("missed").at_most(0.05), mean("width")];
        let row = |missed, kept| {
            let repetitions: Vec<Vec<f64>> = values(missed, kept).into_iter().map(|v| vec![v, f64::NAN]).collect();
            super::row("X1", "a play", &measures, &repetitions)
        };
        assert!(row(8, 92).pass && row(0, 100).pass && !row(30, 70).pass);
        let found = row(10, 90);
        assert_eq!((found.measured["missed"], found.measured["width"]), (Some(0.1), None));
        assert_eq!(found.bar, "missed ≤ 0.05");
        assert!(super::row("X1", "nothing played", &measures, &[]).pass);
    }
}
