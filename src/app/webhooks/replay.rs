//! What happened since a time, delivered again to one subscription.

use super::announce::{Repeated, origin, told, write_page};
use crate::app::caller::Caller;
use crate::app::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::SubscriptionId;
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::store::{Change, LogDraft};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// Deliveries of subscriptions are kept for so long after they ended, in milliseconds, and can be asked for again.
pub const KEPT_MS: i64 = 30 * 24 * 60 * 60_000;
/// Deliveries that one call asks for again at most; it stops after the entry that reaches this.
pub const MOST_REPLAYED: usize = 1_000;

/// What was asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Deliveries that were queued.
    pub queued: usize,
    /// There is more, from this time on.
    pub more_since: Option<Timestamp>,
}

/// Delivers to a subscription again what happened since a time and is of its types: what was delivered under its own id, and what was
/// not, because the subscription was paused or not made yet, as well.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`], [`AppError::Conflict`] while it is paused, [`AppError::Invalid`] for a time that is
/// too long ago.
pub async fn replay(app: &App, caller: &Caller, id: SubscriptionId, since: Timestamp) -> Result<Replayed, AppError> {
    caller.require(Scope::Admin)?;
    let (workspace_id, actor) = (caller.workspace_id, caller.actor());
    if since < app.now().plus_ms(-KEPT_MS) || since > app.now() {
        return Err(AppError::Invalid(
            "webhooks can be sent again for the last 30 days; name a time in milliseconds since 1970 in them"
                .to_owned(),
        ));
    }
    let row = super::subscriptions::found(&app.store().rows(workspace_id), id).await?;
    super::subscriptions::require_active(&row)?;
    let (mut queued, mut after) = (0, 0);
    let more_since = loop {
        let (page, is_more) = told(app, workspace_id, after, since).await?;
        let (page, origin) = (Arc::new(page), origin(app));
        let to_write = page.clone();
        let written = app
            .store()
            .write(workspace_id, move |tx| {
                let (page, origin) = (to_write.clone(), origin.clone());
                Box::pin(async move {
                    let row = super::subscriptions::found(tx, id).await?;
                    let written = write_page(tx, &page, &[row], &origin, Repeated::Again).await?;
                    Ok::<_, AppError>(Change::Unlogged(written))
                })
            })
            .await?;
        queued += written.deliveries;
        after = written.last.unwrap_or(after);
        if written.is_all && !is_more {
            break None;
        }
        if queued >= MOST_REPLAYED {
            let rest = page.iter().find(|(seq, _)| *seq > after);
            let at = rest.and_then(|(_, events)| events.first()).map(|event| event.at);
            // Where the page ended exactly here, the next one begins with whatever comes; repeating one is no harm.
            let last = || {
                page.iter()
                    .filter_map(|(_, events)| events.first())
                    .map(|event| event.at)
                    .next_back()
            };
            break at.or_else(last);
        }
    };
    app.store()
        .write(workspace_id, move |_tx| {
            Box::pin(async move {
                let entry = LogDraft::new(EventKind::WebhookReplayed, actor)
                    .about("subscription", id)
                    .about("queued", queued)
                    .with("since", json!(since));
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(Replayed { queued, more_since })
}
