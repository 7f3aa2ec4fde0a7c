//! What the tools mean: each is a few requests to the API, and what came of them in words.

use super::catalogue::{LONGEST_WAIT_S, PASSAGES, Tool, WAIT_S};
use super::told::{ASK_PERSON, Told, consumed, is_pending, standing, taken};
use crate::domain::action::args::Args;
use crate::web::console::encoded;
use crate::web::edge::{Answer, Api, Wish};
use crate::web::error::sentence;
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Characters of a passage that a search returns.
const PASSAGE_CHARS: usize = 1_200;

/// A call: in whose name, and where it asks.
#[derive(Debug)]
pub(super) struct Call<'a, A> {
    pub(super) api: &'a A,
    /// The request that brought it, where there is one.
    pub(super) asker: Option<&'a Parts>,
}

impl<A: Api> Call<'_, A> {
    /// Does what a tool is called for.
    pub(super) async fn make(&self, tool: Tool, arguments: Map<String, Value>) -> Told {
        let done = match tool {
            Tool::RequestApproval => self.request_approval(arguments).await,
            Tool::CheckApproval => self.check_approval(arguments).await,
            Tool::AskPerson => self.ask_person(arguments).await,
            Tool::SearchKnowledge => self.search_knowledge(arguments).await,
            Tool::HandOver => self.hand_over(arguments).await,
        };
        match done {
            Ok(told) | Err(told) => told,
        }
    }

    async fn request_approval(&self, arguments: Map<String, Value>) -> Result<Told, Told> {
        let wish: RequestApproval = parsed(arguments)?;
        let wait_s = wait_of(wish.wait_s)?;
        check_arguments(&wish.arguments)?;
        let mut body = json!({
            "tool_call_id": self.request_id(wish.request_id),
            "name": wish.action,
            "args": wish.arguments,
        });
        for (name, value) in [
            ("description", wish.description),
            ("risk", wish.risk),
            ("conversation_id", wish.conversation_id),
        ] {
            if let Some(value) = value {
                body[name] = value.into();
            }
        }
        let approval = self.ask(Wish::propose(body)).await?;
        self.outcome(approval, wait_s, wish.consume).await
    }

    async fn check_approval(&self, arguments: Map<String, Value>) -> Result<Told, Told> {
        let wish: CheckApproval = parsed(arguments)?;
        let wait_s = wait_of(wish.wait_s)?;
        let approval = self.approval(wish.approval_id, wait_s).await?;
        self.outcome(approval, 0, wish.consume).await
    }

    async fn ask_person(&self, arguments: Map<String, Value>) -> Result<Told, Told> {
        let wish: AskPerson = parsed(arguments)?;
        let wait_s = wait_of(wish.wait_s)?;
        let mut body = json!({
            "tool_call_id": self.request_id(wish.request_id),
            "name": ASK_PERSON,
            "args": { "question": wish.question },
            "description": wish.question,
            "risk": "low",
            "allowed_decisions": ["respond", "reject"],
        });
        if let Some(id) = wish.conversation_id {
            body["conversation_id"] = id.into();
        }
        let approval = self.ask(Wish::propose(body)).await?;
        self.outcome(approval, wait_s, true).await
    }

    async fn search_knowledge(&self, arguments: Map<String, Value>) -> Result<Told, Told> {
        let wish: SearchKnowledge = parsed(arguments)?;
        let limit = wish.limit.unwrap_or(PASSAGES.0).clamp(1, PASSAGES.1);
        let mut path = format!("/api/v1/knowledge/search?q={}&limit={limit}", encoded(&wish.question));
        if let Some(collection) = wish.collection {
            path.push_str("&collection=");
            path.push_str(&encoded(&collection));
        }
        let found = self.ask(Wish::get(path)).await?;
        let passages: Vec<Value> = found["items"].as_array().into_iter().flatten().map(passage).collect();
        let text = if passages.is_empty() {
            "Nothing of what is written down is near this question.".to_owned()
        } else {
            passages
                .iter()
                .enumerate()
                .map(|(index, passage)| {
                    let (title, text) = (passage["title"].as_str(), passage["text"].as_str());
                    let (title, text) = (title.unwrap_or_default(), text.unwrap_or_default());
                    format!("[{}] {title}\n{text}\nSource: {}", index + 1, source_of(passage))
                })
                .collect::<Vec<_>>()
                .join("\n\n")
        };
        Ok(Told {
            text,
            json: json!({ "status": "found", "passages": passages }),
            refused: false,
        })
    }

    async fn hand_over(&self, arguments: Map<String, Value>) -> Result<Told, Told> {
        let wish: HandOver = parsed(arguments)?;
        let id = wish.conversation_id;
        let path = format!("/api/v1/conversations/{id}/hand-over");
        let answer = self.ask(Wish::post(path, json!({ "reason": wish.reason }))).await?;
        let text = match answer["with"].as_str().unwrap_or_default() {
            "called" => "A colleague has been called, and the AI has stopped answering in this conversation.",
            "waiting" => "A colleague was called to this conversation before and has not come yet.",
            _ => "A colleague has this conversation already.",
        };
        Ok(Told {
            text: text.to_owned(),
            json: json!({ "status": "handed_over", "conversation_id": id, "with": answer["with"] }),
            refused: false,
        })
    }

    /// What became of an approval: waits for a decision, and takes what was approved where that is wished for.
    async fn outcome(&self, approval: Value, wait_s: u64, consume: bool) -> Result<Told, Told> {
        let approval = match approval["id"].as_str().and_then(|id| id.parse().ok()) {
            Some(id) if is_pending(&approval) && wait_s > 0 => self.approval(id, wait_s).await?,
            _ => approval,
        };
        if approval["status"] != "approved" || !consume {
            return Ok(standing(&approval));
        }
        let id = approval["id"].as_str().unwrap_or_default();
        let answer = self.answer(Wish::consume(&approval)).await?;
        if answer.status.is_success() {
            return Ok(taken(&approval, &answer.body));
        }
        if answer.status != StatusCode::CONFLICT {
            return Err(Told::problem(&answer.body));
        }
        // Somebody was faster: or it expired between two of our requests.
        let now = self.ask(Wish::approval(id, 0)).await?;
        Ok(if now["status"] == "approved" {
            Told::problem(&answer.body)
        } else if now["status"] == "consumed" {
            consumed(&now["id"])
        } else {
            standing(&now)
        })
    }

    async fn approval(&self, id: Uuid, wait_s: u64) -> Result<Value, Told> {
        self.ask(Wish::approval(&id.to_string(), wait_s)).await
    }

    /// An answer that is no refusal.
    async fn ask(&self, wish: Wish) -> Result<Value, Told> {
        let answer = self.answer(wish).await?;
        if answer.status.is_success() {
            Ok(answer.body)
        } else {
            Err(Told::problem(&answer.body))
        }
    }

    async fn answer(&self, wish: Wish) -> Result<Answer, Told> {
        let answered = self.api.ask(self.asker, wish).await;
        answered.map_err(Told::refused)
    }

    fn request_id(&self, given: Option<String>) -> String {
        given.unwrap_or_else(|| format!("mcp-{}", self.api.new_id()))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestApproval {
    action: String,
    arguments: Map<String, Value>,
    description: Option<String>,
    risk: Option<String>,
    conversation_id: Option<String>,
    request_id: Option<String>,
    wait_s: Option<u64>,
    #[serde(default = "yes")]
    consume: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckApproval {
    approval_id: Uuid,
    wait_s: Option<u64>,
    #[serde(default = "yes")]
    consume: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskPerson {
    question: String,
    conversation_id: Option<String>,
    request_id: Option<String>,
    wait_s: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchKnowledge {
    question: String,
    collection: Option<String>,
    limit: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandOver {
    conversation_id: Uuid,
    reason: String,
}

const fn yes() -> bool {
    true
}

fn parsed<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T, Told> {
    serde_json::from_value(Value::Object(arguments))
        .map_err(|error| Told::refused(format!("The arguments of this call are not acceptable: {error}.")))
}

fn wait_of(wish: Option<u64>) -> Result<u64, Told> {
    let seconds = wish.unwrap_or(WAIT_S);
    if seconds > LONGEST_WAIT_S {
        let sentence = format!("wait_s is at most {LONGEST_WAIT_S}; ask again with check_approval to wait longer.");
        return Err(Told::refused(sentence));
    }
    Ok(seconds)
}

/// What the API would not take either is told without asking it, so that the largest is told the same way.
fn check_arguments(arguments: &Map<String, Value>) -> Result<(), Told> {
    let checked = Args::new(Value::Object(arguments.clone()));
    checked
        .map(|_args| ())
        .map_err(|error| Told::refused(sentence(&error.to_string())))
}

/// A passage of the API, cut to what a model needs.
fn passage(found: &Value) -> Value {
    let text = found["text"].as_str().unwrap_or_default();
    let cut: String = text.chars().take(PASSAGE_CHARS).collect();
    json!({
        "title": found["title"],
        "text": if cut.len() < text.len() { format!("{cut}…") } else { cut },
        "document_id": found["document_id"],
        "verified_answer_id": found["verified_answer_id"],
        "score": found["score"],
    })
}

fn source_of(passage: &Value) -> String {
    let id = |name: &str| passage[name].as_str().map(str::to_owned);
    match (id("verified_answer_id"), id("document_id")) {
        (Some(id), _) => format!("verified answer {id}"),
        (None, Some(id)) => format!("document {id}"),
        (None, None) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests;
