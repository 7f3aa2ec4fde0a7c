//! What a month's sample is drawn with, and what came of it.

use super::values::Json;
use crate::domain::ids::WorkspaceId;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;
use std::fmt;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sampling_months")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: String,
    /// Kept from everybody until the month is closed; none if it was lost.
    pub draw_key: Option<Vec<u8>>,
    /// SHA-256 of the key, in the log since the month began.
    pub commitment: Vec<u8>,
    /// Where the bands are cut, in ranks.
    pub cuts: Json<Vec<f64>>,
    /// By band.
    pub probabilities: Json<Vec<f64>>,
    /// With which probability a held draft is asked about that was decided about without a verdict.
    pub requeue_probability: f64,
    /// The same for those riskier than the middle of the month before; none where all are asked about alike.
    pub requeue_far: Option<f64>,
    /// The rank in that middle.
    pub requeue_middle: Option<f64>,
    /// How sure its claim has to be, in percent, as it was set when it was opened; none for months of an older version.
    pub confidence_percent: Option<i64>,
    /// Whether the claim rests on the exact bound, likewise.
    pub is_exact: Option<bool>,
    /// Up to this sequence of the log everything has been drawn or passed over.
    pub drawn_through: i64,
    /// So many answers of each band went out by decision until then.
    pub sent: Json<Vec<u64>>,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub statement: Option<Json<serde_json::Value>>,
}

/// Without the key, wherever it is written.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("workspace_id", &self.workspace_id)
            .field("month", &self.month)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
