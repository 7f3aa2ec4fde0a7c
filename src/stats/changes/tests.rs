use super::*;
use crate::stats::random::SplitMix64;
use proptest::prelude::*;

fn steady(days: usize, amount: u32, of: u32) -> Series {
    Series {
        shape: Shape::Share,
        days: vec![Day { amount, of }; days],
    }
}

/// About `mean` a day, evenly spread around it.
fn noisy(days: usize, mean: usize, of: u32, seed: u64) -> Series {
    let mut random = SplitMix64::new(seed);
    let mut day = || Day {
        amount: u32::try_from((0..4 * mean).filter(|_| random.below(4) == 0).count()).unwrap(),
        of,
    };
    Series {
        shape: Shape::Share,
        days: (0..days).map(|_| day()).collect(),
    }
}

#[test]
fn what_doubles_is_reported_with_its_day_and_its_size() {
    let mut all: Vec<Series> = (0..20).map(|seed| noisy(91, 6, 100, seed)).collect();
    for day in &mut all[3].days[84..] {
        day.amount *= 3;
    }
    let found = changes(&all);
    assert_eq!(found.len(), 1, "{found:?}");
    let found = found[0];
    let began = all[3].days.len() - 1 - found.days_ago;
    assert_eq!(found.series, 3);
    assert!((82..=86).contains(&began), "{found:?}");
    assert!((2.2..4.0).contains(&found.factor()), "{found:?}");
    assert_eq!(
        found.amount,
        all[3].days[began..]
            .iter()
            .map(|day| u64::from(day.amount))
            .sum::<u64>()
    );
}

#[test]
fn what_stops_is_reported_too() {
    let mut all: Vec<Series> = (0..20).map(|seed| noisy(91, 10, 100, seed)).collect();
    for day in &mut all[0].days[84..] {
        day.amount = 0;
    }
    let found = changes(&all);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].series == 0 && found[0].amount == 0 && found[0].factor() < 0.1,
        "{found:?}"
    );
}

#[test]
fn without_traffic_or_history_nothing_is_reported() {
    assert_eq!(changes(&[]), vec![]);
    assert_eq!(
        changes(&[steady(0, 0, 0), steady(100, 0, 0), steady(100, 0, 50)]),
        vec![]
    );
    let mut young = steady(20, 1, 100);
    young.days[19].amount = 90;
    assert_eq!(changes(&[young]), vec![]);
}

#[test]
fn a_weekend_is_no_change() {
    let day = |at: usize| Day {
        amount: if at % 7 >= 5 { 30 } else { 3 },
        of: 100,
    };
    let series = Series {
        shape: Shape::Share,
        days: (0..90).map(day).collect(),
    };
    for days in 60..90 {
        let series = Series {
            days: series.days[..days].to_vec(),
            ..series
        };
        assert_eq!(changes(&[series]), vec![], "{days}");
    }
}

#[test]
fn more_conversations_of_every_kind_are_no_change_of_any_kind() {
    let mut all: Vec<Series> = (0..10).map(|_| steady(91, 10, 100)).collect();
    for series in &mut all {
        for day in &mut series.days[84..] {
            *day = Day { amount: 20, of: 200 };
        }
    }
    assert_eq!(changes(&all), vec![]);
    let volume = Series {
        shape: Shape::Number,
        days: { all[0].days.iter() }
            .map(|day| Day { amount: day.of, of: 1 })
            .collect(),
    };
    all.push(volume);
    assert_eq!(changes(&all).iter().map(|found| found.series).collect::<Vec<_>>(), [10]);
}

#[test]
fn given_both_together_chance_alone_makes_no_evidence() {
    // Whatever the split of the hypergeometric distribution, the expectation of the e-value is at most 1.
    let series = steady(40, 1, 2);
    let looked = Looked::at(0, &series).unwrap();
    for (drawn, marked, all) in [(10_u32, 7_u32, 60_u32), (20, 30, 45), (1, 5, 9), (30, 30, 400)] {
        for factor in FACTORS.into_iter().flat_map(|factor| [factor, 1.0 / factor]) {
            let mut expectation = 0.0;
            for hit in marked.saturating_sub(all - drawn)..=drawn.min(marked) {
                let compared = Compared {
                    since: (f64::from(hit), f64::from(drawn)),
                    before: (f64::from(marked - hit), f64::from(all - drawn)),
                };
                let log = choose(marked, hit) + choose(all - marked, drawn - hit) - choose(all, drawn);
                expectation += (log + looked.log_evidence(&compared, factor)).exp();
            }
            assert!(
                expectation <= 1.0 + 1e-9,
                "{drawn} {marked} {all} {factor}: {expectation}"
            );
        }
    }
}

fn choose(n: u32, k: u32) -> f64 {
    let log = |upto: u32| (1..=upto).map(|i| f64::from(i).ln()).sum::<f64>();
    log(n) - log(k) - log(n - k)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn whatever_the_figures_evidence_is_a_number_and_the_order_of_the_series_tells_nothing(
        days in proptest::collection::vec((0_u32..40, 0_u32..60), 1..100),
        other in proptest::collection::vec(0_u32..9, 1..100),
    ) {
        let one = Series {
            shape: Shape::Share,
            days: days.iter().map(|(amount, more)| Day { amount: *amount, of: amount + more }).collect(),
        };
        let two = Series {
            shape: Shape::Number,
            days: other.iter().map(|amount| Day { amount: *amount, of: 1 }).collect(),
        };
        let found = changes(&[one.clone(), two.clone()]);
        for found in &found {
            prop_assert!(found.evidence.is_finite() && found.expected.is_finite() && found.factor().is_finite());
            prop_assert!(found.days_ago < BEGINNINGS);
        }
        let mut turned: Vec<(usize, u64)> = changes(&[two, one]).iter().map(|found| (1 - found.series, found.amount)).collect();
        let mut found: Vec<(usize, u64)> = found.iter().map(|found| (found.series, found.amount)).collect();
        turned.sort_unstable();
        found.sort_unstable();
        prop_assert_eq!(found, turned);
    }
}
