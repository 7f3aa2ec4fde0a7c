//! A word to those who had been told what an edit corrected.

use super::corrections::Corrected;
use super::{App, AppError, Caller, agents};
use crate::app::accounts::new_secret;
use crate::app::mail::{self, Mail};
use crate::app::reach::LINK_DAYS;
use crate::app::views::Names;
use crate::domain::account::Scope;
use crate::domain::ids::{MemberId, OutcomeId};
use crate::domain::letter::{self, Said};
use crate::domain::log::{Actor, EventKind};
use crate::domain::text::{AnswerText, Email};
use crate::domain::time::Timestamp;
use crate::store::entity::{contact, conversation, return_link};
use crate::store::{Change, LogDraft, Tx};
use serde::Serialize;
use std::collections::HashSet;

const DAY_MS: i64 = 24 * 60 * 60_000;

/// How many visitors are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct FollowedUp {
    /// Visitors who get a mail now.
    pub written: u64,
    /// Visitors who had one before.
    pub before: u64,
    /// Visitors who left no address.
    pub unreachable: u64,
}

/// Mails the corrected words to the visitors who had been told what the draft said and left an address: each of them once.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NoMember`]; [`AppError::NotFound`] for what is no edit or answer of the queue; [`AppError::Text`];
/// [`AppError::Invalid`] while no mail server is set; [`AppError::Conflict`] while the edit can still be undone; or the store's.
pub async fn follow_up(app: &App, caller: &Caller, id: OutcomeId, text: &str) -> Result<FollowedUp, AppError> {
    caller.require(Scope::Knowledge)?;
    let (member, actor, now) = (caller.member()?, caller.actor(), app.now());
    Corrected::load(&app.store().rows(caller.workspace_id), id).await?;
    let text: String = AnswerText::parse(text)?.into();
    let origin = match app.post() {
        Some(post) if app.can_mail() => post.origin.clone(),
        _ => {
            let sentence = "no mail server is set; set `smtp_server` and `mail_from`, then visitors can be written to";
            return Err(AppError::Invalid(sentence.to_owned()));
        }
    };
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (text, origin) = (text.clone(), origin.clone());
            Box::pin(async move {
                let letter = FollowUp {
                    outcome: id,
                    member,
                    text,
                    origin,
                    now,
                };
                letter.send(tx, actor).await
            })
        })
        .await
}

struct FollowUp {
    outcome: OutcomeId,
    member: MemberId,
    text: String,
    origin: String,
    now: Timestamp,
}

impl FollowUp {
    async fn send(&self, tx: &Tx<'_>, actor: Actor) -> Result<Change<FollowedUp>, AppError> {
        let corrected = Corrected::load(tx, self.outcome).await?;
        corrected.is_final(self.now)?;
        let mut sent = FollowedUp::default();
        let mut conversations = Vec::new();
        let mut reachable = Vec::new();
        // Whoever asked in three conversations reads it once.
        let mut addressed = HashSet::new();
        for (conversation, _, contact) in corrected.told(tx).await? {
            let Some(contact) = contact else {
                sent.unreachable += 1;
                continue;
            };
            let key = format!("follow-up:{}:{}", self.outcome, conversation.id);
            if tx.mail_of_key(&key).await?.is_some() {
                sent.before += 1;
                addressed.insert(contact.address.to_lowercase());
            } else {
                reachable.push((key, conversation, contact));
            }
        }
        for (key, conversation, contact) in reachable {
            if !addressed.insert(contact.address.to_lowercase()) {
                continue;
            }
            self.write_to(tx, key, &conversation, &contact).await?;
            conversations.push(conversation.id.to_string());
            sent.written += 1;
        }
        if conversations.is_empty() {
            return Ok(Change::Unlogged(sent));
        }
        let entry = LogDraft::new(EventKind::CorrectionFollowedUp, actor)
            .about("outcome", self.outcome)
            .about("conversation", corrected.conversation.id)
            .about("with_conversations", conversations.join(","))
            .with("text", self.text.clone());
        Ok(Change::Logged(sent, entry))
    }

    async fn write_to(
        &self,
        tx: &Tx<'_>,
        key: String,
        conversation: &conversation::Model,
        contact: &contact::Model,
    ) -> Result<(), AppError> {
        let agent = tx.agent(conversation.agent_id).await?;
        let agent = agent.ok_or(AppError::NotFound("the agent"))?;
        let (_, settings) = agents::current_version(tx, agent.id).await?;
        let (token, token_hash) = new_secret(&*tx.sources().random, "hpr_");
        let link = format!("{}/chat/{}#holdpoint={token}", self.origin, agent.public_key);
        let name = Names::default().of(tx, self.member).await?;
        let said = Said {
            name: &name,
            text: &self.text,
        };
        let letter = letter::follow_up(&settings.business, &settings.language, said, &link, LINK_DAYS);
        tx.insert(return_link::Model {
            token_hash,
            workspace_id: tx.workspace_id(),
            conversation_id: conversation.id,
            created_at: self.now,
            expires_at: self.now.plus_ms(LINK_DAYS * DAY_MS),
            returned_at: None,
        })
        .await?;
        let mail = Mail {
            key,
            to: Email::parse(&contact.address)?,
            subject: letter.subject,
            text: letter.text,
            html: Some(letter.html),
            reply_to: None,
            conversation: Some(conversation.id),
            attachment: None,
        };
        mail::queue(tx, mail).await
    }
}
