//! What others are told about a proposal: the log, the agent that asked, the visitor, and owners where an agent has gone wild.

use super::stored::args_of;
use super::view::status_of;
use crate::app::caller::Caller;
use crate::app::mail::{self, Mail};
use crate::app::webhooks::{self, Webhook};
use crate::app::{App, AppError, ledger, policy};
use crate::domain::account::Role;
use crate::domain::action::request::{About, filled};
use crate::domain::action::tool::{Says, Tool};
use crate::domain::action::{ActionStatus, Runs};
use crate::domain::ids::TokenId;
use crate::domain::log::{Actor, EventKind};
use crate::domain::text::Email;
use crate::store::entity::action as row;
use crate::store::{Change, LogDraft, Tx};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// An agent that is refused is noted, and owners are written to, once in so long, in milliseconds.
const TOLD_EVERY_MS: i64 = 60 * 60_000;

/// An entry about a proposal: ids in its unerasable part.
pub(super) fn entry(kind: EventKind, actor: Actor, row: &row::Model) -> LogDraft {
    let mut entry = LogDraft::new(kind, actor)
        .about("action", row.id)
        .about("status", status_of(row.status))
        .with("name", row.name.clone());
    if let Some(token) = row.token_id {
        entry = entry.about("token", token);
    }
    if let Some(conversation) = row.conversation_id {
        entry = entry.about("conversation", conversation);
    }
    entry
}

/// Queues the webhook that an agent wished for, for how its approval stands now.
pub(super) async fn asker(tx: &Tx<'_>, row: &row::Model) -> Result<(), AppError> {
    let Some(url) = row.callback_url.clone().filter(|_| row.runs == Runs::There) else {
        return Ok(());
    };
    let kind = match row.status {
        ActionStatus::Expired => "review.expired",
        _ => "review.decided",
    };
    let webhook = Webhook {
        key: format!("approval:{}:{}", row.id, status_of(row.status)),
        url,
        kind,
        data: json!({
            "approval_id": row.id,
            "tool_call_id": super::ask::call_id(row),
            "status": status_of(row.status),
        }),
        conversation: row.conversation_id,
    };
    webhooks::queue(tx, webhook).await?;
    Ok(())
}

/// Which of the owner's texts a visitor reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Asked,
    Done,
    Failed,
    Rejected,
}

impl Said {
    fn of(self, says: &Says) -> &str {
        match self {
            Self::Asked => &says.asked,
            Self::Done => &says.done,
            Self::Failed => &says.failed,
            Self::Rejected => &says.rejected,
        }
    }
}

/// Tells the visitor, in the owner's words, if there are any.
pub(super) async fn visitor(app: &App, tx: &Tx<'_>, row: &row::Model, tool: &Tool, said: Said) -> Result<(), AppError> {
    let template = said.of(&tool.says);
    let Some(conversation) = row.conversation_id.filter(|_| !template.trim().is_empty()) else {
        return Ok(());
    };
    let zone = policy::zone(tx).await?;
    let contact = tx.contact(conversation).await?;
    let about = About {
        id: row.id,
        at: row.created_at,
        zone: &zone,
        visitor_email: contact.as_ref().map(|contact| contact.address.as_str()),
    };
    let text = filled(template, &args_of(&row.standing_args)?, &about);
    let mut ledger = ledger::load(tx, conversation).await?;
    let settings = ledger::settings(tx).await?;
    let context = ledger::context(app.sources(), &settings);
    ledger.announce(tx, context, &text).await
}

/// When each agent was last found to ask for too much, as a number of hours; in memory: a restart tells once more.
#[derive(Debug, Default)]
pub(in crate::app) struct Braked(Mutex<HashMap<TokenId, i64>>);

impl Braked {
    fn is_first(&self, token: TokenId, hour: i64) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(token, hour) != Some(hour)
    }
}

/// Notes that an agent is refused because too much of it waits, and writes to the owners; once an hour.
pub(super) async fn braked(app: &App, caller: &Caller) -> Result<(), AppError> {
    let Some(program) = caller.program.clone() else {
        return Ok(());
    };
    let now = app.now();
    let hour = now.0.div_euclid(TOLD_EVERY_MS);
    let rows = app.store().rows(caller.workspace_id);
    if !app.inner.braked.is_first(program.id, hour) {
        return Ok(());
    }
    let post = app.post().filter(|post| post.mailer.is_some());
    let mut mails = Vec::new();
    for (member, user) in rows.members().await? {
        if let (Some(post), Role::Owner) = (post, member.role) {
            mails.push(Mail {
                key: format!("braked:{}:{hour}:{}", program.id, member.id),
                to: Email::parse(&user.email)?,
                subject: format!("The agent “{}” asks for more than people can look at", program.name),
                text: format!(
                    "{} approvals of “{}” wait for people, so further ones are refused until some are decided.\n\nLook at them: {}/actions\nIf it has gone wild, revoke its token: holdpoint admin token revoke {}\n",
                    super::ask::MOST_WAITING,
                    program.name,
                    post.origin,
                    program.id
                ),
                html: None,
                reply_to: None,
                conversation: None,
                attachment: None,
            });
        }
    }
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (mails, program) = (mails.clone(), program.clone());
            Box::pin(async move {
                for mail in mails {
                    mail::queue(tx, mail).await?;
                }
                let entry = LogDraft::new(EventKind::AgentBraked, actor)
                    .about("token", program.id)
                    .with("name", program.name);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
