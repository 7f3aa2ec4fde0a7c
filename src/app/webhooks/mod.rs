//! Webhooks: queued in the transaction that calls for them, signed and delivered by a job, tried again while the receiver is down.
//!
//! A delivery has a key: whoever queues the same key again changes nothing. It is made at least once; the receiver knows a
//! repetition by its id. What is sent names ids and a link, never what somebody wrote: it leaves the building.

//!
//! Whoever subscribes to what happens is told from the log (`announce`): no write knows of it, and each subscription has a secret
//! of its own (`subscriptions`).

mod announce;
mod deliver;
mod replay;
mod subscriptions;

pub(super) use announce::{Subscribed, announce, listen};
pub(super) use deliver::{Receivers, deliver};
pub use replay::{KEPT_MS, MOST_REPLAYED, Replayed, replay};
pub use subscriptions::{
    SubscriptionView, SubscriptionWish, change, create, one, remove, renew, subscriptions, test_subscription,
};

use super::caller::Caller;
use super::views::{Page, next_page};
use super::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::{ConversationId, DeliveryId, SubscriptionId};
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{BOTH_SECRETS_MS, DeliveryState};
use crate::outbound::webhook::{SECRET_BYTES, Secret};
use crate::outbound::{self, Allowed, Outbound, OutboundError, parse_url, shown};
use crate::store::entity::{delivery as row, webhook_secret};
use crate::store::{Change, DeliveryFilter, JobKind, LogDraft, Tx};
use serde::Serialize;
use serde_json::{Value, json};

/// How webhooks leave this machine.
#[derive(Debug, Clone)]
pub struct Courier {
    /// The guarded client.
    pub outbound: Outbound,
    /// Hosts inside of this machine or its network, `HOST` or `HOST:PORT`, that the owner of the machine lets webhooks reach, also
    /// unencrypted.
    pub internal: Vec<String>,
}

impl Courier {
    /// What the owner of the machine allows for an address.
    pub(super) fn allowed(&self, host: &str, port: Option<u16>) -> Allowed {
        let port = port.unwrap_or_default();
        let is_listed = self
            .internal
            .iter()
            .any(|listed| listed.eq_ignore_ascii_case(host) || listed.eq_ignore_ascii_case(&format!("{host}:{port}")));
        Allowed {
            http: is_listed,
            internal: is_listed,
        }
    }
}

/// A webhook to be delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// What it is about; the same key is the same webhook.
    pub key: String,
    /// The receiver.
    pub url: String,
    /// What happened, as the log names it: `review.escalated`.
    pub kind: &'static str,
    /// Ids, numbers and links; no texts of people.
    pub data: Value,
    /// The conversation it is about.
    pub conversation: Option<ConversationId>,
}

/// A delivery as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryView {
    /// Its id, which the receiver gets as `webhook-id`.
    pub id: DeliveryId,
    /// The receiver's address, without its query.
    pub url: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: i64,
    /// What the last one that came to nothing met.
    pub last_error: Option<String>,
    /// The conversation it is about.
    pub conversation_id: Option<ConversationId>,
    /// The subscription that it is for; none where an approval or an escalation named the address.
    pub subscription_id: Option<SubscriptionId>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// When it was taken, or given up.
    pub ended_at: Option<Timestamp>,
}

/// A delivery with what is sent and what each attempt came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryDetail {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryView,
    /// What is sent, to the last byte: this is what is signed.
    pub body: String,
    /// The latest attempts, the newest first.
    pub tries: Vec<AttemptView>,
}

/// An attempt to make a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptView {
    /// 1, 2, 3, …
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What the receiver answered, if it did.
    pub status: Option<i64>,
    /// Why it came to nothing, if it did.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

/// Attempts of a delivery that are shown.
const SHOWN_ATTEMPTS: u64 = 50;
/// The type of a webhook that says that webhooks work.
const TEST: &str = "webhook.test";

impl From<row::Model> for DeliveryView {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            url: shown_url(&row.url),
            kind: row.kind,
            state: row.state,
            attempts: row.attempts,
            last_error: row.last_error,
            conversation_id: row.conversation_id,
            subscription_id: row.subscription,
            created_at: row.created_at,
            next_at: row.next_at,
            ended_at: row.ended_at,
        }
    }
}

/// What webhooks are signed with, for whoever sets the receiver up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretView {
    /// `whsec_…`
    pub secret: String,
    /// Until then the secret before signs as well.
    pub both_until: Option<Timestamp>,
}

/// The query of an address is often a secret.
pub(super) fn shown_url(url: &str) -> String {
    parse_url(url).map_or_else(|_unreadable| url.to_owned(), |url| shown(&url))
}

/// Checks a receiver's address as far as it can be told without asking anybody.
pub(super) fn check_url(app: &App, url: &str) -> Result<(), AppError> {
    let unusable = |error: OutboundError| AppError::Invalid(in_words(&error));
    let parsed = parse_url(url).map_err(unusable)?;
    let allowed = app.courier().map_or_else(Allowed::default, |courier| {
        courier.allowed(parsed.host_str().unwrap_or_default(), parsed.port_or_known_default())
    });
    outbound::check(&parsed, allowed).map_err(unusable)?;
    Ok(())
}

/// What went wrong, with what helps here.
pub(in crate::app) fn in_words(error: &OutboundError) -> String {
    match error {
        OutboundError::NotEncrypted { url } => format!(
            "the address {url} is not encrypted; use its https:// address, or have the owner of this machine list its host in `webhook_hosts`"
        ),
        OutboundError::Internal { host, address } => format!(
            "the host {host} is {address}, an address inside this machine or its network; the owner of this machine can list it in `webhook_hosts`"
        ),
        other => other.to_string(),
    }
}

/// Queues a webhook: row and job in the caller's transaction, whose log entry covers it. One with the key of an earlier one
/// changes nothing.
///
/// # Errors
/// The store's.
pub async fn queue(tx: &Tx<'_>, webhook: Webhook) -> Result<DeliveryId, AppError> {
    if let Some(known) = tx.delivery_of_key(&webhook.key).await? {
        return Ok(known.id);
    }
    if tx.webhook_secret().await?.is_none() {
        make_secret(tx).await?;
    }
    let now = tx.sources().clock.now();
    put(tx, webhook, None, now).await
}

/// Writes a delivery of what happened at a time, with its job.
async fn put(
    tx: &Tx<'_>,
    webhook: Webhook,
    subscription: Option<SubscriptionId>,
    at: Timestamp,
) -> Result<DeliveryId, AppError> {
    let sources = tx.sources();
    let (id, now) = (DeliveryId::new(&*sources.ids), sources.clock.now());
    let at =
        jiff::Timestamp::from_millisecond(at.0).map_or_else(|_no_calendar_has_it| String::new(), |at| at.to_string());
    // What is signed is this text to the last character, so it is written down once.
    let body = json!({ "type": webhook.kind, "timestamp": at, "data": webhook.data }).to_string();
    tx.insert(row::Model {
        id,
        workspace_id: tx.workspace_id(),
        delivery_key: webhook.key,
        url: webhook.url,
        kind: webhook.kind.to_owned(),
        body,
        conversation_id: webhook.conversation,
        state: DeliveryState::Queued,
        attempts: 0,
        last_error: None,
        created_at: now,
        next_at: Some(now),
        ended_at: None,
        subscription,
    })
    .await?;
    tx.schedule(JobKind::Deliver, id, now).await?;
    Ok(id)
}

/// The workspace's first secret.
async fn make_secret(tx: &Tx<'_>) -> Result<webhook_secret::Model, AppError> {
    let row = webhook_secret::Model {
        workspace_id: tx.workspace_id(),
        secret: fresh(tx),
        previous: None,
        changed_at: tx.sources().clock.now(),
    };
    tx.put_webhook_secret(row.clone()).await?;
    Ok(row)
}

fn fresh(tx: &Tx<'_>) -> Vec<u8> {
    let mut secret = vec![0; SECRET_BYTES];
    tx.sources().random.fill(&mut secret);
    secret
}

/// Deliveries, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn list(
    app: &App,
    caller: &Caller,
    filter: DeliveryFilter,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<DeliveryView>, AppError> {
    caller.require(Scope::Admin)?;
    let below = after.map(str::parse::<DeliveryId>).transpose()?;
    let rows = app.store().rows(caller.workspace_id);
    let found = rows.deliveries(filter, below, limit).await?;
    let next = next_page(&found, limit, |last| last.id.to_string());
    Ok(Page {
        items: found.into_iter().map(DeliveryView::from).collect(),
        next,
    })
}

/// One delivery, with what is sent and its attempts.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn delivery(app: &App, caller: &Caller, id: DeliveryId) -> Result<DeliveryDetail, AppError> {
    caller.require(Scope::Admin)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.delivery(id).await?.ok_or(AppError::NotFound("the webhook"))?;
    let tries = rows.delivery_attempts(id, SHOWN_ATTEMPTS).await?.into_iter();
    let tries = tries.map(|row| AttemptView {
        number: row.number,
        at: row.at,
        status: row.status,
        error: row.error,
        duration_ms: row.duration_ms,
    });
    Ok(DeliveryDetail {
        tries: tries.collect(),
        body: row.body.clone(),
        delivery: row.into(),
    })
}

/// Delivers a webhook again, under its own id: whether it was taken, given up, or waits for its next attempt.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`].
pub async fn retry(app: &App, caller: &Caller, id: DeliveryId) -> Result<DeliveryView, AppError> {
    caller.require(Scope::Admin)?;
    let (actor, now) = (caller.actor(), app.now());
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.delivery(id).await?.ok_or(AppError::NotFound("the webhook"))?;
                let row = again(tx, row, now).await?;
                let entry = LogDraft::new(EventKind::WebhookRetried, actor).about("webhook", id);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    Ok(row.into())
}

/// Queues a delivery anew, whatever became of it.
async fn again(tx: &Tx<'_>, row: row::Model, now: Timestamp) -> Result<row::Model, AppError> {
    let row = row::Model {
        state: DeliveryState::Queued,
        attempts: 0,
        next_at: Some(now),
        ended_at: None,
        ..row
    };
    tx.update(row.clone()).await?;
    tx.schedule(JobKind::Deliver, row.id, now).await?;
    Ok(row)
}

/// Queues a webhook that says that webhooks work.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Invalid`] for an address that may not be asked.
pub async fn test(app: &App, caller: &Caller, url: &str) -> Result<DeliveryView, AppError> {
    caller.require(Scope::Admin)?;
    check_url(app, url)?;
    let (url, key) = (url.trim().to_owned(), format!("test:{}", app.sources().ids.next()));
    let actor = caller.actor();
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (url, key) = (url.clone(), key.clone());
            Box::pin(async move {
                let webhook = Webhook {
                    key,
                    url,
                    kind: "webhook.test",
                    data: json!({ "workspace_id": tx.workspace_id() }),
                    conversation: None,
                };
                let id = queue(tx, webhook).await?;
                let row = tx.delivery(id).await?.ok_or(AppError::NotFound("the webhook"))?;
                let entry = LogDraft::new(EventKind::WebhookTested, actor)
                    .about("webhook", id)
                    .with("url", shown_url(&row.url));
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    Ok(row.into())
}

/// The secret that the workspace's webhooks are signed with, made if there is none; with `renew` a new one, beside which the old
/// one goes on signing for a day.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn secret(app: &App, caller: &Caller, renew: bool) -> Result<SecretView, AppError> {
    caller.require(Scope::Admin)?;
    let (actor, now) = (caller.actor(), app.now());
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = match tx.webhook_secret().await? {
                    Some(row) if !renew => return Ok(Change::Unlogged(row)),
                    Some(row) => {
                        let row = webhook_secret::Model {
                            previous: Some(row.secret),
                            secret: fresh(tx),
                            changed_at: now,
                            ..row
                        };
                        tx.put_webhook_secret(row.clone()).await?;
                        row
                    }
                    None => make_secret(tx).await?,
                };
                let entry = LogDraft::new(EventKind::WebhookSecretChanged, actor);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    let both_until = row.changed_at.plus_ms(BOTH_SECRETS_MS);
    Ok(SecretView {
        both_until: (row.previous.is_some() && now < both_until).then_some(both_until),
        secret: Secret::from(row.secret).shown(),
    })
}
