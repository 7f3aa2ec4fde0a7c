//! Approvals of answers that several people have to approve: all but the last, which is an outcome.

use super::values::Json;
use crate::domain::ids::{ApprovalId, ItemId, MemberId, WorkspaceId};
use crate::domain::review::{ReasonCode, VerdictLabel};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "approvals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApprovalId,
    pub workspace_id: WorkspaceId,
    pub item_id: ItemId,
    pub member_id: MemberId,
    pub revision: i64,
    pub wording: i64,
    pub body: Option<String>,
    pub remember: bool,
    pub verdict: Option<VerdictLabel>,
    pub reasons: Json<Vec<ReasonCode>>,
    pub note: Option<String>,
    pub created_at: Timestamp,
    pub withdrawn_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
