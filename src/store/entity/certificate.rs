//! What lets a gate open.

use super::values::Json;
use crate::domain::evidence::Ended;
use crate::domain::ids::{CertificateId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::stats::threshold::Certificate;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "certificates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CertificateId,
    pub workspace_id: WorkspaceId,
    pub epoch: i64,
    pub certificate: Json<Certificate>,
    /// Topics whose own bound is above the limit: it lets nothing of them out.
    pub closed_topics: Json<Vec<String>>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub ended_because: Option<Ended>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
