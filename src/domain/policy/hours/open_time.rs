//! Counting time in which somebody is there.

use super::Hours;
use crate::domain::time::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use std::ops::Range;

/// Nothing is looked for beyond this, in milliseconds: a year and a day.
pub const HORIZON_MS: i64 = 366 * 24 * 60 * 60_000;
const MINUTE_MS: i64 = 60_000;

impl Hours {
    /// When somebody has been there for `ms` milliseconds from `from` on, by the clocks of this zone. Not more than `ms` are counted, and
    /// the moment itself is one at which somebody is there, or the end of such a stretch. None if that takes more than [`HORIZON_MS`].
    pub fn after_open(&self, from: Timestamp, ms: i64, zone: &TimeZone) -> Option<Timestamp> {
        let mut left = ms.max(0);
        self.openings(from, zone, |open| {
            let length = open.end - open.start;
            if left <= length {
                return Some(Timestamp(open.start + left));
            }
            left -= length;
            None
        })
    }

    /// When somebody is there next: `at` itself if somebody is there now. None if nobody is within [`HORIZON_MS`].
    pub fn next_open(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.openings(at, zone, |open| Some(Timestamp(open.start)))
    }

    /// Calls `visit` with each stretch in which somebody is there, from `from` on and in order, until it answers. Stretches do not overlap;
    /// two of them may touch.
    ///
    /// Local time jumps where a zone changes its offset. Between two such changes it runs evenly, so the stretches are looked for
    /// there, one piece after the other: an hour that exists twice counts twice, one that does not exist never.
    fn openings<T>(
        &self,
        from: Timestamp,
        zone: &TimeZone,
        mut visit: impl FnMut(Range<i64>) -> Option<T>,
    ) -> Option<T> {
        let end = from.0.checked_add(HORIZON_MS)?;
        let mut changes = zone
            .following(jiff::Timestamp::from_millisecond(from.0).ok()?)
            .map(|change| change.timestamp().as_millisecond());
        let mut piece = from.0..from.0;
        while piece.start < end {
            piece.end = changes.next().unwrap_or(end).min(end);
            let offset = zone.to_offset(jiff::Timestamp::from_millisecond(piece.start).ok()?);
            let mut date = offset
                .to_datetime(jiff::Timestamp::from_millisecond(piece.start).ok()?)
                .date();
            loop {
                let midnight = offset.to_timestamp(date.to_datetime(Time::midnight())).ok()?;
                let midnight = midnight.as_millisecond();
                if midnight >= piece.end {
                    break;
                }
                for open in self.stretches(date) {
                    let begins = (midnight + i64::from(open.start) * MINUTE_MS).max(piece.start);
                    let ends = (midnight + i64::from(open.end) * MINUTE_MS).min(piece.end);
                    if begins < ends
                        && let Some(answer) = visit(begins..ends)
                    {
                        return Some(answer);
                    }
                }
                date = date.tomorrow().ok()?;
            }
            piece.start = piece.end;
        }
        None
    }

    /// The minutes of a day in which somebody is there, in order, whatever the order and overlaps of its spans.
    fn stretches(&self, date: jiff::civil::Date) -> Vec<Range<u16>> {
        if self.is_holiday(date) {
            return Vec::new();
        }
        let mut spans = self.of(date.weekday()).to_vec();
        spans.sort_unstable();
        let mut reached = 0;
        let mut stretches = Vec::with_capacity(spans.len());
        for span in spans {
            let from = span.from.max(reached);
            reached = reached.max(span.to);
            if from < reached {
                stretches.push(from..reached);
            }
        }
        stretches
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Holiday, Span};
    use super::*;
    use proptest::prelude::*;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn at_in(text: &str, zone: &TimeZone) -> Timestamp {
        let local: jiff::civil::DateTime = text.parse().unwrap();
        Timestamp(local.to_zoned(zone.clone()).unwrap().timestamp().as_millisecond())
    }

    fn at(text: &str) -> Timestamp {
        at_in(text, &berlin())
    }

    fn span(text: &str) -> Span {
        text.parse().unwrap()
    }

    fn shop() -> Hours {
        Hours {
            monday: vec![span("13:30-18:00"), span("09:00-12:30")],
            saturday: vec![span("20:00-24:00")],
            sunday: vec![span("00:00-04:00")],
            holidays: vec!["12-26".parse().unwrap(), "2026-11-23".parse().unwrap()],
            ..Hours::default()
        }
    }

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    #[test]
    fn a_deadline_passes_over_the_break_the_night_the_week_and_a_holiday() {
        let after = |from: &str, ms: i64| shop().after_open(at(from), ms, &berlin()).unwrap();
        assert_eq!(after("2026-11-16T09:10", 15 * MINUTE), at("2026-11-16T09:25"));
        assert_eq!(
            after("2026-11-16T12:20", 15 * MINUTE),
            at("2026-11-16T13:35"),
            "the break"
        );
        assert_eq!(
            after("2026-11-16T12:20", 10 * MINUTE),
            at("2026-11-16T12:30"),
            "just reached"
        );
        assert_eq!(after("2026-11-16T19:00", 15 * MINUTE), at("2026-11-21T20:15"), "closed");
        assert_eq!(
            after("2026-11-21T23:50", 15 * MINUTE),
            at("2026-11-22T00:05"),
            "midnight is no end"
        );
        // Sunday's four hours, then the Monday that is a holiday, then Saturday.
        assert_eq!(after("2026-11-22T03:50", 15 * MINUTE), at("2026-11-28T20:05"));
    }

    #[test]
    fn an_hour_that_is_there_twice_counts_twice_and_one_that_is_not_never() {
        let after = |from: &str, ms: i64| shop().after_open(at(from), ms, &berlin()).unwrap();
        // On 2026-10-25 the clocks go back from 3:00 to 2:00; on 2026-03-29 they go forward from 2:00 to 3:00.
        assert_eq!(after("2026-10-25T00:00", 5 * HOUR), at("2026-10-25T04:00"));
        assert_eq!(after("2026-03-29T00:00", 3 * HOUR), at("2026-03-29T04:00"));
    }

    #[test]
    fn the_next_opening_passes_over_closed_days_and_holidays() {
        let next = |text| shop().next_open(at(text), &berlin());
        assert_eq!(next("2026-11-16T09:30"), Some(at("2026-11-16T09:30")), "open already");
        assert_eq!(
            next("2026-11-16T12:45"),
            Some(at("2026-11-16T13:30")),
            "after the break"
        );
        assert_eq!(
            next("2026-11-22T12:00"),
            Some(at("2026-11-28T20:00")),
            "Monday is a holiday"
        );
    }

    #[test]
    fn who_is_never_there_is_waited_for_no_longer_than_a_year() {
        assert_eq!(Hours::default().next_open(at("2026-11-16T09:30"), &berlin()), None);
        assert_eq!(Hours::default().after_open(at("2026-11-16T09:30"), 1, &berlin()), None);
        let five_minutes_a_week = Hours {
            monday: vec![span("09:00-09:05")],
            ..Hours::default()
        };
        assert_eq!(
            five_minutes_a_week.after_open(at("2026-11-16T09:30"), 24 * HOUR, &berlin()),
            None
        );
    }

    /// Zones whose clocks go forward and back at different times of the day, midnight among them, and one that never changes.
    fn zones() -> impl Strategy<Value = TimeZone> {
        prop::sample::select(vec![
            "UTC0",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "EST5EDT,M3.2.0,M11.1.0",
            "<-03>3<-02>,M10.3.0/0,M2.3.0/0",
            "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
        ])
        .prop_map(|zone| TimeZone::posix(zone).unwrap())
    }

    fn hours() -> impl Strategy<Value = Hours> {
        let span = (0u16..1_440, 1u16..=1_440).prop_map(|(from, to)| Span {
            from: from.min(to - 1),
            to,
        });
        let day = prop::collection::vec(span, 0..3);
        let holidays = prop::collection::vec((1i8..=12, 1i8..=28).prop_map(|(m, d)| Holiday::Yearly(m, d)), 0..3);
        (prop::collection::vec(day, 7), holidays).prop_map(|(mut days, holidays)| Hours {
            monday: days.pop().unwrap(),
            tuesday: days.pop().unwrap(),
            wednesday: days.pop().unwrap(),
            thursday: days.pop().unwrap(),
            friday: days.pop().unwrap(),
            saturday: days.pop().unwrap(),
            sunday: days.pop().unwrap(),
            holidays,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Counted minute by minute, by nothing but [`Hours::is_open`].
        #[test]
        fn exactly_so_many_open_minutes_lie_before_a_deadline(
            hours in hours(),
            zone in zones(),
            // About the changes of the clocks in these zones, too.
            day in prop::sample::select(vec!["2026-03-27", "2026-03-07", "2026-10-23", "2026-10-31", "2026-02-14", "2026-10-17", "2026-06-10", "2026-10-03", "2026-04-04"]),
            minute in 0i64..1_440,
            wanted in 1i64..3_000,
        ) {
            let from = at_in(&format!("{day}T00:00"), &TimeZone::UTC).plus_ms(minute * MINUTE);
            let is_open = |at: Timestamp| hours.is_open(at, &zone);
            let found = hours.after_open(from, wanted * MINUTE, &zone);
            let mut counted = 0;
            let mut now = from;
            let looked_at = from.plus_ms(6 * 24 * HOUR);
            while counted < wanted && now < looked_at {
                counted += i64::from(is_open(now));
                now = now.plus_ms(MINUTE);
            }
            if counted == wanted {
                prop_assert_eq!(found, Some(now));
            } else {
                prop_assert!(found.is_none_or(|found| found > looked_at));
            }
        }

        #[test]
        fn the_next_opening_is_the_first_open_moment(hours in hours(), zone in zones(), minute in 0i64..600_000) {
            let from = at_in("2026-01-01T00:00", &TimeZone::UTC).plus_ms(minute * MINUTE);
            let next = hours.next_open(from, &zone);
            let mut now = from;
            while now < next.unwrap_or(from).max(from.plus_ms(24 * HOUR)) && !hours.is_open(now, &zone) {
                now = now.plus_ms(MINUTE);
            }
            match next {
                Some(next) => prop_assert_eq!(next, now),
                None => prop_assert!(!hours.is_open(now, &zone)),
            }
        }

        #[test]
        fn whoever_waits_longer_is_never_due_earlier(hours in hours(), zone in zones(), ms in 0i64..10_000_000, more in 0i64..10_000_000) {
            let from = at_in("2026-10-24T00:00", &TimeZone::UTC);
            let (short, long) = (hours.after_open(from, ms, &zone), hours.after_open(from, ms + more, &zone));
            if let (Some(short), Some(long)) = (short, long) {
                prop_assert!(from <= short && short <= long);
            }
        }
    }
}
