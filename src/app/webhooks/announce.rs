//! Telling those who subscribed what happens. The log is the stream of events: a durable cursor goes through it, and each entry
//! becomes the deliveries of those who want it, a page at a time in one transaction with the cursor. So nothing is told twice, and a
//! restart goes on where it stopped.
//!
//! A workspace that nobody has subscribed in is known in memory and costs nothing.

use super::{Webhook, again, put};
use crate::app::{App, AppError};
use crate::domain::ids::{ConversationId, DeliveryId, JobId, SubscriptionId, WorkspaceId};
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Event, MAY_MOVE_THE_GATE, SubscriptionState, TOLD_OF, events_of, may_tell};
use crate::store::entity::subscription;
use crate::store::{Change, Committed, JobKind, Tx};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// Entries that are read at once.
const PAGE: u64 = 100;
/// Deliveries that are written at once, so that others who write do not wait for long.
const MOST_AT_ONCE: usize = 32;
/// Deliveries that are forgotten at once.
const FORGOTTEN_AT_ONCE: u64 = 100;

/// The workspaces in which somebody has subscribed; in memory, and found out anew at each start.
#[derive(Debug, Default)]
pub(in crate::app) struct Subscribed(Mutex<HashSet<WorkspaceId>>);

impl Subscribed {
    fn of<T>(&self, use_it: impl FnOnce(&mut HashSet<WorkspaceId>) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn add(&self, id: WorkspaceId) {
        self.of(|known| known.insert(id));
    }

    fn remove(&self, id: WorkspaceId) {
        self.of(|known| known.remove(&id));
    }

    fn has(&self, id: WorkspaceId) -> bool {
        self.of(|known| known.contains(&id))
    }

    fn all(&self) -> BTreeSet<WorkspaceId> {
        self.of(|known| known.iter().copied().collect())
    }
}

/// Wakes the job whenever something is committed that somebody may have subscribed to; runs until the app stops.
pub(in crate::app) async fn listen(app: App) {
    // Listening begins before looking, so that nothing falls in between.
    let mut committed = app.store().subscribe();
    while let Err(error) = find_subscribed(&app).await {
        tracing::error!(%error, "who has subscribed to what happens could not be looked at; trying again in a second");
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = app.inner.stopping.cancelled() => return,
        }
    }
    let mut woken = app.inner.subscribed.all();
    loop {
        for workspace_id in std::mem::take(&mut woken) {
            if let Err(error) = wake(&app, workspace_id).await {
                tracing::error!(%error, "what happened could not be scheduled to be told; the next event does it");
            }
        }
        let first = tokio::select! {
            received = committed.recv() => received,
            () = app.inner.stopping.cancelled() => return,
        };
        if !gather(&app, first, &mut committed, &mut woken) {
            return;
        }
    }
}

/// Notes the workspaces of everything that waits to be heard; false when there is nothing to hear any more.
fn gather(
    app: &App,
    first: Result<Arc<Committed>, RecvError>,
    committed: &mut Receiver<Arc<Committed>>,
    woken: &mut BTreeSet<WorkspaceId>,
) -> bool {
    let mut next = match first {
        Ok(entry) => Ok(entry),
        Err(RecvError::Lagged(_)) => Err(TryRecvError::Lagged(0)),
        Err(RecvError::Closed) => return false,
    };
    loop {
        match next {
            Ok(entry) => {
                let header = &entry.header;
                if may_tell(&header.kind) && app.inner.subscribed.has(header.workspace_id) {
                    woken.insert(header.workspace_id);
                }
            }
            // The cursor knows what was missed.
            Err(TryRecvError::Lagged(_)) => woken.extend(app.inner.subscribed.all()),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return true,
        }
        next = committed.try_recv();
    }
}

async fn find_subscribed(app: &App) -> Result<(), AppError> {
    for workspace in app.store().workspaces().await? {
        let found = app.store().rows(workspace.id).subscriptions().await?;
        if found.iter().any(|row| row.state == SubscriptionState::Active) {
            app.inner.subscribed.add(workspace.id);
        }
    }
    Ok(())
}

async fn wake(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                tx.schedule_no_later(JobKind::Announce, workspace_id, now).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// What the entries after `after` tell, at most a page of them, with whether there are more.
pub(super) async fn told(
    app: &App,
    workspace_id: WorkspaceId,
    after: i64,
    since: Timestamp,
) -> Result<(Vec<(i64, Vec<Event>)>, bool), AppError> {
    let kinds: Vec<EventKind> = TOLD_OF.into_iter().chain(MAY_MOVE_THE_GATE).collect();
    let rows = app.store().rows(workspace_id);
    let entries = rows.log_of_kinds_after(&kinds, after, since, PAGE).await?;
    let is_more = entries.len() as u64 == PAGE;
    let told = entries.iter().map(|entry| (entry.header.seq, events_of(&entry.header)));
    Ok((told.collect(), is_more))
}

/// What becomes of an event that was told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeated {
    /// Nothing.
    Left,
    /// It is delivered again, under its own id.
    Again,
}

/// What was written of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    /// Deliveries.
    pub(super) deliveries: usize,
    /// The last entry that is dealt with; none if there was none.
    pub(super) last: Option<i64>,
    /// All entries are dealt with.
    pub(super) is_all: bool,
}

/// Writes the deliveries of a page for those who want them, in the order of the log, up to a bound.
pub(super) async fn write_page(
    tx: &Tx<'_>,
    page: &[(i64, Vec<Event>)],
    subscriptions: &[subscription::Model],
    origin: &str,
    repeated: Repeated,
) -> Result<Written, AppError> {
    let mut written = Written {
        deliveries: 0,
        last: None,
        is_all: true,
    };
    for (seq, events) in page {
        if written.deliveries >= MOST_AT_ONCE {
            written.is_all = false;
            break;
        }
        for event in events {
            for subscription in subscriptions.iter().filter(|row| wants(row, event, repeated)) {
                if write_one(tx, subscription, event, origin, repeated).await? {
                    written.deliveries += 1;
                }
            }
        }
        written.last = Some(*seq);
    }
    Ok(written)
}

/// A subscription begins with what happens after it was made or resumed; what a person asks for again may be older.
fn wants(row: &subscription::Model, event: &Event, repeated: Repeated) -> bool {
    let is_wanted = row.types.0.is_empty() || row.types.0.contains(&event.kind);
    is_wanted && row.state == SubscriptionState::Active && (event.seq > row.after_seq || repeated == Repeated::Again)
}

async fn write_one(
    tx: &Tx<'_>,
    subscription: &subscription::Model,
    event: &Event,
    origin: &str,
    repeated: Repeated,
) -> Result<bool, AppError> {
    let key = key(subscription.id, event);
    match (tx.delivery_of_key(&key).await?, repeated) {
        (Some(_), Repeated::Left) => return Ok(false),
        (Some(row), Repeated::Again) => {
            again(tx, row, tx.sources().clock.now()).await?;
            return Ok(true);
        }
        (None, _) => {}
    }
    let mut data = event.data.clone();
    data.insert("link".to_owned(), format!("{origin}{}", event.path).into());
    let conversation: Option<ConversationId> = data
        .get("conversation_id")
        .and_then(Value::as_str)
        .and_then(|id| id.parse().ok());
    let webhook = Webhook {
        key,
        url: subscription.url.clone(),
        kind: event.kind.as_str(),
        data: Value::Object(data),
        conversation,
    };
    put(tx, webhook, Some(subscription.id), event.at).await?;
    Ok(true)
}

fn key(id: SubscriptionId, event: &Event) -> String {
    format!("subscription:{id}:{}:{}", event.seq, event.kind)
}

/// Where links lead.
pub(super) fn origin(app: &App) -> String {
    app.post().map(|post| post.origin.clone()).unwrap_or_default()
}

/// The job: a page of what happened, and what is old news.
pub(in crate::app) async fn announce(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let read = rows.subscription_watch().await?.map_or(0, |watch| watch.seq);
    let (page, is_more) = told(app, workspace_id, read, Timestamp(0)).await?;
    let old = app.now().plus_ms(-super::KEPT_MS);
    let old = rows.deliveries_ended_before(old, FORGOTTEN_AT_ONCE).await?.into_iter();
    let old: Vec<DeliveryId> = old.map(|row| row.id).collect();
    let (page, old, origin) = (Arc::new(page), Arc::new(old), origin(app));
    let is_subscribed = app
        .store()
        .write(workspace_id, move |tx| {
            let (page, old, origin) = (page.clone(), old.clone(), origin.clone());
            Box::pin(async move {
                if !old.is_empty() {
                    tx.forget_deliveries(&old).await?;
                }
                let subscriptions = tx.subscriptions().await?;
                if subscriptions.iter().all(|row| row.state != SubscriptionState::Active) {
                    tx.finish_job(job_id).await?;
                    return Ok::<_, AppError>(Change::Unlogged(false));
                }
                // Whoever subscribed first, meanwhile, begins later than this page.
                let known = tx.subscription_watch().await?.map_or(0, |watch| watch.seq);
                let mut is_all = known == read;
                if is_all {
                    let written = write_page(tx, &page, &subscriptions, &origin, Repeated::Left).await?;
                    if let Some(last) = written.last {
                        tx.watch_subscriptions_from(last).await?;
                    }
                    is_all = written.is_all && !is_more;
                }
                if is_all {
                    tx.finish_job(job_id).await?;
                } else {
                    tx.renew_job(job_id, tx.sources().clock.now()).await?;
                }
                Ok(Change::Unlogged(true))
            })
        })
        .await?;
    if !is_subscribed {
        let subscribed = &app.inner.subscribed;
        subscribed.remove(workspace_id);
        // Whoever subscribed meanwhile says so after this, or is found by it.
        let found = app.store().rows(workspace_id).subscriptions().await?;
        if found.iter().any(|row| row.state == SubscriptionState::Active) {
            subscribed.add(workspace_id);
        }
    }
    Ok(())
}
