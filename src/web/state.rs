//! What every handler can reach: the app, the settings of this layer, and the signal to stop.

use super::error::Problem;
use super::idempotency::Answers;
use super::limits::Limits;
use super::origin::Origin;
use crate::app::App;
use crate::domain::network::Network;
use axum::response::Response;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Event streams of visitors that may be open at the same time: each holds a file descriptor, and processes have a limited number of
/// them (often 1 024).
const VISITOR_STREAMS: usize = 500;
/// The same for people and programs, counted apart: however many visitors come, who works on the queue sees it live.
const STAFF_STREAMS: usize = 100;
/// The same for requests of programs that wait for their visitors' answers: a busy program takes no visitor's place.
const PROGRAM_WAITS: usize = 200;

/// Writes a refusal as a page for a person's browser; the request's id is shown with it.
pub type ErrorPage = fn(&Problem, &str) -> Response;

/// Settings of the web layer.
#[derive(Debug, Clone, Default)]
pub struct WebSettings {
    /// Under which origin visitors and members reach this server, when that is not loopback.
    pub public_origin: Option<Origin>,
    /// Reverse proxies that are believed when they say whose request they pass on.
    pub trusted_proxies: Vec<Network>,
    /// Public key of the agent that the demo shop's page shows; no page without it.
    pub demo_agent: Option<String>,
    /// How much one address may ask of the public endpoints.
    pub rates: Rates,
}

/// Requests a minute before somebody has to wait. Each allowance may be used up at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Messages of one visitor.
    pub messages_per_visitor: u32,
    /// Messages of all visitors behind one address.
    pub messages_per_address: u32,
    /// New conversations from one address.
    pub conversations_per_address: u32,
    /// Attempts to sign in, or to use a set-up link, from one address.
    pub sign_ins_per_address: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            messages_per_visitor: 30,
            messages_per_address: 300,
            conversations_per_address: 60,
            sign_ins_per_address: 20,
        }
    }
}

/// The state of the router; cheap to clone.
#[derive(Debug, Clone)]
pub struct Web {
    /// Everything that decides.
    pub app: App,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: WebSettings,
    limits: Limits,
    answers: Answers,
    stop_streams: CancellationToken,
    visitor_streams: Arc<Semaphore>,
    staff_streams: Arc<Semaphore>,
    program_waits: Arc<Semaphore>,
}

impl Web {
    /// The state for a router. Cancelling `stop_streams` ends every event stream with a `bye`.
    pub fn new(app: App, settings: WebSettings, stop_streams: CancellationToken) -> Self {
        let shared = Shared {
            limits: Limits::new(settings.rates),
            settings,
            answers: Answers::default(),
            stop_streams,
            visitor_streams: Arc::new(Semaphore::new(VISITOR_STREAMS)),
            staff_streams: Arc::new(Semaphore::new(STAFF_STREAMS)),
            program_waits: Arc::new(Semaphore::new(PROGRAM_WAITS)),
        };
        Self {
            app,
            shared: Arc::new(shared),
        }
    }

    /// The settings.
    pub fn settings(&self) -> &WebSettings {
        &self.shared.settings
    }

    /// Do browsers reach this server encrypted?
    pub fn is_https(&self) -> bool {
        self.settings().public_origin.as_ref().is_some_and(Origin::is_https)
    }

    /// Cancelled when event streams have to end.
    pub fn stop_streams(&self) -> &CancellationToken {
        &self.shared.stop_streams
    }

    /// A place among the visitors' open event streams, given back when dropped.
    pub(super) fn place_for_visitor(&self) -> Result<OwnedSemaphorePermit, Problem> {
        place(&self.shared.visitor_streams)
    }

    /// A place among the open event streams of people and programs, given back when dropped.
    pub(super) fn place_for_staff(&self) -> Result<OwnedSemaphorePermit, Problem> {
        place(&self.shared.staff_streams)
    }

    /// A place among the requests of programs that wait for an answer, given back when dropped.
    pub(super) fn place_for_program(&self) -> Result<OwnedSemaphorePermit, Problem> {
        place(&self.shared.program_waits)
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub(super) fn answers(&self) -> &Answers {
        &self.shared.answers
    }
}

fn place(streams: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    streams.clone().try_acquire_owned().map_err(|_full| {
        Problem::unavailable("Too many pages and programs are connected right now; try again in a moment.")
            .retry_after_s(10)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_house_turns_the_next_one_away_until_somebody_leaves() {
        let streams = Arc::new(Semaphore::new(1));
        let first = place(&streams);
        let refused = place(&streams);
        assert!(refused.is_err_and(|problem| problem.status == 503 && problem.retry_after_s == Some(10)));
        drop(first);
        assert!(place(&streams).is_ok());
    }
}
