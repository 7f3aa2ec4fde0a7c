//! Webhooks and e-mails that keep failing: how many and since when, for the status, `doctor` and the console.

use super::caller::Caller;
use super::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::WorkspaceId;
use crate::domain::webhook::SubscriptionState;
use crate::store::{Failing, Rows};
use serde::Serialize;

/// What was given up is spoken of for so long, in milliseconds; after that it stands in the lists and in the log alone.
const SPOKEN_OF_MS: i64 = 7 * 24 * 60 * 60_000;

/// What keeps failing to leave the building.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Undelivered {
    /// Webhooks.
    pub webhooks: Failing,
    /// E-mails.
    pub mails: Failing,
    /// Subscriptions whose receiver has said that it is gone, so that nothing is sent to it any more.
    pub switched_off: u64,
}

/// How webhooks are: for `doctor` and the status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookStatus {
    /// Nothing needs a person.
    pub well: bool,
    /// How many keep failing, and since when.
    #[serde(flatten)]
    pub failing: Failing,
    /// Subscriptions whose receiver has said that it is gone.
    pub switched_off: u64,
    /// All of it in a clause.
    pub in_words: String,
}

impl From<Undelivered> for WebhookStatus {
    fn from(found: Undelivered) -> Self {
        let (failing, switched_off) = (found.webhooks, found.switched_off);
        let mut in_words = match failing.count {
            0 => "no webhook keeps failing".to_owned(),
            1 => format!("1 webhook keeps failing{}", since(failing)),
            more => format!("{more} webhooks keep failing{}", since(failing)),
        };
        match switched_off {
            0 => {}
            1 => in_words.push_str("; 1 subscription is switched off, because its receiver said that it is gone"),
            more => in_words.push_str(&format!(
                "; {more} subscriptions are switched off, because their receivers said that they are gone"
            )),
        }
        Self {
            well: failing.count == 0 && switched_off == 0,
            failing,
            switched_off,
            in_words,
        }
    }
}

/// `, the oldest since 2026-11-22 14:03 UTC`; nothing where nothing fails.
pub(super) fn since(failing: Failing) -> String {
    let at = failing
        .since
        .and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok());
    at.map_or_else(String::new, |at| {
        at.strftime(", the oldest since %Y-%m-%d %H:%M UTC").to_string()
    })
}

/// What keeps failing in the caller's workspace.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn undelivered(app: &App, caller: &Caller) -> Result<Undelivered, AppError> {
    caller.require(Scope::Admin)?;
    of(app, &app.store().rows(caller.workspace_id)).await
}

/// What keeps failing in one workspace or, for the administrator of the machine, in all.
pub(super) async fn seen_by(app: &App, workspace_id: Option<WorkspaceId>) -> Result<Undelivered, AppError> {
    if let Some(id) = workspace_id {
        return of(app, &app.store().rows(id)).await;
    }
    let mut all = Undelivered::default();
    for workspace in app.store().workspaces().await? {
        let found = of(app, &app.store().rows(workspace.id)).await?;
        all = Undelivered {
            webhooks: all.webhooks.and(found.webhooks),
            mails: all.mails.and(found.mails),
            switched_off: all.switched_off + found.switched_off,
        };
    }
    Ok(all)
}

async fn of(app: &App, rows: &Rows<'_>) -> Result<Undelivered, AppError> {
    let given_up_after = app.now().plus_ms(-SPOKEN_OF_MS);
    let subscriptions = rows.subscriptions().await?;
    let gone = subscriptions.iter().filter(|row| row.state == SubscriptionState::Gone);
    Ok(Undelivered {
        switched_off: gone.count() as u64,
        webhooks: rows.failing_deliveries(given_up_after).await?,
        mails: rows.failing_mails(given_up_after).await?,
    })
}
