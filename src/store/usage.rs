//! How much of a workspace's limits is used, and what is late.

use super::entity::{conversation, draft, mail, review_item};
use super::{ItemStatus, Rows, StoreError};
use crate::domain::ids::ConversationId;
use crate::domain::mail::MailState;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter};

/// How the keys of e-mails about limits begin.
pub const ABOUT_LIMITS: &str = "limit:";

impl Rows<'_> {
    /// How many conversations began since then in which something was written, spam left out; where one is named, up to that one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conversations_begun(
        &self,
        since: Timestamp,
        upto: Option<(Timestamp, ConversationId)>,
    ) -> Result<u64, StoreError> {
        let mut query = self
            .select::<conversation::Entity>()
            .filter(conversation::Column::CreatedAt.gte(since))
            .filter(conversation::Column::LastSeq.gt(0))
            .filter(conversation::Column::Spam.is_null());
        if let Some((at, id)) = upto {
            let earlier = conversation::Column::CreatedAt.lt(at);
            let as_early = conversation::Column::CreatedAt
                .eq(at)
                .and(conversation::Column::Id.lte(id));
            query = query.filter(earlier.or(as_early));
        }
        Ok(query.count(self.connection()).await?)
    }

    /// How many answers the LLM has written since then.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn written_since(&self, since: Timestamp) -> Result<u64, StoreError> {
        let query = self
            .select::<draft::Entity>()
            // Written out, not bound: only then the index of what the LLM wrote is used.
            .filter(Expr::cust("mode = 'compose'"))
            .filter(draft::Column::CreatedAt.gte(since));
        Ok(query.count(self.connection()).await?)
    }

    /// How many items wait whose deadline has passed.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn late_items(&self, now: Timestamp) -> Result<u64, StoreError> {
        let query = self
            .select::<review_item::Entity>()
            .filter(review_item::Column::State.eq(ItemStatus::Open))
            .filter(review_item::Column::DeadlineAt.lt(now));
        Ok(query.count(self.connection()).await?)
    }

    /// How many e-mails have left since then, or are about to; those about limits count for nothing.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn mails_left_since(&self, since: Timestamp) -> Result<u64, StoreError> {
        let left = mail::Column::State
            .eq(MailState::Sent)
            .and(mail::Column::EndedAt.gte(since));
        let query = self
            .select::<mail::Entity>()
            .filter(left.or(mail::Column::State.eq(MailState::Sending)))
            .filter(mail::Column::MailKey.not_like(format!("{ABOUT_LIMITS}%")));
        Ok(query.count(self.connection()).await?)
    }
}
