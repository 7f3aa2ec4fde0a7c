//! Notices that a draft under way will have no effect, so that nothing more is computed for it.

use crate::app::ledger;
use crate::domain::flow::Ticket;
use crate::domain::ids::ConversationId;
use crate::store::{Committed, Rows};
use std::future::pending;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Ends when work made for `ticket` may have no effect any more: the visitor wrote again, or the conversation changed hands.
///
/// It only saves work. What decides is the fence of the last transaction, so a missed event costs nothing but time.
pub(super) async fn wait(rows: &Rows<'_>, id: ConversationId, ticket: Ticket, mut events: Receiver<Arc<Committed>>) {
    let name = id.to_string();
    loop {
        match events.recv().await {
            Ok(event) => {
                let header = &event.header;
                if header.workspace_id != rows.workspace_id() || header.refs.get("conversation") != Some(&name) {
                    continue;
                }
            }
            Err(RecvError::Lagged(_)) => {}
            // The store closes, and with it whatever this belongs to.
            Err(RecvError::Closed) => pending().await,
        }
        match ledger::load(rows, id).await {
            Ok(ledger) if ledger.flow.admits(ticket).is_err() => return,
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "whether a draft was overtaken could not be read; its fence will tell");
            }
        }
    }
}
