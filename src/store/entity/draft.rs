//! What the AI proposed.

use super::values::Json;
use crate::domain::answer::{AnswerMode, Signals};
use crate::domain::conversation::Epoch;
use crate::domain::draft::Source;
use crate::domain::ids::{AgentVersionId, DraftId, TurnId, WorkspaceId};
use crate::domain::screening::Screening;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "drafts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DraftId,
    pub workspace_id: WorkspaceId,
    pub turn_id: TurnId,
    pub revision: i64,
    pub epoch: Epoch,
    pub agent_version_id: AgentVersionId,
    pub mode: AnswerMode,
    pub question: String,
    pub body: String,
    pub sources: Json<Vec<Source>>,
    pub signals: Json<Signals>,
    pub screening: Json<Screening>,
    pub drafted_in_ms: i64,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
