//! Money: a whole number of the smallest unit of a currency. No floating point comes near it.

use super::words::{Language, grouped};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Currencies that have no decimals.
const NO_DECIMALS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
/// Currencies that have three.
const THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";
/// Currencies that have two.
const TWO_DECIMALS: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY \
    COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR \
    KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR \
    PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES \
    WST XCD YER ZAR ZMW ZWG";
/// Currencies that are written with a sign.
const SIGNS: [(&str, &str); 4] = [("EUR", "€"), ("USD", "$"), ("GBP", "£"), ("JPY", "¥")];
/// The longest amount that is read, in digits: a million times a million fits, and sums of such amounts do too.
const MAX_DIGITS: usize = 15;

/// A currency, by its three letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

/// Why something is no currency or no amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    /// Not a currency.
    #[error("“{0}” is no currency; write its three letters, like EUR, USD or JPY")]
    Currency(String),
    /// Not an amount.
    #[error("“{0}” is no amount of money; write digits, and decimals after a point, like 42 or 42.50")]
    Amount(String),
    /// More decimals than the currency has.
    #[error("“{text}” has more decimals than {currency}, which has {decimals}; write it like {like}")]
    Decimals {
        /// What was written.
        text: String,
        /// The currency.
        currency: Currency,
        /// How many it has.
        decimals: u8,
        /// An amount as it is written.
        like: &'static str,
    },
    /// Too much.
    #[error("“{0}” is more than can be reckoned with; write at most fifteen digits")]
    TooMuch(String),
}

fn short(text: &str) -> String {
    text.chars().take(30).collect()
}

impl Currency {
    /// The euro.
    pub const EURO: Self = Self {
        code: *b"EUR",
        decimals: 2,
    };

    /// How many decimals it has: 0, 2 or 3.
    pub const fn decimals(self) -> u8 {
        self.decimals
    }

    /// Its three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("???")
    }

    /// Reads an amount as an owner writes it: `42`, `42.5`, `42,50`.
    ///
    /// # Errors
    /// [`InvalidMoney`] with what to write instead.
    pub fn amount(self, text: &str) -> Result<Money, InvalidMoney> {
        let written = text.trim();
        let (whole, decimals) = written.split_once(['.', ',']).unwrap_or((written, ""));
        let are_digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        let ends_well = !written.ends_with(['.', ',']);
        if whole.is_empty() || !are_digits(whole) || !are_digits(decimals) || !ends_well {
            return Err(InvalidMoney::Amount(short(text)));
        }
        let places = usize::from(self.decimals);
        if decimals.len() > places {
            return Err(InvalidMoney::Decimals {
                text: short(text),
                currency: self,
                decimals: self.decimals,
                like: match self.decimals {
                    0 => "42",
                    2 => "42.50",
                    _ => "42.500",
                },
            });
        }
        if whole.trim_start_matches('0').len() + places > MAX_DIGITS {
            return Err(InvalidMoney::TooMuch(short(text)));
        }
        let digits = format!("{whole}{decimals:0<places$}");
        let minor = digits.parse().map_err(|_too_long| InvalidMoney::TooMuch(short(text)))?;
        Ok(Money { minor, currency: self })
    }

    /// So many of its smallest unit.
    pub const fn of_minor(self, minor: i64) -> Money {
        Money { minor, currency: self }
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self::EURO
    }
}

impl FromStr for Currency {
    type Err = InvalidMoney;

    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        let refused = || InvalidMoney::Currency(short(text));
        let upper = text.trim().to_ascii_uppercase();
        let code: [u8; 3] = upper.as_bytes().try_into().map_err(|_length| refused())?;
        let is_in = |list: &str| list.split_ascii_whitespace().any(|known| known == upper);
        let decimals = match () {
            () if is_in(NO_DECIMALS) => 0,
            () if is_in(THREE_DECIMALS) => 3,
            () if is_in(TWO_DECIMALS) => 2,
            () => return Err(refused()),
        };
        Ok(Self { code, decimals })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl TryFrom<String> for Currency {
    type Error = InvalidMoney;

    fn try_from(text: String) -> Result<Self, InvalidMoney> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

/// An amount of money. May be below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// How many of the currency's smallest unit: cents of a euro, whole yen.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// So many times `times / of` of it, rounded half away from zero to the smallest unit. Nothing where `of` is.
    #[must_use]
    pub fn times(self, times: u64, of: u64) -> Self {
        let product = i128::from(self.minor).saturating_mul(i128::from(times));
        let quotient = super::words::rounded(product.unsigned_abs(), u128::from(of));
        let size = i64::try_from(quotient).unwrap_or(i64::MAX);
        self.with(if product < 0 { -size } else { size })
    }

    /// Both together; amounts of one currency.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        self.with(self.minor.saturating_add(other.minor))
    }

    /// What is left of it; amounts of one currency.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        self.with(self.minor.saturating_sub(other.minor))
    }

    const fn with(self, minor: i64) -> Self {
        Self {
            minor,
            currency: self.currency,
        }
    }

    /// As digits, with a point: `1234.50`. What [`Currency::amount`] reads, but for the sign.
    pub fn plain(self) -> String {
        let (whole, decimals) = self.digits();
        let sign = if self.minor < 0 { "-" } else { "" };
        if decimals.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{decimals}")
        }
    }

    fn digits(self) -> (String, String) {
        let places = usize::from(self.currency.decimals);
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = places + 1);
        let (whole, decimals) = digits.split_at(digits.len() - places);
        (whole.to_owned(), decimals.to_owned())
    }

    /// For people: `€1 234.50`, `1 234,50 €`, `¥900`, `CHF 12.00`.
    pub fn in_words(self, language: Language) -> String {
        let (whole, decimals) = self.digits();
        let mut amount = grouped(&whole);
        if !decimals.is_empty() {
            amount.push(language.decimal_mark());
            amount.push_str(&decimals);
        }
        let code = self.currency.code();
        let sign = SIGNS.iter().find(|(known, _)| *known == code).map(|(_, sign)| *sign);
        let minus = if self.minor < 0 { "−" } else { "" };
        match (language, sign) {
            (Language::English, Some(sign)) => format!("{minus}{sign}{amount}"),
            (Language::English, None) => format!("{minus}{code}\u{a0}{amount}"),
            (Language::German, _) => format!("{minus}{amount}\u{a0}{}", sign.unwrap_or(code)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    fn said(money: Money, language: Language) -> String {
        money.in_words(language).replace('\u{a0}', " ")
    }

    #[test]
    fn every_currency_has_its_own_decimals_and_one_without_has_none() {
        let english = Language::English;
        assert_eq!(said(currency("EUR").of_minor(123_450), english), "€1 234.50");
        assert_eq!(said(currency("JPY").of_minor(123_450), english), "¥123 450");
        assert_eq!(said(currency("KWD").of_minor(123_450), english), "KWD 123.450");
        assert_eq!(said(currency("EUR").of_minor(-5), Language::German), "−0,05 €");
        assert_eq!(said(currency("CHF").of_minor(1_200), Language::German), "12,00 CHF");
        let refused = currency("JPY").amount("30.50").unwrap_err().to_string();
        assert_eq!(
            refused,
            "“30.50” has more decimals than JPY, which has 0; write it like 42"
        );
    }

    #[test]
    fn what_is_written_is_read_back_and_nothing_else_is_an_amount() {
        for (code, text, minor) in [
            ("EUR", "42", 4_200),
            ("EUR", "42.5", 4_250),
            ("eur", " 0,05 ", 5),
            ("JPY", "900", 900),
            ("BHD", "1.5", 1_500),
            ("EUR", "0000000000000000000001", 100),
        ] {
            let read = currency(code).amount(text).unwrap();
            assert_eq!(read.minor, minor, "{text}");
            assert_eq!(read.currency.amount(&read.plain()), Ok(read), "{text}");
        }
        for text in ["", "-1", "1e3", "1.", ".5", "1.000.000", "NaN", "1 000", "٣"] {
            assert!(
                matches!(currency("EUR").amount(text), Err(InvalidMoney::Amount(_))),
                "{text}"
            );
        }
        assert!(matches!(
            currency("EUR").amount("99999999999999"),
            Err(InvalidMoney::TooMuch(_))
        ));
        for code in ["", "EU", "EURO", "XXX", "ÄÖ"] {
            assert!(code.parse::<Currency>().is_err(), "{code}");
        }
    }

    #[test]
    fn a_part_of_an_amount_is_rounded_to_the_smallest_unit_once() {
        let hour = currency("EUR").of_minor(3_000);
        assert_eq!(hour.times(10, 60).minor, 500);
        assert_eq!(currency("JPY").of_minor(1).times(1, 2).minor, 1);
        assert_eq!(currency("EUR").of_minor(-3).times(1, 2).minor, -2);
        assert_eq!(hour.times(1, 0).minor, 0);
        assert_eq!(currency("EUR").of_minor(i64::MAX).times(u64::MAX, 1).minor, i64::MAX);
    }
}
