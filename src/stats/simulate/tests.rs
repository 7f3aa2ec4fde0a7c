use super::*;

#[test]
fn every_row_of_the_specification_is_played() {
    let ids: std::collections::BTreeSet<&str> = scenarios().iter().map(|scenario| scenario.id).collect();
    let expected = [
        "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "D1",
        "E1", "F1", "G1", "C1", "P1", "P2",
    ];
    assert_eq!(ids, expected.into());
}

#[test]
fn a_repetition_is_the_same_for_the_same_seed_and_another_for_another() {
    for scenario in scenarios()
        .iter()
        .filter(|scenario| scenario.id == "G1" || scenario.name.contains("8 % bad"))
    {
        assert_eq!(scenario.play(1, 2), scenario.play(1, 2));
    }
    let detector = scenarios().into_iter().find(|scenario| scenario.id == "F1").unwrap();
    assert_ne!(detector.play(1, 2), detector.play(1, 3));
    assert_ne!(detector.play(1, 2), detector.play(2, 2));
}

#[test]
fn every_scenario_gives_a_value_for_each_of_its_measures() {
    // The fast ones; the rest is what `holdpoint simulate` is for.
    for scenario in scenarios() {
        if ["F1", "G1", "T7", "S8"].contains(&scenario.id) {
            let values = scenario.play(7, 0);
            assert_eq!(values.len(), scenario.measures.len(), "{}", scenario.name);
            let row = scenario.judge(&[values]);
            assert!((0.0..=1.0).contains(&row.p_value) && row.id == scenario.id);
        }
    }
}

#[test]
fn a_bar_that_is_not_kept_is_found() {
    let too_hasty = Scenario::new(
        "X",
        "a bound that is wrong in a tenth",
        vec![judge::share("missed").at_most(0.05)],
        |luck| vec![world::yes(luck.chance(0.1))],
    );
    let repetitions: Vec<Vec<f64>> = (0..FULL).map(|repetition| too_hasty.play(3, repetition)).collect();
    assert!(!too_hasty.judge(&repetitions).pass);
}
