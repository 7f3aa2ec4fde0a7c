//! How fast prompts are read and answers are written by several requests at once.

use std::time::{Duration, Instant};

use futures::future::try_join_all;

use super::client::{Answered, AskError, Question, Server};
use super::words::Words;
use crate::engine::{ChatMessage, Priority};

/// Prompts read in one measurement, at least: one alone is over too soon.
const FEWEST_PROMPTS: usize = 4;
/// Tokens of the prompt of an answer whose writing is measured.
const SHORT_PROMPT_TOKENS: usize = 24;

/// Tokens read per second by `streams` requests at once, of prompts of about `prompt_tokens` that have nothing in common.
pub(super) async fn read_speed(
    server: &Server,
    streams: usize,
    prompt_tokens: usize,
    seed: u64,
) -> Result<f64, AskError> {
    let mut words = Words::new(seed);
    let mut tokens = 0;
    let started = Instant::now();
    for _ in 0..FEWEST_PROMPTS.div_ceil(streams) {
        let questions: Vec<Question> = (0..streams).map(|_| question(words.text(prompt_tokens), 1)).collect();
        let answers = try_join_all(questions.iter().map(|question| server.ask(question))).await?;
        tokens += answers.iter().map(|answer| answer.prompt_tokens).sum::<u32>();
    }
    Ok(f64::from(tokens) / started.elapsed().as_secs_f64())
}

/// Tokens written per second by `streams` requests at once while all of them are being answered.
pub(super) async fn write_speed(
    server: &Server,
    streams: usize,
    answer_tokens: u32,
    seed: u64,
) -> Result<f64, AskError> {
    let mut words = Words::new(seed);
    let questions: Vec<Question> = (0..streams)
        .map(|_| {
            let begin = words.text(SHORT_PROMPT_TOKENS);
            question(format!("{begin} Tell me a very long story about it."), answer_tokens)
        })
        .collect();
    let answers = try_join_all(questions.iter().map(|question| server.ask(question))).await?;
    steady_speed(&answers).ok_or_else(|| {
        AskError::Unreadable(
            "the answers were too short to measure; the server must write on until `max_tokens`".to_owned(),
        )
    })
}

fn question(text: String, answer_tokens: u32) -> Question {
    Question {
        messages: vec![ChatMessage::user(text)],
        answer_tokens,
        may_reuse: false,
        priority: Priority::Live,
    }
}

/// Tokens per second from when the last answer began until the first one ended.
///
/// A piece of text is one token or a few, so pieces are counted and weighed with the tokens that the server says it wrote.
fn steady_speed(answers: &[Answered]) -> Option<f64> {
    let begins = answers.iter().filter_map(|answer| answer.pieces.first()).max()?;
    let ends = answers.iter().map(|answer| answer.ended).min()?;
    let lasted = ends.checked_duration_since(*begins)?;
    let tokens: f64 = answers
        .iter()
        .map(|answer| {
            let all = u32::try_from(answer.pieces.len()).unwrap_or(u32::MAX);
            let within = answer.pieces.iter().filter(|at| **at > *begins && **at <= ends).count();
            let within = u32::try_from(within).unwrap_or(u32::MAX);
            f64::from(within) * f64::from(answer.written_tokens.max(all)) / f64::from(all.max(1))
        })
        .sum();
    (lasted > Duration::ZERO && tokens > 0.0).then(|| tokens / lasted.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer whose pieces arrive at the given moments.
    fn answer(start: Instant, pieces_ms: &[u64], written_tokens: u32) -> Answered {
        let pieces: Vec<Instant> = pieces_ms.iter().map(|ms| start + Duration::from_millis(*ms)).collect();
        Answered {
            text: String::new(),
            asked: start,
            ended: pieces.last().copied().unwrap_or(start),
            pieces,
            prompt_tokens: 0,
            cached_tokens: 0,
            written_tokens,
        }
    }

    #[test]
    fn only_the_time_in_which_all_write_counts() {
        let start = Instant::now();
        let early = answer(start, &[0, 100, 200, 300, 400], 5);
        let late = answer(start, &[200, 300, 400, 500, 600], 5);
        // From 200 to 400 ms: two tokens of each.
        let speed = steady_speed(&[early, late]).unwrap();
        assert!((speed - 20.0).abs() < 1e-9, "{speed}");
    }

    #[test]
    fn a_piece_of_several_tokens_counts_as_several() {
        let start = Instant::now();
        let speed = steady_speed(&[answer(start, &[0, 500, 1_000], 6)]).unwrap();
        assert!((speed - 4.0).abs() < 1e-9, "{speed}");
    }

    #[test]
    fn answers_that_did_not_overlap_have_no_speed() {
        let start = Instant::now();
        assert_eq!(
            steady_speed(&[answer(start, &[0, 10], 2), answer(start, &[20, 30], 2)]),
            None
        );
        assert_eq!(steady_speed(&[answer(start, &[], 0)]), None);
    }
}
