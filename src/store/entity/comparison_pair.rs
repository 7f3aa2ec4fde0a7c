//! Two answers to one question, one without a candidate and one with it, that a person reads without knowing which is which.

use crate::domain::ids::{CandidateId, ConversationId, DraftId, MemberId, PairId, WorkspaceId};
use crate::domain::improve::comparison::PairVerdict;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comparison_pairs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PairId,
    pub workspace_id: WorkspaceId,
    pub candidate_id: CandidateId,
    /// By lot; pairs are judged in this order.
    pub place: i64,
    pub conversation_id: Option<ConversationId>,
    /// The draft of a visitor's question.
    pub draft_id: Option<DraftId>,
    pub question: String,
    pub first_text: String,
    pub second_text: String,
    /// By lot: the first text is the candidate's. Told to nobody before the pair is judged.
    pub first_is_after: bool,
    /// One of the answers is another one by now.
    pub is_stale: bool,
    pub verdict: Option<PairVerdict>,
    /// The order in which pairs were judged, from 0 on.
    pub judged_place: Option<i64>,
    pub member_id: Option<MemberId>,
    pub judged_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
