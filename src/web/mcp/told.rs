//! What a model reads about an approval: one word for where it stands, what to do next, and what was decided. Pure.

use serde_json::{Value, json};

/// What a tool answers: words for the model, and the same as JSON for programs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    /// What to do next.
    pub(super) text: String,
    /// The same for programs.
    pub(super) json: Value,
    /// The call was refused; nothing was done.
    pub(super) refused: bool,
}

impl Told {
    fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
            refused: false,
        }
    }

    /// The call itself is not acceptable, or the API refuses it.
    pub(super) fn refused(sentence: impl Into<String>) -> Self {
        let text = sentence.into();
        Self {
            json: json!({ "status": "refused", "detail": text }),
            text,
            refused: true,
        }
    }

    /// A refusal of the API.
    pub(super) fn problem(problem: &Value) -> Self {
        let detail = problem["detail"]
            .as_str()
            .unwrap_or("Holdpoint refused this and did not say why.");
        Self {
            json: json!({ "status": "refused", "detail": detail, "http_status": problem["status"] }),
            ..Self::refused(detail)
        }
    }
}

/// Whether the approval is a question of `ask_person`.
pub(super) const ASK_PERSON: &str = "ask_person";

/// Has anybody decided, or time?
pub(super) fn is_pending(approval: &Value) -> bool {
    approval["status"] == "pending"
}

/// Where an approval stands, for one that is not to be taken now.
pub(super) fn standing(approval: &Value) -> Told {
    let id = &approval["id"];
    let message = approval["decision"]["message"].as_str().unwrap_or_default();
    let asks = approval["name"] == ASK_PERSON;
    match approval["status"].as_str().unwrap_or_default() {
        "pending" => Told::new(
            format!(
                "Nobody has decided yet. Do not act on it. Call check_approval with approval_id {} to ask again.",
                id.as_str().unwrap_or_default()
            ),
            json!({
                "status": "pending",
                "approval_id": id,
                "expires_at": approval["expires_at"],
                "ask_again": { "tool": "check_approval", "arguments": { "approval_id": id } },
            }),
        ),
        "approved" => Told::new(
            "A person approved it. Take it with check_approval and consume true before you run it.",
            json!({ "status": "approved", "approval_id": id, "consumed": false, "edited": is_edited(approval), "message": message }),
        ),
        "rejected" if asks => Told::new(
            said("A person declined to answer", message),
            json!({ "status": "declined", "approval_id": id, "message": message }),
        ),
        "rejected" => Told::new(
            said(
                "A person rejected it: it was not run. Do not run it, and do not ask for the same again",
                message,
            ),
            json!({ "status": "rejected", "approval_id": id, "message": message }),
        ),
        "responded" if asks => Told::new(
            message,
            json!({ "status": "answered", "approval_id": id, "answer": message }),
        ),
        "responded" => Told::new(
            said(
                "A person answered instead of approving: it was not run. Do not run it",
                message,
            ),
            json!({ "status": "responded", "approval_id": id, "message": message }),
        ),
        "consumed" => consumed(id),
        "expired" => Told::new(
            "It was not decided, or not taken, in time: it was not run. Do not run it.",
            json!({ "status": "expired", "approval_id": id }),
        ),
        "cancelled" => Told::new(
            "It was withdrawn: it was not run. Do not run it.",
            json!({ "status": "cancelled", "approval_id": id }),
        ),
        other => Told::refused(format!(
            "This approval is in a state that is not known here: {other}. Do not run it."
        )),
    }
}

/// An approved action that was taken now: this is what runs.
pub(super) fn taken(approval: &Value, taken: &Value) -> Told {
    let run = json!({ "name": taken["name"], "arguments": taken["args"] });
    let edited = is_edited(approval);
    let changed = if edited {
        " The person changed what you proposed."
    } else {
        ""
    };
    let message = approval["decision"]["message"].as_str().unwrap_or_default();
    Told::new(
        said(
            &format!("A person approved it.{changed} Run exactly this, once: {run}"),
            message,
        ),
        json!({
            "status": "approved",
            "approval_id": approval["id"],
            "consumed": true,
            "edited": edited,
            "run": run,
            "args_hash": taken["args_hash"],
            "message": message,
        }),
    )
}

/// An approved action that somebody has taken before.
pub(super) fn consumed(id: &Value) -> Told {
    Told::new(
        "This approval was consumed already: the action was given out once. Do not run it again.",
        json!({ "status": "consumed", "approval_id": id }),
    )
}

fn is_edited(approval: &Value) -> bool {
    approval["decision"]["type"] == "edit"
}

fn said(sentence: &str, message: &str) -> String {
    if message.is_empty() {
        format!("{sentence}.")
    } else {
        format!("{sentence}. They said: {message}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approval(status: &str, decision: &Value) -> Value {
        json!({ "id": "a1", "name": "refund", "status": status, "decision": decision, "expires_at": 9 })
    }

    #[test]
    fn only_what_was_taken_tells_what_to_run() {
        let approved = approval("approved", &json!({ "type": "edit", "message": "half is enough" }));
        assert_eq!(standing(&approved).json["run"], Value::Null);
        let told = taken(
            &approved,
            &json!({ "name": "refund", "args": { "amount": 5 }, "args_hash": "h" }),
        );
        assert_eq!(
            told.json["run"],
            json!({ "name": "refund", "arguments": { "amount": 5 } })
        );
        assert!(
            told.text.contains("changed") && told.text.contains("half is enough"),
            "{}",
            told.text
        );
        for status in [
            "pending",
            "rejected",
            "responded",
            "expired",
            "cancelled",
            "consumed",
            "something new",
        ] {
            let told = standing(&approval(status, &Value::Null));
            assert_eq!(told.json["run"], Value::Null, "{status}");
            assert!(told.text.to_lowercase().contains("do not"), "{status}: {}", told.text);
        }
    }

    #[test]
    fn a_question_is_answered_or_declined() {
        let mut asked = approval("responded", &json!({ "type": "respond", "message": "The blue one" }));
        asked["name"] = ASK_PERSON.into();
        assert_eq!(standing(&asked).text, "The blue one");
        assert_eq!(standing(&asked).json["status"], "answered");
        asked["status"] = "rejected".into();
        assert_eq!(standing(&asked).json["status"], "declined");
    }

    #[test]
    fn what_is_pending_says_how_to_ask_again() {
        let told = standing(&approval("pending", &Value::Null));
        assert_eq!(told.json["ask_again"]["arguments"]["approval_id"], "a1");
        assert!(!told.refused);
    }
}
