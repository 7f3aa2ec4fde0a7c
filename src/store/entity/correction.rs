//! What a person said follows from an edit.

use super::values::Json;
use crate::domain::ids::{CandidateId, MemberId, OutcomeId, RegressionQuestionId, WorkspaceId};
use crate::domain::improve::correction::Cause;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "corrections")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub outcome_id: OutcomeId,
    pub workspace_id: WorkspaceId,
    pub causes: Json<BTreeSet<Cause>>,
    /// Draft and correction may teach a model which of two answers is better.
    pub keeps_pair: bool,
    /// What changes the AI's answers, if anything was to.
    pub candidate_id: Option<CandidateId>,
    pub regression_question_id: Option<RegressionQuestionId>,
    pub member_id: MemberId,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
