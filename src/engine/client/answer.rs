//! Reads chat answers, whole or in parts, of any server: what is missing or odd is done without, but for the text.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{
    ChatAnswer, LogprobSummary,
    failed::{Failed, Said, of_code, one_line},
};
use crate::engine::{
    error::EngineError,
    wire::{FinishReason, Timings, Usage},
};

/// Longest answer that is taken, bytes.
const LONGEST_TEXT_BYTES: usize = 1 << 20;

/// A whole answer, or one part of a streamed one.
#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    timings: Value,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default, alias = "delta")]
    message: Option<Message>,
    #[serde(default)]
    logprobs: Value,
    #[serde(default)]
    finish_reason: Value,
}

#[derive(Debug, Default, Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
}

/// What is known of an answer so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) text: String,
    pub(super) finish: Option<FinishReason>,
    pub(super) usage: Usage,
    pub(super) timings: Option<Timings>,
    log_probabilities: Vec<f32>,
}

/// Why a body is not the part of an answer.
#[derive(Debug)]
pub(super) enum Unusable {
    /// The server says what went wrong.
    Refused(Said),
    /// It makes no sense.
    Nonsense(String),
}

impl Unusable {
    pub(super) fn into_error(self, limit: Duration) -> EngineError {
        match self {
            Self::Nonsense(detail) => Failed::protocol(detail).error,
            Self::Refused(said) => {
                let message = said.message.unwrap_or_else(|| "it failed without a reason".to_owned());
                of_code(said.code, StatusCode::INTERNAL_SERVER_ERROR, one_line(&message), limit)
            }
        }
    }
}

impl Gathered {
    /// Takes a whole answer or the next part of one, and returns the text that is new.
    pub(super) fn add(&mut self, body: &[u8]) -> Result<Option<String>, Unusable> {
        let nonsense = |error: serde_json::Error| Unusable::Nonsense(error.to_string());
        let body: Value = serde_json::from_slice(body).map_err(nonsense)?;
        if let Some(said) = Said::of_value(&body) {
            return Err(Unusable::Refused(said));
        }
        let part: Envelope = serde_json::from_value(body).map_err(nonsense)?;
        if let Ok(usage) = serde_json::from_value(part.usage) {
            self.usage = usage;
        }
        // Others say something else under that name.
        if part.timings.get("decode_ms").is_some() {
            self.timings = serde_json::from_value(part.timings).ok();
        }
        let choices = part.choices.ok_or_else(|| {
            let detail = "it holds no answer".to_owned();
            Unusable::Nonsense(detail)
        })?;
        let Some(choice) = choices.into_iter().next() else {
            return Ok(None);
        };
        self.log_probabilities.extend(log_probabilities(&choice.logprobs));
        self.finish = choice.finish_reason.as_str().map(finish_of).or(self.finish);
        let text = choice.message.and_then(|message| message.content).unwrap_or_default();
        if self.text.len() + text.len() > LONGEST_TEXT_BYTES {
            return Err(Unusable::Nonsense(
                "it is far larger than what was asked for".to_owned(),
            ));
        }
        self.text.push_str(&text);
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// The answer, complete.
    pub(super) fn into_answer(self, elapsed: Duration) -> ChatAnswer {
        ChatAnswer {
            logprobs: self.logprobs(),
            text: self.text,
            finish: self.finish.unwrap_or(FinishReason::Other),
            prompt_tokens: self.usage.prompt_tokens,
            cached_tokens: self.usage.cached_tokens(),
            completion_tokens: self.usage.completion_tokens,
            timings: self.timings,
            elapsed,
        }
    }

    /// How sure the model was; `None` if the server does not say.
    fn logprobs(&self) -> Option<LogprobSummary> {
        LogprobSummary::of(self.log_probabilities.iter().copied())
    }
}

/// Of the tokens that have one; some servers leave out the first, or write 0.0001 for certainty.
#[expect(
    clippy::cast_possible_truncation,
    reason = "six digits are more than a log-probability is worth"
)]
fn log_probabilities(logprobs: &Value) -> impl Iterator<Item = f32> + use<'_> {
    let tokens = logprobs["content"].as_array().into_iter().flatten();
    tokens
        .filter_map(|token| token["logprob"].as_f64())
        .map(|logprob| logprob.min(0.0) as f32)
        .filter(|logprob| logprob.is_finite())
}

fn finish_of(word: &str) -> FinishReason {
    match word {
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" => FinishReason::Stop,
        "length" | "max_tokens" => FinishReason::Length,
        _ => FinishReason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(parts: &[&str]) -> Gathered {
        let mut gathered = Gathered::default();
        for part in parts {
            gathered.add(part.as_bytes()).unwrap();
        }
        gathered
    }

    #[test]
    fn what_other_servers_leave_out_or_write_differently_is_done_without() {
        let whole = gather(&[
            r#"{"choices":[{"message":{"role":"assistant","content":"Hi"},"finish_reason":"eos_token",
                "logprobs":{"content":[{"token":"H","logprob":null},{"logprob":-1},{"logprob":0.0001}]}}],
                "usage":null,"timings":{"prompt_ms":1.5}}"#,
        ]);
        assert_eq!((whole.text.as_str(), whole.finish), ("Hi", Some(FinishReason::Stop)));
        assert_eq!((whole.usage, whole.timings), (Usage::default(), None));
        let logprobs = whole.logprobs().unwrap();
        assert_eq!((logprobs.tokens, logprobs.min), (2, -1.0));
        let nothing =
            gather(&[r#"{"choices":[{"message":{"content":null},"logprobs":null,"finish_reason":"tool_calls"}]}"#]);
        assert_eq!((nothing.text.as_str(), nothing.finish), ("", Some(FinishReason::Other)));
        assert_eq!(nothing.logprobs(), None);
    }

    #[test]
    fn parts_add_up_and_the_usage_may_come_after_the_end() {
        let gathered = gather(&[
            r#"{"choices":[{"delta":{"role":"assistant"},"finish_reason":null}],"usage":null}"#,
            r#"{"choices":[{"delta":{"content":"Hel"},"logprobs":{"content":[{"logprob":-2}]}}]}"#,
            r#"{"choices":[{"delta":{"content":"lo"}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#,
        ]);
        assert_eq!(
            (gathered.text.as_str(), gathered.finish),
            ("Hello", Some(FinishReason::Length))
        );
        assert_eq!((gathered.usage.prompt_tokens, gathered.usage.completion_tokens), (3, 2));
    }

    #[test]
    fn an_error_in_place_of_a_part_is_an_error() {
        for body in [
            r#"{"error":{"message":"out of memory"}}"#,
            r#"{"object":"error","message":"out of memory"}"#,
        ] {
            let refused = Gathered::default().add(body.as_bytes());
            assert!(
                matches!(refused, Err(Unusable::Refused(said)) if said.message.as_deref() == Some("out of memory"))
            );
        }
        for body in ["{}", "[]", "{\"choices\":3}", "{", ""] {
            assert!(
                matches!(Gathered::default().add(body.as_bytes()), Err(Unusable::Nonsense(_))),
                "{body}"
            );
        }
    }
}
