use super::*;
use crate::stats::random::SplitMix64;
use proptest::prelude::*;

const DIMENSIONS: usize = 24;

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = dot(&vector, &vector).sqrt();
    for value in &mut vector {
        *value /= length;
    }
    vector
}

fn random(luck: &mut SplitMix64) -> Vec<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "any number does")]
    let vector = (0..DIMENSIONS).map(|_| luck.unit() as f32 - 0.5).collect();
    unit(vector)
}

/// Questions around so many subjects, in turn.
fn questions(subjects: usize, number: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut luck = SplitMix64::new(seed);
    let middles: Vec<Vec<f32>> = (0..subjects).map(|_| random(&mut luck)).collect();
    (0..number)
        .map(|at| {
            let noise = random(&mut luck);
            let of = &middles[at % subjects];
            unit(
                of.iter()
                    .zip(&noise)
                    .map(|(middle, noise)| middle + 0.5 * noise)
                    .collect(),
            )
        })
        .collect()
}

fn fed(vectors: &[Vec<f32>]) -> Clusters {
    let mut clusters = Clusters::default();
    for vector in vectors {
        clusters.take(vector.clone());
        clusters.gather();
    }
    clusters
}

fn roots(clusters: &Clusters) -> Vec<Option<usize>> {
    let of = |question: &Question| question.cluster.map(|cluster| clusters.root(cluster));
    clusters.questions().iter().map(of).collect()
}

#[test]
fn questions_of_one_subject_come_together() {
    let clusters = fed(&questions(6, 140, 1));
    let found: Vec<usize> = roots(&clusters)
        .into_iter()
        .map(|root| root.unwrap_or(usize::MAX))
        .collect();
    let labels: Vec<usize> = (0..140).map(|at| at % 6).collect();
    assert!(purity(&found, &labels) > 0.95, "{}", purity(&found, &labels));
    assert!((6..=9).contains(&clusters.live()), "{}", clusters.live());
}

#[test]
fn before_the_first_moment_everything_waits() {
    let clusters = fed(&questions(3, SETTLES_AT[0] - 1, 2));
    assert!(clusters.live() == 0 && roots(&clusters).iter().all(Option::is_none));
    assert!(fed(&questions(3, SETTLES_AT[0], 2)).live() > 0);
}

#[test]
fn between_the_moments_no_question_moves() {
    let vectors = questions(5, 500, 3);
    let mut clusters = fed(&vectors[..200]);
    for vector in &vectors[200..] {
        let before = roots(&clusters);
        clusters.take(vector.clone());
        clusters.gather();
        for (before, after) in before.iter().zip(roots(&clusters)) {
            assert!(before.is_none() || *before == after);
        }
    }
}

#[test]
fn at_a_moment_a_cluster_goes_on_where_most_of_its_questions_are() {
    let vectors = questions(4, 128, 12);
    let before = fed(&vectors[..127]);
    let after = fed(&vectors);
    let (places, later) = (roots(&before), roots(&after));
    let both = places.iter().zip(&later);
    let stayed = both
        .filter(|(before, after)| before.is_some() && before == after)
        .count();
    assert!(stayed > 100, "{stayed}");
    assert!(
        after.clusters().len() >= before.clusters().len(),
        "a cluster never vanishes"
    );
}

#[test]
fn what_a_person_named_is_left_alone() {
    let vectors = questions(4, 128, 5);
    let mut clusters = fed(&vectors[..127]);
    let named = roots(&clusters)[0].unwrap();
    clusters.all[named].is_kept = true;
    let members: Vec<usize> = (0..127).filter(|at| roots(&clusters)[*at] == Some(named)).collect();
    clusters.take(vectors[127].clone());
    assert!(members.iter().all(|at| roots(&clusters)[*at] == Some(named)));
    assert!(clusters.all[named].is_kept && clusters.all[named].merged_into.is_none());
}

#[test]
fn what_resembles_nothing_waits_until_there_is_more_of_it() {
    let mut clusters = fed(&questions(4, 2_060, 6));
    assert!(clusters.is_settled());
    let live = clusters.live();
    let new = questions(1, 40, 99);
    for vector in &new[..3] {
        clusters.take(vector.clone());
    }
    clusters.gather();
    assert!(roots(&clusters).iter().rev().take(3).all(Option::is_none));
    for vector in &new[3..] {
        clusters.take(vector.clone());
        clusters.gather();
    }
    assert_eq!(clusters.live(), live + 1);
    assert!(roots(&clusters).iter().rev().take(40).all(Option::is_some));
}

#[test]
fn where_there_is_no_room_small_clusters_give_way_to_older_ones_and_what_is_kept_does_not() {
    let mut luck = SplitMix64::new(7);
    let cluster = |mean: Vec<f32>, is_kept| Cluster {
        mean,
        questions: 3,
        is_kept,
        merged_into: None,
    };
    let means: Vec<Vec<f32>> = (0..MOST).map(|_| random(&mut luck)).collect();
    let twin = |at: usize| cluster(means[at].clone(), false);
    let mut all: Vec<Cluster> = (0..MOST).map(|at| cluster(means[at].clone(), true)).collect();
    let waiting = |all: Vec<Cluster>| {
        let new: Vec<Question> = questions(1, WORTH_IT, 8)
            .into_iter()
            .map(|vector| Question { vector, cluster: None })
            .collect();
        let mut clusters = Clusters::restored(all, new, 5_000);
        clusters.gather();
        clusters
    };
    let full = waiting(all.clone());
    assert!(full.live() == MOST && roots(&full).iter().all(Option::is_none));
    all[MOST - 1] = twin(0);
    let room = waiting(all);
    assert_eq!((room.live(), room.clusters()[MOST - 1].merged_into), (MOST, Some(0)));
    assert!(roots(&room).iter().all(|root| *root == Some(MOST)));
}

#[test]
fn what_is_stored_goes_on_as_if_nothing_had_happened() {
    let vectors = questions(5, 160, 9);
    let whole = fed(&vectors);
    let half = fed(&vectors[..100]);
    let mut again = Clusters::restored(half.clusters().to_vec(), half.questions().to_vec(), 100);
    for vector in &vectors[100..] {
        again.take(vector.clone());
        again.gather();
    }
    assert_eq!(roots(&whole), roots(&again));
}

#[test]
fn agreement_is_one_for_the_same_and_nothing_for_what_tells_nothing() {
    let labels = [0, 0, 1, 1, 2, 2];
    assert!((purity(&[5, 5, 3, 3, 9, 9], &labels) - 1.0).abs() < 1e-12);
    assert!((mutual_information(&[5, 5, 3, 3, 9, 9], &labels) - 1.0).abs() < 1e-12);
    assert!((purity(&[1; 6], &labels) - 1.0 / 3.0).abs() < 1e-12);
    assert!(mutual_information(&[1; 6], &labels) < 1e-12 && purity(&[], &[]) < 1e-12);
    // Checked by hand: H(found) = ln 2, H(labels) = ln 3, I = ln 2 - 1/3 ln 2.
    let expected = (2.0 / 3.0 * 2.0_f64.ln()) / f64::midpoint(2.0_f64.ln(), 3.0_f64.ln());
    assert!((mutual_information(&[0, 0, 0, 1, 1, 1], &labels) - expected).abs() < 1e-12);
}

#[test]
fn k_means_finds_what_is_plain() {
    let vectors = questions(5, 100, 10);
    let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
    let labels: Vec<usize> = (0..100).map(|at| at % 5).collect();
    assert!(purity(&k_means(&vectors, 5, 5, 1), &labels) > 0.9);
    assert!(k_means(&[], 5, 2, 1).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn every_question_is_counted_once(seed in any::<u64>(), subjects in 1_usize..12, number in 0_usize..170) {
        let clusters = fed(&questions(subjects, number, seed));
        let placed = clusters.questions().iter().filter(|question| question.cluster.is_some()).count();
        let counted: u64 = clusters.clusters().iter().map(|cluster| cluster.questions).sum();
        prop_assert_eq!(counted, placed as u64);
        prop_assert!(clusters.live() <= MOST);
        for cluster in clusters.clusters() {
            prop_assert!(cluster.mean.iter().all(|value| value.is_finite()));
        }
    }
}
