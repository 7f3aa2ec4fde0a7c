//! Lists of the drafts behind a figure.

use super::entity::{check, evidence};
use super::{Rows, StoreError};
use crate::domain::evidence::JudgedBy;
use crate::domain::ids::{AgentVersionId, DraftId, MemberId};
use crate::domain::review::VerdictLabel;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Order, Query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashSet;

/// Which drafts of a month, or of all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each narrows the list by itself")]
pub struct AnswerFilter {
    /// Made in this month.
    pub month: Option<String>,
    /// Made from then on.
    pub since: Option<Timestamp>,
    /// About this topic.
    pub topic: Option<String>,
    /// By this agent version.
    pub version: Option<AgentVersionId>,
    /// In this band.
    pub band: Option<i64>,
    /// Sent without a person.
    pub is_sent: bool,
    /// Drawn.
    pub is_drawn: bool,
    /// Judged, as bad or acceptable.
    pub is_judged: bool,
    /// Judged as a check of what was sent.
    pub by_sample: bool,
    /// Found bad in the end.
    pub is_bad: bool,
    /// Judged by this member, as a check.
    pub by: Option<MemberId>,
    /// The verdict that counts was given from then on and before then.
    pub judged: Option<(Timestamp, Timestamp)>,
    /// No check of it waits for anybody, and nobody is kept from knowing its verdict: it was made before this, or is not kept back.
    pub told_since: Option<Timestamp>,
}

impl AnswerFilter {
    fn condition(&self) -> Condition {
        let unless_left_out = Condition::all().add(evidence::Column::LeftOut.eq(false));
        let found_bad = Condition::any()
            .add(evidence::Column::SecondLabel.eq(VerdictLabel::Bad))
            .add(
                evidence::Column::Label.eq(VerdictLabel::Bad).and(
                    evidence::Column::SecondLabel
                        .is_null()
                        .or(evidence::Column::SecondLabel.eq(VerdictLabel::CannotJudge)),
                ),
            );
        let waits = Query::select()
            .column(check::Column::DraftId)
            .from(check::Entity)
            .and_where(
                Expr::col((check::Entity, check::Column::DraftId))
                    .equals((evidence::Entity, evidence::Column::DraftId)),
            )
            .and_where(Expr::col((check::Entity, check::Column::ClosedAt)).is_null())
            .to_owned();
        let judged_by = |member: MemberId| {
            Query::select()
                .column(check::Column::DraftId)
                .from(check::Entity)
                .and_where(
                    Expr::col((check::Entity, check::Column::DraftId))
                        .equals((evidence::Entity, evidence::Column::DraftId)),
                )
                .and_where(Expr::col((check::Entity, check::Column::MemberId)).eq(member))
                .to_owned()
        };
        unless_left_out
            .add_option(self.month.as_ref().map(|month| evidence::Column::Month.eq(month)))
            .add_option(self.since.map(|since| evidence::Column::CreatedAt.gte(since)))
            .add_option(self.topic.as_ref().map(|topic| evidence::Column::Topic.eq(topic)))
            .add_option(self.version.map(|version| evidence::Column::AgentVersionId.eq(version)))
            .add_option(self.band.map(|band| evidence::Column::Band.eq(band)))
            .add_option(self.is_sent.then(|| evidence::Column::IsSent.eq(true)))
            .add_option(self.is_drawn.then(|| evidence::Column::IsDrawn.eq(true)))
            .add_option(
                self.is_judged
                    .then(|| evidence::Column::Label.is_in([VerdictLabel::Acceptable, VerdictLabel::Bad])),
            )
            .add_option(self.by_sample.then(|| evidence::Column::JudgedBy.eq(JudgedBy::Sample)))
            .add_option(self.is_bad.then_some(found_bad))
            .add_option(self.judged.map(|(from, until)| {
                evidence::Column::JudgedAt
                    .gte(from)
                    .and(evidence::Column::JudgedAt.lt(until))
            }))
            .add_option(self.by.map(|member| Expr::exists(judged_by(member))))
            .add_option(self.told_since.map(|since| {
                Condition::all().add(Expr::exists(waits).not()).add(
                    Condition::any()
                        .add(evidence::Column::IsKeptBack.eq(false))
                        .add(evidence::Column::CreatedAt.lt(since)),
                )
            }))
    }
}

impl Rows<'_> {
    /// Drafts, the newest first, below the cursor.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn answers(
        &self,
        filter: &AnswerFilter,
        below: Option<(Timestamp, DraftId)>,
        limit: u64,
    ) -> Result<Vec<evidence::Model>, StoreError> {
        let mut query = self.select::<evidence::Entity>().filter(filter.condition());
        if let Some((at, id)) = below {
            query = query.filter(
                Condition::any()
                    .add(evidence::Column::CreatedAt.lt(at))
                    .add(evidence::Column::CreatedAt.eq(at).and(evidence::Column::DraftId.lt(id))),
            );
        }
        let query = query
            .order_by(evidence::Column::CreatedAt, Order::Desc)
            .order_by(evidence::Column::DraftId, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// Those of these drafts about which nothing has to be hidden any more: judged, or of a month that is closed; no check waits; and not
    /// kept back, unless made before `since`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn settled(&self, drafts: &[DraftId], since: Timestamp) -> Result<HashSet<DraftId>, StoreError> {
        let query = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::DraftId.is_in(drafts.iter().copied()));
        let known = self.all(query).await?;
        let mut closed = HashSet::new();
        for month in known.iter().map(|row| &row.month).collect::<HashSet<_>>() {
            if self
                .sampling_month(month)
                .await?
                .is_some_and(|row| row.closed_at.is_some())
            {
                closed.insert(month.clone());
            }
        }
        let waiting = self
            .select::<check::Entity>()
            .filter(check::Column::DraftId.is_in(drafts.iter().copied()))
            .filter(check::Column::ClosedAt.is_null());
        let waiting: HashSet<DraftId> = self
            .all(waiting)
            .await?
            .into_iter()
            .map(|check| check.draft_id)
            .collect();
        let settled = known.into_iter().filter(|row| {
            let is_judged = row.label.is_some() || closed.contains(&row.month);
            let is_kept_back = row.is_kept_back && row.created_at >= since;
            is_judged && !is_kept_back && !waiting.contains(&row.draft_id)
        });
        Ok(settled.map(|row| row.draft_id).collect())
    }
}
