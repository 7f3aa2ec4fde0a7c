//! `POST /v1/chat/completions` and what belongs to it: OpenAI's protocol in front of the gate, for programs that speak it already.
//!
//! [`request`] reads what comes in, [`reply`] writes what goes out, [`refusal`] says no as that protocol does. What a request means, and
//! what becomes of it, is decided in [`crate::app::converse`]. No page of another site may call here: a program has a token, a page has none.

mod refusal;
mod reply;
mod request;

use self::reply::Reply;
use self::request::Asked;
use super::error::Problem;
use super::extract::{CallerOf, InPath, Upload, bearer, parse_json};
use super::layers::RequestId;
use super::state::{Held, Web};
use crate::app::converse::{self, Handing, Place, Prepared, Standing};
use crate::app::{AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::TurnId;
use axum::extract::{FromRequestParts, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router, middleware};
use futures::stream;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::str::FromStr;
use std::time::Duration;
use tracing::Instrument as _;

/// Under which path these routes live.
pub(super) const PATH: &str = "/v1";
/// What stands before a turn's id in the id of a completion.
const ID_PREFIX: &str = "chatcmpl-";
/// How often a stream that waits says that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(5);

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/chat/completions", post(complete))
        .route("/chat/completions/{id}", get(retrieve))
        .route("/models", get(models))
        .route("/models/{model}", get(model))
        .fallback(async || Problem::unknown_path())
        .layer(middleware::from_fn(refusal::in_the_protocols_words))
}

/// A program with a token that may speak for visitors.
struct Program(Caller);

impl FromRequestParts<Web> for Program {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        if bearer(&parts.headers)?.is_none() {
            return Err(Problem::unauthenticated(
                "Send a token with the scope `converse` as the API key; make one with: holdpoint admin token add NAME --as EMAIL --scope converse",
            ));
        }
        let CallerOf(caller) = CallerOf::from_request_parts(parts, web).await?;
        if caller.require(Scope::Converse).is_err() || caller.program.is_none() {
            return Err(Problem::forbidden(
                "This token may not speak for visitors; make one with: holdpoint admin token add NAME --as EMAIL --scope converse",
            ));
        }
        Ok(Self(caller))
    }
}

/// The id of a completion: its turn's.
struct Completion(TurnId);

impl FromStr for Completion {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = text.strip_prefix(ID_PREFIX).and_then(|id| id.parse().ok());
        id.map(Self)
            .ok_or("this is not the id of a completion; it looks like chatcmpl-01981b2e-7c1a-7000-8000-000000000000")
    }
}

/// A request that is being answered.
struct Answering {
    web: Web,
    caller: Caller,
    place: Place,
    wait: Duration,
    reply: Reply,
    /// Held as long as it waits.
    _place: Held,
}

impl Answering {
    /// How the turn stands, after the wait.
    async fn standing(&self) -> Result<Standing, Problem> {
        let app = &self.web.app;
        let waited = converse::waited(app, &self.caller, &self.place, self.wait);
        let standing = tokio::select! {
            standing = waited => standing,
            () = self.web.stop_streams().cancelled() => {
                converse::waited(app, &self.caller, &self.place, Duration::ZERO).await
            }
        };
        standing.map_err(|error| match error {
            AppError::Unauthenticated => {
                Problem::unauthenticated("This token was revoked; make a new one with: holdpoint admin token add")
            }
            error => error.into(),
        })
    }

    /// The program has it.
    async fn hand_out(&self, standing: &Standing, handing: Option<Handing>) -> Result<(), Problem> {
        converse::hand_out(&self.web.app, &self.place, standing.seq).await?;
        if let Some(handing) = handing {
            handing.done();
        }
        Ok(())
    }

    async fn whole(self, handing: Option<Handing>) -> Result<Response, Problem> {
        let standing = self.standing().await?;
        self.hand_out(&standing, handing).await?;
        Ok(Json(self.reply.completion(&standing)).into_response())
    }

    fn stream(self, handing: Handing, request_id: String) -> Response {
        let start = Streaming {
            answering: self,
            handing: Some(handing),
            request_id,
            ready: VecDeque::new(),
            at: At::Begin,
        };
        let events = stream::unfold(start, async |mut streaming: Streaming| {
            let event = streaming.next().await?;
            Some((Ok::<_, Infallible>(event), streaming))
        });
        let mut response = Sse::new(events)
            .keep_alive(KeepAlive::new().interval(HEARTBEAT))
            .into_response();
        response
            .headers_mut()
            .insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }
}

/// How far a stream is.
enum At {
    Begin,
    Waiting,
    /// The text is on its way.
    Said(Box<Standing>),
    End,
}

struct Streaming {
    answering: Answering,
    handing: Option<Handing>,
    request_id: String,
    ready: VecDeque<Event>,
    at: At,
}

impl Streaming {
    /// The next event; none at the end. Nothing of an answer is in any of them before it was released.
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.ready.pop_front() {
            return Some(event);
        }
        let Answering { reply, place, .. } = &self.answering;
        match std::mem::replace(&mut self.at, At::End) {
            At::Begin => {
                self.at = At::Waiting;
                Some(data(&reply.first_chunk(place.turn_id)))
            }
            At::Waiting => match self.answering.standing().await {
                Ok(standing) => {
                    let text = data(&reply.text_chunk(&standing));
                    self.at = At::Said(Box::new(standing));
                    Some(text)
                }
                Err(problem) => Some(self.broken(&problem)),
            },
            // Asked for more, the connection has taken the text.
            At::Said(standing) => match self.answering.hand_out(&standing, self.handing.take()).await {
                Ok(()) => {
                    self.ready.push_back(Event::default().data("[DONE]"));
                    Some(data(&reply.last_chunk(&standing)))
                }
                Err(problem) => Some(self.broken(&problem)),
            },
            At::End => None,
        }
    }

    fn broken(&self, problem: &Problem) -> Event {
        data(&refusal::body(problem, &self.request_id))
    }
}

fn data(value: &Value) -> Event {
    Event::default().data(value.to_string())
}

/// `POST /v1/chat/completions`
async fn complete(
    State(web): State<Web>,
    Program(caller): Program,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    Upload(body): Upload<1>,
) -> Result<Response, Problem> {
    let asked = Asked::read(parse_json(&body)?, &headers)?;
    let prepared = match converse::prepare(&web.app, &caller, &asked.question).await {
        Err(AppError::NotFound(_)) => return Err(unknown_model(&asked.question.agent)),
        prepared => prepared?,
    };
    // Whoever waits holds a place, as a page's stream does.
    let waiting = web.place_for_program(&caller)?;
    let limits = web.limits();
    if prepared.begins() {
        limits.conversation_of_program(prepared.token())?;
    }
    for _ in 0..prepared.says() {
        limits.message_of_program(prepared.token(), prepared.visitor())?;
    }
    let (place, handing) = say(&web, &caller, prepared).await?;
    let answering = Answering {
        web,
        caller,
        place,
        wait: asked.wait,
        reply: Reply::to(asked.question.agent, asked.ignored),
        _place: waiting,
    };
    if asked.stream {
        Ok(answering.stream(handing, request_id.0))
    } else {
        answering.whole(Some(handing)).await
    }
}

/// Says all of it, also for a program that hangs up in the middle.
async fn say(web: &Web, caller: &Caller, prepared: Prepared) -> Result<(Place, Handing), Problem> {
    let (app, caller) = (web.app.clone(), caller.clone());
    let saying = async move { converse::say(&app, &caller, prepared).await };
    match tokio::spawn(saying.in_current_span()).await {
        Ok(said) => Ok(said?),
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_stopping) => Err(Problem::unavailable("Holdpoint is stopping; try again in a moment.")),
        },
    }
}

/// `GET /v1/chat/completions/{id}`
async fn retrieve(
    State(web): State<Web>,
    Program(caller): Program,
    InPath(Completion(id)): InPath<Completion>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wait = request::wait(&headers)?;
    let place = converse::place(&web.app, &caller, id).await?;
    let waiting = web.place_for_program(&caller)?;
    let answering = Answering {
        web,
        caller,
        place,
        wait,
        reply: Reply::default(),
        _place: waiting,
    };
    answering.whole(None).await
}

fn unknown_model(name: &str) -> Problem {
    Problem::not_found(format!(
        "There is no agent “{name}” here; send an agent's public key or name as `model`, GET /v1/models lists them."
    ))
    .with("param", "model")
    .with("code", "model_not_found")
}

/// `GET /v1/models`
async fn models(State(web): State<Web>, Program(caller): Program) -> Result<Json<Value>, Problem> {
    let agents = converse::agents(&web.app, &caller).await?;
    let data: Vec<Value> = agents.iter().map(reply::model).collect();
    Ok(Json(json!({ "object": "list", "data": data })))
}

/// `GET /v1/models/{model}`
async fn model(
    State(web): State<Web>,
    Program(caller): Program,
    InPath(name): InPath<String>,
) -> Result<Json<Value>, Problem> {
    match converse::agent(&web.app, &caller, &name).await {
        Err(AppError::NotFound(_)) => Err(unknown_model(&name)),
        agent => Ok(Json(reply::model(&agent?))),
    }
}
