//! Reaching visitors who have left: the address they leave, the mail that brings an answer, and their way back.
//!
//! An answer is not mailed at once: whoever still reads the chat needs no mail. A minute later a job looks at what the
//! widget has shown; what it has not goes into one mail, with a link that is a key to this one conversation.

use super::mail::{self, Mail};
use super::views::Names;
use super::visit::Visitor;
use super::{App, AppError, agents};
use crate::domain::conversation::Author;
use crate::domain::ids::{ConversationId, JobId, WorkspaceId};
use crate::domain::letter::{self, Said};
use crate::domain::log::{Actor, EventKind};
use crate::domain::text::Email;
use crate::store::entity::{contact, return_link};
use crate::store::{Change, JobKind, LogDraft, Tx};

/// How long an answer may be seen in the chat before it is mailed, in milliseconds.
pub const MAIL_AFTER_MS: i64 = 60_000;
/// How long a mailed link leads back, in days.
pub const LINK_DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60_000;
/// Longest text that a visitor agrees to, in characters.
const CONSENT_CHARS: usize = 500;

/// The visitor leaves an address for answers to this conversation. A later address replaces the earlier one, which may have been
/// somebody else's: links that were mailed there lead nowhere any more, mails that wait go to nobody, and what the visitor has
/// not seen in the chat is mailed to the new one. The link by which they came themselves (`key`) stays good.
///
/// # Errors
/// [`AppError::Text`] for what is no address, [`AppError::Invalid`] without consent.
pub async fn leave_email(
    app: &App,
    visitor: &Visitor,
    key: Option<&str>,
    address: &str,
    consent: &str,
) -> Result<(), AppError> {
    let address = Email::parse(address)?;
    let consent: String = consent.trim().chars().take(CONSENT_CHARS).collect();
    if consent.is_empty() {
        let sentence = "an address is kept only with the visitor's consent; send the words they agreed to as `consent`";
        return Err(AppError::Invalid(sentence.to_owned()));
    }
    let (visitor, now) = (*visitor, app.now());
    let own_link = key.map(super::accounts::secret_hash);
    app.store()
        .write(visitor.workspace_id, move |tx| {
            let (address, consent, own_link) = (address.clone(), consent.clone(), own_link.clone());
            Box::pin(async move {
                let conversation_id = visitor.conversation_id;
                let conversation = tx
                    .conversation(conversation_id)
                    .await?
                    .ok_or(AppError::NotFound("the conversation"))?;
                let before = tx.contact(conversation_id).await?;
                let is_other = before
                    .as_ref()
                    .is_some_and(|before| !before.address.eq_ignore_ascii_case(address.as_str()));
                let row = contact::Model {
                    conversation_id,
                    workspace_id: tx.workspace_id(),
                    address: address.as_str().to_owned(),
                    consent: consent.clone(),
                    mailed_seq: match &before {
                        // Whatever was mailed went elsewhere: only what the chat has shown is known to them.
                        Some(_) if is_other => conversation.delivered_seq,
                        Some(before) => before.mailed_seq,
                        // What was said before is known to them.
                        None => conversation.last_seq,
                    },
                    left_at: now,
                };
                match before {
                    Some(_) => tx.update(row).await?,
                    None => tx.insert(row).await?,
                }
                if is_other {
                    tx.end_return_links(conversation_id, own_link.as_deref(), now).await?;
                    tx.take_back_mails(conversation_id).await?;
                    answered(tx, conversation_id).await?;
                }
                let entry = LogDraft::new(EventKind::VisitorLeftEmail, Actor::Visitor(visitor.visitor_id))
                    .about("conversation", conversation_id)
                    .with("address", address.as_str().to_owned())
                    .with("consent", consent);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// An answer was written: it is mailed a little later, unless the visitor reads it before.
pub(super) async fn answered(tx: &Tx<'_>, id: ConversationId) -> Result<(), AppError> {
    if tx.contact(id).await?.is_some() {
        let at = tx.sources().clock.now().plus_ms(MAIL_AFTER_MS);
        tx.schedule(JobKind::Reply, id, at).await?;
    }
    Ok(())
}

/// The job: mails what the visitor has not seen.
pub(super) async fn write_to(
    app: &App,
    workspace_id: WorkspaceId,
    id: ConversationId,
    job: JobId,
) -> Result<(), AppError> {
    let sources = app.sources();
    let (token, token_hash) = super::accounts::new_secret(&*sources.random, "hpr_");
    let (now, origin) = (
        app.now(),
        app.post().map(|post| post.origin.clone()).unwrap_or_default(),
    );
    app.store()
        .write(workspace_id, move |tx| {
            let (token, token_hash, origin) = (token.clone(), token_hash.clone(), origin.clone());
            Box::pin(async move {
                tx.finish_job(job).await?;
                let (Some(conversation), Some(contact)) = (tx.conversation(id).await?, tx.contact(id).await?) else {
                    return Ok(Change::Unlogged(()));
                };
                let seen = contact.mailed_seq.max(conversation.delivered_seq);
                let mut answers = tx.messages_after(id, seen).await?;
                answers.retain(|message| matches!(message.author, Author::Person | Author::Ai));
                let Some(last_seq) = answers.last().map(|message| message.seq) else {
                    return Ok(Change::Unlogged(()));
                };
                let agent = tx
                    .agent(conversation.agent_id)
                    .await?
                    .ok_or(AppError::NotFound("the agent"))?;
                let (_, settings) = agents::current_version(tx, agent.id).await?;
                let mut names = Names::default();
                let mut said = Vec::new();
                for answer in &answers {
                    let name = match answer.member_id {
                        Some(member) => names.of(tx, member).await?,
                        None => settings.name.clone(),
                    };
                    said.push((name, answer.body.as_str()));
                }
                let said: Vec<Said<'_>> = said.iter().map(|(name, text)| Said { name, text }).collect();
                let link = format!("{origin}/chat/{}#holdpoint={token}", agent.public_key);
                let letter = letter::answer(&settings.business, &settings.language, &said, &link, LINK_DAYS);
                tx.insert(return_link::Model {
                    token_hash,
                    workspace_id: tx.workspace_id(),
                    conversation_id: id,
                    created_at: now,
                    expires_at: now.plus_ms(LINK_DAYS * DAY_MS),
                    returned_at: None,
                })
                .await?;
                let mail = Mail {
                    // Whoever gives another address gets there what was mailed to the first.
                    key: format!("reply:{id}:{last_seq}:{}", contact.left_at.0),
                    to: Email::parse(&contact.address)?,
                    subject: letter.subject,
                    text: letter.text,
                    html: Some(letter.html),
                    reply_to: None,
                    conversation: Some(id),
                    attachment: None,
                };
                mail::queue(tx, mail).await?;
                tx.update(contact::Model {
                    mailed_seq: last_seq,
                    ..contact
                })
                .await?;
                let entry = LogDraft::new(EventKind::VisitorWrittenTo, Actor::System)
                    .about("conversation", id)
                    .about("seq", last_seq);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// The conversation that a mailed link leads back to, while it does.
pub(super) async fn visitor_of_link(app: &App, token_hash: &[u8]) -> Result<Option<Visitor>, AppError> {
    let Some(link) = app.store().return_link_by_token(token_hash).await? else {
        return Ok(None);
    };
    if link.expires_at <= app.now() {
        return Ok(None);
    }
    let rows = app.store().rows(link.workspace_id);
    let conversation = rows.conversation(link.conversation_id).await?;
    Ok(conversation.map(|conversation| Visitor {
        workspace_id: link.workspace_id,
        visitor_id: conversation.visitor_id,
        conversation_id: conversation.id,
    }))
}

/// The visitor came back through a mailed link. Noticed once for each.
///
/// # Errors
/// The store's.
pub async fn returned(app: &App, visitor: &Visitor, token: &str) -> Result<(), AppError> {
    let (visitor, now, token_hash) = (*visitor, app.now(), super::accounts::secret_hash(token));
    app.store()
        .write(visitor.workspace_id, move |tx| {
            let token_hash = token_hash.clone();
            Box::pin(async move {
                let Some(link) = tx
                    .return_link(&token_hash)
                    .await?
                    .filter(|link| link.returned_at.is_none())
                else {
                    return Ok(Change::Unlogged(()));
                };
                tx.update(return_link::Model {
                    returned_at: Some(now),
                    ..link
                })
                .await?;
                let entry = LogDraft::new(EventKind::VisitorReturned, Actor::Visitor(visitor.visitor_id))
                    .about("conversation", visitor.conversation_id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
