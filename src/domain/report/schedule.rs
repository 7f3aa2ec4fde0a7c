//! When a report is due: by the workspace's clocks, once for each week and month, whatever the clocks do.

use super::facts::{ReportKind, Span};
use super::settings::ReportSettings;
use crate::domain::time::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

/// A report and the moment from which on it is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The days it is about.
    pub span: Span,
    /// When it is sent.
    pub at: Timestamp,
}

/// The period that `day` lies in: Monday to Sunday, or a calendar month.
pub fn period_of(kind: ReportKind, day: Date) -> Span {
    let (from, to) = match kind {
        ReportKind::Digest => {
            let from = day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days());
            (from, from.saturating_add(6.days()))
        }
        ReportKind::Month => (day.first_of_month(), day.last_of_month()),
    };
    Span { from, to }
}

/// The period before.
pub fn before(kind: ReportKind, span: Span) -> Span {
    period_of(kind, span.from.saturating_sub(1.day()))
}

/// The period after.
fn after(kind: ReportKind, span: Span) -> Span {
    period_of(kind, span.to.saturating_add(1.day()))
}

/// The day by the clocks of `zone`.
pub fn today(now: Timestamp, zone: &TimeZone) -> Date {
    let moment = jiff::Timestamp::from_millisecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    zone.to_datetime(moment).date()
}

/// The last period of a kind that is over.
pub fn last_complete(kind: ReportKind, now: Timestamp, zone: &TimeZone) -> Span {
    before(kind, period_of(kind, today(now, zone)))
}

/// When the first moment of a day is, by the clocks of `zone`.
pub fn begins(day: Date, zone: &TimeZone) -> Timestamp {
    moment(day, 0, zone)
}

/// An hour of a day. One that exists twice is the first of both; one that is skipped is the moment after it.
fn moment(day: Date, hour: i8, zone: &TimeZone) -> Timestamp {
    let local = day.at(hour.clamp(0, 23), 0, 0, 0);
    let at = zone.to_ambiguous_zoned(local).compatible();
    Timestamp(
        at.map_or(jiff::Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
            .as_millisecond(),
    )
}

/// When the report of a period is sent: the first chosen day after the period's end, at the chosen hour.
pub fn sent_at(kind: ReportKind, span: Span, settings: &ReportSettings, zone: &TimeZone) -> Timestamp {
    let next = span.to.saturating_add(1.day());
    let day = match kind {
        ReportKind::Digest => {
            let wished = Weekday::from_monday_one_offset(settings.weekday).unwrap_or(Weekday::Monday);
            let days = wished.since(next.weekday());
            next.saturating_add(i64::from(days).days())
        }
        ReportKind::Month => {
            let days = i64::from(settings.day_of_month.clamp(1, 28)) - 1;
            next.saturating_add(days.days())
        }
    };
    moment(day, settings.hour, zone)
}

const fn is_wanted(kind: ReportKind, settings: &ReportSettings) -> bool {
    match kind {
        ReportKind::Digest => settings.digest,
        ReportKind::Month => settings.month,
    }
}

/// The report of a kind that should be out by now: of the latest period whose moment has come, and only that one, however long nothing ran.
/// None while none is wanted, or where its moment was before sending was turned on.
pub fn due(kind: ReportKind, settings: &ReportSettings, now: Timestamp, zone: &TimeZone) -> Option<Due> {
    if !settings.sends() || !is_wanted(kind, settings) {
        return None;
    }
    let mut span = last_complete(kind, now, zone);
    let mut at = sent_at(kind, span, settings, zone);
    if at > now {
        // The week is over, and its day has not come yet: the one before was the latest.
        span = before(kind, span);
        at = sent_at(kind, span, settings, zone);
    }
    let since = settings.sending_since.map_or(Timestamp(i64::MIN), Timestamp);
    (at <= now && at >= since).then_some(Due { span, at })
}

/// The next report of a kind that will be sent, after `now`.
pub fn next(kind: ReportKind, settings: &ReportSettings, now: Timestamp, zone: &TimeZone) -> Option<Due> {
    if !settings.sends() || !is_wanted(kind, settings) {
        return None;
    }
    let mut span = before(kind, last_complete(kind, now, zone));
    // The moment of a period lies less than two periods after its beginning.
    for _ in 0..4 {
        let at = sent_at(kind, span, settings, zone);
        if at > now {
            return Some(Due { span, at });
        }
        span = after(kind, span);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn settings() -> ReportSettings {
        super::super::sample::settings()
    }

    fn at(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().unwrap();
        Timestamp(moment.as_millisecond())
    }

    #[test]
    fn an_hour_that_exists_twice_comes_once_and_one_that_does_not_exist_comes_after_it() {
        // Clocks go back on Sunday 25 October 2026 at 03:00 and forward on Sunday 29 March 2026 at 02:00.
        let sunday = ReportSettings {
            weekday: 7,
            hour: 2,
            ..settings()
        };
        let autumn = due(ReportKind::Digest, &sunday, at("2026-10-25T00:00:00Z"), &berlin()).unwrap();
        assert_eq!(autumn.at, at("2026-10-25T00:00:00Z"), "the first of both");
        let hour_later = due(ReportKind::Digest, &sunday, at("2026-10-25T01:00:00Z"), &berlin());
        assert_eq!(hour_later, Some(autumn), "the second is the same report");
        let spring = next(ReportKind::Digest, &sunday, at("2026-03-28T23:00:00Z"), &berlin()).unwrap();
        assert_eq!(
            spring.at,
            at("2026-03-29T01:00:00Z"),
            "03:00 by the clocks, as 02:00 is skipped"
        );
    }

    #[test]
    fn after_weeks_without_running_one_digest_is_due_and_it_is_that_of_the_last_week() {
        let found = due(ReportKind::Digest, &settings(), at("2026-11-25T10:00:00Z"), &berlin()).unwrap();
        assert_eq!(
            (found.span.from, found.span.to),
            (date(2026, 11, 16), date(2026, 11, 22))
        );
        let month = due(ReportKind::Month, &settings(), at("2026-11-25T10:00:00Z"), &berlin()).unwrap();
        assert_eq!(
            (month.span.from, month.span.to),
            (date(2026, 10, 1), date(2026, 10, 31))
        );
    }

    #[test]
    fn before_its_hour_the_report_of_the_period_before_is_the_latest() {
        let monday = |hour: &str| {
            due(
                ReportKind::Digest,
                &settings(),
                at(&format!("2026-11-23T{hour}:00Z")),
                &berlin(),
            )
        };
        assert_eq!(monday("06:59").unwrap().span.from, date(2026, 11, 9));
        assert_eq!(monday("07:00").unwrap().span.from, date(2026, 11, 16));
        let second = due(ReportKind::Month, &settings(), at("2026-11-02T10:00:00Z"), &berlin()).unwrap();
        assert_eq!(second.span.from, date(2026, 9, 1));
    }

    #[test]
    fn what_was_due_before_sending_was_turned_on_is_not_sent() {
        let turned_on = ReportSettings {
            sending_since: Some(at("2026-11-24T12:00:00Z").0),
            ..settings()
        };
        assert_eq!(
            due(ReportKind::Digest, &turned_on, at("2026-11-25T10:00:00Z"), &berlin()),
            None
        );
        let nobody = ReportSettings {
            recipients: Vec::new(),
            ..settings()
        };
        assert_eq!(
            due(ReportKind::Digest, &nobody, at("2026-11-25T10:00:00Z"), &berlin()),
            None
        );
        assert_eq!(
            next(ReportKind::Month, &nobody, at("2026-11-25T10:00:00Z"), &berlin()),
            None
        );
    }

    #[test]
    fn every_period_of_ten_years_is_due_once_and_in_order_in_any_zone() {
        let zones = [
            berlin(),
            TimeZone::UTC,
            TimeZone::posix("<-03>3").unwrap(),
            // Half an hour of summer time.
            TimeZone::posix("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0").unwrap(),
        ];
        for zone in zones {
            for (kind, weekday, day) in [
                (ReportKind::Digest, 7, 1),
                (ReportKind::Digest, 3, 1),
                (ReportKind::Month, 1, 28),
            ] {
                let settings = ReportSettings {
                    weekday,
                    day_of_month: day,
                    hour: 2,
                    ..settings()
                };
                let mut now = at("2026-01-01T00:00:00Z");
                let mut last: Option<Due> = None;
                for _ in 0..100 {
                    let coming = next(kind, &settings, now, &zone).unwrap();
                    assert!(coming.at > now);
                    assert_eq!(
                        due(kind, &settings, coming.at, &zone),
                        Some(coming),
                        "due at its moment"
                    );
                    let just_before = due(kind, &settings, coming.at.plus_ms(-1), &zone).unwrap();
                    assert_eq!(just_before.span, before(kind, coming.span), "and not a moment before");
                    if let Some(last) = last {
                        assert_eq!(coming.span, after(kind, last.span), "none is left out");
                    }
                    (last, now) = (Some(coming), coming.at);
                }
            }
        }
    }
}
