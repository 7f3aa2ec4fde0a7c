//! Quality checks: somebody is asked, nobody waits.

use super::values::Json;
use crate::domain::evidence::CheckPurpose;
use crate::domain::ids::{DraftId, ItemId, MemberId, WorkspaceId};
use crate::domain::review::{ReasonCode, VerdictLabel};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "checks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ItemId,
    pub workspace_id: WorkspaceId,
    pub draft_id: DraftId,
    pub purpose: CheckPurpose,
    /// ρ of the draw: they are asked in this order.
    pub place: f64,
    /// Only this reviewer is asked.
    pub for_member: Option<MemberId>,
    /// Anybody but this one.
    pub not_for_member: Option<MemberId>,
    pub not_before: Timestamp,
    pub leased_by: Option<MemberId>,
    pub leased_until: Option<Timestamp>,
    /// When whoever judges it first saw it.
    pub shown_at: Option<Timestamp>,
    pub label: Option<VerdictLabel>,
    pub reasons: Json<Vec<ReasonCode>>,
    pub note: Option<String>,
    pub member_id: Option<MemberId>,
    /// From seeing to judging.
    pub took_ms: Option<i64>,
    /// Faster than the text can be read: it counts for nothing.
    pub is_hasty: bool,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
