//! Tests of the evaluation, on vectors that can be checked by hand.

use super::*;
use std::collections::HashMap;

/// Knows the vectors of a few texts; anything else is orthogonal to all of them.
struct Fixed(HashMap<&'static str, [f32; 3]>);

impl Embedder for Fixed {
    type Error = std::io::Error;

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Self::Error> {
        Ok(texts
            .iter()
            .map(|text| self.0.get(text.as_str()).unwrap_or(&[0.0, 0.0, 1.0]).to_vec())
            .collect())
    }
}

struct Broken;

impl Embedder for Broken {
    type Error = std::io::Error;

    async fn embed(&self, _: &[String]) -> Result<Vec<Vec<f32>>, Self::Error> {
        Err(std::io::Error::other("connection refused"))
    }
}

fn document(collection: &str, id: &str, title: &str, body: &str) -> Document {
    Document {
        collection: collection.into(),
        id: id.into(),
        title: title.into(),
        body: body.into(),
    }
}

fn question(collection: &str, text: &str, right: &[&str]) -> Question {
    let right = right.iter().map(|id| (*id).to_owned()).collect();
    Question {
        collection: collection.into(),
        question: text.into(),
        context: Vec::new(),
        right,
    }
}

fn run<E: Embedder>(embedder: &E, documents: &[Document], questions: &[Question]) -> Result<Report, String> {
    futures::executor::block_on(evaluate(embedder, documents, questions, |_, _| ())).map_err(|error| error.to_string())
}

/// Two entries whose titles mislead and whose bodies tell: the baseline is wrong on one of two questions, the ranking on none.
fn example() -> (Fixed, Vec<Document>, Vec<Question>) {
    let embedder = Fixed(HashMap::from([
        ("T1\nB1", [0.80, 0.60, 0.0]),
        ("B1", [0.28, 0.96, 0.0]),
        ("T2\nB2", [0.6, 0.8, 0.0]),
        ("B2", [1.0, 0.0, 0.0]),
        ("ask two", [1.0, 0.0, 0.0]),
        ("ask one", [0.0, 1.0, 0.0]),
        ("T3\nB3", [0.6, 0.8, 0.0]),
        ("B3", [0.6, 0.8, 0.0]),
    ]));
    let documents = vec![
        document("shop", "1", "T1", "B1"),
        document("shop", "2", "T2", "B2"),
        document("inn", "1", "T3", "B3"),
        document("inn", "2", "x", "y"),
    ];
    let questions = vec![question("shop", "ask two", &["2"]), question("inn", "ask one", &["1"])];
    (embedder, documents, questions)
}

#[test]
fn the_figures_are_those_counted_by_hand() {
    let (embedder, documents, questions) = example();
    let report = run(&embedder, &documents, &questions);
    // "ask two": whole 0.8 against 0.6 misleads the baseline; with half the body 0.627 against 0.733 ranks right.
    assert!(
        report
            .as_ref()
            .is_ok_and(|r| r.n == 2 && (r.right_first - 1.0).abs() < 1e-9 && (r.mrr - 1.0).abs() < 1e-9),
        "{report:?}"
    );
    assert!(
        report
            .as_ref()
            .is_ok_and(|r| (r.right_first_baseline - 0.5).abs() < 1e-9 && (r.diff - 0.5).abs() < 1e-9)
    );
    // A resample of two collections holds the better one not at all in a quarter of the cases: the bound is 0.
    assert!(report.as_ref().is_ok_and(|r| r.diff_lower95.abs() < 1e-9));
    // Baseline: with {0.8, 0.8}, without {0.8, 0.0}: two pairs won, two tied: 3 of 4.
    assert!(
        report
            .as_ref()
            .is_ok_and(|r| (r.abstain_auroc_baseline - 0.75).abs() < 1e-6),
        "{report:?}"
    );
    assert!(report.is_ok_and(|r| r.latency_ms_p50 >= 0.0 && r.latency_ms_p95 >= r.latency_ms_p50));
}

#[test]
fn the_same_input_gives_the_same_figures() {
    let (embedder, documents, questions) = example();
    let figures = || {
        run(&embedder, &documents, &questions).map(|r| Report {
            latency_ms_p50: 0.0,
            latency_ms_p95: 0.0,
            ..r
        })
    };
    assert_eq!(figures(), figures());
}

#[test]
fn input_that_does_not_fit_together_is_named() {
    let (embedder, documents, _) = example();
    let because =
        |documents: &[Document], questions: &[Question]| run(&embedder, documents, questions).err().unwrap_or_default();
    let ask = |collection, text, right: &[&str]| vec![question(collection, text, right)];
    assert!(because(&[], &ask("shop", "a", &["1"])).contains("no documents"));
    assert!(because(&documents, &[]).contains("no questions"));
    assert!(because(&documents, &ask("bar", "a", &["1"])).contains("collection \"bar\", which has no documents"));
    assert!(because(&documents, &ask("shop", "a", &["9"])).contains("names \"9\" as right"));
    assert!(because(&documents, &ask("shop", "a", &[])).contains("no questions"));
    assert!(because(&documents, &ask("shop", "a", &["1", "2"])).contains("every document"));
    assert!(because(&documents, &ask("shop", " ", &["1"])).contains("question 1 (\" \") is empty"));
    let twice = [document("shop", "1", "a", "b"), document("shop", "1", "c", "d")];
    assert!(because(&twice, &ask("shop", "a", &["1"])).contains("two documents with the id \"1\""));
    assert!(because(&[document("shop", "1", " ", "")], &ask("shop", "a", &["1"])).contains("neither title nor body"));
}

#[test]
fn an_embedder_that_fails_is_named_with_a_remedy() {
    let (_, documents, questions) = example();
    let error = run(&Broken, &documents, &questions).err().unwrap_or_default();
    assert_eq!(
        error,
        "the embedding model did not answer: connection refused; check it with `holdpoint doctor`"
    );
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    let lines = "{\"collection\":\"a\",\"id\":\"1\",\"title\":\"t\",\"body\":\"b\"}\n\n{\"collection\":\"a\"}\n";
    let error = read_documents(lines).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(
        error.starts_with("documents.jsonl, line 3: missing field `id`"),
        "{error}"
    );
    assert!(read_questions("{\"collection\":\"a\",\"question\":\"q\",\"right\":[\"1\"]}").is_ok_and(|q| q.len() == 1));
}

#[test]
fn what_nothing_answers_is_counted_apart_and_moves_no_other_figure() {
    let (embedder, documents, mut questions) = example();
    let before = run(&embedder, &documents, &questions).unwrap();
    assert_eq!(before.unanswerable, None);
    // Orthogonal to everything: it stands out from nothing.
    questions.insert(1, question("shop", "something else", &[]));
    let after = run(&embedder, &documents, &questions).unwrap();
    let apart = after.unanswerable.unwrap();
    assert_eq!((after.n, apart.n), (before.n, 1));
    assert_eq!((apart.refused, apart.abstain_auroc), (1.0, 1.0));
    let same = |report: &Report| (report.right_first, report.mrr, report.abstain_auroc, report.answered);
    assert_eq!(same(&after), same(&before));
}
