use super::*;
use crate::stats::number::count;
use crate::stats::random::SplitMix64;
use proptest::prelude::*;

const RULES: Rules = Rules {
    limit: 0.04,
    risk: 0.05,
    score_version: 1,
    is_corrected: false,
};

fn draft(mode: Mode, risk: f64, evidence: Evidence) -> Draft {
    Draft {
        mode,
        risk,
        epoch: 1,
        group: 0,
        topic: 0,
        is_sensitive: false,
        is_fresh: false,
        evidence,
        stands_for: 1.0,
    }
}

/// Drafts with rising risk, all judged; every `bad_each`-th of the riskier half is bad.
fn judged(mode: Mode, number: usize, bad_each: usize) -> Vec<Draft> {
    (0..number)
        .map(|i| {
            let bad = bad_each > 0 && i > number / 2 && i % bad_each == 0;
            let evidence = if bad { Evidence::Bad } else { Evidence::Acceptable };
            draft(mode, count(i), evidence)
        })
        .collect()
}

fn certificate(drafts: &[Draft]) -> Certificate {
    certify(drafts, &[], &RULES).outcome.unwrap()
}

#[test]
fn the_test_begins_with_192_verdicts_at_four_percent() {
    assert_eq!(verdicts_needed(0.04, 0.05), 192);
    assert_eq!(verdicts_needed(f64::NAN, 0.05), u32::MAX);
    assert_eq!(verdicts_needed(0.04, 0.0), u32::MAX);
    assert!(matches!(
        certify(&judged(Mode::Quote, 191, 0), &[], &RULES).outcome,
        Err(Uncertified::TooFewVerdicts { needed: 192, effective }) if (effective - 191.0).abs() < 1e-9
    ));
    let certificate = certificate(&judged(Mode::Quote, 192, 0));
    assert_eq!(
        (certificate.reviewed, certificate.bad, certificate.automation),
        (192, 0, 1.0)
    );
}

#[test]
fn it_goes_as_far_as_the_bound_allows_and_not_one_set_further() {
    let found = certify(&judged(Mode::Quote, 2_000, 5), &[], &RULES);
    let certified: Vec<bool> = found.curve.iter().map(|step| step.is_certified).collect();
    let certificate = found.outcome.unwrap();
    assert!(certificate.upper <= 0.04 && certificate.automation > 0.5 && certificate.automation < 0.65);
    // In one piece, and the next set fails.
    let last = certified.iter().rposition(|is| *is).unwrap();
    assert!(found.curve[last + 1].upper > 0.04);
    assert!(certified[..=last].windows(2).all(|pair| pair[0] <= pair[1]));
}

#[test]
fn nothing_is_certified_without_evidence_or_rules() {
    let outcome = |drafts: &[Draft], rules: &Rules| certify(drafts, &[], rules).outcome;
    assert_eq!(outcome(&[], &RULES), Err(Uncertified::NothingToCertify));
    let unjudged = vec![draft(Mode::Verified, 0.1, Evidence::None); 1_000];
    assert!(matches!(
        outcome(&unjudged, &RULES),
        Err(Uncertified::TooFewVerdicts { effective: 0.0, .. })
    ));
    let one = [draft(Mode::Verified, 0.1, Evidence::Acceptable)];
    assert!(matches!(outcome(&one, &RULES), Err(Uncertified::TooFewVerdicts { .. })));
    let all_bad = vec![draft(Mode::Verified, 0.1, Evidence::Bad); 1_000];
    assert_eq!(outcome(&all_bad, &RULES), Err(Uncertified::OverLimit { upper: 1.0 }));
    for limit in [0.0, 1.0, f64::NAN, -0.1] {
        assert_eq!(
            outcome(&judged(Mode::Quote, 500, 0), &Rules { limit, ..RULES }),
            Err(Uncertified::NoRules)
        );
    }
    let nan = vec![draft(Mode::Verified, f64::NAN, Evidence::Acceptable); 1_000];
    assert_eq!(outcome(&nan, &RULES), Err(Uncertified::NothingToCertify));
    let weightless = vec![
        Draft {
            stands_for: f64::NAN,
            ..one[0]
        };
        1_000
    ];
    assert!(outcome(&weightless, &RULES).is_err());
    let one_conversation = vec![
        Draft {
            stands_for: f64::INFINITY,
            ..one[0]
        };
        1_000
    ];
    assert!(outcome(&one_conversation, &RULES).is_err());
}

#[test]
fn a_constant_score_is_all_or_nothing() {
    let good = vec![draft(Mode::Quote, 0.5, Evidence::Acceptable); 300];
    let found = certify(&good, &[], &RULES);
    assert_eq!(found.curve.len(), 1);
    assert_eq!(found.outcome.unwrap().automation, 1.0);
}

#[test]
fn safer_modes_certify_first_and_a_bad_one_blocks_what_comes_after() {
    let composed_bad: Vec<Draft> = judged(Mode::Compose, 400, 2);
    let verified_good = [judged(Mode::Verified, 300, 0), composed_bad.clone()].concat();
    let certificate = self::certificate(&verified_good);
    assert!(certificate.reach.admits(Mode::Verified, 1e9) && !certificate.reach.admits(Mode::Compose, 399.0));
    let verified_bad = [judged(Mode::Verified, 300, 1), judged(Mode::Compose, 4_000, 0)].concat();
    let reach = certify(&verified_bad, &[], &RULES)
        .outcome
        .map(|certificate| certificate.reach.mode);
    assert!(reach.is_err() || reach == Ok(Mode::Verified), "{reach:?}");
}

#[test]
fn sensitive_and_fresh_drafts_and_closed_topics_neither_count_nor_go_out() {
    let good = judged(Mode::Quote, 300, 0);
    let bad = |change: fn(&mut Draft)| {
        let mut drafts = vec![draft(Mode::Quote, 0.0, Evidence::Bad); 100];
        drafts.iter_mut().for_each(change);
        [good.clone(), drafts].concat()
    };
    let plain = certify(&bad(|_| ()), &[], &RULES);
    assert!(plain.outcome.is_err());
    for drafts in [
        bad(|draft| draft.is_sensitive = true),
        bad(|draft| draft.is_fresh = true),
    ] {
        assert_eq!(certificate(&drafts).automation, 0.75);
    }
    let topical = bad(|draft| draft.topic = 9);
    let topics = closed_topics(&topical, 0.04, 0.05);
    assert_eq!(
        topics
            .iter()
            .map(|topic| (topic.topic, topic.is_closed))
            .collect::<Vec<_>>(),
        [(0, false), (9, true)]
    );
    assert!(certify(&topical, &[9], &RULES).outcome.is_ok());
}

#[test]
fn among_many_topics_none_is_closed_by_chance() {
    // One of fifty has 6 bad of 60: alone it would be above the limit, but among fifty like it one has to look so.
    let of = |topic, bad: usize| {
        (0..60).map(move |at| Draft {
            topic,
            ..draft(
                Mode::Quote,
                0.1,
                if at < bad { Evidence::Bad } else { Evidence::Acceptable },
            )
        })
    };
    let alone: Vec<Draft> = of(0, 6).collect();
    assert!(closed_topics(&alone, 0.04, 0.05)[0].is_closed);
    let many: Vec<Draft> = of(0, 6).chain((1..50).flat_map(|topic| of(topic, 2))).collect();
    assert!(closed_topics(&many, 0.04, 0.05).iter().all(|topic| !topic.is_closed));
    let terrible: Vec<Draft> = of(0, 30).chain((1..50).flat_map(|topic| of(topic, 2))).collect();
    assert!(closed_topics(&terrible, 0.04, 0.05)[0].is_closed);
}

#[test]
fn a_topic_is_closed_by_evidence_only() {
    let drafts: Vec<Draft> = (0..5_u32)
        .flat_map(|topic| {
            let bad = usize::try_from(topic).unwrap();
            let of = |evidence| Draft {
                topic,
                ..draft(Mode::Quote, 0.1, evidence)
            };
            [vec![of(Evidence::Bad); bad], vec![of(Evidence::Acceptable); 40]].concat()
        })
        .collect();
    let closed = closed_topics(&drafts, 0.04, 0.05)
        .iter()
        .filter(|topic| topic.is_closed)
        .count();
    assert_eq!(closed, 0, "4 of 44 may be chance");
    assert!(
        closed_topics(&drafts, f64::NAN, 0.05)
            .iter()
            .all(|topic| topic.is_closed)
    );
    assert_eq!(closed_topics(&[], 0.04, 0.05), []);
    assert_eq!(
        closed_topics(&[draft(Mode::Quote, 0.1, Evidence::None)], 0.04, 0.05),
        []
    );
}

/// 2 000 sent drafts of which every tenth was judged, and 400 held ones that were all judged.
fn month(sent_bad: usize, held_bad: usize, bad: Evidence) -> Vec<Draft> {
    let sent = (0..2_000).map(|i| {
        let evidence = match i {
            _ if i % 10 != 0 => Evidence::None,
            _ if i / 10 < sent_bad => bad,
            _ => Evidence::Acceptable,
        };
        draft(Mode::Quote, 0.1, evidence)
    });
    let held = (0..400).map(|i| Draft {
        group: 9,
        ..draft(Mode::Quote, 0.9, if i < held_bad { bad } else { Evidence::Acceptable })
    });
    sent.chain(held).collect()
}

fn last_step(drafts: &[Draft]) -> Step {
    *certify(drafts, &[], &RULES).curve.last().unwrap()
}

#[test]
fn verdicts_are_weighted_by_what_they_stand_for() {
    // 4 of 200 stand for 40 of 2 000; 30 of 400 for themselves.
    let step = last_step(&month(4, 30, Evidence::Bad));
    assert!((step.estimate - 70.0 / 2_400.0).abs() < 1e-12, "{step:?}");
}

#[test]
fn what_was_decided_without_a_verdict_is_not_certified_by_verdicts_on_the_rest() {
    let approved = (0..200).map(|_| Draft {
        group: JUDGED_AT_THE_GATE,
        ..draft(Mode::Quote, 0.1, Evidence::Acceptable)
    });
    let taken_over = |judged: usize, found: Evidence| {
        (0..100).map(move |at| Draft {
            group: DECIDED_UNJUDGED,
            ..draft(Mode::Quote, 0.1, if at < judged { found } else { Evidence::None })
        })
    };
    let tested = |judged, found| last_step(&approved.clone().chain(taken_over(judged, found)).collect::<Vec<_>>());
    let nobody_asked = tested(0, Evidence::None);
    assert!(
        (nobody_asked.estimate - 100.0 / 300.0).abs() < 1e-12 && !nobody_asked.is_certified,
        "{nobody_asked:?}"
    );
    let few_asked = tested(4, Evidence::Acceptable);
    assert!((few_asked.estimate - 96.0 / 300.0).abs() < 1e-12, "{few_asked:?}");
    let asked = tested(20, Evidence::Acceptable);
    assert!(asked.estimate < 1e-12 && asked.effective > 128.0, "{asked:?}");
    let bad = tested(20, Evidence::Bad);
    assert!((bad.estimate - 100.0 / 300.0).abs() < 1e-12, "{bad:?}");
}

#[test]
fn what_went_out_with_hardly_anybody_looking_is_not_certified_by_what_was_held_before() {
    let held = (0..900).map(|at| Draft {
        group: JUDGED_AT_THE_GATE,
        ..draft(
            Mode::Quote,
            0.1,
            if at < 20 { Evidence::Bad } else { Evidence::Acceptable },
        )
    });
    let sent = |epoch: u32, number: usize, judged: usize, found: Evidence| {
        (0..number).map(move |at| Draft {
            epoch,
            ..draft(Mode::Quote, 0.1, if at < judged { found } else { Evidence::None })
        })
    };
    let tested = |sent: Vec<Draft>| last_step(&held.clone().chain(sent).collect::<Vec<_>>());
    assert!(tested(Vec::new()).upper < 0.04);
    let all_bad = tested(sent(1, 200, 4, Evidence::Bad).collect());
    assert!((all_bad.estimate - 220.0 / 1_100.0).abs() < 1e-12, "{all_bad:?}");
    let nobody_looked = tested(sent(1, 5_000, 0, Evidence::None).collect());
    assert!(nobody_looked.estimate > 0.8, "{nobody_looked:?}");
    // A month in which a tenth was judged says something of one that has just begun, and nothing of one in which nobody looks any more.
    let good_month = sent(1, 1_000, 100, Evidence::Acceptable);
    let just_begun = tested(good_month.clone().chain(sent(2, 50, 1, Evidence::Acceptable)).collect());
    assert!(just_begun.estimate < 0.02, "{just_begun:?}");
    let given_up = tested(good_month.chain(sent(2, 1_000, 1, Evidence::Acceptable)).collect());
    assert!(given_up.estimate > 0.3, "{given_up:?}");
}

#[test]
fn answers_that_were_looked_at_and_changed_since_are_not_called_bad() {
    let changed = (0..400).map(|at| {
        let evidence = if at % 4 == 0 {
            Evidence::AcceptableThenChanged
        } else {
            Evidence::None
        };
        Draft {
            epoch: 0,
            ..draft(Mode::Quote, 0.1, evidence)
        }
    });
    let known = (0..400).map(|at| Draft {
        epoch: 1,
        ..draft(
            Mode::Quote,
            0.1,
            if at % 4 == 0 {
                Evidence::Acceptable
            } else {
                Evidence::None
            },
        )
    });
    let step = last_step(&changed.chain(known).collect::<Vec<_>>());
    assert!(step.estimate < 1e-12 && step.reviewed == 100, "{step:?}");
}

#[test]
fn correcting_what_was_found_never_looks_better_than_the_rest_is() {
    let corrected = last_step(&month(4, 30, Evidence::BadThenChanged));
    assert_eq!(corrected, last_step(&month(4, 30, Evidence::Bad)));
    assert!(
        last_step(&month(4, 30, Evidence::None)).estimate < 1e-12,
        "which is what dropping them would claim"
    );
}

#[test]
fn a_publication_keeps_what_did_not_change() {
    use Evidence::{Acceptable, AcceptableThenChanged, Bad, BadThenChanged, None};
    for evidence in [None, Acceptable, Bad, BadThenChanged] {
        assert_eq!(carried_over(evidence, false), evidence);
    }
    assert_eq!(
        [None, Acceptable, Bad, BadThenChanged].map(|e| carried_over(e, true)),
        [None, AcceptableThenChanged, BadThenChanged, BadThenChanged]
    );
    assert_eq!([0, 2, 3, 99].map(is_fresh), [true, true, false, false]);
}

#[test]
fn drafts_of_one_conversation_are_not_independent_evidence() {
    let verdict = |conversation, unit, draft| ConversationVerdict {
        conversation,
        unit,
        draft,
    };
    let verdicts = [
        verdict(5, 0.4, 0),
        verdict(3, 0.9, 1),
        verdict(5, 0.2, 2),
        verdict(5, 0.7, 3),
    ];
    assert_eq!(one_per_conversation(&verdicts), [(1, 1.0), (2, 3.0)]);
    // 400 conversations of which some count thrice are worth less than 400 verdicts.
    let mut drafts = judged(Mode::Quote, 400, 0);
    drafts.iter_mut().step_by(4).for_each(|draft| draft.stands_for = 3.0);
    let effective = certificate(&drafts).effective;
    assert!((effective - 300.0).abs() < 1e-9, "{effective}");
}

#[test]
fn between_borders_a_certificate_only_shrinks() {
    let narrow = certify(&judged(Mode::Quote, 2_000, 5), &[], &RULES);
    let wide = certify(&judged(Mode::Quote, 2_000, 0), &[], &RULES);
    let none = certify(&[], &[], &RULES);
    let (narrow_certificate, wide_certificate) = (narrow.outcome.ok(), wide.outcome.ok());
    assert_eq!(next_certificate(wide_certificate, &narrow, false), narrow_certificate);
    assert_eq!(next_certificate(narrow_certificate, &wide, false), narrow_certificate);
    assert_eq!(next_certificate(narrow_certificate, &wide, true), wide_certificate);
    assert_eq!(next_certificate(None, &wide, false), None);
    assert_eq!(next_certificate(None, &wide, true), wide_certificate);
    for at_border in [false, true] {
        assert_eq!(next_certificate(wide_certificate, &none, at_border), None);
    }
    let other = Rules {
        score_version: 2,
        ..RULES
    };
    let rescored = certify(&judged(Mode::Quote, 2_000, 0), &[], &other);
    assert_eq!(next_certificate(wide_certificate, &rescored, false), None);
    let surer = certify(&judged(Mode::Quote, 2_000, 0), &[], &Rules { risk: 0.01, ..RULES });
    let renewed = next_certificate(wide_certificate, &surer, false).unwrap();
    assert_eq!(renewed.risk, 0.01, "whoever wants to be surer is told what is surer");
}

#[test]
fn epochs_end_with_the_month_or_after_300_verdicts() {
    assert_eq!(
        [(false, 299), (false, 300), (true, 0)].map(|(m, v)| epoch_is_over(m, v)),
        [false, true, true]
    );
    let spent: f64 = (1..100_000).map(|epoch| Spending::OverAll(0.05).risk(epoch)).sum();
    assert!(spent < 0.05 && spent > 0.0499, "{spent}");
    assert_eq!(
        (Spending::PerEpoch(0.05).risk(7), Spending::OverAll(0.05).risk(0)),
        (0.05, Spending::OverAll(0.05).risk(1))
    );
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let modes = prop::sample::select(Mode::ALL.to_vec());
    let evidence = prop::sample::select(vec![
        Evidence::None,
        Evidence::AcceptableThenChanged,
        Evidence::Acceptable,
        Evidence::Acceptable,
        Evidence::Bad,
        Evidence::BadThenChanged,
    ]);
    (
        modes,
        any::<f64>(),
        0_u32..3,
        0_u16..3,
        0_u32..3,
        evidence,
        prop_oneof![Just(1.0), any::<f64>()],
    )
        .prop_map(|(mode, risk, epoch, group, topic, evidence, stands_for)| Draft {
            epoch,
            group,
            topic,
            stands_for,
            ..draft(mode, risk, evidence)
        })
}

proptest! {
    #[test]
    fn whatever_the_drafts_a_certificate_keeps_the_limit_and_the_order_of_drafts_does_not_matter(
        drafts in prop::collection::vec(any_draft(), 0..300), limit in 0.01..0.9_f64,
    ) {
        let rules = Rules { limit, ..RULES };
        let found = certify(&drafts, &[1], &rules);
        if let Ok(certificate) = found.outcome {
            prop_assert!(certificate.upper <= limit && certificate.effective > 0.0);
            prop_assert!(certificate.automation > 0.0 && certificate.automation <= 1.0);
        }
        for pair in found.curve.windows(2) {
            prop_assert!(pair[0].automation <= pair[1].automation);
        }
        for topic in closed_topics(&drafts, limit, 0.05) {
            prop_assert!((0.0..=1.0).contains(&topic.lower));
        }
    }

    #[test]
    fn one_more_bad_verdict_never_opens_further(seed in any::<u64>(), number in 200_usize..800) {
        let mut random = SplitMix64::new(seed);
        let mut drafts: Vec<Draft> = (0..number)
            .map(|_| draft(Mode::Quote, random.unit(), if random.unit() < 0.02 { Evidence::Bad } else { Evidence::Acceptable }))
            .collect();
        let reach = |drafts: &[Draft]| certify(drafts, &[], &RULES).outcome.map_or(0.0, |certificate| certificate.automation);
        let before = reach(&drafts);
        drafts[number / 3].evidence = Evidence::Bad;
        prop_assert!(reach(&drafts) <= before);
    }
}
