//! Subscriptions: an address that is told what happens, of which types, signed with a secret of its own.

use super::{BOTH_SECRETS_MS, DeliveryView, SecretView, TEST, Webhook, check_url, fresh, put, shown_url};
use crate::app::caller::Caller;
use crate::app::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::SubscriptionId;
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{MOST_SUBSCRIPTIONS, SubscriptionState, Type};
use crate::outbound::webhook::Secret;
use crate::store::entity::subscription as row;
use crate::store::{Change, JobKind, Json, LogDraft, Rows, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Characters of an address at most.
const LONGEST_URL: usize = 2_000;
/// Characters of a note at most.
const LONGEST_NOTE: usize = 200;

/// A subscription as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionView {
    /// Its id.
    pub id: SubscriptionId,
    /// The receiver's address, without its query.
    pub url: String,
    /// What it is for, in somebody's words.
    pub note: String,
    /// What it is told of; everything if it names nothing.
    pub types: Vec<Type>,
    /// Where it stands.
    pub state: SubscriptionState,
    /// `whsec_…`: what its receiver checks signatures with. Told when it is made, and not again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Until then the secret before signs as well.
    pub both_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody changed it, or its receiver said that it is gone.
    pub changed_at: Timestamp,
}

/// What somebody wants of a subscription. What is not said stays as it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionWish {
    /// The address.
    pub url: Option<String>,
    /// Types of events; none for all of them.
    pub types: Option<Vec<String>>,
    /// What it is for.
    pub note: Option<String>,
    /// Whether it is paused. `false` also resumes one whose receiver was gone.
    pub paused: Option<bool>,
}

/// A wish that was checked.
#[derive(Debug, Clone)]
struct Checked {
    url: Option<String>,
    types: Option<Vec<Type>>,
    note: Option<String>,
    paused: Option<bool>,
}

impl SubscriptionWish {
    fn checked(self, app: &App) -> Result<Checked, AppError> {
        if let Some(url) = &self.url {
            if url.chars().count() > LONGEST_URL {
                return Err(AppError::Invalid(format!(
                    "the address is longer than {LONGEST_URL} characters"
                )));
            }
            check_url(app, url)?;
        }
        let types = self.types.map(|types| {
            let types: Result<Vec<Type>, _> = types.iter().map(|name| name.parse::<Type>()).collect();
            let mut types = types.map_err(|unknown| AppError::Invalid(unknown.to_string()))?;
            types.sort_unstable();
            types.dedup();
            Ok::<_, AppError>(types)
        });
        let note = self.note.map(|note| note.trim().to_owned());
        if note
            .as_ref()
            .is_some_and(|note| note.chars().count() > LONGEST_NOTE || note.chars().any(char::is_control))
        {
            return Err(AppError::Invalid(format!(
                "the note has to be in one line of at most {LONGEST_NOTE} characters"
            )));
        }
        Ok(Checked {
            url: self.url.map(|url| url.trim().to_owned()),
            types: types.transpose()?,
            note,
            paused: self.paused,
        })
    }
}

fn view(row: &row::Model, now: Timestamp) -> SubscriptionView {
    SubscriptionView {
        id: row.id,
        url: shown_url(&row.url),
        note: row.note.clone(),
        types: row.types.0.clone(),
        state: row.state,
        secret: None,
        both_until: both_until(row, now),
        created_at: row.created_at,
        changed_at: row.changed_at,
    }
}

fn both_until(row: &row::Model, now: Timestamp) -> Option<Timestamp> {
    let until = row.secret_changed_at.plus_ms(BOTH_SECRETS_MS);
    (row.previous.is_some() && now < until).then_some(until)
}

/// A subscription that is not removed.
pub(super) async fn found(rows: &Rows<'_>, id: SubscriptionId) -> Result<row::Model, AppError> {
    let row = rows.subscription(id).await?;
    row.filter(|row| row.state != SubscriptionState::Removed)
        .ok_or(AppError::NotFound("the subscription"))
}

pub(super) fn require_active(row: &row::Model) -> Result<(), AppError> {
    if row.state == SubscriptionState::Active {
        return Ok(());
    }
    Err(AppError::Conflict {
        sentence: "nothing is sent to this subscription at the moment; resume it first".to_owned(),
        extra: json!({ "state": row.state }),
    })
}

/// From now on it is told what happens. Where nobody was told before, nothing of before has to be read.
async fn begin(tx: &Tx<'_>) -> Result<i64, AppError> {
    let head = tx.log_head().await?;
    let others = tx.subscriptions().await?;
    if others.iter().all(|row| row.state != SubscriptionState::Active) {
        tx.watch_subscriptions_from(head).await?;
    }
    // What happens before the process knows that somebody has subscribed is found by this.
    let now = tx.sources().clock.now();
    tx.schedule_no_later(JobKind::Announce, tx.workspace_id(), now).await?;
    Ok(head)
}

/// Subscriptions, the oldest first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn subscriptions(app: &App, caller: &Caller) -> Result<Vec<SubscriptionView>, AppError> {
    caller.require(Scope::Admin)?;
    let rows = app.store().rows(caller.workspace_id).subscriptions().await?;
    Ok(rows.iter().map(|row| view(row, app.now())).collect())
}

/// One subscription.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn one(app: &App, caller: &Caller, id: SubscriptionId) -> Result<SubscriptionView, AppError> {
    caller.require(Scope::Admin)?;
    let row = found(&app.store().rows(caller.workspace_id), id).await?;
    Ok(view(&row, app.now()))
}

/// Tells an address from now on what happens. The answer, and only this one, has its secret.
///
/// # Errors
/// [`AppError::Invalid`] for an address that may not be asked or an unknown type, [`AppError::Conflict`] when there are too many,
/// [`AppError::Forbidden`] or the store's.
pub async fn create(app: &App, caller: &Caller, wish: SubscriptionWish) -> Result<SubscriptionView, AppError> {
    caller.require(Scope::Admin)?;
    let wish = wish.checked(app)?;
    let Some(url) = wish.url.clone() else {
        return Err(AppError::Invalid(
            "name the address that is to be told what happens: url".to_owned(),
        ));
    };
    let (actor, now) = (caller.actor(), app.now());
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (wish, url) = (wish.clone(), url.clone());
            Box::pin(async move {
                if tx.subscriptions().await?.len() >= MOST_SUBSCRIPTIONS {
                    return Err(AppError::Conflict {
                        sentence: format!(
                            "there are {MOST_SUBSCRIPTIONS} subscriptions already, which is the most; remove one first"
                        ),
                        extra: json!({}),
                    });
                }
                let row = row::Model {
                    id: SubscriptionId::new(&*tx.sources().ids),
                    workspace_id: tx.workspace_id(),
                    url,
                    note: wish.note.unwrap_or_default(),
                    types: Json(wish.types.unwrap_or_default()),
                    state: match wish.paused {
                        Some(true) => SubscriptionState::Paused,
                        _ => SubscriptionState::Active,
                    },
                    secret: fresh(tx),
                    previous: None,
                    secret_changed_at: now,
                    after_seq: begin(tx).await?,
                    created_at: now,
                    changed_at: now,
                };
                tx.insert(row.clone()).await?;
                let entry = entry(EventKind::WebhookSubscribed, actor, &row);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    app.inner.subscribed.add(caller.workspace_id);
    Ok(SubscriptionView {
        secret: Some(Secret::from(row.secret.clone()).shown()),
        ..view(&row, now)
    })
}

fn entry(kind: EventKind, actor: crate::domain::log::Actor, row: &row::Model) -> LogDraft {
    LogDraft::new(kind, actor)
        .about("subscription", row.id)
        .with("url", shown_url(&row.url))
        .with("state", json!(row.state))
        .with("types", json!(row.types.0))
}

/// Changes address, types or note of a subscription, pauses or resumes it. What happens while it is paused is not told.
///
/// # Errors
/// Those of [`create`], and [`AppError::NotFound`].
pub async fn change(
    app: &App,
    caller: &Caller,
    id: SubscriptionId,
    wish: SubscriptionWish,
) -> Result<SubscriptionView, AppError> {
    caller.require(Scope::Admin)?;
    let wish = wish.checked(app)?;
    let (actor, now) = (caller.actor(), app.now());
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let wish = wish.clone();
            Box::pin(async move {
                let before = found(tx, id).await?;
                let mut row = before.clone();
                row.url = wish.url.unwrap_or(row.url);
                row.note = wish.note.unwrap_or(row.note);
                row.types = wish.types.map_or(row.types, Json);
                match (wish.paused, row.state) {
                    (Some(true), SubscriptionState::Active | SubscriptionState::Gone) => {
                        row.state = SubscriptionState::Paused;
                    }
                    (Some(false), SubscriptionState::Paused | SubscriptionState::Gone) => {
                        row.state = SubscriptionState::Active;
                        row.after_seq = begin(tx).await?;
                    }
                    _ => {}
                }
                if row == before {
                    return Ok(Change::Unlogged(row));
                }
                row.changed_at = now;
                tx.update(row.clone()).await?;
                let entry = entry(EventKind::WebhookSubscriptionChanged, actor, &row);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    app.inner.subscribed.add(caller.workspace_id);
    Ok(view(&row, now))
}

/// Tells an address nothing more. What waits to be sent to it is not sent; what was delivered stays in the list for its time.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn remove(app: &App, caller: &Caller, id: SubscriptionId) -> Result<(), AppError> {
    caller.require(Scope::Admin)?;
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = row::Model {
                    state: SubscriptionState::Removed,
                    secret: Vec::new(),
                    previous: None,
                    changed_at: now,
                    ..found(tx, id).await?
                };
                tx.update(row.clone()).await?;
                let entry = entry(EventKind::WebhookUnsubscribed, actor, &row);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// Makes another secret, beside which the one before goes on signing for a day. It is told here and not again.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn renew(app: &App, caller: &Caller, id: SubscriptionId) -> Result<SecretView, AppError> {
    caller.require(Scope::Admin)?;
    let (actor, now) = (caller.actor(), app.now());
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let before = found(tx, id).await?;
                let row = row::Model {
                    previous: Some(before.secret.clone()),
                    secret: fresh(tx),
                    secret_changed_at: now,
                    ..before
                };
                tx.update(row.clone()).await?;
                let entry = LogDraft::new(EventKind::WebhookSecretChanged, actor).about("subscription", id);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    Ok(SecretView {
        both_until: both_until(&row, now),
        secret: Secret::from(row.secret).shown(),
    })
}

/// Queues a webhook to a subscription that says that webhooks work.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn test_subscription(app: &App, caller: &Caller, id: SubscriptionId) -> Result<DeliveryView, AppError> {
    caller.require(Scope::Admin)?;
    let (actor, now) = (caller.actor(), app.now());
    let key = format!("test:{}", app.sources().ids.next());
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let key = key.clone();
            Box::pin(async move {
                let subscription = found(tx, id).await?;
                let webhook = Webhook {
                    key,
                    url: subscription.url.clone(),
                    kind: TEST,
                    data: json!({ "workspace_id": tx.workspace_id(), "subscription_id": id }),
                    conversation: None,
                };
                let webhook_id = put(tx, webhook, Some(id), now).await?;
                let row = tx
                    .delivery(webhook_id)
                    .await?
                    .ok_or(AppError::NotFound("the webhook"))?;
                let entry = LogDraft::new(EventKind::WebhookTested, actor)
                    .about("webhook", webhook_id)
                    .about("subscription", id)
                    .with("url", shown_url(&subscription.url));
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    Ok(row.into())
}
