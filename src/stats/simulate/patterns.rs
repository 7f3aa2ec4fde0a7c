//! P1 and P2: changes of the traffic. How often something is reported in a quiet week, and how soon a change is.

use super::Scenario;
use super::judge::{mean, median, share};
use super::world::{Luck, yes};
use crate::stats::changes::{Day, Series, Shape, changes};
use crate::stats::number::count;

/// Days before anybody looks.
const BEFORE: usize = 84;
const WEEK: usize = 7;
/// A change that takes longer than this is not waited for.
const LONGEST: usize = 42;
/// The usual alarm, for comparison: so many standard deviations from the mean of the last four weeks.
const USUAL: f64 = 3.0;
const USUAL_DAYS: usize = 28;

/// How conversations come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coming {
    /// In bursts, and then all of them dealt out to the days anew: nothing can have changed.
    Shuffled,
    /// By chance alone.
    Chance,
    /// Each day a subject is asked about more or less for no reason (30 %), each has its own weekend, and volume has a season.
    Bursts,
}

#[derive(Debug, Clone, Copy)]
struct Shop {
    /// Conversations a day.
    volume: f64,
    /// Subjects that are watched.
    subjects: usize,
    coming: Coming,
}

impl Shop {
    /// The subjects' parts: a few are asked about often, most are rare.
    fn parts(self) -> Vec<f64> {
        let all: f64 = (0..self.subjects).map(|at| 1.0 / (count(at) + 3.0)).sum();
        (0..self.subjects).map(|at| 1.0 / (count(at) + 3.0) / all).collect()
    }

    /// So many days of all subjects. From `BEFORE` on the subject `at` is asked about `factor` times as often, `usually` times a day before.
    fn days(self, days: usize, changed: Option<(usize, f64, f64)>, luck: &mut Luck) -> Vec<Series> {
        let mut parts = self.parts();
        if let Some((at, usually, _)) = changed
            && let Some(part) = parts.get_mut(at)
        {
            *part = usually / self.volume;
        }
        let weekend: Vec<f64> = parts.iter().map(|_| 0.5 + luck.unit()).collect();
        let start = luck.unit() * 365.0;
        let mut amounts = vec![vec![0_u32; days]; self.subjects];
        for day in 0..days {
            let is_weekend = day % WEEK >= WEEK - 2;
            let bursts = self.coming != Coming::Chance;
            let season = 1.0 + 0.3 * ((count(day) + start) / 365.0 * std::f64::consts::TAU).sin();
            let volume = self.volume * season * if is_weekend { 0.6 } else { 1.0 };
            for (at, (part, weekend)) in parts.iter().zip(&weekend).enumerate() {
                let burst = if bursts {
                    (0.3 * luck.normal() - 0.045).exp()
                } else {
                    1.0
                };
                let own = if is_weekend { *weekend } else { 1.0 };
                let factor = match changed {
                    Some((changed, _, factor)) if changed == at && day >= BEFORE => factor,
                    _ => 1.0,
                };
                let drawn = poisson(volume * part * burst * own * factor, luck);
                if let Some(amount) = amounts.get_mut(at).and_then(|days| days.get_mut(day)) {
                    *amount = drawn;
                }
            }
        }
        if self.coming == Coming::Shuffled {
            shuffle(&mut amounts, days, luck);
        }
        series(&amounts, days)
    }
}

/// Every conversation gets the day of another one.
fn shuffle(amounts: &mut [Vec<u32>], days: usize, luck: &mut Luck) {
    let mut of_day: Vec<usize> = Vec::new();
    let mut of_subject: Vec<usize> = Vec::new();
    for (subject, amounts) in amounts.iter().enumerate() {
        for (day, amount) in amounts.iter().enumerate() {
            for _ in 0..*amount {
                of_day.push(day);
                of_subject.push(subject);
            }
        }
    }
    for at in (1..of_day.len()).rev() {
        of_day.swap(at, luck.below(at + 1));
    }
    for amounts in amounts.iter_mut() {
        *amounts = vec![0; days];
    }
    let mut order: Vec<usize> = (0..days).collect();
    for at in (1..days).rev() {
        order.swap(at, luck.below(at + 1));
    }
    for (day, subject) in of_day.into_iter().zip(of_subject) {
        if let Some(amount) = amounts
            .get_mut(subject)
            .and_then(|amounts| order.get(day).and_then(|day| amounts.get_mut(*day)))
        {
            *amount += 1;
        }
    }
}

fn series(amounts: &[Vec<u32>], days: usize) -> Vec<Series> {
    let totals: Vec<u32> = (0..days)
        .map(|day| amounts.iter().filter_map(|amounts| amounts.get(day)).sum())
        .collect();
    let of_subject = |amounts: &Vec<u32>| Series {
        shape: Shape::Share,
        days: { amounts.iter().zip(&totals) }
            .map(|(amount, of)| Day {
                amount: *amount,
                of: *of,
            })
            .collect(),
    };
    let mut all: Vec<Series> = amounts.iter().map(of_subject).collect();
    all.push(Series {
        shape: Shape::Number,
        days: totals.iter().map(|amount| Day { amount: *amount, of: 1 }).collect(),
    });
    all
}

fn poisson(mean: f64, luck: &mut Luck) -> u32 {
    let (mut left, mut drawn) = (mean, 0_u32);
    while left > 0.0 {
        // In parts, so that the product does not vanish.
        let part = left.min(20.0);
        left -= part;
        let (limit, mut product) = ((-part).exp(), luck.unit());
        while product > limit {
            drawn += 1;
            product *= luck.unit();
        }
    }
    drawn
}

fn until(all: &[Series], days: usize) -> Vec<Series> {
    all.iter()
        .map(|series| Series {
            shape: series.shape,
            days: series.days.get(..days).unwrap_or_default().to_vec(),
        })
        .collect()
}

/// Does the usual alarm ring on the last of so many days?
fn usual_rings(series: &Series, days: usize) -> bool {
    let shares: Vec<f64> = { series.days.iter().take(days) }
        .map(|day| f64::from(day.amount) / f64::from(day.of.max(1)))
        .collect();
    let Some((last, before)) = shares.split_last() else {
        return false;
    };
    let before = before
        .get(before.len().saturating_sub(USUAL_DAYS)..)
        .unwrap_or_default();
    let mean = before.iter().sum::<f64>() / count(before.len()).max(1.0);
    let squares: f64 = before.iter().map(|share| (share - mean).powi(2)).sum();
    let deviation = (squares / (count(before.len()) - 1.0).max(1.0)).sqrt();
    deviation > 0.0 && (last - mean).abs() > USUAL * deviation
}

fn quiet(shop: Shop) -> Scenario {
    let how = match shop.coming {
        Coming::Shuffled => "shuffled time",
        Coming::Chance => "by chance alone",
        Coming::Bursts => "bursts, weekends, a season",
    };
    let name = format!("{} a day, {} subjects, {how}", shop.volume, shop.subjects);
    let measures = vec![share("weeks_with_a_report").at_most(0.05), share("weeks_with_3_sigma")];
    Scenario::new("P1", name, measures, move |luck| {
        let all = shop.days(BEFORE + WEEK, None, luck);
        let mut days = BEFORE + 1..=BEFORE + WEEK;
        let reported = days.clone().any(|days| !changes(&until(&all, days)).is_empty());
        let usual = days.any(|days| all.iter().any(|series| usual_rings(series, days)));
        vec![yes(reported), yes(usual)]
    })
}

fn changed(shop: Shop, usually: f64, factor: f64) -> Scenario {
    let Shop {
        volume,
        subjects,
        coming,
    } = shop;
    let how = if coming == Coming::Chance { "" } else { ", bursts" };
    let name = format!(
        "{volume} a day, {subjects} subjects{how}: {usually} questions a day become {}",
        usually * factor
    );
    let days = median("days_until_reported");
    Scenario::new(
        "P2",
        name,
        vec![
            days,
            share("within_a_week"),
            median("days_until_3_sigma"),
            mean("others_reported"),
        ],
        move |luck| {
            let at = subjects / 2;
            let all = shop.days(BEFORE + LONGEST, Some((at, usually, factor)), luck);
            let (mut others, mut found) = (0_usize, None);
            for days in 1..=LONGEST {
                let reported = changes(&until(&all, BEFORE + days));
                others += reported.iter().filter(|found| found.series != at).count();
                if reported.iter().any(|found| found.series == at) {
                    found = Some(days);
                    break;
                }
            }
            let usual = (1..=LONGEST).find(|days| all.get(at).is_some_and(|series| usual_rings(series, BEFORE + days)));
            let days = count(found.unwrap_or(LONGEST));
            vec![days, yes(days <= 7.0), count(usual.unwrap_or(LONGEST)), yes(others > 0)]
        },
    )
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let shop = |volume, subjects, coming| Shop {
        volume,
        subjects,
        coming,
    };
    vec![
        quiet(shop(20.0, 10, Coming::Shuffled)),
        quiet(shop(100.0, 50, Coming::Shuffled)),
        quiet(shop(500.0, 200, Coming::Shuffled)),
        quiet(shop(20.0, 10, Coming::Bursts)),
        quiet(shop(100.0, 50, Coming::Bursts)),
        quiet(shop(500.0, 200, Coming::Bursts)),
        changed(shop(100.0, 50, Coming::Chance), 5.0, 2.0),
        changed(shop(100.0, 50, Coming::Chance), 10.0, 1.5),
        changed(shop(20.0, 10, Coming::Bursts), 2.0, 3.0),
        changed(shop(100.0, 50, Coming::Bursts), 5.0, 2.0),
        changed(shop(100.0, 50, Coming::Bursts), 5.0, 3.0),
        changed(shop(100.0, 50, Coming::Bursts), 10.0, 1.5),
        changed(shop(100.0, 50, Coming::Bursts), 10.0, 0.5),
        changed(shop(500.0, 200, Coming::Bursts), 10.0, 2.0),
        changed(shop(500.0, 200, Coming::Bursts), 30.0, 1.5),
    ]
}
