//! Lets the LLM write from the passages.

use super::Proposal;
use crate::app::App;
use crate::app::engines::Answered;
use crate::app::error::trouble_of;
use crate::domain::answer::{
    AnswerMode, ChatMessage, ComposePrompt, LeftOut, Role, Signals, declines, unsupported, whole_sentences,
};
use crate::domain::draft::Source;
use crate::domain::ids::DraftId;
use crate::domain::model::Sha256Digest;
use crate::domain::model_ref::ModelRef;
use crate::domain::persona;
use crate::domain::policy::EngineTrouble;
use crate::domain::settings::AgentSettings;
use crate::domain::text::AnswerText;
use crate::engine::{self, ChatAnswer, ChatRequest, FinishReason, Forming, Priority, ScoreRequest};
use crate::store::Rows;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::iter;
use std::time::Duration;

/// Longest time the LLM may write on one answer, all attempts together; then a person answers.
const DEADLINE: Duration = Duration::from_mins(2);
/// Longest composed answer, in tokens.
const MOST_TOKENS: u32 = 160;

/// What the LLM is asked, besides the passages.
pub(super) struct Asked<'a> {
    pub(super) settings: &'a AgentSettings,
    pub(super) question: &'a str,
    pub(super) history: &'a [ChatMessage],
    /// What colleagues wrote in it.
    pub(super) by_people: &'a [String],
    /// What a person told the AI when they handed the conversation back.
    pub(super) handed_back: Option<&'a str>,
    /// Who waits for it.
    pub(super) priority: Priority,
    /// Where what is being written is shown.
    pub(super) forming: Option<&'a Forming>,
}

/// The proposal with the text that the LLM wrote, or without one where the LLM says that the passages do not answer.
pub(super) async fn compose(
    app: &App,
    rows: &Rows<'_>,
    asked: &Asked<'_>,
    proposal: Proposal,
) -> Result<Proposal, EngineTrouble> {
    let engines = app.engines().at_priority(asked.priority);
    let engines = engines.sharing(&rows.workspace_id().to_string());
    let engines = engines.forming_in(asked.forming.cloned());
    let passages: Vec<(&str, &str)> = proposal
        .sources
        .iter()
        .map(|source| (source.title.as_str(), source.text.as_str()))
        .collect();
    let settings = asked.settings;
    let told = persona::told(settings);
    let whole = ComposePrompt::new(&told, asked.question, &passages, asked.history).after_person(asked.handed_back);
    let prompts: Vec<ComposePrompt<'_>> = iter::successors(Some(whole), ComposePrompt::shortened).collect();
    let requests: Vec<ChatRequest> = prompts.iter().map(|prompt| request(prompt, settings)).collect();
    let written = engines
        .chat_fitting(&models(settings), &requests, DEADLINE)
        .await
        .map_err(|refused| {
            tracing::warn!(error = %refused, "the LLM wrote no answer; something is quoted or a person answers");
            trouble_of(&refused.error)
        })?;
    // Whatever a model writes is untrusted text: it is cleaned and bounded like a person's.
    let text = usable(&written.answer).and_then(|text| AnswerText::parse(text).ok());
    let text = text.ok_or(EngineTrouble::UnusableAnswer)?;
    let left_out = prompts.get(written.request).map(ComposePrompt::left_out);
    let left_out = left_out.filter(|left_out| *left_out != LeftOut::default());
    if declines(text.as_str()) {
        let mut proposal = proposal.abstaining();
        proposal.signals.left_out = left_out;
        return Ok(proposal);
    }
    // What the business is called need not stand in a passage.
    let mut known = vec![settings.business.as_str(), &settings.name];
    // What a colleague said or left as a note is as good as a passage; what the AI said before is not.
    known.extend(asked.handed_back);
    known.extend(asked.by_people.iter().map(String::as_str));
    known.extend(
        proposal
            .sources
            .iter()
            .flat_map(|source| [source.title.as_str(), source.text.as_str()]),
    );
    let logprobs = written.answer.logprobs;
    let support_delta = if settings.support_signal {
        support_delta(app, asked, &written, requests.get(written.request)).await
    } else {
        None
    };
    let signals = Signals {
        mode: AnswerMode::Compose,
        unsupported: unsupported(text.as_str(), &known, asked.question),
        answer_words: u32::try_from(text.as_str().split_whitespace().count()).unwrap_or(u32::MAX),
        mean_logprob: logprobs.map(|logprobs| logprobs.mean),
        min_logprob: logprobs.map(|logprobs| logprobs.min),
        support_delta,
        left_out,
        writer: name_of(app, &written.model),
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

/// The model that would write for this agent now.
pub(in crate::app) fn writer(app: &App, settings: &AgentSettings) -> Option<String> {
    let preferred = models(settings).into_iter().next();
    name_of(app, &preferred.unwrap_or(ModelRef::DEFAULT))
}

/// A digest of all that goes into what the LLM writes to a question, asked where `draft` answered it: two that are alike read the same.
pub(in crate::app) fn recipe(
    app: &App,
    settings: &AgentSettings,
    (question, draft): (&str, Option<DraftId>),
    sources: &[Source],
) -> String {
    let named = models(settings);
    let writers: Vec<Option<String>> = if named.is_empty() {
        vec![writer(app, settings)]
    } else {
        named.iter().map(|model| name_of(app, model)).collect()
    };
    let passages: Vec<(&str, &str)> = sources
        .iter()
        .map(|source| (source.title.as_str(), source.text.as_str()))
        .collect();
    let read = json!([
        persona::told(settings),
        writers,
        settings.adapter,
        MOST_TOKENS,
        question,
        draft,
        passages
    ]);
    Sha256Digest(Sha256::digest(read.to_string()).into()).to_string()
}

fn name_of(app: &App, model: &ModelRef) -> Option<String> {
    if *model == ModelRef::DEFAULT {
        app.engine()?.chat_model.clone()
    } else {
        Some(model.to_string())
    }
}

/// The models to ask, the preferred one first; none means the machine's default.
pub(super) fn models(settings: &AgentSettings) -> Vec<ModelRef> {
    let names = settings.chat_models.iter();
    // Those that name none were refused when the settings were published.
    names.filter_map(|name| name.parse().ok()).collect()
}

fn request(prompt: &ComposePrompt<'_>, settings: &AgentSettings) -> ChatRequest {
    ChatRequest {
        messages: prompt.messages().into_iter().map(for_engine).collect(),
        max_tokens: Some(MOST_TOKENS),
        temperature: 0.0,
        seed: Some(0),
        logprobs: true,
        adapter: settings.adapter.clone(),
        ..ChatRequest::default()
    }
}

/// How much likelier the answer is with its passages than without; only this machine's engine tells. A signal, not an answer:
/// without it the draft is as good.
async fn support_delta(
    app: &App,
    asked: &Asked<'_>,
    written: &Answered,
    answered: Option<&ChatRequest>,
) -> Option<f64> {
    let engine = app.engine().filter(|_| written.model.engine.is_none())?;
    let client = engine.client.at_priority(asked.priority);
    let told = persona::told(asked.settings);
    let bare = ComposePrompt::new(&told, asked.question, &[], asked.history);
    let request = ScoreRequest {
        model: written.model.name.clone(),
        adapter: asked.settings.adapter.clone(),
        prompts: vec![answered?.messages.clone(), request(&bare, asked.settings).messages],
        answer: written.answer.text.clone(),
    };
    match client.score(request, DEADLINE).await.as_deref() {
        Ok([with, without]) => Some(with.mean - without.mean),
        Ok(_) => None,
        Err(error) => {
            tracing::debug!(%error, "how far the passages support an answer could not be measured");
            None
        }
    }
}

pub(super) fn for_engine(message: ChatMessage) -> engine::ChatMessage {
    match message.role {
        Role::System => engine::ChatMessage::system(message.content),
        Role::User => engine::ChatMessage::user(message.content),
        Role::Assistant => engine::ChatMessage::assistant(message.content),
    }
}
