//! Limits and budgets of workspaces: what is used of them, who is told, and what the machine's administrator sets.

use super::caller::{Caller, Who};
use super::mail::{self, Mail};
use super::{App, AppError, ledger, policy};
use crate::domain::account::{Role, Scope};
use crate::domain::evidence::MonthName;
use crate::domain::ids::{ConversationId, WorkspaceId};
use crate::domain::insight::Day;
use crate::domain::limits::{Level, Limits, Use, Used};
use crate::domain::log::EventKind;
use crate::domain::settings::WorkspaceSettings;
use crate::domain::text::Email;
use crate::domain::time::Timestamp;
use crate::store::entity::workspace;
use crate::store::{ABOUT_LIMITS, Change, Json, LogDraft, Rows};
use serde::Serialize;

/// What a workspace is allowed, and what it has used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitsView {
    /// What is allowed.
    pub limits: Limits,
    /// What is used of each limit that there is.
    pub uses: Vec<UseView>,
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UseView {
    /// It, and how far it is used.
    #[serde(flatten)]
    pub usage: Use,
    /// The same in a sentence.
    pub in_words: String,
    /// What follows beyond it.
    pub beyond: &'static str,
}

impl From<Use> for UseView {
    fn from(usage: Use) -> Self {
        Self {
            in_words: usage.in_words(),
            beyond: usage.what.beyond(),
            usage,
        }
    }
}

/// What is left for one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    /// The LLM may write.
    pub(super) may_write: bool,
    /// The conversation lies beyond the month's limit: its answers wait for a person.
    pub(super) is_beyond: bool,
}

impl Left {
    /// There are no limits.
    pub(super) const ALL: Self = Self {
        may_write: true,
        is_beyond: false,
    };
}

async fn limits(rows: &Rows<'_>) -> Result<Limits, AppError> {
    Ok(ledger::settings(rows).await?.limits)
}

/// When the month began in which a moment lies, by the workspace's clocks.
async fn month_began(rows: &Rows<'_>, at: Timestamp) -> Result<Timestamp, AppError> {
    let zone = policy::zone(rows).await?;
    Ok(MonthName::of(at, &zone).begins(&zone))
}

/// What is left for a conversation's next answer. Its month is the one it began in; the budget is that of the month now.
pub(super) async fn left(rows: &Rows<'_>, id: ConversationId, now: Timestamp) -> Result<Left, AppError> {
    let limits = limits(rows).await?;
    if !limits.any() {
        return Ok(Left::ALL);
    }
    let nth = match (limits.conversations_a_month, rows.conversation(id).await?) {
        (Some(_), Some(row)) => {
            let began = month_began(rows, row.created_at).await?;
            rows.conversations_begun(began, Some((row.created_at, id))).await?
        }
        _ => 1,
    };
    let written = match limits.written_a_month {
        Some(_) => rows.written_since(month_began(rows, now).await?).await?,
        None => 0,
    };
    Ok(Left {
        may_write: limits.may_write(nth, written),
        is_beyond: limits.is_beyond(nth),
    })
}

/// When this e-mail may leave: now (none), or only when tomorrow begins. One about a limit leaves whatever the limit is: otherwise it
/// would be tomorrow's.
pub(super) async fn mail_waits_until(
    rows: &Rows<'_>,
    key: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>, AppError> {
    let limits = limits(rows).await?;
    if limits.mails_a_day.is_none() || key.starts_with(ABOUT_LIMITS) {
        return Ok(None);
    }
    let zone = policy::zone(rows).await?;
    let today = Day::of(now, &zone);
    let sent = rows.mails_left_since(today.begins(&zone)).await?;
    Ok((!limits.may_mail(sent)).then(|| today.plus(1).begins(&zone)))
}

async fn uses(rows: &Rows<'_>, limits: Limits, now: Timestamp) -> Result<Vec<Use>, AppError> {
    if !limits.any() {
        return Ok(Vec::new());
    }
    let zone = policy::zone(rows).await?;
    let month = MonthName::of(now, &zone).begins(&zone);
    let used = Used {
        conversations: match limits.conversations_a_month {
            Some(_) => rows.conversations_begun(month, None).await?,
            None => 0,
        },
        written: match limits.written_a_month {
            Some(_) => rows.written_since(month).await?,
            None => 0,
        },
        mails: match limits.mails_a_day {
            Some(_) => rows.mails_left_since(Day::of(now, &zone).begins(&zone)).await?,
            None => 0,
        },
    };
    Ok(limits.uses(used))
}

/// What the workspace is allowed, and what it has used.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn show(app: &App, caller: &Caller) -> Result<LimitsView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let limits = limits(&rows).await?;
    let uses = uses(&rows, limits, app.now()).await?;
    Ok(LimitsView {
        limits,
        uses: uses.into_iter().map(UseView::from).collect(),
    })
}

/// Sets what a workspace is allowed: all of it. For the administrator of the machine alone; a workspace's owner sees it.
///
/// # Errors
/// [`AppError::Forbidden`] for everybody else, or the store's.
pub async fn set(app: &App, caller: &Caller, limits: Limits) -> Result<LimitsView, AppError> {
    if caller.who != Who::Admin {
        return Err(AppError::Forbidden);
    }
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
                if row.settings.0.limits == limits {
                    return Ok(Change::Unlogged(()));
                }
                let entry = LogDraft::new(EventKind::WorkspaceChanged, actor)
                    .with("limits", serde_json::to_value(limits).unwrap_or_default());
                let settings = WorkspaceSettings {
                    limits,
                    ..row.settings.0.clone()
                };
                tx.update(workspace::Model {
                    settings: Json(settings),
                    ..row
                })
                .await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    show(app, caller).await
}

/// Writes to the owners about every limit that is nearly or quite used, once each in its month or on its day, where the owner has set a
/// mail server.
pub(super) async fn tell_owners(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let (limits, now) = (limits(&rows).await?, app.now());
    let Some(post) = app.post().filter(|post| limits.any() && post.mailer.is_some()) else {
        return Ok(());
    };
    let uses = uses(&rows, limits, now).await?;
    let told = uses.into_iter().filter(|usage| usage.level != Level::Free);
    let zone = policy::zone(&rows).await?;
    let mut mails = Vec::new();
    for usage in told {
        let when = match usage.what {
            crate::domain::limits::Limited::Mails => Day::of(now, &zone).to_string(),
            _ => MonthName::of(now, &zone).to_string(),
        };
        for (member, user) in rows.members().await? {
            let (what, percent) = (usage.what.as_str(), usage.level.percent());
            let key = format!("{ABOUT_LIMITS}{what}:{when}:{}:{percent}:{}", usage.limit, member.id);
            if member.role != Role::Owner || rows.mail_of_key(&key).await?.is_some() {
                continue;
            }
            mails.push(Mail {
                key,
                to: Email::parse(&user.email)?,
                subject: format!("{percent} % of the {} are used", usage.what.in_words()),
                text: format!(
                    "{} {}\n\nLook at your limits: {}/settings/limits\n",
                    usage.in_words(),
                    usage.what.beyond(),
                    post.origin
                ),
                html: None,
                reply_to: None,
                conversation: None,
                attachment: None,
            });
        }
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
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}
