//! One question of a rehearsal, what the AI would have done with it, and what was said of that.

use super::values::Json;
use crate::domain::ids::{MemberId, RehearsalCaseId, RehearsalId, WorkspaceId};
use crate::domain::rehearsal::{Line, RehearsalVerdict, RehearsedDraft};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "rehearsal_cases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RehearsalCaseId,
    pub workspace_id: WorkspaceId,
    pub rehearsal_id: RehearsalId,
    /// In this order they are drafted and judged.
    pub place: i64,
    /// Its place in the file.
    pub line: i64,
    /// What the file calls it.
    pub external_id: Option<String>,
    pub question: String,
    /// What a person answered then.
    pub answer: Option<String>,
    pub history: Json<Vec<Line>>,
    pub asked_at: Option<Timestamp>,
    pub draft: Option<Json<RehearsedDraft>>,
    /// The AI would have given no answer.
    pub is_silent: Option<bool>,
    pub drafted_at: Option<Timestamp>,
    pub verdict: Option<RehearsalVerdict>,
    pub note: Option<String>,
    pub member_id: Option<MemberId>,
    pub judged_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
