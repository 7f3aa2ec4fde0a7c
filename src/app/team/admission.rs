//! What does not get into the queue: a flood from one address, and what a reviewer says is spam.

use super::super::caller::Caller;
use super::super::ledger::{self, Details, Ledger};
use super::super::{App, AppError, review};
use crate::domain::account::Scope;
use crate::domain::conversation::Owner;
use crate::domain::flow::Spam;
use crate::domain::ids::ConversationId;
use crate::domain::log::EventKind;
use crate::domain::team::TeamSettings;
use crate::domain::turn::TurnState;
use crate::store::{Change, LogDraft, Tx};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// Tells visitors of one address from others without being the address: a digest under a key that only this process has
/// ever known. Nobody turns a stored one back into an address, and a restart forgives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressMark(Vec<u8>);

/// Bytes of a mark: enough to keep a machine's visitors apart.
const MARK_BYTES: usize = 8;

impl AddressMark {
    /// The mark of an address.
    pub fn of(app: &App, address: IpAddr) -> Self {
        let mut hash = Sha256::new();
        hash.update(app.inner.address_key);
        match address {
            IpAddr::V4(address) => hash.update(address.octets()),
            IpAddr::V6(address) => hash.update(address.octets()),
        }
        let mut bytes = hash.finalize().to_vec();
        bytes.truncate(MARK_BYTES);
        Self(bytes)
    }

    pub(in crate::app) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Would this message make more conversations of one address wait than the team allows? Only what begins a turn is counted:
/// who waits already may go on writing.
pub(in crate::app) async fn is_flood(tx: &Tx<'_>, team: &TeamSettings, ledger: &Ledger) -> Result<bool, AppError> {
    let begins = ledger
        .turn
        .as_ref()
        .is_none_or(|turn| turn.state == TurnState::Answered);
    let ai_answers = ledger.flow.ownership.owner == Owner::Ai && ledger.flow.spam.is_none();
    if team.waiting_per_address == 0 || !begins || !ai_answers {
        return Ok(false);
    }
    let visitor = tx.visitor(ledger.conversation.visitor_id).await?;
    let Some(mark) = visitor.and_then(|visitor| visitor.address_mark) else {
        return Ok(false);
    };
    Ok(tx.waiting_from(&mark).await? >= u64::from(team.waiting_per_address))
}

/// A reviewer says that a conversation is spam: it leaves the queue, and the AI drafts nothing for it.
///
/// # Errors
/// [`AppError::Conflict`] when a person answers it, a colleague looks at it, it is for others to decide, or it is marked already.
pub async fn mark_spam(app: &App, caller: &Caller, id: ConversationId) -> Result<(), AppError> {
    change(app, caller, id, true).await
}

/// It was no spam: the AI drafts for what is unanswered.
///
/// # Errors
/// [`AppError::Conflict`] when it is not marked.
pub async fn clear_spam(app: &App, caller: &Caller, id: ConversationId) -> Result<(), AppError> {
    change(app, caller, id, false).await
}

async fn change(app: &App, caller: &Caller, id: ConversationId, is_spam: bool) -> Result<(), AppError> {
    caller.require(Scope::Review)?;
    let (actor, member) = (caller.actor(), caller.member().ok());
    let app_of_write = app.clone();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let app = app_of_write.clone();
            Box::pin(async move {
                let mut ledger = ledger::load(tx, id).await?;
                let settings = ledger::settings(tx).await?;
                let context = ledger::context(app.sources(), &settings);
                let item = ledger.item.as_ref().map(|item| item.id);
                if let (true, Some(member)) = (is_spam, member) {
                    review::check_ending(tx, &ledger, member, context.now).await?;
                }
                let (step, kind) = if is_spam {
                    let step = ledger.flow.mark_spam(context, Spam::Marked)?;
                    (step, EventKind::ConversationMarkedSpam)
                } else {
                    (ledger.flow.clear_spam(context)?, EventKind::ConversationClearedSpam)
                };
                ledger
                    .carry_out(tx, context, &settings, &step, &Details::default())
                    .await?;
                let mut entry = LogDraft::new(kind, actor).about("conversation", id);
                if let Some(item) = item {
                    entry = entry.about("item", item);
                }
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// The conversations that count as spam, the latest change first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn spam(app: &App, caller: &Caller, limit: u64) -> Result<Vec<ConversationId>, AppError> {
    caller.require(Scope::Read)?;
    let found = app.store().rows(caller.workspace_id).spam(None, limit).await?;
    Ok(found.into_iter().map(|row| row.id).collect())
}
