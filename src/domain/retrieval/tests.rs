use super::*;
use proptest::prelude::*;

fn entry(whole: [f32; 2], body: [f32; 2]) -> EntryVectors {
    EntryVectors {
        ranking: ranking_vector(&whole, &body),
        title: Some(whole.to_vec()),
        body: body.to_vec(),
    }
}

fn stand_out(scores: &[f64]) -> f64 {
    let mut surroundings = Surroundings::default();
    for score in scores {
        surroundings.add(*score);
    }
    scores.first().map_or(0.0, |best| surroundings.stand_out(*best))
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

#[test]
fn the_body_alone_decides_between_equal_wholes() {
    let entries = [entry([0.8, 0.6], [0.0, 1.0]), entry([0.8, 0.6], [1.0, 0.0])];
    let ranking = rank(&[1.0, 0.0], &entries, 10).unwrap_or_default();
    let order: Vec<usize> = ranking.entries.iter().map(|e| e.index).collect();
    assert_eq!(order, [1, 0]);
    // (0.8 + 0.5 * 1) / 1.5 and (0.8 + 0) / 1.5
    assert!(ranking.entries.first().is_some_and(|e| near(e.score, 1.3 / 1.5)));
    assert!(near(ranking.gap, 0.5 / 1.5), "{ranking:?}");
}

#[test]
fn equal_scores_keep_their_order_and_only_the_nearest_are_kept() {
    let entries = vec![entry([1.0, 0.0], [1.0, 0.0]); 5];
    let ranking = rank(&[1.0, 0.0], &entries, 2).unwrap_or_default();
    let order: Vec<usize> = ranking.entries.iter().map(|e| e.index).collect();
    assert_eq!(order, [0, 1]);
    assert!(near(ranking.stand_out, 0.0), "five equal entries: none stands out");
}

#[test]
fn standing_out_is_the_best_minus_the_self_weighted_mean_of_the_others() {
    // (0.4² + 0.2²) / (0.4 + 0.2) = 1/3
    assert!(near(stand_out(&[0.7, 0.4, 0.2]), 0.7 - 1.0 / 3.0));
}

#[test]
fn unrelated_entries_hardly_change_how_far_the_best_stands_out() {
    let mut scores = vec![0.7, 0.4, 0.4, 0.3];
    let alone = stand_out(&scores);
    scores.extend([0.01; 40]);
    scores.extend([-0.2; 40]);
    assert!((stand_out(&scores) - alone).abs() < 0.15);
    assert!(stand_out(&scores) > alone);
}

#[test]
fn a_single_entry_is_compared_with_what_an_unrelated_one_scores() {
    assert!(near(stand_out(&[0.65]), 0.5));
    assert!(near(stand_out(&[0.65, -0.1]), 0.5));
    assert!(near(stand_out(&[]), 0.0));
}

#[test]
fn vectors_of_another_model_are_an_error_that_names_the_entry() {
    let entries = [
        entry([1.0, 0.0], [1.0, 0.0]),
        EntryVectors {
            ranking: vec![1.0; 3],
            ..entry([1.0, 0.0], [1.0, 0.0])
        },
    ];
    assert_eq!(
        rank(&[1.0, 0.0], &entries, 1),
        Err(RetrievalError::Dimensions {
            index: 1,
            expected: 2,
            found: 3
        })
    );
}

proptest! {
    #[test]
    fn dot_equals_the_plain_sum(pairs in prop::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 0..40)) {
        let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let plain: f32 = a.iter().zip(&b).map(|(x, y)| x * y).sum();
        prop_assert!((dot(&a, &b) - plain).abs() < 1e-4);
    }

    #[test]
    fn the_ranking_is_sorted_and_standing_out_is_bounded(
        vectors in prop::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 0..30),
    ) {
        let entries: Vec<EntryVectors> = vectors.iter().map(|&(x, y)| entry([x, y], [y, x])).collect();
        let ranking = rank(&[0.6, 0.8], &entries, entries.len()).unwrap_or_default();
        prop_assert_eq!(ranking.entries.len(), entries.len());
        prop_assert!(ranking.entries.is_sorted_by(|a, b| a.score >= b.score));
        prop_assert!(ranking.stand_out.is_finite() && ranking.gap >= 0.0);
    }
}

/// The plain way: every score, sorted, and the others' mean weighted by itself.
fn plainly(question: &[f32], vectors: &[Vec<f32>], keep: usize) -> (Vec<usize>, f64, f64) {
    let mut scores: Vec<(usize, f64)> = vectors
        .iter()
        .map(|vector| f64::from(dot(question, vector)))
        .enumerate()
        .collect();
    scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let gap = if let [(_, best), (_, second), ..] = scores.as_slice() {
        best - second
    } else {
        0.0
    };
    let others = scores
        .iter()
        .skip(1)
        .map(|(_, score)| *score)
        .filter(|score| *score > 0.0);
    let (squares, weights) = others.fold((0.0, 0.0), |(squares, weights), score| {
        (squares + score * score, weights + score)
    });
    let surroundings = if weights > 0.0 {
        squares / weights
    } else {
        UNRELATED_SCORE
    };
    let stand_out = scores.first().map_or(0.0, |(_, best)| best - surroundings);
    (
        scores.iter().take(keep).map(|(index, _)| *index).collect(),
        gap,
        stand_out,
    )
}

proptest! {
    #[test]
    fn one_pass_finds_what_sorting_all_scores_finds(
        vectors in prop::collection::vec(prop::collection::vec(-1.0f32..1.0, 12), 0..60),
        question in prop::collection::vec(-1.0f32..1.0, 12),
        keep in 1_usize..12,
    ) {
        let found = scan(&question, vectors.iter().map(Vec::as_slice).enumerate(), keep).unwrap();
        let (order, gap, stand_out) = plainly(&question, &vectors, keep);
        let indexes: Vec<usize> = found.entries.iter().map(|entry| entry.index).collect();
        prop_assert_eq!(indexes, order);
        prop_assert!(near(found.gap, gap) && near(found.stand_out, stand_out), "{:?} {} {}", found, gap, stand_out);
    }

    #[test]
    fn the_ranking_vector_scores_as_the_two_cosines_do(
        whole in prop::collection::vec(-1.0f32..1.0, 24),
        body in prop::collection::vec(-1.0f32..1.0, 24),
        question in prop::collection::vec(-1.0f32..1.0, 24),
    ) {
        let at_once = dot(&question, &ranking_vector(&whole, &body));
        let apart = (dot(&question, &whole) + BODY_WEIGHT * dot(&question, &body)) / (1.0 + BODY_WEIGHT);
        prop_assert!((at_once - apart).abs() < 1e-5);
    }
}
