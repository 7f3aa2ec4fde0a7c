//! Between an approval and the items of OpenAI's Responses API: `mcp_approval_request` and `mcp_approval_response`. Pure.
//!
//! The response has no room for changed arguments or an answer in words, so a person can only approve or reject.

use super::{AllowedDecision, Proposal, digest};
use crate::domain::action::strict::Strict;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the model's provider asks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Asked {
    /// Always `mcp_approval_request`.
    #[serde(rename = "type")]
    kind: Kind,
    /// Unique at the provider.
    pub(super) id: String,
    name: String,
    /// JSON as a text.
    arguments: String,
    server_label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
enum Kind {
    #[serde(rename = "mcp_approval_request")]
    Request,
}

impl Asked {
    /// The approval that it asks for.
    ///
    /// # Errors
    /// A sentence: the arguments are no JSON object.
    pub(super) fn proposal(self) -> Result<Proposal, String> {
        let arguments = match self.arguments.trim() {
            "" => "{}",
            arguments => arguments,
        };
        let read = serde_json::from_str(arguments)
            .map_err(|error| format!("The text in `arguments` cannot be read: {error}."))?;
        let Strict(Value::Object(args)) = read else {
            return Err("The text in `arguments` is not a JSON object.".to_owned());
        };
        Ok(Proposal {
            tool_call_id: digest("openai", &[&self.id]),
            name: self.name,
            args,
            args_schema: None,
            description: Some(format!("A tool of the MCP server {}", self.server_label)),
            allowed_decisions: Some(vec![AllowedDecision::Approve, AllowedDecision::Reject]),
        })
    }
}

/// The item that answers, for an approval that is no longer pending. It approves only where the approval was taken.
pub(super) fn response(request_id: &str, approval: &Value, taken: bool) -> Value {
    let message = approval["decision"]["message"]
        .as_str()
        .filter(|message| !message.is_empty());
    let status = approval["status"].as_str().unwrap_or_default();
    let reason = match status {
        "expired" => Some("It was not decided, or not taken, in time."),
        "cancelled" => Some("The approval was withdrawn."),
        _ => message,
    };
    json!({
        "type": "mcp_approval_response",
        "approval_request_id": request_id,
        "approve": status == "approved" && taken,
        "reason": reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(arguments: &str) -> Value {
        json!({
            "type": "mcp_approval_request", "id": "mcpr_1", "name": "delete_repository",
            "arguments": arguments, "server_label": "github",
        })
    }

    #[test]
    fn an_item_becomes_an_approval_that_can_only_be_given_or_not() {
        let asked: Asked = serde_json::from_value(item("{\"name\":\"shop\"}")).unwrap();
        let proposal = asked.proposal().unwrap();
        assert_eq!(Value::Object(proposal.args), json!({ "name": "shop" }));
        let allowed = proposal.allowed_decisions.as_deref();
        assert_eq!(allowed, Some(&[AllowedDecision::Approve, AllowedDecision::Reject][..]));
        assert!(proposal.description.unwrap().contains("github"));
        for broken in ["[1]", "{", "7"] {
            let asked: Asked = serde_json::from_value(item(broken)).unwrap();
            assert!(asked.proposal().is_err(), "{broken}");
        }
        let mut other = item("{}");
        other["type"] = "mcp_call".into();
        assert!(serde_json::from_value::<Asked>(other).is_err());
    }

    #[test]
    fn only_what_was_approved_and_taken_is_approved() {
        let approval = |status: &str| json!({ "status": status, "decision": { "message": "As agreed" } });
        assert_eq!(
            response("mcpr_1", &approval("approved"), true),
            json!({ "type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": true, "reason": "As agreed" })
        );
        for (status, taken) in [
            ("approved", false),
            ("rejected", true),
            ("responded", true),
            ("expired", true),
            ("cancelled", true),
            ("consumed", true),
            ("pending", true),
        ] {
            assert_eq!(
                response("mcpr_1", &approval(status), taken)["approve"],
                false,
                "{status}"
            );
        }
        assert_eq!(
            response("r", &approval("expired"), false)["reason"],
            "It was not decided, or not taken, in time."
        );
    }
}
