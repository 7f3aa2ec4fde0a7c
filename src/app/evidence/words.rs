//! Figures as sentences: what the console, the command line and programs read alike.

use super::view::{CertificateView, MonthCounts, Quality};
use crate::domain::evidence::MonthName;
use crate::stats::statement::{Claim, Judged, Statement, Withheld};
use crate::stats::threshold::{Mode, Uncertified};

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
            "At most {} of the {} sent unreviewed in {month} {} bad ({} confidence; {} reviewed{}).",
            at_most(claim.upper),
            some(claim.counts.sent, "answer"),
            if claim.counts.sent == 1 { "was" } else { "were" },
            percent(claim.confidence),
            counted(claim.counts.reviewed),
            judged(claim),
        ),
        Statement::Withheld { because, counts } => match because {
            Withheld::NothingSent => format!("In {month} nothing went out unreviewed, so there is nothing to say."),
            Withheld::NothingReviewed if counts.drawn == 0 => format!(
                "{} went out unreviewed in {month}; nothing can be said of them, because none was drawn to be checked: your team had no time for checks, \
                 or the month's key is lost.",
                some(counts.sent, "answer"),
            ),
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
pub(super) fn so_far(counts: &MonthCounts, month: MonthName, (upper, confidence): (Option<f64>, f64)) -> String {
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
            "{reviewed}. At most {} of the answers sent are bad, as judged by your reviewers, with {} confidence whenever you look; the month's own statement is narrower and comes when it closes.",
            at_most(upper),
            percent(confidence)
        ),
        None => format!("{reviewed}. The statement comes when the month closes."),
    }
}

/// The certificate in force, or why there is none and what is missing.
pub(super) fn of_certificate(known: &Quality) -> Vec<String> {
    let Some(CertificateView { certificate, .. }) = &known.certificate else {
        return without_certificate(known);
    };
    let mut said = vec![
        format!(
            "At most {} of the answers within this certificate are bad{}, {} sure; your limit is {}.",
            at_most(certificate.upper),
            if certificate.is_corrected {
                ""
            } else {
                " as judged by your reviewers"
            },
            percent(1.0 - certificate.risk),
            percent(certificate.limit)
        ),
        format!(
            "It lets about {} of answers out: {}.",
            percent(certificate.automation),
            reach(certificate.reach.mode)
        ),
        format!(
            "It rests on {} verdicts, {} of them bad, and holds for traffic like that on which they were given.",
            counted(certificate.reviewed),
            counted(certificate.bad)
        ),
    ];
    if !known.autonomy.opens {
        said.push("It does not open the gate: an owner has to allow that.".to_owned());
    }
    let closed = known
        .certificate
        .as_ref()
        .map(|row| row.closed_topics.as_slice())
        .unwrap_or_default();
    if !closed.is_empty() {
        said.push(format!(
            "Always held, because they are above the limit by themselves: {}.",
            closed.join(", ")
        ));
    }
    said
}

fn reach(mode: Mode) -> &'static str {
    match mode {
        Mode::Verified => "only verified ones, and of these the safest",
        Mode::Quote => "verified answers, and the safest of those quoted from your knowledge",
        Mode::Compose => "verified answers, quotes from your knowledge, and the safest of those that the AI wrote",
    }
}

fn without_certificate(known: &Quality) -> Vec<String> {
    let why = match known.epoch.as_ref().and_then(|epoch| epoch.refused) {
        Some(Uncertified::TooFewVerdicts { effective, needed }) => format!(
            "There is no certificate: the last test had about {effective:.0} verdicts to go by, and it takes about {needed} at your limit."
        ),
        Some(Uncertified::OverLimit { upper }) => format!(
            "There is no certificate: even of the first answers that could be tested, up to {} may be bad, more than your limit of {}.",
            at_most(upper),
            percent(known.autonomy.limit())
        ),
        Some(Uncertified::NothingToCertify) => {
            "There is no certificate: the last test found no answer that may go out without a person at all.".to_owned()
        }
        Some(Uncertified::NoRules) | None if known.epoch.is_some() => format!(
            "There is no certificate in force. The next test takes at least {} verdicts on the safest answers.",
            known.verdicts_needed
        ),
        Some(Uncertified::NoRules) | None => format!(
            "There is no certificate yet. It takes at least {} verdicts on the safest answers.",
            known.verdicts_needed
        ),
    };
    let (verdicts, due) = known.verdicts;
    vec![
        why,
        format!("{verdicts} verdicts since the last test; the next one comes after {due}, or when the month ends."),
    ]
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
        let open = so_far(&counts, may, (Some(0.0442), 0.95));
        assert!(open.contains("At most 4.5 %") && !open.contains("3.1 %"), "{open}");
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
