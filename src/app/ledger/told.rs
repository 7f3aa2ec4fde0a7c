//! What is told about a conversation besides what was said: fixed texts for the visitor, topics for the team.

use super::Ledger;
use crate::app::{AppError, agents};
use crate::domain::flow::{Context, SystemText};
use crate::domain::notice::{self, Address, Reader};
use crate::domain::settings::WorkspaceSettings;
use crate::store::Tx;
use crate::store::entity::draft;
use jiff::tz::TimeZone;

impl Ledger {
    /// What the turn is about, as far as anything was drafted for it.
    pub(super) async fn topics(&self, tx: &Tx<'_>) -> Result<Vec<String>, AppError> {
        let Some(turn) = &self.turn else {
            return Ok(Vec::new());
        };
        let drafts = tx.drafts_of_turns(&[turn.id]).await?;
        Ok(drafts.last().map(topics_of).unwrap_or_default())
    }

    /// A fixed text as this visitor reads it.
    pub(super) async fn notice(
        &self,
        tx: &Tx<'_>,
        context: Context<'_>,
        settings: &WorkspaceSettings,
        text: SystemText,
    ) -> Result<String, AppError> {
        let (_, agent) = agents::current_version(tx, self.conversation.agent_id).await?;
        let utc = TimeZone::UTC;
        let address = match tx.contact(self.conversation.id).await? {
            _ if !context.duty.can_mail => Address::Useless,
            Some(_) => Address::Known,
            None => Address::Wanted,
        };
        let reader = Reader {
            language: &agent.language,
            zone: context.duty.policy.map_or(&utc, |policy| &policy.zone),
            now: context.now,
            address,
        };
        Ok(notice::notice(text, settings, &reader))
    }
}

/// The topics that a draft's question belongs to.
pub(crate) fn topics_of(draft: &draft::Model) -> Vec<String> {
    let topics = draft.screening.0.topics.iter();
    topics.map(|topic| topic.name.clone()).collect()
}
