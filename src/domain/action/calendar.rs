//! The file of a calendar entry, and what is read before it is opened.

use super::request::{About, RequestError};
use crate::domain::time::Timestamp;
use jiff::civil::DateTime;

/// How long something in a calendar may last, in minutes.
pub(super) const LONGEST_ENTRY: i64 = 14 * 24 * 60;
/// Octets in a line of a calendar file, its end not counted.
const CALENDAR_LINE: usize = 75;

/// An entry whose texts are filled in.
pub(super) struct Entry {
    pub(super) title: String,
    /// Civil time, like `2027-01-31T15:00`.
    pub(super) starts: String,
    pub(super) minutes: String,
    pub(super) place: String,
    pub(super) note: String,
}

impl Entry {
    /// For whoever reads the mail before the file: in the words of the tool and its arguments, whatever their language.
    pub(super) fn text(&self) -> String {
        let starts = self.starts.trim().replace('T', " ");
        let lines = [self.title.trim(), &starts, self.place.trim()];
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        match self.note.trim() {
            "" => format!("{}\n", lines.join("\n")),
            note => format!("{}\n\n{note}\n", lines.join("\n")),
        }
    }

    /// As RFC 5545 has it.
    pub(super) fn file(&self, about: &About<'_>) -> Result<String, RequestError> {
        let no_time = || RequestError::NoTime(self.starts.clone());
        let civil: DateTime = self.starts.trim().parse().map_err(|_no_time| no_time())?;
        let starts = civil
            .to_zoned(about.zone.clone())
            .map_err(|_never| no_time())?
            .timestamp();
        let minutes = self.minutes.trim().parse::<i64>().ok();
        let minutes = minutes
            .filter(|minutes| (1..=LONGEST_ENTRY).contains(minutes))
            .ok_or_else(|| RequestError::NoMinutes(self.minutes.clone()))?;
        let starts = Timestamp(starts.as_millisecond());
        let at = |time: Timestamp| {
            let moment = jiff::Timestamp::from_millisecond(time.0).map_err(|_no_calendar_has_it| no_time())?;
            Ok::<_, RequestError>(moment.strftime("%Y%m%dT%H%M%SZ").to_string())
        };
        let mut lines = vec![
            "BEGIN:VCALENDAR".to_owned(),
            "VERSION:2.0".to_owned(),
            "PRODID:-//Holdpoint//Actions//EN".to_owned(),
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}", about.id),
            format!("DTSTAMP:{}", at(about.at)?),
            format!("DTSTART:{}", at(starts)?),
            format!("DTEND:{}", at(starts.plus_ms(minutes * 60_000))?),
            format!("SUMMARY:{}", in_calendar(&self.title)),
        ];
        for (name, text) in [("LOCATION", &self.place), ("DESCRIPTION", &self.note)] {
            if !text.trim().is_empty() {
                lines.push(format!("{name}:{}", in_calendar(text)));
            }
        }
        lines.extend(["END:VEVENT", "END:VCALENDAR"].map(str::to_owned));
        Ok(lines.iter().map(|line| folded(line)).collect())
    }
}

/// A text as a calendar's value.
fn in_calendar(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.trim().replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\n' | '\r' => escaped.push_str("\\n"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// A line in pieces of at most [`CALENDAR_LINE`] octets.
fn folded(line: &str) -> String {
    let mut folded = String::new();
    let mut octets = 0;
    for c in line.chars() {
        if octets + c.len_utf8() > CALENDAR_LINE {
            folded.push_str("\r\n ");
            octets = 1;
        }
        folded.push(c);
        octets += c.len_utf8();
    }
    folded + "\r\n"
}
