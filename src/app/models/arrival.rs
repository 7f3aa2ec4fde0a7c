//! Model files on their way in: who waits for one asks here how far it is.

use super::{Catalogue, catalogue, conflict};
use crate::app::{App, AppError};
use crate::domain::ids::ArrivalId;
use crate::domain::model::{ModelName, Purpose, Sha256Digest};
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// Files that may be on their way at the same time: more would only make each other slow.
const MOST_AT_ONCE: usize = 2;
/// Arrivals that have ended and can still be asked about.
const REMEMBERED: usize = 32;

/// How far an arrival is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ArrivalState {
    /// The file, the space and the memory are looked at.
    Checking,
    /// Bytes are coming in.
    Fetching,
    /// The connection broke; it is tried again soon.
    Waiting,
    /// The digest is being computed.
    Hashing,
    /// The file is put in its place.
    Storing,
    /// It is in the catalogue.
    Done,
    /// It is not, and `problem` says why.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl ArrivalState {
    /// True if nothing more will happen.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// An arrival as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArrivalView {
    /// Its id.
    pub id: ArrivalId,
    /// The model's name.
    pub name: ModelName,
    /// Where it comes from.
    pub source: String,
    /// How far it is.
    pub state: ArrivalState,
    /// Bytes of this step that are done.
    pub bytes_done: u64,
    /// Bytes of this step in all, if that is known.
    pub bytes_total: Option<u64>,
    /// What the model is for, once its header is known.
    pub purpose: Option<Purpose>,
    /// Its digest, once it is known.
    pub sha256: Option<Sha256Digest>,
    /// What a person should know, as sentences.
    pub notes: Vec<String>,
    /// Why it failed, or why it waits.
    pub problem: Option<String>,
}

/// One arrival.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) id: ArrivalId,
    /// What was asked for: the same wish again joins this one.
    wish: String,
    /// Cancelled when somebody stops it, or when Holdpoint stops.
    pub(super) stop: CancellationToken,
    view: Mutex<ArrivalView>,
}

impl Arrival {
    /// Changes what is told about it.
    pub(super) fn tell(&self, change: impl FnOnce(&mut ArrivalView)) {
        change(&mut self.locked());
    }

    pub(super) fn view(&self) -> ArrivalView {
        self.locked().clone()
    }

    /// Begins a step of `total` bytes, of which `done` are there.
    pub(super) fn begin(&self, state: ArrivalState, done: u64, total: Option<u64>) {
        self.tell(|view| {
            view.state = state;
            view.bytes_done = done;
            view.bytes_total = total;
        });
    }

    pub(super) fn note(&self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        self.tell(|view| {
            if !view.notes.contains(&sentence) {
                view.notes.push(sentence);
            }
        });
    }

    fn locked(&self) -> MutexGuard<'_, ArrivalView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All of them, the newest first.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    known: Mutex<VecDeque<Arc<Arrival>>>,
}

impl Arrivals {
    fn locked(&self) -> MutexGuard<'_, VecDeque<Arc<Arrival>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Is a file of this name on its way?
    pub(super) fn is_expected(&self, name: &ModelName) -> bool {
        self.locked().iter().any(|arrival| {
            let view = arrival.locked();
            view.name == *name && !view.state.is_over()
        })
    }
}

/// Begins an arrival, or joins the one that has been asked for in the same words. Tells which of both it was.
pub(super) fn begin(
    app: &App,
    catalogue: &Catalogue,
    name: ModelName,
    source: String,
    wish: String,
) -> Result<(Arc<Arrival>, bool), AppError> {
    let mut known = catalogue.arrivals.locked();
    let running = known.iter().filter(|arrival| !arrival.locked().state.is_over());
    if let Some(same) = running.clone().find(|arrival| arrival.locked().name == name) {
        return if same.wish == wish {
            Ok((same.clone(), false))
        } else {
            Err(conflict(format!(
                "another file is on its way in as {name}; wait for it, or give this one another name with --name"
            )))
        };
    }
    if running.count() >= MOST_AT_ONCE {
        return Err(AppError::TooMany(format!(
            "there are {MOST_AT_ONCE} models on their way in already; try again when one has arrived"
        )));
    }
    let id = ArrivalId::new(&*app.sources().ids);
    let arrival = Arc::new(Arrival {
        id,
        wish,
        stop: app.inner.stopping.child_token(),
        view: Mutex::new(ArrivalView {
            id,
            name,
            source,
            state: ArrivalState::Checking,
            bytes_done: 0,
            bytes_total: None,
            purpose: None,
            sha256: None,
            notes: Vec::new(),
            problem: None,
        }),
    });
    known.push_front(arrival.clone());
    known.truncate(REMEMBERED);
    Ok((arrival, true))
}

/// How an arrival ends without a model.
#[derive(Debug)]
pub(super) enum Ended {
    /// With a reason.
    Failed(String),
    /// Somebody stopped it.
    Stopped,
}

impl<E: std::error::Error> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Writes down how an arrival ended.
pub(super) fn conclude(arrival: &Arrival, result: Result<(), Ended>) {
    let view = arrival.view();
    match result {
        Ok(()) => {
            tracing::info!(model.name = %view.name, model.source = %view.source, "A model has come in");
            arrival.tell(|view| {
                view.state = ArrivalState::Done;
                view.problem = None;
            });
        }
        Err(Ended::Stopped) => {
            tracing::info!(model.name = %view.name, "A model's arrival was stopped");
            arrival.tell(|view| view.state = ArrivalState::Cancelled);
        }
        Err(Ended::Failed(why)) => {
            tracing::warn!(model.name = %view.name, model.source = %view.source, %why, "A model did not come in");
            arrival.tell(|view| {
                view.state = ArrivalState::Failed;
                view.problem = Some(why);
            });
        }
    }
}

fn find(app: &App, id: ArrivalId) -> Result<Arc<Arrival>, AppError> {
    let known = catalogue(app)?.arrivals.locked();
    let found = known.iter().find(|arrival| arrival.id == id);
    found.cloned().ok_or(AppError::NotFound("the download"))
}

/// How far an arrival is.
///
/// # Errors
/// [`AppError::NotFound`] if it is unknown or long over.
pub fn arrival(app: &App, id: ArrivalId) -> Result<ArrivalView, AppError> {
    Ok(find(app, id)?.view())
}

/// Arrivals that run, and the last ones that have ended, the newest first.
///
/// # Errors
/// [`AppError::Invalid`] if this server keeps no models.
pub fn arrivals(app: &App) -> Result<Vec<ArrivalView>, AppError> {
    let known = catalogue(app)?.arrivals.locked();
    Ok(known.iter().map(|arrival| arrival.view()).collect())
}

/// Stops an arrival. What a download has fetched so far stays and is used when it is asked for again.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] once it is over.
pub fn cancel(app: &App, id: ArrivalId) -> Result<(), AppError> {
    let arrival = find(app, id)?;
    if arrival.view().state.is_over() {
        return Err(conflict("this is over already; nothing was changed"));
    }
    arrival.stop.cancel();
    Ok(())
}
