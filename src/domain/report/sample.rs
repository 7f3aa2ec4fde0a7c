//! A month of an invented business, for tests.

use super::facts::{AutonomyPoint, DayCount, Facts, Numbers, Prices, ReportKind, Span, TopicCount};
use super::settings::ReportSettings;
use jiff::ToSpan as _;
use jiff::civil::{Date, date};

pub(crate) fn prices() -> Prices {
    Prices {
        seconds_per_answer: 240,
        hour_minor: Some(3_000),
        month_minor: Some(9_900),
        conversion_minor: Some(4_000),
        ..Prices::default()
    }
}

pub(crate) fn settings() -> ReportSettings {
    ReportSettings {
        recipients: vec!["client@shop.example".to_owned()],
        hour_costs: Some("30.00".to_owned()),
        month_costs: Some("99.00".to_owned()),
        conversion_value: Some("40.00".to_owned()),
        ..ReportSettings::default()
    }
}

fn days(span: Span) -> Vec<DayCount> {
    let count = |day: Date| u64::try_from(i16::from(day.day()) * 7 % 23).unwrap_or_default();
    span.from
        .series(1.day())
        .take_while(|day| *day <= span.to)
        .map(|day| DayCount {
            day,
            conversations: count(day),
        })
        .collect()
}

/// May 2026 of a bicycle shop.
pub(crate) fn month() -> Facts {
    let span = Span {
        from: date(2026, 5, 1),
        to: date(2026, 5, 31),
    };
    Facts {
        kind: ReportKind::Month,
        span,
        counted_on: date(2026, 6, 3),
        business: "Quillhaven Cycles".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        now: numbers(),
        before: Some((
            Span {
                from: date(2026, 4, 1),
                to: date(2026, 4, 30),
            },
            Numbers {
                conversations: 310,
                answers: 330,
                automatic: 190,
                leads: 10,
                ..numbers()
            },
        )),
        days: days(span),
        autonomy: (1..=5)
            .map(|month| AutonomyPoint {
                from: date(2026, month, 1),
                answers: 300 + u64::try_from(month).unwrap_or_default(),
                automatic: 60 * u64::try_from(month).unwrap_or_default(),
            })
            .collect(),
        quality: vec![
            "At most 3.1 % of the 310 answers sent unreviewed in May 2026 were bad (95 % confidence; 60 reviewed, as judged by your reviewers)."
                .to_owned(),
        ],
        open_gaps: 14,
        published: 6,
        topics: vec![
            TopicCount {
                name: "Delivery".to_owned(),
                now: 88,
                before: Some(40),
            },
            TopicCount {
                name: "Repairs <& more>".to_owned(),
                now: 51,
                before: Some(49),
            },
        ],
        notices: Vec::new(),
    }
}

fn numbers() -> Numbers {
    Numbers {
        conversations: 402,
        attempted: 390,
        questions: 431,
        matched: 377,
        answers: 420,
        automatic: 310,
        released: 71,
        written: 39,
        handoffs: 36,
        handoff_reasons: vec![
            ("missing_knowledge".to_owned(), 21),
            ("customer_request".to_owned(), 15),
        ],
        confirmed: 61,
        assumed: 204,
        verified: 33,
        ratings: 48,
        good_ratings: 43,
        first_answer_ms: Some(2_400),
        first_reply_ms: Some(372_000),
        leads: 12,
        conversions: 12,
        valued_conversions: 5,
        conversion_minor: 25_000,
    }
}
