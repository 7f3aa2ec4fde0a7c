//! The job of a webhook: one attempt after the other, until it is taken or given up.

use super::{Courier, in_words, shown_url};
use crate::app::{App, AppError, jobs};
use crate::domain::ids::{DeliveryId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{self, Attempt, BOTH_SECRETS_MS, DeliveryState, Next};
use crate::outbound::webhook::{Secret, headers};
use crate::outbound::{self, parse_url};
use crate::store::entity::{delivery as row, webhook_secret};
use crate::store::{Change, JobKind, LogDraft};

const NO_COURIER: &str = "this process delivers no webhooks";

/// The job: one attempt.
pub(in crate::app) async fn deliver(app: &App, workspace_id: WorkspaceId, id: DeliveryId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let found = rows.delivery(id).await?;
    let Some(delivery) = found.filter(|delivery| delivery.state == DeliveryState::Queued) else {
        return jobs::forget(app, workspace_id, JobKind::Deliver, id).await;
    };
    let secrets = match rows.webhook_secret().await? {
        Some(row) => signing(&row, app.now()),
        None => Vec::new(),
    };
    let (attempt, error) = match app.courier() {
        Some(courier) => attempt(courier, &delivery, &secrets, app.now()).await,
        None => (Attempt::Deferred, Some(NO_COURIER.to_owned())),
    };
    settle(app, &delivery, attempt, error).await
}

/// The secrets that sign now: while one is exchanged, both do.
fn signing(row: &webhook_secret::Model, now: Timestamp) -> Vec<Secret> {
    let previous = row
        .previous
        .clone()
        .filter(|_| now < row.changed_at.plus_ms(BOTH_SECRETS_MS));
    [Some(row.secret.clone()), previous]
        .into_iter()
        .flatten()
        .map(Secret::from)
        .collect()
}

async fn attempt(
    courier: &Courier,
    delivery: &row::Model,
    secrets: &[Secret],
    now: Timestamp,
) -> (Attempt, Option<String>) {
    let url = match parse_url(&delivery.url) {
        Ok(url) => url,
        Err(error) => return (Attempt::Refused, Some(in_words(&error))),
    };
    let post = outbound::Post {
        url: &url,
        headers: headers(
            &delivery.id.to_string(),
            now.0.div_euclid(1_000),
            &delivery.body,
            secrets,
        ),
        body: &delivery.body,
        allowed: courier.allowed(url.host_str().unwrap_or_default(), url.port_or_known_default()),
    };
    match courier.outbound.post(&post).await {
        Ok(status) => {
            let attempt = webhook::meaning(status.as_u16());
            let said = match status.as_u16() {
                200..=299 => None,
                300..=399 => Some(format!(
                    "the receiver answers {status} and sends on to another address, which is not followed; enter the final one"
                )),
                410 => Some("the receiver says that it is gone (410), so it is not asked again".to_owned()),
                _ => Some(format!("the receiver answers {status}")),
            };
            (attempt, said)
        }
        Err(error) => {
            let attempt = if error.may_pass() {
                Attempt::Deferred
            } else {
                Attempt::Refused
            };
            (attempt, Some(in_words(&error)))
        }
    }
}

/// Writes down how an attempt ended, and what follows.
async fn settle(app: &App, delivery: &row::Model, attempt: Attempt, error: Option<String>) -> Result<(), AppError> {
    let (id, now) = (delivery.id, app.now());
    app.store()
        .write(delivery.workspace_id, move |tx| {
            let error = error.clone();
            Box::pin(async move {
                let row = tx.delivery(id).await?.ok_or(AppError::NotFound("the webhook"))?;
                let attempts = row.attempts + 1;
                let (state, next_at) = match webhook::after(attempt, attempts) {
                    Next::Ended(state) => (state, None),
                    Next::RetryIn(ms) => (DeliveryState::Queued, Some(now.plus_ms(ms))),
                };
                let row = row::Model {
                    state,
                    attempts,
                    last_error: error.clone(),
                    next_at,
                    ended_at: next_at.is_none().then_some(now),
                    ..row
                };
                tx.update(row.clone()).await?;
                match next_at {
                    Some(at) => tx.schedule(JobKind::Deliver, id, at).await?,
                    None => tx.unschedule(JobKind::Deliver, id).await?,
                }
                if let Some(error) = &error {
                    tracing::warn!(webhook.id = %id, webhook.attempts = attempts, "A webhook was not delivered: {error}");
                }
                if next_at.is_some() {
                    return Ok(Change::Unlogged(()));
                }
                let kind = if state == DeliveryState::Delivered {
                    EventKind::WebhookDelivered
                } else {
                    EventKind::WebhookFailed
                };
                let mut entry = LogDraft::new(kind, Actor::System)
                    .about("webhook", id)
                    .about("attempts", attempts)
                    .with("url", shown_url(&row.url));
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
