//! Tests of the curves, on vectors that a habit of asking turns away from their entries.

use super::super::{Document, Embedder, Question};
use super::*;

const DIMENSIONS: usize = 16;

/// A text is a few numbers, "3 0.5, 7 1": dimension and amount.
struct Numbers;

impl Embedder for Numbers {
    type Error = std::io::Error;

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Self::Error> {
        let vector = |text: &String| {
            let mut vector = [0.0_f32; DIMENSIONS];
            for part in text.split(',').filter_map(|part| part.trim().split_once(' ')) {
                vector[part.0.parse::<usize>().unwrap_or(0)] += part.1.parse::<f32>().unwrap_or(0.0);
            }
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
            vector.iter().map(|x| x / length).collect()
        };
        Ok(texts.iter().map(vector).collect())
    }
}

/// Each shop has an entry for each of four subjects; questions are put in dimensions that lie beside the subject's.
fn world(shops: usize, questions: usize) -> (Vec<Document>, Vec<Question>) {
    let shop = |at: usize| format!("shop {:02}", at % shops);
    let documents = (0..shops).flat_map(|at| {
        (0..4).map(move |subject| Document {
            collection: format!("shop {at:02}"),
            id: subject.to_string(),
            title: format!("{subject} 1, 12 0.4"),
            body: String::new(),
        })
    });
    let questions = (0..questions).map(|at| {
        let subject = (at / shops) % 4;
        let others = (at * 7919) % 97;
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let amount = 0.2 + others as f32 / 100.0;
        let misleading = (subject + 1) % 4;
        Question {
            collection: shop(at),
            question: format!("{} 1, {misleading} {amount}, {subject} 0.6, 13 0.{at}", 4 + subject),
            context: Vec::new(),
            right: vec![subject.to_string()],
        }
    });
    (documents.collect(), questions.collect())
}

fn run(shops: usize, questions: usize, plan: Plan) -> Result<Curves, EvaluateError> {
    let (documents, questions) = world(shops, questions);
    let embedded = futures::executor::block_on(embed(&Numbers, &documents, &questions, |_, _| ()))?;
    curves(&embedded, plan)
}

const ONCE: Plan = Plan { seed: 3, draws: 1 };

#[test]
fn other_questions_about_the_same_entries_are_answered_better_with_more_verdicts() {
    let curves = run(1, 500, ONCE).unwrap();
    assert_eq!((curves.parted, curves.n), (Parted::Question, 300));
    let row = |corrected: f64, verdicts: usize| {
        let is_it = |row: &&CurveRow| row.verdicts == verdicts && (row.corrected - corrected).abs() < 1e-9;
        *curves.rows.iter().find(is_it).unwrap()
    };
    assert_eq!(curves.rows.len(), 6, "1 000 verdicts are more than there are");
    let many = row(1.0, 200);
    assert!(many.gain > 0.2 && many.gain_lower95 > 0.0, "{many:?}");
    assert!(
        row(1.0, 50).gain >= 0.0 && row(0.0, 50).gain >= -0.02,
        "{:?}",
        curves.rows
    );
    assert!((many.gain - (many.right_first_tuned - many.right_first_untuned)).abs() < 1e-12);
    assert!((many.difference - (many.right_first_tuned - many.right_first_cosine)).abs() < 1e-12);
}

#[test]
fn with_several_collections_none_is_measured_that_was_learned_from() {
    let (documents, questions) = world(6, 72);
    let embedded = futures::executor::block_on(embed(&Numbers, &documents, &questions, |_, _| ())).unwrap();
    let trials = by_collection(&embedded, 5);
    let mut measured: Vec<usize> = trials.iter().flat_map(|trial| trial.measured.clone()).collect();
    measured.sort_unstable();
    assert_eq!(measured, (0..embedded.asked.len()).collect::<Vec<_>>(), "each once");
    let groups = |of: &[usize]| of.iter().map(|at| embedded.asked[*at].group).collect::<HashSet<_>>();
    assert!(
        trials
            .iter()
            .all(|trial| groups(&trial.learned).is_disjoint(&groups(&trial.measured)))
    );
    let curves = curves(&embedded, ONCE).unwrap();
    assert_eq!((curves.parted, curves.rows.len()), (Parted::Collection, 3));
    assert!(
        curves.rows[1].gain > 0.2,
        "what is shared serves other shops: {:?}",
        curves.rows
    );
}

#[test]
fn a_question_asked_twice_is_not_learned_from_and_measured_on() {
    let (documents, mut questions) = world(1, 100);
    let again: Vec<Question> = questions
        .iter()
        .map(|q| Question {
            question: format!("{} ", q.question),
            ..q.clone()
        })
        .collect();
    questions.extend(again);
    let embedded = futures::executor::block_on(embed(&Numbers, &documents, &questions, |_, _| ())).unwrap();
    assert_eq!(embedded.asked.len(), 100);
}

#[test]
fn the_same_seed_gives_the_same_figures_and_too_few_questions_are_told() {
    let figures = || {
        let mut curves = run(1, 130, ONCE).unwrap();
        curves.rows.iter_mut().for_each(|row| row.seconds = 0.0);
        curves
    };
    assert_eq!(figures(), figures());
    assert!(run(1, 20, ONCE).is_err_and(|error| error.to_string().contains("too few")));
}
