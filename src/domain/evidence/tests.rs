use super::*;
use crate::domain::ids::{ConversationId, DraftId};
use crate::domain::time::Timestamp;
use crate::stats::sampler::{Draw, MonthKey, Purpose};
use crate::stats::score::leak::{Purpose as For, Rule};
use crate::stats::statement::{Rules, Statement, state};
use crate::stats::threshold::{Evidence, Mode, Reach, certify};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use uuid::Uuid;

/// More second opinions than there are.
const ENOUGH: u32 = 1_000;
const WHOLE_WINDOW: Rule = Rule {
    window_from: 0,
    shares_window: false,
};

fn month(text: &str) -> MonthName {
    text.parse().unwrap()
}

fn record(number: u128, judged: Option<Judgement>) -> Record {
    Record {
        draft: DraftId::from(Uuid::from_u128(number)),
        conversation: ConversationId::from(Uuid::from_u128(1 << 100 | number)),
        at: i64::try_from(number).unwrap(),
        month: month("2026-05"),
        mode: Mode::Quote,
        risk: 0.0,
        topic: 0,
        is_sensitive: false,
        is_fresh: false,
        sent: None,
        asked_with: 0.5,
        is_far: false,
        sequence: None,
        is_drawn: false,
        left_out: false,
        judged,
        is_changed: false,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as records have it")]
fn judged(by: JudgedBy, bad: bool) -> Option<Judgement> {
    Some(Judgement {
        by,
        bad: Some(bad),
        second: None,
    })
}

#[test]
fn a_month_is_that_of_the_workspaces_own_clocks() {
    let last_second = "2026-04-30T22:30:00Z".parse::<jiff::Timestamp>().unwrap();
    let at = Timestamp(last_second.as_millisecond());
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    assert_eq!(MonthName::of(at, &TimeZone::UTC).to_string(), "2026-04");
    let may = MonthName::of(at, &berlin);
    assert_eq!(
        (may.to_string(), may.in_words(), may.days()),
        ("2026-05".to_owned(), "May 2026".to_owned(), 31)
    );
    assert_eq!(may.begins(&berlin), Timestamp(at.0 - 30 * 60_000));
    assert_eq!(may.plus(8).to_string(), "2027-01");
    assert_eq!(may.plus(-5).number() + 5, may.number());
    for wrong in [
        "",
        "2026",
        "2026-13",
        "2026-5",
        "26-05",
        "2026-05-01",
        "+026-05",
        "２０２６-05",
    ] {
        assert!(wrong.parse::<MonthName>().is_err(), "{wrong}");
    }
}

#[test]
fn enough_good_verdicts_given_at_the_gate_certify_and_those_on_what_was_fresh_do_not() {
    let rules = crate::stats::threshold::Rules {
        limit: 0.04,
        risk: 0.05,
        score_version: 1,
        is_corrected: false,
    };
    let records: Vec<Record> = (0..300).map(|n| record(n, judged(JudgedBy::Gate, false))).collect();
    let tested = certify(&Window::of(&records, WHOLE_WINDOW, ENOUGH).drafts, &[], &rules);
    assert!(tested.outcome.is_ok(), "{tested:?}");
    for spoilt in [
        (|record| record.is_fresh = true) as fn(&mut Record),
        |record| record.left_out = true,
        |record| record.is_changed = true,
        |record| record.is_sensitive = true,
        |record| record.conversation = ConversationId::from(Uuid::nil()),
        |record| record.judged = judged(JudgedBy::Gate, true),
        |record| record.judged = None,
    ] {
        let mut records = records.clone();
        records.iter_mut().for_each(spoilt);
        let tested = certify(&Window::of(&records, WHOLE_WINDOW, ENOUGH).drafts, &[], &rules);
        assert!(tested.outcome.is_err(), "{tested:?}");
    }
}

#[test]
fn what_nobody_could_judge_counts_as_bad() {
    for by in [JudgedBy::Gate, JudgedBy::Sample, JudgedBy::Requeue] {
        let unclear = Some(Judgement {
            by,
            bad: None,
            second: None,
        });
        let window = Window::of(&[record(1, unclear)], WHOLE_WINDOW, ENOUGH);
        assert_eq!(window.drafts[0].evidence, Evidence::Bad);
    }
}

#[test]
fn second_opinions_neither_flatter_nor_blacken() {
    // Of 1 000 checked answers 40 are bad. The first reviewer misses six of them and calls 19 good ones bad; the second sees right, and looks at all
    // that were called bad and at every fifth of the others.
    let truth = |n: u128| n < 40;
    let first = |n: u128| (6..40).contains(&n) || (100..119).contains(&n);
    let is_rechecked = |n: u128| first(n) || n.is_multiple_of(5);
    let checked = |n: u128| Record {
        sent: Some((0, 0.5)),
        ..record(
            n,
            Some(Judgement {
                by: JudgedBy::Sample,
                bad: Some(first(n)),
                second: is_rechecked(n).then(|| truth(n)),
            }),
        )
    };
    let records: Vec<Record> = (0..1_000).map(checked).collect();
    let rules = crate::stats::threshold::Rules {
        limit: 0.04,
        risk: 0.05,
        score_version: 1,
        is_corrected: true,
    };
    let estimate = |enough| {
        let window = Window::of(&records, WHOLE_WINDOW, enough);
        (
            certify(&window.drafts, &[], &rules).curve.last().unwrap().estimate,
            window.is_corrected,
        )
    };
    let (corrected, is_corrected) = estimate(100);
    assert!(is_corrected && (corrected - 0.044).abs() < 0.002, "{corrected}");
    let (as_judged, is_corrected) = estimate(ENOUGH);
    assert!(!is_corrected && (as_judged - 0.053).abs() < 1e-9, "{as_judged}");
}

#[test]
fn what_is_asked_about_more_rarely_stands_for_more_and_for_its_own_half() {
    // Of a hundred in each half every second one of the nearer and every tenth of the farther was asked about; of the farther half all is bad.
    let records: Vec<Record> = (0..200)
        .map(|number| {
            let is_far = number >= 100;
            let (every, asked_with) = if is_far { (10, 0.1) } else { (2, 0.5) };
            let is_asked = number % every == 0;
            Record {
                asked_with,
                is_far,
                ..record(number, judged(JudgedBy::Requeue, is_far).filter(|_| is_asked))
            }
        })
        .collect();
    let reach = Reach {
        mode: Mode::Compose,
        risk: 1.0,
    };
    let share = level(&records, WHOLE_WINDOW, 1_000, &[], reach).unwrap().share;
    assert!((share - 0.5).abs() < 1e-9, "{share}");
    let mixed: Vec<Record> = records
        .iter()
        .map(|record| Record {
            is_far: false,
            ..record.clone()
        })
        .collect();
    let share = level(&mixed, WHOLE_WINDOW, 1_000, &[], reach).unwrap().share;
    assert!(
        (share - 10.0 / 60.0).abs() < 1e-9,
        "as one half they would look better: {share}"
    );
}

#[test]
fn a_verdict_weighs_by_the_probability_of_having_been_asked_for() {
    let sent = Record {
        sent: Some((2, 0.25)),
        ..record(1, judged(JudgedBy::Sample, true))
    };
    let records = [
        sent,
        record(2, judged(JudgedBy::Gate, false)),
        record(3, judged(JudgedBy::Requeue, false)),
        record(4, judged(JudgedBy::Sample, false)),
        record(5, None),
    ];
    let features = vec![vec![1.0]; 5];
    let all_fit = Rule {
        window_from: i64::MAX,
        shares_window: false,
    };
    let weights: Vec<(bool, f64)> = examples(&records, &features, (all_fit, For::Fit))
        .iter()
        .map(|example| (example.bad, example.weight))
        .collect();
    // The last one says it comes from a sample in which it was not: nothing is known of what it stands for.
    assert_eq!(weights, [(true, 4.0), (false, 1.0), (false, 2.0), (false, 0.0)]);
    assert!(examples(&records, &features, (WHOLE_WINDOW, For::Fit)).is_empty());
}

#[test]
fn a_month_states_what_was_sent_and_what_of_it_was_judged() {
    let draw = Draw::new(&MonthKey::new([7; 32]), [1; 16], "2026-05", Purpose::Sample);
    let records: Vec<Record> = (0..400_u64)
        .map(|n| {
            let is_drawn = draw.selects(n, 0.5);
            Record {
                sent: Some((0, 0.5)),
                sequence: Some(n),
                is_drawn,
                ..record(
                    u128::from(n),
                    if is_drawn {
                        judged(JudgedBy::Sample, n % 50 == 0)
                    } else {
                        None
                    },
                )
            }
        })
        .collect();
    let Statement::Claim(claim) = state(sent_answers(&records, &draw, 0), &Rules::default()) else {
        panic!("no claim");
    };
    let drawn = records.iter().filter(|record| record.is_drawn).count() as u64;
    assert_eq!(
        (claim.counts.sent, claim.counts.drawn, claim.counts.reviewed),
        (400, drawn, drawn)
    );
    assert!(claim.upper < 0.1, "{claim:?}");
}

proptest! {
    #[test]
    fn weights_of_the_detector_keep_the_mean(
        bands in prop::collection::vec((1_u64..1_000, 0.01..1.0_f64), 1..6),
    ) {
        let (sent, probabilities): (Vec<u64>, Vec<f64>) = bands.into_iter().unzip();
        let weights = sample_weights(&sent, &probabilities);
        // A check is of band h with q_h = N_h π_h / Σ; the mean weight over checks is the sum of the bands' shares.
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let checks: Vec<f64> = sent.iter().zip(&probabilities).map(|(n, p)| *n as f64 * p).collect();
        let all: f64 = checks.iter().sum();
        let mean: f64 = checks.iter().zip(&weights).map(|(n, w)| n / all * w).sum();
        prop_assert!((mean - 1.0).abs() < 1e-9, "{mean}");
    }

    #[test]
    fn whatever_is_recorded_has_a_window(numbers in prop::collection::vec((0_u128..5, any::<[bool; 6]>(), any::<f64>()), 0..40)) {
        let records: Vec<Record> = numbers
            .into_iter()
            .enumerate()
            .map(|(at, (conversation, [bad, fresh, left_out, changed, sent, judges], risk))| Record {
                conversation: ConversationId::from(Uuid::from_u128(conversation)),
                risk,
                is_fresh: fresh,
                left_out,
                is_changed: changed,
                sent: sent.then_some((1, risk)),
                ..record(at as u128, if judges { judged(JudgedBy::Gate, bad) } else { None })
            })
            .collect();
        let window = Window::of(&records, WHOLE_WINDOW, ENOUGH);
        prop_assert_eq!(window.drafts.len(), records.iter().filter(|record| !record.left_out).count());
        let speaking = window.drafts.iter().filter(|draft| !draft.evidence.is_silent());
        prop_assert!(speaking.count() <= 5, "one verdict a conversation");
    }
}
