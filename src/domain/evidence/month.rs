//! Months of a workspace's calendar.

use crate::domain::time::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A month as in `2026-05`. In the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthName {
    first: Date,
}

/// What was given for a month is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a month; write it like 2026-05")]
pub struct NotAMonth(String);

impl MonthName {
    /// The month that a moment lies in, by the clocks of `zone`. Moments beyond the calendar lie in its first month.
    pub fn of(at: Timestamp, zone: &TimeZone) -> Self {
        let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Self {
            first: moment.to_zoned(zone.clone()).date().first_of_month(),
        }
    }

    /// When it begins by the clocks of `zone`.
    pub fn begins(self, zone: &TimeZone) -> Timestamp {
        let at = self.first.to_zoned(zone.clone()).map(|begin| begin.timestamp());
        Timestamp(at.unwrap_or(jiff::Timestamp::UNIX_EPOCH).as_millisecond())
    }

    /// So many months later, or earlier; the calendar's end where it ends.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        let span = jiff::Span::new().try_months(months).unwrap_or_default();
        Self {
            first: self.first.checked_add(span).unwrap_or(self.first),
        }
    }

    /// How many days it has, 28 to 31.
    pub fn days(self) -> i8 {
        self.first.days_in_month()
    }

    /// Its number, rising by one from month to month.
    pub fn number(self) -> u32 {
        let months = i32::from(self.first.year()) * 12 + i32::from(self.first.month());
        u32::try_from(months).unwrap_or_default()
    }

    /// The month in words: `May 2026`.
    pub fn in_words(self) -> String {
        self.first.strftime("%B %Y").to_string()
    }
}

impl fmt::Display for MonthName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

impl FromStr for MonthName {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let refused = || NotAMonth(text.chars().take(20).collect());
        let (year, month) = text.split_once('-').ok_or_else(refused)?;
        if year.len() != 4 || month.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return Err(refused());
        }
        let year = year.parse().map_err(|_not_a_number| refused())?;
        let month = month.parse().map_err(|_not_a_number| refused())?;
        let first = Date::new(year, month, 1).map_err(|_no_such_month| refused())?;
        Ok(Self { first })
    }
}

impl TryFrom<String> for MonthName {
    type Error = NotAMonth;

    fn try_from(text: String) -> Result<Self, NotAMonth> {
        text.parse()
    }
}

impl From<MonthName> for String {
    fn from(month: MonthName) -> Self {
        month.to_string()
    }
}
