//! The figures of all shuffles.

use super::{Month, Opened, Played, Separation, Settings};
use crate::stats::beta::beta_probability;
use crate::stats::number::{count, count_u64};
use crate::stats::quantile::p50;
use crate::stats::random::SplitMix64;
use serde::Serialize;

/// What a replay found. Shares in `0.0..=1.0`; `None` (`null`) where nothing could be counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// How well the product's score tells bad answers from good ones: area under the ROC curve against the truth, every turn scored
    /// by a version that was fitted on other turns.
    pub auroc: Option<f64>,
    /// The same for the baseline, a ridge logistic regression on similarity and overlap.
    pub auroc_baseline: Option<f64>,
    /// One-sided lower 95 % bound of the difference, by the paired bootstrap over turns.
    pub auroc_diff_lower95: Option<f64>,
    /// Share of all rows that the certified set lets out; mean over certified months.
    pub automation: Option<f64>,
    /// Share that the same score could have let out within the limit, knowing every truth; mean over the same months.
    pub automation_hindsight: Option<f64>,
    /// Share of bad ones among the answers that went out in certified months.
    pub sent_bad_rate: Option<f64>,
    /// Share of the months whose certified set has more bad answers than the limit, counted over all rows of the file. Months are all but the
    /// first, because that is what a certificate promises: whatever it is tested on, it lets out too much in at most one month of twenty.
    pub violation_rate: Option<f64>,
    /// The same as a share of the certified months alone.
    pub violation_rate_certified: Option<f64>,
    /// One-sided binomial test of the violations in one random month of each shuffle (not the first) against the certificate's risk: small
    /// values speak against it.
    pub violation_p: Option<f64>,
    /// Share of the monthly statements whose bound was not below the truth.
    pub statement_coverage: Option<f64>,
    /// Months of a shuffle in which nothing was certified, on average; the first always is one.
    pub uncertified_months: f64,
    /// Months of a shuffle.
    pub months: usize,
    /// Rows of the file.
    pub n: usize,
    /// Share of bad rows.
    pub bad_rate: f64,
    /// Turns of the file.
    pub turns: usize,
    /// Shuffles that were played.
    pub shuffles: usize,
    /// Certified months of all shuffles.
    pub certified_months: usize,
    /// The certified bound, on average.
    pub certified_upper: Option<f64>,
    /// Statements that were made.
    pub statements: usize,
    /// The statements' bound, on average.
    pub statement_upper: Option<f64>,
    /// Verdicts a month, second opinions not counted, on average.
    pub verdicts_a_month: f64,
    /// Second opinions a month, on average.
    pub second_opinions_a_month: f64,
    /// Month by month.
    pub by_month: Vec<ByMonth>,
}

/// One month of all shuffles.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByMonth {
    /// Share of the shuffles in which something was certified.
    pub certified: f64,
    /// Share of the drafts that went out without a person, over all shuffles.
    pub sent: f64,
    /// Share of bad ones among those.
    pub sent_bad_rate: Option<f64>,
}

/// What a change of the answering system did. Reviews are checks of the sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// Shuffles in which anything went out after the change.
    pub sending: usize,
    /// Of those, how many had an alarm afterwards.
    pub alarmed: usize,
    /// Reviews from the change until the alarm, the median of those.
    pub reviews_until_alarm: Option<f64>,
    /// Alarms before the change, of all shuffles.
    pub false_alarms: usize,
    /// Reviews before the change, of all shuffles.
    pub reviews_before: u64,
    /// Share of bad answers of the system before, over all its rows.
    pub bad_rate_before: f64,
    /// Share of bad answers of the system after it.
    pub bad_rate_after: f64,
    /// Share of bad ones among what went out before the change.
    pub sent_bad_rate_before: Option<f64>,
    /// The same after it: what the alarm is about. Where the score holds the new system's bad answers back, this hardly rises.
    pub sent_bad_rate_after: Option<f64>,
}

/// Sums up shuffles. `seed` picks the month of each shuffle that is tested.
pub fn summarise(
    played: &[Played],
    separation: Option<&Separation>,
    rows: &[super::Row],
    settings: &Settings,
    seed: u64,
) -> Summary {
    let months = || played.iter().flat_map(|shuffle| &shuffle.months);
    let certified = || months().filter_map(|month| Some((month, month.opened?)));
    let tested = || played.iter().flat_map(|shuffle| shuffle.months.iter().skip(1));
    let of_certified = |figure: fn(&Opened) -> f64| mean(certified().map(|(_, opened)| figure(&opened)));
    let violates = |opened: &Opened| opened.bad_rate > settings.limit;
    let (sent, sent_bad) = certified().fold((0, 0), |(sent, bad), (month, _)| {
        (sent + month.sent, bad + month.sent_bad)
    });
    let claims = || months().filter_map(|month| Some((month, month.claimed?)));
    let all_months = count(months().count().max(1));
    let certified_months = certified().count();
    Summary {
        auroc: separation.map(|s| s.auroc),
        auroc_baseline: separation.map(|s| s.auroc_baseline),
        auroc_diff_lower95: separation.map(|s| s.auroc_diff_lower95),
        automation: of_certified(|opened| opened.automation),
        automation_hindsight: of_certified(|opened| opened.hindsight),
        sent_bad_rate: (sent > 0).then(|| count(sent_bad) / count(sent)),
        violation_rate: mean(tested().map(|month| f64::from(u8::from(month.opened.is_some_and(|o| violates(&o)))))),
        violation_rate_certified: mean(certified().map(|(_, opened)| f64::from(u8::from(violates(&opened))))),
        violation_p: violation_p(played, violates, settings.risk, seed),
        statement_coverage: mean(claims().map(|(month, upper)| if month.share_bad() <= upper { 1.0 } else { 0.0 })),
        uncertified_months: (all_months - count(certified_months)) / count(played.len().max(1)),
        months: settings.months,
        n: rows.len(),
        bad_rate: mean(rows.iter().map(|row| if row.bad { 1.0 } else { 0.0 })).unwrap_or(0.0),
        turns: rows.iter().map(|row| row.turn + 1).max().unwrap_or(0),
        shuffles: played.len(),
        certified_months,
        certified_upper: of_certified(|opened| opened.upper),
        statements: claims().count(),
        statement_upper: mean(claims().map(|(_, upper)| upper)),
        verdicts_a_month: count(months().map(|month| month.verdicts).sum()) / all_months,
        second_opinions_a_month: count(months().map(|month| month.second_opinions).sum()) / all_months,
        by_month: (0..settings.months).map(|at| by_month(played, at)).collect(),
    }
}

fn by_month(played: &[Played], at: usize) -> ByMonth {
    let months: Vec<&Month> = played.iter().filter_map(|shuffle| shuffle.months.get(at)).collect();
    let sum = |figure: fn(&Month) -> usize| count(months.iter().map(|month| figure(month)).sum());
    let sent = sum(|month| month.sent);
    ByMonth {
        certified: sum(|month| usize::from(month.opened.is_some())) / count(months.len().max(1)),
        sent: sent / sum(|month| month.drafts).max(1.0),
        sent_bad_rate: (sent > 0.0).then(|| sum(|month| month.sent_bad) / sent),
    }
}

/// Sums up shuffles with a change; `is_new` marks the rows of the system that took over.
pub fn drift(played: &[Played], rows: &[super::Row], is_new: &[bool]) -> Drift {
    let share_bad = |wanted: bool| {
        let of_side = rows.iter().zip(is_new).filter(|(_, new)| **new == wanted);
        mean(of_side.map(|(row, _)| if row.bad { 1.0 } else { 0.0 })).unwrap_or(0.0)
    };
    let sent_bad = |side: fn(&Played) -> (usize, usize)| {
        let add = |(sent, bad), (more, more_bad)| (sent + more, bad + more_bad);
        let (sent, bad) = played.iter().map(side).fold((0, 0), add);
        (sent > 0).then(|| count(bad) / count(sent))
    };
    let after: Vec<f64> = played
        .iter()
        .filter_map(|shuffle| {
            let alarm = shuffle.alarms.iter().find(|alarm| alarm.after_change)?;
            Some(count_u64(alarm.at_check - shuffle.checks_before_change))
        })
        .collect();
    Drift {
        sending: played.iter().filter(|shuffle| shuffle.sent_after_change.0 > 0).count(),
        alarmed: after.len(),
        reviews_until_alarm: p50(&after),
        false_alarms: played
            .iter()
            .flat_map(|shuffle| &shuffle.alarms)
            .filter(|alarm| !alarm.after_change)
            .count(),
        reviews_before: played.iter().map(|shuffle| shuffle.checks_before_change).sum(),
        bad_rate_before: share_bad(false),
        bad_rate_after: share_bad(true),
        sent_bad_rate_before: sent_bad(|shuffle| shuffle.sent_before_change),
        sent_bad_rate_after: sent_bad(|shuffle| shuffle.sent_after_change),
    }
}

impl Month {
    fn share_bad(&self) -> f64 {
        count(self.sent_bad) / count(self.sent.max(1))
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0_usize), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / count(n))
}

/// Months of one shuffle resemble each other, so each shuffle gives one month; `P(Bin(shuffles, risk) ≥ violations)`.
fn violation_p(played: &[Played], violates: impl Fn(&Opened) -> bool, risk: f64, seed: u64) -> Option<f64> {
    let mut random = SplitMix64::new(seed ^ 0x000a_4e57);
    let (mut tested, mut violations) = (0, 0);
    for shuffle in played {
        let later = shuffle.months.get(1..).unwrap_or_default();
        if let Some(month) = later.get(random.below(later.len())) {
            tested += 1;
            violations += usize::from(month.opened.as_ref().is_some_and(&violates));
        }
    }
    if violations == 0 {
        return (tested > 0).then_some(1.0);
    }
    beta_probability(risk, count(violations), count(tested - violations + 1))
}
