//! Who is on the owner's site. Kept in memory for little more than a minute ([`crate::domain::presence`]) and never stored.

use crate::app::agents::PublicAgent;
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::WorkspaceId;
use crate::domain::page::{NotAPath, PagePath};
use crate::domain::presence::{Beat, Crowd, Noted, Sight};
use serde::Deserialize;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use uuid::Uuid;

/// The crowds of all workspaces.
#[derive(Debug, Default)]
pub(in crate::app) struct OnSite {
    crowds: Mutex<HashMap<WorkspaceId, Crowd>>,
    changed: watch::Sender<u64>,
}

impl OnSite {
    fn crowds(&self) -> MutexGuard<'_, HashMap<WorkspaceId, Crowd>> {
        self.crowds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a page with the widget says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// Made up by the tab, and forgotten with it.
    pub page: Uuid,
    /// Its path; what follows `?` or `#` is dropped.
    #[serde(default)]
    pub path: String,
    /// It is being left.
    #[serde(default)]
    pub gone: bool,
}

/// A page says that it is there, or that it is left. Returns where it is if that is news; where the owner does not want to know, nothing is noted.
///
/// # Errors
/// [`AppError::Invalid`] for something that is no path.
pub fn here(app: &App, agent: &PublicAgent, from: Option<IpAddr>, heard: &Heard) -> Result<Option<PagePath>, AppError> {
    let path = (!heard.gone).then(|| PagePath::parse(&heard.path)).transpose();
    let path = path.map_err(|error: NotAPath| AppError::Invalid(error.to_string()))?;
    if !agent.settings.presence {
        return Ok(None);
    }
    let uptime = app.uptime_ms();
    let mut crowds = app.inner.on_site.crowds();
    let crowd = crowds.entry(agent.workspace_id).or_default();
    let (news, at) = match path {
        Some(path) => {
            let beat = Beat {
                page: heard.page,
                agent: agent.agent_id,
                path: path.clone(),
                from,
            };
            let noted = crowd.note(beat, uptime);
            // Who finds no room is seen nowhere, and has reached something all the same.
            (noted == Noted::News, (noted != Noted::Known).then_some(path))
        }
        None => (crowd.leave(heard.page), None),
    };
    drop(crowds);
    if news {
        app.inner.on_site.changed.send_modify(|times| *times += 1);
    }
    Ok(at)
}

/// Who is on the site now, with at most so many paths.
///
/// # Errors
/// [`AppError::Forbidden`].
pub fn on_site(app: &App, caller: &Caller, most_paths: usize) -> Result<Sight, AppError> {
    caller.require(Scope::Read)?;
    let uptime = app.uptime_ms();
    let mut crowds = app.inner.on_site.crowds();
    let Some(crowd) = crowds.get_mut(&caller.workspace_id) else {
        return Ok(Sight::default());
    };
    crowd.forget_gone(uptime);
    let sight = crowd.sight(uptime, most_paths);
    if crowd.is_empty() {
        crowds.remove(&caller.workspace_id);
    }
    Ok(sight)
}

/// Changes whenever somebody comes, goes or looks at another page, in whichever workspace.
pub fn watch(app: &App) -> watch::Receiver<u64> {
    app.inner.on_site.changed.subscribe()
}
