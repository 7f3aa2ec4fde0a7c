//! Business hours and holidays.

mod open_time;

pub use open_time::HORIZON_MS;

use crate::domain::time::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
const DAYS_OF_A_LEAP_YEAR: usize = 366;

/// When somebody is there. Days without a span are closed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "a field for each day of the week")]
pub struct Hours {
    pub monday: Vec<Span>,
    pub tuesday: Vec<Span>,
    pub wednesday: Vec<Span>,
    pub thursday: Vec<Span>,
    pub friday: Vec<Span>,
    pub saturday: Vec<Span>,
    pub sunday: Vec<Span>,
    /// Closed on these days, whatever day of the week it is.
    pub holidays: Vec<Holiday>,
}

/// A part of a day, from the first minute to before the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    /// Minutes after midnight.
    pub from: u16,
    /// Minutes after midnight, at most 24:00.
    pub to: u16,
}

/// A day on which the business is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Holiday {
    /// Month and day of every year.
    Yearly(i8, i8),
    /// One day.
    Once(Date),
}

/// Why a text is no span of a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSpan {
    /// Not written like one.
    #[error("“{0}” is no span of a day; write it like 09:00-17:30")]
    Unreadable(String),
    /// It ends before it begins.
    #[error(
        "“{0}” ends before it begins; a span past midnight is two: one to 24:00, and one from 00:00 on the next day"
    )]
    Backwards(String),
}

/// Why a text is no holiday.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no day of the calendar; write 2026-12-24 for one day or 12-25 for every year")]
pub struct InvalidHoliday(String);

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let two = |digits: &str| {
        (digits.len() <= 2 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    let (hours, minutes): (u16, u16) = (two(hours)?, two(minutes)?);
    let of_day = hours * 60 + minutes;
    (minutes < 60 && of_day <= DAY).then_some(of_day)
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        let read = text
            .split_once(['-', '–'])
            .and_then(|(from, to)| Some((minutes(from)?, minutes(to)?)));
        match read {
            Some((from, to)) if from < to => Ok(Self { from, to }),
            Some(_) => Err(InvalidSpan::Backwards(text.to_owned())),
            None => Err(InvalidSpan::Unreadable(text.to_owned())),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl FromStr for Holiday {
    type Err = InvalidHoliday;

    fn from_str(text: &str) -> Result<Self, InvalidHoliday> {
        let invalid = || InvalidHoliday(text.to_owned());
        // 2024 has a 29th of February.
        let yearly = format!("2024-{text}");
        if text.len() == "12-25".len() {
            let date: Date = yearly.parse().map_err(|_invalid: jiff::Error| invalid())?;
            return Ok(Self::Yearly(date.month(), date.day()));
        }
        let is_date = text.len() == "2026-12-24".len();
        match text.parse() {
            Ok(date) if is_date => Ok(Self::Once(date)),
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for Holiday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yearly(month, day) => write!(f, "{month:02}-{day:02}"),
            Self::Once(date) => date.fmt(f),
        }
    }
}

impl TryFrom<String> for Span {
    type Error = InvalidSpan;

    fn try_from(text: String) -> Result<Self, InvalidSpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl TryFrom<String> for Holiday {
    type Error = InvalidHoliday;

    fn try_from(text: String) -> Result<Self, InvalidHoliday> {
        text.parse()
    }
}

impl From<Holiday> for String {
    fn from(day: Holiday) -> Self {
        day.to_string()
    }
}

impl Hours {
    /// The days by name, from Monday on.
    pub fn days(&self) -> [(&'static str, &[Span]); 7] {
        [
            ("monday", &self.monday),
            ("tuesday", &self.tuesday),
            ("wednesday", &self.wednesday),
            ("thursday", &self.thursday),
            ("friday", &self.friday),
            ("saturday", &self.saturday),
            ("sunday", &self.sunday),
        ]
    }

    fn of(&self, weekday: Weekday) -> &[Span] {
        match weekday {
            Weekday::Monday => &self.monday,
            Weekday::Tuesday => &self.tuesday,
            Weekday::Wednesday => &self.wednesday,
            Weekday::Thursday => &self.thursday,
            Weekday::Friday => &self.friday,
            Weekday::Saturday => &self.saturday,
            Weekday::Sunday => &self.sunday,
        }
    }

    /// Is anybody there ever? Not if every day of every year is a holiday, either.
    pub fn is_ever_open(&self) -> bool {
        // A day of the year falls on every day of the week sooner or later, so one that is no holiday is enough.
        let mut yearly: Vec<(i8, i8)> = self
            .holidays
            .iter()
            .filter_map(|holiday| match *holiday {
                Holiday::Yearly(month, day) => Some((month, day)),
                Holiday::Once(_) => None,
            })
            .collect();
        yearly.sort_unstable();
        yearly.dedup();
        yearly.len() < DAYS_OF_A_LEAP_YEAR && self.days().iter().any(|(_, spans)| !spans.is_empty())
    }

    /// Minutes of a week in which somebody is there, holidays aside.
    pub fn minutes_of_a_week(&self) -> u32 {
        let spans = self.days().into_iter().flat_map(|(_, spans)| spans.iter());
        spans.map(|span| u32::from(span.to.saturating_sub(span.from))).sum()
    }

    /// Is somebody there at every minute of every week? Holidays aside.
    pub fn is_always_open(&self) -> bool {
        let whole_day = |spans: &[Span]| {
            let mut spans = spans.to_vec();
            spans.sort_unstable();
            spans.iter().fold(0, |reached, span| {
                if span.from <= reached {
                    reached.max(span.to)
                } else {
                    reached
                }
            }) == DAY
        };
        self.holidays.is_empty() && self.days().iter().all(|(_, spans)| whole_day(spans))
    }

    fn is_holiday(&self, date: Date) -> bool {
        self.holidays.iter().any(|holiday| match *holiday {
            Holiday::Yearly(month, day) => (month, day) == (date.month(), date.day()),
            Holiday::Once(day) => day == date,
        })
    }

    /// Is somebody there at this time, by the clocks of this zone? A moment that no calendar has is closed.
    pub fn is_open(&self, at: Timestamp, zone: &TimeZone) -> bool {
        let Ok(at) = jiff::Timestamp::from_millisecond(at.0) else {
            return false;
        };
        let local = zone.to_datetime(at);
        let minute = i16::from(local.hour()) * 60 + i16::from(local.minute());
        let is_within = |span: &Span| (span.from..span.to).contains(&minute.unsigned_abs());
        !self.is_holiday(local.date()) && self.of(local.weekday()).iter().any(is_within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        let local: jiff::civil::DateTime = text.parse().unwrap();
        Timestamp(local.to_zoned(berlin()).unwrap().timestamp().as_millisecond())
    }

    fn shop() -> Hours {
        Hours {
            monday: vec!["09:00-12:30".parse().unwrap(), "13:30-18:00".parse().unwrap()],
            saturday: vec!["10:00-24:00".parse().unwrap()],
            holidays: vec!["12-26".parse().unwrap(), "2026-11-23".parse().unwrap()],
            ..Hours::default()
        }
    }

    #[test]
    fn a_shop_is_open_from_the_first_minute_to_before_the_last_by_its_own_clocks() {
        let open = |text: &str| shop().is_open(at(text), &berlin());
        // A Monday in summer and one in winter: the clocks of the zone count, not those of UTC.
        for day in ["2026-07-06", "2026-11-16"] {
            assert!(!open(&format!("{day}T08:59:59")));
            assert!(open(&format!("{day}T09:00")));
            assert!(!open(&format!("{day}T12:30")));
            assert!(open(&format!("{day}T17:59")));
            assert!(!open(&format!("{day}T18:00")));
        }
        assert!(open("2026-11-21T23:59"), "a span to 24:00 ends with the day");
        assert!(!open("2026-11-22T00:00"));
    }

    #[test]
    fn holidays_are_closed_once_or_every_year() {
        let open = |text: &str| shop().is_open(at(text), &berlin());
        assert!(!open("2026-11-23T10:00"), "this one Monday");
        assert!(open("2026-11-30T10:00"));
        assert!(!open("2026-12-26T11:00"), "a Saturday");
        assert!(!open("2033-12-26T11:00"), "the same day of another year, a Monday");
    }

    #[test]
    fn spans_and_holidays_read_as_they_are_written_and_nothing_else() {
        for text in ["09:00-17:30", "00:00-24:00"] {
            assert_eq!(text.parse::<Span>().map(String::from), Ok(text.to_owned()));
        }
        for text in ["12-25", "02-29", "2026-12-24"] {
            assert_eq!(text.parse::<Holiday>().map(String::from), Ok(text.to_owned()));
        }
        for text in ["", "9-5", "09:00", "24:01-24:02", "09:60-10:00", "+9:00-10:00"] {
            assert!(
                matches!(text.parse::<Span>(), Err(InvalidSpan::Unreadable(_))),
                "{text}"
            );
        }
        for text in ["22:00-02:00", "09:00-09:00"] {
            assert!(matches!(text.parse::<Span>(), Err(InvalidSpan::Backwards(_))), "{text}");
        }
        for text in ["", "02-30", "13-01", "2026-02-29", "25.12.", "2026-12-24T10:00"] {
            assert!(text.parse::<Holiday>().is_err(), "{text}");
        }
    }

    #[test]
    fn round_the_clock_is_noticed_however_it_is_cut() {
        let halves: Vec<Span> = vec!["12:00-24:00".parse().unwrap(), "00:00-12:00".parse().unwrap()];
        let always = Hours {
            monday: halves.clone(),
            tuesday: halves.clone(),
            wednesday: halves.clone(),
            thursday: halves.clone(),
            friday: halves.clone(),
            saturday: halves.clone(),
            sunday: halves,
            holidays: Vec::new(),
        };
        assert!(always.is_always_open());
        assert!(!shop().is_always_open() && shop().is_ever_open() && !Hours::default().is_ever_open());
    }

    #[test]
    fn who_has_every_day_off_is_never_there() {
        let leap_year = Date::constant(2024, 1, 1).series(jiff::Span::new().days(1)).take(366);
        let mut off = Hours {
            holidays: leap_year.map(|day| Holiday::Yearly(day.month(), day.day())).collect(),
            ..shop()
        };
        assert!(!off.is_ever_open());
        off.holidays.pop();
        assert!(off.is_ever_open(), "on New Year's Eves that are Mondays or Saturdays");
    }
}
