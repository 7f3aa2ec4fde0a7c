use super::*;
use crate::stats::random::SplitMix64;
use proptest::prelude::*;

const DIMENSIONS: usize = 12;

fn vector(random: &mut SplitMix64) -> Vec<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "any numbers will do")]
    let numbers: Vec<f32> = (0..DIMENSIONS).map(|_| random.unit() as f32 - 0.5).collect();
    unit(&numbers)
}

fn unit(numbers: &[f32]) -> Vec<f32> {
    let length = dot(numbers, numbers).sqrt();
    numbers.iter().map(|number| number / length).collect()
}

/// A small shop: what its entries say, and what visitors ask, which lies apart from it in a way that can be learned.
struct Shop {
    keys: Vec<String>,
    entries: Vec<Vec<f32>>,
    /// A question and the entry that is right for it.
    asked: Vec<(Vec<f32>, usize)>,
    groups: Vec<String>,
}

fn shop(entries: usize, questions: usize, seed: u64) -> Shop {
    let mut random = SplitMix64::new(seed);
    let vectors: Vec<Vec<f32>> = (0..entries).map(|_| vector(&mut random)).collect();
    let habit = vector(&mut random);
    let about: Vec<Vec<f32>> = (0..entries).map(|_| vector(&mut random)).collect();
    let asked = (0..questions).map(|_| {
        let right = random.below(entries);
        let noise = vector(&mut random);
        let mut question = vec![0.0; DIMENSIONS];
        add(&mut question, 0.6, &vectors[right]);
        add(&mut question, 0.7, &about[right]);
        add(&mut question, 0.5, &habit);
        add(&mut question, 0.5, &noise);
        (unit(&question), right)
    });
    Shop {
        asked: asked.collect(),
        keys: (0..entries).map(|at| format!("entry {at:03}")).collect(),
        entries: vectors,
        groups: (0..questions).map(|at| format!("conversation {}", at / 2)).collect(),
    }
}

impl Shop {
    fn entries(&self) -> Vec<Entry<'_>> {
        let pairs = self.keys.iter().zip(&self.entries);
        pairs.map(|(key, vector)| Entry { key, vector }).collect()
    }

    /// Verdicts on what the frozen score shows; every other wrong one is corrected.
    fn verdicts(&self, questions: std::ops::Range<usize>) -> Vec<Verdict<'_>> {
        let entries = self.entries();
        questions
            .map(|at| {
                let (question, right) = &self.asked[at];
                let among = nearest(question, &entries, 0..entries.len());
                let shown = among[0];
                Verdict {
                    group: &self.groups[at],
                    question,
                    judged: match shown == *right {
                        true => Judged::Right,
                        false if at % 2 == 0 => Judged::Corrected(*right),
                        false => Judged::Wrong,
                    },
                    shown,
                    among,
                }
            })
            .collect()
    }

    fn right_first(&self, adapter: &Adapter, questions: std::ops::Range<usize>) -> usize {
        let entries = self.entries();
        let asked = &self.asked[questions];
        let first = |question: &[f32]| {
            let scores = adapter.scores("one", question, &entries).unwrap();
            let places = 0..scores.len();
            places
                .max_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(b.cmp(a)))
                .unwrap()
        };
        asked
            .iter()
            .filter(|(question, right)| first(question) == *right)
            .count()
    }
}

fn tuned(shop: &Shop, verdicts: &[Verdict<'_>]) -> Tuned {
    train("one", DIMENSIONS, &shop.entries(), verdicts, 7).unwrap()
}

fn frozen(shop: &Shop, question: &[f32]) -> Vec<f64> {
    shop.entries
        .iter()
        .map(|entry| f64::from(dot(entry, question)))
        .collect()
}

#[test]
fn without_verdicts_the_frozen_score_remains() {
    let shop = shop(9, 5, 1);
    for verdicts in [vec![], shop.verdicts(0..5)] {
        let adapter = tuned(&shop, &verdicts).adapter;
        assert_eq!(adapter.strength(), None);
        for (question, _) in &shop.asked {
            let scores = adapter.scores("one", question, &shop.entries()).unwrap();
            assert_eq!(scores, frozen(&shop, question));
        }
    }
}

#[test]
fn verdicts_bring_the_right_entry_first_for_questions_that_were_not_judged() {
    let shop = shop(12, 700, 2);
    let none = tuned(&shop, &[]).adapter;
    let learned = tuned(&shop, &shop.verdicts(0..200)).adapter;
    let (before, after) = (shop.right_first(&none, 200..700), shop.right_first(&learned, 200..700));
    assert!(after > before + 50, "{before} → {after} of 500");
    let counts = learned.learned_from();
    assert_eq!(counts.verdicts, 200);
    assert_eq!(counts.right + counts.corrected + counts.wrong, 200);
    assert_eq!(counts.groups, 100);
}

#[test]
fn what_is_shared_helps_entries_that_nobody_judged() {
    // Whatever is asked leans toward the first entry, which is what a manner of asking looks like.
    let shop = shop(20, 450, 5);
    let verdicts = shop.verdicts(0..250);
    let known = |verdict: &&Verdict<'_>| match verdict.judged {
        Judged::Corrected(right) => right < 14 && verdict.shown < 14,
        Judged::Right | Judged::Wrong => verdict.shown < 14,
    };
    let verdicts: Vec<Verdict<'_>> = verdicts.iter().filter(known).cloned().collect();
    let adapter = tuned(&shop, &verdicts).adapter;
    let mut moved = 0;
    for (question, right) in shop.asked[250..].iter().filter(|(_, right)| *right >= 14) {
        let scores = adapter.scores("one", question, &shop.entries()).unwrap();
        let place = |scores: &[f64]| scores.iter().filter(|score| **score > scores[*right]).count();
        moved += i32::try_from(place(&frozen(&shop, question))).unwrap() - i32::try_from(place(&scores)).unwrap();
    }
    assert!(adapter.strength().is_some());
    assert!(moved != 0, "entries without verdicts are ranked as before");
}

#[test]
fn verdicts_that_contradict_each_other_break_nothing() {
    let shop = shop(8, 60, 3);
    let verdicts = shop.verdicts(0..60);
    let told = |judged: Judged| {
        verdicts
            .iter()
            .cloned()
            .map(move |verdict| Verdict { judged, ..verdict })
    };
    let both: Vec<Verdict<'_>> = told(Judged::Right).chain(told(Judged::Wrong)).collect();
    let tuned = tuned(&shop, &both);
    assert!(
        tuned
            .tried
            .iter()
            .all(|tried| tried.gain.is_finite() && tried.error.is_finite())
    );
    let stays = |verdict: &&Verdict<'_>| {
        let scores = tuned.adapter.scores("one", verdict.question, &shop.entries()).unwrap();
        scores.iter().all(|score| *score <= scores[verdict.shown])
    };
    let stay = verdicts.iter().filter(stays).count();
    assert!(
        stay >= 48,
        "what is called right as often as wrong stays first: {stay} of 60"
    );
}

#[test]
fn the_same_verdict_many_times_is_finite_and_can_be_read_back() {
    let shop = shop(3, 1, 6);
    let one = shop.verdicts(0..1).remove(0);
    let groups: Vec<String> = (0..300).map(|at| at.to_string()).collect();
    let verdicts: Vec<Verdict<'_>> = groups.iter().map(|group| Verdict { group, ..one.clone() }).collect();
    let adapter = tuned(&shop, &verdicts).adapter;
    let scores = adapter.scores("one", one.question, &shop.entries()).unwrap();
    assert!(scores.iter().all(|score| score.is_finite()));
    assert_eq!(Adapter::from_bytes(&adapter.to_bytes()), Ok(adapter));
}

#[test]
fn a_single_entry_and_vectors_of_zeros_are_learned_from_without_harm() {
    let shop = shop(1, 80, 8);
    let adapter = tuned(&shop, &shop.verdicts(0..80)).adapter;
    assert_eq!(adapter.strength(), None, "there is nothing to choose");
    let zeros = vec![0.0; DIMENSIONS];
    let entries = [Entry {
        key: "nothing",
        vector: &zeros,
    }; 1];
    let groups: Vec<String> = (0..40).map(|at| at.to_string()).collect();
    let verdict = |group| Verdict {
        group,
        question: &zeros,
        among: vec![],
        shown: 0,
        judged: Judged::Wrong,
    };
    let verdicts: Vec<Verdict<'_>> = groups.iter().map(|group| verdict(group.as_str())).collect();
    let tuned = train("one", DIMENSIONS, &entries, &verdicts, 1).unwrap();
    assert_eq!(tuned.adapter.scores("one", &zeros, &entries), Ok(vec![0.0]));
}

#[test]
fn what_does_not_fit_together_is_refused_by_name() {
    let shop = shop(4, 30, 9);
    let (entries, verdicts) = (shop.entries(), shop.verdicts(0..30));
    let train = |entries: &[Entry<'_>], verdicts: &[Verdict<'_>]| {
        train("one", DIMENSIONS, entries, verdicts, 1)
            .map(|tuned| tuned.adapter)
            .unwrap_err()
    };
    let short = [0.5; 3];
    let mut wrong = entries.clone();
    wrong[2].vector = &short;
    assert!(matches!(
        train(&wrong, &verdicts),
        TunerError::Dimensions {
            found: 3,
            expected: 12,
            ..
        }
    ));
    let mut twice = entries.clone();
    twice[1].key = twice[3].key;
    assert_eq!(
        train(&twice, &verdicts),
        TunerError::DuplicateKey("entry 003".to_owned())
    );
    for number in [f32::NAN, f32::INFINITY, 40.0] {
        let odd = [number; DIMENSIONS];
        let mut asked = verdicts.clone();
        asked[5].question = &odd;
        assert!(matches!(train(&entries, &asked), TunerError::NotAVector { .. }));
    }
    let mut beyond = verdicts.clone();
    beyond[7].judged = Judged::Corrected(4);
    assert_eq!(
        train(&entries, &beyond),
        TunerError::NoSuchEntry {
            verdict: 7,
            entry: 4,
            entries: 4
        }
    );
    let many = vec![verdicts[0].clone(); MOST + 1];
    assert_eq!(train(&entries, &many), TunerError::TooMany { found: MOST + 1 });
}

#[test]
fn an_adapter_of_another_embedder_is_refused() {
    let shop = shop(4, 1, 10);
    let adapter = tuned(&shop, &[]).adapter;
    let question = &shop.asked[0].0;
    let refused = adapter.scores("two", question, &shop.entries());
    assert!(matches!(refused, Err(TunerError::OtherEmbedder { .. })), "{refused:?}");
    assert!(adapter.fits("one", DIMENSIONS + 1).is_err());
    assert_eq!(adapter.fits("one", DIMENSIONS), Ok(()));
}

#[test]
fn bytes_that_are_not_an_adapter_are_refused() {
    let shop = shop(6, 120, 11);
    let adapter = tuned(&shop, &shop.verdicts(0..120)).adapter;
    assert!(adapter.strength().is_some());
    let bytes = adapter.to_bytes();
    assert_eq!(Adapter::from_bytes(&bytes).as_ref(), Ok(&adapter));
    let newer = String::from_utf8_lossy(&bytes).replacen("\"format\":1", "\"format\":2", 1);
    let mut poisoned = bytes.clone();
    let end = poisoned.len() - 4;
    poisoned.splice(end.., f32::NAN.to_le_bytes());
    for wrong in [
        &b""[..],
        b"\n",
        b"{}\n",
        newer.as_bytes(),
        &bytes[..bytes.len() - 1],
        &bytes[..bytes.len() - 4],
        &poisoned,
    ] {
        assert!(matches!(Adapter::from_bytes(wrong), Err(TunerError::Unreadable(_))));
    }
}

#[test]
fn the_cost_falls_along_its_slope() {
    // Finite differences against the gradient that the fit uses, by what a step does to the cost of one row.
    let shop = shop(5, 40, 12);
    let (entries, verdicts) = (shop.entries(), shop.verdicts(0..40));
    let given = Given::new(DIMENSIONS, &entries, &verdicts).unwrap();
    let rows: Vec<_> = given.rows.iter().collect();
    let basis = Basis::of(&given, &rows);
    let rows: Vec<fit::Row<'_>> = rows.iter().map(|row| basis.row(row)).collect();
    for strength in STRENGTHS {
        let weights = fit::fit(DIMENSIONS, &rows, strength);
        let learned: f64 = rows.iter().map(|row| fit::cost_of(row, &weights)).sum();
        let frozen: f64 = given.rows.iter().map(|row| fit::cost(row, &row.frozen)).sum();
        assert!(learned < frozen, "{strength:?}: {frozen} → {learned}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_of_verdicts_and_entries_leaves_no_trace(
        seed in 0_u64..1_000,
        entries in 1_usize..8,
        questions in 0_usize..60,
    ) {
        let shop = shop(entries, questions, seed);
        let verdicts = shop.verdicts(0..questions);
        let adapter = tuned(&shop, &verdicts).adapter;

        let mut random = SplitMix64::new(seed + 1);
        let mut order: Vec<usize> = (0..entries).collect();
        for at in (1..entries).rev() {
            order.swap(at, random.below(at + 1));
        }
        let known = shop.entries();
        let shuffled: Vec<Entry<'_>> = order.iter().map(|at| known[*at]).collect();
        let place = |of: usize| order.iter().position(|at| *at == of).unwrap();
        let mut renumbered: Vec<Verdict<'_>> = verdicts
            .iter()
            .map(|verdict| Verdict {
                among: verdict.among.iter().rev().map(|at| place(*at)).collect(),
                shown: place(verdict.shown),
                judged: match verdict.judged {
                    Judged::Corrected(right) => Judged::Corrected(place(right)),
                    told => told,
                },
                ..verdict.clone()
            })
            .collect();
        for at in (1..renumbered.len()).rev() {
            renumbered.swap(at, random.below(at + 1));
        }
        let again = train("one", DIMENSIONS, &shuffled, &renumbered, 7).unwrap().adapter;
        prop_assert_eq!(again.hash(), adapter.hash());
    }

    #[test]
    fn whatever_was_judged_scores_are_finite(
        seed in 0_u64..1_000,
        told in prop::collection::vec((0_usize..5, 0_usize..5, 0_u8..3, 0_u8..12), 0..80),
    ) {
        let shop = shop(5, told.len(), seed);
        let groups: Vec<String> = told.iter().map(|(.., group)| group.to_string()).collect();
        let verdicts: Vec<Verdict<'_>> = told
            .iter()
            .zip(&groups)
            .zip(&shop.asked)
            .map(|((&(shown, right, kind, _), group), (question, _))| Verdict {
                group,
                question,
                among: vec![0, 1, 2, 3, 4],
                shown,
                judged: match kind {
                    0 => Judged::Right,
                    1 => Judged::Wrong,
                    _ => Judged::Corrected(right),
                },
            })
            .collect();
        let tuned = tuned(&shop, &verdicts);
        for (question, _) in &shop.asked {
            let scores = tuned.adapter.scores("one", question, &shop.entries()).unwrap();
            prop_assert!(scores.iter().all(|score| score.is_finite() && score.abs() < 100.0));
        }
        prop_assert_eq!(Adapter::from_bytes(&tuned.adapter.to_bytes()), Ok(tuned.adapter));
    }
}
