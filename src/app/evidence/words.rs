//! Figures as sentences: what the console, the command line and programs read alike.

use super::view::MonthCounts;
use crate::domain::evidence::MonthName;
use crate::stats::statement::{Claim, Judged, Statement, Withheld};

/// A share, to a tenth of a percent: `3.1 %`.
pub fn percent(share: f64) -> String {
    written((share * 1_000.0).round())
}

/// An upper bound, rounded up: to say less than is known would be a promise that was not earned.
pub fn at_most(share: f64) -> String {
    // What is a tenth but for rounding is that tenth.
    written((share * 1_000.0 - 1e-9).ceil())
}

fn written(tenths: f64) -> String {
    if tenths.is_nan() {
        return "–".to_owned();
    }
    if tenths % 10.0 == 0.0 {
        format!("{:.0} %", tenths / 10.0)
    } else {
        format!("{:.1} %", tenths / 10.0)
    }
}

/// A count with its thousands apart: `2 412`.
pub fn counted(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('\u{a0}');
        }
        grouped.push(digit);
    }
    grouped
}

/// So many of something: `1 answer`, `2 412 answers`.
pub(in crate::app) fn some(number: u64, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        more => format!("{} {one}s", counted(more)),
    }
}

/// What is said of a month that is closed.
pub(super) fn of_month(statement: &Statement, month: MonthName) -> String {
    let month = month.in_words();
    match statement {
        Statement::Claim(claim) => format!(
            "At most {} of the {} sent unreviewed in {month} were bad ({} confidence; {} reviewed{}).",
            at_most(claim.upper),
            some(claim.counts.sent, "answer"),
            percent(claim.confidence),
            counted(claim.counts.reviewed),
            judged(claim),
        ),
        Statement::Withheld { because, counts } => match because {
            Withheld::NothingSent => format!("In {month} nothing went out unreviewed, so there is nothing to say."),
            Withheld::NothingReviewed => format!(
                "{} went out unreviewed in {month}; nothing can be said of them, because none of the {} that were drawn was judged in time.",
                some(counts.sent, "answer"),
                counted(counts.drawn),
            ),
            Withheld::TooManyUnjudged => format!(
                "Of the {} that were drawn in {month}, {} could not be judged; that is too many to say anything of the {} sent.",
                some(counts.drawn, "answer"),
                counted(counts.unjudged),
                counted(counts.sent),
            ),
            Withheld::NoRules => format!("Nothing can be said of {month}: no confidence is set."),
        },
    }
}

fn judged(claim: &Claim) -> String {
    match claim.judged {
        Judged::ByReviewers => ", as judged by your reviewers".to_owned(),
        Judged::Adjudicated {
            bad_overturned,
            acceptable_rechecked,
            acceptable_overturned,
        } => format!(
            "; a second person looked at all found bad and at {} found good, and saw {} otherwise",
            counted(acceptable_rechecked),
            counted(bad_overturned + acceptable_overturned),
        ),
    }
}

/// What is said of a month under way: a bound that may be looked at whenever one likes.
pub(super) fn so_far(counts: &MonthCounts, month: MonthName, upper: Option<f64>) -> String {
    let month = month.in_words();
    if counts.sent == 0 {
        return format!("So far nothing went out unreviewed in {month}.");
    }
    let reviewed = format!(
        "{month} is not closed: {} sent unreviewed so far; until last night {} reviewed, {} of them bad",
        some(counts.sent, "answer"),
        counted(counts.reviewed),
        counted(counts.bad),
    );
    match upper.filter(|upper| *upper < 1.0) {
        Some(upper) => format!(
            "{reviewed}. Whenever you look, at most {} are bad; the month's own statement is narrower and comes when it closes.",
            at_most(upper)
        ),
        None => format!("{reviewed}. The statement comes when the month closes."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::statement::Counts;

    fn claim() -> Claim {
        Claim {
            counts: Counts {
                sent: 2_412,
                drawn: 190,
                reviewed: 180,
                bad: 3,
                unjudged: 0,
            },
            estimate: 0.017,
            upper: 0.0301,
            interval: (0.004, 0.036),
            confidence: 0.95,
            effective: 180.0,
            judged: Judged::ByReviewers,
        }
    }

    #[test]
    fn a_month_is_one_sentence_that_promises_no_more_than_was_found() {
        let may: MonthName = "2026-05".parse().unwrap();
        let said = of_month(&Statement::Claim(claim()), may).replace('\u{a0}', " ");
        assert_eq!(
            said,
            "At most 3.1 % of the 2 412 answers sent unreviewed in May 2026 were bad (95 % confidence; 180 reviewed, as judged by your reviewers)."
        );
        let counts = MonthCounts {
            sent: 2_412,
            drawn: None,
            reviewed: 180,
            bad: 3,
            unjudged: 0,
        };
        let open = so_far(&counts, may, Some(0.0442));
        assert!(open.contains("at most 4.5 %") && !open.contains("3.1 %"), "{open}");
    }

    #[test]
    fn figures_are_written_for_people() {
        assert_eq!(
            (percent(0.04), percent(0.0314), at_most(0.03), at_most(0.030_01)),
            (
                "4 %".to_owned(),
                "3.1 %".to_owned(),
                "3 %".to_owned(),
                "3.1 %".to_owned()
            )
        );
        assert_eq!(percent(f64::NAN), "–");
        assert_eq!(
            (some(1, "answer"), counted(1_234_567)),
            ("1 answer".to_owned(), "1\u{a0}234\u{a0}567".to_owned())
        );
    }
}
