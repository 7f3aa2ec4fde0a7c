//! What every handler can reach: the app, the settings of this layer, and the signal to stop.

use super::error::Problem;
use super::idempotency::Answers;
use super::limits::Limits;
use super::origin::Origin;
use crate::app::{App, Caller};
use crate::domain::ids::TokenId;
use crate::domain::network::Network;
use axum::response::Response;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Event streams of visitors that may be open at the same time: each holds a file descriptor, and processes have a limited number of
/// them (often 1 024).
const VISITOR_STREAMS: usize = 500;
/// The same for people and programs, counted apart: however many visitors come, who works on the queue sees it live.
const STAFF_STREAMS: usize = 100;
/// The same for requests of programs that wait for their visitors' answers: a busy program takes no visitor's place.
const PROGRAM_WAITS: usize = 200;

/// Of these, for one token; and its open event streams: an agent that waits for everything at once takes nobody else's place.
const WAITS_OF_A_TOKEN: usize = 20;

/// The same for requests that wait for visitors' answers: a program may have many visitors.
const VISITORS_OF_A_TOKEN: usize = 120;

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
    /// Pages that say that they are there, from one address: each does so twice a minute.
    pub heartbeats_per_address: u32,
    /// Things that one visitor reached, as their page says.
    pub events_per_visitor: u32,
    /// The same for all visitors behind one address.
    pub events_per_address: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            messages_per_visitor: 30,
            messages_per_address: 300,
            conversations_per_address: 60,
            sign_ins_per_address: 20,
            heartbeats_per_address: 900,
            events_per_visitor: 20,
            events_per_address: 200,
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
    waits_of_tokens: WaitsOfTokens,
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
            waits_of_tokens: Arc::default(),
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
    pub(super) fn place_for_visitor(&self) -> Result<Held, Problem> {
        Ok(Held {
            _permit: place(&self.shared.visitor_streams)?,
            _counted: None,
        })
    }

    /// A place among the requests of programs that wait for visitors' answers, given back when dropped.
    pub(super) fn place_for_program(&self, caller: &Caller) -> Result<Held, Problem> {
        let program = caller.program.as_ref();
        let counted = program
            .map(|program| self.counted(program.id, VISITORS_OF_A_TOKEN))
            .transpose()?;
        Ok(Held {
            _permit: place(&self.shared.program_waits)?,
            _counted: counted,
        })
    }

    fn counted(&self, token: TokenId, most: usize) -> Result<Counted, Problem> {
        Counted::one_more(&self.shared.waits_of_tokens, token, most)
    }

    /// A place for whoever listens or waits, given back when dropped: people have places of their own, and one program never takes those of
    /// all others.
    pub(super) fn place_for(&self, caller: &Caller) -> Result<Held, Problem> {
        let counted = match &caller.program {
            Some(program) => Some(self.counted(program.id, WAITS_OF_A_TOKEN)?),
            None => None,
        };
        let permit = if counted.is_some() {
            place(&self.shared.program_waits)?
        } else {
            place(&self.shared.staff_streams)?
        };
        Ok(Held {
            _permit: permit,
            _counted: counted,
        })
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub(super) fn answers(&self) -> &Answers {
        &self.shared.answers
    }
}

/// A place among those who listen or wait.
#[derive(Debug)]
pub(super) struct Held {
    _permit: OwnedSemaphorePermit,
    _counted: Option<Counted>,
}

type WaitsOfTokens = Arc<Mutex<HashMap<TokenId, usize>>>;

/// One of a token's waits.
#[derive(Debug)]
struct Counted {
    all: WaitsOfTokens,
    token: TokenId,
}

impl Counted {
    fn one_more(all: &WaitsOfTokens, token: TokenId, most: usize) -> Result<Self, Problem> {
        let mut counted = all.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = counted.entry(token).or_default();
        if *mine >= most {
            return Err(Problem::too_many(format!(
                "This token waits {most} times at once already; wait until one has ended, or listen to all of them with one stream."
            ))
            .retry_after_s(10));
        }
        *mine += 1;
        Ok(Self {
            all: all.clone(),
            token,
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counted = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = counted.get_mut(&self.token) {
            *mine -= 1;
            if *mine == 0 {
                counted.remove(&self.token);
            }
        }
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
    use uuid::Uuid;

    #[test]
    fn a_token_has_so_many_places_and_gets_each_back() {
        let all = WaitsOfTokens::default();
        let (greedy, other) = (TokenId::from(Uuid::from_u128(1)), TokenId::from(Uuid::from_u128(2)));
        let mut waits: Vec<Counted> = (0..WAITS_OF_A_TOKEN)
            .map(|_| Counted::one_more(&all, greedy, WAITS_OF_A_TOKEN).unwrap())
            .collect();
        let refused = Counted::one_more(&all, greedy, WAITS_OF_A_TOKEN);
        assert!(refused.is_err_and(|problem| problem.status == 429 && problem.retry_after_s == Some(10)));
        assert!(Counted::one_more(&all, other, WAITS_OF_A_TOKEN).is_ok());
        waits.pop();
        assert!(Counted::one_more(&all, greedy, WAITS_OF_A_TOKEN).is_ok());
        drop(waits);
        assert!(all.lock().unwrap().is_empty());
    }

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
