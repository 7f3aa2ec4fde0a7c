//! Reading and searching knowledge.

use super::entity::{document, vector, verified_answer};
use super::{Rows, StoreError, Tx};
use crate::domain::ids::{DocumentId, VerifiedAnswerId};
use sea_orm::sea_query::{ExprTrait, OnConflict, Order};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Statement,
};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

impl Rows<'_> {
    /// A document that has not been removed.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn document(&self, id: DocumentId) -> Result<Option<document::Model>, StoreError> {
        self.one::<document::Entity>(document::Column::Id.eq(id).and(document::Column::RemovedAt.is_null()))
            .await
    }

    /// Documents in order of id, above the cursor.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn documents(&self, after: Option<DocumentId>, limit: u64) -> Result<Vec<document::Model>, StoreError> {
        let mut query = self
            .select::<document::Entity>()
            .filter(document::Column::RemovedAt.is_null());
        if let Some(after) = after {
            query = query.filter(document::Column::Id.gt(after));
        }
        self.all(query.order_by(document::Column::Id, Order::Asc).limit(limit))
            .await
    }

    /// How many documents there are.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn document_count(&self) -> Result<u64, StoreError> {
        let query = self
            .select::<document::Entity>()
            .filter(document::Column::RemovedAt.is_null());
        Ok(query.count(self.connection()).await?)
    }

    /// Every document of a source in a collection, removed ones included: what an import compares with.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn documents_of_source(
        &self,
        collection: &str,
        source: &str,
    ) -> Result<Vec<document::Model>, StoreError> {
        let query = self
            .select::<document::Entity>()
            .filter(document::Column::Collection.eq(collection))
            .filter(document::Column::Source.eq(source));
        self.all(query).await
    }

    /// A verified answer, retired or not.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn verified_answer(&self, id: VerifiedAnswerId) -> Result<Option<verified_answer::Model>, StoreError> {
        self.by_id::<verified_answer::Entity>(id).await
    }

    /// Verified answers in use, newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn verified_answers(&self) -> Result<Vec<verified_answer::Model>, StoreError> {
        let query = self
            .select::<verified_answer::Entity>()
            .filter(verified_answer::Column::RetiredAt.is_null())
            .order_by(verified_answer::Column::Id, Order::Desc);
        self.all(query).await
    }

    /// All vectors of this workspace made by an embedder.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn vectors(&self, embedder: &str) -> Result<Vec<vector::Model>, StoreError> {
        self.all(
            self.select::<vector::Entity>()
                .filter(vector::Column::Embedder.eq(embedder)),
        )
        .await
    }

    /// Documents that contain words of a text, best first: what is left when there is no embedder.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn documents_with_words(&self, text: &str, limit: u64) -> Result<Vec<document::Model>, StoreError> {
        // Only letters and digits reach the query language of the full-text index.
        let words: Vec<String> = without_accents(text)
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .take(64)
            .map(str::to_lowercase)
            .collect();
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let backend = self.connection().get_database_backend();
        let (sql, query) = if backend == DbBackend::Sqlite {
            let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            let sql = "SELECT d.* FROM documents_search s JOIN documents d ON d.number = s.rowid \
                       WHERE documents_search MATCH $1 AND d.workspace_id = $2 AND d.removed_at IS NULL \
                       ORDER BY bm25(documents_search, 2.0, 1.0) LIMIT $3";
            (sql, quoted.join(" OR "))
        } else {
            let sql = "SELECT d.* FROM documents d WHERE d.search @@ to_tsquery('simple', $1) AND d.workspace_id = $2 \
                       AND d.removed_at IS NULL ORDER BY ts_rank(d.search, to_tsquery('simple', $1)) DESC LIMIT $3";
            (sql, words.join(" | "))
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let statement =
            Statement::from_sql_and_values(backend, sql, [query.into(), self.workspace_id().into(), limit.into()]);
        Ok(document::Entity::find()
            .from_raw_sql(statement)
            .all(self.connection())
            .await?)
    }
}

/// Both indexes are without accents, so a question must be, too.
fn without_accents(text: &str) -> String {
    text.nfd()
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .nfc()
        .collect()
}

impl Tx<'_> {
    /// Stores a vector, replacing an older one of the same owner, part and embedder.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn put_vector(&self, row: vector::Model) -> Result<(), StoreError> {
        let newer = OnConflict::columns([vector::Column::OwnerId, vector::Column::Part, vector::Column::Embedder])
            .update_columns([vector::Column::ContentHash, vector::Column::Vector])
            .to_owned();
        let insert = vector::Entity::insert(row.into_active_model().reset_all()).on_conflict(newer);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }

    /// Forgets all vectors of an owner.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn remove_vectors(&self, owner_id: Uuid) -> Result<(), StoreError> {
        let delete = vector::Entity::delete_many()
            .filter(vector::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(vector::Column::OwnerId.eq(owner_id));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }
}
