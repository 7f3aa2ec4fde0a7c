//! Visitors' questions and their clusters.

use crate::domain::ids::{ClusterId, ConversationId, TurnId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "turn_clusters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub turn_id: TurnId,
    pub workspace_id: WorkspaceId,
    pub conversation_id: ConversationId,
    /// None until it was embedded, and while nothing is near.
    pub cluster_id: Option<ClusterId>,
    /// Without personal data.
    pub question: String,
    /// None until it was embedded.
    pub embedder: Option<String>,
    /// Little-endian 32-bit floats of unit length; none once it cannot move any more.
    pub vector: Option<Vec<u8>>,
    pub asked_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
