//! Turns a request into sequences of tokens, or says why it cannot be computed.

use std::rc::Rc;

use llama_cpp_2::{model::LlamaModel, token::LlamaToken};

use super::{
    choice::Choice,
    schema, scoring,
    sequence::{Sequence, Work},
    writing::Writing,
};
use crate::engine::{
    backend::{ChatEvent, ChatEvents, ChatJob, ChatTask, Refusal, Terms},
    prompt::PromptWriter,
    wire::{ChatCompletionRequest, ErrorCode, OneOrMany, ScoreRequest},
};

/// Tokens written when a request sets no limit.
const DEFAULT_MAX_TOKENS: u32 = 512;
/// Stop texts of one request, at most, and the longest of them in bytes.
const MOST_STOP_TEXTS: usize = 8;
const LONGEST_STOP_TEXT: usize = 256;

/// What requests are prepared with.
#[derive(Clone, Copy)]
pub(super) struct With<'a> {
    pub(super) model: &'a LlamaModel,
    pub(super) writer: &'a PromptWriter,
    /// Most tokens of one request.
    pub(super) window_tokens: usize,
    /// What stands in the cache may be used again.
    pub(super) can_reuse: bool,
}

/// The sequences of a request. Whoever asked has been told if there are none.
pub(super) fn sequences(with: With<'_>, job: ChatJob) -> Option<Vec<Sequence>> {
    let terms = job.terms;
    let ticket = Rc::new(job.ticket);
    match job.task {
        ChatTask::Write { request, events } => match write(with, request, &events, terms) {
            Ok(sequence) => Some(vec![sequence.keeping(ticket)]),
            Err(refusal) => {
                let _caller_is_gone = events.send(ChatEvent::Failed(refusal));
                None
            }
        },
        ChatTask::Score { request, answer } => match score_tokens(with, &request) {
            Ok(prompts) => {
                let sizes: Vec<_> = prompts.iter().map(|(prompt, tokens)| (*prompt, tokens.len())).collect();
                let parts = scoring::parts(&sizes, answer).into_iter().zip(prompts);
                let sequence = |(part, (_, tokens)): (_, (usize, Vec<LlamaToken>))| {
                    let grows_to = tokens.len();
                    Sequence::new(terms, Work::Score(part), tokens, grows_to, with.can_reuse)
                        .keeping(Rc::clone(&ticket))
                };
                Some(parts.map(sequence).collect())
            }
            Err(refusal) => {
                let _caller_is_gone = answer.send(Err(refusal));
                None
            }
        },
    }
}

fn write(
    with: With<'_>,
    mut request: ChatCompletionRequest,
    events: &ChatEvents,
    terms: Terms,
) -> Result<Sequence, Refusal> {
    let stop = request.stop.take().map(OneOrMany::into_vec).unwrap_or_default();
    if stop.len() > MOST_STOP_TEXTS || stop.iter().any(|text| text.len() > LONGEST_STOP_TEXT) {
        return Err(Refusal::new(
            ErrorCode::InvalidRequest,
            format!("`stop` takes at most {MOST_STOP_TEXTS} texts of at most {LONGEST_STOP_TEXT} bytes."),
        ));
    }
    let grammar = schema::grammar(with.model, request.response_format.as_ref())?;
    let prompt = with.writer.write(with.model, &request.messages, with.window_tokens)?;
    let asked = request.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS).max(1);
    let left = with.window_tokens.saturating_sub(prompt.len());
    let most_written = usize::try_from(asked).unwrap_or(usize::MAX).min(left);
    let grows_to = prompt.len() + most_written;
    let reuse = with.can_reuse && request.cache_prompt.unwrap_or(true);
    let writing = Writing::new(
        &request,
        stop,
        events.clone(),
        terms.arrived,
        Choice::new(&request, grammar),
    )
    .sized(prompt.len(), most_written);
    Ok(Sequence::new(
        terms,
        Work::Write(Box::new(writing)),
        prompt,
        grows_to,
        reuse,
    ))
}

/// For every prompt its length and the tokens of prompt and answer.
fn score_tokens(with: With<'_>, request: &ScoreRequest) -> Result<Vec<(usize, Vec<LlamaToken>)>, Refusal> {
    let answer = with.model.vocab().tokenize(request.answer.as_bytes(), false, false);
    if answer.is_empty() {
        return Err(Refusal::new(
            ErrorCode::InvalidRequest,
            "`answer` is empty; there is nothing to score.",
        ));
    }
    let room = with.window_tokens.saturating_sub(answer.len());
    if room < 2 {
        let (size, window) = (answer.len(), with.window_tokens);
        return Err(Refusal::new(
            ErrorCode::ContextExceeded,
            format!(
                "The answer has {size} tokens and the model's window holds {window}, prompt and answer together; score a shorter answer or start the engine with a larger `--ctx`."
            ),
        ));
    }
    let mut prompts = Vec::with_capacity(request.prompts.len());
    for messages in &request.prompts {
        let mut tokens = with.writer.write(with.model, messages, room)?;
        let prompt_tokens = tokens.len();
        tokens.extend_from_slice(&answer);
        prompts.push((prompt_tokens, tokens));
    }
    Ok(prompts)
}
