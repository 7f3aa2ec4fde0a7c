//! The gate closed by itself: what people are told, and what the queue has to expect.

use super::drift;
use super::words::some;
use crate::app::mail::{self, Mail};
use crate::app::{App, AppError, Caller};
use crate::domain::account::{Role, Scope};
use crate::domain::evidence::Ended;
use crate::domain::ids::{CertificateId, WorkspaceId};
use crate::domain::policy::GateState;
use crate::domain::text::Email;
use crate::domain::time::Timestamp;
use crate::store::{Change, Rows};
use serde::Serialize;

const DAY_MS: i64 = 24 * 60 * 60_000;
/// What went out by itself in so many days before says what the queue has to expect.
const LOOKED_BACK_DAYS: i64 = 28;
/// It is told on pages for so long, in milliseconds: until a month has passed it is news.
const TOLD_MS: i64 = 31 * DAY_MS;
/// Owners are written to within this time, in milliseconds; not months later, when a mail server is set.
const MAILED_MS: i64 = DAY_MS;
/// So many certificates are looked at.
const KNOWN: u64 = 240;

/// The gate stood open under a certificate, and closed by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClosedView {
    /// When.
    pub at: Timestamp,
    /// Why its certificate ended.
    pub because: Ended,
    /// Why, and what happens now.
    pub in_words: String,
    /// So many answers a day went out by themselves before: they wait in the queue from now on.
    pub expected_a_day: u64,
    /// The same in words, for the queue.
    pub load_in_words: String,
    #[serde(skip)]
    certificate: CertificateId,
}

/// Whether, when and why the gate closed by itself; none while it is open, was opened by hand, or never was open.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn closed(app: &App, caller: &Caller) -> Result<Option<ClosedView>, AppError> {
    caller.require(Scope::Read)?;
    closed_in(&app.store().rows(caller.workspace_id), app.now()).await
}

async fn closed_in(rows: &Rows<'_>, now: Timestamp) -> Result<Option<ClosedView>, AppError> {
    let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    if workspace.gate.0 != GateState::Closed || !workspace.settings.0.autonomy.opens {
        return Ok(None);
    }
    let known = rows.certificates(KNOWN).await?;
    if known.iter().any(|row| row.ended_at.is_none()) {
        return Ok(None);
    }
    let first = known.iter().map(|row| row.issued_at).min();
    let last = known.into_iter().max_by_key(|row| row.ended_at);
    let Some((last, first)) = last.zip(first) else {
        return Ok(None);
    };
    let (Some(at), Some(because)) = (last.ended_at, last.ended_because) else {
        return Ok(None);
    };
    if now.ms_since(at) > TOLD_MS {
        return Ok(None);
    }
    let from = first.max(at.plus_ms(-LOOKED_BACK_DAYS * DAY_MS));
    let days = u64::try_from(at.ms_since(from) / DAY_MS).unwrap_or_default().max(1);
    let expected_a_day = rows.sent_between(from, at).await?.div_ceil(days);
    Ok(Some(ClosedView {
        at,
        in_words: format!("{} {}", because.in_words(), because.what_now()),
        load_in_words: load(expected_a_day),
        because,
        expected_a_day,
        certificate: last.id,
    }))
}

fn load(expected_a_day: u64) -> String {
    match expected_a_day {
        0 => "Hardly any answers had gone out by themselves, so the queue will not grow much.".to_owned(),
        number => format!(
            "About {} a day went out by themselves before: expect so many more in the queue.",
            some(number, "answer")
        ),
    }
}

/// What owners are written to about.
struct News {
    /// The same news is told once.
    key: String,
    subject: String,
    text: String,
}

impl News {
    /// What there is to tell now: the gate has closed by itself, or what was released without a certificate has become worse than the limit.
    async fn of(app: &App, rows: &Rows<'_>) -> Result<Option<Self>, AppError> {
        let now = app.now();
        let closed = closed_in(rows, now).await?;
        if let Some(closed) = closed.filter(|closed| now.ms_since(closed.at) <= MAILED_MS) {
            return Ok(Some(Self {
                key: format!("gate-closed:{}", closed.certificate),
                subject: "The gate closed by itself: every answer waits for a person".to_owned(),
                text: format!("{}\n\n{}", closed.in_words, closed.load_in_words),
            }));
        }
        Ok(drift::released_alarm(app, rows).await?.map(|since| Self {
            key: format!("released-alarm:{}", since.0),
            subject: "Answers that you let out without a certificate have become worse than your limit".to_owned(),
            text: RELEASED.to_owned(),
        }))
    }
}

const RELEASED: &str = "Quality checks found more bad answers than your limit allows, among those that go out because owners released their topics on their own \
    responsibility. Nothing closes by itself: what you released stays open until you close it: Hold again at Settings → Policy, or on the machine: holdpoint gate close";

/// Writes to the owners that the gate has closed by itself, or that it should be, once, where the owner has set a mail server.
///
/// # Errors
/// The store's.
pub(super) async fn tell_owners(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let Some(post) = app.post().filter(|post| post.mailer.is_some()) else {
        return Ok(());
    };
    let rows = app.store().rows(workspace_id);
    let Some(news) = News::of(app, &rows).await? else {
        return Ok(());
    };
    let mut mails = Vec::new();
    for (member, user) in rows.members().await? {
        let key = format!("{}:{}", news.key, member.id);
        if member.role != Role::Owner || rows.mail_of_key(&key).await?.is_some() {
            continue;
        }
        mails.push(Mail {
            key,
            to: Email::parse(&user.email)?,
            subject: news.subject.clone(),
            text: format!("{}\n\nLook at what was found: {}/quality\n", news.text, post.origin),
            html: None,
            reply_to: None,
            conversation: None,
            attachment: None,
        });
    }
    if mails.is_empty() {
        return Ok(());
    }
    app.store()
        .write(workspace_id, move |tx| {
            let mails = mails.clone();
            Box::pin(async move {
                for mail in mails {
                    mail::queue(tx, mail).await?;
                }
                // Why the gate closed has its entry; each mail gets one when it is sent.
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_expect_is_said_in_plain_words() {
        assert!(load(12).starts_with("About 12 answers a day") && load(0).starts_with("Hardly any"));
    }
}
