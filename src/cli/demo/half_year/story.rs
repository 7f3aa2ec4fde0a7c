//! Who comes when and asks what: made from a seed, pure.

use super::business::Business;
use crate::domain::time::Timestamp;
use crate::stats::random::SplitMix64;
use jiff::civil::Weekday;

/// A day, in milliseconds.
pub(super) const DAY_MS: i64 = 86_400_000;
/// A minute, in milliseconds.
pub(super) const MINUTE_MS: i64 = 60_000;
/// Days of a month of the story.
const DAYS_OF_A_MONTH: f64 = 30.4;
/// How many come in each hour of the day, beside the others.
const BY_HOUR: [u32; 24] = [
    3, 2, 1, 1, 1, 2, 6, 14, 30, 48, 58, 62, 50, 52, 56, 54, 50, 46, 50, 58, 60, 46, 26, 10,
];

/// What somebody comes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A question that the knowledge answers, from its launch on.
    Question(usize),
    /// No question.
    SmallTalk,
    /// A question about something else.
    Elsewhere,
    /// In a language that is not spoken there.
    Foreign,
    /// Nothing that anybody should read.
    Spam,
    /// They want a person and nothing else.
    Person,
}

/// Somebody who comes.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is left to chance on its own")]
pub(super) struct Visit {
    pub(super) at: Timestamp,
    pub(super) kind: Kind,
    /// What they write first.
    pub(super) words: String,
    /// A second question they have: which, and their words.
    pub(super) then: Option<(usize, String)>,
    /// They ask back about the answer.
    pub(super) asks_back: bool,
    /// How long they wait, in milliseconds.
    pub(super) patience_ms: i64,
    /// They would like to be called.
    pub(super) leaves_number: bool,
    /// They end the conversation themselves when they have their answer.
    pub(super) ends: bool,
    /// They rate it then.
    pub(super) rates: bool,
    /// A number of their own, for what is left to chance.
    pub(super) chance: u64,
}

/// One of several, by chance.
pub(super) fn pick<'a, T>(random: &mut SplitMix64, of: &'a [T]) -> Option<&'a T> {
    of.get(random.below(of.len()))
}

/// Whether something happens that has this probability.
pub(super) fn happens(random: &mut SplitMix64, probability: f64) -> bool {
    random.unit() < probability
}

/// A time around `usual` milliseconds: mostly a little less, seldom much more.
pub(super) fn around(random: &mut SplitMix64, usual: i64) -> i64 {
    let unit = random.unit();
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "minutes")]
    let ms = (usual as f64 * (0.4 + 0.8 * unit + 1.6 * unit.powi(6))) as i64;
    ms
}

/// The month of the story, from 1, `since_ms` after its beginning.
pub(super) fn month_of(since_ms: i64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a small number that is not negative"
    )]
    let month = (since_ms.max(0) as f64 / DAY_MS as f64 / DAYS_OF_A_MONTH) as u32 + 1;
    month.min(6)
}

/// Everybody who comes to a business from `begin` to `end`, in order.
pub(super) fn visits(business: &Business, begin: Timestamp, end: Timestamp, scale: f64, seed: u64) -> Vec<Visit> {
    let mut random = SplitMix64::new(seed);
    let mut visits = Vec::new();
    let mut day = begin.0;
    while day < end.0 {
        for _ in 0..number(&mut random, expected(business, begin, day, scale)) {
            let at = Timestamp(day + time_of_day(&mut random, business, day));
            if at > begin.plus_ms(30 * MINUTE_MS) && at < end {
                visits.push(visit(&mut random, business, month_of(at.0 - begin.0), at));
            }
        }
        day += DAY_MS;
    }
    visits.sort_by_key(|visit| visit.at);
    visits
}

fn local(business: &Business, at: i64) -> jiff::Zoned {
    let at = jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned(business.zone.clone())
}

/// How many are to be expected in a day.
fn expected(business: &Business, begin: Timestamp, day: i64, scale: f64) -> f64 {
    let date = local(business, day + DAY_MS / 2);
    let of_weekday = match date.weekday() {
        Weekday::Monday => 1.1,
        Weekday::Saturday => 1.25,
        Weekday::Sunday => 0.7,
        _ => 1.0,
    };
    let of_season = match date.month() {
        4 | 5 | 7 | 12 => 1.15,
        1 | 2 | 11 => 0.85,
        _ => 1.0,
    };
    #[expect(clippy::cast_precision_loss, reason = "days")]
    let grown = 0.8 + 0.5 * ((day - begin.0) as f64 / (182.0 * DAY_MS as f64));
    business.conversations_a_day * scale * of_weekday * of_season * grown
}

/// A number around what is expected.
fn number(random: &mut SplitMix64, expected: f64) -> usize {
    // Poisson's, by Knuth's product.
    let (limit, mut product, mut number) = ((-expected).exp(), random.unit(), 0);
    while product > limit && number < 1_000 {
        product *= random.unit();
        number += 1;
    }
    number
}

/// When somebody comes: milliseconds after the day began, by the clocks of the business.
fn time_of_day(random: &mut SplitMix64, business: &Business, day: i64) -> i64 {
    let all: u32 = BY_HOUR.iter().sum();
    let mut drawn = random.below(usize::try_from(all).unwrap_or(1));
    let mut hour = 0_i64;
    for (at, weight) in BY_HOUR.iter().enumerate() {
        let weight = usize::try_from(*weight).unwrap_or_default();
        if drawn < weight {
            hour = i64::try_from(at).unwrap_or_default();
            break;
        }
        drawn -= weight;
    }
    let within = i64::try_from(random.below(3_600_000)).unwrap_or_default();
    let date = local(business, day + DAY_MS / 2).date();
    let midnight = date
        .to_zoned(business.zone.clone())
        .map_or(day, |zoned| zoned.timestamp().as_millisecond());
    midnight - day + hour * 3_600_000 + within
}

fn visit(random: &mut SplitMix64, business: &Business, month: u32, at: Timestamp) -> Visit {
    let talk = &business.talk;
    let said = |random: &mut SplitMix64, of: &[String]| pick(random, of).cloned().unwrap_or_default();
    let drawn = random.unit();
    let (kind, words) = if drawn < 0.86 {
        let (asked, words) = question(random, business, month, at);
        (Kind::Question(asked), words)
    } else if drawn < 0.90 {
        (Kind::Elsewhere, said(random, &talk.elsewhere))
    } else if drawn < 0.94 {
        (Kind::SmallTalk, said(random, &talk.small))
    } else if drawn < 0.96 {
        (Kind::Foreign, said(random, &talk.foreign))
    } else if drawn < 0.985 {
        (Kind::Person, said(random, &talk.person))
    } else {
        (Kind::Spam, said(random, &talk.spam))
    };
    let is_question = matches!(kind, Kind::Question(_));
    let words = match kind {
        Kind::Question(_) => politely(random, business, &words),
        _ => words,
    };
    let then = (is_question && happens(random, 0.18)).then(|| question(random, business, month, at));
    Visit {
        at,
        kind,
        words,
        then,
        asks_back: is_question && happens(random, 0.07),
        patience_ms: around(random, 25 * MINUTE_MS),
        leaves_number: is_question && happens(random, 0.05),
        ends: happens(random, 0.5),
        rates: happens(random, 0.6),
        chance: random.draw(),
    }
}

/// What is asked, and in which words.
fn question(random: &mut SplitMix64, business: &Business, month: u32, at: Timestamp) -> (usize, String) {
    let of_year = local(business, at.0).month();
    let weights: Vec<usize> = business
        .asked
        .iter()
        .map(|asked| {
            let usual = usize::try_from(asked.weight).unwrap_or(1) * 4;
            let season = match asked
                .peak
                .map(|peak| (peak - of_year).rem_euclid(12).min((of_year - peak).rem_euclid(12)))
            {
                Some(0) => usual * 3,
                Some(1) => usual * 2,
                _ => usual,
            };
            // What is new is asked most at first.
            let news = if asked.from > 1 && asked.from == month { 2 } else { 1 };
            if asked.from > month { 0 } else { season * news }
        })
        .collect();
    let mut drawn = random.below(weights.iter().sum());
    let mut chosen = 0;
    for (at, weight) in weights.iter().enumerate() {
        if drawn < *weight {
            chosen = at;
            break;
        }
        drawn -= *weight;
    }
    let words = business.asked.get(chosen).and_then(|asked| pick(random, &asked.ask));
    (chosen, words.cloned().unwrap_or_default())
}

/// The words with a greeting before them or thanks behind them, or neither.
fn politely(random: &mut SplitMix64, business: &Business, words: &str) -> String {
    let hello = pick(random, &business.talk.hello).filter(|_| random.unit() < 0.35);
    let thanks = pick(random, &business.talk.thanks).filter(|_| random.unit() < 0.25);
    let parts = hello.map(String::as_str).into_iter().chain([words]);
    let parts: Vec<&str> = parts.chain(thanks.map(String::as_str)).collect();
    parts.join(" ")
}
