//! Who looks at a page, and the frame their page gets.

use super::view::{self, EngineState, GateBadge, Moment, Section, Shell};
use crate::app::accounts::{self, Place};
use crate::app::desk::{self, Frame};
use crate::app::undelivered::{self, Undelivered};
use crate::app::{Caller, Who, agency, status};
use crate::domain::account::{Role, Scope};
use crate::domain::policy::GateState;
use crate::domain::time::Timestamp;
use crate::store::Failing;
use crate::web::error::Problem;
use crate::web::session::SignedIn;
use crate::web::state::Web;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use http::Method;
use http::request::Parts;
use jiff::tz::TimeZone;

/// The signed-in person behind a page, with what surrounds it.
#[derive(Debug)]
pub(super) struct Viewer {
    pub(super) caller: Caller,
    pub(super) frame: Frame,
    pub(super) zone: TimeZone,
    csrf_token: String,
    engine: EngineState,
    undelivered: Undelivered,
    places: Vec<Place>,
}

impl FromRequestParts<Web> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let signed_in = SignedIn::of(web, &parts.headers)
            .await
            .map_err(IntoResponse::into_response)?;
        let Some(SignedIn { caller, csrf_token }) = signed_in else {
            return Err(refused(parts));
        };
        let frame = desk::frame(&web.app, &caller)
            .await
            .map_err(|error| Problem::from(error).into_response())?;
        // A zone that this machine does not know is no reason to show nothing.
        let zone = TimeZone::get(&frame.time_zone).unwrap_or(TimeZone::UTC);
        let engine = engine_state(&status::engine(&web.app));
        // A part of a page is asked for with every key, and has no frame.
        let undelivered = if is_page(parts) && caller.require(Scope::Admin).is_ok() {
            let found = undelivered::undelivered(&web.app, &caller).await;
            found.map_err(|error| Problem::from(error).into_response())?
        } else {
            Undelivered::default()
        };
        let places = if is_page(parts) {
            let found = accounts::places(&web.app, &caller).await;
            found.map_err(|error| Problem::from(error).into_response())?
        } else {
            Vec::new()
        };
        Ok(Self {
            caller,
            frame,
            zone,
            csrf_token,
            engine,
            undelivered,
            places,
        })
    }
}

fn is_page(parts: &Parts) -> bool {
    parts.method == Method::GET && !parts.uri.path().starts_with("/parts/")
}

/// A page leads to the door and back; a part of a page, which a script asked for, says that nobody is signed in.
fn refused(parts: &Parts) -> Response {
    if !is_page(parts) {
        return Problem::unauthenticated("You are signed out; sign in to go on.").into_response();
    }
    let wanted = parts.uri.path_and_query().map_or("/queue", |path| path.as_str());
    Redirect::to(&super::entrance::door(wanted)).into_response()
}

fn engine_state(engine: &status::EngineView) -> EngineState {
    if engine.ready {
        EngineState::Up
    } else {
        let what = super::sentence(&engine.in_words);
        EngineState::Down(format!(
            "{what} Until it is ready, drafts are found by keyword and held."
        ))
    }
}

impl Viewer {
    /// The frame of a page.
    pub(super) fn shell(&self, section: Section) -> Shell {
        let (places, sees_agency) = (self.choices(), agency::sees(&self.places));
        Shell {
            workspace_id: self.caller.workspace_id.to_string(),
            places,
            sees_agency,
            workspace: self.frame.workspace.clone(),
            person: self.name().to_owned(),
            member: self.caller.member().ok().map(|id| id.to_string()),
            manages: self.caller.require(Scope::Admin).is_ok(),
            section,
            waiting: self.frame.waiting,
            gate: match &self.frame.gate {
                GateState::Closed => GateBadge::Closed,
                GateState::Uncertified { topics } => {
                    let names: Vec<String> = topics.iter().map(|released| format!("“{}”", released.topic)).collect();
                    let by = self.frame.gate_by.clone().unwrap_or_else(|| "Somebody".to_owned());
                    GateBadge::Uncertified(by, names.join(", "))
                }
                GateState::Certified(_) => GateBadge::Certified,
            },
            engine: self.engine.clone(),
            undelivered: self.undelivered(),
            switched_off: self.undelivered.switched_off,
            csrf_token: self.csrf_token.clone(),
            after_seq: self.frame.head,
        }
    }

    fn undelivered(&self) -> Vec<view::Undelivered> {
        let told = |failing: Failing, what: &str, command: &'static str| {
            let oldest = self.moment(failing.since?);
            let what = match failing.count {
                1 => format!("1 {what} keeps failing"),
                more => format!("{more} {what}s keep failing"),
            };
            Some(view::Undelivered { what, oldest, command })
        };
        let Undelivered { webhooks, mails, .. } = self.undelivered;
        let found = [told(webhooks, "webhook", "webhook"), told(mails, "e-mail", "mail")];
        found.into_iter().flatten().collect()
    }

    /// The workspaces that the person may go to; nothing where there is no other.
    fn choices(&self) -> Vec<view::PlaceChoice> {
        if self.places.len() < 2 {
            return Vec::new();
        }
        let choice = |place: &Place| view::PlaceChoice {
            id: place.workspace_id.to_string(),
            name: place.name.clone(),
            role: match place.role {
                Role::Reviewer => "reviewer",
                Role::Admin => "admin",
                Role::Owner => "owner",
            },
            waiting: place.waiting,
            is_current: place.is_current,
        };
        self.places.iter().map(choice).collect()
    }

    fn name(&self) -> &str {
        match &self.caller.who {
            Who::Member { name, .. } => name,
            Who::Admin => "Administrator",
        }
    }

    /// The workspace's zone, by name.
    pub(super) fn time_zone(&self) -> &str {
        &self.frame.time_zone
    }

    /// The last day before a moment at which something ends, as a form has it: `2027-01-31`.
    pub(super) fn last_day(&self, end: Timestamp) -> String {
        let last = jiff::Timestamp::from_millisecond(end.0.saturating_sub(1));
        let day = last.map(|last| last.to_zoned(self.zone.clone()).date().to_string());
        day.unwrap_or_default()
    }

    /// A time in the workspace's zone.
    pub(super) fn moment(&self, at: Timestamp) -> Moment {
        Moment::at(at.0, &self.zone)
    }
}
