use super::*;
use proptest::prelude::*;

const WORKSPACE: [u8; 16] = [7; 16];

fn key() -> MonthKey {
    MonthKey::new([0x5a; 32])
}

fn draw() -> Draw {
    Draw::new(&key(), WORKSPACE, "2026-05", Purpose::Sample)
}

fn band(expected: f64, reviewed: f64, bad: f64) -> BandHistory {
    BandHistory {
        expected,
        reviewed,
        bad,
    }
}

fn history() -> Vec<BandHistory> {
    vec![
        band(12_000.0, 360.0, 8.0),
        band(9_000.0, 270.0, 16.0),
        band(5_400.0, 162.0, 18.0),
        band(2_400.0, 72.0, 14.0),
        band(1_200.0, 36.0, 13.0),
    ]
}

#[test]
fn bands_hold_the_share_of_answers_they_are_cut_for() {
    let risks: Vec<f64> = (0..1_000).map(|i| f64::from((i * 7919) % 1_000)).collect();
    let bands = Bands::of_last_month(&risks);
    let mut sizes = [0; 5];
    for risk in &risks {
        sizes[bands.of(*risk)] += 1;
    }
    assert_eq!((bands.len(), sizes), (5, [400, 300, 180, 80, 40]));
    assert_eq!(Bands::from_cuts(bands.cuts().to_vec()), Some(bands));
}

#[test]
fn strange_risks_have_a_band_too() {
    assert_eq!(Bands::of_last_month(&[]), Bands::one());
    assert_eq!(Bands::of_last_month(&[f64::NAN]).len(), 1);
    let constant = Bands::of_last_month(&[0.3; 50]);
    assert_eq!((constant.of(0.3), constant.of(0.31), constant.of(f64::NAN)), (0, 4, 4));
    assert_eq!(Bands::from_cuts(vec![0.5, 0.2]), None);
    assert_eq!(Bands::from_cuts(vec![f64::NAN]), None);
}

#[test]
fn riskier_bands_are_looked_at_more_and_none_less_than_half_as_much_as_evenly() {
    let allocation = allocate(&history(), 900.0);
    assert_eq!(allocation.division, Division::ByRisk);
    assert!(allocation.probabilities.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(allocation.probabilities.iter().all(|p| *p >= 0.5 * 900.0 / 30_000.0));
    let planned: f64 = allocation
        .probabilities
        .iter()
        .zip(history())
        .map(|(p, band)| p * band.expected)
        .sum();
    assert!((planned - 900.0).abs() < 1e-9, "{planned}");
}

#[test]
fn uniform_where_dividing_gains_nothing() {
    for (history, reviews) in [
        (history(), 149.0),
        (vec![band(10_000.0, 300.0, 18.0); 5], 900.0),
        (vec![band(10_000.0, 0.0, 0.0); 5], 900.0),
        (vec![band(10_000.0, 300.0, 0.0); 5], 900.0),
        (vec![band(10_000.0, 5.0, 9.0), band(1.0, f64::NAN, 0.0)], 900.0),
    ] {
        let allocation = allocate(&history, reviews);
        assert_eq!(allocation.division, Division::Uniform, "{history:?}");
        assert!(allocation.probabilities.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[test]
fn every_capacity_and_traffic_has_an_allocation() {
    assert_eq!(review_budget(100.0, 20.0), 72.0);
    for (capacity, load) in [
        (0.0, 0.0),
        (10.0, 50.0),
        (f64::NAN, 0.0),
        (10.0, f64::NAN),
        (f64::INFINITY, 0.0),
    ] {
        let budget = review_budget(capacity, load);
        assert!(budget.is_finite() && budget >= 0.0, "{capacity} {load} {budget}");
    }
    assert_eq!(allocate(&history(), 0.0).probability(2), 0.0);
    assert_eq!(allocate(&history(), f64::NAN).probability(2), 0.0);
    assert_eq!(allocate(&history(), 1e9).probabilities, vec![1.0; 5]);
    assert_eq!(allocate(&[], 10.0).probability(0), 1.0);
    assert_eq!(allocate(&[band(0.0, 0.0, 0.0)], 10.0).probability(3), 1.0);
    assert_eq!(
        allocate(&[band(f64::INFINITY, 0.0, 0.0), band(-3.0, 0.0, 0.0)], 10.0).probability(0),
        1.0
    );
}

#[test]
fn held_drafts_that_are_nearer_to_going_out_are_looked_at_more() {
    let [near, far] = allocate_held(10_000.0, 135.0);
    assert!((near * 5_000.0 - 108.0).abs() < 1e-9 && (far * 5_000.0 - 27.0).abs() < 1e-9);
    assert_eq!(allocate_held(10.0, 135.0), [1.0; 2]);
    for (held, reviews) in [
        (0.0, 10.0),
        (10.0, 0.0),
        (f64::NAN, 10.0),
        (10.0, f64::NAN),
        (-5.0, 10.0),
        (10.0, f64::INFINITY),
    ] {
        assert_eq!(allocate_held(held, reviews), [0.0; 2], "{held} {reviews}");
    }
}

#[test]
fn a_draw_is_the_hash_that_any_other_program_computes() {
    // python3 -c "import hmac,hashlib;m=b'holdpoint draw 1\0sample\x002026-05\0'+bytes([7]*16)+(42).to_bytes(8,'big');
    // d=hmac.new(b'\x5a'*32,m,hashlib.sha256).digest();print(repr(((int.from_bytes(d[:8],'big')>>12)+.5)/2**52))"
    assert_eq!(draw().unit(42), 0.664_680_172_224_195_4);
    // python3 -c "import hashlib;print(hashlib.sha256(b'\x5a'*32).hexdigest())"
    let commitment = key().commitment().map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(
        commitment,
        "60bf07c488aad18fda339df07e4fbc47b4f00be71711936f18d04d352ad01890"
    );
}

#[test]
fn draws_are_even_and_those_of_other_purposes_months_and_shops_are_others() {
    let others = [
        Draw::new(&key(), WORKSPACE, "2026-05", Purpose::Adjudication),
        Draw::new(&key(), WORKSPACE, "2026-06", Purpose::Sample),
        Draw::new(&key(), [8; 16], "2026-05", Purpose::Sample),
        Draw::new(&MonthKey::new([1; 32]), WORKSPACE, "2026-05", Purpose::Sample),
    ];
    let draw = draw();
    let drawn = (0..20_000).filter(|sequence| draw.selects(*sequence, 0.1)).count();
    assert!((1_870..2_130).contains(&drawn), "{drawn}");
    for other in others {
        let both = (0..20_000)
            .filter(|s| draw.selects(*s, 0.1) && other.selects(*s, 0.1))
            .count();
        assert!((140..262).contains(&both), "{both}");
    }
}

#[test]
fn a_probability_of_one_draws_everything_and_none_nothing() {
    let draw = draw();
    for sequence in (0..10_000).chain([u64::MAX]) {
        assert!(draw.selects(sequence, 1.0) && draw.selects(sequence, 7.0));
        assert!(!draw.selects(sequence, 0.0) && !draw.selects(sequence, f64::NAN) && !draw.selects(sequence, -1.0));
    }
}

fn month() -> Vec<DrawRow> {
    let draw = draw();
    (10..2_000)
        .map(|sequence| DrawRow {
            sequence,
            band: 0,
            probability: 0.2,
            drawn: draw.selects(sequence, 0.2),
        })
        .collect()
}

fn verify(rows: &[DrawRow]) -> DrawReport {
    verify_month(WORKSPACE, "2026-05", Some(&key()), &key().commitment(), &[0.2], rows)
}

#[test]
fn an_honest_month_is_found_fair() {
    let report = verify(&month());
    assert!(report.is_fair() && report.checked == 1_990 && report.drawn > 300);
    assert!(verify(&[]).is_fair());
}

#[test]
fn whatever_was_tampered_with_is_named() {
    let at = month().iter().rposition(|row| row.drawn).unwrap();
    let tampered = |change: fn(&mut DrawRow)| {
        let mut rows = month();
        change(&mut rows[at]);
        verify(&rows).problems
    };
    let sequence = month()[at].sequence;
    assert_eq!(tampered(|row| row.drawn = false), [DrawProblem::LeftOut { sequence }]);
    assert!(matches!(
        tampered(|row| row.probability = 0.1)[..],
        [DrawProblem::OtherProbability { .. }]
    ));
    assert!(matches!(
        tampered(|row| row.probability = f64::NAN)[..],
        [DrawProblem::NoProbability { .. }]
    ));
    assert!(matches!(
        tampered(|row| row.sequence = 5)[..],
        [DrawProblem::OutOfOrder { sequence: 5 }, ..]
    ));
    let mut rows = month();
    let left = rows.iter_mut().find(|row| !row.drawn).unwrap();
    left.drawn = true;
    let sequence = left.sequence;
    assert_eq!(verify(&rows).problems, [DrawProblem::DrawnWrongly { sequence }]);
}

#[test]
fn without_the_key_that_was_committed_to_nothing_is_called_fair() {
    let commitment = key().commitment();
    let other = MonthKey::new([0; 32]);
    let with = |key| verify_month(WORKSPACE, "2026-05", key, &commitment, &[0.2], &month()).problems;
    assert_eq!(with(None), [DrawProblem::KeyMissing]);
    assert_eq!(with(Some(&other)), [DrawProblem::OtherKey]);
}

#[test]
fn a_key_does_not_show_itself() {
    assert_eq!(format!("{:?}", key()), "MonthKey(…)");
}

proptest! {
    #[test]
    fn any_history_has_probabilities(
        bands in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>()), 0..7), reviews in any::<f64>(),
    ) {
        let history: Vec<BandHistory> = bands.into_iter().map(|(a, b, c)| band(a, b, c)).collect();
        let allocation = allocate(&history, reviews);
        for band in 0..8 {
            prop_assert!((0.0..=1.0).contains(&allocation.probability(band)), "{allocation:?}");
        }
    }
}
