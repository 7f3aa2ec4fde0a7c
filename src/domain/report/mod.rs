//! What an owner and a client read about a week or a month: one [`Report`], from which the mail, the page, the PDF and the rows are written, so
//! that they agree to the digit.

pub mod changes;
pub mod chart;
mod compose;
mod day;
pub mod facts;
pub mod logo;
pub mod mail;
pub mod money;
pub mod page;
pub mod picture;
pub mod roi;
#[cfg(test)]
pub(crate) mod sample;
pub mod schedule;
pub mod settings;
pub mod words;

pub use compose::{Block, Report, Tile, Worth, compose};
pub use facts::{Facts, Numbers, Prices, ReportKind, Span};
pub use logo::LogoKind;
pub use settings::{ReportSettings, SettingsProblem};
pub use words::Language;

/// Text as it stands in HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}
