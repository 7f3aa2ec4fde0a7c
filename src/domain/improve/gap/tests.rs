use super::*;
use proptest::prelude::*;

fn asked(question: &str) -> Asked<'_> {
    Asked {
        question,
        is_abuse: false,
        wants_person: false,
        lacks_knowledge: false,
        decided: &[],
    }
}

const fn decided(kind: OutcomeKind, verdict: Option<VerdictLabel>, reasons: &[ReasonCode]) -> Decided<'_> {
    Decided {
        item: ItemKind::Gate,
        kind,
        verdict,
        reasons,
    }
}

#[test]
fn what_nothing_answers_what_was_bad_and_what_a_person_answered_instead_are_gaps() {
    use OutcomeKind::{Approve, Edit, Reject, Respond, TakeOver};
    use ReasonCode::{Language, Missing, Outdated, Policy, Tone};
    let lacking = Asked {
        lacks_knowledge: true,
        ..asked("Do you repair tandems?")
    };
    assert_eq!(lacking.cause(), Some(Cause::Unanswered));
    assert_eq!(asked("Do you repair tandems?").cause(), None, "it was answered");
    let cause = |decided: &[Decided<'_>]| {
        let question = Asked {
            decided,
            ..asked("Do you repair tandems?")
        };
        question.cause()
    };
    let bad = Some(VerdictLabel::Bad);
    assert_eq!(cause(&[decided(Edit, bad, &[Missing, Tone])]), Some(Cause::JudgedBad));
    assert_eq!(cause(&[decided(Reject, bad, &[Outdated])]), Some(Cause::JudgedBad));
    assert_eq!(cause(&[decided(Reject, bad, &[])]), Some(Cause::JudgedBad));
    assert_eq!(cause(&[decided(Edit, bad, &[Tone, Policy, Language])]), None);
    assert_eq!(cause(&[decided(Approve, Some(VerdictLabel::Acceptable), &[])]), None);
    assert_eq!(cause(&[decided(Respond, None, &[])]), Some(Cause::AnsweredByPerson));
    assert_eq!(cause(&[decided(Respond, Some(VerdictLabel::Acceptable), &[])]), None);
    assert_eq!(
        cause(&[decided(TakeOver, None, &[])]),
        None,
        "not for missing knowledge"
    );
    let waiting = Decided {
        item: ItemKind::Handoff,
        ..decided(Respond, None, &[])
    };
    assert_eq!(cause(&[waiting]), None, "what the policy kept from the AI is no gap");
}

#[test]
fn spam_small_talk_and_a_wish_for_a_person_are_never_gaps() {
    let lacking = |question| Asked {
        lacks_knowledge: true,
        ..asked(question)
    };
    assert_eq!(lacking("Hello, good morning!").cause(), None);
    assert_eq!(lacking("?!").cause(), None);
    let spam = Asked {
        is_abuse: true,
        ..lacking("Cheap watches here?")
    };
    let person = Asked {
        wants_person: true,
        ..lacking("Can I talk to somebody about tandems?")
    };
    assert_eq!((spam.cause(), person.cause()), (None, None));
}

#[test]
fn a_reply_that_says_nothing_or_everything_is_no_answer() {
    assert!(is_answer("Yes, we repair tandems; bring it on a weekday."));
    assert!(!is_answer("Let me look."));
    assert!(!is_answer(&"We repair tandems too. ".repeat(200)));
}

fn unit(numbers: &[f32]) -> Vec<f32> {
    let length = numbers.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
    numbers.iter().map(|x| x / length).collect()
}

/// Gaps of questions that come in this order, as the gap of each, and the gaps.
fn clustered(questions: &[Vec<f32>]) -> (Vec<usize>, Vec<Centroid>) {
    let mut gaps: Vec<Centroid> = Vec::new();
    let mut of = Vec::new();
    for question in questions {
        match place(question, &gaps, NEAR) {
            Place::In(at) => {
                gaps[at].add(question);
                of.push(at);
            }
            Place::New => {
                gaps.push(Centroid::of(question));
                of.push(gaps.len() - 1);
            }
        }
    }
    (of, gaps)
}

/// Questions about `subjects` things, each said a little otherwise.
fn questions(subjects: usize) -> impl Strategy<Value = Vec<(usize, Vec<f32>)>> {
    let question = (0..subjects, prop::collection::vec(-0.12f32..0.12, 12));
    prop::collection::vec(question, 1..60).prop_map(|said| {
        let vector = |(subject, mut noise): (usize, Vec<f32>)| {
            noise[subject] += 1.0;
            (subject, unit(&noise))
        };
        said.into_iter().map(vector).collect()
    })
}

proptest! {
    #[test]
    fn each_question_is_in_exactly_one_gap_and_a_gap_is_the_mean_of_its_questions(said in questions(6)) {
        let vectors: Vec<Vec<f32>> = said.into_iter().map(|(_, vector)| vector).collect();
        let (of, gaps) = clustered(&vectors);
        prop_assert_eq!(of.len(), vectors.len());
        for (at, gap) in gaps.iter().enumerate() {
            let own: Vec<&Vec<f32>> = vectors.iter().zip(&of).filter(|(_, gap)| **gap == at).map(|(own, _)| own).collect();
            prop_assert_eq!(own.len() as u64, gap.questions());
            prop_assert!(!own.is_empty());
            for (number, mean) in gap.mean().iter().enumerate() {
                let exact = own.iter().map(|vector| f64::from(vector[number])).sum::<f64>() / in_floats(gap.questions());
                prop_assert!((exact - f64::from(*mean)).abs() < 1e-5, "{} {}", exact, mean);
            }
        }
        prop_assert_eq!(clustered(&vectors), (of, gaps), "the same questions, the same gaps");
    }

    #[test]
    fn one_more_question_moves_no_other(said in questions(6)) {
        let vectors: Vec<Vec<f32>> = said.into_iter().map(|(_, vector)| vector).collect();
        let (whole, _) = clustered(&vectors);
        let (before, _) = clustered(&vectors[..vectors.len() - 1]);
        prop_assert_eq!(&whole[..before.len()], &before[..]);
    }

    #[test]
    fn in_whatever_order_they_come_what_is_asked_alike_is_one_gap(
        (said, shuffled) in questions(6).prop_flat_map(|said| (Just(said.clone()), Just(said).prop_shuffle()))
    ) {
        let sizes = |said: &[(usize, Vec<f32>)]| {
            let vectors: Vec<Vec<f32>> = said.iter().map(|(_, vector)| vector.clone()).collect();
            let (_, gaps) = clustered(&vectors);
            let mut sizes: Vec<u64> = gaps.iter().map(Centroid::questions).collect();
            sizes.sort_unstable();
            sizes
        };
        prop_assert_eq!(sizes(&said), sizes(&shuffled));
    }

    #[test]
    fn whatever_comes_in_whatever_order_it_makes_about_as_many_gaps(
        (said, shuffled) in prop::collection::vec(prop::collection::vec(-1.0f32..1.0, 4), 1..40)
            .prop_flat_map(|said| (Just(said.clone()), Just(said).prop_shuffle()))
    ) {
        let count = |said: &[Vec<f32>]| {
            let vectors: Vec<Vec<f32>> = said.iter().map(|vector| unit(vector)).collect();
            clustered(&vectors).1.len()
        };
        let (one, other) = (count(&said), count(&shuffled));
        prop_assert!(one.abs_diff(other) <= 3 + one.max(other) / 2, "{} and {}", one, other);
    }

    #[test]
    fn what_is_taken_out_again_was_never_there(said in questions(3)) {
        let vectors: Vec<Vec<f32>> = said.into_iter().map(|(_, vector)| vector).collect();
        let before = Centroid::of_all(vectors.iter().map(Vec::as_slice)).unwrap();
        let mut gap = before.clone();
        gap.add(&unit(&[0.3; 12]));
        gap.remove(&unit(&[0.3; 12]));
        prop_assert_eq!(gap.questions(), before.questions());
        for (a, b) in gap.mean().iter().zip(before.mean()) {
            prop_assert!((a - b).abs() < 1e-5);
        }
    }
}

#[test]
fn the_middle_question_names_a_gap_and_the_reply_that_others_agree_with_is_proposed() {
    let questions = [unit(&[1.0, 0.5]), unit(&[1.0, 0.0]), unit(&[1.0, -0.4])];
    assert_eq!(medoid(&questions), Some(1));
    let replies = [unit(&[0.0, 1.0]), unit(&[1.0, 0.1]), unit(&[1.0, 0.0])];
    assert_eq!(most_agreed(&replies), Some(1), "the first one stands alone");
    assert_eq!(most_agreed(&replies[..2]), Some(0), "of two, the newer one");
    assert_eq!(most_agreed(&replies[..1]), Some(0));
    let none: [Vec<f32>; 0] = [];
    assert_eq!((medoid(&none), most_agreed(&none)), (None, None));
}

#[test]
fn vectors_of_another_embedder_are_near_to_nothing() {
    let gaps = [Centroid::of(&[1.0, 0.0])];
    assert_eq!(place(&[1.0, 0.0, 0.0], &gaps, NEAR), Place::New);
    assert_eq!(place(&[1.0, 0.0], &gaps, NEAR), Place::In(0));
    assert_eq!(place(&[1.0, 0.0], &[Centroid::of(&[0.0, 0.0])], NEAR), Place::New);
}
