//! Between an approval and what LangChain's human-in-the-loop middleware asks and reads. Pure.
//!
//! In its mode `batched` one interrupt asks about all actions of a turn and is answered with `{decisions}`, one for each by
//! position; in `per_call` an interrupt asks about one call and is answered with one decision.

use super::{AllowedDecision, Proposal, digest};
use crate::domain::action::strict::strict_object;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Actions of one interrupt at most.
const MOST_ACTIONS: usize = 20;

/// What an interrupt of the middleware asks, and in which thread.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Asked {
    /// The thread of the graph.
    thread_id: String,
    /// The interrupt's id; without it the same actions in the same thread are the same question.
    interrupt_id: Option<String>,
    #[serde(flatten)]
    value: Interrupt,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "an interrupt has `action_requests` and `review_configs`, or `tool_call_id`, `name` and `args`, each name once"
)]
enum Interrupt {
    Batched {
        action_requests: Vec<Action>,
        review_configs: Vec<ReviewConfig>,
    },
    PerCall(Call),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Action {
    name: String,
    #[serde(deserialize_with = "strict_object")]
    args: Map<String, Value>,
    description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct ReviewConfig {
    action_name: String,
    allowed_decisions: Vec<AllowedDecision>,
    args_schema: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Call {
    tool_call_id: String,
    name: String,
    #[serde(deserialize_with = "strict_object")]
    args: Map<String, Value>,
    description: Option<String>,
    allowed_decisions: Option<Vec<AllowedDecision>>,
}

impl Asked {
    /// The approvals that it asks for, in its order.
    ///
    /// # Errors
    /// A sentence: there are none, or too many.
    pub(super) fn proposals(self) -> Result<Vec<Proposal>, String> {
        let Self {
            thread_id,
            interrupt_id,
            value,
        } = self;
        let interrupt = interrupt_id.unwrap_or_default();
        match value {
            Interrupt::PerCall(call) => Ok(vec![Proposal {
                tool_call_id: digest("langchain", &[&thread_id, &interrupt, &call.tool_call_id]),
                name: call.name,
                args: call.args,
                args_schema: None,
                description: call.description,
                allowed_decisions: call.allowed_decisions,
            }]),
            Interrupt::Batched {
                action_requests,
                review_configs,
            } => {
                if action_requests.is_empty() || action_requests.len() > MOST_ACTIONS {
                    return Err(format!(
                        "There must be 1 to {MOST_ACTIONS} actions in `action_requests`."
                    ));
                }
                if let Some(action) = action_requests
                    .iter()
                    .find(|action| !review_configs.iter().any(|config| config.action_name == action.name))
                {
                    return Err(format!(
                        "There is no entry for “{}” in `review_configs`, so nobody knows which decisions it can deal with.",
                        action.name
                    ));
                }
                Ok(batched(&thread_id, &interrupt, action_requests, &review_configs))
            }
        }
    }

    /// Is it answered with one decision instead of a list?
    pub(super) const fn is_per_call(&self) -> bool {
        matches!(self.value, Interrupt::PerCall(_))
    }
}

fn batched(thread: &str, interrupt: &str, actions: Vec<Action>, configs: &[ReviewConfig]) -> Vec<Proposal> {
    let all: Vec<Value> = actions
        .iter()
        .map(|action| json!([action.name, action.args, action.description]))
        .collect();
    let content = Value::from(all).to_string();
    let proposal = |(index, action): (usize, Action)| {
        let config = configs.iter().find(|config| config.action_name == action.name);
        Proposal {
            tool_call_id: digest("langchain", &[thread, interrupt, &content, &index.to_string()]),
            name: action.name,
            args: action.args,
            args_schema: config.and_then(|config| config.args_schema.clone()),
            description: action.description,
            allowed_decisions: config.map(|config| config.allowed_decisions.clone()),
        }
    };
    actions.into_iter().enumerate().map(proposal).collect()
}

/// The decision as the middleware reads it, for an approval that is no longer pending. `run` is what was taken, where it was
/// approved: nothing but that may run.
pub(super) fn decision(approval: &Value, run: Option<&Value>) -> Value {
    let message = approval["decision"]["message"].as_str().unwrap_or_default();
    match (approval["status"].as_str().unwrap_or_default(), run) {
        ("approved", Some(run)) if approval["decision"]["type"] == "edit" => {
            json!({ "type": "edit", "edited_action": { "name": run["name"], "args": run["args"] } })
        }
        ("approved", Some(_)) => json!({ "type": "approve" }),
        ("responded", _) => json!({ "type": "respond", "message": message }),
        ("rejected", _) if message.is_empty() => json!({ "type": "reject" }),
        ("rejected", _) => json!({ "type": "reject", "message": message }),
        ("expired", _) => {
            json!({ "type": "reject", "message": "It was not decided, or not taken, in time. It was not run." })
        }
        _ => json!({ "type": "reject", "message": "The approval was withdrawn. It was not run." }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: Value) -> Asked {
        serde_json::from_value(value).unwrap()
    }

    fn batch(thread: &str, interrupt: Option<&str>) -> Value {
        let mut body = json!({
            "thread_id": thread,
            "action_requests": [
                { "name": "refund", "args": { "amount": 5 }, "description": "Refund it" },
                { "name": "refund", "args": { "amount": 5 } },
                { "name": "send", "args": {} },
            ],
            "review_configs": [
                { "action_name": "refund", "allowed_decisions": ["approve", "reject"] },
                { "action_name": "send", "allowed_decisions": ["approve"] },
            ],
        });
        if let Some(interrupt) = interrupt {
            body["interrupt_id"] = interrupt.into();
        }
        body
    }

    #[test]
    fn each_action_is_an_approval_of_its_own_with_the_decisions_that_it_allows() {
        let proposals = asked(batch("t1", Some("i1"))).proposals().unwrap();
        let ids: std::collections::HashSet<_> = proposals.iter().map(|proposal| &proposal.tool_call_id).collect();
        assert_eq!((proposals.len(), ids.len()), (3, 3));
        let allowed = proposals[0].allowed_decisions.as_deref();
        assert_eq!(allowed, Some(&[AllowedDecision::Approve, AllowedDecision::Reject][..]));
        assert_eq!(
            proposals[2].allowed_decisions.as_deref(),
            Some(&[AllowedDecision::Approve][..])
        );
        assert_eq!(proposals[0].description.as_deref(), Some("Refund it"));
    }

    #[test]
    fn an_action_of_which_nobody_says_what_may_be_decided_is_refused_by_name() {
        let mut body = batch("t1", None);
        body["review_configs"][1]["action_name"] = "other".into();
        assert!(asked(body).proposals().unwrap_err().contains("“send”"));
        let twice = r#"{ "thread_id": "t", "review_configs": [{ "action_name": "pay", "allowed_decisions": ["approve"] }],
            "action_requests": [{ "name": "pay", "args": { "sum": 100000, "sum": 2 } }] }"#;
        assert!(serde_json::from_str::<Asked>(twice).is_err());
    }

    #[test]
    fn the_same_interrupt_is_the_same_question_and_another_one_is_not() {
        let ids = |body: Value| {
            let proposals = asked(body).proposals().unwrap();
            proposals
                .into_iter()
                .map(|proposal| proposal.tool_call_id)
                .collect::<Vec<_>>()
        };
        let first = ids(batch("t1", Some("i1")));
        assert_eq!(first, ids(batch("t1", Some("i1"))));
        for other in [batch("t1", Some("i2")), batch("t2", Some("i1")), batch("t1", None)] {
            assert!(ids(other).iter().all(|id| !first.contains(id)));
        }
    }

    #[test]
    fn a_single_call_is_read_too_and_nonsense_is_not() {
        let call = asked(json!({
            "thread_id": "t", "interrupt_id": "i", "type": "tool_approval",
            "tool_call_id": "c1", "name": "refund", "args": { "amount": 5 }, "description": "",
        }));
        assert!(call.is_per_call());
        assert_eq!(call.proposals().unwrap()[0].name, "refund");
        let empty = asked(json!({ "thread_id": "t", "action_requests": [], "review_configs": [] }));
        assert!(empty.proposals().is_err());
        for nonsense in [
            json!({ "thread_id": "t" }),
            json!({ "action_requests": [], "review_configs": [] }),
            json!({ "thread_id": "t", "action_requests": [{ "name": "a", "args": [] }], "review_configs": [] }),
            json!({ "thread_id": "t", "action_requests": [],
                "review_configs": [{ "action_name": "a", "allowed_decisions": ["maybe"] }] }),
        ] {
            assert!(serde_json::from_value::<Asked>(nonsense.clone()).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn every_end_of_an_approval_has_a_decision_and_only_what_was_taken_is_approved() {
        let approval = |status: &str, decision: Value| json!({ "status": status, "decision": decision });
        let run = json!({ "name": "refund", "args": { "amount": 3 } });
        let approved = approval("approved", json!({ "type": "approve" }));
        assert_eq!(decision(&approved, Some(&run)), json!({ "type": "approve" }));
        assert_eq!(decision(&approved, None)["type"], "reject");
        let edited = decision(&approval("approved", json!({ "type": "edit" })), Some(&run));
        assert_eq!(edited, json!({ "type": "edit", "edited_action": run }));
        let rejected = approval("rejected", json!({ "type": "reject", "message": "No" }));
        assert_eq!(decision(&rejected, None), json!({ "type": "reject", "message": "No" }));
        let responded = approval("responded", json!({ "type": "respond", "message": "Blue" }));
        assert_eq!(
            decision(&responded, None),
            json!({ "type": "respond", "message": "Blue" })
        );
        for status in ["expired", "cancelled", "consumed", "something new"] {
            assert_eq!(
                decision(&approval(status, Value::Null), Some(&run))["type"],
                "reject",
                "{status}"
            );
        }
    }
}
