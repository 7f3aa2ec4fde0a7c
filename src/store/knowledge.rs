//! Reading and searching knowledge.

use super::entity::{document, ranking_vector, vector, verified_answer};
use super::{Rows, StoreError, Tx};
use crate::domain::ids::{DocumentId, VerifiedAnswerId};
use crate::domain::time::Timestamp;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, OnConflict, Order, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement,
};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// Something that documents came from.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Source {
    /// The collection they are in.
    pub collection: String,
    /// The name of the file, or the address of the page.
    pub source: String,
    /// How many documents came from it: 1 or more.
    pub documents: i64,
    /// When the latest of them changed.
    pub updated_at: Timestamp,
}

impl Rows<'_> {
    /// A document that has not been removed.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn document(&self, id: DocumentId) -> Result<Option<document::Model>, StoreError> {
        self.one::<document::Entity>(document::Column::Id.eq(id).and(document::Column::RemovedAt.is_null()))
            .await
    }

    /// A document, also one that was removed.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn document_or_removed(&self, id: DocumentId) -> Result<Option<document::Model>, StoreError> {
        self.by_id::<document::Entity>(id).await
    }

    /// The collections that documents stand in.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn collections(&self) -> Result<Vec<String>, StoreError> {
        let query = self
            .select::<document::Entity>()
            .select_only()
            .column(document::Column::Collection)
            .distinct()
            .filter(document::Column::RemovedAt.is_null())
            .order_by(document::Column::Collection, Order::Asc);
        Ok(query.into_tuple::<String>().all(self.connection()).await?)
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

    /// The document of a collection and source with this name, also one that was removed.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn document_named(
        &self,
        (collection, source, external_id): (&str, &str, &str),
    ) -> Result<Option<document::Model>, StoreError> {
        let filter = document::Column::Collection
            .eq(collection)
            .and(document::Column::Source.eq(source))
            .and(document::Column::ExternalId.eq(external_id));
        self.one::<document::Entity>(filter).await
    }

    /// The sources of knowledge, of all collections or of one, in order of their names: how many documents each has, and when the latest of them changed.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn sources(&self, collection: Option<&str>) -> Result<Vec<Source>, StoreError> {
        let mut query = self
            .select::<document::Entity>()
            .filter(document::Column::RemovedAt.is_null());
        if let Some(collection) = collection {
            query = query.filter(document::Column::Collection.eq(collection));
        }
        let query = query
            .select_only()
            .columns([document::Column::Collection, document::Column::Source])
            .column_as(document::Column::Id.count(), "documents")
            .column_as(document::Column::UpdatedAt.max(), "updated_at")
            .group_by(document::Column::Collection)
            .group_by(document::Column::Source)
            .order_by(document::Column::Collection, Order::Asc)
            .order_by(document::Column::Source, Order::Asc);
        Ok(query.into_model::<Source>().all(self.connection()).await?)
    }

    /// Documents that are answered from although they have expired at `now`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn documents_to_expire(&self, now: Timestamp, limit: u64) -> Result<Vec<document::Model>, StoreError> {
        let query = self
            .select::<document::Entity>()
            .filter(document::Column::RemovedAt.is_null())
            .filter(document::Column::ExpiresAt.lte(now))
            .order_by(document::Column::Id, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// When the next document expires.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        let query = self
            .select::<document::Entity>()
            .filter(document::Column::RemovedAt.is_null())
            .filter(document::Column::ExpiresAt.is_not_null())
            .order_by(document::Column::ExpiresAt, Order::Asc)
            .limit(1);
        Ok(self.all(query).await?.first().and_then(|row| row.expires_at))
    }

    /// Documents that were taken out because they had expired, those that expired last first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn expired_documents(&self, now: Timestamp, limit: u64) -> Result<Vec<document::Model>, StoreError> {
        use document::Column;
        let query = self
            .select::<document::Entity>()
            .filter(Column::ExpiresAt.lte(now))
            .filter(Expr::col(Column::RemovedAt).gte(Expr::col(Column::ExpiresAt)))
            .order_by(Column::ExpiresAt, Order::Desc)
            .order_by(Column::Id, Order::Asc)
            .limit(limit);
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

    /// The documents with these ids that have not been removed, in any order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn documents_of(&self, ids: &[DocumentId]) -> Result<Vec<document::Model>, StoreError> {
        let query = self
            .select::<document::Entity>()
            .filter(document::Column::Id.is_in(ids.iter().copied()))
            .filter(document::Column::RemovedAt.is_null());
        self.all(query).await
    }

    /// The verified answers with these ids that are in use, in any order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn verified_answers_of(
        &self,
        ids: &[VerifiedAnswerId],
    ) -> Result<Vec<verified_answer::Model>, StoreError> {
        let query = self
            .select::<verified_answer::Entity>()
            .filter(verified_answer::Column::Id.is_in(ids.iter().copied()))
            .filter(verified_answer::Column::RetiredAt.is_null());
        self.all(query).await
    }

    /// Documents above the cursor that an embedder has no vectors of, or of an older text only; in order of id.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn documents_without_vectors(
        &self,
        embedder: &str,
        after: Option<DocumentId>,
        limit: u64,
    ) -> Result<Vec<document::Model>, StoreError> {
        use document::Column;
        let of_its_text = vectors_of_owner(
            (document::Entity, Column::WorkspaceId),
            (document::Entity, Column::Id),
            embedder,
        )
        .and_where(
            Expr::col((ranking_vector::Entity, ranking_vector::Column::ContentHash))
                .equals((document::Entity, Column::ContentHash)),
        )
        .to_owned();
        let query = self
            .select::<document::Entity>()
            .filter(Column::RemovedAt.is_null())
            .filter(Expr::exists(of_its_text).not())
            .apply_if(after, |query, after| query.filter(Column::Id.gt(after)))
            .order_by(Column::Id, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// Verified answers in use above the cursor that an embedder has no vectors of, in order of id. Their text never changes.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn verified_answers_without_vectors(
        &self,
        embedder: &str,
        after: Option<VerifiedAnswerId>,
        limit: u64,
    ) -> Result<Vec<verified_answer::Model>, StoreError> {
        use verified_answer::{Column, Entity};
        let known = vectors_of_owner((Entity, Column::WorkspaceId), (Entity, Column::Id), embedder);
        let query = self
            .select::<Entity>()
            .filter(Column::RetiredAt.is_null())
            .filter(Expr::exists(known).not())
            .apply_if(after, |query, after| query.filter(Column::Id.gt(after)))
            .order_by(Column::Id, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// What entries are ranked by, made by an embedder, with a number above `after`; in order of number.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn ranking_vectors(
        &self,
        embedder: &str,
        after: i64,
        limit: u64,
    ) -> Result<Vec<RankingVector>, StoreError> {
        use ranking_vector::Column;
        let query = self
            .select::<ranking_vector::Entity>()
            .select_only()
            .columns([Column::Number, Column::OwnerId, Column::Collection, Column::Vector])
            .filter(Column::Embedder.eq(embedder))
            .filter(Column::Number.gt(after))
            .order_by(Column::Number, Order::Asc)
            .limit(limit);
        let rows: Vec<(i64, Uuid, Option<String>, Vec<u8>)> = query.into_tuple().all(self.connection()).await?;
        let vectors = rows
            .into_iter()
            .map(|(number, owner_id, collection, vector)| RankingVector {
                number,
                owner_id,
                collection,
                vector,
            });
        Ok(vectors.collect())
    }

    /// How many of them there are.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn ranking_vector_count(&self, embedder: &str) -> Result<u64, StoreError> {
        let query = self
            .select::<ranking_vector::Entity>()
            .filter(ranking_vector::Column::Embedder.eq(embedder));
        Ok(query.count(self.connection()).await?)
    }

    /// Their numbers, ascending.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn ranking_vector_numbers(&self, embedder: &str) -> Result<Vec<i64>, StoreError> {
        let query = self
            .select::<ranking_vector::Entity>()
            .select_only()
            .column(ranking_vector::Column::Number)
            .filter(ranking_vector::Column::Embedder.eq(embedder))
            .order_by(ranking_vector::Column::Number, Order::Asc);
        Ok(query.into_tuple().all(self.connection()).await?)
    }

    /// The vectors of these entries' parts, made by an embedder.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn vectors_of(&self, owners: &[Uuid], embedder: &str) -> Result<Vec<vector::Model>, StoreError> {
        let query = self
            .select::<vector::Entity>()
            .filter(vector::Column::OwnerId.is_in(owners.iter().copied()))
            .filter(vector::Column::Embedder.eq(embedder));
        self.all(query).await
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

/// What an entry is ranked by, as a query beside the entry's own row.
fn vectors_of_owner(workspace: impl IntoColumnRef, owner: impl IntoColumnRef, embedder: &str) -> SelectStatement {
    use ranking_vector::{Column, Entity};
    Query::select()
        .expr(Expr::val(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::WorkspaceId)).eq(Expr::col(workspace)))
        .and_where(Expr::col((Entity, Column::OwnerId)).eq(Expr::col(owner)))
        .and_where(Expr::col((Entity, Column::Embedder)).eq(embedder))
        .to_owned()
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

    /// Stores what an entry is ranked by, in place of an older vector of the same owner and embedder.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn put_ranking_vector(&self, new: NewRankingVector) -> Result<(), StoreError> {
        use ranking_vector::{ActiveModel, Column, Entity};
        let delete = Entity::delete_many()
            .filter(Column::WorkspaceId.eq(self.workspace_id()))
            .filter(Column::OwnerId.eq(new.owner_id))
            .filter(Column::Embedder.eq(&new.embedder));
        self.change(delete.exec(self.connection())).await?;
        let insert = Entity::insert(ActiveModel {
            number: NotSet,
            workspace_id: Set(self.workspace_id()),
            owner_id: Set(new.owner_id),
            embedder: Set(new.embedder),
            collection: Set(new.collection),
            content_hash: Set(new.content_hash),
            vector: Set(new.vector),
        });
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }

    /// Forgets all vectors of an owner: it is not found by meaning any more.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn remove_vectors(&self, owner_id: Uuid) -> Result<(), StoreError> {
        let delete = vector::Entity::delete_many()
            .filter(vector::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(vector::Column::OwnerId.eq(owner_id));
        self.change(delete.exec(self.connection())).await?;
        let delete = ranking_vector::Entity::delete_many()
            .filter(ranking_vector::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(ranking_vector::Column::OwnerId.eq(owner_id));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }
}

/// What an entry is ranked by, as it is read by the thousand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankingVector {
    /// Higher than that of every vector before it.
    pub number: i64,
    /// A document or a verified answer.
    pub owner_id: Uuid,
    /// Of a document; a verified answer belongs to all.
    pub collection: Option<String>,
    /// Little-endian 32-bit floats.
    pub vector: Vec<u8>,
}

/// What an entry is to be ranked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRankingVector {
    /// A document or a verified answer.
    pub owner_id: Uuid,
    /// What made it.
    pub embedder: String,
    /// Of a document; a verified answer belongs to all.
    pub collection: Option<String>,
    /// Of the text it was made of.
    pub content_hash: Vec<u8>,
    /// Little-endian 32-bit floats.
    pub vector: Vec<u8>,
}
