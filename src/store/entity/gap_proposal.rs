//! Pairs of question and answer that are proposed for gaps.

use crate::domain::ids::{CandidateId, ConversationId, GapId, MemberId, ProposalId, TurnId, WorkspaceId};
use crate::domain::improve::gap::{Origin, ProposalState};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "gap_proposals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProposalId,
    pub workspace_id: WorkspaceId,
    pub gap_id: GapId,
    pub question: String,
    pub answer: String,
    pub origin: Origin,
    /// Whose question was answered so.
    pub turn_id: Option<TurnId>,
    pub conversation_id: Option<ConversationId>,
    /// Who said or wrote it; nobody for the administrator of the machine.
    pub author_id: Option<MemberId>,
    pub state: ProposalState,
    /// Why it was dismissed.
    pub reason: Option<String>,
    /// Nobody for Holdpoint itself.
    pub decided_by: Option<MemberId>,
    pub created_at: Timestamp,
    pub decided_at: Option<Timestamp>,
    /// What was made of it when it was approved.
    pub candidate_id: Option<CandidateId>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
