//! What is known of each draft that answers.

use crate::domain::answer::AnswerMode;
use crate::domain::evidence::JudgedBy;
use crate::domain::ids::{AgentVersionId, ConversationId, DraftId, WorkspaceId};
use crate::domain::review::VerdictLabel;
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "evidence")]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub draft_id: DraftId,
    pub workspace_id: WorkspaceId,
    pub conversation_id: ConversationId,
    pub agent_version_id: AgentVersionId,
    /// Month of the workspace's calendar, as in `2026-05`.
    pub month: String,
    pub mode: AnswerMode,
    /// Number of the score's version.
    pub score_version: i64,
    /// Rank by that version: log-odds of bad, larger is riskier.
    pub score: f64,
    /// First of its topics, or `other`.
    pub topic: String,
    pub is_sensitive: bool,
    pub is_fresh: bool,
    /// Hash of the content that it rests on.
    pub rests_on: Option<Vec<u8>>,
    /// It went out by decision, without a person.
    pub is_sent: bool,
    /// If sent: its band. If held: 0 in the half of the smaller risks, 1 in the other.
    pub band: Option<i64>,
    /// With which it is drawn for the sample if sent, or asked about if held and decided about without a verdict.
    pub probability: Option<f64>,
    /// Sequence of its `message.released` entry, filled in when it is drawn or not.
    pub seq: Option<i64>,
    pub is_drawn: Option<bool>,
    /// What a bad one weighs for the watch, fixed when it was drawn: before anybody judged it.
    pub weight: Option<f64>,
    /// Its verdict is shown to nobody for a time: somebody may be asked about it once more.
    pub is_kept_back: bool,
    /// Another draft, identical with it, is the unit of evidence: neither counted nor judged.
    pub left_out: bool,
    pub label: Option<VerdictLabel>,
    pub judged_by: Option<JudgedBy>,
    pub judged_at: Option<Timestamp>,
    /// A second person's opinion.
    pub second_label: Option<VerdictLabel>,
    pub second_at: Option<Timestamp>,
    /// The same question would be answered otherwise today.
    pub is_changed: bool,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
