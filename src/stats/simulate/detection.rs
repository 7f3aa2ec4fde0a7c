//! F1 and G1: noticing that answers became worse, and that nothing differs.

use super::Scenario;
use super::judge::{mean, median, share};
use super::world::{Luck, yes};
use crate::stats::drift::{ALARM_LEVEL, Detector};
use crate::stats::eprocess::{ENOUGH, SameQuestions, TwoVersions};
use crate::stats::number::count;

const LIMIT: f64 = 0.04;
/// An alarm that takes longer than this is not waited for.
const LONGEST: usize = 20_000;
/// Reviews a year, 30 a day.
const YEAR: usize = 10_950;
/// Answers of each version, and questions asked of both.
const BLOCKS: usize = 1_357;
const PAIRS: usize = 688;
/// Part of the failures that both versions share.
const SHARED: f64 = 0.65;

/// Reviews until the alarm when the share of bad answers is `bad` from the start; `strata` are parts of the reviews with their weight `B_h`.
fn delay(bad: f64, strata: &[(f64, f64)], most: usize, luck: &mut Luck) -> Option<usize> {
    let mut detector = Detector::new(LIMIT, ALARM_LEVEL)?;
    (1..=most).find(|_| {
        let mut place = luck.unit();
        let stratum = strata.iter().find(|(part, _)| {
            place -= part;
            place < 0.0
        });
        let weight = stratum.or(strata.last()).map_or(1.0, |(_, weight)| *weight);
        detector.observe(luck.chance(bad), weight)
    })
}

fn two_versions(a: f64, b: f64, luck: &mut Luck) -> f64 {
    let mut evidence = TwoVersions::default();
    yes((0..BLOCKS).any(|_| evidence.observe(luck.chance(a), luck.chance(b)) >= ENOUGH))
}

fn same_questions(a: f64, b: f64, luck: &mut Luck) -> f64 {
    let mut evidence = SameQuestions::default();
    let both = SHARED * a.min(b);
    let pair = |luck: &mut Luck| {
        let place = luck.unit();
        (place < a, place < both || (a <= place && place < a + b - both))
    };
    yes((0..PAIRS).any(|_| {
        let (a_bad, b_bad) = pair(luck);
        evidence.observe(a_bad, b_bad) >= ENOUGH
    }))
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let delayed = |name: &str, bad, strata: &'static [(f64, f64)], most: Option<f64>| {
        let measure = median("reviews_until_alarm");
        let measure = match most {
            Some(most) => measure.at_most(most),
            None => measure,
        };
        Scenario::new("F1", name, vec![measure], move |luck| {
            let delay = delay(bad, strata, LONGEST, luck);
            vec![count(delay.unwrap_or(LONGEST))]
        })
    };
    let unfounded = |name: &str, bad| {
        Scenario::new("F1", name, vec![share("alarm_within_a_year")], move |luck| {
            vec![yes(delay(bad, &[(1.0, 1.0)], YEAR, luck).is_some())]
        })
    };
    let versions = |name: &str, measure, play: fn(&mut Luck) -> f64| {
        Scenario::new("G1", name, vec![measure], move |luck| vec![play(luck)])
    };
    vec![
        delayed("limit 4 %, 8 % bad", 0.08, &[(1.0, 1.0)], Some(240.0)),
        delayed("limit 4 %, 12 % bad", 0.12, &[(1.0, 1.0)], Some(95.0)),
        // Two halves of the answers, of which the reviews come to a quarter and three quarters: B = 2 and 2/3.
        delayed(
            "limit 4 %, 8 % bad, uneven sample",
            0.08,
            &[(0.25, 2.0), (0.75, 2.0 / 3.0)],
            None,
        ),
        unfounded("limit 4 %, 3 % bad: alarms without need", 0.03),
        Scenario::new(
            "F1",
            "limit 4 %, 4 % bad: reviews until an alarm, 20 000 at most",
            vec![mean("reviews_until_alarm").at_least(ALARM_LEVEL)],
            |luck| vec![count(delay(LIMIT, &[(1.0, 1.0)], LONGEST, luck).unwrap_or(LONGEST))],
        ),
        versions("A/A, different visitors", share("rejected").at_most(0.05), |luck| {
            two_versions(0.06, 0.06, luck)
        }),
        versions("A/A, same questions", share("rejected").at_most(0.05), |luck| {
            same_questions(0.06, 0.06, luck)
        }),
        versions("A/B 6 against 3 %, different visitors", share("found"), |luck| {
            two_versions(0.06, 0.03, luck)
        }),
        versions("A/B 6 against 3 %, same questions", share("found"), |luck| {
            same_questions(0.06, 0.03, luck)
        }),
    ]
}
