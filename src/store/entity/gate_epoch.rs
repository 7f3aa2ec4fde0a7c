//! When the certificate was tested, and what came of it.

use super::values::Json;
use crate::domain::ids::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::stats::metrics::ScoreQuality;
use crate::stats::threshold::Certification;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "gate_epochs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub month: String,
    pub began_at: Timestamp,
    pub certification: Json<Certification>,
    pub closed_topics: Json<Vec<String>>,
    /// What was known before says nothing any more: answers had become worse, or the policy was loosened. The beginning of time otherwise.
    pub evidence_from: Timestamp,
    /// How good the score was on verdicts that it had not seen; none without such.
    pub score_quality: Option<Json<ScoreQuality>>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
