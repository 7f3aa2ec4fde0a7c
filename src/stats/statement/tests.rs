use super::*;
use crate::stats::bounds::clopper_pearson_lower;
use proptest::prelude::*;

fn answer(week: u16, band: u16, drawn: Option<(f64, CheckState)>) -> SentAnswer {
    SentAnswer {
        week,
        band,
        drawn: drawn.map(|(rho, state)| Drawn { rho, state }),
    }
}

const GOOD: CheckState = CheckState::Judged {
    bad: false,
    second: None,
};
const BAD: CheckState = CheckState::Judged {
    bad: true,
    second: None,
};

/// `sent` answers of one week and band; the first of them drawn, in the order of the queue.
fn month(sent: usize, states: &[CheckState]) -> Vec<SentAnswer> {
    (0..sent)
        .map(|i| {
            answer(
                1,
                0,
                states.get(i).map(|state| (count(i) / count(states.len()), *state)),
            )
        })
        .collect()
}

fn states(bad: usize, good: usize) -> Vec<CheckState> {
    [vec![BAD; bad], vec![GOOD; good]].concat()
}

fn claim(answers: Vec<SentAnswer>) -> Claim {
    match state(answers, &Rules::default()) {
        Statement::Claim(claim) => claim,
        withheld @ Statement::Withheld { .. } => panic!("{withheld:?}"),
    }
}

fn withheld(answers: Vec<SentAnswer>) -> Withheld {
    match state(answers, &Rules::default()) {
        Statement::Withheld { because, .. } => because,
        claim @ Statement::Claim(_) => panic!("{claim:?}"),
    }
}

#[test]
fn a_month_is_stated() {
    let claim = claim(month(2_412, &states(3, 177)));
    assert_eq!(
        claim.counts,
        Counts {
            sent: 2_412,
            drawn: 180,
            reviewed: 180,
            bad: 3,
            unjudged: 0
        }
    );
    assert!((claim.estimate - 3.0 / 180.0).abs() < 1e-12);
    assert!(
        claim.upper > 0.03 && claim.upper < clopper_pearson_upper(3.0, 180.0, 0.05),
        "{claim:?}"
    );
    assert!(claim.interval.0 < claim.estimate && claim.upper < claim.interval.1);
    assert_eq!(claim.judged, Judged::ByReviewers);
}

#[test]
fn a_month_looked_at_whole_is_known_exactly() {
    let claim = claim(month(50, &states(2, 48)));
    assert_eq!((claim.upper, claim.interval), (0.04, (0.04, 0.04)));
}

#[test]
fn the_exact_method_is_clopper_and_pearsons_in_a_uniform_sample() {
    let rules = Rules {
        method: Method::Exact,
        ..Rules::default()
    };
    let Statement::Claim(claim) = state(month(2_412, &states(3, 177)), &rules) else {
        panic!()
    };
    assert_eq!(claim.upper, clopper_pearson_upper(3.0, 180.0, 0.05));
    assert_eq!(claim.interval.0, clopper_pearson_lower(3.0, 180.0, 0.025));
}

#[test]
fn who_wants_no_approximation_keeps_their_reviewers_word() {
    let rechecked = |bad: bool| CheckState::Judged { bad, second: Some(bad) };
    let states = [vec![rechecked(true); 3], vec![rechecked(false); 177]].concat();
    let exact = Rules {
        method: Method::Exact,
        ..Rules::default()
    };
    let of = |rules: &Rules| match state(month(2_412, &states), rules) {
        Statement::Claim(claim) => claim,
        withheld @ Statement::Withheld { .. } => panic!("{withheld:?}"),
    };
    assert!(matches!(of(&Rules::default()).judged, Judged::Adjudicated { .. }));
    assert_eq!(of(&exact).judged, Judged::ByReviewers);
    assert_eq!(of(&exact).upper, clopper_pearson_upper(3.0, 180.0, 0.05));
}

#[test]
fn what_nobody_could_judge_counts_as_bad_above_and_as_good_below() {
    let with = |state| claim(month(3_000, &[states(4, 195), vec![state]].concat()));
    let unjudged = with(CheckState::CannotJudge);
    assert_eq!(unjudged.upper, with(BAD).upper);
    assert_eq!(unjudged.interval.0, with(GOOD).interval.0);
    assert_eq!((unjudged.counts.bad, unjudged.counts.unjudged), (4, 1));
}

#[test]
fn more_than_two_percent_unjudged_withhold_the_claim() {
    let with = |unjudged| [states(1, 99 - unjudged), vec![CheckState::CannotJudge; unjudged]].concat();
    assert_eq!(claim(month(900, &with(2))).counts.unjudged, 2);
    assert_eq!(withheld(month(900, &with(3))), Withheld::TooManyUnjudged);
}

#[test]
fn months_without_anything_to_say_say_so() {
    assert_eq!(withheld(Vec::new()), Withheld::NothingSent);
    assert_eq!(withheld(month(100, &[])), Withheld::NothingReviewed);
    assert_eq!(
        withheld(month(100, &[CheckState::Waiting; 20])),
        Withheld::NothingReviewed
    );
    assert_eq!(
        withheld(month(100, &[CheckState::CannotJudge; 20])),
        Withheld::NothingReviewed
    );
    let rules = Rules {
        risk: f64::NAN,
        ..Rules::default()
    };
    assert!(matches!(
        state(month(10, &states(1, 1)), &rules),
        Statement::Withheld {
            because: Withheld::NoRules,
            ..
        }
    ));
}

#[test]
fn one_verdict_claims_next_to_nothing() {
    let good = claim(month(1_000, &[GOOD]));
    assert!((good.upper - 0.95).abs() < 1e-9, "{good:?}");
    assert!(claim(month(1_000, &[BAD])).upper > 0.999);
}

#[test]
fn a_month_of_ten_million_answers_is_stated() {
    let mut tally: Tally = month(200, &states(3, 197)).into_iter().collect();
    tally.add(1, 0, 10_000_000);
    let Statement::Claim(claim) = tally.state(&Rules::default()) else {
        panic!("no claim");
    };
    assert_eq!((claim.counts.sent, claim.counts.reviewed), (10_000_200, 200));
    assert!(claim.upper > 0.03 && claim.upper < 0.05, "{claim:?}");
}

#[test]
fn only_what_stands_before_the_first_waiting_check_counts() {
    // Easy ones were picked from the back of the queue: they do not count.
    let picked = [states(2, 48), vec![CheckState::Waiting], states(0, 149)].concat();
    let claim = claim(month(3_000, &picked));
    assert_eq!(
        (claim.counts.reviewed, claim.counts.bad, claim.counts.drawn),
        (50, 2, 200)
    );
}

#[test]
fn a_week_that_was_worked_off_less_far_is_a_stratum_of_its_own() {
    let mut answers = Vec::new();
    for week in 1..=2 {
        for i in 0..1_000 {
            let rho = f64::from(i) / 100.0;
            let state = match (week, i) {
                (2, 40..) => CheckState::Waiting,
                (2, _) => BAD,
                _ => GOOD,
            };
            answers.push(answer(week, 0, (i < 100).then_some((rho, state))));
        }
    }
    // 100 of 100 good and 40 of 40 bad, in equally large weeks: one half, not 40 of 140.
    let claim = claim(answers);
    assert_eq!(claim.counts.reviewed, 140);
    assert!((claim.estimate - 0.5).abs() < 1e-12, "{claim:?}");
}

#[test]
fn a_week_that_nobody_looked_at_is_not_spoken_for_by_the_others() {
    let week = |week, states: &[CheckState]| {
        let answers = month(500, states).into_iter();
        answers.map(|answer| SentAnswer { week, ..answer }).collect::<Vec<_>>()
    };
    let answers = [
        week(1, &states(0, 100)),
        week(2, &[CheckState::Waiting; 100]),
        week(3, &states(0, 100)),
    ]
    .concat();
    // The first of the second week waits at ρ = 0, so nothing of it can be compared.
    assert_eq!(withheld(answers), Withheld::NothingReviewed);
}

#[test]
fn second_opinions_correct_the_estimate() {
    let judged = |bad, second| CheckState::Judged { bad, second };
    // 20 of 200 found bad, 15 of them rightly; of 36 rechecked acceptable ones 2 were bad after all.
    let states = [
        vec![judged(true, Some(true)); 15],
        vec![judged(true, Some(false)); 5],
        vec![judged(false, Some(true)); 2],
        vec![judged(false, Some(false)); 34],
        vec![judged(false, None); 144],
    ]
    .concat();
    let corrected = claim(month(10_000, &states));
    assert!(
        (corrected.estimate - (15.0 + 2.0 * 180.0 / 36.0) / 200.0).abs() < 1e-12,
        "{corrected:?}"
    );
    assert!(
        corrected.upper > claim(month(10_000, &self::states(25, 175))).upper,
        "recheck of a part is less sure"
    );
    assert_eq!(
        corrected.judged,
        Judged::Adjudicated {
            bad_overturned: 5,
            acceptable_rechecked: 36,
            acceptable_overturned: 2
        }
    );
    // One bad one without a second opinion, and the reviewers' word stands alone.
    let incomplete = [states, vec![judged(true, None)]].concat();
    assert_eq!(claim(month(10_000, &incomplete)).judged, Judged::ByReviewers);
}

#[test]
fn places_that_are_none_wait_at_the_front() {
    let mut answers = month(1_000, &states(0, 100));
    answers[50].drawn = Some(Drawn {
        rho: f64::NAN,
        state: GOOD,
    });
    assert_eq!(withheld(answers), Withheld::NothingReviewed);
}

fn any_state() -> impl Strategy<Value = CheckState> {
    prop_oneof![
        Just(CheckState::Waiting),
        Just(CheckState::CannotJudge),
        (any::<bool>(), any::<Option<bool>>()).prop_map(|(bad, second)| CheckState::Judged { bad, second }),
        Just(GOOD),
        Just(GOOD),
    ]
}

proptest! {
    #[test]
    fn any_month_has_a_statement_whose_bounds_enclose_the_estimate(
        answers in prop::collection::vec((1_u16..6, 0_u16..5, prop::option::of((0.0..1.0, any_state()))), 0..120),
    ) {
        let answers: Vec<SentAnswer> = answers.into_iter().map(|(week, band, drawn)| answer(week, band, drawn)).collect();
        let rules = Rules { most_unjudged: 1.0, ..Rules::default() };
        if let Statement::Claim(claim) = state(answers.clone(), &rules) {
            prop_assert!(claim.counts.reviewed <= claim.counts.drawn && claim.counts.drawn <= claim.counts.sent);
            prop_assert!(claim.estimate <= claim.upper + 1e-9 && claim.upper <= claim.interval.1 + 1e-9 && claim.interval.1 <= 1.0);
            prop_assert!(claim.interval.0 <= claim.estimate + 1e-9 && claim.interval.0 >= 0.0);
            prop_assert!(claim.effective > 0.0);
        }
        let mut other_order = answers.clone();
        other_order.reverse();
        prop_assert_eq!(state(other_order, &rules), state(answers, &rules));
    }
}
