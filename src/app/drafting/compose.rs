//! Lets the LLM write from the passages.

use super::Proposal;
use crate::app::App;
use crate::app::error::trouble_of;
use crate::domain::answer::{
    AnswerMode, ChatMessage, ComposePrompt, LeftOut, Role, Signals, declines, unsupported, whole_sentences,
};
use crate::domain::policy::EngineTrouble;
use crate::domain::settings::{AgentSettings, ChatModelName};
use crate::domain::text::AnswerText;
use crate::engine::{self, ChatAnswer, ChatRequest, EngineClient, EngineError, FinishReason};
use crate::store::Rows;
use std::time::Duration;
use tokio::time::timeout;

/// Longest time the LLM may write on one answer, all attempts together; then a person answers.
const DEADLINE: Duration = Duration::from_mins(2);
/// Longest composed answer, in tokens.
const MOST_TOKENS: u32 = 160;

/// What the LLM is asked, besides the passages.
pub(super) struct Asked<'a> {
    pub(super) settings: &'a AgentSettings,
    pub(super) question: &'a str,
    pub(super) history: &'a [ChatMessage],
}

/// An answer, who gave it to what.
struct Written {
    answer: ChatAnswer,
    model: Option<String>,
    prompt: Vec<ChatMessage>,
    left_out: LeftOut,
}

/// The proposal with the text that the LLM wrote, or without one where the LLM says that the passages do not answer.
pub(super) async fn compose(
    app: &App,
    rows: &Rows<'_>,
    asked: &Asked<'_>,
    proposal: Proposal,
) -> Result<Proposal, EngineTrouble> {
    let engine = app.engine().ok_or(EngineTrouble::Unavailable)?;
    let client = engine.client.sharing(&rows.workspace_id().to_string());
    let passages: Vec<(&str, &str)> = proposal
        .sources
        .iter()
        .map(|source| (source.title.as_str(), source.text.as_str()))
        .collect();
    let settings = asked.settings;
    let prompt = ComposePrompt::new(&settings.instructions, asked.question, &passages, asked.history);
    let written = timeout(DEADLINE, write(&client, settings, prompt))
        .await
        .unwrap_or(Err(EngineTrouble::Deadline))
        .inspect_err(|trouble| {
            let why = trouble.reason().in_words();
            tracing::warn!("the LLM wrote no answer; something is quoted or a person answers: {why}");
        })?;
    // Whatever a model writes is untrusted text: it is cleaned and bounded like a person's.
    let text = usable(&written.answer).and_then(|text| AnswerText::parse(text).ok());
    let text = text.ok_or(EngineTrouble::UnusableAnswer)?;
    let left_out = (written.left_out != LeftOut::default()).then_some(written.left_out);
    if declines(text.as_str()) {
        let mut proposal = proposal.abstaining();
        proposal.signals.left_out = left_out;
        return Ok(proposal);
    }
    // What the visitor or the business is called need not stand in a passage.
    let mut known = vec![asked.question, &settings.business, &settings.name];
    known.extend(
        proposal
            .sources
            .iter()
            .flat_map(|source| [source.title.as_str(), source.text.as_str()]),
    );
    let logprobs = written.answer.logprobs;
    let support_delta = if settings.support_signal {
        support_delta(&client, asked, &written).await
    } else {
        None
    };
    let signals = Signals {
        mode: AnswerMode::Compose,
        unsupported: unsupported(text.as_str(), &known),
        answer_words: u32::try_from(text.as_str().split_whitespace().count()).unwrap_or(u32::MAX),
        mean_logprob: logprobs.map(|logprobs| logprobs.mean),
        min_logprob: logprobs.map(|logprobs| logprobs.min),
        support_delta,
        left_out,
        ..proposal.signals
    };
    Ok(Proposal {
        text: text.into(),
        signals,
        ..proposal
    })
}

/// The part of an answer that can be shown: one that was broken off ends with its last whole sentence.
fn usable(answer: &ChatAnswer) -> Option<&str> {
    match answer.finish {
        FinishReason::Length => whole_sentences(&answer.text),
        _ => Some(&answer.text),
    }
}

/// Asks the agent's chat models in the order of preference until one answers.
async fn write(
    client: &EngineClient,
    settings: &AgentSettings,
    prompt: ComposePrompt<'_>,
) -> Result<Written, EngineTrouble> {
    let mut trouble = EngineTrouble::Unavailable;
    for model in models(settings) {
        match ask(client, settings, model, prompt.clone()).await {
            Ok(written) => return Ok(written),
            Err(other) => trouble = other,
        }
    }
    Err(trouble)
}

/// The models to ask, the preferred one first; `None` is the machine's default.
fn models(settings: &AgentSettings) -> Vec<Option<String>> {
    if settings.chat_models.is_empty() {
        return vec![None];
    }
    let parsed = settings
        .chat_models
        .iter()
        .filter_map(|name| ChatModelName::parse(name).ok());
    parsed
        .filter(|name| {
            // Engines of other machines are not connected to yet.
            if let Some(engine) = name.engine {
                tracing::warn!(
                    engine,
                    model = name.model,
                    "this engine is not known here; the next chat model is asked"
                );
            }
            name.engine.is_none()
        })
        .map(|name| Some(name.model.to_owned()))
        .collect()
}

/// Asks one model, with less and less until it fits its window.
async fn ask(
    client: &EngineClient,
    settings: &AgentSettings,
    model: Option<String>,
    mut prompt: ComposePrompt<'_>,
) -> Result<Written, EngineTrouble> {
    loop {
        let messages = prompt.messages();
        let request = ChatRequest {
            messages: messages.iter().map(for_engine).collect(),
            max_tokens: Some(MOST_TOKENS),
            temperature: 0.0,
            seed: Some(0),
            logprobs: true,
            model: model.clone(),
            adapter: settings.adapter.clone(),
            ..ChatRequest::default()
        };
        match client.chat(request, DEADLINE).await {
            // The window was full before the answer was whole.
            Ok(answer) if answer.finish == FinishReason::Length && answer.completion_tokens < MOST_TOKENS => {
                tracing::debug!(
                    tokens = answer.completion_tokens,
                    "no room for an answer is left; asking with less"
                );
            }
            Ok(answer) => {
                return Ok(Written {
                    answer,
                    model,
                    left_out: prompt.left_out(),
                    prompt: messages,
                });
            }
            Err(EngineError::ContextExceeded { detail }) => tracing::debug!("asking with less: {detail}"),
            Err(error) => {
                tracing::warn!(%error, model, "a chat model did not answer");
                return Err(trouble_of(&error));
            }
        }
        prompt = prompt.shortened().ok_or(EngineTrouble::PromptTooLong)?;
    }
}

/// How much likelier the answer is with its passages than without. A signal, not an answer: without it the draft is as good.
async fn support_delta(client: &EngineClient, asked: &Asked<'_>, written: &Written) -> Option<f64> {
    let bare = ComposePrompt::new(&asked.settings.instructions, asked.question, &[], asked.history);
    let prompts = [&written.prompt, &bare.messages()].map(|prompt| prompt.iter().map(for_engine).collect());
    let answer = written.answer.text.clone();
    let scores = client
        .score(prompts.into(), answer, written.model.clone(), DEADLINE)
        .await;
    match scores.as_deref() {
        Ok([with, without]) => Some(with.mean - without.mean),
        Ok(_) => None,
        Err(error) => {
            tracing::debug!(%error, "how far the passages support an answer could not be measured");
            None
        }
    }
}

fn for_engine(message: &ChatMessage) -> engine::ChatMessage {
    let content = message.content.clone();
    match message.role {
        Role::System => engine::ChatMessage::system(content),
        Role::User => engine::ChatMessage::user(content),
        Role::Assistant => engine::ChatMessage::assistant(content),
    }
}
