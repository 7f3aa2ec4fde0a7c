//! What followed from edits, and who was told the same as an edited draft before.

use super::entity::{contact, conversation, correction, message};
use super::{Rows, StoreError};
use crate::domain::conversation::Author;
use crate::domain::ids::{ConversationId, OutcomeId};
use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

impl Rows<'_> {
    /// What was said to follow from an edit.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn correction_of(&self, id: OutcomeId) -> Result<Option<correction::Model>, StoreError> {
        self.by_id::<correction::Entity>(id).await
    }

    /// Messages of the AI with exactly these words in other conversations than `besides`, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn said_elsewhere(
        &self,
        words: &str,
        besides: ConversationId,
        limit: u64,
    ) -> Result<Vec<message::Model>, StoreError> {
        let length = i64::try_from(words.chars().count()).unwrap_or(i64::MAX);
        let query = self
            .select::<message::Entity>()
            .filter(message::Column::Author.eq(Author::Ai))
            // As its index has it.
            .filter(Expr::cust("length(body)").eq(length))
            // Not `=`: SQLite would put the words into the length, and would not see the index any more.
            .filter(message::Column::Body.gte(words))
            .filter(message::Column::Body.lte(words))
            .filter(message::Column::ConversationId.ne(besides))
            .order_by(message::Column::Id, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// These conversations.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conversations_among(&self, ids: &[ConversationId]) -> Result<Vec<conversation::Model>, StoreError> {
        let query = self
            .select::<conversation::Entity>()
            .filter(conversation::Column::Id.is_in(ids.iter().copied()));
        self.all(query).await
    }

    /// The addresses that visitors of these conversations left.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn contacts_among(&self, ids: &[ConversationId]) -> Result<Vec<contact::Model>, StoreError> {
        let query = self
            .select::<contact::Entity>()
            .filter(contact::Column::ConversationId.is_in(ids.iter().copied()));
        self.all(query).await
    }
}
