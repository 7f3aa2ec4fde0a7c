//! Personal data that has a shape: found with its place, so that it can be masked.
//!
//! What carries a check is checked (cards, IBANs, some national numbers); what could be anything counts only beside words
//! that say what it is. Names are found by such words alone: nothing here knows who is called what.

mod addresses;
mod checks;
mod names;
mod numbers;
mod reading;

use reading::Reading;
use serde::{Deserialize, Serialize};

/// What a piece of personal data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A street, a postcode, a flat.
    Address,
    /// The number of a bank account that is no IBAN.
    BankAccount,
    /// The number of a payment card.
    Card,
    /// A date of birth.
    DateOfBirth,
    /// An e-mail address.
    Email,
    /// An international bank account number.
    Iban,
    /// The number of a passport, licence, insurance or tax file.
    IdNumber,
    /// The address of a computer.
    Ip,
    /// A person's name.
    Name,
    /// A telephone number.
    Phone,
}

impl Kind {
    /// The name used in the API, and what stands between brackets where it was masked.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::BankAccount => "bank_account",
            Self::Card => "card",
            Self::DateOfBirth => "date_of_birth",
            Self::Email => "email",
            Self::Iban => "iban",
            Self::IdNumber => "id_number",
            Self::Ip => "ip",
            Self::Name => "name",
            Self::Phone => "phone",
        }
    }

    /// In words, for a reviewer.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Address => "a postal address",
            Self::BankAccount => "a bank account",
            Self::Card => "a card number",
            Self::DateOfBirth => "a date of birth",
            Self::Email => "an e-mail address",
            Self::Iban => "an IBAN",
            Self::IdNumber => "an identity number",
            Self::Ip => "a computer's address",
            Self::Name => "a name",
            Self::Phone => "a phone number",
        }
    }
}

/// A piece of personal data in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// All personal data that is found in a text, in order, without overlaps.
pub fn personal_data(text: &str) -> Vec<Found> {
    let reading = Reading::of(text);
    let mut found = Vec::new();
    numbers::emails(&reading, &mut found);
    numbers::ibans(&reading, &mut found);
    numbers::ids(&reading, &mut found);
    numbers::births(&reading, &mut found);
    numbers::figures(&reading, &mut found);
    addresses::find(&reading, &mut found);
    names::find(&reading, &mut found);
    names::above_addresses(&reading, &mut found);
    apart(found)
}

/// What was found earlier stays; what overlaps with it goes.
fn apart(found: Vec<Found>) -> Vec<Found> {
    let mut kept: std::collections::BTreeMap<usize, Found> = std::collections::BTreeMap::new();
    for piece in found {
        let before = kept.range(..piece.end).next_back();
        if piece.start < piece.end && before.is_none_or(|(_, before)| before.end <= piece.start) {
            kept.insert(piece.start, piece);
        }
    }
    kept.into_values().collect()
}

/// The text with every piece of personal data replaced by what it is: `[email]`.
pub fn mask(text: &str) -> String {
    masked(text, &personal_data(text))
}

/// The text without personal data whose shape admits no doubt (e-mail, IBAN, card, international phone number): for lines of the
/// program's own log, where addresses of machines and long numbers are what one looks for.
pub fn mask_certain(text: &str) -> String {
    let is_certain = |found: &Found| match found.kind {
        Kind::Email | Kind::Iban | Kind::Card => true,
        Kind::Phone => text.get(found.start..).is_some_and(|rest| rest.starts_with('+')),
        _ => false,
    };
    let reading = Reading::of(text);
    let mut found = Vec::new();
    numbers::emails(&reading, &mut found);
    numbers::ibans(&reading, &mut found);
    numbers::figures(&reading, &mut found);
    let found: Vec<Found> = apart(found).into_iter().filter(is_certain).collect();
    masked(text, &found)
}

fn masked(text: &str, pieces: &[Found]) -> String {
    let mut written = String::with_capacity(text.len());
    let mut end = 0;
    for found in pieces {
        written.push_str(text.get(end..found.start).unwrap_or_default());
        written.push('[');
        written.push_str(found.kind.as_str());
        written.push(']');
        end = found.end;
    }
    written.push_str(text.get(end..).unwrap_or_default());
    written
}

#[cfg(test)]
mod tests;
