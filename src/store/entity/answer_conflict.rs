//! What newer knowledge says against verified answers, and what was decided about it.

use super::values::Json;
use crate::domain::answer::Difference;
use crate::domain::ids::{ConflictId, DocumentId, MemberId, VerifiedAnswerId, WorkspaceId};
use crate::domain::improve::answer::{ConflictDecision, ConflictKind};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "answer_conflicts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConflictId,
    pub workspace_id: WorkspaceId,
    pub answer_id: VerifiedAnswerId,
    pub kind: ConflictKind,
    /// What speaks against it: a document …
    pub document_id: Option<DocumentId>,
    /// … or another verified answer.
    pub other_answer_id: Option<VerifiedAnswerId>,
    pub title: String,
    /// What was known when the answer was approved: the source's text of then, or the answer's own.
    pub before: String,
    /// What is said now; empty where it is gone.
    pub after: String,
    pub differs: Json<Vec<Difference>>,
    /// Of what is said now: the same is not found twice.
    pub content_hash: Vec<u8>,
    pub found_at: Timestamp,
    pub decision: Option<ConflictDecision>,
    pub decided_by: Option<MemberId>,
    pub decided_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
