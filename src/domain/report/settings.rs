//! What an owner sets for reports: to whom, when, in which language, at which prices, and how they look.

use super::facts::Prices;
use super::money::{Currency, InvalidMoney};
use super::words::Language;
use crate::domain::text::Email;
use serde::{Deserialize, Serialize};

/// People who get a report at most.
pub const MAX_RECIPIENTS: usize = 20;
/// Longest name of a sender, in characters.
const MAX_NAME: usize = 80;

/// Settings of a workspace's reports. Every field has a default, so that what is stored stays readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportSettings {
    /// Addresses that get the reports; while there are none, nothing is sent.
    pub recipients: Vec<String>,
    /// Whether the weekly digest is sent.
    pub digest: bool,
    /// Whether the monthly report is sent.
    pub month: bool,
    /// The day of the week on which the digest is sent: 1 is Monday, 7 is Sunday.
    pub weekday: i8,
    /// The day of the month on which the monthly report is sent, 1 to 28.
    pub day_of_month: i8,
    /// The hour from which on they are sent, by the workspace's clocks, 0 to 23.
    pub hour: i8,
    /// The language they are written in.
    pub language: Language,
    /// The currency of all prices.
    pub currency: String,
    /// How long a person takes for an answer, in seconds.
    pub seconds_per_answer: u32,
    /// What an hour of a person costs, like `30.00`.
    pub hour_costs: Option<String>,
    /// What the assistant costs a month.
    pub month_costs: Option<String>,
    /// What a conversion without a value of its own is worth.
    pub conversion_value: Option<String>,
    /// Who the reports are from; empty is the workspace's name.
    pub sender: String,
    /// The colour of headings' rules, like `#1f5fa8`.
    pub accent: String,
    /// How many days a mailed link opens a report.
    pub link_days: u32,
    /// Since when reports are to be sent, in milliseconds since 1970: what was due before is not sent belatedly. Set when sending is turned on.
    pub sending_since: Option<i64>,
}

impl Default for ReportSettings {
    fn default() -> Self {
        Self {
            recipients: Vec::new(),
            digest: true,
            month: true,
            weekday: 1,
            day_of_month: 3,
            hour: 8,
            language: Language::English,
            currency: Currency::EURO.code().to_owned(),
            seconds_per_answer: 240,
            hour_costs: None,
            month_costs: None,
            conversion_value: None,
            sender: String::new(),
            accent: "#1f5fa8".to_owned(),
            link_days: 90,
            sending_since: None,
        }
    }
}

/// Why settings are refused: a field and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// The field.
    pub field: &'static str,
    /// What is wrong, and what to write instead.
    pub says: String,
}

/// A colour as it is written: `#1f5fa8`.
fn is_colour(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl ReportSettings {
    /// Whether any report is to be sent at all.
    pub const fn sends(&self) -> bool {
        !self.recipients.is_empty() && (self.digest || self.month)
    }

    /// The prices, as read; what cannot be read is not reckoned with, and [`ReportSettings::problems`] says so.
    pub fn prices(&self) -> Prices {
        let currency: Currency = self.currency.parse().unwrap_or_default();
        let minor = |text: &Option<String>| {
            let text = text.as_deref()?;
            currency.amount(text).ok().map(|money| money.minor)
        };
        Prices {
            currency,
            seconds_per_answer: self.seconds_per_answer,
            hour_minor: minor(&self.hour_costs),
            month_minor: minor(&self.month_costs),
            conversion_minor: minor(&self.conversion_value),
        }
    }

    /// What is wrong with them; nothing if they can be used.
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        let mut wrong = |field, says: String| problems.push(SettingsProblem { field, says });
        if self.recipients.len() > MAX_RECIPIENTS {
            wrong(
                "recipients",
                format!("a report goes to {MAX_RECIPIENTS} addresses at most"),
            );
        }
        for (nth, address) in self.recipients.iter().enumerate() {
            if let Err(error) = Email::parse(address) {
                wrong("recipients", error.to_string());
            }
            let is_same = |other: &&String| other.trim().eq_ignore_ascii_case(address.trim());
            if self.recipients.iter().take(nth).any(|other| is_same(&other)) {
                wrong("recipients", format!("{} stands twice", address.trim()));
            }
        }
        for (field, value, range, says) in [
            (
                "weekday",
                self.weekday,
                1..=7,
                "the day of the week is a number from 1 (Monday) to 7 (Sunday)",
            ),
            (
                "day_of_month",
                self.day_of_month,
                1..=28,
                "the day of the month is a number from 1 to 28, which every month has",
            ),
            ("hour", self.hour, 0..=23, "the hour is a number from 0 to 23"),
        ] {
            if !range.contains(&value) {
                wrong(field, says.to_owned());
            }
        }
        if !(1..=7_200).contains(&self.seconds_per_answer) {
            wrong(
                "seconds_per_answer",
                "an answer takes a person from 1 to 7200 seconds".to_owned(),
            );
        }
        if !(1..=400).contains(&self.link_days) {
            wrong("link_days", "a link opens a report for 1 to 400 days".to_owned());
        }
        if self.sender.chars().count() > MAX_NAME || self.sender.chars().any(char::is_control) {
            wrong(
                "sender",
                format!("the sender's name is one line of at most {MAX_NAME} letters"),
            );
        }
        if !is_colour(&self.accent) {
            wrong("accent", "a colour is written like #1f5fa8".to_owned());
        }
        match self.currency.parse::<Currency>() {
            Ok(currency) => {
                for (field, price) in self.named_prices() {
                    let read = price.map(|text| currency.amount(text));
                    if let Some(Err(error)) = read {
                        wrong(field, InvalidMoney::to_string(&error));
                    }
                }
            }
            Err(error) => wrong("currency", error.to_string()),
        }
        problems
    }

    fn named_prices(&self) -> [(&'static str, Option<&str>); 3] {
        [
            ("hour_costs", self.hour_costs.as_deref()),
            ("month_costs", self.month_costs.as_deref()),
            ("conversion_value", self.conversion_value.as_deref()),
        ]
    }

    /// The same as they are kept: trimmed, and prices that are empty are none.
    #[must_use]
    pub fn tidied(self) -> Self {
        let price = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let recipients = self.recipients.iter().map(|address| address.trim().to_owned());
        Self {
            recipients: recipients.filter(|address| !address.is_empty()).collect(),
            currency: self.currency.trim().to_ascii_uppercase(),
            hour_costs: price(self.hour_costs),
            month_costs: price(self.month_costs),
            conversion_value: price(self.conversion_value),
            sender: self.sender.trim().to_owned(),
            accent: self.accent.trim().to_ascii_lowercase(),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_named_with_what_to_write_instead() {
        let settings = ReportSettings {
            recipients: vec!["a@b.example".to_owned(), "A@b.example ".to_owned(), "nobody".to_owned()],
            weekday: 0,
            day_of_month: 31,
            hour: 24,
            currency: "JPY".to_owned(),
            hour_costs: Some("30.50".to_owned()),
            accent: "red;}</style>".to_owned(),
            sender: "A\r\nBcc: b@b.example".to_owned(),
            ..ReportSettings::default()
        };
        let fields: Vec<&str> = settings.problems().iter().map(|problem| problem.field).collect();
        assert_eq!(
            fields,
            [
                "recipients",
                "recipients",
                "weekday",
                "day_of_month",
                "hour",
                "sender",
                "accent",
                "hour_costs"
            ]
        );
        assert_eq!(ReportSettings::default().problems(), []);
    }

    #[test]
    fn prices_are_read_in_the_currency_and_empty_ones_are_none() {
        let settings = ReportSettings {
            currency: "usd".to_owned(),
            hour_costs: Some(" 30,5 ".to_owned()),
            month_costs: Some("  ".to_owned()),
            ..ReportSettings::default()
        }
        .tidied();
        assert_eq!(settings.problems(), []);
        let prices = settings.prices();
        assert_eq!((prices.hour_minor, prices.month_minor), (Some(3_050), None));
        assert_eq!(prices.currency.code(), "USD");
    }
}
