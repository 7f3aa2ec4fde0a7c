//! `holdpoint replay`: past answers with human verdicts, lived through again, so that promises can be held against the truth.
//!
//! No server and no database: the file is all it takes.

mod file;
mod words;

use super::context::Context;
use super::exit::Failure;
use super::output;
use super::share::share;
use crate::domain::features::{baseline_prior, prior};
use crate::stats::replay::{
    Drift, Played, Priors, Separation, Settings, Summary, Timeline, drift, play, separation, summarise,
};
use clap::{Args, value_parser};
use file::{FileError, Past, Reviewer};
use serde::Serialize;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The probability with which each certificate and each statement may be wrong.
const RISK: f64 = 0.05;
/// Months whose verdicts certify.
const WINDOW: usize = 3;

#[derive(Debug, Args)]
#[command(
    after_help = "FILE has one JSON object a line: {id, turn?, question, passage?, answer, model?, entity?, human_bad, rater_bad[]?}; \
    lines of the HaluEval collection {user_query, chatgpt_response, hallucination} are read too. Where fields are missing: a line without `turn` is a turn \
    of its own, a missing `question`, `model` or `entity` is empty, a missing `passage` means that the answer rests on nothing. Every line is its own \
    conversation; lines of one turn are shuffled together. docs/replay.md explains the figures."
)]
pub(crate) struct Replay {
    /// The answers, one JSON object a line
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The largest share of bad answers that may go out without a person, like 4%
    #[arg(long, value_name = "SHARE", default_value_t = 0.04, value_parser = share)]
    limit: f64,
    /// Whose verdicts the shop gets
    #[arg(long, value_enum, default_value_t = Reviewer::Truth)]
    reviewer: Reviewer,
    /// A second person, who never errs, judges every "bad" and a fifth of the "good" again
    #[arg(long)]
    adjudicate: bool,
    /// How often the file is shuffled and played
    #[arg(long, value_name = "COUNT", default_value = "200")]
    shuffles: NonZero<u32>,
    /// Where the shuffles begin; the same seed gives the same figures on every machine
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Months that the file is divided into
    #[arg(long, value_name = "COUNT", default_value_t = 6, value_parser = value_parser!(u16).range(1..=1_000))]
    months: u16,
    /// Answers of each month, sent without a person, that are drawn to be judged
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    sample_per_month: u32,
    /// Another system takes over in the middle: after this time of the run only this model's answers come, before it only the others'
    #[arg(long, value_name = "NAME")]
    drift_model: Option<String>,
    /// When it takes over, as a share of the run
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, requires = "drift_model", value_parser = share)]
    at: f64,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    summary: Summary,
    limit: f64,
    reviewer: &'static str,
    adjudicated: bool,
    sample_per_month: u32,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<Drift>,
}

impl Replay {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let past = file::read(&self.file, self.reviewer)?;
        let is_new = self.is_new(&past)?;
        let (score, baseline) = (prior(), baseline_prior());
        let priors = Priors {
            score: &score,
            baseline: &baseline,
        };
        let separation = separation(&past.rows, priors, self.seed);
        let settings = self.settings();
        let played = self.shuffled(|seed| {
            let timeline = match &is_new {
                Some(is_new) => Timeline::changing(&past.rows, is_new, settings.months, self.at, seed)?,
                None => Timeline::shuffled(&past.rows, settings.months, seed),
            };
            Some(play(&past.rows, &score, &settings, &timeline, seed))
        });
        let report = self.report(&past, &played, separation.as_ref(), is_new.as_deref());
        let value = serde_json::to_value(&report)
            .map_err(|error| Failure::failed(format!("the figures cannot be printed ({error})")))?;
        context.answer(&value, |_| words::told(&report))
    }

    fn settings(&self) -> Settings {
        Settings {
            limit: self.limit,
            risk: RISK,
            months: usize::from(self.months),
            sample_per_month: f64::from(self.sample_per_month),
            window: WINDOW,
            adjudicates: self.adjudicate,
        }
    }

    fn report(
        &self,
        past: &Past,
        played: &[Played],
        separation: Option<&Separation>,
        is_new: Option<&[bool]>,
    ) -> Report {
        Report {
            summary: summarise(played, separation, &past.rows, &self.settings(), self.seed),
            limit: self.limit,
            reviewer: self.reviewer.as_str(),
            adjudicated: self.adjudicate,
            sample_per_month: self.sample_per_month,
            seed: self.seed,
            drift: is_new.map(|is_new| drift(played, &past.rows, is_new)),
        }
    }

    /// Which rows are the new system's, if one takes over.
    fn is_new(&self, past: &Past) -> Result<Option<Vec<bool>>, Failure> {
        let Some(name) = &self.drift_model else { return Ok(None) };
        let is_new: Vec<bool> = past.models.iter().map(|model| model == name).collect();
        if is_new.iter().any(|new| *new) && !is_new.iter().all(|new| *new) {
            return Ok(Some(is_new));
        }
        let mut models: Vec<&str> = past
            .models
            .iter()
            .map(String::as_str)
            .filter(|model| !model.is_empty())
            .collect();
        models.sort_unstable();
        models.dedup();
        Err(Failure::usage(match models.as_slice() {
            [] | [_] => "a change of the system takes a file whose lines name at least two models".to_owned(),
            _ => format!(
                "no line of the file is by the model {name:?}; it has {}",
                models.join(", ")
            ),
        }))
    }

    /// Plays every shuffle, side by side; the order of the results is that of the shuffles, whoever played them.
    fn shuffled(&self, play: impl Fn(u64) -> Option<Played> + Sync) -> Vec<Played> {
        let shuffles = u64::from(self.shuffles.get());
        let bar = output::filling("Playing", usize::try_from(shuffles).unwrap_or(usize::MAX));
        let next = AtomicU64::new(0);
        let work = || {
            let mut played = Vec::new();
            loop {
                let shuffle = next.fetch_add(1, Ordering::Relaxed);
                if shuffle >= shuffles {
                    return played;
                }
                // Far apart, so that two seeds share no shuffle.
                let seed = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(shuffle);
                played.extend(play(seed).map(|one| (shuffle, one)));
                bar.inc(1);
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let mut played: Vec<(u64, Played)> = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut played = work();
            for other in others {
                played.extend(other.join().unwrap_or_default());
            }
            played
        });
        bar.finish_and_clear();
        played.sort_by_key(|(shuffle, _)| *shuffle);
        played.into_iter().map(|(_, one)| one).collect()
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::usage(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        replay: Replay,
    }

    fn replay(arguments: &[&str]) -> Replay {
        Line::try_parse_from(["replay"].iter().chain(arguments)).unwrap().replay
    }

    fn past(rows: usize) -> Past {
        let line = |at: usize| {
            let bad = at.is_multiple_of(10);
            let answer = if bad {
                "The bar opens at 18:30."
            } else {
                "Pets are welcome in all rooms."
            };
            format!(
                r#"{{"question":"Are pets welcome?","passage":"Are pets welcome? Pets are welcome in all rooms.","answer":"{answer}","model":"m{}","human_bad":{bad}}}"#,
                at % 3
            )
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), (0..rows).map(line).collect::<Vec<_>>().join("\n")).unwrap();
        file::read(file.path(), Reviewer::Truth).unwrap()
    }

    fn report(replay: &Replay, past: &Past) -> serde_json::Value {
        let priors = (prior(), baseline_prior());
        let both = Priors {
            score: &priors.0,
            baseline: &priors.1,
        };
        let separation = separation(&past.rows, both, replay.seed);
        let settings = replay.settings();
        let played = replay.shuffled(|seed| {
            let timeline = Timeline::shuffled(&past.rows, settings.months, seed);
            Some(play(&past.rows, &priors.0, &settings, &timeline, seed))
        });
        serde_json::to_value(replay.report(past, &played, separation.as_ref(), None)).unwrap()
    }

    #[test]
    fn the_report_has_the_promised_figures_and_is_the_same_again() {
        let past = past(900);
        let replay = replay(&["file", "--limit", "0.05", "--shuffles", "3", "--seed", "7"]);
        let first = report(&replay, &past);
        for name in [
            "auroc",
            "auroc_baseline",
            "auroc_diff_lower95",
            "automation",
            "automation_hindsight",
            "sent_bad_rate",
            "violation_rate",
            "violation_p",
            "statement_coverage",
            "uncertified_months",
            "months",
            "n",
        ] {
            assert!(first[name].is_number(), "{name}: {first}");
        }
        assert_eq!(
            (&first["months"], &first["n"], &first["shuffles"]),
            (&6.into(), &900.into(), &3.into())
        );
        assert!(
            first["automation"].as_f64().is_some_and(|share| share > 0.85),
            "{first}"
        );
        // However the threads took turns.
        assert_eq!(first, report(&replay, &past));
        let words = words::told(&replay.report(&past, &[], None, None));
        assert!(
            words.contains("900 answers in 900 turns, 10.0 % bad") && words.contains("AUROC –"),
            "{words}"
        );
    }

    #[test]
    fn a_model_that_is_not_there_is_named_with_those_that_are() {
        let past = past(9);
        let of = |name: &str| replay(&["file", "--drift-model", name]).is_new(&past);
        assert_eq!(of("m1").unwrap().map(|new| new.iter().filter(|n| **n).count()), Some(3));
        assert!(of("gpt").unwrap_err().sentence.contains("it has m0, m1, m2"));
    }

    #[test]
    fn shares_that_are_none_are_refused() {
        for wrong in ["0", "1", "4", "-0.1", "x", "NaN"] {
            assert!(
                Line::try_parse_from(["replay", "file", "--limit", wrong]).is_err(),
                "{wrong}"
            );
        }
        assert!(
            Line::try_parse_from(["replay", "file", "--at", "0.5"]).is_err(),
            "a time of change without a change"
        );
    }
}
