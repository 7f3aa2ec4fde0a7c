//! The questions of gaps.

use crate::domain::ids::{ConversationId, DraftId, GapId, OutcomeId, TurnId, VisitorId, WorkspaceId};
use crate::domain::improve::gap::Cause;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "gap_questions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub turn_id: TurnId,
    pub workspace_id: WorkspaceId,
    /// None until it was embedded, and while its verdict is not to be told.
    pub gap_id: Option<GapId>,
    pub conversation_id: ConversationId,
    pub visitor_id: VisitorId,
    /// The last draft of the turn.
    pub draft_id: Option<DraftId>,
    /// With which a person answered, in the queue.
    pub outcome_id: Option<OutcomeId>,
    /// Without personal data.
    pub question: String,
    pub cause: Cause,
    pub embedder: Option<String>,
    /// Little-endian 32-bit floats of unit length.
    pub vector: Option<Vec<u8>>,
    pub asked_at: Timestamp,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
