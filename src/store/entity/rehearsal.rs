//! Questions of the past that are drafted and judged before going live.

use super::values::Json;
use crate::domain::ids::{AgentId, MemberId, RehearsalId, WorkspaceId};
use crate::domain::rehearsal::{Reading, RehearsalState};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "rehearsals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RehearsalId,
    pub workspace_id: WorkspaceId,
    pub agent_id: AgentId,
    /// The file's name.
    pub name: String,
    pub state: RehearsalState,
    /// What of the file is not among the cases.
    pub reading: Json<Reading>,
    /// Who began it; nobody for the administrator of the machine.
    pub member_id: Option<MemberId>,
    pub created_at: Timestamp,
    /// When the last draft was made.
    pub drafted_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
