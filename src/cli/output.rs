//! Printing: answers to standard output, progress to standard error.

use super::context::Context;
use super::exit::Failure;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::io::{self, ErrorKind, Write};
use std::time::Duration;

impl Context {
    /// Prints an answer: as it is with `--json`, else as `words` tells it.
    pub(crate) fn answer(&self, answer: &Value, words: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
        if self.json {
            print(&pretty(answer))
        } else {
            print(&words(answer))
        }
    }
}

/// Prints text and a line end to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        // `holdpoint log show | head` has seen enough; that is no failure.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::failed(format!("the answer could not be printed ({error})"))),
        Ok(()) => Ok(()),
    }
}

/// A line for the person at the keyboard, on standard error.
pub(crate) fn hint(text: &str) {
    // Nobody may be listening any more; a hint is no answer.
    let _shown = writeln!(io::stderr(), "{text}");
}

fn pretty(value: &Value) -> String {
    // A `Value` always serialises.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A line on standard error that moves while something takes long; nothing when nobody watches.
pub(crate) fn waiting(what: impl Into<String>) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what.into());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A bar on standard error that fills in `steps` steps; nothing when nobody watches.
pub(crate) fn filling(what: impl Into<String>, steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX)).with_message(what.into());
    match ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len} ") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A bar on standard error that fills with bytes; nothing when nobody watches.
pub(crate) fn bytes() -> ProgressBar {
    let bar = ProgressBar::new(0);
    match ProgressStyle::with_template(
        "{msg} [{wide_bar}] {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta} ",
    ) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Rows with aligned columns under a heading.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = heading.map(|cell| cell.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned() + "\n"
    };
    let body = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    std::iter::once(line(heading)).chain(body).collect()
}

/// At most `most` characters of a text on one line.
pub(crate) fn short(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some(_) => line.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        None => line,
    }
}

/// A point in time as people here read it.
pub(crate) fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(
        |_| "?".to_owned(),
        |at| {
            at.to_zoned(jiff::tz::TimeZone::system())
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["a".to_owned(), "größer".to_owned()],
            ["longest".to_owned(), "b".to_owned()],
        ];
        assert_eq!(
            table(["ID", "NAME"], &rows),
            "ID       NAME\na        größer\nlongest  b\n"
        );
    }

    #[test]
    fn a_long_text_is_cut_on_one_line() {
        assert_eq!(short("one\n two", 20), "one two");
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(short("äöüß", 4), "äöüß");
    }
}
