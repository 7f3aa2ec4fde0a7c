//! Addresses that are told what happens.

use super::values::Json;
use crate::domain::ids::{SubscriptionId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{SubscriptionState, Type};
use sea_orm::entity::prelude::*;
use std::fmt;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "subscriptions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SubscriptionId,
    pub workspace_id: WorkspaceId,
    pub url: String,
    pub note: String,
    /// All of them if it names none.
    pub types: Json<Vec<Type>>,
    pub state: SubscriptionState,
    pub secret: Vec<u8>,
    pub previous: Option<Vec<u8>>,
    pub secret_changed_at: Timestamp,
    /// What happened up to this entry of the log is not told.
    pub after_seq: i64,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
}

/// Without the secrets and the address, whose query often is one, wherever it is written.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("id", &self.id)
            .field("workspace_id", &self.workspace_id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
