//! What is happening right now: committed log entries, and the AI's work that is not worth an entry.

use super::App;
use crate::domain::ids::{ConversationId, WorkspaceId};
use crate::store::Committed;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;

/// The AI began or ended drafting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drafting {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// For which conversation.
    pub conversation_id: ConversationId,
    /// Whether it is drafting now.
    pub active: bool,
}

/// Log entries of all workspaces as they are committed; filter by workspace. A listener that lags gets
/// `RecvError::Lagged` and has to read the log from where it was.
pub fn committed(app: &App) -> Receiver<Arc<Committed>> {
    app.store().subscribe()
}

/// Drafting as it begins and ends.
pub fn drafting(app: &App) -> Receiver<Drafting> {
    app.inner.phases.subscribe()
}

pub(super) fn announce(app: &App, drafting: Drafting) {
    let _nobody_listens = app.inner.phases.send(drafting);
}
