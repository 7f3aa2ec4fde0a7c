//! Event streams (SSE).
//!
//! Listening begins before the first read, and every event only says *that* something was committed: what is sent is read
//! from the store above the last sequence sent. So nothing is lost or doubled between reading and listening, and a
//! stream that lags behind simply reads more at once.

use super::error::Problem;
use super::state::{Held, Web};
use crate::app::actions::{self, ApprovalView};
use crate::app::live::{self, Drafting, Texts};
use crate::app::team::{self, Presence};
use crate::app::visit::{self, Status, Visitor};
use crate::app::{Caller, engage, history};
use crate::domain::ids::ActionId;
use crate::store::Committed;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt as _};
use http::HeaderValue;
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// How often a comment line is sent when nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After this long a stream says `bye`; whoever comes back shows again who they are.
const LIVES: Duration = Duration::from_mins(30);
/// Where something waits, it is looked at again after this long: the business may have opened or closed, somebody come or gone.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// A wall is told that it moved at most this often.
const WALL_WAITS: Duration = Duration::from_secs(3);
/// What it shows of the last hour moves by itself.
const WALL_AGAIN: Duration = Duration::from_secs(15);
/// Log entries read at once.
const ENTRIES: u64 = 200;

/// Something that can be followed: new events, and a wait for more.
trait Followed: Send + 'static {
    /// What is new since the last call.
    fn news(&mut self) -> impl Future<Output = Result<Vec<Event>, Problem>> + Send;
    /// Ends when there may be news; false when there will never be any.
    fn wait(&mut self) -> impl Future<Output = bool> + Send;
}

fn follow<F: Followed>(followed: F) -> impl Stream<Item = Event> + Send {
    let start = (followed, VecDeque::new(), true);
    stream::unfold(
        start,
        async |(mut followed, mut ready, first): (F, VecDeque<Event>, bool)| {
            let mut look = first;
            loop {
                if let Some(event) = ready.pop_front() {
                    return Some((event, (followed, ready, false)));
                }
                if !look && !followed.wait().await {
                    return None;
                }
                look = false;
                match followed.news().await {
                    Ok(news) => ready.extend(news),
                    Err(problem) => {
                        tracing::warn!(problem = ?problem, "An event stream ends early: {}", problem.detail);
                        return None;
                    }
                }
            }
        },
    )
}

/// The answer of a stream: ended by shutdown or age with a `bye`, kept open by comment lines, unbuffered by proxies.
fn answer(web: &Web, place: Held, events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let stop = web.stop_streams().clone();
    let ended = async move {
        tokio::select! {
            () = stop.cancelled_owned() => {}
            () = tokio::time::sleep(LIVES) => {}
        }
    };
    let bye = stream::once(async { Event::default().event("bye").data("{}") });
    let events = events.take_until(Box::pin(ended)).chain(bye).map(move |event| {
        let _held_as_long_as_the_stream = &place;
        Ok::<_, Infallible>(event)
    });
    let mut response = Sse::new(events)
        .keep_alive(KeepAlive::new().interval(HEARTBEAT))
        .into_response();
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Ends when an entry of interest was committed, or some were missed; false when the store has closed.
async fn committed(receiver: &mut Receiver<Arc<Committed>>, concerns: impl Fn(&Committed) -> bool + Send) -> bool {
    loop {
        match receiver.recv().await {
            Ok(entry) if concerns(&entry) => return true,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return true,
            Err(RecvError::Closed) => return false,
        }
    }
}

/// A visitor's conversation: `message` and `status` events.
pub(super) fn conversation(web: &Web, visitor: Visitor, after: i64) -> Result<Response, Problem> {
    let place = web.place_for_visitor()?;
    let followed = Conversation {
        committed: live::committed(&web.app),
        drafting: live::drafting(&web.app),
        web: web.clone(),
        visitor,
        seq: after,
        status: None,
    };
    Ok(answer(web, place, follow(followed)))
}

struct Conversation {
    web: Web,
    visitor: Visitor,
    committed: Receiver<Arc<Committed>>,
    drafting: Receiver<Drafting>,
    /// The last one sent.
    seq: i64,
    /// The last one sent.
    status: Option<Status>,
}

impl Followed for Conversation {
    async fn news(&mut self) -> Result<Vec<Event>, Problem> {
        let app = &self.web.app;
        let mut events = Vec::new();
        for message in visit::messages_after(app, &self.visitor, self.seq).await? {
            self.seq = message.seq;
            events.push(event("message", &message)?.id(message.seq.to_string()));
        }
        let status = visit::status(app, &self.visitor).await?;
        if self.status.as_ref() != Some(&status) {
            events.push(event("status", &status)?);
            self.status = Some(status);
        }
        Ok(events)
    }

    async fn wait(&mut self) -> bool {
        let Visitor {
            workspace_id,
            conversation_id,
            ..
        } = self.visitor;
        let conversation = conversation_id.to_string();
        let ours = |entry: &Committed| {
            entry.header.workspace_id == workspace_id && entry.header.refs.get("conversation") == Some(&conversation)
        };
        let waits = |status: &Status| matches!(status.phase, visit::Phase::Checking | visit::Phase::WaitingForPerson);
        let waits = self.status.as_ref().is_some_and(waits);
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN), if waits => true,
            more = committed(&mut self.committed, ours) => more,
            more = drafting(&mut self.drafting, |phase| phase.conversation_id == conversation_id) => more,
        }
    }
}

async fn drafting(receiver: &mut Receiver<Drafting>, concerns: impl Fn(&Drafting) -> bool + Send) -> bool {
    loop {
        match receiver.recv().await {
            Ok(drafting) if concerns(&drafting) => return true,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return true,
            Err(RecvError::Closed) => return false,
        }
    }
}

/// What a log's stream tells beside the entries.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside {
    /// What the AI is at.
    pub(super) drafting: bool,
    /// That who is on the site, or a figure of the last hour, may have changed.
    pub(super) wall: bool,
}

/// A workspace's log: one unnamed event per entry, its sequence as id; and `presence` whenever somebody comes, goes or looks
/// at something else. With `drafting`, an event of that name too whenever the AI begins or ends drafting, and `forming` with
/// the text so far while the LLM writes one (null: no more), which are no entries. With `wall`, an event of that name, at most every [`WALL_WAITS`],
/// whenever visitors come, go or look at another page, and in any case every [`WALL_AGAIN`].
pub(super) fn log(web: &Web, caller: Caller, after: i64, beside: Beside) -> Result<Response, Problem> {
    let Beside { drafting, wall } = beside;
    let place = web.place_for(&caller)?;
    let followed = Log {
        committed: live::committed(&web.app),
        came_or_went: team::watch_presence(&web.app),
        drafting: drafting.then(|| live::drafting(&web.app)),
        drafted: false,
        forming: drafting.then(|| live::forming(&web.app, &caller)).transpose()?,
        formed: Texts::new(),
        only_forming: false,
        wall: wall.then(|| Wall {
            on_site: engage::watch(&web.app),
            told: Instant::now(),
            has_moved: false,
        }),
        web: web.clone(),
        caller,
        seq: after,
        present: Vec::new(),
        more: false,
    };
    Ok(answer(web, place, follow(followed)))
}

/// Live's wall, as one stream tells of it.
struct Wall {
    on_site: watch::Receiver<u64>,
    /// When it was last told to have moved.
    told: Instant,
    /// That is to be told now.
    has_moved: bool,
}

struct Log {
    web: Web,
    caller: Caller,
    committed: Receiver<Arc<Committed>>,
    came_or_went: watch::Receiver<u64>,
    /// Only where it was asked for.
    drafting: Option<Receiver<Drafting>>,
    /// Drafting began or ended since the last event.
    drafted: bool,
    /// Only where it was asked for.
    forming: Option<watch::Receiver<Texts>>,
    /// What was last sent of it.
    formed: Texts,
    /// Nothing else happened since the last event: the store need not be read for it.
    only_forming: bool,
    /// Only where it was asked for.
    wall: Option<Wall>,
    /// The last one sent.
    seq: i64,
    /// Who was there when this was last told.
    present: Vec<Presence>,
    /// The last read was full: there may be more already, which nothing will announce.
    more: bool,
}

impl Followed for Log {
    async fn news(&mut self) -> Result<Vec<Event>, Problem> {
        let mut events = Vec::new();
        if let Some(forming) = &mut self.forming {
            let now = forming.borrow_and_update().clone();
            events.extend(changes(&self.formed, &now)?);
            self.formed = now;
        }
        if let Some(wall) = self.wall.as_mut().filter(|wall| wall.has_moved) {
            wall.has_moved = false;
            wall.told = Instant::now();
            events.push(event("wall", &serde_json::json!({}))?);
            return Ok(events);
        }
        if std::mem::take(&mut self.only_forming) {
            return Ok(events);
        }
        let forming = events.len();
        for entry in history::after(&self.web.app, &self.caller, self.seq, ENTRIES).await? {
            self.seq = entry.seq;
            events.push(json(&entry)?.id(entry.seq.to_string()));
        }
        self.more = (events.len() - forming) as u64 >= ENTRIES;
        let present = team::present(&self.web.app, &self.caller).await?;
        if present != self.present {
            events.push(event("presence", &present)?);
            self.present = present;
        }
        if std::mem::take(&mut self.drafted) {
            events.push(event("drafting", &serde_json::json!({}))?);
        }
        Ok(events)
    }

    async fn wait(&mut self) -> bool {
        if self.more {
            return true;
        }
        let (workspace_id, seq) = (self.caller.workspace_id, self.seq);
        // What an earlier read already had is no news.
        let news = |entry: &Committed| entry.header.workspace_id == workspace_id && entry.header.seq > seq;
        let phases = &mut self.drafting;
        let drafted = async {
            match phases {
                Some(phases) => drafting(phases, |phase| phase.workspace_id == workspace_id).await,
                // It was not asked for.
                None => std::future::pending().await,
            }
        };
        let texts = &mut self.forming;
        let forming = async {
            match texts {
                Some(texts) => texts.changed().await.is_ok(),
                None => std::future::pending().await,
            }
        };
        let wall = &mut self.wall;
        let wall = async {
            let Some(wall) = wall else {
                return std::future::pending().await;
            };
            let waited = wall.told.elapsed();
            tokio::time::sleep(WALL_WAITS.saturating_sub(waited)).await;
            // What came before that is not seen yet, so it is heard of now.
            let changed = tokio::time::timeout(WALL_AGAIN.saturating_sub(waited), wall.on_site.changed()).await;
            // Nobody came for long, or somebody did; not if there will never be anybody again.
            wall.has_moved = changed.map_or(true, |changed| changed.is_ok());
            wall.has_moved
        };
        tokio::select! {
            more = wall => more,
            more = committed(&mut self.committed, news) => more,
            changed = self.came_or_went.changed() => changed.is_ok(),
            more = drafted => {
                self.drafted = more;
                more
            }
            more = forming => {
                self.only_forming = more;
                more
            }
        }
    }
}

/// Approvals looked at for one stream.
const APPROVALS: u64 = 200;
/// Clocks of a stream's two ends differ by so much, in milliseconds; what is told twice harms nobody.
const OVERLAP_MS: i64 = 60_000;

/// An agent's approvals: an `approval` event for each that waits or may be used, and for each that changes. Whoever comes back with
/// the last id hears what was decided meanwhile.
pub(super) async fn approvals(web: &Web, caller: Caller, last: Option<i64>) -> Result<Response, Problem> {
    let place = web.place_for(&caller)?;
    let mut followed = Approvals {
        committed: live::committed(&web.app),
        web: web.clone(),
        caller,
        known: HashMap::new(),
    };
    for approval in followed.read().await? {
        let ended = approval
            .consumed_at
            .or(approval.decision.as_ref().map(|decision| decision.final_at));
        let is_over = !matches!(approval.status, "pending" | "approved");
        let was_told = ended.is_none_or(|at| last.is_none_or(|last| at.0 < last - OVERLAP_MS));
        if is_over && was_told {
            followed.known.insert(approval.id, approval.status);
        }
    }
    Ok(answer(web, place, follow(followed)))
}

struct Approvals {
    web: Web,
    caller: Caller,
    committed: Receiver<Arc<Committed>>,
    /// How each stood when it was last told.
    known: HashMap<ActionId, &'static str>,
}

impl Approvals {
    async fn read(&self) -> Result<Vec<ApprovalView>, Problem> {
        let mut found = actions::of_agent_all(&self.web.app, &self.caller, Vec::new(), None, APPROVALS)
            .await?
            .items;
        found.reverse();
        Ok(found)
    }
}

impl Followed for Approvals {
    async fn news(&mut self) -> Result<Vec<Event>, Problem> {
        let mut events = Vec::new();
        for approval in self.read().await? {
            if self.known.insert(approval.id, approval.status) != Some(approval.status) {
                let now = self.web.app.now();
                events.push(event("approval", &approval)?.id(now.0.to_string()));
            }
        }
        Ok(events)
    }

    async fn wait(&mut self) -> bool {
        let workspace_id = self.caller.workspace_id;
        let token = self.caller.program.as_ref().map(|program| program.id.to_string());
        let ours = |entry: &Committed| {
            entry.header.workspace_id == workspace_id
                && entry.header.refs.contains_key("action")
                && (token.is_none() || entry.header.refs.get("token") == token.as_ref())
        };
        committed(&mut self.committed, ours).await
    }
}

/// One event for each text that is another now, or is no more.
fn changes(before: &Texts, now: &Texts) -> Result<Vec<Event>, Problem> {
    let gone = before.keys().filter(|id| !now.contains_key(id)).map(|id| (id, None));
    let written = now.iter().filter(|(id, text)| before.get(id) != Some(text));
    gone.chain(written.map(|(id, text)| (id, Some(&**text))))
        .map(|(id, text)| event("forming", &serde_json::json!({ "conversation_id": id, "text": text })))
        .collect()
}

fn event(name: &str, data: &impl serde::Serialize) -> Result<Event, Problem> {
    Ok(json(data)?.event(name))
}

fn json(data: &impl serde::Serialize) -> Result<Event, Problem> {
    Event::default().json_data(data).map_err(|cause| {
        tracing::error!(%cause, "An event cannot be written");
        Problem::internal_error()
    })
}
