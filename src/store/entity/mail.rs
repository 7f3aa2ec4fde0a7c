//! E-mails and how far they came.

use super::values::Json;
use crate::domain::ids::{ConversationId, MailId, WorkspaceId};
use crate::domain::mail::{Attachment, MailState};
use crate::domain::time::Timestamp;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mails")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MailId,
    pub workspace_id: WorkspaceId,
    pub mail_key: String,
    pub to_address: String,
    pub subject: String,
    pub body_text: Option<String>,
    pub body_html: Option<String>,
    pub reply_to: Option<String>,
    pub conversation_id: Option<ConversationId>,
    pub state: MailState,
    pub attempts: i64,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    pub next_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// A file that goes with it; dropped with the text.
    pub attachment: Option<Json<Attachment>>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

super::scoped!();
