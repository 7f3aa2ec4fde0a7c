//! Amounts of money: whole numbers of a currency's smallest unit.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Currencies that a workspace may have (ISO 4217), each with its decimals.
const CURRENCIES: [(&str, u8); 44] = [
    ("AED", 2),
    ("ARS", 2),
    ("AUD", 2),
    ("BGN", 2),
    ("BHD", 3),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CLP", 0),
    ("CNY", 2),
    ("COP", 2),
    ("CZK", 2),
    ("DKK", 2),
    ("EGP", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("HKD", 2),
    ("HUF", 2),
    ("IDR", 2),
    ("ILS", 2),
    ("INR", 2),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("MXN", 2),
    ("MYR", 2),
    ("NOK", 2),
    ("NZD", 2),
    ("OMR", 3),
    ("PHP", 2),
    ("PLN", 2),
    ("RON", 2),
    ("RSD", 2),
    ("SAR", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("THB", 2),
    ("TND", 3),
    ("TRY", 2),
    ("UAH", 2),
    ("USD", 2),
    ("ZAR", 2),
];

/// No amount is larger, in the smallest unit: sums of millions of them still fit.
pub const MOST: i64 = 1_000_000_000_000;

/// A currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(u8);

impl Currency {
    /// What a workspace has that has said nothing.
    pub const EURO: Self = Self(14);

    /// All of them, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        (0_u8..).take(CURRENCIES.len()).map(Self)
    }

    /// Its code: three capital letters.
    pub const fn code(self) -> &'static str {
        CURRENCIES[self.0 as usize].0
    }

    /// Digits behind the point: 0, 2 or 3.
    pub const fn decimals(self) -> u8 {
        CURRENCIES[self.0 as usize].1
    }

    const fn units(self) -> i64 {
        10_i64.pow(self.decimals() as u32)
    }

    /// An amount as people write it, like `12.50`: the smallest units.
    ///
    /// # Errors
    /// [`NotAnAmount`].
    pub fn amount(self, text: &str) -> Result<i64, NotAnAmount> {
        let refused = || NotAnAmount { currency: self };
        let text = text.trim();
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        // More digits than there are units are fine where they are noughts.
        let part = part.trim_end_matches('0');
        if whole.is_empty()
            || whole.len() > 13
            || !digits(whole)
            || !digits(part)
            || part.len() > usize::from(self.decimals())
        {
            return Err(refused());
        }
        let whole: i64 = whole.parse().map_err(|_not_a_number| refused())?;
        let padded = format!("{part:0<width$}", width = usize::from(self.decimals()));
        let part: i64 = if padded.is_empty() {
            0
        } else {
            padded.parse().map_err(|_not_a_number| refused())?
        };
        let amount = whole
            .checked_mul(self.units())
            .and_then(|whole| whole.checked_add(part));
        amount.filter(|amount| *amount <= MOST).ok_or_else(refused)
    }

    /// An amount as a page's script has it, where 0.1 + 0.2 is not 0.3: to the nearest unit.
    ///
    /// # Errors
    /// [`NotAnAmount`] for something below nought, too large, or no number.
    pub fn nearest(self, number: f64) -> Result<i64, NotAnAmount> {
        #[expect(clippy::cast_precision_loss, reason = "a thousand at most")]
        let units = (number * self.units() as f64).round();
        #[expect(clippy::cast_precision_loss, reason = "a million millions are exact")]
        let fits = units >= 0.0 && units <= MOST as f64;
        #[expect(clippy::cast_possible_truncation, reason = "checked")]
        fits.then_some(units as i64).ok_or(NotAnAmount { currency: self })
    }

    /// An amount as people read it, without the code: `1250.00`.
    pub fn plain(self, amount: i64) -> String {
        let (sign, size) = (if amount < 0 { "-" } else { "" }, amount.unsigned_abs());
        let units = self.units().unsigned_abs();
        let (whole, part) = (size / units, size % units);
        match usize::from(self.decimals()) {
            0 => format!("{sign}{whole}"),
            width => format!("{sign}{whole}.{part:0>width$}"),
        }
    }

    /// An amount with the code: `1250.00 EUR`.
    pub fn show(self, amount: i64) -> String {
        format!("{} {}", self.plain(amount), self.code())
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self::EURO
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A code that no workspace can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no currency that Holdpoint knows; write its code of three letters, like EUR, USD or JPY")]
pub struct NotACurrency(String);

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        let found = Self::all().find(|currency| currency.code().eq_ignore_ascii_case(text.trim()));
        found.ok_or_else(|| NotACurrency(text.chars().take(20).collect()))
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;

    fn try_from(text: String) -> Result<Self, NotACurrency> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

/// What was given for an amount is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no amount in {currency}; write it like {example}, not below nought", example = currency.plain(1_250))]
pub struct NotAnAmount {
    currency: Currency,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn an_amount_has_as_many_decimals_as_its_currency() {
        assert_eq!(currency("EUR").amount("12.5"), Ok(1_250));
        assert_eq!(currency("eur").amount(" 12.500 "), Ok(1_250));
        assert!(currency("EUR").amount("12.505").is_err());
        assert_eq!(currency("JPY").amount("1200"), Ok(1_200));
        assert!(currency("JPY").amount("12.5").is_err());
        assert_eq!(currency("KWD").amount("1.234"), Ok(1_234));
        for none in ["", ".5", "-1", "1e3", "1,50", "NaN", "99999999999999", "1.2.3", "٣"] {
            assert!(currency("EUR").amount(none).is_err(), "{none}");
        }
        assert_eq!(currency("EUR").show(5), "0.05 EUR");
        assert_eq!(currency("JPY").show(1_200), "1200 JPY");
        assert_eq!(currency("KWD").show(1_234), "1.234 KWD");
        assert_eq!(currency("EUR").plain(-5), "-0.05");
        assert!("BTC".parse::<Currency>().is_err() && "".parse::<Currency>().is_err());
    }

    #[test]
    fn a_number_of_a_script_is_the_nearest_amount_and_never_below_nought() {
        assert_eq!(currency("EUR").nearest(0.1 + 0.2), Ok(30));
        assert_eq!(currency("JPY").nearest(1_200.0), Ok(1_200));
        for none in [-0.02, f64::NAN, f64::INFINITY, 1e300] {
            assert!(currency("EUR").nearest(none).is_err(), "{none}");
        }
    }

    #[test]
    fn codes_are_three_capital_letters_in_order_each_once() {
        assert_eq!((Currency::EURO.code(), Currency::EURO.decimals()), ("EUR", 2));
        assert!(CURRENCIES.is_sorted_by(|(one, _), (next, _)| one < next));
        assert!(
            CURRENCIES
                .iter()
                .all(|(code, _)| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()))
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(at in 0..CURRENCIES.len(), amount in 0..=MOST) {
            let currency = Currency::all().nth(at).unwrap();
            let whole = currency.plain(amount).split('.').next().unwrap().len();
            prop_assert!(whole > 13 || currency.amount(&currency.plain(amount)) == Ok(amount));
        }
    }
}
