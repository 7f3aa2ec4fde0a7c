//! Reading what is known of drafts: scores, draws, checks, certificates.

use super::entity::{certificate, check, decision, draft, evidence, gate_epoch, sampling_month, score_version};
use super::{Rows, StoreError};
use crate::domain::answer::AnswerMode;
use crate::domain::evidence::JudgedBy;
use crate::domain::ids::{AgentId, DraftId};
use crate::domain::review::VerdictLabel;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Condition, Order};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::HashMap;

/// A query may name so many ids at once.
const AT_ONCE: usize = 500;

/// Which drafts, by when they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made<'a> {
    /// From then on.
    Since(Timestamp),
    /// In this month, as in `2026-05`.
    In(&'a str),
}

impl Rows<'_> {
    /// The newest version of the score; none while it is the one set by hand.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn newest_score(&self) -> Result<Option<score_version::Model>, StoreError> {
        let query = self
            .select::<score_version::Entity>()
            .order_by(score_version::Column::Number, Order::Desc)
            .limit(1);
        Ok(self.all(query).await?.pop())
    }

    /// A version of the score.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn score_version(&self, number: i64) -> Result<Option<score_version::Model>, StoreError> {
        self.one::<score_version::Entity>(score_version::Column::Number.eq(number))
            .await
    }

    /// How many verdicts are known of answers of an agent that rest on this content, counted up to `most`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn verdicts_on(&self, agent_id: AgentId, rests_on: &[u8], most: u64) -> Result<u64, StoreError> {
        let versions = self.ids_of_versions(agent_id);
        let query = self
            .select::<evidence::Entity>()
            .select_only()
            .column(evidence::Column::DraftId)
            .filter(evidence::Column::RestsOn.eq(rests_on))
            .filter(evidence::Column::AgentVersionId.in_subquery(versions))
            .filter(evidence::Column::LeftOut.eq(false))
            .filter(evidence::Column::Label.is_in([VerdictLabel::Acceptable, VerdictLabel::Bad]))
            .limit(most);
        Ok(query.into_tuple::<DraftId>().all(self.connection()).await?.len() as u64)
    }

    /// What is known of a draft.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn evidence(&self, draft_id: DraftId) -> Result<Option<evidence::Model>, StoreError> {
        self.by_id::<evidence::Entity>(draft_id).await
    }

    /// The newest draft of which something is known, or the newest of a mode.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn newest_graded(&self, mode: Option<AnswerMode>) -> Result<Option<draft::Model>, StoreError> {
        let query = self
            .select::<evidence::Entity>()
            .apply_if(mode, |query, mode| query.filter(evidence::Column::Mode.eq(mode)))
            .order_by(evidence::Column::CreatedAt, Order::Desc)
            .order_by(evidence::Column::DraftId, Order::Desc)
            .limit(1);
        match self.all(query).await?.pop() {
            Some(row) => self.draft(row.draft_id).await,
            None => Ok(None),
        }
    }

    /// What is known of drafts in the order in which they were made: the next `limit` after the draft `after`, which was made then.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn evidence_made(
        &self,
        made: Made<'_>,
        after: Option<(Timestamp, DraftId)>,
        limit: u64,
    ) -> Result<Vec<evidence::Model>, StoreError> {
        use evidence::Column;
        let query = self
            .select::<evidence::Entity>()
            .filter(match (made, after) {
                // One bound, not two: the database would look for the place by the earlier one.
                (Made::Since(_), Some((at, _))) => Column::CreatedAt.gte(at),
                (Made::Since(from), None) => Column::CreatedAt.gte(from),
                (Made::In(month), _) => Column::Month.eq(month),
            })
            .apply_if(after, |query, (at, draft_id)| {
                let is_later = Condition::any()
                    .add(Column::CreatedAt.gt(at))
                    .add(Column::DraftId.gt(draft_id));
                query.filter(Column::CreatedAt.gte(at)).filter(is_later)
            })
            .order_by(Column::CreatedAt, Order::Asc)
            .order_by(Column::DraftId, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// How many of a month's answers that went out by decision are still to be drawn or, drawn, to be judged.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn unjudged_of_month(&self, month: &str) -> Result<u64, StoreError> {
        let query = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::Month.eq(month))
            .filter(evidence::Column::IsSent.eq(true))
            .filter(evidence::Column::LeftOut.eq(false))
            .filter(evidence::Column::Label.is_null())
            .filter(
                Condition::any()
                    .add(evidence::Column::IsDrawn.is_null())
                    .add(evidence::Column::IsDrawn.eq(true)),
            );
        Ok(query.count(self.connection()).await?)
    }

    /// How many answers made from `from` on and before `until` went out by decision.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn sent_between(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        let query = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::CreatedAt.gte(from))
            .filter(evidence::Column::CreatedAt.lt(until))
            .filter(evidence::Column::IsSent.eq(true));
        Ok(query.count(self.connection()).await?)
    }

    /// How many verdicts were given from `from` on.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn verdicts_since(&self, from: Timestamp) -> Result<u64, StoreError> {
        let query = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::JudgedAt.gte(from));
        Ok(query.count(self.connection()).await?)
    }

    /// Verdicts of the sample given from `from` on, in their order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn sampled_since(&self, from: Timestamp) -> Result<Vec<evidence::Model>, StoreError> {
        let query = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::JudgedAt.gte(from))
            .filter(evidence::Column::JudgedBy.eq(JudgedBy::Sample))
            .order_by(evidence::Column::JudgedAt, Order::Asc)
            .order_by(evidence::Column::DraftId, Order::Asc);
        self.all(query).await
    }

    /// All drafts that were ever judged, in the order in which they were made.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn judged(&self) -> Result<Vec<evidence::Model>, StoreError> {
        let query = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::Label.is_not_null())
            .order_by(evidence::Column::CreatedAt, Order::Asc)
            .order_by(evidence::Column::DraftId, Order::Asc);
        self.all(query).await
    }

    /// What was decided about drafts, and on what that rested.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn decisions_on(&self, drafts: &[DraftId]) -> Result<HashMap<DraftId, decision::Model>, StoreError> {
        let mut found = HashMap::with_capacity(drafts.len());
        for part in drafts.chunks(AT_ONCE) {
            let query = self
                .select::<decision::Entity>()
                .filter(decision::Column::DraftId.is_in(part.iter().copied()));
            found.extend(self.all(query).await?.into_iter().map(|row| (row.draft_id, row)));
        }
        Ok(found)
    }

    /// What a month is drawn with.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn sampling_month(&self, month: &str) -> Result<Option<sampling_month::Model>, StoreError> {
        self.one::<sampling_month::Entity>(sampling_month::Column::Month.eq(month))
            .await
    }

    /// All months, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn sampling_months(&self) -> Result<Vec<sampling_month::Model>, StoreError> {
        let query = self
            .select::<sampling_month::Entity>()
            .order_by(sampling_month::Column::Month, Order::Desc);
        self.all(query).await
    }

    /// The checks of a draft.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn checks_of(&self, draft_id: DraftId) -> Result<Vec<check::Model>, StoreError> {
        self.all(
            self.select::<check::Entity>()
                .filter(check::Column::DraftId.eq(draft_id)),
        )
        .await
    }

    /// The last test of the certificate.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn last_epoch(&self) -> Result<Option<gate_epoch::Model>, StoreError> {
        let query = self
            .select::<gate_epoch::Entity>()
            .order_by(gate_epoch::Column::Number, Order::Desc)
            .limit(1);
        Ok(self.all(query).await?.pop())
    }

    /// The tests of the certificate, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn epochs(&self, limit: u64) -> Result<Vec<gate_epoch::Model>, StoreError> {
        let query = self
            .select::<gate_epoch::Entity>()
            .order_by(gate_epoch::Column::Number, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// The certificate that has not ended.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn certificate_in_force(&self) -> Result<Option<certificate::Model>, StoreError> {
        self.one::<certificate::Entity>(certificate::Column::EndedAt.is_null())
            .await
    }

    /// All certificates, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn certificates(&self, limit: u64) -> Result<Vec<certificate::Model>, StoreError> {
        let query = self
            .select::<certificate::Entity>()
            .order_by(certificate::Column::IssuedAt, Order::Desc)
            .limit(limit);
        self.all(query).await
    }
}
