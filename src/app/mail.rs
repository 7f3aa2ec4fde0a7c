//! E-mail: queued in the transaction that calls for it, sent by a job, tried again while the server is down.
//!
//! A mail has a key: whoever queues the same key again changes nothing. The row says where it stands; before the server
//! gets the mail the row says so durably, so that a crash in between ends as `unclear`, which only a person sends again.

use super::caller::Caller;
use super::undelivered::since;
use super::views::{Page, next_page};
use super::{App, AppError, jobs, limits};
use crate::domain::account::Scope;
use crate::domain::ids::{ConversationId, MailId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::mail::{self, Attachment, Attempt, MailState, Next};
use crate::domain::text::Email;
use crate::domain::time::Timestamp;
use crate::outbound::mail::{Letter, MailError, Mailer};
use crate::store::entity::mail as row;
use crate::store::{Change, Failing, JobKind, Json, LogDraft, Tx};
use serde::Serialize;

/// How e-mail leaves this machine.
#[derive(Debug, Clone)]
pub struct Post {
    /// The server; none while the owner has not set one.
    pub mailer: Option<Mailer>,
    /// Scheme and host that links in mails lead to.
    pub origin: String,
}

/// An e-mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What it is about; the same key is the same mail and is sent once.
    pub key: String,
    /// Who gets it.
    pub to: Email,
    /// What it is about, for people; made into one line.
    pub subject: String,
    /// The text. Dropped once the server has accepted the mail.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// Where an answer goes.
    pub reply_to: Option<Email>,
    /// The conversation it belongs to.
    pub conversation: Option<ConversationId>,
    /// A file that goes with it. Dropped with the text.
    pub attachment: Option<Attachment>,
}

/// A mail as people see it: never its text, which may hold a key to a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailView {
    /// Its id.
    pub id: MailId,
    /// Who gets it.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// Where it stands.
    pub state: MailState,
    /// Attempts so far.
    pub attempts: i64,
    /// What the last one that came to nothing met.
    pub last_error: Option<String>,
    /// The conversation it belongs to.
    pub conversation_id: Option<ConversationId>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// When it was accepted, or given up.
    pub ended_at: Option<Timestamp>,
}

impl From<row::Model> for MailView {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            to: row.to_address,
            subject: row.subject,
            state: row.state,
            attempts: row.attempts,
            last_error: row.last_error,
            conversation_id: row.conversation_id,
            created_at: row.created_at,
            next_at: row.next_at,
            ended_at: row.ended_at,
        }
    }
}

/// How e-mail is: for `doctor`, the status and the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailStatus {
    /// Host and port of the server; none while the owner has set none.
    pub server: Option<String>,
    /// Nothing needs a person.
    pub well: bool,
    /// Mails that wait for an attempt.
    pub waiting: u64,
    /// Mails that are not tried any more.
    pub failed: u64,
    /// Mails of which nobody can tell whether they were accepted.
    pub unclear: u64,
    /// When the oldest of those that keep failing was queued; what was given up long ago is left out.
    pub since: Option<Timestamp>,
    /// All of it in a sentence.
    pub in_words: String,
}

const NO_SERVER: &str = "no mail server is set; set `smtp_server` and `mail_from`, then it is sent";
const CUT_OFF: &str = "Holdpoint ended while the mail was handed over, so nobody can tell whether it was accepted; look at the mail server's own list before it is sent again";

/// Queues a mail: row and job in the caller's transaction. One with the key of an earlier one changes nothing.
///
/// # Errors
/// The store's.
pub async fn queue(tx: &Tx<'_>, mail: Mail) -> Result<(), AppError> {
    if tx.mail_of_key(&mail.key).await?.is_some() {
        return Ok(());
    }
    let sources = tx.sources();
    let (id, now) = (MailId::new(&*sources.ids), sources.clock.now());
    let row = row::Model {
        id,
        workspace_id: tx.workspace_id(),
        mail_key: mail.key,
        to_address: mail.to.as_str().to_owned(),
        subject: mail::subject_line(&mail.subject),
        body_text: Some(mail.text),
        body_html: mail.html,
        reply_to: mail.reply_to.map(|address| address.as_str().to_owned()),
        conversation_id: mail.conversation,
        state: MailState::Queued,
        attempts: 0,
        last_error: None,
        created_at: now,
        next_at: Some(now),
        ended_at: None,
        attachment: mail.attachment.map(Json),
    };
    tx.insert(row).await?;
    Ok(tx.schedule(JobKind::Mail, id, now).await?)
}

/// The job: one attempt.
pub(super) async fn send(app: &App, workspace_id: WorkspaceId, id: MailId) -> Result<(), AppError> {
    let found = app.store().rows(workspace_id).mail(id).await?;
    let Some(mail) = found.filter(|mail| matches!(mail.state, MailState::Queued | MailState::Sending)) else {
        return jobs::forget(app, workspace_id, JobKind::Mail, id).await;
    };
    if mail.state == MailState::Sending {
        return settle(app, &mail, Attempt::Unclear, Some(CUT_OFF.to_owned())).await;
    }
    let Some(mailer) = app.post().and_then(|post| post.mailer.clone()) else {
        return settle(app, &mail, Attempt::Deferred, Some(NO_SERVER.to_owned())).await;
    };
    if let Some(until) = limits::mail_waits_until(&app.store().rows(workspace_id), &mail.mail_key, app.now()).await? {
        return put_off(app, &mail, until).await;
    }
    let ready = match mailer.prepare(&letter(&mail)).await {
        Ok(ready) => ready,
        Err(error) => return settle(app, &mail, attempt_of(&error), Some(error.to_string())).await,
    };
    // From here on it runs to its end even if the program is asked to stop: the server is about to have the mail.
    let app = app.clone();
    let handed_over = app.clone().inner.tasks.spawn(async move {
        if let Some(until) = begin(&app, &mail).await? {
            return put_off(&app, &mail, until).await;
        }
        match ready.hand_over().await {
            Ok(()) => settle(&app, &mail, Attempt::Accepted, None).await,
            Err(error) => settle(&app, &mail, attempt_of(&error), Some(error.to_string())).await,
        }
    });
    handed_over
        .await
        .map_err(|error| AppError::Internal(format!("sending a mail ended early: {error}")))?
}

fn letter(mail: &row::Model) -> Letter {
    Letter {
        id: mail.id.to_string(),
        to: mail.to_address.clone(),
        subject: mail.subject.clone(),
        text: mail.body_text.clone().unwrap_or_default(),
        html: mail.body_html.clone(),
        reply_to: mail.reply_to.clone(),
        at_ms: mail.created_at.0,
        attachment: mail.attachment.as_ref().map(|attachment| attachment.0.clone()),
    }
}

const fn attempt_of(error: &MailError) -> Attempt {
    match error {
        MailError::Unwritable(_) | MailError::Refused { .. } => Attempt::Refused,
        MailError::Unreachable { .. }
        | MailError::NotLetIn { .. }
        | MailError::SenderRefused { .. }
        | MailError::Later { .. } => Attempt::Deferred,
        MailError::Unclear { .. } => Attempt::Unclear,
    }
}

const OVER_LIMIT: &str = "as many e-mails have left today as are allowed; it leaves tomorrow";

/// Leaves a mail for another day. It is no attempt.
async fn put_off(app: &App, mail: &row::Model, until: Timestamp) -> Result<(), AppError> {
    let id = mail.id;
    app.store()
        .write(mail.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.mail(id).await?.ok_or(AppError::NotFound("the mail"))?;
                let row = row::Model {
                    last_error: Some(OVER_LIMIT.to_owned()),
                    next_at: Some(until),
                    ..row
                };
                tx.update(row).await?;
                tx.schedule(JobKind::Mail, id, until).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// Says durably that the server is about to get the mail; or until when it waits, because the day's limit is reached.
async fn begin(app: &App, mail: &row::Model) -> Result<Option<Timestamp>, AppError> {
    let (id, now) = (mail.id, app.now());
    app.store()
        .write(mail.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.mail(id).await?.ok_or(AppError::NotFound("the mail"))?;
                if row.state != MailState::Queued {
                    return Err(AppError::Internal(
                        "a mail that is not waiting was to be sent".to_owned(),
                    ));
                }
                if let Some(until) = limits::mail_waits_until(tx, &row.mail_key, now).await? {
                    return Ok(Change::Unlogged(Some(until)));
                }
                let row = row::Model {
                    state: MailState::Sending,
                    next_at: None,
                    ..row
                };
                tx.update(row).await?;
                Ok::<_, AppError>(Change::Unlogged(None))
            })
        })
        .await
}

/// Writes down how an attempt ended, and what follows.
async fn settle(app: &App, mail: &row::Model, attempt: Attempt, error: Option<String>) -> Result<(), AppError> {
    let (id, now) = (mail.id, app.now());
    app.store()
        .write(mail.workspace_id, move |tx| {
            let error = error.clone();
            Box::pin(async move {
                let row = tx.mail(id).await?.ok_or(AppError::NotFound("the mail"))?;
                let attempts = row.attempts + 1;
                let next = mail::after(attempt, attempts, now.ms_since(row.created_at));
                let (state, next_at) = match next {
                    Next::Ended(state) => (state, None),
                    Next::RetryIn(ms) => (MailState::Queued, Some(now.plus_ms(ms))),
                };
                let is_sent = state == MailState::Sent;
                let row = row::Model {
                    state,
                    attempts,
                    last_error: error.clone(),
                    next_at,
                    ended_at: next_at.is_none().then_some(now),
                    // It may hold a key to a conversation, and nobody needs it any more.
                    body_text: row.body_text.filter(|_| !is_sent),
                    body_html: row.body_html.filter(|_| !is_sent),
                    attachment: row.attachment.filter(|_| !is_sent),
                    ..row
                };
                tx.update(row.clone()).await?;
                match next_at {
                    Some(at) => tx.schedule(JobKind::Mail, id, at).await?,
                    None => tx.unschedule(JobKind::Mail, id).await?,
                }
                if let Some(error) = &error {
                    tracing::warn!(mail.id = %id, mail.attempts = attempts, "An e-mail was not sent: {error}");
                }
                if next_at.is_some() {
                    return Ok(Change::Unlogged(()));
                }
                let kind = if is_sent {
                    EventKind::MailSent
                } else {
                    EventKind::MailFailed
                };
                let mut entry = LogDraft::new(kind, Actor::System)
                    .about("mail", id)
                    .with("to", row.to_address);
                if let Some(conversation) = row.conversation_id {
                    entry = entry.about("conversation", conversation);
                }
                if let Some(error) = error {
                    entry = entry.with("error", error);
                }
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// Mails, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn list(app: &App, caller: &Caller, after: Option<&str>, limit: u64) -> Result<Page<MailView>, AppError> {
    caller.require(Scope::Read)?;
    let below = after.map(str::parse::<MailId>).transpose()?;
    let found = app.store().rows(caller.workspace_id).mails(below, limit).await?;
    let next = next_page(&found, limit, |last| last.id.to_string());
    Ok(Page {
        items: found.into_iter().map(MailView::from).collect(),
        next,
    })
}

/// Has a mail sent again: one that was given up, one of which nobody can tell, or one that waits for its next attempt.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] when it was accepted, [`AppError::Forbidden`].
pub async fn retry(app: &App, caller: &Caller, id: MailId) -> Result<MailView, AppError> {
    caller.require(Scope::Admin)?;
    let (actor, now) = (caller.actor(), app.now());
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.mail(id).await?.ok_or(AppError::NotFound("the mail"))?;
                if !row.state.may_be_retried() {
                    let sentence = match row.state {
                        MailState::Sending => "this mail is being handed over right now; wait for its outcome",
                        _ => "the mail server has accepted this mail; sending it again would deliver it twice",
                    };
                    return Err(AppError::Conflict {
                        sentence: sentence.to_owned(),
                        extra: serde_json::json!({ "state": row.state }),
                    });
                }
                let row = row::Model {
                    state: MailState::Queued,
                    next_at: Some(now),
                    ended_at: None,
                    ..row
                };
                tx.update(row.clone()).await?;
                tx.schedule(JobKind::Mail, id, now).await?;
                let entry = LogDraft::new(EventKind::MailRetried, actor).about("mail", id);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    Ok(row.into())
}

/// Queues a mail that says that e-mail works.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Text`] for an address that is none, [`AppError::Invalid`] while no server is set.
pub async fn test(app: &App, caller: &Caller, to: &str) -> Result<MailView, AppError> {
    caller.require(Scope::Admin)?;
    let to = Email::parse(to)?;
    if !app.can_mail() {
        return Err(AppError::Invalid(NO_SERVER.to_owned()));
    }
    let key = format!("test:{}", app.sources().ids.next());
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (to, key) = (to.clone(), key.clone());
            Box::pin(async move {
                let mail = Mail {
                    key: key.clone(),
                    to,
                    subject: "Holdpoint can send e-mail".to_owned(),
                    text: "This is the test you asked for. Holdpoint's e-mail reaches this address.\n".to_owned(),
                    html: None,
                    reply_to: None,
                    conversation: None,
                    attachment: None,
                };
                queue(tx, mail).await?;
                let row = tx.mail_of_key(&key).await?.ok_or(AppError::NotFound("the mail"))?;
                Ok::<_, AppError>(Change::Unlogged(row))
            })
        })
        .await?;
    Ok(row.into())
}

/// How e-mail is: that of one workspace or, for the administrator of the machine, of all; `failing` is what keeps failing.
///
/// # Errors
/// The store's.
pub(super) async fn status(
    app: &App,
    workspace_id: Option<WorkspaceId>,
    failing: Failing,
) -> Result<MailStatus, AppError> {
    let store = app.store();
    let waiting = store.mails_standing(MailState::Queued, workspace_id).await?;
    let failed = store.mails_standing(MailState::Failed, workspace_id).await?;
    let unclear = store.mails_standing(MailState::Unclear, workspace_id).await?;
    let trouble = store.latest_mail_trouble(workspace_id).await?;
    let server = app.post().and_then(|post| Some(post.mailer.as_ref()?.server()));
    let mut words = vec![match (&server, waiting, &trouble) {
        (None, 0, _) => "e-mail is not set up; visitors who have left are not written to".to_owned(),
        (Some(server), _, None) => format!("e-mail goes through {server}"),
        (_, _, Some(why)) => format!("{} and nothing is lost: {why}", waits(waiting)),
        (None, _, None) => format!("{}: {NO_SERVER}", waits(waiting)),
    }];
    if failed > 0 {
        words.push(format!("{} given up", mails(failed)));
    }
    if unclear > 0 {
        words.push(format!(
            "of {} nobody can tell whether the server accepted it",
            mails(unclear)
        ));
    }
    if failing.count > 0 {
        let keeps = if failing.count == 1 { "keeps" } else { "keep" };
        words.push(format!("{} {keeps} failing{}", mails(failing.count), since(failing)));
    }
    Ok(MailStatus {
        since: failing.since,
        well: trouble.is_none() && failed == 0 && unclear == 0 && (server.is_some() || waiting == 0),
        server,
        waiting,
        failed,
        unclear,
        in_words: words.join("; "),
    })
}

fn mails(count: u64) -> String {
    if count == 1 {
        "1 e-mail".to_owned()
    } else {
        format!("{count} e-mails")
    }
}

fn waits(count: u64) -> String {
    format!("{} {}", mails(count), if count == 1 { "waits" } else { "wait" })
}
