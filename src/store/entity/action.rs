//! What was proposed to be done, what people said to it, and what became of it.

use super::values::{ActionOrigin, Json};
use crate::domain::action::args::ArgsHash;
use crate::domain::action::tool::Risk;
use crate::domain::action::{ActionStatus, DecisionType, OnTimeout, Runs};
use crate::domain::ids::{ActionId, ConversationId, MemberId, TokenId, ToolVersionId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "actions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ActionId,
    pub workspace_id: WorkspaceId,
    pub runs: Runs,
    pub status: ActionStatus,
    pub origin: ActionOrigin,
    pub asked_by: String,
    pub tool_version_id: Option<ToolVersionId>,
    pub token_id: Option<TokenId>,
    pub call_key: String,
    pub conversation_id: Option<ConversationId>,
    pub name: String,
    pub description: String,
    pub risk: Risk,
    pub args: String,
    pub args_schema: Option<String>,
    pub request: String,
    pub args_hash: ArgsHash,
    pub standing_args: String,
    pub standing_request: String,
    pub standing_hash: ArgsHash,
    pub allowed: Json<Vec<DecisionType>>,
    pub quorum: i64,
    pub wording: i64,
    pub edited: bool,
    pub votes: Json<Vec<MemberId>>,
    pub on_timeout: OnTimeout,
    pub callback_url: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub decision: Option<DecisionType>,
    pub decided_by: Option<MemberId>,
    pub decided_at: Option<Timestamp>,
    pub final_at: Option<Timestamp>,
    pub decided_hash: Option<ArgsHash>,
    pub message: Option<String>,
    pub attempts: i64,
    pub under_way: bool,
    pub begun_at: Option<Timestamp>,
    pub result: Option<String>,
    pub ended_at: Option<Timestamp>,
    pub leased_by: Option<MemberId>,
    pub leased_until: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
