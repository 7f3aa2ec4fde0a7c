//! What the LLM would answer to a question of the past, without a candidate or with it: what goes into the text, and the text once it is written.

use super::values::Json;
use crate::domain::draft::Source;
use crate::domain::ids::{CandidateId, DraftId, WorkspaceId};
use crate::domain::improve::candidate::Answer;
use crate::domain::settings::AgentSettings;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "candidate_texts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub candidate_id: CandidateId,
    /// A digest of all that goes into the text.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recipe: String,
    pub workspace_id: WorkspaceId,
    /// What is written first.
    pub place: i64,
    pub question: String,
    /// The draft of a visitor's question: what was said before it is read, too.
    pub draft_id: Option<DraftId>,
    pub settings: Json<AgentSettings>,
    /// The passages, the best first.
    pub sources: Json<Vec<Source>>,
    /// What is answered where the LLM makes nothing of them.
    pub fallback: Json<Answer>,
    /// None until it is written.
    pub answer: Option<Json<Answer>>,
    /// The LLM could not be asked for it.
    pub is_given_up: bool,
    pub written_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
