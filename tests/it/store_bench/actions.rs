//! A tool, its secret, what was proposed with it and by an agent, and a program that leads a conversation.

use super::{AT, Planted};
use holdpoint::domain::action::args::ArgsHash;
use holdpoint::domain::action::request::Run;
use holdpoint::domain::action::tool::{Risk, Tool};
use holdpoint::domain::action::{ActionStatus, DecisionType, OnTimeout, Runs};
use holdpoint::store::entity::{action, program_conversation, secret, tool_version};
use holdpoint::store::{ActionOrigin, Json, StoreError, Tx};
use serde_json::json;
use uuid::Uuid;

fn tool() -> Tool {
    Tool {
        name: "call_back".to_owned(),
        title: "Call back".to_owned(),
        description: String::new(),
        schema: json!({ "type": "object" }),
        run: Run::Lead {
            name: String::new(),
            contact: "{visitor.email}".to_owned(),
            note: String::new(),
            consent: String::new(),
        },
        risk: Risk::Low,
        reversible: true,
        idempotent: false,
        alone: false,
        people: 1,
        rules: Vec::new(),
        daily: serde_json::from_value(json!({})).unwrap(),
        expires_in_s: 86_400,
        offer: serde_json::from_value(json!({})).unwrap(),
        says: serde_json::from_value(json!({})).unwrap(),
    }
}

impl Planted {
    pub(super) async fn plant_actions(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let workspace_id = self.workspace;
        tx.insert(tool_version::Model {
            id: self.tool,
            workspace_id,
            name: "call_back".to_owned(),
            number: 1,
            definition: Json(tool()),
            is_removed: false,
            member_id: Some(self.member),
            created_at: AT,
        })
        .await?;
        tx.put_secret(secret::Model {
            workspace_id,
            name: "shop".to_owned(),
            value: vec![7; 8],
            changed_at: AT,
        })
        .await?;
        let done = action::Model {
            id: self.action,
            workspace_id,
            runs: Runs::Here,
            status: ActionStatus::Executed,
            origin: ActionOrigin::Member,
            asked_by: "Mia".to_owned(),
            tool_version_id: Some(self.tool),
            token_id: None,
            call_key: format!("here:{}", self.action),
            conversation_id: Some(self.conversation),
            name: "call_back".to_owned(),
            description: String::new(),
            risk: Risk::Low,
            args: "{}".to_owned(),
            args_schema: None,
            request: "{}".to_owned(),
            args_hash: ArgsHash([1; 32]),
            standing_args: "{}".to_owned(),
            standing_request: "{}".to_owned(),
            standing_hash: ArgsHash([1; 32]),
            allowed: Json(DecisionType::ALL.to_vec()),
            quorum: 1,
            wording: 0,
            edited: false,
            votes: Json(Vec::new()),
            on_timeout: OnTimeout::Reject,
            callback_url: None,
            created_at: AT,
            expires_at: AT.plus_ms(60_000),
            decision: Some(DecisionType::Approve),
            decided_by: Some(self.member),
            decided_at: Some(AT),
            final_at: Some(AT),
            decided_hash: Some(ArgsHash([1; 32])),
            message: None,
            attempts: 1,
            under_way: false,
            begun_at: Some(AT),
            result: Some("done".to_owned()),
            ended_at: Some(AT),
            leased_by: Some(self.member),
            leased_until: Some(AT),
        };
        tx.insert(done.clone()).await?;
        tx.insert(action::Model {
            id: Uuid::now_v7().into(),
            runs: Runs::There,
            status: ActionStatus::Waiting,
            origin: ActionOrigin::Agent,
            tool_version_id: None,
            token_id: Some(self.token),
            call_key: "key-1".to_owned(),
            decision: None,
            decided_by: None,
            decided_at: None,
            final_at: None,
            decided_hash: None,
            attempts: 0,
            begun_at: None,
            result: None,
            ended_at: None,
            ..done
        })
        .await?;
        self.plant_program(tx).await
    }

    async fn plant_program(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        tx.insert(program_conversation::Model {
            conversation_id: self.conversation,
            workspace_id: self.workspace,
            token_id: self.token,
            client_key: Some("key-1".to_owned()),
            asked_hash: Some(vec![6; 32]),
            handed_out_at: Some(AT),
            created_at: AT,
        })
        .await
    }
}
