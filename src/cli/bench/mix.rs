//! The visitor mix: who asks what and when, from a seed. Pure, so that every server meets the same visitors.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::words::Words;
use crate::stats::random::SplitMix64;

/// Subjects that visitors ask about; the first ones come up far more often than the last ones.
const TOPICS: usize = 16;
/// Passages that belong to a topic and go along with its questions.
const PASSAGES: usize = 3;
/// Most turns of a conversation; it has one to this many.
const MOST_TURNS: usize = 4;

/// What the visitors are like.
#[derive(Debug, Clone, PartialEq, Args, Serialize)]
#[command(next_help_heading = "Visitor mix")]
pub(super) struct MixSettings {
    /// Conversations of a run; each has one to four turns
    #[arg(long, value_name = "COUNT", default_value_t = 40)]
    pub(super) conversations: usize,
    /// Conversations that begin in a minute, at random moments
    #[arg(long, value_name = "PER_MINUTE", default_value_t = 30.0, value_parser = positive)]
    pub(super) rate: f64,
    /// Agents; each has instructions of its own, with which every prompt begins
    #[arg(long, value_name = "COUNT", default_value_t = 2, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub(super) agents: usize,
    /// Length of an agent's instructions, tokens (about)
    #[arg(long, value_name = "TOKENS", default_value_t = 200)]
    pub(super) instructions: usize,
    /// Length of a passage, tokens (about); three go along with a question on a new subject
    #[arg(long, value_name = "TOKENS", default_value_t = 80)]
    pub(super) passage: usize,
    /// Share of questions whose passages come in another order than elsewhere, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.3, value_parser = share)]
    pub(super) reordered: f64,
    /// Share of later turns that ask about another subject, with its passages, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share)]
    pub(super) new_subject: f64,
    /// Length of an answer, tokens: half to one and a half times this
    #[arg(long, value_name = "TOKENS", default_value_t = 48)]
    pub(super) answer: u32,
    /// Mean time between an answer and the visitor's next message, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0, value_parser = positive)]
    pub(super) think: f64,
    /// Another seed makes other visitors
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(super) seed: u64,
}

fn positive(word: &str) -> Result<f64, String> {
    let number: f64 = word.parse().map_err(|_not_a_number| "a number is wanted".to_owned())?;
    let is_sensible = number.is_finite() && number > 0.0;
    is_sensible
        .then_some(number)
        .ok_or_else(|| "it must be more than 0".to_owned())
}

fn share(word: &str) -> Result<f64, String> {
    let number: f64 = word.parse().map_err(|_not_a_number| "a number is wanted".to_owned())?;
    let is_share = (0.0..=1.0).contains(&number);
    is_share
        .then_some(number)
        .ok_or_else(|| "it must lie between 0 and 1".to_owned())
}

/// One visitor's conversation. What the server answers stands in between the turns and is sent along with the next one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Conversation {
    /// When it begins, counted from the start of the run.
    pub(super) begins_after: Duration,
    /// The agent's instructions.
    pub(super) instructions: String,
    /// What the visitor writes.
    pub(super) turns: Vec<Turn>,
}

/// One message of a visitor with what goes along.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Turn {
    /// The passages, if any, and the question.
    pub(super) message: String,
    /// Tokens of the answer.
    pub(super) answer_tokens: u32,
    /// How long the visitor reads and types after the answer.
    pub(super) thinks: Duration,
}

/// Which visitors come, and with which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round {
    /// Other visitors in each round.
    pub(super) number: u64,
    /// Other words in each run of the program: a server that has run for longer must not know the prompts from before.
    pub(super) run: u64,
}

/// The conversations of a round in the order in which they begin: when they begin, how long they are and what they have
/// in common follows from the seed and the round alone.
pub(super) fn conversations(settings: &MixSettings, round: Round) -> Vec<Conversation> {
    let seed = settings.seed.wrapping_mul(1_000_003).wrapping_add(round.number);
    let mut random = SplitMix64::new(seed);
    let mut words = Words::new(SplitMix64::new(seed).draw() ^ SplitMix64::new(round.run).draw());
    let agents: Vec<String> = (0..settings.agents)
        .map(|_| {
            format!(
                "You answer the customers of a shop. {}",
                words.text(settings.instructions)
            )
        })
        .collect();
    let topics: Vec<Vec<String>> = (0..TOPICS)
        .map(|_| (0..PASSAGES).map(|_| words.text(settings.passage)).collect())
        .collect();
    let mut begins_s = 0.0;
    (0..settings.conversations)
        .map(|_| {
            begins_s += exponential(&mut random, 60.0 / settings.rate);
            let turns = 1 + random.below(MOST_TURNS);
            Conversation {
                begins_after: Duration::from_secs_f64(begins_s),
                instructions: agents.get(random.below(agents.len())).cloned().unwrap_or_default(),
                turns: (0..turns)
                    .map(|turn| {
                        let brings_passages = turn == 0 || random.unit() < settings.new_subject;
                        let passages = if brings_passages {
                            passages(&topics, settings.reordered, &mut random)
                        } else {
                            String::new()
                        };
                        Turn {
                            message: format!("{passages}Question: {}", words.question()),
                            answer_tokens: around(&mut random, settings.answer),
                            thinks: Duration::from_secs_f64(exponential(&mut random, settings.think)),
                        }
                    })
                    .collect(),
            }
        })
        .collect()
}

/// The passages of a topic, in their usual order or in another one.
fn passages(topics: &[Vec<String>], reordered: f64, random: &mut SplitMix64) -> String {
    let topic = topics.get(popular(random, topics.len())).cloned().unwrap_or_default();
    let turned_by = if random.unit() < reordered {
        1 + random.below(PASSAGES - 1)
    } else {
        0
    };
    let (last, first) = topic.split_at_checked(turned_by).unwrap_or((&[], &topic));
    let ordered = first.iter().chain(last);
    ordered
        .map(|passage| format!("<passage>\n{passage}\n</passage>\n"))
        .collect()
}

/// A place below `n`, the first ones far more often: the square of an even number.
fn popular(random: &mut SplitMix64, n: usize) -> usize {
    let even = random.below(n * n);
    n - 1 - even.isqrt()
}

/// Time to the next of events that come at random with the given mean distance (a Poisson process).
fn exponential(random: &mut SplitMix64, mean: f64) -> f64 {
    -(1.0 - random.unit()).ln() * mean
}

/// Half to one and a half times `mean`, at least 1.
fn around(random: &mut SplitMix64, mean: u32) -> u32 {
    let spread = u32::try_from(random.below(usize::try_from(mean).unwrap_or(0) + 1)).unwrap_or(0);
    (mean / 2 + spread).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn settings() -> MixSettings {
        #[derive(Debug, clap::Parser)]
        struct Alone {
            #[command(flatten)]
            mix: MixSettings,
        }
        <Alone as clap::Parser>::parse_from(["mix", "--conversations", "400", "--rate", "60"]).mix
    }

    const fn round(number: u64) -> Round {
        Round { number, run: 7 }
    }

    #[test]
    fn a_round_always_has_the_same_visitors_and_the_next_round_others() {
        let settings = settings();
        assert_eq!(conversations(&settings, round(1)), conversations(&settings, round(1)));
        let instructions = |number| conversations(&settings, round(number))[0].instructions.clone();
        assert_ne!(instructions(1), instructions(2));
    }

    #[test]
    fn another_run_has_the_same_visitors_with_other_words() {
        let visitors = |run| conversations(&settings(), Round { number: 1, run });
        let shape = |run| -> Vec<_> {
            let all = visitors(run).into_iter();
            all.map(|conversation| (conversation.begins_after, conversation.turns.len()))
                .collect()
        };
        assert_eq!(shape(1), shape(2));
        assert_ne!(visitors(1)[0].instructions, visitors(2)[0].instructions);
    }

    #[test]
    fn conversations_begin_at_the_asked_rate() {
        let all = conversations(&settings(), round(0));
        assert!(all.is_sorted_by_key(|conversation| conversation.begins_after));
        let last = all.last().unwrap().begins_after.as_secs_f64();
        assert!((last - 400.0).abs() < 60.0, "400 at one a second took {last} s");
    }

    #[test]
    fn prompts_begin_alike_as_often_as_asked() {
        let all = conversations(&settings(), round(0));
        let instructions: HashSet<_> = all.iter().map(|conversation| &conversation.instructions).collect();
        assert_eq!(instructions.len(), 2);
        let first_turns = all.iter().map(|conversation| &conversation.turns[0]);
        let passages: HashSet<_> = first_turns
            .map(|turn| turn.message.split("Question:").next().unwrap())
            .collect();
        assert!(
            passages.len() > TOPICS / 2 && passages.len() <= TOPICS * PASSAGES,
            "{}",
            passages.len()
        );
        let turns: Vec<_> = all.iter().map(|conversation| conversation.turns.len()).collect();
        assert_eq!((turns.iter().min(), turns.iter().max()), (Some(&1), Some(&MOST_TURNS)));
    }

    #[test]
    fn in_their_usual_order_a_topics_passages_are_always_the_same() {
        let topics = vec![vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]];
        let mut random = SplitMix64::new(5);
        let usual = passages(&topics, 0.0, &mut random);
        assert_eq!(usual, passages(&topics, 0.0, &mut random));
        let other = passages(&topics, 1.0, &mut random);
        assert_ne!(usual, other);
        assert_eq!(usual.len(), other.len());
    }

    #[test]
    fn answers_are_half_to_one_and_a_half_times_as_long_as_asked() {
        let mut random = SplitMix64::new(5);
        assert!((0..300).all(|_| (24..=72).contains(&around(&mut random, 48))));
        assert_eq!(around(&mut random, 0), 1);
    }
}
