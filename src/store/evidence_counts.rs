//! Counting what is known of drafts, without reading them.

use super::entity::{check, evidence};
use super::{Rows, StoreError};
use crate::domain::evidence::{CheckPurpose, JudgedBy};
use crate::domain::ids::AgentVersionId;
use crate::domain::review::VerdictLabel;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

/// What a verdict that is old enough to be told is called in a query.
const TOLD: &str = "is_told";
/// The same of a second opinion.
const SECOND_TOLD: &str = "is_second_told";

/// Drawn answers of a month that have everything in common that a statement looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthCell {
    /// Their band.
    pub band: i64,
    /// Their verdict.
    pub label: Option<VerdictLabel>,
    /// The second opinion on it.
    pub second: Option<VerdictLabel>,
    /// How many they are.
    pub answers: u64,
}

/// Drafts that have everything in common that an estimate of accuracy looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicCell {
    /// Their topic.
    pub topic: String,
    /// Whose they are.
    pub version: AgentVersionId,
    /// Their month.
    pub month: String,
    /// They went out by decision.
    pub is_sent: bool,
    /// Their band.
    pub band: Option<i64>,
    /// Where their verdict comes from.
    pub judged_by: Option<JudgedBy>,
    /// Their verdict.
    pub label: Option<VerdictLabel>,
    /// The second opinion on it.
    pub second: Option<VerdictLabel>,
    /// How many they are.
    pub drafts: u32,
}

impl Rows<'_> {
    /// How many drafts would be answered otherwise today.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn count_changed(&self) -> Result<u64, StoreError> {
        let query = self.select::<evidence::Entity>();
        // Said as the index says it: there are few of them among very many drafts.
        Ok(query.filter(Expr::cust("is_changed")).count(self.connection()).await?)
    }

    /// Whether somebody is still asked for a second opinion on what went out in this month.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn waits_for_second(&self, month: &str) -> Result<bool, StoreError> {
        let of_month = Query::select()
            .column(evidence::Column::DraftId)
            .from(evidence::Entity)
            .and_where(Expr::col((evidence::Entity, evidence::Column::WorkspaceId)).eq(self.workspace_id()))
            .and_where(Expr::col((evidence::Entity, evidence::Column::Month)).eq(month))
            .and_where(Expr::col((evidence::Entity, evidence::Column::IsSent)).eq(true))
            .to_owned();
        let query = self
            .select::<check::Entity>()
            .filter(check::Column::ClosedAt.is_null())
            .filter(check::Column::Purpose.eq(CheckPurpose::Second))
            .filter(check::Column::DraftId.in_subquery(of_month))
            .limit(1);
        Ok(!self.all(query).await?.is_empty())
    }

    /// What was drawn of a month's answers that went out by decision, counted. Verdicts given from `as_of` on are left out.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn month_cells(&self, month: &str, as_of: Timestamp) -> Result<Vec<MonthCell>, StoreError> {
        use evidence::Column;
        type Row = (
            i64,
            Option<VerdictLabel>,
            Option<VerdictLabel>,
            Option<bool>,
            Option<bool>,
            i64,
        );
        let query = self
            .select::<evidence::Entity>()
            .filter(Column::Month.eq(month))
            .filter(Column::IsDrawn.eq(true))
            .filter(Column::IsSent.eq(true))
            .filter(Column::LeftOut.eq(false))
            .select_only()
            .columns([Column::Band, Column::Label, Column::SecondLabel])
            .column_as(Column::JudgedAt.lt(as_of), TOLD)
            .column_as(Column::SecondAt.lt(as_of), SECOND_TOLD)
            .column_as(Column::DraftId.count(), "answers")
            .group_by(Column::Band)
            .group_by(Column::Label)
            .group_by(Column::SecondLabel)
            .group_by(Expr::col(Alias::new(TOLD)))
            .group_by(Expr::col(Alias::new(SECOND_TOLD)));
        let rows: Vec<Row> = query.into_tuple().all(self.connection()).await?;
        let cells = rows
            .into_iter()
            .map(|(band, label, second, told, second_told, answers)| MonthCell {
                band,
                label: label.filter(|_| told == Some(true)),
                second: second.filter(|_| second_told == Some(true)),
                answers: u64::try_from(answers).unwrap_or_default(),
            });
        Ok(cells.collect())
    }

    /// The drafts made from `from` on, counted by topic, agent version and everything else that a verdict is weighed by. Verdicts given from
    /// `as_of` on are left out.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn topic_cells(&self, from: Timestamp, as_of: Timestamp) -> Result<Vec<TopicCell>, StoreError> {
        use evidence::Column;
        type Row = (
            String,
            AgentVersionId,
            String,
            bool,
            Option<i64>,
            Option<JudgedBy>,
            Option<VerdictLabel>,
            Option<VerdictLabel>,
            Option<bool>,
            Option<bool>,
            i64,
        );
        let by = [
            Column::Topic,
            Column::AgentVersionId,
            Column::Month,
            Column::IsSent,
            Column::Band,
            Column::JudgedBy,
            Column::Label,
            Column::SecondLabel,
        ];
        let mut query = self
            .select::<evidence::Entity>()
            .filter(Column::CreatedAt.gte(from))
            .filter(Column::LeftOut.eq(false))
            .select_only()
            .columns(by)
            .column_as(Column::JudgedAt.lt(as_of), TOLD)
            .column_as(Column::SecondAt.lt(as_of), SECOND_TOLD)
            .column_as(Column::DraftId.count(), "answers");
        for column in by {
            query = query.group_by(column);
        }
        let query = query
            .group_by(Expr::col(Alias::new(TOLD)))
            .group_by(Expr::col(Alias::new(SECOND_TOLD)));
        let rows: Vec<Row> = query.into_tuple().all(self.connection()).await?;
        let cells = rows.into_iter().map(|row| {
            let (topic, version, month, is_sent, band, judged_by, label, second, told, second_told, answers) = row;
            let is_told = told == Some(true);
            TopicCell {
                topic,
                version,
                month,
                is_sent,
                band,
                judged_by: judged_by.filter(|_| is_told),
                label: label.filter(|_| is_told),
                second: second.filter(|_| second_told == Some(true)),
                drafts: u32::try_from(answers).unwrap_or(u32::MAX),
            }
        });
        Ok(cells.collect())
    }

    /// How many of a month's drafts went out by decision, were held, and were held and judged by nobody.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn load_of_month(&self, month: &str) -> Result<(u64, u64, u64), StoreError> {
        use evidence::Column;
        let query = self
            .select::<evidence::Entity>()
            .filter(Column::Month.eq(month))
            .filter(Column::LeftOut.eq(false))
            .select_only()
            .column(Column::IsSent)
            .column_as(Column::Label.is_null(), TOLD)
            .column_as(Column::DraftId.count(), "answers")
            .group_by(Column::IsSent)
            .group_by(Expr::col(Alias::new(TOLD)));
        let rows: Vec<(bool, bool, i64)> = query.into_tuple().all(self.connection()).await?;
        let count = |fits: &dyn Fn(bool, bool) -> bool| {
            let fitting = rows.iter().filter(|(sent, unjudged, _)| fits(*sent, *unjudged));
            fitting
                .map(|(.., answers)| u64::try_from(*answers).unwrap_or_default())
                .sum()
        };
        Ok((
            count(&|sent, _| sent),
            count(&|sent, _| !sent),
            count(&|sent, unjudged| !sent && unjudged),
        ))
    }

    /// A month's drafts that went out by decision, or that were held: the newest, at most `most`; or all that were judged.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn drafts_of_month(
        &self,
        month: &str,
        is_sent: bool,
        which: Option<u64>,
    ) -> Result<Vec<evidence::Model>, StoreError> {
        let query = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::Month.eq(month))
            .filter(evidence::Column::IsSent.eq(is_sent))
            .filter(evidence::Column::LeftOut.eq(false))
            .order_by(evidence::Column::CreatedAt, Order::Desc);
        let query = match which {
            Some(most) => query.limit(most),
            None => query.filter(evidence::Column::Label.is_not_null()),
        };
        self.all(query).await
    }

    /// How many conversations had a draft made from `from` on.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conversations_since(&self, from: Timestamp) -> Result<u64, StoreError> {
        let conversation = Expr::col((evidence::Entity, evidence::Column::ConversationId));
        let query = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::CreatedAt.gte(from))
            .select_only()
            .column_as(conversation.count_distinct(), "conversations");
        let found: Option<i64> = query.into_tuple().one(self.connection()).await?;
        Ok(found.and_then(|found| u64::try_from(found).ok()).unwrap_or_default())
    }

    /// When the newest verdict was given, when the newest second opinion, and how many checks were judged: other figures say that there is news.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn newest_verdicts(&self) -> Result<(Option<Timestamp>, Option<Timestamp>, u64), StoreError> {
        use evidence::Column;
        let newest = async |column: Column| -> Result<Option<Timestamp>, StoreError> {
            let query = self
                .select::<evidence::Entity>()
                .filter(column.is_not_null())
                .order_by(column, Order::Desc)
                .limit(1)
                .select_only()
                .column(column);
            Ok(query.into_tuple::<Timestamp>().one(self.connection()).await?)
        };
        let judged = self
            .select::<check::Entity>()
            .filter(check::Column::ClosedAt.is_not_null())
            .count(self.connection())
            .await?;
        Ok((newest(Column::JudgedAt).await?, newest(Column::SecondAt).await?, judged))
    }

    /// How many verdicts were given from `from` on and before `until`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn verdicts_between(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        let query = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::JudgedAt.gte(from))
            .filter(evidence::Column::JudgedAt.lt(until));
        Ok(query.count(self.connection()).await?)
    }
}
