//! Reading e-mails that were or are to be sent.

use super::entity::mail;
use super::{Rows, Store, StoreError};
use crate::domain::ids::MailId;
use crate::domain::mail::MailState;
use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

impl Rows<'_> {
    /// An e-mail.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn mail(&self, id: MailId) -> Result<Option<mail::Model>, StoreError> {
        self.by_id::<mail::Entity>(id).await
    }

    /// The e-mail of a key.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn mail_of_key(&self, key: &str) -> Result<Option<mail::Model>, StoreError> {
        self.one::<mail::Entity>(mail::Column::MailKey.eq(key)).await
    }

    /// E-mails, the newest first; those before `below` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn mails(&self, below: Option<MailId>, limit: u64) -> Result<Vec<mail::Model>, StoreError> {
        let mut query = self.select::<mail::Entity>();
        if let Some(below) = below {
            query = query.filter(mail::Column::Id.lt(below));
        }
        self.all(query.order_by(mail::Column::Id, Order::Desc).limit(limit))
            .await
    }
}

impl Store {
    /// How many e-mails of all workspaces stand like this.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn mails_standing(&self, state: MailState) -> Result<u64, StoreError> {
        let query = mail::Entity::find().filter(mail::Column::State.eq(state));
        Ok(query.count(self.readers()).await?)
    }

    /// What the latest attempt of any e-mail that still waits came to.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn latest_mail_trouble(&self) -> Result<Option<String>, StoreError> {
        let query = mail::Entity::find()
            .filter(mail::Column::State.eq(MailState::Queued))
            .filter(mail::Column::LastError.is_not_null())
            .order_by(mail::Column::NextAt, Order::Desc);
        Ok(query.one(self.readers()).await?.and_then(|mail| mail.last_error))
    }
}
