//! What a server can do: asked, never assumed.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::{ChatAnswer, ChatRequest, EngineClient, Failed, failed::one_line};
use crate::engine::{
    error::EngineError,
    wire::{ChatMessage, Health, ModelPurpose},
};

/// Models of one server that are remembered.
const MOST_MODELS: usize = 256;
/// Longest name of a model, bytes.
const LONGEST_NAME: usize = 200;
/// Models that are tried for each ability: trying one may make the server load it.
const MOST_TRIED: usize = 3;
/// Words in the names of models that make embeddings; only the order of trying depends on it.
const EMBEDDERS: [&str; 6] = ["embed", "minilm", "bge", "gte", "e5", "rerank"];

/// How a server is told which JSON an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GrammarForm {
    /// `{"type": "json_schema", "json_schema": {…}}`, as most do.
    #[default]
    JsonSchema,
    /// `{"type": "json_object", "schema": {…}}`, as the Python llama.cpp server does.
    JsonObject,
}

/// What a server can do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "one for each ability; any may go with any")]
pub struct Capabilities {
    /// Its models, as it names them.
    pub models: Vec<String>,
    /// It holds conversations.
    pub chat: bool,
    /// The model that did so when it was tried; asked where nobody names one. `None` where the server chooses.
    pub chat_model: Option<String>,
    /// It makes embeddings.
    pub embeddings: bool,
    /// The model that did so; `None` where the server chooses.
    pub embedding_model: Option<String>,
    /// It says how likely the tokens of an answer were.
    pub logprobs: bool,
    /// How it is made to follow a JSON schema; `None` if it does not.
    pub grammar: Option<GrammarForm>,
    /// It says how likely a given answer is.
    pub score: bool,
    /// It is an engine of this program.
    pub is_holdpoint: bool,
}

impl Capabilities {
    /// How the server names a model that people call `name`: the same, or a file of that name, or its latest version.
    pub fn id_of(&self, name: &str) -> Option<&str> {
        let is_file = |id: &&String| {
            let file = id.rsplit(['/', '\\']).next().unwrap_or(id);
            let stem = file.strip_suffix(".gguf").unwrap_or(file);
            stem.eq_ignore_ascii_case(name) || file.eq_ignore_ascii_case(name)
        };
        let is_latest = |id: &&String| id.strip_suffix(":latest") == Some(name);
        let models = || self.models.iter();
        models()
            .find(|id| *id == name)
            .or_else(|| models().find(is_latest))
            .or_else(|| models().find(is_file))
            .map(String::as_str)
    }

    /// The abilities as words, for people.
    pub fn in_words(&self) -> String {
        let all = [
            (self.chat, "writes answers"),
            (self.logprobs, "says how sure it is"),
            (self.grammar.is_some(), "follows a schema"),
            (self.embeddings, "makes embeddings"),
            (self.score, "scores answers"),
        ];
        let can: Vec<&str> = all.iter().filter(|(can, _)| *can).map(|(_, words)| *words).collect();
        if can.is_empty() {
            "does nothing that Holdpoint uses".to_owned()
        } else {
            can.join(", ")
        }
    }
}

impl EngineClient {
    /// Finds out what the server can do, with a handful of very small requests.
    ///
    /// # Errors
    /// That of the first request which was not answered, so that nothing wrong is remembered.
    pub async fn detect(&self, deadline: Duration) -> Result<Capabilities, EngineError> {
        self.detect_or_fail(deadline).await.map_err(|failed| failed.error)
    }

    pub(super) async fn detect_or_fail(&self, deadline: Duration) -> Result<Capabilities, Failed> {
        let probe = Probe {
            client: self,
            started: Instant::now(),
            deadline,
        };
        probe.all().await.map_err(|failed| match failed.error {
            EngineError::DeadlineExceeded { .. } => Failed::from(EngineError::DeadlineExceeded { limit: deadline }),
            _ => failed,
        })
    }
}

struct Probe<'a> {
    client: &'a EngineClient,
    started: Instant,
    deadline: Duration,
}

/// The answer, or `None` if the server refuses this. What cannot be answered now is an error.
fn unless_refused<T>(answer: Result<T, Failed>) -> Result<Option<T>, Failed> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failed) => match (&failed.error, failed.status) {
            (EngineError::Unauthorized { .. } | EngineError::Overloaded { .. }, _) | (_, None) => Err(failed),
            (_, Some(status)) if status.is_client_error() => Ok(None),
            // Some servers fall over what they do not know.
            (_, Some(StatusCode::INTERNAL_SERVER_ERROR | StatusCode::NOT_IMPLEMENTED)) => Ok(None),
            (_, Some(_)) => Err(failed),
        },
    }
}

impl Probe<'_> {
    async fn all(&self) -> Result<Capabilities, Failed> {
        let models = self.models().await?;
        let health = self.health().await?;
        let mut found = Capabilities {
            is_holdpoint: health.is_some(),
            models,
            ..Capabilities::default()
        };
        let chat_first = found.models.iter().partition(|name| !is_embedder(name));
        let (chat_models, embedders): (Vec<&String>, Vec<&String>) = chat_first;
        let own = |purpose| health.as_ref().and_then(|health| own_default(health, purpose));
        let to_chat = candidates(
            health.as_ref(),
            own(ModelPurpose::Chat),
            chat_models.iter().chain(&embedders),
        );
        let to_embed = candidates(
            health.as_ref(),
            own(ModelPurpose::Embed),
            embedders.iter().chain(&chat_models),
        );

        for model in to_chat {
            let Some(logprobs) = self.chats(model.as_deref()).await? else {
                continue;
            };
            found.grammar = self.grammar(model.as_deref()).await?;
            found.score = found.is_holdpoint && self.scores(model.as_deref()).await?;
            (found.chat, found.logprobs, found.chat_model) = (true, logprobs, model);
            break;
        }
        for model in to_embed {
            if self.embeds(model.clone()).await? {
                (found.embeddings, found.embedding_model) = (true, model);
                break;
            }
        }
        Ok(found)
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.started.elapsed())
    }

    async fn models(&self) -> Result<Vec<String>, Failed> {
        let answer = self.client.ask(Method::GET, super::MODELS, None::<&()>, self.left());
        let list: Value = unless_refused(answer.await)?.unwrap_or_default();
        let entries = list["data"].as_array().or_else(|| list["models"].as_array());
        let names = entries.into_iter().flatten().filter_map(|entry| {
            let name = entry["id"].as_str().or_else(|| entry["name"].as_str())?;
            (!name.is_empty() && name.len() <= LONGEST_NAME && one_line(name) == name).then(|| name.to_owned())
        });
        Ok(names.take(MOST_MODELS).collect())
    }

    /// The health of an engine of this program; `None` from others, whatever they say there.
    async fn health(&self) -> Result<Option<Health>, Failed> {
        let answer = self
            .client
            .ask_bytes(Method::GET, "/health", bytes::Bytes::new(), self.left());
        let body = match unless_refused(answer.await) {
            // A page in its place is nothing unusual.
            Err(Failed {
                error: EngineError::Protocol { .. },
                ..
            }) => None,
            answered => answered?,
        };
        Ok(body.and_then(|body| serde_json::from_slice(&body).ok()))
    }

    /// Whether the model holds conversations, and if so, whether it says how sure it is.
    async fn chats(&self, model: Option<&str>) -> Result<Option<bool>, Failed> {
        let request = |logprobs| ChatRequest {
            max_tokens: Some(1),
            logprobs,
            ..question("Hi", model)
        };
        if let Some(answer) = self.chat(request(true)).await? {
            return Ok(Some(answer.logprobs.is_some()));
        }
        Ok(self.chat(request(false)).await?.map(|_| false))
    }

    /// Has the model write a word that it would not write by itself.
    async fn grammar(&self, model: Option<&str>) -> Result<Option<GrammarForm>, Failed> {
        let schema = json!({
            "type": "object",
            "properties": {"word": {"type": "string", "enum": ["quillwort"]}},
            "required": ["word"],
            "additionalProperties": false,
        });
        for form in [GrammarForm::JsonSchema, GrammarForm::JsonObject] {
            let request = ChatRequest {
                max_tokens: Some(48),
                schema: Some(schema.clone()),
                ..question("Say hello.", model)
            };
            // The form that is to be tried counts as known.
            let supposed = Capabilities {
                grammar: Some(form),
                ..Capabilities::default()
            };
            let client = self.client.knowing(supposed.into());
            let answer = unless_refused(client.chat_begun_within(request, self.left(), self.left()).await)?;
            let written = answer.and_then(|answer| serde_json::from_str::<Value>(&answer.text).ok());
            if written.is_some_and(|value| value == json!({"word": "quillwort"})) {
                return Ok(Some(form));
            }
        }
        Ok(None)
    }

    async fn embeds(&self, model: Option<String>) -> Result<bool, Failed> {
        let supposed = Capabilities {
            embedding_model: model,
            ..Capabilities::default()
        };
        let client = self.client.knowing(supposed.into());
        match client.embed_part(&["Hi".to_owned()], self.left()).await {
            // Embeddings of a chat model may be anything.
            Err(Failed {
                error: EngineError::Protocol { .. },
                status: None,
                ..
            }) => Ok(false),
            answer => Ok(unless_refused(answer)?.is_some()),
        }
    }

    async fn scores(&self, model: Option<&str>) -> Result<bool, Failed> {
        let body = json!({"model": model, "prompts": [[ChatMessage::user("Hi")]], "answer": "Hello"});
        let answer = self.client.ask(Method::POST, "/score", Some(&body), self.left());
        Ok(unless_refused::<Value>(answer.await)?.is_some_and(|score| score["scores"].is_array()))
    }

    async fn chat(&self, request: ChatRequest) -> Result<Option<ChatAnswer>, Failed> {
        unless_refused(self.client.chat_begun_within(request, self.left(), self.left()).await)
    }
}

fn question(text: &str, model: Option<&str>) -> ChatRequest {
    ChatRequest {
        messages: vec![ChatMessage::user(text)],
        model: model.map(ToOwned::to_owned),
        ..ChatRequest::default()
    }
}

fn is_embedder(name: &str) -> bool {
    let name = name.to_lowercase();
    EMBEDDERS.iter().any(|word| name.contains(word))
}

fn own_default(health: &Health, purpose: ModelPurpose) -> Option<String> {
    health.default_model(purpose).map(|model| model.name.clone())
}

/// Whom to try: our own engines say it themselves; of others the first few, or nobody by name where they name nobody.
fn candidates<'a>(
    health: Option<&Health>,
    own: Option<String>,
    listed: impl Iterator<Item = &'a &'a String>,
) -> Vec<Option<String>> {
    if health.is_some() {
        return own.into_iter().map(Some).collect();
    }
    let some: Vec<Option<String>> = listed.take(MOST_TRIED).map(|name| Some((*name).clone())).collect();
    if some.is_empty() { vec![None] } else { some }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_by_its_name_its_file_or_its_latest_version() {
        let server = Capabilities {
            models: ["/srv/Qwen2.5-7B.gguf", "llama3:latest", "llama3:70b", "org/phi"]
                .map(ToOwned::to_owned)
                .into(),
            ..Capabilities::default()
        };
        assert_eq!(server.id_of("qwen2.5-7b"), Some("/srv/Qwen2.5-7B.gguf"));
        assert_eq!(server.id_of("llama3"), Some("llama3:latest"));
        assert_eq!(server.id_of("llama3:70b"), Some("llama3:70b"));
        assert_eq!(server.id_of("phi"), Some("org/phi"));
        assert_eq!(server.id_of("llama"), None);
    }

    #[test]
    fn what_a_server_can_do_is_said_in_words() {
        assert_eq!(Capabilities::default().in_words(), "does nothing that Holdpoint uses");
        let chat = Capabilities {
            chat: true,
            logprobs: true,
            ..Capabilities::default()
        };
        assert_eq!(chat.in_words(), "writes answers, says how sure it is");
    }
}
