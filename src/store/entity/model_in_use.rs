//! Which model is the machine's for a purpose, where the configuration does not name one.

use crate::domain::model::{ModelName, Purpose};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "models_in_use")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: Purpose,
    pub name: ModelName,
    /// Who chose it, as the log names people.
    pub chosen_by: String,
    pub chosen_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
