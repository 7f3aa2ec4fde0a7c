//! What a pair of models was found able to do. Belongs to the machine, not to a workspace.

use crate::domain::fitness::{Measure, Verdict};
use crate::domain::time::Timestamp;
use crate::store::Json;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "model_checks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub embedder: String,
    /// Empty for what the embedder alone was asked.
    #[sea_orm(primary_key, auto_increment = false)]
    pub chat_model: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub language: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ability: String,
    pub verdict: Verdict,
    pub figures: Json<Vec<Measure>>,
    pub why: Option<String>,
    pub probe_version: i64,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
