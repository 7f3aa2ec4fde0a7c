//! In which order passages should stand in a prompt, so that engines that keep the beginnings of prompts have most of the next
//! one already. A measurement, not a test: it prints a table, and `docs/performance.md` says what was concluded.

use super::{AMPLE, Bench};
use holdpoint::app::knowledge::evaluate::{Document, Question, read_documents, read_questions};
use holdpoint::domain::answer::{
    AllowedModes, AnswerMode, Candidate, CandidateKind, ChatMessage, ComposePrompt, Role, Thresholds, choose,
};
use holdpoint::domain::retrieval::{EntryVectors, joined, rank, ranking_vector};
use holdpoint::engine::EngineClient;
use std::path::{Path, PathBuf};
use unicode_segmentation::UnicodeSegmentation as _;

/// Writing alone: what is composed wherever the knowledge has something near.
const WRITING: AllowedModes = AllowedModes {
    verified: false,
    nearby: false,
    quote: false,
    compose: true,
};
/// A business asks its model the way a new agent does.
const INSTRUCTIONS: &str = "Answer the customer's question in one or two friendly sentences.";

/// A way to put passages, of which each is known by its rank and its place in the knowledge.
struct Order {
    name: &'static str,
    put: fn(&mut Vec<(usize, usize)>),
}

const ORDERS: [Order; 3] = [
    Order {
        name: "best first",
        put: |_| {},
    },
    Order {
        name: "best last",
        put: |passages| passages.reverse(),
    },
    Order {
        name: "as in the knowledge",
        put: |passages| passages.sort_by_key(|&(_, place)| place),
    },
];

/// What of a model's tokens words and marks are is near enough to compare orders by.
fn tokens(prompt: &ComposePrompt<'_>) -> Vec<String> {
    let texts: Vec<String> = prompt.messages().into_iter().map(|message| message.content).collect();
    let words = texts.iter().flat_map(|text| text.split_word_bounds());
    words
        .filter(|word| !word.trim().is_empty())
        .map(str::to_owned)
        .collect()
}

fn shared(one: &[String], other: &[String]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// For each question of a business the passages that it is answered from, best first, as places in the knowledge.
async fn passages(client: &EngineClient, documents: &[&Document], questions: &[&Question]) -> Vec<Vec<usize>> {
    let embed = async |texts: Vec<String>| client.embed(&texts, AMPLE).await.unwrap();
    let whole = embed(documents.iter().map(|d| joined(&d.title, &d.body)).collect()).await;
    let bodies = embed(documents.iter().map(|d| d.body.clone()).collect()).await;
    let titles = embed(documents.iter().map(|d| d.title.clone()).collect()).await;
    let entries: Vec<EntryVectors> = whole
        .into_iter()
        .zip(titles.into_iter().zip(bodies))
        .map(|(whole, (title, body))| EntryVectors {
            ranking: ranking_vector(&whole, &body),
            title: Some(title),
            body,
        })
        .collect();
    let asked = embed(questions.iter().map(|question| question.question.clone()).collect()).await;
    let mut found = Vec::new();
    for (question, vector) in questions.iter().zip(asked) {
        let ranking = rank(&vector, &entries, 8).unwrap();
        let candidates: Vec<Candidate<'_>> = ranking
            .entries
            .iter()
            .map(|&ranked| Candidate {
                kind: CandidateKind::Faq,
                title: &documents[ranked.index].title,
                body: &documents[ranked.index].body,
                ranked: ranked.beside(
                    &vector,
                    entries[ranked.index].title.as_deref(),
                    &entries[ranked.index].body,
                ),
                sentence_similarities: None,
            })
            .collect();
        let choice = choose(
            &question.question,
            &ranking,
            &candidates,
            WRITING,
            &Thresholds::default(),
        );
        if choice.mode == AnswerMode::Compose {
            let places = choice
                .sources
                .iter()
                .map(|source| ranking.entries[source.candidate].index);
            found.push(places.collect());
        } else {
            found.push(Vec::new());
        }
    }
    found
}

/// How much of the conversation so far a turn's prompt has in common with the prompt of the turn before, with a window that moves on
/// by every message, and as it is.
fn earlier_messages(questions: &[Question]) {
    let (mut said, mut sliding, mut jumping) = (0, 0, 0);
    for question in questions {
        let history: Vec<ChatMessage> = question
            .context
            .iter()
            .enumerate()
            .map(|(nth, text)| ChatMessage::new(if nth % 2 == 0 { Role::User } else { Role::Assistant }, text))
            .collect();
        let prompt = |history: &[ChatMessage]| tokens(&ComposePrompt::new(INSTRUCTIONS, "", &[], history));
        let head = prompt(&[]).len() - 2;
        let last_four = |end: usize| prompt(history.get(end.saturating_sub(4)..end).unwrap_or_default());
        for end in (4..=history.len()).step_by(2) {
            let (before, now) = (prompt(&history[..end - 2]), prompt(&history[..end]));
            said += before.len() - head - 2;
            jumping += shared(&before, &now) - head;
            sliding += shared(&last_four(end - 2), &last_four(end)) - head;
        }
    }
    let percent = |part: usize| 100 * part / said.max(1);
    eprintln!(
        "of what was said before the last turn, the next prompt begins with {} %; with a window of the last four messages {} %",
        percent(jumping),
        percent(sliding)
    );
}

#[tokio::test]
#[ignore = "a measurement: needs HOLDPOINT_FAQ_EVAL, the folder of documents.jsonl and questions.jsonl"]
async fn passages_share_beginnings_of_prompts() {
    let folder = PathBuf::from(std::env::var_os("HOLDPOINT_FAQ_EVAL").unwrap());
    let read = |name: &str| std::fs::read_to_string(Path::join(&folder, name)).unwrap();
    let documents = read_documents(&read("documents.jsonl")).unwrap();
    let questions = read_questions(&read("questions.jsonl")).unwrap();
    let Some(bench) = Bench::with_embedder() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();

    let mut businesses: Vec<&str> = questions.iter().map(|question| question.collection.as_str()).collect();
    businesses.sort_unstable();
    businesses.dedup();
    // Tokens of all prompts; of these the fixed part; and for each order those shared with any prompt before beyond the fixed part.
    let (mut prompts, mut all, mut fixed, mut same, mut first) = (0, 0, 0, [0; ORDERS.len()], [0; ORDERS.len()]);
    for business in businesses {
        let of_business: Vec<&Document> = documents.iter().filter(|d| d.collection == business).collect();
        let asked: Vec<&Question> = questions.iter().filter(|q| q.collection == business).collect();
        let found = passages(&client, &of_business, &asked).await;
        for (nth, order) in ORDERS.iter().enumerate() {
            let mut before: Vec<Vec<String>> = Vec::new();
            for (question, places) in asked.iter().zip(&found).filter(|(_, places)| !places.is_empty()) {
                let mut ordered: Vec<(usize, usize)> = places.iter().copied().enumerate().collect();
                (order.put)(&mut ordered);
                let texts: Vec<(&str, &str)> = ordered
                    .iter()
                    .map(|&(_, place)| (of_business[place].title.as_str(), of_business[place].body.as_str()))
                    .collect();
                let prompt = tokens(&ComposePrompt::new(INSTRUCTIONS, &question.question, &texts, &[]));
                let head = tokens(&ComposePrompt::new(INSTRUCTIONS, "", &[], &[])).len() - 2;
                let best = before.iter().map(|earlier| shared(earlier, &prompt)).max().unwrap_or(0);
                same[nth] += best.saturating_sub(head);
                first[nth] += usize::from(ordered.first().is_some_and(|&(rank, _)| rank == 0));
                if nth == 0 {
                    (prompts, all, fixed) = (prompts + 1, all + prompt.len(), fixed + head);
                }
                before.push(prompt);
            }
        }
    }
    engine.stop().await;
    earlier_messages(&questions);
    assert!(prompts > 0, "no question is answered by writing");
    eprintln!(
        "{prompts} prompts of {} words and marks in the mean, {} of them fixed",
        all / prompts,
        fixed / prompts
    );
    for (nth, order) in ORDERS.iter().enumerate() {
        let share =
            100.0 * f64::from(u32::try_from(same[nth]).unwrap()) / f64::from(u32::try_from(all - fixed).unwrap());
        eprintln!(
            "{:<20} {share:5.1} % of the rest shared with an earlier prompt; the best passage comes first in {} of {prompts}",
            order.name, first[nth]
        );
    }
}
