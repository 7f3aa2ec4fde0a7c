//! Numbers, days and periods as people read them, in the languages that a report can be written in.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// German.
    #[serde(rename = "de")]
    German,
}

const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const GERMAN_MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

impl Language {
    /// Its code: `en` or `de`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The text in this language.
    pub const fn pick<'a>(self, english: &'a str, german: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::German => german,
        }
    }

    /// What stands before decimals.
    pub const fn decimal_mark(self) -> char {
        match self {
            Self::English => '.',
            Self::German => ',',
        }
    }

    /// A month's name; 1 is January.
    pub fn month(self, number: i8) -> &'static str {
        let names = match self {
            Self::English => &ENGLISH_MONTHS,
            Self::German => &GERMAN_MONTHS,
        };
        let at = usize::try_from(number.saturating_sub(1)).unwrap_or_default();
        names.get(at).copied().unwrap_or_default()
    }

    /// A month of a year: `May 2026`.
    pub fn month_of_year(self, day: Date) -> String {
        format!("{} {}", self.month(day.month()), day.year())
    }

    /// A day: `4 May 2026`, `4. Mai 2026`.
    pub fn day(self, day: Date) -> String {
        let mark = self.pick("", ".");
        format!("{}{mark} {} {}", day.day(), self.month(day.month()), day.year())
    }

    /// A day without its year, short, for pictures: `4 May`, `4. Mai`.
    pub fn short_day(self, day: Date) -> String {
        let name: String = self.month(day.month()).chars().take(3).collect();
        format!("{}{} {name}", day.day(), self.pick("", "."))
    }

    /// A month, short, for pictures: `May 26`.
    pub fn short_month(self, day: Date) -> String {
        let name: String = self.month(day.month()).chars().take(3).collect();
        format!("{name} {:02}", day.year().rem_euclid(100))
    }

    /// From a day to a day, both included; a whole month by its name.
    pub fn period(self, from: Date, to: Date) -> String {
        if from.day() == 1 && to == from.last_of_month() {
            return self.month_of_year(from);
        }
        let between = self.pick("to", "bis");
        format!("{} {between} {}", self.day(from), self.day(to))
    }

    /// So many of something: `1 answer`, `2 412 answers`.
    pub fn some(self, number: u64, one: &str, more: &str) -> String {
        format!("{} {}", counted(number), if number == 1 { one } else { more })
    }

    /// A share of a whole, to a tenth of a percent: `3.1 %`; a dash where there is no whole.
    pub fn share(self, part: u64, whole: u64) -> String {
        if whole == 0 {
            return "–".to_owned();
        }
        self.tenths_of_percent(rounded(u128::from(part) * 1_000, u128::from(whole)))
    }

    /// Tenths of a percent: `31` is `3.1 %`.
    pub fn tenths_of_percent(self, tenths: u128) -> String {
        match tenths % 10 {
            0 => format!("{}\u{a0}%", tenths / 10),
            rest => format!("{}{}{rest}\u{a0}%", tenths / 10, self.decimal_mark()),
        }
    }

    /// A length of time: `40 s`, `3 min`, `2 h 5 min`.
    pub fn lasting(self, ms: u64) -> String {
        let seconds = ms.saturating_add(500) / 1_000;
        let minutes = seconds.saturating_add(30) / 60;
        match seconds {
            0..60 => format!("{seconds}\u{a0}s"),
            60..3_600 if minutes < 60 => format!("{minutes}\u{a0}min"),
            _ => hours(minutes),
        }
    }
}

fn hours(minutes: u64) -> String {
    match (minutes / 60, minutes % 60) {
        (hours, 0) => format!("{}\u{a0}h", counted(hours)),
        (hours, rest) => format!("{}\u{a0}h {rest}\u{a0}min", counted(hours)),
    }
}

/// Minutes as hours and minutes: `2 h 5 min`, and `40 min` below an hour.
pub fn minutes_in_words(minutes: u64) -> String {
    if minutes < 60 {
        format!("{minutes}\u{a0}min")
    } else {
        hours(minutes)
    }
}

/// A count with its thousands apart: `2 412`.
pub fn counted(number: u64) -> String {
    grouped(&number.to_string())
}

pub(super) fn grouped(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('\u{a0}');
        }
        grouped.push(digit);
    }
    grouped
}

/// Divides, rounding half up. Nothing where there is nothing to divide by.
pub(super) const fn rounded(part: u128, whole: u128) -> u128 {
    match part.saturating_add(whole / 2).checked_div(whole) {
        Some(quotient) => quotient,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_months_and_periods_read_like_a_person_wrote_them() {
        let (english, german) = (Language::English, Language::German);
        assert_eq!(english.day(date(2026, 5, 4)), "4 May 2026");
        assert_eq!(german.day(date(2026, 3, 4)), "4. März 2026");
        assert_eq!(english.period(date(2026, 2, 1), date(2026, 2, 28)), "February 2026");
        assert_eq!(
            german.period(date(2026, 5, 4), date(2026, 5, 10)),
            "4. Mai 2026 bis 10. Mai 2026"
        );
        assert_eq!(german.short_day(date(2026, 3, 4)), "4. Mär");
    }

    #[test]
    fn shares_are_rounded_once_and_a_part_of_nothing_is_a_dash() {
        assert_eq!(Language::English.share(1, 3), "33.3\u{a0}%");
        assert_eq!(Language::German.share(2, 3), "66,7\u{a0}%");
        assert_eq!(Language::English.share(1, 2), "50\u{a0}%");
        assert_eq!(Language::English.share(0, 0), "–");
    }

    #[test]
    fn lengths_of_time_never_read_as_sixty_minutes() {
        let said: Vec<String> = [400, 59_400, 59_500, 3_569_000, 3_570_000, 7_500_000]
            .into_iter()
            .map(|ms| Language::English.lasting(ms).replace('\u{a0}', " "))
            .collect();
        assert_eq!(said, ["0 s", "59 s", "1 min", "59 min", "1 h", "2 h 5 min"]);
        assert_eq!(counted(1_234_567), "1\u{a0}234\u{a0}567");
    }
}
