//! Whether memory stays flat: of the engine since it was last started, and of this process, which supervises it.

use std::{
    fmt,
    time::{Duration, Instant},
};

use holdpoint::engine::Supervisor;
use tokio::time::sleep;

const EVERY: Duration = Duration::from_secs(1);
/// Growth between the second and the last quarter that is no leak: caches that still fill, fragments.
const FLAT_SHARE: f64 = 0.05;
const FLAT_MEGABYTES: f64 = 8.0;

#[derive(Default)]
pub(crate) struct Memory {
    /// Megabytes of this process.
    own: Vec<f64>,
    /// Megabytes of the engine that lived last, and its process.
    engine: Vec<f64>,
    pid: Option<u32>,
}

impl Memory {
    pub(crate) async fn watch(&mut self, engine: &Supervisor, end: Instant) {
        while Instant::now() < end {
            sleep(EVERY).await;
            self.own.extend(megabytes("self"));
            let status = engine.status();
            let Some(pid) = status.pid.filter(|_| status.is_ready()) else {
                continue;
            };
            if self.pid.replace(pid) != Some(pid) {
                self.engine.clear();
            }
            self.engine.extend(megabytes(&pid.to_string()));
        }
    }

    fn rows(&self) -> [(&'static str, &[f64]); 2] {
        [("supervisor and callers", &self.own), ("last engine", &self.engine)]
    }

    /// What grew.
    pub(crate) fn wrong(&self) -> Vec<String> {
        let rows = self.rows().into_iter();
        let grown = rows.filter_map(|(name, values)| {
            let (second, last) = (median(quarter(values, 1)), median(quarter(values, 3)));
            let most = second * (1.0 + FLAT_SHARE) + FLAT_MEGABYTES;
            (last > most).then(|| format!("{name}: from {second:.1} to {last:.1} MB"))
        });
        grown.collect()
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "memory of its own, medians of quarters, MB")?;
        for (name, values) in self.rows() {
            write!(formatter, "\n{name:<24}")?;
            for number in 0..4 {
                write!(formatter, " {:>8.1}", median(quarter(values, number)))?;
            }
            write!(formatter, "  over {} s", values.len())?;
        }
        Ok(())
    }
}

/// What a process has in memory for itself alone; a mapped model file comes and goes as the kernel likes.
fn megabytes(process: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1_024.0 / 1e6)
}

fn quarter(values: &[f64], number: usize) -> &[f64] {
    let (from, to) = (values.len() * number / 4, values.len() * (number + 1) / 4);
    values.get(from..to).unwrap_or_default()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
