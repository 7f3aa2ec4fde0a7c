//! The job of a webhook: one attempt after the other, until it is taken or given up.

use super::{in_words, shown_url};
use crate::app::{App, AppError, jobs};
use crate::domain::ids::{DeliveryId, JobId, SubscriptionId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{self, Attempt, BOTH_SECRETS_MS, DeliveryState, GONE, Next, SubscriptionState};
use crate::outbound::webhook::{Secret, headers};
use crate::outbound::{self, parse_url};
use crate::store::entity::{delivery as row, delivery_attempt, subscription};
use crate::store::{Change, JobKind, LogDraft, Tx};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

const NO_COURIER: &str = "this process delivers no webhooks";

/// A receiver that has failed so often in a row is asked by few at once.
const FAILS: u32 = 3;
/// How many deliveries to such a receiver are under way at once.
const FEW: usize = 2;
/// The others look again after this long, in milliseconds.
const LOOK_AGAIN_MS: i64 = 30_000;

/// How the receivers of subscriptions behave, in memory: one that hangs must not hold up all others.
#[derive(Debug, Default)]
pub(in crate::app) struct Receivers(Mutex<HashMap<SubscriptionId, (usize, u32)>>);

impl Receivers {
    fn of<T>(&self, id: SubscriptionId, use_it: impl FnOnce(&mut (usize, u32)) -> T) -> T {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        use_it(known.entry(id).or_default())
    }

    /// Room for one delivery more; none while enough of them wait for a receiver that fails.
    fn begin(&self, id: SubscriptionId) -> Option<UnderWay<'_>> {
        self.of(id, |(under_way, failed)| {
            let has_room = *failed < FAILS || *under_way < FEW;
            *under_way += usize::from(has_room);
            has_room
        })
        // Not made where there is no room: dropping it would make some.
        .then(|| UnderWay { receivers: self, id })
    }
}

/// A delivery that is under way; over when this is dropped.
struct UnderWay<'a> {
    receivers: &'a Receivers,
    id: SubscriptionId,
}

impl UnderWay<'_> {
    fn ended(&self, attempt: Attempt) {
        self.receivers.of(self.id, |(_, failed)| {
            *failed = match attempt {
                Attempt::Accepted => 0,
                Attempt::Deferred | Attempt::Refused => failed.saturating_add(1),
            };
        });
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.receivers
            .of(self.id, |(under_way, _)| *under_way = under_way.saturating_sub(1));
    }
}

/// How an attempt went.
#[derive(Debug, Clone)]
struct Tried {
    attempt: Attempt,
    /// The address that was asked.
    url: String,
    status: Option<u16>,
    error: Option<String>,
    took_ms: i64,
}

impl Tried {
    const fn not_asked(url: String, attempt: Attempt, why: String) -> Self {
        Self {
            attempt,
            url,
            status: None,
            error: Some(why),
            took_ms: 0,
        }
    }
}

/// The job: one attempt.
pub(in crate::app) async fn deliver(
    app: &App,
    workspace_id: WorkspaceId,
    id: DeliveryId,
    job_id: JobId,
) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let found = rows.delivery(id).await?;
    let Some(delivery) = found.filter(|delivery| delivery.state == DeliveryState::Queued) else {
        return jobs::forget(app, workspace_id, JobKind::Deliver, id).await;
    };
    let Some(subscription) = delivery.subscription else {
        let secrets = match rows.webhook_secret().await? {
            Some(row) => signing((&row.secret, row.previous.as_ref()), row.changed_at, app.now()),
            None => Vec::new(),
        };
        let tried = tried(app, &delivery, delivery.url.clone(), &secrets).await;
        return settle(app, &delivery, tried).await;
    };
    let row = rows.subscription(subscription).await?;
    let row = row.ok_or(AppError::NotFound("the subscription"))?;
    if let Some(why) = row.state.holds_back().filter(|_| may_be_held(&delivery, row.state)) {
        let tried = Tried::not_asked(delivery.url.clone(), Attempt::Refused, why.to_owned());
        return settle(app, &delivery, tried).await;
    }
    let Some(under_way) = app.inner.receivers.begin(subscription) else {
        let later = app.now().plus_ms(LOOK_AGAIN_MS);
        return jobs::put_off(app, workspace_id, job_id, later).await;
    };
    let secrets = signing((&row.secret, row.previous.as_ref()), row.secret_changed_at, app.now());
    // The address may have been changed since this was queued.
    let tried = tried(app, &delivery, row.url.clone(), &secrets).await;
    under_way.ended(tried.attempt);
    drop(under_way);
    settle(app, &delivery, tried).await
}

/// Whoever tries a subscription wants to know whether it would work, also while it is paused.
fn may_be_held(delivery: &row::Model, state: SubscriptionState) -> bool {
    delivery.kind != super::TEST || state == SubscriptionState::Removed
}

/// The secrets that sign now: while one is exchanged, both do.
fn signing((secret, previous): (&[u8], Option<&Vec<u8>>), changed_at: Timestamp, now: Timestamp) -> Vec<Secret> {
    let previous = previous.filter(|_| now < changed_at.plus_ms(BOTH_SECRETS_MS));
    let both = [Some(secret.to_vec()), previous.cloned()];
    both.into_iter().flatten().map(Secret::from).collect()
}

async fn tried(app: &App, delivery: &row::Model, url: String, secrets: &[Secret]) -> Tried {
    let Some(courier) = app.courier() else {
        return Tried::not_asked(url, Attempt::Deferred, NO_COURIER.to_owned());
    };
    let parsed = match parse_url(&url) {
        Ok(parsed) => parsed,
        Err(error) => return Tried::not_asked(url, Attempt::Refused, in_words(&error)),
    };
    let post = outbound::Post {
        url: &parsed,
        headers: headers(
            &delivery.id.to_string(),
            app.now().0.div_euclid(1_000),
            &delivery.body,
            secrets,
        ),
        body: &delivery.body,
        allowed: courier.allowed(parsed.host_str().unwrap_or_default(), parsed.port_or_known_default()),
    };
    let began = Instant::now();
    let answer = courier.outbound.post(&post).await;
    let took_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    let (attempt, status, error) = match answer {
        Ok(status) => {
            let status = status.as_u16();
            (webhook::meaning(status), Some(status), said(status))
        }
        Err(error) if error.may_pass() => (Attempt::Deferred, None, Some(in_words(&error))),
        Err(error) => (Attempt::Refused, None, Some(in_words(&error))),
    };
    Tried {
        attempt,
        url,
        status,
        error,
        took_ms,
    }
}

/// What a status that is no success means for whoever reads it.
fn said(status: u16) -> Option<String> {
    match status {
        200..=299 => None,
        300..=399 => Some(format!(
            "the receiver answers {status} and sends on to another address, which is not followed; enter the final one"
        )),
        410 => Some("the receiver says that it is gone (410), so it is not asked again".to_owned()),
        _ => Some(format!("the receiver answers {status}")),
    }
}

/// Writes down how an attempt ended, and what follows.
async fn settle(app: &App, delivery: &row::Model, tried: Tried) -> Result<(), AppError> {
    let (id, now) = (delivery.id, app.now());
    app.store()
        .write(delivery.workspace_id, move |tx| {
            let tried = tried.clone();
            Box::pin(async move {
                let row = tx.delivery(id).await?.ok_or(AppError::NotFound("the webhook"))?;
                note_attempt(tx, id, &tried, now).await?;
                let attempts = row.attempts + 1;
                let (state, next_at) = match webhook::after(tried.attempt, attempts) {
                    Next::Ended(state) => (state, None),
                    Next::RetryIn(ms) => (DeliveryState::Queued, Some(now.plus_ms(ms))),
                };
                let row = row::Model {
                    url: tried.url.clone(),
                    state,
                    attempts,
                    last_error: tried.error.clone(),
                    next_at,
                    ended_at: next_at.is_none().then_some(now),
                    ..row
                };
                tx.update(row.clone()).await?;
                match next_at {
                    Some(at) => tx.schedule(JobKind::Deliver, id, at).await?,
                    None => tx.unschedule(JobKind::Deliver, id).await?,
                }
                if let Some(error) = &tried.error {
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
                if let Some(subscription) = row.subscription {
                    entry = entry.about("subscription", subscription);
                    if tried.status == Some(GONE) && switch_off(tx, subscription, now).await? {
                        entry = entry.about("switched_off", true);
                    }
                }
                if let Some(error) = tried.error {
                    entry = entry.with("error", error);
                }
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

async fn note_attempt(tx: &Tx<'_>, id: DeliveryId, tried: &Tried, now: Timestamp) -> Result<(), AppError> {
    let latest = tx.delivery_attempts(id, 1).await?;
    let number = latest.first().map_or(0, |latest| latest.number) + 1;
    let row = delivery_attempt::Model {
        delivery_id: id,
        number,
        workspace_id: tx.workspace_id(),
        at: now,
        status: tried.status.map(i64::from),
        error: tried.error.clone(),
        duration_ms: tried.took_ms,
    };
    Ok(tx.insert(row).await?)
}

/// The receiver says that it is gone: nothing more is sent to it until a person resumes it. Tells whether that is news.
async fn switch_off(tx: &Tx<'_>, id: SubscriptionId, now: Timestamp) -> Result<bool, AppError> {
    let row = tx.subscription(id).await?;
    let Some(row) = row.filter(|row| row.state == SubscriptionState::Active) else {
        return Ok(false);
    };
    let row = subscription::Model {
        state: SubscriptionState::Gone,
        changed_at: now,
        ..row
    };
    tx.update(row).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_receiver_that_hangs_holds_up_few_and_one_that_answers_nobody() {
        let receivers = Receivers::default();
        let (hangs, well) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        for _ in 0..FAILS {
            receivers.begin(hangs).unwrap().ended(Attempt::Deferred);
        }
        let under_way: Vec<_> = (0..4).filter_map(|_| receivers.begin(hangs)).collect();
        assert_eq!(under_way.len(), FEW);
        let others: Vec<_> = (0..4).filter_map(|_| receivers.begin(well)).collect();
        assert_eq!(others.len(), 4);
        under_way[0].ended(Attempt::Accepted);
        assert!(receivers.begin(hangs).is_some(), "it is back");
    }
}
