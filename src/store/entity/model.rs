//! Model files of this machine.

use crate::domain::model::{ModelName, Purpose, Sha256Digest};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "models")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: ModelName,
    /// Inside the models folder.
    pub file: String,
    pub purpose: Purpose,
    /// What the file was when it was added.
    pub sha256: Sha256Digest,
    pub bytes: i64,
    /// When the file had last been changed, as its file system tells it: a quick sign that it is another one now.
    pub modified_at: Timestamp,
    /// Where it came from: a path or an address, without secrets.
    pub source: String,
    /// Who added it, as the log names people.
    pub added_by: String,
    pub added_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
