//! Who is there to answer: business hours and presence together.

use super::policy::Policy;
use super::policy::hours::HORIZON_MS;
use super::time::Timestamp;

/// Whether somebody is there to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attendance {
    /// It is within business hours, and somebody is there.
    There,
    /// It is within business hours, but nobody is there.
    Away,
    /// It is outside of business hours: nobody is promised, even if somebody has a page open.
    Closed {
        /// When the business opens next; none if not within a year.
        back_at: Option<Timestamp>,
    },
}

/// What a transition has to know about the people who answer.
#[derive(Debug, Clone, Copy)]
pub struct Duty<'a> {
    /// The policy in whose business hours deadlines are counted; by the clock without one.
    pub policy: Option<&'a Policy>,
    /// Somebody who works now has a page open.
    pub anybody_there: bool,
    /// An answer can be mailed to a visitor who leaves an address.
    pub can_mail: bool,
}

impl Duty<'_> {
    /// Somebody is there, round the clock; nothing is promised by e-mail.
    pub const ROUND_THE_CLOCK: Duty<'static> = Duty {
        policy: None,
        anybody_there: true,
        can_mail: false,
    };

    /// Is somebody there?
    pub fn attendance(&self, now: Timestamp) -> Attendance {
        let hours = self.policy.filter(|policy| !policy.is_open(now));
        match hours {
            Some(policy) => Attendance::Closed {
                back_at: policy.next_open(now),
            },
            None if self.anybody_there => Attendance::There,
            None => Attendance::Away,
        }
    }

    /// When `patience_ms` milliseconds in which the business is open will have passed; at the latest in a year.
    pub fn deadline(&self, now: Timestamp, patience_ms: i64) -> Timestamp {
        let Some((policy, hours)) = self
            .policy
            .and_then(|policy| Some((policy, policy.document.hours.as_ref()?)))
        else {
            return now.plus_ms(patience_ms);
        };
        hours
            .after_open(now, patience_ms, &policy.zone)
            .unwrap_or_else(|| now.plus_ms(patience_ms.max(HORIZON_MS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{Document, Hours};
    use jiff::tz::TimeZone;

    const HOUR: i64 = 60 * 60_000;

    /// Open on Mondays from 9 to 17, by UTC's clocks.
    fn policy() -> Policy {
        Policy {
            document: Document {
                hours: Some(Hours {
                    monday: vec!["09:00-17:00".parse().unwrap()],
                    ..Hours::default()
                }),
                ..Document::default()
            },
            zone: TimeZone::UTC,
            ..Policy::default()
        }
    }

    /// 2026-11-23 is a Monday.
    fn monday(hour: i64) -> Timestamp {
        let midnight: jiff::Timestamp = "2026-11-23T00:00Z".parse().unwrap();
        Timestamp(midnight.as_millisecond()).plus_ms(hour * HOUR)
    }

    #[test]
    fn within_business_hours_presence_counts_and_outside_of_them_nobody_is_promised() {
        let policy = policy();
        let at = |hour, anybody_there| {
            let duty = Duty {
                policy: Some(&policy),
                anybody_there,
                ..Duty::ROUND_THE_CLOCK
            };
            duty.attendance(monday(hour))
        };
        assert_eq!((at(10, true), at(10, false)), (Attendance::There, Attendance::Away));
        let closed = |back| Attendance::Closed { back_at: Some(back) };
        assert_eq!((at(8, true), at(8, false)), (closed(monday(9)), closed(monday(9))));
        assert_eq!(at(17, true), closed(monday(9 + 7 * 24)));
    }

    #[test]
    fn without_hours_presence_alone_counts_and_deadlines_go_by_the_clock() {
        let always = Policy::default();
        for policy in [None, Some(&always)] {
            let duty = |anybody_there| Duty {
                policy,
                anybody_there,
                ..Duty::ROUND_THE_CLOCK
            };
            assert_eq!(duty(true).attendance(monday(3)), Attendance::There);
            assert_eq!(duty(false).attendance(monday(3)), Attendance::Away);
            assert_eq!(duty(true).deadline(monday(3), HOUR), monday(4));
        }
    }

    #[test]
    fn a_deadline_is_counted_in_business_hours_and_never_further_away_than_a_year() {
        let policy = policy();
        let duty = Duty {
            policy: Some(&policy),
            ..Duty::ROUND_THE_CLOCK
        };
        assert_eq!(duty.deadline(monday(16), 2 * HOUR), monday(7 * 24 + 10));
        assert_eq!(duty.deadline(monday(16), 1_000 * HOUR), monday(16).plus_ms(HORIZON_MS));
        let mut never = policy.clone();
        never.document.hours = Some(Hours::default());
        let duty = Duty {
            policy: Some(&never),
            ..Duty::ROUND_THE_CLOCK
        };
        assert_eq!(duty.deadline(monday(0), HOUR), monday(0).plus_ms(HORIZON_MS));
        assert_eq!(duty.attendance(monday(0)), Attendance::Closed { back_at: None });
    }
}
