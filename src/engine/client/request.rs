//! What the chat model is asked, and what it answers.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Capabilities, Failed, GrammarForm};
use crate::engine::wire::{
    ChatCompletionRequest, ChatMessage, FinishReason, JsonSchema, OneOrMany, ResponseFormat, Timings,
};

/// A conversation to be continued by the chat model.
#[derive(Debug, Clone, Default)]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<ChatMessage>,
    /// Most tokens to write; the engine's default if `None`.
    pub max_tokens: Option<u32>,
    /// 0 always takes the likeliest token, and the same prompt gets the same answer.
    pub temperature: f32,
    /// Makes a temperature above 0 repeatable.
    pub seed: Option<u32>,
    /// Ask for the log-probability of every token.
    pub logprobs: bool,
    /// The chat model by name; the engine's default one if `None`.
    pub model: Option<String>,
    /// `LoRA` adapter by name.
    pub adapter: Option<String>,
    /// Texts at which the answer ends.
    pub stop: Vec<String>,
    /// JSON schema that the answer must follow.
    pub schema: Option<Value>,
}

/// What the chat model wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatAnswer {
    /// The text.
    pub text: String,
    /// Why it ended.
    pub finish: FinishReason,
    /// How sure the model was; `None` if not asked for, or if the server does not say.
    pub logprobs: Option<LogprobSummary>,
    /// Tokens read; 0 from servers that do not say.
    pub prompt_tokens: u32,
    /// Those of them that the engine had kept and did not compute again.
    pub cached_tokens: u32,
    /// Tokens written; 0 from servers that do not say.
    pub completion_tokens: u32,
    /// Where the engine's time went; `None` from servers that do not say.
    pub timings: Option<Timings>,
    /// Time from asking to the complete answer.
    pub elapsed: Duration,
}

/// Summary of the log-probabilities of an answer's tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogprobSummary {
    /// Mean, at most 0.
    pub mean: f64,
    /// The least likely token's, at most 0.
    pub min: f64,
    /// How many tokens.
    pub tokens: usize,
}

impl LogprobSummary {
    pub(super) fn of(log_probabilities: impl Iterator<Item = f32>) -> Option<Self> {
        let (mut sum, mut min, mut tokens) = (0.0, 0.0_f64, 0_u32);
        for log_probability in log_probabilities {
            sum += f64::from(log_probability);
            min = min.min(f64::from(log_probability));
            tokens += 1;
        }
        (tokens > 0).then(|| Self {
            mean: sum / f64::from(tokens),
            min,
            tokens: usize::try_from(tokens).unwrap_or(usize::MAX),
        })
    }
}

/// The body for an engine of this program.
pub(super) fn own_body(request: ChatRequest, stream: bool) -> Result<Bytes, Failed> {
    encode(&wire_request(request, stream))
}

/// The body for any server: without the fields it is known not to understand, and with those only others have.
pub(super) fn any_body(
    mut request: ChatRequest,
    stream: bool,
    capabilities: Option<&Capabilities>,
) -> Result<Bytes, Failed> {
    let schema = request.schema.take();
    if let Some(known) = capabilities {
        request.logprobs &= known.logprobs;
        request.model = match request.model {
            Some(name) => Some(known.id_of(&name).map_or(name, ToOwned::to_owned)),
            None => known.chat_model.clone(),
        };
    }
    let logprobs = request.logprobs;
    let mut body =
        serde_json::to_value(wire_request(request, stream)).map_err(|error| Failed::protocol(error.to_string()))?;
    if let Value::Object(fields) = &mut body {
        if logprobs {
            // Some servers give none, or twenty, where nobody says how many.
            fields.insert("top_logprobs".to_owned(), json!(1));
        } else {
            fields.remove("logprobs");
        }
        if stream {
            fields.insert("stream_options".to_owned(), json!({ "include_usage": true }));
        }
        if let Some(schema) = schema {
            let form = capabilities.and_then(|known| known.grammar).unwrap_or_default();
            fields.insert("response_format".to_owned(), form.of(&schema));
        }
    }
    encode(&body)
}

impl GrammarForm {
    /// The `response_format` that makes an answer follow this schema.
    pub(super) fn of(self, schema: &Value) -> Value {
        match self {
            Self::JsonSchema => json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}),
            Self::JsonObject => json!({"type": "json_object", "schema": schema}),
        }
    }
}

fn wire_request(request: ChatRequest, stream: bool) -> ChatCompletionRequest {
    ChatCompletionRequest {
        model: request.model,
        adapter: request.adapter,
        messages: request.messages,
        max_tokens: request.max_tokens,
        temperature: Some(request.temperature),
        seed: request.seed,
        stream,
        logprobs: request.logprobs,
        top_logprobs: None,
        stop: (!request.stop.is_empty()).then_some(OneOrMany::Many(request.stop)),
        response_format: request.schema.map(|schema| ResponseFormat::JsonSchema {
            json_schema: JsonSchema {
                name: "answer".to_owned(),
                schema,
            },
        }),
        cache_prompt: None,
        ignore_eos: false,
    }
}

pub(super) fn encode(body: &impl serde::Serialize) -> Result<Bytes, Failed> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(|error| Failed::protocol(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_probabilities_are_summed_up_by_mean_and_minimum() {
        let summary = LogprobSummary::of([-1.0, -3.0].into_iter());
        assert_eq!(
            summary,
            Some(LogprobSummary {
                mean: -2.0,
                min: -3.0,
                tokens: 2
            })
        );
        assert_eq!(LogprobSummary::of(std::iter::empty()), None);
    }

    fn body(request: ChatRequest, capabilities: Option<&Capabilities>) -> Value {
        serde_json::from_slice(&any_body(request, true, capabilities).unwrap()).unwrap()
    }

    #[test]
    fn a_server_is_not_sent_what_it_does_not_understand() {
        let request = ChatRequest {
            logprobs: true,
            model: Some("Small".to_owned()),
            schema: Some(json!({"type": "object"})),
            ..ChatRequest::default()
        };
        let plain = Capabilities {
            models: vec!["/models/small.gguf".to_owned()],
            grammar: Some(GrammarForm::JsonObject),
            ..Capabilities::default()
        };
        let without = body(request.clone(), Some(&plain));
        assert_eq!((without.get("logprobs"), without.get("top_logprobs")), (None, None));
        assert_eq!(without["model"], "/models/small.gguf");
        assert_eq!(without["response_format"]["type"], "json_object");
        let before_anything_is_known = body(request, None);
        assert_eq!(before_anything_is_known["logprobs"], true);
        assert_eq!(before_anything_is_known["model"], "Small");
        assert_eq!(before_anything_is_known["response_format"]["type"], "json_schema");
    }
}
