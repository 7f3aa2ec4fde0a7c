//! What was measured, as a table or as JSON.

use crate::Result;
use serde::Serialize;
use std::io::Write;

#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    /// What it has to keep to.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    met: Option<bool>,
    note: String,
}

#[derive(Debug, Serialize)]
struct Skipped {
    what: &'static str,
    why: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Cores of this machine.
    cores: usize,
    /// Processes that wanted a core, as a mean over the last minute, before and after.
    load_before: f64,
    load_after: f64,
    figures: Vec<Figure>,
    skipped: Vec<Skipped>,
}

impl Report {
    pub(crate) fn begin() -> Result<Self> {
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            load_before: load()?,
            load_after: 0.0,
            figures: Vec::new(),
            skipped: Vec::new(),
        })
    }

    pub(crate) fn end(&mut self) -> Result<()> {
        self.load_after = load()?;
        Ok(())
    }

    pub(crate) fn add(
        &mut self,
        name: &'static str,
        value: f64,
        unit: &'static str,
        at_most: Option<f64>,
        note: impl Into<String>,
    ) {
        let met = at_most.map(|most| value <= most);
        let note = note.into();
        self.figures.push(Figure {
            name,
            value,
            unit,
            at_most,
            met,
            note,
        });
    }

    pub(crate) fn skip(&mut self, what: &'static str, why: &'static str) {
        self.skipped.push(Skipped { what, why });
    }

    pub(crate) fn print(&self, as_json: bool) -> Result<()> {
        let mut out = std::io::stdout().lock();
        if as_json {
            writeln!(out, "{}", serde_json::to_string_pretty(self)?)?;
            return Ok(());
        }
        let (cores, before, after) = (self.cores, self.load_before, self.load_after);
        writeln!(out, "{cores} cores; load {before} before, {after} after\n")?;
        for figure in &self.figures {
            let bar = figure.at_most.map_or_else(String::new, |most| {
                format!("≤ {most} {}", if figure.met == Some(true) { "met" } else { "MISSED" })
            });
            // A ratio says little without its second digit.
            let digits = if figure.unit == "ratio" { 2 } else { 1 };
            let Figure {
                name,
                value,
                unit,
                note,
                ..
            } = figure;
            writeln!(out, "{name:<46} {value:>9.digits$} {unit:<9} {bar:<13} {note}")?;
        }
        for Skipped { what, why } in &self.skipped {
            writeln!(out, "skipped: {what}: {why}")?;
        }
        Ok(())
    }
}

fn load() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

/// Millions of bytes.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The value that `share` of all values do not exceed; 0 when there is none.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank among a few hundred values"
)]
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied().unwrap_or_default()
}

pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}
