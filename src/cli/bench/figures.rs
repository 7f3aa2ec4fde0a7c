//! What was measured, on one side or on two, with the ratio of each pair.

use serde::Serialize;

use crate::cli::output;
use crate::stats::quantile::p50;

/// One quantity, measured once a pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Figure {
    /// What it is.
    pub(super) name: String,
    pub(super) unit: &'static str,
    /// Our engine's values, pair by pair.
    pub(super) ours: Vec<f64>,
    /// The other server's; empty without one.
    pub(super) theirs: Vec<f64>,
    /// Ours divided by theirs, pair by pair.
    pub(super) ratios: Vec<f64>,
    /// Their median, which is the result.
    pub(super) ratio: Option<f64>,
}

impl Figure {
    pub(super) fn new(name: impl Into<String>, unit: &'static str, ours: Vec<f64>, theirs: Vec<f64>) -> Self {
        let ratios: Vec<f64> = ours
            .iter()
            .zip(&theirs)
            .filter(|(_, theirs)| **theirs != 0.0)
            .map(|(ours, theirs)| ours / theirs)
            .collect();
        Self {
            name: name.into(),
            unit,
            ratio: p50(&ratios),
            ours,
            theirs,
            ratios,
        }
    }

    fn row(&self) -> [String; 6] {
        let median = |values: &[f64]| p50(values).map_or_else(String::new, rounded);
        let pairs: Vec<String> = self.ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        [
            self.name.clone(),
            self.unit.to_owned(),
            median(&self.ours),
            median(&self.theirs),
            self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.3}")),
            pairs.join(" "),
        ]
    }
}

/// The figures as a table: medians, and the ratios of the pairs where there are two sides.
pub(super) fn table(figures: &[Figure]) -> String {
    let rows: Vec<[String; 6]> = figures.iter().map(Figure::row).collect();
    if figures.iter().any(|figure| !figure.theirs.is_empty()) {
        let heading = ["FIGURE", "UNIT", "HOLDPOINT", "OTHER", "RATIO", "RATIO OF EACH PAIR"];
        return output::table(heading, &rows);
    }
    let rows: Vec<[String; 3]> = rows
        .into_iter()
        .map(|[name, unit, ours, ..]| [name, unit, ours])
        .collect();
    output::table(["FIGURE", "UNIT", "MEDIAN"], &rows)
}

/// Three digits or so: more would claim more than was measured.
fn rounded(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_the_median_of_the_pairs_ratios_not_the_ratio_of_medians() {
        let figure = Figure::new("speed", "tokens/s", vec![10.0, 30.0, 90.0], vec![20.0, 30.0, 30.0]);
        assert_eq!(figure.ratios, [0.5, 1.0, 3.0]);
        assert_eq!(figure.ratio, Some(1.0));
    }

    #[test]
    fn without_another_side_there_is_no_ratio_column() {
        let alone = table(&[Figure::new("speed", "tokens/s", vec![412.3, 398.0, 430.0], Vec::new())]);
        assert_eq!(alone, "FIGURE  UNIT      MEDIAN\nspeed   tokens/s  412\n");
        let both = table(&[Figure::new("speed", "tokens/s", vec![9.0], vec![3.0])]);
        assert!(both.contains("3.000") && both.contains("3.00"), "{both}");
    }

    #[test]
    fn a_side_that_measured_nothing_has_no_ratio() {
        assert_eq!(Figure::new("reuse", "%", vec![50.0], vec![0.0]).ratio, None);
    }
}
