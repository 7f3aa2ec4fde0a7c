//! What goes out: a completion in one piece or in chunks, and agents as models.

use super::ID_PREFIX;
use crate::app::converse::{ProgramsAgent, Standing};
use crate::domain::ids::TurnId;
use crate::domain::time::Timestamp;
use serde_json::{Value, json};

/// How one request is answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    /// The agent as the program named it; none where it did not.
    model: Option<String>,
    /// What of the request counted for nothing.
    ignored: Vec<String>,
}

impl Reply {
    pub(super) const fn to(model: String, ignored: Vec<String>) -> Self {
        Self {
            model: Some(model),
            ignored,
        }
    }

    /// Everything at once. No `usage`: how many tokens it took is not the program's to pay for, and 0 would be a lie.
    pub(super) fn completion(&self, standing: &Standing) -> Value {
        json!({
            "id": id(standing.turn_id),
            "object": "chat.completion",
            "created": seconds(standing.opened_at),
            "model": self.model.as_deref().unwrap_or(&standing.agent_key),
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": standing.text, "refusal": null },
                "finish_reason": "stop",
                "logprobs": null,
            }],
            "holdpoint": self.holdpoint(standing),
        })
    }

    /// What only Holdpoint says.
    fn holdpoint(&self, standing: &Standing) -> Value {
        let mut said = json!({
            "status": standing.state,
            "author": standing.author,
            "conversation_id": standing.conversation_id,
            "turn_id": standing.turn_id,
        });
        if let Some(item) = standing.item {
            said["approval_id"] = json!(item);
        }
        if let Some(ms) = standing.estimate_ms {
            said["estimate_ms"] = json!(ms);
        }
        if !self.ignored.is_empty() {
            said["ignored"] = json!(self.ignored);
        }
        said
    }

    fn chunk(&self, turn_id: TurnId, opened_at: Timestamp, delta: &Value, finish: Option<&str>) -> Value {
        json!({
            "id": id(turn_id),
            "object": "chat.completion.chunk",
            "created": seconds(opened_at),
            "model": self.model,
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish, "logprobs": null }],
        })
    }

    /// Before anything is known: somebody will say something.
    pub(super) fn first_chunk(&self, turn_id: TurnId) -> Value {
        // An id of Holdpoint tells when it was made.
        let made = turn_id.uuid().get_timestamp().map_or(0, |at| at.to_unix().0);
        let made = Timestamp(i64::try_from(made).unwrap_or(0).saturating_mul(1_000));
        self.chunk(turn_id, made, &json!({ "role": "assistant", "content": "" }), None)
    }

    /// The text.
    pub(super) fn text_chunk(&self, standing: &Standing) -> Value {
        let delta = json!({ "content": standing.text });
        self.chunk(standing.turn_id, standing.opened_at, &delta, None)
    }

    /// The end, with what only Holdpoint says.
    pub(super) fn last_chunk(&self, standing: &Standing) -> Value {
        let mut chunk = self.chunk(standing.turn_id, standing.opened_at, &json!({}), Some("stop"));
        chunk["holdpoint"] = self.holdpoint(standing);
        chunk
    }
}

/// An agent as a model.
pub(super) fn model(agent: &ProgramsAgent) -> Value {
    json!({
        "id": agent.key,
        "object": "model",
        "created": seconds(agent.created_at),
        "owned_by": "holdpoint",
        "name": agent.name,
    })
}

fn id(turn_id: TurnId) -> String {
    format!("{ID_PREFIX}{turn_id}")
}

const fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000)
}
