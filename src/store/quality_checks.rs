//! Quality checks, and the verdicts that reviewers are measured by.

use super::entity::{check, evidence};
use super::{Rows, StoreError, Tx};
use crate::domain::evidence::check::FORGOTTEN_AFTER_MS;
use crate::domain::ids::{DraftId, ItemId, MemberId};
use crate::domain::review::{LEASE_MS, VerdictLabel};
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// A query may name so many ids at once.
const AT_ONCE: usize = 500;

/// Who asks for checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// The reviewer.
    pub member: MemberId,
    /// Nobody else of the workspace judges.
    pub is_alone: bool,
    /// When they ask.
    pub now: Timestamp,
}

/// The verdicts of a reviewer on the question that a check asks.
fn heard_before(member: MemberId) -> SelectStatement {
    let earlier = || Alias::new("earlier");
    let same = |column| Expr::col((earlier(), column)).equals((check::Entity, column));
    Query::select()
        .expr(Expr::val(1))
        .from_as(check::Entity, earlier())
        .and_where(same(check::Column::WorkspaceId))
        .and_where(same(check::Column::DraftId))
        .and_where(same(check::Column::Purpose))
        .and_where(Expr::col((earlier(), check::Column::MemberId)).eq(member))
        .to_owned()
}

impl Rows<'_> {
    /// A quality check.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn check(&self, id: ItemId) -> Result<Option<check::Model>, StoreError> {
        self.by_id::<check::Entity>(id).await
    }

    /// The checks that wait, in the order in which they are asked.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn open_checks(&self) -> Result<Vec<check::Model>, StoreError> {
        let query = self
            .select::<check::Entity>()
            .filter(check::Column::ClosedAt.is_null())
            .order_by(check::Column::Place, Order::Asc)
            .order_by(check::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// The checks that wait and that nobody else looks at, as far as one row tells whether this reviewer may be asked. Where they were heard
    /// before, it takes [`crate::domain::evidence::check::Waiting`] to tell.
    fn waiting_for(&self, asker: Asker) -> Select<check::Entity> {
        use check::Column;
        let Asker { member, is_alone, now } = asker;
        let mut not_theirs = Condition::any()
            .add(Column::NotForMember.is_null())
            .add(Column::NotForMember.ne(member));
        if is_alone {
            not_theirs = not_theirs.add(Column::CreatedAt.lte(now.plus_ms(-FORGOTTEN_AFTER_MS)));
        }
        // A lease that seems to last longer than any was taken before the clock went back.
        let free = Condition::any()
            .add(Column::LeasedBy.is_null())
            .add(Column::LeasedBy.eq(member))
            .add(Column::LeasedUntil.lte(now))
            .add(Column::LeasedUntil.gt(now.plus_ms(LEASE_MS)));
        self.select::<check::Entity>()
            .filter(Column::ClosedAt.is_null())
            .filter(Column::NotBefore.lte(now))
            .filter(
                Condition::any()
                    .add(Column::ForMember.is_null())
                    .add(Column::ForMember.eq(member)),
            )
            .filter(not_theirs)
            .filter(free)
            .order_by(Column::Place, Order::Asc)
            .order_by(Column::Id, Order::Asc)
    }

    fn waiting_unheard(&self, asker: Asker) -> Select<check::Entity> {
        let unheard = Condition::any()
            .add(check::Column::ForMember.is_not_null())
            .add(Expr::exists(heard_before(asker.member)).not());
        self.waiting_for(asker).filter(unheard)
    }

    /// How many checks wait for this reviewer, those left aside on which they were heard before.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn checks_waiting(&self, asker: Asker) -> Result<u64, StoreError> {
        Ok(self.waiting_unheard(asker).count(self.connection()).await?)
    }

    /// The first of these checks.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn first_check(&self, asker: Asker) -> Result<Option<check::Model>, StoreError> {
        Ok(self.all(self.waiting_unheard(asker).limit(1)).await?.pop())
    }

    /// The checks on which this reviewer was heard before, in their order: few, those they could not judge or judged in haste.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn checks_heard_before(&self, asker: Asker) -> Result<Vec<check::Model>, StoreError> {
        let query = self
            .waiting_for(asker)
            .filter(check::Column::ForMember.is_null())
            .filter(Expr::exists(heard_before(asker.member)));
        self.all(query).await
    }

    /// The check that this reviewer looks at.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn leased_check(&self, asker: Asker) -> Result<Option<check::Model>, StoreError> {
        let mine = check::Column::LeasedBy.eq(asker.member);
        Ok(self.all(self.waiting_for(asker).filter(mine).limit(1)).await?.pop())
    }

    /// The checks of these drafts that were judged.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn judged_checks_of(&self, drafts: &[DraftId]) -> Result<Vec<check::Model>, StoreError> {
        let mut found = Vec::new();
        for part in drafts.chunks(AT_ONCE) {
            let query = self
                .select::<check::Entity>()
                .filter(check::Column::DraftId.is_in(part.iter().copied()))
                .filter(check::Column::ClosedAt.is_not_null())
                .order_by(check::Column::ClosedAt, Order::Asc);
            found.extend(self.all(query).await?);
        }
        Ok(found)
    }

    /// The checks of these drafts that wait.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn waiting_checks_of(&self, drafts: &[DraftId]) -> Result<Vec<check::Model>, StoreError> {
        let mut found = Vec::new();
        for part in drafts.chunks(AT_ONCE) {
            let query = self
                .select::<check::Entity>()
                .filter(check::Column::DraftId.is_in(part.iter().copied()))
                .filter(check::Column::ClosedAt.is_null());
            found.extend(self.all(query).await?);
        }
        Ok(found)
    }

    /// The checks judged from `from` on, in the order in which they were.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn checks_judged_since(&self, from: Timestamp) -> Result<Vec<check::Model>, StoreError> {
        let query = self
            .select::<check::Entity>()
            .filter(check::Column::ClosedAt.gte(from))
            .order_by(check::Column::ClosedAt, Order::Asc)
            .order_by(check::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// The checks that ask one reviewer alone, made from `from` on.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn checks_of_reviewers_since(&self, from: Timestamp) -> Result<Vec<check::Model>, StoreError> {
        let query = self
            .select::<check::Entity>()
            .filter(check::Column::ForMember.is_not_null())
            .filter(check::Column::CreatedAt.gte(from));
        self.all(query).await
    }

    /// Verdicts given before `before` that a second opinion shares, on drafts made after `since` that are kept back, the newest first, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn agreed_before(
        &self,
        before: Timestamp,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<evidence::Model>, StoreError> {
        let query = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::JudgedAt.lte(before))
            .filter(evidence::Column::Label.is_in([VerdictLabel::Acceptable, VerdictLabel::Bad]))
            .filter(Expr::col(evidence::Column::Label).equals(evidence::Column::SecondLabel))
            .filter(evidence::Column::IsKeptBack.eq(true))
            .filter(evidence::Column::CreatedAt.gt(since))
            .order_by(evidence::Column::JudgedAt, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// What is known of these drafts.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn evidence_of(&self, drafts: &[DraftId]) -> Result<Vec<evidence::Model>, StoreError> {
        let mut found = Vec::new();
        for part in drafts.chunks(AT_ONCE) {
            let query = self
                .select::<evidence::Entity>()
                .filter(evidence::Column::DraftId.is_in(part.iter().copied()));
            found.extend(self.all(query).await?);
        }
        Ok(found)
    }
}

impl Tx<'_> {
    /// Takes back the open checks of drafts made before `before`: nothing needs them any more.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn withdraw_checks(&self, before: Timestamp) -> Result<u64, StoreError> {
        let old = Query::select()
            .column(evidence::Column::DraftId)
            .from(evidence::Entity)
            .and_where(Expr::col((evidence::Entity, evidence::Column::WorkspaceId)).eq(self.workspace_id()))
            .and_where(Expr::col((evidence::Entity, evidence::Column::CreatedAt)).lt(before))
            .to_owned();
        let delete = check::Entity::delete_many()
            .filter(check::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(check::Column::ClosedAt.is_null())
            .filter(check::Column::ForMember.is_null())
            .filter(check::Column::DraftId.in_subquery(old));
        let result = self.change(delete.exec(self.connection())).await?;
        Ok(result.rows_affected)
    }
}
