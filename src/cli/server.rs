//! A server of this process: listening first, then the database and the models, then the public.

use super::api::Client;
use super::assemble::Assembled;
use super::context::Context;
use super::exit::Failure;
use crate::app::fitness;
use crate::web::{Listeners, WebSettings};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Ready to serve.
pub(crate) struct Server<'a> {
    context: &'a Context,
    listeners: Listeners,
    origin: String,
    assembled: Assembled,
    stop: CancellationToken,
}

impl<'a> Server<'a> {
    /// Takes the data directory and the port, opens the database and starts the engine. Whoever connects already now
    /// waits for the answer.
    pub(crate) async fn open(context: &'a Context) -> Result<Self, Failure> {
        let data_dir = context.data_dir();
        data_dir.prepare()?;
        let mut lock = data_dir.lock()?;
        let listeners = Listeners::open(context.settings().listen, &data_dir.socket()).await?;
        let public_origin = context.settings().public_origin.clone();
        let origin = public_origin.unwrap_or_else(|| format!("http://{}", listeners.address()));
        if let Err(error) = lock.leave_word(&origin) {
            tracing::warn!(%error, "Links printed by other commands may show another address than this server's");
        }
        let assembled = Assembled::start(context, lock).await?;
        Ok(Self {
            context,
            listeners,
            origin,
            assembled,
            stop: CancellationToken::new(),
        })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.listeners.address()
    }

    /// Where browsers find it.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Asks the API before the public can.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let router = self
            .assembled
            .router(self.context, WebSettings::default(), &self.stop)?;
        Ok(Client::in_process(&router))
    }

    /// Stops the server when cancelled.
    pub(crate) fn stopper(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Waits until the models are loaded, or it is clear that they will not be.
    pub(crate) async fn models_settled(&self, limit: Duration) {
        if let Some(supervisor) = &self.assembled.supervisor {
            supervisor.settled(limit).await;
        }
    }

    /// Serves, and does what is due, until it is told to stop; then ends what was begun.
    pub(crate) async fn serve(self, web: WebSettings) -> Result<(), Failure> {
        let router = self.assembled.router(self.context, web, &self.stop)?;
        self.assembled.app.start_jobs();
        fitness::keep_checked(&self.assembled.app);
        self.listeners.serve(router, self.stop).await;
        self.assembled.close().await;
        tracing::info!("Holdpoint has stopped; nothing was lost");
        Ok(())
    }
}

/// Cancels `stop` when the system or the person at the keyboard asks for it.
pub(crate) fn stop_on_signals(stop: CancellationToken) -> Result<(), Failure> {
    let cannot = |error| Failure::failed(format!("this process cannot listen for signals ({error})"));
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("Holdpoint is asked to stop and ends what it has begun");
        stop.cancel();
    });
    Ok(())
}
