use super::*;
use crate::stats::threshold::{Mode, Reach, Rules, Step, with_times_the_verdicts};
use proptest::prelude::*;

fn wish(conversations: f64, limit: f64, reviews: f64) -> Wish {
    Wish {
        conversations,
        limit,
        risk: 0.05,
        reviews,
    }
}

fn with_auroc(auroc: f64) -> Assumed {
    Assumed { bad: 0.06, auroc }
}

/// The frontier of the specification: what remains bad where the riskiest 3, 5, 10, 15 and 25 % are held.
#[test]
fn the_frontier_is_the_one_of_the_specification() {
    for (auroc, expected) in [
        (0.75, [5.28, 4.98, 4.42, 3.99, 3.33]),
        (0.85, [4.65, 4.14, 3.28, 2.72, 1.97]),
    ] {
        for (held, percent) in [0.03, 0.05, 0.10, 0.15, 0.25].into_iter().zip(expected) {
            let bad = safest(1.0 - held, with_auroc(auroc)) * 100.0;
            assert!(
                (bad - percent).abs() < 0.02,
                "AUROC {auroc}, {held} held: {bad} against {percent}"
            );
        }
    }
}

#[test]
fn a_big_shop_with_few_reviews_is_told_that_people_cannot_keep_up() {
    let plan = plan(wish(1_000.0, 0.04, 30.0), Assumed::default());
    assert!((plan.within_limit - 0.85).abs() < 1e-9, "{plan:?}");
    assert!(
        !plan.is_feasible && (plan.unattended.0 - 970.0).abs() < 1e-6,
        "{plan:?}"
    );
    let helped = plan.knobs.iter().find(|turned| turned.knob == Knob::Reviews);
    assert!(
        helped.is_none_or(|turned| turned.is_feasible && turned.to > 150.0),
        "{plan:?}"
    );
}

#[test]
fn a_shop_with_twenty_conversations_a_day_learns_what_it_can_have() {
    let tight = plan(wish(20.0, 0.02, 20.0), Assumed::default());
    assert!(tight.opening.is_none() && tight.never.is_some(), "{tight:?}");
    let limit = tight.knobs.iter().find(|turned| turned.knob == Knob::Limit);
    assert!(
        limit.is_some_and(|turned| turned.opening.days <= WINDOW_DAYS),
        "{tight:?}"
    );
    let bold = plan(wish(20.0, 0.08, 20.0), Assumed::default());
    let opening = bold.opening.unwrap();
    assert!(
        opening.days <= 31.0 && opening.automation >= 0.5 && bold.is_feasible,
        "{bold:?}"
    );
}

#[test]
fn a_shop_without_traffic_or_without_reviewers_hears_so() {
    assert_eq!(
        plan(wish(0.0, 0.04, 20.0), Assumed::default()).never,
        Some(Never::NoConversations)
    );
    let alone = plan(wish(50.0, 0.04, 0.0), Assumed::default());
    assert_eq!(alone.never, Some(Never::NoReviews));
    assert!(
        alone.knobs.iter().any(|turned| turned.knob == Knob::Reviews),
        "{alone:?}"
    );
    assert_eq!(
        plan(wish(50.0, f64::NAN, 5.0), Assumed::default()).never,
        Some(Never::NoWish)
    );
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        0.0..1.0_f64,
        0.0..5_000.0_f64,
        Just(0.0),
        Just(f64::INFINITY)
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0.0..1.0_f64, 0.0..3_000.0_f64, 0.0..1.0_f64).prop_map(|(estimate, effective, above)| Step {
        reach: Reach {
            mode: Mode::Quote,
            risk: 0.0,
        },
        automation: 0.5,
        estimate,
        upper: estimate + (1.0 - estimate) * above,
        effective,
        reviewed: 10,
        bad: 1,
        can_start: false,
        is_certified: false,
    });
    prop::collection::vec(step, 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_wish_has_a_plan(
        conversations in any_number(), limit in any_number(), risk in any_number(), reviews in any_number(),
        bad in any_number(), auroc in any_number(),
    ) {
        let plan = plan(Wish { conversations, limit, risk, reviews }, Assumed { bad, auroc });
        prop_assert_eq!(plan.opening.is_some(), plan.never.is_none());
    }

    #[test]
    fn what_is_planned_keeps_to_the_limit_and_to_the_window(
        conversations in 1.0..2_000.0_f64, limit in 0.01..0.2_f64, reviews in 1.0..500.0_f64, auroc in 0.55..0.95_f64,
    ) {
        let plan = plan(wish(conversations, limit, reviews), with_auroc(auroc));
        if let Some(opening) = plan.opening {
            prop_assert!(opening.bad <= limit + 1e-9, "{:?}", plan);
            prop_assert!(opening.automation <= plan.within_limit + 1e-9, "{:?}", plan);
            prop_assert!((0.0..=WINDOW_DAYS).contains(&opening.days) && (LIKELY..=1.0).contains(&opening.chance));
        }
        for turned in &plan.knobs {
            prop_assert!(helps(&plan, &turned.opening, turned.is_feasible), "{:?}", plan);
        }
    }

    #[test]
    fn holding_more_leaves_fewer_bad(share in 0.01..1.0_f64, less in 0.0..1.0_f64, auroc in 0.5..0.99_f64, bad in 0.0..0.5_f64) {
        let assumed = Assumed { bad, auroc };
        prop_assert!(safest(share * less, assumed) <= safest(share, assumed) + 1e-9);
        // Nobody can do better than to hold nothing but bad ones.
        let held = 1.0 - share;
        let oracle = ((bad - held) / share).max(0.0);
        prop_assert!(safest(share, assumed) >= oracle - 1e-9);
    }

    #[test]
    fn more_verdicts_of_the_same_kind_never_take_anything_away(curve in steps(), times in 1.0..10.0_f64) {
        let rules = Rules { limit: 0.2, risk: 0.05, score_version: 0, is_corrected: false };
        let as_is = with_times_the_verdicts(&curve, 1.0, &rules);
        let more = with_times_the_verdicts(&curve, times, &rules);
        for ((before, now), then) in curve.iter().zip(&as_is).zip(&more) {
            prop_assert!(then.upper <= before.upper && then.upper <= now.upper + 1e-9);
            prop_assert!(then.estimate.to_bits() == before.estimate.to_bits());
        }
    }
}
