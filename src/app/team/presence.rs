//! Who is there right now, and at what they look. Kept in memory: it is true for less than a minute.

use super::super::caller::Caller;
use super::super::views::Names;
use super::super::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::{ConversationId, MemberId, WorkspaceId};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Who has not been heard of for this long is not there: a page says every 20 seconds that it is open.
const PRESENT_MS: i64 = 45_000;

type Heard = BTreeMap<(WorkspaceId, MemberId), (Timestamp, Option<ConversationId>)>;

/// Who was heard of, and when.
#[derive(Debug)]
pub(in crate::app) struct Present {
    heard: Mutex<Heard>,
    changed: watch::Sender<u64>,
}

impl Default for Present {
    fn default() -> Self {
        Self {
            heard: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }
}

/// A page says that somebody has it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The conversation on the screen.
    #[serde(default)]
    pub conversation_id: Option<ConversationId>,
}

/// Somebody who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Presence {
    /// Who.
    pub member_id: MemberId,
    /// Their name.
    pub name: String,
    /// The conversation they look at.
    pub conversation_id: Option<ConversationId>,
    /// It is the asker.
    pub yours: bool,
}

impl Present {
    /// Notes where a member is; tells whether that is news.
    fn note(&self, key: (WorkspaceId, MemberId), at: Timestamp, looks_at: Option<ConversationId>) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let before = heard.insert(key, (at, looks_at));
        before.is_none_or(|(then, looked_at)| looked_at != looks_at || !is_present(then, at))
    }

    fn forget(&self, key: (WorkspaceId, MemberId)) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.remove(&key).is_some()
    }

    fn tell(&self) {
        self.changed.send_modify(|times| *times += 1);
    }

    /// Forgets who has not been heard of for long; tells whether somebody left by that.
    fn expire(&self, now: Timestamp) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let before = heard.len();
        heard.retain(|_, (at, _)| is_present(*at, now));
        heard.len() < before
    }

    fn of(&self, workspace_id: WorkspaceId, now: Timestamp) -> Vec<(MemberId, Option<ConversationId>)> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard
            .iter()
            .filter(|((workspace, _), (at, _))| *workspace == workspace_id && is_present(*at, now))
            .map(|((_, member), (_, looks_at))| (*member, *looks_at))
            .collect()
    }
}

/// Whoever was heard of "later" was heard of before the clock went back.
const fn is_present(at: Timestamp, now: Timestamp) -> bool {
    now.ms_since(at) < PRESENT_MS && at.ms_since(now) < PRESENT_MS
}

/// A member's page is open.
///
/// # Errors
/// [`AppError::Forbidden`] or [`AppError::NoMember`].
pub async fn heartbeat(app: &App, caller: &Caller, heartbeat: Heartbeat) -> Result<Vec<Presence>, AppError> {
    caller.require(Scope::Review)?;
    let key = (caller.workspace_id, caller.member()?);
    if app.inner.present.note(key, app.now(), heartbeat.conversation_id) {
        app.inner.present.tell();
    }
    present(app, caller).await
}

/// A member's page was closed.
///
/// # Errors
/// [`AppError::Forbidden`] or [`AppError::NoMember`].
pub fn leave(app: &App, caller: &Caller) -> Result<(), AppError> {
    caller.require(Scope::Review)?;
    if app.inner.present.forget((caller.workspace_id, caller.member()?)) {
        app.inner.present.tell();
    }
    Ok(())
}

/// Who is there, and at what they look.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn present(app: &App, caller: &Caller) -> Result<Vec<Presence>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut names = Names::default();
    let mut there = Vec::new();
    for (member_id, conversation_id) in members_present(app, caller.workspace_id) {
        there.push(Presence {
            member_id,
            name: names.of(&rows, member_id).await?,
            conversation_id,
            yours: caller.member().is_ok_and(|me| me == member_id),
        });
    }
    Ok(there)
}

/// Does this member have a page open?
pub(in crate::app) fn is_there(app: &App, workspace_id: WorkspaceId, member: MemberId) -> bool {
    members_present(app, workspace_id)
        .iter()
        .any(|(present, _)| *present == member)
}

/// Told whenever somebody comes, goes or looks at something else, in any workspace.
pub fn watch_presence(app: &App) -> watch::Receiver<u64> {
    app.inner.present.changed.subscribe()
}

/// The members who are there.
pub(super) fn members_present(app: &App, workspace_id: WorkspaceId) -> Vec<(MemberId, Option<ConversationId>)> {
    app.inner.present.of(workspace_id, app.now())
}

/// Something changed that matters as much as somebody coming or going.
pub(super) fn tell(app: &App) {
    app.inner.present.tell();
}

/// Lets those go who have not been heard of for long.
pub(super) fn expire(app: &App) {
    if app.inner.present.expire(app.now()) {
        app.inner.present.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn who_falls_silent_is_gone_whatever_the_clock_does() {
        let present = Present::default();
        let workspace = WorkspaceId::from(Uuid::from_u128(1));
        let key = (workspace, MemberId::from(Uuid::from_u128(2)));
        assert!(present.note(key, Timestamp(0), None), "news");
        assert!(!present.note(key, Timestamp(20_000), None), "no news");
        assert_eq!(present.of(workspace, Timestamp(60_000)), [(key.1, None)]);
        assert!(present.of(workspace, Timestamp(20_000 + PRESENT_MS)).is_empty());
        assert!(
            present.of(workspace, Timestamp(-PRESENT_MS)).is_empty(),
            "the clock went back"
        );
        assert!(present.expire(Timestamp(20_000 + PRESENT_MS)));
        assert!(!present.expire(Timestamp(20_000 + PRESENT_MS)), "gone once");
        assert!(present.note(key, Timestamp(70_000), None), "back again");
        assert!(present.forget(key) && !present.forget(key));
    }
}
