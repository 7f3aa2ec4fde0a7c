//! Drives a server with visitors, alone or beside a backlog of work that nobody waits for.

use std::time::{Duration, Instant};

use tokio::{
    task::JoinSet,
    time::{sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::client::{Answered, AskError, Question, Server};
use super::mix::{Conversation, MixSettings, Round, conversations};
use crate::engine::{ChatMessage, Priority};
use crate::stats::quantile::{p50, p95};

/// How many visitors are there at once while the backlog's effect is measured.
const VISITORS: usize = 4;
/// Until a refused request of the backlog is tried again.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// Rounds of the backlog's prompts must not meet those of the visitors.
const BACKLOG_ROUND: u64 = 1 << 32;

/// What a run of visitors came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Visit {
    /// Answers that came.
    pub(super) answers: u32,
    /// Answers that did not come.
    pub(super) failed: u32,
    pub(super) first_token_p50_ms: f64,
    pub(super) first_token_p95_ms: f64,
    pub(super) whole_p50_ms: f64,
    pub(super) whole_p95_ms: f64,
    /// Tokens written per second of the run.
    pub(super) written_per_s: f64,
    /// Tokens of prompts answered per second of the run, computed or reused.
    pub(super) read_per_s: f64,
    /// Share of the prompts' tokens that were reused, 0 to 1.
    pub(super) reused: f64,
}

/// The answers of one task's conversations, and the first reason why one did not come.
#[derive(Debug, Default)]
struct Heard {
    answers: Vec<Answered>,
    failed: u32,
    why: Option<AskError>,
}

impl Heard {
    fn add(&mut self, other: Self) {
        self.answers.extend(other.answers);
        self.failed += other.failed;
        self.why = self.why.take().or(other.why);
    }
}

/// Every visitor of a round, each coming when it is time, whoever else is still there.
pub(super) async fn mix(server: &Server, settings: &MixSettings, round: Round) -> Result<Visit, AskError> {
    let started = Instant::now();
    let mut visitors = JoinSet::new();
    for conversation in conversations(settings, round) {
        let server = server.clone();
        visitors.spawn(async move {
            sleep_until((started + conversation.begins_after).into()).await;
            talk(&server, conversation, Priority::Live).await
        });
    }
    summary(all(visitors).await, started.elapsed())
}

/// Four visitors, one conversation after the other, while the server is kept busy with `backlog` evaluation requests.
pub(super) async fn beside_backlog(
    server: &Server,
    settings: &MixSettings,
    round: Round,
    backlog: usize,
) -> Result<Visit, AskError> {
    let done = CancellationToken::new();
    let mut work = JoinSet::new();
    let mut evaluations = conversations(
        &MixSettings {
            conversations: backlog,
            ..settings.clone()
        },
        Round {
            number: BACKLOG_ROUND + round.number,
            ..round
        },
    );
    for evaluation in evaluations.drain(..) {
        let (server, done) = (server.clone(), done.clone());
        work.spawn(async move { done.run_until_cancelled(evaluate(&server, evaluation)).await });
    }
    let mut shares: Vec<Vec<Conversation>> = (0..VISITORS).map(|_| Vec::new()).collect();
    for (place, conversation) in conversations(settings, round).into_iter().enumerate() {
        if let Some(share) = shares.get_mut(place % VISITORS) {
            share.push(conversation);
        }
    }
    let started = Instant::now();
    let mut visitors = JoinSet::new();
    for share in shares {
        let server = server.clone();
        visitors.spawn(async move {
            let mut heard = Heard::default();
            for conversation in share {
                heard.add(talk(&server, conversation, Priority::Live).await);
            }
            heard
        });
    }
    let heard = all(visitors).await;
    let lasted = started.elapsed();
    done.cancel();
    while work.join_next().await.is_some() {}
    summary(heard, lasted)
}

/// One conversation from its first message to its last answer. Without an answer the visitor goes.
async fn talk(server: &Server, conversation: Conversation, priority: Priority) -> Heard {
    let mut heard = Heard::default();
    let mut messages = vec![ChatMessage::system(conversation.instructions)];
    for turn in conversation.turns {
        messages.push(ChatMessage::user(turn.message));
        let question = Question {
            messages: messages.clone(),
            answer_tokens: turn.answer_tokens,
            may_reuse: true,
            priority,
        };
        match server.ask(&question).await {
            Ok(answer) => {
                messages.push(ChatMessage::assistant(answer.text.clone()));
                heard.answers.push(answer);
            }
            Err(error) => {
                heard.failed += 1;
                heard.why = Some(error);
                break;
            }
        }
        sleep(turn.thinks).await;
    }
    heard
}

/// Asks the first message of a conversation again and again, so that the backlog never gets shorter.
async fn evaluate(server: &Server, conversation: Conversation) {
    let Some(turn) = conversation.turns.into_iter().next() else {
        return;
    };
    for attempt in 0_u64.. {
        let question = Question {
            messages: vec![
                ChatMessage::system(conversation.instructions.clone()),
                // Another question each time: an answer that is known already would be no work.
                ChatMessage::user(format!("Case {attempt}. {}", turn.message)),
            ],
            answer_tokens: turn.answer_tokens,
            may_reuse: true,
            priority: Priority::Evaluation,
        };
        if server.ask(&question).await.is_err() {
            // Refused, as a full queue should; nobody waits for it.
            sleep(TRY_AGAIN_AFTER).await;
        }
    }
}

async fn all(mut visitors: JoinSet<Heard>) -> Heard {
    let mut heard = Heard::default();
    while let Some(ended) = visitors.join_next().await {
        match ended {
            Ok(one) => heard.add(one),
            // Only a task that panicked ends so; its answers are missing from the figures, so it must be seen.
            Err(_panicked) => heard.failed += 1,
        }
    }
    heard
}

fn summary(heard: Heard, lasted: Duration) -> Result<Visit, AskError> {
    let figures = |of: fn(&Answered) -> Duration| -> Vec<f64> {
        heard
            .answers
            .iter()
            .map(|answer| of(answer).as_secs_f64() * 1e3)
            .collect()
    };
    let sum = |of: fn(&Answered) -> u32| heard.answers.iter().map(|answer| f64::from(of(answer))).sum::<f64>();
    let (first, whole) = (figures(Answered::first_token), figures(Answered::whole));
    let (Some(first_p50), Some(first_p95), Some(whole_p50), Some(whole_p95)) =
        (p50(&first), p95(&first), p50(&whole), p95(&whole))
    else {
        let nobody_came = || AskError::Unreadable("there was nobody in the mix; raise --conversations".to_owned());
        return Err(heard.why.unwrap_or_else(nobody_came));
    };
    if let Some(why) = heard.why {
        tracing::warn!(
            failed = heard.failed,
            "Some answers did not come, the first because {why}"
        );
    }
    let prompt_tokens = sum(|answer| answer.prompt_tokens);
    Ok(Visit {
        answers: u32::try_from(heard.answers.len()).unwrap_or(u32::MAX),
        failed: heard.failed,
        first_token_p50_ms: first_p50,
        first_token_p95_ms: first_p95,
        whole_p50_ms: whole_p50,
        whole_p95_ms: whole_p95,
        written_per_s: sum(|answer| answer.written_tokens) / lasted.as_secs_f64(),
        read_per_s: prompt_tokens / lasted.as_secs_f64(),
        reused: sum(|answer| answer.cached_tokens) / prompt_tokens.max(1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(first_ms: u64, whole_ms: u64) -> Answered {
        let asked = Instant::now();
        Answered {
            text: String::new(),
            asked,
            pieces: vec![asked + Duration::from_millis(first_ms)],
            ended: asked + Duration::from_millis(whole_ms),
            prompt_tokens: 100,
            cached_tokens: 25,
            written_tokens: 10,
        }
    }

    #[test]
    fn a_run_is_summed_up_by_median_tail_and_tokens_a_second() {
        let heard = Heard {
            answers: vec![answered(10, 100), answered(20, 200), answered(30, 300)],
            failed: 1,
            why: None,
        };
        let visit = summary(heard, Duration::from_secs(2)).unwrap();
        assert_eq!((visit.answers, visit.failed), (3, 1));
        let near = |actual: f64, expected: f64| assert!((actual - expected).abs() < 1e-6, "{actual}, not {expected}");
        near(visit.first_token_p50_ms, 20.0);
        near(visit.first_token_p95_ms, 29.0);
        near(visit.whole_p50_ms, 200.0);
        near(visit.written_per_s, 15.0);
        near(visit.read_per_s, 150.0);
        near(visit.reused, 0.25);
    }

    #[test]
    fn a_run_without_an_answer_says_why() {
        let heard = Heard {
            failed: 2,
            why: Some(AskError::Unreadable("no model".to_owned())),
            ..Heard::default()
        };
        let error = summary(heard, Duration::from_secs(1)).unwrap_err();
        assert!(error.to_string().contains("no model"));
    }
}
