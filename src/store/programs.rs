//! Reading what programs lead conversations about.

use super::entity::program_conversation::{Column, Entity, Model};
use super::{Rows, StoreError};
use crate::domain::ids::{ConversationId, TokenId};
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{ExprTrait, Order};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

impl Rows<'_> {
    /// The conversation that a program gave this name.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn program_conversation_named(&self, token: TokenId, name: &str) -> Result<Option<Model>, StoreError> {
        self.one::<Entity>(Column::TokenId.eq(token).and(Column::ClientKey.eq(name)))
            .await
    }

    /// Nameless conversations of a program that began with the same since then, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn program_conversations_asking(
        &self,
        token: TokenId,
        asked_hash: &[u8],
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<Model>, StoreError> {
        let query = self
            .select::<Entity>()
            .filter(Column::TokenId.eq(token))
            .filter(Column::AskedHash.eq(asked_hash))
            .filter(Column::CreatedAt.gte(since))
            .order_by(Column::CreatedAt, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// The name of the program that leads a conversation; none where a visitor writes themselves.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn program_of(&self, id: ConversationId) -> Result<Option<String>, StoreError> {
        let Some(led) = self.program_conversation(id).await? else {
            return Ok(None);
        };
        Ok(self.token_row(led.token_id).await?.map(|token| token.name))
    }
}
