//! Times as a page shows them.

use std::fmt;

use askama::filters::HtmlSafe;
use jiff::{Timestamp, tz::TimeZone};

/// A point in time, readable without a script: the page's module replaces the text by a relative one
/// ("3 min ago") and leaves the full time in the title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    at_ms: i64,
    machine: String,
    full: String,
    short: String,
}

impl Moment {
    /// `at_ms` milliseconds since 1970 UTC, shown in `zone`. A value outside the calendar is shown as the calendar's
    /// nearest end rather than refused: a page must not fail on one bad row.
    pub fn at(at_ms: i64, zone: &TimeZone) -> Self {
        let nearest = if at_ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let instant = Timestamp::from_millisecond(at_ms).unwrap_or(nearest);
        let local = instant.to_zoned(zone.clone());
        Self {
            at_ms,
            machine: instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            full: local.strftime("%-d %b %Y, %H:%M:%S").to_string(),
            short: local.strftime("%-d %b, %H:%M").to_string(),
        }
    }

    /// Milliseconds since 1970 UTC, for a countdown.
    pub fn at_ms(&self) -> i64 {
        self.at_ms
    }

    /// The same in a sentence: `22 Nov 2026, 14:03`.
    pub fn words(&self) -> String {
        self.full
            .rsplit_once(':')
            .map_or_else(|| self.full.clone(), |(minutes, _)| minutes.to_owned())
    }

    /// The full local time: `22 Nov 2026, 14:03:07`.
    pub fn full(&self) -> &str {
        &self.full
    }
}

/// Writes the `<time>` element; every part of it is made of digits and month names, nothing needs escaping.
impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            r#"<time datetime="{}" title="{}" data-ms="{}">{}</time>"#,
            self.machine, self.full, self.at_ms, self.short
        )
    }
}

impl askama::FastWritable for Moment {
    fn write_into(&self, out: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
        Ok(write!(out, "{self}")?)
    }
}

impl HtmlSafe for Moment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_element_with_the_machine_time_and_the_local_one() {
        let moment = Moment::at(1_780_000_000_000, &TimeZone::UTC);
        let html = moment.to_string();
        assert!(html.starts_with(r#"<time datetime="2026-05-28T20:26:40Z""#), "{html}");
        assert!(html.contains(">28 May, 20:26</time>"), "{html}");
        assert_eq!(moment.full(), "28 May 2026, 20:26:40");
    }

    #[test]
    fn a_time_outside_the_calendar_still_renders() {
        assert!(Moment::at(i64::MIN, &TimeZone::UTC).to_string().contains("<time"));
        assert!(Moment::at(i64::MAX, &TimeZone::UTC).to_string().contains("<time"));
    }
}
