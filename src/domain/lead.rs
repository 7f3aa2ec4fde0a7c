//! Leads: people to be called back, each once, however often they ask.

use super::text::Email;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How far it is with somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadStage {
    /// Nobody has written or called yet, or they asked again after it was over.
    New,
    /// Somebody has.
    Contacted,
    /// It became business.
    Won,
    /// It did not.
    Lost,
}

impl LeadStage {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::New, Self::Contacted, Self::Won, Self::Lost];

    /// As a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Contacted => "contacted",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// Where it goes when they ask once more: what was over begins anew.
    #[must_use]
    pub const fn asked_again(self) -> Self {
        match self {
            Self::Won | Self::Lost => Self::New,
            Self::New | Self::Contacted => self,
        }
    }
}

impl fmt::Display for LeadStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Digits that a telephone number has at least: shorter ones are extensions and room numbers.
const FEWEST_DIGITS: usize = 6;

/// What tells people apart: their e-mail address in small letters, their number as digits, or else their words without more than one space in a row.
///
/// A number that begins with a country's code is another one than the same without it: which country is meant cannot be known.
pub fn contact_key(contact: &str) -> String {
    let contact = contact.trim();
    let address = contact.strip_prefix("mailto:").unwrap_or(contact);
    if let Ok(email) = Email::parse(address) {
        return format!("mailto:{}", email.as_str());
    }
    let number = contact.strip_prefix("tel:").unwrap_or(contact).trim();
    // As people write them: +44 (0)20 7946-0000.
    let bare = number.replace("(0)", "");
    let is_number = bare
        .chars()
        .enumerate()
        .all(|(at, c)| c.is_ascii_digit() || c.is_whitespace() || "-./()".contains(c) || (c == '+' && at == 0));
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    if is_number && digits.len() >= FEWEST_DIGITS {
        return match (number.starts_with('+'), digits.strip_prefix("00")) {
            (true, _) => format!("tel:+{digits}"),
            (false, Some(abroad)) => format!("tel:+{abroad}"),
            (false, None) => format!("tel:{digits}"),
        };
    }
    let words: Vec<String> = contact.split_whitespace().map(str::to_lowercase).collect();
    format!("text:{}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_person_has_one_key_however_they_write_it() {
        for same in ["Ann@Example.org", " ann@example.org ", "mailto:ann@example.org"] {
            assert_eq!(contact_key(same), "mailto:ann@example.org");
        }
        for same in [
            "+44 20 7946 0000",
            "0044 20 7946-0000",
            "+44 (0)20 7946 0000",
            "tel:+442079460000",
            "+44.20.7946.0000",
        ] {
            assert_eq!(contact_key(same), "tel:+442079460000", "{same}");
        }
        assert_eq!(contact_key("020 7946 0000"), "tel:02079460000");
        assert_eq!(contact_key("020 7946 0000"), contact_key("(020) 7946/0000"));
        assert_eq!(contact_key("  Room  12 "), contact_key("room 12"));
        assert_ne!(contact_key("ann@example.org"), contact_key("anna@example.org"));
        assert_ne!(contact_key("12345"), contact_key("1 2345"), "too short for a number");
        assert_ne!(
            contact_key("020 7946 0000 after five"),
            contact_key("020 7946 0000"),
            "words are kept"
        );
    }

    proptest! {
        #[test]
        fn a_key_is_the_same_with_other_spaces_and_never_of_two_kinds(contact in "\\PC{0,60}") {
            let key = contact_key(&contact);
            prop_assert_eq!(contact_key(&format!("  {contact}\t")), key.clone());
            prop_assert!(["mailto:", "tel:", "text:"].iter().filter(|kind| key.starts_with(*kind)).count() == 1);
        }

        #[test]
        fn a_number_is_its_digits(digits in "[1-9][0-9]{5,14}", at in 1..5_usize) {
            let spaced = format!("{} {}", &digits[..at], &digits[at..]);
            prop_assert_eq!(contact_key(&spaced), contact_key(&digits));
            let (abroad, dialled) = (contact_key(&format!("+{digits}")), contact_key(&format!("00{digits}")));
            prop_assert_eq!(&abroad, &dialled);
            prop_assert_ne!(abroad, contact_key(&digits));
        }
    }

    #[test]
    fn who_asks_again_after_it_was_over_is_new() {
        assert_eq!(LeadStage::Won.asked_again(), LeadStage::New);
        assert_eq!(LeadStage::Contacted.asked_again(), LeadStage::Contacted);
        assert!(
            LeadStage::ALL
                .iter()
                .all(|stage| serde_json::to_value(stage).unwrap() == stage.as_str())
        );
    }
}
