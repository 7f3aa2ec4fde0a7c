//! The log.

use super::values::Json;
use crate::domain::ids::WorkspaceId;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "log_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub at: Timestamp,
    pub kind: String,
    pub actor: String,
    pub refs: Json<BTreeMap<String, String>>,
    pub salt: Option<Vec<u8>>,
    pub content: Option<String>,
    pub content_digest: Vec<u8>,
    pub previous: Vec<u8>,
    pub hash: Vec<u8>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
