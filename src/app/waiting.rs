//! What waits for people, whatever it is: what visitors asked, and what somebody wants to do, in one order.

use super::actions::{self, ActionView, ActionWish};
use super::caller::Caller;
use super::review::{self, ItemSummary, QueueWish};
use super::{App, AppError};
use crate::domain::time::Timestamp;

/// One thing that waits.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// A draft that is held, or somebody who waits for a person.
    Item(Box<ItemSummary>),
    /// A proposal to do something.
    Action(Box<ActionView>),
}

impl Line {
    /// What a visitor asked.
    pub fn item(&self) -> Option<&ItemSummary> {
        match self {
            Self::Item(item) => Some(item),
            Self::Action(_) => None,
        }
    }
}

/// Which part of it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// Proposals to do something, and nothing else.
    pub only_actions: bool,
    /// Of what visitors asked. What is said here leaves proposals out: they have no topic, no agent that answers and nobody they were
    /// given to.
    pub items: QueueWish,
}

/// What waits, from the top.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// In working order.
    pub lines: Vec<Line>,
    /// How many wait, listed or not.
    pub total: u64,
}

/// What waits, from the top, at most `limit` of it. Items keep the order of the queue; a proposal stands before whatever began to wait
/// after it.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn waiting(app: &App, caller: &Caller, wish: &Wish, limit: u64) -> Result<Waiting, AppError> {
    let (mut items, mut proposals, mut total) = (Vec::new(), Vec::new(), 0);
    if !wish.only_actions {
        total += review::waiting(app, caller, &wish.items).await?;
        items = review::queue(app, caller, &wish.items, None, limit).await?.items;
    }
    if wish.only_actions || wish.items == QueueWish::default() {
        total += actions::waiting(app, caller, &ActionWish::waiting()).await?;
        proposals = actions::oldest_waiting(app, caller, limit).await?;
    }
    let mut lines = merged(items, proposals);
    lines.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(Waiting { lines, total })
}

fn merged(items: Vec<ItemSummary>, proposals: Vec<ActionView>) -> Vec<Line> {
    let mut lines = Vec::with_capacity(items.len() + proposals.len());
    let mut proposals = proposals.into_iter().peekable();
    for item in items {
        let before = |at: Timestamp| at < item.waiting_since;
        while let Some(proposal) = proposals.next_if(|proposal| before(proposal.created_at)) {
            lines.push(Line::Action(Box::new(proposal)));
        }
        lines.push(Line::Item(Box::new(item)));
    }
    lines.extend(proposals.map(|proposal| Line::Action(Box::new(proposal))));
    lines
}
