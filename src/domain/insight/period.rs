//! Whole days of a workspace's calendar.

use crate::domain::time::Timestamp;
use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Longest period that is looked at, in days: two years.
const LONGEST: i64 = 731;

/// A day of some calendar. Ordered as time goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

impl Day {
    /// The day of a moment in a time zone. A day has 23, 24 or 25 hours: an hour that exists twice belongs to the same day both times.
    pub fn of(at: Timestamp, zone: &TimeZone) -> Self {
        Self(local(at, zone).date())
    }

    /// Days since 1970-01-01, as it is stored.
    pub fn number(self) -> i64 {
        let epoch = Date::constant(1970, 1, 1);
        epoch.until(self.0).map_or(0, |span: Span| i64::from(span.get_days()))
    }

    /// The day of a stored number; the last day that there is for one beyond it.
    pub fn from_number(number: i64) -> Self {
        let epoch = Date::constant(1970, 1, 1);
        let days = Span::new().try_days(number);
        Self(days.and_then(|days| epoch.checked_add(days)).unwrap_or(Date::MAX))
    }

    /// So many days later, or earlier for a negative number.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self::from_number(self.number().saturating_add(days))
    }

    /// The first moment of the day.
    pub fn begins(self, zone: &TimeZone) -> Timestamp {
        let start = self.0.to_zoned(zone.clone());
        Timestamp(start.map_or(0, |zoned| zoned.timestamp().as_millisecond()))
    }

    /// As the calendar has it.
    pub const fn date(self) -> Date {
        self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let is_date = text.len() == "2026-05-01".len();
        let date = text.parse().ok().filter(|_| is_date);
        date.map(Self).ok_or_else(|| NotAPeriod::Day(text.to_owned()))
    }
}

impl TryFrom<String> for Day {
    type Error = NotAPeriod;

    fn try_from(text: String) -> Result<Self, NotAPeriod> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

/// The local time of a moment.
pub(super) fn local(at: Timestamp, zone: &TimeZone) -> jiff::civil::DateTime {
    let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    zone.to_datetime(instant)
}

/// Why something is no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPeriod {
    /// A day that is none.
    #[error("“{0}” is no day; write it like 2026-05-01")]
    Day(String),
    /// It ends before it begins.
    #[error("the last day, {1}, lies before the first, {0}; exchange them")]
    Backwards(Day, Day),
    /// It is too long.
    #[error("at most two years can be looked at in one go; choose a later first day")]
    Long,
}

/// Days from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first day.
    pub first: Day,
    /// The last day.
    pub last: Day,
}

impl Period {
    /// From one day to another.
    ///
    /// # Errors
    /// [`NotAPeriod`] if it ends before it begins or is longer than two years.
    pub fn new(first: Day, last: Day) -> Result<Self, NotAPeriod> {
        if last < first {
            return Err(NotAPeriod::Backwards(first, last));
        }
        let period = Self { first, last };
        if period.days() > LONGEST {
            return Err(NotAPeriod::Long);
        }
        Ok(period)
    }

    /// The `days` days (at least one) that end with `last`.
    pub fn ending(last: Day, days: i64) -> Self {
        Self {
            first: last.plus(1 - days.clamp(1, LONGEST)),
            last,
        }
    }

    /// How many days: at least one.
    pub fn days(self) -> i64 {
        self.last.number() - self.first.number() + 1
    }

    /// As many days right before it.
    #[must_use]
    pub fn before(self) -> Self {
        Self::ending(self.first.plus(-1), self.days())
    }

    /// Each of its days, in order.
    pub fn each(self) -> impl Iterator<Item = Day> {
        (self.first.number()..=self.last.number()).map(Day::from_number)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.first, self.last)
    }
}
