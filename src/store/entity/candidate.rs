//! Changes that are tried before they go live.

use super::values::Json;
use crate::domain::ids::{CandidateId, MemberId, WorkspaceId};
use crate::domain::improve::candidate::{CandidateState, Found, Origin};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "candidates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CandidateId,
    pub workspace_id: WorkspaceId,
    /// Counted from 1 in its workspace.
    pub number: i64,
    /// What it is about, in a few words.
    pub title: String,
    pub origin: Origin,
    pub state: CandidateState,
    /// Questions of the gap that it is to close.
    pub questions: Json<Vec<String>>,
    pub changes_count: i64,
    /// What was found when it was tried last.
    pub found: Option<Json<Found>>,
    pub replayed_at: Option<Timestamp>,
    /// Why it went live over a regression.
    pub reason: Option<String>,
    /// Who had it made; nobody for the administrator of the machine.
    pub member_id: Option<MemberId>,
    pub created_at: Timestamp,
    pub published_by: Option<MemberId>,
    pub published_at: Option<Timestamp>,
    /// Who withdrew it or took it back.
    pub ended_by: Option<MemberId>,
    pub ended_at: Option<Timestamp>,
    pub end_reason: Option<String>,
    /// What came in by one run of an import is one thing to take back.
    pub import_run: Option<String>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
