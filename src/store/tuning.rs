//! What the ranking learns from, and the versions of it.

use super::entity::values::Json;
use super::entity::{check, draft, evidence, retrieval_version, verdict};
use super::{Rows, StoreError};
use crate::domain::evidence::{CheckPurpose, JudgedBy};
use crate::domain::ids::{DraftId, MemberId, RetrievalVersionId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::domain::tuning::{Figures, RetrievalState};
use sea_orm::sea_query::{Expr, Order, Query};
use sea_orm::{ColumnTrait, ExprTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};

/// A query may name so many ids at once.
const AT_ONCE: usize = 500;

/// A version without what it weighs.
#[derive(Debug, Clone, PartialEq, FromQueryResult)]
pub struct RetrievalVersionRow {
    /// Its id.
    pub id: RetrievalVersionId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Counted from 1.
    pub number: i64,
    /// Whether it ranks.
    pub state: RetrievalState,
    /// The embedder whose vectors it fits.
    pub embedder: String,
    /// Numbers in one of its vectors.
    pub dimensions: i64,
    /// SHA-256 of the adapter.
    pub adapter_hash: Vec<u8>,
    /// What it was measured to do.
    pub figures: Json<Figures>,
    /// Who had it made.
    pub member_id: Option<MemberId>,
    /// When.
    pub created_at: Timestamp,
}

impl Rows<'_> {
    /// Drafts that were judged in the queue by whoever decided about them, the newest first. Left out is what a check is
    /// about, open or judged, unless it is only a second opinion: samples, gold and repeats teach nothing (invariant 7). So
    /// is what is kept back, and what was decided along with another.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn judged_in_the_queue(&self, most: u64) -> Result<Vec<evidence::Model>, StoreError> {
        use evidence::Column;
        let checked = Query::select()
            .expr(Expr::val(1))
            .from(check::Entity)
            .and_where(check::Column::WorkspaceId.eq(self.workspace_id()))
            .and_where(Expr::col((check::Entity, check::Column::DraftId)).equals((evidence::Entity, Column::DraftId)))
            .and_where(check::Column::Purpose.ne(CheckPurpose::Second))
            .to_owned();
        let query = self
            .select::<evidence::Entity>()
            .filter(Column::JudgedBy.eq(JudgedBy::Gate))
            .filter(Column::Label.is_not_null())
            .filter(Column::LeftOut.eq(false))
            .filter(Column::IsKeptBack.eq(false))
            .filter(Expr::exists(checked).not())
            .order_by(Column::CreatedAt, Order::Desc)
            .order_by(Column::DraftId, Order::Desc)
            .limit(most);
        self.all(query).await
    }

    /// These drafts.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn drafts_of(&self, drafts: &[DraftId]) -> Result<Vec<draft::Model>, StoreError> {
        let mut found = Vec::new();
        for part in drafts.chunks(AT_ONCE) {
            let wanted = draft::Column::Id.is_in(part.iter().copied());
            found.extend(self.all(self.select::<draft::Entity>().filter(wanted)).await?);
        }
        Ok(found)
    }

    /// The verdicts that outcomes in the queue gave on these drafts.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn verdicts_of(&self, drafts: &[DraftId]) -> Result<Vec<verdict::Model>, StoreError> {
        let mut found = Vec::new();
        for part in drafts.chunks(AT_ONCE) {
            let wanted = verdict::Column::DraftId.is_in(part.iter().copied());
            found.extend(self.all(self.select::<verdict::Entity>().filter(wanted)).await?);
        }
        Ok(found)
    }

    /// The number of the newest version, 0 before the first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn newest_retrieval_number(&self) -> Result<i64, StoreError> {
        let query = self
            .select::<retrieval_version::Entity>()
            .select_only()
            .column(retrieval_version::Column::Number)
            .order_by(retrieval_version::Column::Number, Order::Desc)
            .limit(1);
        Ok(query.into_tuple::<i64>().one(self.connection()).await?.unwrap_or(0))
    }

    /// Versions, the newest first, without what they weigh.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn retrieval_versions(&self, most: u64) -> Result<Vec<RetrievalVersionRow>, StoreError> {
        use retrieval_version::Column;
        let query = self.select::<retrieval_version::Entity>().select_only().columns([
            Column::Id,
            Column::WorkspaceId,
            Column::Number,
            Column::State,
            Column::Embedder,
            Column::Dimensions,
            Column::AdapterHash,
            Column::Figures,
            Column::MemberId,
            Column::CreatedAt,
        ]);
        let query = query.order_by(Column::Number, Order::Desc).limit(most);
        Ok(query.into_model().all(self.connection()).await?)
    }

    /// The version that ranks.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn retrieval_in_use(&self) -> Result<Option<RetrievalVersionId>, StoreError> {
        use retrieval_version::Column;
        let query = self
            .select::<retrieval_version::Entity>()
            .select_only()
            .column(Column::Id)
            .filter(Column::State.eq(RetrievalState::InUse));
        Ok(query.into_tuple().one(self.connection()).await?)
    }

    /// A version, whole.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn retrieval_version(
        &self,
        id: RetrievalVersionId,
    ) -> Result<Option<retrieval_version::Model>, StoreError> {
        self.by_id::<retrieval_version::Entity>(id).await
    }
}
