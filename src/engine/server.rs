//! The OpenAI-compatible HTTP surface, in front of any [`Backend`].

mod answer;
mod listener;
mod network;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::de::DeserializeOwned;
use tokio::time::timeout_at;

pub(crate) use listener::Listener;
pub(crate) use network::NetworkListener;

use super::{
    backend::{Backend, Refusal, Terms},
    wire::{
        ChatCompletionRequest, DEADLINE_HEADER, Embedding, EmbeddingsAnswer, EmbeddingsRequest, ErrorCode, Health,
        ModelEntry, ModelList, ModelPurpose, PRIORITY_HEADER, Priority, SHARE_HEADER, ScoreAnswer, ScoreRequest, Usage,
    },
};

/// Largest request body, bytes.
const LARGEST_BODY_BYTES: usize = 16 << 20;
/// Texts of one embeddings request, at most.
const MOST_TEXTS: usize = 2048;

/// Prompts of one score request, at most.
const MOST_PROMPTS: usize = 4;

/// All routes of the engine.
pub(crate) fn router(backend: Arc<dyn Backend>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/v1/models", get(models))
        .route("/v1/embeddings", post(embeddings))
        .route("/v1/chat/completions", post(chat_completions))
        .route("/score", post(score))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_path)
        .layer(DefaultBodyLimit::max(LARGEST_BODY_BYTES))
        .with_state(backend)
}

type Shared = State<Arc<dyn Backend>>;

async fn health(State(backend): Shared) -> Json<Health> {
    Json(backend.health())
}

async fn models(State(backend): Shared) -> Json<ModelList> {
    let health = backend.health();
    let data = health
        .models
        .into_iter()
        // An adapter is asked for by its own name beside the model's.
        .filter(|model| model.adapter.is_none())
        .map(|model| ModelEntry {
            id: model.name,
            object: "model".to_owned(),
            owned_by: "holdpoint".to_owned(),
            purpose: Some(model.purpose),
            state: Some(model.state),
        })
        .collect();
    Json(ModelList {
        object: "list".to_owned(),
        data,
    })
}

async fn embeddings(State(backend): Shared, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let terms = terms_of(&headers)?;
    let request: EmbeddingsRequest = parse(&body)?;
    let texts = request.input.into_vec();
    if texts.len() > MOST_TEXTS {
        return Err(Refusal::new(
            ErrorCode::InvalidRequest,
            format!(
                "{} texts are too many for one request; send at most {MOST_TEXTS}.",
                texts.len()
            ),
        ));
    }
    let answer = backend.embed(request.model.as_deref(), texts, terms)?;
    let model = model_name(&*backend, ModelPurpose::Embed, request.model);
    let embedded = within(terms, answer)
        .await?
        .map_err(|_gone| Refusal::failure("the model has stopped"))??;
    let data = embedded
        .vectors
        .into_iter()
        .enumerate()
        .map(|(index, embedding)| Embedding {
            object: "embedding".to_owned(),
            index,
            embedding,
        });
    Ok(Json(EmbeddingsAnswer {
        object: "list".to_owned(),
        data: data.collect(),
        model,
        usage: Usage::new(embedded.tokens, 0),
    })
    .into_response())
}

async fn chat_completions(State(backend): Shared, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let terms = terms_of(&headers)?;
    let request: ChatCompletionRequest = parse(&body)?;
    if request
        .temperature
        .is_some_and(|temperature| !(0.0..=2.0).contains(&temperature))
    {
        return Err(Refusal::new(
            ErrorCode::InvalidRequest,
            "`temperature` must lie between 0 and 2.",
        ));
    }
    let model = model_name(&*backend, ModelPurpose::Chat, request.model.clone());
    let stream = request.stream;
    let logprobs = request.logprobs;
    let events = backend.chat(request, terms)?;
    let writer = answer::AnswerWriter::new(model, logprobs);
    if stream {
        writer.stream(events, terms).await
    } else {
        Ok(Json(within(terms, writer.collect(events)).await??).into_response())
    }
}

async fn score(State(backend): Shared, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let terms = terms_of(&headers)?;
    let request: ScoreRequest = parse(&body)?;
    if !(1..=MOST_PROMPTS).contains(&request.prompts.len()) {
        return Err(Refusal::new(
            ErrorCode::InvalidRequest,
            format!("`prompts` must hold 1 to {MOST_PROMPTS} lists of messages."),
        ));
    }
    let model = model_name(&*backend, ModelPurpose::Chat, request.model.clone());
    let answer = backend.score(request, terms)?;
    let (scores, usage) = within(terms, answer)
        .await?
        .map_err(|_gone| Refusal::failure("the model has stopped"))??;
    Ok(Json(ScoreAnswer { model, scores, usage }).into_response())
}

/// The model that answers: the one that was named, or the default one.
fn model_name(backend: &dyn Backend, purpose: ModelPurpose, named: Option<String>) -> String {
    named.unwrap_or_else(|| {
        let health = backend.health();
        health
            .default_model(purpose)
            .map(|model| model.name.clone())
            .unwrap_or_default()
    })
}

async fn unknown_path() -> Refusal {
    Refusal::new(
        ErrorCode::InvalidRequest,
        "There is nothing here; use GET /health, GET /v1/models, POST /v1/embeddings, POST /v1/chat/completions or POST /score.",
    )
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        Refusal::new(
            ErrorCode::InvalidRequest,
            format!("The request's body could not be read: {error}."),
        )
    })
}

fn terms_of(headers: &HeaderMap) -> Result<Terms, Refusal> {
    let invalid = |message: String| Refusal::new(ErrorCode::InvalidRequest, message);
    let word = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let allowed = word(DEADLINE_HEADER)
        .map(|word| word.parse().map(Duration::from_millis))
        .transpose()
        .map_err(|_unreadable| invalid(format!("`{DEADLINE_HEADER}` must be a number of milliseconds.")))?;
    let priority = match word(PRIORITY_HEADER) {
        None => Priority::default(),
        Some(word) => Priority::parse(word)
            .ok_or_else(|| invalid(format!("`{PRIORITY_HEADER}` must be live, copilot or evaluation.")))?,
    };
    let share = word(SHARE_HEADER).unwrap_or_default();
    Ok(Terms::new(priority, allowed).sharing(share))
}

/// Waits no longer than the request's deadline, also while it still stands in the queue.
pub(crate) async fn within<T>(terms: Terms, work: impl Future<Output = T>) -> Result<T, Refusal> {
    match terms.deadline {
        None => Ok(work.await),
        Some(deadline) => timeout_at(deadline.into(), work)
            .await
            .map_err(|_elapsed| Refusal::deadline()),
    }
}
