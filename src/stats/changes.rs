//! Has something changed in the traffic? Looked at every day, over many series at once, and yet rarely wrong.
//!
//! For every day on which a change can have begun, the days since are compared with the eight weeks before, weekday by weekday: given how many
//! there were in both together, and nothing else, each conversation fell on the one side or the other by chance. How much better than chance a change
//! by some factor explains it is an e-value; it is averaged over factors and added up over the days of beginning, which is an e-detector (Shin,
//! Ramdas, Rinaldo, "E-detectors", 2023): while nothing changes it rarely becomes large, however often one looks.
//! Over all series the e-BH procedure (Wang and Ramdas, 2022) keeps the false ones among what is reported at the level, whatever hangs together.
//!
//! Real traffic comes in bursts. How much more it varies than by chance is measured in the weeks before, from day to day and from week to week, and
//! evidence is weakened by that factor. What this promises, and what not, is measured by `holdpoint simulate P1 P2` and told in `docs/analyse.md`.

use super::number::{count, count_u64};

/// The share of quiet weeks in which anything may be reported: 5 %.
pub const LEVEL: f64 = 0.05;
/// Days back on which a change can have begun.
pub const BEGINNINGS: usize = 28;
/// Days before, with which is compared.
pub const BEFORE: usize = 56;
/// What is a number a day has seasons: it is compared over fewer days, and with fewer.
const BEGINNINGS_OF_NUMBERS: usize = 7;
const BEFORE_OF_NUMBERS: usize = 28;
/// Fewer days before than this say nothing.
pub const LEAST_BEFORE: usize = 21;
/// A series with fewer than this in all the days that are looked at is left out.
pub const LEAST: u64 = 10;
/// A rise or fall by fewer than this is not worth anybody's time.
const WORTH_IT: f64 = 5.0;
/// And by less than this factor.
const NOTABLE: f64 = 1.2;

/// The sum over the days of beginning is divided by this. Theory asks for 35, which is safe and needless: neighbouring beginnings tell nearly the
/// same. With 2 a quiet week still has a report in less than 5 % of all cases, whatever the traffic: measured by `holdpoint simulate P1`.
const OVERLAP: f64 = 2.0;

const WEEK: usize = 7;
/// Factors by which something may have changed, with equal weight: rises, and the same falls.
const FACTORS: [f64; 5] = [1.25, 1.5, 2.0, 3.0, 5.0];
/// What a series shows of its own variation weighs as many days as it has; what all show weighs so many.
const SHARED_DAYS: f64 = 30.0;
/// The same for weeks.
const SHARED_WEEKS: f64 = 16.0;

/// What a day says about a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Day {
    /// How many it were.
    pub amount: u32,
    /// Out of how many; never fewer. For what is no part of anything: 1, or 0 on a day that does not count.
    pub of: u32,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A part of something, like questions of one kind among all conversations.
    Share,
    /// A number a day, like conversations.
    Number,
}

/// One series, day after day without holes; the last one is the day that has just ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What is counted.
    pub shape: Shape,
    /// The oldest first; all series end with the same day.
    pub days: Vec<Day>,
}

/// A change that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// In which series.
    pub series: usize,
    /// So many days ago it began, probably: 0 is the last day.
    pub days_ago: usize,
    /// How many it were since then.
    pub amount: u64,
    /// How many it would have been as before.
    pub expected: f64,
    /// The e-value: how many times better than chance a change explains it, after all corrections for looking often.
    pub evidence: f64,
}

impl Found {
    /// By which factor it changed: 2 is doubled.
    pub fn factor(&self) -> f64 {
        count_u64(self.amount) / self.expected.max(0.5)
    }
}

/// The changes that the last day's figures give reason to report, the surest first.
pub fn changes(series: &[Series]) -> Vec<Found> {
    let looked: Vec<Looked> = { series.iter().enumerate() }
        .filter_map(|(at, series)| Looked::at(at, series))
        .collect();
    if looked.is_empty() {
        return Vec::new();
    }
    let shared: Vec<[Variation; 2]> = (0..BEGINNINGS).map(|ago| shared(&looked, ago)).collect();
    let mut found: Vec<Found> = looked.iter().filter_map(|series| series.evidence(&shared)).collect();
    found.sort_by(|a, b| b.evidence.total_cmp(&a.evidence));
    // e-BH: the most for which the last one's evidence is the number of series over the level and how many they are.
    let all = count(looked.len());
    let reported = { found.iter().enumerate() }
        .filter(|(at, found)| found.evidence * count(at + 1) >= all / LEVEL)
        .map(|(at, _)| at + 1)
        .max()
        .unwrap_or(0);
    found.truncate(reported);
    found.retain(Found::is_worth_it);
    found
}

impl Found {
    fn is_worth_it(&self) -> bool {
        let factor = self.factor();
        let is_notable = factor >= NOTABLE || factor <= 1.0 / NOTABLE;
        is_notable && (count_u64(self.amount) - self.expected).abs() >= WORTH_IT
    }
}

/// How much a series varies: squares of what is off, over what chance gives, from day to day and from week to week.
#[derive(Debug, Clone, Copy, Default)]
struct Variation {
    by_day: (f64, f64),
    by_week: (f64, f64),
    days: f64,
    weeks: f64,
}

/// A series with running sums, each over its own weekday.
struct Looked<'a> {
    at: usize,
    series: &'a Series,
    /// Running sums of amounts and of what they are part of, each from the same weekday a week earlier.
    sums: Vec<(u64, u64)>,
    /// How it varied before each beginning, by how many days ago that is.
    varied: Vec<Option<Variation>>,
}

/// What is compared for a weekday: amount and total, since and before.
#[derive(Debug, Clone, Copy)]
struct Compared {
    since: (f64, f64),
    before: (f64, f64),
}

impl<'a> Looked<'a> {
    /// None for a series that is too short or too thin.
    fn at(at: usize, series: &'a Series) -> Option<Self> {
        let days = &series.days;
        if days.len() <= LEAST_BEFORE {
            return None;
        }
        let begin = days.len().saturating_sub(BEFORE + BEGINNINGS);
        let seen: u64 = days.iter().skip(begin).map(|day| u64::from(day.amount)).sum();
        // What nearly always is, like an answer that rests on knowledge, tells by what is left out.
        let left_out: u64 = { days.iter().skip(begin) }
            .map(|day| u64::from(day.of.saturating_sub(day.amount)))
            .sum();
        let is_thin = match series.shape {
            Shape::Share => seen.min(left_out) < LEAST,
            Shape::Number => seen < LEAST,
        };
        if is_thin {
            return None;
        }
        let mut sums: Vec<(u64, u64)> = Vec::with_capacity(days.len());
        for (day, at) in days.iter().zip(0..) {
            let before = at_weekday_before(&sums, at);
            sums.push((before.0 + u64::from(day.amount), before.1 + u64::from(day.of)));
        }
        let mut looked = Self {
            at,
            series,
            sums,
            varied: Vec::new(),
        };
        looked.varied = (0..BEGINNINGS).map(|ago| looked.variation(ago)).collect();
        Some(looked)
    }

    /// The first day of a change that began so many days ago, and the first day before it.
    fn bounds(&self, ago: usize) -> Option<(usize, usize)> {
        let begins = self.series.days.len().checked_sub(ago + 1)?;
        let before = match self.series.shape {
            Shape::Share => BEFORE,
            Shape::Number if ago < BEGINNINGS_OF_NUMBERS => BEFORE_OF_NUMBERS,
            Shape::Number => return None,
        };
        let from = begins.saturating_sub(before);
        (begins - from >= LEAST_BEFORE).then_some((begins, from))
    }

    /// Sums over the days of one weekday from `from` to before `to`, of which `to - 1 - back` is the last one.
    fn summed(&self, from: usize, to: usize, back: usize) -> (f64, f64) {
        let Some(last) = to.checked_sub(back + 1).filter(|last| *last >= from) else {
            return (0.0, 0.0);
        };
        let upto = self.sums.get(last).copied().unwrap_or_default();
        // The last day of that weekday before `from`.
        let outside = last - (last - from) / WEEK * WEEK;
        let earlier = at_weekday_before(&self.sums, outside);
        (count_u64(upto.0 - earlier.0), count_u64(upto.1 - earlier.1))
    }

    fn compared(&self, begins: usize, from: usize) -> impl Iterator<Item = Compared> {
        let end = self.series.days.len();
        (0..WEEK).map(move |back| {
            let since = self.summed(begins, end, back);
            // The same weekday before: its last day is as many weeks earlier as it takes.
            let last = end - 1 - back.min(end - 1);
            let weeks = (last + 1).saturating_sub(begins).div_ceil(WEEK);
            let to = last + 1 - (weeks * WEEK).min(last + 1);
            let before = if to > from {
                self.summed(from, to, 0)
            } else {
                (0.0, 0.0)
            };
            Compared { since, before }
        })
    }

    fn variation(&self, ago: usize) -> Option<Variation> {
        let (begins, from) = self.bounds(ago)?;
        let mut shares = [0.0; WEEK];
        for (back, share) in shares.iter_mut().enumerate() {
            let (amount, of) = self.summed(from, begins, back);
            *share = amount / of.max(1.0);
        }
        let mut varied = Variation::default();
        let (mut week, mut chance_of_week) = (0.0, 0.0);
        let days = self.series.days.get(from..begins)?;
        for (back, day) in days.iter().rev().enumerate() {
            let share = shares.get(back % WEEK).copied().unwrap_or(0.0);
            let (of, amount) = (f64::from(day.of), f64::from(day.amount));
            let off = amount - of * share;
            let chance = match self.series.shape {
                Shape::Share => of * share * (1.0 - share),
                Shape::Number => of * share,
            };
            varied.by_day.0 += off * off;
            varied.by_day.1 += chance;
            (week, chance_of_week) = (week + off, chance_of_week + chance);
            if back % WEEK == WEEK - 1 {
                varied.by_week.0 += week * week;
                varied.by_week.1 += chance_of_week;
                varied.weeks += 1.0;
                (week, chance_of_week) = (0.0, 0.0);
            }
        }
        varied.days = count(days.len());
        // Each weekday's share was fitted to these very days, and all of them together to these weeks.
        varied.by_day.0 *= varied.days / (varied.days - count(WEEK));
        if varied.weeks > 1.0 {
            varied.by_week.0 *= varied.weeks / (varied.weeks - 1.0);
        }
        Some(varied)
    }

    /// How many times more it varies than by chance; at least 1.
    fn excess(&self, ago: usize, shared: &[[Variation; 2]]) -> f64 {
        let own = self.varied.get(ago).copied().flatten().unwrap_or_default();
        let shared = shared.get(ago).map(|[share, number]| match self.series.shape {
            Shape::Share => *share,
            Shape::Number => *number,
        });
        let all = shared.unwrap_or_default();
        let by_day = (own.days * ratio(own.by_day) + SHARED_DAYS * ratio(all.by_day)) / (own.days + SHARED_DAYS);
        let by_week = (own.weeks * ratio(own.by_week) + SHARED_WEEKS * ratio(all.by_week)) / (own.weeks + SHARED_WEEKS);
        by_day.max(by_week).max(1.0)
    }

    fn evidence(&self, shared: &[[Variation; 2]]) -> Option<Found> {
        let mut logs: Vec<f64> = Vec::with_capacity(BEGINNINGS);
        let mut best: Option<(f64, usize)> = None;
        for ago in 0..BEGINNINGS {
            let Some((begins, from)) = self.bounds(ago) else { break };
            let compared: Vec<Compared> = { self.compared(begins, from) }
                .filter(|compared| compared.since.1 > 0.0 && compared.before.1 > 0.0)
                .filter(|compared| compared.since.0 + compared.before.0 > 0.0)
                .collect();
            let weaker = self.excess(ago, shared);
            let factors = FACTORS.iter().flat_map(|factor| [*factor, 1.0 / factor]);
            let of_factors: Vec<f64> = factors
                .map(|factor| compared.iter().map(|day| self.log_evidence(day, factor)).sum::<f64>() / weaker)
                .collect();
            let log = log_of_sum(&of_factors) - count(of_factors.len()).ln();
            logs.push(log);
            if best.is_none_or(|(most, _)| log > most) {
                best = Some((log, ago));
            }
        }
        let (_, days_ago) = best?;
        let (begins, from) = self.bounds(days_ago)?;
        let (mut amount, mut expected) = (0.0, 0.0);
        for day in self.compared(begins, from) {
            amount += day.since.0;
            expected += day.since.1 * day.before.0 / day.before.1.max(1.0);
        }
        let evidence = (log_of_sum(&logs) - OVERLAP.ln()).min(600.0).exp();
        Some(Found {
            series: self.at,
            days_ago,
            amount: whole(amount),
            expected,
            evidence,
        })
    }

    /// How much better than chance a change by this factor explains on which side the conversations fell, as a logarithm.
    ///
    /// By chance the number since is hypergeometric; the expectation of `factor^number` is at most that of either binomial with the same mean
    /// (Hoeffding, 1963), so dividing by the smaller one gives an e-value, without a sum over all that could have been.
    fn log_evidence(&self, day: &Compared, factor: f64) -> f64 {
        let (amount, of) = day.since;
        let (both, all) = (amount + day.before.0, of + day.before.1);
        let by_amount = both * ((factor - 1.0) * of / all).ln_1p();
        let by_all = match self.series.shape {
            Shape::Share => of * ((factor - 1.0) * both / all).ln_1p(),
            Shape::Number => by_amount,
        };
        amount * factor.ln() - by_amount.min(by_all)
    }
}

/// The running sum of the same weekday a week earlier.
fn at_weekday_before(sums: &[(u64, u64)], at: usize) -> (u64, u64) {
    let before = at.checked_sub(WEEK).and_then(|before| sums.get(before));
    before.copied().unwrap_or_default()
}

/// How all series of a shape vary.
fn shared(looked: &[Looked<'_>], ago: usize) -> [Variation; 2] {
    let mut shared = [Variation::default(); 2];
    let [share, number] = &mut shared;
    for series in looked {
        let Some(own) = series.varied.get(ago).copied().flatten() else {
            continue;
        };
        let all = match series.series.shape {
            Shape::Share => &mut *share,
            Shape::Number => &mut *number,
        };
        all.by_day = (all.by_day.0 + own.by_day.0, all.by_day.1 + own.by_day.1);
        all.by_week = (all.by_week.0 + own.by_week.0, all.by_week.1 + own.by_week.1);
    }
    shared
}

fn ratio((squares, chance): (f64, f64)) -> f64 {
    if chance > 0.0 { squares / chance } else { 1.0 }
}

fn log_of_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most.is_finite() {
        most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
    } else {
        most
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of counts")]
fn whole(amount: f64) -> u64 {
    amount.round() as u64
}

#[cfg(test)]
mod tests;
