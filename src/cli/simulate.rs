//! `holdpoint simulate`: whether the statistics keep what they promise, where the truth is known. Needs no server.

use super::context::Context;
use super::exit::Failure;
use super::output;
use crate::stats::simulate::{FULL, Row, SHORT, Scenario, scenarios};
use clap::Args;
use serde::Serialize;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// The seed where none is given.
const SEED: u64 = 1;

#[derive(Debug, Args)]
#[command(
    after_help = "A row fails, and the command ends with 7, only if one of its bars is rejected one-sided at 1 %. The same seed \
    gives the same figures on every machine. docs/statistics.md tells what is played and why."
)]
pub(crate) struct Simulate {
    /// Only these rows, such as S1 or T4 [default: all]
    #[arg(value_name = "ROW")]
    rows: Vec<String>,
    /// 4 000 repetitions of each row: about twenty minutes on two cores
    #[arg(long, conflicts_with = "reps")]
    full: bool,
    /// Where chance begins; another number plays everything anew
    #[arg(long, value_name = "NUMBER", default_value_t = SEED)]
    seed: u64,
    /// Repetitions of each row [default: 100, less than a minute on two cores]
    #[arg(long, value_name = "COUNT")]
    reps: Option<NonZero<u32>>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    rows: Vec<Row>,
    seed: u64,
    reps: u32,
    seconds: f64,
}

impl Simulate {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let chosen = self.chosen()?;
        let reps = if self.full {
            FULL
        } else {
            self.reps.map_or(SHORT, NonZero::get)
        };
        let began = Instant::now();
        let rows = play(chosen, self.seed, reps).await?;
        let report = Report {
            rows,
            seed: self.seed,
            reps,
            seconds: began.elapsed().as_secs_f64(),
        };
        let value = serde_json::to_value(&report)
            .map_err(|error| Failure::failed(format!("the figures cannot be printed ({error})")))?;
        context.answer(&value, |_| report.in_words())?;
        if report.rows.iter().all(|row| row.pass) {
            Ok(())
        } else {
            Err(Failure::findings())
        }
    }

    fn chosen(&self) -> Result<Vec<Scenario>, Failure> {
        let all = scenarios();
        let is_known = |row: &&String| all.iter().any(|scenario| scenario.id.eq_ignore_ascii_case(row));
        if let Some(unknown) = self.rows.iter().find(|row| !is_known(row)) {
            let mut known: Vec<&str> = all.iter().map(|scenario| scenario.id).collect();
            known.dedup();
            return Err(Failure::usage(format!(
                "there is no row {unknown:?}; there are {}",
                known.join(", ")
            )));
        }
        let is_wanted = |scenario: &Scenario| {
            self.rows.is_empty() || self.rows.iter().any(|row| scenario.id.eq_ignore_ascii_case(row))
        };
        Ok(all.into_iter().filter(is_wanted).collect())
    }
}

/// Plays every scenario `reps` times on all cores. Each repetition has a seed of its own and its place in the result, so the
/// figures do not depend on who played what.
async fn play(scenarios: Vec<Scenario>, seed: u64, reps: u32) -> Result<Vec<Row>, Failure> {
    let repetitions = usize::try_from(reps).unwrap_or(usize::MAX);
    let all = scenarios.len().saturating_mul(repetitions);
    let scenarios = Arc::new(scenarios);
    let next = Arc::new(AtomicUsize::new(0));
    let bar = output::filling("Playing", all);
    let players = (0..thread::available_parallelism().map_or(1, NonZero::get)).map(|_| {
        let (scenarios, next, bar) = (Arc::clone(&scenarios), Arc::clone(&next), bar.clone());
        tokio::task::spawn_blocking(move || {
            let mut played: Vec<(usize, Vec<f64>)> = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                // The slow scenarios are spread over the whole run: repetition by repetition, not scenario by scenario.
                let (Some(scenario), Ok(repetition)) =
                    (scenarios.get(at % scenarios.len()), u32::try_from(at / scenarios.len()))
                else {
                    return played;
                };
                if at >= all {
                    return played;
                }
                played.push((at, scenario.play(seed, repetition)));
                bar.inc(1);
            }
        })
    });
    let mut played = Vec::with_capacity(all);
    for player in players.collect::<Vec<_>>() {
        let part = player
            .await
            .map_err(|error| Failure::failed(format!("a repetition broke off ({error})")))?;
        played.extend(part);
    }
    bar.finish_and_clear();
    played.sort_unstable_by_key(|(at, _)| *at);
    let mut by_scenario = vec![Vec::with_capacity(repetitions); scenarios.len()];
    for (at, values) in played {
        if let Some(repetitions) = by_scenario.get_mut(at % scenarios.len()) {
            repetitions.push(values);
        }
    }
    let rows = scenarios.iter().zip(&by_scenario);
    Ok(rows
        .map(|(scenario, repetitions)| scenario.judge(repetitions))
        .collect())
}

impl Report {
    fn in_words(&self) -> String {
        let rows: Vec<[String; 5]> = self.rows.iter().map(in_words).collect();
        let failed = self.rows.iter().filter(|row| !row.pass).count();
        let end = match failed {
            0 => "every bar stands".to_owned(),
            1 => "one row FAILED".to_owned(),
            more => format!("{more} rows FAILED"),
        };
        format!(
            "{}\n{} repetitions, seed {}, {:.0} s: {end}",
            output::table(["ROW", "", "P", "PLAYED", "MEASURED"], &rows),
            self.reps,
            self.seed,
            self.seconds
        )
    }
}

fn in_words(row: &Row) -> [String; 5] {
    let measured: Vec<String> = row
        .measured
        .iter()
        .map(|(name, value)| match value {
            Some(value) if *value >= 10.0 => format!("{name} {value:.0}"),
            Some(value) => format!("{name} {value:.4}"),
            None => format!("{name} -"),
        })
        .collect();
    let verdict = match (row.bar.is_empty(), row.pass) {
        (true, _) => "-",
        (false, true) => "ok",
        (false, false) => "FAILED",
    };
    let p = if row.bar.is_empty() {
        "-".to_owned()
    } else {
        format!("{:.3}", row.p_value)
    };
    let bar = if row.bar.is_empty() {
        String::new()
    } else {
        format!("  [{}]", row.bar)
    };
    [
        row.id.clone(),
        verdict.to_owned(),
        p,
        row.scenario.clone(),
        format!("{}{bar}", measured.join(", ")),
    ]
}
