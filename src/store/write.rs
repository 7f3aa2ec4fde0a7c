//! The one writer. Queued writes share a transaction, each in a savepoint of its own: one sync makes many durable.
//!
//! A write is a closure that can run again: it has no effect outside of its transaction. Answers and events leave only after
//! the outer COMMIT. If the outer transaction is lost (a full disk, say), every write of the batch runs again alone, so that
//! one write's misfortune is not the others'. The log entry is each savepoint's last statement.

use super::log::{LogDraft, append};
use super::{Rows, Sources, Store, StoreError, confirm};
use crate::domain::ids::WorkspaceId;
use crate::domain::log::Header;
use futures::FutureExt;
use futures::future::BoxFuture;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, DatabaseConnection, DatabaseTransaction, DbBackend, EntityTrait,
    IntoActiveModel, ModelTrait, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Writes in one commit at most.
const BATCH: usize = 64;

/// What a write did.
#[derive(Debug)]
pub enum Change<T> {
    /// It changed something: this is its log entry.
    Logged(T, LogDraft),
    /// It changed nothing of the workspace's history: a repeated request, a session, a job's bookkeeping.
    Unlogged(T),
}

/// An entry of the log that has just been committed: the event stream.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The entry's unerasable part.
    pub header: Header,
}

/// A write under way: the workspace's rows, readable and writable.
#[derive(Debug)]
pub struct Tx<'a> {
    rows: Rows<'a>,
    sources: &'a Sources,
    jobs_changed: AtomicBool,
    failed: AtomicBool,
}

impl<'a> std::ops::Deref for Tx<'a> {
    type Target = Rows<'a>;

    fn deref(&self) -> &Rows<'a> {
        &self.rows
    }
}

impl Tx<'_> {
    /// The injected sources, for what a write makes anew.
    pub(crate) const fn sources(&self) -> &Sources {
        self.sources
    }

    pub(super) fn note_job_change(&self) {
        self.jobs_changed.store(true, Ordering::Relaxed);
    }

    /// Runs a statement that changes rows. After one has failed, no other may follow in this write: PostgreSQL refuses it, and SQLite
    /// may have ended the whole transaction (it does when the disk is full), so that the next one would be kept on its own.
    pub(super) async fn change<T, E>(&self, statement: impl Future<Output = Result<T, E>>) -> Result<T, StoreError>
    where
        StoreError: From<E>,
    {
        if self.failed.load(Ordering::Relaxed) {
            return Err(StoreError::FailedBefore);
        }
        let done = statement.await;
        if done.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        Ok(done?)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`], [`StoreError::Refused`] or another of the database's.
    pub async fn insert<M, A>(&self, row: M) -> Result<(), StoreError>
    where
        M: ModelTrait + IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
        M::Entity: EntityTrait<Model = M>,
    {
        self.change(super::rows::insert(self.rows.connection(), row)).await
    }

    /// Replaces a row by primary key.
    ///
    /// # Errors
    /// [`StoreError::Refused`] or another of the database's.
    pub async fn update<M, A>(&self, row: M) -> Result<(), StoreError>
    where
        M: ModelTrait + IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
        M::Entity: EntityTrait<Model = M>,
    {
        self.change(super::rows::update(self.rows.connection(), row)).await
    }
}

/// How a write ended inside the batch.
pub(super) enum Ran {
    Changed(Header, bool),
    Unchanged(bool),
    /// Its savepoint was rolled back; its own error waits for the answer.
    Refused,
}

/// A queued write, its type hidden.
pub(super) trait Queued: Send {
    fn run<'t>(
        &'t mut self,
        tx: &'t DatabaseTransaction,
        sources: &'t Sources,
    ) -> BoxFuture<'t, Result<Ran, StoreError>>;
    fn answer(self: Box<Self>, lost: Option<StoreError>);
}

struct Write<T, E, F> {
    workspace_id: WorkspaceId,
    work: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Queued for Write<T, E, F>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: for<'t> Fn(&'t Tx<'t>) -> BoxFuture<'t, Result<Change<T>, E>> + Send + Sync + 'static,
{
    fn run<'t>(
        &'t mut self,
        tx: &'t DatabaseTransaction,
        sources: &'t Sources,
    ) -> BoxFuture<'t, Result<Ran, StoreError>> {
        Box::pin(async move {
            let savepoint = tx.begin().await?;
            let context = Tx {
                rows: Rows::new((&savepoint).into(), self.workspace_id),
                sources,
                jobs_changed: AtomicBool::new(false),
                failed: AtomicBool::new(false),
            };
            let ended = AssertUnwindSafe((self.work)(&context)).catch_unwind().await;
            let jobs = context.jobs_changed.load(Ordering::Relaxed);
            let ended = match ended {
                Ok(Ok(_)) if context.failed.load(Ordering::Relaxed) => Err(E::from(StoreError::FailedBefore)),
                Ok(Ok(Change::Logged(value, entry))) => {
                    let mut salt = [0; 16];
                    sources.random.fill(&mut salt);
                    match append(&context.rows, &entry, sources.clock.now(), salt).await {
                        Ok(header) => Ok((value, Some(header))),
                        Err(error) => Err(E::from(error)),
                    }
                }
                Ok(Ok(Change::Unlogged(value))) => Ok((value, None)),
                Ok(Err(error)) => Err(error),
                Err(_panic) => Err(E::from(StoreError::Panicked)),
            };
            drop(context);
            match ended {
                Ok((value, header)) => {
                    savepoint.commit().await?;
                    self.result = Some(Ok(value));
                    Ok(header.map_or(Ran::Unchanged(jobs), |header| Ran::Changed(header, jobs)))
                }
                Err(error) => {
                    self.result = Some(Err(error));
                    savepoint.rollback().await?;
                    Ok(Ran::Refused)
                }
            }
        })
    }

    fn answer(self: Box<Self>, lost: Option<StoreError>) {
        let result = match (self.result, lost) {
            // Its own error says more than the loss of the transaction that followed from it.
            (Some(Err(own)), _) => Err(own),
            (_, Some(lost)) => Err(E::from(lost)),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(E::from(StoreError::Closed)),
        };
        // A caller that has gone away does not undo what is committed.
        let _gone = self.reply.send(result);
    }
}

impl Store {
    /// Runs a write in the one writer and waits until it is durable.
    ///
    /// `work` may run more than once; it must have no effect outside of its [`Tx`] and be short (no model, no network).
    ///
    /// # Errors
    /// The closure's own error, or a [`StoreError`].
    pub async fn write<T, E, F>(&self, workspace_id: WorkspaceId, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'t> Fn(&'t Tx<'t>) -> BoxFuture<'t, Result<Change<T>, E>> + Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let queued = Box::new(Write {
            workspace_id,
            work,
            result: None,
            reply,
        });
        self.writer.send(queued).await.map_err(|_closed| StoreError::Closed)?;
        answer.await.unwrap_or_else(|_closed| Err(E::from(StoreError::Closed)))
    }
}

/// What the writer needs besides its queue.
pub(super) struct Writer {
    pub(super) connection: DatabaseConnection,
    pub(super) readers: DatabaseConnection,
    pub(super) queue: mpsc::Receiver<Box<dyn Queued>>,
    pub(super) committed: broadcast::Sender<Arc<Committed>>,
    pub(super) jobs_changed: Arc<Notify>,
    pub(super) sources: Sources,
    pub(super) closing: CancellationToken,
    /// Tells that everything is closed, however this ends.
    pub(super) _closed: DropGuard,
}

impl Writer {
    /// Runs until every [`Store`] is gone or one was closed, then closes the connections.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                received = self.queue.recv_many(&mut batch, BATCH) => if received == 0 { break },
                // What is queued is still committed; nothing joins it.
                () = self.closing.cancelled(), if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
            }
            let writes = std::mem::take(&mut batch);
            if let Err(remaining) = self.commit(writes).await {
                for write in remaining {
                    if let Err(alone) = self.commit(vec![write.0]).await {
                        for (write, error) in alone {
                            write.answer(Some(error));
                        }
                    }
                }
            }
        }
        // The writer last: whoever closes SQLite's last connection writes its log back into the file, and readers cannot.
        let closed = match self.readers.close().await {
            Ok(()) => self.connection.close().await,
            Err(error) => Err(error),
        };
        if let Err(error) = closed {
            tracing::warn!(%error, "the database could not be closed cleanly");
        }
    }

    /// One transaction for all of `writes`. When it is lost, the writes come back, each with why.
    async fn commit(&self, mut writes: Vec<Box<dyn Queued>>) -> Result<(), Vec<(Box<dyn Queued>, StoreError)>> {
        match self.try_commit(&mut writes).await {
            Ok((headers, jobs_changed)) => {
                // Events first: whoever has the answer may already rely on the event being on its way.
                for header in headers {
                    let _nobody_listens = self.committed.send(Arc::new(Committed { header }));
                }
                if jobs_changed {
                    self.jobs_changed.notify_one();
                }
                for write in writes {
                    write.answer(None);
                }
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, cause = ?std::error::Error::source(&error), writes = writes.len(), "a transaction was lost");
                self.renew().await;
                if matches!(error, StoreError::Unsure) {
                    // Nothing is done twice: whoever asked has to look.
                    for write in writes {
                        write.answer(Some(StoreError::Unsure));
                    }
                    return Ok(());
                }
                let mut first = Some(error);
                Err(writes
                    .into_iter()
                    .map(|write| (write, first.take().unwrap_or(StoreError::Closed)))
                    .collect())
            }
        }
    }

    /// Replaces the connection, because one that has lost a transaction cannot be trusted: when SQLite has ended it by itself, the
    /// driver still counts it as open, makes a savepoint of the next one, and takes its release for a commit. Everything after a
    /// full disk would be acknowledged and never written.
    async fn renew(&self) {
        let closed = match self.connection.get_database_backend() {
            DbBackend::Sqlite => match self.connection.get_sqlite_connection_pool().acquire().await {
                Ok(connection) => connection.close().await,
                Err(error) => Err(error),
            },
            _ => match self.connection.get_postgres_connection_pool().acquire().await {
                Ok(connection) => connection.close().await,
                Err(error) => Err(error),
            },
        };
        if let Err(error) = closed {
            tracing::warn!(%error, "the connection that lost a transaction was not closed cleanly");
        }
    }

    async fn try_commit(&self, writes: &mut [Box<dyn Queued>]) -> Result<(Vec<Header>, bool), StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = self.connection.begin_with_options(options).await?;
        let mut headers = Vec::new();
        let mut jobs_changed = false;
        for write in writes {
            match write.run(&tx, &self.sources).await? {
                Ran::Changed(header, jobs) => {
                    headers.push(header);
                    jobs_changed |= jobs;
                }
                Ran::Unchanged(jobs) => jobs_changed |= jobs,
                Ran::Refused => {}
            }
        }
        let name = confirm::transaction_name(&tx).await?;
        if let Err(error) = tx.commit().await {
            if !confirm::was_committed(&self.readers, name.as_deref()).await? {
                return Err(error.into());
            }
            tracing::warn!(%error, "the answer to a commit was lost, but not the transaction");
            self.renew().await;
        }
        Ok((headers, jobs_changed))
    }
}
