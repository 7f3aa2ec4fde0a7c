//! What the policy said.

use super::values::Json;
use crate::domain::ids::{DecisionId, DraftId, WorkspaceId};
use crate::domain::policy::{DecisionKind, Facts, GateState, Reason, Terms};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "decisions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DecisionId,
    pub workspace_id: WorkspaceId,
    pub draft_id: DraftId,
    pub kind: DecisionKind,
    pub reasons: Json<Vec<Reason>>,
    pub policy_version: i64,
    pub gate: Json<GateState>,
    pub rules: Json<Vec<String>>,
    pub terms: Json<Terms>,
    pub confidence: Option<f64>,
    pub facts: Option<Json<Facts>>,
    /// In the order of `domain::features::CATALOGUE`; what was not measured is none.
    pub features: Option<Json<Vec<Option<f64>>>>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
