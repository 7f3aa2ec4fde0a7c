use super::*;
use crate::stats::tuner::nearest;

const DIMENSIONS: usize = 8;

/// Two entries that a question about either resembles alike; what tells them apart stands in a dimension of its own.
fn shelf() -> Shelf {
    let axis = |at: usize| {
        let mut vector = vec![0.0; DIMENSIONS];
        vector[at] = 1.0;
        vector
    };
    Shelf {
        keys: (0..4).map(|at| format!("entry {at}")).collect(),
        vectors: (0..4).map(axis).collect(),
    }
}

/// Visitors ask about `right` in words that lie nearer to the entry before it.
fn lesson(number: u128, shelf: &Shelf, is_corrected: bool) -> Lesson {
    let right = usize::try_from(number % 4).unwrap();
    let mut question = vec![0.0; DIMENSIONS];
    question[right] = 0.5;
    question[(right + 3) % 4] = 0.6;
    question[4 + right] = 0.6;
    question[4 + (right + 1) % 4] = 0.1;
    let conversation = ConversationId::from(Uuid::from_u128(number));
    let among = nearest(&question, &shelf.entries(), 0..4);
    Lesson {
        group: conversation.to_string(),
        conversation,
        shown: among[0],
        judged: if is_corrected {
            Judged::Corrected(right)
        } else {
            Judged::Wrong
        },
        among,
        question,
    }
}

#[test]
fn a_version_is_judged_on_conversations_that_it_did_not_learn_from() {
    let shelf = shelf();
    let lessons: Vec<Lesson> = (0..160).map(|number| lesson(number, &shelf, true)).collect();
    let (adapter, figures) = learn("one", &shelf, &lessons).unwrap();
    let judged = figures.judged_on;
    assert_eq!(judged.verdicts + figures.learned_from.verdicts, 160);
    assert!(judged.conversations > 20 && judged.conversations == judged.verdicts);
    assert_eq!((judged.known, judged.right_first_untuned), (judged.verdicts, 0));
    assert_eq!(judged.right_first_tuned, judged.known, "{judged:?}");
    assert!(judged.lower95.is_some_and(|bound| bound > 0.9));
    // The same verdicts give the same version, byte by byte, in whatever order the database has them.
    let mut turned = lessons;
    turned.reverse();
    let (again, figures_again) = learn("one", &shelf, &turned).unwrap();
    assert_eq!((again.hash(), figures_again), (adapter.hash(), figures));
}

#[test]
fn verdicts_that_name_no_right_entry_count_for_what_is_gone_and_nothing_else() {
    let shelf = shelf();
    let lessons: Vec<Lesson> = (0..160).map(|number| lesson(number, &shelf, false)).collect();
    let (_, figures) = learn("one", &shelf, &lessons).unwrap();
    let judged = figures.judged_on;
    assert_eq!((judged.known, judged.difference, judged.lower95), (0, None, None));
    assert!(judged.wrong_gone > judged.verdicts / 2, "{judged:?}");
}

#[test]
fn only_what_lessons_name_is_kept_and_they_name_it_still() {
    let shelf = shelf();
    let ids: Vec<Uuid> = (0..9).map(Uuid::from_u128).collect();
    let vectors: Vec<Vec<f32>> = (0..9_u8).map(|at| vec![f32::from(at)]).collect();
    let lesson = Lesson {
        among: vec![7, 2],
        shown: 5,
        judged: Judged::Corrected(8),
        ..lesson(1, &shelf, true)
    };
    let all = ids.iter().copied().zip(vectors.iter().map(Vec::as_slice));
    let (kept, lessons) = Shelf::of(all, vec![lesson]);
    assert_eq!(kept.vectors, [[2.0], [5.0], [7.0], [8.0]]);
    assert_eq!(kept.keys[3], ids[8].to_string());
    let it = &lessons[0];
    assert_eq!((&it.among, it.shown, it.judged), (&vec![2, 0], 1, Judged::Corrected(3)));
}
