use super::*;
use crate::stats::score::{Direction, FeaturePrior};
use std::collections::HashSet;

fn feature(name: &str, coefficient: f64) -> FeaturePrior {
    FeaturePrior {
        name: name.to_owned(),
        direction: Direction::Either,
        coefficient,
        centre: 0.0,
        scale: 1.0,
    }
}

fn priors() -> (Prior, Prior) {
    let prior = |features| Prior {
        features,
        bad_rate: 0.1,
    };
    (
        prior(vec![feature("tells", 1.0), feature("noise", 0.0)]),
        prior(vec![feature("noise", 0.0)]),
    )
}

/// Answers of which one feature tells well how likely they are bad; about 7 % are, hardly any of the safer half.
fn shop(n: usize, seed: u64) -> Vec<Row> {
    let mut random = crate::stats::random::SplitMix64::new(seed);
    (0..n)
        .map(|at| {
            let mut normal = || (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
            let (tells, noise) = (normal(), normal());
            let bad = random.unit() < 1.0 / (1.0 + (4.0 - 2.2 * tells).exp());
            Row {
                turn: at / 2,
                features: vec![tells, noise],
                baseline: vec![noise],
                bad,
                judged_bad: bad,
            }
        })
        .collect()
}

fn settings(limit: f64) -> Settings {
    Settings {
        limit,
        risk: 0.05,
        months: 6,
        sample_per_month: 200.0,
        window: 3,
        adjudicates: false,
    }
}

fn played(rows: &[Row], settings: &Settings, shuffles: u64) -> Vec<Played> {
    let (prior, _) = priors();
    (0..shuffles)
        .map(|seed| {
            play(
                rows,
                &prior,
                settings,
                &Timeline::shuffled(rows, settings.months, seed),
                seed,
            )
        })
        .collect()
}

#[test]
fn a_shuffle_has_every_row_once_and_each_turn_in_one_month() {
    let rows = shop(1_001, 1);
    let timeline = Timeline::shuffled(&rows, 6, 9);
    let all: Vec<usize> = timeline.months.iter().flatten().copied().collect();
    assert_eq!(all.len(), rows.len());
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), rows.len());
    for month in &timeline.months {
        assert!((150..185).contains(&month.len()), "{}", month.len());
        let turns: HashSet<usize> = month.iter().map(|row| rows[*row].turn).collect();
        let elsewhere = all.iter().filter(|row| !month.contains(row));
        assert!(elsewhere.into_iter().all(|row| !turns.contains(&rows[*row].turn)));
    }
    assert_ne!(timeline, Timeline::shuffled(&rows, 6, 10));
    assert_eq!(timeline, Timeline::shuffled(&rows, 6, 9));
}

#[test]
fn after_a_change_only_the_new_system_answers_and_before_it_only_the_others() {
    let rows = shop(600, 2);
    let is_new: Vec<bool> = (0..600).map(|at| at % 10 == 0).collect();
    let timeline = Timeline::changing(&rows, &is_new, 6, 0.5, 3).unwrap();
    let order: Vec<usize> = timeline.months.iter().flatten().copied().collect();
    assert_eq!(
        (order.len(), timeline.before_change, timeline.months.len()),
        (600, 300, 6)
    );
    assert!(order.iter().enumerate().all(|(at, row)| is_new[*row] == (at >= 300)));
    assert_eq!(Timeline::changing(&rows, &[false; 600], 6, 0.5, 3), None);
}

#[test]
fn the_gate_is_shut_in_the_first_month_and_opens_when_the_evidence_is_there() {
    let rows = shop(6_000, 3);
    let settings = settings(0.04);
    let all = played(&rows, &settings, 12);
    for shuffle in &all {
        let first = &shuffle.months[0];
        assert_eq!((first.opened, first.sent, first.verdicts), (None, 0, first.drafts));
        for month in shuffle.months.iter().filter(|month| month.opened.is_some()) {
            let held = month.drafts - month.sent;
            assert!(
                month.verdicts > held && month.verdicts < held + 300,
                "everything held is judged, and a sample of the rest"
            );
            assert!(month.opened.is_some_and(|opened| opened.upper <= settings.limit));
        }
    }
    let summary = summarise(&all, None, &rows, &settings, 1);
    assert!(summary.automation.is_some_and(|a| a > 0.6), "{summary:?}");
    assert!(summary.automation <= summary.automation_hindsight, "{summary:?}");
    assert!(summary.sent_bad_rate.is_some_and(|bad| bad < 0.04), "{summary:?}");
    assert!(summary.violation_rate.is_some_and(|rate| rate < 0.15), "{summary:?}");
    assert!(
        summary.statement_coverage.is_some_and(|share| share > 0.85),
        "{summary:?}"
    );
    assert!((1.0..3.0).contains(&summary.uncertified_months), "{summary:?}");
}

#[test]
fn nothing_is_certified_that_was_not_earned() {
    let settings = settings(0.04);
    for bad_every in [1, 4] {
        let mut rows = shop(3_000, 4);
        for (at, row) in rows.iter_mut().enumerate() {
            row.features = vec![0.0, 0.0];
            row.bad = at % bad_every == 0;
            row.judged_bad = row.bad;
        }
        let all = played(&rows, &settings, 5);
        let summary = summarise(&all, None, &rows, &settings, 1);
        assert_eq!(
            (summary.automation, summary.violation_p, summary.statements),
            (None, Some(1.0), 0)
        );
        assert!((summary.uncertified_months - 6.0).abs() < 1e-12);
    }
}

#[test]
fn all_good_few_and_no_answers_have_figures_or_none() {
    let settings = settings(0.04);
    let mut good = shop(3_000, 5);
    for row in &mut good {
        (row.bad, row.judged_bad) = (false, false);
    }
    let summary = summarise(&played(&good, &settings, 3), None, &good, &settings, 1);
    // Everything that is not riskier than anything before.
    assert!(summary.automation.is_some_and(|share| share > 0.99), "{summary:?}");
    assert_eq!((summary.violation_rate, summary.violation_p), (Some(0.0), Some(1.0)));
    let (score, baseline) = priors();
    let both = Priors {
        score: &score,
        baseline: &baseline,
    };
    assert_eq!(separation(&good, both, 1), None, "nothing to tell apart");
    for rows in [Vec::new(), shop(1, 6), shop(3, 6)] {
        let summary = summarise(&played(&rows, &settings, 2), None, &rows, &settings, 1);
        assert_eq!((summary.n, summary.automation), (rows.len(), None));
    }
    let nothing_sampled = Settings {
        sample_per_month: 0.0,
        ..settings
    };
    let rows = shop(3_000, 7);
    let summary = summarise(&played(&rows, &nothing_sampled, 2), None, &rows, &nothing_sampled, 1);
    assert_eq!(summary.statements, 0, "a claim takes a sample");
}

#[test]
fn a_feature_that_tells_is_better_than_one_that_does_not() {
    let rows = shop(3_000, 8);
    let (score, baseline) = priors();
    let both = Priors {
        score: &score,
        baseline: &baseline,
    };
    let found = separation(&rows, both, 1).unwrap();
    assert!(
        found.auroc > 0.8 && (found.auroc_baseline - 0.5).abs() < 0.06,
        "{found:?}"
    );
    assert!(found.auroc_diff_lower95 > 0.2 && found.auroc_diff_lower95 < found.auroc - found.auroc_baseline);
    assert_eq!(separation(&rows, both, 1), Some(found));
}

#[test]
fn second_opinions_undo_what_a_harsh_reviewer_costs() {
    let mut rows = shop(6_000, 9);
    for (at, row) in rows.iter_mut().enumerate() {
        // Every twelfth good answer is called bad.
        row.judged_bad = row.bad || at % 12 == 0;
    }
    let harsh = settings(0.08);
    let corrected = Settings {
        adjudicates: true,
        ..harsh
    };
    let without = summarise(&played(&rows, &harsh, 6), None, &rows, &harsh, 1);
    let with = summarise(&played(&rows, &corrected, 6), None, &rows, &corrected, 1);
    assert!(
        with.uncertified_months < without.uncertified_months,
        "{with:?}\n{without:?}"
    );
    assert!(with.second_opinions_a_month > 50.0 && without.second_opinions_a_month < 1e-12);
    assert!(with.sent_bad_rate.is_some_and(|bad| bad < 0.08));
}

#[test]
fn a_worse_system_raises_the_alarm_and_the_same_one_hardly_ever_does() {
    let mut rows = shop(6_000, 10);
    let is_new: Vec<bool> = (0..rows.len()).map(|at| at % 5 == 0).collect();
    for (row, new) in rows.iter_mut().zip(&is_new) {
        if *new && row.features[1] > 0.5 {
            (row.bad, row.judged_bad) = (true, true);
        }
    }
    let settings = settings(0.04);
    let (prior, _) = priors();
    let all: Vec<Played> = (0..10)
        .map(|seed| {
            let timeline = Timeline::changing(&rows, &is_new, 6, 0.5, seed).unwrap();
            play(&rows, &prior, &settings, &timeline, seed)
        })
        .collect();
    let found = drift(&all, &rows, &is_new);
    assert!(found.bad_rate_after > 0.2 && found.bad_rate_before < 0.1, "{found:?}");
    assert!(found.sending >= 8 && found.alarmed + 2 >= found.sending, "{found:?}");
    assert!(
        found.reviews_until_alarm.is_some_and(|n| (2.0..60.0).contains(&n)),
        "{found:?}"
    );
    assert!(found.false_alarms <= 1, "{found:?}");
    assert!(found.sent_bad_rate_after > found.sent_bad_rate_before, "{found:?}");
}
