//! Who is there right now, and at what they look. Kept in memory: it is true for minutes.
//!
//! Time is this process's uptime ([`crate::domain::time::Clock::uptime_ms`]): a clock that is set, or a machine that wakes, sends nobody home. For
//! as long after a start as a page may be silent, nobody is known to be gone ([`is_known`]).

use super::super::caller::Caller;
use super::super::views::Names;
use super::super::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::{ConversationId, MemberId, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use uuid::Uuid;

/// Who has not been heard of for this long is not there. A page says every 20 seconds that it is open; browsers let one in
/// the background say so once a minute.
const PRESENT_MS: i64 = 150_000;
/// Who has touched neither keyboard nor pointer for this long is not there, whatever they have left open.
const AWAKE_MS: i64 = 15 * 60_000;
/// A page that has been silent for this long shows nothing. Only one in the foreground says what it shows, and browsers do
/// not slow that one down.
const SHOWN_MS: i64 = 45_000;
/// Pages of one member that are told apart: nobody looks at more at a time.
const MOST_PAGES: usize = 16;

/// What one page shows.
#[derive(Debug, Clone, Copy)]
struct Page {
    id: Uuid,
    said: i64,
    conversation_id: ConversationId,
}

/// What was heard of one member.
#[derive(Debug, Clone)]
struct Heard {
    /// When any page of theirs was last heard of.
    said: i64,
    /// When they last touched keyboard or pointer.
    touched: i64,
    /// What they look at, the latest last.
    pages: Vec<Page>,
}

impl Heard {
    fn is_present(&self, uptime: i64) -> bool {
        uptime - self.said < PRESENT_MS && uptime.saturating_sub(self.touched) < AWAKE_MS
    }

    /// Every conversation once.
    fn looks_at(&self, uptime: i64) -> Vec<ConversationId> {
        let shown = self.pages.iter().filter(|page| page.is_shown(uptime));
        let mut looks_at: Vec<ConversationId> = shown.map(|page| page.conversation_id).collect();
        looks_at.sort_unstable();
        looks_at.dedup();
        looks_at
    }
}

impl Page {
    const fn is_shown(&self, uptime: i64) -> bool {
        uptime - self.said < SHOWN_MS
    }
}

type Key = (WorkspaceId, MemberId);

/// Who was heard of, and when.
#[derive(Debug)]
pub(in crate::app) struct Present {
    /// The uptime at which this began to listen.
    since: i64,
    heard: Mutex<BTreeMap<Key, Heard>>,
    changed: watch::Sender<u64>,
}

/// A page says that somebody has it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The conversation on the screen; none while the page is in the background.
    #[serde(default)]
    pub conversation_id: Option<ConversationId>,
    /// Tells the pages of one member apart.
    #[serde(default)]
    pub page: Uuid,
    /// How long nobody has touched keyboard or pointer there, in milliseconds.
    #[serde(default)]
    pub idle_ms: u64,
}

/// Somebody who is there. Who looks at several conversations is listed once for each.
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
    /// Nobody has been heard of, from this uptime on.
    pub(in crate::app) fn since(uptime: i64) -> Self {
        Self {
            since: uptime,
            heard: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }

    /// Whoever was there before this began has had the time to be heard of.
    const fn is_known(&self, uptime: i64) -> bool {
        uptime - self.since >= PRESENT_MS
    }

    fn heard(&self) -> MutexGuard<'_, BTreeMap<Key, Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes where a member is; tells whether that is news.
    fn note(&self, key: Key, uptime: i64, beat: Heartbeat) -> bool {
        let mut all = self.heard();
        let touched = uptime.saturating_sub(i64::try_from(beat.idle_ms).unwrap_or(i64::MAX));
        let before = all.remove(&key);
        let was = before.as_ref().filter(|heard| heard.is_present(uptime));
        let was = was.map(|heard| heard.looks_at(uptime));
        let mut heard = before.unwrap_or(Heard {
            said: uptime,
            touched,
            pages: Vec::new(),
        });
        heard.said = uptime;
        heard.touched = heard.touched.max(touched);
        heard.pages.retain(|page| page.id != beat.page && page.is_shown(uptime));
        if let Some(conversation_id) = beat.conversation_id {
            if heard.pages.len() >= MOST_PAGES {
                heard.pages.remove(0);
            }
            heard.pages.push(Page {
                id: beat.page,
                said: uptime,
                conversation_id,
            });
        }
        let is = heard.is_present(uptime).then(|| heard.looks_at(uptime));
        let is_news = was != is;
        if is.is_some() {
            all.insert(key, heard);
        }
        is_news
    }

    fn forget(&self, key: Key) -> bool {
        self.heard().remove(&key).is_some()
    }

    fn tell(&self) {
        self.changed.send_modify(|times| *times += 1);
    }

    /// Forgets who and what has been silent for long; tells whether that is news.
    fn expire(&self, uptime: i64) -> bool {
        let mut all = self.heard();
        let told = |all: &BTreeMap<Key, Heard>| (all.len(), all.values().map(|heard| heard.pages.len()).sum::<usize>());
        let before = told(&all);
        all.retain(|_, heard| heard.is_present(uptime));
        for heard in all.values_mut() {
            heard.pages.retain(|page| page.is_shown(uptime));
        }
        told(&all) != before
    }

    fn of(&self, workspace_id: WorkspaceId, uptime: i64) -> Vec<(MemberId, Option<ConversationId>)> {
        let mut there = Vec::new();
        for ((workspace, member), heard) in self.heard().iter() {
            if *workspace != workspace_id || !heard.is_present(uptime) {
                continue;
            }
            let looks_at = heard.looks_at(uptime);
            if looks_at.is_empty() {
                there.push((*member, None));
            }
            there.extend(looks_at.into_iter().map(|conversation| (*member, Some(conversation))));
        }
        there
    }
}

/// A member's page is open.
///
/// # Errors
/// [`AppError::Forbidden`] or [`AppError::NoMember`].
pub async fn heartbeat(app: &App, caller: &Caller, heartbeat: Heartbeat) -> Result<Vec<Presence>, AppError> {
    caller.require(Scope::Review)?;
    let key = (caller.workspace_id, caller.member()?);
    if app.inner.present.note(key, app.uptime_ms(), heartbeat) {
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

/// Is this member there? While that is not known, they are not called gone.
pub(in crate::app) fn may_be_there(app: &App, workspace_id: WorkspaceId, member: MemberId) -> bool {
    let there = members_present(app, workspace_id);
    !is_known(app) || there.iter().any(|(present, _)| *present == member)
}

/// Is it known who is there? Not until the pages that were open before a restart have had the time to say so.
pub(super) fn is_known(app: &App) -> bool {
    app.inner.present.is_known(app.uptime_ms())
}

/// Told whenever somebody comes, goes or looks at something else, in any workspace.
pub fn watch_presence(app: &App) -> watch::Receiver<u64> {
    app.inner.present.changed.subscribe()
}

/// The members who are there, and what each looks at.
pub(super) fn members_present(app: &App, workspace_id: WorkspaceId) -> Vec<(MemberId, Option<ConversationId>)> {
    app.inner.present.of(workspace_id, app.uptime_ms())
}

/// Something changed that matters as much as somebody coming or going.
pub(super) fn tell(app: &App) {
    app.inner.present.tell();
}

/// Lets those go who have not been heard of for long.
pub(super) fn expire(app: &App) {
    if app.inner.present.expire(app.uptime_ms()) {
        app.inner.present.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn mia() -> Key {
        (
            WorkspaceId::from(Uuid::from_u128(1)),
            MemberId::from(Uuid::from_u128(2)),
        )
    }

    fn conversation(n: u128) -> ConversationId {
        ConversationId::from(Uuid::from_u128(n))
    }

    fn page(id: u128, shows: Option<u128>) -> Heartbeat {
        Heartbeat {
            conversation_id: shows.map(conversation),
            page: Uuid::from_u128(id),
            idle_ms: 0,
        }
    }

    fn idle_for(ms: i64) -> Heartbeat {
        Heartbeat {
            idle_ms: ms.unsigned_abs(),
            ..Heartbeat::default()
        }
    }

    #[test]
    fn who_falls_silent_is_gone_and_a_page_in_the_background_that_speaks_once_a_minute_is_not() {
        let present = Present::since(0);
        let (workspace, member) = mia();
        assert!(present.note(mia(), 0, Heartbeat::default()), "news");
        for minute in 1..5 {
            let now = minute * MINUTE_MS;
            assert_eq!(present.of(workspace, now - 1), [(member, None)]);
            assert!(
                !present.expire(now) && !present.note(mia(), now, idle_for(now)),
                "no news"
            );
        }
        let gone = 4 * MINUTE_MS + PRESENT_MS;
        assert!(present.of(workspace, gone).is_empty());
        assert!(present.expire(gone));
        assert!(!present.expire(gone), "gone once");
        assert!(present.note(mia(), gone, Heartbeat::default()), "back again");
        assert!(present.forget(mia()) && !present.forget(mia()));
    }

    #[test]
    fn who_has_left_a_page_open_and_touches_nothing_is_gone_until_they_do() {
        let present = Present::since(0);
        let (workspace, member) = mia();
        present.note(mia(), 0, Heartbeat::default());
        let minutes = AWAKE_MS / MINUTE_MS;
        let news: Vec<i64> = (1..3 * minutes)
            .filter(|minute| present.note(mia(), minute * MINUTE_MS, idle_for(minute * MINUTE_MS)))
            .collect();
        assert!(news.is_empty() || news == [minutes], "told at most once: {news:?}");
        assert!(present.of(workspace, 3 * AWAKE_MS).is_empty());
        assert!(present.note(mia(), 3 * AWAKE_MS, idle_for(0)), "back again");
        // Another page of hers that she does not touch takes nothing away from that.
        assert!(!present.note(mia(), 3 * AWAKE_MS + 1, idle_for(3 * AWAKE_MS)));
        assert_eq!(present.of(workspace, 3 * AWAKE_MS + 2), [(member, None)]);
    }

    #[test]
    fn two_pages_of_one_member_show_two_conversations() {
        let present = Present::since(0);
        let (workspace, member) = mia();
        present.note(mia(), 0, page(1, Some(7)));
        assert!(present.note(mia(), 1, page(2, Some(8))), "news");
        assert!(!present.note(mia(), 2, page(1, Some(7))), "no news");
        let both = [(member, Some(conversation(7))), (member, Some(conversation(8)))];
        assert_eq!(present.of(workspace, 3), both);
        // One of them goes to the background, the other is closed without a word.
        assert!(present.note(mia(), 4, page(1, None)));
        assert_eq!(present.of(workspace, 5), [(member, Some(conversation(8)))]);
        assert!(present.expire(1 + SHOWN_MS));
        assert_eq!(present.of(workspace, 1 + SHOWN_MS), [(member, None)]);
    }

    #[test]
    fn nobody_is_known_to_be_gone_right_after_a_start() {
        let present = Present::since(500);
        assert!(!present.is_known(500 + PRESENT_MS - 1));
        assert!(present.is_known(500 + PRESENT_MS));
    }
}
